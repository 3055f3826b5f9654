//! The commands of the AV1 pipeline (AVP) of Intel chips, field by field: places and names as
//! the chips' command reference has them. gen12 and its successors differ at the end only.

/// One field: a value of some bits, or several of them at equal distances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Word of the command, and lowest bit there, of the first value.
    word: usize,
    low: usize,
    /// Bits of a value.
    bits: usize,
    signed: bool,
    /// How many values, and how many bits from one to the next.
    count: usize,
    step: usize,
}

/// An unsigned value in bits `high..=low` of a word.
const fn u(name: &'static str, word: usize, high: usize, low: usize) -> Field {
    Field { name, word, low, bits: high - low + 1, signed: false, count: 1, step: 0 }
}

/// A signed value.
const fn i(name: &'static str, word: usize, high: usize, low: usize) -> Field {
    Field { signed: true, ..u(name, word, high, low) }
}

/// `count` values, the first as `field` has it, each `step` bits after the one before.
const fn list(field: Field, count: usize, step: usize) -> Field {
    Field { count, step, ..field }
}

/// Numbers of the commands, from the upper half of their first word.
pub(crate) const MODE: u32 = 0x7180;
pub(crate) const SURFACE: u32 = 0x7181;
pub(crate) const BUFFERS: u32 = 0x7182;
pub(crate) const BITSTREAM: u32 = 0x7183;
pub(crate) const INTER: u32 = 0x7192;
pub(crate) const TILE: u32 = 0x7195;
pub(crate) const OBJECT: u32 = 0x71A0;
pub(crate) const PICTURE: u32 = 0x71B0;
pub(crate) const SEGMENT: u32 = 0x71B2;
pub(crate) const FILTER: u32 = 0x71B3;
pub(crate) const GRAIN: u32 = 0x71B4;

/// `AVP_PIC_STATE`.
pub(crate) const PICTURE_FIELDS: &[Field] = &[
    u("frame_width_minus_1", 1, 13, 0),
    u("frame_height_minus_1", 1, 29, 16),
    u("chroma_subsampling_format", 2, 1, 0),
    u("pixel_bit_depth_idc", 2, 4, 3),
    u("superblock_size_used", 2, 8, 7),
    u("enable_order_hint_flag", 2, 9, 9),
    u("order_hint_bits_minus_1", 2, 12, 10),
    u("enable_filter_intra_flag", 2, 16, 16),
    u("enable_intra_edge_filter_flag", 2, 17, 17),
    u("enable_dual_filter_flag", 2, 18, 18),
    u("enable_inter_intra_compound_flag", 2, 19, 19),
    u("enable_masked_compound_flag", 2, 20, 20),
    u("enable_joint_compound_flag", 2, 21, 21),
    u("allow_screen_content_tools_flag", 3, 0, 0),
    u("force_integer_mv_flag", 3, 1, 1),
    u("allow_warped_motion_flag", 3, 2, 2),
    u("use_cdef_filter_flag", 3, 4, 4),
    u("use_super_res_flag", 3, 5, 5),
    u("frame_level_loop_restoration_filter_enable", 3, 6, 6),
    u("apply_film_grain_flag", 3, 7, 7),
    u("frame_type", 3, 17, 16),
    u("intra_only_flag", 3, 19, 19),
    u("error_resilient_mode_flag", 3, 22, 22),
    u("allow_intrabc_flag", 3, 23, 23),
    u("primary_reference_frame_idx", 3, 30, 28),
    u("segmentation_enable_flag", 4, 0, 0),
    u("segmentation_update_map_flag", 4, 1, 1),
    u("segmentation_temporal_update_flag", 4, 2, 2),
    u("pre_skip_segment_id_flag", 4, 3, 3),
    u("last_active_segment_id", 4, 6, 4),
    u("delta_q_present_flag", 4, 7, 7),
    u("delta_q_res", 4, 9, 8),
    u("frame_coded_lossless_mode", 4, 10, 10),
    u("base_qindex", 4, 23, 16),
    i("y_dc_delta_q", 4, 30, 24),
    i("u_dc_delta_q", 5, 6, 0),
    i("u_ac_delta_q", 5, 14, 8),
    i("v_dc_delta_q", 5, 22, 16),
    i("v_ac_delta_q", 5, 30, 24),
    u("allow_high_precision_mv", 6, 0, 0),
    u("reference_mode_select", 6, 1, 1),
    u("mcomp_filter_type", 6, 4, 2),
    u("motion_mode_switchable_flag", 6, 6, 6),
    u("use_reference_frame_mv_set_flag", 6, 7, 7),
    u("reference_frame_sign_bias", 6, 15, 8),
    u("current_frame_order_hint", 6, 23, 16),
    u("reduced_tx_set_used", 7, 0, 0),
    u("frame_transform_mode", 7, 2, 1),
    u("skip_mode_present_flag", 7, 4, 4),
    u("skip_mode_frame_0", 7, 7, 5),
    u("skip_mode_frame_1", 7, 11, 9),
    u("reference_frame_side", 7, 31, 24),
    list(u("global_motion_type", 8, 4, 3), 7, 3),
    u("global_motion_invalid_flags", 8, 31, 24),
    list(i("warp_parameters", 9, 15, 0), 42, 16),
    list(u("reference_frame_idx", 30, 2, 0), 8, 4),
    list(u("reference_width_minus_1", 31, 15, 0), 8, 32),
    list(u("reference_height_minus_1", 31, 31, 16), 8, 32),
    list(u("vertical_scale_factor", 39, 15, 0), 8, 32),
    list(u("horizontal_scale_factor", 39, 31, 16), 8, 32),
    list(u("reference_frame_order_hint", 47, 7, 0), 8, 8),
];

/// `AVP_INTER_PRED_STATE`: of each reference the order hints of its own references.
pub(crate) const INTER_FIELDS: &[Field] = &[
    list(u("saved_order_hints_0", 1, 7, 0), 7, 8),
    u("active_reference_bitmask", 2, 31, 24),
    list(u("saved_order_hints_1", 3, 7, 0), 7, 8),
    list(u("saved_order_hints_2", 5, 7, 0), 7, 8),
    list(u("saved_order_hints_3", 7, 7, 0), 7, 8),
    list(u("saved_order_hints_4", 9, 7, 0), 7, 8),
    list(u("saved_order_hints_5", 11, 7, 0), 7, 8),
    list(u("saved_order_hints_6", 13, 7, 0), 7, 8),
];

/// `AVP_SEGMENT_STATE`, after the segment's number.
pub(crate) const SEGMENT_FIELDS: &[Field] = &[
    u("feature_mask", 2, 7, 0),
    i("delta_qindex", 2, 16, 8),
    u("block_skip_flag", 2, 17, 17),
    u("block_global_mv_flag", 2, 18, 18),
    u("lossless_flag", 2, 19, 19),
    u("luma_y_qm_level", 2, 23, 20),
    u("chroma_u_qm_level", 2, 27, 24),
    u("chroma_v_qm_level", 2, 31, 28),
    i("delta_loop_filter_level_luma_vertical", 3, 6, 0),
    i("delta_loop_filter_level_luma_horizontal", 3, 13, 7),
    i("delta_loop_filter_level_chroma_u", 3, 20, 14),
    i("delta_loop_filter_level_chroma_v", 3, 27, 21),
    u("reference_frame", 3, 30, 28),
];

/// `AVP_INLOOP_FILTER_STATE`.
pub(crate) const FILTER_FIELDS: &[Field] = &[
    u("luma_y_deblocker_filter_level_vertical", 1, 5, 0),
    u("luma_y_deblocker_filter_level_horizontal", 1, 11, 6),
    u("chroma_u_deblocker_filter_level", 1, 17, 12),
    u("chroma_v_deblocker_filter_level", 1, 23, 18),
    u("deblocker_filter_sharpness_level", 1, 26, 24),
    u("deblocker_filter_mode_ref_delta_enable_flag", 1, 27, 27),
    u("deblocker_delta_lf_resolution", 1, 29, 28),
    u("deblocker_filter_delta_lf_multi_flag", 1, 30, 30),
    u("deblocker_filter_delta_lf_present_flag", 1, 31, 31),
    list(i("deblocker_filter_ref_deltas", 2, 6, 0), 8, 8),
    list(i("deblocker_filter_mode_deltas", 4, 6, 0), 2, 8),
    list(u("cdef_y_strength_0_to_3", 5, 5, 0), 4, 6),
    u("cdef_bits", 5, 29, 28),
    u("cdef_damping_minus_3", 5, 31, 30),
    list(u("cdef_y_strength_4_to_7", 6, 5, 0), 4, 6),
    list(u("cdef_uv_strength_0_to_3", 7, 5, 0), 4, 6),
    list(u("cdef_uv_strength_4_to_7", 8, 5, 0), 4, 6),
    u("super_res_upscaled_frame_width_minus_1", 9, 15, 0),
    u("super_res_denom", 9, 20, 16),
    list(u("frame_loop_restoration_filter", 10, 1, 0), 3, 2),
    u("loop_restoration_unit_size_luma_y", 10, 9, 8),
    u("use_same_loop_restoration_unit_size_chromas_uv_flag", 10, 10, 10),
    u("luma_plane_x_step_qn", 11, 15, 0),
    u("luma_plane_x0_qn", 12, 31, 0),
    u("chroma_plane_x_step_qn", 13, 15, 0),
    u("chroma_plane_x0_qn", 14, 31, 0),
];

/// `AVP_FILM_GRAIN_STATE`, since Xe2.
pub(crate) const GRAIN_FIELDS: &[Field] = &[
    u("grain_random_seed", 1, 15, 0),
    u("mc_identity_flag", 1, 16, 16),
    u("clip_to_restricted_range_flag", 1, 17, 17),
    u("number_of_luma_points", 1, 23, 20),
    u("number_of_chroma_cb_points", 1, 27, 24),
    u("number_of_chroma_cr_points", 1, 31, 28),
    u("grain_scaling_minus_8", 2, 1, 0),
    u("ar_coeff_lag", 2, 3, 2),
    u("ar_coeff_shift_minus_6", 2, 5, 4),
    u("grain_scale_shift", 2, 7, 6),
    u("grain_noise_overlap_flag", 2, 8, 8),
    u("chroma_scaling_from_luma_flag", 2, 31, 31),
    list(u("point_luma_value", 3, 7, 0), 14, 8),
    list(u("point_luma_scaling", 7, 7, 0), 14, 8),
    list(u("point_cb_value", 11, 7, 0), 10, 8),
    list(u("point_cb_scaling", 14, 7, 0), 10, 8),
    list(u("point_cr_value", 17, 7, 0), 10, 8),
    list(u("point_cr_scaling", 20, 7, 0), 10, 8),
    list(u("ar_coeff_luma_plus_128", 23, 7, 0), 24, 8),
    list(u("ar_coeff_chroma_cb_plus_128", 29, 7, 0), 25, 8),
    list(u("ar_coeff_chroma_cr_plus_128", 36, 7, 0), 25, 8),
    u("cb_mult", 43, 7, 0),
    u("cb_luma_mult", 43, 15, 8),
    u("cb_offset", 43, 24, 16),
    u("cr_mult", 44, 7, 0),
    u("cr_luma_mult", 44, 15, 8),
    u("cr_offset", 44, 24, 16),
];

/// `AVP_TILE_CODING`.
pub(crate) const TILE_FIELDS: &[Field] = &[
    u("frame_tile_id", 1, 11, 0),
    u("tg_tile_num", 1, 23, 12),
    u("tile_group_id", 1, 31, 24),
    u("column_position_in_sb", 2, 9, 0),
    u("row_position_in_sb", 2, 25, 16),
    u("width_in_sb_minus_1", 3, 5, 0),
    u("height_in_sb_minus_1", 3, 25, 16),
    u("is_last_tile_of_column_flag", 4, 25, 25),
    u("is_last_tile_of_row_flag", 4, 26, 26),
    u("is_start_tile_of_tile_group_flag", 4, 27, 27),
    u("is_end_tile_of_tile_group_flag", 4, 28, 28),
    u("is_last_tile_of_frame_flag", 4, 29, 29),
    u("disable_cdf_update_flag", 4, 30, 30),
    u("disable_frame_context_update_flag", 4, 31, 31),
    u("num_of_tile_columns_in_frame_minus_1", 5, 21, 12),
    u("num_of_tile_rows_in_frame_minus_1", 5, 31, 22),
];

/// `AVP_SURFACE_STATE`, after the surface's number.
pub(crate) const SURFACE_FIELDS: &[Field] = &[
    u("surface_pitch_minus_1", 1, 15, 0),
    u("y_offset_for_u_cb", 2, 14, 0),
    u("surface_format", 2, 31, 27),
    u("y_offset_for_v_cr", 3, 31, 16),
];

/// Numbers of surfaces: the decoded picture, and the picture with film grain, which is an image of its
/// own with another pitch wherever it is smaller than the pictures that are referred to.
pub(crate) const OUTPUT_SURFACE: u32 = 0;
pub(crate) const GRAIN_SURFACE: u32 = 2;
/// Of the intra frame; those of references follow, by name.
pub(crate) const FIRST_REFERENCE_SURFACE: u32 = 6;

/// Words of `AVP_PIPE_BUF_ADDR_STATE` at which addresses begin.
pub(crate) const AT_REFERENCES: usize = 1;
pub(crate) const AT_OUTPUT: usize = 18;
pub(crate) const AT_GRAIN_OUTPUT: usize = 21;
pub(crate) const AT_CDF_READ: usize = 27;
pub(crate) const AT_CDF_WRITE: usize = 30;
pub(crate) const AT_SEGMENT_READ: usize = 33;
pub(crate) const AT_SEGMENT_WRITE: usize = 36;
pub(crate) const AT_MOTION_READ: usize = 39;
pub(crate) const AT_MOTION_WRITE: usize = 56;

impl Field {
    /// Adds `delta` to value `index`, wrapping; whether the command has it.
    pub(crate) fn add(&self, words: &mut [u32], index: usize, delta: i64) -> bool {
        let Some(value) = self.values(words).get(index).map(|value| value.wrapping_add(delta))
        else {
            return false;
        };
        for bit in 0..self.bits {
            let at = self.word * 32 + self.low + index * self.step + bit;
            let Some(word) = words.get_mut(at / 32) else { return false };
            *word = *word & !(1 << (at % 32)) | ((value >> bit & 1) as u32) << (at % 32);
        }
        true
    }

    /// Its values in a command; bits that the command does not have are 0.
    pub(crate) fn values(&self, words: &[u32]) -> Vec<i64> {
        let bit =
            |at: usize| words.get(at / 32).map_or(0, |word| i64::from((word >> (at % 32)) & 1));
        let value = |index: usize| {
            let at = self.word * 32 + self.low + index * self.step;
            let value = (0..self.bits).fold(0, |value, b| value | bit(at + b) << b);
            let negative = self.signed && value >> (self.bits - 1) & 1 == 1;
            if negative { value - (1 << self.bits) } else { value }
        };
        (0..self.count).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_out_and_signed() {
        let words = [0, 0x8000_007F, 0xFFFF_0001];
        assert_eq!(i("a", 1, 6, 0).values(&words), [-1]);
        assert_eq!(u("b", 1, 31, 24).values(&words), [0x80]);
        assert_eq!(list(i("c", 2, 15, 0), 2, 16).values(&words), [1, -1]);
        assert_eq!(list(u("d", 1, 2, 0), 3, 4).values(&words), [7, 7, 0]);
        assert_eq!(u("e", 3, 31, 0).values(&words), [0]);
    }

    #[test]
    fn fields_of_a_command_do_not_overlap() {
        let tables = [
            PICTURE_FIELDS,
            INTER_FIELDS,
            SEGMENT_FIELDS,
            FILTER_FIELDS,
            GRAIN_FIELDS,
            TILE_FIELDS,
        ];
        for table in tables {
            let mut taken = std::collections::BTreeSet::new();
            for field in table {
                for index in 0..field.count {
                    let at = field.word * 32 + field.low + index * field.step;
                    for bit in at..at + field.bits {
                        assert!(taken.insert(bit), "{} overlaps", field.name);
                    }
                }
            }
        }
    }
}
