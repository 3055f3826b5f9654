//! Frame size: specification 5.9.5 to 5.9.9.

use super::{SUPERRES_DENOM_MIN, SUPERRES_NUM};

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
