//! IVF: the header by the `ivf` crate, the frames with a length limit.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, rate, read_once};
use crate::error::{LimitError, Result, Unsupported};
use crate::limits::Limits;
use crate::obu::Framing;

/// Bytes of the file header, of version 0.
const HEADER: usize = 32;
/// Bytes of a frame header.
const FRAME_HEADER: usize = 12;

pub(super) struct Ivf {
    bytes: Bytes,
    limits: Limits,
    info: SourceInfo,
    index: u64,
}

impl Ivf {
    pub(super) fn open(mut bytes: Bytes, limits: Limits) -> Result<Self> {
        let header = bytes.take(HEADER)?;
        if header.len() < HEADER {
            return Err(fault("the IVF header is cut short", header.len() as u64, None).into());
        }
        let mut reader = header;
        let Ok(parsed) = ivf::read_header(&mut reader) else {
            return Err(fault("this is no IVF header", 0, None).into());
        };
        if &parsed.tag != b"AV01" {
            let codec = String::from_utf8_lossy(&parsed.tag).escape_debug().to_string();
            return Err(Unsupported::Stream(format!("codec {codec} in IVF")).into());
        }
        let count = header.get(24..28).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let (num, den) = (parsed.timebase_num, parsed.timebase_den);
        let length = header.get(6..8).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
        // The rest of a longer header is of no use to us.
        let rest = usize::from(length.unwrap_or(0)).saturating_sub(HEADER);
        bytes.take(rest)?;
        Ok(Self {
            bytes,
            limits,
            info: SourceInfo {
                time_base: (num != 0 && den != 0).then_some((num, den)),
                frame_rate: rate(den.into(), num.into()),
                unit_count: count.filter(|n| *n != 0).map(u64::from),
                ..SourceInfo::new("IVF")
            },
            index: 0,
        })
    }
}

impl Source for Ivf {
    fn info(&self) -> SourceInfo {
        self.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let start = self.bytes.position();
        let header = self.bytes.take(FRAME_HEADER)?;
        if header.is_empty() {
            return Ok(None);
        }
        let (Some(size), Some(pts)) = (
            header.get(..4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes),
            header.get(4..12).and_then(|b| b.try_into().ok()).map(i64::from_le_bytes),
        ) else {
            return Err(fault("an IVF frame header is cut short", start, None)
                .in_unit(self.index)
                .into());
        };
        if u64::from(size) > self.limits.unit_bytes {
            let limit = self.limits.unit_bytes;
            let what = "bytes of a temporal unit";
            return Err(LimitError { what, value: size.into(), limit }.into());
        }
        let file_offset = self.bytes.position();
        let data = self.bytes.take(size as usize)?;
        if data.len() < size as usize {
            let end = file_offset + data.len() as u64;
            return Err(fault("an IVF frame is cut short", end, None).in_unit(self.index).into());
        }
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: Some(pts),
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
            return Err(read_once("IVF").into());
        }
        self.bytes.seek(position.place)?;
        self.index = position.unit;
        Ok(())
    }
}
