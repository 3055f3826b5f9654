//! JSON Lines: a header, a line for each vector, a summary.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::About;
use crate::conform::record::{Explained, Record, STATES};
use crate::conform::values;

/// Number of the schema of records, which docs/schema.json has. Fields are added; a removal, or
/// another meaning, makes a new number.
pub const SCHEMA: u32 = 2;

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
    let version = env!("CARGO_PKG_VERSION");
    let device = about.property("device");
    let mut data = json!({ "schema": SCHEMA, "command": "verify", "version": version });
    if let Some(data) = data.as_object_mut().filter(|_| !device.is_empty()) {
        data.insert("device".to_owned(), json!(device));
    }
    json!({ "type": "header", "data": data })
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
    let reasons: Vec<_> = super::reasons(records)
        .into_iter()
        .map(|(vectors, reason)| json!({ "reason": reason, "vectors": vectors }))
        .collect();
    let statuses: serde_json::Map<String, Value> =
        super::counts(records).into_iter().map(|(s, n)| (s.to_string(), json!(n))).collect();
    json!({ "type": "suite_summary", "data": {
        "vectors": records.len(),
        "statuses": statuses,
        "outcomes": super::outcomes(records),
        "success": verdict.is_success(),
        "verdict": verdict.to_string(),
        "not_expected": verdict.red,
        "not_run": verdict.not_run,
        "judged": verdict.evidence,
        "refused": reasons,
        "notes": about.notes,
        "unfired": about.unfired,
        "lacking": about.lacking,
        "stopped": about.stopped,
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
    let mut data = json!({
        "name": record.name,
        "file": record.input.display().to_string(),
        "stream": record.stream,
        "options": record.options,
        "status": record.status.to_string(),
        "outcome": outcome.map(|outcome| outcome.word()),
        "detail": outcome.map(ToString::to_string),
        "note": record.note,
        "runs": record.runs,
        "unfired": record.unfired,
        "reproduce": record.reproduce,
        "oracle": record.oracle.map(|kind| kind.word()),
        "first_wrong": outcome.and_then(|outcome| outcome.first_wrong()),
        // A character for each output picture: right, wrong, unknown, missing.
        "pictures": frames,
        "device": record.device,
        "first_wrong_frame": record.explained.as_ref().and_then(|e| e.first),
        "explained": record.explained.as_ref().map(|e| &e.text),
        // The same with `i` for what was inherited.
        "explained_pictures": record.explained.as_ref().map(states),
        "images": record.explained.as_ref().map(images),
        "difference": record.explained.as_ref().map(Explained::difference),
    });
    if let Some(data) = data.as_object_mut() {
        data.extend(outcome.map(values::of).unwrap_or_default());
        if times {
            data.insert("seconds".to_owned(), json!(record.seconds));
        }
    }
    json!({ "type": "vector", "data": data }).to_string()
}
