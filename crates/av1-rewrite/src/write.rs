//! Parts in, temporal units out: every header that is written is read again, and is what was meant.

use av1_syntax::bits::BitReader;
use av1_syntax::obu::{Framing, Obu, ObuType};
use av1_syntax::syntax;
use av1_syntax::syntax::dump::Walker;
use av1_syntax::syntax::frame::{FrameHeader, UncompressedHeader};
use av1_syntax::unit::TemporalUnit;

use crate::bits::{BitWriter, bad, leb128};
use crate::derive::{self, Derived};
use crate::error::{Error, Result};
use crate::header::{self, Context, HeaderForm};
use crate::stream::{Content, Frame, Group, Item, PartKind, Stream, Unit, Wrap};

/// Puts units together, one after the other.
pub struct Writer {
    framing: Framing,
    derived: Derived,
    walker: Walker,
    index: u64,
    frames: u64,
}

/// An OBU that is written: its bytes, and whether the frame unit of Annex B ends with it.
struct Written {
    bytes: Vec<u8>,
    ends_frame: bool,
}

/// `stream` as units. What headers say of other frames (order hints, frame ids) is that of the
/// frames that are in the slots now.
///
/// # Errors
/// What cannot be written, or would read back as something else.
pub fn write(stream: &Stream, framing: Framing, derived: Derived) -> Result<Vec<TemporalUnit>> {
    let mut writer = Writer::new(framing, derived);
    stream.units.iter().map(|unit| writer.unit(unit)).collect()
}

impl Writer {
    /// A writer at the start of a stream.
    pub fn new(framing: Framing, derived: Derived) -> Self {
        Self { framing, derived, walker: Walker::default(), index: 0, frames: 0 }
    }

    /// The units's bytes, without the length of the temporal unit in Annex B.
    ///
    /// # Errors
    /// What cannot be written, or would read back as something else.
    pub fn unit(&mut self, unit: &Unit) -> Result<TemporalUnit> {
        let mut obus = Vec::new();
        for (index, item) in unit.items.iter().enumerate() {
            let is_last = index + 1 == unit.items.len();
            self.item(item, is_last, &mut obus)?;
        }
        let data = match self.framing {
            Framing::Section5 => obus.into_iter().flat_map(|obu| obu.bytes).collect::<Vec<_>>(),
            Framing::AnnexB => frame_units(&obus)?,
        };
        let mut written = TemporalUnit::new(self.index, data, self.framing);
        written.pts = unit.pts;
        self.index += 1;
        Ok(written)
    }

    fn item(&mut self, item: &Item, is_last: bool, out: &mut Vec<Written>) -> Result<()> {
        let (wrap, content) = match item {
            Item::Frame(frame) => return self.frame(frame, is_last, out),
            Item::Obu(wrap, content) => (wrap, content),
        };
        let (obu_type, payload) = match content {
            Content::TemporalDelimiter => (ObuType::TemporalDelimiter, Vec::new()),
            Content::SequenceHeader(sequence) => {
                let mut w = BitWriter::default();
                header::sequence_header_obu(&mut w, sequence)?;
                let payload = zeros(w.with_trailing_bits(), wrap);
                self.check_sequence(&payload, sequence)?;
                (ObuType::SequenceHeader, payload)
            }
            Content::ShowExisting(shown) => {
                let mut shown = *shown;
                derive::show_existing(&mut shown, self.walker.sequence(), self.walker.references());
                let header = UncompressedHeader::ShowExisting(shown);
                let bits = self.header(wrap, &header, &HeaderForm::default())?;
                (ObuType::FrameHeader, zeros(bits.with_trailing_bits(), wrap))
            }
            Content::Aside(kind, payload) => (*kind, payload.to_vec()),
        };
        let ends_frame = matches!(content, Content::ShowExisting(_));
        self.obu(obu_type, wrap, &payload, (is_last, ends_frame), out)
    }

    fn check_sequence(
        &self,
        payload: &[u8],
        sequence: &av1_syntax::syntax::sequence::SequenceHeader,
    ) -> Result<()> {
        let mut r = BitReader::new(payload);
        let read = av1_syntax::syntax::sequence::sequence_header_obu(&mut r)?;
        match read == *sequence {
            true => Ok(()),
            false => Err(Error::ReadBack { frame: self.frames, member: "sequence header" }),
        }
    }

    /// The bits of `header`, which read back as it.
    fn header(
        &self,
        wrap: &Wrap,
        header: &UncompressedHeader,
        form: &HeaderForm,
    ) -> Result<BitWriter> {
        let Some(sequence) = self.walker.sequence() else {
            return Err(Error::Unsupported("a frame before any sequence header"));
        };
        let (temporal_id, spatial_id) = layer(wrap)?;
        let references = self.walker.references();
        let context = Context { sequence, references, temporal_id, spatial_id };
        let mut w = BitWriter::default();
        header::uncompressed_header(&mut w, &context, header, form)?;
        let bytes = w.clone().with_trailing_bits();
        let mut r = BitReader::new(&bytes);
        let read =
            syntax::uncompressed_header(&mut r, sequence, references, temporal_id, spatial_id)?;
        if read != *header {
            let member = match (&read, header) {
                (UncompressedHeader::Frame(read), UncompressedHeader::Frame(meant)) => {
                    derive::first_difference(read, meant)
                }
                _ => "show_existing_frame",
            };
            return Err(Error::ReadBack { frame: self.frames, member });
        }
        match r.position() == w.position() {
            true => Ok(w),
            false => Err(Error::ReadBack { frame: self.frames, member: "length" }),
        }
    }

    fn frame(&mut self, frame: &Frame, is_last: bool, out: &mut Vec<Written>) -> Result<()> {
        let Some(first) = frame.parts.first() else {
            return Err(Error::Unsupported("a frame without OBUs"));
        };
        let mut meant = FrameHeader::clone(&frame.header);
        let frames = self.frames;
        let (sequence, references) = (self.walker.sequence(), self.walker.references());
        derive::frame(&mut meant, sequence, references, self.derived, frames)?;
        let meant = UncompressedHeader::Frame(meant);
        let bits = self.header(&first.wrap, &meant, &frame.form)?;
        let UncompressedHeader::Frame(meant) = meant else { return Ok(()) };
        let tile_of = |tile: usize| frame.tiles.get(tile).map(|bytes| &**bytes);
        let mut tile = 0;
        for (index, part) in frame.parts.iter().enumerate() {
            let mut group = |group: &Group, payload: &mut Vec<u8>| {
                let from = tile;
                tile += group.tiles as usize;
                tile_group(&meant, from, group, tile_of, payload)
            };
            let is_header = matches!(part.kind, PartKind::FrameHeader | PartKind::Frame(_));
            if is_header != (index == 0) {
                return Err(Error::Unsupported("a frame has its header in its first OBU"));
            }
            let (obu_type, payload) = match &part.kind {
                PartKind::FrameHeader => {
                    (ObuType::FrameHeader, zeros(bits.clone().with_trailing_bits(), &part.wrap))
                }
                PartKind::RedundantFrameHeader => {
                    let payload = zeros(bits.clone().with_trailing_bits(), &part.wrap);
                    (ObuType::RedundantFrameHeader, payload)
                }
                PartKind::Frame(tiles) if tiles.tile_start_and_end_present_flag => {
                    let rule = "OBU_FRAME has all tiles of the frame (6.10.1)";
                    return Err(bad("tile_start_and_end_present_flag", 1, rule));
                }
                PartKind::Frame(tiles) => {
                    let mut payload = bits.clone().aligned();
                    group(tiles, &mut payload)?;
                    (ObuType::Frame, payload)
                }
                PartKind::TileGroup(tiles) => {
                    let mut payload = Vec::new();
                    group(tiles, &mut payload)?;
                    (ObuType::TileGroup, payload)
                }
                PartKind::Aside(kind, payload) => (*kind, payload.to_vec()),
            };
            let is_end = index + 1 == frame.parts.len();
            self.obu(obu_type, &part.wrap, &payload, (is_last && is_end, is_end), out)?;
        }
        self.frames += 1;
        match tile == frame.tiles.len() && tile == meant.tile_info.num_tiles() as usize {
            true => Ok(()),
            false => Err(bad("NumTiles", tile as i64, "the tile groups have every tile once")),
        }
    }

    /// Appends an OBU, 5.3.1, and takes note of what it says.
    fn obu(
        &mut self,
        obu_type: ObuType,
        wrap: &Wrap,
        payload: &[u8],
        (is_last, ends_frame): (bool, bool),
        out: &mut Vec<Written>,
    ) -> Result<()> {
        let needs_size = !is_last && self.framing == Framing::Section5;
        let size_bytes = if needs_size { wrap.size_bytes.max(1) } else { wrap.size_bytes };
        let (temporal_id, spatial_id) = layer(wrap)?;
        let has_extension = wrap.layer.is_some();
        let mut bytes = Vec::with_capacity(payload.len() + 10);
        let flags = u8::from(has_extension) << 2 | u8::from(size_bytes > 0) << 1;
        bytes.push(number(obu_type) << 3 | flags);
        if has_extension {
            bytes.push(temporal_id << 5 | spatial_id << 3);
        }
        if size_bytes > 0 {
            leb128(&mut bytes, payload.len(), size_bytes)?;
        }
        let payload_offset = bytes.len();
        bytes.extend_from_slice(payload);
        let obu = Obu {
            obu_type,
            has_extension,
            temporal_id,
            spatial_id,
            offset: 0,
            payload_offset,
            end: bytes.len(),
            payload,
        };
        if !matches!(obu_type, ObuType::Metadata | ObuType::Padding | ObuType::Reserved(_)) {
            self.walker.obu(&obu, &mut HeaderForm::default())?;
        }
        out.push(Written { bytes, ends_frame });
        Ok(())
    }
}

/// `obu_type` as a number, 6.2.2.
fn number(obu_type: ObuType) -> u8 {
    match obu_type {
        ObuType::SequenceHeader => 1,
        ObuType::TemporalDelimiter => 2,
        ObuType::FrameHeader => 3,
        ObuType::TileGroup => 4,
        ObuType::Metadata => 5,
        ObuType::Frame => 6,
        ObuType::RedundantFrameHeader => 7,
        ObuType::TileList => 8,
        ObuType::Padding => 15,
        ObuType::Reserved(number) => number & 15,
    }
}

/// `temporal_id` and `spatial_id`, 0 without an extension.
fn layer(wrap: &Wrap) -> Result<(u8, u8)> {
    let (temporal_id, spatial_id) = wrap.layer.map_or((0, 0), |l| (l.temporal_id, l.spatial_id));
    match temporal_id > 7 || spatial_id > 3 {
        true => Err(bad("temporal_id", temporal_id, "layers are 0 to 7 and 0 to 3")),
        false => Ok((temporal_id, spatial_id)),
    }
}

fn zeros(mut payload: Vec<u8>, wrap: &Wrap) -> Vec<u8> {
    payload.resize(payload.len() + wrap.trailing_zeros as usize, 0);
    payload
}

/// `tile_group_obu()`, 5.11.1, of `group` from tile `from` on.
fn tile_group<'a>(
    header: &FrameHeader,
    from: usize,
    group: &Group,
    tile_of: impl Fn(usize) -> Option<&'a [u8]>,
    payload: &mut Vec<u8>,
) -> Result<()> {
    let (info, to) = (&header.tile_info, from + group.tiles as usize);
    let num_tiles = info.num_tiles() as usize;
    if group.tiles == 0 || to > num_tiles {
        return Err(bad("tg_end", to as i64 - 1, "from tg_start to NumTiles - 1"));
    }
    if num_tiles > 1 {
        let mut w = BitWriter::default();
        let is_flagged = group.tile_start_and_end_present_flag;
        w.flag(is_flagged);
        if is_flagged {
            let n = u32::from(info.tile_cols_log2) + u32::from(info.tile_rows_log2);
            w.f(n, from as u32, "tg_start")?;
            w.f(n, to as u32 - 1, "tg_end")?;
        } else if (from, to) != (0, num_tiles) {
            let rule = "it is needed where a group is not the whole frame";
            return Err(bad("tile_start_and_end_present_flag", 0, rule));
        }
        payload.extend(w.aligned());
    }
    for tile in from..to {
        let bytes = tile_of(tile).filter(|bytes| !bytes.is_empty());
        let Some(bytes) = bytes else {
            return Err(bad("tile_size_minus_1", -1, "a tile has at least one byte"));
        };
        if tile + 1 < to {
            let mut w = BitWriter::default();
            let size_minus_1 = u32::try_from(bytes.len() - 1).unwrap_or(u32::MAX);
            let n = u32::from(info.tile_size_bytes_minus_1) + 1;
            w.le(n, size_minus_1, "tile_size_minus_1")?;
            payload.extend(w.aligned());
        }
        payload.extend_from_slice(bytes);
    }
    Ok(())
}

/// `temporal_unit()` of Annex B, without its size: frame units of OBUs.
fn frame_units(obus: &[Written]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut frame_unit = Vec::new();
    for (index, obu) in obus.iter().enumerate() {
        leb128(&mut frame_unit, obu.bytes.len(), 1)?;
        frame_unit.extend_from_slice(&obu.bytes);
        // What comes behind the last frame has a frame unit of its own: aomdec ends one with its frame.
        let is_end = index + 1 == obus.len();
        if is_end || obu.ends_frame {
            leb128(&mut out, frame_unit.len(), 1)?;
            out.append(&mut frame_unit);
        }
    }
    Ok(out)
}
