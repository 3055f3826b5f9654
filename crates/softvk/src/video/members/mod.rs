//! Values of the AV1 structures that no stream can have, or that contradict each other: each by
//! structure, member and value, with what is allowed and the section of the AV1 specification.
//! Nothing in here is fatal: what can be decoded is.

mod filters;
mod grain;
mod picture;
mod sequence;
mod tiles;

use std::ops::RangeInclusive;

use ash::vk::native::StdVideoDecodeAV1PictureInfo;

use super::op::DecodeOp;
use av1_engine::job::{Chroma, PictureInfo, Profile, SequenceHeader};

/// What is wrong with the members that `op` is decoded by.
pub(crate) fn check(op: &DecodeOp, sequence: &SequenceHeader, profile: &Profile) -> Vec<String> {
    let (Some(picture), Some(dst)) = (&op.picture, &op.dst) else { return Vec::new() };
    let frame = Frame::new(&picture.info, sequence, profile, dst.extent);
    let mut found = Found::default();
    sequence::check(&mut found, &frame);
    picture::check(&mut found, &frame, &picture.reference_name_slot_indices);
    picture::quantization(&mut found, &frame);
    picture::segmentation(&mut found, &frame);
    tiles::check(&mut found, &frame);
    filters::loop_filter(&mut found, &frame);
    filters::cdef(&mut found, &frame);
    filters::restoration(&mut found, &frame);
    picture::global_motion(&mut found, &frame);
    grain::check(&mut found, &frame);
    found.lines
}

/// Frames are not wider or higher, spec 5.9.5.
const LARGEST: u32 = 1 << 16;

/// What was found so far.
#[derive(Default)]
struct Found {
    structure: &'static str,
    lines: Vec<String>,
}

impl Found {
    /// Goes on with members of `structure`.
    fn of(&mut self, structure: &'static str) -> &mut Self {
        self.structure = structure;
        self
    }

    /// `member` has to be in `allowed`, by `section`.
    fn range(
        &mut self,
        member: &str,
        value: impl Into<i64>,
        allowed: RangeInclusive<i64>,
        section: &str,
    ) {
        let value = value.into();
        let (low, high) = (allowed.start(), allowed.end());
        self.must(allowed.contains(&value), || {
            let range = if low == high { format!("{low}") } else { format!("{low} to {high}") };
            format!("{member} is {value}, not {range} ({section})")
        });
    }

    /// Unless `right`, `text` says what is wrong.
    fn must(&mut self, right: bool, text: impl FnOnce() -> String) {
        if !right {
            self.lines.push(format!("{}::{}", self.structure, text()));
        }
    }
}

/// A frame, and what follows from its members.
struct Frame<'a> {
    std: &'a StdVideoDecodeAV1PictureInfo,
    picture: &'a PictureInfo,
    sequence: &'a SequenceHeader,
    profile: &'a Profile,
    /// `codedExtent`.
    extent: (u32, u32),
    /// FrameIsIntra.
    intra: bool,
    /// Coded without the state of earlier frames.
    independent: bool,
    reduced: bool,
    enable_order_hint: bool,
    use_superres: bool,
    allow_intrabc: bool,
    monochrome: bool,
    coded_lossless: bool,
}

impl<'a> Frame<'a> {
    fn new(
        picture: &'a PictureInfo,
        sequence: &'a SequenceHeader,
        profile: &'a Profile,
        extent: (u32, u32),
    ) -> Self {
        const SWITCH: u32 = 3;
        let std = &picture.std;
        let intra = matches!(std.frame_type, 0 | 2);
        let flags = &sequence.std.flags;
        let reduced = flags.reduced_still_picture_header() != 0;
        let mono = sequence.color_config.is_some_and(|color| color.flags.mono_chrome() != 0);
        let monochrome = mono || profile.chroma == Chroma::Monochrome;
        Self {
            std,
            picture,
            sequence,
            profile,
            extent,
            intra,
            independent: intra || std.frame_type == SWITCH || std.flags.error_resilient_mode() != 0,
            reduced,
            enable_order_hint: flags.enable_order_hint() != 0 && !reduced,
            use_superres: std.flags.use_superres() != 0,
            allow_intrabc: std.flags.allow_intrabc() != 0,
            monochrome,
            coded_lossless: coded_lossless(picture, monochrome),
        }
    }

    /// `UpscaledWidth`, by the sequence header where a client gives `FrameWidth` in its place.
    fn upscaled_width(&self) -> u32 {
        let most = u32::from(self.sequence.std.max_frame_width_minus_1) + 1;
        let sized = self.std.flags.frame_size_override_flag() != 0;
        let narrow = self.use_superres && !sized && self.extent.0 == self.downscaled(most);
        if narrow { most } else { self.extent.0.min(LARGEST) }
    }

    /// `FrameWidth` of 5.9.8 for an `UpscaledWidth` of `width`; decoders agree on a floor of 16.
    fn downscaled(&self, width: u32) -> u32 {
        if !self.use_superres {
            return width;
        }
        let denom = u32::from(self.std.coded_denom & 7) + 9;
        ((width * 8 + denom / 2) / denom).max(width.min(16))
    }

    /// Width and height in superblocks.
    fn superblocks(&self) -> (u32, u32) {
        let large = self.sequence.std.flags.use_128x128_superblock() != 0;
        let size = if large { 128 } else { 64 };
        let width = self.downscaled(self.upscaled_width());
        (
            (width.div_ceil(8) * 8).div_ceil(size),
            (self.extent.1.min(LARGEST).div_ceil(8) * 8).div_ceil(size),
        )
    }
}

/// CodedLossless of 5.9.2.
fn coded_lossless(picture: &PictureInfo, monochrome: bool) -> bool {
    let Some(q) = &picture.quantization else { return false };
    let chroma = [q.DeltaQUDc, q.DeltaQUAc, q.DeltaQVDc, q.DeltaQVAc];
    if q.DeltaQYDc != 0 || !monochrome && chroma != [0; 4] {
        return false;
    }
    let Some(segmentation) = &picture.segmentation else { return q.base_q_idx == 0 };
    let features = segmentation.FeatureEnabled.iter().zip(&segmentation.FeatureData);
    features.map(|(enabled, data)| if enabled & 1 == 1 { data[0] } else { 0 }).all(|alt_q| {
        // get_qindex of 7.12.2 clips it.
        i32::from(q.base_q_idx) + i32::from(alt_q) <= 0
    })
}
