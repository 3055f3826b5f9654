//! What command buffers are told about decoding, as owned values.

use std::sync::Arc;

use ash::vk;
use av1_engine::job;
use av1_std::owned::{PictureInfo, ReferenceInfo, SequenceHeader};

/// Session parameters, or inline ones: a sequence header.
pub(crate) struct Parameters {
    pub(crate) number: u64,
    pub(crate) header: SequenceHeader,
    pub(crate) job: Arc<job::SequenceHeader>,
}

/// A recorded command.
#[derive(Clone)]
pub(crate) enum Op {
    /// vkCmdBeginVideoCodingKHR.
    Begin { session: u64, parameters: Option<Arc<Parameters>>, slots: Arc<[Slot]> },
    /// vkCmdControlVideoCodingKHR with RESET.
    Reset,
    /// vkCmdDecodeVideoKHR.
    Decode(Arc<Decode>),
    /// An image memory barrier of an image for video decoding.
    Layout { image: u64, layers: (u32, u32), to: vk::ImageLayout },
}

/// VkVideoPictureResourceInfoKHR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) view: u64,
    pub(crate) base_layer: u32,
    pub(crate) extent: (u32, u32),
    pub(crate) offset: (i32, i32),
}

/// VkVideoReferenceSlotInfoKHR with VkVideoDecodeAV1DpbSlotInfoKHR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) index: i32,
    pub(crate) resource: Option<Resource>,
    pub(crate) std: Option<ReferenceInfo>,
}

/// VkVideoDecodeInfoKHR with VkVideoDecodeAV1PictureInfoKHR.
pub(crate) struct Decode {
    /// Decodes by the order of recording.
    pub(crate) recorded: u64,
    pub(crate) buffer: u64,
    pub(crate) offset: u64,
    pub(crate) range: u64,
    pub(crate) dst: Resource,
    pub(crate) setup: Option<Slot>,
    pub(crate) references: Vec<Slot>,
    pub(crate) picture: Option<Picture>,
    /// VkVideoDecodeAV1InlineSessionParametersInfoKHR.
    pub(crate) inline: Option<Arc<Parameters>>,
    /// Pool and index of its status query.
    pub(crate) query: Option<(u64, u32)>,
    /// Whether that is a VkVideoInlineQueryInfoKHR.
    pub(crate) inline_query: bool,
}

/// VkVideoDecodeAV1PictureInfoKHR.
pub(crate) struct Picture {
    pub(crate) info: PictureInfo,
    pub(crate) names: [i32; 7],
    pub(crate) frame_header_offset: u32,
    pub(crate) tile_offsets: Vec<u32>,
    pub(crate) tile_sizes: Vec<u32>,
}
