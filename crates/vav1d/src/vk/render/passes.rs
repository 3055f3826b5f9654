//! What the shaders are told: uniforms, and the passes that a drawing is made of. Numbers only.

use bytemuck::{Pod, Zeroable};

use crate::pixels::{Chroma, Format};

/// How pictures are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Kernel {
    /// The nearest pixel.
    Nearest = 0,
    /// Linear between two.
    Bilinear = 1,
    /// Cubic through four (Catmull-Rom).
    #[default]
    Bicubic = 2,
    /// Lanczos with three lobes.
    Lanczos = 3,
}

/// The uniform `Scaling` of `shaders/scale.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Scaling {
    source: [u32; 2],
    target: [u32; 2],
    axis: u32,
    step: f32,
}

/// The uniform `Gather` of `shaders/gather.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Gather {
    size: [u32; 2],
    chroma_size: [u32; 2],
    planes: [u32; 2],
    samples: u32,
    words: u32,
    in_word: u32,
    bits: u32,
    shift: u32,
    top: u32,
    extent: [u32; 2],
    subsampling: [u32; 2],
}

impl Gather {
    /// For a picture of `format` and `size` luma samples in an image of `extent` texels, with samples
    /// that are shifted up by `shift` bits.
    pub(super) fn new(format: Format, size: (u32, u32), extent: (u32, u32), shift: u32) -> Self {
        let bytes = format.sample_bytes() as u32;
        let (chroma, (x, y)) = (format.plane_size(1, size.0, size.1), format.chroma.subsampling());
        let (luma, of_chroma) = (size.0 * size.1, chroma.0 * chroma.1);
        let (planes, samples) = match format.chroma {
            Chroma::Monochrome => ([luma; 2], luma),
            _ => ([luma, luma + of_chroma], luma + 2 * of_chroma),
        };
        Self {
            size: size.into(),
            chroma_size: chroma.into(),
            planes,
            samples,
            words: samples.div_ceil(4 / bytes),
            in_word: 4 / bytes,
            bits: 8 * bytes,
            shift,
            top: (1 << format.bit_depth) - 1,
            extent: extent.into(),
            subsampling: [x, y],
        }
    }

    /// Words that it makes.
    pub(super) fn words(&self) -> u32 {
        self.words
    }
}

/// The uniform `Presentation` of `shaders/present.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Presentation {
    pub(super) origin: [i32; 2],
    pub(super) size: [i32; 2],
    pub(super) overlay_origin: [i32; 2],
    pub(super) overlay_size: [i32; 2],
    pub(super) clip_origin: [i32; 2],
    pub(super) clip_size: [i32; 2],
    pub(super) levels: f32,
    pub(super) hdr_output: u32,
    /// Quarters of a turn.
    pub(super) quarters: u32,
    /// 1: left and right are exchanged.
    pub(super) mirrored: u32,
}

/// Bytes of a converted pixel.
pub(super) const PIXEL_BYTES: u64 = 8;

/// The two passes from `source` to `target` pixels; one where a direction stays, none where both do.
pub(super) fn scalings(source: (u32, u32), target: (u32, u32)) -> impl Iterator<Item = Scaling> {
    let between = (target.0, source.1);
    let pass = |axis, source: (u32, u32), target: (u32, u32)| {
        let (from, to) = if axis == 0 { (source.0, target.0) } else { (source.1, target.1) };
        (from != to).then_some(Scaling {
            source: [source.0, source.1],
            target: [target.0, target.1],
            axis,
            step: from as f32 / to.max(1) as f32,
        })
    };
    [pass(0, source, between), pass(1, between, target)].into_iter().flatten()
}

impl Scaling {
    /// Pixels of the result.
    pub(super) fn target(&self) -> (u32, u32) {
        (self.target[0], self.target[1])
    }

    /// Work groups that make it, four pixels along the axis at a time.
    pub(super) fn groups(&self) -> (u32, u32) {
        match self.axis {
            0 => groups((self.target[0].div_ceil(4), self.target[1])),
            _ => groups((self.target[0], self.target[1].div_ceil(4))),
        }
    }
}

/// Work groups that cover `size` pixels, as the shaders' `@workgroup_size(16, 8)` has it.
pub(super) fn groups(size: (u32, u32)) -> (u32, u32) {
    (size.0.div_ceil(16), size.1.div_ceil(8))
}

/// The same for the conversion, which makes four pixels of a row at a time.
pub(super) fn conversion_groups(size: (u32, u32)) -> (u32, u32) {
    groups((size.0.div_ceil(4), size.1))
}

/// Bytes of a converted picture.
pub(super) fn picture_bytes(size: (u32, u32)) -> u64 {
    u64::from(size.0) * u64::from(size.1) * PIXEL_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_scaled() {
        let axes = |source, target| {
            scalings(source, target).map(|s| (s.axis, s.target())).collect::<Vec<_>>()
        };
        assert_eq!(axes((4, 3), (4, 3)), []);
        assert_eq!(axes((4, 3), (8, 3)), [(0, (8, 3))]);
        assert_eq!(axes((4, 3), (4, 9)), [(1, (4, 9))]);
        assert_eq!(axes((4, 3), (8, 9)), [(0, (8, 3)), (1, (8, 9))]);
    }

    #[test]
    fn uniforms_are_as_long_as_in_the_shaders() {
        assert_eq!(size_of::<Scaling>(), 24);
        assert_eq!(size_of::<Presentation>(), 64);
        assert_eq!(size_of::<Gather>(), 64);
        assert_eq!(size_of::<crate::color::Conversion>(), 160);
        assert_eq!(groups((1, 1)), (1, 1));
        assert_eq!(groups((17, 8)), (2, 1));
    }
}
