//! Matroska and WebM ("Carriage of AV1 in Matroska"), from files and as they come through pipes. The
//! elements are walked here, and of what they hold only what video needs is read.

mod block;
mod ebml;
mod encoding;
mod reader;
mod search;
mod track;
mod walk;

use std::collections::VecDeque;
use std::time::Duration;

use self::encoding::Scope;
use self::reader::{Blocks, Frame, Item, Part, Reader};
use self::track::SECOND;
use super::bytes::Bytes;
use super::config::Config;
use super::{
    IndexEntry, OtherTrack, Position, Source, SourceInfo, TemporalUnit, gcd, read_once, whole_obus,
};
use crate::error::{Error, LimitError, Result};
use av1_syntax::limits::Limits;
use av1_syntax::obu::Framing;

pub(super) struct Matroska {
    bytes: Bytes,
    limits: Limits,
    info: SourceInfo,
    track: Option<u64>,
    /// What reads on, with what it has read.
    reader: Reader,
    queue: VecDeque<Item>,
    /// The frames of the track, once they were asked for.
    blocks: Option<Blocks>,
    /// The next of those, where one has gone elsewhere.
    next: Option<usize>,
    /// The part of the file whose sequence header is at hand.
    part: Option<usize>,
    config: Config,
    index: u64,
}

impl Matroska {
    /// The file of `bytes`, of which track `track` is wanted, or the first of AV1.
    pub(super) fn open(mut bytes: Bytes, track: Option<u64>, limits: Limits) -> Result<Self> {
        let length = bytes.length()?;
        let mut reader = Reader::new(length, track, limits);
        let mut queue = VecDeque::new();
        // What describes the stream is before its first frame.
        while reader.parts().is_empty() || queue.is_empty() {
            match reader.next(&mut bytes)? {
                Some(Item::Fault(fault)) if reader.parts().is_empty() => return Err(fault.into()),
                Some(item) => queue.push_back(item),
                None => break,
            }
        }
        let Some(part) = reader.parts().first() else { return Err(reader.nothing()) };
        let info = info(part, reader.container());
        Ok(Self {
            bytes,
            limits,
            info,
            track,
            reader,
            queue,
            blocks: None,
            next: None,
            part: None,
            config: Config::default(),
            index: 0,
        })
    }

    /// The frames of the track.
    fn blocks(&mut self) -> Result<&Blocks> {
        let blocks = match self.blocks.take() {
            Some(blocks) => blocks,
            None => {
                let length = self.bytes.length()?;
                Reader::new(length, self.track, self.limits).all(&mut self.bytes)?
            }
        };
        Ok(self.blocks.insert(blocks))
    }

    /// The next frame of the track, or what is wrong there.
    fn next_item(&mut self) -> Result<Option<Item>> {
        if let Some(item) = self.queue.pop_front() {
            return Ok(Some(item));
        }
        let Some(next) = self.next else { return self.reader.next(&mut self.bytes) };
        let Some(blocks) = &self.blocks else { return Ok(None) };
        let fault = blocks.faults.iter().find(|(before, _)| *before == next);
        self.queue.extend(blocks.list.get(next).map(|frame| Item::Frame(*frame)));
        self.next = Some(next.saturating_add(1));
        match fault {
            Some((_, fault)) => Ok(Some(Item::Fault(fault.clone()))),
            None => Ok(self.queue.pop_front()),
        }
    }

    /// The unit of `frame`; `None` if nothing of it is there.
    fn unit(&mut self, frame: &Frame) -> Result<Option<TemporalUnit>> {
        let (value, limit) = (frame.bytes, self.limits.unit_bytes);
        if value > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value, limit }.into());
        }
        let ahead = frame.offset.checked_sub(self.bytes.position());
        match ahead {
            Some(ahead) => self.bytes.skip(ahead)?,
            None => self.bytes.seek(frame.offset)?,
        }
        let mut data = self.bytes.take(frame.bytes as usize)?.to_vec();
        let index = self.index;
        self.index += 1;
        let Some(part) = self.part_of(frame) else { return Ok(None) };
        let is_plain = part.is_plain();
        if is_plain && frame.is_cut {
            data.truncate(whole_obus(&data));
        }
        if data.is_empty() && frame.is_cut {
            return Ok(None);
        }
        let data = encoding::undo(&part.encodings, Scope::Block, data, limit)?;
        if self.part != Some(frame.part) {
            self.config = Config::of_record(&part.record);
            self.part = Some(frame.part);
        }
        let (data, is_whole) = self.config.complete(data);
        Ok(Some(TemporalUnit {
            index,
            data: data.into(),
            framing: Framing::Section5,
            pts: frame.time.filter(|_| self.info.time_base.is_some()),
            file_offset: (is_whole && is_plain).then_some(frame.offset),
            is_hidden: false,
        }))
    }

    fn part_of(&self, frame: &Frame) -> Option<&Part> {
        let parts = self.blocks.as_ref().map_or(self.reader.parts(), |blocks| &blocks.parts);
        parts.get(frame.part).or(self.reader.parts().get(frame.part))
    }
}

/// What `part`, the first of a file called `container`, says of the stream.
fn info(part: &Part, container: &'static str) -> SourceInfo {
    let scale = part.info.scale;
    let common = gcd(scale, SECOND);
    let base = (u32::try_from(scale / common), u32::try_from(SECOND / common));
    let seconds = part.info.duration.map(|ticks| ticks * scale as f64 / SECOND as f64);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    SourceInfo {
        time_base: if let (Ok(num), Ok(den)) = base { Some((num, den)) } else { None },
        frame_rate: part.track.frame_rate(),
        duration: duration.filter(|duration| !duration.is_zero()),
        pixel_aspect: part.track.video.pixel_aspect(),
        crop: part.track.video.crop(),
        rotation: part.track.video.rotation(),
        ..SourceInfo::new(container)
    }
}

impl Source for Matroska {
    fn info(&self) -> SourceInfo {
        self.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        loop {
            let unit = match self.next_item()? {
                None => return Ok(None),
                Some(Item::Fault(fault)) => Err(fault.into()),
                Some(Item::Frame(frame)) => self.unit(&frame),
            };
            match unit {
                Ok(None) => {}
                Err(Error::Stream(fault)) => return Err(fault.in_unit(self.index).into()),
                unit => return unit,
            }
        }
    }

    fn others(&self) -> Vec<OtherTrack> {
        self.reader.others().to_vec()
    }

    fn position(&self) -> Option<Position> {
        let place = Position { unit: self.index, place: self.index };
        self.bytes.is_seekable().then_some(place)
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        if !self.bytes.is_seekable() {
            return Err(read_once("Matroska").into());
        }
        self.blocks()?;
        self.queue.clear();
        self.next = Some(usize::try_from(position.place).unwrap_or(usize::MAX));
        self.index = position.unit;
        self.config.begin();
        Ok(())
    }

    fn has_index(&self) -> bool {
        self.bytes.is_seekable()
    }

    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        if !self.bytes.is_seekable() {
            return Ok(None);
        }
        let timed = self.info.time_base.is_some();
        let entry = |(place, frame): (u64, &Frame)| IndexEntry {
            position: Position { unit: place, place },
            pts: frame.time.filter(|_| timed),
            is_key: frame.is_key,
            is_hidden: false,
        };
        Ok(Some((0..).zip(&self.blocks()?.list).map(entry).collect()))
    }
}
