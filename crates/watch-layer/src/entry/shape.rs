//! How samples lie in images and in what is hashed.

use ash::vk;
use md5::{Digest, Md5};

/// How a picture's samples lie in its planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) extent: (u32, u32),
    /// Log2 of the subsampling of chroma; `None` without chroma.
    subsampling: Option<(u32, u32)>,
    /// Cb and Cr are interleaved in one plane.
    interleaved: bool,
    bytes: u32,
    /// Unused low bits.
    shift: u32,
    /// Chroma, if there is any, is not of the picture.
    pub(super) monochrome: bool,
}

/// The shape of a picture of `format`, if it is one that is known.
pub(super) fn shape(format: vk::Format, extent: (u32, u32), monochrome: bool) -> Option<Shape> {
    let (planes, subsampling, bits) = match format {
        vk::Format::R8_UNORM => (1, (0, 0), 8),
        vk::Format::R10X6_UNORM_PACK16 => (1, (0, 0), 10),
        vk::Format::R12X4_UNORM_PACK16 => (1, (0, 0), 12),
        vk::Format::G8_B8R8_2PLANE_420_UNORM => (2, (1, 1), 8),
        vk::Format::G8_B8R8_2PLANE_422_UNORM => (2, (1, 0), 8),
        vk::Format::G8_B8R8_2PLANE_444_UNORM => (2, (0, 0), 8),
        vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16 => (2, (1, 1), 10),
        vk::Format::G10X6_B10X6R10X6_2PLANE_422_UNORM_3PACK16 => (2, (1, 0), 10),
        vk::Format::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16 => (2, (0, 0), 10),
        vk::Format::G12X4_B12X4R12X4_2PLANE_420_UNORM_3PACK16 => (2, (1, 1), 12),
        vk::Format::G12X4_B12X4R12X4_2PLANE_422_UNORM_3PACK16 => (2, (1, 0), 12),
        vk::Format::G12X4_B12X4R12X4_2PLANE_444_UNORM_3PACK16 => (2, (0, 0), 12),
        vk::Format::G8_B8_R8_3PLANE_420_UNORM => (3, (1, 1), 8),
        vk::Format::G8_B8_R8_3PLANE_422_UNORM => (3, (1, 0), 8),
        vk::Format::G8_B8_R8_3PLANE_444_UNORM => (3, (0, 0), 8),
        vk::Format::G10X6_B10X6_R10X6_3PLANE_420_UNORM_3PACK16 => (3, (1, 1), 10),
        vk::Format::G10X6_B10X6_R10X6_3PLANE_422_UNORM_3PACK16 => (3, (1, 0), 10),
        vk::Format::G10X6_B10X6_R10X6_3PLANE_444_UNORM_3PACK16 => (3, (0, 0), 10),
        vk::Format::G12X4_B12X4_R12X4_3PLANE_420_UNORM_3PACK16 => (3, (1, 1), 12),
        vk::Format::G12X4_B12X4_R12X4_3PLANE_422_UNORM_3PACK16 => (3, (1, 0), 12),
        vk::Format::G12X4_B12X4_R12X4_3PLANE_444_UNORM_3PACK16 => (3, (0, 0), 12),
        _ => return None,
    };
    Some(Shape {
        extent,
        subsampling: (planes > 1).then_some(subsampling),
        interleaved: planes == 2,
        bytes: if bits > 8 { 2 } else { 1 },
        shift: if bits > 8 { 16 - bits } else { 0 },
        monochrome,
    })
}

/// A plane of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) aspect: vk::ImageAspectFlags,
    /// From the start of the picture's bytes: a multiple of four.
    pub(super) offset: u64,
    pub(super) extent: (u32, u32),
    bytes: u64,
}

impl Shape {
    /// The planes that are copied, one behind the other.
    pub(super) fn planes(&self) -> Vec<Plane> {
        let aspects = [vk::ImageAspectFlags::PLANE_1, vk::ImageAspectFlags::PLANE_2];
        let samples = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let first = match self.subsampling {
            None => vk::ImageAspectFlags::COLOR,
            Some(_) => vk::ImageAspectFlags::PLANE_0,
        };
        let bytes = samples(self.extent) * u64::from(self.bytes);
        let mut all = vec![Plane { aspect: first, offset: 0, extent: self.extent, bytes }];
        let mut offset = bytes.next_multiple_of(4);
        if let Some((x, y)) = self.subsampling {
            let extent = ((self.extent.0 + x) >> x, (self.extent.1 + y) >> y);
            let (count, each) = if self.interleaved { (1, 2) } else { (2, 1) };
            let bytes = each * samples(extent) * u64::from(self.bytes);
            for aspect in aspects.into_iter().take(count) {
                all.push(Plane { aspect, offset, extent, bytes });
                offset = (offset + bytes).next_multiple_of(4);
            }
        }
        all
    }

    /// Bytes of the whole picture, a multiple of 16.
    pub(super) fn size(&self) -> u64 {
        let end = self.planes().last().map_or(0, |plane| plane.offset + plane.bytes);
        end.next_multiple_of(16)
    }

    /// The MD5 of the samples in planes, rows without gaps, in the low bits.
    pub(super) fn md5(&self, picture: &[u8]) -> String {
        let mut planar = Vec::with_capacity(picture.len());
        for (number, plane) in self.planes().into_iter().enumerate() {
            if number > 0 && self.monochrome {
                break;
            }
            let start = plane.offset as usize;
            let bytes = picture.get(start..start + plane.bytes as usize).unwrap_or_default();
            self.samples(bytes, number > 0 && self.interleaved, &mut planar);
        }
        Md5::digest(&planar).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Appends the samples of a plane: of an interleaved one all of the first, then the others.
    fn samples(&self, bytes: &[u8], interleaved: bool, to: &mut Vec<u8>) {
        let low = |word: [u8; 2]| (u16::from_le_bytes(word) >> self.shift).to_le_bytes();
        match (self.bytes, interleaved) {
            (1, false) => to.extend_from_slice(bytes),
            (1, true) => {
                let (pairs, _) = bytes.as_chunks::<2>();
                to.extend(pairs.iter().map(|pair| pair[0]));
                to.extend(pairs.iter().map(|pair| pair[1]));
            }
            (_, false) => {
                let (words, _) = bytes.as_chunks::<2>();
                to.extend(words.iter().flat_map(|word| low(*word)));
            }
            (_, true) => {
                let (pairs, _) = bytes.as_chunks::<4>();
                to.extend(pairs.iter().flat_map(|pair| low([pair[0], pair[1]])));
                to.extend(pairs.iter().flat_map(|pair| low([pair[2], pair[3]])));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hashed_is_planar_and_in_the_low_bits() {
        let nv12 = shape(vk::Format::G8_B8R8_2PLANE_420_UNORM, (3, 2), false).expect("known");
        let planes: Vec<_> = nv12.planes().iter().map(|p| (p.offset, p.extent)).collect();
        assert_eq!(planes, [(0, (3, 2)), (8, (2, 1))]);
        let expected = Md5::digest([1, 2, 3, 4, 5, 6, 7, 9, 8, 10]);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(nv12.md5(&[1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10]), expected);
        let yuv = shape(vk::Format::G8_B8_R8_3PLANE_420_UNORM, (3, 2), false).expect("known");
        let bytes = [1, 2, 3, 4, 5, 6, 0, 0, 7, 9, 0, 0, 8, 10, 0, 0];
        assert_eq!(yuv.md5(&bytes), expected);
        assert_eq!(yuv.size(), 16);
        let p010 = vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16;
        let p010 = shape(p010, (1, 1), true).expect("known");
        let expected: String =
            Md5::digest([0xff, 0x03]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(p010.md5(&[0xc0, 0xff, 0, 0, 0, 0]), expected);
        assert_eq!(shape(vk::Format::R8_SNORM, (1, 1), false), None);
    }
}
