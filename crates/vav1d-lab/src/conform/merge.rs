//! Runs of several machines, devices or shapes, put together: nothing is lost, and nothing is there
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::json;

use super::files::{self, named};
use super::record::Record;
use super::report::{self, About, jsonl};
use super::results::{Configuration, Run, file_name};
use super::selection::Selection;

/// Values of a property that are named, at most.
const NAMED: usize = 4;

/// One run for each configuration (driver build, device, shape) of `runs`. A part that is not there
/// is said in [`About::lacking`].
///
/// # Errors
/// Two of them have the same part, or the same vector, or parts do not add up: which.
pub fn merge(runs: Vec<Run>) -> Result<Vec<Run>, String> {
    let mut groups: Vec<(Configuration, Vec<Run>)> = Vec::new();
    for run in runs {
        let configuration = run.configuration();
        match groups.iter_mut().find(|(known, _)| *known == configuration) {
            Some((_, all)) => all.push(run),
            None => groups.push((configuration, vec![run])),
        }
    }
    groups.into_iter().map(|(_, runs)| one(runs)).collect()
}

/// Runs of one configuration as one.
fn one(runs: Vec<Run>) -> Result<Run, String> {
    let mut about = About {
        properties: properties(&runs),
        lacking: lacking(&runs)?,
        selection: whole(&runs),
        stopped: runs.iter().any(|run| run.about.stopped),
        no_times: runs.iter().all(|run| run.about.no_times || run.records.is_empty()),
        ..About::default()
    };
    about.lacking.extend(runs.iter().flat_map(|run| run.about.lacking.iter().cloned()));
    for note in runs.iter().flat_map(|run| &run.about.notes) {
        if !about.notes.contains(note) {
            about.notes.push(note.clone());
        }
    }
    let path = runs.first().map(|run| run.path.clone()).unwrap_or_default();
    let logs = runs.iter().flat_map(|run| run.logs.clone()).collect();
    let mut records: BTreeMap<String, (Record, String)> = BTreeMap::new();
    for run in runs {
        let path = run.path.display().to_string();
        for record in run.records {
            let name = record.name.clone();
            if let Some((_, other)) = records.insert(name.clone(), (record, path.clone())) {
                return Err(format!("{name} is there twice: in {other} and in {path}"));
            }
        }
    }
    let records: Vec<_> = records.into_values().map(|(record, _)| record).collect();
    let is_whole = about.lacking.is_empty();
    if let Some(whole) = about.selection.as_ref().filter(|_| is_whole) {
        if whole.names != Selection::hash(records.iter().map(|record| &*record.name)) {
            return Err("the parts have other vectors than the whole".to_owned());
        }
    }
    about.note_unfired(&records);
    Ok(Run { path, about, records, logs })
}

/// Parts that are not there. An error says which is there twice.
fn lacking(runs: &[Run]) -> Result<Vec<String>, String> {
    let mut wholes: BTreeMap<(&str, usize, usize), BTreeMap<usize, &Run>> = BTreeMap::new();
    for run in runs {
        let Some(Selection { vectors, names, fraction, start }) = &run.about.selection else {
            continue;
        };
        let parts = wholes.entry((names, *vectors, *fraction)).or_default();
        if let Some(other) = parts.insert(*start, run) {
            let (a, b) = (other.path.display(), run.path.display());
            return Err(match fraction {
                1 => format!("{a} and {b} are runs of the same vectors on one device: take one"),
                _ => format!("part {start} of {fraction} is there twice: {a} and {b}"),
            });
        }
    }
    let mut lacking = Vec::new();
    for ((.., fraction), parts) in wholes {
        let missing: Vec<_> = (1..=fraction).filter(|start| !parts.contains_key(start)).collect();
        lacking.extend(missing.iter().map(|start| format!("part {start} of {fraction}")));
    }
    Ok(lacking)
}

/// What the runs are together, if they are of one whole.
fn whole(runs: &[Run]) -> Option<Selection> {
    let selections: Option<Vec<_>> = runs.iter().map(|run| run.about.selection.clone()).collect();
    let mut wholes: Vec<_> = selections?
        .into_iter()
        .map(|selection| Selection { fraction: 1, start: 1, ..selection })
        .collect();
    wholes.dedup();
    match wholes.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Properties that all have, with all their values.
fn properties(runs: &[Run]) -> Vec<(String, String)> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| &run.about.properties) {
        if !names.contains(&&**name) {
            names.push(name);
        }
    }
    let of = |name: &str| {
        let values = runs.iter().flat_map(|run| &run.about.properties);
        let values = values.filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.collect::<BTreeSet<_>>()
    };
    names.iter().map(|name| ((*name).to_owned(), joined(name, &of(name)))).collect()
}

fn joined(name: &str, values: &BTreeSet<&str>) -> String {
    let ends = values.first().zip(values.last());
    match ends {
        Some((first, last)) if name == "date" && first != last => format!("{first} to {last}"),
        _ => {
            let mut texts: Vec<_> =
                values.iter().take(NAMED).map(|text| (*text).to_owned()).collect();
            if values.len() > NAMED {
                texts.push(format!("and {} more", values.len() - NAMED));
            }
            texts.join("; ")
        }
    }
}

/// A short word for each configuration that no other has, as the name of a folder.
fn words(runs: &[Run]) -> Vec<String> {
    let parts: Vec<_> = runs.iter().map(|run| run.configuration().parts()).collect();
    let differs = |at: usize| parts.iter().any(|other| other[at] != parts[0][at]);
    let texts: Vec<_> = parts
        .iter()
        .map(|parts| {
            let parts =
                parts.iter().enumerate().filter(|(at, part)| differs(*at) && !part.is_empty());
            parts.map(|(_, part)| plain(part)).collect::<Vec<_>>().join("+")
        })
        .collect();
    // Words that only differ in what is left out of them are told apart by their number.
    let is_one = |text: &String| texts.iter().filter(|other| *other == text).count() == 1;
    let numbered = texts.iter().enumerate();
    numbered
        .map(|(at, text)| match is_one(text) && !text.is_empty() {
            true => text.clone(),
            false => format!("{text}+{}", at + 1),
        })
        .collect()
}

/// Letters and digits; what is between them is one `-`.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// All vectors of `runs` with what is said of all; with several configurations each name begins
/// with the configuration's word.
pub fn together(runs: &[Run]) -> (Vec<Record>, About) {
    if let [run] = runs {
        return (run.records.clone(), run.about.clone());
    }
    let mut about = About {
        properties: properties(runs),
        stopped: runs.iter().any(|run| run.about.stopped),
        no_times: runs.iter().all(|run| run.about.no_times || run.records.is_empty()),
        ..About::default()
    };
    let mut records = Vec::new();
    for (run, word) in runs.iter().zip(words(runs)) {
        let prefixed = |text: &String| format!("{word}: {text}");
        about.notes.extend(run.about.notes.iter().map(prefixed));
        about.lacking.extend(run.about.lacking.iter().map(prefixed));
        about.unfired.extend(run.about.unfired.iter().cloned());
        records.extend(run.records.iter().cloned().map(|mut record| {
            record.name = format!("{word}/{}", record.name);
            record
        }));
    }
    records.sort_by(|a, b| a.name.cmp(&b.name));
    (records, about)
}

/// Writes every report of `runs` into `folder`, with their images and logs.
///
/// # Errors
/// A file cannot be read or written; the error names it.
pub fn write(folder: &Path, runs: &[Run]) -> io::Result<()> {
    let words = if runs.len() > 1 { words(runs) } else { vec![String::new()] };
    let mut copied = runs.to_vec();
    for (run, word) in copied.iter_mut().zip(&words) {
        take_files(folder, run, word)?;
    }
    let (records, about) = together(&copied);
    report::write_with(folder, &records, &about, lines(&copied))
}

/// All lines of `runs`: one run after the other, each with its header and its summary.
pub fn lines(runs: &[Run]) -> String {
    if let [run] = runs {
        return jsonl::all(&run.records, &run.about);
    }
    let line = |(run, word): (&Run, String)| {
        let more = json!({ "runs": runs.len(), "images": word });
        jsonl::all_with(&run.records, &run.about, &more)
    };
    runs.iter().zip(words(runs)).map(line).collect()
}

/// Copies the images and logs of a run, and has its records name the copies.
fn take_files(folder: &Path, run: &mut Run, word: &str) -> io::Result<()> {
    for record in &mut run.records {
        let name = file_name(&record.name);
        let log = files::added(&name, "log");
        // A name is of one part alone.
        if let Some(old) = run.logs.iter().map(|logs| logs.join(&log)).find(|log| log.is_file()) {
            copy(&old, &folder.join("logs").join(word).join(&log))?;
        }
        let to = folder.join("images").join(word).join(&name);
        for image in record.explained.iter_mut().flat_map(|explained| &mut explained.images) {
            let new = to.join(image.file_name().unwrap_or_default());
            copy(image, &new)?;
            *image = new;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(above) = to.parent() {
        std::fs::create_dir_all(above).map_err(|e| named(above, e))?;
    }
    std::fs::copy(from, to).map(|_| ()).map_err(|e| named(from, e))
}

#[cfg(test)]
mod tests;
