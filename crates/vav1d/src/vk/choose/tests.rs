//! Rows of devices, as drivers are known to report them.

use std::sync::Arc;

use super::super::options::{OutputTiling, ReadbackWay};
use super::*;
use crate::syntax::testing::plain_sequence;
use crate::vk::GrainMode;

const NV12: vk::Format = vk::Format::G8_B8R8_2PLANE_420_UNORM;

fn caps() -> Caps {
    Caps {
        separate_reference_images: true,
        protected_content: false,
        coincide: true,
        distinct: true,
        offset_alignment: 256,
        size_alignment: 128,
        granularity: (16, 16),
        min_coded_extent: (16, 16),
        max_coded_extent: (4096, 4096),
        max_dpb_slots: 16,
        max_active_reference_pictures: 8,
        std_header_name: "VK_STD_vulkan_video_codec_av1_decode".into(),
        std_header_version: 1 << 22,
        max_level: 16,
    }
}

fn format(format: vk::Format, usage: vk::ImageUsageFlags) -> VideoFormat {
    VideoFormat {
        format,
        tiling: vk::ImageTiling::OPTIMAL,
        usage,
        create_flags: vk::ImageCreateFlags::empty(),
        is_mutable_unlisted: false,
        is_sampled_whole: false,
        is_host_unlisted: false,
        image_type: vk::ImageType::TYPE_2D,
    }
}

fn spec() -> SessionSpec {
    SessionSpec { sequence: Arc::new(plain_sequence()), seq_level_idx: 8 }
}

/// RADV: distinct only, opaque tiling for the DPB.
fn radv() -> ProfileReport {
    let profile = Profile::of(&spec().sequence, false);
    let linear = VideoFormat { tiling: vk::ImageTiling::LINEAR, ..format(NV12, DST | COPY) };
    ProfileReport {
        profile,
        result: Ok(Caps { coincide: false, max_active_reference_pictures: 7, ..caps() }),
        dst: Ok(vec![linear, format(NV12, DST | COPY)]),
        dpb: Ok(vec![format(NV12, DPB)]),
        dst_dpb: Err(vk::Result::ERROR_IMAGE_USAGE_NOT_SUPPORTED_KHR),
    }
}

/// ANV: coincide only.
fn anv() -> ProfileReport {
    let both = Ok(vec![format(NV12, DST | DPB | COPY)]);
    ProfileReport {
        result: Ok(Caps { distinct: false, ..caps() }),
        dst: both.clone(),
        dpb: both.clone(),
        dst_dpb: both,
        ..radv()
    }
}

fn chosen(report: &ProfileReport) -> Result<Choice, String> {
    choose(&spec(), &ExecutorOptions::default(), report)
}

#[test]
fn distinct_only() {
    let c = chosen(&radv()).expect("served");
    assert!(!c.coincide && !c.layered);
    assert_eq!((c.slots, c.active_references), (9, 7));
    assert_eq!(c.output.tiling, vk::ImageTiling::OPTIMAL);
    assert_eq!((c.dpb_usage(), c.output_usage()), (DPB, DST | COPY));
    assert_eq!(c.max_coded_extent, (352, 288));
}

#[test]
fn where_both_are_offered_one_is_preferred() {
    let both = ProfileReport { result: Ok(caps()), dpb: radv().dpb, ..anv() };
    assert!(chosen(&both).expect("served").coincide);
    let options = ExecutorOptions { prefer_distinct: true, ..Default::default() };
    assert!(!choose(&spec(), &options, &both).expect("served").coincide);
    // One that is asked for is no preference, and one picture is enough to be drawn from.
    let asked = ExecutorOptions { dpb: Some(DpbPreference::Coincide), ..options.clone() };
    assert!(choose(&spec(), &asked, &both).expect("served").coincide);
    let drawn = ExecutorOptions { on_device: true, ..options };
    assert!(choose(&spec(), &drawn, &both).expect("served").coincide);
}

#[test]
fn a_flag_that_is_supported_and_not_listed_is_taken_where_that_is_known() {
    let mut report = anv();
    for list in [&mut report.dst, &mut report.dpb, &mut report.dst_dpb] {
        for format in list.iter_mut().flatten() {
            format.usage |= SAMPLED;
            format.is_mutable_unlisted = true;
        }
    }
    let drawn = ExecutorOptions { on_device: true, ..Default::default() };
    assert!(!choose(&spec(), &drawn, &report).expect("served").on_device);
    let known = ExecutorOptions { unlisted_mutable: true, ..drawn };
    assert!(choose(&spec(), &known, &report).expect("served").on_device);
}

#[test]
fn without_views_of_planes_pictures_are_sampled_as_a_whole() {
    let of = |planes: bool, whole: bool, options: &ExecutorOptions| {
        let mut report = anv();
        for list in [&mut report.dst, &mut report.dpb, &mut report.dst_dpb] {
            for format in list.iter_mut().flatten() {
                format.usage |= SAMPLED;
                format.is_sampled_whole = whole;
                if planes {
                    format.create_flags |= vk::ImageCreateFlags::MUTABLE_FORMAT;
                } else {
                    format.is_mutable_unlisted = true;
                }
            }
        }
        let choice = choose(&spec(), options, &report).expect("served");
        choice.on_device.then_some(choice.sampling)
    };
    let drawn = ExecutorOptions { on_device: true, ..Default::default() };
    assert_eq!(of(false, true, &drawn), Some(Sampling::Whole));
    assert_eq!(of(false, false, &drawn), None);
    assert_eq!(of(true, true, &drawn), Some(Sampling::Planes));
    // NVIDIA's driver, not under the validation layer.
    let known = ExecutorOptions { unlisted_mutable: true, ..drawn.clone() };
    assert_eq!(of(false, true, &known), Some(Sampling::Planes));
    // As it is asked for.
    let asked = |sampling| ExecutorOptions { sampling: Some(sampling), ..known.clone() };
    assert_eq!(of(true, true, &asked(Sampling::Whole)), Some(Sampling::Whole));
    assert_eq!(of(true, false, &asked(Sampling::Whole)), None);
    assert_eq!(of(false, true, &asked(Sampling::Planes)), Some(Sampling::Planes));
    assert_eq!(of(false, true, &ExecutorOptions::default()), None);
}

#[test]
fn coincide_only() {
    let c = chosen(&anv()).expect("served");
    assert!(c.coincide);
    assert_eq!(c.dpb_usage(), DST | DPB | COPY);
    let options = ExecutorOptions { dpb: Some(DpbPreference::Distinct), ..Default::default() };
    assert!(choose(&spec(), &options, &anv()).is_err());
}

#[test]
fn pictures_that_cannot_be_copied_are_not_chosen() {
    let mut report = anv();
    report.result = Ok(caps());
    report.dst_dpb = Ok(vec![format(NV12, DST | DPB)]);
    assert!(!chosen(&report).expect("distinct instead").coincide);
}

#[test]
fn opaque_dpb_and_layers() {
    let mut report = radv();
    report.dpb = Ok(vec![format(vk::Format::UNDEFINED, DPB)]);
    report.result = Ok(Caps { separate_reference_images: false, coincide: false, ..caps() });
    let c = chosen(&report).expect("served");
    assert!(c.layered);
    assert_eq!(c.dpb.format, vk::Format::UNDEFINED);
    let options = ExecutorOptions { layered: Some(false), ..Default::default() };
    assert!(choose(&spec(), &options, &report).is_err());
}

#[test]
fn no_slots_at_all() {
    let mut report = radv();
    report.result = Ok(Caps { max_dpb_slots: 0, max_active_reference_pictures: 0, ..caps() });
    report.dpb = Ok(Vec::new());
    let c = chosen(&report).expect("intra only");
    assert_eq!((c.slots, c.active_references, c.coincide), (0, 0, false));
}

#[test]
fn levels_and_extents() {
    let options = ExecutorOptions::default();
    let at = |seq_level_idx| SessionSpec { seq_level_idx, ..spec() };
    assert!(choose(&at(16), &options, &anv()).is_ok());
    assert!(choose(&at(31), &options, &anv()).is_ok());
    // Reserved, and so no level that the device lacks.
    assert!(choose(&at(24), &options, &anv()).is_ok());
    assert!(choose(&at(23), &options, &anv()).is_err());
    let why = choose(&at(17), &options, &anv()).expect_err("too high");
    assert_eq!(why, "maxLevel is 6.0, the stream has level 6.1");
    let forced = ExecutorOptions { force_level: true, ..Default::default() };
    assert!(choose(&at(17), &forced, &anv()).is_ok());
    let mut small = plain_sequence();
    small.max_frame_width_minus_1 = 7;
    let small = SessionSpec { sequence: Arc::new(small), seq_level_idx: 0 };
    let why = choose(&small, &options, &anv()).expect_err("too small");
    assert_eq!(why, "minCodedExtent is 16x16, frames are 8x288");
}

#[test]
fn grain_is_asked_for_only_where_it_is_present() {
    let options = ExecutorOptions::default();
    let tries = |spec: &SessionSpec, options: &ExecutorOptions| -> Vec<bool> {
        profiles(spec, options).iter().map(|p| p.film_grain).collect()
    };
    let mut grainy = plain_sequence();
    grainy.film_grain_params_present = true;
    let grainy = SessionSpec { sequence: Arc::new(grainy), seq_level_idx: 0 };
    assert_eq!(tries(&spec(), &options), [false]);
    assert_eq!(tries(&grainy, &options), [true, false]);
    let none = ExecutorOptions { film_grain: GrainMode::None, ..Default::default() };
    assert_eq!(tries(&grainy, &none), [false]);
}

#[test]
fn a_larger_session_serves_a_smaller_one() {
    let small = chosen(&anv()).expect("served");
    let large = Choice { max_coded_extent: (1280, 720), ..small.clone() };
    assert!(large.serves(&small) && small.serves(&small));
    assert!(!small.serves(&large));
    assert!(!large.serves(&Choice { coincide: false, ..small }));
}

#[test]
fn monochrome_is_read_from_420() {
    let mut sequence = plain_sequence();
    sequence.color_config.mono_chrome = true;
    let spec = SessionSpec { sequence: Arc::new(sequence), seq_level_idx: 0 };
    let report = ProfileReport { profile: Profile::of(&spec.sequence, false), ..radv() };
    assert!(choose(&spec, &ExecutorOptions::default(), &report).is_ok());
    let mut wrong = radv();
    wrong.dst = Ok(vec![format(vk::Format::G8_B8R8_2PLANE_422_UNORM, DST | COPY)]);
    assert!(chosen(&wrong).is_err());
}

/// As `report`, with formats that can be sampled through views of their planes.
fn sampled(report: ProfileReport) -> ProfileReport {
    let more = |list: Result<Vec<VideoFormat>, vk::Result>| {
        list.map(|list| {
            let flags = vk::ImageCreateFlags::MUTABLE_FORMAT;
            let more =
                |f: VideoFormat| VideoFormat { usage: f.usage | SAMPLED, create_flags: flags, ..f };
            list.into_iter().map(more).collect()
        })
    };
    ProfileReport { dst: more(report.dst), dst_dpb: more(report.dst_dpb), ..report }
}

fn chosen_to_draw(report: &ProfileReport) -> Choice {
    let options = ExecutorOptions { on_device: true, ..ExecutorOptions::default() };
    choose(&spec(), &options, report).expect("a choice")
}

#[test]
fn pictures_stay_on_the_device_where_they_can_be_sampled() {
    for report in [radv(), anv()] {
        // What cannot be sampled goes to the host.
        assert!(!chosen_to_draw(&report).on_device);
        assert!(!chosen(&sampled(report.clone())).expect("a choice").on_device);
        let choice = chosen_to_draw(&sampled(report.clone()));
        assert!(choice.on_device && choice.output_usage().contains(SAMPLED));
        assert_eq!(choice.dpb_usage().contains(SAMPLED), choice.coincide);
        // Without MUTABLE_FORMAT there are no views of planes.
        let mut report = sampled(report);
        let lists = report.dst.iter_mut().chain(&mut report.dst_dpb);
        lists.flatten().for_each(|f| f.create_flags = vk::ImageCreateFlags::empty());
        assert!(!chosen_to_draw(&report).on_device);
    }
}

#[test]
fn pictures_stay_on_the_device_in_the_mode_that_is_chosen_otherwise() {
    let both = vec![format(NV12, DST | DPB | COPY)];
    let report = sampled(ProfileReport {
        result: Ok(caps()),
        dpb: Ok(both.clone()),
        dst_dpb: Ok(both),
        ..radv()
    });
    assert!(chosen(&report).expect("a choice").coincide);
    let choice = chosen_to_draw(&report);
    assert!(choice.coincide && choice.on_device);
    // One layer of an image cannot be in a layout of its own for long; an output of its own can.
    let layered = Caps { separate_reference_images: false, ..caps() };
    let report = ProfileReport { result: Ok(layered.clone()), ..report };
    let choice = chosen_to_draw(&report);
    assert!(!choice.coincide && choice.layered && choice.on_device);
    let report = ProfileReport { result: Ok(Caps { distinct: false, ..layered }), ..report };
    let choice = chosen_to_draw(&report);
    assert!(choice.coincide && choice.layered && !choice.on_device);
}

#[test]
fn outputs_have_the_tiling_that_is_asked_for() {
    let tiling = |report: &ProfileReport, tiling| {
        let options = ExecutorOptions { output_tiling: tiling, ..ExecutorOptions::default() };
        choose(&spec(), &options, report).map(|choice| (choice.output.tiling, choice.dpb.tiling))
    };
    let (optimal, linear) = (vk::ImageTiling::OPTIMAL, vk::ImageTiling::LINEAR);
    assert_eq!(tiling(&radv(), None), Ok((optimal, optimal)));
    assert_eq!(tiling(&radv(), Some(OutputTiling::Optimal)), Ok((optimal, optimal)));
    assert_eq!(tiling(&radv(), Some(OutputTiling::Linear)), Ok((linear, optimal)));
    let refused = tiling(&anv(), Some(OutputTiling::Linear));
    assert!(refused.is_err_and(|why| why.ends_with("of Linear tiling")));
}

#[test]
fn pictures_get_to_the_host_as_it_is_asked_for_or_as_the_device_lists() {
    let read = |report: &ProfileReport, options: &ExecutorOptions| {
        choose(&spec(), options, report).map(|c| (c.readback, c.output_usage(), c.output.tiling))
    };
    let asked = |way| ExecutorOptions { readback: Some(way), ..ExecutorOptions::default() };
    let preferred = ExecutorOptions { prefer_host: true, ..ExecutorOptions::default() };
    let (optimal, linear) = (vk::ImageTiling::OPTIMAL, vk::ImageTiling::LINEAR);
    let copied = Ok((ReadbackWay::Copy, DST | COPY, optimal));
    let by_host = Ok((ReadbackWay::Host, DST | HOST, optimal));
    assert_eq!(read(&radv(), &asked(ReadbackWay::Copy)), copied);
    assert_eq!(read(&radv(), &asked(ReadbackWay::Linear)), Ok((ReadbackWay::Linear, DST, linear)));
    let refused = read(&radv(), &asked(ReadbackWay::Host));
    assert!(refused.is_err_and(|why| why.contains("HOST_TRANSFER")));
    let refused = read(&anv(), &asked(ReadbackWay::Linear));
    assert!(refused.is_err_and(|why| why.ends_with("DPB and LINEAR")));
    assert_eq!(read(&anv(), &preferred), copied);
    let with = |change: fn(&mut VideoFormat)| {
        let mut report = anv();
        for list in [&mut report.dst, &mut report.dpb, &mut report.dst_dpb] {
            list.iter_mut().flatten().for_each(change);
        }
        report
    };
    let listed = with(|format| format.usage |= HOST);
    assert_eq!(read(&listed, &preferred), by_host);
    assert_eq!(read(&listed, &ExecutorOptions::default()), copied);
    // What is supported and not listed is taken where it is asked for.
    let unlisted = with(|format| format.is_host_unlisted = true);
    assert_eq!(read(&unlisted, &preferred), copied);
    assert_eq!(read(&unlisted, &asked(ReadbackWay::Host)), by_host);
}
