//! Where the samples of a track are, and when they are shown: tables and fragments.

use mp4_atom::{Moof, Moov, Stbl, StszSamples, Traf, Trak, Trex, TrunSamples};

use super::Sample;

/// `sample_is_non_sync_sample` of sample flags (8.8.3.1).
const NON_SYNC_SAMPLE: u32 = 1 << 16;

/// Samples that are remembered: those of three days at 60 frames a second.
const MAX_SAMPLES: usize = 1 << 24;

/// What is wrong with the tables.
type Result<T> = std::result::Result<T, &'static str>;

/// `count` as long as there may be so many samples in a file of `end` bytes.
fn plausible(count: usize, end: u64) -> Result<usize> {
    match count {
        count if count as u64 > end => Err("there are more samples than bytes in the file"),
        count if count > MAX_SAMPLES => Err("there are more samples than can be remembered"),
        count => Ok(count),
    }
}

/// The values of a run-length coded table, the last one for ever.
fn runs<T: Copy + Default>(entries: impl Iterator<Item = (u32, T)>) -> impl Iterator<Item = T> {
    let mut entries = entries.peekable();
    let (mut left, mut value) = (0, T::default());
    std::iter::from_fn(move || {
        while left == 0 {
            match entries.next() {
                Some((count, next)) => (left, value) = (count, next),
                None => left = u32::MAX,
            }
        }
        left -= 1;
        Some(value)
    })
}

/// The samples of the tables in the movie box (8.6 and 8.7), with composition times.
pub(super) fn of_tables(stbl: &Stbl, end: u64) -> Result<Vec<Sample>> {
    let count = match &stbl.stsz.samples {
        StszSamples::Identical { count, .. } => *count as usize,
        StszSamples::Different { sizes } => sizes.len(),
    };
    let count = plausible(count, end)?;
    let bytes = |sample: usize| match &stbl.stsz.samples {
        StszSamples::Identical { size, .. } => *size,
        StszSamples::Different { sizes } => sizes.get(sample).copied().unwrap_or(0),
    };
    let mut samples = Vec::with_capacity(count);
    let mut chunk_runs = stbl.stsc.entries.iter().peekable();
    let mut samples_per_chunk = 0;
    for (number, chunk) in (1_u32..).zip(chunks(stbl)) {
        while let Some(run) = chunk_runs.next_if(|run| run.first_chunk <= number) {
            samples_per_chunk = run.samples_per_chunk as usize;
        }
        let mut offset = chunk;
        let first = samples.len();
        for sample in first..count.min(first.saturating_add(samples_per_chunk)) {
            samples.push(Sample { offset, bytes: bytes(sample), time: 0, is_sync: false });
            offset = offset.saturating_add(bytes(sample).into());
        }
    }
    if samples.len() < count {
        return Err("the chunks hold fewer samples than there are sizes");
    }
    let deltas = runs(stbl.stts.entries.iter().map(|e| (e.sample_count, e.sample_delta)));
    let ctts = stbl.ctts.iter().flat_map(|ctts| &ctts.entries);
    let offsets = runs(ctts.map(|e| (e.sample_count, e.sample_offset)));
    let mut decoded = 0_i64;
    for ((sample, delta), offset) in samples.iter_mut().zip(deltas).zip(offsets) {
        sample.time = decoded.saturating_add(offset);
        decoded = decoded.saturating_add(delta.into());
    }
    match &stbl.stss {
        // Without the table every sample is one (8.6.2).
        None => samples.iter_mut().for_each(|sample| sample.is_sync = true),
        Some(stss) => {
            for number in &stss.entries {
                let index = (*number as usize).wrapping_sub(1);
                samples.get_mut(index).into_iter().for_each(|sample| sample.is_sync = true);
            }
        }
    }
    Ok(samples)
}

fn chunks(stbl: &Stbl) -> Box<dyn Iterator<Item = u64> + '_> {
    match (&stbl.stco, &stbl.co64) {
        (Some(stco), _) => Box::new(stco.entries.iter().map(|offset| u64::from(*offset))),
        (None, Some(co64)) => Box::new(co64.entries.iter().copied()),
        (None, None) => Box::new(std::iter::empty()),
    }
}

/// Adds the samples of the movie fragments (8.8); when the last one ends, in ticks.
pub(super) fn of_fragments(
    moov: &Moov,
    trak: &Trak,
    moofs: &[(u64, Moof)],
    end: u64,
    samples: &mut Vec<Sample>,
) -> Result<i64> {
    let track = trak.tkhd.track_id;
    let trex = moov.mvex.iter().flat_map(|mvex| &mvex.trex).find(|trex| trex.track_id == track);
    let mut time = total(&trak.mdia.minf.stbl);
    for (start, moof) in moofs {
        // Where the data of the track fragment before it end.
        let mut before = *start;
        for traf in &moof.traf {
            let base = match traf.tfhd.base_data_offset {
                Some(offset) => offset,
                None if traf.tfhd.default_base_is_moof => *start,
                None => before,
            };
            let mut run = Run { traf, trex, at: base, time: &mut time, end };
            before = run.add(base, (traf.tfhd.track_id == track).then_some(&mut *samples))?;
        }
    }
    Ok(time)
}

/// Ticks that the samples of the tables last.
fn total(stbl: &Stbl) -> i64 {
    let ticks = |e: &mp4_atom::SttsEntry| i64::from(e.sample_count) * i64::from(e.sample_delta);
    stbl.stts.entries.iter().fold(0, |sum, entry| sum.saturating_add(ticks(entry)))
}

/// A track fragment.
struct Run<'r> {
    traf: &'r Traf,
    trex: Option<&'r Trex>,
    /// Where the next sample is.
    at: u64,
    /// When the next sample of the track is decoded.
    time: &'r mut i64,
    end: u64,
}

impl Run<'_> {
    /// Passes over samples of another track, which have `size` bytes where they do not say it.
    fn pass(&mut self, samples: &TrunSamples, size: u32) {
        let bytes = match samples {
            // There may be as many as one cares to write into a few bytes.
            TrunSamples::Inherited { count, .. } => u64::from(*count) * u64::from(size),
            TrunSamples::Explicit(entries) => {
                let sizes = entries.iter().map(|entry| u64::from(entry.size.unwrap_or(size)));
                sizes.fold(0, u64::saturating_add)
            }
        };
        self.at = self.at.saturating_add(bytes);
    }

    /// Adds its samples to `samples`, if they are of the track; where its data end.
    fn add(&mut self, base: u64, mut samples: Option<&mut Vec<Sample>>) -> Result<u64> {
        let tfhd = &self.traf.tfhd;
        let duration =
            tfhd.default_sample_duration.or(self.trex.map(|t| t.default_sample_duration));
        let size = tfhd.default_sample_size.or(self.trex.map(|t| t.default_sample_size));
        let flags = tfhd.default_sample_flags.or(self.trex.map(|t| t.default_sample_flags));
        if let (Some(tfdt), Some(_)) = (&self.traf.tfdt, &samples) {
            *self.time = i64::try_from(tfdt.base_media_decode_time).unwrap_or(i64::MAX);
        }
        for trun in &self.traf.trun {
            if let Some(offset) = trun.data_offset {
                self.at = base.saturating_add_signed(offset.into());
            }
            let Some(samples) = &mut samples else {
                self.pass(&trun.samples, size.unwrap_or(0));
                continue;
            };
            plausible(samples.len().saturating_add(trun.samples.len()), self.end)?;
            for entry in trun.samples.iter() {
                let bytes = entry.size.or(size).unwrap_or(0);
                let time = self.time.saturating_add(entry.cts.unwrap_or(0));
                let is_sync = entry.flags.or(flags).unwrap_or(0) & NON_SYNC_SAMPLE == 0;
                samples.push(Sample { offset: self.at, bytes, time, is_sync });
                let lasts = entry.duration.or(duration).unwrap_or(0);
                *self.time = self.time.saturating_add(lasts.into());
                self.at = self.at.saturating_add(bytes.into());
            }
        }
        Ok(self.at)
    }
}

/// What the edit list (8.6.6) adds to composition times: empty edits delay, and the first other
/// one says which time is the beginning.
pub(super) fn edit_shift(moov: &Moov, trak: &Trak) -> i64 {
    let entries = trak.edts.iter().flat_map(|edts| &edts.elst).flat_map(|elst| &elst.entries);
    let (movie, media) = (moov.mvhd.timescale.max(1), trak.mdia.mdhd.timescale);
    let mut shift = 0_i64;
    for entry in entries {
        match entry.media_time {
            None => {
                let ticks = u128::from(entry.segment_duration) * u128::from(media);
                let ticks = i64::try_from(ticks / u128::from(movie)).unwrap_or(i64::MAX);
                shift = shift.saturating_add(ticks);
            }
            Some(begin) => {
                return shift.saturating_sub(i64::try_from(begin).unwrap_or(i64::MAX));
            }
        }
    }
    shift
}
