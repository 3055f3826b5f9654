//! Film grain tables: the text that aomenc (`--film-grain-table`) and SVT-AV1 (`--fgs-table`)
//! read, and the coded values of 5.9.30 behind it. The text has derived values (6.8.20): shifts
//! without their offsets, signed coefficients.

use std::fmt;

use av1_grain::GrainTableSegment;

use av1_syntax::syntax::film_grain::FilmGrainParams;

/// Units of time in a table: ticks of a second.
pub const TICKS_PER_SECOND: u64 = 10_000_000;

/// `pts` of a stream with `time_base` (seconds of one tick of the stream: numerator, denominator)
/// in ticks of a table, cut off as aomenc does: a time that is rounded up would be after its frame.
pub fn ticks(pts: u64, (num, den): (u32, u32)) -> u64 {
    let exact = u128::from(pts) * u128::from(num) * u128::from(TICKS_PER_SECOND);
    u64::try_from(exact / u128::from(den.max(1))).unwrap_or(u64::MAX)
}

/// A span of time in which frames have the same film grain, but for its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First tick.
    pub start: u64,
    /// Tick after the last.
    pub end: u64,
    /// The film grain; `grain_seed` is that of the first frame. What a table does not have is as
    /// [`tabled`] says.
    pub params: FilmGrainParams,
}

/// A film grain table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The segments in the order of the text.
    pub segments: Vec<Segment>,
}

/// Why a text is no film grain table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a film grain table: {0}")]
pub struct TableError(String);

impl Table {
    /// Reads `text`. Segments whose `apply_grain` is 0 are left out: they are gaps.
    ///
    /// # Errors
    /// The text has not the form of a table, or values that 5.9.30 cannot code.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let parsed = text::segments(text)?;
        let segments = parsed.iter().zip(1..).map(|(segment, number)| {
            let params =
                coded(segment).map_err(|rule| TableError(format!("segment {number}: {rule}")))?;
            Ok(Segment { start: segment.start_time, end: segment.end_time, params })
        });
        Ok(Self { segments: segments.collect::<Result<_, _>>()? })
    }

    /// The segment that a frame at `ticks` gets its film grain from: the first that has the time.
    pub fn at(&self, ticks: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.start <= ticks && ticks < segment.end)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "filmgrn1")?;
        self.segments.iter().try_for_each(|segment| write_segment(f, &derived(segment)))
    }
}

/// The text of a segment, with the blanks that aomenc writes.
fn write_segment(f: &mut fmt::Formatter<'_>, s: &GrainTableSegment) -> fmt::Result {
    writeln!(f, "E {} {} 1 {} 1", s.start_time, s.end_time, s.random_seed)?;
    let (cfl, overlap) = (u8::from(s.chroma_scaling_from_luma), u8::from(s.overlap_flag));
    write!(f, "\tp {} {}", s.ar_coeff_lag, s.ar_coeff_shift)?;
    write!(f, " {} {} {cfl} {overlap}", s.grain_scale_shift, s.scaling_shift)?;
    write!(f, " {} {} {}", s.cb_mult, s.cb_luma_mult, s.cb_offset)?;
    writeln!(f, " {} {} {}", s.cr_mult, s.cr_luma_mult, s.cr_offset)?;
    let points = [
        ("sY", &s.scaling_points_y[..], " "),
        ("sCb", &s.scaling_points_cb[..], ""),
        ("sCr", &s.scaling_points_cr[..], ""),
    ];
    for (name, points, blank) in points {
        write!(f, "\t{name} {}{blank}", points.len())?;
        points.iter().try_for_each(|[value, scaling]| write!(f, " {value} {scaling}"))?;
        writeln!(f)?;
    }
    let coefficients =
        [("cY", &s.ar_coeffs_y[..]), ("cCb", &s.ar_coeffs_cb[..]), ("cCr", &s.ar_coeffs_cr[..])];
    for (name, coefficients) in coefficients {
        write!(f, "\t{name}")?;
        coefficients.iter().try_for_each(|c| write!(f, " {c}"))?;
        writeln!(f)?;
    }
    Ok(())
}

/// How many coefficients each plane has with `ar_coeff_lag`: numPosLuma of 5.9.30.
fn num_pos_luma(ar_coeff_lag: u8) -> usize {
    let lag = usize::from(ar_coeff_lag);
    2 * lag * (lag + 1)
}

/// How many coefficients of Y, Cb and Cr are coded, 5.9.30.
fn coded_coefficients(g: &FilmGrainParams) -> [usize; 3] {
    let luma = num_pos_luma(g.ar_coeff_lag);
    let chroma = luma + usize::from(g.num_y_points > 0);
    let coded = |num_points: u8, n: usize| {
        if g.chroma_scaling_from_luma || num_points > 0 { n } else { 0 }
    };
    [
        if g.num_y_points > 0 { luma } else { 0 },
        coded(g.num_cb_points, chroma),
        coded(g.num_cr_points, chroma),
    ]
}

/// `params` as a table has them: `clip_to_restricted_range` has no place in it and is 0, as the
/// encoders that read tables take it; `update_grain` is 1 and names no reference.
pub fn tabled(params: &FilmGrainParams) -> FilmGrainParams {
    FilmGrainParams {
        update_grain: true,
        film_grain_params_ref_idx: 0,
        clip_to_restricted_range: false,
        ..*params
    }
}

/// The values of the text. Coefficients that are not coded are 0.
fn derived(segment: &Segment) -> GrainTableSegment {
    let g = &segment.params;
    let n = num_pos_luma(g.ar_coeff_lag);
    let [n_y, n_cb, n_cr] = coded_coefficients(g);
    let signed = |c: &[u8], at: usize, n: usize| match c.get(at) {
        Some(c) if at < n => (i16::from(*c) - 128) as i8,
        _ => 0,
    };
    let pairs = |xs: &[u8], ys: &[u8], at: usize| {
        [xs.get(at).copied().unwrap_or_default(), ys.get(at).copied().unwrap_or_default()]
    };
    let y = |i: u8| pairs(&g.point_y_value, &g.point_y_scaling, i.into());
    let cb = |i: u8| pairs(&g.point_cb_value, &g.point_cb_scaling, i.into());
    let cr = |i: u8| pairs(&g.point_cr_value, &g.point_cr_scaling, i.into());
    GrainTableSegment {
        start_time: segment.start,
        end_time: segment.end,
        scaling_points_y: (0..g.num_y_points.min(14)).map(y).collect(),
        scaling_points_cb: (0..g.num_cb_points.min(10)).map(cb).collect(),
        scaling_points_cr: (0..g.num_cr_points.min(10)).map(cr).collect(),
        scaling_shift: g.grain_scaling_minus_8 + 8,
        ar_coeff_lag: g.ar_coeff_lag,
        ar_coeffs_y: (0..n).map(|i| signed(&g.ar_coeffs_y_plus_128, i, n_y)).collect(),
        ar_coeffs_cb: (0..=n).map(|i| signed(&g.ar_coeffs_cb_plus_128, i, n_cb)).collect(),
        ar_coeffs_cr: (0..=n).map(|i| signed(&g.ar_coeffs_cr_plus_128, i, n_cr)).collect(),
        ar_coeff_shift: g.ar_coeff_shift_minus_6 + 6,
        cb_mult: g.cb_mult,
        cb_luma_mult: g.cb_luma_mult,
        cb_offset: g.cb_offset,
        cr_mult: g.cr_mult,
        cr_luma_mult: g.cr_luma_mult,
        cr_offset: g.cr_offset,
        overlap_flag: g.overlap_flag,
        chroma_scaling_from_luma: g.chroma_scaling_from_luma,
        grain_scale_shift: g.grain_scale_shift,
        random_seed: g.grain_seed,
    }
}

/// The coded values; those that 5.9.30 does not code for these points are 0.
pub(super) fn coded(s: &GrainTableSegment) -> Result<FilmGrainParams, &'static str> {
    if s.cb_offset > 511 || s.cr_offset > 511 {
        return Err("cb_offset and cr_offset are at most 511");
    }
    if s.grain_scale_shift > 3 {
        return Err("grain_scale_shift is at most 3");
    }
    let mut g = FilmGrainParams {
        apply_grain: true,
        grain_seed: s.random_seed,
        update_grain: true,
        chroma_scaling_from_luma: s.chroma_scaling_from_luma,
        grain_scaling_minus_8: s.scaling_shift.saturating_sub(8),
        ar_coeff_lag: s.ar_coeff_lag,
        ar_coeff_shift_minus_6: s.ar_coeff_shift.saturating_sub(6),
        grain_scale_shift: s.grain_scale_shift,
        overlap_flag: s.overlap_flag,
        ..FilmGrainParams::default()
    };
    let y = (&mut g.point_y_value[..], &mut g.point_y_scaling[..]);
    g.num_y_points = points(&s.scaling_points_y, y)?;
    if !g.chroma_scaling_from_luma {
        let cb = (&mut g.point_cb_value[..], &mut g.point_cb_scaling[..]);
        g.num_cb_points = points(&s.scaling_points_cb, cb)?;
        let cr = (&mut g.point_cr_value[..], &mut g.point_cr_scaling[..]);
        g.num_cr_points = points(&s.scaling_points_cr, cr)?;
    }
    let [n_y, n_cb, n_cr] = coded_coefficients(&g);
    let plus_128 = |to: &mut [u8], from: &[i8], n: usize| {
        let coded = to.iter_mut().zip(from).take(n);
        coded.for_each(|(to, from)| *to = (i16::from(*from) + 128) as u8);
    };
    plus_128(&mut g.ar_coeffs_y_plus_128, &s.ar_coeffs_y, n_y);
    plus_128(&mut g.ar_coeffs_cb_plus_128, &s.ar_coeffs_cb, n_cb);
    plus_128(&mut g.ar_coeffs_cr_plus_128, &s.ar_coeffs_cr, n_cr);
    if g.num_cb_points > 0 {
        (g.cb_mult, g.cb_luma_mult, g.cb_offset) = (s.cb_mult, s.cb_luma_mult, s.cb_offset);
    }
    if g.num_cr_points > 0 {
        (g.cr_mult, g.cr_luma_mult, g.cr_offset) = (s.cr_mult, s.cr_luma_mult, s.cr_offset);
    }
    Ok(g)
}

/// Copies points and says how many.
fn points(
    from: &[[u8; 2]],
    (values, scalings): (&mut [u8], &mut [u8]),
) -> Result<u8, &'static str> {
    if !from.is_sorted_by(|[a, _], [b, _]| a < b) {
        return Err("the values of points increase");
    }
    for ([x, y], (value, scaling)) in from.iter().zip(values.iter_mut().zip(scalings)) {
        (*value, *scaling) = (*x, *y);
    }
    Ok(from.len() as u8)
}

mod text;

#[cfg(test)]
mod tests;
