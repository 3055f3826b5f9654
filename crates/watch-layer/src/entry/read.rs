//! Std structures of an application as owned ones: the pointers are followed here.

use ash::vk;
use ash::vk::native as std_av1;
use av1_std::owned::{
    Cdef, ColorConfig, FilmGrain, GlobalMotion, LoopFilter, LoopRestoration, PictureInfo,
    Quantization, ReferenceInfo, Segmentation, SequenceHeader, TileInfo, TimingInfo,
};

use super::chain::{array, find, pointed};
use crate::state::{Picture, Resource, Slot};

/// Tile columns or rows at most: no more entries are read.
const MOST_TILES: u8 = 64;

/// StdVideoAV1SequenceHeader.
pub(super) fn sequence(std: &std_av1::StdVideoAV1SequenceHeader) -> SequenceHeader {
    SequenceHeader {
        pColorConfig: pointed(std.pColorConfig).map(ColorConfig::of),
        pTimingInfo: pointed(std.pTimingInfo).map(TimingInfo::of),
        ..SequenceHeader::of(std)
    }
}

/// StdVideoDecodeAV1PictureInfo.
fn picture_info(std: &std_av1::StdVideoDecodeAV1PictureInfo) -> PictureInfo {
    PictureInfo {
        pTileInfo: pointed(std.pTileInfo).map(tile_info),
        pQuantization: pointed(std.pQuantization).map(Quantization::of),
        pSegmentation: pointed(std.pSegmentation).map(Segmentation::of),
        pLoopFilter: pointed(std.pLoopFilter).map(LoopFilter::of),
        pCDEF: pointed(std.pCDEF).map(Cdef::of),
        pLoopRestoration: pointed(std.pLoopRestoration).map(LoopRestoration::of),
        pGlobalMotion: pointed(std.pGlobalMotion).map(GlobalMotion::of),
        pFilmGrain: pointed(std.pFilmGrain).map(FilmGrain::of),
        ..PictureInfo::of(std)
    }
}

/// StdVideoAV1TileInfo.
fn tile_info(std: &std_av1::StdVideoAV1TileInfo) -> TileInfo {
    let entries = |data: *const u16, count: u8| {
        (!data.is_null()).then(|| array(data, count.min(MOST_TILES).into()).to_vec())
    };
    TileInfo {
        pMiColStarts: entries(std.pMiColStarts, std.TileCols),
        pMiRowStarts: entries(std.pMiRowStarts, std.TileRows),
        pWidthInSbsMinus1: entries(std.pWidthInSbsMinus1, std.TileCols),
        pHeightInSbsMinus1: entries(std.pHeightInSbsMinus1, std.TileRows),
        ..TileInfo::of(std)
    }
}

/// VkVideoDecodeAV1PictureInfoKHR.
pub(super) fn picture(info: &vk::VideoDecodeAV1PictureInfoKHR<'_>) -> Option<Picture> {
    Some(Picture {
        info: picture_info(pointed(info.p_std_picture_info)?),
        names: info.reference_name_slot_indices,
        frame_header_offset: info.frame_header_offset,
        tile_offsets: array(info.p_tile_offsets, info.tile_count).to_vec(),
        tile_sizes: array(info.p_tile_sizes, info.tile_count).to_vec(),
    })
}

/// VkVideoPictureResourceInfoKHR.
pub(super) fn resource(info: &vk::VideoPictureResourceInfoKHR<'_>) -> Resource {
    use ash::vk::Handle;

    Resource {
        view: info.image_view_binding.as_raw(),
        base_layer: info.base_array_layer,
        extent: (info.coded_extent.width, info.coded_extent.height),
        offset: (info.coded_offset.x, info.coded_offset.y),
    }
}

/// VkVideoReferenceSlotInfoKHR of vkCmdBeginVideoCodingKHR, where its picture alone is used.
pub(super) fn bound(info: &vk::VideoReferenceSlotInfoKHR<'_>) -> Slot {
    let resource = pointed(info.p_picture_resource).map(resource);
    Slot { index: info.slot_index, resource, std: None }
}

/// VkVideoReferenceSlotInfoKHR.
pub(super) fn slot(info: &vk::VideoReferenceSlotInfoKHR<'_>) -> Slot {
    let av1 = find::<vk::VideoDecodeAV1DpbSlotInfoKHR<'_>>(info.p_next);
    let std = av1.and_then(|av1| pointed(av1.p_std_reference_info));
    Slot {
        index: info.slot_index,
        resource: pointed(info.p_picture_resource).map(resource),
        std: std.map(ReferenceInfo::of),
    }
}
