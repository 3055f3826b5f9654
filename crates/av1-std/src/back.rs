//! Std structures as headers: what of a stream they say. The inverse of [`crate::header`].
//!
//! What Std structures do not have is as in a stream of one operating point whose frames are all
//! shown; what they have and no header can say is an error.

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::filters::{CdefParams, LoopFilterParams, LrParams, RestorationType};
use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::frame_size::FrameSize;
use av1_syntax::syntax::global_motion::GlobalMotionParams;
use av1_syntax::syntax::modes::{DeltaLfParams, DeltaQParams, TxMode};
use av1_syntax::syntax::quant::QuantizationParams;
use av1_syntax::syntax::segmentation::SegmentationParams;
use av1_syntax::syntax::sequence::{
    ColorConfig, FrameIdNumbers, OperatingPoint, SequenceHeader, TimingInfo,
};
use av1_syntax::syntax::tile_info::TileInfo;

use crate::owned;

/// The sequence header that `std` is of.
///
/// # Errors
/// The member that no header has.
pub fn sequence_header(std: &owned::SequenceHeader) -> Result<SequenceHeader, &'static str> {
    let color = std.pColorConfig.as_ref().ok_or("pColorConfig is NULL")?;
    let operating_point = OperatingPoint {
        operating_point_idc: 0,
        seq_level_idx: 0,
        seq_tier: false,
        operating_parameters_info: None,
        initial_display_delay_minus_1: None,
    };
    let ids = FrameIdNumbers {
        delta_frame_id_length_minus_2: std.delta_frame_id_length_minus_2,
        additional_frame_id_length_minus_1: std.additional_frame_id_length_minus_1,
    };
    let timing = std.pTimingInfo.as_ref().filter(|_| std.timing_info_present_flag);
    Ok(SequenceHeader {
        seq_profile: u8::try_from(std.seq_profile).map_err(|_| "seq_profile")?,
        still_picture: std.still_picture,
        reduced_still_picture_header: std.reduced_still_picture_header,
        timing_info: timing.map(|timing| TimingInfo {
            num_units_in_display_tick: timing.num_units_in_display_tick,
            time_scale: timing.time_scale,
            num_ticks_per_picture_minus_1: timing
                .equal_picture_interval
                .then_some(timing.num_ticks_per_picture_minus_1),
        }),
        decoder_model_info: None,
        initial_display_delay_present_flag: std.initial_display_delay_present_flag,
        operating_points: vec![operating_point],
        frame_width_bits_minus_1: std.frame_width_bits_minus_1,
        frame_height_bits_minus_1: std.frame_height_bits_minus_1,
        max_frame_width_minus_1: std.max_frame_width_minus_1.into(),
        max_frame_height_minus_1: std.max_frame_height_minus_1.into(),
        frame_id_numbers: std.frame_id_numbers_present_flag.then_some(ids),
        use_128x128_superblock: std.use_128x128_superblock,
        enable_filter_intra: std.enable_filter_intra,
        enable_intra_edge_filter: std.enable_intra_edge_filter,
        enable_interintra_compound: std.enable_interintra_compound,
        enable_masked_compound: std.enable_masked_compound,
        enable_warped_motion: std.enable_warped_motion,
        enable_dual_filter: std.enable_dual_filter,
        enable_order_hint: std.enable_order_hint,
        enable_jnt_comp: std.enable_jnt_comp,
        enable_ref_frame_mvs: std.enable_ref_frame_mvs,
        seq_force_screen_content_tools: std.seq_force_screen_content_tools,
        seq_force_integer_mv: std.seq_force_integer_mv,
        order_hint_bits_minus_1: std.order_hint_bits_minus_1,
        enable_superres: std.enable_superres,
        enable_cdef: std.enable_cdef,
        enable_restoration: std.enable_restoration,
        color_config: color_config(color)?,
        film_grain_params_present: std.film_grain_params_present,
    })
}

fn color_config(std: &owned::ColorConfig) -> Result<ColorConfig, &'static str> {
    let code = |code: u32, name| u8::try_from(code).map_err(|_| name);
    Ok(ColorConfig {
        high_bitdepth: std.BitDepth > 8,
        twelve_bit: std.BitDepth > 10,
        mono_chrome: std.mono_chrome,
        color_description_present_flag: std.color_description_present_flag,
        color_primaries: code(std.color_primaries, "color_primaries")?,
        transfer_characteristics: code(std.transfer_characteristics, "transfer_characteristics")?,
        matrix_coefficients: code(std.matrix_coefficients, "matrix_coefficients")?,
        color_range: std.color_range,
        subsampling_x: std.subsampling_x != 0,
        subsampling_y: std.subsampling_y != 0,
        chroma_sample_position: code(std.chroma_sample_position, "chroma_sample_position")?,
        separate_uv_delta_q: std.separate_uv_delta_q,
    })
}

/// The frame header that `std` and codedExtent (UpscaledWidth x FrameHeight) are of. Structures that
/// are NULL are as if all their members were 0; RefFrameSignBias, which is another structure's, is 0.
///
/// # Errors
/// The member that no header has.
pub fn frame_header(
    std: &owned::PictureInfo,
    (width, height): (u32, u32),
) -> Result<FrameHeader, &'static str> {
    let frame_type = match std.frame_type {
        0 => FrameType::Key,
        1 => FrameType::Inter,
        2 => FrameType::IntraOnly,
        3 => FrameType::Switch,
        _ => return Err("frame_type"),
    };
    let tx_mode = match std.TxMode {
        0 => TxMode::Only4x4,
        1 => TxMode::Largest,
        2 => TxMode::Select,
        _ => return Err("TxMode"),
    };
    let mut expected_frame_id = [0; 7];
    expected_frame_id.copy_from_slice(&std.expectedFrameId[..7]);
    let size = frame_size(std, width, height);
    Ok(FrameHeader {
        frame_type,
        show_frame: true,
        showable_frame: frame_type != FrameType::Key,
        frame_presentation_time: None,
        error_resilient_mode: std.error_resilient_mode,
        disable_cdf_update: std.disable_cdf_update,
        allow_screen_content_tools: std.allow_screen_content_tools,
        force_integer_mv: std.force_integer_mv,
        current_frame_id: std.current_frame_id,
        frame_size_override_flag: std.frame_size_override_flag,
        order_hint: std.OrderHint,
        primary_ref_frame: std.primary_ref_frame,
        buffer_removal_time_present_flag: std.buffer_removal_time_present_flag,
        buffer_removal_time: Default::default(),
        refresh_frame_flags: std.refresh_frame_flags,
        ref_order_hint: None,
        tile_info: tile_info(std, &size),
        frame_size: size,
        allow_intrabc: std.allow_intrabc,
        frame_refs_short_signaling: std.frame_refs_short_signaling,
        ref_frame_idx: None,
        delta_frame_id_minus_1: None,
        expected_frame_id,
        allow_high_precision_mv: std.allow_high_precision_mv,
        is_filter_switchable: std.is_filter_switchable,
        interpolation_filter: u8::try_from(std.interpolation_filter)
            .map_err(|_| "interpolation_filter")?,
        is_motion_mode_switchable: std.is_motion_mode_switchable,
        use_ref_frame_mvs: std.use_ref_frame_mvs,
        order_hints: std.OrderHints,
        ref_frame_sign_bias: [false; 8],
        disable_frame_end_update_cdf: std.disable_frame_end_update_cdf,
        quantization_params: quantization(std),
        segmentation_params: segmentation(std),
        delta_q_params: DeltaQParams {
            delta_q_present: std.delta_q_present,
            delta_q_res: std.delta_q_res,
        },
        delta_lf_params: DeltaLfParams {
            delta_lf_present: std.delta_lf_present,
            delta_lf_res: std.delta_lf_res,
            delta_lf_multi: std.delta_lf_multi,
        },
        coded_lossless: false,
        all_lossless: false,
        loop_filter_params: loop_filter(std),
        cdef_params: cdef(std),
        lr_params: restoration(std)?,
        tx_mode,
        reference_select: std.reference_select,
        skip_mode_frame: (std.SkipModeFrame != [0; 2]).then_some(std.SkipModeFrame),
        skip_mode_present: std.skip_mode_present,
        allow_warped_motion: std.allow_warped_motion,
        reduced_tx_set: std.reduced_tx_set,
        global_motion_params: motion(std),
        film_grain_params: film_grain(std),
    })
}

fn frame_size(std: &owned::PictureInfo, width: u32, height: u32) -> FrameSize {
    let denom = u32::from(std.coded_denom & 7) + 9;
    let narrow = ((width * 8 + denom / 2) / denom).max(width.min(16));
    FrameSize {
        upscaled_width: width,
        frame_width: if std.use_superres { narrow } else { width },
        frame_height: height,
        render_width: width,
        render_height: height,
        render_and_frame_size_different: std.render_and_frame_size_different,
        use_superres: std.use_superres,
        coded_denom: std.coded_denom,
        found_ref: None,
    }
}

fn tile_info(std: &owned::PictureInfo, size: &FrameSize) -> TileInfo {
    let tiles = std.pTileInfo.clone().unwrap_or_default();
    let starts = |starts: Option<Vec<u16>>, end: u32| {
        let starts = starts.unwrap_or_default().into_iter().map(u32::from);
        starts.take(64).chain([end]).collect()
    };
    let sizes = |sizes: Option<Vec<u16>>| sizes.unwrap_or_default().into_iter().take(64).collect();
    TileInfo {
        uniform_tile_spacing_flag: tiles.uniform_tile_spacing_flag,
        mi_col_starts: starts(tiles.pMiColStarts, size.mi_cols()),
        mi_row_starts: starts(tiles.pMiRowStarts, size.mi_rows()),
        width_in_sbs_minus_1: sizes(tiles.pWidthInSbsMinus1),
        height_in_sbs_minus_1: sizes(tiles.pHeightInSbsMinus1),
        tile_cols_log2: 0,
        tile_rows_log2: 0,
        context_update_tile_id: tiles.context_update_tile_id,
        tile_size_bytes_minus_1: tiles.tile_size_bytes_minus_1,
    }
}

fn quantization(std: &owned::PictureInfo) -> QuantizationParams {
    let q = std.pQuantization.clone().unwrap_or_default();
    QuantizationParams {
        base_q_idx: q.base_q_idx,
        delta_q_y_dc: q.DeltaQYDc,
        diff_uv_delta: q.diff_uv_delta,
        delta_q_u_dc: q.DeltaQUDc,
        delta_q_u_ac: q.DeltaQUAc,
        delta_q_v_dc: q.DeltaQVDc,
        delta_q_v_ac: q.DeltaQVAc,
        using_qmatrix: q.using_qmatrix,
        qm_y: q.qm_y,
        qm_u: q.qm_u,
        qm_v: q.qm_v,
    }
}

fn segmentation(std: &owned::PictureInfo) -> SegmentationParams {
    let s = std.pSegmentation.clone().unwrap_or_default();
    SegmentationParams {
        segmentation_enabled: std.segmentation_enabled,
        segmentation_update_map: std.segmentation_update_map,
        segmentation_temporal_update: std.segmentation_temporal_update,
        segmentation_update_data: std.segmentation_update_data,
        feature_enabled: s.FeatureEnabled,
        feature_data: s.FeatureData,
    }
}

fn loop_filter(std: &owned::PictureInfo) -> LoopFilterParams {
    let l = std.pLoopFilter.clone().unwrap_or_default();
    LoopFilterParams {
        loop_filter_level: l.loop_filter_level,
        loop_filter_sharpness: l.loop_filter_sharpness,
        loop_filter_delta_enabled: l.loop_filter_delta_enabled,
        loop_filter_delta_update: l.loop_filter_delta_update,
        update_ref_delta: l.update_ref_delta,
        loop_filter_ref_deltas: l.loop_filter_ref_deltas,
        update_mode_delta: l.update_mode_delta,
        loop_filter_mode_deltas: l.loop_filter_mode_deltas,
    }
}

fn cdef(std: &owned::PictureInfo) -> CdefParams {
    let c = std.pCDEF.clone().unwrap_or_default();
    CdefParams {
        cdef_damping_minus_3: c.cdef_damping_minus_3,
        cdef_bits: c.cdef_bits,
        cdef_y_pri_strength: c.cdef_y_pri_strength,
        cdef_y_sec_strength: c.cdef_y_sec_strength,
        cdef_uv_pri_strength: c.cdef_uv_pri_strength,
        cdef_uv_sec_strength: c.cdef_uv_sec_strength,
    }
}

fn restoration(std: &owned::PictureInfo) -> Result<LrParams, &'static str> {
    let Some(l) = &std.pLoopRestoration else { return Ok(LrParams::default()) };
    let kind = |kind: u32| match kind {
        0 => Ok(RestorationType::None),
        1 => Ok(RestorationType::Wiener),
        2 => Ok(RestorationType::Sgrproj),
        3 => Ok(RestorationType::Switchable),
        _ => Err("FrameRestorationType"),
    };
    let [luma, chroma, _] = l.LoopRestorationSize;
    let shift = |size: u16| u8::try_from(size.min(3)).unwrap_or(3);
    let [y, u, v] = l.FrameRestorationType;
    Ok(LrParams {
        frame_restoration_type: [kind(y)?, kind(u)?, kind(v)?],
        lr_unit_shift: shift(luma).saturating_sub(1),
        lr_uv_shift: shift(luma).saturating_sub(shift(chroma)).min(1),
    })
}

fn motion(std: &owned::PictureInfo) -> GlobalMotionParams {
    std.pGlobalMotion.as_ref().map_or_else(GlobalMotionParams::default, |motion| {
        GlobalMotionParams { gm_type: motion.GmType, gm_params: motion.gm_params }
    })
}

fn film_grain(std: &owned::PictureInfo) -> FilmGrainParams {
    let Some(g) = std.pFilmGrain.as_ref().filter(|_| std.apply_grain) else {
        return FilmGrainParams::default();
    };
    FilmGrainParams {
        apply_grain: true,
        grain_seed: g.grain_seed,
        update_grain: g.update_grain,
        film_grain_params_ref_idx: g.film_grain_params_ref_idx,
        num_y_points: g.num_y_points,
        point_y_value: g.point_y_value,
        point_y_scaling: g.point_y_scaling,
        chroma_scaling_from_luma: g.chroma_scaling_from_luma,
        num_cb_points: g.num_cb_points,
        point_cb_value: g.point_cb_value,
        point_cb_scaling: g.point_cb_scaling,
        num_cr_points: g.num_cr_points,
        point_cr_value: g.point_cr_value,
        point_cr_scaling: g.point_cr_scaling,
        grain_scaling_minus_8: g.grain_scaling_minus_8,
        ar_coeff_lag: g.ar_coeff_lag,
        ar_coeffs_y_plus_128: g.ar_coeffs_y_plus_128.map(|c| c as u8),
        ar_coeffs_cb_plus_128: g.ar_coeffs_cb_plus_128.map(|c| c as u8),
        ar_coeffs_cr_plus_128: g.ar_coeffs_cr_plus_128.map(|c| c as u8),
        ar_coeff_shift_minus_6: g.ar_coeff_shift_minus_6,
        grain_scale_shift: g.grain_scale_shift,
        cb_mult: g.cb_mult,
        cb_luma_mult: g.cb_luma_mult,
        cb_offset: g.cb_offset,
        cr_mult: g.cr_mult,
        cr_luma_mult: g.cr_luma_mult,
        cr_offset: g.cr_offset,
        overlap_flag: g.overlap_flag,
        clip_to_restricted_range: g.clip_to_restricted_range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header;
    use av1_syntax::syntax::testing::{plain_frame, plain_sequence};

    #[test]
    fn headers_come_back() {
        let mut sequence = plain_sequence();
        (sequence.enable_superres, sequence.enable_order_hint) = (true, true);
        sequence.order_hint_bits_minus_1 = 6;
        sequence.color_config.high_bitdepth = true;
        sequence.film_grain_params_present = true;
        assert_eq!(sequence_header(&header::sequence(&sequence)), Ok(sequence));
        let mut frame = plain_frame();
        frame.lr_params.frame_restoration_type[1] = RestorationType::Sgrproj;
        (frame.lr_params.lr_unit_shift, frame.lr_params.lr_uv_shift) = (2, 1);
        frame.segmentation_params.feature_data[3][1] = -5;
        frame.order_hints = [0, 9, 8, 7, 6, 5, 4, 3];
        frame.skip_mode_frame = Some([1, 7]);
        frame.film_grain_params.apply_grain = true;
        frame.film_grain_params.ar_coeffs_y_plus_128[0] = 200;
        frame.global_motion_params.gm_params[2][5] = 70000;
        let std = header::picture(&frame, true);
        assert_eq!(frame_header(&std, (352, 288)), Ok(frame));
    }

    #[test]
    fn what_no_header_has_is_named() {
        let picture = owned::PictureInfo { frame_type: 4, ..Default::default() };
        assert_eq!(frame_header(&picture, (64, 64)), Err("frame_type"));
        assert!(sequence_header(&owned::SequenceHeader::default()).is_err());
    }
}
