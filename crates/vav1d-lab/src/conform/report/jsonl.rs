//! JSON Lines: a header, a line for each vector, a summary.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::About;
use crate::conform::record::{Explained, Record, STATES};
use crate::conform::values;
use crate::wire::results::{Refused, SuiteSummary, Vector};
use crate::wire::{Header, SCHEMA};

/// All lines.
pub fn all(records: &[Record], about: &About) -> String {
    all_with(records, about, &Value::Null)
}

/// The same with more in the header.
pub fn all_with(records: &[Record], about: &About, more: &Value) -> String {
    let mut text = format!("{}\n{}\n", first(about), header(about, more));
    for record in records {
        text += &line(record, !about.no_times);
        text.push('\n');
    }
    text + &format!("{}\n", summary(records, about))
}

/// The header of every output of the program.
fn first(about: &About) -> Value {
    let device = about.property("device");
    json!({ "type": "header", "data": Header {
        schema: SCHEMA,
        command: "verify".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        file: None,
        device: (!device.is_empty()).then(|| device.to_owned()),
    }})
}

/// What is said of the run.
fn header(about: &About, more: &Value) -> Value {
    let mut data: serde_json::Map<String, Value> =
        about.properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Some(selection) = &about.selection {
        data.insert("selection".to_owned(), selection.json());
    }
    data.extend(more.as_object().cloned().unwrap_or_default());
    json!({ "type": "run", "data": data })
}

/// The last line.
pub fn summary(records: &[Record], about: &About) -> Value {
    let verdict = super::Verdict::of(records, about);
    let refused = super::reasons(records).into_iter();
    let statuses = super::counts(records).into_iter().map(|(s, n)| (s.to_string(), n as u64));
    let outcomes = super::outcomes(records).into_iter().map(|(word, n)| (word.to_owned(), n));
    json!({ "type": "suite_summary", "data": SuiteSummary {
        vectors: records.len(),
        statuses: statuses.collect(),
        outcomes: outcomes.collect(),
        success: verdict.is_success(),
        verdict: verdict.to_string(),
        not_expected: verdict.red,
        not_run: verdict.not_run,
        judged: verdict.evidence,
        refused: refused.map(|(vectors, reason)| Refused { reason, vectors }).collect(),
        notes: about.notes.clone(),
        unfired: about.unfired.clone(),
        lacking: about.lacking.clone(),
        stopped: about.stopped,
    }})
}

fn states(explained: &Explained) -> String {
    let of = |state: &&str| STATES.iter().find(|(word, _)| word == state).map_or('?', |s| s.1);
    explained.outputs.iter().map(of).collect()
}

/// Names of files below `images` and the vector's name.
fn images(explained: &Explained) -> Vec<String> {
    let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    explained.images.iter().filter_map(name).collect()
}

/// One vector's line.
pub fn line(record: &Record, times: bool) -> String {
    let frames: String = record
        .frames
        .iter()
        .map(|right| match right {
            Some(true) => '.',
            Some(false) => 'x',
            None => '?',
        })
        .chain(std::iter::repeat_n('-', record.missing))
        .collect();
    let outcome = record.outcome.as_ref();
    let explained = record.explained.as_ref();
    let data = Vector {
        name: record.name.clone(),
        status: record.status.to_string(),
        file: record.input.display().to_string(),
        stream: record.stream.clone(),
        options: record.options.clone(),
        outcome: outcome.map(|outcome| outcome.word().to_owned()),
        detail: outcome.map(ToString::to_string),
        note: record.note.clone(),
        runs: record.runs.iter().map(|word| (*word).to_owned()).collect(),
        unfired: record.unfired.clone(),
        reproduce: record.reproduce.clone(),
        oracle: record.oracle.map(|kind| kind.word().to_owned()),
        first_wrong: outcome.and_then(|outcome| outcome.first_wrong()),
        pictures: frames,
        device: record.device.clone(),
        first_wrong_frame: explained.and_then(|e| e.first),
        explained: explained.map(|e| e.text.clone()),
        explained_pictures: explained.map(states),
        images: explained.map(images),
        difference: explained.map(Explained::difference),
        seconds: times.then_some(record.seconds),
        values: outcome.map(values::of).unwrap_or_default(),
    };
    json!({ "type": "vector", "data": data }).to_string()
}
