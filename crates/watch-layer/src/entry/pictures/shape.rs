//! How samples lie in images and in what is hashed.

use ash::vk;
use md5::{Digest, Md5};

/// How a format's samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) extent: (u32, u32),
    /// Of the second plane.
    subsampling: (u32, u32),
    bytes: u32,
    /// Unused low bits.
    shift: u32,
    pub(super) monochrome: bool,
}

/// The shape of a picture of `format`, if it is one that is known: two planes, the second interleaved.
pub(super) fn shape(format: vk::Format, extent: (u32, u32), monochrome: bool) -> Option<Shape> {
    let (subsampling, bytes, shift) = match format {
        vk::Format::G8_B8R8_2PLANE_420_UNORM => ((1, 1), 1, 0),
        vk::Format::G8_B8R8_2PLANE_422_UNORM => ((1, 0), 1, 0),
        vk::Format::G8_B8R8_2PLANE_444_UNORM => ((0, 0), 1, 0),
        vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16 => ((1, 1), 2, 6),
        vk::Format::G10X6_B10X6R10X6_2PLANE_422_UNORM_3PACK16 => ((1, 0), 2, 6),
        vk::Format::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16 => ((0, 0), 2, 6),
        vk::Format::G12X4_B12X4R12X4_2PLANE_420_UNORM_3PACK16 => ((1, 1), 2, 4),
        vk::Format::G12X4_B12X4R12X4_2PLANE_422_UNORM_3PACK16 => ((1, 0), 2, 4),
        vk::Format::G12X4_B12X4R12X4_2PLANE_444_UNORM_3PACK16 => ((0, 0), 2, 4),
        _ => return None,
    };
    Some(Shape { extent, subsampling, bytes, shift, monochrome })
}

impl Shape {
    pub(super) fn chroma(&self) -> (u32, u32) {
        let (x, y) = self.subsampling;
        ((self.extent.0 + x) >> x, (self.extent.1 + y) >> y)
    }

    /// Bytes of the planes.
    pub(super) fn planes(&self) -> [u64; 2] {
        let (width, height) = self.chroma();
        let luma = u64::from(self.extent.0) * u64::from(self.extent.1);
        let chroma = 2 * u64::from(width) * u64::from(height);
        [luma * u64::from(self.bytes), chroma * u64::from(self.bytes)]
    }

    /// The MD5 of the samples in planes, rows without gaps, in the low bits.
    pub(super) fn md5(&self, bytes: &[u8]) -> String {
        let [luma, chroma] = self.planes().map(|size| size as usize);
        let mut planar = Vec::with_capacity(luma + chroma);
        // Copies begin at multiples of four bytes.
        let second = luma.next_multiple_of(4);
        let chroma = bytes.get(second..second + chroma).unwrap_or_default();
        if self.bytes == 1 {
            planar.extend_from_slice(bytes.get(..luma).unwrap_or_default());
            if !self.monochrome {
                let (pairs, _) = chroma.as_chunks::<2>();
                planar.extend(pairs.iter().map(|pair| pair[0]));
                planar.extend(pairs.iter().map(|pair| pair[1]));
            }
        } else {
            let low = |word: [u8; 2]| (u16::from_le_bytes(word) >> self.shift).to_le_bytes();
            let (words, _) = bytes.get(..luma).unwrap_or_default().as_chunks::<2>();
            planar.extend(words.iter().flat_map(|word| low(*word)));
            if !self.monochrome {
                let (pairs, _) = chroma.as_chunks::<4>();
                planar.extend(pairs.iter().flat_map(|p| low([p[0], p[1]])));
                planar.extend(pairs.iter().flat_map(|p| low([p[2], p[3]])));
            }
        }
        let digest = Md5::digest(&planar);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hashed_is_planar_and_in_the_low_bits() {
        let nv12 = shape(vk::Format::G8_B8R8_2PLANE_420_UNORM, (3, 2), false).expect("known");
        assert_eq!(nv12.planes(), [6, 4]);
        let expected = Md5::digest([1, 2, 3, 4, 5, 6, 7, 9, 8, 10]);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(nv12.md5(&[1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10]), expected);
        let p010 = vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16;
        let p010 = shape(p010, (1, 1), true).expect("known");
        let expected: String =
            Md5::digest([0xff, 0x03]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(p010.md5(&[0xc0, 0xff, 0, 0, 0, 0]), expected);
        assert_eq!(shape(vk::Format::R8_UNORM, (1, 1), false), None);
    }
}
