//! One HTML page that needs nothing else: the verdict and why first, then what failed, with
//! pictures; what passed or was refused is folded.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::About;
use super::causes::{Cause, causes};
use super::page::{self, folded, plain};
use super::sorts::{Sort, parts};
use crate::conform::record::Record;
use crate::words::count as several;
pub(super) use card::{pictures, states, strip};

mod card;

/// Sorts that have cards, in their order, and what they are called.
const SHOWN: [(Sort, &str); 5] = [
    (Sort::Failed, "Failed"),
    (Sort::Better, "Better than listed"),
    (Sort::Flaky, "Flaky"),
    (Sort::Known, "Known to fail"),
    (Sort::NotRun, "Not run"),
];

/// The page, without logs.
///
/// # Errors
/// An image cannot be read.
pub fn text(records: &[Record], about: &About) -> io::Result<String> {
    text_in(None, records, about)
}

/// The page that is written into `folder`, which has logs and images.
///
/// # Errors
/// An image or a log cannot be read.
pub fn text_in(folder: Option<&Path>, records: &[Record], about: &About) -> io::Result<String> {
    let verdict = super::Verdict::of(records, about);
    let is_good = verdict.is_success();
    let mut body = over(about);
    body += &page::headline(&verdict.to_string(), is_good);
    for note in &about.notes {
        let _ = writeln!(body, "<p class=\"wide\">{}</p>", plain(note));
    }
    let parts = parts(records.iter());
    body += &page::bar(&parts);
    body += &page::key(&parts);
    let failures = causes(records, Sort::Failed);
    why(&mut body, &failures);
    suites(&mut body, records);
    for (sort, title) in SHOWN {
        let causes = if sort == Sort::Failed { failures.clone() } else { causes(records, sort) };
        section(&mut body, folder, sort, title, &causes)?;
    }
    passed(&mut body, records);
    refused(&mut body, records);
    body += "<h2>This run</h2>\n";
    body += &page::facts(about.properties.iter().map(|(name, value)| (&**name, &**value)));
    let title = format!("{verdict} vav1d verify, {}", value(about, "device"));
    Ok(page::page(&title, is_good, &body))
}

/// A property of the run; empty if it has none of that name.
fn value<'a>(about: &'a About, name: &str) -> &'a str {
    let found = about.properties.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.as_str())
}

/// What was judged, in a line above the headline.
fn over(about: &About) -> String {
    let vulkan = value(about, "vulkan");
    let vulkan = if vulkan.is_empty() { String::new() } else { format!("Vulkan {vulkan}") };
    let of = |name| value(about, name);
    let mut parts = vec!["vav1d verify", of("device"), of("driver"), &vulkan, of("date")];
    parts.retain(|part| !part.is_empty());
    format!("<p class=\"over\">{}</p>\n", plain(&parts.join(" \u{b7} ")))
}

/// The causes, each with a command that shows it again.
fn why(body: &mut String, failures: &[Cause<'_>]) {
    if failures.is_empty() {
        return;
    }
    let _ = writeln!(body, "<h2>{}</h2>", several(failures.len(), "cause"));
    for (index, cause) in failures.iter().enumerate() {
        let count = cause.records.len();
        let vectors = if count == 1 { "vector" } else { "vectors" };
        let _ = write!(
            body,
            "<div class=\"cause failed\"><h3><span class=\"many\">{count}</span>{vectors}: {}</h3>\n\
             <p class=\"wide\">{} <span class=\"dim\">{}</span> <a href=\"#failed-{}\">show</a></p>\n",
            plain(cause.word),
            plain(&cause.what),
            plain(&cause.extent()),
            index + 1,
        );
        if let Some(command) = cause.shortest().and_then(|record| record.reproduce.first()) {
            *body += &page::command(command);
        }
        *body += "</div>\n";
    }
}

/// A row for each suite.
fn suites(body: &mut String, records: &[Record]) {
    let suite = |record: &Record| {
        record.name.rsplit_once('/').map_or(String::new(), |(suite, _)| suite.to_owned())
    };
    let mut all: Vec<(String, Vec<&Record>)> = Vec::new();
    for record in records {
        let name = suite(record);
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, records)) => records.push(record),
            None => all.push((name, vec![record])),
        }
    }
    *body += "<h2>Suites</h2>\n<table class=\"suites\"><thead><tr><th scope=\"col\">Suite</th>\
              <th scope=\"col\" class=\"n\">Vectors</th><th scope=\"col\"></th>\
              <th scope=\"col\">Results</th></tr></thead>\n";
    for (name, records) in &all {
        let parts = parts(records.iter().copied());
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"wide-cell\">{}</td>\
             <td class=\"wide-cell\">{}</td></tr>",
            plain(name),
            records.len(),
            page::bar(&parts),
            page::key(&parts)
        );
    }
    *body += "</table>\n";
}

/// What is of one sort, by causes.
fn section(
    body: &mut String,
    folder: Option<&Path>,
    sort: Sort,
    title: &str,
    causes: &[Cause<'_>],
) -> io::Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    let class = sort.part(0).class;
    let count = causes.iter().map(|cause| cause.records.len()).sum();
    let _ = writeln!(body, "<h2>{title}: {}</h2>", several(count, "vector"));
    for (index, cause) in causes.iter().enumerate() {
        let _ = write!(
            body,
            "<section class=\"cause {class}\" id=\"{class}-{}\"><h3><span class=\"many\">{}</span>\
             {}</h3>\n<p class=\"wide\">{}</p>\n",
            index + 1,
            cause.records.len(),
            plain(cause.word),
            plain(&cause.what)
        );
        if !cause.common.is_empty() {
            let common = plain(&cause.common.join(", "));
            let _ = writeln!(
                body,
                "<p class=\"wide\">All first bad frames have, and few right ones: {common}</p>"
            );
        }
        for (at, record) in cause.records.iter().enumerate() {
            // The others look like it.
            let is_open = at == 0 && sort == Sort::Failed;
            *body += &card::text(folder, record, is_open)?;
        }
        *body += "</section>\n";
    }
    Ok(())
}

fn passed(body: &mut String, records: &[Record]) {
    let names: Vec<_> = records.iter().filter(|r| Sort::of(r) == Sort::Passed).collect();
    if names.is_empty() {
        return;
    }
    let _ = writeln!(body, "<h2>Passed: {}</h2>", several(names.len(), "vector"));
    let list = page::names(names.iter().map(|record| &*record.name));
    *body += &folded("their names", &list);
}

/// What was refused or left out, by reason.
fn refused(body: &mut String, records: &[Record]) {
    for (sort, title) in [(Sort::Refused, "Refused"), (Sort::Skipped, "Skipped")] {
        let causes = causes(records, sort);
        let count: usize = causes.iter().map(|cause| cause.records.len()).sum();
        if count == 0 {
            continue;
        }
        let _ = writeln!(body, "<h2>{title}: {}</h2>", several(count, "vector"));
        for cause in &causes {
            let list = page::names(cause.records.iter().map(|record| &*record.name));
            let n = cause.records.len();
            *body += &folded(&format!("<b>{n}</b> {}", plain(&cause.what)), &list);
        }
    }
}

#[cfg(test)]
mod tests;
