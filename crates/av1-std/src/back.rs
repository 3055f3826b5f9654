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

use crate::members::{
    cdef_members, color_members, delta_lf_members, delta_q_members, feature_members,
    frame_id_members, frame_members, grain_members, loop_filter_members, made, motion_members,
    quantization_members, segmentation_members, sequence_members, size_members, tile_members,
    timing_members,
};
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
    let timing = std.pTimingInfo.as_ref().filter(|_| std.timing_info_present_flag);
    let timing_info = |timing: &owned::TimingInfo| {
        let ticks = timing.num_ticks_per_picture_minus_1;
        timing_members!(made!(TimingInfo, timing, {
            num_ticks_per_picture_minus_1: timing.equal_picture_interval.then_some(ticks),
        }))
    };
    let ids = frame_id_members!(made!(FrameIdNumbers, std, {}));
    Ok(sequence_members!(made!(SequenceHeader, std, {
        seq_profile: u8::try_from(std.seq_profile).map_err(|_| "seq_profile")?,
        timing_info: timing.map(timing_info),
        decoder_model_info: None,
        operating_points: vec![operating_point],
        max_frame_width_minus_1: std.max_frame_width_minus_1.into(),
        max_frame_height_minus_1: std.max_frame_height_minus_1.into(),
        frame_id_numbers: std.frame_id_numbers_present_flag.then_some(ids),
        color_config: color_config(color)?,
    })))
}

fn color_config(std: &owned::ColorConfig) -> Result<ColorConfig, &'static str> {
    let code = |code: u32, name| u8::try_from(code).map_err(|_| name);
    Ok(color_members!(made!(ColorConfig, std, {
        high_bitdepth: std.BitDepth > 8,
        twelve_bit: std.BitDepth > 10,
        color_primaries: code(std.color_primaries, "color_primaries")?,
        transfer_characteristics: code(std.transfer_characteristics, "transfer_characteristics")?,
        matrix_coefficients: code(std.matrix_coefficients, "matrix_coefficients")?,
        subsampling_x: std.subsampling_x != 0,
        subsampling_y: std.subsampling_y != 0,
        chroma_sample_position: code(std.chroma_sample_position, "chroma_sample_position")?,
    })))
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
    Ok(frame_members!(made!(FrameHeader, std, {
        frame_type,
        show_frame: true,
        showable_frame: frame_type != FrameType::Key,
        frame_presentation_time: None,
        buffer_removal_time: Default::default(),
        ref_order_hint: None,
        tile_info: tile_info(std, &size),
        frame_size: size,
        ref_frame_idx: None,
        delta_frame_id_minus_1: None,
        expected_frame_id,
        interpolation_filter: u8::try_from(std.interpolation_filter)
            .map_err(|_| "interpolation_filter")?,
        ref_frame_sign_bias: [false; 8],
        quantization_params: quantization(std),
        segmentation_params: segmentation(std),
        delta_q_params: delta_q_members!(made!(DeltaQParams, std, {})),
        delta_lf_params: delta_lf_members!(made!(DeltaLfParams, std, {})),
        coded_lossless: false,
        all_lossless: false,
        loop_filter_params: loop_filter(std),
        cdef_params: cdef(std),
        lr_params: restoration(std)?,
        tx_mode,
        skip_mode_frame: (std.SkipModeFrame != [0; 2]).then_some(std.SkipModeFrame),
        global_motion_params: motion(std),
        film_grain_params: film_grain(std),
    })))
}

fn frame_size(std: &owned::PictureInfo, width: u32, height: u32) -> FrameSize {
    let denom = u32::from(std.coded_denom & 7) + 9;
    let narrow = ((width * 8 + denom / 2) / denom).max(width.min(16));
    size_members!(made!(FrameSize, std, {
        upscaled_width: width,
        frame_width: if std.use_superres { narrow } else { width },
        frame_height: height,
        render_width: width,
        render_height: height,
        found_ref: None,
    }))
}

fn tile_info(std: &owned::PictureInfo, size: &FrameSize) -> TileInfo {
    let tiles = std.pTileInfo.clone().unwrap_or_default();
    let starts = |starts: Option<Vec<u16>>, end: u32| {
        let starts = starts.unwrap_or_default().into_iter().map(u32::from);
        starts.take(64).chain([end]).collect()
    };
    let sizes = |sizes: Option<Vec<u16>>| sizes.unwrap_or_default().into_iter().take(64).collect();
    tile_members!(made!(TileInfo, tiles, {
        mi_col_starts: starts(tiles.pMiColStarts, size.mi_cols()),
        mi_row_starts: starts(tiles.pMiRowStarts, size.mi_rows()),
        width_in_sbs_minus_1: sizes(tiles.pWidthInSbsMinus1),
        height_in_sbs_minus_1: sizes(tiles.pHeightInSbsMinus1),
        tile_cols_log2: 0,
        tile_rows_log2: 0,
    }))
}

fn quantization(std: &owned::PictureInfo) -> QuantizationParams {
    let q = std.pQuantization.clone().unwrap_or_default();
    quantization_members!(made!(QuantizationParams, q, {}))
}

fn segmentation(std: &owned::PictureInfo) -> SegmentationParams {
    let s = std.pSegmentation.clone().unwrap_or_default();
    let features = feature_members!(made!(SegmentationParams, s, { ..Default::default() }));
    segmentation_members!(made!(SegmentationParams, std, { ..features }))
}

fn loop_filter(std: &owned::PictureInfo) -> LoopFilterParams {
    let l = std.pLoopFilter.clone().unwrap_or_default();
    loop_filter_members!(made!(LoopFilterParams, l, {}))
}

fn cdef(std: &owned::PictureInfo) -> CdefParams {
    let c = std.pCDEF.clone().unwrap_or_default();
    cdef_members!(made!(CdefParams, c, {}))
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
        motion_members!(made!(GlobalMotionParams, motion, {}))
    })
}

fn film_grain(std: &owned::PictureInfo) -> FilmGrainParams {
    let Some(g) = std.pFilmGrain.as_ref().filter(|_| std.apply_grain) else {
        return FilmGrainParams::default();
    };
    grain_members!(made!(FilmGrainParams, g, {
        apply_grain: true,
        ar_coeffs_y_plus_128: g.ar_coeffs_y_plus_128.map(|c| c as u8),
        ar_coeffs_cb_plus_128: g.ar_coeffs_cb_plus_128.map(|c| c as u8),
        ar_coeffs_cr_plus_128: g.ar_coeffs_cr_plus_128.map(|c| c as u8),
    }))
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
