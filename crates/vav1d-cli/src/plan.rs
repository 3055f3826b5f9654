//! `vav1d plan`: the steps that a decoder has to take.

use std::io::Write;

use super::args::PlanArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Fault, Lines, Record};
use super::output::{self, Notices};
use super::{input, options, step_record};
use vav1d::units::Units;

pub(super) fn run(args: &PlanArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut source = input::open(&args.input)?;
    let mut units = Units::new(&mut *source, options::planner(&args.layers)).thorough();
    let mut out = Lines(output::stdout());
    if json {
        out.begin("plan", Some(&args.input.file), None).map_err(Failure::output)?;
    }
    let mut exit = Exit::Done;
    let mut count = 0;
    let mut steps = Vec::new();
    let mut fault = |error, out: &mut Lines<_>| {
        if exit == Exit::Done {
            exit = Exit::of(&error);
        }
        notices.error(&error.to_string());
        if json { out.write(&Record::Fault(Fault::of(&error))) } else { Ok(()) }
    };
    while args.limit.is_none_or(|limit| count < limit) {
        let Some(planned) = units.next(&mut steps) else { break };
        count += u64::from(planned.unit.is_some());
        write(&mut out, &mut steps, json).map_err(Failure::output)?;
        planned.fault.map_or(Ok(()), |error| fault(error, &mut out)).map_err(Failure::output)?;
    }
    let unfinished = units.finish(&mut steps);
    write(&mut out, &mut steps, json).map_err(Failure::output)?;
    unfinished.map_or(Ok(()), |error| fault(error, &mut out)).map_err(Failure::output)?;
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
            out.write(&Record::Step(step_record::of(&step)))?;
        } else {
            writeln!(out.0, "{step}")?;
        }
    }
    Ok(())
}
