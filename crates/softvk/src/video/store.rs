//! Decoded planes into image memory: interleaved and shifted as the format wants them.

use super::job::Chroma;
use super::op::Resource;
use crate::image::Image;
use crate::recon::{Frame, Plane, PlaneData};

/// What undefined samples are filled with, so that their use shows.
const POISON: u8 = 0xa5;

/// Stores `frame` in `to`, clamped to the image. Monochrome pictures get mid-grey chroma where
/// the format has chroma. Samples between the coded extent and its multiple of `granularity` are
/// undefined, and poisoned. `None` if the image has no memory.
pub(crate) fn store(
    frame: &Frame,
    to: &Resource,
    chroma: Chroma,
    granularity: (u32, u32),
) -> Option<()> {
    let image = &to.view.image;
    let planes = frame.planes();
    let luma = planes.first()?;
    let area = |plane| Area::new(to, plane, granularity);
    rows(to, &area(0)?, |y, row, texels| single(luma, y, row, texels, image))?;
    let grey = chroma == Chroma::Monochrome || planes.len() < 3;
    for plane in 1..image.planes.len() {
        let area = area(plane)?;
        if grey {
            let value = grey_sample(image, frame.bit_depth());
            rows(to, &area, |_, row, _| {
                row.chunks_exact_mut(value.len()).for_each(|sample| sample.copy_from_slice(&value));
            })?;
        } else if image.planes.len() == 2 {
            let (u, v) = (planes.get(1)?, planes.get(2)?);
            rows(to, &area, |y, row, texels| double(u, v, y, row, texels, image))?;
        } else {
            let p = planes.get(plane)?;
            rows(to, &area, |y, row, texels| single(p, y, row, texels, image))?;
        }
    }
    Some(())
}

/// Makes the contents of `to` what they are by rule after a failed decode: undefined.
pub(crate) fn poison(to: &Resource) -> Option<()> {
    for plane in 0..to.view.image.planes.len() {
        let area = Area { defined: (0, 0), ..Area::new(to, plane, (1, 1))? };
        rows(to, &area, |_, _, _| ())?;
    }
    Some(())
}

/// Overwrites the first texels of `to`.
pub(crate) fn spoil(to: &Resource) -> Option<()> {
    let at = to.view.image.offset(0, to.layer, 0, 0)?;
    to.view.image.binding.write(at, &[POISON; 8]).then_some(())
}

/// Inverts the lowest bit of the luma sample in the middle of `to`.
pub(crate) fn flip(to: &Resource) -> Option<()> {
    let image = &to.view.image;
    let plane = image.planes.first()?;
    let at = image.offset(0, to.layer, to.extent.0 / 2, to.extent.1 / 2)?;
    let mut texel = vec![0; plane.format.bytes as usize];
    image.binding.read(at, &mut texel).then_some(())?;
    // Of 16-bit texels the high bits count.
    let bit = 1_u16 << image.format.msb_shift();
    texel.iter_mut().zip(bit.to_le_bytes()).for_each(|(byte, bit)| *byte ^= bit);
    image.binding.write(at, &texel).then_some(())
}

/// The part of a plane that a decode writes, in texels.
struct Area {
    plane: usize,
    /// What has samples.
    defined: (usize, usize),
    /// What may be written.
    written: (usize, usize),
}

impl Area {
    fn new(to: &Resource, plane: usize, granularity: (u32, u32)) -> Option<Self> {
        let image = &to.view.image;
        let p = image.planes.get(plane)?;
        let texels = |extent: u32, whole: u32, part: u32| {
            // Chroma planes have half the texels, rounded up.
            let texels = if part < whole { extent.div_ceil(2) } else { extent };
            texels.min(part) as usize
        };
        let size = |width, height| {
            let (whole, part) = (image.extent, (p.width, p.height));
            (texels(width, whole.width, part.0), texels(height, whole.height, part.1))
        };
        let (width, height) = to.extent;
        let (across, down) = (granularity.0.max(1), granularity.1.max(1));
        let aligned = size(width.next_multiple_of(across), height.next_multiple_of(down));
        Some(Self { plane, defined: size(width, height), written: aligned })
    }
}

fn grey_sample(image: &Image, bit_depth: u8) -> Vec<u8> {
    match image.format.bit_depth {
        8 => vec![0x80],
        _ => ((1u16 << (bit_depth - 1)) << image.format.msb_shift()).to_ne_bytes().to_vec(),
    }
}

/// Writes the rows of an area: `fill` gets the row number, the bytes of the row's defined texels
/// and their number; the rest is poison.
fn rows(to: &Resource, area: &Area, mut fill: impl FnMut(usize, &mut [u8], usize)) -> Option<()> {
    let image = &to.view.image;
    let bytes = image.planes.get(area.plane)?.format.bytes as usize;
    let mut row = vec![POISON; area.written.0 * bytes];
    for y in 0..area.written.1 {
        let at = image.offset(area.plane, to.layer, 0, y as u32)?;
        row.fill(POISON);
        if y < area.defined.1
            && let Some(defined) = row.get_mut(..area.defined.0 * bytes)
        {
            fill(y, defined, area.defined.0);
        }
        image.binding.write(at, &row).then_some(())?;
    }
    Some(())
}

fn single(plane: &Plane<'_>, y: usize, row: &mut [u8], texels: usize, image: &Image) {
    let start = y * plane.stride;
    let n = plane.width.min(texels);
    let shift = image.format.msb_shift();
    match plane.data {
        PlaneData::U8(data) => {
            let from = data.get(start..start + n).unwrap_or_default();
            row[..from.len()].copy_from_slice(from);
        }
        PlaneData::U16(data) => {
            let from = data.get(start..start + n).unwrap_or_default();
            for (to, sample) in row.chunks_exact_mut(2).zip(from) {
                to.copy_from_slice(&(sample << shift).to_ne_bytes());
            }
        }
    }
}

fn double(u: &Plane<'_>, v: &Plane<'_>, y: usize, row: &mut [u8], texels: usize, image: &Image) {
    let n = u.width.min(texels);
    let shift = image.format.msb_shift();
    match (&u.data, &v.data) {
        (PlaneData::U8(ud), PlaneData::U8(vd)) => {
            let us = ud.get(y * u.stride..y * u.stride + n).unwrap_or_default();
            let vs = vd.get(y * v.stride..y * v.stride + n).unwrap_or_default();
            for ((to, a), b) in row.chunks_exact_mut(2).zip(us).zip(vs) {
                to[0] = *a;
                to[1] = *b;
            }
        }
        (PlaneData::U16(ud), PlaneData::U16(vd)) => {
            let us = ud.get(y * u.stride..y * u.stride + n).unwrap_or_default();
            let vs = vd.get(y * v.stride..y * v.stride + n).unwrap_or_default();
            for ((to, a), b) in row.chunks_exact_mut(4).zip(us).zip(vs) {
                to[..2].copy_from_slice(&(a << shift).to_ne_bytes());
                to[2..].copy_from_slice(&(b << shift).to_ne_bytes());
            }
        }
        _ => {}
    }
}
