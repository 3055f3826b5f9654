//! Edit lists (8.6.6): which samples are shown, and when.

use super::boxes::Fields;
use super::tables::Samples;
use super::{MAX_SAMPLES, Sample};

/// Samples that are looked at for all edits of a list together.
const MAX_WORK: u64 = 1 << 27;

/// One entry of an edit list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// How long it is, in ticks of the media.
    duration: i64,
    /// The media time that it begins with; nothing is shown without one.
    start: Option<i64>,
}

/// The entries of an edit list; `None` if there are none. The time scales are those of the movie
/// and of the media.
pub(super) fn read(elst: &[u8], movie: u32, media: u32) -> Option<Vec<Edit>> {
    let mut fields = Fields(elst);
    let (version, _) = fields.version()?;
    let count = fields.u32()?;
    let mut edits = Vec::new();
    let mut next = || {
        let duration = fields.wide(version == 1)?;
        let start = match version {
            1 => fields.u64()?.cast_signed(),
            _ => fields.i32()?.into(),
        };
        let _rate = fields.u32()?;
        let (movie, media) = (u128::from(movie.max(1)), u128::from(media));
        let ticks = (u128::from(duration) * media + movie / 2) / movie;
        let duration = i64::try_from(ticks).unwrap_or(i64::MAX);
        Some(Edit { duration, start: (start >= 0).then_some(start) })
    };
    for _ in 0..count {
        let Some(edit) = next() else { break };
        edits.push(edit);
    }
    (!edits.is_empty()).then_some(edits)
}

/// What `edits` add to composition times where all samples are shown: empty edits delay, and the
/// first other one says which time is the beginning.
pub(super) fn shift(edits: &[Edit]) -> i64 {
    let mut shift = 0_i64;
    for edit in edits {
        match edit.start {
            None => shift = shift.saturating_add(edit.duration),
            Some(start) => return shift.saturating_sub(start),
        }
    }
    shift
}

/// The samples that `edits` have decoded, in order, those hidden that are decoded for others'
/// sake only; `None` if nothing would be shown, or more than can be remembered.
pub(super) fn apply(edits: &[Edit], samples: &Samples) -> Option<Samples> {
    let mut edited = Samples { lost: samples.lost, ..Samples::default() };
    let mut begin = 0_i64;
    if edits.len() as u64 * samples.list.len() as u64 > MAX_WORK {
        return None;
    }
    for edit in edits {
        let mut duration = edit.duration;
        if let Some(start) = edit.start {
            // Without a duration it goes on to the end.
            let whole = samples.end.saturating_sub(start).max(0);
            duration = if duration == 0 { whole } else { duration };
            add(&mut edited.list, samples, (start, duration), begin);
            edited.end = begin.saturating_add(duration.min(whole));
        }
        begin = begin.saturating_add(duration);
        if edited.list.len() as u64 > MAX_SAMPLES.min(16 * samples.list.len() as u64) {
            return None;
        }
    }
    edited.list.iter().any(|sample| !sample.is_hidden).then_some(edited)
}

/// Adds the samples of the media that are decoded for those from `start` on, for `duration`; the
/// first of them is shown at `begin`.
fn add(to: &mut Vec<Sample>, samples: &Samples, (start, duration): (i64, i64), begin: i64) {
    let end = start.saturating_add(duration);
    let list = &samples.list;
    let before = |sample: &&Sample| sample.is_sync && sample.time <= start;
    let from = list.iter().rposition(|sample| before(&sample)).unwrap_or(0);
    // Pictures that come before a sync sample may be decoded after it.
    let mut syncs = if samples.is_reordered { 2 } else { 1 };
    let (first, mut shown) = (to.len(), to.len());
    let mut earliest = i64::MAX;
    for (index, sample) in list.iter().enumerate().skip(from) {
        let is_over = sample.is_sync && sample.time >= end && index > from;
        syncs -= u32::from(is_over);
        if syncs == 0 {
            break;
        }
        let is_hidden = sample.time < start || sample.time >= end;
        to.push(Sample { is_hidden, ..*sample });
        if !is_hidden {
            (shown, earliest) = (to.len(), earliest.min(sample.time));
        }
    }
    // Nothing needs what comes after the last picture.
    to.truncate(shown);
    for sample in to.iter_mut().skip(first) {
        sample.time = sample.time.saturating_sub(earliest).saturating_add(begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elst(version: u8, entries: &[(u64, i64)]) -> Vec<u8> {
        let mut body = vec![version, 0, 0, 0];
        body.extend((entries.len() as u32).to_be_bytes());
        for (duration, start) in entries {
            match version {
                1 => body.extend([duration.to_be_bytes(), start.to_be_bytes()].concat()),
                _ => body.extend(
                    [(*duration as u32).to_be_bytes(), (*start as i32).to_be_bytes()].concat(),
                ),
            }
            body.extend([0, 1, 0, 0]);
        }
        body
    }

    /// Samples ten ticks apart, the first of each `group` a sync sample.
    fn media(count: usize, group: usize) -> Samples {
        let sample = |index: usize| Sample {
            offset: index as u64,
            time: 10 * index as i64,
            is_sync: index.is_multiple_of(group),
            ..Sample::default()
        };
        let list = (0..count).map(sample).collect();
        Samples { list, end: 10 * count as i64, ..Samples::default() }
    }

    /// Number, time and whether it is shown, of each sample.
    fn edited(entries: &[(u64, i64)], samples: &Samples) -> Vec<(u64, i64, bool)> {
        let edits = read(&elst(1, entries), 10, 10).expect("edits");
        assert_eq!(read(&elst(0, entries), 10, 10).as_ref(), Some(&edits));
        let edited = apply(&edits, samples).expect("samples");
        edited.list.iter().map(|s| (s.offset, s.time, !s.is_hidden)).collect()
    }

    #[test]
    fn a_cut_hides_what_is_before_and_leaves_out_what_is_behind() {
        let found = edited(&[(20, 20)], &media(6, 6));
        assert_eq!(found, [(0, -20, false), (1, -10, false), (2, 0, true), (3, 10, true)]);
        assert_eq!(edited(&[(20, 30)], &media(6, 3)), [(3, 0, true), (4, 10, true)]);
    }

    #[test]
    fn ranges_follow_one_another_after_what_is_empty() {
        let found = edited(&[(5, -1), (10, 10), (7, -1), (20, 0)], &media(3, 3));
        let right = [(0, -5, false), (1, 5, true), (0, 22, true), (1, 32, true)];
        assert_eq!(found, right);
    }

    #[test]
    fn an_edit_without_a_duration_goes_on_to_the_end() {
        assert_eq!(edited(&[(0, 10)], &media(3, 1)), [(1, 0, true), (2, 10, true)]);
    }

    #[test]
    fn what_would_show_nothing_is_no_edit() {
        let samples = media(3, 1);
        for entries in [&[(10, 500)][..], &[(10, -1)], &[(10, 0); 99]] {
            let edits = read(&elst(1, entries), 1, 1).expect("edits");
            assert!(apply(&edits, &samples).is_none(), "{entries:?}");
        }
        assert_eq!(read(&[0; 8], 1, 1), None);
    }

    #[test]
    fn pictures_decoded_after_the_key_that_follows_the_edit_are_its_own() {
        // 0, 30 (a key), 10, 20: shown in the order of their times.
        let mut samples = media(4, 1);
        for (sample, time) in samples.list.iter_mut().zip([0, 30, 10, 20]) {
            (sample.time, sample.is_sync) = (time, time % 30 == 0);
        }
        samples.is_reordered = true;
        let found = edited(&[(30, 0)], &samples);
        assert_eq!(found, [(0, 0, true), (1, 30, false), (2, 10, true), (3, 20, true)]);
    }
}
