//! What the film grain shader is told. Numbers only: `grain` knows what they are.

use bytemuck::{Pod, Zeroable};

use crate::pixels::Picture;

/// The uniform `FilmGrain` of `shaders/film_grain.wgsl`.
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

/// Invocations of a work group.
const GROUP: u32 = 128;
/// Work groups in a row: less than every device allows.
const GROUPS_X: u32 = 1 << 15;

impl GrainPass {
    /// Work groups that cover all words, one an invocation.
    pub(super) fn groups(&self) -> (u32, u32) {
        let groups = self.uniform.data.div_ceil(GROUP);
        (groups.clamp(1, GROUPS_X), groups.div_ceil(GROUPS_X).max(1))
    }

    /// Bytes of the picture with film grain.
    pub(super) fn picture_bytes(&self) -> u64 {
        (u64::from(self.uniform.data) * 4).max(4)
    }
}

/// What is uploaded for a picture that is on the device: the data of its film grain, and the byte
/// that they begin at, behind the samples.
pub(super) fn behind(grain: &GrainPass) -> (usize, &[u8]) {
    (grain.uniform.data as usize * 4, bytemuck::cast_slice(&grain.data))
}

/// What is uploaded of `picture`: its bytes, and after whole words the data of its film grain.
pub(super) fn parts<'a>(picture: &'a Picture, grain: Option<&'a GrainPass>) -> [&'a [u8]; 3] {
    let bytes = &picture.data[..];
    let rest = bytes.len().next_multiple_of(4) - bytes.len();
    let data = grain.map_or(&[][..], |grain| bytemuck::cast_slice(&grain.data));
    [bytes, &[0; 4][..rest], data]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Chroma, Format};

    fn pass(words: u32) -> GrainPass {
        GrainPass { uniform: GrainUniform { data: words, ..Zeroable::zeroed() }, data: vec![7] }
    }

    #[test]
    fn groups_cover_all_words() {
        assert_eq!(size_of::<GrainUniform>(), 128);
        for words in [1, 127, 128, 129, 1 << 22, (1 << 22) + 1, 855_638_016] {
            let (x, y) = pass(words).groups();
            assert!(x < 65536 && y < 65536);
            assert!(x * y >= words.div_ceil(GROUP) && x * (y - 1) < words.div_ceil(GROUP));
        }
    }

    #[test]
    fn data_follow_whole_words() {
        let format = Format { chroma: Chroma::Monochrome, bit_depth: 8 };
        for width in 1..6 {
            let picture = Picture::new(format, width, 1);
            let grain = pass(width.div_ceil(4));
            let lengths = parts(&picture, Some(&grain)).map(<[u8]>::len);
            assert_eq!(lengths[0] + lengths[1], 4 * grain.uniform.data as usize);
            assert_eq!(lengths[2], 4);
            assert_eq!(parts(&picture, None)[2].len(), 0);
        }
    }
}
