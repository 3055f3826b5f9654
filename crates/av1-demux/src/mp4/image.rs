//! The primary item of an AVIF image ("AV1 Image File Format", ISO/IEC 23008-12): one item, or a
//! grid of them.

use std::collections::BTreeMap;

use super::boxes::{self, Fields, Kind};
use super::input::Input;
use super::track;
use super::transforms::{self, Orientation};
use crate::error::{LimitError, Result, StreamError, Unsupported};
use crate::{Crop, Grid, fault, whole_obus};
use av1_syntax::limits::Limits;

/// Extents of all items together: they may take no bytes of the file.
const MAX_EXTENTS: u32 = 1 << 20;

/// An image that can be decoded.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// The OBUs of each item, in the order of the rows of the grid.
    pub(super) parts: Vec<Vec<u8>>,
    /// The configuration record of the first.
    pub(super) config: Vec<u8>,
    pub(super) grid: Option<Grid>,
    pub(super) pixel_aspect: Option<(u32, u32)>,
    pub(super) orientation: Orientation,
    pub(super) crop: Option<Crop>,
    pub(super) has_alpha: bool,
}

/// The boxes of a `meta` box that matter.
struct Meta<'m> {
    /// The type of each item.
    items: BTreeMap<u32, Kind>,
    /// References: their kind, from which item, to which.
    references: Vec<(Kind, u32, Vec<u32>)>,
    locations: BTreeMap<u32, Location>,
    /// Properties: their kinds and bodies.
    properties: Vec<(Kind, &'m [u8])>,
    /// Which item has which, by number from 1.
    associations: BTreeMap<u32, Vec<u16>>,
    idat: &'m [u8],
    primary: Option<u32>,
}

/// Where an item is.
#[derive(Debug)]
struct Location {
    method: u16,
    /// Offset and length.
    extents: Vec<(u64, u64)>,
}

fn missing(what: &'static str) -> StreamError {
    fault(what, 0, Some("ISO/IEC 14496-12, 8.11"))
}

/// The image of the `meta` box `body`.
pub(super) fn read(body: &[u8], input: &mut Input, limits: &Limits) -> Result<Image> {
    let meta = Meta::read(body);
    let mut items = meta.items.iter();
    let other = || items.find(|(_, kind)| *kind == b"av01").map(|(id, _)| *id);
    let nothing = || missing("there is neither a primary item nor one of AV1");
    let is_there = |id: &u32| meta.items.contains_key(id) || meta.locations.contains_key(id);
    let primary = meta.primary.filter(is_there).or_else(other).ok_or_else(nothing)?;
    let mut image = Image { has_alpha: meta.has_alpha(primary), ..Image::default() };
    meta.transform(primary, &mut image);
    let mut parts = vec![primary];
    match meta.kind(primary) {
        // Nothing is said of it but where it is: it is tried.
        None => {}
        Some(kind) if &kind == b"av01" => {}
        Some(kind) if &kind == b"grid" => {
            let data = meta.data(primary, input, limits, 0)?;
            let grid = grid(&data).ok_or_else(|| missing("the grid is cut short"))?;
            let samples = u64::from(grid.width) * u64::from(grid.height);
            if samples > limits.frame_samples {
                let (what, limit) = ("luma samples of a grid", limits.frame_samples);
                return Err(LimitError { what, value: samples, limit }.into());
            }
            parts = meta.refers(*b"dimg", primary);
            if parts.len() as u64 != u64::from(grid.rows) * u64::from(grid.columns) {
                return Err(missing("the grid has another number of items than places").into());
            }
            image.grid = Some(grid);
        }
        Some(kind) if &kind == b"iden" => parts = meta.refers(*b"dimg", primary),
        Some(kind) => {
            let what = format!("an image whose primary item is {}", boxes::name(kind));
            return Err(Unsupported::Stream(what).into());
        }
    }
    meta.parts(&parts, input, limits, &mut image)?;
    Ok(image)
}

/// The data of a grid (ISO/IEC 23008-12, 6.6.2.3).
fn grid(data: &[u8]) -> Option<Grid> {
    let mut fields = Fields(data);
    let (_version, flags) = (fields.u8()?, fields.u8()?);
    let (rows, columns) = (u32::from(fields.u8()?) + 1, u32::from(fields.u8()?) + 1);
    let mut size = || if flags & 1 == 0 { fields.u16().map(u32::from) } else { fields.u32() };
    let (width, height) = (size()?, size()?);
    (width > 0 && height > 0).then_some(Grid { rows, columns, width, height })
}

impl<'m> Meta<'m> {
    fn read(body: &'m [u8]) -> Self {
        // QuickTime's is no `FullBox`.
        let is_full = body.get(4..8) != Some(b"hdlr");
        let body = if is_full { body.get(4..).unwrap_or_default() } else { body };
        let anywhere = |kind| boxes::anywhere(body, kind).into_iter();
        let iprp = anywhere(b"iprp");
        let ipco = iprp.filter_map(|iprp| boxes::first(iprp, &[b"ipco"], Some)).next();
        Self {
            items: items(body),
            references: anywhere(b"iref").find_map(references).unwrap_or_default(),
            locations: anywhere(b"iloc").find_map(locations).unwrap_or_default(),
            properties: boxes::children(ipco.unwrap_or_default()).collect(),
            associations: associations(body),
            idat: anywhere(b"idat").next().unwrap_or_default(),
            primary: anywhere(b"pitm").find_map(|pitm| {
                let mut fields = Fields(pitm);
                let (version, _) = fields.version()?;
                if version == 0 { fields.u16().map(u32::from) } else { fields.u32() }
            }),
        }
    }

    fn kind(&self, item: u32) -> Option<Kind> {
        self.items.get(&item).copied()
    }

    /// The items that `item` has references of `kind` to.
    fn refers(&self, kind: Kind, item: u32) -> Vec<u32> {
        let mut references = self.references.iter();
        let found = references.find(|(of, from, _)| (*of, *from) == (kind, item));
        found.map(|(_, _, to)| to.clone()).unwrap_or_default()
    }

    /// The properties of `item`, in order.
    fn properties(&self, item: u32) -> impl Iterator<Item = (Kind, &'m [u8])> {
        let its = self.associations.get(&item).into_iter().flatten();
        its.filter_map(|number| self.properties.get(usize::from(*number).checked_sub(1)?)).copied()
    }

    /// Whether another item is the alpha plane of `item`.
    fn has_alpha(&self, item: u32) -> bool {
        let auxiliary = |from: u32| {
            self.properties(from).any(|(kind, body)| &kind == b"auxC" && track::names_alpha(body))
        };
        let mut references = self.references.iter();
        references.any(|(kind, from, to)| kind == b"auxl" && to.contains(&item) && auxiliary(*from))
    }

    /// How the picture of `item` is to be shown.
    fn transform(&self, item: u32, image: &mut Image) {
        let mut size = None;
        for (kind, body) in self.properties(item) {
            match (&kind, body.first()) {
                (b"ispe", _) => size = self::size(body),
                (b"irot", Some(turns)) => image.orientation.turn(4 - u16::from(turns & 3)),
                (b"imir", Some(axis)) => image.orientation.mirror(axis & 1 != 0),
                (b"clap", _) => image.crop = size.and_then(|size| transforms::crop(body, size)),
                (b"pasp", _) => image.pixel_aspect = track::pixel_aspect(body),
                _ => {}
            }
        }
    }

    /// Reads the OBUs of `items`.
    fn parts(
        &self,
        items: &[u32],
        input: &mut Input,
        limits: &Limits,
        image: &mut Image,
    ) -> Result<()> {
        let mut held = 0;
        for item in items {
            if let Some(kind) = self.kind(*item).filter(|kind| kind != b"av01") {
                let what = format!("a derived image of items that are {}", boxes::name(kind));
                return Err(Unsupported::Stream(what).into());
            }
            let data = self.data(*item, input, limits, held)?;
            held += data.len() as u64;
            image.parts.push(data);
        }
        let record = |item: &u32| {
            self.properties(*item).find(|(kind, _)| kind == b"av1C").map(|(_, body)| body)
        };
        image.config = items.first().and_then(record).unwrap_or_default().into();
        Ok(())
    }

    /// The data of `item`; of others so many bytes are held.
    fn data(&self, item: u32, input: &mut Input, limits: &Limits, held: u64) -> Result<Vec<u8>> {
        let location =
            self.locations.get(&item).ok_or_else(|| missing("an item has no location"))?;
        let mut data = Vec::new();
        for (start, bytes) in &location.extents {
            let whole = match location.method {
                0 => input.end().unwrap_or(u64::MAX),
                1 => self.idat.len() as u64,
                other => {
                    let what = format!("an image item of construction method {other}");
                    return Err(Unsupported::Stream(what).into());
                }
            };
            // No length is the whole.
            let bytes = if *bytes == 0 { whole.saturating_sub(*start) } else { *bytes };
            let value = (data.len() as u64).saturating_add(bytes);
            if held.saturating_add(value) > limits.unit_bytes {
                let what = "bytes of an image";
                return Err(LimitError { what, value, limit: limits.unit_bytes }.into());
            }
            let extent = match location.method {
                0 => input.read(*start, bytes.min(whole.saturating_sub(*start)))?,
                _ => self.idat.iter().skip(*start as usize).take(bytes as usize).copied().collect(),
            };
            let is_cut = (extent.len() as u64) < bytes;
            data.extend(extent);
            if is_cut {
                // What is whole is decoded.
                let whole = whole_obus(&data);
                let what = "an extent of the item reaches beyond its end";
                if whole == 0 {
                    return Err(fault(what, *start, Some("ISO/IEC 14496-12, 8.11.3")).into());
                }
                log::warn!("{what}");
                data.truncate(whole);
                break;
            }
        }
        Ok(data)
    }
}

/// Width and height of an `ispe` property.
fn size(ispe: &[u8]) -> Option<(u32, u32)> {
    let mut fields = Fields(ispe.get(4..)?);
    Some((fields.u32()?, fields.u32()?))
}

/// Identifiers and types of the items (`infe`, 8.11.6).
fn items(meta: &[u8]) -> BTreeMap<u32, Kind> {
    let entry = |body| {
        let mut fields = Fields(body);
        let (version, _) = fields.version()?;
        let id = if version == 3 { fields.u32()? } else { fields.u16()?.into() };
        let _protection = fields.u16()?;
        (version >= 2).then_some((id, fields.kind()?))
    };
    boxes::anywhere(meta, b"iinf")
        .into_iter()
        .flat_map(|iinf| {
            // The count has 16 bits in version 0.
            let head = if iinf.first() == Some(&0) { 6 } else { 8 };
            boxes::all(iinf.get(head..).unwrap_or_default(), &[b"infe"])
        })
        .filter_map(entry)
        .collect()
}

/// References between items (`iref`, 8.11.12).
fn references(iref: &[u8]) -> Option<Vec<(Kind, u32, Vec<u32>)>> {
    let (version, _) = Fields(iref).version()?;
    let read = |(kind, body): (Kind, _)| {
        let mut fields = Fields(body);
        let mut item = || if version == 0 { fields.u16().map(u32::from) } else { fields.u32() };
        let from = item()?;
        let count = fields.u16()?;
        let mut item = || if version == 0 { fields.u16().map(u32::from) } else { fields.u32() };
        let to = (0..count).map_while(|_| item()).collect();
        Some((kind, from, to))
    };
    Some(boxes::children(iref.get(4..)?).filter_map(read).collect())
}

/// Where items are (`iloc`, 8.11.3).
fn locations(iloc: &[u8]) -> Option<BTreeMap<u32, Location>> {
    let mut fields = Fields(iloc);
    let (version, _) = fields.version()?;
    let sizes = fields.u16()?;
    let nibble = |shift: u32| (sizes >> shift & 15).min(8) as u8;
    let (offset, length, base) = (nibble(12), nibble(8), nibble(4));
    let index = if version == 0 { 0 } else { nibble(0) };
    let count = if version < 2 { fields.u16()?.into() } else { fields.u32()? };
    let mut left = MAX_EXTENTS;
    let mut one = || {
        let item = if version < 2 { fields.u16()?.into() } else { fields.u32()? };
        let method = if version == 0 { 0 } else { fields.u16()? & 15 };
        let _data_reference = fields.u16()?;
        let base = fields.uint(base)?;
        let mut extents = Vec::new();
        let count = fields.u16()?;
        left = left.checked_sub(count.into())?;
        for _ in 0..count {
            let _index = fields.uint(index)?;
            extents.push((base.checked_add(fields.uint(offset)?)?, fields.uint(length)?));
        }
        Some((item, Location { method, extents }))
    };
    Some((0..count).map_while(|_| one()).collect())
}

/// Which item has which property (`ipma`, ISO/IEC 23008-12, 9.3).
fn associations(meta: &[u8]) -> BTreeMap<u32, Vec<u16>> {
    let mut list: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
    let iprp = boxes::anywhere(meta, b"iprp");
    for ipma in iprp.into_iter().flat_map(|iprp| boxes::all(iprp, &[b"ipma"])) {
        let mut fields = Fields(ipma);
        let (Some((version, flags)), Some(count)) = (fields.version(), fields.u32()) else {
            continue;
        };
        for _ in 0..count {
            let item = if version == 0 { fields.u16().map(u32::from) } else { fields.u32() };
            let (Some(item), Some(count)) = (item, fields.u8()) else { break };
            let mut number = || match flags & 1 {
                0 => fields.u8().map(|number| u16::from(number & 0x7f)),
                _ => fields.u16().map(|number| number & 0x7fff),
            };
            list.entry(item).or_default().extend((0..count).map_while(|_| number()));
        }
    }
    list
}
