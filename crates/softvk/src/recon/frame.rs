//! Pictures as the driver's other half takes them: planes of samples, shared or owned.

use std::sync::Arc;

use re_rav1d::dav1d::{self, PixelLayout, PlanarImageComponent};

use super::decoder::Maker;

/// The result of one decode operation.
#[derive(Clone)]
pub struct Decoded {
    /// The reconstructed picture, the one that later frames refer to.
    pub clean: Frame,
    /// The same picture with film grain, if the session supports it and the frame asks for it.
    pub grained: Option<Frame>,
}

/// A picture. Cloning shares the samples.
#[derive(Clone)]
pub struct Frame(Arc<Picture>);

/// What the clones of a frame share.
pub(super) struct Picture {
    bit_depth: u8,
    planes: Vec<Store>,
    /// A picture of a decoder, and which decoder's; `None` for our own.
    pub(super) decoded: Option<(dav1d::Picture, Maker)>,
}

/// Where the samples of one plane are.
struct Store {
    width: usize,
    height: usize,
    stride: usize,
    samples: Samples,
}

enum Samples {
    /// In a picture of the decoder, one byte each.
    Narrow(dav1d::Plane),
    /// In a picture of the decoder, two bytes each.
    Wide(dav1d::Plane),
    /// Our own.
    U8(std::sync::Arc<[u8]>),
    /// Our own.
    U16(std::sync::Arc<[u16]>),
}

/// A view of one plane.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Distance between rows, in samples. The last row may be shorter than this.
    pub stride: usize,
    /// The samples, first row first.
    pub data: PlaneData<'a>,
}

/// Samples of a plane.
#[derive(Clone, Copy, Debug)]
pub enum PlaneData<'a> {
    /// 8 bit.
    U8(&'a [u8]),
    /// 10 or 12 bit, in the low bits.
    U16(&'a [u16]),
}

impl Frame {
    /// The planes: Y, or Y, U, V.
    pub fn planes(&self) -> Vec<Plane<'_>> {
        self.0.planes.iter().map(Store::view).collect()
    }

    /// 8, 10 or 12.
    pub fn bit_depth(&self) -> u8 {
        self.0.bit_depth
    }

    /// The samples of each plane, rows without gaps.
    pub(super) fn samples(&self) -> Vec<Vec<u16>> {
        self.0.planes.iter().map(|store| store.view().samples()).collect()
    }

    /// The picture, if there is no other clone and hence no other view of it.
    pub(super) fn alone(&mut self) -> Option<&mut Picture> {
        Arc::get_mut(&mut self.0)
    }

    /// Shares a picture of the decoder `maker`.
    pub(super) fn from_decoder(picture: &dav1d::Picture, maker: &Maker) -> Self {
        let bit_depth = u8::try_from(picture.bit_depth()).unwrap_or(8);
        let bytes_per_sample = if bit_depth > 8 { 2 } else { 1 };
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let components: &[_] = match picture.pixel_layout() {
            PixelLayout::I400 => &[PlanarImageComponent::Y],
            _ => &[PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V],
        };
        let (sub_x, sub_y) = match picture.pixel_layout() {
            PixelLayout::I420 | PixelLayout::I400 => (1, 1),
            PixelLayout::I422 => (1, 0),
            PixelLayout::I444 => (0, 0),
        };
        let store = |component: &PlanarImageComponent| {
            let (x, y) = match component {
                PlanarImageComponent::Y => (0, 0),
                _ => (sub_x, sub_y),
            };
            Store {
                width: (width + x) >> x,
                height: (height + y) >> y,
                stride: picture.stride(*component) as usize / bytes_per_sample,
                samples: if bytes_per_sample == 2 {
                    Samples::Wide(picture.plane(*component))
                } else {
                    Samples::Narrow(picture.plane(*component))
                },
            }
        };
        let planes = components.iter().map(store).collect();
        let decoded = Some((picture.clone(), maker.clone()));
        Self(Arc::new(Picture { bit_depth, planes, decoded }))
    }

    /// A picture of our own: (width, height, samples) for each plane, rows without gaps.
    pub(super) fn from_samples(bit_depth: u8, planes: Vec<(usize, usize, Vec<u16>)>) -> Self {
        let store = |(width, height, samples): (usize, usize, Vec<u16>)| Store {
            width,
            height,
            stride: width,
            samples: if bit_depth > 8 {
                Samples::U16(samples.into())
            } else {
                // An 8-bit picture has no sample above 255.
                Samples::U8(samples.iter().map(|&sample| sample.min(255) as u8).collect())
            },
        };
        let planes = planes.into_iter().map(store).collect();
        Self(Arc::new(Picture { bit_depth, planes, decoded: None }))
    }
}

impl Picture {
    /// Width, height and row length in samples of each plane.
    pub(super) fn sizes(&self) -> Vec<(usize, usize, usize)> {
        self.planes.iter().map(|store| (store.width, store.height, store.stride)).collect()
    }
}

impl Plane<'_> {
    /// The samples, rows without gaps.
    pub(super) fn samples(&self) -> Vec<u16> {
        let mut all = Vec::with_capacity(self.width * self.height);
        for start in (0..self.height).map(|y| y * self.stride) {
            let row = start..start + self.width;
            match self.data {
                PlaneData::U8(data) => {
                    all.extend(data.get(row).unwrap_or_default().iter().map(|&s| u16::from(s)));
                }
                PlaneData::U16(data) => {
                    all.extend_from_slice(data.get(row).unwrap_or_default());
                }
            }
        }
        all
    }
}

impl Store {
    fn view(&self) -> Plane<'_> {
        let data = match &self.samples {
            Samples::Narrow(plane) => PlaneData::U8(plane.as_ref()),
            Samples::Wide(plane) => {
                // The decoder aligns planes to 64 bytes, so this cast does not fail.
                PlaneData::U16(bytemuck::try_cast_slice(plane.as_ref()).unwrap_or_default())
            }
            Samples::U8(samples) => PlaneData::U8(samples),
            Samples::U16(samples) => PlaneData::U16(samples),
        };
        Plane { width: self.width, height: self.height, stride: self.stride, data }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes: Vec<_> = self.0.planes.iter().map(|plane| (plane.width, plane.height)).collect();
        f.debug_struct("Frame")
            .field("bit_depth", &self.0.bit_depth)
            .field("planes", &sizes)
            .finish()
    }
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded")
            .field("clean", &self.clean)
            .field("grained", &self.grained)
            .finish()
    }
}
