//! Formats: planes, bytes, subsampling, bit positions.

use ash::vk;

use av1_engine::job::Chroma;

/// One plane of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaneFormat {
    /// Bytes of a texel.
    pub(crate) bytes: u32,
    /// Log2 of the horizontal and vertical subsampling.
    pub(crate) shift: (u32, u32),
}

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// The planes: one to three.
    pub(crate) planes: [PlaneFormat; 3],
    /// How many there are.
    pub(crate) count: usize,
    /// Bits of a sample: 8, 10, 12 or 16.
    pub(crate) bit_depth: u8,
    /// For formats of pictures, their chroma.
    pub(crate) chroma: Option<Chroma>,
}

impl Format {
    /// The planes.
    pub(crate) fn planes(&self) -> &[PlaneFormat] {
        &self.planes[..self.count]
    }

    /// Bits that a sample is shifted up by in its 16 bits.
    pub(crate) fn msb_shift(&self) -> u32 {
        if self.bit_depth > 8 { 16 - u32::from(self.bit_depth) } else { 0 }
    }
}

const fn single(bytes: u32, bit_depth: u8) -> Format {
    let plane = PlaneFormat { bytes, shift: (0, 0) };
    Format { planes: [plane; 3], count: 1, bit_depth, chroma: None }
}

const fn mono(bytes: u32, bit_depth: u8) -> Format {
    Format { chroma: Some(Chroma::Monochrome), ..single(bytes, bit_depth) }
}

const fn planar(count: usize, chroma: Chroma, bit_depth: u8) -> Format {
    let sample = if bit_depth > 8 { 2 } else { 1 };
    let shift = match chroma {
        Chroma::Yuv420 | Chroma::Monochrome => (1, 1),
        Chroma::Yuv422 => (1, 0),
        Chroma::Yuv444 => (0, 0),
    };
    let luma = PlaneFormat { bytes: sample, shift: (0, 0) };
    let bytes = if count == 2 { 2 * sample } else { sample };
    let second = PlaneFormat { bytes, shift };
    Format { planes: [luma, second, second], count, bit_depth, chroma: Some(chroma) }
}

/// The formats that the driver knows, each with its description.
pub(crate) const FORMATS: &[(vk::Format, Format)] = &[
    (vk::Format::G8_B8R8_2PLANE_420_UNORM, planar(2, Chroma::Yuv420, 8)),
    (vk::Format::G8_B8R8_2PLANE_422_UNORM, planar(2, Chroma::Yuv422, 8)),
    (vk::Format::G8_B8R8_2PLANE_444_UNORM, planar(2, Chroma::Yuv444, 8)),
    (vk::Format::G8_B8_R8_3PLANE_420_UNORM, planar(3, Chroma::Yuv420, 8)),
    (vk::Format::G8_B8_R8_3PLANE_422_UNORM, planar(3, Chroma::Yuv422, 8)),
    (vk::Format::G8_B8_R8_3PLANE_444_UNORM, planar(3, Chroma::Yuv444, 8)),
    (vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16, planar(2, Chroma::Yuv420, 10)),
    (vk::Format::G10X6_B10X6R10X6_2PLANE_422_UNORM_3PACK16, planar(2, Chroma::Yuv422, 10)),
    (vk::Format::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16, planar(2, Chroma::Yuv444, 10)),
    (vk::Format::G10X6_B10X6_R10X6_3PLANE_420_UNORM_3PACK16, planar(3, Chroma::Yuv420, 10)),
    (vk::Format::G10X6_B10X6_R10X6_3PLANE_422_UNORM_3PACK16, planar(3, Chroma::Yuv422, 10)),
    (vk::Format::G10X6_B10X6_R10X6_3PLANE_444_UNORM_3PACK16, planar(3, Chroma::Yuv444, 10)),
    (vk::Format::G12X4_B12X4R12X4_2PLANE_420_UNORM_3PACK16, planar(2, Chroma::Yuv420, 12)),
    (vk::Format::G12X4_B12X4R12X4_2PLANE_422_UNORM_3PACK16, planar(2, Chroma::Yuv422, 12)),
    (vk::Format::G12X4_B12X4R12X4_2PLANE_444_UNORM_3PACK16, planar(2, Chroma::Yuv444, 12)),
    (vk::Format::G12X4_B12X4_R12X4_3PLANE_420_UNORM_3PACK16, planar(3, Chroma::Yuv420, 12)),
    (vk::Format::G12X4_B12X4_R12X4_3PLANE_422_UNORM_3PACK16, planar(3, Chroma::Yuv422, 12)),
    (vk::Format::G12X4_B12X4_R12X4_3PLANE_444_UNORM_3PACK16, planar(3, Chroma::Yuv444, 12)),
    (vk::Format::R8_UNORM, mono(1, 8)),
    (vk::Format::R10X6_UNORM_PACK16, mono(2, 10)),
    (vk::Format::R12X4_UNORM_PACK16, mono(2, 12)),
    (vk::Format::R8G8_UNORM, single(2, 8)),
    (vk::Format::R16_UNORM, single(2, 16)),
    (vk::Format::R16G16_UNORM, single(4, 16)),
    (vk::Format::R10X6G10X6_UNORM_2PACK16, single(4, 10)),
    (vk::Format::R12X4G12X4_UNORM_2PACK16, single(4, 12)),
    (vk::Format::R8G8B8A8_UNORM, single(4, 8)),
    (vk::Format::B8G8R8A8_UNORM, single(4, 8)),
];

/// The description of `format`, if the driver knows it.
pub(crate) fn describe(format: vk::Format) -> Option<Format> {
    FORMATS.iter().find(|(known, _)| *known == format).map(|(_, f)| *f)
}

/// Plane index of an aspect; COLOR and PLANE_0 are plane 0.
pub(crate) fn plane_of(aspect: vk::ImageAspectFlags) -> usize {
    if aspect.contains(vk::ImageAspectFlags::PLANE_2) {
        2
    } else if aspect.contains(vk::ImageAspectFlags::PLANE_1) {
        1
    } else {
        0
    }
}

/// Features of `format`: (of images of any tiling, of buffers).
pub(crate) fn features(format: vk::Format) -> vk::FormatFeatureFlags2 {
    let Some(f) = describe(format) else { return vk::FormatFeatureFlags2::empty() };
    let mut flags = vk::FormatFeatureFlags2::TRANSFER_SRC
        | vk::FormatFeatureFlags2::TRANSFER_DST
        | vk::FormatFeatureFlags2::SAMPLED_IMAGE;
    if f.chroma.is_some() {
        flags |= vk::FormatFeatureFlags2::VIDEO_DECODE_OUTPUT_KHR
            | vk::FormatFeatureFlags2::VIDEO_DECODE_DPB_KHR;
    }
    if f.count > 1 {
        flags |= vk::FormatFeatureFlags2::MIDPOINT_CHROMA_SAMPLES
            | vk::FormatFeatureFlags2::COSITED_CHROMA_SAMPLES;
    } else {
        flags |= vk::FormatFeatureFlags2::STORAGE_IMAGE;
    }
    flags
}
