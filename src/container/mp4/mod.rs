//! MP4 (ISO/IEC 14496-12) with AV1 ("AV1 Codec ISO Media File Format Binding"): progressive and
//! fragmented files, and AVIF stills. The boxes by the `mp4-atom` crate.

mod depth;
mod item;
mod samples;

use std::io::SeekFrom;

use mp4_atom::{Atom, Av01, Codec, FourCC, Header, Matrix, Meta, Moof, Moov, ReadFrom, Trak};

use super::config::Config;
use super::{
    IndexEntry, Position, ReadSeek, Source, SourceInfo, TemporalUnit, demuxer, fault, rate, ratio,
    ticks,
};
use crate::error::{LimitError, Result, Unsupported};
use crate::limits::Limits;
use crate::obu::Framing;

/// Bytes of a box that is read whole: far more than the sample tables of a film of hours.
const BOX_BYTES: u64 = 256 << 20;

/// Where a sample is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sample {
    offset: u64,
    bytes: u32,
    /// Composition time in ticks of the media time scale.
    time: i64,
    /// Whether it is a sync sample.
    is_sync: bool,
}

pub(super) struct Mp4 {
    reader: Box<dyn ReadSeek>,
    limits: Limits,
    info: SourceInfo,
    config: Config,
    samples: Vec<Sample>,
    /// The next sample.
    next: usize,
    index: u64,
    /// Bytes of the file.
    end: u64,
    /// Position of a movie fragment that the file does not hold whole: what would follow.
    cut: Option<u64>,
}

/// The boxes of the file that say where the samples are.
#[derive(Default)]
struct Boxes {
    moov: Option<Moov>,
    /// With the position of each.
    moofs: Vec<(u64, Moof)>,
    meta: Option<Meta>,
    /// Name and position of a box that the file does not hold whole.
    cut: Option<(FourCC, u64)>,
}

impl Mp4 {
    pub(super) fn open(mut reader: Box<dyn ReadSeek>, limits: Limits) -> Result<Self> {
        let end = reader.seek(SeekFrom::End(0))?;
        let boxes = Boxes::read(&mut *reader, end)?;
        let track = boxes.moov.as_ref().and_then(|moov| {
            let av1 = |trak: &&Trak| codec(trak).is_some() && !is_auxiliary(trak);
            moov.trak.iter().find(av1).map(|trak| (moov, trak))
        });
        let source = Self {
            reader,
            limits,
            info: SourceInfo::new("MP4"),
            config: Config::default(),
            samples: Vec::new(),
            next: 0,
            index: 0,
            end,
            cut: boxes.cut.filter(|(kind, _)| *kind == Moof::KIND).map(|(_, at)| at),
        };
        match (track, &boxes.meta) {
            (Some((moov, trak)), _) => source.of_track(moov, trak, &boxes.moofs),
            (None, Some(meta)) if boxes.moov.is_none() => source.of_item(meta),
            _ => Err(no_track(&boxes)),
        }
    }

    fn of_track(mut self, moov: &Moov, trak: &Trak, moofs: &[(u64, Moof)]) -> Result<Self> {
        let timescale = trak.mdia.mdhd.timescale;
        let named = |what| fault(what, 0, Some("ISO/IEC 14496-12, 8.6 to 8.8"));
        let mut samples = samples::of_tables(&trak.mdia.minf.stbl, self.end).map_err(named)?;
        let end =
            samples::of_fragments(moov, trak, moofs, self.end, &mut samples).map_err(named)?;
        let shift = samples::edit_shift(moov, trak);
        samples.iter_mut().for_each(|sample| sample.time = sample.time.saturating_add(shift));
        self.info.time_base = (timescale != 0).then_some((1, timescale));
        self.info.frame_rate = frame_rate(&samples, timescale);
        self.info.unit_count = Some(samples.len() as u64);
        self.info.duration = self.info.time_base.map(|base| ticks(end, base));
        let pasp = codec(trak).and_then(|av01| av01.pasp.as_ref());
        let pasp = pasp.map(|pasp| (pasp.h_spacing.into(), pasp.v_spacing.into()));
        self.info.pixel_aspect = pasp.and_then(|(width, height)| ratio(width, height));
        self.info.rotation = rotation(&trak.tkhd.matrix);
        self.config = Config::new(codec(trak).map_or(&[][..], |av01| &av01.av1c.config_obus));
        self.samples = samples;
        Ok(self)
    }

    /// The primary item of an AVIF image.
    fn of_item(mut self, meta: &Meta) -> Result<Self> {
        self.info.container = "AVIF";
        self.info.unit_count = Some(1);
        let data = item::primary(meta, &mut *self.reader, self.end, &self.limits)?;
        self.end = data.len() as u64;
        self.samples = vec![Sample { offset: 0, bytes: data.len() as u32, time: 0, is_sync: true }];
        self.reader = Box::new(std::io::Cursor::new(data));
        Ok(self)
    }
}

impl Boxes {
    fn read(reader: &mut dyn ReadSeek, end: u64) -> Result<Self> {
        let mut boxes = Self::default();
        let mut at = reader.seek(SeekFrom::Start(0))?;
        while at < end {
            let header = match <Option<Header>>::read_from(reader) {
                Ok(Some(header)) => header,
                Ok(None) => break,
                // A file may end in bytes that are no box.
                Err(_) if boxes.moov.is_some() => break,
                Err(error) => return Err(demuxer("MP4", &error, at).into()),
            };
            let start = reader.stream_position()?;
            let left = end.saturating_sub(start);
            let bytes = header.size.map_or(left, |size| size as u64);
            if bytes > left {
                boxes.cut = Some((header.kind, at));
            }
            boxes.take(&header, at, bytes.min(left), reader)?;
            at = reader.seek(SeekFrom::Start(start + bytes.min(left)))?;
        }
        Ok(boxes)
    }

    /// Reads the body of the box at `at` if it is of use.
    fn take(
        &mut self,
        header: &Header,
        at: u64,
        bytes: u64,
        reader: &mut dyn ReadSeek,
    ) -> Result<()> {
        if ![Moov::KIND, Moof::KIND, Meta::KIND].contains(&header.kind) {
            return Ok(());
        }
        if bytes > BOX_BYTES {
            let what = "bytes of an MP4 box";
            return Err(LimitError { what, value: bytes, limit: BOX_BYTES }.into());
        }
        let mut body = vec![0; bytes as usize];
        reader.read_exact(&mut body)?;
        if depth::is_too_deep(&body) {
            return Err(fault("boxes are nested too deeply", at, None).into());
        }
        let broken = |error| demuxer("MP4", &error, at);
        if header.kind == Moov::KIND {
            self.moov = Some(decode(&body)?.map_err(broken)?);
        } else if header.kind == Meta::KIND {
            self.meta = Some(decode(&body)?.map_err(broken)?);
        } else {
            match decode(&body)? {
                Ok(moof) => self.moofs.push((at, moof)),
                // What was before it plays; the cut is told at the end.
                Err(_) if self.cut.is_some() => {}
                Err(error) => return Err(broken(error).into()),
            }
        }
        Ok(())
    }
}

/// The box of `body`.
fn decode<T: Atom + Send>(body: &[u8]) -> Result<mp4_atom::Result<T>> {
    Ok(depth::on_large_stack(|| T::decode_body(&mut &body[..]))?)
}

/// The sample entry of an AV1 track.
fn codec(trak: &Trak) -> Option<&Av01> {
    trak.mdia.minf.stbl.stsd.codecs.iter().find_map(|codec| match codec {
        Codec::Av01(entry) => Some(entry),
        _ => None,
    })
}

/// By how many degrees the matrix of a track header turns pictures clockwise (8.3.2), if it is by a
/// right angle.
fn rotation(matrix: &Matrix) -> u16 {
    match [matrix.a, matrix.b, matrix.c, matrix.d].map(i32::signum) {
        [0, 1, -1, 0] => 90,
        [-1, 0, 0, -1] => 180,
        [0, -1, 1, 0] => 270,
        _ => 0,
    }
}

/// Whether the track is not to be shown by itself: alpha, depth.
fn is_auxiliary(trak: &Trak) -> bool {
    trak.mdia.hdlr.handler == FourCC::new(b"auxv")
}

fn no_track(boxes: &Boxes) -> crate::error::Error {
    if let Some((kind, at)) = boxes.cut {
        let error = format!("the box {kind} is cut short, and no track is known");
        return demuxer("MP4", &error, at).into();
    }
    match &boxes.moov {
        None => fault("there is no moov box in this MP4 file", 0, None).into(),
        Some(_) => Unsupported::Stream("an MP4 file without a track of AV1".into()).into(),
    }
}

impl Source for Mp4 {
    fn info(&self) -> SourceInfo {
        self.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let Some(sample) = self.samples.get(self.next).copied() else {
            let Some(at) = self.cut.filter(|_| self.next == self.samples.len()) else {
                return Ok(None);
            };
            self.next += 1;
            let what = "a movie fragment is cut short";
            return Err(fault(what, at, Some("ISO/IEC 14496-12, 8.8.4"))
                .in_unit(self.index)
                .into());
        };
        self.next += 1;
        let bytes = u64::from(sample.bytes);
        if bytes > self.limits.unit_bytes {
            let what = "bytes of a temporal unit";
            return Err(LimitError { what, value: bytes, limit: self.limits.unit_bytes }.into());
        }
        if sample.offset.checked_add(bytes).is_none_or(|end| end > self.end) {
            self.next = self.samples.len() + 1;
            let what = "a sample reaches beyond the end of the MP4 file";
            return Err(fault(what, sample.offset, None).in_unit(self.index).into());
        }
        let mut data = vec![0; sample.bytes as usize];
        self.reader.seek(SeekFrom::Start(sample.offset))?;
        self.reader.read_exact(&mut data)?;
        let (data, is_whole) = self.config.complete(data);
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: self.info.time_base.map(|_| sample.time),
            file_offset: is_whole.then_some(sample.offset),
        };
        self.index += 1;
        Ok(Some(unit))
    }

    fn position(&self) -> Option<Position> {
        Some(Position { unit: self.index, place: self.next as u64 })
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        self.next = usize::try_from(position.place).unwrap_or(usize::MAX);
        self.index = position.unit;
        self.config.begin();
        Ok(())
    }

    fn has_index(&self) -> bool {
        true
    }

    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        let entry = |(place, sample): (u64, &Sample)| IndexEntry {
            position: Position { unit: place, place },
            pts: self.info.time_base.map(|_| sample.time),
            is_key: sample.is_sync,
        };
        Ok(Some((0..).zip(&self.samples).map(entry).collect()))
    }
}

/// The mean rate of `samples`, whose times are in ticks of which a second has `timescale`.
fn frame_rate(samples: &[Sample], timescale: u32) -> Option<(u32, u32)> {
    let times = || samples.iter().map(|sample| sample.time);
    let ticks = times().max()?.checked_sub(times().min()?)?;
    let intervals = (samples.len() as u64).checked_sub(1)?;
    rate(intervals.checked_mul(timescale.into())?, u64::try_from(ticks).ok()?)
}
