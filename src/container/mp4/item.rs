//! The primary item of an AVIF image.

use std::io::SeekFrom;

use mp4_atom::{FourCC, Idat, Iinf, Iloc, ItemLocation, Meta, Pitm};

use crate::container::{ReadSeek, fault};
use crate::error::{LimitError, Result, Unsupported};
use crate::limits::Limits;

/// The OBUs of the primary item, from a file of `end` bytes.
pub(super) fn primary(
    meta: &Meta,
    reader: &mut dyn ReadSeek,
    end: u64,
    limits: &Limits,
) -> Result<Vec<u8>> {
    let missing = |what| fault(what, 0, Some("ISO/IEC 14496-12, 8.11"));
    let pitm = meta.get::<Pitm>().ok_or_else(|| missing("there is no primary item"))?;
    let entries = meta.get::<Iinf>().map(|iinf| &iinf.item_infos[..]).unwrap_or_default();
    let entry = entries.iter().find(|entry| entry.item_id == pitm.item_id);
    let kind = entry.and_then(|entry| entry.item_type);
    if kind != Some(FourCC::new(b"av01")) {
        let kind = kind.map_or("unknown".into(), |kind| kind.to_string());
        return Err(Unsupported::Stream(format!("an image whose primary item is {kind}")).into());
    }
    let locations = meta.get::<Iloc>().map(|iloc| &iloc.item_locations[..]).unwrap_or_default();
    let location = locations.iter().find(|location| location.item_id == pitm.item_id);
    let location = location.ok_or_else(|| missing("the primary item has no location"))?;
    let idat = meta.get::<Idat>().map(|idat| &idat.data[..]).unwrap_or_default();
    let mut data = Vec::new();
    for extent in &location.extents {
        let (start, bytes) = (location.base_offset.checked_add(extent.offset), extent.length);
        let start = start.ok_or_else(|| missing("an extent of the item is nowhere"))?;
        let whole = match location.construction_method {
            0 => end,
            1 => idat.len() as u64,
            other => {
                let what = format!("an image item of construction method {other}");
                return Err(Unsupported::Stream(what).into());
            }
        };
        // No length is the whole.
        let bytes = if bytes == 0 { whole.saturating_sub(start) } else { bytes };
        let value = (data.len() as u64).saturating_add(bytes);
        if value > limits.unit_bytes {
            let what = "bytes of an image";
            return Err(LimitError { what, value, limit: limits.unit_bytes }.into());
        }
        if start.checked_add(bytes).is_none_or(|last| last > whole) {
            let what = "an extent of the item reaches beyond its end";
            return Err(fault(what, start, Some("ISO/IEC 14496-12, 8.11.3")).into());
        }
        append(&mut data, location, idat, start, bytes, reader)?;
    }
    Ok(data)
}

/// Appends `bytes` bytes from `start` on.
fn append(
    data: &mut Vec<u8>,
    location: &ItemLocation,
    idat: &[u8],
    start: u64,
    bytes: u64,
    reader: &mut dyn ReadSeek,
) -> Result<()> {
    if location.construction_method == 1 {
        data.extend(idat.iter().skip(start as usize).take(bytes as usize));
        return Ok(());
    }
    let from = data.len();
    data.resize(from + bytes as usize, 0);
    reader.seek(SeekFrom::Start(start))?;
    reader.read_exact(data.get_mut(from..).unwrap_or_default())?;
    Ok(())
}
