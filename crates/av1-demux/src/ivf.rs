//! IVF. The fields of its headers are often wrong, so that only what is needed is believed.

use super::bytes::Bytes;
use super::{Position, Source, SourceInfo, TemporalUnit, fault, gcd, rate, read_once, whole_obus};
use crate::error::{LimitError, Result, StreamError, StreamFault, Unsupported};
use av1_syntax::limits::Limits;
use av1_syntax::obu::Framing;

/// Bytes of the file header, of version 0.
const HEADER: usize = 32;
/// Bytes of a frame header.
const FRAME_HEADER: usize = 12;
/// What a file starts with.
const SIGNATURE: &[u8] = b"DKIF";
/// What the frame of a temporal unit starts with: a temporal delimiter.
const DELIMITER: &[u8] = &[0x12, 0];
/// `obu_type` of what the first frame of a file starts with.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
/// Bytes that are searched for a frame after damage.
const SEARCH: usize = 4 << 20;

pub(super) struct Ivf {
    bytes: Bytes,
    /// Bytes of the file, if one can go back in it.
    length: Option<u64>,
    limits: Limits,
    info: SourceInfo,
    index: u64,
    times: Times,
    /// Where files are joined, and their times.
    joins: Vec<(u64, Times)>,
    /// What is wrong behind the unit that was given.
    pending: Option<StreamError>,
}

/// From the times of a file to those of the stream: files may be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    /// Ticks of the stream for ticks of this file, as a ratio.
    scale: (i64, i64),
    /// What is added; `None` until the first frame of a file.
    shift: Option<i64>,
    /// The last two.
    last: Option<i64>,
    before: Option<i64>,
}

impl Times {
    /// The time of a frame of `pts`.
    fn of(&mut self, pts: i64) -> i64 {
        let (num, den) = self.scale;
        let scaled = i128::from(pts) * i128::from(num) / i128::from(den.max(1));
        let scaled = i64::try_from(scaled).unwrap_or(i64::MAX);
        let step =
            self.last.zip(self.before).map_or(1, |(last, before)| last.saturating_sub(before));
        let follows = self.last.map(|last| last.saturating_add(step.max(1)));
        let shift = self.shift.get_or_insert(follows.map_or(0, |at| at.saturating_sub(scaled)));
        let time = scaled.saturating_add(*shift);
        if self.last != Some(time) {
            (self.before, self.last) = (self.last, Some(time));
        }
        time
    }
}

/// What the header of a file says.
struct Header {
    /// Bytes of it.
    length: usize,
    codec: [u8; 4],
    /// Seconds of a tick, as a ratio.
    time_base: (u32, u32),
    frames: u32,
}

/// The number of four bytes at `at`.
fn number(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
}

impl Header {
    /// Of the start of a file.
    fn read(data: &[u8]) -> Option<Self> {
        let codec = data.get(8..12)?.try_into().ok()?;
        let time_base = (number(data, 20)?, number(data, 16)?);
        let length = usize::from(u16::from_le_bytes(data.get(6..8)?.try_into().ok()?));
        // Of a longer header the rest is of no use; if a frame is where the usual one ends, the
        // length is wrong.
        let first = data.get(HEADER + FRAME_HEADER).map(|head| head >> 3);
        let is_usual = matches!(first, Some(SEQUENCE_HEADER | TEMPORAL_DELIMITER));
        let length = if is_usual { HEADER } else { length.max(HEADER) };
        let is_whole = data.starts_with(SIGNATURE) && data.len() >= HEADER;
        is_whole.then_some(Self { length, codec, time_base, frames: number(data, 24)? })
    }

    /// Reads it from the start of `bytes`, and takes it.
    fn take(bytes: &mut Bytes) -> Result<Option<Self>> {
        let header = Self::read(bytes.peek(HEADER + FRAME_HEADER + DELIMITER.len())?);
        if let Some(header) = &header {
            bytes.skip(header.length as u64)?;
        }
        Ok(header)
    }

    /// The time base, if it is one.
    fn time_base(&self) -> Option<(u32, u32)> {
        (self.time_base.0 != 0 && self.time_base.1 != 0).then_some(self.time_base)
    }
}

impl Ivf {
    pub(super) fn open(mut bytes: Bytes, limits: Limits) -> Result<Self> {
        let length = bytes.length()?;
        let Some(header) = Header::take(&mut bytes)? else {
            let what = match bytes.peek(SIGNATURE.len())? {
                SIGNATURE => "the IVF header is cut short",
                _ => "this is no IVF header",
            };
            return Err(fault(what, 0, None).into());
        };
        if !header.codec.eq_ignore_ascii_case(b"AV01") {
            let codec = String::from_utf8_lossy(&header.codec).escape_debug().to_string();
            return Err(Unsupported::Stream(format!("codec {codec} in IVF")).into());
        }
        let (num, den) = header.time_base;
        let info = SourceInfo {
            time_base: header.time_base(),
            frame_rate: rate(den.into(), num.into()),
            unit_count: (header.frames != 0).then_some(header.frames.into()),
            ..SourceInfo::new("IVF")
        };
        let times = Times { scale: (1, 1), shift: Some(0), last: None, before: None };
        let joins = vec![(bytes.position(), times)];
        Ok(Self { bytes, length, limits, info, index: 0, times, joins, pending: None })
    }

    /// Passes over the header of a file that is joined to the one before, if it is here.
    fn join(&mut self) -> Result<()> {
        if !self.bytes.peek(SIGNATURE.len())?.starts_with(SIGNATURE) {
            return Ok(());
        }
        let Some(header) = Header::take(&mut self.bytes)? else { return Ok(()) };
        let (num, den) =
            header.time_base().zip(self.info.time_base).map_or((1, 1), |(new, old)| {
                let num = u64::from(new.0) * u64::from(old.1);
                let den = u64::from(new.1) * u64::from(old.0);
                let common = gcd(num, den).max(1);
                (num / common, den / common)
            });
        let at = self.bytes.position();
        let known = self.joins.iter().find(|(place, _)| *place == at);
        match known {
            Some((_, times)) => (self.times.scale, self.times.shift) = (times.scale, times.shift),
            None => {
                self.times.scale = (num.cast_signed().max(1), den.cast_signed().max(1));
                self.times.shift = None;
            }
        }
        Ok(())
    }

    /// The time of the frame at `at`, of `pts`.
    fn time(&mut self, at: u64, pts: i64) -> i64 {
        let is_first = self.times.shift.is_none();
        let time = self.times.of(pts);
        if is_first {
            self.joins.push((at - FRAME_HEADER as u64, self.times));
        }
        time
    }

    /// The frame of `size` bytes, from here on, is not whole: what there is of it, and what is wrong.
    fn cut(&mut self, size: u64) -> Result<Option<Vec<u8>>> {
        let at = self.bytes.position();
        let window = self.bytes.peek(SEARCH)?;
        let count = window.len();
        // Another frame may follow all the same.
        let next = find(window);
        let own = window.get(..next.unwrap_or(count)).unwrap_or_default();
        let data = own.get(..whole_obus(own)).unwrap_or_default().to_vec();
        let limit = self.limits.unit_bytes;
        // Behind pictures it is junk; a stream may begin with one that is too large.
        if next.is_none() && size > limit && self.length.is_none() && self.index == 0 {
            return Err(LimitError { what: "bytes of a temporal unit", value: size, limit }.into());
        }
        let what = match next {
            Some(_) => "the size of an IVF frame is wrong",
            None => "an IVF frame is cut short",
        };
        let end = at + next.unwrap_or(count) as u64;
        let passed = match (next, self.length) {
            (Some(next), _) => next as u64,
            (None, Some(length)) => length.saturating_sub(at),
            (None, None) => u64::MAX,
        };
        self.bytes.skip(passed)?;
        let mut fault = fault(what, end, None);
        if next == Some(data.len()) {
            fault.kind = StreamFault::Skipped(what);
        }
        self.pending = Some(fault);
        Ok((!data.is_empty()).then_some(data))
    }
}

/// Where the header of a frame is in `window`, of which the frame starts as it should and another
/// follows, or nothing.
fn find(window: &[u8]) -> Option<usize> {
    let starts = |at: usize| {
        let frame = window.get(at + FRAME_HEADER..)?;
        frame.starts_with(DELIMITER).then_some(())?;
        number(window, at)
    };
    (0..window.len().saturating_sub(FRAME_HEADER)).find(|at| {
        starts(*at).is_some_and(|size| {
            let end = (*at + FRAME_HEADER).saturating_add(size as usize);
            let is_joined = window.get(end..).is_some_and(|next| next.starts_with(SIGNATURE));
            end == window.len() || is_joined || starts(end).is_some()
        })
    })
}

impl Source for Ivf {
    fn info(&self) -> SourceInfo {
        self.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        if let Some(fault) = self.pending.take() {
            return Err(fault.in_unit(self.index).into());
        }
        self.join()?;
        let start = self.bytes.position();
        let header = self.bytes.take(FRAME_HEADER)?;
        if header.is_empty() {
            return Ok(None);
        }
        let (Some(size), Some(pts)) = (
            number(header, 0),
            header.get(4..12).and_then(|b| b.try_into().ok()).map(i64::from_le_bytes),
        ) else {
            return Err(fault("an IVF frame header is cut short", start, None)
                .in_unit(self.index)
                .into());
        };
        let file_offset = self.bytes.position();
        let is_cut = match self.length {
            Some(length) => file_offset + u64::from(size) > length,
            None if u64::from(size) > self.limits.unit_bytes => true,
            None => self.bytes.peek(size as usize)?.len() < size as usize,
        };
        if !is_cut && u64::from(size) > self.limits.unit_bytes {
            let limit = self.limits.unit_bytes;
            let what = "bytes of a temporal unit";
            return Err(LimitError { what, value: size.into(), limit }.into());
        }
        let data = match is_cut {
            true => self.cut(size.into())?,
            false => Some(self.bytes.take(size as usize)?.to_vec()),
        };
        let Some(data) = data else { return self.next_unit() };
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: Some(self.time(file_offset, pts)),
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
        self.pending = None;
        let before = self.joins.iter().rev().find(|(place, _)| *place <= position.place);
        before.into_iter().for_each(|(_, times)| self.times = *times);
        Ok(())
    }
}
