//! Film grain parameters: specification 5.9.30.

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::sequence::SequenceHeader;

use super::HeaderForm;
use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `film_grain_params()`, 5.9.30, of a frame for which it is coded.
pub(super) fn film_grain_params(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    h: &FrameHeader,
    form: &HeaderForm,
) -> Result<()> {
    let g = &h.film_grain_params;
    // Loaded parameters have the flag of where they come from.
    let is_loaded = !g.update_grain && h.frame_type == FrameType::Inter;
    let apply_grain = g.apply_grain || is_loaded && form.apply_grain;
    w.flag(apply_grain);
    if !apply_grain {
        return Ok(());
    }
    w.f(16, g.grain_seed, "grain_seed")?;
    if h.frame_type == FrameType::Inter {
        w.flag(g.update_grain);
    } else if !g.update_grain {
        return Err(bad("update_grain", 0, "only inter frames load parameters"));
    }
    if !g.update_grain {
        return w.f(3, g.film_grain_params_ref_idx, "film_grain_params_ref_idx");
    }
    points(w, sequence, g)?;
    w.f(2, g.grain_scaling_minus_8, "grain_scaling_minus_8")?;
    w.f(2, g.ar_coeff_lag, "ar_coeff_lag")?;
    ar_coefficients(w, g)?;
    w.f(2, g.ar_coeff_shift_minus_6, "ar_coeff_shift_minus_6")?;
    w.f(2, g.grain_scale_shift, "grain_scale_shift")?;
    if g.num_cb_points > 0 {
        w.f(8, g.cb_mult, "cb_mult")?;
        w.f(8, g.cb_luma_mult, "cb_luma_mult")?;
        w.f(9, g.cb_offset, "cb_offset")?;
    }
    if g.num_cr_points > 0 {
        w.f(8, g.cr_mult, "cr_mult")?;
        w.f(8, g.cr_luma_mult, "cr_luma_mult")?;
        w.f(9, g.cr_offset, "cr_offset")?;
    }
    w.flag(g.overlap_flag);
    w.flag(g.clip_to_restricted_range);
    Ok(())
}

fn points(w: &mut BitWriter, sequence: &SequenceHeader, g: &FilmGrainParams) -> Result<()> {
    let color = &sequence.color_config;
    let y = (&g.point_y_value[..], &g.point_y_scaling[..]);
    point_list(w, g.num_y_points, y, "num_y_points")?;
    if !color.mono_chrome {
        w.flag(g.chroma_scaling_from_luma);
    }
    let subsampled = color.subsampling_x && color.subsampling_y;
    if color.mono_chrome || g.chroma_scaling_from_luma || subsampled && g.num_y_points == 0 {
        return Ok(());
    }
    let cb = (&g.point_cb_value[..], &g.point_cb_scaling[..]);
    point_list(w, g.num_cb_points, cb, "num_cb_points")?;
    let cr = (&g.point_cr_value[..], &g.point_cr_scaling[..]);
    point_list(w, g.num_cr_points, cr, "num_cr_points")
}

fn point_list(
    w: &mut BitWriter,
    n: u8,
    (values, scalings): (&[u8], &[u8]),
    element: &'static str,
) -> Result<()> {
    w.f(4, n, element)?;
    if usize::from(n) > values.len() {
        return Err(bad(element, n, "at most 14 points for luma, 10 for chroma"));
    }
    for (value, scaling) in values.iter().zip(scalings).take(n.into()) {
        w.f(8, *value, "point_value")?;
        w.f(8, *scaling, "point_scaling")?;
    }
    Ok(())
}

fn ar_coefficients(w: &mut BitWriter, g: &FilmGrainParams) -> Result<()> {
    let lag = usize::from(g.ar_coeff_lag);
    let num_pos_luma = 2 * lag * (lag + 1);
    let num_pos_chroma = num_pos_luma + usize::from(g.num_y_points > 0);
    let mut list = |values: &[u8], n: usize| {
        values.iter().take(n).try_for_each(|c| w.f(8, *c, "ar_coeffs_plus_128"))
    };
    if g.num_y_points > 0 {
        list(&g.ar_coeffs_y_plus_128, num_pos_luma)?;
    }
    if g.chroma_scaling_from_luma || g.num_cb_points > 0 {
        list(&g.ar_coeffs_cb_plus_128, num_pos_chroma)?;
    }
    if g.chroma_scaling_from_luma || g.num_cr_points > 0 {
        list(&g.ar_coeffs_cr_plus_128, num_pos_chroma)?;
    }
    Ok(())
}
