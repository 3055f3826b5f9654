//! Film grain: another seed, other parameters, or none.

use std::sync::Arc;

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::sequence::ColorConfig;

use super::{Change, not, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::each;
use crate::stream::{Item, Stream};

pub(super) const CHANGES: &[Change] = &[Change::altering(
    "film-grain",
    &["random", "seed", "off"],
    "film grain of any parameters, with other seeds, or none",
    film_grain,
)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Random,
    Seed,
    Off,
}

fn film_grain(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let words = [("random", How::Random), ("seed", How::Seed), ("off", How::Off)];
    let how = word("film-grain", value, &words)?;
    let mut has_some = how == How::Random;
    for sequence in stream.sequence_headers_mut() {
        has_some |= sequence.film_grain_params_present;
        if how == How::Random {
            Arc::make_mut(sequence).film_grain_params_present = true;
        }
    }
    if !has_some {
        return Err(not("film-grain", "the stream has none"));
    }
    each(stream, |item, state| {
        let (Item::Frame(frame), Some(sequence)) = (item, &state.sequence) else { return Ok(()) };
        let header = Arc::make_mut(&mut frame.header);
        if !sequence.film_grain_params_present || !header.show_frame && !header.showable_frame {
            return Ok(());
        }
        let old = header.film_grain_params;
        let own = FilmGrainParams { update_grain: true, film_grain_params_ref_idx: 0, ..old };
        let seed = random.next_u64() as u16;
        header.film_grain_params = match how {
            How::Off => FilmGrainParams::default(),
            How::Seed if old.apply_grain => FilmGrainParams { grain_seed: seed, ..own },
            How::Seed => FilmGrainParams::default(),
            How::Random => drawn(&sequence.color_config, seed, random),
        };
        frame.form.apply_grain = header.film_grain_params.apply_grain;
        Ok(())
    })
}

/// Points of a scaling function: increasing values, any scalings.
fn points<const N: usize>(random: &mut Random, most: usize) -> (u8, [u8; N], [u8; N]) {
    let count = random.below(most.min(N) as u64 + 1) as usize;
    let mut chosen: Vec<u8> = (0..=255).collect();
    random.shuffle(&mut chosen);
    chosen.truncate(count);
    chosen.sort_unstable();
    let (mut values, mut scalings) = ([0; N], [0; N]);
    for (to, value) in values.iter_mut().zip(&chosen) {
        *to = *value;
    }
    for scaling in scalings.iter_mut().take(count) {
        *scaling = random.next_u64() as u8;
    }
    (count as u8, values, scalings)
}

/// Coefficients so small that noise does not grow: `count` of them.
fn coefficients<const N: usize>(random: &mut Random, count: usize) -> [u8; N] {
    let mut all = [0; N];
    for coefficient in all.iter_mut().take(count) {
        *coefficient = 118 + random.below(21) as u8;
    }
    all
}

/// Parameters that a frame of `color` can have.
fn drawn(color: &ColorConfig, grain_seed: u16, random: &mut Random) -> FilmGrainParams {
    let mut g = FilmGrainParams {
        apply_grain: true,
        update_grain: true,
        grain_seed,
        ..FilmGrainParams::default()
    };
    (g.num_y_points, g.point_y_value, g.point_y_scaling) = points(random, 14);
    g.chroma_scaling_from_luma = !color.mono_chrome && random.one_in(4);
    let subsampled = color.subsampling_x && color.subsampling_y;
    let has_no_luma = subsampled && g.num_y_points == 0;
    if !(color.mono_chrome || g.chroma_scaling_from_luma || has_no_luma) {
        (g.num_cb_points, g.point_cb_value, g.point_cb_scaling) = points(random, 10);
        (g.num_cr_points, g.point_cr_value, g.point_cr_scaling) = points(random, 10);
        // In 4:2:0 both have some, or neither.
        if subsampled && (g.num_cb_points == 0) != (g.num_cr_points == 0) {
            (g.num_cb_points, g.num_cr_points) = (0, 0);
            (g.point_cb_value, g.point_cb_scaling) = ([0; 10], [0; 10]);
            (g.point_cr_value, g.point_cr_scaling) = ([0; 10], [0; 10]);
        }
    }
    g.grain_scaling_minus_8 = random.below(4) as u8;
    g.ar_coeff_lag = random.below(4) as u8;
    let lag = usize::from(g.ar_coeff_lag);
    let luma = 2 * lag * (lag + 1);
    let chroma = luma + usize::from(g.num_y_points > 0);
    if g.num_y_points > 0 {
        g.ar_coeffs_y_plus_128 = coefficients(random, luma);
    }
    if g.chroma_scaling_from_luma || g.num_cb_points > 0 {
        g.ar_coeffs_cb_plus_128 = coefficients(random, chroma);
    }
    if g.chroma_scaling_from_luma || g.num_cr_points > 0 {
        g.ar_coeffs_cr_plus_128 = coefficients(random, chroma);
    }
    g.ar_coeff_shift_minus_6 = random.below(4) as u8;
    g.grain_scale_shift = random.below(4) as u8;
    let mut mults = |is_meant: bool| match is_meant {
        true => (random.next_u64() as u8, random.next_u64() as u8, random.below(512) as u16),
        false => (0, 0, 0),
    };
    (g.cb_mult, g.cb_luma_mult, g.cb_offset) = mults(g.num_cb_points > 0);
    (g.cr_mult, g.cr_luma_mult, g.cr_offset) = mults(g.num_cr_points > 0);
    g.overlap_flag = random.one_in(2);
    g.clip_to_restricted_range = random.one_in(2);
    g
}
