//! Members that a header and a Std structure both have, with one value: a table for each pair, from
//! which both directions come. What is another value, or not in one place on both sides, stands in
//! [`crate::picture`], [`crate::sequence`] and [`crate::back`].

/// Sets the members of a Std structure: `TABLE!(put!(to, from))`.
macro_rules! put {
    (($to:expr, $from:expr) $($header:ident = $std:ident,)*) => {
        $($to.$std = $from.$header;)*
    };
}

/// Makes a header: `TABLE!(made!(Header, from, { what is in no table }))`.
macro_rules! made {
    (($to:ident, $from:expr, { $($rest:tt)* }) $($header:ident = $std:ident,)*) => {
        $to { $($header: $from.$std,)* $($rest)* }
    };
}

/// Declares tables: a member of the header, and its name in the Std structure where that is another.
macro_rules! tables {
    ($dollar:tt $($table:ident { $($header:ident $(= $std:ident)?),* $(,)? })*) => { $(
        tables! { @named $dollar $table [] $($header $(= $std)?,)* }
    )* };
    (@named $dollar:tt $table:ident [$($done:tt)*]) => {
        macro_rules! $table {
            ($dollar with:ident!($dollar($dollar more:tt)*)) => {
                $dollar with! { ($dollar($dollar more)*) $($done)* }
            };
        }
        pub(crate) use $table;
    };
    (@named $d:tt $table:ident [$($done:tt)*] $header:ident = $std:ident, $($rest:tt)*) => {
        tables! { @named $d $table [$($done)* $header = $std,] $($rest)* }
    };
    (@named $d:tt $table:ident [$($done:tt)*] $header:ident, $($rest:tt)*) => {
        tables! { @named $d $table [$($done)* $header = $header,] $($rest)* }
    };
}

tables! { $
    // SequenceHeader and StdVideoAV1SequenceHeader.
    sequence_members {
        still_picture, reduced_still_picture_header, initial_display_delay_present_flag,
        frame_width_bits_minus_1, frame_height_bits_minus_1, use_128x128_superblock,
        enable_filter_intra, enable_intra_edge_filter, enable_interintra_compound,
        enable_masked_compound, enable_warped_motion, enable_dual_filter, enable_order_hint,
        enable_jnt_comp, enable_ref_frame_mvs, seq_force_screen_content_tools,
        seq_force_integer_mv, order_hint_bits_minus_1, enable_superres, enable_cdef,
        enable_restoration, film_grain_params_present,
    }
    // FrameIdNumbers and StdVideoAV1SequenceHeader.
    frame_id_members { delta_frame_id_length_minus_2, additional_frame_id_length_minus_1 }
    // ColorConfig and StdVideoAV1ColorConfig.
    color_members {
        mono_chrome, color_description_present_flag, color_range, separate_uv_delta_q,
    }
    // TimingInfo and StdVideoAV1TimingInfo.
    timing_members { num_units_in_display_tick, time_scale }
    // FrameHeader and StdVideoDecodeAV1PictureInfo.
    frame_members {
        error_resilient_mode, disable_cdf_update, allow_screen_content_tools, force_integer_mv,
        current_frame_id, frame_size_override_flag, order_hint = OrderHint, primary_ref_frame,
        buffer_removal_time_present_flag, refresh_frame_flags, allow_intrabc,
        frame_refs_short_signaling, allow_high_precision_mv, is_filter_switchable,
        is_motion_mode_switchable, use_ref_frame_mvs, order_hints = OrderHints,
        disable_frame_end_update_cdf, reference_select, skip_mode_present, allow_warped_motion,
        reduced_tx_set,
    }
    // FrameSize, DeltaQParams, DeltaLfParams, SegmentationParams and StdVideoDecodeAV1PictureInfo.
    size_members { render_and_frame_size_different, use_superres, coded_denom }
    delta_q_members { delta_q_present, delta_q_res }
    delta_lf_members { delta_lf_present, delta_lf_res, delta_lf_multi }
    segmentation_members {
        segmentation_enabled, segmentation_update_map, segmentation_temporal_update,
        segmentation_update_data,
    }
    // SegmentationParams and StdVideoAV1Segmentation.
    feature_members { feature_enabled = FeatureEnabled, feature_data = FeatureData }
    // TileInfo and StdVideoAV1TileInfo.
    tile_members { uniform_tile_spacing_flag, context_update_tile_id, tile_size_bytes_minus_1 }
    // QuantizationParams and StdVideoAV1Quantization.
    quantization_members {
        base_q_idx, delta_q_y_dc = DeltaQYDc, diff_uv_delta, delta_q_u_dc = DeltaQUDc,
        delta_q_u_ac = DeltaQUAc, delta_q_v_dc = DeltaQVDc, delta_q_v_ac = DeltaQVAc,
        using_qmatrix, qm_y, qm_u, qm_v,
    }
    // LoopFilterParams and StdVideoAV1LoopFilter.
    loop_filter_members {
        loop_filter_level, loop_filter_sharpness, loop_filter_delta_enabled,
        loop_filter_delta_update, update_ref_delta, loop_filter_ref_deltas, update_mode_delta,
        loop_filter_mode_deltas,
    }
    // CdefParams and StdVideoAV1CDEF.
    cdef_members {
        cdef_damping_minus_3, cdef_bits, cdef_y_pri_strength, cdef_y_sec_strength,
        cdef_uv_pri_strength, cdef_uv_sec_strength,
    }
    // GlobalMotionParams and StdVideoAV1GlobalMotion.
    motion_members { gm_type = GmType, gm_params }
    // FilmGrainParams and StdVideoAV1FilmGrain.
    grain_members {
        grain_seed, update_grain, film_grain_params_ref_idx, num_y_points, point_y_value,
        point_y_scaling, chroma_scaling_from_luma, num_cb_points, point_cb_value,
        point_cb_scaling, num_cr_points, point_cr_value, point_cr_scaling,
        grain_scaling_minus_8, ar_coeff_lag, ar_coeff_shift_minus_6, grain_scale_shift, cb_mult,
        cb_luma_mult, cb_offset, cr_mult, cr_luma_mult, cr_offset, overlap_flag,
        clip_to_restricted_range,
    }
}

pub(crate) use {made, put};
