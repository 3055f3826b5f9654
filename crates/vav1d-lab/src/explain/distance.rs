//! How far a picture of the engine is from a driver's.

use av1_engine::{Frame, PlaneData};
use vav1d::pixels::Picture;

/// In how many samples two pictures differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Distance {
    pub(super) differing: u64,
}

/// So much smaller in luma samples a picture may be, to be compared where it is: what is beside it
/// in the driver's image nobody has written.
const SMALLER: usize = 8;

impl Distance {
    /// That of `frame` from `picture`. Where they have other sizes, or other planes, all samples
    /// differ.
    pub(super) fn of(frame: &Frame, picture: &Picture) -> Self {
        let all = picture.data.len() as u64;
        let planes = frame.planes();
        if planes.len() != picture.format.chroma.planes()
            || frame.bit_depth() != picture.format.bit_depth
        {
            return Self { differing: all };
        }
        let mut differing = 0;
        for (number, plane) in planes.into_iter().enumerate() {
            let (w, h) = picture.format.plane_size(number, picture.width, picture.height);
            let (w, h) = (w as usize, h as usize);
            let fits = |own: usize, of: usize| own + SMALLER >= of && own <= of + SMALLER;
            if !fits(plane.width, w) || !fits(plane.height, h) {
                return Self { differing: all };
            }
            let bytes = picture.format.sample_bytes();
            let rows = picture.plane(number).chunks_exact((w * bytes).max(1)).take(plane.height);
            for (y, row) in rows.enumerate() {
                let width = plane.width.min(w);
                let own = y * plane.stride..y * plane.stride + width;
                differing += match plane.data {
                    PlaneData::U8(data) => unequal(data.get(own), &row[..width]),
                    PlaneData::U16(data) => wide(data.get(own), &row[..width * 2]),
                };
            }
        }
        Self { differing }
    }
}

fn unequal(own: Option<&[u8]>, row: &[u8]) -> u64 {
    match own {
        Some(own) if own == row => 0,
        Some(own) => own.iter().zip(row).filter(|(a, b)| a != b).count() as u64,
        None => row.len() as u64,
    }
}

fn wide(own: Option<&[u16]>, row: &[u8]) -> u64 {
    let Some(own) = own else { return row.len() as u64 / 2 };
    let pairs = row.as_chunks::<2>().0;
    own.iter().zip(pairs).filter(|(a, b)| **a != u16::from_le_bytes(**b)).count() as u64
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
