//! Reports of a run: sorted by name and the same for the same results, but for times where a
//! format wants them.

pub mod csv;
pub mod html;
pub mod jsonl;
pub mod junit;
pub mod markdown;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::expect::Status;
use super::runner::Record;

/// What a report says of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Names and values: device, driver, versions.
    pub properties: Vec<(String, String)>,
    /// Whether times are left out.
    pub no_times: bool,
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
        let word = record.outcome.as_ref().map_or("skipped", |outcome| outcome.word());
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// Outcome and note of a record in one line.
pub fn about(record: &Record) -> String {
    let outcome = record.outcome.as_ref();
    let parts = [
        outcome.map(|outcome| outcome.word().to_owned()),
        outcome.map(ToString::to_string),
        record.note.clone(),
    ];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(": ").replace(['\n', '\r'], " ")
}

/// Writes every report into `folder`.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, records: &[Record], about: &About) -> io::Result<()> {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text);
    write("results.csv", csv::results(records, about))?;
    write("failures.csv", csv::failures(records))?;
    write("results.jsonl", jsonl::all(records, about))?;
    write("junit.xml", junit::text(records, about)?)?;
    write("summary.md", markdown::text(records, about))?;
    write("index.html", html::text(records, about)?)?;
    match std::fs::remove_file(folder.join("results.jsonl.part")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
