//! One vector: what came of its pictures, where the first wrong one is wrong, how that is seen
//! again, and what the child said.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use base64::Engine as _;

use super::page::{self, folded, link, plain};
use crate::conform::record::{Explained, Record};
use crate::conform::vector::file_name;
use crate::words::count as several;

/// Widest image that is put into the page.
const THUMBNAIL: u32 = 208;
/// Width of a picture's cell in the strip.
const CELL: usize = 3;
/// Characters of a line.
const LINE: usize = 120;
/// Bytes of a log that are put into the page: its last.
const LOG: usize = 4096;

/// States of output pictures, and the height of their cells.
const STATES: [(&str, usize); 5] =
    [("right", 4), ("unjudged", 7), ("inherited", 10), ("missing", 13), ("wrong", 16)];

/// The card of `record`, whose logs and images are in `folder`.
pub(super) fn text(folder: Option<&Path>, record: &Record, is_open: bool) -> io::Result<String> {
    let mut text = format!(
        "<details class=\"card\" id=\"{}\"{}><summary><h3>{}</h3> <span class=\"dim\">{}: {}</span>\
         </summary>\n",
        plain(&record.name),
        if is_open { " open" } else { "" },
        plain(&record.name),
        plain(&record.status.to_string()),
        plain(&in_short(record))
    );
    let _ = writeln!(text, "<p class=\"wide\">{}</p>", plain(&record.line()));
    let states = states(record);
    strip(&mut text, &states);
    if let Some(explained) = &record.explained {
        let _ = writeln!(text, "<p class=\"wide\">{}</p>", plain(&explained.text));
        pictures(&mut text, folder, explained)?;
    }
    for command in &record.reproduce {
        text += &page::command(command);
    }
    let _ = write!(
        text,
        "<p class=\"dim wide\">stream: {}",
        plain(&record.input.display().to_string())
    );
    if let Some(oracle) = record.oracle {
        let _ = write!(text, " \u{b7} compared with: {}", oracle.word());
    }
    text += "</p>\n";
    if let Some(folder) = folder {
        text += &log(folder, record)?;
    }
    Ok(text + "</details>\n")
}

/// What came of it, as far as it fits into a line.
fn in_short(record: &Record) -> String {
    let explained = record.explained.as_ref().map(|explained| explained.text.clone());
    let text = explained.filter(|text| !text.is_empty());
    let text = text.unwrap_or_else(|| record.line());
    match text.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text,
    }
}

/// The state of each output picture.
pub(in crate::conform::report) fn states(record: &Record) -> Vec<&'static str> {
    if let Some(explained) = record.explained.as_ref().filter(|e| !e.outputs.is_empty()) {
        return explained.outputs.clone();
    }
    let frames = record.frames.iter().map(|right| match right {
        Some(true) => "right",
        Some(false) => "wrong",
        None => "unjudged",
    });
    frames.chain(std::iter::repeat_n("missing", record.missing)).collect()
}

/// A rectangle for each run of pictures in one state: the worse, the higher. A long strip is
/// squeezed; what is wrong comes last so that nothing covers it. The same is said in words.
pub(in crate::conform::report) fn strip(page: &mut String, states: &[&str]) {
    if states.is_empty() {
        return;
    }
    let width = states.len() * CELL;
    let words = STATES.iter().rev().filter_map(|(word, _)| {
        let count = states.iter().filter(|state| *state == word).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let what = several(states.len(), "output picture");
    let _ = write!(
        page,
        "<svg class=\"strip\" viewBox=\"0 0 {width} 16\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{words}\">"
    );
    let mut runs = Vec::new();
    let mut at = 0;
    for run in states.chunk_by(|a, b| a == b) {
        runs.push((*run.first().unwrap_or(&""), at, run.len()));
        at += run.len();
    }
    runs.sort_by_key(|(word, ..)| *word == "wrong");
    for (word, at, length) in runs {
        let height = STATES.iter().find(|(known, _)| *known == word).map_or(16, |(_, h)| *h);
        let (x, width, last) = (at * CELL, length * CELL, at + length - 1);
        let _ = write!(
            page,
            "<rect class=\"{word}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{height}\">\
             <title>{word}: {at} to {last}</title></rect>",
            16 - height
        );
    }
    let _ = writeln!(page, "</svg>\n<p class=\"dim\">{what}: {words}</p>");
}

/// What the first wrong frame is, should be, and by how much, with a box round its first wrong
/// block.
pub(in crate::conform::report) fn pictures(
    page: &mut String,
    folder: Option<&Path>,
    explained: &Explained,
) -> io::Result<()> {
    if explained.images.is_empty() {
        return Ok(());
    }
    *page += "<div class=\"three\">\n";
    let difference = match explained.most {
        0 => "difference".to_owned(),
        most => format!("difference; white is {most}"),
    };
    for (image, what) in explained.images.iter().zip(["is", "should be", &difference]) {
        let data = thumbnail_data(image)?;
        let target = folder.and_then(|folder| image.strip_prefix(folder).ok());
        let (open, close) = match target {
            Some(path) => (format!("<a class=\"picture\" href=\"{}\">", link(path)), "</a>"),
            None => ("<span class=\"picture\">".to_owned(), "</span>"),
        };
        let _ = writeln!(
            page,
            "<figure>{open}<img src=\"data:image/png;base64,{data}\" alt=\"{what}\">{}{close}\
             <figcaption>{what}</figcaption></figure>",
            frame(explained)
        );
    }
    *page += "</div>\n";
    Ok(())
}

/// An image for a page, made smaller if it is wide, in base64.
fn thumbnail_data(path: &Path) -> io::Result<String> {
    let bytes = crate::compare::images::smaller(path, THUMBNAIL)?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The box round the first wrong block, in percent of the picture.
fn frame(explained: &Explained) -> String {
    let Some(area) = explained.block else { return String::new() };
    let of = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole.max(1));
    let (right, bottom) =
        ((area.x + area.size).min(area.picture.0), (area.y + area.size).min(area.picture.1));
    format!(
        "<span class=\"box\" style=\"left:{:.2}%;top:{:.2}%;width:{:.2}%;height:{:.2}%\"></span>",
        of(area.x, area.picture.0),
        of(area.y, area.picture.1),
        of(right.saturating_sub(area.x), area.picture.0),
        of(bottom.saturating_sub(area.y), area.picture.1),
    )
}

/// The end of what the child said.
fn log(folder: &Path, record: &Record) -> io::Result<String> {
    let path = Path::new("logs").join(file_name(&record.name));
    let path = crate::conform::files::added(&path, "log");
    let bytes = match std::fs::read(folder.join(&path)) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(e) => return Err(crate::conform::files::named(&folder.join(&path), e)),
    };
    let end = bytes.get(bytes.len().saturating_sub(LOG)..).unwrap_or_default();
    let cut = if end.len() < bytes.len() { "\u{2026}" } else { "" };
    let said = format!("{cut}{}", String::from_utf8_lossy(end));
    let body = format!("<pre class=\"log\" tabindex=\"0\">{}</pre>\n", plain(said.trim_end()));
    Ok(folded(&format!("the log (<a href=\"{}\">whole</a>)", link(&path)), &body))
}
