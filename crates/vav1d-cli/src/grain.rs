//! `vav1d grain`: a stream's film grain as a table that encoders read. No device is needed.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use super::args::GrainTableArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Fault, Lines, Record};
use super::output::{self, Notices};
use super::{input, options};
use vav1d::container::Source;
use vav1d::error::Error;
use vav1d::grain::table::{Segment, Table};
use vav1d::grain::{Clock, Seeds, Timeline};
use vav1d::plan::{Step, SurfaceId};
use vav1d::syntax::frame::FrameHeader;
use vav1d::units::Units;

pub(super) fn run(args: &GrainTableArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let file = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    if json && args.output.is_some() && file.is_none() {
        return Err(Failure::new(Exit::Usage, "--json and -o - both want standard output"));
    }
    let mut source = input::open(&args.input)?;
    let mut reading = Reading::new(args, &*source);
    reading.units(Units::new(&mut *source, options::planner(&args.layers)));
    let table = reading.timeline.finish(reading.clock.tick());
    if table.segments.is_empty() {
        notices.notice(&format!("{}: no film grain", args.input.file.display()));
    }
    if let Some(path) = file {
        output::create(path, &[&args.input.file])?
            .write_all(table.to_string().as_bytes())
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
    }
    for fault in &reading.faults {
        notices.error(&format!("{}: {fault}", args.input.file.display()));
    }
    let mut out = output::stdout();
    let written = match (json, file) {
        (true, _) => write_json(Lines(&mut out), args, &table, &reading.faults),
        (false, None) => write!(out, "{table}"),
        (false, Some(_)) => Ok(()),
    };
    written.and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(reading.faults.first().map_or(Exit::Done, Exit::of))
}

/// The film grain of what is shown, as far as the stream was read.
struct Reading {
    clock: Clock,
    timeline: Timeline,
    /// Frames that may be shown.
    headers: HashMap<SurfaceId, Arc<FrameHeader>>,
    faults: Vec<Error>,
}

impl Reading {
    fn new(args: &GrainTableArgs, source: &dyn Source) -> Self {
        Self {
            clock: Clock::new(source.info().time_base),
            timeline: Timeline::new(if args.keep_seeds { Seeds::Kept } else { Seeds::Merged }),
            headers: HashMap::new(),
            faults: Vec::new(),
        }
    }

    fn units(&mut self, mut units: Units<'_>) {
        let mut steps = Vec::new();
        while let Some(planned) = units.next(&mut steps) {
            self.steps(&mut steps);
            self.faults.extend(planned.fault);
        }
        self.faults.extend(units.finish(&mut steps));
        self.steps(&mut steps);
    }

    fn steps(&mut self, steps: &mut Vec<Step>) {
        for step in steps.drain(..) {
            match step {
                Step::Decode(plan) => drop(self.headers.insert(plan.surface, plan.header)),
                Step::Release(surface) => drop(self.headers.remove(&surface)),
                Step::Configure(_) => {}
                Step::Show(show) => {
                    let at = self.clock.frame(show.pts);
                    // With show_existing_frame, load_grain_params() takes all values, the seed
                    // among them, of the frame that is shown.
                    if let Some(header) = self.headers.get(&show.surface) {
                        self.timeline.frame(at, &header.film_grain_params);
                    }
                }
            }
        }
    }
}

fn write_json<W: Write>(
    mut lines: Lines<W>,
    args: &GrainTableArgs,
    table: &Table,
    faults: &[Error],
) -> std::io::Result<()> {
    lines.begin("grain", Some(&args.input.file), None)?;
    for segment in &table.segments {
        lines.write(&Record::Grain(segment_json(segment)))?;
    }
    faults.iter().try_for_each(|fault| lines.write(&Record::Fault(Fault::of(fault))))
}

/// A segment with the coded values of its parameters, by their names in 5.9.30.
fn segment_json(segment: &Segment) -> serde_json::Value {
    let g = &segment.params;
    let points = |n: u8, xs: &[u8], ys: &[u8]| {
        xs.iter().zip(ys).take(n.into()).map(|(x, y)| [*x, *y]).collect::<Vec<_>>()
    };
    json!({
        "start_time": segment.start,
        "end_time": segment.end,
        "grain_seed": g.grain_seed,
        "points_y": points(g.num_y_points, &g.point_y_value, &g.point_y_scaling),
        "chroma_scaling_from_luma": g.chroma_scaling_from_luma,
        "points_cb": points(g.num_cb_points, &g.point_cb_value, &g.point_cb_scaling),
        "points_cr": points(g.num_cr_points, &g.point_cr_value, &g.point_cr_scaling),
        "grain_scaling_minus_8": g.grain_scaling_minus_8,
        "ar_coeff_lag": g.ar_coeff_lag,
        "ar_coeffs_y_plus_128": g.ar_coeffs_y_plus_128,
        "ar_coeffs_cb_plus_128": g.ar_coeffs_cb_plus_128,
        "ar_coeffs_cr_plus_128": g.ar_coeffs_cr_plus_128,
        "ar_coeff_shift_minus_6": g.ar_coeff_shift_minus_6,
        "grain_scale_shift": g.grain_scale_shift,
        "cb_mult": g.cb_mult,
        "cb_luma_mult": g.cb_luma_mult,
        "cb_offset": g.cb_offset,
        "cr_mult": g.cr_mult,
        "cr_luma_mult": g.cr_luma_mult,
        "cr_offset": g.cr_offset,
        "overlap_flag": g.overlap_flag,
    })
}
