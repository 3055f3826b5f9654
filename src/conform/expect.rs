//! What is expected of a driver, in deqp-runner's files, and what a result means given that.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use regex::Regex;

use super::outcome::{Failure, Outcome};

/// deqp-runner's words for a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It is right.
    Pass,
    /// It is wrong.
    Fail,
    /// It was not run, or the device lacks what it needs.
    Skip,
    /// The process or the device died.
    Crash,
    /// There was no answer in time.
    Timeout,
    /// The stream is not there.
    Missing,
}

/// The words and their texts.
const WORDS: [(Word, &str); 6] = [
    (Word::Pass, "Pass"),
    (Word::Fail, "Fail"),
    (Word::Skip, "Skip"),
    (Word::Crash, "Crash"),
    (Word::Timeout, "Timeout"),
    (Word::Missing, "Missing"),
];

impl Word {
    /// The word for an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Unsupported(_) => Self::Skip,
            Outcome::Fail(failure) => match failure {
                Failure::Hang { .. } => Self::Timeout,
                Failure::Crash { .. } | Failure::DeviceLost { .. } => Self::Crash,
                Failure::Missing(_) => Self::Missing,
                _ => Self::Fail,
            },
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = WORDS.iter().find(|(word, _)| word == self).map_or("", |(_, text)| text);
        f.write_str(text)
    }
}

/// What a result means: deqp-runner's statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it came, and nothing was known of it.
    New(Word),
    /// As bad as it was known to be.
    ExpectedFail,
    /// Better than it was known to be: the list is to be brought up to date.
    UnexpectedImprovement(Word),
    /// It failed, and did something else when it was run again.
    Flake,
    /// It failed, and is known to do so at times.
    KnownFlake,
}

impl Status {
    /// Whether nothing is to be done about it.
    pub fn is_success(self) -> bool {
        match self {
            Self::New(word) => matches!(word, Word::Pass | Word::Skip),
            Self::ExpectedFail | Self::Flake | Self::KnownFlake => true,
            Self::UnexpectedImprovement(_) => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(word) => word.fmt(f),
            Self::ExpectedFail => f.write_str("ExpectedFail"),
            Self::UnexpectedImprovement(word) => write!(f, "UnexpectedImprovement({word})"),
            Self::Flake => f.write_str("Flake"),
            Self::KnownFlake => f.write_str("KnownFlake"),
        }
    }
}

/// What `result` means where `baseline` was known.
pub fn merge(result: Word, baseline: Option<Word>) -> Status {
    use Word::{Crash, Fail, Missing, Pass, Skip, Timeout};
    let Some(baseline) = baseline else { return Status::New(result) };
    match (result, baseline) {
        (Fail, Fail) | (Crash, Crash) | (Timeout, Timeout) | (Missing, Missing) => {
            Status::ExpectedFail
        }
        // A crash that became a plain failure is an improvement.
        (Fail, Crash | Timeout)
        | (Pass, Fail | Crash | Timeout | Missing)
        | (Skip, Fail | Crash | Timeout | Missing) => Status::UnexpectedImprovement(result),
        _ => Status::New(result),
    }
}

/// What is known of a driver.
#[derive(Debug, Default)]
pub struct Expectations {
    prefix: Option<PathBuf>,
    fails: BTreeMap<String, Word>,
    flakes: Vec<Regex>,
    skips: Vec<Regex>,
    /// First wrong output picture of vectors that fail.
    frames: BTreeMap<String, u64>,
}

impl Expectations {
    /// Reads PREFIX-fails.txt, PREFIX-flakes.txt, PREFIX-skips.txt and PREFIX-frames.txt, as far
    /// as they are there; with `update` none has to be.
    ///
    /// # Errors
    /// None of them is there, or a line is not understood.
    pub fn read(prefix: &Path, update: bool) -> Result<Self, String> {
        let mut found = update;
        let mut text = |what: &str| -> Result<Option<(PathBuf, String)>, String> {
            let path = file(prefix, what);
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    found = true;
                    Ok(Some((path, text)))
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(format!("{}: {e}", path.display())),
            }
        };
        let mut expectations = Self { prefix: Some(prefix.to_owned()), ..Self::default() };
        if let Some((path, text)) = text("fails")? {
            expectations.fails = pairs(&path, &text, word)?;
        }
        if let Some((path, text)) = text("frames")? {
            expectations.frames = pairs(&path, &text, |text| text.parse().ok())?;
        }
        for (what, list) in
            [("flakes", &mut expectations.flakes), ("skips", &mut expectations.skips)]
        {
            if let Some((path, text)) = text(what)? {
                *list = regexes(&path, &text)?;
            }
        }
        match found {
            true => Ok(expectations),
            false => Err(format!("{}-fails.txt: there is no such list", prefix.display())),
        }
    }

    /// Whether this vector is not to be run.
    pub fn skips(&self, name: &str) -> bool {
        self.skips.iter().any(|regex| regex.is_match(name))
    }

    /// What this outcome means, and what more there is to say of it.
    pub fn status(&self, name: &str, outcome: &Outcome) -> (Status, Option<String>) {
        let result = Word::of(outcome);
        let status = merge(result, self.fails.get(name).copied());
        if status == Status::ExpectedFail
            && let (Some(now), Some(&then)) = (outcome.first_wrong(), self.frames.get(name))
            && now != then
        {
            let note = format!("first wrong output picture was {then}, is {now}");
            let status = match now < then {
                true => Status::New(result),
                false => Status::UnexpectedImprovement(result),
            };
            return (status, Some(note));
        }
        if !status.is_success() && self.flakes.iter().any(|regex| regex.is_match(name)) {
            let improved = matches!(status, Status::UnexpectedImprovement(_));
            return (if improved { status } else { Status::KnownFlake }, None);
        }
        (status, None)
    }

    /// Writes PREFIX-fails.txt and PREFIX-frames.txt as `results` (name, outcome, status) have it.
    /// Lines of vectors that were not run stay, and so do the comments of those that still fail.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn update(&self, results: &[(&str, &Outcome, Status)]) -> std::io::Result<()> {
        let Some(prefix) = &self.prefix else { return Ok(()) };
        let fails = file(prefix, "fails");
        let old = match std::fs::read_to_string(&fails) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            text => text.unwrap_or_default(),
        };
        std::fs::write(&fails, updated(&old, results))?;
        let mut frames = self.frames.clone();
        for (name, outcome, _) in results {
            match outcome.first_wrong() {
                Some(first) => drop(frames.insert((*name).to_owned(), first)),
                None => drop(frames.remove(*name)),
            }
        }
        let mut text = String::from("# Name, first wrong output picture.\n");
        for (name, first) in &frames {
            let _ = writeln!(text, "{name},{first}");
        }
        std::fs::write(file(prefix, "frames"), text)
    }
}

fn file(prefix: &Path, what: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(format!("-{what}.txt"));
    name.into()
}

fn word(text: &str) -> Option<Word> {
    // What deqp-runner writes for a known failure is one.
    let text = if text == "ExpectedFail" { "Fail" } else { text };
    WORDS.iter().find(|(_, word)| *word == text).map(|(word, _)| *word)
}

/// The lines of a list that count, with their numbers.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn pairs<T>(
    path: &Path,
    text: &str,
    value: impl Fn(&str) -> Option<T>,
) -> Result<BTreeMap<String, T>, String> {
    let mut map = BTreeMap::new();
    for (number, line) in entries(text) {
        let fail = |why: &str| format!("{}: line {number}: `{line}` {why}", path.display());
        let (name, text) = line.rsplit_once(',').ok_or_else(|| fail("has no comma"))?;
        let value = value(text.trim()).ok_or_else(|| fail("has an unknown value"))?;
        if map.insert(name.trim().to_owned(), value).is_some() {
            return Err(fail("is there twice"));
        }
    }
    Ok(map)
}

fn regexes(path: &Path, text: &str) -> Result<Vec<Regex>, String> {
    let regex = |(number, line): (usize, &str)| {
        let fail = |why: &str| format!("{}: line {number}: `{line}` {why}", path.display());
        if line.rsplit_once(',').is_some_and(|(_, end)| word(end).is_some()) {
            return Err(fail("is of a list of fails"));
        }
        // A plain name has dots that mean dots.
        let plain = !line.contains(['*', '+', '?', '[', ']', '(', ')', '^', '$', '|', '\\', '{']);
        let pattern = if plain { line.replace('.', "\\.") } else { line.to_owned() };
        Regex::new(&pattern).map_err(|e| fail(&e.to_string()))
    };
    entries(text).map(regex).collect()
}

/// The text of a list of fails after a run.
fn updated(old: &str, results: &[(&str, &Outcome, Status)]) -> String {
    let mut left: BTreeMap<&str, (&Outcome, Status)> =
        results.iter().map(|(name, outcome, status)| (*name, (*outcome, *status))).collect();
    let fails = |outcome: &Outcome, status: Status| {
        let flaky = matches!(status, Status::Flake | Status::KnownFlake);
        !flaky && !matches!(Word::of(outcome), Word::Pass | Word::Skip)
    };
    let mut text = String::new();
    let mut comments = String::new();
    for line in old.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            comments += &format!("{line}\n");
            if trimmed.is_empty() {
                text += &std::mem::take(&mut comments);
            }
            continue;
        }
        let name = trimmed.rsplit_once(',').map_or(trimmed, |(name, _)| name.trim());
        let kept = match left.remove(name) {
            None => Some(line.to_owned()),
            Some((outcome, status)) if fails(outcome, status) => {
                Some(format!("{name},{}", Word::of(outcome)))
            }
            Some(_) => None,
        };
        let comments = std::mem::take(&mut comments);
        if let Some(line) = kept {
            text += &format!("{comments}{line}\n");
        }
    }
    text += &comments;
    for (name, (outcome, status)) in left {
        if fails(outcome, status) {
            let about = format!("{}: {outcome}", outcome.word()).replace('\n', " ");
            text += &format!(
                "# {}\n{name},{}\n",
                about.trim_end_matches([':', ' ']),
                Word::of(outcome)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests;
