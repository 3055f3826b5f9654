//! `check`: silent over what is right, and a wrong member of every structure is named.

use std::io::Cursor;

use av1_std::owned::{Members, PictureInfo};
use vav1d::container::{self, Wish};
use vav1d::limits::Limits;
use vav1d_lab::watch::check::{self, Report};
use vav1d_lab::watch::diff;

use crate::watched::{Session, session, source, stream};

fn alone(session: &Session) -> Report {
    let (capture, own) = session.capture();
    check::alone(&capture, &mut *source(own))
}

fn with_stream(session: &Session, name: &str) -> Report {
    check::with_stream(&session.capture().0, &mut *stream(name))
}

/// Members that can change the picture.
fn wrong(report: &Report) -> Vec<String> {
    let wrong = report.findings.iter().filter(|finding| finding.harmless.is_none());
    wrong.map(|f| format!("{:?}: {} is {}, not {}", f.frame, f.member, f.given, f.right)).collect()
}

#[test]
fn nothing_is_said_of_what_is_right() {
    for name in [
        "main-420-8",
        "main-420-10",
        "forward-key",
        "forward-keys",
        "error-resilient",
        "intra-only",
        "switch-frames",
        "superres-random",
        "resize-random",
        "segmentation",
        "segmentation-cyclic",
        "quant-matrix",
        "global-motion",
        "lossless-420",
        "screen-420-8",
        "grain-420-8",
        "grain-hidden",
        "tiles-uneven",
        "tiles-4x2",
        "delta-q-lf",
        "still-reduced",
        "layers-l2t2",
        "sb128",
        "svt-pyramid",
        "main-400-8",
        "high-444-8",
        "pro-422-10",
    ] {
        let session = session(name);
        for (how, report) in [("alone", alone(&session)), ("stream", with_stream(&session, name))] {
            assert_eq!(wrong(&report), Vec::<String>::new(), "{name} {how}");
            assert_eq!((report.frames, report.found), (session.frames.len(), report.frames));
        }
    }
}

/// Where a member is.
enum At {
    /// In a picture of which this is true.
    Picture(fn(&PictureInfo) -> bool),
    /// In the first sequence header.
    Sequence,
    /// In what is said of the first reference of an inter frame.
    Reference,
}

use At::{Picture, Reference, Sequence};

/// A wrong member: the sample, where, its path, what is added to its number at an index; whether it
/// is named without the stream, too.
type Planted = (&'static str, At, &'static str, usize, i64, bool);

const INTER: At = Picture(|p| p.frame_type == 1);
const ANY: At = Picture(|_| true);

#[rustfmt::skip]
const PLANTED: [Planted; 42] = [
    ("main-420-8", INTER, "OrderHint", 0, 1, false),
    ("main-420-8", INTER, "OrderHints", 3, 1, true),
    ("svt-pyramid", Picture(|p| p.skip_mode_present), "SkipModeFrame", 1, 1, true),
    ("main-420-8", Picture(|p| p.frame_type == 0), "primary_ref_frame", 0, -4, true),
    ("still-reduced", ANY, "refresh_frame_flags", 0, -254, true),
    ("main-420-8", INTER, "refresh_frame_flags", 0, 1, false),
    ("forward-key", Picture(|p| p.frame_type == 1 && !p.is_filter_switchable),
        "interpolation_filter", 0, 12, true),
    ("lossless-420", ANY, "TxMode", 0, 2, true),
    ("delta-q-lf", Picture(|p| p.delta_q_present), "delta_q_res", 0, 4, true),
    ("delta-q-lf", Picture(|p| p.delta_lf_present), "delta_lf_res", 0, 4, true),
    ("superres-random", Picture(|p| p.use_superres), "coded_denom", 0, 8, true),
    ("error-resilient", Picture(|p| p.frame_type == 1 && p.error_resilient_mode),
        "flags.use_ref_frame_mvs", 0, 1, true),
    ("main-420-8", Picture(|p| !p.UsesLr), "flags.UsesLr", 0, 1, true),
    ("main-420-8", Picture(|p| p.usesChromaLr), "flags.usesChromaLr", 0, -1, true),
    ("main-420-8", Picture(|p| !p.reference_select && p.frame_type == 1),
        "flags.skip_mode_present", 0, 1, true),
    ("switch-frames", Picture(|p| p.frame_type == 3), "primary_ref_frame", 0, -3, true),
    ("main-420-8", INTER, "flags.reduced_tx_set", 0, 1, false),
    ("main-420-8", ANY, "pQuantization.base_q_idx", 0, 1, false),
    ("main-420-8", ANY, "pQuantization.DeltaQYDc", 0, 100, true),
    ("quant-matrix", Picture(|p| p.pQuantization.as_ref().is_some_and(|q| q.using_qmatrix)),
        "pQuantization.qm_y", 0, 16, true),
    ("segmentation", Picture(|p| p.segmentation_enabled && p.pSegmentation.as_ref()
        .is_some_and(|s| s.FeatureEnabled[1] & 1 == 1)), "pSegmentation.FeatureData", 8, 512, true),
    ("segmentation", Picture(|p| p.segmentation_enabled), "pSegmentation.FeatureEnabled", 7, 1, true),
    ("main-420-8", ANY, "pLoopFilter.loop_filter_level", 0, 64, true),
    ("main-420-8", ANY, "pLoopFilter.loop_filter_sharpness", 0, 1, false),
    ("main-420-8", Picture(|p| p.pLoopFilter.as_ref().is_some_and(|l| {
        l.loop_filter_delta_enabled && l.loop_filter_level[0] > 0
    })), "pLoopFilter.loop_filter_ref_deltas", 1, 1, true),
    ("main-420-8", ANY, "pCDEF.cdef_y_pri_strength", 0, 16, true),
    ("main-420-8", ANY, "pCDEF.cdef_damping_minus_3", 0, 4, true),
    ("main-420-8", Picture(|p| p.pLoopRestoration.as_ref()
        .is_some_and(|l| l.FrameRestorationType[1] != 0)),
        "pLoopRestoration.LoopRestorationSize", 1, 5, true),
    ("global-motion", Picture(|p| p.pGlobalMotion.as_ref().is_some_and(|g| g.GmType[1] == 2)),
        "pGlobalMotion.gm_params", 10, 2, true),
    ("global-motion", INTER, "pGlobalMotion.GmType", 7, 4, true),
    ("tiles-4x2", ANY, "pTileInfo.context_update_tile_id", 0, 1, false),
    ("tiles-4x2", ANY, "pTileInfo.TileCols", 0, 1, false),
    ("grain-420-8", Picture(|p| p.apply_grain), "pFilmGrain.grain_seed", 0, -1, false),
    ("grain-420-8", Picture(|p| p.apply_grain), "pFilmGrain.grain_scaling_minus_8", 0, 4, true),
    ("grain-420-8", Picture(|p| p.apply_grain), "pFilmGrain.ar_coeff_shift_minus_6", 0, 4, true),
    ("main-420-8", Sequence, "flags.enable_superres", 0, 1, false),
    ("main-420-8", Sequence, "order_hint_bits_minus_1", 0, -1, false),
    ("main-420-8", Sequence, "pColorConfig.BitDepth", 0, 2, false),
    ("main-420-8", Reference, "SavedOrderHints", 4, 1, true),
    ("svt-pyramid", Reference, "RefFrameSignBias", 0, 1, true),
    ("main-420-8", Reference, "OrderHint", 0, 1, true),
    ("main-420-8", Reference, "flags.disable_frame_end_update_cdf", 0, 1, true),
];

/// Adds `delta` to a member.
fn spoil(of: &mut impl Members, path: &str, index: usize, delta: i64) {
    let all = of.members();
    let (_, _, mut values) = all.into_iter().find(|(name, ..)| name == path).expect(path);
    values[index] += delta;
    assert!(of.set(path, &values), "{path} {values:?}");
}

#[test]
fn a_wrong_member_of_every_structure_is_named() {
    let mut unnamed = Vec::new();
    let mut by_themselves = 0;
    for (name, at, path, index, delta, without) in PLANTED {
        let mut session = session(name);
        match at {
            Sequence => spoil(&mut session.sequences[0], path, index, delta),
            Picture(is_it) => {
                let mut infos = session.frames.iter_mut().filter_map(|one| one.frame.info.as_mut());
                let info = infos.find(|info| is_it(info)).unwrap_or_else(|| panic!("{path}"));
                spoil(info, path, index, delta);
            }
            Reference => {
                let all = session.frames.iter_mut().flat_map(|one| &mut one.frame.references);
                let mut said = all.filter_map(|slot| slot.std.as_mut());
                let of_inter = said.find(|info| info.frame_type == 1);
                spoil(of_inter.expect("a reference"), path, index, delta);
            }
        }
        let is_it = |member: &str| match at {
            Reference => member.starts_with("pReferenceSlots") && member.contains(path),
            _ => member.split('[').next() == Some(path) || member == path,
        };
        let named = |report: &Report| {
            let mut wrong = report.findings.iter().filter(|finding| finding.harmless.is_none());
            wrong.any(|finding| is_it(&finding.member))
        };
        let report = with_stream(&session, name);
        if !named(&report) {
            unnamed.push(format!("{name} {path} with the stream: {:?}", wrong(&report)));
        }
        let report = alone(&session);
        by_themselves += usize::from(named(&report));
        if named(&report) != without {
            unnamed.push(format!("{name} {path} alone, {without}: {:?}", wrong(&report)));
        }
    }
    assert_eq!(unnamed, Vec::<String>::new());
    assert!(by_themselves >= 20, "{by_themselves}");
}

/// A sample whose first frame header has other bits: `bits` of `value` at a bit of its payload.
fn patched(name: &str, at: usize, bits: usize, (old, value): (u32, u32)) -> Vec<u8> {
    let mut bytes = std::fs::read(crate::manifest::sample(name).path()).expect("a sample");
    // Behind the headers of the file and of its first frame: OBUs whose sizes have one byte, but for
    // the frame, whose size may have two.
    let mut obu = 32 + 12;
    while bytes[obu] >> 3 != 6 {
        obu += 2 + usize::from(bytes[obu + 1]);
    }
    let payload = obu + 1 + if bytes[obu + 1] & 0x80 != 0 { 2 } else { 1 };
    let place = |i: usize| (payload + (at + i) / 8, 7 - (at + i) % 8);
    let found =
        (0..bits).map(place).fold(0, |v, (byte, bit)| v << 1 | u32::from(bytes[byte] >> bit & 1));
    assert_eq!(found, old & ((1 << bits) - 1), "another sample than this test knows");
    for (i, (byte, bit)) in (0..bits).map(place).enumerate() {
        bytes[byte] &= !(1 << bit);
        bytes[byte] |= ((value >> (bits - 1 - i) & 1) as u8) << bit;
    }
    bytes
}

/// 5.9.14: a feature_value beyond its limit is clipped; FFmpeg 9.0 hands it over as it is coded.
#[test]
fn a_feature_value_before_its_clip_is_named() {
    let mut session = session("segmentation");
    let bytes = patched("segmentation", 33, 9, (-56_i32 as u32, -256_i32 as u32));
    let first = session.frames[0].frame.info.as_mut().expect("picture information");
    let segmentation = first.pSegmentation.as_mut().expect("segmentation");
    assert_eq!(segmentation.FeatureData[0][0], -56);
    segmentation.FeatureData[0][0] = -256;
    let mut stream =
        container::open(Box::new(Cursor::new(bytes)), Wish::default(), Limits::default())
            .expect("a stream");
    let named = "Some(0): pSegmentation.FeatureData[0][0] is -256, not -255".to_owned();
    let with = check::with_stream(&session.capture().0, &mut *stream);
    assert!(wrong(&with).contains(&named), "{:?}", wrong(&with));
    assert!(wrong(&alone(&session)).contains(&named), "{:?}", wrong(&alone(&session)));
}

/// 5.9.11: released clients leave the masks of the loop filter's deltas out; the deltas are right.
#[test]
fn masks_that_are_left_out_are_not_wrong_deltas() {
    let mut session = session("main-420-8");
    let first = session.frames[0].frame.info.as_mut().expect("picture information");
    let filter = first.pLoopFilter.as_mut().expect("a loop filter");
    assert!(filter.loop_filter_delta_enabled && !filter.loop_filter_delta_update);
    filter.loop_filter_delta_update = true;
    filter.loop_filter_ref_deltas[1] = 5;
    filter.loop_filter_mode_deltas[0] = -3;
    let report = alone(&session);
    let said = |member: &str| report.findings.iter().find(|f| f.member == member);
    for (member, right) in [("update_ref_delta", "2"), ("update_mode_delta", "1")] {
        let finding = said(&format!("pLoopFilter.{member}")).expect(member);
        let told = (&*finding.given, &*finding.right, finding.harmless.is_some());
        assert_eq!(told, ("0", right, true), "{member}");
    }
    let deltas = "pLoopFilter.loop_filter_ref_deltas[1]";
    let of_first = |report: &Report| {
        let mut all = report.findings.iter();
        all.any(|f| f.frame == Some(0) && f.member == deltas && f.harmless.is_none())
    };
    assert!(!of_first(&report));
    // With a mask that leaves this one out it is the delta.
    let first = session.frames[0].frame.info.as_mut().expect("picture information");
    first.pLoopFilter.as_mut().expect("a loop filter").update_mode_delta = 1;
    assert!(of_first(&alone(&session)));
}

/// 5.9.30: FFmpeg 9.0 leaves `update_grain` out, and the parameters are right.
#[test]
fn film_grain_is_not_inherited_where_update_grain_is_left_out() {
    let mut session = session("grain-hidden");
    let mut differ = 0;
    for frame in &mut session.frames {
        let info = frame.frame.info.as_mut().expect("picture information");
        if let Some(grain) = info.pFilmGrain.as_mut().filter(|_| info.apply_grain) {
            assert!(grain.update_grain);
            grain.update_grain = false;
            differ += usize::from(grain.num_y_points == 2);
        }
    }
    assert!(differ > 1, "another sample than this test knows");
    for report in [alone(&session), with_stream(&session, "grain-hidden")] {
        assert!(wrong(&report).is_empty(), "{:?}", wrong(&report));
        let member = "pFilmGrain.flags.update_grain";
        let finding = report.findings.iter().find(|f| f.member == member).expect(member);
        assert_eq!((finding.frame, finding.right.as_str()), (Some(0), "1"));
    }
    // A key frame that has it: what says that it is inherited is to be what was saved.
    let first = session.frames[0].frame.info.as_mut().expect("picture information");
    first.pFilmGrain.as_mut().expect("film grain").update_grain = true;
    assert!(wrong(&alone(&session)).iter().any(|said| said.contains("pFilmGrain.num_y_points")));
}

#[test]
fn slots_extents_and_layouts_are_looked_at() {
    let right = session("main-420-8");
    let inter = 3;
    let spoiled = |spoil: fn(&mut vav1d_lab::watch::capture::Frame)| {
        let mut session = right.clone();
        spoil(&mut session.frames[inter].frame);
        [wrong(&alone(&session)), wrong(&with_stream(&session, "main-420-8"))].concat().join("\n")
    };
    let said = spoiled(|frame| frame.names[2] = 8);
    assert!(said.contains("referenceNameSlotIndices[2] is 8"), "{said}");
    let said = spoiled(|frame| {
        if let Some(resource) = &mut frame.references[0].resource {
            resource.extent.0 -= 8;
        }
    });
    assert!(said.contains("pReferenceSlots[0].codedExtent"), "{said}");
    let said = spoiled(|frame| frame.dst.extent.1 -= 2);
    assert!(said.contains("dstPictureResource.codedExtent"), "{said}");
    let said = spoiled(|frame| frame.dst.layout = Some(0));
    assert!(said.contains("VkImageLayout is UNDEFINED"), "{said}");
    let said = spoiled(|frame| frame.setup = None);
    assert!(said.contains("pSetupReferenceSlot is NULL"), "{said}");
    let said = spoiled(|frame| frame.references.clear());
    assert!(said.contains("a slot of pReferenceSlots"), "{said}");
}

#[test]
fn another_frame_behind_a_name_is_seen_with_the_stream() {
    let mut session = session("svt-pyramid");
    let frame = session.frames.iter_mut().map(|one| &mut one.frame);
    let mut wide = frame.filter(|frame| frame.references.len() > 2);
    let frame = wide.next().expect("a frame with references");
    let other = frame.names.iter().copied().find(|slot| *slot != frame.names[0]).expect("another");
    frame.names[0] = other;
    let said = wrong(&with_stream(&session, "svt-pyramid")).join("\n");
    assert!(said.contains("referenceNameSlotIndices[0]"), "{said}");
}

#[test]
fn two_captures_differ_in_what_they_differ_in() {
    let first = session("main-420-8");
    let mut second = first.clone();
    for one in &mut second.frames {
        if let Some(info) = &mut one.frame.info {
            info.usesChromaLr = false;
        }
    }
    second.frames.pop();
    let compared = diff::compare(&first.capture().0, &second.capture().0);
    let differing: Vec<_> =
        compared.differences.iter().map(|d| (d.member.as_str(), d.count)).collect();
    assert_eq!(differing, [("flags.usesChromaLr", 2)]);
    assert_eq!((compared.common, compared.only), (first.frames.len() - 1, (1, 0)));
    let same = diff::compare(&first.capture().0, &first.capture().0);
    assert!(same.differences.is_empty() && same.only == (0, 0));
}
