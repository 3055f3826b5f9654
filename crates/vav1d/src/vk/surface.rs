//! A surface on the device: where its pictures are, and what later frames must know of it.

use std::sync::{Arc, OnceLock};

use ash::vk::native::StdVideoDecodeAV1ReferenceInfo;

use super::images::PictureId;
use super::output::DecodeStatus;
use super::slots::DpbSlot;
use super::submit::Ticket;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// A decoded frame.
pub(super) struct Surface {
    /// Its DPB slot; `None` in sessions without.
    pub(super) slot: Option<DpbSlot>,
    /// The reference picture; `None` in sessions without DPB slots.
    pub(super) dpb: Option<PictureId>,
    /// What is shown; perhaps the reference picture itself.
    pub(super) output: PictureId,
    /// Size of the picture: UpscaledWidth x FrameHeight.
    pub(super) extent: (u32, u32),
    /// codedExtent.
    pub(super) coded: (u32, u32),
    pub(super) info: StdVideoDecodeAV1ReferenceInfo,
    /// Its decode.
    pub(super) ticket: Ticket,
    pub(super) frame: u64,
    pub(super) header: Arc<FrameHeader>,
    pub(super) sequence: Arc<SequenceHeader>,
    /// The driver applied the film grain to the output.
    pub(super) grained: bool,
    /// Set once the decode has ended.
    pub(super) status: Arc<OnceLock<DecodeStatus>>,
}
