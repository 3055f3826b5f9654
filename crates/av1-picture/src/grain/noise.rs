//! Noise: the grain templates of 7.18.3.3, and the noise images of 7.18.3.5 that are cut from them.

use super::round2;
use super::tables::GAUSSIAN_SEQUENCE;
use crate::pixels::{Chroma, Format};
use av1_syntax::syntax::film_grain::FilmGrainParams;

/// RandomRegister, 7.18.3.2.
struct Random(u32);

impl Random {
    /// get_random_number().
    fn get(&mut self, bits: u32) -> usize {
        let r = self.0;
        let bit = (r ^ (r >> 1) ^ (r >> 3) ^ (r >> 12)) & 1;
        self.0 = (r >> 1) | (bit << 15);
        ((self.0 >> (16 - bits)) & ((1 << bits) - 1)) as usize
    }
}

/// Width of LumaGrain.
pub(super) const LUMA_WIDTH: usize = 82;
/// Height of LumaGrain.
pub(super) const LUMA_HEIGHT: usize = 73;

/// LumaGrain, CbGrain or CrGrain.
struct Template {
    width: usize,
    height: usize,
    data: Vec<i32>,
}

impl Template {
    fn get(&self, y: usize, x: usize) -> i32 {
        self.data.get(y * self.width + x).copied().unwrap_or_default()
    }
}

/// The templates of a frame, and what is needed to cut noise images from them.
pub(super) struct Grain<'a> {
    params: &'a FilmGrainParams,
    chroma: Chroma,
    min: i32,
    max: i32,
    templates: Vec<Template>,
}

/// The noise of a plane.
pub(super) struct Image {
    width: usize,
    data: Vec<i16>,
}

impl Image {
    /// Row `y`.
    pub(super) fn row(&self, y: usize) -> &[i16] {
        self.data.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }
}

impl<'a> Grain<'a> {
    /// The generate grain process, 7.18.3.3.
    pub(super) fn generate(format: Format, params: &'a FilmGrainParams) -> Self {
        let bit_depth = u32::from(format.bit_depth);
        let center = 128 << (bit_depth - 8);
        let mut grain = Self {
            params,
            chroma: format.chroma,
            min: -center,
            max: (256 << (bit_depth - 8)) - 1 - center,
            templates: Vec::new(),
        };
        let shift = 12 - bit_depth + u32::from(params.grain_scale_shift);
        let cfl = params.chroma_scaling_from_luma;
        let mut luma =
            white((LUMA_WIDTH, LUMA_HEIGHT), params.grain_seed, shift, params.num_y_points > 0);
        grain.filter(&mut luma, &params.ar_coeffs_y_plus_128, None);
        grain.templates.push(luma);
        if format.chroma == Chroma::Monochrome {
            return grain;
        }
        let (sub_x, sub_y) = format.chroma.subsampling();
        let size =
            (if sub_x == 1 { 44 } else { LUMA_WIDTH }, if sub_y == 1 { 38 } else { LUMA_HEIGHT });
        let planes = [
            (0xb524, params.num_cb_points, &params.ar_coeffs_cb_plus_128),
            (0x49d8, params.num_cr_points, &params.ar_coeffs_cr_plus_128),
        ];
        for (mask, num_points, coefficients) in planes {
            let mut template = white(size, params.grain_seed ^ mask, shift, num_points > 0 || cfl);
            let luma = grain.templates.first().filter(|_| params.num_y_points > 0);
            grain.filter(&mut template, coefficients, luma);
            grain.templates.push(template);
        }
        grain
    }

    /// The auto-regressive filter, in place. For chroma the coefficient at the sample itself is
    /// that of the luma grain.
    fn filter(&self, template: &mut Template, coefficients: &[u8], luma: Option<&Template>) {
        let shift = u32::from(self.params.ar_coeff_shift_minus_6) + 6;
        let lag = usize::from(self.params.ar_coeff_lag);
        let span = 2 * lag + 1;
        let c = |pos: usize| coefficients.get(pos).map_or(0, |c| i32::from(*c) - 128);
        let (sub_x, sub_y) = match template.width == LUMA_WIDTH {
            true => (0, u32::from(template.height != LUMA_HEIGHT)),
            false => (1, u32::from(template.height != LUMA_HEIGHT)),
        };
        // The rows above, then the samples to the left: how far back each is, and its coefficient.
        let back = |pos: usize| (lag - pos / span) * template.width + lag - pos % span;
        let taps: Vec<_> = (0..lag * span + lag)
            .map(|pos| (back(pos), c(pos)))
            .filter(|(_, coefficient)| *coefficient != 0)
            .collect();
        let of_luma = c(lag * span + lag);
        for y in 3..template.height {
            for x in 3..template.width - 3 {
                let index = y * template.width + x;
                let tap = |(back, c): &(usize, i32)| template.data[index - back] * c;
                let mut sum = taps.iter().map(tap).sum();
                if let Some(luma) = luma {
                    let at = (((y - 3) << sub_y) + 3, ((x - 3) << sub_x) + 3);
                    sum += average(luma, at, (sub_x, sub_y)) * of_luma;
                }
                let value = template.data[index] + round2(sum, shift);
                template.data[index] = value.clamp(self.min, self.max);
            }
        }
    }

    /// noiseImage[`plane`] of a picture of `width` x `height` luma samples, 7.18.3.5.
    pub(super) fn image(&self, plane: usize, (width, height): (usize, usize)) -> Image {
        let (sub_x, sub_y) = match plane {
            0 => (0, 0),
            _ => self.chroma.subsampling(),
        };
        let plane_width = (width + sub_x as usize) >> sub_x;
        let plane_height = (height + sub_y as usize) >> sub_y;
        let stripes: Vec<Image> = (0..blocks(height))
            .map(|number| self.stripe(plane, number, width, (sub_x, sub_y)))
            .collect();
        let mut data = Vec::with_capacity(plane_width * plane_height);
        let stripe_height = 32usize >> sub_y;
        for y in 0..plane_height {
            let (number, i) = (y / stripe_height, y % stripe_height);
            let Some(stripe) = stripes.get(number) else { break };
            let row = stripe.row(i).get(..plane_width).unwrap_or_default();
            let above = number.checked_sub(1).and_then(|n| stripes.get(n));
            match above.filter(|_| self.params.overlap_flag && i < (2 >> sub_y)) {
                Some(above) => {
                    let old = above.row(i + stripe_height);
                    let blend = |(g, old): (&i16, &i16)| self.blend(*old, *g, i, sub_y);
                    data.extend(row.iter().zip(old).map(blend));
                }
                None => data.extend_from_slice(row),
            }
        }
        Image { width: plane_width, data }
    }

    /// Blends sample `i` of an overlap: two samples wide, or one where the plane is subsampled.
    fn blend(&self, old: i16, new: i16, i: usize, sub: u32) -> i16 {
        let (old, new) = (i32::from(old), i32::from(new));
        let sum = match (sub, i) {
            (0, 0) => old * 27 + new * 17,
            (0, _) => old * 17 + new * 27,
            _ => old * 23 + new * 22,
        };
        round2(sum, 5).clamp(self.min, self.max) as i16
    }

    /// The random bytes of the blocks of stripe `number`: where in the template each is.
    pub(super) fn random_bytes(&self, number: usize) -> impl Iterator<Item = usize> {
        let n = number as u32;
        let mut random = Random(
            u32::from(self.params.grain_seed)
                ^ (((n.wrapping_mul(37).wrapping_add(178)) & 255) << 8)
                ^ ((n.wrapping_mul(173).wrapping_add(105)) & 255),
        );
        std::iter::repeat_with(move || random.get(8))
    }

    /// The samples of LumaGrain, CbGrain and CrGrain, row by row; chroma only if there is any.
    pub(super) fn templates(&self) -> impl Iterator<Item = &[i32]> {
        self.templates.iter().map(|template| &template.data[..])
    }

    /// GrainMin and GrainMax.
    pub(super) fn range(&self) -> (i32, i32) {
        (self.min, self.max)
    }

    /// noiseStripe[`number`][`plane`]: blocks side by side, blended where they overlap.
    fn stripe(
        &self,
        plane: usize,
        number: usize,
        width: usize,
        (sub_x, sub_y): (u32, u32),
    ) -> Image {
        let blocks = blocks(width);
        let (block_width, rows) = (34usize >> sub_x, 34usize >> sub_y);
        let step = 32usize >> sub_x;
        let stripe_width = blocks * step + 2;
        let mut data = vec![0i16; stripe_width * rows];
        let template = &self.templates[plane];
        for (block, rand) in self.random_bytes(number).take(blocks).enumerate() {
            let offset =
                |offset: usize, sub: u32| if sub == 1 { 6 + offset } else { 9 + 2 * offset };
            let (left, top) = (offset(rand >> 4, sub_x), offset(rand & 15, sub_y));
            for i in 0..rows {
                for j in 0..block_width {
                    let mut g = template.get(top + i, left + j) as i16;
                    let Some(to) = data.get_mut(i * stripe_width + block * step + j) else {
                        continue;
                    };
                    if self.params.overlap_flag && block > 0 && j < (2 >> sub_x) {
                        g = self.blend(*to, g, j, sub_x);
                    }
                    *to = g;
                }
            }
        }
        Image { width: stripe_width, data }
    }
}

/// Blocks of 32 luma samples, the last perhaps cut, in a row or a column of `luma` samples.
pub(super) fn blocks(luma: usize) -> usize {
    luma.div_ceil(32)
}

/// White noise; zeros without `noisy`.
fn white((width, height): (usize, usize), seed: u16, shift: u32, noisy: bool) -> Template {
    let mut random = Random(seed.into());
    let mut sample = || match noisy {
        true => round2(i32::from(GAUSSIAN_SEQUENCE[random.get(11)]), shift),
        false => 0,
    };
    Template { width, height, data: (0..width * height).map(|_| sample()).collect() }
}

/// The luma grain that goes with a chroma sample whose first luma sample is at (y, x).
fn average(luma: &Template, (y, x): (usize, usize), (sub_x, sub_y): (u32, u32)) -> i32 {
    let mut sum = 0;
    for i in 0..=sub_y as usize {
        for j in 0..=sub_x as usize {
            sum += luma.get(y + i, x + j);
        }
    }
    round2(sum, sub_x + sub_y)
}
