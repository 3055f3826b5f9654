//! Headers for tests.

use super::color_config::ColorConfig;
use super::film_grain::FilmGrainParams;
use super::filters::{CdefParams, LoopFilterParams, LrParams};
use super::frame::{FrameHeader, FrameType};
use super::frame_size::FrameSize;
use super::modes::TxMode;
use super::quant::QuantizationParams;
use super::sequence::{OperatingPoint, SequenceHeader};
use super::tile_info::TileInfo;

/// A sequence of 8-bit 4:2:0 with no tool on, at most 352 x 288.
pub fn plain_sequence() -> SequenceHeader {
    SequenceHeader {
        seq_profile: 0,
        still_picture: false,
        reduced_still_picture_header: false,
        timing_info: None,
        decoder_model_info: None,
        initial_display_delay_present_flag: false,
        operating_points: vec![OperatingPoint {
            operating_point_idc: 0,
            seq_level_idx: 0,
            seq_tier: false,
            operating_parameters_info: None,
            initial_display_delay_minus_1: None,
        }],
        frame_width_bits_minus_1: 8,
        frame_height_bits_minus_1: 9,
        max_frame_width_minus_1: 351,
        max_frame_height_minus_1: 287,
        frame_id_numbers: None,
        use_128x128_superblock: false,
        enable_filter_intra: false,
        enable_intra_edge_filter: false,
        enable_interintra_compound: false,
        enable_masked_compound: false,
        enable_warped_motion: false,
        enable_dual_filter: false,
        enable_order_hint: false,
        enable_jnt_comp: false,
        enable_ref_frame_mvs: false,
        seq_force_screen_content_tools: 0,
        seq_force_integer_mv: 0,
        order_hint_bits_minus_1: 0,
        enable_superres: false,
        enable_cdef: false,
        enable_restoration: false,
        color_config: ColorConfig {
            high_bitdepth: false,
            twelve_bit: false,
            mono_chrome: false,
            color_description_present_flag: false,
            color_primaries: 2,
            transfer_characteristics: 2,
            matrix_coefficients: 2,
            color_range: false,
            subsampling_x: true,
            subsampling_y: true,
            chroma_sample_position: 0,
            separate_uv_delta_q: false,
        },
        film_grain_params_present: false,
    }
}

/// A shown key frame of 352 x 288 in one tile, with no tool on.
pub fn plain_frame() -> FrameHeader {
    FrameHeader {
        frame_type: FrameType::Key,
        show_frame: true,
        showable_frame: false,
        frame_presentation_time: None,
        error_resilient_mode: false,
        disable_cdf_update: false,
        allow_screen_content_tools: false,
        force_integer_mv: false,
        current_frame_id: 0,
        frame_size_override_flag: false,
        order_hint: 0,
        primary_ref_frame: 7,
        buffer_removal_time_present_flag: false,
        buffer_removal_time: Default::default(),
        refresh_frame_flags: 0xff,
        ref_order_hint: None,
        frame_size: FrameSize {
            upscaled_width: 352,
            frame_width: 352,
            frame_height: 288,
            render_width: 352,
            render_height: 288,
            render_and_frame_size_different: false,
            use_superres: false,
            coded_denom: 0,
            found_ref: None,
        },
        allow_intrabc: false,
        frame_refs_short_signaling: false,
        ref_frame_idx: None,
        delta_frame_id_minus_1: None,
        expected_frame_id: [0; 7],
        allow_high_precision_mv: false,
        is_filter_switchable: false,
        interpolation_filter: 0,
        is_motion_mode_switchable: false,
        use_ref_frame_mvs: false,
        order_hints: [0; 8],
        ref_frame_sign_bias: [false; 8],
        disable_frame_end_update_cdf: false,
        tile_info: TileInfo {
            uniform_tile_spacing_flag: false,
            mi_col_starts: [0, 88].into_iter().collect(),
            mi_row_starts: [0, 72].into_iter().collect(),
            width_in_sbs_minus_1: [5].into_iter().collect(),
            height_in_sbs_minus_1: [4].into_iter().collect(),
            ..Default::default()
        },
        quantization_params: QuantizationParams::default(),
        segmentation_params: Default::default(),
        delta_q_params: Default::default(),
        delta_lf_params: Default::default(),
        coded_lossless: false,
        all_lossless: false,
        loop_filter_params: LoopFilterParams::default(),
        cdef_params: CdefParams::default(),
        lr_params: LrParams::default(),
        tx_mode: TxMode::Largest,
        reference_select: false,
        skip_mode_frame: None,
        skip_mode_present: false,
        allow_warped_motion: false,
        reduced_tx_set: false,
        global_motion_params: Default::default(),
        film_grain_params: FilmGrainParams::default(),
    }
}
