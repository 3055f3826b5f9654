//! The frames of a track, in order, from what a walk comes to.

use super::encoding::{self, Encoding, Scope};
use super::track::{Info, Track};
use super::walk::{Block, Found, Walk};
use crate::bytes::Bytes;
use crate::error::{Error, LimitError, Result, StreamError, StreamFault, Unsupported};
use crate::{OtherTrack, fault};
use av1_syntax::limits::Limits;

/// Frames that are remembered: those of three days at 60 frames a second.
const MAX_FRAMES: u64 = 1 << 24;

/// A frame of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where it is in the file.
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// In ticks of the first segment; `None` for frames in one block without a DefaultDuration.
    pub(super) time: Option<i64>,
    /// Which part of the file it is in.
    pub(super) part: usize,
    /// Whether it refers to no other, as the file says.
    pub(super) is_key: bool,
    /// Whether the file ends in it.
    pub(super) is_cut: bool,
}

/// The frames of a file.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) list: Vec<Frame>,
    pub(super) parts: Vec<Part>,
    /// What is wrong, before which frame.
    pub(super) faults: Vec<(usize, StreamError)>,
}

/// What one reads.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Frame(Frame),
    Fault(StreamError),
}

/// A segment. Files may be joined, and then have several.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) info: Info,
    pub(super) track: Track,
    pub(super) encodings: Vec<Encoding>,
    /// `av1C`.
    pub(super) record: Vec<u8>,
    /// What is added to its times, in ticks of the first part; `None` until its first block.
    shift: Option<i64>,
}

impl Part {
    /// Of `track` in a segment of `info`.
    fn new(info: Info, track: &Track, limits: &Limits) -> Result<Self> {
        encoding::check(&track.encodings, Scope::Block)?;
        let private = track.private().to_vec();
        // What is wrong with it is no matter: frames may have what it has.
        let private = encoding::undo(&track.encodings, Scope::Private, private, limits.unit_bytes);
        let record = track.record(&private.unwrap_or_default()).to_vec();
        let (track, encodings) = (track.clone(), track.encodings.clone());
        Ok(Self { info, track, encodings, record, shift: None })
    }

    /// Whether its frames are in the file as they are.
    pub(super) fn is_plain(&self) -> bool {
        encoding::is_plain(&self.encodings, Scope::Block)
    }
}

/// See the module.
pub(super) struct Reader {
    walk: Walk,
    limits: Limits,
    /// The number of the track that is wanted.
    wish: Option<u64>,
    container: &'static str,
    parts: Vec<Part>,
    others: Vec<OtherTrack>,
    /// The segment that is read has no part yet.
    is_new: bool,
    info: Info,
    /// What is to be given next, the last first.
    waiting: Vec<Item>,
    /// Damage that nothing of the track has followed yet.
    damage: Option<StreamError>,
    /// What is damage if a frame is missing.
    doubt: Option<StreamError>,
    times: Times,
    /// When a cluster starts that does not say it.
    start: Option<i64>,
    was_last_ours: bool,
}

/// Times of the frames.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// Of the last block.
    last: Option<i64>,
    /// The shortest time from one block to a later one.
    step: Option<i64>,
}

impl Times {
    /// Whether a frame of `time` may follow the last one.
    fn is_next(&self, time: i64) -> bool {
        let Some((last, step)) = self.last.zip(self.step) else { return false };
        // Times are rounded.
        time.saturating_sub(last) <= step.saturating_add(step / 2)
    }

    fn take(&mut self, time: i64) {
        let step = self.last.map(|last| time.saturating_sub(last)).filter(|step| *step > 0);
        self.step = self.step.into_iter().chain(step).min();
        self.last = Some(time);
    }
}

impl Reader {
    /// Of a file of `length` bytes, for track `wish`, or the first of AV1.
    pub(super) fn new(length: Option<u64>, wish: Option<u64>, limits: Limits) -> Self {
        Self {
            walk: Walk::new(length, limits.unit_bytes),
            limits,
            wish,
            container: "Matroska",
            parts: Vec::new(),
            others: Vec::new(),
            is_new: true,
            info: Info::default(),
            waiting: Vec::new(),
            damage: None,
            doubt: None,
            times: Times::default(),
            start: None,
            was_last_ours: false,
        }
    }

    /// The parts that were read.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The tracks of the first segment that are not wanted.
    pub(super) fn others(&self) -> &[OtherTrack] {
        &self.others
    }

    pub(super) fn container(&self) -> &'static str {
        self.container
    }

    /// What is wrong with a file in which no track was found.
    pub(super) fn nothing(&self) -> Error {
        let what = "this Matroska file has no Tracks before its first cluster";
        fault(what, 0, Some("RFC 9559, 5.1.4")).into()
    }

    /// The next frame, or what is wrong before it; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read; its track is not supported.
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.waiting.pop() {
                return Ok(Some(item));
            }
            match self.walk.step(bytes)? {
                Some(found) => self.take(found, bytes)?,
                None => {
                    if let Some(fault) = self.last_fault() {
                        return Ok(Some(Item::Fault(fault)));
                    }
                    let is_empty = self.times.last.is_none() && !self.parts.is_empty();
                    self.times.last = Some(0);
                    let what = "no frame is where the Matroska file says";
                    let fault = || Item::Fault(fault(what, bytes.position(), None));
                    return Ok(is_empty.then(fault));
                }
            }
        }
    }

    /// What is wrong behind the last frame; a doubt if the last is not where the duration ends.
    fn last_fault(&mut self) -> Option<StreamError> {
        let doubt = self.doubt.take();
        let is_short = || {
            let end = self.parts.first()?.info.duration? as i64;
            (self.parts.len() == 1 && !self.times.is_next(end)).then_some(())
        };
        self.damage.take().or_else(|| doubt.filter(|_| is_short().is_some()))
    }

    /// All frames of the file of `bytes`, which are at its start.
    ///
    /// # Errors
    /// As [`Self::next`]; too many frames.
    pub(super) fn all(mut self, bytes: &mut Bytes) -> Result<Blocks> {
        let mut blocks = Blocks::default();
        bytes.seek(0)?;
        loop {
            let found = match self.waiting.pop() {
                Some(Item::Frame(frame)) => {
                    blocks.list.push(frame);
                    continue;
                }
                Some(Item::Fault(fault)) => {
                    blocks.faults.push((blocks.list.len(), fault));
                    continue;
                }
                None => self.walk.step(bytes)?,
            };
            let (value, limit) = (blocks.list.len() as u64, MAX_FRAMES);
            if value > limit {
                return Err(LimitError { what: "frames of a Matroska track", value, limit }.into());
            }
            match found {
                Some(Found::Reference) if self.was_last_ours => {
                    blocks.list.last_mut().into_iter().for_each(|frame| frame.is_key = false);
                }
                Some(found) => self.take(found, bytes)?,
                None => break,
            }
        }
        blocks.faults.extend(self.last_fault().map(|fault| (blocks.list.len(), fault)));
        blocks.parts = self.parts;
        Ok(blocks)
    }

    /// Takes note of what the walk has come to.
    fn take(&mut self, found: Found, bytes: &mut Bytes) -> Result<()> {
        if matches!(found, Found::Cluster) {
            self.start = None;
        }
        match found {
            Found::DocType(name) => {
                self.container = if name == "webm" { "WebM" } else { "Matroska" };
            }
            Found::Segment => {
                self.is_new = true;
                self.info = Info::default();
                self.walk.track = None;
            }
            Found::Info(info) => {
                self.info = info;
                // It may come after the tracks.
                let part = self.parts.last_mut().filter(|part| part.shift.is_none());
                part.into_iter().for_each(|part| part.info = info);
            }
            Found::Tracks(tracks) if self.is_new && !tracks.is_empty() => self.part(&tracks)?,
            Found::Cluster if self.is_new => self.find_tracks(bytes)?,
            Found::Cluster | Found::Tracks(_) | Found::Reference => {}
            Found::Other => self.was_last_ours = false,
            Found::Block(block) => {
                self.was_last_ours = true;
                self.block(&block);
            }
            Found::Doubt(fault) => self.doubt = Some(fault),
            Found::Damage(fault) => self.damage = self.damage.take().or(Some(fault)),
        }
        Ok(())
    }

    /// Chooses one of the tracks of a segment.
    fn part(&mut self, tracks: &[Track]) -> Result<()> {
        self.is_new = false;
        let is_wanted = |track: &&Track| {
            track.is_av1() && self.wish.is_none_or(|number| track.number == number)
        };
        let best = tracks.iter().filter(is_wanted).max_by_key(|track| track.is_video());
        // The first of the best.
        let best = best.map(|best| best.is_video()).and_then(|is_video| {
            tracks.iter().filter(is_wanted).find(|track| track.is_video() == is_video)
        });
        match best {
            Some(track) => {
                self.walk.track = Some(track.number);
                self.parts.push(Part::new(self.info, track, &self.limits)?);
                if self.parts.len() == 1 {
                    let others = tracks.iter().filter(|other| !std::ptr::eq(*other, track));
                    self.others = others.map(Track::other).collect();
                }
                Ok(())
            }
            None if self.parts.is_empty() => Err(self.no_track(tracks)),
            None => {
                let what = "a segment that follows has no such track";
                self.damage.get_or_insert(fault(what, 0, Some("RFC 9559, 5.1.4")));
                Ok(())
            }
        }
    }

    fn no_track(&self, tracks: &[Track]) -> Error {
        let list = |of: &dyn Fn(&Track) -> Option<String>, none: &str| {
            let all: Vec<_> = tracks.iter().filter_map(of).collect();
            if all.is_empty() { none.to_owned() } else { all.join(", ") }
        };
        let what = match self.wish {
            None => {
                let codecs = list(&|track| track.is_video().then(|| track.codec()), "nothing");
                format!("a Matroska file with video of {codecs}")
            }
            Some(wish) => {
                let numbers =
                    list(&|track| track.is_av1().then(|| track.number.to_string()), "none");
                format!("track {wish} of a Matroska file whose tracks of AV1 are {numbers}")
            }
        };
        Unsupported::Stream(what).into()
    }

    /// Looks for Tracks behind the clusters, where one can go back.
    fn find_tracks(&mut self, bytes: &mut Bytes) -> Result<()> {
        self.is_new = false;
        let (here, count) = (bytes.position(), self.parts.len());
        let mut walk = self.walk.clone();
        while bytes.is_seekable() && self.parts.len() == count {
            match walk.step(bytes)? {
                Some(Found::Info(info)) => self.info = info,
                Some(Found::Tracks(tracks)) if !tracks.is_empty() => self.part(&tracks)?,
                Some(Found::Segment) | None => break,
                Some(_) => {}
            }
        }
        if bytes.is_seekable() {
            bytes.seek(here)?;
        }
        match (self.parts.len() > count, self.parts.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(self.nothing()),
            (false, false) => self.part(&[]),
        }
    }

    /// Gives the frames of `block`, and says what was lost before it.
    fn block(&mut self, block: &Block) {
        let index = self.parts.len().saturating_sub(1);
        let first = self.parts.first().map_or(1, |part| part.info.scale);
        let Some(part) = self.parts.last_mut() else { return };
        let scaled = |ticks: i64| match part.info.scale == first {
            true => ticks,
            false => {
                let ns = i128::from(ticks) * i128::from(part.info.scale);
                i64::try_from(ns / i128::from(first)).unwrap_or(i64::MAX)
            }
        };
        let duration = i64::try_from(part.track.default_duration / part.info.scale).unwrap_or(0);
        let follows = self.times.last.map(|last| last.saturating_add(self.times.step.unwrap_or(1)));
        // What is joined goes on where the part before it ends.
        let time = match (block.time.map(scaled), follows) {
            (Some(time), Some(follows)) if index > 0 => {
                let shift = *part.shift.get_or_insert(follows.saturating_sub(time));
                time.saturating_add(shift)
            }
            (Some(time), _) => time.saturating_add(*part.shift.get_or_insert(0)),
            // A cluster that does not say when it is goes on.
            (None, follows) => {
                let within = scaled(block.header.time.into());
                let start = follows.unwrap_or(0).saturating_sub(within);
                self.start.get_or_insert(start).saturating_add(within)
            }
        };
        let frames = block.header.frames(block.size);
        let count = frames.len();
        for (i, (at, bytes)) in frames.into_iter().enumerate().rev() {
            let later = match duration {
                0 => (i == 0).then_some(0),
                _ => Some(scaled(duration).saturating_mul(i as i64)),
            };
            self.waiting.push(Item::Frame(Frame {
                offset: block.body + at,
                bytes,
                time: later.map(|later| time.saturating_add(later)),
                part: index,
                is_key: block.is_key && i == 0,
                is_cut: block.is_cut && i + 1 == count,
            }));
        }
        let is_next = self.times.is_next(time);
        let doubt = self.doubt.take().filter(|_| !is_next);
        if let Some(mut fault) = self.damage.take().or(doubt) {
            if let (StreamFault::Container(what), true) = (&fault.kind, is_next) {
                fault.kind = StreamFault::Skipped(what);
            }
            self.waiting.push(Item::Fault(fault));
        }
        self.times.take(time);
    }
}
