//! Two results side by side, as one HTML page that needs nothing else.

use std::fmt::Write as _;
use std::io;

use super::html::{pictures, states, strip};
use super::page::{self, plain};
use crate::conform::diff::{Change, Compared, Diff, Pair};
use crate::conform::record::Record;
use crate::conform::results::Run;
use crate::words::count;

/// Cards that are open; the rest of a change is folded.
const OPEN: usize = 20;
/// Vectors of one change that have a card.
const CARDS: usize = 500;

/// The page; `verdict` is its headline.
///
/// # Errors
/// An image cannot be read.
pub fn text(diff: &Diff<'_>, verdict: &str) -> io::Result<String> {
    let mut page = "<p class=\"over\">vav1d verify-diff</p>\n".to_owned();
    page += &page::headline(verdict, diff.is_success());
    diff.pairs.iter().for_each(|pair| names(&mut page, pair));
    bar(&mut page, diff);
    page += "<table><tr><th class=\"n\">Vectors</th><th>Change</th><th></th></tr>\n";
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
    for change in Change::ALL.into_iter().filter(|change| *change != Change::Same) {
        section(&mut page, change, diff)?;
    }
    for pair in &diff.pairs {
        sides(&mut page, pair);
    }
    Ok(page::page(&format!("{verdict} vav1d verify-diff"), diff.is_success(), &page))
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

/// What the runs are, and in what they differ, in a line each.
fn names(page: &mut String, pair: &Pair<'_>) {
    for (side, run) in [("A", pair.first), ("B", pair.second)] {
        let text = run.map_or("nothing of this configuration".to_owned(), |run| {
            let parts = [run.configuration().to_string(), run.about.property("date").to_owned()];
            let parts = parts.iter().filter(|part| !part.is_empty()).cloned();
            parts.collect::<Vec<_>>().join(", ")
        });
        let _ = writeln!(page, "<div><b>{side}</b> {}</div>", plain(&text));
    }
    for (name, a, b) in pair.differences() {
        let (name, a, b) = (plain(name), plain(a), plain(b));
        let _ = writeln!(page, "<div><b>{name}</b> {a} &rarr; {b}</div>");
    }
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
        let mark = if a == b { "" } else { " <span class=\"note\">(not the same)</span>" };
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
        "<div class=\"cause {class}\"><h3>{word}{}</h3><div>{}</div><div class=\"sides\">",
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
        let _ = write!(page, "<div><b>{side}</b> <span class=\"dim\">not there</span></div>");
        return Ok(());
    };
    let status = plain(&record.status.to_string());
    let about = plain(&record.line());
    let _ = write!(page, "<div><b>{side}</b> {status}: {about}");
    strip(page, &states(record));
    if let Some(explained) = &record.explained {
        let _ = write!(page, "<div>{}</div>", plain(&explained.text));
    }
    for command in &record.reproduce {
        *page += &page::command(command);
    }
    if let Some(explained) = &record.explained {
        pictures(page, None, explained)?;
    }
    page.push_str("</div>");
    Ok(())
}
