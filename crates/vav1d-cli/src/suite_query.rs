//! Questions to suites: which vectors have something, the smallest set that has all, and what one
//! has that another lacks.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::json;

use super::args::SuiteInfoArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::{output, suite_read};
use vav1d_lab::conform::cover::{self, Cover};
use vav1d_lab::conform::coverage::{self, Exercised};

/// Answers the question that `args` has, if there is one.
pub(super) fn run(args: &SuiteInfoArgs, all: &[Exercised], json: bool) -> Result<Option<Exit>> {
    if !args.with.is_empty() {
        return with(&args.with, all, json).map(Some);
    }
    if args.cover {
        let cover = cover::smallest(all);
        output::told(write_cover(&cover, all, json))?;
        return Ok(Some(Exit::Done));
    }
    if args.missing_from.is_empty() {
        return Ok(None);
    }
    let (others, exit) = suite_read::read(&args.missing_from)?;
    let missing = missing(all, &others);
    output::told(write_missing(&missing, json))?;
    let answer = if missing.is_empty() { Exit::Done } else { Exit::No };
    Ok(Some(if exit == Exit::Done { answer } else { exit }))
}

/// The vectors that have every one of `wanted`.
fn with(wanted: &[String], all: &[Exercised], json: bool) -> Result<Exit> {
    let known: Vec<String> = coverage::all().collect();
    let is_of = |item: &str, wish: &str| {
        item == wish || item.strip_prefix(wish).is_some_and(|rest| rest.starts_with('='))
    };
    for wish in wanted {
        if !known.iter().any(|item| is_of(item, wish)) {
            return Err(unknown(wish, &known));
        }
    }
    let has = |vector: &&Exercised| {
        wanted.iter().all(|wish| vector.items.iter().any(|item| is_of(item, wish)))
    };
    let found: Vec<_> = all.iter().filter(has).collect();
    output::told(write_with(&found, json))?;
    Ok(if found.is_empty() { Exit::No } else { Exit::Done })
}

fn unknown(wish: &str, known: &[String]) -> Failure {
    let lower = wish.to_lowercase();
    let like: Vec<&str> = known
        .iter()
        .filter(|item| item.to_lowercase().contains(&lower))
        .map(String::as_str)
        .collect();
    let hint = match like.is_empty() {
        true => "`vav1d suite-info` lists all that there are".to_owned(),
        false => format!("there are {}", like.join(", ")),
    };
    Failure::new(Exit::Usage, format!("--with {wish}: there is no such item; {hint}"))
}

fn write_with(found: &[&Exercised], json: bool) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    if json {
        lines.begin("suite-info", None, None)?;
    }
    for vector in found {
        match json {
            true => lines.write(&suite_read::record(vector))?,
            false => writeln!(lines.0, "{}", vector.name)?,
        }
    }
    lines.0.flush()
}

fn write_cover(cover: &Cover, all: &[Exercised], json: bool) -> io::Result<()> {
    let names = || cover.vectors.iter().filter_map(|at| Some(&*all.get(*at)?.name));
    let items: BTreeSet<&String> = all.iter().flat_map(|vector| &vector.items).collect();
    let mut lines = Lines(output::stdout());
    if json {
        lines.begin("suite-info", None, None)?;
        lines.write(&Record::Cover(json!({
            "vectors": names().collect::<Vec<_>>(), "of": all.len(), "items": items.len(),
            "is_smallest": cover.is_smallest,
        })))?;
        return lines.0.flush();
    }
    names().try_for_each(|name| writeln!(lines.0, "{name}"))?;
    let how = match cover.is_smallest {
        true => "no smaller set does",
        false => "there may be a smaller set",
    };
    let (n, all, items) = (cover.vectors.len(), all.len(), items.len());
    let verb = if n == 1 { "exercises" } else { "exercise" };
    writeln!(lines.0, "{n} of {all} vectors {verb} all {items} items; {how}")?;
    lines.0.flush()
}

/// Vectors that the text names for an item; records have all of them.
const NAMED: usize = 3;

/// An item that others lack, and the vectors that have it.
struct Missing {
    item: String,
    vectors: Vec<String>,
}

/// What `all` have and none of `others`, in the order of the syntax.
fn missing(all: &[Exercised], others: &[Exercised]) -> Vec<Missing> {
    let there: BTreeSet<&String> = others.iter().flat_map(|vector| &vector.items).collect();
    let of = |item: String| {
        let having = all.iter().filter(|vector| vector.items.contains(&item));
        let vectors = having.map(|vector| vector.name.clone()).collect();
        Missing { item, vectors }
    };
    let lacking = coverage::all().filter(|item| !there.contains(item)).map(of);
    lacking.filter(|missing| !missing.vectors.is_empty()).collect()
}

fn write_missing(missing: &[Missing], json: bool) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    if json {
        lines.begin("suite-info", None, None)?;
    }
    for Missing { item, vectors } in missing {
        match json {
            true => {
                let record = json!({ "item": item, "vectors": vectors });
                lines.write(&Record::Missing(record))?;
            }
            false => {
                let named: Vec<_> = vectors.iter().take(NAMED).map(String::as_str).collect();
                let more = match vectors.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                writeln!(lines.0, "{item}: {}{more}", named.join(" "))?;
            }
        }
    }
    if !json {
        let n = missing.len();
        writeln!(lines.0, "{n} {} missing", if n == 1 { "item is" } else { "items are" })?;
    }
    lines.0.flush()
}
