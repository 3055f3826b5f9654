//! Frame size: specification 5.9.5 to 5.9.9.

use super::sequence::SequenceHeader;
use super::{REFS_PER_FRAME, RefSlot, SUPERRES_DENOM_MIN, SUPERRES_NUM};
use crate::bits::BitReader;
use crate::error::{StreamError, StreamFault};

/// Sizes of a frame: `frame_size()`, `render_size()`, `frame_size_with_refs()`,
/// `superres_params()`, `compute_image_size()`. All in luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    /// UpscaledWidth: width after super resolution, and of the output.
    pub upscaled_width: u32,
    /// FrameWidth: width that is coded, before super resolution.
    pub frame_width: u32,
    /// FrameHeight.
    pub frame_height: u32,
    /// RenderWidth.
    pub render_width: u32,
    /// RenderHeight.
    pub render_height: u32,
    /// `render_and_frame_size_different`; false where it is not coded.
    pub render_and_frame_size_different: bool,
    /// `use_superres`.
    pub use_superres: bool,
    /// `coded_denom`; 0 if not coded.
    pub coded_denom: u8,
    /// Index i of the `found_ref[i]` that was 1, if any.
    pub found_ref: Option<u8>,
}

impl FrameSize {
    /// SuperresDenom: 8 without super resolution, else 9 to 16.
    pub fn superres_denom(&self) -> u32 {
        if self.use_superres {
            u32::from(self.coded_denom) + SUPERRES_DENOM_MIN
        } else {
            SUPERRES_NUM
        }
    }

    /// MiCols: columns of 4x4 luma units, rounded up to even.
    pub fn mi_cols(&self) -> u32 {
        2 * self.frame_width.div_ceil(8)
    }

    /// MiRows: rows of 4x4 luma units, rounded up to even.
    pub fn mi_rows(&self) -> u32 {
        2 * self.frame_height.div_ceil(8)
    }
}

type Result<T> = std::result::Result<T, StreamError>;

/// `frame_size()`, `superres_params()`, `compute_image_size()` and `render_size()`: 5.9.5, 5.9.8,
/// 5.9.9 and 5.9.6.
pub(super) fn frame_and_render_size(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    frame_size_override_flag: bool,
) -> Result<FrameSize> {
    r.table("frame_size", "5.9.5");
    let (mut width, mut height) = sequence.max_frame_size();
    if frame_size_override_flag {
        let n = u32::from(sequence.frame_width_bits_minus_1) + 1;
        width = r.f(n, "frame_width_minus_1")? + 1;
        let n = u32::from(sequence.frame_height_bits_minus_1) + 1;
        height = r.f(n, "frame_height_minus_1")? + 1;
        let (max_width, max_height) = sequence.max_frame_size();
        if width > max_width {
            let rule = "at most max_frame_width_minus_1";
            r.deviates("frame_width_minus_1", i64::from(width) - 1, rule)?;
        }
        if height > max_height {
            let rule = "at most max_frame_height_minus_1";
            r.deviates("frame_height_minus_1", i64::from(height) - 1, rule)?;
        }
    }
    let mut size = superres_params(r, sequence, width, height)?;
    r.table("render_size", "5.9.6");
    size.render_and_frame_size_different = r.flag("render_and_frame_size_different")?;
    if size.render_and_frame_size_different {
        size.render_width = r.f(16, "render_width_minus_1")? + 1;
        size.render_height = r.f(16, "render_height_minus_1")? + 1;
    }
    Ok(size)
}

/// `superres_params()`, 5.9.8, for a frame of UpscaledWidth `width`; the render size is the same.
fn superres_params(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    width: u32,
    height: u32,
) -> Result<FrameSize> {
    r.table("superres_params", "5.9.8");
    let mut size = FrameSize {
        upscaled_width: width,
        frame_width: width,
        frame_height: height,
        render_width: width,
        render_height: height,
        render_and_frame_size_different: false,
        use_superres: sequence.enable_superres && r.flag("use_superres")?,
        coded_denom: 0,
        found_ref: None,
    };
    if size.use_superres {
        size.coded_denom = r.f8(3, "coded_denom")?;
        let denom = size.superres_denom();
        size.frame_width = (width * SUPERRES_NUM + denom / 2) / denom;
    }
    Ok(size)
}

/// `frame_size_with_refs()`, 5.9.7; `saved` gives the size of the frame in a slot.
pub(super) fn frame_size_with_refs(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    ref_frame_idx: &[RefSlot; REFS_PER_FRAME],
    saved: impl Fn(RefSlot) -> Option<FrameSize>,
) -> Result<FrameSize> {
    r.table("frame_size_with_refs", "5.9.7");
    for (i, slot) in ref_frame_idx.iter().enumerate() {
        if r.f_at(1, "found_ref", i)? == 0 {
            continue;
        }
        let Some(from) = saved(*slot) else {
            let fault = StreamFault::MissingReference { slot: slot.index() as u8 };
            return Err(StreamError::new(fault).section("5.9.7"));
        };
        let mut size = superres_params(r, sequence, from.upscaled_width, from.frame_height)?;
        size.render_width = from.render_width;
        size.render_height = from.render_height;
        size.found_ref = Some(i as u8);
        return Ok(size);
    }
    frame_and_render_size(r, sequence, true)
}
