//! Decoded planes into image memory: interleaved and shifted as the format wants them.

use super::job::Chroma;
use super::op::Resource;
use crate::image::Image;
use crate::recon::{Frame, Plane, PlaneData};

/// Stores `frame` in `to`, clamped to the image. Monochrome pictures get mid-grey chroma where
/// the format has chroma. `None` if the image has no memory.
pub(crate) fn store(frame: &Frame, to: &Resource, chroma: Chroma) -> Option<()> {
    let image = &to.view.image;
    let planes = frame.planes();
    let luma = planes.first()?;
    rows(image, to.layer, 0, luma.height, |y, row, texels| single(luma, y, row, texels, image))?;
    let grey = chroma == Chroma::Monochrome || planes.len() < 3;
    for plane in 1..image.planes.len() {
        let two = image.planes.len() == 2;
        if grey {
            let value = grey_sample(image, frame.bit_depth());
            let (_, height) = (0, image.planes.get(plane)?.height as usize);
            rows(image, to.layer, plane, height, |_, row, _| {
                row.chunks_exact_mut(value.len()).for_each(|sample| sample.copy_from_slice(&value));
            })?;
        } else if two {
            let (u, v) = (planes.get(1)?, planes.get(2)?);
            rows(image, to.layer, plane, u.height, |y, row, texels| {
                double(u, v, y, row, texels, image);
            })?;
        } else {
            let p = planes.get(plane)?;
            rows(image, to.layer, plane, p.height, |y, row, texels| {
                single(p, y, row, texels, image);
            })?;
        }
    }
    Some(())
}

fn grey_sample(image: &Image, bit_depth: u8) -> Vec<u8> {
    match image.format.bit_depth {
        8 => vec![0x80],
        _ => ((1u16 << (bit_depth - 1)) << image.format.msb_shift()).to_ne_bytes().to_vec(),
    }
}

/// Fills and writes the rows of a plane. `fill` gets the row number, the row's bytes as they are
/// and its texels.
fn rows(
    image: &Image,
    layer: u32,
    plane: usize,
    height: usize,
    mut fill: impl FnMut(usize, &mut [u8], usize),
) -> Option<()> {
    let p = image.planes.get(plane)?;
    let mut row = vec![0; p.width as usize * p.format.bytes as usize];
    for y in 0..height.min(p.height as usize) {
        let at = image.offset(plane, layer, 0, y as u32)?;
        image.binding.read(at, &mut row).then_some(())?;
        fill(y, &mut row, p.width as usize);
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
