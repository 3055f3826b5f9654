//! Film grain on the CPU, specification 7.18.3: for drivers whose profile leaves it to us, and for
//! grain in place of the stream's own. Works on a copy: the picture without grain stays a
//! reference.

mod clock;
mod noise;
mod replacement;
mod seed;
mod shader;
pub mod table;
mod tables;
mod timeline;

#[cfg(test)]
mod tests;

pub use clock::{Clock, FrameTime};
pub use replacement::Override;
pub use shader::{GrainPass, GrainUniform, shader_pass};
pub use timeline::{Seeds, Timeline};

use noise::{Grain, Image};

use crate::pixels::{Format, Picture};
use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::sequence::ColorConfig;

/// MC_IDENTITY of 6.4.2.
const MC_IDENTITY: u8 = 0;

/// `picture` with the film grain that `params` describe; the same picture if they describe none.
/// `color` gives `matrix_coefficients`, which the limits of chroma depend on.
pub fn apply(picture: &Picture, params: &FilmGrainParams, color: &ColorConfig) -> Picture {
    let mut out = picture.clone();
    if !params.apply_grain {
        return out;
    }
    let synthesis = Synthesis::new(picture.format, params, color);
    let size = (picture.width as usize, picture.height as usize);
    let grain = Grain::generate(picture.format, params);
    let noise: Vec<Image> =
        (0..picture.format.chroma.planes()).map(|plane| grain.image(plane, size)).collect();
    let luma = samples(picture, 0);
    for plane in (0..noise.len()).filter(|plane| synthesis.has_noise(*plane)) {
        let (width, height) = picture.format.plane_size(plane, picture.width, picture.height);
        let (width, height) = (width as usize, height as usize);
        let mut plane_samples = samples(picture, plane);
        for y in 0..height {
            let row = plane_samples.get_mut(y * width..(y + 1) * width).unwrap_or_default();
            let noise = noise[plane].row(y);
            match plane {
                0 => synthesis.luma_row(row, noise),
                _ => synthesis.chroma_row(plane, row, noise, luma_row(&luma, y, picture)),
            }
        }
        store(&mut out, plane, &plane_samples);
    }
    out
}

/// The samples of a plane.
fn samples(picture: &Picture, plane: usize) -> Vec<u16> {
    match picture.format.sample_bytes() {
        1 => picture.plane(plane).iter().map(|s| u16::from(*s)).collect(),
        _ => {
            let pairs = picture.plane(plane).chunks_exact(2);
            pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        }
    }
}

fn store(picture: &mut Picture, plane: usize, samples: &[u16]) {
    let range = picture.plane_range(plane);
    let one = picture.format.sample_bytes() == 1;
    let bytes = picture.data.get_mut(range).unwrap_or_default();
    if one {
        bytes.iter_mut().zip(samples).for_each(|(to, from)| *to = *from as u8);
    } else {
        for (to, from) in bytes.chunks_exact_mut(2).zip(samples) {
            to.copy_from_slice(&from.to_le_bytes());
        }
    }
}

/// The luma row that chroma row `y` goes with.
fn luma_row<'a>(luma: &'a [u16], y: usize, picture: &Picture) -> &'a [u16] {
    let width = picture.width as usize;
    let start = (y << picture.format.chroma.subsampling().1) * width;
    luma.get(start..start + width).unwrap_or_default()
}

/// Round2(), 4.7.
fn round2(x: i32, n: u32) -> i32 {
    if n == 0 { x } else { (x + (1 << (n - 1))) >> n }
}

/// The last part of the add noise synthesis process, 7.18.3.5, with 7.18.3.4.
struct Synthesis<'a> {
    params: &'a FilmGrainParams,
    bit_depth: u32,
    sub_x: bool,
    min: i32,
    max: [i32; 3],
    lut: [[i32; 256]; 3],
}

impl<'a> Synthesis<'a> {
    fn new(format: Format, params: &'a FilmGrainParams, color: &ColorConfig) -> Self {
        let bit_depth = u32::from(format.bit_depth);
        let scale = bit_depth - 8;
        let (min, luma, chroma) = match params.clip_to_restricted_range {
            true if color.matrix_coefficients == MC_IDENTITY => (16, 235 << scale, 235 << scale),
            true => (16, 235 << scale, 240 << scale),
            false => (0, (256 << scale) - 1, (256 << scale) - 1),
        };
        let p = params;
        let y = (p.num_y_points, &p.point_y_value[..], &p.point_y_scaling[..]);
        let cb = (p.num_cb_points, &p.point_cb_value[..], &p.point_cb_scaling[..]);
        let cr = (p.num_cr_points, &p.point_cr_value[..], &p.point_cr_scaling[..]);
        let points = if p.chroma_scaling_from_luma { [y, y, y] } else { [y, cb, cr] };
        Self {
            params,
            bit_depth,
            sub_x: format.chroma.subsampling().0 == 1,
            min: min << scale,
            max: [luma, chroma, chroma],
            lut: points.map(|(n, x, y)| scaling_lut(usize::from(n), x, y)),
        }
    }

    /// Whether `plane` gets noise at all.
    fn has_noise(&self, plane: usize) -> bool {
        let p = self.params;
        match plane {
            0 => p.num_y_points > 0,
            1 => p.num_cb_points > 0 || p.chroma_scaling_from_luma,
            _ => p.num_cr_points > 0 || p.chroma_scaling_from_luma,
        }
    }

    /// scale_lut().
    fn scale(&self, plane: usize, index: i32) -> i32 {
        let shift = self.bit_depth - 8;
        let x = (index >> shift) as usize;
        let lut = &self.lut[plane];
        let Some(start) = lut.get(x) else { return 0 };
        match lut.get(x + 1).filter(|_| shift > 0) {
            Some(end) => start + round2((end - start) * (index - ((x as i32) << shift)), shift),
            None => *start,
        }
    }

    /// ScalingShift.
    fn scaling_shift(&self) -> u32 {
        u32::from(self.params.grain_scaling_minus_8) + 8
    }

    /// What chroma is merged from: the factor of luma, its own, and the offset.
    fn mix(&self, plane: usize) -> (i32, i32, i32) {
        let p = self.params;
        let (luma_mult, mult, offset) = match plane {
            1 => (p.cb_luma_mult, p.cb_mult, p.cb_offset),
            _ => (p.cr_luma_mult, p.cr_mult, p.cr_offset),
        };
        let offset = (i32::from(offset) - 256) << (self.bit_depth - 8);
        (i32::from(luma_mult) - 128, i32::from(mult) - 128, offset)
    }

    fn noisy(&self, plane: usize, orig: u16, at: i32, noise: i16) -> u16 {
        let noise = round2(self.scale(plane, at) * i32::from(noise), self.scaling_shift());
        (i32::from(orig) + noise).clamp(self.min, self.max[plane]) as u16
    }

    fn luma_row(&self, row: &mut [u16], noise: &[i16]) {
        for (sample, noise) in row.iter_mut().zip(noise) {
            *sample = self.noisy(0, *sample, i32::from(*sample), *noise);
        }
    }

    fn chroma_row(&self, plane: usize, row: &mut [u16], noise: &[i16], luma: &[u16]) {
        let (luma_mult, mult, offset) = self.mix(plane);
        let max = (1 << self.bit_depth) - 1;
        for (x, (sample, noise)) in row.iter_mut().zip(noise).enumerate() {
            let average = self.average_luma(luma, x);
            let merged = if self.params.chroma_scaling_from_luma {
                average
            } else {
                let combined = average * luma_mult + i32::from(*sample) * mult;
                ((combined >> 6) + offset).clamp(0, max)
            };
            *sample = self.noisy(plane, *sample, merged, *noise);
        }
    }

    fn average_luma(&self, luma: &[u16], x: usize) -> i32 {
        let at = |x: usize| luma.get(x).or(luma.last()).map_or(0, |s| i32::from(*s));
        if self.sub_x { round2(at(2 * x) + at(2 * x + 1), 1) } else { at(x) }
    }
}

/// Scaling lookup initialization process, 7.18.3.4, for one plane.
fn scaling_lut(num_points: usize, xs: &[u8], ys: &[u8]) -> [i32; 256] {
    let mut lut = [0; 256];
    let points: Vec<(usize, i32)> =
        xs.iter().zip(ys).take(num_points).map(|(x, y)| (usize::from(*x), i32::from(*y))).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return lut };
    lut[..first.0].fill(first.1);
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let delta_x = x1 as i32 - x0 as i32;
        if delta_x <= 0 {
            continue;
        }
        let delta = (y1 - y0) * ((65536 + (delta_x >> 1)) / delta_x);
        for x in 0..delta_x {
            lut[x0 + x as usize] = y0 + ((x * delta + 32768) >> 16);
        }
    }
    lut[last.0..].fill(last.1);
    lut
}
