//! Containers: files and pipes become temporal units.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod annexb;
mod bytes;
mod config;
pub mod error;
mod ivf;
mod matroska;
mod mp4;
mod other;
mod probe;
mod section5;

use std::fmt::Display;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use crate::error::{Result, StreamError, StreamFault, Unsupported};
use av1_syntax::limits::Limits;
use av1_syntax::obu::{self, Framing, ObuType};

pub use av1_syntax::unit::TemporalUnit;
pub use other::{OtherTrack, TrackKind};

use bytes::Bytes;

/// What a container says of the whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Name of the container.
    pub container: &'static str,
    /// Seconds of one tick: (numerator, denominator).
    pub time_base: Option<(u32, u32)>,
    /// Pictures a second, as a ratio, if the container says it or its times do. A hint.
    pub frame_rate: Option<(u32, u32)>,
    /// Temporal units, if the header says it. A hint: headers are often wrong.
    pub unit_count: Option<u64>,
    /// How long the stream is, if the header says it. A hint as well.
    pub duration: Option<Duration>,
    /// Width and height of a sample, if the container says that they are unlike; as a ratio.
    pub pixel_aspect: Option<(u32, u32)>,
    /// By how many degrees pictures are to be turned clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether left and right are to be exchanged then.
    pub is_mirrored: bool,
    /// What is to be shown of a picture, before it is turned.
    pub crop: Option<Crop>,
    /// Whether there is an alpha plane beside the pictures, which is not decoded.
    pub has_alpha: bool,
    /// The pictures of all units are parts of one.
    pub grid: Option<Grid>,
}

/// A picture whose parts are decoded by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Rows of parts, 1 to 256.
    pub rows: u32,
    /// Parts of a row, 1 to 256.
    pub columns: u32,
    /// Width of the whole in luma samples: what the parts have beyond it is cut off.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A rectangle in a picture, in luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Samples to its left.
    pub x: u32,
    /// Samples above it.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

impl SourceInfo {
    /// A container of which nothing is known.
    pub fn new(container: &'static str) -> Self {
        Self {
            container,
            time_base: None,
            frame_rate: None,
            unit_count: None,
            duration: None,
            pixel_aspect: None,
            rotation: 0,
            is_mirrored: false,
            crop: None,
            has_alpha: false,
            grid: None,
        }
    }
}

/// `width` to `height` in lowest terms, if they are unlike.
fn ratio(width: u64, height: u64) -> Option<(u32, u32)> {
    let common = gcd(width, height).max(1);
    let (width, height) = (width / common, height / common);
    let ratio = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    (width != height && width > 0 && height > 0).then_some(ratio)
}

/// `pictures` in `seconds` as a ratio in lowest terms, if it is one of 32-bit numbers that are not 0.
pub fn rate(pictures: u64, seconds: u64) -> Option<(u32, u32)> {
    let common = gcd(pictures, seconds).max(1);
    let rate = (u32::try_from(pictures / common).ok()?, u32::try_from(seconds / common).ok()?);
    (rate.0 > 0 && rate.1 > 0).then_some(rate)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A place before a unit of a source, which [`Source::seek`] goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index of the unit, from 0.
    pub unit: u64,
    /// What the container calls the place.
    place: u64,
}

/// What a container's index says of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Where it is.
    pub position: Position,
    /// Its presentation time in ticks of the source's time base, if the container has one.
    pub pts: Option<i64>,
    /// Whether decoding can start at it, as the container says.
    pub is_key: bool,
    /// See [`TemporalUnit::is_hidden`].
    pub is_hidden: bool,
}

/// A stream of temporal units.
pub trait Source {
    /// What the container says of the whole stream.
    fn info(&self) -> SourceInfo;

    /// The next temporal unit; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, is malformed, or a unit is over the limit. After a fault of the
    /// stream the next call goes on behind it, or gives `None`; after another error there are no
    /// more units.
    fn next_unit(&mut self) -> Result<Option<TemporalUnit>>;

    /// The place before the next unit; `None` if one cannot go back to it.
    fn position(&self) -> Option<Position>;

    /// Goes to `position`, which this source or another of the same file has given: the unit of
    /// that place is the next. It has a sequence header if the container knows of one.
    ///
    /// # Errors
    /// `Unsupported` where one cannot go back; `Io` if the file cannot be read.
    fn seek(&mut self, position: Position) -> Result<()>;

    /// Whether [`Source::index`] knows the units of the stream.
    fn has_index(&self) -> bool {
        false
    }

    /// Every unit of the stream, in order, as far as the container knows them without being read;
    /// `None` if it does not.
    ///
    /// # Errors
    /// The file cannot be read, or its index is over the limit.
    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        Ok(None)
    }

    /// The tracks beside the one that is decoded, as far as they are known.
    fn others(&self) -> Vec<OtherTrack> {
        Vec::new()
    }

    /// Makes every sample a unit, whatever an edit list says of them. To be called before the first
    /// unit.
    fn ignore_edit_list(&mut self) {}
}

/// `count` ticks of `base` seconds: (numerator, denominator); nothing if they are negative.
pub fn ticks(count: i64, base: (u32, u32)) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let count = u128::from(count.max(0).unsigned_abs());
    let nanoseconds = count * u128::from(base.0) * SECOND / u128::from(base.1.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The error of going back where one cannot.
fn read_once(container: &'static str) -> Unsupported {
    Unsupported::Stream(format!("going back in an input of {container} that can be read once only"))
}

/// Containers that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// IVF.
    Ivf,
    /// Low-overhead OBU stream, 5.2.
    Section5,
    /// Length-delimited stream, Annex B.
    AnnexB,
    /// WebM and Matroska.
    Matroska,
    /// MP4, and AVIF images.
    Mp4,
}

/// What is wanted of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What it is; `None` for what its first bytes look like.
    pub format: Option<Format>,
    /// The track, by the number that the container gives it (TrackNumber of Matroska, track_ID of
    /// MP4); `None` for the first of AV1.
    pub track: Option<u64>,
}

impl From<Option<Format>> for Wish {
    fn from(format: Option<Format>) -> Self {
        Self { format, track: None }
    }
}

/// What can be read, and read elsewhere.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Opens a file. What one can only read in order goes to [`open`].
///
/// # Errors
/// The file cannot be read, is no stream that is known, or lacks what is wanted.
pub fn open_file(
    mut file: Box<dyn ReadSeek>,
    wish: impl Into<Wish>,
    limits: Limits,
) -> Result<Box<dyn Source>> {
    let wish = wish.into();
    let format = match wish.format {
        Some(format) => Some(format),
        None => {
            let mut head = Vec::new();
            file.by_ref().take(probe::HEAD).read_to_end(&mut head)?;
            file.seek(SeekFrom::Start(0))?;
            probe::boxed(&head)
        }
    };
    match format {
        Some(Format::Mp4) => Ok(Box::new(mp4::Mp4::open(file, wish.track, limits)?)),
        format => in_order(Bytes::of_file(file), Wish { format, ..wish }, limits),
    }
}

/// Opens what can be read once, as it comes. Of a container that cannot be read in order nothing is
/// read before its end; it has up to [`Limits::pipe_bytes`].
///
/// # Errors
/// The reader fails, or the bytes are no stream that is known, or lack what is wanted.
pub fn open(
    reader: Box<dyn Read>,
    wish: impl Into<Wish>,
    limits: Limits,
) -> Result<Box<dyn Source>> {
    in_order(Bytes::new(reader), wish.into(), limits)
}

fn in_order(mut bytes: Bytes, wish: Wish, limits: Limits) -> Result<Box<dyn Source>> {
    let format = match wish.format {
        Some(format) => format,
        None => probe::probe(&mut bytes)?,
    };
    let has_tracks = matches!(format, Format::Matroska | Format::Mp4);
    if let Some(track) = wish.track.filter(|_| !has_tracks) {
        let what = format!("track {track} of a stream that has no tracks");
        return Err(Unsupported::Stream(what).into());
    }
    Ok(match format {
        Format::Ivf => Box::new(ivf::Ivf::open(bytes, limits)?),
        Format::Section5 => Box::new(section5::Section5::open(bytes, limits)?),
        Format::AnnexB => Box::new(annexb::AnnexB::new(bytes, limits)),
        Format::Matroska => Box::new(matroska::Matroska::open(bytes, wish.track, limits)?),
        Format::Mp4 => Box::new(mp4::Mp4::open_pipe(bytes, wish.track, limits)?),
    })
}

/// Bytes of the OBUs of `data`, the start of a unit, up to the last frame that is there as a whole.
fn whole_obus(data: &[u8]) -> usize {
    let obus = obu::obus(data, Framing::Section5).map_while(std::result::Result::ok);
    // One without a size goes on to the end, which is not that of the unit.
    let sized = obus.take_while(|obu| data.get(obu.offset).is_some_and(|head| head & 2 != 0));
    let is_coded =
        |kind| matches!(kind, ObuType::Frame | ObuType::FrameHeader | ObuType::TileGroup);
    sized.filter(|obu| is_coded(obu.obu_type)).last().map_or(0, |obu| obu.end)
}

/// A fault of the container at byte `byte` of the file.
fn fault(what: &'static str, byte: u64, section: Option<&'static str>) -> StreamError {
    let mut error = StreamError::new(StreamFault::Container(what));
    error.at.byte = Some(byte);
    error.at.section = section;
    error
}

/// A fault that the demuxer of `container` found about byte `byte` of the file.
fn demuxer(container: &'static str, error: &impl Display, byte: u64) -> StreamError {
    let text = format!("{container}: {error}");
    let mut error = StreamError::new(StreamFault::Demuxer(text.into()));
    error.at.byte = Some(byte);
    error
}

#[cfg(test)]
mod tests;
