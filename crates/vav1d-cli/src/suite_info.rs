//! `vav1d suite-info`: what the vectors of suites exercise.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::args::{InputArgs, InputFormat, SuiteInfoArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::{input, output, suite_query};
use vav1d::plan::planner::PlannerOptions;
use vav1d::sink::md5_hex;
use vav1d_lab::compare::Graph;
use vav1d_lab::conform::coverage::{self, Exercised};
use vav1d_lab::conform::{Vector, suite};

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

/// What all vectors of `suites` exercise, by name, and the exit code if a stream is none.
pub(super) fn read(suites: &[PathBuf]) -> Result<(Vec<Exercised>, Exit)> {
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    for vector in &vectors(suites)? {
        let (exercised, fault) = exercised(vector)?;
        // The code of the first fault, as for a stream that is decoded.
        exit = if exit == Exit::Done { fault } else { exit };
        all.push(exercised);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((all, exit))
}

/// The vectors of `suites`: at least one.
pub(super) fn vectors(suites: &[PathBuf]) -> Result<Vec<Vector>> {
    let vectors = suite::load_all(suites).map_err(|why| Failure::new(Exit::NoInput, why))?;
    if vectors.is_empty() {
        let suites: Vec<_> = suites.iter().map(|path| path.display().to_string()).collect();
        let why = format!("{}: there is no stream in it", suites.join(", "));
        return Err(Failure::new(Exit::NoInput, why));
    }
    Ok(vectors)
}

/// What a vector exercises, and the exit code if that is nothing.
fn exercised(vector: &Vector) -> Result<(Exercised, Exit)> {
    let bytes = std::fs::read(&vector.input)
        .map_err(|e| Failure::new(Exit::NoInput, format!("{}: {e}", vector.input.display())))?;
    let md5 = md5_hex(&bytes);
    drop(bytes);
    let args = InputArgs {
        file: PathBuf::from(&vector.input),
        input_format: InputFormat::Auto,
        track: None,
        follow: None,
        ignore_editlist: false,
    };
    let oracle = vector.oracle.as_ref().ok().and_then(Option::as_ref);
    let options = PlannerOptions {
        operating_point: vector.operating_point,
        all_layers: oracle.is_some_and(|oracle| oracle.semantics.all_layers),
        ..PlannerOptions::default()
    };
    let mut graph = match input::source(&args) {
        Ok(mut source) => Graph::of(&mut *source, options, vector.limit),
        Err(error) => Graph { faults: vec![error.into()], ..Graph::default() },
    };
    // What was read says what it exercises, however it ends.
    let exit = match graph.nodes.is_empty() {
        true => graph.faults.first().map_or(Exit::Stream, Exit::of),
        false => Exit::Done,
    };
    // Only the first is shown.
    graph.faults.truncate(1);
    Ok((Exercised::of(vector, &graph, md5), exit))
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

pub(super) fn record(vector: &Exercised) -> Record<'static> {
    Record::Exercised(json!({
        "name": vector.name,
        "frames": vector.frames.0,
        "pictures": vector.frames.1,
        "sizes": vector.sizes,
        "items": vector.items,
        "fault": vector.fault,
        "md5": vector.md5,
    }))
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
