//! `vav1d plan`: the steps that a decoder has to take.

use std::io::Write;

use super::args::PlanArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record, Step};
use super::output::{self, Notices};
use super::{input, options};
use vav1d::error::Error;
use vav1d::plan::planner::Planner;

pub(super) fn run(args: &PlanArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut source = input::open(&args.input)?;
    let mut planner = Planner::new(options::planner(&args.layers));
    let mut out = Lines(output::stdout());
    if json {
        out.begin("plan", Some(&args.input.file), None).map_err(Failure::output)?;
    }
    let mut exit = Exit::Done;
    let mut units = 0;
    let mut steps = Vec::new();
    let mut fault = |error| {
        if exit == Exit::Done {
            exit = Exit::of(&error);
        }
        notices.error(&error.to_string());
    };
    while args.limit.is_none_or(|limit| units < limit) {
        let unit = match source.next_unit().map_err(Error::from) {
            Ok(Some(unit)) => unit,
            Ok(None) => break,
            Err(error) => {
                let goes_on = planner.lose(error.stream(), &mut steps);
                fault(error);
                if goes_on { continue } else { break }
            }
        };
        units += 1;
        let planned = planner.unit(&unit, &mut steps).map_err(Error::from);
        write(&mut out, &mut steps, json).map_err(Failure::output)?;
        if let Err(error) = planned {
            fault(error);
        }
    }
    let finished = planner.finish(&mut steps).map_err(Error::from);
    if args.limit.is_none_or(|limit| units < limit) {
        finished.unwrap_or_else(&mut fault);
    }
    write(&mut out, &mut steps, json).map_err(Failure::output)?;
    out.0.flush().map_err(Failure::output)?;
    Ok(exit)
}

fn write<W: Write>(
    out: &mut Lines<W>,
    steps: &mut Vec<vav1d::plan::Step>,
    json: bool,
) -> std::io::Result<()> {
    for step in steps.drain(..) {
        if json {
            out.write(&Record::Step(Step { text: step.to_string() }))?;
        } else {
            writeln!(out.0, "{step}")?;
        }
    }
    Ok(())
}
