//! Image -> `pixels::Picture`: plane layouts of formats, regions to copy, samples to planes.

use ash::vk::{self, BufferImageCopy};

use crate::pixels::{Chroma, Format, Picture, Samples};

/// How samples lie in the images of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureLayout {
    /// Subsampling; monochrome for one plane.
    pub(super) chroma: Chroma,
    /// Bits that count.
    pub(super) bit_depth: u8,
    /// Planes of the image: 1, 2 (chroma interleaved) or 3.
    pub(super) planes: u8,
}

impl PictureLayout {
    /// The layout of `format`, if it is one of those for video.
    pub(super) fn of(format: vk::Format) -> Option<Self> {
        use vk::Format as F;
        let (chroma, bit_depth, planes) = match format {
            F::R8_UNORM => (Chroma::Monochrome, 8, 1),
            F::R10X6_UNORM_PACK16 => (Chroma::Monochrome, 10, 1),
            F::R12X4_UNORM_PACK16 => (Chroma::Monochrome, 12, 1),
            F::G8_B8R8_2PLANE_420_UNORM => (Chroma::Yuv420, 8, 2),
            F::G8_B8R8_2PLANE_422_UNORM => (Chroma::Yuv422, 8, 2),
            F::G8_B8R8_2PLANE_444_UNORM => (Chroma::Yuv444, 8, 2),
            F::G8_B8_R8_3PLANE_420_UNORM => (Chroma::Yuv420, 8, 3),
            F::G8_B8_R8_3PLANE_422_UNORM => (Chroma::Yuv422, 8, 3),
            F::G8_B8_R8_3PLANE_444_UNORM => (Chroma::Yuv444, 8, 3),
            F::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16 => (Chroma::Yuv420, 10, 2),
            F::G10X6_B10X6R10X6_2PLANE_422_UNORM_3PACK16 => (Chroma::Yuv422, 10, 2),
            F::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16 => (Chroma::Yuv444, 10, 2),
            F::G10X6_B10X6_R10X6_3PLANE_420_UNORM_3PACK16 => (Chroma::Yuv420, 10, 3),
            F::G10X6_B10X6_R10X6_3PLANE_422_UNORM_3PACK16 => (Chroma::Yuv422, 10, 3),
            F::G10X6_B10X6_R10X6_3PLANE_444_UNORM_3PACK16 => (Chroma::Yuv444, 10, 3),
            F::G12X4_B12X4R12X4_2PLANE_420_UNORM_3PACK16 => (Chroma::Yuv420, 12, 2),
            F::G12X4_B12X4R12X4_2PLANE_422_UNORM_3PACK16 => (Chroma::Yuv422, 12, 2),
            F::G12X4_B12X4R12X4_2PLANE_444_UNORM_3PACK16 => (Chroma::Yuv444, 12, 2),
            F::G12X4_B12X4_R12X4_3PLANE_420_UNORM_3PACK16 => (Chroma::Yuv420, 12, 3),
            F::G12X4_B12X4_R12X4_3PLANE_422_UNORM_3PACK16 => (Chroma::Yuv422, 12, 3),
            F::G12X4_B12X4_R12X4_3PLANE_444_UNORM_3PACK16 => (Chroma::Yuv444, 12, 3),
            _ => return None,
        };
        Some(Self { chroma, bit_depth, planes })
    }

    /// By how many bits a sample is shifted up.
    pub(super) fn shift(self) -> u32 {
        if self.bit_depth == 8 { 0 } else { 16 - u32::from(self.bit_depth) }
    }

    /// How plane `plane` (0 Y, 1 U, 2 V) is viewed: aspect, format, and the component that its
    /// samples are in. Of images without chroma, all are Y.
    pub(super) fn view(
        self,
        plane: usize,
    ) -> (vk::ImageAspectFlags, vk::Format, vk::ComponentSwizzle) {
        use vk::ComponentSwizzle as Component;
        use vk::ImageAspectFlags as Aspect;
        let wide = self.bit_depth > 8;
        let one = if wide { vk::Format::R16_UINT } else { vk::Format::R8_UINT };
        let two = if wide { vk::Format::R16G16_UINT } else { vk::Format::R8G8_UINT };
        match (self.planes, plane) {
            (1, _) => (Aspect::COLOR, one, Component::R),
            (_, 0) => (Aspect::PLANE_0, one, Component::R),
            (2, 1) => (Aspect::PLANE_1, two, Component::R),
            (2, _) => (Aspect::PLANE_1, two, Component::G),
            (_, 1) => (Aspect::PLANE_1, one, Component::R),
            _ => (Aspect::PLANE_2, one, Component::R),
        }
    }

    /// Bytes of one texel of plane `plane`.
    fn texel_bytes(self, plane: usize) -> usize {
        let sample = if self.bit_depth == 8 { 1 } else { 2 };
        if plane == 1 && self.planes == 2 { 2 * sample } else { sample }
    }

    /// Subsampling shifts of plane `plane`.
    fn shifts(self, plane: usize) -> (u32, u32) {
        if plane == 0 { (0, 0) } else { self.chroma.subsampling() }
    }
}

/// Where one plane of the image lands in the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PlaneCopy {
    offset_bytes: usize,
    /// Texels copied, which may be more than are wanted.
    width: u32,
    height: u32,
    texel_bytes: usize,
}

impl PlaneCopy {
    fn size_bytes(&self) -> usize {
        self.width as usize * self.height as usize * self.texel_bytes
    }
}

/// What to copy of an image so that a picture can be made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CopyPlan {
    layout: PictureLayout,
    /// Format of the picture.
    format: Format,
    width: u32,
    height: u32,
    planes: [PlaneCopy; 3],
    n_planes: usize,
    size_bytes: usize,
    /// The copy is the picture, byte for byte.
    exact: bool,
}

/// Start of each plane in the buffer: a multiple of all texel sizes, and of what copies like best.
const PLANE_ALIGNMENT: usize = 256;
/// Bytes of a part of a picture that is put in order while it is in the processor's cache.
const BAND_BYTES: usize = 128 << 10;
/// What every queue can copy to (VUID-vkCmdCopyImageToBuffer-commandBuffer-07737).
const LEAST_ALIGNMENT: usize = 4;

impl CopyPlan {
    /// For a picture of `format` with `size` luma samples, out of images of `layout` with `image`
    /// texels, on a queue that copies in units of `granularity`.
    pub(super) fn new(
        layout: PictureLayout,
        format: Format,
        size: (u32, u32),
        image: (u32, u32),
        granularity: (u32, u32, u32),
    ) -> Self {
        // Of a monochrome picture in an image with chroma, only luma is wanted.
        let n_planes = if format.chroma == Chroma::Monochrome { 1 } else { layout.planes.into() };
        let mut planes = [PlaneCopy::default(); 3];
        for (nr, plane) in planes.iter_mut().enumerate().take(n_planes) {
            let (x, y) = layout.shifts(nr);
            let covered = |size: u32, image: u32, shift: u32, unit: u32| {
                let all = image >> shift;
                if unit == 0 {
                    all
                } else {
                    size.div_ceil(1 << shift).next_multiple_of(unit).min(all)
                }
            };
            plane.width = covered(size.0, image.0, x, granularity.0);
            plane.height = covered(size.1, image.1, y, granularity.1);
            plane.texel_bytes = layout.texel_bytes(nr);
        }
        let whole = |(nr, plane): (usize, &PlaneCopy)| {
            let wanted = format.plane_size(nr, size.0, size.1);
            (plane.width, plane.height) == wanted && plane.size_bytes() % LEAST_ALIGNMENT == 0
        };
        let exact = layout.bit_depth == 8
            && layout.planes != 2
            && planes.iter().enumerate().take(n_planes).all(whole);
        let alignment = if exact { LEAST_ALIGNMENT } else { PLANE_ALIGNMENT };
        let mut size_bytes = 0_usize;
        for plane in &mut planes[..n_planes] {
            plane.offset_bytes = size_bytes.next_multiple_of(alignment);
            size_bytes = plane.offset_bytes + plane.size_bytes();
        }
        Self { layout, format, width: size.0, height: size.1, planes, n_planes, size_bytes, exact }
    }

    /// Format of the picture.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Luma samples of the picture: width, height.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Whether the copy is the picture, byte for byte.
    pub(super) fn is_exact(&self) -> bool {
        self.exact
    }

    /// The picture whose bytes are `samples`, of an exact copy.
    pub(super) fn around(&self, samples: Samples) -> Picture {
        Picture { format: self.format, width: self.width, height: self.height, data: samples }
    }

    /// Bytes of the picture.
    pub(super) fn picture_bytes(&self) -> usize {
        self.format.picture_bytes(self.width, self.height)
    }

    /// Bytes that the buffer needs.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The regions of layer `layer`.
    pub(super) fn regions(&self, layer: u32) -> ([vk::BufferImageCopy; 3], usize) {
        const ASPECTS: [vk::ImageAspectFlags; 3] = [
            vk::ImageAspectFlags::PLANE_0,
            vk::ImageAspectFlags::PLANE_1,
            vk::ImageAspectFlags::PLANE_2,
        ];
        let mut regions = [vk::BufferImageCopy::default(); 3];
        for ((region, plane), aspect) in regions.iter_mut().zip(&self.planes).zip(ASPECTS) {
            let single = self.layout.planes == 1;
            region.buffer_offset = plane.offset_bytes as u64;
            region.image_subresource = vk::ImageSubresourceLayers {
                aspect_mask: if single { vk::ImageAspectFlags::COLOR } else { aspect },
                mip_level: 0,
                base_array_layer: layer,
                layer_count: 1,
            };
            region.image_extent =
                vk::Extent3D { width: plane.width, height: plane.height, depth: 1 };
        }
        (regions, self.n_planes)
    }

    /// What a copy of this plan would leave of an image whose memory is `bytes`; `rows` says where
    /// the first row of an aspect is in it, and how far apart rows are, in bytes. What is not there is
    /// 0.
    pub(super) fn gathered(
        &self,
        bytes: &[u8],
        rows: impl Fn(vk::ImageAspectFlags) -> (usize, usize),
    ) -> Vec<u8> {
        let mut gathered = vec![0; self.size_bytes];
        let (regions, n) = self.regions(0);
        for (region, plane) in regions[..n].iter().zip(&self.planes) {
            let (first, pitch) = rows(region.image_subresource.aspect_mask);
            let row_bytes = plane.width as usize * plane.texel_bytes;
            let to = gathered[plane.offset_bytes..].chunks_exact_mut(row_bytes.max(1));
            for (nr, to) in to.take(plane.height as usize).enumerate() {
                let start = first + nr * pitch;
                if let Some(from) = bytes.get(start..start + row_bytes) {
                    to.copy_from_slice(from);
                }
            }
        }
        gathered
    }

    /// The picture in `bytes`, which a copy of this plan left, in `memory`.
    pub(super) fn picture(&self, bytes: &[u8], memory: Vec<u8>) -> Picture {
        let mut picture = self.empty(memory);
        for (nr, plane) in self.planes.iter().enumerate().take(self.n_planes) {
            self.put_rows(&mut picture, nr, 0, &bytes[plane.offset_bytes..]);
        }
        picture
    }

    /// A picture in `memory` to [put rows](Self::put_rows) in.
    pub(super) fn empty(&self, memory: Vec<u8>) -> Picture {
        Picture::in_memory(self.format, self.width, self.height, memory)
    }

    /// The parts of a copy of this plan that have some [`BAND_BYTES`] each: the number of a plane, its
    /// first row, and what to copy to the start of a buffer.
    pub(super) fn bands(&self, layer: u32) -> impl Iterator<Item = (usize, u32, BufferImageCopy)> {
        let (regions, n) = self.regions(layer);
        let planes = regions.into_iter().zip(self.planes).enumerate().take(n);
        planes.flat_map(|(nr, (region, plane))| {
            let row_bytes = (plane.width as usize * plane.texel_bytes).max(1);
            let rows = (BAND_BYTES / row_bytes).max(1) as u32;
            (0..plane.height).step_by(rows as usize).map(move |first| {
                let height = rows.min(plane.height - first);
                let band = BufferImageCopy {
                    buffer_offset: 0,
                    image_offset: vk::Offset3D { x: 0, y: first as i32, z: 0 },
                    image_extent: vk::Extent3D { height, ..region.image_extent },
                    ..region
                };
                (nr, first, band)
            })
        })
    }

    /// Bytes of a [band](Self::bands) of the plane `nr`.
    pub(super) fn band_bytes(&self, nr: usize, band: &BufferImageCopy) -> usize {
        let texels = band.image_extent.width as usize * band.image_extent.height as usize;
        texels * self.planes[nr].texel_bytes
    }

    /// Puts into `picture` the rows from `first` on of the plane `nr` of the image, which is there in
    /// `bytes`: as many rows as there are.
    pub(super) fn put_rows(&self, picture: &mut Picture, nr: usize, first: u32, bytes: &[u8]) {
        for part in (0..self.format.chroma.planes()).filter(|part| self.source(*part) == nr) {
            let range = picture.plane_range(part);
            let start = first as usize * self.row_bytes(part);
            let rows = picture.data[range].get_mut(start..).unwrap_or_default();
            self.put_part(part, bytes, rows);
        }
    }

    /// The plane of the image that plane `part` of the picture is in.
    pub(super) fn source(&self, part: usize) -> usize {
        if part > 0 && self.layout.planes == 2 { 1 } else { part }
    }

    /// Bytes of a row of plane `part` of the picture.
    pub(super) fn row_bytes(&self, part: usize) -> usize {
        let (width, _) = self.format.plane_size(part, self.width, self.height);
        width as usize * self.format.sample_bytes()
    }

    /// Rows of plane `part` of the picture, out of `bytes` with rows of the plane of the image that it
    /// is in: as many as both have.
    pub(super) fn put_part(&self, part: usize, bytes: &[u8], rows: &mut [u8]) {
        let (row_bytes, source) = (self.row_bytes(part), self.planes[self.source(part)]);
        let pitch = source.width as usize * source.texel_bytes;
        if row_bytes == 0 {
            return;
        }
        let interleaved = part > 0 && self.layout.planes == 2;
        for (to, from) in rows.chunks_exact_mut(row_bytes).zip(bytes.chunks_exact(pitch)) {
            match (self.layout.bit_depth, interleaved) {
                (8, false) => to.copy_from_slice(&from[..row_bytes]),
                (8, true) => every_other(to, &from[part - 1..]),
                (depth, false) => high_bits(to, from.as_chunks().0, depth, |[sample]| *sample),
                (depth, true) => {
                    let choose = |pair: &[_; 2]| pair[part - 1];
                    high_bits(to, from.as_chunks().0, depth, choose);
                }
            }
        }
    }

    /// What a copy of this plan makes `picture` of: the opposite of [`Self::picture`]. Texels beyond
    /// the picture are 0.
    pub(super) fn bytes(&self, picture: &Picture) -> Vec<u8> {
        let mut bytes = vec![0; self.size_bytes];
        let sample_bytes = self.format.sample_bytes();
        let shift = if self.layout.bit_depth == 8 { 0 } else { 16 - self.layout.bit_depth };
        for nr in 0..self.format.chroma.planes() {
            let (width, _) = self.format.plane_size(nr, self.width, self.height);
            let interleaved = nr > 0 && self.layout.planes == 2;
            let target = &self.planes[if interleaved { 1 } else { nr }];
            let (first, step) = if interleaved { (nr - 1, 2) } else { (0, 1) };
            let pitch = (target.width as usize * target.texel_bytes).max(1);
            let rows = bytes[target.offset_bytes..].chunks_exact_mut(pitch);
            let from = picture.plane(nr).chunks_exact((width as usize * sample_bytes).max(1));
            for (row, from) in rows.zip(from) {
                let to = row.chunks_exact_mut(sample_bytes).skip(first).step_by(step);
                for (to, sample) in to.zip(from.chunks_exact(sample_bytes)) {
                    to.copy_from_slice(sample);
                    if let [low, high] = to {
                        let value = u16::from_le_bytes([*low, *high]) << shift;
                        [*low, *high] = value.to_le_bytes();
                    }
                }
            }
        }
        bytes
    }
}

/// Takes one of two interleaved bytes.
fn every_other(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from.iter().step_by(2)).for_each(|(to, from)| *to = *from);
}

/// Takes the samples that `choose` takes of texels with `N` 16-bit samples, whose high `depth` bits
/// count.
fn high_bits<const N: usize>(
    to: &mut [u8],
    from: &[[u8; 2]],
    depth: u8,
    choose: impl Fn(&[[u8; 2]; N]) -> [u8; 2],
) {
    for (to, from) in to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0) {
        *to = (u16::from_le_bytes(choose(from)) >> (16 - depth)).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [(vk::Format, Chroma, u8); 6] = [
        (vk::Format::G8_B8R8_2PLANE_420_UNORM, Chroma::Yuv420, 8),
        (vk::Format::G8_B8_R8_3PLANE_422_UNORM, Chroma::Yuv422, 8),
        (vk::Format::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16, Chroma::Yuv444, 10),
        (vk::Format::G12X4_B12X4_R12X4_3PLANE_420_UNORM_3PACK16, Chroma::Yuv420, 12),
        (vk::Format::R10X6_UNORM_PACK16, Chroma::Monochrome, 10),
        (vk::Format::G8_B8R8_2PLANE_420_UNORM, Chroma::Monochrome, 8),
    ];

    /// What a copy by `plan` leaves of an image whose sample at (x, y) of plane p is `value`.
    fn copied(plan: &CopyPlan, value: impl Fn(usize, u32, u32) -> u16) -> Vec<u8> {
        let mut bytes = vec![0xee; plan.size_bytes];
        for (nr, plane) in plan.planes.iter().enumerate().take(plan.n_planes) {
            let mut at = plane.offset_bytes;
            for (y, x) in (0..plane.height).flat_map(|y| (0..plane.width).map(move |x| (y, x))) {
                let both = nr == 1 && plan.layout.planes == 2;
                for p in nr..=nr + usize::from(both) {
                    let shift = 16 - plan.layout.bit_depth;
                    let sample = (value(p, x, y) << shift).to_le_bytes();
                    if plan.layout.bit_depth == 8 {
                        bytes[at] = sample[1];
                        at += 1;
                    } else {
                        // Bits below the sample are anything.
                        bytes[at..at + 2].copy_from_slice(&[sample[0] | 1, sample[1]]);
                        at += 2;
                    }
                }
            }
        }
        bytes
    }

    #[test]
    fn every_layout_and_granularity_gives_the_picture() {
        let value = |p: usize, x: u32, y: u32| (p as u32 * 50 + y * 7 + x) as u16 & 0xff;
        for (format, chroma, bit_depth) in FORMATS {
            let layout = PictureLayout::of(format).expect("known");
            for granularity in [(1, 1, 1), (8, 4, 1), (0, 0, 0)] {
                let wanted = Format { chroma, bit_depth };
                let plan = CopyPlan::new(layout, wanted, (7, 5), (16, 16), granularity);
                let picture = plan.picture(&copied(&plan, value), vec![0xee; 7]);
                assert_eq!(plan.picture(&plan.bytes(&picture), Vec::new()), picture);
                for p in 0..chroma.planes() {
                    let (w, h) = wanted.plane_size(p, 7, 5);
                    let mut expected = Vec::new();
                    for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
                        let sample = value(p, x, y).to_le_bytes();
                        expected.extend_from_slice(&sample[..wanted.sample_bytes()]);
                    }
                    assert_eq!(picture.plane(p), expected, "{format:?} {granularity:?} plane {p}");
                }
            }
        }
    }

    #[test]
    fn an_exact_copy_is_the_picture() {
        let value = |p: usize, x: u32, y: u32| (p as u32 * 50 + y * 7 + x) as u16 & 0xff;
        let mut exact = Vec::new();
        for (format, chroma, bit_depth) in FORMATS {
            for (size, image) in [((16, 8), (16, 16)), ((16, 8), (16, 8)), ((14, 6), (16, 8))] {
                let layout = PictureLayout::of(format).expect("known");
                let wanted = Format { chroma, bit_depth };
                let plan = CopyPlan::new(layout, wanted, size, image, (1, 1, 1));
                let bytes = copied(&plan, value);
                if plan.is_exact() {
                    exact.push((format, size));
                    let around = plan.around(bytes.clone().into());
                    assert_eq!(around, plan.picture(&bytes, Vec::new()));
                }
            }
        }
        let planar = vk::Format::G8_B8_R8_3PLANE_422_UNORM;
        assert_eq!(exact[..2], [(planar, (16, 8)), (planar, (16, 8))]);
        let luma = |&(format, _): &(vk::Format, _)| format == FORMATS[5].0;
        assert!(exact[2..].iter().all(luma), "{exact:?}");
    }

    #[test]
    fn copies_stay_inside_the_image() {
        let layout = PictureLayout::of(FORMATS[0].0).expect("known");
        let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
        let plan = CopyPlan::new(layout, format, (17, 17), (18, 18), (16, 16, 1));
        let size = |p: &PlaneCopy| (p.width, p.height);
        assert_eq!(plan.planes[..2].iter().map(size).collect::<Vec<_>>(), [(18, 18), (9, 9)]);
        assert_eq!(plan.planes[1].offset_bytes, 512);
        assert_eq!(plan.n_planes, 2);
    }
}
