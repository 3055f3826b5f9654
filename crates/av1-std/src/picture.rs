//! FrameHeader -> StdVideoDecodeAV1PictureInfo and StdVideoDecodeAV1ReferenceInfo: a mapping, field
//! by field. Returns parts with null pointers; who fills Vulkan's chain joins them.

use ash::vk::native::{
    StdVideoAV1CDEF, StdVideoAV1FilmGrain, StdVideoAV1GlobalMotion, StdVideoAV1LoopFilter,
    StdVideoAV1LoopRestoration, StdVideoAV1Quantization, StdVideoAV1Segmentation,
    StdVideoAV1TileInfo, StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo,
};

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::filters::{LrParams, RestorationType};
use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::modes::TxMode;
use av1_syntax::syntax::tile_info::TileInfo;

use crate::members::{
    cdef_members, delta_lf_members, delta_q_members, feature_members, frame_members, grain_members,
    loop_filter_members, motion_members, put, quantization_members, segmentation_members,
    size_members, tile_members,
};
use crate::owned;

/// Entries of the tile start arrays: 64 and a terminator, all of which some drivers read.
pub const TILE_STARTS: usize = 66;

/// The parts of one frame header.
#[derive(Clone, Debug)]
pub struct PictureParts {
    /// The header, with null pointers.
    pub info: StdVideoDecodeAV1PictureInfo,
    /// For `pTileInfo`, with null pointers.
    pub tile_info: StdVideoAV1TileInfo,
    /// For `pMiColStarts`, in 4x4 luma units; TileCols + 1 entries, then zeros.
    pub mi_col_starts: [u16; TILE_STARTS],
    /// For `pMiRowStarts`.
    pub mi_row_starts: [u16; TILE_STARTS],
    /// For `pWidthInSbsMinus1`.
    pub width_in_sbs_minus_1: [u16; TILE_STARTS],
    /// For `pHeightInSbsMinus1`.
    pub height_in_sbs_minus_1: [u16; TILE_STARTS],
    /// For `pQuantization`.
    pub quantization: StdVideoAV1Quantization,
    /// For `pSegmentation`.
    pub segmentation: StdVideoAV1Segmentation,
    /// For `pLoopFilter`.
    pub loop_filter: StdVideoAV1LoopFilter,
    /// For `pCDEF`.
    pub cdef: StdVideoAV1CDEF,
    /// For `pLoopRestoration`.
    pub loop_restoration: StdVideoAV1LoopRestoration,
    /// For `pGlobalMotion`.
    pub global_motion: StdVideoAV1GlobalMotion,
    /// For `pFilmGrain`, if the driver is to apply it.
    pub film_grain: Option<StdVideoAV1FilmGrain>,
}

/// The parts of `h`; `apply_grain`: whether the driver is to apply its film grain.
pub fn picture_parts(h: &FrameHeader, apply_grain: bool) -> PictureParts {
    let apply_grain = apply_grain && h.film_grain_params.apply_grain;
    let mut quantization = owned::Quantization::default();
    quantization_members!(put!(quantization, h.quantization_params));
    let mut segmentation = owned::Segmentation::default();
    feature_members!(put!(segmentation, h.segmentation_params));
    let mut loop_filter = owned::LoopFilter::default();
    loop_filter_members!(put!(loop_filter, h.loop_filter_params));
    let mut cdef = owned::Cdef::default();
    cdef_members!(put!(cdef, h.cdef_params));
    let mut motion = owned::GlobalMotion::default();
    motion_members!(put!(motion, h.global_motion_params));
    PictureParts {
        info: picture_info(h, apply_grain),
        tile_info: tile_info(&h.tile_info),
        mi_col_starts: starts(&h.tile_info.mi_col_starts),
        mi_row_starts: starts(&h.tile_info.mi_row_starts),
        width_in_sbs_minus_1: padded(h.tile_info.width_in_sbs_minus_1.iter().copied()),
        height_in_sbs_minus_1: padded(h.tile_info.height_in_sbs_minus_1.iter().copied()),
        quantization: quantization.std(),
        segmentation: segmentation.std(),
        loop_filter: loop_filter.std(),
        cdef: cdef.std(),
        loop_restoration: loop_restoration(&h.lr_params),
        global_motion: motion.std(),
        film_grain: apply_grain.then(|| film_grain(&h.film_grain_params)),
    }
}

/// What later frames must know of the frame of `h`.
pub fn reference_info(h: &FrameHeader) -> StdVideoDecodeAV1ReferenceInfo {
    let bias = |(name, &backward): (usize, &bool)| u8::from(backward) << name;
    let info = owned::ReferenceInfo {
        disable_frame_end_update_cdf: h.disable_frame_end_update_cdf,
        segmentation_enabled: h.segmentation_params.segmentation_enabled,
        frame_type: frame_type(h.frame_type) as u8,
        RefFrameSignBias: h.ref_frame_sign_bias.iter().enumerate().map(bias).sum(),
        OrderHint: h.order_hint,
        SavedOrderHints: h.order_hints,
        ..Default::default()
    };
    info.std()
}

fn picture_info(h: &FrameHeader, apply_grain: bool) -> StdVideoDecodeAV1PictureInfo {
    let mut expected_frame_id = [0; 8];
    expected_frame_id[..7].copy_from_slice(&h.expected_frame_id);
    let mut info = owned::PictureInfo {
        frame_type: frame_type(h.frame_type),
        interpolation_filter: h.interpolation_filter.into(),
        TxMode: match h.tx_mode {
            TxMode::Only4x4 => 0,
            TxMode::Largest => 1,
            TxMode::Select => 2,
        },
        SkipModeFrame: h.skip_mode_frame.unwrap_or([0; 2]),
        expectedFrameId: expected_frame_id,
        UsesLr: h.lr_params.uses_lr(),
        usesChromaLr: h.lr_params.uses_chroma_lr(),
        apply_grain,
        ..Default::default()
    };
    frame_members!(put!(info, h));
    size_members!(put!(info, h.frame_size));
    delta_q_members!(put!(info, h.delta_q_params));
    delta_lf_members!(put!(info, h.delta_lf_params));
    segmentation_members!(put!(info, h.segmentation_params));
    info.std()
}

fn frame_type(t: FrameType) -> u32 {
    match t {
        FrameType::Key => 0,
        FrameType::Inter => 1,
        FrameType::IntraOnly => 2,
        FrameType::Switch => 3,
    }
}

fn tile_info(t: &TileInfo) -> StdVideoAV1TileInfo {
    let mut info = owned::TileInfo {
        TileCols: t.tile_cols() as u8,
        TileRows: t.tile_rows() as u8,
        ..Default::default()
    };
    tile_members!(put!(info, t));
    info.std()
}

/// Tile starts in superblocks, as some clients write them: `mi_starts` in units of `mi` mode info
/// units, the last one rounded up.
pub fn superblock_starts(mi_starts: [u16; TILE_STARTS], mi: u16) -> [u16; TILE_STARTS] {
    mi_starts.map(|start| start.div_ceil(mi))
}

/// Starts in 4x4 luma units: at most 16384, the terminator of a frame of 65536.
fn starts(starts: &[u32]) -> [u16; TILE_STARTS] {
    padded(starts.iter().map(|&s| s as u16))
}

fn padded(values: impl Iterator<Item = u16>) -> [u16; TILE_STARTS] {
    let mut all = [0; TILE_STARTS];
    all.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    all
}

/// LoopRestorationSize is log2 of the size, less 5.
fn loop_restoration(l: &LrParams) -> StdVideoAV1LoopRestoration {
    let kind = |t: &RestorationType| match t {
        RestorationType::None => 0,
        RestorationType::Wiener => 1,
        RestorationType::Sgrproj => 2,
        RestorationType::Switchable => 3,
    };
    let size = |plane| u16::from(l.loop_restoration_size_log2(plane).saturating_sub(5));
    StdVideoAV1LoopRestoration {
        FrameRestorationType: l.frame_restoration_type.each_ref().map(kind),
        LoopRestorationSize: [size(0), size(1), size(2)],
    }
}

fn film_grain(g: &FilmGrainParams) -> StdVideoAV1FilmGrain {
    let mut grain = owned::FilmGrain {
        // Declared signed, though the values are 0 to 255: the bits stay as they are.
        ar_coeffs_y_plus_128: g.ar_coeffs_y_plus_128.map(|c| c as i8),
        ar_coeffs_cb_plus_128: g.ar_coeffs_cb_plus_128.map(|c| c as i8),
        ar_coeffs_cr_plus_128: g.ar_coeffs_cr_plus_128.map(|c| c as i8),
        ..Default::default()
    };
    grain_members!(put!(grain, g));
    grain.std()
}

#[cfg(test)]
mod tests;
