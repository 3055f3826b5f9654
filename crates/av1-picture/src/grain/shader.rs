//! What vav1d's `shaders/film_grain.wgsl` is told of a picture's film grain. What is made value
//! after value is made here; what is done for each sample is the shader's.

use bytemuck::{Pod, Zeroable};

use super::noise::{Grain, blocks};
use super::{Synthesis, noise};
use crate::pixels::Format;
use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::sequence::ColorConfig;

/// The uniform `FilmGrain` of vav1d's `shaders/film_grain.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GrainUniform {
    /// Luma samples: width, height.
    pub size: [u32; 2],
    /// Chroma samples: width, height.
    pub chroma_size: [u32; 2],
    /// `subsampling_x`, `subsampling_y`.
    pub subsampling: [u32; 2],
    /// First sample of planes U and V; the number of all, where there is luma alone.
    pub planes: [u32; 2],
    /// Samples of all planes.
    pub samples: u32,
    /// BitDepth.
    pub bit_depth: u32,
    /// A bit for each plane that has noise.
    pub noisy_planes: u32,
    /// ScalingShift.
    pub scaling_shift: u32,
    /// `overlap_flag`.
    pub overlap: u32,
    /// `chroma_scaling_from_luma`.
    pub chroma_scaling_from_luma: u32,
    /// Blocks of 32 luma samples in a row, the last perhaps cut.
    pub blocks: u32,
    /// Words of the samples, after which the data are.
    pub data: u32,
    /// GrainMin, GrainMax.
    pub grain_range: [i32; 2],
    /// What samples are clipped to, at least.
    pub min: i32,
    /// And luma at most.
    pub max_luma: i32,
    /// And chroma at most.
    pub max_chroma: i32,
    /// The shader aligns what follows.
    pub padding: [i32; 3],
    /// For U and V: the factor of luma, that of chroma, the offset.
    pub mix: [[i32; 4]; 2],
}

/// The film grain of a picture, for the shader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrainPass {
    /// Parameters.
    pub uniform: GrainUniform,
    /// Scaling functions, templates and random bytes, as the shader's head says.
    pub data: Vec<u32>,
}

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
mod tests {
    use super::*;
    use crate::grain::tests::color;
    use crate::pixels::Chroma;

    #[test]
    fn the_uniform_is_as_the_shader_lays_it_out() {
        assert_eq!(size_of::<GrainUniform>(), 128);
    }

    #[test]
    fn data_are_as_long_as_the_shader_takes_them_to_be() {
        let params = FilmGrainParams { num_y_points: 1, ..FilmGrainParams::default() };
        for chroma in [Chroma::Monochrome, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444] {
            for (size, blocks) in [((1, 1), 1), ((32, 32), 1), ((33, 65), 6), ((1920, 1080), 2040)]
            {
                let format = Format { chroma, bit_depth: 10 };
                let pass = shader_pass(format, size, &params, &color(2));
                assert_eq!(pass.data.len(), 192 + 3 * 2993 + blocks, "{chroma} {size:?}");
            }
        }
    }
}
