//! `film_grain_params()`, spec 5.9.30: always the full set, never another frame's.

use super::super::obu_writer::BitWriter;
use super::{FrameType, HeaderInput, Show};
use crate::job::FilmGrain;

/// `film_grain_params()`, where the sequence has film grain; `None` applies none.
pub(super) fn film_grain_params(
    w: &mut BitWriter,
    input: &HeaderInput<'_>,
    film_grain: Option<&FilmGrain>,
) {
    w.flag(film_grain.is_some()); // apply_grain
    let Some(std) = film_grain else { return };
    w.f(16, u32::from(std.grain_seed));
    if matches!(input.frame_type, FrameType::Inter | FrameType::Switch) && input.show != Show::Copy
    {
        w.flag(true); // update_grain
    }
    points(w, 4, std.num_y_points, &std.point_y_value, &std.point_y_scaling);
    let sequence = input.sequence;
    let mono_chrome = sequence.mono_chrome;
    let from_luma = !mono_chrome && std.flags.chroma_scaling_from_luma() != 0;
    if !mono_chrome {
        w.flag(from_luma); // chroma_scaling_from_luma
    }
    let is_420 = sequence.subsampling_x && sequence.subsampling_y;
    let no_chroma = mono_chrome || from_luma || (is_420 && std.num_y_points == 0);
    let (mut num_cb, mut num_cr) = (0, 0);
    if !no_chroma {
        num_cb = std.num_cb_points;
        num_cr = std.num_cr_points;
        points(w, 4, num_cb, &std.point_cb_value, &std.point_cb_scaling);
        points(w, 4, num_cr, &std.point_cr_value, &std.point_cr_scaling);
    }
    w.f(2, u32::from(std.grain_scaling_minus_8));
    let lag = usize::from(std.ar_coeff_lag & 3);
    w.f(2, lag as u32);
    let num_pos_luma = 2 * lag * (lag + 1);
    let num_pos_chroma = num_pos_luma + usize::from(std.num_y_points > 0);
    if std.num_y_points > 0 {
        coefficients(w, &std.ar_coeffs_y_plus_128, num_pos_luma);
    }
    if from_luma || num_cb > 0 {
        coefficients(w, &std.ar_coeffs_cb_plus_128, num_pos_chroma);
    }
    if from_luma || num_cr > 0 {
        coefficients(w, &std.ar_coeffs_cr_plus_128, num_pos_chroma);
    }
    w.f(2, u32::from(std.ar_coeff_shift_minus_6));
    w.f(2, u32::from(std.grain_scale_shift));
    if num_cb > 0 {
        multipliers(w, std.cb_mult, std.cb_luma_mult, std.cb_offset);
    }
    if num_cr > 0 {
        multipliers(w, std.cr_mult, std.cr_luma_mult, std.cr_offset);
    }
    w.flag(std.flags.overlap_flag() != 0);
    w.flag(std.flags.clip_to_restricted_range() != 0);
}

/// A number of points, and that many of `values` and `scalings`.
fn points(w: &mut BitWriter, bits: u32, count: u8, values: &[u8], scalings: &[u8]) {
    w.f(bits, u32::from(count));
    for (&value, &scaling) in values.iter().zip(scalings).take(usize::from(count)) {
        w.f(8, u32::from(value));
        w.f(8, u32::from(scaling));
    }
}

/// The first `count` of `ar_coeffs_*_plus_128`, which Std declares signed.
fn coefficients(w: &mut BitWriter, coefficients_plus_128: &[i8], count: usize) {
    for &coefficient in coefficients_plus_128.iter().take(count) {
        w.f(8, u32::from(coefficient as u8));
    }
}

/// `cb_mult`, `cb_luma_mult` and `cb_offset`, or their twins.
fn multipliers(w: &mut BitWriter, mult: u8, luma_mult: u8, offset: u16) {
    w.f(8, u32::from(mult));
    w.f(8, u32::from(luma_mult));
    w.f(9, u32::from(offset));
}
