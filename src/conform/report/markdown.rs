//! A summary for merge requests.

use std::fmt::Write as _;

use super::About;
use crate::conform::runner::Record;

/// Vectors that are listed, at most.
const LISTED: usize = 200;

/// The whole text.
pub fn text(records: &[Record], about: &About) -> String {
    let mut text = String::from("# vav1d verify\n\n");
    for (name, value) in &about.properties {
        let _ = writeln!(text, "- {}: {}", plain(name), plain(value));
    }
    text += "\n| Status | Vectors |\n|---|---|\n";
    for (status, count) in super::counts(records) {
        let _ = writeln!(text, "| {status} | {count} |");
    }
    let red: Vec<_> = records.iter().filter(|record| !record.status.is_success()).collect();
    if red.is_empty() {
        return text + "\nEverything is as expected.\n";
    }
    text += "\n| Vector | Status | Outcome |\n|---|---|---|\n";
    for record in red.iter().take(LISTED) {
        let about = plain(&super::about(record));
        let _ = writeln!(text, "| {} | {} | {about} |", plain(&record.name), record.status);
    }
    if red.len() > LISTED {
        let _ = writeln!(text, "\nAnd {} more.", red.len() - LISTED);
    }
    text
}

/// Text that no character of Markdown or HTML changes.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '<' => plain += "&lt;",
            '>' => plain += "&gt;",
            '&' => plain += "&amp;",
            '\n' | '\r' => plain.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                plain.push('\\');
                plain.push(c);
            }
            _ => plain.push(c),
        }
    }
    plain
}
