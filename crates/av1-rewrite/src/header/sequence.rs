//! `sequence_header_obu()`, specification 5.5.

use av1_syntax::syntax::sequence::{
    ColorConfig, DecoderModelInfo, OperatingPoint, SequenceHeader, TimingInfo,
};

use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// SELECT_SCREEN_CONTENT_TOOLS and SELECT_INTEGER_MV.
const SELECT: u8 = 2;
/// CP_BT_709, TC_SRGB and MC_IDENTITY of 6.4.2.
const SRGB: (u8, u8, u8) = (1, 13, 0);

/// `sequence_header_obu()`, 5.5.1.
///
/// # Errors
/// A value has no code, or is given where there is none.
pub fn sequence_header_obu(w: &mut BitWriter, s: &SequenceHeader) -> Result<()> {
    w.f(3, s.seq_profile, "seq_profile")?;
    w.flag(s.still_picture);
    w.flag(s.reduced_still_picture_header);
    if s.reduced_still_picture_header {
        let level = s.operating_points.first().map_or(31, |point| point.seq_level_idx);
        w.f(5, level, "seq_level_idx")?;
    } else {
        operating_points(w, s)?;
    }
    w.f(4, s.frame_width_bits_minus_1, "frame_width_bits_minus_1")?;
    w.f(4, s.frame_height_bits_minus_1, "frame_height_bits_minus_1")?;
    let n = u32::from(s.frame_width_bits_minus_1) + 1;
    w.f(n, s.max_frame_width_minus_1, "max_frame_width_minus_1")?;
    let n = u32::from(s.frame_height_bits_minus_1) + 1;
    w.f(n, s.max_frame_height_minus_1, "max_frame_height_minus_1")?;
    if !s.reduced_still_picture_header {
        w.flag(s.frame_id_numbers.is_some());
        if let Some(numbers) = s.frame_id_numbers {
            let (delta, more) =
                (numbers.delta_frame_id_length_minus_2, numbers.additional_frame_id_length_minus_1);
            w.f(4, delta, "delta_frame_id_length_minus_2")?;
            w.f(3, more, "additional_frame_id_length_minus_1")?;
        }
    }
    w.flag(s.use_128x128_superblock);
    w.flag(s.enable_filter_intra);
    w.flag(s.enable_intra_edge_filter);
    if !s.reduced_still_picture_header {
        inter_tools(w, s)?;
    }
    w.flag(s.enable_superres);
    w.flag(s.enable_cdef);
    w.flag(s.enable_restoration);
    color_config(w, s.seq_profile, &s.color_config)?;
    w.flag(s.film_grain_params_present);
    Ok(())
}

fn operating_points(w: &mut BitWriter, s: &SequenceHeader) -> Result<()> {
    w.flag(s.timing_info.is_some());
    if let Some(timing) = &s.timing_info {
        timing_info(w, timing)?;
        w.flag(s.decoder_model_info.is_some());
        if let Some(model) = &s.decoder_model_info {
            decoder_model_info(w, model)?;
        }
    } else if s.decoder_model_info.is_some() {
        return Err(bad("decoder_model_info_present_flag", 1, "there is no timing_info()"));
    }
    w.flag(s.initial_display_delay_present_flag);
    let count = u32::try_from(s.operating_points.len()).unwrap_or(u32::MAX);
    let Some(count_minus_1) = count.checked_sub(1) else {
        return Err(bad("operating_points_cnt_minus_1", -1, "there is at least one"));
    };
    w.f(5, count_minus_1, "operating_points_cnt_minus_1")?;
    s.operating_points.iter().try_for_each(|point| operating_point(w, s, point))
}

fn operating_point(w: &mut BitWriter, s: &SequenceHeader, point: &OperatingPoint) -> Result<()> {
    w.f(12, point.operating_point_idc, "operating_point_idc")?;
    w.f(5, point.seq_level_idx, "seq_level_idx")?;
    if point.seq_level_idx > 7 {
        w.flag(point.seq_tier);
    }
    match (&s.decoder_model_info, &point.operating_parameters_info) {
        (Some(model), info) => {
            w.flag(info.is_some());
            if let Some(info) = info {
                let n = u32::from(model.buffer_delay_length_minus_1) + 1;
                w.f(n, info.decoder_buffer_delay, "decoder_buffer_delay")?;
                w.f(n, info.encoder_buffer_delay, "encoder_buffer_delay")?;
                w.flag(info.low_delay_mode_flag);
            }
        }
        (None, Some(_)) => {
            let rule = "there is no decoder_model_info()";
            return Err(bad("decoder_model_present_for_this_op", 1, rule));
        }
        (None, None) => {}
    }
    if s.initial_display_delay_present_flag {
        w.flag(point.initial_display_delay_minus_1.is_some());
        if let Some(delay) = point.initial_display_delay_minus_1 {
            w.f(4, delay, "initial_display_delay_minus_1")?;
        }
    }
    Ok(())
}

/// `timing_info()`, 5.5.3.
fn timing_info(w: &mut BitWriter, timing: &TimingInfo) -> Result<()> {
    w.f(32, timing.num_units_in_display_tick, "num_units_in_display_tick")?;
    w.f(32, timing.time_scale, "time_scale")?;
    w.flag(timing.num_ticks_per_picture_minus_1.is_some());
    timing.num_ticks_per_picture_minus_1.into_iter().for_each(|ticks| w.uvlc(ticks));
    Ok(())
}

/// `decoder_model_info()`, 5.5.4.
fn decoder_model_info(w: &mut BitWriter, model: &DecoderModelInfo) -> Result<()> {
    w.f(5, model.buffer_delay_length_minus_1, "buffer_delay_length_minus_1")?;
    w.f(32, model.num_units_in_decoding_tick, "num_units_in_decoding_tick")?;
    w.f(5, model.buffer_removal_time_length_minus_1, "buffer_removal_time_length_minus_1")?;
    let element = "frame_presentation_time_length_minus_1";
    w.f(5, model.frame_presentation_time_length_minus_1, element)
}

fn inter_tools(w: &mut BitWriter, s: &SequenceHeader) -> Result<()> {
    w.flag(s.enable_interintra_compound);
    w.flag(s.enable_masked_compound);
    w.flag(s.enable_warped_motion);
    w.flag(s.enable_dual_filter);
    w.flag(s.enable_order_hint);
    if s.enable_order_hint {
        w.flag(s.enable_jnt_comp);
        w.flag(s.enable_ref_frame_mvs);
    }
    let force = s.seq_force_screen_content_tools;
    w.flag(force == SELECT); // seq_choose_screen_content_tools
    if force != SELECT {
        w.f(1, force, "seq_force_screen_content_tools")?;
    }
    if force > 0 {
        w.flag(s.seq_force_integer_mv == SELECT); // seq_choose_integer_mv
        if s.seq_force_integer_mv != SELECT {
            w.f(1, s.seq_force_integer_mv, "seq_force_integer_mv")?;
        }
    }
    if s.enable_order_hint {
        w.f(3, s.order_hint_bits_minus_1, "order_hint_bits_minus_1")?;
    }
    Ok(())
}

/// `color_config()`, 5.5.2.
fn color_config(w: &mut BitWriter, seq_profile: u8, c: &ColorConfig) -> Result<()> {
    w.flag(c.high_bitdepth);
    if seq_profile == 2 && c.high_bitdepth {
        w.flag(c.twelve_bit);
    }
    if seq_profile != 1 {
        w.flag(c.mono_chrome);
    }
    w.flag(c.color_description_present_flag);
    if c.color_description_present_flag {
        w.f(8, c.color_primaries, "color_primaries")?;
        w.f(8, c.transfer_characteristics, "transfer_characteristics")?;
        w.f(8, c.matrix_coefficients, "matrix_coefficients")?;
    }
    if c.mono_chrome {
        w.flag(c.color_range);
        return Ok(());
    }
    if (c.color_primaries, c.transfer_characteristics, c.matrix_coefficients) != SRGB {
        w.flag(c.color_range);
        if seq_profile == 2 && c.twelve_bit {
            w.flag(c.subsampling_x);
            if c.subsampling_x {
                w.flag(c.subsampling_y);
            }
        }
        if c.subsampling_x && c.subsampling_y {
            w.f(2, c.chroma_sample_position, "chroma_sample_position")?;
        }
    }
    w.flag(c.separate_uv_delta_q);
    Ok(())
}
