//! What a session is made of, chosen from what the device offers. Decisions only.

use ash::vk;

use super::adapter::Adapter;
use super::caps::{
    COPY, Caps, DPB, DST, HOST, OVERWRITE, Profile, ProfileReport, SAMPLED, VideoFormat,
};
use super::options::{
    DpbExtent, DpbPreference, ExecutorOptions, Layouts, OutputTiling, ParametersMode, ReadbackWay,
    Sampling, Sharing, StatusQueries,
};
use super::readback::PictureLayout;
use crate::pixels::Chroma;
use crate::plan::{FramePlan, SessionSpec};

/// DPB slots that AV1 needs: eight references and the frame being decoded.
const SLOTS: u32 = 9;
/// References that a frame may have.
const REFERENCES: u32 = 7;

/// Everything that a session and its images follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) profile: Profile,
    pub(super) caps: Caps,
    /// Output and DPB picture are one, except under film grain.
    pub(super) coincide: bool,
    /// DPB pictures are layers of one image.
    pub(super) layered: bool,
    pub(super) dpb_extent: DpbExtent,
    /// Of pictures that are outputs only.
    pub(super) output: VideoFormat,
    /// Of DPB pictures, which are outputs too if `coincide`.
    pub(super) dpb: VideoFormat,
    pub(super) slots: u32,
    pub(super) active_references: u32,
    pub(super) max_coded_extent: (u32, u32),
    /// Layouts that pictures are kept in.
    pub(super) layouts: Layouts,
    /// Bitstream buffers, and images that are outputs, are made for no profile.
    pub(super) profile_independent: bool,
    /// DPB pictures can be overwritten.
    pub(super) overwritable: bool,
    /// Outputs can be sampled, and all queue families share them.
    pub(super) on_device: bool,
    /// How, if so.
    pub(super) sampling: Sampling,
    /// How outputs get to the host.
    pub(super) readback: ReadbackWay,
    /// How queue families share what is copied.
    pub(super) sharing: Sharing,
    /// The sequence header comes with each decode.
    pub(super) inline_parameters: bool,
    /// Queries come with each decode.
    pub(super) inline_queries: bool,
}

impl Choice {
    /// Usage of DPB pictures.
    pub(super) fn dpb_usage(&self) -> vk::ImageUsageFlags {
        let usage = if self.coincide { DPB | self.output_usage() } else { DPB };
        if self.overwritable { usage | OVERWRITE } else { usage }
    }

    /// Usage of pictures that are outputs only.
    pub(super) fn output_usage(&self) -> vk::ImageUsageFlags {
        DST | if self.on_device { COPY | SAMPLED } else { read_usage(self.readback) }
    }

    /// Whether frames of this coded extent can be decoded.
    /// # Errors
    /// What the device lacks, in words.
    pub(super) fn takes_extent(&self, (width, height): (u32, u32)) -> Result<(), String> {
        let (min, max) = (self.caps.min_coded_extent, self.max_coded_extent);
        if width < min.0 || height < min.1 {
            let (w, h) = min;
            return Err(format!("minCodedExtent is {w}x{h}, the frame {width}x{height}"));
        }
        if width > max.0 || height > max.1 {
            let (w, h) = max;
            return Err(format!("maxCodedExtent is {w}x{h}, the frame {width}x{height}"));
        }
        Ok(())
    }

    /// Whether the frame of `plan` can be decoded, whose references have `slots` slots.
    /// # Errors
    /// What the device lacks, in words.
    pub(super) fn takes_references(&self, plan: &FramePlan, slots: usize) -> Result<(), String> {
        let limit = self.active_references;
        if limit == 0 && plan.references.iter().any(Option::is_some) {
            return Err("maxActiveReferencePictures is 0, the stream has inter frames".into());
        }
        if slots > limit as usize {
            return Err(format!("maxActiveReferencePictures is {limit}, the frame has {slots}"));
        }
        Ok(())
    }

    /// What is said where no slot is left for a frame.
    pub(super) fn no_slot(&self) -> String {
        format!("maxDpbSlots is {}, the stream needs one more", self.slots)
    }

    /// Whether a session of `self` serves where `other` is wanted.
    pub(super) fn serves(&self, other: &Self) -> bool {
        let (have, want) = (self.max_coded_extent, other.max_coded_extent);
        have.0 >= want.0
            && have.1 >= want.1
            && *self == Self { max_coded_extent: have, ..other.clone() }
    }
}

/// Usage of outputs that get to the host by `way`.
fn read_usage(way: ReadbackWay) -> vk::ImageUsageFlags {
    match way {
        ReadbackWay::Copy => COPY,
        ReadbackWay::Host => HOST,
        ReadbackWay::Linear => vk::ImageUsageFlags::empty(),
    }
}

/// The profiles to try for `spec`, best first.
pub(super) fn profiles(spec: &SessionSpec, options: &ExecutorOptions) -> Vec<Profile> {
    let grain = spec.sequence.film_grain_params_present && options.film_grain.is_drivers();
    let tries: &[bool] = if grain { &[true, false] } else { &[false] };
    tries.iter().map(|&film_grain| Profile::of(&spec.sequence, film_grain)).collect()
}

impl Adapter {
    /// Whether the device takes a session of `spec` with `options`.
    /// # Errors
    /// What it lacks, in words.
    pub fn takes(&self, spec: &SessionSpec, options: &ExecutorOptions) -> Result<(), String> {
        let mut options = options.clone();
        super::quirks::settle(self, &mut options);
        choose_for(spec, &options, self).map(|_| ())
    }
}

/// Chooses for `spec` the best that `adapter` offers.
/// # Errors
/// What the device lacks, in words.
pub(super) fn choose_for(
    spec: &SessionSpec,
    options: &ExecutorOptions,
    adapter: &Adapter,
) -> Result<Choice, String> {
    choose_of(spec, options, |profile| adapter.profile_report(profile))
}

/// The same of a device that says `report` of a profile.
/// # Errors
/// What the device lacks, in words.
pub(super) fn choose_of(
    spec: &SessionSpec,
    options: &ExecutorOptions,
    mut report: impl FnMut(Profile) -> ProfileReport,
) -> Result<Choice, String> {
    let mut reasons = Vec::new();
    for profile in profiles(spec, options) {
        match choose(spec, options, &report(profile)) {
            Ok(choice) => return Ok(choice),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

/// Chooses for `spec` from `report`.
/// # Errors
/// What the device lacks, in words.
pub(super) fn choose(
    spec: &SessionSpec,
    options: &ExecutorOptions,
    report: &ProfileReport,
) -> Result<Choice, String> {
    let profile = report.profile;
    let caps = report.result.as_ref().map_err(|e| format!("no AV1 {profile} ({e:?})"))?;
    check_level(spec, options, caps)?;
    let max_coded_extent = session_extent(spec, caps)?;
    let slots = SLOTS.min(caps.max_dpb_slots);
    let active_references = REFERENCES.min(caps.max_active_reference_pictures);
    // VUID-VkVideoSessionCreateInfoKHR-maxDpbSlots-04850: both are zero, or none.
    let (slots, active_references) =
        if slots == 0 || active_references == 0 { (0, 0) } else { (slots, active_references) };
    let layered = layered(options, caps, slots)?;
    let tiled = tiling::only(report, options.output_tiling);
    let rows = tiling::only(&tiled, Some(OutputTiling::Linear));
    let mut reason = String::new();
    let modes = modes(options, caps, slots)?;
    for Way { coincide, sampling, readback } in ways(options, &modes, layered) {
        let drawn = sampling.map(|sampling| (sampling, options.unlisted_mutable));
        let report = if readback == ReadbackWay::Linear { &rows } else { &tiled };
        let by = (readback, options.readback.is_some());
        match formats(report, coincide, options.overwritable, drawn, by) {
            Ok((output, dpb)) => {
                return Ok(Choice {
                    profile,
                    caps: caps.clone(),
                    coincide,
                    layered,
                    dpb_extent: options.dpb_extent,
                    output,
                    dpb,
                    slots,
                    active_references,
                    max_coded_extent,
                    layouts: options.layouts,
                    profile_independent: options.profile_independent,
                    overwritable: options.overwritable,
                    on_device: sampling.is_some(),
                    sampling: sampling.unwrap_or_default(),
                    readback,
                    sharing: options.sharing,
                    inline_parameters: options.parameters == ParametersMode::Inline,
                    inline_queries: options.status_queries == Some(StatusQueries::Inline),
                });
            }
            Err(why) => {
                reason = match options.output_tiling {
                    Some(tiling) => format!("{why}, of {tiling:?} tiling"),
                    None => why,
                };
            }
        }
    }
    Err(reason)
}

/// A way to try.
struct Way {
    /// DPB picture and output coincide.
    coincide: bool,
    /// Outputs are drawn from where they are, sampled like this.
    sampling: Option<Sampling>,
    readback: ReadbackWay,
}

/// The ways to try, best first. Nothing is drawn from one layer of an image, since the others have
/// another layout.
fn ways(options: &ExecutorOptions, modes: &[bool], layered: bool) -> Vec<Way> {
    let on_device = options.on_device;
    let copied = ReadbackWay::Copy;
    let samplings = [Sampling::Planes, Sampling::Whole].into_iter();
    let samplings = samplings.filter(|one| options.sampling.is_none_or(|asked| asked == *one));
    let drawn = samplings.flat_map(|sampling| {
        let drawn = modes.iter().filter(|coincide| on_device && !(**coincide && layered));
        let sampling = Some(sampling);
        drawn.map(move |mode| Way { coincide: *mode, sampling, readback: copied })
    });
    let readbacks = match options.readback {
        Some(one) if !on_device => vec![one],
        None if options.prefer_host && !on_device => vec![ReadbackWay::Host, copied],
        _ => vec![copied],
    };
    let read = readbacks.into_iter().flat_map(|readback| {
        modes.iter().map(move |mode| Way { coincide: *mode, sampling: None, readback })
    });
    drawn.chain(read).collect()
}

/// `seq_level_idx` of level 7.3, the last one.
const LAST_LEVEL: u32 = 23;

fn check_level(spec: &SessionSpec, options: &ExecutorOptions, caps: &Caps) -> Result<(), String> {
    let level = u32::from(spec.seq_level_idx);
    // 31 is "maximum parameters", and those from 24 on are reserved (A.3): no levels, hence none that
    // a device could report.
    if level <= caps.max_level || level > LAST_LEVEL || options.force_level {
        return Ok(());
    }
    let name = |l: u32| format!("{}.{}", 2 + (l >> 2), l & 3);
    Err(format!("maxLevel is {}, the stream has level {}", name(caps.max_level), name(level)))
}

/// The sequence's largest size, as far as the device goes: frames may well be smaller.
fn session_extent(spec: &SessionSpec, caps: &Caps) -> Result<(u32, u32), String> {
    let (width, height) = spec.sequence.max_frame_size();
    let (min, max) = (caps.min_coded_extent, caps.max_coded_extent);
    if width < min.0 || height < min.1 {
        return Err(format!("minCodedExtent is {}x{}, frames are {width}x{height}", min.0, min.1));
    }
    Ok((width.min(max.0), height.min(max.1)))
}

fn layered(options: &ExecutorOptions, caps: &Caps, slots: u32) -> Result<bool, String> {
    match options.layered {
        Some(false) if !caps.separate_reference_images && slots > 0 => {
            Err("no VIDEO_CAPABILITY_SEPARATE_REFERENCE_IMAGES".into())
        }
        wish => Ok(slots > 0 && wish.unwrap_or(!caps.separate_reference_images)),
    }
}

/// The modes to try, best first: whether DPB picture and output coincide.
fn modes(options: &ExecutorOptions, caps: &Caps, slots: u32) -> Result<Vec<bool>, String> {
    if slots == 0 {
        return Ok(vec![false]);
    }
    let mut offered = [(true, caps.coincide), (false, caps.distinct)];
    if options.prefer_distinct && !options.on_device {
        offered.reverse();
    }
    let wanted = |coincide| match options.dpb {
        None => true,
        Some(DpbPreference::Coincide) => coincide,
        Some(DpbPreference::Distinct) => !coincide,
    };
    let modes: Vec<_> =
        offered.iter().filter(|(mode, on)| *on && wanted(*mode)).map(|(mode, _)| *mode).collect();
    if modes.is_empty() {
        return Err(match options.dpb {
            Some(mode) => format!("no decode with DPB and output {mode:?}"),
            None => "no decode capability flag is set".into(),
        });
    }
    Ok(modes)
}

/// Formats of outputs, which are to be sampled if they are `drawn` (like this, and with a flag that is
/// not listed, if so) and else read by `readback` (with a usage that is not listed, if so), and of DPB pictures, which are to be overwritten if `overwritable`.
fn formats(
    report: &ProfileReport,
    coincide: bool,
    overwritable: bool,
    drawn: Option<(Sampling, bool)>,
    readback: (ReadbackWay, bool),
) -> Result<(VideoFormat, VideoFormat), String> {
    let also = if overwritable { OVERWRITE } else { vk::ImageUsageFlags::empty() };
    let lacks = |what: &str| match overwritable {
        true => format!("{what} and destination of copies (VK_IMAGE_USAGE_TRANSFER_DST_BIT)"),
        false => what.to_owned(),
    };
    let list = |list: &Result<Vec<VideoFormat>, vk::Result>| list.clone().unwrap_or_default();
    let profile = &report.profile;
    let outputs = |list: &Result<Vec<VideoFormat>, vk::Result>| {
        let mut list = list.clone().unwrap_or_default();
        list.retain(|f| drawn.is_none_or(|(sampling, unlisted)| is_viewed(f, sampling, unlisted)));
        if readback == (ReadbackWay::Host, true) {
            let unlisted = list.iter_mut().filter(|f| f.is_host_unlisted);
            unlisted.for_each(|f| f.usage |= HOST);
        }
        list
    };
    let shown = DST | if drawn.is_some() { COPY | SAMPLED } else { read_usage(readback.0) };
    let read = match readback.0 {
        ReadbackWay::Copy => "source of copies",
        ReadbackWay::Host => "copied by the host (VK_IMAGE_USAGE_HOST_TRANSFER_BIT)",
        ReadbackWay::Linear => "LINEAR",
    };
    if coincide {
        let dpb =
            best(&outputs(&report.dst_dpb), DPB | shown | also, profile).ok_or_else(|| {
                lacks(&format!("no format for pictures that are output, DPB and {read}"))
            })?;
        // Under film grain the output is apart, in the session's one picture format.
        let apart: Vec<_> =
            outputs(&report.dst).into_iter().filter(|f| f.format == dpb.format).collect();
        return Ok((best(&apart, shown, profile).unwrap_or(dpb), dpb));
    }
    let output = best(&outputs(&report.dst), shown, profile)
        .ok_or_else(|| format!("no format for pictures that are output and {read}"))?;
    let usable: Vec<_> = list(&report.dpb)
        .into_iter()
        .filter(|f| f.usage.contains(DPB | also) && tiled(f) && is_2d(f))
        .filter(|f| !overwritable || readable(f.format, profile))
        .collect();
    let same = usable.iter().find(|f| f.format == output.format);
    let dpb = same.or(usable.first()).copied();
    match dpb {
        Some(dpb) => Ok((output, dpb)),
        None if report.result.as_ref().is_ok_and(|c| c.max_dpb_slots == 0) => Ok((output, output)),
        None => Err(lacks("no format for pictures that are DPB")),
    }
}

/// The format for pictures with all of `usage` that we can read back: with optimal tiling rather
/// than without, then with chroma planes apart, as on the host, rather than interleaved; of equals
/// the first.
fn best(
    list: &[VideoFormat],
    usage: vk::ImageUsageFlags,
    profile: &Profile,
) -> Option<VideoFormat> {
    let fits = |f: &&VideoFormat| {
        f.usage.contains(usage) && tiled(f) && is_2d(f) && readable(f.format, profile)
    };
    let rank = |f: &&VideoFormat| {
        let interleaved = PictureLayout::of(f.format).is_some_and(|layout| layout.planes == 2);
        (f.tiling != vk::ImageTiling::OPTIMAL, interleaved)
    };
    list.iter().filter(fits).min_by_key(rank).copied()
}

/// Tilings that need nothing else said of them.
fn tiled(f: &VideoFormat) -> bool {
    matches!(f.tiling, vk::ImageTiling::OPTIMAL | vk::ImageTiling::LINEAR)
}

/// Whether shaders can sample it: by views of the planes, with formats of their own (by a flag that is
/// not listed, if `unlisted`), or as a whole.
fn is_viewed(f: &VideoFormat, sampling: Sampling, unlisted: bool) -> bool {
    let listed = f.create_flags.contains(vk::ImageCreateFlags::MUTABLE_FORMAT);
    let can = match sampling {
        Sampling::Planes => listed || unlisted && f.is_mutable_unlisted,
        Sampling::Whole => f.is_sampled_whole,
    };
    f.usage.contains(SAMPLED) && can
}

fn is_2d(f: &VideoFormat) -> bool {
    f.image_type == vk::ImageType::TYPE_2D
}

fn readable(format: vk::Format, profile: &Profile) -> bool {
    PictureLayout::of(format).is_some_and(|layout| {
        layout.bit_depth == profile.bit_depth
            && (layout.chroma == profile.chroma || profile.chroma == Chroma::Monochrome)
    })
}

mod tiling;

#[cfg(test)]
mod tests;
