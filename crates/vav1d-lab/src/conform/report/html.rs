//! One HTML page that needs nothing else: a strip for each vector, a cell for each output picture.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use base64::Engine as _;

use super::About;
use crate::conform::expect::{Status, Word};
use crate::conform::runner::Record;

/// Widest image that is put into the page.
const THUMBNAIL: u32 = 208;
/// Width of a picture's cell in the strip.
const CELL: usize = 3;

const HEAD: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>vav1d verify</title><style>
body { font: 14px sans-serif; margin: 1.5em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: 2px 8px; text-align: left; vertical-align: top }
td { overflow-wrap: anywhere; min-width: 5em }
table.vectors { table-layout: fixed; width: 100% }
th.name { width: 24em } th.status { width: 12em }
tr.red td:first-child { border-left: 4px solid #c00 } tr.ok td:first-child { border-left: 4px solid #2a2 }
tr.skip td:first-child { border-left: 4px solid #aaa }
svg { display: block; max-width: 100% } .right { fill: #3a3 } .inherited { fill: #f90 }
.wrong { fill: #d00; stroke: #d00; vector-effect: non-scaling-stroke }
.missing { fill: #555 } .unjudged { fill: #ccc }
.key span { display: inline-block; width: 12px; height: 12px; margin: 0 4px 0 12px }
img { max-width: 320px; image-rendering: pixelated; margin: 4px 8px 4px 0 }
figure { display: inline-block; margin: 0 } figcaption { color: #666 } .about { color: #555 }
pre { white-space: pre-wrap; margin: 2px 0 } .verdict { font-size: 1.3em; font-weight: bold }
.good { color: #172 } .bad { color: #a00 }
</style></head><body><h1>vav1d verify</h1>
";

/// The page.
///
/// # Errors
/// An image cannot be read.
pub fn text(records: &[Record], about: &About) -> io::Result<String> {
    let mut page = HEAD.to_owned();
    let verdict = super::Verdict::of(records, about);
    let class = if verdict.is_success() { "good" } else { "bad" };
    let _ = writeln!(page, "<p class=\"verdict {class}\">{}</p>", plain(&verdict.to_string()));
    for note in &about.notes {
        let _ = writeln!(page, "<p>{}</p>", plain(note));
    }
    page += "<table>\n";
    for (name, value) in &about.properties {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", plain(name), plain(value));
    }
    for (status, count) in super::counts(records) {
        let _ = writeln!(page, "<tr><th>{status}</th><td>{count}</td></tr>");
    }
    for (count, why) in super::reasons(records) {
        let _ =
            writeln!(page, "<tr><th>{count} refused or skipped</th><td>{}</td></tr>", plain(&why));
    }
    page += "</table>\n<p class=\"key\">Output pictures:";
    for (word, color) in [
        ("right", "#3a3"),
        ("wrong", "#d00"),
        ("inherited", "#f90"),
        ("missing", "#555"),
        ("unjudged", "#ccc"),
    ] {
        let _ = write!(page, "<span style=\"background:{color}\"></span>{word}");
    }
    page += "</p>\n<table class=\"vectors\">\n<tr><th class=\"name\">Vector</th>\
             <th class=\"status\">Status</th><th>Pictures</th></tr>\n";
    let (red, ok): (Vec<_>, Vec<_>) = records.iter().partition(|r| super::is_named(r));
    for record in red.into_iter().chain(ok) {
        row(&mut page, record)?;
    }
    Ok(page + "</table></body></html>\n")
}

fn row(page: &mut String, record: &Record) -> io::Result<()> {
    let class = match record.status {
        Status::New(Word::Skip) | Status::NotRun => "skip",
        status if status.is_success() => "ok",
        _ => "red",
    };
    let _ = write!(
        page,
        "<tr class=\"{class}\"><td>{}</td><td>{}</td><td>",
        plain(&record.name),
        plain(&record.status.to_string())
    );
    strip(page, &states(record));
    let about = super::about(record);
    if about != "pass" {
        let _ = write!(page, "<div class=\"about\">{}</div>", plain(&about));
    }
    for command in &record.reproduce {
        let _ = write!(page, "<pre>{}</pre>", plain(command));
    }
    if let Some(explained) = &record.explained {
        let _ = write!(page, "<div>{}</div>", plain(&explained.text));
        for (image, what) in explained.images.iter().zip(["is", "should be", "difference"]) {
            let data = thumbnail_data(image)?;
            let _ = write!(
                page,
                "<figure><img src=\"data:image/png;base64,{data}\" alt=\"{what}\">\
                 <figcaption>{what}</figcaption></figure>"
            );
        }
    }
    page.push_str("</td></tr>\n");
    Ok(())
}

/// The state of each output picture.
pub(super) fn states(record: &Record) -> Vec<&'static str> {
    if let Some(explained) = &record.explained {
        return explained.outputs.clone();
    }
    let frames = record.frames.iter().map(|right| match right {
        Some(true) => "right",
        Some(false) => "wrong",
        None => "unjudged",
    });
    frames.chain(std::iter::repeat_n("missing", record.missing)).collect()
}

/// A rectangle for each run of pictures in one state. A long strip is squeezed into its column;
/// what is wrong keeps a stroke, and comes last so that nothing covers it.
pub(super) fn strip(page: &mut String, states: &[&str]) {
    if states.is_empty() {
        return;
    }
    let width = states.len() * CELL;
    let _ = write!(
        page,
        "<svg width=\"{width}\" height=\"12\" viewBox=\"0 0 {width} 12\" \
         preserveAspectRatio=\"none\">"
    );
    let mut runs = Vec::new();
    let mut at = 0;
    for run in states.chunk_by(|a, b| a == b) {
        runs.push((*run.first().unwrap_or(&""), at, run.len()));
        at += run.len();
    }
    runs.sort_by_key(|(word, ..)| *word == "wrong");
    for (word, at, length) in runs {
        let (x, width, last) = (at * CELL, length * CELL, at + length - 1);
        let _ = write!(
            page,
            "<rect class=\"{word}\" x=\"{x}\" width=\"{width}\" height=\"12\">\
             <title>{word}: {at} to {last}</title></rect>"
        );
    }
    page.push_str("</svg>");
}

pub(super) fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An image for a page, in base64.
pub(super) fn thumbnail_data(path: &Path) -> io::Result<String> {
    Ok(base64::engine::general_purpose::STANDARD.encode(thumbnail(path)?))
}

/// An image, made smaller if it is wide.
fn thumbnail(path: &Path) -> io::Result<Vec<u8>> {
    crate::compare::images::smaller(path, THUMBNAIL)
}
