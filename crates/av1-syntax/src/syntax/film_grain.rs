//! Film grain parameters: specification 5.9.30. Coded values throughout.

use super::frame_type::FrameType;
use super::sequence::SequenceHeader;
use super::{REFS_PER_FRAME, RefSlot};
use crate::bits::BitReader;
use crate::error::{StreamError, StreamFault};

/// `film_grain_params()`. With `apply_grain` 0 everything else is 0 (`reset_grain_params()`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilmGrainParams {
    /// `apply_grain`.
    pub apply_grain: bool,
    /// `grain_seed`.
    pub grain_seed: u16,
    /// `update_grain`, coded or inferred.
    pub update_grain: bool,
    /// `film_grain_params_ref_idx`, if `update_grain` is 0.
    pub film_grain_params_ref_idx: u8,
    /// `num_y_points`: 0 to 14.
    pub num_y_points: u8,
    /// `point_y_value`.
    pub point_y_value: [u8; 14],
    /// `point_y_scaling`.
    pub point_y_scaling: [u8; 14],
    /// `chroma_scaling_from_luma`.
    pub chroma_scaling_from_luma: bool,
    /// `num_cb_points`: 0 to 10.
    pub num_cb_points: u8,
    /// `point_cb_value`.
    pub point_cb_value: [u8; 10],
    /// `point_cb_scaling`.
    pub point_cb_scaling: [u8; 10],
    /// `num_cr_points`: 0 to 10.
    pub num_cr_points: u8,
    /// `point_cr_value`.
    pub point_cr_value: [u8; 10],
    /// `point_cr_scaling`.
    pub point_cr_scaling: [u8; 10],
    /// `grain_scaling_minus_8`.
    pub grain_scaling_minus_8: u8,
    /// `ar_coeff_lag`.
    pub ar_coeff_lag: u8,
    /// `ar_coeffs_y_plus_128`.
    pub ar_coeffs_y_plus_128: [u8; 24],
    /// `ar_coeffs_cb_plus_128`.
    pub ar_coeffs_cb_plus_128: [u8; 25],
    /// `ar_coeffs_cr_plus_128`.
    pub ar_coeffs_cr_plus_128: [u8; 25],
    /// `ar_coeff_shift_minus_6`.
    pub ar_coeff_shift_minus_6: u8,
    /// `grain_scale_shift`.
    pub grain_scale_shift: u8,
    /// `cb_mult`.
    pub cb_mult: u8,
    /// `cb_luma_mult`.
    pub cb_luma_mult: u8,
    /// `cb_offset`: 9 bits.
    pub cb_offset: u16,
    /// `cr_mult`.
    pub cr_mult: u8,
    /// `cr_luma_mult`.
    pub cr_luma_mult: u8,
    /// `cr_offset`: 9 bits.
    pub cr_offset: u16,
    /// `overlap_flag`.
    pub overlap_flag: bool,
    /// `clip_to_restricted_range`.
    pub clip_to_restricted_range: bool,
}

type Result<T> = std::result::Result<T, StreamError>;

/// `film_grain_params()`, 5.9.30, of a frame for which it is coded; `saved` gives those of the frame
/// in a slot.
pub(super) fn film_grain_params(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    frame_type: FrameType,
    ref_frame_idx: Option<&[RefSlot; REFS_PER_FRAME]>,
    saved: impl Fn(RefSlot) -> Option<FilmGrainParams>,
) -> Result<FilmGrainParams> {
    r.table("film_grain_params", "5.9.30");
    let mut g = FilmGrainParams { apply_grain: r.flag("apply_grain")?, ..Default::default() };
    if !g.apply_grain {
        return Ok(g);
    }
    g.grain_seed = r.f(16, "grain_seed")? as u16;
    g.update_grain = frame_type != FrameType::Inter || r.flag("update_grain")?;
    if !g.update_grain {
        return load_grain_params(r, ref_frame_idx, g.grain_seed, saved);
    }
    points(r, sequence, &mut g)?;
    g.grain_scaling_minus_8 = r.f8(2, "grain_scaling_minus_8")?;
    g.ar_coeff_lag = r.f8(2, "ar_coeff_lag")?;
    ar_coefficients(r, &mut g)?;
    g.ar_coeff_shift_minus_6 = r.f8(2, "ar_coeff_shift_minus_6")?;
    g.grain_scale_shift = r.f8(2, "grain_scale_shift")?;
    if g.num_cb_points > 0 {
        g.cb_mult = r.f8(8, "cb_mult")?;
        g.cb_luma_mult = r.f8(8, "cb_luma_mult")?;
        g.cb_offset = r.f(9, "cb_offset")? as u16;
    }
    if g.num_cr_points > 0 {
        g.cr_mult = r.f8(8, "cr_mult")?;
        g.cr_luma_mult = r.f8(8, "cr_luma_mult")?;
        g.cr_offset = r.f(9, "cr_offset")? as u16;
    }
    g.overlap_flag = r.flag("overlap_flag")?;
    g.clip_to_restricted_range = r.flag("clip_to_restricted_range")?;
    Ok(g)
}

/// load_grain_params(), 6.8.20, with the frame's own seed.
fn load_grain_params(
    r: &mut BitReader<'_>,
    ref_frame_idx: Option<&[RefSlot; REFS_PER_FRAME]>,
    grain_seed: u16,
    saved: impl Fn(RefSlot) -> Option<FilmGrainParams>,
) -> Result<FilmGrainParams> {
    let idx = r.f8(3, "film_grain_params_ref_idx")?;
    let slot = RefSlot::from_low_bits(idx.into());
    if !ref_frame_idx.is_some_and(|all| all.contains(&slot)) {
        let rule = "film_grain_params_ref_idx is one of ref_frame_idx";
        return Err(r.bad("film_grain_params_ref_idx", idx.into(), rule));
    }
    let Some(loaded) = saved(slot) else {
        let fault = StreamFault::MissingReference { slot: idx };
        return Err(StreamError::new(fault).section("6.8.20"));
    };
    Ok(FilmGrainParams {
        // load_grain_params() loads every value, apply_grain among them.
        grain_seed,
        update_grain: false,
        film_grain_params_ref_idx: idx,
        ..loaded
    })
}

fn points(r: &mut BitReader<'_>, sequence: &SequenceHeader, g: &mut FilmGrainParams) -> Result<()> {
    let color = &sequence.color_config;
    g.num_y_points = num_points(r, "num_y_points", 14)?;
    let y = (&mut g.point_y_value[..], &mut g.point_y_scaling[..]);
    point_list(r, g.num_y_points, y, ("point_y_value", "point_y_scaling"))?;
    g.chroma_scaling_from_luma = !color.mono_chrome && r.flag("chroma_scaling_from_luma")?;
    let subsampled = color.subsampling_x && color.subsampling_y;
    if color.mono_chrome || g.chroma_scaling_from_luma || (subsampled && g.num_y_points == 0) {
        return Ok(());
    }
    g.num_cb_points = num_points(r, "num_cb_points", 10)?;
    let cb = (&mut g.point_cb_value[..], &mut g.point_cb_scaling[..]);
    point_list(r, g.num_cb_points, cb, ("point_cb_value", "point_cb_scaling"))?;
    g.num_cr_points = num_points(r, "num_cr_points", 10)?;
    let cr = (&mut g.point_cr_value[..], &mut g.point_cr_scaling[..]);
    point_list(r, g.num_cr_points, cr, ("point_cr_value", "point_cr_scaling"))?;
    if subsampled && (g.num_cb_points == 0) != (g.num_cr_points == 0) {
        let rule = "in 4:2:0 cb and cr have points both or neither";
        return Err(r.bad("num_cr_points", g.num_cr_points.into(), rule));
    }
    Ok(())
}

fn num_points(r: &mut BitReader<'_>, element: &'static str, max: u8) -> Result<u8> {
    let n = r.f8(4, element)?;
    if n > max {
        return Err(r.bad(element, n.into(), "at most 14 points for luma, 10 for chroma"));
    }
    Ok(n)
}

fn point_list(
    r: &mut BitReader<'_>,
    n: u8,
    (values, scalings): (&mut [u8], &mut [u8]),
    names: (&'static str, &'static str),
) -> Result<()> {
    let mut last: Option<u8> = None;
    let points = values.iter_mut().zip(scalings).take(n.into());
    for (i, (value, scaling)) in points.enumerate() {
        *value = r.f_at(8, names.0, i)? as u8;
        if last.is_some_and(|last| *value <= last) {
            return Err(r.bad(names.0, (*value).into(), "points increase"));
        }
        last = Some(*value);
        *scaling = r.f_at(8, names.1, i)? as u8;
    }
    Ok(())
}

fn ar_coefficients(r: &mut BitReader<'_>, g: &mut FilmGrainParams) -> Result<()> {
    let lag = usize::from(g.ar_coeff_lag);
    let num_pos_luma = 2 * lag * (lag + 1);
    let mut num_pos_chroma = num_pos_luma;
    if g.num_y_points > 0 {
        num_pos_chroma += 1;
        for (i, c) in g.ar_coeffs_y_plus_128.iter_mut().take(num_pos_luma).enumerate() {
            *c = r.f_at(8, "ar_coeffs_y_plus_128", i)? as u8;
        }
    }
    if g.chroma_scaling_from_luma || g.num_cb_points > 0 {
        for (i, c) in g.ar_coeffs_cb_plus_128.iter_mut().take(num_pos_chroma).enumerate() {
            *c = r.f_at(8, "ar_coeffs_cb_plus_128", i)? as u8;
        }
    }
    if g.chroma_scaling_from_luma || g.num_cr_points > 0 {
        for (i, c) in g.ar_coeffs_cr_plus_128.iter_mut().take(num_pos_chroma).enumerate() {
            *c = r.f_at(8, "ar_coeffs_cr_plus_128", i)? as u8;
        }
    }
    Ok(())
}
