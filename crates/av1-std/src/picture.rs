//! FrameHeader -> StdVideoDecodeAV1PictureInfo and StdVideoDecodeAV1ReferenceInfo: a mapping, field
//! by field. Returns parts with null pointers; who fills Vulkan's chain joins them.

use ash::vk::native::{
    StdVideoAV1CDEF, StdVideoAV1FilmGrain, StdVideoAV1FilmGrainFlags, StdVideoAV1GlobalMotion,
    StdVideoAV1LoopFilter, StdVideoAV1LoopFilterFlags, StdVideoAV1LoopRestoration,
    StdVideoAV1Quantization, StdVideoAV1QuantizationFlags, StdVideoAV1Segmentation,
    StdVideoAV1TileInfo, StdVideoAV1TileInfoFlags, StdVideoDecodeAV1PictureInfo,
    StdVideoDecodeAV1PictureInfoFlags, StdVideoDecodeAV1ReferenceInfo,
    StdVideoDecodeAV1ReferenceInfoFlags,
};

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::filters::{CdefParams, LoopFilterParams, LrParams, RestorationType};
use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::modes::TxMode;
use av1_syntax::syntax::quant::QuantizationParams;
use av1_syntax::syntax::tile_info::TileInfo;

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
    let s = &h.segmentation_params;
    PictureParts {
        info: picture_info(h, apply_grain),
        tile_info: tile_info(&h.tile_info),
        mi_col_starts: starts(&h.tile_info.mi_col_starts),
        mi_row_starts: starts(&h.tile_info.mi_row_starts),
        width_in_sbs_minus_1: padded(h.tile_info.width_in_sbs_minus_1.iter().copied()),
        height_in_sbs_minus_1: padded(h.tile_info.height_in_sbs_minus_1.iter().copied()),
        quantization: quantization(&h.quantization_params),
        segmentation: StdVideoAV1Segmentation {
            FeatureEnabled: s.feature_enabled,
            FeatureData: s.feature_data,
        },
        loop_filter: loop_filter(&h.loop_filter_params),
        cdef: cdef(&h.cdef_params),
        loop_restoration: loop_restoration(&h.lr_params),
        global_motion: StdVideoAV1GlobalMotion {
            GmType: h.global_motion_params.gm_type,
            gm_params: h.global_motion_params.gm_params,
        },
        film_grain: apply_grain.then(|| film_grain(&h.film_grain_params)),
    }
}

/// What later frames must know of the frame of `h`.
pub fn reference_info(h: &FrameHeader) -> StdVideoDecodeAV1ReferenceInfo {
    let mut flags = StdVideoDecodeAV1ReferenceInfoFlags {
        _bitfield_align_1: [],
        _bitfield_1: Default::default(),
    };
    flags.set_disable_frame_end_update_cdf(h.disable_frame_end_update_cdf.into());
    flags.set_segmentation_enabled(h.segmentation_params.segmentation_enabled.into());
    let bias = |(name, &backward): (usize, &bool)| u8::from(backward) << name;
    StdVideoDecodeAV1ReferenceInfo {
        flags,
        frame_type: frame_type(h.frame_type) as u8,
        RefFrameSignBias: h.ref_frame_sign_bias.iter().enumerate().map(bias).sum(),
        OrderHint: h.order_hint,
        SavedOrderHints: h.order_hints,
    }
}

fn picture_info(h: &FrameHeader, apply_grain: bool) -> StdVideoDecodeAV1PictureInfo {
    let mut expected_frame_id = [0; 8];
    expected_frame_id[..7].copy_from_slice(&h.expected_frame_id);
    StdVideoDecodeAV1PictureInfo {
        flags: picture_flags(h, apply_grain),
        frame_type: frame_type(h.frame_type),
        current_frame_id: h.current_frame_id,
        OrderHint: h.order_hint,
        primary_ref_frame: h.primary_ref_frame,
        refresh_frame_flags: h.refresh_frame_flags,
        reserved1: 0,
        interpolation_filter: h.interpolation_filter.into(),
        TxMode: match h.tx_mode {
            TxMode::Only4x4 => 0,
            TxMode::Largest => 1,
            TxMode::Select => 2,
        },
        delta_q_res: h.delta_q_params.delta_q_res,
        delta_lf_res: h.delta_lf_params.delta_lf_res,
        SkipModeFrame: h.skip_mode_frame.unwrap_or([0; 2]),
        coded_denom: h.frame_size.coded_denom,
        reserved2: [0; 3],
        OrderHints: h.order_hints,
        expectedFrameId: expected_frame_id,
        pTileInfo: std::ptr::null(),
        pQuantization: std::ptr::null(),
        pSegmentation: std::ptr::null(),
        pLoopFilter: std::ptr::null(),
        pCDEF: std::ptr::null(),
        pLoopRestoration: std::ptr::null(),
        pGlobalMotion: std::ptr::null(),
        pFilmGrain: std::ptr::null(),
    }
}

fn frame_type(t: FrameType) -> u32 {
    match t {
        FrameType::Key => 0,
        FrameType::Inter => 1,
        FrameType::IntraOnly => 2,
        FrameType::Switch => 3,
    }
}

fn picture_flags(h: &FrameHeader, apply_grain: bool) -> StdVideoDecodeAV1PictureInfoFlags {
    let mut f = StdVideoDecodeAV1PictureInfoFlags {
        _bitfield_align_1: [],
        _bitfield_1: Default::default(),
    };
    let s = &h.segmentation_params;
    f.set_error_resilient_mode(h.error_resilient_mode.into());
    f.set_disable_cdf_update(h.disable_cdf_update.into());
    f.set_use_superres(h.frame_size.use_superres.into());
    f.set_render_and_frame_size_different(h.frame_size.render_and_frame_size_different.into());
    f.set_allow_screen_content_tools(h.allow_screen_content_tools.into());
    f.set_is_filter_switchable(h.is_filter_switchable.into());
    f.set_force_integer_mv(h.force_integer_mv.into());
    f.set_frame_size_override_flag(h.frame_size_override_flag.into());
    f.set_buffer_removal_time_present_flag(h.buffer_removal_time_present_flag.into());
    f.set_allow_intrabc(h.allow_intrabc.into());
    f.set_frame_refs_short_signaling(h.frame_refs_short_signaling.into());
    f.set_allow_high_precision_mv(h.allow_high_precision_mv.into());
    f.set_is_motion_mode_switchable(h.is_motion_mode_switchable.into());
    f.set_use_ref_frame_mvs(h.use_ref_frame_mvs.into());
    f.set_disable_frame_end_update_cdf(h.disable_frame_end_update_cdf.into());
    f.set_allow_warped_motion(h.allow_warped_motion.into());
    f.set_reduced_tx_set(h.reduced_tx_set.into());
    f.set_reference_select(h.reference_select.into());
    f.set_skip_mode_present(h.skip_mode_present.into());
    f.set_delta_q_present(h.delta_q_params.delta_q_present.into());
    f.set_delta_lf_present(h.delta_lf_params.delta_lf_present.into());
    f.set_delta_lf_multi(h.delta_lf_params.delta_lf_multi.into());
    f.set_segmentation_enabled(s.segmentation_enabled.into());
    f.set_segmentation_update_map(s.segmentation_update_map.into());
    f.set_segmentation_temporal_update(s.segmentation_temporal_update.into());
    f.set_segmentation_update_data(s.segmentation_update_data.into());
    f.set_UsesLr(h.lr_params.uses_lr().into());
    f.set_usesChromaLr(h.lr_params.uses_chroma_lr().into());
    f.set_apply_grain(apply_grain.into());
    f
}

fn tile_info(t: &TileInfo) -> StdVideoAV1TileInfo {
    let mut flags =
        StdVideoAV1TileInfoFlags { _bitfield_align_1: [], _bitfield_1: Default::default() };
    flags.set_uniform_tile_spacing_flag(t.uniform_tile_spacing_flag.into());
    StdVideoAV1TileInfo {
        flags,
        TileCols: t.tile_cols() as u8,
        TileRows: t.tile_rows() as u8,
        context_update_tile_id: t.context_update_tile_id,
        tile_size_bytes_minus_1: t.tile_size_bytes_minus_1,
        reserved1: [0; 7],
        pMiColStarts: std::ptr::null(),
        pMiRowStarts: std::ptr::null(),
        pWidthInSbsMinus1: std::ptr::null(),
        pHeightInSbsMinus1: std::ptr::null(),
    }
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

fn quantization(q: &QuantizationParams) -> StdVideoAV1Quantization {
    let mut flags =
        StdVideoAV1QuantizationFlags { _bitfield_align_1: [], _bitfield_1: Default::default() };
    flags.set_using_qmatrix(q.using_qmatrix.into());
    flags.set_diff_uv_delta(q.diff_uv_delta.into());
    StdVideoAV1Quantization {
        flags,
        base_q_idx: q.base_q_idx,
        DeltaQYDc: q.delta_q_y_dc,
        DeltaQUDc: q.delta_q_u_dc,
        DeltaQUAc: q.delta_q_u_ac,
        DeltaQVDc: q.delta_q_v_dc,
        DeltaQVAc: q.delta_q_v_ac,
        qm_y: q.qm_y,
        qm_u: q.qm_u,
        qm_v: q.qm_v,
    }
}

fn loop_filter(l: &LoopFilterParams) -> StdVideoAV1LoopFilter {
    let mut flags =
        StdVideoAV1LoopFilterFlags { _bitfield_align_1: [], _bitfield_1: Default::default() };
    flags.set_loop_filter_delta_enabled(l.loop_filter_delta_enabled.into());
    flags.set_loop_filter_delta_update(l.loop_filter_delta_update.into());
    StdVideoAV1LoopFilter {
        flags,
        loop_filter_level: l.loop_filter_level,
        loop_filter_sharpness: l.loop_filter_sharpness,
        update_ref_delta: l.update_ref_delta,
        loop_filter_ref_deltas: l.loop_filter_ref_deltas,
        update_mode_delta: l.update_mode_delta,
        loop_filter_mode_deltas: l.loop_filter_mode_deltas,
    }
}

fn cdef(c: &CdefParams) -> StdVideoAV1CDEF {
    StdVideoAV1CDEF {
        cdef_damping_minus_3: c.cdef_damping_minus_3,
        cdef_bits: c.cdef_bits,
        cdef_y_pri_strength: c.cdef_y_pri_strength,
        cdef_y_sec_strength: c.cdef_y_sec_strength,
        cdef_uv_pri_strength: c.cdef_uv_pri_strength,
        cdef_uv_sec_strength: c.cdef_uv_sec_strength,
    }
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
    let mut flags =
        StdVideoAV1FilmGrainFlags { _bitfield_align_1: [], _bitfield_1: Default::default() };
    flags.set_chroma_scaling_from_luma(g.chroma_scaling_from_luma.into());
    flags.set_overlap_flag(g.overlap_flag.into());
    flags.set_clip_to_restricted_range(g.clip_to_restricted_range.into());
    flags.set_update_grain(g.update_grain.into());
    StdVideoAV1FilmGrain {
        flags,
        grain_scaling_minus_8: g.grain_scaling_minus_8,
        ar_coeff_lag: g.ar_coeff_lag,
        ar_coeff_shift_minus_6: g.ar_coeff_shift_minus_6,
        grain_scale_shift: g.grain_scale_shift,
        grain_seed: g.grain_seed,
        film_grain_params_ref_idx: g.film_grain_params_ref_idx,
        num_y_points: g.num_y_points,
        point_y_value: g.point_y_value,
        point_y_scaling: g.point_y_scaling,
        num_cb_points: g.num_cb_points,
        point_cb_value: g.point_cb_value,
        point_cb_scaling: g.point_cb_scaling,
        num_cr_points: g.num_cr_points,
        point_cr_value: g.point_cr_value,
        point_cr_scaling: g.point_cr_scaling,
        // Declared signed, though the values are 0 to 255: the bits stay as they are.
        ar_coeffs_y_plus_128: g.ar_coeffs_y_plus_128.map(|c| c as i8),
        ar_coeffs_cb_plus_128: g.ar_coeffs_cb_plus_128.map(|c| c as i8),
        ar_coeffs_cr_plus_128: g.ar_coeffs_cr_plus_128.map(|c| c as i8),
        cb_mult: g.cb_mult,
        cb_luma_mult: g.cb_luma_mult,
        cb_offset: g.cb_offset,
        cr_mult: g.cr_mult,
        cr_luma_mult: g.cr_luma_mult,
        cr_offset: g.cr_offset,
    }
}

#[cfg(test)]
mod tests;
