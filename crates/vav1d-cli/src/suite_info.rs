//! `vav1d suite-info`: what the vectors of suites exercise.

use std::io::{self, Write};

use serde_json::json;

use super::args::SuiteInfoArgs;
use super::exit::Exit;
use super::failure::Result;
use super::json::{Lines, Record};
use super::suite_read::{read, record};
use super::{output, suite_query};
use vav1d_lab::conform::coverage::{self, Exercised};

pub(super) fn run(args: &SuiteInfoArgs, json: bool) -> Result<Exit> {
    let (all, exit) = read(&args.suites)?;
    if let Some(answer) = suite_query::run(args, &all, json)? {
        return Ok(if exit == Exit::Done { answer } else { exit });
    }
    let written = match json {
        true => write_json(&all),
        false => write_text(args, &all),
    };
    output::told(written)?;
    Ok(exit)
}

fn write_text(args: &SuiteInfoArgs, all: &[Exercised]) -> io::Result<()> {
    let mut out = output::stdout();
    for vector in all.iter().filter(|vector| args.vectors || vector.fault.is_some()) {
        let (frames, pictures) = vector.frames;
        let sizes: Vec<_> = vector.sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect();
        let sizes = sizes.join(" ");
        writeln!(out, "{}: {frames} frames, {pictures} pictures, {sizes}", vector.name)?;
        if args.vectors {
            let items: Vec<_> = vector.items.iter().map(String::as_str).collect();
            writeln!(out, "   {}", items.join(" "))?;
        }
        if let Some(fault) = &vector.fault {
            writeln!(out, "   {fault}")?;
        }
    }
    let counts = coverage::counts(all);
    let vectors = if all.len() == 1 { "vector" } else { "vectors" };
    writeln!(out, "coverage of {} {vectors}: how many exercise each", all.len())?;
    for (item, count) in counts.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "{count:6} {item}")?;
    }
    writeln!(out, "not covered:")?;
    for (item, _) in counts.iter().filter(|(_, count)| *count == 0) {
        writeln!(out, "       {item}")?;
    }
    let duplicates = coverage::duplicates(all);
    if !duplicates.is_empty() {
        writeln!(out, "the same stream:")?;
    }
    for names in duplicates {
        writeln!(out, "       {}", names.join(" "))?;
    }
    out.flush()
}

fn write_json(all: &[Exercised]) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("suite-info", None, None)?;
    for vector in all {
        lines.write(&record(vector))?;
    }
    let counts = coverage::counts(all);
    let covered: serde_json::Map<_, _> =
        counts.iter().map(|(item, count)| (item.clone(), json!(count))).collect();
    lines.write(&Record::Coverage(json!({
        "vectors": all.len(),
        "counts": covered,
        "not_covered": counts.iter().filter(|(_, n)| *n == 0).map(|(i, _)| i).collect::<Vec<_>>(),
        "duplicates": coverage::duplicates(all),
    })))?;
    lines.0.flush()
}
