//! How far a picture of the engine is from a driver's.

use av1_engine::{Frame, PlaneData};
use vav1d::pixels::Picture;

/// How two pictures differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Distance {
    /// In so many samples.
    pub(super) differing: u64,
    /// By so much in all.
    pub(super) sum: u64,
}

/// So much smaller in luma samples a picture may be, to be compared where it is: what is beside it
/// in the driver's image nobody has written.
const SMALLER: usize = 8;

impl Distance {
    /// That of `frame` from `picture`. Where they have other sizes, or other planes, all samples
    /// differ.
    pub(super) fn of(frame: &Frame, picture: &Picture) -> Self {
        let differing = (picture.data.len() / picture.format.sample_bytes()) as u64;
        let all = Self { differing, sum: differing << 16 };
        let planes = frame.planes();
        if planes.len() != picture.format.chroma.planes()
            || frame.bit_depth() != picture.format.bit_depth
        {
            return all;
        }
        let mut distance = Self::default();
        for (number, plane) in planes.into_iter().enumerate() {
            let (w, h) = picture.format.plane_size(number, picture.width, picture.height);
            let (w, h) = (w as usize, h as usize);
            let fits = |own: usize, of: usize| own + SMALLER >= of && own <= of + SMALLER;
            if !fits(plane.width, w) || !fits(plane.height, h) {
                return all;
            }
            let bytes = picture.format.sample_bytes();
            let rows = picture.plane(number).chunks_exact((w * bytes).max(1)).take(plane.height);
            for (y, row) in rows.enumerate() {
                let width = plane.width.min(w);
                let own = y * plane.stride..y * plane.stride + width;
                match plane.data {
                    PlaneData::U8(data) => {
                        let own = data.get(own).unwrap_or_default();
                        if own != &row[..width] {
                            let pairs = own.iter().zip(&row[..width]);
                            pairs.for_each(|(a, b)| distance.add((*a).into(), (*b).into()));
                        }
                    }
                    PlaneData::U16(data) => {
                        let own = data.get(own).unwrap_or_default().iter();
                        let theirs = row[..width * 2].as_chunks::<2>().0;
                        own.zip(theirs).for_each(|(a, b)| distance.add(*a, u16::from_le_bytes(*b)));
                    }
                }
            }
        }
        distance
    }

    fn add(&mut self, a: u16, b: u16) {
        self.differing += u64::from(a != b);
        self.sum += u64::from(a.abs_diff(b));
    }
}

/// The samples of each plane, rows without gaps.
pub(super) fn samples(frame: &Frame) -> Vec<Vec<u16>> {
    let plane = |plane: av1_engine::Plane<'_>| {
        let rows = (0..plane.height).map(|y| y * plane.stride..y * plane.stride + plane.width);
        rows.flat_map(|row| -> Vec<u16> {
            match plane.data {
                PlaneData::U8(data) => {
                    data.get(row).unwrap_or_default().iter().map(|s| u16::from(*s)).collect()
                }
                PlaneData::U16(data) => data.get(row).unwrap_or_default().to_vec(),
            }
        })
        .collect()
    };
    frame.planes().into_iter().map(plane).collect()
}
