//! Where the samples of movie fragments (8.8) are, and when they are shown.

use std::collections::{BTreeSet, VecDeque};

use super::Sample;
use super::boxes::{self, Fields, Header, Kind};
use super::input::Input;
use super::walk::Found;
use crate::error::{self, StreamError, StreamFault};

/// `sample_is_non_sync_sample` of sample flags (8.8.3.1).
const NON_SYNC_SAMPLE: u32 = 1 << 16;

/// What is so of samples that do not say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Defaults {
    /// Number of the sample entry, from 1.
    description: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

/// Those of all fragments, by track.
pub(super) type AllDefaults = Vec<(u32, Defaults)>;

/// Those that `trex` boxes give (8.8.3).
pub(super) fn defaults(mvex: &[u8]) -> AllDefaults {
    let trex = |(_, body): (Kind, _)| {
        let mut fields = Fields(body);
        let _version = fields.version()?;
        let track = fields.u32()?;
        let description = fields.u32()?;
        let (duration, size, flags) = (fields.u32()?, fields.u32()?, fields.u32()?);
        Some((track, Defaults { description, duration, size, flags }))
    };
    boxes::children(mvex).filter(|(kind, _)| kind == b"trex").filter_map(trex).collect()
}

/// A track that fragments are read for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) track: u32,
    pub(super) defaults: AllDefaults,
    /// When the next sample is decoded.
    pub(super) time: i64,
    /// The samples of the fragments before, as far as they can come again.
    pub(super) seen: Seen,
    /// When the last one shown ends.
    pub(super) until: i64,
    /// Samples that can still be remembered.
    pub(super) room: u64,
    /// What offsets in the file count from.
    pub(super) base: u64,
    /// The sample of the last fragment of which nobody says how large it is, alone in its run.
    pub(super) is_open: Option<usize>,
}

/// Samples that are remembered of the fragments before: some minutes.
const SEEN: usize = 1 << 14;

/// The last samples: when they are decoded, and their bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    list: VecDeque<(i64, u32)>,
    set: BTreeSet<(i64, u32)>,
    /// When the last one is decoded of the fragment before, and of this one.
    before: Option<i64>,
    last: Option<i64>,
}

impl Seen {
    /// Another fragment begins.
    fn begin(&mut self) {
        self.before = self.last;
    }

    /// Takes note of a sample; whether it has been in a fragment before.
    fn take(&mut self, time: i64, bytes: u32) -> bool {
        self.last = Some(time);
        let is_early = self.before.is_some_and(|before| time <= before);
        if is_early && self.set.contains(&(time, bytes)) {
            return true;
        }
        self.set.insert((time, bytes));
        self.list.push_back((time, bytes));
        let is_full = self.set.len() > SEEN;
        if let Some(oldest) = if is_full { self.list.pop_front() } else { None } {
            self.set.remove(&oldest);
        }
        false
    }
}

/// `tfhd`, 8.8.7.
struct Head {
    track: u32,
    base: Option<u64>,
    /// Offsets without a base count from the start of the fragment.
    is_moof_base: bool,
    defaults: Defaults,
}

impl Head {
    fn read(body: &[u8], all: &[(u32, Defaults)]) -> Option<Self> {
        let mut fields = Fields(body);
        let (_, flags) = fields.version()?;
        // What is cut off it is as if it were not said.
        let track = fields.u32().or_else(|| all.first().map(|(track, _)| *track))?;
        let known = all.iter().find(|(of, _)| *of == track);
        let mut defaults = known.map_or_else(Defaults::default, |(_, defaults)| *defaults);
        let base = if flags & 1 == 0 { None } else { fields.u64() };
        let fields_of = [
            (2, &mut defaults.description),
            (8, &mut defaults.duration),
            (16, &mut defaults.size),
            (32, &mut defaults.flags),
        ];
        for (flag, field) in fields_of {
            if flags & flag != 0 {
                *field = fields.u32().unwrap_or(*field);
            }
        }
        Some(Self { track, base, is_moof_base: flags & 0x2_0000 != 0, defaults })
    }
}

/// When the samples of a track fragment begin (`tfdt`, 8.8.12).
fn begin(body: &[u8]) -> Option<i64> {
    let mut fields = Fields(body);
    let (version, _) = fields.version()?;
    i64::try_from(fields.wide(version != 0)?).ok()
}

impl Wanted {
    /// Adds the samples of a fragment, `moof`, which is at `at`, to `samples`.
    ///
    /// # Errors
    /// What is wrong with it; the samples that it says properly are added.
    pub(super) fn add(
        &mut self,
        moof: &[u8],
        at: u64,
        samples: &mut Vec<Sample>,
    ) -> Result<(), &'static str> {
        self.seen.begin();
        self.is_open = None;
        // Where the data of the track fragment before it end.
        let mut before = at;
        let tracks = tracks(moof);
        let mut done = if tracks.is_empty() { Err("there is no track in it") } else { Ok(()) };
        for traf in tracks {
            let of = |kind: &'static Kind| traf.iter().filter(move |(is, _)| is == kind);
            let head = of(b"tfhd").find_map(|(_, body)| Head::read(body, &self.defaults));
            let Some(head) = head else {
                done = Err("a track in it has no header");
                continue;
            };
            let base = match head.base {
                Some(offset) => offset.saturating_add(self.base),
                None if head.is_moof_base => at,
                None => before,
            };
            let mut run = Run { head: &head, base, at: base };
            if head.track != self.track {
                of(b"trun").for_each(|(_, trun)| run.pass(trun));
            } else {
                let begins = of(b"tfdt").filter_map(|(_, body)| begin(body));
                self.time = begins.fold(self.time, |_, time| time);
                for (_, trun) in of(b"trun") {
                    done = done.and(run.add(trun, self, samples));
                }
                if of(b"trun").next().is_none() && traf.iter().any(|(kind, _)| is_unknown(*kind)) {
                    done = Err("a track in it has no samples");
                }
            }
            before = run.at;
        }
        done
    }
}

/// Gives `sample`, of the fragment `moof`, the bytes up to the end of the media behind it. What is wrong.
pub(super) fn close(
    sample: &mut Sample,
    moof: &Found,
    input: &mut Input,
) -> error::Result<StreamError> {
    let head = input.read(moof.end, Header::MAX as u64)?;
    let mdat = Header::read(&head).filter(|header| &header.kind == b"mdat");
    let body = |header: &Header| moof.end.saturating_add(header.header);
    let end = mdat.filter(|header| sample.offset >= body(header)).and_then(|header| header.bytes);
    let bytes = end.and_then(|bytes| moof.end.checked_add(bytes)?.checked_sub(sample.offset));
    sample.bytes = bytes.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(0);
    let mut fault = crate::demuxer("MP4", &"a sample has no size", moof.at);
    if sample.bytes > 0 {
        fault.kind =
            StreamFault::Skipped("a sample has no size, and is taken up to where its box ends");
    }
    Ok(fault)
}

/// Whether `moof`, which has `body`, is there once more right behind it: the media is behind the last.
pub(super) fn comes_again(moof: &Found, body: &[u8], input: &mut Input) -> error::Result<bool> {
    let bytes = moof.end - moof.body;
    let Some((body, next)) = usize::try_from(bytes).ok().and_then(|n| body.split_at_checked(n))
    else {
        return Ok(false);
    };
    let header = Header::read(next)
        .filter(|header| &header.kind == b"moof" && header.bytes == Some(moof.end - moof.at));
    let Some(header) = header else { return Ok(false) };
    Ok(input.read(moof.end.saturating_add(header.header), bytes)? == body)
}

/// The boxes of each track fragment in `moof`. Where its size is wrong, they are behind it, and others
/// in it.
fn tracks(moof: &[u8]) -> Vec<Vec<(Kind, &[u8])>> {
    let mut tracks: Vec<Vec<_>> = Vec::new();
    for (kind, data, bytes) in boxes::overlapping(moof, moof.len()) {
        match (&kind, tracks.last_mut()) {
            (b"traf", _) => {
                let mut wait = vec![(data, bytes)];
                while let Some((data, bytes)) = wait.pop() {
                    let all = boxes::overlapping(data, bytes);
                    let (inner, own): (Vec<_>, Vec<_>) = all.partition(|(is, ..)| is == b"traf");
                    let own = own.into_iter().map(|(kind, data, n)| (kind, boxes::cut(data, n)));
                    tracks.push(own.collect());
                    wait.extend(inner.into_iter().rev().map(|(_, data, bytes)| (data, bytes)));
                }
            }
            (b"tfhd" | b"tfdt" | b"trun", Some(last)) => {
                last.push((kind, boxes::cut(data, bytes)));
            }
            _ => {}
        }
    }
    tracks
}

/// Whether `kind` is not that of a box of track fragments: what is there may be no box at all.
fn is_unknown(kind: Kind) -> bool {
    const KNOWN: [&Kind; 14] = [
        b"tfhd", b"tfdt", b"trun", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"senc", b"meta",
        b"udta", b"uuid", b"free", b"skip",
    ];
    !KNOWN.contains(&&kind)
}

/// The runs of a track fragment.
struct Run<'r> {
    head: &'r Head,
    base: u64,
    /// Where the next sample is.
    at: u64,
}

/// What a run has for each sample, in this order, and the flags that say so.
const FIELDS: [u32; 4] = [0x100, 0x200, 0x400, 0x800];

/// `trun`, 8.8.8.
struct Trun<'t> {
    flags: u32,
    count: u32,
    first_flags: Option<u32>,
    fields: Fields<'t>,
}

impl Run<'_> {
    /// Reads the head of a run, and goes where it says that its samples are.
    fn begin<'t>(&mut self, body: &'t [u8]) -> Option<Trun<'t>> {
        let mut fields = Fields(body);
        let (_, flags) = fields.version()?;
        let count = fields.u32()?;
        if flags & 1 != 0 {
            self.at = self.base.saturating_add_signed(fields.i32()?.into());
        }
        let first_flags = if flags & 4 != 0 { Some(fields.u32()?) } else { None };
        Some(Trun { flags, count, first_flags, fields })
    }

    /// Passes over samples of another track.
    fn pass(&mut self, body: &[u8]) {
        let Some(mut trun) = self.begin(body) else { return };
        let size = self.head.defaults.size;
        if trun.flags & FIELDS[1] == 0 {
            // There may be as many as one cares to write into a few bytes.
            self.at = self.at.saturating_add(u64::from(trun.count) * u64::from(size));
            return;
        }
        for _ in 0..trun.count {
            let Some([_, size, ..]) = trun.next() else { break };
            self.at = self.at.saturating_add(size.unwrap_or(0).into());
        }
    }

    /// Adds its samples to `samples`.
    fn add(
        &mut self,
        body: &[u8],
        wanted: &mut Wanted,
        samples: &mut Vec<Sample>,
    ) -> Result<(), &'static str> {
        const SHORT: &str = "a track in it has fewer samples than it says";
        let mut trun = self.begin(body).ok_or(SHORT)?;
        let defaults = self.head.defaults;
        for index in 0..trun.count {
            if samples.len() as u64 >= wanted.room {
                return Err("there are more samples than can be remembered");
            }
            let [duration, size, flags, offset] = trun.next().ok_or(SHORT)?;
            let first = trun.first_flags.filter(|_| index == 0);
            let flags = first.or(flags).unwrap_or(defaults.flags);
            let bytes = size.unwrap_or(defaults.size);
            match (size, bytes, trun.count) {
                (None, 0, 1) => wanted.is_open = Some(samples.len()),
                (None, 0, _) => return Err("its samples have no size"),
                _ => {}
            }
            // Those of version 0 are unsigned, but muxers have written negative ones.
            let time = wanted.time.saturating_add((offset.unwrap_or(0) as i32).into());
            samples.push(Sample {
                offset: self.at,
                bytes,
                time,
                entry: defaults.description.wrapping_sub(1) as u16,
                is_sync: flags & NON_SYNC_SAMPLE == 0,
                // What comes again was shown: streams are recorded with parts that overlap.
                is_hidden: wanted.seen.take(wanted.time, bytes),
            });
            let lasts = i64::from(duration.unwrap_or(defaults.duration));
            wanted.time = wanted.time.saturating_add(lasts);
            wanted.until = wanted.until.max(time.saturating_add(lasts));
            self.at = self.at.saturating_add(bytes.into());
        }
        Ok(())
    }
}

impl Trun<'_> {
    /// Duration, size, flags and composition offset of the next sample, where they are given.
    fn next(&mut self) -> Option<[Option<u32>; 4]> {
        let mut sample = [None; 4];
        for (flag, field) in FIELDS.into_iter().zip(&mut sample) {
            if self.flags & flag != 0 {
                *field = Some(self.fields.u32()?);
            }
        }
        Some(sample)
    }
}
