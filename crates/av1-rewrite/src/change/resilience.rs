//! `error_resilient_mode` where it changes nothing else.

use av1_syntax::syntax::PRIMARY_REF_NONE;
use av1_syntax::syntax::frame::{FrameHeader, FrameType};

use super::{Change, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::each_header;
use crate::stream::Stream;

pub(super) const CHANGES: &[Change] = &[Change::neutral(
    "error-resilient",
    &["on", "off", "random"],
    "error_resilient_mode in frames that use nothing it forbids, or only where it must be",
    error_resilient,
)];

/// Whether the mode is inferred.
fn is_forced(header: &FrameHeader) -> bool {
    header.frame_type == FrameType::Switch
        || header.frame_type == FrameType::Key && header.show_frame
}

/// Whether the frame has nothing that the mode forbids.
fn may_have(header: &FrameHeader) -> bool {
    header.primary_ref_frame == PRIMARY_REF_NONE
        && !header.use_ref_frame_mvs
        && !header.allow_warped_motion
        && header.frame_size.found_ref.is_none()
}

fn error_resilient(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let words = [("on", Some(true)), ("off", Some(false)), ("random", None)];
    let how = word("error-resilient", value, &words)?;
    each_header(stream, |header, sequence, _| {
        let on = how.unwrap_or_else(|| random.one_in(2));
        if sequence.reduced_still_picture_header || is_forced(header) || on && !may_have(header) {
            return Ok(());
        }
        header.error_resilient_mode = on;
        Ok(())
    })
}
