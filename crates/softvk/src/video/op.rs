//! Video commands as recorded.

use std::sync::{Arc, Weak};

use ash::vk::native::StdVideoDecodeAV1ReferenceInfo;

use super::session::Session;
use crate::image::{Buffer, ImageView};
use crate::query::QueryPool;
use av1_engine::job::{PictureInfo, SequenceHeader};

/// VkVideoPictureResourceInfoKHR.
#[derive(Clone)]
pub(crate) struct Resource {
    pub(crate) view: Arc<ImageView>,
    /// Layer of the image: that of the view and `baseArrayLayer` added.
    pub(crate) layer: u32,
    /// `codedExtent`.
    pub(crate) extent: (u32, u32),
    /// `codedOffset`.
    pub(crate) offset: (i32, i32),
}

impl Resource {
    /// Whether both are the same image subresource.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view.image, &other.view.image) && self.layer == other.layer
    }

    /// Whether both match: the same subresource, offset and extent.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.is_same(other) && self.extent == other.extent && self.offset == other.offset
    }
}

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

/// Decode commands by the order of recording: their number, and the numbers of those whose pictures
/// the slots of the seven references held then. Only a planted fault looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) number: u64,
    pub(crate) references: [u64; 7],
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
