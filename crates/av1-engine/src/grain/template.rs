//! The generate grain process, spec 7.18.3.3: blocks of noise, shaped by an auto-regressive filter.

use super::gaussian::GAUSSIAN_SEQUENCE;
use super::params::Params;
use super::{Random, round2};

/// Width and height of `LumaGrain`.
const LUMA_WIDTH: usize = 82;
const LUMA_HEIGHT: usize = 73;

/// One of `LumaGrain`, `CbGrain` and `CrGrain`.
pub(super) struct Template {
    width: usize,
    height: usize,
    grain: Vec<i32>,
}

impl Template {
    /// The grain in column `x` of row `y`.
    pub(super) fn at(&self, x: usize, y: usize) -> i32 {
        self.grain[y * self.width + x]
    }

    /// White noise, or none if `seed` is `None`.
    fn white_noise(params: &Params, width: usize, height: usize, seed: Option<u16>) -> Self {
        let shift = 12 - params.bit_depth + params.grain_scale_shift;
        let grain = match seed {
            None => vec![0; width * height],
            Some(seed) => {
                let mut random = Random(seed);
                std::iter::repeat_with(|| {
                    round2(i32::from(GAUSSIAN_SEQUENCE[random.bits(11)]), shift)
                })
                .take(width * height)
                .collect()
            }
        };
        Self { width, height, grain }
    }

    /// The auto-regressive filter. `coeffs` are those of the samples before the current one;
    /// `from_luma(x, y)` is what the luma grain adds to the sum.
    fn filter(&mut self, params: &Params, coeffs: &[i32], from_luma: impl Fn(usize, usize) -> i32) {
        let lag = params.ar_coeff_lag;
        let (grain_min, grain_max) = params.grain_range();
        for y in 3..self.height {
            for x in 3..self.width - 3 {
                let mut sum = from_luma(x, y);
                let mut pos = 0;
                for row in y - lag..=y {
                    let end = if row == y { x } else { x + lag + 1 };
                    for column in x - lag..end {
                        sum += coeffs[pos] * self.at(column, row);
                        pos += 1;
                    }
                }
                let grain = self.at(x, y) + round2(sum, params.ar_coeff_shift);
                self.grain[y * self.width + x] = grain.clamp(grain_min, grain_max);
            }
        }
    }
}

/// `LumaGrain`, `CbGrain` and `CrGrain`.
pub(super) struct Templates {
    pub(super) luma: Template,
    pub(super) chroma: [Template; 2],
}

impl Templates {
    /// Generates the grain of all planes.
    pub(super) fn generate(params: &Params) -> Self {
        let seed = params.grains_luma().then_some(params.grain_seed);
        let mut luma = Template::white_noise(params, LUMA_WIDTH, LUMA_HEIGHT, seed);
        if params.grains_luma() {
            luma.filter(params, &params.ar_coeffs_y, |_, _| 0);
        }
        let chroma = [0, 1].map(|plane| chroma_template(params, plane, &luma));
        Self { luma, chroma }
    }
}

/// `CbGrain` or `CrGrain`.
fn chroma_template(params: &Params, plane: usize, luma: &Template) -> Template {
    const SEEDS: [u16; 2] = [0xb524, 0x49d8];
    let (sub_x, sub_y) = (params.subsampling_x, params.subsampling_y);
    let width = if sub_x == 1 { 44 } else { LUMA_WIDTH };
    let height = if sub_y == 1 { 38 } else { LUMA_HEIGHT };
    let grains = params.grains_chroma(plane);
    let seed = grains.then_some(params.grain_seed ^ SEEDS[plane]);
    let mut template = Template::white_noise(params, width, height, seed);
    if !grains {
        return template;
    }
    let coeffs = &params.chroma[plane].ar_coeffs;
    // The coefficient after those of the neighbours, if there is luma grain.
    let num_pos_luma = 2 * params.ar_coeff_lag * (params.ar_coeff_lag + 1);
    let luma_coeff = if params.grains_luma() { coeffs[num_pos_luma] } else { 0 };
    template.filter(params, coeffs, |x, y| {
        if luma_coeff == 0 {
            return 0;
        }
        let luma_x = ((x - 3) << sub_x) + 3;
        let luma_y = ((y - 3) << sub_y) + 3;
        let mut sum = 0;
        for i in 0..=sub_y {
            for j in 0..=sub_x {
                sum += luma.at(luma_x + j, luma_y + i);
            }
        }
        round2(sum, (sub_x + sub_y) as u32) * luma_coeff
    });
    template
}
