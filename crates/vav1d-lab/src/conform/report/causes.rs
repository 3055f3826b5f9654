//! Failures that look alike are taken together: what a person reads is how many things are wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::sorts::Sort;
use crate::conform::outcome::{Failure, Outcome};
use crate::conform::record::Explained;
use crate::conform::record::Record;
use crate::words::count as several;

/// Vectors that a feature has to be common to before it says anything.
const ENOUGH: usize = 3;

/// What vectors fail by.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause<'r> {
    /// The sort of result.
    pub sort: Sort,
    /// The outcome's word.
    pub word: &'static str,
    /// What is alike, in words; numbers that are not are `N`.
    pub what: String,
    /// The vectors, by name.
    pub records: Vec<&'r Record>,
    /// Features that the first bad frames of all of them have, and few right frames of theirs.
    pub common: Vec<String>,
}

impl Cause<'_> {
    /// The vector that shows it soonest: that with the fewest pictures.
    pub fn shortest(&self) -> Option<&Record> {
        let there = self.records.iter().filter(|record| !record.reproduce.is_empty());
        there.copied().min_by_key(|record| record.frames.len() + record.missing)
    }

    /// How many, and in how many suites.
    pub fn extent(&self) -> String {
        let suite = |r: &&Record| r.name.rsplit_once('/').map_or("", |(suite, _)| suite).to_owned();
        let suites: BTreeSet<String> = self.records.iter().map(suite).collect();
        match suites.first() {
            Some(one) if suites.len() == 1 && !one.is_empty() => format!("in {one}"),
            _ => format!("in {}", several(suites.len(), "suite")),
        }
    }
}

/// The causes of what is of `sort`, that of most vectors first.
pub fn causes(records: &[Record], sort: Sort) -> Vec<Cause<'_>> {
    let mut groups: BTreeMap<(&'static str, String), Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| Sort::of(record) == sort) {
        groups.entry(signature(record)).or_default().push(record);
    }
    let mut causes = Vec::new();
    for ((word, pattern), records) in groups {
        let (what, common) = (what(&pattern, &records), common(&records));
        causes.push(Cause { sort, word, what, records, common });
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.records.len()));
    causes
}

/// What failures are told apart by: the outcome's word, and what it says without its numbers; of
/// wrong pictures the planes.
fn signature(record: &Record) -> (&'static str, String) {
    let Some(outcome) = &record.outcome else { return ("skipped", said(record)) };
    let pattern = match outcome {
        Outcome::Fail(Failure::WrongPixels { but: Some(but), .. }) => {
            format!("but it matches {but}")
        }
        Outcome::Fail(Failure::WrongPixels { .. } | Failure::FilmGrain { .. }) => {
            record.explained.as_ref().map_or_else(String::new, planes)
        }
        Outcome::Unsupported(why) => why.clone(),
        Outcome::Fail(Failure::Crash { signal, .. }) => format!("signal {signal}"),
        _ => without_numbers(&said(record)),
    };
    (outcome.word(), pattern)
}

/// Which planes are wrong in the first wrong frame: with luma, or chroma alone. How far an error
/// of luma gets into chroma depends on the stream.
fn planes(explained: &Explained) -> String {
    let what = if explained.is_film_grain { "film grain of " } else { "" };
    match (explained.planes.iter().any(|plane| plane == "Y"), explained.planes.is_empty()) {
        (_, true) => String::new(),
        (true, _) => format!("{what}luma differs"),
        (false, _) => format!("{what}chroma alone differs"),
    }
}

fn said(record: &Record) -> String {
    let text = record.outcome.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = if text.is_empty() { record.note.clone().unwrap_or_default() } else { text };
    text.replace(['\n', '\r'], " ")
}

/// `text` with `N` for each number, but for negative ones: those are codes of results.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    let (mut in_number, mut is_kept) = (false, false);
    for c in text.chars() {
        let is_digit = c.is_ascii_digit();
        if is_digit && !in_number {
            is_kept = plain.ends_with('-');
            plain.push(if is_kept { c } else { 'N' });
        } else if !is_digit || is_kept {
            plain.push(c);
        }
        in_number = is_digit;
    }
    plain
}

/// The pattern, or what all say if that is the same; and of wrong pictures where they begin.
fn what(pattern: &str, records: &[&Record]) -> String {
    let all: BTreeSet<String> = records.iter().map(|record| said(record)).collect();
    let explained = || records.iter().filter_map(|record| record.explained.as_ref());
    let firsts: BTreeSet<u64> = explained().filter_map(|explained| explained.first).collect();
    let (Some(first), Some(last)) = (firsts.first(), firsts.last()) else {
        return match all.first() {
            Some(one) if all.len() == 1 => one.clone(),
            _ => pattern.to_owned(),
        };
    };
    let most = explained().map(|explained| explained.most).max().unwrap_or(0);
    let frames = if first == last { format!("{first}") } else { format!("{first} to {last}") };
    let parts =
        [pattern.to_owned(), format!("first bad frame {frames}"), format!("by {most} at most")];
    let parts = parts.into_iter().filter(|part| !part.is_empty() && part != "by 0 at most");
    parts.collect::<Vec<_>>().join("; ")
}

/// Features that all have in common, if they are enough to tell.
fn common(records: &[&Record]) -> Vec<String> {
    let mut all = records.iter().filter_map(|record| record.explained.as_ref());
    let Some(first) = all.next() else { return Vec::new() };
    let mut common = first.shared.clone();
    let mut count = 1;
    for explained in all {
        common.retain(|feature| explained.shared.contains(feature));
        count += 1;
    }
    if count >= ENOUGH { common } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_do_not_make_causes() {
        assert_eq!(without_numbers("unit 12: status -10, x2"), "unit N: status -10, xN");
        assert_eq!(without_numbers(""), "");
    }
}
