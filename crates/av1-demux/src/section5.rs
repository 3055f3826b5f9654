//! Low-overhead OBU stream, specification 5.2: cut at temporal delimiters.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, read_once};
use crate::error::{LimitError, Result, StreamError};
use av1_syntax::limits::Limits;
use av1_syntax::obu::Framing;

/// Bytes of an OBU header, its extension and its size at most.
const MAX_HEADER: usize = 2 + 8;
/// `obu_type` of a temporal delimiter.
const TEMPORAL_DELIMITER: u8 = 2;
/// Bytes that are searched at a time for a temporal delimiter after damage.
const CHUNK: usize = 64 << 10;

pub(super) struct Section5 {
    bytes: Bytes,
    /// Bytes of the file, if one can go back in it.
    length: Option<u64>,
    limits: Limits,
    index: u64,
    /// What is wrong behind the unit that was given.
    pending: Option<StreamError>,
}

/// An OBU header as far as the cutting needs it.
struct Head {
    obu_type: u8,
    /// Bytes of header, size field and payload; `None` if the OBU goes on to the end.
    bytes: Option<u64>,
}

/// Reads the head of the OBU that starts `data`; `None` if it is cut short, has the forbidden bit or
/// a leb128() of more than 8 bytes.
fn head(data: &[u8]) -> Option<Head> {
    let first = *data.first().filter(|first| *first & 0x80 == 0)?;
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

/// Where a temporal delimiter is in `data` that a sequence header, a frame or padding follows, each
/// with its size.
fn find(data: &[u8]) -> Option<usize> {
    let is_start = |next: u8| next & 2 != 0 && matches!(next >> 3, 1 | 3 | 5 | 6 | 15);
    data.windows(3).position(|w| matches!(w, [0x12, 0, next] if is_start(*next)))
}

impl Section5 {
    pub(super) fn open(mut bytes: Bytes, limits: Limits) -> Result<Self> {
        let length = bytes.length()?;
        Ok(Self { bytes, length, limits, index: 0, pending: None })
    }

    /// What is here is no OBU: takes all up to the next temporal delimiter, or to the end.
    fn pass_damage(&mut self) -> Result<()> {
        self.bytes.skip(1)?;
        loop {
            let window = self.bytes.peek(CHUNK)?;
            let count = window.len();
            match find(window) {
                Some(at) => return Ok(self.bytes.skip(at as u64)?),
                None if count < CHUNK => return Ok(self.bytes.skip(count as u64)?),
                None => self.bytes.skip(count as u64 - 2)?,
            }
        }
    }

    /// Takes the OBU at the start of what is left into `data`; false where a temporal unit ends
    /// before it.
    fn obu(&mut self, data: &mut Vec<u8>) -> Result<bool> {
        let (at, limit) = (self.bytes.position(), self.limits.unit_bytes);
        let Some(head) = head(self.bytes.peek(MAX_HEADER)?) else {
            let what = "an OBU header is cut short or broken, or its size is no leb128()";
            return Err(fault(what, at, Some("5.3.1")).into());
        };
        if head.obu_type == TEMPORAL_DELIMITER && !data.is_empty() {
            return Ok(false);
        }
        let left = limit - data.len() as u64;
        let bytes = head.bytes.unwrap_or(left + 1);
        let is_cut = match (head.bytes, self.length) {
            (None, _) => false,
            (Some(bytes), Some(length)) => at.saturating_add(bytes) > length,
            (Some(_), None) => {
                bytes <= left && (self.bytes.peek(bytes as usize)?.len() as u64) < bytes
            }
        };
        if is_cut {
            let end = self.length.unwrap_or(at + self.bytes.peek(bytes as usize)?.len() as u64);
            let what = "the stream ends inside an OBU";
            return Err(fault(what, end, Some("5.3.1")).into());
        }
        if bytes > left
            && (head.bytes.is_some() || self.bytes.peek(left as usize + 1)?.len() as u64 > left)
        {
            let what = "bytes of a temporal unit";
            let value = (data.len() as u64).saturating_add(bytes);
            return Err(LimitError { what, value, limit }.into());
        }
        data.extend_from_slice(self.bytes.take(bytes as usize)?);
        Ok(true)
    }
}

impl Source for Section5 {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("Section 5 OBU stream")
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        if let Some(fault) = self.pending.take() {
            return Err(fault.in_unit(self.index).into());
        }
        let file_offset = self.bytes.position();
        let mut data = Vec::new();
        while !self.bytes.at_end()? {
            match self.obu(&mut data) {
                Ok(true) => {}
                Ok(false) => break,
                Err(crate::error::Error::Stream(fault)) => {
                    self.pass_damage()?;
                    // What was whole before it is a unit all the same.
                    self.pending = Some(fault);
                    data.truncate(super::whole_obus(&data));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if data.is_empty() {
            return self.pending.take().map_or(Ok(None), |f| Err(f.in_unit(self.index).into()));
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
        self.pending = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_by_its_delimiter() {
        assert_eq!(find(&[1, 0x12, 0, 0x0a, 3]), Some(1));
        assert_eq!(find(&[0x12, 0, 0x12, 0, 0x32]), Some(2));
        // A temporal delimiter alone may be anything, as may an OBU without a size.
        assert_eq!(find(&[0x12, 0, 0x30, 0x12, 0]), None);
    }
}
