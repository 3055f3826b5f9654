//! `results.jsonl`, read again. What is cut short, or does not add up, is no result.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::about::{self, About, unfired_note};
use super::expect::{First, Status};
use super::outcome::Outcome;
use super::record::{Explained, Record, STATES};
use super::selection::Selection;
use super::values;
use super::vector::Kind;
use crate::wire::results::{SuiteSummary, Vector};
use crate::words::count;

/// The file of a folder of reports that has everything.
pub const FILE: &str = "results.jsonl";

/// One run of `verify`: its header, its vectors, its summary.
#[derive(Clone, Debug)]
pub struct Run {
    /// The file that it is in.
    pub path: PathBuf,
    /// What is said of all of it.
    pub about: About,
    /// Its vectors, by name.
    pub records: Vec<Record>,
    /// Folders that have the logs of its children.
    pub logs: Vec<PathBuf>,
}

impl Run {
    /// What decoded: driver build, device, shape, as far as it decides what comes out. With the
    /// stream's hash it is the key of a result.
    pub fn configuration(&self) -> Configuration {
        let property = |name: &str| self.about.property(name).to_owned();
        let option = property("device-option");
        Configuration {
            driver: property("driver"),
            device: property("device"),
            // Of the driver in this program, the option has what it imitates.
            config: if option.starts_with("soft") { option } else { String::new() },
            shape: property("shape"),
        }
    }
}

/// See [`Run::configuration`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Configuration {
    /// Name and version of the driver.
    pub driver: String,
    /// The device's name.
    pub device: String,
    /// softvk's configuration; empty for other drivers.
    pub config: String,
    /// Options that decide how the session is made.
    pub shape: String,
}

impl Configuration {
    /// Device, softvk's configuration, driver, shape.
    pub fn parts(self) -> [String; 4] {
        [self.device, self.config, self.driver, self.shape]
    }
}

impl std::fmt::Display for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self.clone().parts();
        // That nothing was asked of the shape goes without saying.
        let said = |part: &String| !part.is_empty() && part != "default";
        let parts: Vec<_> = parts.into_iter().filter(said).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Reads the runs of `path`: a file of results, or a folder of reports.
///
/// # Errors
/// It cannot be read, is no such file, is cut short, or does not add up; the text names it.
pub fn read(path: &Path) -> Result<Vec<Run>, String> {
    let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    let fail = |why: &str| format!("{}: {why}", file.display());
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let part = path.join(format!("{FILE}.part")).is_file();
        let why = if part { "; the run that writes it has not ended" } else { "" };
        fail(&format!("{error}{why}"))
    })?;
    let mut reader = Reader { path: file.clone(), ..Reader::default() };
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let whole = line.strip_suffix('\n');
        let at = |why: String| fail(&format!("line {}: {why}", index + 1));
        let line = whole.ok_or_else(|| at("it is cut short".to_owned()))?;
        let record: Value = serde_json::from_str(line).map_err(|e| at(e.to_string()))?;
        reader.line(record).map_err(at)?;
    }
    match (reader.open, reader.runs) {
        (Some(open), _) => {
            let came = count(open.run.records.len(), "vector");
            Err(fail(&format!("it is cut short: it ends after {came}, without a summary")))
        }
        (None, runs) if runs.is_empty() => Err(fail("there is no run of `verify` in it")),
        (None, runs) => match runs.first().and_then(|(_, all)| *all) {
            Some(all) if all != runs.len() => {
                Err(fail(&format!("it is cut short: it has {} of {all} runs", runs.len())))
            }
            _ => Ok(runs.into_iter().map(|(run, _)| run).collect()),
        },
    }
}

/// A run that has no summary yet, and how many runs its file has.
struct Open {
    run: Run,
    runs: Option<usize>,
}

#[derive(Default)]
struct Reader {
    path: PathBuf,
    runs: Vec<(Run, Option<usize>)>,
    open: Option<Open>,
    /// Names of the open run's vectors.
    names: HashSet<String>,
    /// What the open run's folders are called below those of images and logs.
    word: String,
}

impl Reader {
    /// The folder of images or logs of the open run.
    fn folder(&self, what: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(what).join(&self.word)
    }

    fn line(&mut self, mut record: Value) -> Result<(), String> {
        let data = record["data"].take();
        let images = self.folder("images");
        match (record["type"].as_str(), &mut self.open) {
            (Some("run"), None) => {
                self.names.clear();
                self.word = data["images"].as_str().map(plain).unwrap_or_default();
                let logs = vec![self.folder("logs")];
                let runs = data["runs"].as_u64().and_then(|n| usize::try_from(n).ok());
                let (path, about) = (self.path.clone(), header(&data)?);
                self.open =
                    Some(Open { run: Run { path, about, records: Vec::new(), logs }, runs });
            }
            (Some("run"), Some(_)) => return Err("a run begins in another".to_owned()),
            (Some("vector"), Some(open)) => {
                let vector = vector(data, &images)?;
                if !self.names.insert(vector.name.clone()) {
                    return Err(format!("{} is there twice", vector.name));
                }
                open.run.records.push(vector);
            }
            (Some("suite_summary"), Some(_)) => {
                if let Some(Open { mut run, runs }) = self.open.take() {
                    summary(data, &mut run)?;
                    self.runs.push((run, runs));
                }
            }
            (Some("vector" | "suite_summary"), None) => {
                return Err("it is of no run: the first line is a run's header".to_owned());
            }
            (Some(_), _) => {}
            (None, _) => return Err("it is no record".to_owned()),
        }
        Ok(())
    }
}

fn header(data: &Value) -> Result<About, String> {
    let all = data.as_object().ok_or("a header without properties")?;
    let texts = all.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let selection = match &data["selection"] {
        Value::Null => None,
        value => Some(Selection::from_json(value).ok_or("a selection that is none")?),
    };
    let mut properties: Vec<_> =
        texts.map(|(name, value)| (name.clone(), value.to_owned())).collect();
    // An object has no order.
    let place = |name: &str| about::PROPERTIES.iter().position(|known| *known == name);
    properties.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    Ok(About { properties, selection, ..About::default() })
}

fn summary(data: Value, run: &mut Run) -> Result<(), String> {
    let summary: SuiteSummary =
        serde_json::from_value(data).map_err(|why| format!("a summary that is none ({why})"))?;
    let came = run.records.len();
    if summary.vectors != came {
        return Err(format!("its summary counts {} vectors, {came} came", summary.vectors));
    }
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for record in &run.records {
        *statuses.entry(record.status.to_string()).or_default() += 1;
    }
    if summary.statuses != statuses {
        return Err("its summary counts other statuses than came".to_owned());
    }
    let about = &mut run.about;
    (about.unfired, about.lacking) = (summary.unfired, summary.lacking);
    let said: Vec<_> = about.unfired.iter().map(|fault| unfired_note(fault)).collect();
    about.notes = summary.notes.into_iter().filter(|note| !said.contains(note)).collect();
    let whole = about.lacking.is_empty();
    if let Some(size) = about.selection.as_ref().filter(|_| whole).map(Selection::size) {
        if size != came {
            return Err(format!("its part has {}, {came} came", count(size, "vector")));
        }
    }
    about.stopped = summary.stopped;
    about.no_times = came > 0 && run.records.iter().all(|record| record.seconds.is_nan());
    Ok(())
}

/// A vector's record; `seconds` is not a number where there is no time.
fn vector(data: Value, images: &Path) -> Result<Record, String> {
    let read: Vector =
        serde_json::from_value(data).map_err(|why| format!("a vector that is none ({why})"))?;
    let fail = |what: &str| format!("{}: {what}", read.name);
    let outcome = match &read.outcome {
        None => None,
        Some(word) => {
            let outcome = values::outcome(word, read.first_wrong, &read.values);
            Some(outcome.ok_or_else(|| fail(&format!("the outcome {word} is not understood")))?)
        }
    };
    let status = Status::from_text(&read.status).ok_or_else(|| fail("a status that is none"))?;
    let word = |run: &String| Outcome::WORDS.into_iter().find(|word| word == run);
    let right = |c: char| match c {
        '.' => Some(true),
        'x' => Some(false),
        _ => None,
    };
    let kind = |word: String| Kind::ALL.into_iter().find(|kind| kind.word() == word);
    let pictures = &read.pictures;
    Ok(Record {
        status,
        runs: read.runs.iter().filter_map(word).collect(),
        first: outcome.as_ref().and_then(Outcome::first_wrong).map(First::At),
        frames: pictures.chars().filter(|c| *c != '-').map(right).collect(),
        missing: pictures.matches('-').count(),
        explained: explained(&read, &images.join(file_name(&read.name))),
        input: PathBuf::from(read.file),
        stream: read.stream,
        options: read.options,
        oracle: read.oracle.and_then(kind),
        note: read.note,
        reproduce: read.reproduce,
        device: read.device,
        unfired: read.unfired,
        seconds: read.seconds.unwrap_or(f64::NAN),
        outcome,
        name: read.name,
    })
}

/// A name of a folder, whatever it was.
fn plain(name: &str) -> String {
    name.replace(['/', '\\'], "_").trim_start_matches('.').to_owned()
}

/// The path of a vector's files below the folders of images and logs.
pub(super) fn file_name(name: &str) -> PathBuf {
    super::vector::file_name(name)
}

fn explained(read: &Vector, folder: &Path) -> Option<Explained> {
    let text = read.explained.clone()?;
    let states = read.explained_pictures.as_deref().unwrap_or_default();
    let state = |c: char| STATES.iter().find(|s| s.1 == c).map_or("unjudged", |s| s.0);
    // Names of files, and no paths.
    let images = read.images.iter().flatten().filter(|name| !name.contains(['/', '\\']));
    let explained = Explained {
        outputs: states.chars().map(state).collect(),
        first: read.first_wrong_frame,
        text,
        images: images.map(|name| folder.join(name)).filter(|path| path.is_file()).collect(),
        ..Explained::default()
    };
    Some(explained.with_difference(read.difference.clone().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
