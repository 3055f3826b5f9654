//! Length-delimited stream, specification Annex B.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, read_once};
use crate::error::{LimitError, Result};
use crate::limits::Limits;
use crate::obu::Framing;

/// Bytes of a leb128() at most.
const MAX_LEB128: usize = 8;

pub(super) struct AnnexB {
    bytes: Bytes,
    limits: Limits,
    index: u64,
}

/// A leb128() at the start of `data`: its value and its bytes.
pub(super) fn leb128(data: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (i, byte) in data.iter().take(MAX_LEB128).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

impl AnnexB {
    pub(super) fn new(bytes: Bytes, limits: Limits) -> Self {
        Self { bytes, limits, index: 0 }
    }
}

impl Source for AnnexB {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("Annex B OBU stream")
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let at = self.bytes.position();
        let head = self.bytes.peek(MAX_LEB128)?;
        if head.is_empty() {
            return Ok(None);
        }
        let Some((size, length)) = leb128(head) else {
            let what = "temporal_unit_size is no leb128()";
            return Err(fault(what, at, Some("B.2")).in_unit(self.index).into());
        };
        let limit = self.limits.unit_bytes;
        if size > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value: size, limit }.into());
        }
        self.bytes.take(length)?;
        let file_offset = self.bytes.position();
        let data = self.bytes.take(size as usize)?;
        if (data.len() as u64) < size {
            let end = file_offset + data.len() as u64;
            let what = "the stream ends inside a temporal unit";
            return Err(fault(what, end, Some("B.2")).in_unit(self.index).into());
        }
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::AnnexB,
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
            return Err(read_once("Annex B").into());
        }
        self.bytes.seek(position.place)?;
        self.index = position.unit;
        Ok(())
    }
}
