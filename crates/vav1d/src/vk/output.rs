//! What an executor gives.

use std::sync::Arc;

use super::decoded::DecodedPicture;
use crate::plan::{ShowPlan, SurfaceId};
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// What the driver reports of a decoded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeStatus {
    /// VK_QUERY_RESULT_STATUS_COMPLETE_KHR.
    Complete,
    /// A negative VkQueryResultStatusKHR.
    Error(i32),
    /// The driver has no such queries.
    Unknown,
}

/// One picture, in the order of `Step::Show`.
#[derive(Clone, Debug)]
pub struct Output {
    /// UpscaledWidth x FrameHeight samples.
    pub picture: DecodedPicture,
    /// What asked for it.
    pub show: ShowPlan,
    /// The surface shown.
    pub surface: SurfaceId,
    /// Frame in decoding order.
    pub frame: u64,
    /// Its `slotIndex` in the DPB; `None` in sessions without DPB slots.
    pub dpb_slot: Option<i32>,
    /// The picture is that of the DPB slot itself, not one beside it.
    pub coincides: bool,
    /// The newest frame in decoding order when this one was shown.
    pub newest: u64,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
    /// Grain to apply that the driver did not.
    pub pending_grain: Option<FilmGrainParams>,
    /// The frame's header.
    pub header: Arc<FrameHeader>,
    /// The sequence that it belongs to.
    pub sequence: Arc<SequenceHeader>,
}

/// A frame whose decode failed, by the driver's own report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedFrame {
    /// Frame in decoding order.
    pub frame: u64,
    /// Its temporal unit.
    pub unit: u64,
    /// VkQueryResultStatusKHR, negative.
    pub status: i32,
}
