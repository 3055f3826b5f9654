//! A decode operation as plain data, deep-copied from the application's structures at record time.
//! No pointer in here is ever dereferenced: the Std structures' own pointer fields are null.

#![allow(unsafe_code, reason = "pointers that are never followed may cross threads")]

use std::sync::Arc;

use ash::vk::native as std_av1;
pub use std_av1::{
    StdVideoAV1CDEF as Cdef, StdVideoAV1ColorConfig as ColorConfig,
    StdVideoAV1FilmGrain as FilmGrain, StdVideoAV1GlobalMotion as GlobalMotion,
    StdVideoAV1LoopFilter as LoopFilter, StdVideoAV1LoopRestoration as LoopRestoration,
    StdVideoAV1Quantization as Quantization, StdVideoAV1Segmentation as Segmentation,
};

/// `StdVideoAV1SequenceHeader` with what it points to. `pColorConfig` and `pTimingInfo` are null.
#[derive(Clone, Debug)]
pub struct SequenceHeader {
    /// The header itself, pointer members cleared.
    pub std: std_av1::StdVideoAV1SequenceHeader,
    /// `*pColorConfig`; `None` if the application passed NULL.
    pub color_config: Option<std_av1::StdVideoAV1ColorConfig>,
}

/// `StdVideoAV1TileInfo` with the arrays that a driver may trust.
/// `pMiColStarts` and `pMiRowStarts` are not trusted, as clients disagree on their unit.
#[derive(Clone, Debug)]
pub struct TileInfo {
    /// The structure itself, pointer members cleared.
    pub std: std_av1::StdVideoAV1TileInfo,
    /// `TileCols` entries of `pWidthInSbsMinus1`; empty if NULL or if the spacing is uniform.
    pub width_in_sbs_minus_1: Vec<u16>,
    /// `TileRows` entries of `pHeightInSbsMinus1`; empty if NULL or if the spacing is uniform.
    pub height_in_sbs_minus_1: Vec<u16>,
    /// The last of `TileCols` entries of `pMiColStarts`, and of `TileRows` of `pMiRowStarts`; 0 if
    /// NULL. Only a planted fault looks at them.
    pub last_mi_starts: (u16, u16),
}

impl TileInfo {
    /// Whether the last starts, taken as superblocks of 64, lie outside a frame of `extent`.
    pub fn leaves_as_superblocks(&self, extent: (u32, u32)) -> bool {
        let (col, row) = self.last_mi_starts;
        u32::from(col) * 64 >= extent.0 || u32::from(row) * 64 >= extent.1
    }
}

/// `StdVideoDecodeAV1PictureInfo` with what it points to; each member is `None` where the
/// application passed NULL or where the flags say that the structure is not to be read.
#[derive(Clone, Debug)]
pub struct PictureInfo {
    /// The structure itself, pointer members cleared.
    pub std: std_av1::StdVideoDecodeAV1PictureInfo,
    /// `*pTileInfo`.
    pub tile_info: Option<TileInfo>,
    /// `*pQuantization`.
    pub quantization: Option<std_av1::StdVideoAV1Quantization>,
    /// `*pSegmentation`, only if `segmentation_enabled`.
    pub segmentation: Option<std_av1::StdVideoAV1Segmentation>,
    /// `*pLoopFilter`.
    pub loop_filter: Option<std_av1::StdVideoAV1LoopFilter>,
    /// `*pCDEF`.
    pub cdef: Option<std_av1::StdVideoAV1CDEF>,
    /// `*pLoopRestoration`, only if `UsesLr`.
    pub loop_restoration: Option<std_av1::StdVideoAV1LoopRestoration>,
    /// `*pGlobalMotion`.
    pub global_motion: Option<std_av1::StdVideoAV1GlobalMotion>,
    /// `*pFilmGrain`, only if `apply_grain`.
    pub film_grain: Option<std_av1::StdVideoAV1FilmGrain>,
}

/// Chroma subsampling of a video profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// `VK_VIDEO_CHROMA_SUBSAMPLING_MONOCHROME_BIT_KHR`.
    Monochrome,
    /// `VK_VIDEO_CHROMA_SUBSAMPLING_420_BIT_KHR`.
    Yuv420,
    /// `VK_VIDEO_CHROMA_SUBSAMPLING_422_BIT_KHR`.
    Yuv422,
    /// `VK_VIDEO_CHROMA_SUBSAMPLING_444_BIT_KHR`.
    Yuv444,
}

/// The video profile of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// `stdProfile`: 0 Main, 1 High, 2 Professional.
    pub std_profile: u32,
    /// Chroma subsampling.
    pub chroma: Chroma,
    /// 8, 10 or 12.
    pub bit_depth: u8,
    /// `filmGrainSupport`.
    pub film_grain_support: bool,
}

/// What reconstruction needs for one frame. Everything is the driver's own copy.
#[derive(Clone, Debug)]
pub struct FrameJob {
    /// The sequence header in force for this frame.
    pub sequence: Arc<SequenceHeader>,
    /// The picture information.
    pub picture: PictureInfo,
    /// `codedExtent` of `dstPictureResource`, in luma samples: (width, height).
    pub coded_extent: (u32, u32),
    /// `pSetupReferenceSlot->slotIndex`; `None` in a session without DPB slots.
    pub setup_slot: Option<u32>,
    /// `referenceNameSlotIndices`, LAST_FRAME first; negative where there is none.
    pub reference_name_slot_indices: [i32; 7],
    /// `pTileOffsets`, in bytes from the start of the bitstream range.
    pub tile_offsets: Vec<u32>,
    /// `pTileSizes`, in bytes; as many as `tile_offsets`.
    pub tile_sizes: Vec<u32>,
}

// SAFETY: the pointer members of the Std structure are null, and nothing follows them.
unsafe impl Send for SequenceHeader {}
// SAFETY: as above.
unsafe impl Sync for SequenceHeader {}
// SAFETY: as above.
unsafe impl Send for TileInfo {}
// SAFETY: as above.
unsafe impl Sync for TileInfo {}
// SAFETY: as above.
unsafe impl Send for PictureInfo {}
// SAFETY: as above.
unsafe impl Sync for PictureInfo {}
