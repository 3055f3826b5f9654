//! Frame size: specification 5.9.5 to 5.9.9.

use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::frame_size::FrameSize;
use av1_syntax::syntax::sequence::SequenceHeader;

use super::context::Context;
use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `frame_size()`, `superres_params()` and `render_size()`: 5.9.5, 5.9.8 and 5.9.6.
pub(super) fn frame_and_render_size(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    h: &FrameHeader,
) -> Result<()> {
    coded_size(w, sequence, &h.frame_size, h.frame_size_override_flag)
}

fn coded_size(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    size: &FrameSize,
    frame_size_override_flag: bool,
) -> Result<()> {
    if frame_size_override_flag {
        let n = u32::from(sequence.frame_width_bits_minus_1) + 1;
        w.f(n, size.upscaled_width.wrapping_sub(1), "frame_width_minus_1")?;
        let n = u32::from(sequence.frame_height_bits_minus_1) + 1;
        w.f(n, size.frame_height.wrapping_sub(1), "frame_height_minus_1")?;
    } else if (size.upscaled_width, size.frame_height) != sequence.max_frame_size() {
        let rule = "another size than the sequence header's is coded with the flag";
        return Err(bad("frame_size_override_flag", 0, rule));
    }
    superres_params(w, sequence, size)?;
    w.flag(size.render_and_frame_size_different);
    if size.render_and_frame_size_different {
        w.f(16, size.render_width.wrapping_sub(1), "render_width_minus_1")?;
        w.f(16, size.render_height.wrapping_sub(1), "render_height_minus_1")?;
    }
    Ok(())
}

/// `superres_params()`, 5.9.8.
fn superres_params(w: &mut BitWriter, sequence: &SequenceHeader, size: &FrameSize) -> Result<()> {
    if sequence.enable_superres {
        w.flag(size.use_superres);
    } else if size.use_superres {
        return Err(bad("use_superres", 1, "enable_superres is 0"));
    }
    match size.use_superres {
        true => w.f(3, size.coded_denom, "coded_denom"),
        false => Ok(()),
    }
}

/// `frame_size_with_refs()`, 5.9.7.
pub(super) fn frame_size_with_refs(
    w: &mut BitWriter,
    context: &Context<'_>,
    h: &FrameHeader,
) -> Result<()> {
    let size = &h.frame_size;
    let Some(found) = size.found_ref else {
        (0..av1_syntax::syntax::REFS_PER_FRAME).for_each(|_| w.flag(false));
        return coded_size(w, context.sequence, size, true);
    };
    (0..found).for_each(|_| w.flag(false));
    w.flag(true);
    superres_params(w, context.sequence, size)
}
