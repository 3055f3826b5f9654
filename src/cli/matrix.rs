//! `vav1d matrix`: every session shape that the device takes; does one of them change the output?

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::Parser;

use super::args::PipelineArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::pipeline::Pipeline;
use super::shape::{AXES, ShapeArgs};
use crate::sink::{Shown, Sink, StreamInfo, md5_hex};

/// A shape, as indexes of the values of [`AXES`].
type Point = [usize; AXES.len()];

/// What a shape gave.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// The MD5s of the output pictures, and the exit code.
    Decoded(Vec<String>, Exit),
    /// The device does not take the shape.
    Refused(String),
}

pub(super) fn run(args: &PipelineArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.input.file.as_os_str() == "-" {
        let why = "matrix reads its input many times: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    let quiet = notices.silenced();
    // A driver's messages say nothing about the axes, and come hundreds of times.
    log::set_max_level(log::LevelFilter::Off);
    let mut outcomes = Vec::new();
    let points = points();
    let bar = notices.progress(points.len() as u64);
    for point in points {
        let shape = shape(&point)?;
        let outcome = decode(&PipelineArgs { shape, ..args.clone() }, &quiet)?;
        outcomes.push((point, outcome));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let decoded = |o: &&(Point, Outcome)| matches!(o.1, Outcome::Decoded(..));
    let Some((_, reference)) = outcomes.iter().find(decoded) else {
        let why = outcomes.iter().find_map(|(_, o)| match o {
            Outcome::Refused(why) => Some(why.as_str()),
            Outcome::Decoded(..) => None,
        });
        return Err(Failure::new(Exit::Unsupported, why.unwrap_or("no shape is legal")));
    };
    let written = match json {
        true => write_json(args, &outcomes, reference),
        false => write_text(&mut output::stdout(), &outcomes, reference),
    };
    written.map_err(Failure::output)?;
    let Outcome::Decoded(_, exit) = reference else { return Ok(Exit::Fault) };
    let same = outcomes.iter().all(|(_, o)| o == reference || matches!(o, Outcome::Refused(_)));
    Ok(if same { *exit } else { Exit::No })
}

/// All shapes, the last axis running fastest.
fn points() -> Vec<Point> {
    let mut points = vec![[0; AXES.len()]];
    for (axis, (_, values)) in AXES.iter().enumerate() {
        points = points
            .into_iter()
            .flat_map(|point| {
                (0..values.len()).map(move |value| {
                    let mut point = point;
                    point[axis] = value;
                    point
                })
            })
            .collect();
    }
    points
}

/// The command line options of a shape.
fn options(point: &Point) -> Vec<String> {
    let pairs = AXES.iter().zip(point);
    pairs.map(|((name, values), value)| format!("--{name}={}", values[*value])).collect()
}

fn shape(point: &Point) -> Result<ShapeArgs> {
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        shape: ShapeArgs,
    }
    let words = std::iter::once("matrix".to_owned()).chain(options(point));
    Ok(Only::try_parse_from(words)?.shape)
}

fn decode(args: &PipelineArgs, notices: &Notices) -> Result<Outcome> {
    let mut sink = Hashes::default();
    let run = Pipeline::open(args, notices).and_then(|p| p.run(args, &mut sink, notices));
    match run {
        Ok((Exit::Unsupported, summary)) if sink.0.is_empty() => {
            let why = summary.faults.first().map(ToString::to_string).unwrap_or_default();
            Ok(Outcome::Refused(why))
        }
        Ok((exit, _)) => Ok(Outcome::Decoded(sink.0, exit)),
        Err(failure) if failure.exit == Exit::Unsupported => {
            Ok(Outcome::Refused(format!("{:#}", failure.error)))
        }
        Err(failure) => Err(failure),
    }
}

/// MD5s of the output pictures.
#[derive(Default)]
struct Hashes(Vec<String>);

impl Sink for Hashes {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.0.push(md5_hex(&shown.picture.data));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pairs of shapes that differ in one axis only, and in their output.
fn changes(outcomes: &[(Point, Outcome)], axis: usize) -> Vec<(&Point, &Point, usize)> {
    let mut changes = Vec::new();
    for (i, (a, left)) in outcomes.iter().enumerate() {
        for (b, right) in outcomes.iter().skip(i + 1) {
            let alone = (0..AXES.len()).all(|k| (a[k] == b[k]) != (k == axis));
            let (Outcome::Decoded(left, _), Outcome::Decoded(right, _)) = (left, right) else {
                continue;
            };
            if alone && left != right {
                let frame = left.iter().zip(right).take_while(|(x, y)| x == y).count();
                changes.push((a, b, frame));
            }
        }
    }
    changes
}

/// Why shapes with `value` on `axis` are refused, less what other values are refused for, too.
fn reasons(outcomes: &[(Point, Outcome)], axis: usize, value: usize) -> BTreeSet<&str> {
    let of = |mine: bool| {
        outcomes.iter().filter_map(move |(point, outcome)| match outcome {
            Outcome::Refused(why) if (point[axis] == value) == mine => Some(why.as_str()),
            _ => None,
        })
    };
    let others: BTreeSet<_> = of(false).collect();
    of(true).filter(|why| !others.contains(why)).collect()
}

fn write_text(
    out: &mut impl Write,
    outcomes: &[(Point, Outcome)],
    reference: &Outcome,
) -> io::Result<()> {
    let refused = |o: &Outcome| matches!(o, Outcome::Refused(_));
    writeln!(out, "{:34} {:>6} {:>6} {:>8}", "axis", "equal", "differ", "refused")?;
    for (axis, (name, values)) in AXES.iter().enumerate() {
        for (value, text) in values.iter().enumerate() {
            let of = || outcomes.iter().filter(|(p, _)| p[axis] == value).map(|(_, o)| o);
            let equal = of().filter(|o| *o == reference).count();
            let no = of().filter(|o| refused(o)).count();
            let differ = of().count() - equal - no;
            writeln!(out, "{:34} {equal:6} {differ:6} {no:8}", format!("--{name}={text}"))?;
            for why in reasons(outcomes, axis, value) {
                writeln!(out, "   {why}")?;
            }
        }
    }
    let mut common = Vec::new();
    for (axis, (name, values)) in AXES.iter().enumerate() {
        let has = |value: &usize| {
            let bad =
                |(p, o): &(Point, Outcome)| p[axis] == *value && o != reference && !refused(o);
            outcomes.iter().any(bad)
        };
        let bad: Vec<_> = (0..values.len()).filter(has).map(|value| values[value]).collect();
        if bad.is_empty() || bad.len() == values.len() {
            continue;
        }
        common.push(format!("--{name}={}", bad.join("|")));
        let changes = changes(outcomes, axis);
        if let Some((a, b, frame)) = changes.iter().min_by_key(|(_, _, frame)| *frame) {
            writeln!(out, "--{name} changes the output of {} pairs of shapes", changes.len())?;
            writeln!(out, "   from frame {frame}: {}", options(a).join(" "))?;
            writeln!(out, "   against: {}", options(b).join(" "))?;
        }
    }
    if !common.is_empty() {
        writeln!(out, "every shape that differs has {}", common.join(" "))?;
    }
    let differ = outcomes.iter().filter(|(_, o)| o != reference && !refused(o)).count();
    let total = outcomes.iter().filter(|(_, o)| !refused(o)).count();
    writeln!(out, "{total} shapes decoded, {differ} differ")?;
    out.flush()
}

fn write_json(
    args: &PipelineArgs,
    outcomes: &[(Point, Outcome)],
    reference: &Outcome,
) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("matrix", Some(&args.input.file), Some(&args.device))?;
    for (point, outcome) in outcomes {
        let (result, detail) = match outcome {
            Outcome::Refused(why) => ("refused", why.clone()),
            Outcome::Decoded(md5s, _) if outcome == reference => ("equal", md5s.len().to_string()),
            Outcome::Decoded(md5s, _) => ("differs", md5s.len().to_string()),
        };
        let shape = options(point).join(" ");
        let value = serde_json::json!({ "options": shape, "result": result, "detail": detail });
        lines.write(&Record::Shape(value))?;
    }
    lines.0.flush()
}
