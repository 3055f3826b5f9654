//! `vav1d info`: what a stream is, from its headers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::input;
use super::json::{Fault, Lines, Record, Sequence, Stream, Track};
use super::output::{self, Notices};
use vav1d::color::names;
use vav1d::container::{Crop, Grid, OtherTrack, SourceInfo};
use vav1d::decode::Summary;
use vav1d::error::Error;
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{Step, features};
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::units::Units;

/// What is counted while the stream is planned.
#[derive(Default)]
struct Counts {
    units: u64,
    frames: BTreeMap<String, u64>,
    shown: u64,
    shown_existing: u64,
    features: BTreeSet<&'static str>,
    sequences: Vec<Arc<SequenceHeader>>,
    sizes: BTreeSet<(u32, u32)>,
    /// The first of them.
    faults: Vec<Error>,
    n_faults: u64,
}

impl Counts {
    fn fault(&mut self, fault: Error) {
        self.n_faults += 1;
        if self.faults.len() < Summary::MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Configure(spec) => self.sequences.push(Arc::clone(&spec.sequence)),
            Step::Decode(plan) => {
                let size = &plan.header.frame_size;
                *self.frames.entry(plan.header.frame_type.to_string()).or_default() += 1;
                self.features.extend(features::features(plan));
                self.sizes.insert((size.upscaled_width, size.frame_height));
            }
            Step::Show(show) => {
                self.shown += 1;
                self.shown_existing += u64::from(show.show_existing_frame);
            }
            Step::Release(_) => {}
        }
    }

    /// The features in the order of the frame header's syntax.
    fn features(&self) -> Vec<&'static str> {
        features::all().filter(|name| self.features.contains(name)).collect()
    }
}

pub(super) fn run(args: &InputArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut source = input::open(args)?;
    let options = PlannerOptions { all_layers: true, ..Default::default() };
    let mut units = Units::new(&mut *source, options).thorough();
    let mut counts = Counts::default();
    let mut steps = Vec::new();
    while let Some(planned) = units.next(&mut steps) {
        counts.units += u64::from(planned.unit.is_some());
        steps.drain(..).for_each(|step| counts.step(&step));
        planned.fault.into_iter().for_each(|fault| counts.fault(fault));
    }
    units.finish(&mut steps).into_iter().for_each(|fault| counts.fault(fault));
    steps.drain(..).for_each(|step| counts.step(&step));
    let info = source.info();
    let mut out = Lines(output::stdout());
    let others = source.others();
    let written = match json {
        true => write_json(&mut out, args, (&info, &others), &counts),
        false => write_text(&mut out.0, args, (&info, &others), &counts),
    };
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    for error in &counts.faults {
        notices.error(&error.to_string());
    }
    if counts.n_faults > counts.faults.len() as u64 {
        notices.error(&format!("{} faults in all", counts.n_faults));
    }
    Ok(counts.faults.first().map_or(Exit::Done, Exit::of))
}

fn write_json<W: Write>(
    out: &mut Lines<W>,
    args: &InputArgs,
    (info, others): (&SourceInfo, &[OtherTrack]),
    counts: &Counts,
) -> io::Result<()> {
    out.begin("info", Some(&args.file), None)?;
    out.write(&Record::Stream(Stream {
        container: info.container,
        time_base: info.time_base,
        rotation: info.rotation,
        mirrored: info.is_mirrored,
        crop: info.crop.map(|crop| [crop.x, crop.y, crop.width, crop.height]),
        alpha: info.has_alpha,
        grid: info.grid.map(|grid| (grid.rows, grid.columns)),
        others: others.iter().map(Track::of).collect(),
        units: counts.units,
        frames: counts.frames.clone(),
        shown: counts.shown,
        shown_existing: counts.shown_existing,
        features: counts.features(),
    }))?;
    for sequence in &counts.sequences {
        out.write(&Record::Sequence(sequence_record(sequence)))?;
    }
    for fault in &counts.faults {
        out.write(&Record::Fault(Fault::of(fault)))?;
    }
    Ok(())
}

fn sequence_record(sequence: &SequenceHeader) -> Sequence {
    let color = &sequence.color_config;
    let (max_frame_width, max_frame_height) = sequence.max_frame_size();
    let points = &sequence.operating_points;
    Sequence {
        seq_profile: sequence.seq_profile,
        seq_level_idx: points.iter().map(|p| p.seq_level_idx).collect(),
        operating_point_idc: points.iter().map(|p| p.operating_point_idc).collect(),
        max_frame_width,
        max_frame_height,
        bit_depth: color.bit_depth(),
        chroma: color.format().chroma.to_string(),
        color_primaries: color.color_primaries,
        transfer_characteristics: color.transfer_characteristics,
        matrix_coefficients: color.matrix_coefficients,
        full_range: color.color_range,
        film_grain_params_present: sequence.film_grain_params_present,
        still_picture: sequence.still_picture,
    }
}

fn write_text(
    out: &mut impl Write,
    args: &InputArgs,
    (info, others): (&SourceInfo, &[OtherTrack]),
    counts: &Counts,
) -> io::Result<()> {
    writeln!(out, "file: {}", args.file.display())?;
    write!(out, "container: {}", info.container)?;
    if let Some((num, den)) = info.time_base {
        write!(out, ", time base {num}/{den} s")?;
    }
    writeln!(out, ", {} temporal units", counts.units)?;
    let display = display(info);
    if !display.is_empty() {
        writeln!(out, "display: {}", display.join(", "))?;
    }
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(OtherTrack::to_string).collect();
        writeln!(out, "other tracks, not decoded: {}", others.join(", "))?;
    }
    for (i, sequence) in counts.sequences.iter().enumerate() {
        writeln!(out, "sequence {i}: {}", sequence_text(sequence))?;
    }
    let types: Vec<_> = counts.frames.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    writeln!(out, "frames: {}", types.join(", "))?;
    let sizes: Vec<_> = counts.sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect();
    writeln!(out, "frame sizes: {}", sizes.join(", "))?;
    writeln!(out, "shown: {}, {} by show_existing_frame", counts.shown, counts.shown_existing)?;
    writeln!(out, "features: {}", counts.features().join(" "))
}

/// What the container says of how pictures are to be shown.
fn display(info: &SourceInfo) -> Vec<String> {
    let mut display = Vec::new();
    if let Some(grid) = info.grid {
        let Grid { rows, columns, width, height } = grid;
        display.push(format!("{rows} rows of {columns} pictures make one of {width}x{height}"));
    }
    if let Some((width, height)) = info.pixel_aspect {
        display.push(format!("samples {width}:{height}"));
    }
    if let Some(Crop { x, y, width, height }) = info.crop {
        display.push(format!("cropped to {width}x{height} at {x},{y}"));
    }
    if info.rotation != 0 {
        display.push(format!("turned by {} degrees clockwise", info.rotation));
    }
    if info.is_mirrored {
        display.push("mirrored left to right".into());
    }
    if info.has_alpha {
        display.push("with an alpha plane, which is not decoded".into());
    }
    display
}

fn sequence_text(sequence: &SequenceHeader) -> String {
    let color = &sequence.color_config;
    let profile = match sequence.seq_profile {
        0 => "Main",
        1 => "High",
        _ => "Professional",
    };
    let (width, height) = sequence.max_frame_size();
    let points: Vec<_> = sequence
        .operating_points
        .iter()
        .map(|p| format!("{:#x} at {}", p.operating_point_idc, level(p.seq_level_idx)))
        .collect();
    let mut text = format!(
        "{profile} profile, {} {} bit, {width}x{height}, {} ({}/{}/{}), operating points {}",
        color.format().chroma,
        color.bit_depth(),
        names::words(color),
        color.color_primaries,
        color.transfer_characteristics,
        color.matrix_coefficients,
        points.join(", "),
    );
    if sequence.still_picture {
        text.push_str(", still picture");
    }
    if sequence.film_grain_params_present {
        text.push_str(", film grain");
    }
    text
}

/// The name of a level, A.3.
fn level(seq_level_idx: u8) -> String {
    match seq_level_idx {
        31 => "level max".into(),
        24.. => format!("reserved level {seq_level_idx}"),
        idx => format!("level {}.{}", 2 + (idx >> 2), idx & 3),
    }
}
