//! Two results side by side, as one HTML page that needs nothing else.

use std::fmt::Write as _;
use std::io;

use super::html::{plain, states, strip, thumbnail_data};
use crate::conform::diff::{Change, Compared, Diff, Pair};
use crate::conform::results::Run;
use crate::conform::runner::Record;
use crate::words::count;

const HEAD: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>vav1d verify-diff</title><style>
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --soft: #5c6370; --line: #d6d9de;
  --card: #f6f7f9; --bad: #b3131b; --good: #1a7f37; --odd: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #15171a; --soft: #a0a7b3;
  --line: #363b43; --card: #1e2126; --bad: #ff8080; --good: #6fd08c; --odd: #e3b45a } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1em; max-width: 72em;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.1em; margin: 0; color: var(--soft) } h2 { font-size: 1.15em; margin: 1.6em 0 .4em }
.verdict { font-size: 1.6em; font-weight: 700; margin: .1em 0 .4em } .bad { color: var(--bad) }
.good { color: var(--good) } .odd { color: var(--odd) } .soft { color: var(--soft) }
.bar { display: flex; height: 1.1em; border: 1px solid var(--line); border-radius: 3px;
  overflow: hidden; margin: .4em 0 } .bar span { min-width: 3px }
.bar .worse { background: repeating-linear-gradient(45deg, var(--bad) 0 4px, transparent 4px 7px) }
.bar .better { background: var(--good) } .bar .same { background: var(--line) }
.bar .note { background: repeating-linear-gradient(-45deg, var(--odd) 0 2px, transparent 2px 6px) }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600 }
td, th { padding: .15em .6em .15em 0; vertical-align: top; overflow-wrap: anywhere }
td.n { text-align: right; width: 4em; font-variant-numeric: tabular-nums }
.card { border: 1px solid var(--line); border-left: 5px solid var(--line); border-radius: 4px;
  background: var(--card); padding: .5em .8em; margin: .6em 0 }
.card.worse { border-left-color: var(--bad) } .card.better { border-left-color: var(--good) }
.card h3 { font-size: 1em; margin: 0; overflow-wrap: anywhere }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .8em }
@media (max-width: 640px) { .sides { grid-template-columns: 1fr } }
.sides > div { min-width: 0 } .sides b { display: inline-block; min-width: 1.4em }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4em 0; padding: .4em .6em;
  border: 1px solid var(--line); border-radius: 3px; background: var(--paper); font-size: .87em }
img { max-width: 100%; image-rendering: pixelated } figure { margin: .3em 0; display: inline-block }
figcaption { color: var(--soft); font-size: .87em } summary { cursor: pointer; margin: .4em 0 }
svg { display: block; max-width: 100%; margin: .3em 0 } .right { fill: var(--line) }
.inherited { fill: var(--odd) } .missing { fill: none; stroke: var(--ink) }
.wrong { fill: var(--bad); stroke: var(--bad); vector-effect: non-scaling-stroke }
.unjudged { fill: none; stroke: var(--soft); stroke-dasharray: 1 1 }
</style></head><body><h1>vav1d verify-diff</h1>
";

/// Cards that are open; the rest of a change is folded.
const OPEN: usize = 20;
/// Vectors of one change that have a card.
const CARDS: usize = 500;

/// The page; `verdict` is its headline.
///
/// # Errors
/// An image cannot be read.
pub fn text(diff: &Diff<'_>, verdict: &str) -> io::Result<String> {
    let mut page = HEAD.to_owned();
    let class = if diff.is_success() { "good" } else { "bad" };
    let _ = writeln!(page, "<p class=\"verdict {class}\">{}</p>", plain(verdict));
    bar(&mut page, diff);
    page += "<table><tr><th></th><th>Change</th><th>Vectors</th></tr>\n";
    for (change, n, worse) in diff.counts() {
        let worse = if worse > 0 { format!("{worse} worse than before") } else { String::new() };
        let link = match change {
            Change::Same => change.word().to_owned(),
            _ => format!("<a href=\"#{change}\">{change}</a>"),
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"n\">{n}</td><td>{link}: {}</td><td class=\"bad\">{worse}</td></tr>",
            meaning(change)
        );
    }
    page += "</table>\n";
    for pair in &diff.pairs {
        sides(&mut page, pair);
    }
    for change in Change::ALL.into_iter().filter(|change| *change != Change::Same) {
        section(&mut page, change, diff)?;
    }
    Ok(page + "</body></html>\n")
}

/// What a change is, for who reads it the first time.
fn meaning(change: Change) -> &'static str {
    match change {
        Change::New => "it fails, and did not",
        Change::Lost => "it was decoded, and is refused",
        Change::Gone => "it was judged, and is not any more",
        Change::Moved => "it fails in another way, or from another frame on",
        Change::Flaky => "it passes in some runs only",
        Change::Slower => "it takes longer",
        Change::Fixed => "it fails no more",
        Change::Gained => "it was refused, and passes",
        Change::Added => "it was not judged, and is",
        Change::Same => "as it was",
    }
}

/// How it is drawn.
fn class(change: Change, is_regression: bool) -> &'static str {
    match change {
        _ if is_regression => "worse",
        Change::Fixed | Change::Gained => "better",
        Change::Same => "same",
        _ => "note",
    }
}

fn bar(page: &mut String, diff: &Diff<'_>) {
    page.push_str("<div class=\"bar\" role=\"img\" aria-label=\"share of each change\">");
    for (change, n, worse) in diff.counts() {
        let parts = [(worse, class(change, true)), (n - worse, class(change, false))];
        for (n, class) in parts.into_iter().filter(|(n, _)| *n > 0) {
            let _ = write!(
                page,
                "<span class=\"{class}\" style=\"flex-grow:{n}\" title=\"{n} {change}\"></span>"
            );
        }
    }
    page.push_str("</div>\n");
}

/// Both runs, property by property.
fn sides(page: &mut String, pair: &Pair<'_>) {
    let names = |run: Option<&Run>| {
        let all = run.map_or(&[][..], |run| &run.about.properties);
        all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let mut all = names(pair.first);
    all.extend(
        names(pair.second).into_iter().filter(|name| !all.contains(name)).collect::<Vec<_>>(),
    );
    let value = |run: Option<&Run>, name: &str| {
        plain(run.map_or("nothing of this configuration", |run| run.about.property(name)))
    };
    let title = |run: Option<&Run>| {
        run.map_or("-".to_owned(), |run| plain(&run.path.display().to_string()))
    };
    let _ = writeln!(
        page,
        "<h2>The runs</h2><table><tr><th></th><th>A: {}</th><th>B: {}</th></tr>",
        title(pair.first),
        title(pair.second)
    );
    for name in all {
        let (a, b) = (value(pair.first, &name), value(pair.second, &name));
        let mark = if a == b { "" } else { " <span class=\"odd\">(not the same)</span>" };
        let name = plain(&name);
        let _ = writeln!(page, "<tr><th>{name}{mark}</th><td>{a}</td><td>{b}</td></tr>");
    }
    if let Some((ratio, n)) = pair.ratio() {
        let n = count(n, "vector");
        let _ = writeln!(
            page,
            "<tr><th>time</th><td></td><td>{ratio:.2} of A's (geometric mean of {n} that passed \
             in both)</td></tr>"
        );
    }
    page.push_str("</table>\n");
}

fn section(page: &mut String, change: Change, diff: &Diff<'_>) -> io::Result<()> {
    let all: Vec<_> = diff.compared().filter(|compared| compared.change == change).collect();
    if all.is_empty() {
        return Ok(());
    }
    let n = count(all.len(), "vector");
    let _ = writeln!(page, "<h2 id=\"{change}\">{change}: {n} ({})</h2>", meaning(change));
    for (at, compared) in all.iter().take(CARDS).enumerate() {
        if at == OPEN {
            let _ = writeln!(page, "<details><summary>{} more</summary>", all.len() - OPEN);
        }
        card(page, compared)?;
    }
    if all.len() > CARDS {
        let _ = writeln!(page, "<p>And {} more, which have no card.</p>", all.len() - CARDS);
    }
    if all.len() > OPEN {
        page.push_str("</details>\n");
    }
    Ok(())
}

fn card(page: &mut String, compared: &Compared<'_>) -> io::Result<()> {
    let class = class(compared.change, compared.is_regression);
    let word = if compared.is_regression { "<span class=\"bad\">regression</span> " } else { "" };
    let _ = writeln!(
        page,
        "<div class=\"card {class}\"><h3>{word}{}</h3><div>{}</div><div class=\"sides\">",
        plain(compared.name()),
        plain(&compared.text)
    );
    for (side, record) in [("A", compared.first), ("B", compared.second)] {
        half(page, side, record)?;
    }
    page.push_str("</div></div>\n");
    Ok(())
}

/// One side of a card.
fn half(page: &mut String, side: &str, record: Option<&Record>) -> io::Result<()> {
    let Some(record) = record else {
        let _ = write!(page, "<div><b>{side}</b> <span class=\"soft\">not there</span></div>");
        return Ok(());
    };
    let status = plain(&record.status.to_string());
    let about = plain(&super::about(record));
    let _ = write!(page, "<div><b>{side}</b> {status}: {about}");
    strip(page, &states(record));
    if let Some(explained) = &record.explained {
        let _ = write!(page, "<div>{}</div>", plain(&explained.text));
        for (image, what) in explained.images.iter().zip(["is", "should be", "difference"]) {
            let data = thumbnail_data(image)?;
            let _ = write!(
                page,
                "<figure><img src=\"data:image/png;base64,{data}\" alt=\"{side}: {what}\">\
                 <figcaption>{what}</figcaption></figure> "
            );
        }
    }
    for command in &record.reproduce {
        let _ = write!(page, "<pre>{}</pre>", plain(command));
    }
    page.push_str("</div>");
    Ok(())
}
