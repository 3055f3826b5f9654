//! A summary for merge requests.

use std::fmt::Write as _;

use super::About;
use crate::conform::record::Record;

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
    let verdict = super::Verdict::of(records, about).to_string();
    let _ = writeln!(text, "\n{verdict}");
    for note in &about.notes {
        let _ = writeln!(text, "\n{}", plain(note));
    }
    let reasons = super::reasons(records);
    if !reasons.is_empty() {
        text += "\n| Refused or skipped | Vectors |\n|---|---|\n";
        for (count, why) in reasons {
            let _ = writeln!(text, "| {} | {count} |", plain(&why));
        }
    }
    let named: Vec<_> = records.iter().filter(|record| super::is_named(record)).collect();
    if named.is_empty() {
        return text;
    }
    text += "\n| Vector | Status | Outcome |\n|---|---|---|\n";
    for record in named.iter().take(LISTED) {
        let about = plain(&record.line());
        let _ = writeln!(text, "| {} | {} | {about} |", plain(&record.name), record.status);
    }
    if named.len() > LISTED {
        let _ = writeln!(text, "\nAnd {} more.", named.len() - LISTED);
    }
    let commands = named.iter().take(LISTED).filter_map(|record| record.reproduce.first());
    let commands: Vec<_> = commands.map(String::as_str).collect();
    if !commands.is_empty() {
        let _ = writeln!(text, "\nTo see them again:\n\n```sh\n{}\n```", commands.join("\n"));
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
