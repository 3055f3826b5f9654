//! Decoded planes into image memory: interleaved and shifted as the format wants them.

use std::ops::Range;

use super::{Image, Resource};
use av1_engine::job::Chroma;
use av1_engine::{Frame, Plane, PlaneData};

/// What undefined samples are filled with, so that their use shows.
const POISON: u8 = 0xa5;

/// What an image is to hold.
#[derive(Clone)]
enum Content {
    /// A decoded picture.
    Frame(Frame),
    /// Where nothing is decoded: no byte is read or written.
    Nothing,
    /// Undefined texels throughout the layer.
    Discarded,
}

/// A decoded picture on its way to an image.
#[derive(Clone)]
pub(crate) struct Pending {
    content: Content,
    /// `codedExtent`.
    extent: (u32, u32),
    chroma: Chroma,
    granularity: (u32, u32),
}

impl Pending {
    /// The bytes of row `y` of `area` into `row`, which is as long as what is written of it: texels
    /// between the coded extent and its multiple of the granularity are undefined, and poisoned.
    fn row(&self, image: &Image, planes: &[Plane<'_>], area: &Area, y: usize, row: &mut [u8]) {
        let bytes = image.planes.get(area.plane).map_or(1, |p| p.format.bytes as usize);
        let texels = area.defined.0.min(row.len() / bytes);
        let defined = if y < area.defined.1 { texels * bytes } else { 0 };
        let Some((row, rest)) = row.split_at_mut_checked(defined) else { return };
        rest.fill(POISON);
        let grey = self.chroma == Chroma::Monochrome || planes.len() < 3;
        match (area.plane, planes) {
            _ if defined == 0 => {}
            (0, [luma, ..]) => single(luma, y, row, texels, image),
            _ if grey => {
                let value = grey_sample(image);
                row.chunks_exact_mut(value.len()).for_each(|sample| sample.copy_from_slice(&value));
            }
            (_, [_, u, v, ..]) if image.planes.len() == 2 => double(u, v, y, row, texels, image),
            (plane, planes) => {
                if let Some(plane) = planes.get(plane) {
                    single(plane, y, row, texels, image);
                }
            }
        }
    }

    /// Writes the picture to `layer` of `image`, clamped to it. Monochrome pictures get mid-grey
    /// chroma where the format has chroma. `None` if the image has no memory.
    pub(crate) fn write(&self, image: &Image, layer: u32) -> Option<()> {
        let planes = match &self.content {
            Content::Frame(frame) => frame.planes(),
            Content::Nothing => return Some(()),
            Content::Discarded => return poison_layer(image, layer),
        };
        for plane in 0..image.planes.len() {
            let area = Area::new(image, self.extent, plane, self.granularity)?;
            rows(image, layer, &area, |y, row| self.row(image, &planes, &area, y, row))?;
        }
        Some(())
    }

    /// Gives `each` the first `width` texels of the `rows` of `plane`, as they would be in `image`;
    /// `None` if the picture has not all of them.
    pub(crate) fn read(
        &self,
        image: &Image,
        plane: usize,
        (width, rows): (u32, Range<u32>),
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Option<()> {
        let area = Area::new(image, self.extent, plane, self.granularity)?;
        let width = width as usize;
        let inside = width <= area.written.0 && rows.end as usize <= area.written.1;
        inside.then_some(())?;
        let bytes = image.planes.get(plane)?.format.bytes as usize;
        let planes = match &self.content {
            Content::Frame(frame) => frame.planes(),
            Content::Nothing => return Some(()),
            Content::Discarded => {
                let row = vec![POISON; width * bytes];
                return rows.into_iter().try_for_each(|_| each(&row));
            }
        };
        let as_it_is = self.as_it_is(image, &planes, plane).filter(|_| width <= area.defined.0);
        let mut row = vec![POISON; width * bytes];
        for y in rows.start as usize..rows.end as usize {
            let as_it_is = as_it_is.and_then(|(from, stride)| {
                let start = y * stride;
                from.get(start..start + width).filter(|_| y < area.defined.1)
            });
            match as_it_is {
                Some(samples) => each(samples)?,
                None => {
                    self.row(image, &planes, &area, y, &mut row);
                    each(&row)?;
                }
            }
        }
        Some(())
    }

    /// The samples of `plane` and the distance of its rows, if that is what an image has.
    fn as_it_is<'a>(
        &self,
        image: &Image,
        planes: &[Plane<'a>],
        plane: usize,
    ) -> Option<(&'a [u8], usize)> {
        let apart = plane == 0 || image.planes.len() == 3;
        let coloured = plane == 0 || self.chroma != Chroma::Monochrome;
        let from = planes.get(plane).filter(|_| apart && coloured)?;
        match from.data {
            PlaneData::U8(data) => Some((data, from.stride)),
            PlaneData::U16(_) => None,
        }
    }
}

/// Stores `frame` in `to`: at once where the application may look, else once somebody does.
/// `None` if the image has no memory.
pub(crate) fn store(
    frame: &Frame,
    to: &Resource,
    chroma: Chroma,
    granularity: (u32, u32),
) -> Option<()> {
    let image = &to.view.image;
    let content = Content::Frame(frame.clone());
    let pending = Pending { content, extent: to.extent, chroma, granularity };
    if image.optimal && image.binding.holds(image.size()) {
        *image.pending(to.layer)? = Some(pending);
        return Some(());
    }
    pending.write(image, to.layer)
}

/// The contents of `layer` of `image` are undefined: overwritten when somebody looks, or at once
/// where that may be the application.
pub(crate) fn discard(image: &Image, layer: u32) {
    if !image.optimal {
        // Without memory there is nothing to overwrite.
        let _poisoned = poison_layer(image, layer);
    } else if let Some(mut place) = image.pending(layer) {
        let extent = (image.extent.width, image.extent.height);
        let (content, chroma) = (Content::Discarded, Chroma::Yuv420);
        *place = Some(Pending { content, extent, chroma, granularity: (1, 1) });
    }
}

/// A picture that `to` holds will be overwritten by a decode, and nothing looks at it before: its
/// memory is the decoder's again.
pub(crate) fn give_up(to: &Resource) {
    let mut place = to.view.image.pending(to.layer);
    if let Some(Some(pending)) = place.as_deref_mut() {
        if let Content::Frame(_) = pending.content {
            pending.content = Content::Discarded;
        }
    }
}

/// Overwrites a layer with what undefined texels are.
fn poison_layer(image: &Image, layer: u32) -> Option<()> {
    let extent = (image.extent.width, image.extent.height);
    for plane in 0..image.planes.len() {
        let area = Area::new(image, extent, plane, (1, 1))?;
        rows(image, layer, &area, |_, row| row.fill(POISON))?;
    }
    Some(())
}

/// Takes note that a picture of `to` that nobody has decoded is as good as any.
pub(crate) fn nothing(to: &Resource, chroma: Chroma) {
    let content = Content::Nothing;
    let pending = Pending { content, extent: to.extent, chroma, granularity: (1, 1) };
    if let Some(mut place) = to.view.image.pending(to.layer) {
        *place = Some(pending);
    }
}

/// Makes the contents of `to` what they are by rule after a failed decode: undefined.
pub(crate) fn poison(to: &Resource) -> Option<()> {
    let image = &to.view.image;
    image.pending(to.layer)?.take();
    for plane in 0..image.planes.len() {
        let area = Area::new(image, to.extent, plane, (1, 1))?;
        rows(image, to.layer, &area, |_, row| row.fill(POISON))?;
    }
    Some(())
}

/// Overwrites the first texels of `to`.
pub(crate) fn spoil(to: &Resource) -> Option<()> {
    to.view.image.settle(to.layer);
    let at = to.view.image.offset(0, to.layer, 0, 0)?;
    to.view.image.binding.write(at, &[POISON; 8]).then_some(())
}

/// Inverts the lowest bit of the luma sample in the middle of `to`.
pub(crate) fn flip(to: &Resource) -> Option<()> {
    let image = &to.view.image;
    image.settle(to.layer);
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
    fn new(
        image: &Image,
        extent: (u32, u32),
        plane: usize,
        granularity: (u32, u32),
    ) -> Option<Self> {
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
        let (width, height) = extent;
        let (across, down) = (granularity.0.max(1), granularity.1.max(1));
        let aligned = size(width.next_multiple_of(across), height.next_multiple_of(down));
        Some(Self { plane, defined: size(width, height), written: aligned })
    }
}

/// Mid grey, in the high bits of 16.
fn grey_sample(image: &Image) -> Vec<u8> {
    match image.format.bit_depth {
        8 => vec![0x80],
        _ => (1_u16 << 15).to_ne_bytes().to_vec(),
    }
}

/// Writes the rows of an area of `layer`: `fill` gets the row number and the bytes of the row.
fn rows(
    image: &Image,
    layer: u32,
    area: &Area,
    mut fill: impl FnMut(usize, &mut [u8]),
) -> Option<()> {
    let bytes = image.planes.get(area.plane)?.format.bytes as usize;
    let mut row = vec![POISON; area.written.0 * bytes];
    for y in 0..area.written.1 {
        let at = image.offset(area.plane, layer, 0, y as u32)?;
        fill(y, &mut row);
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
            for (to, sample) in row.as_chunks_mut().0.iter_mut().zip(from) {
                *to = (sample << shift).to_ne_bytes();
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
            for ((to, u), v) in row.as_chunks_mut().0.iter_mut().zip(us).zip(vs) {
                *to = [*u, *v];
            }
        }
        (PlaneData::U16(ud), PlaneData::U16(vd)) => {
            let us = ud.get(y * u.stride..y * u.stride + n).unwrap_or_default();
            let vs = vd.get(y * v.stride..y * v.stride + n).unwrap_or_default();
            for ((to, u), v) in row.as_chunks_mut().0.iter_mut().zip(us).zip(vs) {
                let ([a, b], [c, d]) = ((u << shift).to_ne_bytes(), (v << shift).to_ne_bytes());
                *to = [a, b, c, d];
            }
        }
        _ => {}
    }
}
