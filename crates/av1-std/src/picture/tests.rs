//! Rows for each field of the picture info.

use super::*;
use ash::vk::native::StdVideoDecodeAV1PictureInfoFlags;
use av1_syntax::syntax::RefSlot;
use av1_syntax::syntax::filters::LoopFilterParams;
use av1_syntax::syntax::quant::QuantizationParams;
use av1_syntax::syntax::testing::plain_frame;

#[test]
fn sizes_are_those_of_the_header_files() {
    assert_eq!(size_of::<StdVideoDecodeAV1PictureInfo>(), 136);
    assert_eq!(size_of::<StdVideoDecodeAV1ReferenceInfo>(), 16);
    assert_eq!(size_of::<StdVideoAV1TileInfo>(), 48);
    assert_eq!(size_of::<StdVideoAV1FilmGrain>(), 164);
    assert_eq!(size_of::<StdVideoAV1GlobalMotion>(), 200);
    assert_eq!(size_of::<StdVideoAV1Segmentation>(), 136);
    assert_eq!(size_of::<StdVideoAV1LoopRestoration>(), 20);
    assert_eq!(size_of::<StdVideoAV1CDEF>(), 34);
    assert_eq!(size_of::<StdVideoAV1LoopFilter>(), 24);
    assert_eq!(size_of::<StdVideoAV1Quantization>(), 16);
}

#[test]
fn each_flag_reaches_its_bit() {
    type Flags = StdVideoDecodeAV1PictureInfoFlags;
    type Row = (fn(&mut FrameHeader), fn(&Flags) -> u32);
    let rows: [Row; 28] = [
        (|h| h.error_resilient_mode = true, |f| f.error_resilient_mode()),
        (|h| h.disable_cdf_update = true, |f| f.disable_cdf_update()),
        (|h| h.frame_size.use_superres = true, |f| f.use_superres()),
        (
            |h| h.frame_size.render_and_frame_size_different = true,
            |f| f.render_and_frame_size_different(),
        ),
        (|h| h.allow_screen_content_tools = true, |f| f.allow_screen_content_tools()),
        (|h| h.is_filter_switchable = true, |f| f.is_filter_switchable()),
        (|h| h.force_integer_mv = true, |f| f.force_integer_mv()),
        (|h| h.frame_size_override_flag = true, |f| f.frame_size_override_flag()),
        (|h| h.buffer_removal_time_present_flag = true, |f| f.buffer_removal_time_present_flag()),
        (|h| h.allow_intrabc = true, |f| f.allow_intrabc()),
        (|h| h.frame_refs_short_signaling = true, |f| f.frame_refs_short_signaling()),
        (|h| h.allow_high_precision_mv = true, |f| f.allow_high_precision_mv()),
        (|h| h.is_motion_mode_switchable = true, |f| f.is_motion_mode_switchable()),
        (|h| h.use_ref_frame_mvs = true, |f| f.use_ref_frame_mvs()),
        (|h| h.disable_frame_end_update_cdf = true, |f| f.disable_frame_end_update_cdf()),
        (|h| h.allow_warped_motion = true, |f| f.allow_warped_motion()),
        (|h| h.reduced_tx_set = true, |f| f.reduced_tx_set()),
        (|h| h.reference_select = true, |f| f.reference_select()),
        (|h| h.skip_mode_present = true, |f| f.skip_mode_present()),
        (|h| h.delta_q_params.delta_q_present = true, |f| f.delta_q_present()),
        (|h| h.delta_lf_params.delta_lf_present = true, |f| f.delta_lf_present()),
        (|h| h.delta_lf_params.delta_lf_multi = true, |f| f.delta_lf_multi()),
        (|h| h.segmentation_params.segmentation_enabled = true, |f| f.segmentation_enabled()),
        (|h| h.segmentation_params.segmentation_update_map = true, |f| f.segmentation_update_map()),
        (
            |h| h.segmentation_params.segmentation_temporal_update = true,
            |f| f.segmentation_temporal_update(),
        ),
        (
            |h| h.segmentation_params.segmentation_update_data = true,
            |f| f.segmentation_update_data(),
        ),
        (
            |h| h.lr_params.frame_restoration_type[0] = RestorationType::Wiener,
            |f| f.UsesLr() & !f.usesChromaLr(),
        ),
        (|h| h.film_grain_params.apply_grain = true, |f| f.apply_grain()),
    ];
    for (nr, (set, _)) in rows.iter().enumerate() {
        let mut h = plain_frame();
        set(&mut h);
        let flags = picture_parts(&h, true).info.flags;
        let seen: Vec<u32> = rows.iter().map(|(_, get)| get(&flags)).collect();
        let mut expected = vec![0; rows.len()];
        expected[nr] = 1;
        assert_eq!(seen, expected, "flag {nr}");
    }
}

#[test]
fn restoration_types_and_sizes_are_vulkans() {
    let mut h = plain_frame();
    h.lr_params = LrParams {
        frame_restoration_type: [
            RestorationType::Switchable,
            RestorationType::Sgrproj,
            RestorationType::Wiener,
        ],
        lr_unit_shift: 2,
        lr_uv_shift: 1,
    };
    let p = picture_parts(&h, false);
    assert_eq!(p.loop_restoration.FrameRestorationType, [3, 2, 1]);
    assert_eq!(p.loop_restoration.LoopRestorationSize, [3, 2, 2]);
    assert_eq!((p.info.flags.UsesLr(), p.info.flags.usesChromaLr()), (1, 1));
    h.lr_params.lr_unit_shift = 0;
    assert_eq!(picture_parts(&h, false).loop_restoration.LoopRestorationSize, [1, 0, 0]);
}

#[test]
fn scalars_are_raw() {
    let mut h = plain_frame();
    h.frame_type = FrameType::Switch;
    h.current_frame_id = 77;
    h.order_hint = 9;
    h.primary_ref_frame = 3;
    h.refresh_frame_flags = 0x5a;
    h.interpolation_filter = 4;
    h.tx_mode = TxMode::Select;
    h.delta_q_params.delta_q_res = 3;
    h.delta_lf_params.delta_lf_res = 2;
    h.skip_mode_frame = Some([1, 7]);
    h.frame_size.coded_denom = 5;
    h.order_hints = [0, 1, 2, 3, 4, 5, 6, 7];
    h.expected_frame_id = [10, 11, 12, 13, 14, 15, 16];
    h.ref_frame_idx = RefSlot::new(0).map(|s| [s; 7]);
    let i = picture_parts(&h, false).info;
    assert_eq!((i.frame_type, i.current_frame_id, i.OrderHint), (3, 77, 9));
    assert_eq!((i.primary_ref_frame, i.refresh_frame_flags), (3, 0x5a));
    assert_eq!((i.interpolation_filter, i.TxMode), (4, 2));
    assert_eq!((i.delta_q_res, i.delta_lf_res, i.coded_denom), (3, 2, 5));
    assert_eq!(i.SkipModeFrame, [1, 7]);
    assert_eq!(i.OrderHints, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(i.expectedFrameId, [10, 11, 12, 13, 14, 15, 16, 0]);
}

#[test]
fn filters_are_raw() {
    let mut h = plain_frame();
    h.loop_filter_params = LoopFilterParams {
        loop_filter_level: [1, 2, 3, 4],
        loop_filter_sharpness: 5,
        loop_filter_delta_enabled: true,
        loop_filter_delta_update: false,
        update_ref_delta: 0x81,
        loop_filter_ref_deltas: [1, 2, 3, 4, -5, 6, -7, -8],
        update_mode_delta: 2,
        loop_filter_mode_deltas: [-1, 1],
    };
    h.cdef_params.cdef_y_sec_strength[0] = 3;
    h.cdef_params.cdef_uv_pri_strength[1] = 15;
    h.cdef_params.cdef_damping_minus_3 = 2;
    h.cdef_params.cdef_bits = 1;
    h.quantization_params = QuantizationParams {
        base_q_idx: 200,
        delta_q_y_dc: -64,
        diff_uv_delta: true,
        delta_q_u_dc: 1,
        delta_q_u_ac: 2,
        delta_q_v_dc: 3,
        delta_q_v_ac: 63,
        using_qmatrix: true,
        qm_y: 4,
        qm_u: 5,
        qm_v: 6,
    };
    let p = picture_parts(&h, false);
    let l = p.loop_filter;
    assert_eq!((l.loop_filter_level, l.loop_filter_sharpness), ([1, 2, 3, 4], 5));
    assert_eq!(l.flags.loop_filter_delta_enabled(), 1);
    assert_eq!(l.flags.loop_filter_delta_update(), 0);
    assert_eq!((l.update_ref_delta, l.update_mode_delta), (0x81, 2));
    assert_eq!(l.loop_filter_ref_deltas, [1, 2, 3, 4, -5, 6, -7, -8]);
    assert_eq!(l.loop_filter_mode_deltas, [-1, 1]);
    assert_eq!((p.cdef.cdef_y_sec_strength[0], p.cdef.cdef_uv_pri_strength[1]), (3, 15));
    assert_eq!((p.cdef.cdef_damping_minus_3, p.cdef.cdef_bits), (2, 1));
    let q = p.quantization;
    assert_eq!((q.base_q_idx, q.DeltaQYDc, q.DeltaQUDc, q.DeltaQUAc), (200, -64, 1, 2));
    assert_eq!((q.DeltaQVDc, q.DeltaQVAc), (3, 63));
    assert_eq!((q.qm_y, q.qm_u, q.qm_v), (4, 5, 6));
    assert_eq!((q.flags.using_qmatrix(), q.flags.diff_uv_delta()), (1, 1));
}

#[test]
fn tiles_are_in_4x4_units_and_padded() {
    let mut h = plain_frame();
    h.tile_info = TileInfo {
        uniform_tile_spacing_flag: true,
        mi_col_starts: [0, 48, 88].into_iter().collect(),
        mi_row_starts: [0, 32, 64, 72].into_iter().collect(),
        width_in_sbs_minus_1: [2, 2].into_iter().collect(),
        height_in_sbs_minus_1: [1, 1, 0].into_iter().collect(),
        tile_cols_log2: 1,
        tile_rows_log2: 2,
        context_update_tile_id: 5,
        tile_size_bytes_minus_1: 3,
    };
    let p = picture_parts(&h, false);
    let t = p.tile_info;
    assert_eq!((t.TileCols, t.TileRows, t.context_update_tile_id), (2, 3, 5));
    assert_eq!((t.tile_size_bytes_minus_1, t.flags.uniform_tile_spacing_flag()), (3, 1));
    assert_eq!(p.mi_col_starts[..4], [0, 48, 88, 0]);
    assert_eq!(p.mi_row_starts[..5], [0, 32, 64, 72, 0]);
    assert_eq!(p.width_in_sbs_minus_1[..3], [2, 2, 0]);
    assert_eq!(p.height_in_sbs_minus_1[..4], [1, 1, 0, 0]);
}

#[test]
fn grain_coefficients_keep_their_bits() {
    let mut h = plain_frame();
    let g = &mut h.film_grain_params;
    g.apply_grain = true;
    g.grain_seed = 0xbeef;
    g.ar_coeffs_y_plus_128[0] = 255;
    g.ar_coeffs_cb_plus_128[24] = 128;
    g.num_y_points = 14;
    g.cb_offset = 511;
    g.cr_mult = 200;
    g.clip_to_restricted_range = true;
    assert!(picture_parts(&h, false).film_grain.is_none());
    assert_eq!(picture_parts(&h, false).info.flags.apply_grain(), 0);
    let g = picture_parts(&h, true).film_grain.expect("applied");
    assert_eq!((g.grain_seed, g.num_y_points, g.cb_offset, g.cr_mult), (0xbeef, 14, 511, 200));
    assert_eq!(g.ar_coeffs_y_plus_128[0] as u8, 255);
    assert_eq!(g.ar_coeffs_cb_plus_128[24] as u8, 128);
    assert_eq!(g.flags.clip_to_restricted_range(), 1);
    assert_eq!(g.flags.overlap_flag(), 0);
}

#[test]
fn references_carry_their_own_state() {
    let mut h = plain_frame();
    h.frame_type = FrameType::IntraOnly;
    h.order_hint = 42;
    h.order_hints = [0, 9, 8, 7, 6, 5, 4, 3];
    h.ref_frame_sign_bias = [false, true, false, false, false, false, false, true];
    h.disable_frame_end_update_cdf = true;
    let r = reference_info(&h);
    assert_eq!((r.frame_type, r.OrderHint, r.RefFrameSignBias), (2, 42, 0x82));
    assert_eq!(r.SavedOrderHints, [0, 9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(r.flags.disable_frame_end_update_cdf(), 1);
    assert_eq!(r.flags.segmentation_enabled(), 0);
}
