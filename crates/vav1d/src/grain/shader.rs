//! What `shaders/film_grain.wgsl` is told of a picture's film grain. What is made value after value
//! is made here; what is done for each sample is the shader's.

use super::noise::{Grain, blocks};
use super::{Synthesis, noise};
use crate::pixels::Format;
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::sequence::ColorConfig;
use crate::vk::render::{GrainPass, GrainUniform};

/// Words of one template: LumaGrain's two samples each.
const TEMPLATE_WORDS: usize = noise::LUMA_WIDTH * noise::LUMA_HEIGHT / 2;
/// Words of the lookup tables: three of 256 bytes.
const LUT_WORDS: usize = 3 * 256 / 4;

/// What the shader makes of pictures of this format and `size` (width, height, luma samples) the
/// film grain of `params` with.
pub fn shader_pass(
    format: Format,
    size: (u32, u32),
    params: &FilmGrainParams,
    color: &ColorConfig,
) -> GrainPass {
    let synthesis = Synthesis::new(format, params, color);
    let grain = Grain::generate(format, params);
    let mut data = Vec::new();
    for lut in &synthesis.lut {
        let bytes = lut.map(|value| value as u8);
        data.extend(bytes.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)));
    }
    for template in grain.templates() {
        let end = data.len() + TEMPLATE_WORDS;
        let half = |sample: &i32| u32::from(*sample as u16);
        let pair = |pair: &[i32]| half(&pair[0]) | pair.get(1).map_or(0, half) << 16;
        data.extend(template.chunks(2).map(pair));
        data.resize(end, 0);
    }
    data.resize(LUT_WORDS + 3 * TEMPLATE_WORDS, 0);
    let per_row = blocks(size.0 as usize);
    for stripe in 0..blocks(size.1 as usize) {
        data.extend(grain.random_bytes(stripe).take(per_row).map(|byte| byte as u32));
    }
    GrainPass { uniform: uniform(format, size, params, (&synthesis, &grain)), data }
}

fn uniform(
    format: Format,
    (width, height): (u32, u32),
    p: &FilmGrainParams,
    (synthesis, grain): (&Synthesis<'_>, &Grain<'_>),
) -> GrainUniform {
    let planes = 0..format.chroma.planes();
    let (sub_x, sub_y) = format.chroma.subsampling();
    let (chroma_width, chroma_height) = format.plane_size(1, width, height);
    let (grain_min, grain_max) = grain.range();
    let [max_luma, max_chroma, _] = synthesis.max;
    let bytes = format.picture_bytes(width, height);
    let samples = (bytes / format.sample_bytes()) as u32;
    let luma = width * height;
    let mix = |plane| {
        let (luma_mult, mult, offset) = synthesis.mix(plane);
        [luma_mult, mult, offset, 0]
    };
    GrainUniform {
        size: [width, height],
        chroma_size: [chroma_width, chroma_height],
        subsampling: [sub_x, sub_y],
        planes: [luma, (luma + chroma_width * chroma_height).min(samples)],
        samples,
        bit_depth: format.bit_depth.into(),
        noisy_planes: planes
            .filter(|plane| synthesis.has_noise(*plane))
            .fold(0, |noisy, plane| noisy | 1 << plane),
        scaling_shift: synthesis.scaling_shift(),
        overlap: p.overlap_flag.into(),
        chroma_scaling_from_luma: p.chroma_scaling_from_luma.into(),
        blocks: blocks(width as usize) as u32,
        data: bytes.div_ceil(4) as u32,
        grain_range: [grain_min, grain_max],
        min: synthesis.min,
        max_luma,
        max_chroma,
        padding: [0; 3],
        mix: [mix(1), mix(2)],
    }
}

#[cfg(test)]
mod tests;
