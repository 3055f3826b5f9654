//! Which vectors `verify` runs.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use regex::Regex;
use serde_json::json;

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output;
use super::verify_args::VerifyArgs;
use vav1d_lab::conform::expect::Status;
use vav1d_lab::conform::results;
use vav1d_lab::conform::selection::Selection;
use vav1d_lab::conform::{Oracle, Vector, runner, suite};
use vav1d_lab::words::count;

/// The vectors of a run.
pub(super) struct Chosen {
    /// Those of all parts.
    pub(super) all: Vec<Vector>,
    /// Those of this part.
    pub(super) part: Vec<Vector>,
    /// What this part is of all.
    pub(super) selection: Selection,
    /// All of the suites are among `all`.
    pub(super) is_whole: bool,
    /// What the reader has to know.
    pub(super) notes: Vec<String>,
}

/// The vectors that `args` name.
///
/// # Errors
/// A suite or a list of failures cannot be read, or nothing is left.
pub(super) fn choose(args: &VerifyArgs) -> Result<Chosen> {
    let no_input = |why: String| Failure::new(Exit::NoInput, why);
    let mut all = suite::load_all_from(&args.suites, &args.resources).map_err(no_input)?;
    if all.is_empty() {
        let suites: Vec<_> = args.suites.iter().map(|path| path.display().to_string()).collect();
        return Err(no_input(format!("{}: there is no stream in it", suites.join(", "))));
    }
    let mut notes = Vec::new();
    for (pattern, regex) in args.refused.iter().zip(patterns("--refused", &args.refused)?) {
        let mut matching = all.iter_mut().filter(|vector| regex.is_match(&vector.name)).peekable();
        if matching.peek().is_none() {
            notes.push(format!("--refused {pattern} matches no vector."));
        }
        matching.for_each(|vector| vector.oracle = Ok(Some(Oracle::REFUSED)));
    }
    let (loaded, first) = (all.len(), all.first().map_or(String::new(), |v| v.name.clone()));
    if let Some(path) = &args.rerun {
        let wanted = failures(path).map_err(no_input)?;
        let known: BTreeSet<_> = all.iter().map(|vector| vector.name.as_str()).collect();
        if let Some(name) = wanted.iter().find(|name| !known.contains(name.as_str())) {
            let why = format!("{}: {name}: there is no such vector", path.display());
            return Err(no_input(why));
        }
        all.retain(|vector| wanted.contains(&vector.name));
    }
    let (filter, exclude) =
        (patterns("--filter", &args.filter)?, patterns("--exclude", &args.exclude)?);
    let matches = |all: &[Regex], name: &str| all.iter().any(|regex| regex.is_match(name));
    all.retain(|vector| filter.is_empty() || matches(&filter, &vector.name));
    all.retain(|vector| !matches(&exclude, &vector.name));
    if all.is_empty() {
        let of = count(loaded, "vector");
        let what = if args.exclude.is_empty() { "--filter matches" } else { "the filters leave" };
        return Err(no_input(format!("{what} none of {of}, such as {first}")));
    }
    let (fraction, start) = (args.fraction as usize, args.fraction_start as usize);
    Ok(Chosen {
        selection: Selection::of(&all, fraction, start),
        // A part may have none: there may be more machines than vectors.
        part: runner::fraction(all.clone(), fraction, start),
        is_whole: all.len() == loaded,
        all,
        notes,
    })
}

fn patterns(option: &str, texts: &[String]) -> Result<Vec<Regex>> {
    let one = |text: &String| {
        Regex::new(text).map_err(|e| Failure::new(Exit::Usage, format!("{option}: {e}")))
    };
    texts.iter().map(one).collect()
}

/// Names of vectors that something is to be done about: of `failures.csv` or `results.csv`, of
/// `results.jsonl`, or of a folder with the last.
fn failures(path: &Path) -> std::result::Result<BTreeSet<String>, String> {
    let is_results = path.is_dir() || path.extension().is_some_and(|e| e == "jsonl");
    let names = match is_results {
        true => {
            let runs = results::read(path)?;
            let red = runs.into_iter().flat_map(|run| run.records);
            red.filter(|record| !record.status.is_success()).map(|record| record.name).collect()
        }
        false => listed(path)?,
    };
    match names.is_empty() {
        true => Err(format!("{}: nothing in it is to be run again", path.display())),
        false => Ok(names),
    }
}

fn listed(path: &Path) -> std::result::Result<BTreeSet<String>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut names = BTreeSet::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let fail = |why: &str| format!("{}: line {}: {why}", path.display(), index + 1);
        let line = line.strip_suffix('\n').ok_or_else(|| fail("it is cut short"))?;
        let mut words = line.trim_end_matches('\r').split(',');
        let (name, status) = (words.next().unwrap_or_default(), words.next());
        let status = status.and_then(Status::from_text);
        let status = status.ok_or_else(|| fail("not a name, a comma and a status"))?;
        if !status.is_success() {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Prints the vectors, a name a line.
///
/// # Errors
/// They cannot be written.
pub(super) fn list(chosen: &Chosen, json: bool) -> io::Result<()> {
    let mut out = output::stdout();
    let mut vectors: Vec<_> = chosen.part.iter().collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    if !json {
        vectors.iter().try_for_each(|vector| writeln!(out, "{}", vector.name))?;
        return out.flush();
    }
    let mut lines = Lines(out);
    lines.begin("verify", None, None)?;
    for vector in vectors {
        let oracle = vector.oracle.as_ref().ok().and_then(Option::as_ref);
        lines.write(&Record::Listed(json!({
            "name": vector.name,
            "file": vector.input.display().to_string(),
            "there": vector.input.is_file(),
            "oracle": oracle.map(|oracle| oracle.kind.word()),
            "operating_point": vector.operating_point,
        })))?;
    }
    lines.0.flush()
}
