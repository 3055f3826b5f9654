//! Pictures as they lie in a chip's memory: two planes, chroma interleaved (NV12, P010, P012).

use av1_engine::{Frame, Plane, PlaneData};

use crate::memory::Space;
use crate::tiling::Tiling;

/// Where a picture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surface {
    /// GPU address of each plane.
    pub(crate) luma: u64,
    pub(crate) chroma: u64,
    /// Bytes from one row of a plane to the next, before tiling.
    pub(crate) luma_pitch: u64,
    pub(crate) chroma_pitch: u64,
    pub(crate) luma_tiling: Tiling,
    pub(crate) chroma_tiling: Tiling,
}

/// Most samples of a row or column, FRAME_SIZE_BITS of 16.
const SIDE: usize = 1 << 16;
/// Most bytes of one plane.
const MOST: u64 = 1 << 30;

/// Writes `frame` to `surface`. Where it has no chroma, chroma becomes grey.
///
/// # Errors
/// A pitch that is too short for a row, or an address that is not mapped.
pub(crate) fn write(space: &Space, surface: &Surface, frame: &Frame) -> Result<(), String> {
    let planes = frame.planes();
    let (shift, bytes) = match frame.bit_depth() {
        8 => (0, 1),
        depth => (16 - u32::from(depth), 2),
    };
    let sample = |out: &mut Vec<u8>, value: u16| match bytes {
        1 => out.push(value as u8),
        _ => out.extend((value << shift).to_le_bytes()),
    };
    let Some(luma) = planes.first() else { return Err("a picture without planes".into()) };
    let rows = (0..luma.height).map(|y| {
        let mut out = Vec::with_capacity(luma.width * bytes);
        (0..luma.width).for_each(|x| sample(&mut out, at(luma, x, y)));
        out
    });
    plane(space, surface.luma, surface.luma_pitch, surface.luma_tiling, rows)?;
    let (width, height) = (luma.width.div_ceil(2), luma.height.div_ceil(2));
    let grey = 1 << (frame.bit_depth() - 1);
    let rows = (0..height).map(|y| {
        let mut out = Vec::with_capacity(width * bytes * 2);
        for x in 0..width {
            for index in [1, 2] {
                sample(&mut out, planes.get(index).map_or(grey, |plane| at(plane, x, y)));
            }
        }
        out
    });
    plane(space, surface.chroma, surface.chroma_pitch, surface.chroma_tiling, rows)
}

/// What a picture that could not be decoded looks like: every byte of it.
const POISON: u8 = 0xA5;

/// Fills the `width` by `height` samples of `sample_bytes` at `surface`, so that nobody takes what
/// was there for a picture.
pub(crate) fn poison(
    space: &Space,
    surface: &Surface,
    (width, height): (u32, u32),
    sample_bytes: usize,
) -> Result<(), String> {
    let (width, height) = (width as usize, height as usize);
    if width > SIDE || height > SIDE {
        return Err(format!("a picture of {width}x{height}"));
    }
    let rows = |rows: usize, bytes: usize| (0..rows).map(move |_| vec![POISON; bytes]);
    let luma = rows(height, width * sample_bytes);
    plane(space, surface.luma, surface.luma_pitch, surface.luma_tiling, luma)?;
    let chroma = rows(height.div_ceil(2), width.div_ceil(2) * 2 * sample_bytes);
    plane(space, surface.chroma, surface.chroma_pitch, surface.chroma_tiling, chroma)
}

/// What lies at the beginning, in the middle and at the end of the planes of a picture, to be known
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal(Vec<(u64, u64)>);

/// Bytes that are looked at in each place.
const SEALED: u64 = 4096;

impl Seal {
    /// Of the picture of `height` rows at `surface`, as it is now.
    pub(crate) fn of(space: &Space, surface: &Surface, height: usize) -> Self {
        let rows = height as u64;
        let planes = [
            (surface.luma, surface.luma_pitch, surface.luma_tiling, rows),
            (surface.chroma, surface.chroma_pitch, surface.chroma_tiling, rows.div_ceil(2)),
        ];
        let mut places = Vec::new();
        for (address, pitch, tiling, rows) in planes {
            let (address, tiling) = tiling.at(address);
            let size = tiling.size(pitch, rows).unwrap_or(0);
            let last = size.saturating_sub(SEALED);
            places.extend([0, last / 2, last].map(|at| address.wrapping_add(at)));
        }
        Self(places.into_iter().map(|at| (at, sealed(space, at))).collect())
    }

    /// Whether the same still lies there.
    pub(crate) fn holds(&self, space: &Space) -> bool {
        self.0.iter().all(|&(at, hash)| sealed(space, at) == hash)
    }
}

/// A hash of the bytes in one place.
fn sealed(space: &Space, address: u64) -> u64 {
    crate::record::hash(&space.read_some(address, SEALED))
}

/// The sample at (x, y); 0 outside.
fn at(plane: &Plane<'_>, x: usize, y: usize) -> u16 {
    let index = y * plane.stride + x;
    match plane.data {
        PlaneData::U8(data) => data.get(index).copied().map_or(0, u16::from),
        PlaneData::U16(data) => data.get(index).copied().unwrap_or(0),
    }
}

/// Writes the rows of one plane. What lies between them stays as it is.
fn plane(
    space: &Space,
    address: u64,
    pitch: u64,
    tiling: Tiling,
    rows: impl ExactSizeIterator<Item = Vec<u8>>,
) -> Result<(), String> {
    let (address, tiling) = tiling.at(address);
    let size = tiling.size(pitch, rows.len() as u64);
    let size = size.filter(|&size| size <= MOST && pitch > 0);
    let size =
        size.ok_or_else(|| format!("a plane of {} rows with a pitch of {pitch}", rows.len()))?;
    let outside = || format!("a plane of {size} bytes at {address:#x} is not all mapped");
    let mut bytes = space.read(address, size).ok_or_else(outside)?;
    for (y, row) in rows.enumerate() {
        if row.len() as u64 > pitch {
            return Err(format!("a row has {} bytes, the pitch is {pitch}", row.len()));
        }
        tiling.put(&mut bytes, pitch, (0, y as u64), &row);
    }
    space.write(address, &bytes).ok_or_else(outside)
}
