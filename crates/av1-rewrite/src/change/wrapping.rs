//! What is around and between OBUs: sizes, extensions, padding, metadata, units.

use av1_syntax::obu::ObuType;
use av1_syntax::syntax::metadata::{HdrMdcv, Metadata, Timecode};

use super::{Change, is_layered, not, number, word};
use crate::error::Result;
use crate::header::metadata_obu;
use crate::random::Random;
use crate::stream::{Content, Item, Layer, Part, PartKind, Stream, Unit, Wrap};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "size-fields",
        &["long", "short", "none"],
        "obu_size in up to 8 bytes, in as few as it needs, or none where that can be",
        size_fields,
    ),
    Change::neutral(
        "trailing-zeros",
        &["5", "1", "0"],
        "up to so many zero bytes behind the trailing bits of headers",
        trailing_zeros,
    ),
    Change::neutral(
        "extension",
        &["on", "off"],
        "OBU headers with an extension that says layer 0.0, or without",
        extension,
    ),
    Change::neutral(
        "padding",
        &["40", "0"],
        "OBU_PADDING of up to so many bytes between OBUs; 0 takes out what is there",
        padding,
    ),
    Change::neutral("metadata", &["on", "off"], "OBU_METADATA of every kind, or none", metadata),
    Change::neutral("reserved", &["on", "off"], "OBUs of reserved types, or none", reserved),
    Change::neutral(
        "units",
        &["split"],
        "each frame as a packet of its own in the container, with the time of its temporal unit",
        units,
    ),
];

fn size_fields(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let how = word("size-fields", value, &[("long", 2), ("short", 1), ("none", 0)])?;
    for (wrap, _) in stream.wraps_mut() {
        wrap.size_bytes = match how {
            2 => 1 + random.below(8) as u8,
            _ => 1,
        };
    }
    for unit in stream.units.iter_mut().filter(|_| how == 0) {
        let wrap = match unit.items.last_mut() {
            Some(Item::Obu(wrap, _)) => Some(wrap),
            Some(Item::Frame(frame)) => frame.parts.last_mut().map(|part| &mut part.wrap),
            None => None,
        };
        wrap.into_iter().for_each(|wrap| wrap.size_bytes = 0);
    }
    Ok(())
}

fn trailing_zeros(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let most = number("trailing-zeros", value, 0..=1000)?;
    for (wrap, is_header) in stream.wraps_mut() {
        if is_header {
            wrap.trailing_zeros = random.below(u64::from(most) + 1) as u32;
        }
    }
    Ok(())
}

fn extension(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let on = word("extension", value, &[("on", true), ("off", false)])?;
    if is_layered(stream) {
        return Err(not("extension", "the stream has layers"));
    }
    let layer = on.then_some(Layer { temporal_id: 0, spatial_id: 0 });
    for item in stream.units.iter_mut().flat_map(|unit| &mut unit.items) {
        match item {
            // These are of all layers.
            Item::Obu(_, Content::TemporalDelimiter | Content::SequenceHeader(_)) => {}
            Item::Obu(wrap, _) => wrap.layer = layer,
            Item::Frame(frame) => {
                frame.parts.iter_mut().for_each(|part| part.wrap.layer = layer);
            }
        }
    }
    Ok(())
}

/// Takes out OBUs of the types that `is_one` knows.
fn take_out(stream: &mut Stream, is_one: impl Fn(ObuType) -> bool) {
    for unit in &mut stream.units {
        unit.items
            .retain(|item| !matches!(item, Item::Obu(_, Content::Aside(kind, _)) if is_one(*kind)));
        for item in &mut unit.items {
            if let Item::Frame(frame) = item {
                frame
                    .parts
                    .retain(|part| !matches!(part.kind, PartKind::Aside(kind, _) if is_one(kind)));
            }
        }
    }
}

/// Puts OBUs that `make` makes between others, in one of three places: never before a temporal
/// delimiter, and behind what has no size.
fn put_between(
    stream: &mut Stream,
    random: &mut Random,
    in_frames: bool,
    mut make: impl FnMut(&mut Random) -> Result<(ObuType, Vec<u8>)>,
) -> Result<()> {
    for unit in &mut stream.units {
        let old = std::mem::take(&mut unit.items);
        for (index, mut item) in old.into_iter().enumerate() {
            let is_delimiter = matches!(item, Item::Obu(_, Content::TemporalDelimiter));
            let layer = match &item {
                Item::Frame(frame) => frame.layer(),
                Item::Obu(wrap, _) => wrap.layer,
            };
            if index > 0 && !is_delimiter && random.one_in(3) {
                let (kind, payload) = make(random)?;
                let content = Content::Aside(kind, payload.into());
                unit.items.push(Item::Obu(Wrap::in_layer(layer), content));
            }
            if let Item::Frame(frame) = &mut item {
                for place in (1..frame.parts.len()).rev().filter(|_| in_frames) {
                    if random.one_in(3) {
                        let (kind, payload) = make(random)?;
                        let kind = PartKind::Aside(kind, payload.into());
                        frame.parts.insert(place, Part { wrap: Wrap::in_layer(layer), kind });
                    }
                }
            }
            unit.items.push(item);
        }
    }
    Ok(())
}

fn padding(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let most = number("padding", value, 0..=100_000)?;
    take_out(stream, |kind| kind == ObuType::Padding);
    if most == 0 {
        return Ok(());
    }
    put_between(stream, random, true, |random| {
        let mut payload = random.bytes(1 + random.clone().below(u64::from(most)) as usize);
        // trailing_bits(): the last byte is not zero.
        payload.push(0x80);
        Ok((ObuType::Padding, payload))
    })
}

fn metadata(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("metadata", value, &[("on", true), ("off", false)])?;
    take_out(stream, |kind| kind == ObuType::Metadata);
    if !on {
        return Ok(());
    }
    put_between(stream, random, false, |random| {
        let payload = random.bytes(random.clone().below(30) as usize);
        let number = |random: &mut Random| random.next_u64() as u16;
        let metadata = match random.below(5) {
            0 => Metadata::HdrCll { max_cll: number(random), max_fall: number(random) },
            1 => Metadata::HdrMdcv(HdrMdcv {
                primary_chromaticity: [(number(random), number(random)); 3],
                white_point_chromaticity: (number(random), number(random)),
                luminance_max: 256_000,
                luminance_min: 163,
            }),
            2 => Metadata::ItutT35 {
                itu_t_t35_country_code: 0xb5,
                itu_t_t35_country_code_extension_byte: None,
            },
            3 => Metadata::Timecode(Timecode {
                counting_type: 4,
                n_frames: number(random) % 60,
                seconds_value: Some((number(random) % 60) as u8),
                minutes_value: Some((number(random) % 60) as u8),
                ..Timecode::default()
            }),
            // Unregistered user private.
            _ => Metadata::Other(6 + u32::from(number(random) % 26)),
        };
        Ok((ObuType::Metadata, metadata_obu(&metadata, &payload)?))
    })
}

fn reserved(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("reserved", value, &[("on", true), ("off", false)])?;
    take_out(stream, |kind| matches!(kind, ObuType::Reserved(_)));
    if !on {
        return Ok(());
    }
    put_between(stream, random, false, |random| {
        let kind = ObuType::Reserved(9 + random.below(6) as u8);
        Ok((kind, random.bytes(random.clone().below(20) as usize)))
    })
}

fn units(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    word("units", value, &[("split", ())])?;
    if is_layered(stream) {
        return Err(not("units", "the stream has layers, which belong together"));
    }
    let mut split = Vec::new();
    for unit in stream.units.drain(..) {
        let pts = unit.pts;
        let mut part = Unit { pts, items: Vec::new() };
        for item in unit.items {
            let is_coded = matches!(item, Item::Frame(_) | Item::Obu(_, Content::ShowExisting(_)));
            let has_frame = part.items.iter().any(|item| matches!(item, Item::Frame(_)));
            if is_coded && has_frame {
                split.push(std::mem::replace(&mut part, Unit { pts, items: Vec::new() }));
            }
            part.items.push(item);
        }
        split.push(part);
    }
    stream.units = split;
    Ok(())
}
