//! What the boxes of a file say: the samples of its track, and what was lost of them.

use super::bodies::{self, limit};
use super::boxes::{self, Kind, SLACK};
use super::edits::{self, Edit};
use super::fragments::{self, Seen, Wanted};
use super::image;
use super::input::Input;
use super::tables::Samples;
use super::track::{self, Coding, Entry, Track};
use super::transforms::Orientation;
use super::walk::{Found, Next, Walk};
use super::{MAX_SAMPLES, Sample};
use crate::error::{Error, Result, StreamError, Unsupported};
use crate::{OtherTrack, SourceInfo, demuxer, fault, rate, ticks};
use av1_syntax::limits::Limits;

/// Samples of a movie box or of a fragment in a pipe, of which nobody knows how many fit in.
const PIPE_SAMPLES: u64 = 1 << 20;

/// Bytes of a pipe that are held where media is before the fragment that it is of.
const HELD: u64 = 64 << 20;

/// How many times as many bytes as there are in a file are read of its boxes.
const MAX_READ: u64 = 4;

/// Faults that are remembered: more are those of a file that is broken throughout.
const MAX_LOSSES: usize = 256;

/// See the module.
pub(super) struct Movie {
    pub(super) info: SourceInfo,
    pub(super) samples: Vec<Sample>,
    /// What was lost, and before which sample.
    pub(super) losses: Vec<(usize, StreamError)>,
    pub(super) is_image: bool,
    /// The track_ID of the track that is wanted; else the first of AV1.
    pub(super) wish: Option<u64>,
    /// Those of the tracks of AV1.
    ids: Vec<u32>,
    /// The sample entries of all movie boxes.
    entries: Vec<Entry>,
    walk: Walk,
    epoch: Option<Epoch>,
    /// When what there is so far ends, in ticks.
    until: i64,
    /// The samples of the tables without their edit list.
    unedited: Option<Samples>,
    meta: Option<Found>,
    /// Where the file starts that is read; another may be joined to it.
    base: u64,
    /// A box that the file does not hold whole.
    cut: Option<Found>,
    /// What tracks there are that are not of AV1.
    others: Vec<Kind>,
    /// Those beside the one that is wanted.
    pub(super) beside: Vec<OtherTrack>,
    has_moov: bool,
    /// Where the first sample of each movie box is.
    firsts: Vec<u64>,
    /// Bytes of boxes that were read whole.
    read: u64,
    /// Where the last sample ends that was known.
    known: u64,
}

/// What a movie box is for the fragments after it.
struct Epoch {
    wanted: Wanted,
    /// Whether fragments may come.
    has_fragments: bool,
    /// Ticks of a second.
    timescale: u32,
    /// The first of its sample entries.
    entries: u16,
    /// What its edit list adds to times of fragments, in its ticks.
    edit_shift: i64,
    /// What is added to all times, in ticks of the first; not known until there are some.
    shift: Option<i64>,
}

impl Default for Movie {
    fn default() -> Self {
        Self {
            info: SourceInfo::new("MP4"),
            samples: Vec::new(),
            losses: Vec::new(),
            is_image: false,
            wish: None,
            ids: Vec::new(),
            entries: Vec::new(),
            walk: Walk::default(),
            epoch: None,
            until: 0,
            unedited: None,
            meta: None,
            base: 0,
            cut: None,
            others: Vec::new(),
            beside: Vec::new(),
            has_moov: false,
            firsts: Vec::new(),
            read: 0,
            known: 0,
        }
    }
}

impl Movie {
    /// Reads the boxes of `input` from where the last walk ended: all of a file, those up to the
    /// next samples or the next loss of a pipe.
    pub(super) fn walk(&mut self, input: &mut Input) -> Result<()> {
        let is_pipe = input.is_pipe();
        while !(is_pipe && (!self.samples.is_empty() || !self.losses.is_empty())) {
            if is_pipe && self.has_track() {
                self.walk.forget(input)?;
            }
            match self.walk.next(input)? {
                None => break,
                Some(Next::Box(found)) => self.take(&found, input)?,
                Some(Next::Cut(at)) if self.epoch.as_ref().is_some_and(|it| it.has_fragments) => {
                    let what = "the file ends in the header of a box";
                    self.lose(fault(what, at, Some("ISO/IEC 14496-12, 4.2")));
                }
                Some(Next::Cut(_)) => {}
                Some(Next::Gap(from, to)) => {
                    let text = format!("there are no boxes from here up to byte {to}");
                    self.lose(demuxer("MP4", &text, from));
                }
            }
        }
        self.sum_up(is_pipe);
        Ok(())
    }

    /// What the samples say of the whole.
    fn sum_up(&mut self, is_pipe: bool) {
        if self.info.frame_rate.is_none() {
            self.info.frame_rate = self.frame_rate();
        }
        let is_all = !is_pipe || self.epoch.as_ref().is_some_and(|epoch| !epoch.has_fragments);
        let shown = || self.samples.iter().filter(|sample| !sample.is_hidden);
        if let (true, Some(base), Some(first)) =
            (is_all, self.info.time_base, shown().map(|sample| sample.time).min())
        {
            self.info.unit_count = Some(shown().count() as u64);
            self.info.duration = Some(ticks(self.until.saturating_sub(first), base));
        }
    }

    /// The mean rate of the pictures.
    fn frame_rate(&self) -> Option<(u32, u32)> {
        let shown = || self.samples.iter().filter(|sample| !sample.is_hidden);
        let times = || shown().map(|sample| sample.time);
        let ticks = times().max()?.checked_sub(times().min()?)?;
        let intervals = (shown().count() as u64).checked_sub(1)?;
        let (_, timescale) = self.info.time_base?;
        rate(intervals.checked_mul(timescale.into())?, u64::try_from(ticks).ok()?)
    }

    /// Whether there is a track of AV1.
    pub(super) fn has_track(&self) -> bool {
        self.epoch.is_some()
    }

    /// Where the walk goes on.
    pub(super) fn next_box(&self) -> u64 {
        self.walk.at()
    }

    /// The sample entry of this number, or of the last before it.
    pub(super) fn entry(&self, number: u16) -> Option<&Entry> {
        self.entries.get(usize::from(number)).or(self.entries.last())
    }

    /// Forgets the samples and losses, which were read.
    pub(super) fn forget(&mut self) {
        self.samples.clear();
        self.losses.clear();
    }

    fn lose(&mut self, loss: StreamError) {
        if self.losses.len() < MAX_LOSSES {
            self.losses.push((self.samples.len(), loss));
        }
    }

    /// Takes note that so many bytes of a box at `at` are to be read whole; whether they may be:
    /// after damage boxes may be found in others, in which they were read.
    fn may_read(&mut self, bytes: u64, at: u64, input: &Input) -> Result<bool> {
        limit(bytes)?;
        self.read = self.read.saturating_add(bytes);
        let most = input.end().unwrap_or(u64::MAX).saturating_mul(MAX_READ);
        if self.read > most {
            self.walk.give_up();
            self.lose(fault("boxes are in one another", at, Some("ISO/IEC 14496-12, 4.2")));
        }
        Ok(self.read <= most)
    }

    fn take(&mut self, found: &Found, input: &mut Input) -> Result<()> {
        match &found.kind {
            // Another file.
            b"ftyp" if self.has_moov => self.base = found.at,
            b"moov" => self.moov(found, input)?,
            b"moof" => self.moof(found, input)?,
            b"meta" => self.meta = self.meta.or(Some(*found)),
            b"mdat" if input.is_pipe() => self.mdat(found),
            _ => {}
        }
        if !found.is_cut {
            return Ok(());
        }
        self.cut = Some(*found);
        let has_fragments = self.epoch.as_ref().is_none_or(|epoch| epoch.has_fragments);
        if has_fragments && self.walk.look_inside(input, found)? && &found.kind != b"moof" {
            let text = format!("the box {} is longer than the file", boxes::name(found.kind));
            self.lose(demuxer("MP4", &text, found.at));
        }
        Ok(())
    }

    /// Media in a pipe: what no sample is known of may be that of a fragment behind it.
    fn mdat(&mut self, found: &Found) {
        if !self.has_moov {
            log::warn!("the index of this MP4 file is behind its pictures: it is read whole");
        }
        let has_fragments = self.epoch.as_ref().is_some_and(|epoch| epoch.has_fragments);
        if has_fragments && self.known <= found.body && found.end - found.body <= HELD {
            self.walk.hold(found.at);
        }
    }

    fn moov(&mut self, found: &Found, input: &mut Input) -> Result<()> {
        self.has_moov = true;
        if !self.may_read(0, found.at, input)? {
            return Ok(());
        }
        let bodies = bodies::of_movie(found, input)?;
        self.read += bodies.iter().map(|(_, body)| body.len() as u64).sum::<u64>();
        let of = |kind: &'static Kind| {
            bodies.iter().filter(move |(is, _)| is == kind).map(|(_, body)| &body[..])
        };
        let timescale = of(b"mvhd").find_map(track::movie_timescale).unwrap_or(1);
        let end = input.end().unwrap_or(PIPE_SAMPLES);
        let tracks = of(b"trak").map(|trak| Track::read(trak, timescale, end, self.base));
        let mut tracks: Vec<_> = tracks.collect();
        let has_alpha = tracks.iter().any(|track| track.is_auxiliary() && track.is_alpha);
        // The first that has samples, if their tables say which.
        self.ids = tracks.iter().filter(|track| track.is_av1()).map(|track| track.id).collect();
        let is_wanted = |track: &Track| {
            track.is_av1() && self.wish.is_none_or(|wish| wish == u64::from(track.id))
        };
        let of_av1 = || tracks.iter().enumerate().filter(|(_, track)| is_wanted(track));
        let filled = of_av1().find(|(_, track)| !track.samples.list.is_empty());
        let Some((index, _)) = filled.or(of_av1().next()) else {
            let entries = tracks.iter().flat_map(|track| &track.entries);
            self.others.extend(entries.filter_map(|entry| match entry.coding {
                Coding::Other(kind) => Some(kind),
                _ => None,
            }));
            return Ok(());
        };
        // The same tables once more are nothing new.
        let first = tracks.get(index).and_then(|track| track.samples.list.first());
        match first.map(|sample| sample.offset) {
            Some(first) if self.firsts.contains(&first) => return Ok(()),
            first => self.firsts.extend(first),
        }
        let mvex: Vec<_> = of(b"mvex").map(fragments::defaults).collect();
        let track = tracks.remove(index);
        if self.epoch.is_none() {
            self.beside = tracks.iter().map(Track::other).collect();
        }
        self.begin(track, (!mvex.is_empty()).then(|| mvex.concat()), has_alpha);
        Ok(())
    }

    /// From here on samples are those of `track`, of fragments too if there are `defaults` of them.
    fn begin(&mut self, track: Track, defaults: Option<fragments::AllDefaults>, has_alpha: bool) {
        let is_first = self.epoch.is_none();
        let Ok(entries) = u16::try_from(self.entries.len()) else { return };
        self.entries.extend(track.entries.iter().cloned());
        let has_fragments = defaults.is_some();
        let (samples, edit_shift) = self.edited(&track.edits, track.samples, has_fragments);
        self.epoch = Some(Epoch {
            wanted: Wanted {
                track: track.id,
                defaults: defaults.unwrap_or_default(),
                time: samples.end,
                until: samples.end,
                seen: Seen::default(),
                room: 0,
                base: self.base,
                is_open: None,
            },
            has_fragments,
            timescale: track.timescale,
            entries,
            edit_shift,
            shift: is_first.then_some(0),
        });
        if is_first {
            let orientation = Orientation::of_matrix(track.matrix);
            let entry = track.entries.iter().find(|entry| entry.is_av1());
            self.info = SourceInfo {
                time_base: Some((1, track.timescale)),
                pixel_aspect: entry.and_then(|entry| entry.pixel_aspect),
                crop: entry.and_then(|entry| entry.crop),
                rotation: orientation.rotation,
                is_mirrored: orientation.is_mirrored,
                has_alpha,
                ..self.info
            };
        }
        let lost = samples.lost;
        self.append(samples.list, samples.end, 0);
        if lost > 0 {
            let text = format!("{lost} samples have no size, or no place");
            self.lose(demuxer("MP4", &text, 0));
        }
    }

    /// The samples of tables as `edits` have them, and what those add to times of fragments.
    fn edited(&mut self, edits: &[Edit], samples: Samples, has_fragments: bool) -> (Samples, i64) {
        if edits.is_empty() {
            return (samples, 0);
        }
        let edited = match has_fragments {
            false => edits::apply(edits, &samples),
            true => None,
        };
        let shift = edits::shift(edits);
        let edited = edited.unwrap_or_else(|| {
            if !has_fragments && !samples.list.is_empty() {
                log::warn!("the edit list of the MP4 file is ignored: it would show nothing");
            }
            samples.clone().later(shift)
        });
        if self.epoch.is_none() {
            self.unedited = Some(samples);
        }
        (edited, shift)
    }

    /// Adds the samples of `list`, the last of which ends at `end`, each `shift` later.
    fn append(&mut self, list: Vec<Sample>, end: i64, shift: i64) {
        let (Some(epoch), Some((_, base))) = (&mut self.epoch, self.info.time_base) else { return };
        let timescale = epoch.timescale;
        let scaled = |time: i64| scale(time.saturating_add(shift), base, timescale);
        // What is joined to it follows it.
        let first = list.iter().map(|sample| scaled(sample.time)).min();
        let until = self.until;
        if let Some(first) = first {
            epoch.shift.get_or_insert(until.saturating_sub(first).max(0));
        }
        let (joined, entries) = (epoch.shift.unwrap_or(0), epoch.entries);
        let filled = list.into_iter().filter(|sample| sample.bytes > 0);
        let known = &mut self.known;
        let filled = filled.inspect(|sample| {
            *known = sample.offset.saturating_add(sample.bytes.into()).max(*known);
        });
        self.samples.extend(filled.map(|sample| Sample {
            time: scaled(sample.time).saturating_add(joined),
            entry: sample.entry.saturating_add(entries),
            ..sample
        }));
        self.until = until.max(scaled(end).saturating_add(joined));
    }

    fn moof(&mut self, found: &Found, input: &mut Input) -> Result<()> {
        let room = input.end().unwrap_or(PIPE_SAMPLES).min(MAX_SAMPLES);
        let bytes = found.end - found.body;
        if self.epoch.is_none() || !self.may_read(bytes, found.at, input)? {
            return Ok(());
        }
        let Some(epoch) = &mut self.epoch else { return Ok(()) };
        epoch.has_fragments = true;
        self.walk.release();
        let body = input.read(found.body, bytes + SLACK as u64)?;
        if fragments::comes_again(found, &body, input)? {
            return Ok(());
        }
        let is_cut = found.is_cut || (body.len() as u64) < bytes;
        let mut list = Vec::new();
        epoch.wanted.room = room.saturating_sub(self.samples.len() as u64);
        let added = epoch.wanted.add(&body, found.at, &mut list);
        let (until, shift) = (epoch.wanted.until, epoch.edit_shift);
        if let Some(sample) = epoch.wanted.is_open.and_then(|index| list.get_mut(index)) {
            self.lose(fragments::close(sample, found, input)?);
        }
        self.append(list, until, shift);
        match added {
            _ if is_cut => {
                let what = "a movie fragment is cut short";
                self.lose(fault(what, found.at, Some("ISO/IEC 14496-12, 8.8.4")));
            }
            Err(what) => {
                let text = format!("a movie fragment is broken: {what}");
                self.lose(demuxer("MP4", &text, found.at));
            }
            _ => {}
        }
        Ok(())
    }

    /// All samples are shown, when the media says.
    pub(super) fn ignore_edit_list(&mut self) {
        let Some(epoch) = &mut self.epoch else { return };
        let has_fragments = epoch.has_fragments;
        let shift = std::mem::take(&mut epoch.edit_shift);
        match self.unedited.take() {
            Some(unedited) if !has_fragments => {
                self.samples.clear();
                self.until = 0;
                self.append(unedited.list, unedited.end, 0);
                let count = self.samples.len();
                self.losses.iter_mut().for_each(|(before, _)| *before = count);
            }
            _ => {
                for sample in &mut self.samples {
                    sample.time = sample.time.saturating_sub(shift);
                }
                self.until = self.until.saturating_sub(shift);
            }
        }
        self.sum_up(false);
    }

    /// The data of the image, if it is one.
    pub(super) fn image(&mut self, input: &mut Input, limits: &Limits) -> Result<Option<Vec<u8>>> {
        let Some(found) = self.meta else { return Ok(None) };
        let bytes = found.end - found.body;
        limit(bytes)?;
        let body = input.read(found.body, bytes)?;
        let image = image::read(&body, input, limits)?;
        self.info = SourceInfo {
            container: "AVIF",
            unit_count: Some(image.parts.len() as u64),
            pixel_aspect: image.pixel_aspect,
            rotation: image.orientation.rotation,
            is_mirrored: image.orientation.is_mirrored,
            crop: image.crop,
            grid: image.grid,
            has_alpha: image.has_alpha,
            ..self.info
        };
        let mut offset = 0;
        for part in &image.parts {
            let bytes = part.len() as u32;
            self.samples.push(Sample { offset, bytes, is_sync: true, ..Sample::default() });
            offset += u64::from(bytes);
        }
        self.entries = vec![Entry { config: image.config, ..Entry::default() }];
        self.is_image = true;
        Ok(Some(image.parts.concat()))
    }

    /// Why there is nothing to decode.
    pub(super) fn no_track(&self) -> Error {
        if let Some(cut) = &self.cut {
            let kind = boxes::name(cut.kind);
            let error = format!("the box {kind} is cut short, and no track is known");
            return demuxer("MP4", &error, cut.at).into();
        }
        if !self.has_moov {
            return fault("there is no moov box in this MP4 file", 0, None).into();
        }
        if let Some(wish) = self.wish {
            let ids: Vec<_> = self.ids.iter().map(u32::to_string).collect();
            let ids = if ids.is_empty() { "none".into() } else { ids.join(", ") };
            let what = format!("track {wish} of an MP4 file whose tracks of AV1 are {ids}");
            return Unsupported::Stream(what).into();
        }
        let others: Vec<_> = self.others.iter().map(|kind| boxes::name(*kind)).collect();
        let others = if others.is_empty() { "nothing".into() } else { others.join(", ") };
        Unsupported::Stream(format!("an MP4 file without a track of AV1, with {others}")).into()
    }
}

/// `time` in ticks of which a second has `to`, and not `from`.
fn scale(time: i64, to: u32, from: u32) -> i64 {
    if to == from {
        return time;
    }
    let scaled = i128::from(time) * i128::from(to) / i128::from(from.max(1));
    i64::try_from(scaled).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX })
}
