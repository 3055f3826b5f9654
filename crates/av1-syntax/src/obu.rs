//! Open bitstream units: specification 5.3 and Annex B. Does not look into payloads.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use crate::bits::{BitReader, Trace};
use crate::error::{StreamError, StreamFault};

/// How the OBUs of a temporal unit are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each OBU has its size (5.2); the last one may go without.
    Section5,
    /// Frame units and OBUs with their lengths (Annex B).
    AnnexB,
}

/// `obu_type`, 6.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObuType {
    /// OBU_SEQUENCE_HEADER, 1.
    SequenceHeader,
    /// OBU_TEMPORAL_DELIMITER, 2.
    TemporalDelimiter,
    /// OBU_FRAME_HEADER, 3.
    FrameHeader,
    /// OBU_TILE_GROUP, 4.
    TileGroup,
    /// OBU_METADATA, 5.
    Metadata,
    /// OBU_FRAME, 6.
    Frame,
    /// OBU_REDUNDANT_FRAME_HEADER, 7.
    RedundantFrameHeader,
    /// OBU_TILE_LIST, 8.
    TileList,
    /// OBU_PADDING, 15.
    Padding,
    /// A type that the specification reserves: ignored.
    Reserved(u8),
}

impl ObuType {
    fn new(coded: u8) -> Self {
        match coded {
            1 => Self::SequenceHeader,
            2 => Self::TemporalDelimiter,
            3 => Self::FrameHeader,
            4 => Self::TileGroup,
            5 => Self::Metadata,
            6 => Self::Frame,
            7 => Self::RedundantFrameHeader,
            8 => Self::TileList,
            15 => Self::Padding,
            other => Self::Reserved(other),
        }
    }

    /// Whether a part of a frame is in it.
    pub fn is_of_frame(self) -> bool {
        use ObuType::{Frame, FrameHeader, RedundantFrameHeader, TileGroup};
        matches!(self, Frame | FrameHeader | RedundantFrameHeader | TileGroup)
    }

    /// The name in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::SequenceHeader => "OBU_SEQUENCE_HEADER",
            Self::TemporalDelimiter => "OBU_TEMPORAL_DELIMITER",
            Self::FrameHeader => "OBU_FRAME_HEADER",
            Self::TileGroup => "OBU_TILE_GROUP",
            Self::Metadata => "OBU_METADATA",
            Self::Frame => "OBU_FRAME",
            Self::RedundantFrameHeader => "OBU_REDUNDANT_FRAME_HEADER",
            Self::TileList => "OBU_TILE_LIST",
            Self::Padding => "OBU_PADDING",
            Self::Reserved(_) => "reserved OBU",
        }
    }
}

/// One OBU of a temporal unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obu<'a> {
    /// `obu_type`.
    pub obu_type: ObuType,
    /// `obu_extension_flag`.
    pub has_extension: bool,
    /// `temporal_id`; 0 without an extension.
    pub temporal_id: u8,
    /// `spatial_id`; 0 without an extension.
    pub spatial_id: u8,
    /// Offset of the OBU header in the unit, in bytes.
    pub offset: usize,
    /// Offset of the payload in the unit, in bytes.
    pub payload_offset: usize,
    /// Offset of the byte after the payload.
    pub end: usize,
    /// The payload: `obu_size` bytes.
    pub payload: &'a [u8],
}

impl<'a> Obu<'a> {
    /// A reader at the start of the payload.
    pub fn reader(&self) -> BitReader<'a> {
        BitReader::new(self.payload)
    }

    /// The same, and tells `trace` of every read.
    pub fn traced(&self, trace: &'a mut dyn Trace) -> BitReader<'a> {
        BitReader::traced(self.payload, trace)
    }
}

/// The OBUs of `unit`. Ends after the first error.
pub fn obus(unit: &[u8], framing: Framing) -> Obus<'_> {
    Obus { unit, framing, at: 0, frame_end: 0 }
}

/// See [`obus`].
#[derive(Clone, Debug)]
pub struct Obus<'a> {
    unit: &'a [u8],
    framing: Framing,
    at: usize,
    /// Annex B: end of the frame unit.
    frame_end: usize,
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<Obu<'a>, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.unit.len() {
            return None;
        }
        let start = self.at;
        let obu = match self.framing {
            Framing::Section5 => read_obu(self.unit, start, self.unit.len(), true),
            Framing::AnnexB => self.annexb(),
        };
        self.at = match &obu {
            Ok(obu) => obu.end,
            Err(_) => self.unit.len(),
        };
        Some(obu.map_err(|mut e| {
            e.at.byte.get_or_insert(start as u64);
            e
        }))
    }
}

impl<'a> Obus<'a> {
    /// `frame_unit()` and `obu_length` of Annex B.
    fn annexb(&mut self) -> Result<Obu<'a>, StreamError> {
        while self.at >= self.frame_end {
            let (size, start) = length(self.unit, self.at, self.unit.len(), "frame_unit_size")?;
            self.at = start;
            self.frame_end = start + size;
            if self.at >= self.unit.len() {
                return Err(container("an empty frame unit ends the temporal unit"));
            }
        }
        let (size, start) = length(self.unit, self.at, self.frame_end, "obu_length")?;
        if size == 0 {
            return Err(container("obu_length is 0"));
        }
        let mut obu = read_obu(self.unit, start, start + size, false)?;
        // An OBU with a size of its own may be shorter than obu_length; the rest is not payload.
        obu.end = start + size;
        Ok(obu)
    }
}

fn container(what: &'static str) -> StreamError {
    StreamError::new(StreamFault::Container(what)).section("B.2")
}

/// A leb128() length at `at`, and where what it measures starts; that must end before `end`.
fn length(
    unit: &[u8],
    at: usize,
    end: usize,
    element: &'static str,
) -> Result<(usize, usize), StreamError> {
    let mut r = BitReader::new(unit.get(at..end).unwrap_or_default());
    r.table("temporal_unit", "B.2");
    let size = r.leb128(element)? as usize;
    let start = at + (r.position() / 8) as usize;
    if size > end - start {
        return Err(r.bad(element, size as i64, "ends within what contains it"));
    }
    Ok((size, start))
}

/// `open_bitstream_unit()`, 5.3.1, at byte `at`; it ends at `end` unless it says otherwise.
fn read_obu(unit: &[u8], at: usize, end: usize, to_the_end: bool) -> Result<Obu<'_>, StreamError> {
    let data = unit.get(at..end).unwrap_or_default();
    let mut r = BitReader::new(data);
    r.table("obu_header", "5.3.2");
    if r.flag("obu_forbidden_bit")? {
        return Err(r.bad("obu_forbidden_bit", 1, "0"));
    }
    let obu_type = ObuType::new(r.f8(4, "obu_type")?);
    let has_extension = r.flag("obu_extension_flag")?;
    let obu_has_size_field = r.flag("obu_has_size_field")?;
    r.f(1, "obu_reserved_1bit")?;
    let (mut temporal_id, mut spatial_id) = (0, 0);
    if has_extension {
        r.table("obu_extension_header", "5.3.3");
        temporal_id = r.f8(3, "temporal_id")?;
        spatial_id = r.f8(2, "spatial_id")?;
        r.f(3, "extension_header_reserved_3bits")?;
    }
    r.table("open_bitstream_unit", "5.3.1");
    let rest = |r: &BitReader<'_>| data.len() - (r.position() / 8) as usize;
    let obu_size = match obu_has_size_field {
        true => r.leb128("obu_size")? as usize,
        false => rest(&r),
    };
    if obu_size > rest(&r) {
        let rule = match to_the_end {
            true => "the OBU ends within its temporal unit",
            false => "the OBU ends within obu_length",
        };
        return Err(r.bad("obu_size", obu_size as i64, rule));
    }
    let payload_offset = at + (r.position() / 8) as usize;
    let end = payload_offset + obu_size;
    Ok(Obu {
        obu_type,
        has_extension,
        temporal_id,
        spatial_id,
        offset: at,
        payload_offset,
        end,
        payload: unit.get(payload_offset..end).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unit: &[u8], framing: Framing, expected: &str) {
        let text: Vec<_> = obus(unit, framing)
            .map(|obu| match obu {
                Ok(o) => format!(
                    "{} {}.{} {:?}",
                    o.obu_type.name(),
                    o.spatial_id,
                    o.temporal_id,
                    o.payload
                ),
                Err(e) => e.to_string(),
            })
            .collect();
        assert_eq!(text.join("; "), expected);
    }

    #[test]
    fn obus_with_and_without_sizes() {
        check(
            &[0x12, 0, 0x7a, 2, 9, 9, 0x78, 7],
            Framing::Section5,
            "OBU_TEMPORAL_DELIMITER 0.0 []; OBU_PADDING 0.0 [9, 9]; OBU_PADDING 0.0 [7]",
        );
        check(&[0x36, 0x48, 1, 5], Framing::Section5, "OBU_FRAME 1.2 [5]");
        check(&[0x4a, 0], Framing::Section5, "reserved OBU 0.0 []");
    }

    #[test]
    fn annex_b_units() {
        check(
            &[2, 1, 0x10, 3, 2, 0x78, 5],
            Framing::AnnexB,
            "OBU_TEMPORAL_DELIMITER 0.0 []; OBU_PADDING 0.0 [5]",
        );
    }

    #[test]
    fn faults_name_their_element() {
        check(
            &[0x92, 0],
            Framing::Section5,
            "byte 0, obu_forbidden_bit, bit 1: value 1 is not allowed: 0 (AV1 specification 5.3.2)",
        );
        check(
            &[0x12, 0, 0x7a, 3, 1],
            Framing::Section5,
            "OBU_TEMPORAL_DELIMITER 0.0 []; byte 2, obu_size, bit 16: value 3 is not allowed: \
             the OBU ends within its temporal unit (AV1 specification 5.3.1)",
        );
        check(
            &[0x12, 0x80],
            Framing::Section5,
            "byte 0, obu_size, bit 16: the data end here (AV1 specification 5.3.1)",
        );
        check(
            &[9, 1, 0x10],
            Framing::AnnexB,
            "byte 0, frame_unit_size, bit 8: value 9 is not allowed: ends within what contains it \
             (AV1 specification B.2)",
        );
    }
}
