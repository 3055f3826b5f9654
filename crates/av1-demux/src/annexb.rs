//! Length-delimited stream, specification Annex B.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, read_once};
use crate::error::{LimitError, Result, StreamError};
use av1_syntax::limits::Limits;
use av1_syntax::obu::{self, Framing, ObuType};

/// Bytes of a leb128() at most.
const MAX_LEB128: usize = 8;

pub(super) struct AnnexB {
    bytes: Bytes,
    limits: Limits,
    index: u64,
    /// What is wrong behind the unit that was given.
    pending: Option<StreamError>,
    /// Where the next unit starts is not known.
    is_lost: bool,
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

/// Bytes of the frame units of `data`, the start of a temporal unit, up to the last one that is there
/// as a whole and holds a frame.
fn whole_frames(data: &[u8]) -> usize {
    let (mut at, mut end) = (0, 0);
    while let Some((size, length)) = data.get(at..).and_then(leb128) {
        let next = usize::try_from(size).ok().and_then(|size| size.checked_add(at + length));
        let Some((next, unit)) = next.and_then(|next| Some((next, data.get(at..next)?))) else {
            break;
        };
        let is_frame = |kind| matches!(kind, ObuType::Frame | ObuType::FrameHeader);
        let mut obus = obu::obus(unit, Framing::AnnexB).map_while(std::result::Result::ok);
        if obus.any(|obu| is_frame(obu.obu_type)) {
            end = next;
        }
        at = next;
    }
    end
}

impl AnnexB {
    pub(super) fn new(bytes: Bytes, limits: Limits) -> Self {
        Self { bytes, limits, index: 0, pending: None, is_lost: false }
    }
}

impl Source for AnnexB {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("Annex B OBU stream")
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        if let Some(fault) = self.pending.take() {
            return Err(fault.in_unit(self.index).into());
        }
        let at = self.bytes.position();
        let head = self.bytes.peek(MAX_LEB128)?;
        if head.is_empty() || self.is_lost {
            return Ok(None);
        }
        let Some((size, length)) = leb128(head) else {
            self.is_lost = true;
            let what = "temporal_unit_size is no leb128()";
            return Err(fault(what, at, Some("B.2")).in_unit(self.index).into());
        };
        let limit = self.limits.unit_bytes;
        if size > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value: size, limit }.into());
        }
        self.bytes.take(length)?;
        let file_offset = self.bytes.position();
        let mut data = self.bytes.take(size as usize)?;
        if (data.len() as u64) < size {
            let end = file_offset + data.len() as u64;
            let what = "the stream ends inside a temporal unit";
            let fault = fault(what, end, Some("B.2")).in_unit(self.index);
            // Frames that are there as a whole are a unit all the same.
            data = data.get(..whole_frames(data)).unwrap_or_default();
            if data.is_empty() {
                return Err(fault.into());
            }
            self.pending = Some(fault);
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
        (self.pending, self.is_lost) = (None, false);
        Ok(())
    }
}
