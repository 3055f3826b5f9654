//! Reports of a run: sorted by name and the same for the same results, but for times where a
//! format wants them.

pub mod causes;
pub mod csv;
pub mod diff_html;
pub mod html;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod sorts;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use super::about::{About, PROPERTIES};
use super::expect::Status;
use super::files::{self, named};
use super::outcome::Outcome;
use super::record::Record;
use crate::words::count as counted;

/// What a run says, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// All vectors.
    pub vectors: usize,
    /// Those that something is to be done about.
    pub red: usize,
    /// Those that were not run: the run ended before their turn.
    pub not_run: usize,
    /// Those by which the device was judged.
    pub evidence: usize,
    /// See [`About::is_part`].
    pub is_part: bool,
    /// How many planted faults were never applied.
    pub unfired: usize,
    /// How many parts of the whole are not there.
    pub lacking: usize,
    /// See [`About::stopped`].
    pub stopped: bool,
}

impl Verdict {
    /// Of these records.
    pub fn of(records: &[Record], about: &About) -> Self {
        let count = |which: &dyn Fn(&Record) -> bool| records.iter().filter(|r| which(r)).count();
        let not_run = count(&|record| record.status == Status::NotRun);
        Self {
            vectors: records.len(),
            red: count(&|record| !record.status.is_success()) - not_run,
            not_run,
            evidence: count(&Record::is_evidence),
            is_part: about.is_part,
            unfired: about.unfired.len(),
            lacking: about.lacking.len(),
            stopped: about.stopped,
        }
    }

    /// Whether the run is a success: something was judged, and all of it is as expected.
    pub fn is_success(self) -> bool {
        let judged = self.evidence > 0 || self.is_part;
        let whole = self.not_run == 0 && self.lacking == 0;
        self.red == 0 && whole && self.unfired == 0 && judged
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { red, not_run, evidence, .. } = *self;
        let vectors = counted(self.vectors, "vector");
        let mut said = Vec::new();
        if self.lacking > 0 {
            said.push(format!("Not whole: {} missing.", counted(self.lacking, "part")));
        }
        if not_run > 0 {
            let why = if self.stopped { "Stopped after a failure" } else { "Interrupted" };
            said.push(format!("{why}: {not_run} of {vectors} {} not run.", were(not_run)));
        }
        if self.unfired > 0 {
            said.push("A planted fault was never applied: this run shows nothing.".to_owned());
        }
        let ran = not_run == 0 && self.lacking == 0;
        said.extend(match (red, evidence) {
            (0, _) if self.unfired > 0 => None,
            (0, _) if self.vectors == 0 && ran => Some("This part has no vectors.".to_owned()),
            (0, 0) => Some("Nothing was judged: no vector was decoded and compared.".to_owned()),
            (0, _) if !ran => Some("What was run is as expected.".to_owned()),
            (0, _) => Some("Everything is as expected.".to_owned()),
            (_, 0) => {
                Some(format!("{red} of {vectors} {} not as expected; none was decoded.", are(red)))
            }
            _ => Some(format!("{red} of {vectors} {} not as expected.", are(red))),
        });
        f.write_str(&said.join(" "))
    }
}

fn are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn were(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// Why vectors were refused or skipped, the commonest reason first.
pub fn reasons(records: &[Record]) -> Vec<(usize, String)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let why = match (&record.outcome, record.status) {
            (Some(Outcome::Unsupported(why)), _) => why.replace(['\n', '\r'], " "),
            (None, Status::New(_)) => record.note.clone().unwrap_or_default(),
            _ => continue,
        };
        *counts.entry(why).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(why, n)| (n, why)).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    counts
}

/// Vectors to name in any report: those that something is to be done about, and flakes.
pub fn is_named(record: &Record) -> bool {
    !record.status.is_success() || matches!(record.status, Status::Flake | Status::KnownFlake)
}

/// How many records have each status.
pub fn counts(records: &[Record]) -> BTreeMap<Status, usize> {
    let mut counts = BTreeMap::new();
    records.iter().for_each(|record| *counts.entry(record.status).or_default() += 1);
    counts
}

/// How many records have each outcome, by its word; `skipped` if they were not run.
pub fn outcomes(records: &[Record]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let word = match (&record.outcome, record.status) {
            (Some(outcome), _) => outcome.word(),
            (None, Status::NotRun) => "not-run",
            (None, _) => "skipped",
        };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// Files and folders that a run writes.
const WRITTEN: [&str; 9] = [
    "results.csv",
    "failures.csv",
    "results.jsonl",
    "results.jsonl.part",
    "junit.xml",
    "summary.md",
    "index.html",
    "logs",
    "images",
];

/// A folder of reports that is this run's alone, until it is dropped.
#[derive(Debug)]
pub struct Folder {
    /// Locked as long as it is open.
    _lock: std::fs::File,
}

impl Folder {
    const LOCK: &str = ".verify.lock";

    /// Makes `path`, and takes out of it what the last run left.
    ///
    /// # Errors
    /// It cannot be made or emptied, or another run has it.
    pub fn take(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path).map_err(|e| named(path, e))?;
        let file = path.join(Self::LOCK);
        let is_ours = file.exists();
        let lock = std::fs::File::create(&file).map_err(|e| named(&file, e))?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => {
                let what = format!("{}: another run writes its reports there", path.display());
                io::Error::new(io::ErrorKind::ResourceBusy, what)
            }
            std::fs::TryLockError::Error(error) => named(&file, error),
        })?;
        for name in WRITTEN {
            let old = path.join(name);
            let removed = match old.is_dir() {
                // A folder of this name may be anybody's.
                true if !is_ours => {
                    let what = "is a folder that no run of verify has made: take another DIR";
                    let what = format!("{}: {what}", old.display());
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
                }
                true => std::fs::remove_dir_all(&old),
                false => std::fs::remove_file(&old),
            };
            match removed {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(named(&old, e)),
                _ => {}
            }
        }
        Ok(Self { _lock: lock })
    }
}

/// Writes every report into `folder`.
///
/// # Errors
/// A file cannot be written; the error names it.
pub fn write(folder: &Path, records: &[Record], about: &About) -> io::Result<()> {
    write_with(folder, records, about, jsonl::all(records, about))
}

/// The same with other lines than those of one run in `results.jsonl`.
///
/// # Errors
/// As those of [`write()`].
pub fn write_with(
    folder: &Path,
    records: &[Record],
    about: &About,
    lines: String,
) -> io::Result<()> {
    let write = |name: &str, text: String| files::write(&folder.join(name), text.as_bytes());
    write("results.csv", csv::results(records, about))?;
    write("failures.csv", csv::failures(records))?;
    write("results.jsonl", lines)?;
    write("junit.xml", junit::text(records, about)?)?;
    write("summary.md", markdown::text(records, about))?;
    write("index.html", html::text_in(Some(folder), records, about)?)?;
    match std::fs::remove_file(folder.join("results.jsonl.part")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
