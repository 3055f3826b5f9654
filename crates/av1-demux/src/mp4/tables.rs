//! Where the samples of a track are, and when they are shown: the tables of the movie box (8.6 and
//! 8.7).

use super::boxes::{self, Fields, Kind};
use super::{MAX_SAMPLES, Sample};

/// The samples of a track.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    /// With composition times.
    pub(super) list: Vec<Sample>,
    /// When the last of them ends, in ticks.
    pub(super) end: i64,
    /// Samples that have a size, but no place, or cannot be remembered.
    pub(super) lost: u64,
    /// Whether composition times are other than decoding times.
    pub(super) is_reordered: bool,
}

impl Samples {
    /// The same, all `shift` later.
    pub(super) fn later(mut self, shift: i64) -> Self {
        for sample in &mut self.list {
            sample.time = sample.time.saturating_add(shift);
        }
        self.end = self.end.saturating_add(shift);
        self
    }
}

/// The sizes of samples.
enum Sizes<'a> {
    /// All the same.
    Same(u32),
    /// 32 bits each.
    Wide(&'a [u8]),
    /// So many bits each: 4, 8 or 16.
    Narrow(&'a [u8], u8),
}

impl Sizes<'_> {
    /// For how many samples the table has a size.
    fn known(&self) -> u64 {
        match self {
            Self::Same(_) => u64::MAX,
            Self::Wide(table) => table.len() as u64 / 4,
            Self::Narrow(table, bits) => table.len() as u64 * 8 / u64::from(*bits).max(1),
        }
    }

    fn get(&self, sample: usize) -> u32 {
        match self {
            Self::Same(size) => Some(*size),
            Self::Wide(table) => table.get(4 * sample..).and_then(|rest| Fields(rest).u32()),
            Self::Narrow(table, 16) => {
                table.get(2 * sample..).and_then(|rest| Fields(rest).u16()).map(u32::from)
            }
            Self::Narrow(table, 8) => table.get(sample).copied().map(u32::from),
            Self::Narrow(table, _) => {
                let both = table.get(sample / 2).copied().map(u32::from);
                both.map(|both| if sample.is_multiple_of(2) { both >> 4 } else { both & 15 })
            }
        }
        .unwrap_or(0)
    }
}

/// Where a table is in a `trak` box.
fn path(kind: &Kind) -> [&Kind; 4] {
    [b"mdia", b"minf", b"stbl", kind]
}

/// What `read` makes of the first table `kind` that it can make something of.
fn first<'a, T>(trak: &'a [u8], kind: &Kind, read: impl FnMut(&'a [u8]) -> Option<T>) -> Option<T> {
    boxes::first(trak, &path(kind), read)
}

/// How many samples there are, and their sizes (8.7.3).
fn sizes(trak: &[u8]) -> Option<(u64, Sizes<'_>)> {
    let wide = |body| {
        let mut fields = Fields(body);
        let _version = fields.version()?;
        let (same, count) = (fields.u32()?, u64::from(fields.u32()?));
        Some(match same {
            0 => (count, Sizes::Wide(fields.0)),
            same => (count, Sizes::Same(same)),
        })
    };
    let narrow = |body| {
        let mut fields = Fields(body);
        let _version = fields.version()?;
        let (bits, count) = (fields.u32()? as u8, u64::from(fields.u32()?));
        matches!(bits, 4 | 8 | 16).then_some((count, Sizes::Narrow(fields.0, bits)))
    };
    first(trak, b"stsz", wide).or_else(|| first(trak, b"stz2", narrow))
}

/// Where the chunks are (8.7.5).
fn chunks(trak: &[u8]) -> Vec<u64> {
    let narrow = first(trak, b"stco", |body| {
        let list: Vec<_> = Fields::table(body).map(|[offset]| u64::from(offset)).collect();
        (!list.is_empty()).then_some(list)
    });
    let wide = || {
        first(trak, b"co64", |body| {
            let wide = |[high, low]: [u32; 2]| u64::from(high) << 32 | u64::from(low);
            Some(Fields::table(body).map(wide).collect())
        })
    };
    narrow.or_else(wide).unwrap_or_default()
}

/// The rows of the first table `kind` that has some.
fn table<const N: usize>(trak: &[u8], kind: &Kind) -> Vec<[u32; N]> {
    let rows = |body| {
        let rows: Vec<_> = Fields::table(body).collect();
        (!rows.is_empty()).then_some(rows)
    };
    first(trak, kind, rows).unwrap_or_default()
}

/// The values of a run-length coded table, the last one for ever.
fn runs(entries: Vec<[u32; 2]>) -> impl Iterator<Item = u32> {
    let mut entries = entries.into_iter();
    let (mut left, mut value) = (0, 0);
    std::iter::from_fn(move || {
        while left == 0 {
            match entries.next() {
                Some([count, next]) => (left, value) = (count, next),
                None => left = u32::MAX,
            }
        }
        left -= 1;
        Some(value)
    })
}

/// The samples of the tables in a `trak` box, in a file of `end` bytes, in which offsets count from
/// `base`.
pub(super) fn samples(trak: &[u8], end: u64, base: u64) -> Samples {
    let Some((count, sizes)) = sizes(trak) else { return Samples::default() };
    // No more than there is room for, whatever the table says.
    let known = count.min(sizes.known()).min(end).min(MAX_SAMPLES) as usize;
    let mut list = Vec::with_capacity(known.min(1 << 16));
    let mut chunk_runs = table::<3>(trak, b"stsc");
    if chunk_runs.iter().all(|[_, samples, _]| *samples == 0) {
        chunk_runs.clear();
    }
    chunk_runs.sort_by_key(|[first, ..]| *first);
    let mut chunk_runs = chunk_runs.into_iter().peekable();
    let chunks = chunks(trak);
    // Without a table that says how many, all have as many.
    let each = if chunk_runs.peek().is_none() { known.div_ceil(chunks.len().max(1)) } else { 0 };
    let (mut samples_per_chunk, mut entry) = (each, 0);
    for (number, chunk) in (1_u32..).zip(chunks) {
        while let Some([_, samples, description]) =
            chunk_runs.next_if(|[first, ..]| *first <= number)
        {
            (samples_per_chunk, entry) = (samples as usize, description.wrapping_sub(1));
        }
        let mut offset = chunk.saturating_add(base);
        let first = list.len();
        for sample in first..known.min(first.saturating_add(samples_per_chunk)) {
            let bytes = sizes.get(sample);
            list.push(Sample { offset, bytes, entry: entry as u16, ..Sample::default() });
            offset = offset.saturating_add(bytes.into());
        }
    }
    let lost = count - list.len() as u64;
    let mut samples = Samples { list, end: 0, lost, is_reordered: false };
    time(trak, &mut samples);
    syncs(trak, &mut samples.list);
    samples
}

/// Gives samples their times (8.6.1).
fn time(trak: &[u8], samples: &mut Samples) {
    let deltas = runs(table(trak, b"stts"));
    let offsets = table(trak, b"ctts");
    samples.is_reordered = !offsets.is_empty();
    let mut decoded = 0_i64;
    for ((sample, delta), offset) in samples.list.iter_mut().zip(deltas).zip(runs(offsets)) {
        // Those of version 0 are unsigned, but muxers have written negative ones.
        sample.time = decoded.saturating_add((offset as i32).into());
        samples.end = samples.end.max(sample.time.saturating_add(delta.into()));
        decoded = decoded.saturating_add(delta.into());
    }
}

/// Says which samples are sync samples (8.6.2): all of them without the table.
fn syncs(trak: &[u8], samples: &mut [Sample]) {
    if boxes::all(trak, &path(b"stss")).is_empty() {
        samples.iter_mut().for_each(|sample| sample.is_sync = true);
    }
    for [number] in table(trak, b"stss") {
        let index = (number as usize).wrapping_sub(1);
        samples.get_mut(index).into_iter().for_each(|sample| sample.is_sync = true);
    }
}
