//! Two results, vector by vector: what is new, fixed, moved, flaky, lost or slower.
//!
//! Vectors are the same if they are of one stream, decoded with the same options; names only tell
//! twins apart. Configurations (device and shape) are set against their like, and where each side
//! has one alone, against each other: that is how two drivers are compared.

use std::collections::HashMap;
use std::fmt;

use super::expect::{Status, Word};
use super::outcome::{Failure, Outcome};
use super::record::Record;
use super::results::Run;

/// From this ratio of seconds on a vector is listed as slower.
pub const SLOWER: f64 = 1.5;
/// Seconds by which it has to be slower, at least: less is noise of starting processes.
const NOISE: f64 = 0.1;

/// What became of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It fails, and did not.
    New,
    /// It was decoded, and is refused now: a capability was lost.
    Lost,
    /// It was judged, and is not any more: it is not there, or was not run.
    Gone,
    /// It fails in another way, or from another frame on.
    Moved,
    /// It passes in some runs only, where it always passed, or always failed; or the other way.
    Flaky,
    /// It takes longer.
    Slower,
    /// It fails no more.
    Fixed,
    /// It was refused, and passes.
    Gained,
    /// It was not judged, and is.
    Added,
    /// As it was.
    Same,
}

impl Change {
    /// All of them, what needs looking at first.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Lost,
        Self::Gone,
        Self::Moved,
        Self::Flaky,
        Self::Slower,
        Self::Fixed,
        Self::Gained,
        Self::Added,
        Self::Same,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Lost => "lost",
            Self::Gone => "gone",
            Self::Moved => "moved",
            Self::Flaky => "flaky",
            Self::Slower => "slower",
            Self::Fixed => "fixed",
            Self::Gained => "gained",
            Self::Added => "added",
            Self::Same => "same",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One vector in both results.
#[derive(Clone, Debug)]
pub struct Compared<'r> {
    /// What became of it.
    pub change: Change,
    /// Whether that is worse than it was.
    pub is_regression: bool,
    /// It in A.
    pub first: Option<&'r Record>,
    /// It in B.
    pub second: Option<&'r Record>,
    /// What it was and is, in a line.
    pub text: String,
    /// Seconds in B by those in A, where both passed, in as many runs.
    pub ratio: Option<f64>,
}

impl Compared<'_> {
    /// Its name, in B if it is there.
    pub fn name(&self) -> &str {
        self.second.or(self.first).map_or("", |record| &record.name)
    }
}

/// Two runs that are set against each other.
#[derive(Clone, Debug)]
pub struct Pair<'r> {
    /// A's; `None` if there is none of this configuration.
    pub first: Option<&'r Run>,
    /// B's.
    pub second: Option<&'r Run>,
    /// Vectors, by change and name.
    pub compared: Vec<Compared<'r>>,
}

impl Pair<'_> {
    /// Properties that are not the same, with both values.
    pub fn differences(&self) -> Vec<(&str, &str, &str)> {
        let (Some(first), Some(second)) = (self.first, self.second) else { return Vec::new() };
        let names = SHOWN.into_iter();
        let values =
            names.map(|name| (name, first.about.property(name), second.about.property(name)));
        values.filter(|(_, a, b)| a != b).collect()
    }

    /// Geometric mean of all ratios of seconds, and of how many.
    pub fn ratio(&self) -> Option<(f64, usize)> {
        let ratios: Vec<_> = self.compared.iter().filter_map(|compared| compared.ratio).collect();
        let n = ratios.len();
        let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        (n > 0).then(|| ((sum / n as f64).exp(), n))
    }
}

/// Properties that are said where they differ: what decoded first, then who ran it.
const SHOWN: [&str; 7] = ["device", "device-option", "driver", "shape", "vav1d", "host", "kernel"];

/// Two results.
#[derive(Clone, Debug)]
pub struct Diff<'r> {
    /// Runs of one configuration each.
    pub pairs: Vec<Pair<'r>>,
    /// From which ratio on a vector that is slower is a regression, if any is.
    pub slower: Option<f64>,
}

impl Diff<'_> {
    /// All vectors.
    pub fn compared(&self) -> impl Iterator<Item = &Compared<'_>> {
        self.pairs.iter().flat_map(|pair| &pair.compared)
    }

    /// How many of each change there are, and how many of these are regressions.
    pub fn counts(&self) -> Vec<(Change, usize, usize)> {
        let counts = Change::ALL.map(|change| {
            let all = || self.compared().filter(|compared| compared.change == change);
            (change, all().count(), all().filter(|compared| compared.is_regression).count())
        });
        counts.into_iter().filter(|(_, n, _)| *n > 0).collect()
    }

    /// How many vectors are worse than they were.
    pub fn regressions(&self) -> usize {
        self.compared().filter(|compared| compared.is_regression).count()
    }

    /// How many vectors were judged in both.
    pub fn judged(&self) -> usize {
        let is = |record: Option<&Record>| record.is_some_and(Record::is_evidence);
        self.compared().filter(|c| is(c.first) && is(c.second)).count()
    }

    /// Parts of B that are not there.
    pub fn lacking(&self) -> impl Iterator<Item = &String> {
        self.pairs.iter().filter_map(|pair| pair.second).flat_map(|run| &run.about.lacking)
    }

    /// Whether B is as good as A.
    pub fn is_success(&self) -> bool {
        self.regressions() == 0 && self.lacking().next().is_none()
    }
}

/// Compares A with B. With `slower` a vector that takes so many times as long is a regression; else
/// those from [`SLOWER`] on are named, and no more.
///
/// # Errors
/// They have no vector in common that A has judged: there is nothing to compare.
pub fn diff<'r>(
    first: &'r [Run],
    second: &'r [Run],
    slower: Option<f64>,
) -> Result<Diff<'r>, String> {
    let pairs = pairs(first, second);
    let pairs: Vec<_> = pairs.into_iter().map(|(a, b)| pair(a, b, slower)).collect();
    let diff = Diff { pairs, slower };
    let is_judged = |record: Option<&Record>| record.is_some_and(Record::is_evidence);
    let names = |runs: &[Run]| {
        let first = runs.iter().flat_map(|run| &run.records).next();
        first.map_or("nothing".to_owned(), |record| format!("vectors such as {}", record.name))
    };
    if !diff.compared().any(|compared| is_judged(compared.first)) {
        return Err("nothing was judged in A: there is nothing to compare with".to_owned());
    }
    if !diff.compared().any(|compared| compared.first.is_some() && compared.second.is_some()) {
        let (a, b) = (names(first), names(second));
        return Err(format!("no stream is in both: A has {a}, B {b}"));
    }
    Ok(diff)
}

/// Runs that belong together.
fn pairs<'r>(first: &'r [Run], second: &'r [Run]) -> Vec<(Option<&'r Run>, Option<&'r Run>)> {
    let mut left: Vec<&Run> = second.iter().collect();
    let mut pairs: Vec<(Option<&Run>, Option<&Run>)> = Vec::new();
    let mut alone: Vec<&Run> = first.iter().collect();
    // The same first, then another driver build, then another driver on the device.
    let keys: [fn(&Run) -> String; 3] = [
        |run| run.configuration().to_string(),
        |run| {
            let key = run.configuration();
            format!("{}\n{}\n{}", key.device, key.config, key.shape)
        },
        |run| run.configuration().device,
    ];
    for key in keys {
        alone.retain(|a| {
            let mut alike = left.iter().enumerate().filter(|(_, b)| key(a) == key(b));
            match (alike.next(), alike.next()) {
                (Some((at, _)), None) => {
                    pairs.push((Some(a), Some(left.remove(at))));
                    false
                }
                _ => true,
            }
        });
    }
    if let ([a], [b]) = (alone.as_slice(), left.as_slice()) {
        pairs.push((Some(a), Some(b)));
        return pairs;
    }
    pairs.extend(alone.into_iter().map(|a| (Some(a), None)));
    pairs.extend(left.into_iter().map(|b| (None, Some(b))));
    pairs
}

fn pair<'r>(first: Option<&'r Run>, second: Option<&'r Run>, slower: Option<f64>) -> Pair<'r> {
    let records = |run: Option<&'r Run>| run.map_or(&[][..], |run| &run.records);
    let (a, b) = (records(first), records(second));
    let mut left: Vec<Option<&Record>> = b.iter().map(Some).collect();
    let by_name: HashMap<&str, usize> =
        b.iter().enumerate().map(|(at, record)| (&*record.name, at)).collect();
    let mut compared = Vec::new();
    let mut alone = Vec::new();
    for record in a {
        let at = by_name.get(&*record.name).copied();
        let same =
            at.and_then(|at| left.get_mut(at)).and_then(|b| b.take_if(|b| is_one(record, b)));
        match same {
            Some(other) => compared.push(compare(Some(record), Some(other), slower)),
            None => alone.push(record),
        }
    }
    let mut by_stream: HashMap<Stream<'_>, Vec<usize>> = HashMap::new();
    for (at, record) in left.iter().enumerate() {
        if let Some(stream) = record.and_then(stream) {
            by_stream.entry(stream).or_default().push(at);
        }
    }
    for record in alone {
        let twins = stream(record).and_then(|stream| by_stream.get_mut(&stream));
        let at = twins.and_then(|twins| (!twins.is_empty()).then(|| twins.remove(0)));
        let other = at.and_then(|at| left.get_mut(at)).and_then(Option::take);
        compared.push(compare(Some(record), other, slower));
    }
    compared.extend(left.into_iter().flatten().map(|record| compare(None, Some(record), slower)));
    compared.sort_by(|a, b| (a.change, a.name()).cmp(&(b.change, b.name())));
    Pair { first, second, compared }
}

/// A stream by its hash, and how it is decoded.
type Stream<'r> = (&'r str, &'r [String]);

fn stream(record: &Record) -> Option<Stream<'_>> {
    Some((record.stream.as_deref()?, &record.options))
}

/// Whether two records of one name are of one stream, as far as that is known.
fn is_one(a: &Record, b: &Record) -> bool {
    a.stream.is_none() || b.stream.is_none() || a.stream == b.stream
}

/// What a record shows of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Passed,
    /// In some runs.
    Flaky,
    Failed,
    Refused,
    /// Nothing.
    Nothing,
}

fn shown(record: Option<&Record>) -> Shown {
    let Some(record) = record else { return Shown::Nothing };
    let passed = record.runs.iter().filter(|word| **word == Outcome::Pass.word()).count();
    let is_flaky = matches!(record.status, Status::Flake | Status::KnownFlake)
        || (passed > 0 && passed < record.runs.len());
    match &record.outcome {
        _ if record.status == Status::NotRun => Shown::Nothing,
        Some(Outcome::Unsupported(_)) if !is_flaky => Shown::Refused,
        _ if !record.is_evidence() => Shown::Nothing,
        _ if is_flaky => Shown::Flaky,
        Some(Outcome::Pass) => Shown::Passed,
        _ => Shown::Failed,
    }
}

fn compare<'r>(
    first: Option<&'r Record>,
    second: Option<&'r Record>,
    slower: Option<f64>,
) -> Compared<'r> {
    use Shown::{Failed, Flaky, Nothing, Passed, Refused};
    let ratio = first.zip(second).and_then(|(a, b)| ratio(a, b));
    let (mut change, mut is_regression) = match (shown(first), shown(second)) {
        (Passed, Passed) | (Flaky, Flaky) | (Refused, Refused) => (Change::Same, false),
        (Nothing, Nothing) => (Change::Same, false),
        (Nothing, _) => (Change::Added, false),
        (Failed, Failed) => first.zip(second).map_or((Change::Same, false), |(a, b)| moved(a, b)),
        (Passed | Flaky | Refused, Failed) => (Change::New, true),
        (Failed, Passed) => (Change::Fixed, false),
        (Passed, Flaky) | (Failed, Flaky) | (Flaky, Passed) => (Change::Flaky, false),
        (Refused, Passed) => (Change::Gained, false),
        (Refused, Flaky) => (Change::Flaky, false),
        (Passed | Flaky, Refused) => (Change::Lost, true),
        // What is refused is not wrong any more.
        (Failed, Refused) => (Change::Lost, false),
        (Passed | Flaky | Failed, Nothing) => (Change::Gone, true),
        // It was never decoded.
        (Refused, Nothing) => (Change::Gone, false),
    };
    let limit = slower.unwrap_or(SLOWER);
    let seconds = |record: Option<&Record>| record.map_or(0.0, |record| record.seconds);
    let is_noise = seconds(second) - seconds(first) < NOISE;
    if change == Change::Same && !is_noise && ratio.is_some_and(|ratio| ratio >= limit) {
        (change, is_regression) = (Change::Slower, slower.is_some());
    }
    let text = text(first, second, ratio.filter(|_| change == Change::Slower));
    Compared { change, is_regression, first, second, text, ratio }
}

/// Of two failures, whether the second is another one, and worse.
fn moved(a: &Record, b: &Record) -> (Change, bool) {
    let (Some(before), Some(after)) = (&a.outcome, &b.outcome) else {
        return (Change::Same, false);
    };
    let firsts = before.first_wrong().zip(after.first_wrong());
    let earlier = firsts.is_some_and(|(before, after)| after < before);
    match (before.word() == after.word(), badness(after) > badness(before)) {
        (false, worse) => (Change::Moved, worse),
        (true, _) if firsts.is_some_and(|(before, after)| before != after) => {
            (Change::Moved, earlier)
        }
        (true, _) => (Change::Same, false),
    }
}

/// A driver that ends the process, or the device, does more harm than wrong pictures.
fn badness(outcome: &Outcome) -> u8 {
    match (Word::of(outcome), outcome) {
        (Word::Crash | Word::Timeout, _) => 3,
        (_, Outcome::Fail(Failure::FilmGrain { .. } | Failure::Validation(_))) => 1,
        _ => 2,
    }
}

/// Seconds of `b` by those of `a`, where that says something: both passed, in as many runs.
fn ratio(a: &Record, b: &Record) -> Option<f64> {
    let passed = |record| shown(Some(record)) == Shown::Passed;
    let timed = |record: &Record| record.seconds.is_finite() && record.seconds > 0.0;
    let alike = a.runs.len() == b.runs.len() && passed(a) && passed(b) && timed(a) && timed(b);
    alike.then(|| b.seconds / a.seconds)
}

/// What it was and is.
fn text(first: Option<&Record>, second: Option<&Record>, ratio: Option<f64>) -> String {
    let said = |record: Option<&Record>| {
        let Some(record) = record else { return "not there".to_owned() };
        match (&record.outcome, shown(Some(record))) {
            (_, Shown::Flaky) => format!("flaky: {}", record.line()),
            (None, _) if record.status == Status::NotRun => "not run".to_owned(),
            (None, _) => "skipped".to_owned(),
            _ => record.line(),
        }
    };
    let mut text = match ratio {
        Some(ratio) => {
            let (a, b) = (first.map_or(0.0, |a| a.seconds), second.map_or(0.0, |b| b.seconds));
            format!("{a:.2} s, now {b:.2} s: {ratio:.2} times as long")
        }
        None => {
            let (a, b) = (said(first), said(second));
            if a == b { a } else { format!("{a} -> {b}") }
        }
    };
    if let Some((a, b)) = first.zip(second) {
        if a.name != b.name {
            text.push_str(&format!("; it was called {}", a.name));
        }
        if a.oracle != b.oracle && a.oracle.is_some() && b.oracle.is_some() {
            let word = |record: &Record| record.oracle.map_or("nothing", |kind| kind.word());
            text.push_str(&format!("; judged by {}, then by {}", word(a), word(b)));
        }
    }
    text
}

#[cfg(test)]
mod tests;
