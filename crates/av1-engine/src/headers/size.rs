//! `frame_size()` and `superres_params()`, spec 5.9.5 and 5.9.8.

use super::super::Fault;
use super::super::obu_writer::BitWriter;
use super::super::sequence::{FRAME_SIZE_BITS, Sequence};
use crate::job::FrameJob;

/// `SUPERRES_DENOM_MIN`, spec section 3.
const SUPERRES_DENOM_MIN: u32 = 9;

/// Frames of more samples are refused: the decoder's allocations grow with them and may abort.
const MAX_LUMA_SAMPLES: u64 = 16384 * 16384;

/// The size of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameSize {
    /// `UpscaledWidth`.
    pub(crate) upscaled_width: u32,
    /// `FrameWidth`: what the tiles code.
    pub(crate) frame_width: u32,
    /// `FrameHeight`.
    pub(crate) frame_height: u32,
    /// `coded_denom`, if `use_superres`.
    coded_denom: Option<u32>,
}

impl FrameSize {
    /// The size of the job's frame: `codedExtent` is `UpscaledWidth` x `FrameHeight`.
    pub(crate) fn new(job: &FrameJob, sequence: &Sequence) -> Result<Self, Fault> {
        let (width, height) = job.coded_extent;
        let fault = Fault::FrameSize { width, height };
        let in_field = |size: u32| size >= 1 && size <= 1 << FRAME_SIZE_BITS;
        if !in_field(width)
            || !in_field(height)
            || u64::from(width) * u64::from(height) > MAX_LUMA_SAMPLES
        {
            return Err(fault);
        }
        let flags = &job.picture.std.flags;
        if flags.use_superres() == 0 {
            return Ok(Self::plain(width, height));
        }
        if !sequence.enable_superres {
            return Err(Fault::Inexpressible { element: "use_superres", section: "5.9.8" });
        }
        let coded_denom = u32::from(job.picture.std.coded_denom & 7);
        let upscaled_width = if flags.frame_size_override_flag() != 0 {
            width
        } else {
            undo_downscaled_convention(job, width, coded_denom)
        };
        let frame_width = downscaled(upscaled_width, coded_denom);
        if frame_width == upscaled_width {
            // So narrow that nothing is scaled. Decoders differ in what the flag alone would gate.
            return Ok(Self::plain(upscaled_width, height));
        }
        Ok(Self {
            upscaled_width,
            frame_width,
            frame_height: height,
            coded_denom: Some(coded_denom),
        })
    }

    fn plain(width: u32, height: u32) -> Self {
        Self { upscaled_width: width, frame_width: width, frame_height: height, coded_denom: None }
    }

    /// `use_superres`; exactly then `FrameWidth` differs from `UpscaledWidth`.
    pub(crate) fn use_superres(&self) -> bool {
        self.coded_denom.is_some()
    }

    /// `MiCols`, spec 5.9.9.
    pub(crate) fn mi_cols(&self) -> u32 {
        2 * ((self.frame_width + 7) >> 3)
    }

    /// `MiRows`, spec 5.9.9.
    pub(crate) fn mi_rows(&self) -> u32 {
        2 * ((self.frame_height + 7) >> 3)
    }

    /// `frame_size()`, spec 5.9.5, with `frame_size_override_flag` 1.
    pub(crate) fn frame_size(&self, w: &mut BitWriter, sequence: &Sequence) {
        w.f(FRAME_SIZE_BITS, self.upscaled_width - 1); // frame_width_minus_1
        w.f(FRAME_SIZE_BITS, self.frame_height - 1); // frame_height_minus_1
        if sequence.enable_superres {
            w.flag(self.use_superres());
            if let Some(coded_denom) = self.coded_denom {
                w.f(3, coded_denom);
            }
        }
    }
}

/// `FrameWidth` of a superres frame, spec 5.9.8. The floor of 16 samples is not in the
/// specification; decoders agree on it.
fn downscaled(upscaled_width: u32, coded_denom: u32) -> u32 {
    let denom = coded_denom + SUPERRES_DENOM_MIN;
    ((upscaled_width * 8 + denom / 2) / denom).max(upscaled_width.min(16))
}

/// Some clients pass `FrameWidth` as the coded extent. Without `frame_size_override_flag` the true
/// width is the sequence's maximum, so that habit can be told; the answer is `UpscaledWidth`.
fn undo_downscaled_convention(job: &FrameJob, width: u32, coded_denom: u32) -> u32 {
    let max_width = u32::from(job.sequence.std.max_frame_width_minus_1) + 1;
    if width != max_width && width == downscaled(max_width, coded_denom) {
        max_width
    } else {
        width
    }
}
