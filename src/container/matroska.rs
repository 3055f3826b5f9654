//! Matroska and WebM ("Carriage of AV1 in Matroska"). The elements by the `matroska-demuxer` crate.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use matroska_demuxer::{
    ContentCompAlgo, ContentEncodingValue, DemuxError, Frame, MatroskaFile, TrackEntry, TrackType,
};

use super::config::Config;
use super::{ReadSeek, Source, SourceInfo, TemporalUnit, demuxer, fault};
use crate::error::{LimitError, Result, StreamError, Unsupported};
use crate::limits::Limits;
use crate::obu::Framing;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

pub(super) struct Matroska {
    file: MatroskaFile<Positioned>,
    position: Arc<AtomicU64>,
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
}

/// A reader whose position can be asked for from outside, and that may change one byte.
struct Positioned {
    reader: BufReader<Box<dyn ReadSeek>>,
    position: Arc<AtomicU64>,
    patch: Option<(u64, u8)>,
}

impl Read for Positioned {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let got = self.reader.read(to)?;
        let at = self.position.fetch_add(got as u64, Ordering::Relaxed);
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
        let now = self.position.load(Ordering::Relaxed);
        let at = match to {
            // Within what is buffered nothing has to be read again.
            SeekFrom::Start(at) if at.abs_diff(now) < i64::MAX as u64 => {
                self.reader.seek_relative(at.wrapping_sub(now).cast_signed())?;
                at
            }
            other => self.reader.seek(other)?,
        };
        self.position.store(at, Ordering::Relaxed);
        Ok(at)
    }

    fn stream_position(&mut self) -> std::io::Result<u64> {
        Ok(self.position.load(Ordering::Relaxed))
    }
}

impl Matroska {
    pub(super) fn open(mut reader: Box<dyn ReadSeek>, limits: Limits) -> Result<Self> {
        let end = reader.seek(SeekFrom::End(0))?;
        let patch = patch(&mut *reader, end)?;
        reader.seek(SeekFrom::Start(0))?;
        let position = Arc::new(AtomicU64::new(0));
        let (buffer, shared) = (BufReader::new(reader), Arc::clone(&position));
        let file = MatroskaFile::open(Positioned { reader: buffer, position: shared, patch })
            .map_err(|error| failed(&error, position.load(Ordering::Relaxed)))?;
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
        let ratio = (u32::try_from(scale / common), u32::try_from(SECOND / common));
        let time_base = if let (Ok(num), Ok(den)) = ratio { Some((num, den)) } else { None };
        let config = Config::of_record(track.codec_private().unwrap_or_default());
        let (track, prefix) = (track.track_number().get(), stripped(track)?);
        let container = if file.ebml_header().doc_type() == "webm" { "WebM" } else { "Matroska" };
        let info = SourceInfo { container, time_base, unit_count: None };
        let (index, ended) = (0, false);
        Ok(Self { file, position, limits, info, config, track, prefix, index, end, ended })
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
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
    let Some((_, header, size)) = element(reader, 0)? else { return Ok(None) };
    let Some((_, at, segment)) = element(reader, header.saturating_add(size))? else {
        return Ok(None);
    };
    Ok(match element(reader, at)? {
        Some((CRC_32, ..)) => Some((at, VOID)),
        Some((SEEK_HEAD, ..)) if at.saturating_add(segment) > end => Some((at, UNKNOWN)),
        _ => None,
    })
}

/// Identifier, start and bytes of the body of the element at `at` (RFC 8794, 4 to 6), if there is
/// one.
fn element(reader: &mut dyn ReadSeek, at: u64) -> Result<Option<(u64, u64, u64)>> {
    reader.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    reader.take(12).read_to_end(&mut bytes)?;
    let coded = |from: usize, most: u32| {
        let zeros = bytes.get(from)?.leading_zeros();
        let coded = bytes.get(from..=from + zeros as usize).filter(|_| zeros < most)?;
        let value = coded.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some((value, coded.len()))
    };
    let found = || {
        let (id, length) = coded(0, 4)?;
        let (size, bytes) = coded(length, 8)?;
        // The marker in front of the size is none of it.
        let size = size & ((1 << (7 * bytes)) - 1);
        Some((id, at.checked_add((length + bytes) as u64)?, size))
    };
    Ok(found())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
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
        let mut frame = Frame::default();
        while !self.ended {
            let more = self
                .file
                .next_frame(&mut frame)
                .map_err(|error| failed(&error, self.position()).in_unit(self.index));
            self.ended = !matches!(more, Ok(true));
            if !more? {
                break;
            }
            if frame.track != self.track {
                continue;
            }
            let bytes = (self.prefix.len() + frame.data.len()) as u64;
            if bytes > self.limits.unit_bytes {
                let (what, limit) = ("bytes of a temporal unit", self.limits.unit_bytes);
                return Err(LimitError { what, value: bytes, limit }.into());
            }
            let file_offset = self.position().saturating_sub(frame.data.len() as u64);
            let mut data = std::mem::take(&mut frame.data);
            data.splice(..0, self.prefix.iter().copied());
            let (data, is_whole) = self.config.complete(data);
            let unit = TemporalUnit {
                index: self.index,
                data: data.into(),
                framing: Framing::Section5,
                pts: self.info.time_base.and(i64::try_from(frame.timestamp).ok()),
                file_offset: (is_whole && self.prefix.is_empty()).then_some(file_offset),
            };
            self.index += 1;
            return Ok(Some(unit));
        }
        // The crate takes any end of the data for the end of the file.
        if self.position() < self.end && self.index == 0 {
            let what = "no frame is where the Matroska file says";
            return Err(fault(what, self.position(), None).into());
        }
        Ok(None)
    }
}
