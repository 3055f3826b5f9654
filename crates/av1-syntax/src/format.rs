//! Sample formats: chroma subsampling and bit depth.

/// Chroma subsampling, as `mono_chrome`, `subsampling_x` and `subsampling_y` give it (5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// Luma only.
    Monochrome,
    /// Both directions halved.
    Yuv420,
    /// Horizontally halved.
    Yuv422,
    /// Full size.
    Yuv444,
}

impl Chroma {
    /// (subsampling_x, subsampling_y); (1, 1) for monochrome, as the specification infers.
    pub fn subsampling(self) -> (u32, u32) {
        match self {
            Self::Monochrome | Self::Yuv420 => (1, 1),
            Self::Yuv422 => (1, 0),
            Self::Yuv444 => (0, 0),
        }
    }

    /// Planes of a picture: 1 or 3.
    pub fn planes(self) -> usize {
        if self == Self::Monochrome { 1 } else { 3 }
    }
}

/// Sample format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Chroma subsampling.
    pub chroma: Chroma,
    /// 8, 10 or 12.
    pub bit_depth: u8,
}

impl Format {
    /// Bytes of one sample: 1 for 8 bits, else 2.
    pub fn sample_bytes(self) -> usize {
        if self.bit_depth == 8 { 1 } else { 2 }
    }

    /// Width and height of plane `plane` of a picture of `width` x `height` luma samples;
    /// chroma is rounded up.
    pub fn plane_size(self, plane: usize, width: u32, height: u32) -> (u32, u32) {
        if plane == 0 {
            return (width, height);
        }
        let (x, y) = self.chroma.subsampling();
        (width.div_ceil(1 << x), height.div_ceil(1 << y))
    }

    /// Bytes of a whole picture of `width` x `height` luma samples.
    pub fn picture_bytes(self, width: u32, height: u32) -> usize {
        (0..self.chroma.planes())
            .map(|plane| {
                let (w, h) = self.plane_size(plane, width, height);
                w as usize * h as usize * self.sample_bytes()
            })
            .sum()
    }
}
