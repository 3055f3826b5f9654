//! Host pictures: planar, tightly packed, 16-bit samples little-endian and LSB-aligned.
//! The bytes of a [`Picture`] are exactly the bytes that are hashed and written.

mod samples;

pub use av1_syntax::format::{Chroma, Format};
pub use samples::{Lend, Samples};

/// A picture on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Sample format.
    pub format: Format,
    /// Luma width: UpscaledWidth of the frame.
    pub width: u32,
    /// Luma height: FrameHeight.
    pub height: u32,
    /// Planes Y, U, V one after the other, rows top-down without padding; one byte a sample at
    /// 8 bits, else two, little-endian, LSB-aligned. `format.picture_bytes(width, height)` long.
    pub data: Samples,
}

impl Picture {
    /// A picture of zeros.
    pub fn new(format: Format, width: u32, height: u32) -> Self {
        Self::in_memory(format, width, height, Vec::new())
    }

    /// A picture whose samples are what `memory` has, and zeros.
    pub fn in_memory(format: Format, width: u32, height: u32, memory: Vec<u8>) -> Self {
        let mut data = memory;
        data.resize(format.picture_bytes(width, height), 0);
        Self { format, width, height, data: data.into() }
    }

    /// Byte range of plane `plane` (0 Y, 1 U, 2 V) in [`Picture::data`].
    pub fn plane_range(&self, plane: usize) -> std::ops::Range<usize> {
        let bytes = |plane| {
            let (w, h) = self.format.plane_size(plane, self.width, self.height);
            w as usize * h as usize * self.format.sample_bytes()
        };
        let start = (0..plane).map(bytes).sum();
        start..start + bytes(plane)
    }

    /// The bytes of plane `plane` (0 Y, 1 U, 2 V).
    pub fn plane(&self, plane: usize) -> &[u8] {
        &self.data[self.plane_range(plane)]
    }
}
