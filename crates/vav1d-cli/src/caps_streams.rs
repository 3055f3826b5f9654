//! `vav1d caps SUITE`: what devices lack for streams. Headers are read, nothing is decoded.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::args::InputArgs;
use super::caps_args::CapsArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::{input, select, suite_read};
use vav1d::decode::{Applier, FilmGrain};
use vav1d::error::{Error, Unsupported};
use vav1d::plan::Step;
use vav1d::plan::planner::PlannerOptions;
use vav1d::units::Units;
use vav1d::vk::{DryRun, ExecutorOptions};
use vav1d_lab::conform::Vector;
use vav1d_lab::conform::vector::Semantics;

/// What came of a stream on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    /// It can be decoded.
    Yes,
    /// What is lacking: of the device, or not supported by vav1d; and the frame that needs it.
    Lacks(String, Option<u64>),
    /// It is not a stream that can be decoded at all: why.
    Broken(String),
}

/// A device with what came of each stream, in the order of the streams.
struct Answer {
    device: String,
    streams: Vec<Taken>,
}

pub(super) fn run(args: &CapsArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let vectors = suite_read::vectors(&args.streams)?;
    let mut devices = select::devices(&args.device, notices)?;
    if args.device == "all" {
        devices.retain(|(_, device)| device.adapter.decodes_av1());
    }
    if devices.is_empty() {
        return Err(Failure::new(Exit::Unsupported, "no device decodes AV1"));
    }
    let mut answers = Vec::new();
    for (index, device) in &devices {
        let mut options = ExecutorOptions::default();
        options.force_level = args.force;
        let mut runs = Runs::new(&device.adapter, &options);
        let streams: Vec<_> = vectors.iter().map(|vector| runs.vector(vector)).collect();
        answers.push(Answer { device: format!("{index}: {}", device.adapter.name), streams });
    }
    let written = match json {
        true => write_json(&vectors, &answers),
        false => write_text(args, &vectors, &answers),
    };
    output::told(written)?;
    let all = answers.iter().all(|a| a.streams.iter().all(|taken| *taken == Taken::Yes));
    Ok(if all { Exit::Done } else { Exit::No })
}

/// Dry runs on one device: with film grain, and without.
struct Runs {
    opens: std::result::Result<(), String>,
    grain: DryRun,
    plain: DryRun,
}

impl Runs {
    fn new(adapter: &vav1d::vk::Adapter, options: &ExecutorOptions) -> Self {
        let with = |film_grain: FilmGrain| {
            let mut options = options.clone();
            options.film_grain = film_grain.mode(Applier::Driver);
            options
        };
        let grain = DryRun::new(adapter, &with(FilmGrain::Stream));
        Self { opens: grain.opens(), grain, plain: DryRun::new(adapter, &with(FilmGrain::Off)) }
    }

    /// What `verify` would find the device to lack for `vector`.
    fn vector(&mut self, vector: &Vector) -> Taken {
        if let Err(what) = &self.opens {
            return Taken::Lacks(what.clone(), None);
        }
        let args = InputArgs::of(&vector.input);
        let oracle = vector.oracle.as_ref().ok().and_then(Option::as_ref);
        let semantics = oracle.map_or(Semantics::OUTPUT, |oracle| oracle.semantics);
        let run = if semantics.film_grain { &mut self.grain } else { &mut self.plain };
        run.restart();
        let mut source = match input::source(&args) {
            Ok(source) => source,
            Err(error) => return of_fault(&error.into(), None),
        };
        let options = PlannerOptions {
            operating_point: vector.operating_point,
            all_layers: semantics.all_layers,
            ..PlannerOptions::default()
        };
        let mut units = Units::new(&mut *source, options);
        let mut seen = Seen { left: vector.limit, ..Seen::default() };
        let mut steps = Vec::new();
        while let Some(planned) = units.next(&mut steps) {
            if let Some(taken) = seen.steps(run, &mut steps) {
                return taken;
            }
            if let Some(fault) = planned.fault {
                let what = of_fault(&fault, seen.frame);
                if matches!(what, Taken::Lacks(..)) {
                    return what;
                }
                seen.fault.get_or_insert(what);
            }
        }
        if let Some(fault) = units.finish(&mut steps) {
            seen.fault.get_or_insert(of_fault(&fault, seen.frame));
        }
        seen.steps(run, &mut steps).or(seen.fault).unwrap_or(match seen.frame {
            Some(_) => Taken::Yes,
            None => Taken::Broken("there is no frame in it".to_owned()),
        })
    }
}

/// What was seen of a stream so far.
#[derive(Default)]
struct Seen {
    /// Pictures that are still to be output, if there is a limit.
    left: Option<u64>,
    /// The last frame, in decoding order.
    frame: Option<u64>,
    fault: Option<Taken>,
}

impl Seen {
    /// Goes through `steps`; what ends the stream.
    fn steps(&mut self, run: &mut DryRun, steps: &mut Vec<Step>) -> Option<Taken> {
        for step in steps.drain(..) {
            if let Step::Decode(plan) = &step {
                self.frame = Some(plan.frame);
            }
            if let Err(what) = run.step(&step) {
                let frame = matches!(step, Step::Decode(_)).then_some(self.frame);
                return Some(Taken::Lacks(what, frame.flatten()));
            }
            if let (Step::Show(_), Some(left)) = (&step, &mut self.left) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Some(self.fault.take().unwrap_or(Taken::Yes));
                }
            }
        }
        None
    }
}

/// What a fault of a stream means here: what vav1d does not support is lacking like what the device
/// does not.
fn of_fault(fault: &Error, frame: Option<u64>) -> Taken {
    match fault {
        Error::Unsupported(Unsupported::Device { what, .. }) => Taken::Lacks(what.clone(), frame),
        Error::Unsupported(_) | Error::Limit(_) => Taken::Lacks(fault.to_string(), frame),
        other => Taken::Broken(other.to_string()),
    }
}

fn write_text(args: &CapsArgs, vectors: &[Vector], answers: &[Answer]) -> io::Result<()> {
    let mut out = output::stdout();
    for Answer { device, streams } in answers {
        let yes = streams.iter().filter(|taken| **taken == Taken::Yes).count();
        let all = streams.len();
        let what = if all == 1 { "stream" } else { "streams" };
        writeln!(out, "{device}: {yes} of {all} {what} can be decoded")?;
        let mut reasons: BTreeMap<&str, Vec<&Vector>> = BTreeMap::new();
        for (vector, taken) in vectors.iter().zip(streams) {
            if let Taken::Lacks(what, _) | Taken::Broken(what) = taken {
                reasons.entry(what).or_default().push(vector);
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, vectors)| std::cmp::Reverse(vectors.len()));
        for (reason, vectors) in reasons {
            writeln!(out, "{:7} {reason}", vectors.len())?;
            for vector in vectors.iter().filter(|_| args.vectors) {
                writeln!(out, "           {}", vector.name)?;
            }
        }
    }
    out.flush()
}

fn write_json(vectors: &[Vector], answers: &[Answer]) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("caps", None, None)?;
    for Answer { device, streams } in answers {
        for (vector, taken) in vectors.iter().zip(streams) {
            let (lacks, frame, fault) = match taken {
                Taken::Yes => (None, None, None),
                Taken::Lacks(what, frame) => (Some(what), *frame, None),
                Taken::Broken(why) => (None, None, Some(why)),
            };
            lines.write(&Record::Taken(json!({
                "device": device, "name": vector.name,
                "file": vector.input.display().to_string(),
                "taken": *taken == Taken::Yes, "lacks": lacks, "frame": frame, "fault": fault,
            })))?;
        }
    }
    lines.0.flush()
}
