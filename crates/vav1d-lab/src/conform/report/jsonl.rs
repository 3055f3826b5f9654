//! JSON Lines: a header, a line for each vector, a summary.

use serde_json::{Value, json};

use super::About;
use crate::conform::runner::Record;

/// All lines.
pub fn all(records: &[Record], about: &About) -> String {
    let properties: serde_json::Map<String, Value> =
        about.properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut text = format!("{}\n", json!({ "type": "run", "data": properties }));
    for record in records {
        text += &line(record, !about.no_times);
        text.push('\n');
    }
    text + &format!("{}\n", summary(records, about))
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
    }})
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
    });
    if let Some(data) = data.as_object_mut().filter(|_| times) {
        data.insert("seconds".to_owned(), json!(record.seconds));
    }
    json!({ "type": "vector", "data": data }).to_string()
}
