//! Which sort of result a vector is, for those who look at many.

use super::page::Part;
use crate::conform::expect::{Status, Word};
use crate::conform::outcome::Outcome;
use crate::conform::record::Record;

/// Sorts of results, what is to be looked at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Something is to be done about it.
    Failed,
    /// It was not run: the run ended before its turn.
    NotRun,
    /// Better than lists have it.
    Better,
    /// It passes at times.
    Flaky,
    /// It fails, as lists have it.
    Known,
    /// It is right.
    Passed,
    /// The device lacks what it needs.
    Refused,
    /// Lists have it left out.
    Skipped,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::NotRun,
        Self::Better,
        Self::Flaky,
        Self::Known,
        Self::Passed,
        Self::Refused,
        Self::Skipped,
    ];

    /// That of `record`.
    pub fn of(record: &Record) -> Self {
        let is_refused = matches!(record.outcome, Some(Outcome::Unsupported(_)));
        match record.status {
            Status::NotRun => Self::NotRun,
            Status::Flake | Status::KnownFlake => Self::Flaky,
            Status::UnexpectedImprovement(_) => Self::Better,
            Status::ExpectedFail => Self::Known,
            Status::New(Word::Pass) => Self::Passed,
            Status::New(Word::Skip) if is_refused => Self::Refused,
            Status::New(Word::Skip) => Self::Skipped,
            Status::New(_) | Status::Refused => Self::Failed,
        }
    }

    /// How it is shown, `count` of them.
    pub fn part(self, count: usize) -> Part {
        let (class, sign, word) = match self {
            Self::Failed => ("failed", "\u{2717}", "failed"),
            Self::NotRun => ("notrun", "\u{2026}", "not run"),
            Self::Better => ("improved", "\u{2191}", "better than listed"),
            Self::Flaky => ("flaky", "\u{2248}", "flaky"),
            Self::Known => ("known", "\u{25cf}", "known to fail"),
            Self::Passed => ("passed", "\u{2713}", "passed"),
            Self::Refused => ("refused", "\u{2298}", "refused"),
            Self::Skipped => ("skipped", "\u{2013}", "skipped"),
        };
        Part { class, sign, word, count }
    }
}

/// How many of each sort, in the order of [`Sort::ALL`].
pub fn parts<'r>(records: impl Iterator<Item = &'r Record> + Clone) -> Vec<Part> {
    let count = |sort: Sort| records.clone().filter(|record| Sort::of(record) == sort).count();
    Sort::ALL.into_iter().map(|sort| sort.part(count(sort))).collect()
}
