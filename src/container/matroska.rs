//! Matroska and WebM ("Carriage of AV1 in Matroska"). The elements by the `matroska-demuxer` crate.

mod blocks;
mod reader;

use std::cell::RefCell;
use std::io::{Read, Seek, SeekFrom};
use std::rc::Rc;
use std::time::Duration;

use matroska_demuxer::{
    ContentCompAlgo, ContentEncodingValue, DemuxError, MatroskaFile, TrackEntry, TrackType, Video,
};

use self::blocks::{Block, Blocks, Walk};
use self::reader::{Buffered, Patched};
use super::config::Config;
use super::{
    IndexEntry, Position, ReadSeek, Source, SourceInfo, TemporalUnit, demuxer, fault, gcd, rate,
    ratio,
};
use crate::error::{Error, LimitError, Result, StreamError, Unsupported};
use crate::limits::Limits;
use crate::obu::Framing;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

pub(super) struct Matroska {
    reader: Buffered,
    limits: Limits,
    info: SourceInfo,
    config: Config,
    track: u64,
    /// What was stripped from the start of every frame.
    prefix: Vec<u8>,
    index: u64,
    /// Bytes of the file.
    end: u64,
    next: Next,
    /// The blocks of the track, once they were asked for.
    blocks: Option<Blocks>,
}

/// Where the next block comes from.
enum Next {
    /// From walking on.
    Walk(Walk),
    /// From the list of all.
    Block(usize),
    /// From nowhere: there was a fault.
    Nothing,
}

impl Matroska {
    pub(super) fn open(mut file: Box<dyn ReadSeek>, limits: Limits) -> Result<Self> {
        let end = file.seek(SeekFrom::End(0))?;
        let patches = blocks::patches(&mut *file, end)?;
        file.seek(SeekFrom::Start(0))?;
        let reader = Rc::new(RefCell::new(Buffered::new(file)));
        let head = MatroskaFile::open(Patched { reader: Rc::clone(&reader), patches });
        let at = reader.borrow().position();
        let head = head.map_err(|error| failed(&error, at))?;
        let video = |track: &&TrackEntry| track.track_type() == TrackType::Video;
        let tracks = || head.tracks().iter().filter(video);
        let Some(track) = tracks().find(|track| track.codec_id() == "V_AV1") else {
            let codecs: Vec<_> = tracks().map(TrackEntry::codec_id).collect();
            let codecs = if codecs.is_empty() { "nothing".into() } else { codecs.join(", ") };
            return Err(
                Unsupported::Stream(format!("a Matroska file with video of {codecs}")).into()
            );
        };
        let scale = head.info().timestamp_scale().get();
        let common = gcd(scale, SECOND);
        let base = (u32::try_from(scale / common), u32::try_from(SECOND / common));
        let time_base = if let (Ok(num), Ok(den)) = base { Some((num, den)) } else { None };
        let pixel_aspect = track.video().and_then(pixel_aspect);
        let frame_rate = track.default_duration();
        let config = Config::of_record(track.codec_private().unwrap_or_default());
        let (track, prefix) = (track.track_number().get(), stripped(track)?);
        let container = if head.ebml_header().doc_type() == "webm" { "WebM" } else { "Matroska" };
        let seconds = head.info().duration().map(|ticks| ticks * scale as f64 / SECOND as f64);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let frame_rate = frame_rate.and_then(|nanoseconds| frame_rate_of(nanoseconds.get()));
        let info = SourceInfo {
            time_base,
            frame_rate,
            duration,
            pixel_aspect,
            ..SourceInfo::new(container)
        };
        drop(head);
        let reader = Rc::into_inner(reader).map(RefCell::into_inner);
        let reader = reader.ok_or_else(|| fault("the demuxer keeps the file", 0, None))?;
        let next = Next::Walk(Walk::new(end, track));
        let (index, blocks) = (0, None);
        Ok(Self { reader, limits, info, config, track, prefix, index, end, next, blocks })
    }

    /// The blocks of the track.
    fn blocks(&mut self) -> Result<&Blocks> {
        let blocks = match self.blocks.take() {
            Some(blocks) => blocks,
            None => Walk::new(self.end, self.track).all(&mut self.reader)?,
        };
        Ok(self.blocks.insert(blocks))
    }

    /// The next block of the track.
    fn next_block(&mut self) -> Result<Option<Block>> {
        match &mut self.next {
            Next::Walk(walk) => walk.next_block(&mut self.reader),
            Next::Nothing => Ok(None),
            Next::Block(next) => {
                let Some(blocks) = &self.blocks else { return Ok(None) };
                let (index, count) = (*next, blocks.list.len());
                *next = index.saturating_add(1);
                match (blocks.list.get(index), &blocks.fault) {
                    (Some(block), _) => Ok(Some(*block)),
                    (None, Some(fault)) if index == count => Err(fault.clone().into()),
                    (None, _) => Ok(None),
                }
            }
        }
    }

    /// Reads the unit of `block`.
    fn unit(&mut self, block: &Block) -> Result<TemporalUnit> {
        let value = (self.prefix.len() as u64).saturating_add(block.bytes);
        let limit = self.limits.unit_bytes;
        if value > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value, limit }.into());
        }
        let mut data = self.prefix.clone();
        data.resize(value as usize, 0);
        self.reader.seek(SeekFrom::Start(block.offset))?;
        self.reader.read_exact(data.get_mut(self.prefix.len()..).unwrap_or_default())?;
        let (data, is_whole) = self.config.complete(data);
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: self.pts(block.time),
            file_offset: (is_whole && self.prefix.is_empty()).then_some(block.offset),
        };
        self.index += 1;
        Ok(unit)
    }

    /// There are no more units after `error`.
    fn ended(&mut self, error: Error) -> Error {
        self.next = Next::Nothing;
        match error {
            Error::Stream(fault) => Error::Stream(fault.in_unit(self.index)),
            other => other,
        }
    }

    fn pts(&self, time: u64) -> Option<i64> {
        self.info.time_base.and(i64::try_from(time).ok())
    }
}

/// The crate's error, at byte `byte` of the file.
fn failed(error: &DemuxError, byte: u64) -> StreamError {
    match error {
        DemuxError::IoError(error) => demuxer("Matroska", error, byte),
        DemuxError::FromUtf8Error(error) => demuxer("Matroska", error, byte),
        DemuxError::TryFromIntError(error) => demuxer("Matroska", error, byte),
        error => demuxer("Matroska", error, byte),
    }
}

/// Width and height of a sample: the picture without what is cropped, shown at another ratio.
fn pixel_aspect(video: &Video) -> Option<(u32, u32)> {
    let crop = |a: Option<u64>, b: Option<u64>| a.unwrap_or(0).saturating_add(b.unwrap_or(0));
    let across = crop(video.pixel_crop_left(), video.pixel_crop_right());
    let down = crop(video.pixel_crop_top(), video.pixel_crop_bottom());
    let width = video.pixel_width().get().checked_sub(across)?;
    let height = video.pixel_height().get().checked_sub(down)?;
    let (shown_width, shown_height) = (video.display_width()?.get(), video.display_height()?.get());
    ratio(shown_width.checked_mul(height)?, shown_height.checked_mul(width)?)
}

/// What has to go before every frame of `track`.
fn stripped(track: &TrackEntry) -> Result<Vec<u8>> {
    let mut prefix = Vec::new();
    for encoding in track.content_encodings().unwrap_or_default() {
        match encoding.encoding() {
            ContentEncodingValue::Compression(compression)
                if compression.algo() == ContentCompAlgo::Stripping =>
            {
                prefix.splice(..0, compression.settings().unwrap_or_default().iter().copied());
            }
            ContentEncodingValue::Compression(compression) => {
                let what = format!("a Matroska track with {:?} compression", compression.algo());
                return Err(Unsupported::Stream(what).into());
            }
            _ => {
                let what = "a Matroska track that is encrypted";
                return Err(Unsupported::Stream(what.into()).into());
            }
        }
    }
    Ok(prefix)
}

impl Source for Matroska {
    fn info(&self) -> SourceInfo {
        self.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let next = match self.next_block() {
            Ok(Some(block)) => self.unit(&block).map(Some),
            Ok(None) if self.index == 0 => {
                let what = "no frame is where the Matroska file says";
                Err(fault(what, self.reader.position(), None).into())
            }
            other => return other.map(|_| None).map_err(|error| self.ended(error)),
        };
        next.map_err(|error| self.ended(error))
    }

    fn position(&self) -> Option<Position> {
        Some(Position { unit: self.index, place: self.index })
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        self.blocks()?;
        self.next = Next::Block(usize::try_from(position.place).unwrap_or(usize::MAX));
        self.index = position.unit;
        self.config.begin();
        Ok(())
    }

    fn has_index(&self) -> bool {
        true
    }

    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        let timed = self.info.time_base.is_some();
        let entry = |(place, block): (u64, &Block)| IndexEntry {
            position: Position { unit: place, place },
            pts: i64::try_from(block.time).ok().filter(|_| timed),
            is_key: block.is_key,
        };
        Ok(Some((0..).zip(&self.blocks()?.list).map(entry).collect()))
    }
}

/// DefaultDuration, in nanoseconds, as a rate. Those of television are rounded there.
fn frame_rate_of(nanoseconds: u64) -> Option<(u32, u32)> {
    let television = [24_000, 30_000, 60_000, 120_000].map(|pictures| (pictures, 1001));
    let rounded = |(pictures, seconds): &(u32, u32)| {
        (SECOND * u64::from(*seconds) / u64::from(*pictures)).abs_diff(nanoseconds) <= 1
    };
    television.into_iter().find(rounded).or_else(|| {
        // 33333333 ns are a thirtieth.
        let whole = (SECOND + nanoseconds / 2) / nanoseconds.max(1);
        match whole > 0 && (SECOND / whole).abs_diff(nanoseconds) <= 1 {
            true => rate(whole, 1),
            false => rate(SECOND, nanoseconds),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rates() {
        for (nanoseconds, rate) in [
            (41_708_333, (24_000, 1001)),
            (41_666_667, (24, 1)),
            (40_000_000, (25, 1)),
            (33_366_667, (30_000, 1001)),
            (33_333_333, (30, 1)),
            (16_683_333, (60_000, 1001)),
            (400_000_000, (5, 2)),
        ] {
            assert_eq!(frame_rate_of(nanoseconds), Some(rate), "{nanoseconds}");
        }
    }
}
