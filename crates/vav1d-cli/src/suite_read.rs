//! What the vectors of suites exercise, read from their streams.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::input;
use super::json::Record;
use vav1d::plan::planner::PlannerOptions;
use vav1d::sink::md5_hex;
use vav1d_lab::compare::Graph;
use vav1d_lab::conform::coverage::Exercised;
use vav1d_lab::conform::{Vector, suite};

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
    // A capture is its stream.
    let unreadable =
        |path: &Path, e| Failure::new(Exit::NoInput, format!("{}: {e}", path.display()));
    let named = suites
        .iter()
        .map(|path| input::stream_of(path).map(Cow::into_owned).map_err(|e| unreadable(path, e)));
    let named = named.collect::<Result<Vec<_>>>()?;
    let vectors = suite::load_all(&named).map_err(|why| Failure::new(Exit::NoInput, why))?;
    for vector in &vectors {
        input::complete(&vector.input).map_err(|e| unreadable(&vector.input, e))?;
    }
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
    let args = InputArgs::of(&vector.input);
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

/// The record of a vector.
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
