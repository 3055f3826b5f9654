//! MP4 (ISO/IEC 14496-12) with AV1 ("AV1 Codec ISO Media File Format Binding"): progressive and
//! fragmented files, and AVIF images. Only the boxes that video needs are read, whatever is in the
//! others; a file is walked at once, a pipe as its fragments come.

mod bodies;
mod boxes;
mod edits;
mod fragments;
mod image;
mod input;
mod movie;
mod tables;
mod track;
mod transforms;
mod walk;

use super::bytes::Bytes;
use super::config::Config;
use super::{
    IndexEntry, OtherTrack, Position, ReadSeek, Source, SourceInfo, TemporalUnit, fault, read_once,
};
use crate::error::{Error, LimitError, Result, StreamError, StreamFault, Unsupported};
use av1_syntax::limits::Limits;
use av1_syntax::obu::Framing;

use input::Input;
use movie::Movie;
use track::Coding;

/// Samples that are remembered: those of three days at 60 frames a second.
const MAX_SAMPLES: u64 = 1 << 24;

/// Where a sample is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sample {
    offset: u64,
    bytes: u32,
    /// Number of its sample entry, from 0.
    entry: u16,
    /// Whether it is a sync sample.
    is_sync: bool,
    /// Whether an edit list leaves its picture out.
    is_hidden: bool,
    /// Composition time in ticks of the media time scale.
    time: i64,
}

/// Kinds of the boxes that files and segments begin with.
const FIRST: [&boxes::Kind; 14] = [
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid",
    b"sidx", b"emsg", b"prft", b"meta",
];

/// Whether `head` is the start of an MP4 file. The first box may be any, if the one after it is not.
pub(super) fn is_start(head: &[u8]) -> bool {
    let mut kinds = boxes::children(head).map(|(kind, _)| kind).take(2);
    kinds.any(|kind| FIRST.contains(&&kind))
}

pub(super) struct Mp4 {
    input: Input,
    limits: Limits,
    movie: Movie,
    config: Config,
    /// The sample entry that `config` is of.
    entry: Option<u16>,
    /// The next sample, and what was lost before it.
    next: usize,
    next_loss: usize,
    index: u64,
    /// Where the first byte is that the samples from each on need: a pipe forgets those before.
    needed: Vec<u64>,
    /// What was lost behind the unit that was given last.
    cut: Option<StreamError>,
    /// Whether there is nothing more, since there was an error.
    is_over: bool,
}

impl Mp4 {
    /// Reads the boxes of a file.
    ///
    /// # Errors
    /// The file cannot be read, has no AV1, or its tables are over a limit.
    pub(super) fn open(
        reader: Box<dyn ReadSeek>,
        track: Option<u64>,
        limits: Limits,
    ) -> Result<Self> {
        Self::of(Input::file(reader)?, track, limits)
    }

    /// Reads the boxes of a pipe up to the first samples.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_pipe(bytes: Bytes, track: Option<u64>, limits: Limits) -> Result<Self> {
        Self::of(Input::pipe(bytes, limits.pipe_bytes), track, limits)
    }

    fn of(mut input: Input, track: Option<u64>, limits: Limits) -> Result<Self> {
        let mut movie = Movie::default();
        movie.wish = track;
        movie.walk(&mut input)?;
        if !movie.has_track() {
            match movie.image(&mut input, &limits)? {
                Some(data) => input = Input::file(Box::new(std::io::Cursor::new(data)))?,
                None => return Err(movie.no_track()),
            }
        }
        let mut source = Self {
            input,
            limits,
            movie,
            config: Config::default(),
            entry: None,
            next: 0,
            next_loss: 0,
            index: 0,
            needed: Vec::new(),
            cut: None,
            is_over: false,
        };
        source.note_needed();
        Ok(source)
    }

    /// Takes note of what the samples need, if what they do not need is forgotten.
    fn note_needed(&mut self) {
        if self.input.is_pipe() {
            // The next box is, too.
            let mut needed = self.movie.next_box();
            let each = self.movie.samples.iter().rev().map(|sample| {
                needed = needed.min(sample.offset);
                needed
            });
            self.needed = each.collect();
        }
    }

    /// Walks on in a pipe up to the next samples; whether there are any, or something was lost.
    fn walk_on(&mut self) -> Result<bool> {
        if !self.input.is_pipe() {
            return Ok(false);
        }
        self.movie.forget();
        (self.next, self.next_loss) = (0, 0);
        self.movie.walk(&mut self.input)?;
        self.note_needed();
        Ok(!self.movie.samples.is_empty() || !self.movie.losses.is_empty())
    }

    /// What was lost before the next sample, and was not told.
    fn loss(&mut self) -> Option<StreamError> {
        let losses = &self.movie.losses;
        let (_, loss) = losses.get(self.next_loss).filter(|(before, _)| *before <= self.next)?;
        self.next_loss += 1;
        Some(loss.clone().in_unit(self.index))
    }

    fn next_sample(&mut self) -> Result<Option<Sample>> {
        loop {
            if let Some(loss) = self.cut.take().or_else(|| self.loss()) {
                return Err(loss.into());
            }
            if let Some(sample) = self.movie.samples.get(self.next) {
                return Ok(Some(*sample));
            }
            if self.is_over {
                return Ok(None);
            }
            // Whatever is wrong here is so for ever.
            self.is_over = true;
            if !self.walk_on()? {
                return Ok(None);
            }
            self.is_over = false;
        }
    }

    /// Goes by the samples from the next on for which `is_lost` holds; how many those are.
    fn pass(&mut self, is_lost: impl Fn(&Input, &Sample) -> bool) -> usize {
        let rest = self.movie.samples.get(self.next..).unwrap_or_default();
        let lost = rest.iter().take_while(|sample| is_lost(&self.input, sample)).count();
        self.next += lost;
        lost
    }

    /// Makes the configuration that of `sample`.
    fn configure(&mut self, sample: &Sample) -> Result<()> {
        let Some(entry) = self.movie.entry(sample.entry) else { return Ok(()) };
        match &entry.coding {
            Coding::Av1 => {}
            Coding::Encrypted(scheme) => {
                let what = format!("an MP4 track of AV1 that is encrypted ({scheme})");
                return Err(Unsupported::Stream(what).into());
            }
            Coding::Other(kind) => {
                let text = format!("samples of {} are passed over", boxes::name(*kind));
                self.pass(|_, other| other.entry == sample.entry);
                return Err(super::demuxer("MP4", &text, sample.offset).in_unit(self.index).into());
            }
        }
        if self.entry != Some(sample.entry) {
            self.config = Config::of_record(&entry.config);
            self.entry = Some(sample.entry);
        }
        Ok(())
    }

    fn unit(&mut self, sample: &Sample) -> Result<TemporalUnit> {
        self.configure(sample)?;
        let bytes = u64::from(sample.bytes);
        if let Some(needed) = self.needed.iter().rev().nth(self.next) {
            self.input.forget(*needed)?;
        }
        // No more is asked for than there can be, or may be.
        let (end, limit) = (self.input.end().unwrap_or(u64::MAX), self.limits.unit_bytes);
        let there = bytes.min(end.saturating_sub(sample.offset)).min(limit.saturating_add(1));
        let mut data = self.input.read(sample.offset, there)?;
        if data.len() as u64 > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value: bytes, limit }.into());
        }
        if (data.len() as u64) < bytes {
            let behind =
                |input: &Input, sample: &Sample| !input.has(sample.offset, sample.bytes.into());
            let here = self.next;
            let lost = self.pass(behind).max(1);
            let text = format!("{lost} samples reach beyond the end of the file");
            let mut loss = super::demuxer("MP4", &text, sample.offset).in_unit(self.index);
            // What is whole of the first of them is decoded.
            data.truncate(super::whole_obus(&data));
            if data.is_empty() {
                return Err(loss.into());
            }
            // What follows is in other fragments, if anything does.
            if lost == 1 {
                loss.kind = StreamFault::Skipped("a sample reaches beyond the end of the file");
            }
            (self.cut, self.next) = (Some(loss), self.next.max(here + 1) - 1);
        }
        self.next += 1;
        let (data, is_whole) = self.config.complete(data);
        let unit = TemporalUnit {
            index: self.index,
            data: data.into(),
            framing: Framing::Section5,
            pts: self.movie.info.time_base.map(|_| sample.time),
            file_offset: (is_whole && !self.movie.is_image).then_some(sample.offset),
            is_hidden: sample.is_hidden,
        };
        self.index += 1;
        Ok(unit)
    }
}

impl Source for Mp4 {
    fn info(&self) -> SourceInfo {
        self.movie.info
    }

    fn next_unit(&mut self) -> Result<Option<TemporalUnit>> {
        let sample = match self.next_sample()? {
            Some(sample) => sample,
            None if self.index == 0 && self.next == 0 && self.next_loss == 0 => {
                self.next = usize::MAX;
                let what = "the AV1 track of the MP4 file has no samples";
                return Err(fault(what, 0, Some("ISO/IEC 14496-12, 8.6 to 8.8")).into());
            }
            None => return Ok(None),
        };
        let before = self.next;
        let unit = self.unit(&sample);
        match &unit {
            Ok(_) => {}
            Err(Error::Stream(_)) => self.next = self.next.max(before + 1),
            Err(_) => (self.is_over, self.next) = (true, usize::MAX),
        }
        unit.map(Some)
    }

    fn position(&self) -> Option<Position> {
        let place = self.next as u64;
        (!self.input.is_pipe()).then_some(Position { unit: self.index, place })
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        if self.input.is_pipe() {
            return Err(read_once("MP4").into());
        }
        self.next = usize::try_from(position.place).unwrap_or(usize::MAX);
        self.next_loss = self.movie.losses.partition_point(|(before, _)| *before <= self.next);
        self.index = position.unit;
        (self.is_over, self.cut) = (false, None);
        self.config.begin();
        Ok(())
    }

    fn has_index(&self) -> bool {
        !self.input.is_pipe()
    }

    fn index(&mut self) -> Result<Option<Vec<IndexEntry>>> {
        if !self.has_index() {
            return Ok(None);
        }
        let timed = self.movie.info.time_base.is_some();
        let entry = |(place, sample): (u64, &Sample)| IndexEntry {
            position: Position { unit: place, place },
            pts: timed.then_some(sample.time),
            is_key: sample.is_sync,
            is_hidden: sample.is_hidden,
        };
        Ok(Some((0..).zip(&self.movie.samples).map(entry).collect()))
    }

    fn others(&self) -> Vec<OtherTrack> {
        self.movie.beside.clone()
    }

    fn ignore_edit_list(&mut self) {
        self.movie.ignore_edit_list();
        self.note_needed();
    }
}
