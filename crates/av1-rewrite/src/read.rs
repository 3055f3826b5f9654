//! Temporal units in, their parts out.

use std::sync::Arc;

use av1_syntax::error::{StreamError, StreamFault};
use av1_syntax::obu::{Obu, ObuType, obus};
use av1_syntax::syntax::dump::Walker;
use av1_syntax::syntax::frame::UncompressedHeader;
use av1_syntax::syntax::{self, sequence, tiles};
use av1_syntax::unit::TemporalUnit;

use crate::error::{Error, Result};
use crate::header::HeaderForm;
use crate::stream::{
    Bytes, Content, Frame, Group, Item, Layer, Part, PartKind, Stream, Unit, Wrap,
};

/// Takes units apart, one after the other.
#[derive(Default)]
pub struct Reader {
    walker: Walker,
    units: Vec<Unit>,
    frames: u64,
    /// The frame whose OBUs are being collected.
    current: Option<Box<Frame>>,
}

/// `units` as a stream.
///
/// # Errors
/// What is wrong with them, and where.
pub fn read<'a>(
    units: impl IntoIterator<Item = &'a TemporalUnit>,
    time_base: Option<(u32, u32)>,
) -> Result<Stream> {
    let mut reader = Reader::default();
    units.into_iter().try_for_each(|unit| reader.unit(unit))?;
    let mut stream = reader.finish()?;
    stream.time_base = time_base;
    Ok(stream)
}

impl Reader {
    /// Takes `unit` apart. One that goes on with the last one's frame is joined with it.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn unit(&mut self, unit: &TemporalUnit) -> Result<()> {
        if self.current.is_none() || self.units.is_empty() {
            self.units.push(Unit { pts: unit.pts, items: Vec::new() });
        }
        for (index, obu) in (0u32..).zip(obus(&unit.data, unit.framing)) {
            let place = |error| match error {
                Error::Stream(e) => {
                    let byte = unit.file_offset.zip(e.at.byte).map(|(unit, obu)| unit + obu);
                    Error::Stream(e.in_obu(index, byte).in_unit(unit.index))
                }
                other => other,
            };
            let obu = obu.map_err(|e| place(Error::Stream(e)))?;
            self.obu(unit, &obu).map_err(place)?;
        }
        Ok(())
    }

    /// The stream, which is at its end.
    ///
    /// # Errors
    /// The last frame is not whole.
    pub fn finish(self) -> Result<Stream> {
        match self.current {
            Some(_) => Err(rule("the stream ends inside a frame: tiles are missing").into()),
            None => Ok(Stream { time_base: None, units: self.units }),
        }
    }

    fn obu(&mut self, unit: &TemporalUnit, obu: &Obu<'_>) -> Result<()> {
        let wrap = wrap(unit, obu);
        let payload =
            || Bytes::of(&unit.data, obu.payload_offset..obu.payload_offset + obu.payload.len());
        match obu.obu_type {
            ObuType::TemporalDelimiter | ObuType::SequenceHeader if self.current.is_some() => {
                return Err(rule("it is inside a frame: tiles are missing").into());
            }
            ObuType::TemporalDelimiter => {
                self.push(Item::Obu(wrap, Content::TemporalDelimiter));
            }
            ObuType::SequenceHeader => {
                let mut r = obu.reader();
                let header = sequence::sequence_header_obu(&mut r)?;
                let wrap = with_zeros(wrap, obu, r.position());
                self.push(Item::Obu(wrap, Content::SequenceHeader(Arc::new(header))));
            }
            ObuType::Frame | ObuType::FrameHeader => self.frame_header(obu, wrap)?,
            ObuType::RedundantFrameHeader => {
                let Some(frame) = &mut self.current else {
                    return Err(Error::Unsupported("a redundant header outside of a frame"));
                };
                frame.parts.push(Part { wrap, kind: PartKind::RedundantFrameHeader });
            }
            ObuType::TileGroup if self.current.is_none() => {
                return Err(rule("a tile group without a frame header").into());
            }
            ObuType::TileGroup => {}
            ObuType::TileList => return Err(Error::Unsupported("large scale tile decoding")),
            kind @ (ObuType::Metadata | ObuType::Padding | ObuType::Reserved(_)) => {
                match &mut self.current {
                    Some(frame) => {
                        frame.parts.push(Part { wrap, kind: PartKind::Aside(kind, payload()) });
                    }
                    None => self.push(Item::Obu(wrap, Content::Aside(kind, payload()))),
                }
                return Ok(());
            }
        }
        self.tiles(unit, obu, wrap)?;
        self.walker.obu(obu, &mut HeaderForm::default())?;
        Ok(())
    }

    fn push(&mut self, item: Item) {
        if let Some(unit) = self.units.last_mut() {
            unit.items.push(item);
        }
    }

    /// The header in `obu`, which starts a frame or shows one.
    fn frame_header(&mut self, obu: &Obu<'_>, wrap: Wrap) -> Result<()> {
        if self.current.is_some() {
            return match obu.obu_type {
                ObuType::Frame => Err(rule("OBU_FRAME inside another frame").into()),
                _ => Err(Error::Unsupported("a second OBU_FRAME_HEADER of a frame")),
            };
        }
        let Some(sequence) = self.walker.sequence() else {
            return Err(rule("a frame header comes before any sequence header").into());
        };
        let mut form = HeaderForm::default();
        let mut r = obu.traced(&mut form);
        let header = syntax::uncompressed_header(
            &mut r,
            sequence,
            self.walker.references(),
            obu.temporal_id,
            obu.spatial_id,
        )?;
        let bits = r.position();
        let is_frame_obu = obu.obu_type == ObuType::Frame;
        match header {
            UncompressedHeader::ShowExisting(_) if is_frame_obu => {
                Err(rule("OBU_FRAME with show_existing_frame equal to 1").into())
            }
            UncompressedHeader::ShowExisting(shown) => {
                let wrap = with_zeros(wrap, obu, bits);
                self.push(Item::Obu(wrap, Content::ShowExisting(shown)));
                Ok(())
            }
            UncompressedHeader::Frame(header) => {
                let header = Arc::new(header);
                let (origin, tiles, parts) = (self.frames, Vec::new(), Vec::new());
                let mut frame = Frame { origin, header, form, tiles, parts };
                self.frames += 1;
                if !is_frame_obu {
                    let wrap = with_zeros(wrap, obu, bits);
                    frame.parts.push(Part { wrap, kind: PartKind::FrameHeader });
                }
                self.current = Some(Box::new(frame));
                Ok(())
            }
        }
    }

    /// The tile group in `obu`, if it has one; the frame may be whole then.
    fn tiles(&mut self, unit: &TemporalUnit, obu: &Obu<'_>, wrap: Wrap) -> Result<()> {
        let Some(frame) = &mut self.current else { return Ok(()) };
        let start = match obu.obu_type {
            ObuType::TileGroup => 0,
            ObuType::Frame => {
                let mut r = obu.reader();
                let Some(sequence) = self.walker.sequence() else { return Ok(()) };
                let layer = (obu.temporal_id, obu.spatial_id);
                let references = self.walker.references();
                syntax::uncompressed_header(&mut r, sequence, references, layer.0, layer.1)?;
                r.position().div_ceil(8) as usize
            }
            _ => return Ok(()),
        };
        let expected = frame.tiles.len();
        let tiles = &mut frame.tiles;
        let group = tiles::tile_group_obu(obu.payload, start, &frame.header, |tile| {
            let at = obu.payload_offset + tile.offset_bytes;
            tiles.push(Bytes::of(&unit.data, at..at + tile.size_bytes));
        })?;
        if group.tg_start as usize != expected {
            return Err(rule("tg_start follows the last tile of the previous group").into());
        }
        let num_tiles = frame.header.tile_info.num_tiles();
        let is_flagged = obu.payload.get(start).is_some_and(|byte| byte & 0x80 != 0);
        let group = Group {
            tiles: group.tg_end - group.tg_start + 1,
            tile_start_and_end_present_flag: num_tiles > 1 && is_flagged,
        };
        let kind = match obu.obu_type {
            ObuType::Frame => PartKind::Frame(group),
            _ => PartKind::TileGroup(group),
        };
        frame.parts.push(Part { wrap, kind });
        if frame.tiles.len() == num_tiles as usize
            && let Some(frame) = self.current.take()
        {
            self.push(Item::Frame(frame));
        }
        Ok(())
    }
}

fn rule(what: &'static str) -> StreamError {
    StreamError::new(StreamFault::Rule(what)).section("7.5")
}

/// What is around the payload of `obu`.
fn wrap(unit: &TemporalUnit, obu: &Obu<'_>) -> Wrap {
    let head = unit.data.get(obu.offset).copied().unwrap_or_default();
    let header_bytes = 1 + usize::from(obu.has_extension);
    let size_bytes = match head & 2 != 0 {
        true => (obu.payload_offset - obu.offset - header_bytes) as u8,
        false => 0,
    };
    let layer = obu
        .has_extension
        .then_some(Layer { temporal_id: obu.temporal_id, spatial_id: obu.spatial_id });
    Wrap { layer, size_bytes, trailing_zeros: 0 }
}

/// The same with the zero bytes behind a header of `bits` bits and its trailing bit.
fn with_zeros(wrap: Wrap, obu: &Obu<'_>, bits: u64) -> Wrap {
    let used = bits / 8 + 1;
    Wrap { trailing_zeros: (obu.payload.len() as u64).saturating_sub(used) as u32, ..wrap }
}
