//! Prints what a stream in the format of section 5 asks of a decoder, without decoding it: what a
//! frontend for any interface begins with.
//!
//! `cargo run --example steps -- samples/section5.obu`
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Write;

use av1_syntax::obu::{Framing, ObuType, obus};
use av1_syntax::plan::planner::{Planner, PlannerOptions};
use av1_syntax::unit::TemporalUnit;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "samples/section5.obu".into());
    let data = std::fs::read(name)?;
    // A temporal unit begins with its delimiter.
    let mut starts = Vec::new();
    for obu in obus(&data, Framing::Section5) {
        let obu = obu?;
        if obu.obu_type == ObuType::TemporalDelimiter {
            starts.push(obu.offset);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([data.len()]);
    let mut planner = Planner::new(PlannerOptions::default());
    let mut steps = Vec::new();
    for (index, (start, end)) in starts.iter().zip(ends).enumerate() {
        let unit = TemporalUnit::new(index as u64, &data[*start..end], Framing::Section5);
        planner.unit(&unit, &mut steps)?;
    }
    planner.finish(&mut steps)?;
    let mut out = std::io::stdout().lock();
    steps.iter().try_for_each(|step| writeln!(out, "{step}"))?;
    Ok(())
}
