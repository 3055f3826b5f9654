//! Matroska and WebM ("Carriage of AV1 in Matroska"). The elements by the `matroska-demuxer` crate.

mod blocks;

use std::cell::{Cell, RefCell};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::time::Duration;

use matroska_demuxer::{
    ContentCompAlgo, ContentEncodingValue, DemuxError, Frame, MatroskaFile, TrackEntry, TrackType,
    Video,
};

use self::blocks::{Block, Blocks, element};
use super::config::Config;
use super::{
    IndexEntry, Position, ReadSeek, Source, SourceInfo, TemporalUnit, demuxer, fault, gcd, ratio,
    read_once,
};
use crate::error::{LimitError, Result, StreamError, Unsupported};
use crate::limits::Limits;
use crate::obu::Framing;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

pub(super) struct Matroska {
    file: MatroskaFile<Positioned>,
    reader: Reader,
    position: Rc<Cell<u64>>,
    limits: Limits,
    info: SourceInfo,
    config: Config,
    track: u64,
    /// What was stripped from the start of every frame.
    prefix: Vec<u8>,
    index: u64,
    /// Bytes of the file.
    end: u64,
    ended: bool,
    /// The blocks of the track, once they were asked for; those of a track with lacing are `None`.
    blocks: Option<Option<Blocks>>,
    /// The block that is next, once the demuxer's order was left.
    next: Option<usize>,
}

/// The file, which the demuxer reads and we seek in.
type Reader = Rc<RefCell<BufReader<Box<dyn ReadSeek>>>>;

/// A reader whose position can be asked for from outside, and that may change one byte.
struct Positioned {
    reader: Reader,
    position: Rc<Cell<u64>>,
    patch: Option<(u64, u8)>,
}

impl Read for Positioned {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let got = self.reader.borrow_mut().read(to)?;
        let at = self.position.get();
        self.position.set(at + got as u64);
        if let Some((patched, byte)) = self.patch
            && let Some(to) =
                patched.checked_sub(at).and_then(|i| to.get_mut(..got)?.get_mut(i as usize))
        {
            *to = byte;
        }
        Ok(got)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let now = self.position.get();
        let at = match to {
            // Within what is buffered nothing has to be read again.
            SeekFrom::Start(at) if at.abs_diff(now) < i64::MAX as u64 => {
                let by = at.wrapping_sub(now).cast_signed();
                self.reader.borrow_mut().seek_relative(by)?;
                at
            }
            other => self.reader.borrow_mut().seek(other)?,
        };
        self.position.set(at);
        Ok(at)
    }

    fn stream_position(&mut self) -> std::io::Result<u64> {
        Ok(self.position.get())
    }
}

impl Matroska {
    pub(super) fn open(mut reader: Box<dyn ReadSeek>, limits: Limits) -> Result<Self> {
        let end = reader.seek(SeekFrom::End(0))?;
        let patch = patch(&mut *reader, end)?;
        reader.seek(SeekFrom::Start(0))?;
        let position = Rc::new(Cell::new(0));
        let reader = Rc::new(RefCell::new(BufReader::new(reader)));
        let (shared, told) = (Rc::clone(&reader), Rc::clone(&position));
        let file = MatroskaFile::open(Positioned { reader: shared, position: told, patch })
            .map_err(|error| failed(&error, position.get()))?;
        let video = |track: &&TrackEntry| track.track_type() == TrackType::Video;
        let tracks = || file.tracks().iter().filter(video);
        let Some(track) = tracks().find(|track| track.codec_id() == "V_AV1") else {
            let codecs: Vec<_> = tracks().map(TrackEntry::codec_id).collect();
            let codecs = if codecs.is_empty() { "nothing".into() } else { codecs.join(", ") };
            return Err(
                Unsupported::Stream(format!("a Matroska file with video of {codecs}")).into()
            );
        };
        let scale = file.info().timestamp_scale().get();
        let common = gcd(scale, SECOND);
        let base = (u32::try_from(scale / common), u32::try_from(SECOND / common));
        let time_base = if let (Ok(num), Ok(den)) = base { Some((num, den)) } else { None };
        let pixel_aspect = track.video().and_then(pixel_aspect);
        let config = Config::of_record(track.codec_private().unwrap_or_default());
        let (track, prefix) = (track.track_number().get(), stripped(track)?);
        let container = if file.ebml_header().doc_type() == "webm" { "WebM" } else { "Matroska" };
        let seconds = file.info().duration().map(|ticks| ticks * scale as f64 / SECOND as f64);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let info = SourceInfo { time_base, duration, pixel_aspect, ..SourceInfo::new(container) };
        Ok(Self {
            file,
            reader,
            position,
            limits,
            info,
            config,
            track,
            prefix,
            index: 0,
            end,
            ended: false,
            blocks: None,
            next: None,
        })
    }

    /// The blocks of the track, if each is a frame.
    fn blocks(&mut self) -> Result<Option<&Blocks>> {
        if self.blocks.is_none() {
            let mut reader = self.reader.borrow_mut();
            let blocks = blocks::of_track(&mut **reader.get_mut(), self.end, self.track)?;
            // The demuxer goes on where it was.
            reader.seek(SeekFrom::Start(self.position.get()))?;
            drop(reader);
            self.blocks = Some(blocks);
        }
        Ok(self.blocks.as_ref().and_then(Option::as_ref))
    }

    /// The unit of block `next`.
    fn unit_of_block(&mut self, next: usize) -> Result<Option<TemporalUnit>> {
        let Some(Some(blocks)) = &self.blocks else { return Ok(None) };
        self.next = Some(next.saturating_add(1));
        let Some(block) = blocks.list.get(next).copied() else {
            let what = "a block is cut short, or broken";
            let broken = blocks.broken.filter(|_| next == blocks.list.len());
            let fault = broken.map(|at| fault(what, at, Some("RFC 9559, 10")).in_unit(self.index));
            return fault.map_or(Ok(None), |fault| Err(fault.into()));
        };
        self.check_size(block.bytes)?;
        let mut data = vec![0; block.bytes as usize];
        let mut reader = self.reader.borrow_mut();
        reader.seek(SeekFrom::Start(block.offset))?;
        reader.read_exact(&mut data)?;
        drop(reader);
        Ok(Some(self.unit(data, block.offset, block.time)))
    }

    /// Whether a frame of `bytes` bytes in the file is not too large.
    fn check_size(&self, bytes: u64) -> Result<()> {
        let value = (self.prefix.len() as u64).saturating_add(bytes);
        let limit = self.limits.unit_bytes;
        match value > limit {
            true => Err(LimitError { what: "bytes of a temporal unit", value, limit }.into()),
            false => Ok(()),
        }
    }

    /// The next unit, of `data` at `offset`, shown at `time`.
    fn unit(&mut self, mut data: Vec<u8>, offset: u64, time: u64) -> TemporalUnit {
        data.splice(..0, self.prefix.iter().copied());
        let (data, is_whole) = self.config.complete(data);
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: self.pts(time),
            file_offset: (is_whole && self.prefix.is_empty()).then_some(offset),
        };
        self.index += 1;
        unit
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

/// What has to be changed so that the crate opens the file, of `end` bytes. It looks for the seek
/// head behind a checksum at the start of the segment for ever, and trusts a seek head that points
/// behind the end of a file that was cut; that is hidden, so that it goes from element to element.
fn patch(reader: &mut dyn ReadSeek, end: u64) -> Result<Option<(u64, u8)>> {
    const CRC_32: u64 = 0xbf;
    const VOID: u8 = 0xec;
    const SEEK_HEAD: u64 = 0x114d_9b74;
    const UNKNOWN: u8 = 0x1f;
    let Some(header) = element(reader, 0)? else { return Ok(None) };
    let Some(segment) = element(reader, header.end())? else { return Ok(None) };
    let at = segment.body;
    Ok(match element(reader, at)?.map(|first| first.id) {
        Some(CRC_32) => Some((at, VOID)),
        Some(SEEK_HEAD) if segment.end() > end => Some((at, UNKNOWN)),
        _ => None,
    })
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
        if let Some(next) = self.next {
            return self.unit_of_block(next);
        }
        let mut frame = Frame::default();
        while !self.ended {
            let more = self
                .file
                .next_frame(&mut frame)
                .map_err(|error| failed(&error, self.position.get()).in_unit(self.index));
            self.ended = !matches!(more, Ok(true));
            if !more? {
                break;
            }
            if frame.track != self.track {
                continue;
            }
            self.check_size(frame.data.len() as u64)?;
            let offset = self.position.get().saturating_sub(frame.data.len() as u64);
            let data = std::mem::take(&mut frame.data);
            return Ok(Some(self.unit(data, offset, frame.timestamp)));
        }
        // The crate takes any end of the data for the end of the file.
        if self.position.get() < self.end && self.index == 0 {
            let what = "no frame is where the Matroska file says";
            return Err(fault(what, self.position.get(), None).into());
        }
        Ok(None)
    }

    fn position(&self) -> Option<Position> {
        Some(Position { unit: self.index, place: self.index })
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        if self.blocks()?.is_none() {
            return Err(read_once("Matroska with lacing").into());
        }
        self.next = Some(usize::try_from(position.place).unwrap_or(usize::MAX));
        self.index = position.unit;
        self.config.begin();
        Ok(())
    }

    fn has_index(&self) -> bool {
        true
    }

    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        self.blocks()?;
        let blocks = self.blocks.as_ref().and_then(Option::as_ref);
        let entry = |(place, block): (u64, &Block)| IndexEntry {
            position: Position { unit: place, place },
            pts: self.pts(block.time),
            is_key: block.is_key,
        };
        Ok(blocks.map(|blocks| (0..).zip(&blocks.list).map(entry).collect()))
    }
}
