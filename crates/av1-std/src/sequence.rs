//! SequenceHeader -> StdVideoAV1SequenceHeader: a mapping, field by field. Returns parts with null
//! pointers; [`SequenceParts::joined`] joins them.

use ash::vk::native::{StdVideoAV1ColorConfig, StdVideoAV1SequenceHeader, StdVideoAV1TimingInfo};

use av1_syntax::syntax::sequence::{ColorConfig, SequenceHeader, TimingInfo};

use crate::members::{color_members, frame_id_members, put, sequence_members, timing_members};
use crate::owned;

/// The parts of one sequence header.
#[derive(Clone, Copy, Debug)]
pub struct SequenceParts {
    /// The header, with null pointers.
    pub header: StdVideoAV1SequenceHeader,
    /// For `pColorConfig`.
    pub color_config: StdVideoAV1ColorConfig,
    /// For `pTimingInfo`: zeros if the header has none. Every other client points to one.
    pub timing_info: StdVideoAV1TimingInfo,
}

impl SequenceParts {
    /// The header with its pointers, which live as long as `self` is not moved.
    pub fn joined(&self) -> StdVideoAV1SequenceHeader {
        let mut header = self.header;
        header.pColorConfig = &self.color_config;
        header.pTimingInfo = &self.timing_info;
        header
    }
}

/// The parts of `s`.
pub fn sequence_parts(s: &SequenceHeader) -> SequenceParts {
    let mut header = owned::SequenceHeader {
        seq_profile: u32::from(s.seq_profile),
        // At most 16 bits are coded.
        max_frame_width_minus_1: s.max_frame_width_minus_1 as u16,
        max_frame_height_minus_1: s.max_frame_height_minus_1 as u16,
        frame_id_numbers_present_flag: s.frame_id_numbers.is_some(),
        timing_info_present_flag: s.timing_info.is_some(),
        ..Default::default()
    };
    sequence_members!(put!(header, s));
    if let Some(ids) = &s.frame_id_numbers {
        frame_id_members!(put!(header, ids));
    }
    SequenceParts {
        header: header.std(),
        color_config: color_config(&s.color_config),
        timing_info: timing_info(s.timing_info.as_ref()),
    }
}

fn color_config(c: &ColorConfig) -> StdVideoAV1ColorConfig {
    let mut config = owned::ColorConfig {
        BitDepth: c.bit_depth(),
        subsampling_x: c.subsampling_x.into(),
        subsampling_y: c.subsampling_y.into(),
        color_primaries: c.color_primaries.into(),
        transfer_characteristics: c.transfer_characteristics.into(),
        matrix_coefficients: c.matrix_coefficients.into(),
        chroma_sample_position: c.chroma_sample_position.into(),
        ..Default::default()
    };
    color_members!(put!(config, c));
    config.std()
}

fn timing_info(t: Option<&TimingInfo>) -> StdVideoAV1TimingInfo {
    let ticks = t.and_then(|t| t.num_ticks_per_picture_minus_1);
    let mut info = owned::TimingInfo {
        equal_picture_interval: ticks.is_some(),
        num_ticks_per_picture_minus_1: ticks.unwrap_or(0),
        ..Default::default()
    };
    if let Some(t) = t {
        timing_members!(put!(info, t));
    }
    info.std()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ash::vk::native::StdVideoAV1SequenceHeaderFlags;
    use av1_syntax::syntax::sequence::FrameIdNumbers;
    use av1_syntax::syntax::testing::plain_sequence;

    #[test]
    fn sizes_are_those_of_the_header_files() {
        assert_eq!(size_of::<StdVideoAV1SequenceHeader>(), 40);
        assert_eq!(size_of::<StdVideoAV1ColorConfig>(), 24);
        assert_eq!(size_of::<StdVideoAV1TimingInfo>(), 16);
    }

    #[test]
    fn there_is_timing_info_for_a_driver_that_reads_it_unasked() {
        let parts = sequence_parts(&plain_sequence());
        assert_eq!(parts.header.flags.timing_info_present_flag(), 0);
        assert!(std::ptr::eq(parts.joined().pTimingInfo, &parts.timing_info));
        assert_eq!(
            (parts.timing_info.time_scale, parts.timing_info.num_units_in_display_tick),
            (0, 0)
        );
    }

    #[test]
    fn each_flag_reaches_its_bit() {
        type Row = (fn(&mut SequenceHeader), fn(&StdVideoAV1SequenceHeaderFlags) -> u32);
        let rows: [Row; 18] = [
            (|s| s.still_picture = true, |f| f.still_picture()),
            (|s| s.reduced_still_picture_header = true, |f| f.reduced_still_picture_header()),
            (|s| s.use_128x128_superblock = true, |f| f.use_128x128_superblock()),
            (|s| s.enable_filter_intra = true, |f| f.enable_filter_intra()),
            (|s| s.enable_intra_edge_filter = true, |f| f.enable_intra_edge_filter()),
            (|s| s.enable_interintra_compound = true, |f| f.enable_interintra_compound()),
            (|s| s.enable_masked_compound = true, |f| f.enable_masked_compound()),
            (|s| s.enable_warped_motion = true, |f| f.enable_warped_motion()),
            (|s| s.enable_dual_filter = true, |f| f.enable_dual_filter()),
            (|s| s.enable_order_hint = true, |f| f.enable_order_hint()),
            (|s| s.enable_jnt_comp = true, |f| f.enable_jnt_comp()),
            (|s| s.enable_ref_frame_mvs = true, |f| f.enable_ref_frame_mvs()),
            (|s| s.enable_superres = true, |f| f.enable_superres()),
            (|s| s.enable_cdef = true, |f| f.enable_cdef()),
            (|s| s.enable_restoration = true, |f| f.enable_restoration()),
            (|s| s.film_grain_params_present = true, |f| f.film_grain_params_present()),
            (
                |s| {
                    s.timing_info = Some(TimingInfo {
                        num_units_in_display_tick: 1,
                        time_scale: 2,
                        num_ticks_per_picture_minus_1: None,
                    })
                },
                |f| f.timing_info_present_flag(),
            ),
            (
                |s| s.initial_display_delay_present_flag = true,
                |f| f.initial_display_delay_present_flag(),
            ),
        ];
        for (nr, (set, _)) in rows.iter().enumerate() {
            let mut s = plain_sequence();
            set(&mut s);
            let flags = sequence_parts(&s).header.flags;
            let seen: Vec<u32> = rows.iter().map(|(_, get)| get(&flags)).collect();
            let mut expected = vec![0; rows.len()];
            expected[nr] = 1;
            assert_eq!(seen, expected, "flag {nr}");
        }
    }

    #[test]
    fn scalars_and_parts() {
        let mut s = plain_sequence();
        s.seq_profile = 2;
        s.max_frame_width_minus_1 = 65535;
        s.order_hint_bits_minus_1 = 6;
        s.seq_force_integer_mv = 2;
        s.seq_force_screen_content_tools = 1;
        s.frame_id_numbers = Some(FrameIdNumbers {
            delta_frame_id_length_minus_2: 12,
            additional_frame_id_length_minus_1: 3,
        });
        s.color_config.high_bitdepth = true;
        s.color_config.twelve_bit = true;
        s.color_config.mono_chrome = true;
        s.color_config.color_range = true;
        s.color_config.separate_uv_delta_q = true;
        s.color_config.color_description_present_flag = true;
        s.color_config.color_primaries = 9;
        s.color_config.transfer_characteristics = 16;
        s.color_config.matrix_coefficients = 10;
        s.color_config.chroma_sample_position = 2;
        s.color_config.subsampling_y = false;
        s.timing_info = Some(TimingInfo {
            num_units_in_display_tick: 1001,
            time_scale: 30000,
            num_ticks_per_picture_minus_1: Some(4),
        });
        let p = sequence_parts(&s);
        let (h, c) = (p.header, p.color_config);
        assert_eq!((h.seq_profile, h.max_frame_width_minus_1), (2, 65535));
        assert_eq!(h.max_frame_height_minus_1, 287);
        assert_eq!((h.frame_width_bits_minus_1, h.frame_height_bits_minus_1), (8, 9));
        assert_eq!(h.delta_frame_id_length_minus_2, 12);
        assert_eq!(h.additional_frame_id_length_minus_1, 3);
        assert_eq!(h.flags.frame_id_numbers_present_flag(), 1);
        assert_eq!(h.order_hint_bits_minus_1, 6);
        assert_eq!((h.seq_force_integer_mv, h.seq_force_screen_content_tools), (2, 1));
        assert_eq!((c.BitDepth, c.subsampling_x, c.subsampling_y), (12, 1, 0));
        assert_eq!((c.flags.mono_chrome(), c.flags.color_range()), (1, 1));
        assert_eq!(c.flags.separate_uv_delta_q(), 1);
        assert_eq!(c.flags.color_description_present_flag(), 1);
        assert_eq!((c.color_primaries, c.transfer_characteristics), (9, 16));
        assert_eq!((c.matrix_coefficients, c.chroma_sample_position), (10, 2));
        let t = p.timing_info;
        assert_eq!((t.num_units_in_display_tick, t.time_scale), (1001, 30000));
        assert_eq!((t.flags.equal_picture_interval(), t.num_ticks_per_picture_minus_1), (1, 4));
    }
}
