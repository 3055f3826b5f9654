//! Pictures as the driver's other half takes them: planes of samples, shared or owned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::rav1d;

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

/// Which decoder has made a picture: one that was replaced is another.
#[derive(Clone, Default)]
pub(super) struct Maker(pub(super) Arc<Held>);

/// How many of a decoder's pictures others hold, and how many they have held at a time.
#[derive(Default)]
pub(super) struct Held {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Maker {
    /// One more of its pictures is held.
    pub(super) fn held(&self) {
        let now = self.0.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most.fetch_max(now, Ordering::Relaxed);
    }

    /// One of them is not held any more.
    pub(super) fn let_go(&self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        log::debug!("pictures of a decoder that were held at a time: {}", self.most.get_mut());
    }
}

/// What the clones of a frame share.
pub(super) struct Picture {
    bit_depth: u8,
    planes: Vec<Store>,
    /// A picture of a decoder, and which decoder's; `None` for our own.
    pub(super) decoded: Option<(Arc<rav1d::Picture>, Maker)>,
}

impl Drop for Picture {
    fn drop(&mut self) {
        if let Some((_, maker)) = &self.decoded {
            maker.let_go();
        }
    }
}

/// Where the samples of one plane are.
struct Store {
    width: usize,
    height: usize,
    stride: usize,
    samples: Samples,
}

enum Samples {
    /// In this plane of a picture of the decoder, one byte each, or two if it has more than 8 bits.
    Decoded(Arc<rav1d::Picture>, usize),
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

    /// The decoder's picture that it is, and which decoder's.
    pub(super) fn decoded(&self) -> Option<(&rav1d::Picture, &Maker)> {
        self.0.decoded.as_ref().map(|(picture, maker)| (&**picture, maker))
    }

    /// The picture, if there is no other clone and hence no other view of it.
    pub(super) fn alone(&mut self) -> Option<&mut Picture> {
        Arc::get_mut(&mut self.0)
    }

    /// A picture of the decoder `maker`.
    pub(super) fn from_decoder(picture: rav1d::Picture, maker: &Maker) -> Self {
        let picture = Arc::new(picture);
        let bit_depth = picture.bit_depth();
        let sample_bytes = if bit_depth > 8 { 2 } else { 1 };
        let (width, height) = picture.size();
        let subsampling = picture.subsampling();
        let store = |plane: usize| {
            let (x, y) = subsampling.filter(|_| plane > 0).unwrap_or_default();
            Store {
                width: (width + x) >> x,
                height: (height + y) >> y,
                stride: picture.stride_bytes(plane) / sample_bytes,
                samples: Samples::Decoded(picture.clone(), plane),
            }
        };
        let planes = (0..if subsampling.is_some() { 3 } else { 1 }).map(store).collect();
        maker.held();
        let decoded = Some((picture, maker.clone()));
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
            Samples::Decoded(picture, plane) if picture.bit_depth() > 8 => {
                // The decoder aligns planes to 64 bytes, so this cast does not fail.
                let bytes = picture.plane(*plane);
                PlaneData::U16(bytemuck::try_cast_slice(bytes).unwrap_or_default())
            }
            Samples::Decoded(picture, plane) => PlaneData::U8(picture.plane(*plane)),
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
