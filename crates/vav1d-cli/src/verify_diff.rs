//! `vav1d verify-diff`: two results of `verify`, vector by vector.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices, Paint};
use super::results_args::VerifyDiffArgs;
use vav1d_lab::conform::diff::{self, Change, Compared, Diff, Pair};
use vav1d_lab::conform::files;
use vav1d_lab::conform::record;
use vav1d_lab::conform::report::diff_html;
use vav1d_lab::conform::results::{self, Run};
use vav1d_lab::words::count;

/// Vectors of one change that are listed, where nothing is to be done about them.
const LISTED: usize = 20;

pub(super) fn run(args: &VerifyDiffArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let no_input = |why: String| Failure::new(Exit::NoInput, why);
    let first = results::read(&args.first).map_err(no_input)?;
    let second = results::read(&args.second).map_err(no_input)?;
    let diff = diff::diff(&first, &second, args.slower).map_err(no_input)?;
    if let Some(path) = &args.html {
        let page = diff_html::text(&diff, &verdict(&diff)).map_err(Failure::output)?;
        files::write(path, page.as_bytes()).map_err(Failure::output)?;
    }
    output::told(match json {
        true => write_json(args, &diff),
        false => write_text(&diff, notices.results()),
    })?;
    Ok(if diff.is_success() { Exit::Done } else { Exit::No })
}

/// What there is to say in a line.
fn verdict(diff: &Diff<'_>) -> String {
    let regressions: Vec<_> = diff
        .counts()
        .into_iter()
        .filter(|(_, _, worse)| *worse > 0)
        .map(|(change, _, worse)| format!("{worse} {change}"))
        .collect();
    let judged = count(diff.judged(), "vector");
    let lacking: Vec<_> = diff.lacking().map(String::as_str).collect();
    match (diff.regressions(), lacking.as_slice()) {
        (0, []) => format!("No regression: {judged} judged in both."),
        (0, lacking) => format!("B is not whole: {} missing.", lacking.join(", ")),
        (n, _) => format!("{}: {}.", count(n, "regression"), regressions.join(", ")),
    }
}

fn write_text(diff: &Diff<'_>, paint: Paint) -> io::Result<()> {
    let mut out = output::stdout();
    for pair in &diff.pairs {
        heading(&mut out, pair)?;
        for change in Change::ALL.into_iter().filter(|change| *change != Change::Same) {
            let all: Vec<_> = pair.compared.iter().filter(|c| c.change == change).collect();
            let shown = all.iter().enumerate().filter(|(at, c)| c.is_regression || *at < LISTED);
            let mut n = 0;
            for (_, compared) in shown {
                n += 1;
                vector(&mut out, compared, paint)?;
            }
            if n < all.len() {
                writeln!(out, "{change:7} and {} more", all.len() - n)?;
            }
        }
        if let Some((ratio, n)) = pair.ratio() {
            let n = count(n, "vector");
            writeln!(out, "time: {ratio:.2} of A's (geometric mean of {n} that passed in both)")?;
        }
    }
    for (change, n, worse) in diff.counts() {
        let note = if worse > 0 && worse < n { format!(", {worse} worse") } else { String::new() };
        writeln!(out, "{n:6} {change}{note}")?;
    }
    let text = verdict(diff);
    writeln!(out, "{}", if diff.is_success() { paint.good(&text) } else { paint.bad(&text) })?;
    out.flush()
}

fn heading(out: &mut impl Write, pair: &Pair<'_>) -> io::Result<()> {
    for (side, run) in [("A", pair.first), ("B", pair.second)] {
        match run {
            Some(run) => writeln!(out, "{side}: {}", described(run))?,
            None => writeln!(out, "{side}: nothing of this configuration")?,
        }
    }
    for (name, a, b) in pair.differences() {
        writeln!(out, "{name}: {a} -> {b}")?;
    }
    Ok(())
}

/// A run in a line.
fn described(run: &Run) -> String {
    let parts = [run.configuration().to_string(), run.about.property("date").to_owned()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}, {}", run.path.display(), count(run.records.len(), "vector"), parts.join(", "))
}

fn vector(out: &mut impl Write, compared: &Compared<'_>, paint: Paint) -> io::Result<()> {
    let word = format!("{:7}", compared.change);
    let word = match (compared.is_regression, compared.change) {
        (true, _) => paint.bad(&word),
        (_, Change::Fixed | Change::Gained) => paint.good(&word),
        _ => paint.odd(&word),
    };
    writeln!(out, "{word} {}: {}", compared.name(), compared.text)?;
    let Some(record) = compared.second.filter(|_| compared.is_regression) else { return Ok(()) };
    if let Some(explained) = record.explained.as_ref().filter(|e| !e.text.is_empty()) {
        writeln!(out, "        {}", explained.text)?;
    }
    record.reproduce.iter().try_for_each(|command| writeln!(out, "        {command}"))
}

fn side(record: Option<&record::Record>) -> Value {
    let Some(record) = record else { return Value::Null };
    let outcome = record.outcome.as_ref();
    json!({
        "name": record.name,
        "status": record.status.to_string(),
        "outcome": outcome.map(|outcome| outcome.word()),
        "first_wrong": outcome.and_then(|outcome| outcome.first_wrong()),
        "seconds": record.seconds.is_finite().then_some(record.seconds),
        "reproduce": record.reproduce,
    })
}

fn write_json(args: &VerifyDiffArgs, diff: &Diff<'_>) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("verify-diff", Some(&args.first), None)?;
    for (index, pair) in diff.pairs.iter().enumerate() {
        for compared in &pair.compared {
            let either = compared.second.or(compared.first);
            lines.write(&Record::Change(json!({
                "pair": index,
                "name": compared.name(),
                "stream": either.and_then(|record| record.stream.as_ref()),
                "change": compared.change.word(),
                "regression": compared.is_regression,
                "text": compared.text,
                "ratio": compared.ratio,
                "a": side(compared.first),
                "b": side(compared.second),
            })))?;
        }
    }
    let run = |run: Option<&Run>| {
        let run = run?;
        let properties: serde_json::Map<String, Value> =
            run.about.properties.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
        let file = run.path.display().to_string();
        Some(json!({ "file": file, "vectors": run.records.len(), "run": properties }))
    };
    let pairs: Vec<_> = diff
        .pairs
        .iter()
        .map(|pair| {
            let differ: Vec<_> = pair.differences().into_iter().map(|(name, ..)| name).collect();
            let ratio = pair.ratio();
            json!({
                "a": run(pair.first), "b": run(pair.second), "differ": differ,
                "ratio": ratio.map(|(ratio, _)| ratio), "timed": ratio.map_or(0, |(_, n)| n),
            })
        })
        .collect();
    let counts: serde_json::Map<String, Value> =
        diff.counts().into_iter().map(|(change, n, _)| (change.word().into(), json!(n))).collect();
    lines.write(&Record::Changes(json!({
        "pairs": pairs,
        "changes": counts,
        "judged": diff.judged(),
        "regressions": diff.regressions(),
        "lacking": diff.lacking().collect::<Vec<_>>(),
        "slower": diff.slower,
        "success": diff.is_success(),
        "verdict": verdict(diff),
    })))?;
    lines.0.flush()
}
