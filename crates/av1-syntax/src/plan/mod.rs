//! The plan: what the stream asks of a decoder, as a list of steps. Plain data, printable.
//! No Vulkan type appears in it, no bit is parsed below it.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod assembly;
mod deviations;
mod extent;
mod faults;
pub mod features;
pub mod layers;
pub mod planner;
mod spares;
pub mod surfaces;
mod text;

use std::ops::Range;
use std::sync::Arc;

use crate::syntax::REFS_PER_FRAME;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// A decoded frame, by an identity that is neither a reference slot of the stream nor a DPB slot
/// of Vulkan. Grows for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SurfaceId(pub u64);

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new coded video sequence: its parameters apply to the steps that follow. All surfaces
    /// that the new sequence cannot use have been released before; those still referenced stay.
    Configure(SessionSpec),
    /// Decode a frame into a fresh surface.
    Decode(Box<FramePlan>),
    /// Output a surface.
    Show(ShowPlan),
    /// Nothing will read, show or name the surface again.
    Release(SurfaceId),
}

/// What a video session must be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSpec {
    /// The sequence header in force.
    pub sequence: Arc<SequenceHeader>,
    /// `seq_level_idx` of the chosen operating point.
    pub seq_level_idx: u8,
}

/// One frame to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramePlan {
    /// Temporal unit, from 0.
    pub unit: u64,
    /// Frame in decoding order, from 0 (show_existing_frame does not count).
    pub frame: u64,
    /// Where the picture goes.
    pub surface: SurfaceId,
    /// The frame's header.
    pub header: Arc<FrameHeader>,
    /// Surface behind LAST_FRAME + i; `None` where the slot holds nothing, and for intra frames.
    pub references: [Option<SurfaceId>; REFS_PER_FRAME],
    /// A surface whose last reference slot the frame takes, and that it does not refer to: nothing
    /// refers to it from this frame on.
    pub replaced: Option<SurfaceId>,
    /// `temporal_id` and `spatial_id` of the OBU extension; 0 without one.
    pub temporal_id: u8,
    /// See `temporal_id`.
    pub spatial_id: u8,
    /// Frames before it are lost: it may refer to other pictures than those that it was coded with.
    pub is_doubtful: bool,
    /// The coded bytes.
    pub bitstream: Bitstream,
}

/// The coded bytes of one frame: a run of whole OBUs of its temporal unit, from the frame header
/// OBU (or frame OBU) to its last tile group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitstream {
    /// The temporal unit, as the container gave it.
    pub unit: Arc<[u8]>,
    /// The frame's OBUs in `unit`. Offsets below count from its start.
    pub range: Range<usize>,
    /// Offset of the OBU header of the frame header (or frame) OBU.
    pub frame_header_offset: u32,
    /// Offset of the first byte of coded data of each tile, in raster order over the whole frame.
    pub tile_offsets: Vec<u32>,
    /// Size of each tile's coded data in bytes.
    pub tile_sizes: Vec<u32>,
}

impl Bitstream {
    /// The bytes that offsets count in.
    pub fn bytes(&self) -> &[u8] {
        self.unit.get(self.range.clone()).unwrap_or_default()
    }
}

/// One picture to output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShowPlan {
    /// What to show.
    pub surface: SurfaceId,
    /// Temporal unit, from 0.
    pub unit: u64,
    /// Presentation time in the source's time base, if the container gives one.
    pub pts: Option<i64>,
    /// Whether this comes from `show_existing_frame`.
    pub show_existing_frame: bool,
    /// Frames before it are lost: the picture may be another than the one that was coded.
    pub is_doubtful: bool,
}
