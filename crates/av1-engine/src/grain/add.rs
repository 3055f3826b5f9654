//! The scaling lookup initialization and add noise synthesis processes, spec 7.18.3.4 and 7.18.3.5.

use super::params::{Params, Point};
use super::template::{Template, Templates};
use super::{Random, Samples, round2};

/// Luma rows of a noise stripe that later ones do not overlap.
const STRIPE_ROWS: usize = 32;

/// Rows and columns of a grain block in luma: 32, and 2 for the overlap.
const BLOCK: usize = 34;

/// The planes with noise.
pub(super) fn add_noise(
    params: &Params,
    templates: &Templates,
    planes: &[Samples],
) -> Vec<Samples> {
    let luma = &planes[0];
    let offsets = block_offsets(params, luma.width, luma.height);
    planes
        .iter()
        .enumerate()
        .map(|(plane, clean)| {
            let grains =
                if plane == 0 { params.grains_luma() } else { params.grains_chroma(plane - 1) };
            let mut grained =
                Samples { width: clean.width, height: clean.height, data: clean.data.clone() };
            if grains {
                let template = match plane {
                    0 => &templates.luma,
                    _ => &templates.chroma[plane - 1],
                };
                let noise = NoiseImage { params, template, chroma: plane > 0 };
                let noise = noise.build(&offsets, clean.width, clean.height);
                match plane {
                    0 => blend_luma(params, &mut grained, &noise),
                    _ => blend_chroma(params, plane - 1, luma, &mut grained, &noise),
                }
            }
            grained
        })
        .collect()
}

/// (offsetX, offsetY) of every grain block, by stripe.
fn block_offsets(params: &Params, width: usize, height: usize) -> Vec<Vec<(usize, usize)>> {
    let stripes = height.div_ceil(2).div_ceil(16);
    let blocks = width.div_ceil(2).div_ceil(16);
    (0..stripes)
        .map(|luma_num| {
            let high = (luma_num * 37 + 178) & 255;
            let low = (luma_num * 173 + 105) & 255;
            let mut random = Random(params.grain_seed ^ (high << 8 | low) as u16);
            let offset = || {
                let rand = random.bits(8);
                (rand >> 4, rand & 15)
            };
            std::iter::repeat_with(offset).take(blocks).collect()
        })
        .collect()
}

/// Builds `noiseImage` of one plane.
struct NoiseImage<'a> {
    params: &'a Params,
    template: &'a Template,
    chroma: bool,
}

impl NoiseImage<'_> {
    /// `planeSubX` and `planeSubY`.
    fn subsampling(&self) -> (usize, usize) {
        if self.chroma { (self.params.subsampling_x, self.params.subsampling_y) } else { (0, 0) }
    }

    /// `width` x `height` samples of noise: the stripes, blended where they overlap.
    fn build(&self, offsets: &[Vec<(usize, usize)>], width: usize, height: usize) -> Vec<i32> {
        let (_, sub_y) = self.subsampling();
        let rows = STRIPE_ROWS >> sub_y;
        let overlap_rows = 2 >> sub_y;
        let mut image = Vec::with_capacity(width * height);
        let mut previous: Vec<i32> = Vec::new();
        for (luma_num, offsets) in offsets.iter().enumerate() {
            let stripe = self.stripe(offsets, width);
            let stripe_width = stripe.len() / (BLOCK >> sub_y);
            for i in 0..rows.min(height.saturating_sub(luma_num * rows)) {
                let row = &stripe[i * stripe_width..][..width];
                if i < overlap_rows && luma_num > 0 && self.params.overlap_flag {
                    let old = &previous[(i + rows) * stripe_width..][..width];
                    let blended = old.iter().zip(row);
                    image.extend(blended.map(|(&old, &g)| self.blend(old, g, i, sub_y)));
                } else {
                    image.extend_from_slice(row);
                }
            }
            previous = stripe;
        }
        image
    }

    /// `noiseStripe`: grain blocks side by side, blended where they overlap.
    fn stripe(&self, offsets: &[(usize, usize)], width: usize) -> Vec<i32> {
        let (sub_x, sub_y) = self.subsampling();
        let (block_width, block_height) = (BLOCK >> sub_x, BLOCK >> sub_y);
        let step = 32 >> sub_x;
        let overlap_columns = 2 >> sub_x;
        // The last block may end beyond the picture.
        let stripe_width = (offsets.len() * step + block_width - step).max(width);
        let mut stripe = vec![0; stripe_width * block_height];
        for (block, &(offset_x, offset_y)) in offsets.iter().enumerate() {
            let template_x = if sub_x == 1 { 6 + offset_x } else { 9 + offset_x * 2 };
            let template_y = if sub_y == 1 { 6 + offset_y } else { 9 + offset_y * 2 };
            for i in 0..block_height {
                let row = &mut stripe[i * stripe_width + block * step..][..block_width];
                for (j, noise) in row.iter_mut().enumerate() {
                    let g = self.template.at(template_x + j, template_y + i);
                    *noise = if j < overlap_columns && self.params.overlap_flag && block > 0 {
                        self.blend(*noise, g, j, sub_x)
                    } else {
                        g
                    };
                }
            }
        }
        stripe
    }

    /// Noise in row or column `i` of an overlap.
    fn blend(&self, old: i32, g: i32, i: usize, subsampling: usize) -> i32 {
        let (old_weight, weight) = match (subsampling, i) {
            (0, 0) => (27, 17),
            (0, _) => (17, 27),
            _ => (23, 22),
        };
        let (grain_min, grain_max) = self.params.grain_range();
        round2(old * old_weight + g * weight, 5).clamp(grain_min, grain_max)
    }
}

/// `ScalingLut` of one plane, spec 7.18.3.4.
fn scaling_lut(points: &[Point]) -> [i32; 256] {
    let mut lut = [0; 256];
    let (Some(&(first_x, first_y)), Some(&(last_x, last_y))) = (points.first(), points.last())
    else {
        return lut;
    };
    lut[..usize::from(first_x)].fill(i32::from(first_y));
    for pair in points.windows(2) {
        let (x0, y0) = (i32::from(pair[0].0), i32::from(pair[0].1));
        let (delta_x, delta_y) = (i32::from(pair[1].0) - x0, i32::from(pair[1].1) - y0);
        let delta = delta_y * ((65536 + (delta_x >> 1)) / delta_x);
        for x in 0..delta_x {
            lut[(x0 + x) as usize] = y0 + ((x * delta + 32768) >> 16);
        }
    }
    lut[usize::from(last_x)..].fill(i32::from(last_y));
    lut
}

/// `scale_lut( plane, index )` for every index, spec 7.18.3.5.
fn scale_table(bit_depth: u32, points: &[Point]) -> Vec<i32> {
    let lut = scaling_lut(points);
    let shift = bit_depth - 8;
    (0..1usize << bit_depth)
        .map(|index| {
            let x = index >> shift;
            let rem = (index - (x << shift)) as i32;
            if bit_depth == 8 || x == 255 {
                lut[x]
            } else {
                lut[x] + round2((lut[x + 1] - lut[x]) * rem, shift)
            }
        })
        .collect()
}

/// `minValue`, `maxLuma` and `maxChroma`.
fn sample_range(params: &Params) -> (i32, i32, i32) {
    let scale = params.bit_depth - 8;
    if params.clip_to_restricted_range {
        let max_luma = 235 << scale;
        let max_chroma = if params.identity { max_luma } else { 240 << scale };
        (16 << scale, max_luma, max_chroma)
    } else {
        let max = (256 << scale) - 1;
        (0, max, max)
    }
}

/// Noise on luma.
fn blend_luma(params: &Params, plane: &mut Samples, noise: &[i32]) {
    let scale = scale_table(params.bit_depth, &params.points_y);
    let (min_value, max_luma, _) = sample_range(params);
    for (sample, &noise) in plane.data.iter_mut().zip(noise) {
        let orig = i32::from(*sample);
        let noise = round2(scale[usize::from(*sample) % scale.len()] * noise, params.scaling_shift);
        *sample = (orig + noise).clamp(min_value, max_luma) as u16;
    }
}

/// Noise on Cb (0) or Cr (1). `luma` is without noise.
fn blend_chroma(
    params: &Params,
    plane: usize,
    luma: &Samples,
    samples: &mut Samples,
    noise: &[i32],
) {
    let chroma = &params.chroma[plane];
    let points = if params.chroma_scaling_from_luma { &params.points_y } else { &chroma.points };
    let scale = scale_table(params.bit_depth, points);
    let (min_value, _, max_chroma) = sample_range(params);
    let max_sample = (1 << params.bit_depth) - 1;
    let offset = chroma.offset << (params.bit_depth - 8);
    let rows = samples.data.chunks_exact_mut(samples.width).zip(noise.chunks_exact(samples.width));
    for (y, (row, noise)) in rows.enumerate() {
        let luma_row = &luma.data[(y << params.subsampling_y) * luma.width..][..luma.width];
        for (x, (sample, &noise)) in row.iter_mut().zip(noise).enumerate() {
            let luma_x = x << params.subsampling_x;
            let average_luma = if params.subsampling_x == 1 {
                let next = (luma_x + 1).min(luma.width - 1);
                round2(i32::from(luma_row[luma_x]) + i32::from(luma_row[next]), 1)
            } else {
                i32::from(luma_row[luma_x])
            };
            let orig = i32::from(*sample);
            let merged = if params.chroma_scaling_from_luma {
                average_luma
            } else {
                let combined = average_luma * chroma.luma_mult + orig * chroma.mult;
                ((combined >> 6) + offset).clamp(0, max_sample)
            };
            let noise = round2(scale[merged as usize] * noise, params.scaling_shift);
            *sample = (orig + noise).clamp(min_value, max_chroma) as u16;
        }
    }
}
