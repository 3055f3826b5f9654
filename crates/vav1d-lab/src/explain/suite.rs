//! What the failures of a suite have in common, and passes lack: members of the Std structures and
//! their values, ranked by how well they tell the ones from the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;

use av1_engine::members;
use av1_std::picture::picture_parts;
use vav1d::container::{self, Wish};
use vav1d::limits::Limits;
use vav1d::plan::planner::PlannerOptions;

use super::frames::{picture_info, sequence_header};
use crate::compare::Graph;
use crate::conform::outcome::{Failure, Outcome};
use crate::conform::record::Record;

/// What tells failures from passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separator {
    /// `StdVideoAV1TileInfo::TileCols is 4`, `StdVideoAV1TileInfo::TileCols is 3 or more`.
    pub what: String,
    /// Failures with a frame of which that is true.
    pub failures: usize,
    /// Passes with one.
    pub passes: usize,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Failures whose streams were read.
    pub failures: usize,
    /// Passes whose streams were read.
    pub passes: usize,
    /// The best first; none if nothing tells them well.
    pub separators: Vec<Separator>,
}

/// Fewer failures have everything in common.
const FAILURES: usize = 2;
/// So many passes are read at most, and bytes of a stream.
const PASSES: usize = 1000;
const BYTES: u64 = 64 << 20;
/// What is at least this much more frequent among failures, in percent, is told.
const LEAST: i64 = 60;

/// What tells the failures in `records` from the passes.
pub fn common(records: &[Record]) -> Common {
    let failed = |record: &&Record| match &record.outcome {
        Some(Outcome::Fail(failure)) => !matches!(
            failure,
            Failure::BadOracle(_) | Failure::Missing(_) | Failure::Parser(_) | Failure::Error(..)
        ),
        _ => false,
    };
    let passed = |record: &&Record| record.outcome == Some(Outcome::Pass);
    let failures: Vec<_> = records.iter().filter(failed).collect();
    if failures.len() < FAILURES || !records.iter().any(|record| passed(&record)) {
        return Common::default();
    }
    let failures: Vec<_> = failures.into_iter().filter_map(seen).collect();
    let passes: Vec<_> = records.iter().filter(passed).filter_map(seen).take(PASSES).collect();
    let separators = match failures.len() < FAILURES || passes.is_empty() {
        true => Vec::new(),
        false => ranked(&failures, &passes),
    };
    Common { failures: failures.len(), passes: passes.len(), separators }
}

/// The same, a line each, for people.
pub fn lines(records: &[Record]) -> Vec<String> {
    /// Those that are told.
    const MOST: usize = 8;
    let common = common(records);
    let (of_failures, of_passes) = (common.failures, common.passes);
    let line = |s: &Separator| {
        let Separator { what, failures, passes } = s;
        format!("{what}: {failures} of {of_failures} failures, {passes} of {of_passes} passes.")
    };
    let mut lines: Vec<_> = common.separators.iter().take(MOST).map(line).collect();
    let more = common.separators.len().saturating_sub(MOST);
    if let Some(first) = lines.first_mut() {
        *first = format!("Failures have in common, and few passes have: {first}");
    }
    lines.extend((more > 0).then(|| format!("And {more} more members of which that is true.")));
    lines
}

/// A member's structure and name.
type Name = (&'static str, &'static str);

/// What the frames of a vector were told.
#[derive(Default)]
struct Seen {
    values: HashSet<(Name, i64)>,
    most: HashMap<Name, i64>,
}

/// Members that every stream has values of its own of, and those of arrays that say little alone.
fn is_noise(name: &str) -> bool {
    let grain = ["point_", "ar_coeffs", "cb_", "cr_", "num_c", "num_y"];
    let own = [
        "current_frame_id",
        "expectedFrameId",
        "grain_seed",
        "gm_params",
        "OrderHints",
        "frame_width_bits_minus_1",
        "frame_height_bits_minus_1",
    ];
    own.contains(&name) || grain.iter().any(|prefix| name.starts_with(prefix))
}

/// What the frames of a vector were told: of a failure those up to the first that is wrong.
fn seen(record: &Record) -> Option<Seen> {
    let file = File::open(&record.input).ok()?;
    if file.metadata().ok()?.len() > BYTES {
        return None;
    }
    let graph = graph(file, record)?;
    let last = last(record, &graph);
    let mut seen = Seen::default();
    let mut sequence = None;
    for node in graph.nodes.iter().filter(|node| last.is_none_or(|last| node.frame <= last)) {
        let known = sequence.as_ref().filter(|(known, _)| *known == node.sequence);
        let header = match known {
            Some((_, header)) => header,
            None => {
                let header = sequence_header(&node.sequence);
                &sequence.insert((node.sequence.clone(), header)).1
            }
        };
        let picture = picture_info(picture_parts(&node.header, true));
        for member in members::list(header, &picture) {
            if is_noise(member.name) {
                continue;
            }
            let name = (member.structure, member.name);
            seen.values.insert((name, member.value));
            if member.bits > 1 {
                let most = seen.most.entry(name).or_insert(member.value);
                *most = member.value.max(*most);
            }
        }
    }
    (!seen.values.is_empty()).then_some(seen)
}

fn graph(file: File, record: &Record) -> Option<Graph> {
    let point = record.options.iter().position(|option| option == "--operating-point");
    let point = point.and_then(|at| record.options.get(at + 1)).and_then(|n| n.parse().ok());
    let options = PlannerOptions {
        operating_point: point.unwrap_or_default(),
        all_layers: record.options.iter().any(|option| option == "--all-layers"),
        ..PlannerOptions::default()
    };
    let wish = Wish { format: None, track: None };
    let source = container::open_file(Box::new(file), wish, Limits::default()).ok();
    Some(Graph::of(&mut *source?, options, None))
}

/// The frame that a failure is known by, if it is.
fn last(record: &Record, graph: &Graph) -> Option<u64> {
    let shown = |picture: u64| graph.outputs.get(usize::try_from(picture).ok()?);
    let explained = record.explained.as_ref().and_then(|explained| explained.first);
    let wrong = record.outcome.as_ref().and_then(Outcome::first_wrong);
    let submitted = match &record.outcome {
        Some(Outcome::Fail(
            Failure::Hang { submitted, .. }
            | Failure::DeviceLost { submitted }
            | Failure::Crash { submitted, .. },
        )) => *submitted,
        _ => None,
    };
    explained.or(wrong.and_then(shown).map(|shown| shown.frame)).or(submitted)
}

/// What is true of many failures and of few passes, the best first; of each member one.
fn ranked(failures: &[Seen], passes: &[Seen]) -> Vec<Separator> {
    let percent = |n: usize, of: usize| (n * 100 / of.max(1)) as i64;
    let score =
        |s: &Separator| percent(s.failures, failures.len()) - percent(s.passes, passes.len());
    let mut best: BTreeMap<Name, Separator> = BTreeMap::new();
    let mut offer = |name: Name, found: Separator| {
        let known = best.get(&name).map_or(LEAST - 1, score);
        if score(&found) > known {
            best.insert(name, found);
        }
    };
    let values: BTreeSet<_> =
        failures.iter().flat_map(|seen| seen.values.iter().copied()).collect();
    for (name, value) in values {
        let has = |all: &[Seen]| all.iter().filter(|s| s.values.contains(&(name, value))).count();
        let what = format!("{}::{} is {value}", name.0, name.1);
        let (failures, passes) = (has(failures), has(passes));
        offer(name, Separator { what, failures, passes });
    }
    let most: BTreeSet<_> = failures.iter().flat_map(|seen| seen.most.clone()).collect();
    for (name, value) in most {
        let has = |all: &[Seen]| {
            all.iter().filter(|s| s.most.get(&name).is_some_and(|most| *most >= value)).count()
        };
        let what = format!("{}::{} is {value} or more", name.0, name.1);
        let (failures, passes) = (has(failures), has(passes));
        offer(name, Separator { what, failures, passes });
    }
    let mut all: Vec<_> = best.into_values().collect();
    all.sort_by(|a, b| {
        let by_passes = a.passes.cmp(&b.passes);
        score(b).cmp(&score(a)).then(by_passes).then_with(|| a.what.cmp(&b.what))
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLS: Name = ("StdVideoAV1TileInfo", "TileCols");
    const LR: Name = ("StdVideoDecodeAV1PictureInfo", "UsesLr");

    fn seen(cols: &[i64], lr: i64) -> Seen {
        let values = cols.iter().map(|value| (COLS, *value)).chain([(LR, lr)]).collect();
        Seen { values, most: cols.iter().max().map(|most| (COLS, *most)).into_iter().collect() }
    }

    #[test]
    fn what_tells_failures_comes_first() {
        let failures = [seen(&[1, 4], 0), seen(&[4], 1), seen(&[8], 1)];
        let passes = [seen(&[1], 1), seen(&[2], 0), seen(&[1, 2], 0), seen(&[1], 0)];
        let ranked = ranked(&failures, &passes);
        let what = "StdVideoAV1TileInfo::TileCols is 4 or more".to_owned();
        assert_eq!(ranked, [Separator { what, failures: 3, passes: 0 }]);
    }

    #[test]
    fn what_all_have_tells_nothing() {
        let failures = [seen(&[1], 1), seen(&[2], 1)];
        let passes = [seen(&[1], 1), seen(&[2], 1)];
        assert_eq!(ranked(&failures, &passes), []);
    }
}
