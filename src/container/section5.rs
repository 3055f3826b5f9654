//! Low-overhead OBU stream, specification 5.2: cut at temporal delimiters.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, read_once};
use crate::error::{LimitError, Result};
use crate::limits::Limits;
use crate::obu::Framing;

/// Bytes of an OBU header, its extension and its size at most.
const MAX_HEADER: usize = 2 + 8;
/// `obu_type` of a temporal delimiter.
const TEMPORAL_DELIMITER: u8 = 2;

pub(super) struct Section5 {
    bytes: Bytes,
    limits: Limits,
    index: u64,
}

/// An OBU header as far as the cutting needs it.
struct Head {
    obu_type: u8,
    /// Bytes of header, size field and payload; `None` if the OBU goes on to the end.
    bytes: Option<u64>,
}

/// Reads the head of the OBU that starts `data`; `None` if it is cut short or has a leb128() of
/// more than 8 bytes.
fn head(data: &[u8]) -> Option<Head> {
    let first = *data.first()?;
    let header = if first & 4 != 0 { 2 } else { 1 };
    let obu_type = (first >> 3) & 15;
    if first & 2 == 0 {
        return Some(Head { obu_type, bytes: None });
    }
    let mut size = 0u64;
    for i in 0..8 {
        let byte = *data.get(header + i)?;
        size |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(Head { obu_type, bytes: Some((header + i + 1) as u64 + size) });
        }
    }
    None
}

impl Section5 {
    pub(super) fn new(bytes: Bytes, limits: Limits) -> Self {
        Self { bytes, limits, index: 0 }
    }
}

impl Source for Section5 {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("Section 5 OBU stream")
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let file_offset = self.bytes.position();
        let mut data = Vec::new();
        while !self.bytes.at_end()? {
            let at = self.bytes.position();
            let limit = self.limits.unit_bytes;
            let Some(head) = head(self.bytes.peek(MAX_HEADER)?) else {
                let what = "an OBU header is cut short, or its size is no leb128()";
                return Err(fault(what, at, Some("5.3.1")).in_unit(self.index).into());
            };
            if head.obu_type == TEMPORAL_DELIMITER && !data.is_empty() {
                break;
            }
            let left = limit - data.len() as u64;
            let bytes = head.bytes.unwrap_or(left + 1);
            if bytes > left
                && (head.bytes.is_some() || self.bytes.peek(left as usize + 1)?.len() as u64 > left)
            {
                let what = "bytes of a temporal unit";
                let value = (data.len() as u64).saturating_add(bytes);
                return Err(LimitError { what, value, limit }.into());
            }
            let obu = self.bytes.take(bytes as usize)?;
            if head.bytes.is_some() && (obu.len() as u64) < bytes {
                let end = at + obu.len() as u64;
                let what = "the stream ends inside an OBU";
                return Err(fault(what, end, Some("5.3.1")).in_unit(self.index).into());
            }
            data.extend_from_slice(obu);
        }
        if data.is_empty() {
            return Ok(None);
        }
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: None,
            file_offset: Some(file_offset),
            is_hidden: false,
        };
        self.index += 1;
        Ok(Some(unit))
    }

    fn position(&self) -> Option<Position> {
        let place = self.bytes.position();
        self.bytes.is_seekable().then_some(Position { unit: self.index, place })
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        if !self.bytes.is_seekable() {
            return Err(read_once("Section 5").into());
        }
        self.bytes.seek(position.place)?;
        self.index = position.unit;
        Ok(())
    }
}
