//! Video commands as recorded.

use std::sync::{Arc, Weak};

use ash::vk::native::StdVideoDecodeAV1ReferenceInfo;

use super::session::{Recorded, Session};
use crate::image::Buffer;
pub(crate) use crate::image::Resource;
use crate::query::QueryPool;
use av1_engine::job::{PictureInfo, SequenceHeader};

/// VkVideoReferenceSlotInfoKHR.
#[derive(Clone)]
pub(crate) struct Slot {
    /// `slotIndex`.
    pub(crate) index: i32,
    /// `pPictureResource`.
    pub(crate) resource: Option<Resource>,
    /// `pStdReferenceInfo` of the chained `VkVideoDecodeAV1DpbSlotInfoKHR`.
    pub(crate) info: Option<StdVideoDecodeAV1ReferenceInfo>,
}

/// A VkVideoSessionParametersKHR.
pub(crate) struct Parameters {
    pub(crate) header: Arc<SequenceHeader>,
    /// The session that they were made for.
    pub(crate) session: Weak<Session>,
}

/// vkCmdBeginVideoCodingKHR.
#[derive(Clone)]
pub(crate) struct BeginOp {
    pub(crate) session: Arc<Session>,
    pub(crate) parameters: Option<Arc<Parameters>>,
    pub(crate) slots: Vec<Slot>,
}

/// vkCmdDecodeVideoKHR.
#[derive(Clone)]
pub(crate) struct DecodeOp {
    pub(crate) src: Arc<Buffer>,
    pub(crate) src_offset: u64,
    pub(crate) src_range: u64,
    pub(crate) dst: Option<Resource>,
    pub(crate) setup: Option<Slot>,
    pub(crate) references: Vec<Slot>,
    /// `VkVideoDecodeAV1PictureInfoKHR`; `None` if it is not chained.
    pub(crate) picture: Option<Box<Picture>>,
    /// `VkVideoDecodeAV1InlineSessionParametersInfoKHR`.
    pub(crate) inline_sequence: Option<Arc<SequenceHeader>>,
    /// What the session's slots held when the command was recorded.
    pub(crate) recorded: Recorded,
    /// `VkVideoInlineQueryInfoKHR`.
    pub(crate) inline_query: Option<(Arc<QueryPool>, u32)>,
}

impl DecodeOp {
    /// The sequence header in force.
    pub(crate) fn sequence<'a>(&'a self, begin: &'a BeginOp) -> Option<&'a Arc<SequenceHeader>> {
        let bound = begin.parameters.as_ref().map(|parameters| &parameters.header);
        self.inline_sequence.as_ref().or(bound)
    }
}

/// VkVideoDecodeAV1PictureInfoKHR.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) info: PictureInfo,
    pub(crate) reference_name_slot_indices: [i32; 7],
    pub(crate) frame_header_offset: u32,
    pub(crate) tile_offsets: Vec<u32>,
    pub(crate) tile_sizes: Vec<u32>,
}
