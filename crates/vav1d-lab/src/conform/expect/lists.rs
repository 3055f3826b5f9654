//! The files of expectations: reading them, asking them, bringing them up to date.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::super::files;
use super::{Status, WORDS, Word, merge};
use crate::conform::outcome::Outcome;

/// The first wrong output picture of a vector that is known to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Always this one.
    At(u64),
    /// Another one from run to run.
    Varies,
}

/// The word of [`First::Varies`] in lists.
const VARIES: &str = "varies";

/// What is known of a driver.
#[derive(Debug, Default)]
pub struct Expectations {
    prefix: Option<PathBuf>,
    fails: BTreeMap<String, Word>,
    flakes: Vec<Pattern>,
    skips: Vec<Pattern>,
    frames: BTreeMap<String, First>,
    /// What the device lacks, and why.
    unsupported: BTreeMap<String, String>,
}

/// A line of a list of regular expressions.
#[derive(Debug)]
struct Pattern {
    line: String,
    regex: Regex,
}

/// One vector as it is written into the lists.
#[derive(Clone, Debug)]
pub struct Known<'r> {
    /// Its name.
    pub name: &'r str,
    /// What it did.
    pub outcome: &'r Outcome,
    /// What that means.
    pub status: Status,
    /// Its first wrong output picture.
    pub first: Option<First>,
}

impl Known<'_> {
    fn fails(&self) -> bool {
        !self.is_flaky() && !matches!(Word::of(self.outcome), Word::Pass | Word::Skip)
    }

    fn is_flaky(&self) -> bool {
        matches!(self.status, Status::Flake | Status::KnownFlake)
    }

    fn refused(&self) -> Option<&str> {
        match self.outcome {
            Outcome::Unsupported(why) => Some(why),
            _ => None,
        }
    }
}

impl Expectations {
    /// The lists of `PREFIX-LIST.txt`, as far as they are there; with `update` none has to be.
    ///
    /// # Errors
    /// None of them is there, or a line is not understood.
    pub fn read(prefix: &Path, update: bool) -> Result<Self, String> {
        let mut found = update;
        let mut text = |what: &str| -> Result<(PathBuf, String), String> {
            let path = file(prefix, what);
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    found = true;
                    Ok((path, text))
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok((path, String::new())),
                Err(e) => Err(format!("{}: {e}", path.display())),
            }
        };
        let (fails, frames, unsupported) = (text("fails")?, text("frames")?, text("unsupported")?);
        let (flakes, skips) = (text("flakes")?, text("skips")?);
        if !found {
            let prefix = prefix.display();
            return Err(format!(
                "{prefix}-fails.txt: there is no such list, nor another of {prefix}-*.txt \
                 (--update-expectations writes them)"
            ));
        }
        Ok(Self {
            prefix: Some(prefix.to_owned()),
            fails: pairs(&fails.0, &fails.1, word)?,
            frames: pairs(&frames.0, &frames.1, first)?,
            unsupported: reasons(&unsupported.0, &unsupported.1)?,
            flakes: patterns(&flakes.0, &flakes.1)?,
            skips: patterns(&skips.0, &skips.1)?,
        })
    }

    /// Lists of these texts, of fails and of first wrong pictures.
    #[cfg(test)]
    pub(in crate::conform) fn parse(fails: &str, frames: &str) -> Result<Self, String> {
        let path = Path::new("list");
        Ok(Self {
            fails: pairs(path, fails, word)?,
            frames: pairs(path, frames, first)?,
            ..Self::default()
        })
    }

    /// Whether this vector is not to be run.
    pub fn skips(&self, name: &str) -> bool {
        self.skips.iter().any(|pattern| pattern.regex.is_match(name))
    }

    /// Whether this vector is known to fail at times.
    pub fn is_known_flake(&self, name: &str) -> bool {
        self.flakes.iter().any(|pattern| pattern.regex.is_match(name))
    }

    /// Whether its first wrong picture is known to be another from run to run.
    pub fn varies(&self, name: &str) -> bool {
        self.frames.get(name) == Some(&First::Varies)
    }

    /// Whether it fails as it is known to, but begins to be wrong in another picture.
    pub fn has_moved(&self, name: &str, outcome: &Outcome) -> bool {
        let known = merge(Word::of(outcome), self.fails.get(name).copied());
        known == Status::ExpectedFail && self.moved(name, outcome).is_some()
    }

    /// The first wrong picture that was known, and the one that is.
    fn moved(&self, name: &str, outcome: &Outcome) -> Option<(u64, u64)> {
        match (outcome.first_wrong(), self.frames.get(name)) {
            (Some(now), Some(First::At(then))) if now != *then => Some((*then, now)),
            _ => None,
        }
    }

    /// What this outcome means, and what more there is to say of it.
    pub fn status(&self, name: &str, outcome: &Outcome) -> (Status, Option<String>) {
        let result = Word::of(outcome);
        let known = self.fails.get(name).copied();
        let lacking = self.unsupported.get(name);
        let status = match (outcome, lacking) {
            (Outcome::Unsupported(_), Some(_)) => Status::New(Word::Skip),
            (Outcome::Unsupported(_), None) if known.is_none() && self.prefix.is_some() => {
                return (Status::Refused, Some("it is not known to be refused".to_owned()));
            }
            (Outcome::Pass, Some(_)) => Status::UnexpectedImprovement(Word::Pass),
            _ => merge(result, known),
        };
        let moved = (status == Status::ExpectedFail).then(|| self.moved(name, outcome));
        if let Some((then, now)) = moved.flatten() {
            let note = format!("first bad output frame was {then}, is {now}");
            let status = match now < then {
                true => Status::New(result),
                false => Status::UnexpectedImprovement(result),
            };
            return (status, Some(note));
        }
        if status == Status::UnexpectedImprovement(Word::Pass) && self.varies(name) {
            let note = "it passed this time, and is known to vary";
            return (Status::KnownFlake, Some(note.to_owned()));
        }
        if !status.is_success() && self.is_known_flake(name) {
            let improved = matches!(status, Status::UnexpectedImprovement(_));
            return (if improved { status } else { Status::KnownFlake }, None);
        }
        (status, None)
    }

    /// Lines of the lists that are about none of `names`, with their list.
    pub fn unused(&self, names: &[&str]) -> Vec<String> {
        let listed = [
            ("fails", self.fails.keys().collect::<Vec<_>>()),
            ("frames", self.frames.keys().collect()),
            ("unsupported", self.unsupported.keys().collect()),
        ];
        let lines = listed.into_iter().flat_map(|(list, keys)| {
            let unused = keys.into_iter().filter(|name| !names.contains(&name.as_str()));
            unused.map(move |name| format!("{list}: {name}"))
        });
        let patterns = [("flakes", &self.flakes), ("skips", &self.skips)];
        let patterns = patterns.into_iter().flat_map(|(list, all)| {
            let used = |pattern: &&Pattern| names.iter().any(|name| pattern.regex.is_match(name));
            let unused = all.iter().filter(move |pattern| !used(pattern));
            unused.map(move |pattern| format!("{list}: {}", pattern.line))
        });
        lines.chain(patterns).collect()
    }

    /// Writes the lists as `results` have it. Lines of vectors that were not run stay, and so do
    /// the comments of those that still fail.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn update(&self, results: &[Known<'_>]) -> std::io::Result<()> {
        let Some(prefix) = &self.prefix else { return Ok(()) };
        let path = file(prefix, "fails");
        files::write(&path, updated(&old(&path)?, results).as_bytes())?;
        let mut frames = self.frames.clone();
        let mut unsupported = self.unsupported.clone();
        for known in results {
            match known.first.filter(|_| known.fails()) {
                Some(first) => drop(frames.insert(known.name.to_owned(), first)),
                None => drop(frames.remove(known.name)),
            }
            match known.refused() {
                Some(why) => drop(unsupported.insert(known.name.to_owned(), one_line(why))),
                None => drop(unsupported.remove(known.name)),
            }
        }
        let mut text = String::from("# Name, first wrong output picture.\n");
        for (name, first) in &frames {
            let _ = match first {
                First::At(picture) => writeln!(text, "{name},{picture}"),
                First::Varies => writeln!(text, "{name},{VARIES}"),
            };
        }
        files::write(&file(prefix, "frames"), text.as_bytes())?;
        let mut text = String::from("# Name, what the device lacks.\n");
        for (name, why) in &unsupported {
            let _ = writeln!(text, "{name},{why}");
        }
        files::write(&file(prefix, "unsupported"), text.as_bytes())?;
        self.add_flakes(&file(prefix, "flakes"), results)
    }

    /// Adds what passed in one run and failed in another, as far as it is not there.
    fn add_flakes(&self, path: &Path, results: &[Known<'_>]) -> std::io::Result<()> {
        let new = results.iter().filter(|known| known.is_flaky());
        let new: Vec<_> = new.filter(|known| !self.is_known_flake(known.name)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut text = old(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for known in new {
            let pattern = regex::escape(known.name);
            let _ = writeln!(text, "# {}\n^{pattern}$", comment(known.outcome));
        }
        files::write(path, text.as_bytes())
    }
}

fn old(path: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(files::named(path, e)),
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

fn first(text: &str) -> Option<First> {
    match text {
        VARIES => Some(First::Varies),
        _ => text.parse().ok().map(First::At),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A line without the comment behind a blank and `#`. No name has a blank in it.
fn content(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') { line } else { line.split(" #").next().unwrap_or(line).trim_end() }
}

/// The lines of a list that count, with their numbers.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = files::without_bom(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, content(line)));
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

/// `name` or `name,reason`.
fn reasons(path: &Path, text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut map = BTreeMap::new();
    for (number, line) in entries(text) {
        let (name, why) = line.split_once(',').unwrap_or((line, ""));
        if map.insert(name.trim().to_owned(), why.trim().to_owned()).is_some() {
            return Err(format!("{}: line {number}: `{line}` is there twice", path.display()));
        }
    }
    Ok(map)
}

fn patterns(path: &Path, text: &str) -> Result<Vec<Pattern>, String> {
    let pattern = |(number, line): (usize, &str)| {
        let fail = |why: &str| format!("{}: line {number}: `{line}` {why}", path.display());
        if line.rsplit_once(',').is_some_and(|(_, end)| word(end).is_some()) {
            return Err(fail("is of a list of fails"));
        }
        // A plain name has dots that mean dots.
        let plain = !line.contains(['*', '+', '?', '[', ']', '(', ')', '^', '$', '|', '\\', '{']);
        let pattern = if plain { line.replace('.', "\\.") } else { line.to_owned() };
        let regex = Regex::new(&pattern).map_err(|e| fail(&e.to_string()))?;
        Ok(Pattern { line: line.to_owned(), regex })
    };
    entries(text).map(pattern).collect()
}

/// An outcome in one line.
fn comment(outcome: &Outcome) -> String {
    let about = one_line(&format!("{}: {outcome}", outcome.word()));
    about.trim_end_matches([':', ' ']).to_owned()
}

/// The text of a list of fails after a run.
fn updated(old: &str, results: &[Known<'_>]) -> String {
    let mut left: BTreeMap<&str, &Known<'_>> =
        results.iter().map(|known| (known.name, known)).collect();
    let mut text = String::new();
    let mut comments = String::new();
    for line in files::without_bom(old).lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            comments += &format!("{line}\n");
            if trimmed.is_empty() {
                text += &std::mem::take(&mut comments);
            }
            continue;
        }
        let entry = content(trimmed);
        let (name, was) = entry.rsplit_once(',').unwrap_or((entry, ""));
        let name = name.trim();
        let kept = match left.remove(name) {
            None => Some(line.to_owned()),
            Some(known) if known.fails() && word(was.trim()) == Some(Word::of(known.outcome)) => {
                Some(line.to_owned())
            }
            Some(known) if known.fails() => Some(format!("{name},{}", Word::of(known.outcome))),
            Some(_) => None,
        };
        let comments = std::mem::take(&mut comments);
        if let Some(line) = kept {
            text += &format!("{comments}{line}\n");
        }
    }
    text += &comments;
    for (name, known) in left.into_iter().filter(|(_, known)| known.fails()) {
        text += &format!("# {}\n{name},{}\n", comment(known.outcome), Word::of(known.outcome));
    }
    text
}
