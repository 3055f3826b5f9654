//! The report of `vav1d compare`: text for people, JSON Lines for programs.

use std::io::{self, Write};

use super::args::CompareArgs;
use super::comparison::{Comparison, Ended};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::Notices;
use super::pipeline::never_applied;
use super::{explain, output};
use vav1d::vk::DecodeStatus;
use vav1d_lab::compare::shared::{self, Shared};
use vav1d_lab::compare::{Difference, Node, PlaneDifference, REFERENCE_NAMES, State, Verdict};
use vav1d_lab::wire::compare as wire;
use vav1d_lab::words::count;

/// Writes the report, and picks the exit code.
pub(super) fn tell(
    args: &CompareArgs,
    comparison: Comparison,
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    for fault in &comparison.graph.faults {
        notices.error(&format!("{}: {fault}", args.pipeline.input.file.display()));
    }
    let shared = shared::shared(&comparison.graph, &comparison.verdicts);
    output::told(write(args, &comparison, &shared, json))?;
    let bad = comparison.is_bad();
    let refused = comparison.verdicts.iter().any(failed);
    let frames = comparison.verdicts.len() as u64;
    let unfired = never_applied(&args.pipeline, &comparison.unfired, (frames, "frames"));
    let unjudged = comparison.count(State::Unjudged) > comparison.unshown;
    let nothing = comparison.count(State::Right) == 0;
    match comparison.failure {
        Some(failure) => Err(failure),
        None if unfired.is_some() => Err(Failure::new(Exit::Usage, unfired.unwrap_or_default())),
        None if bad => Ok(Exit::No),
        // What `md5` says of such a frame.
        None if refused => Ok(Exit::Stream),
        None => match comparison.graph.faults.first() {
            Some(fault) => Ok(Exit::of(fault)),
            None if unjudged || nothing => Ok(Exit::No),
            None => Ok(Exit::Done),
        },
    }
}

pub(super) fn write(
    args: &CompareArgs,
    comparison: &Comparison,
    shared: &[Shared],
    json: bool,
) -> io::Result<()> {
    match json {
        true => write_json(args, comparison, shared),
        false => write_text(&mut output::stdout(), comparison, shared),
    }
}

fn write_text(out: &mut impl Write, all: &Comparison, shared: &[Shared]) -> io::Result<()> {
    for (verdict, node) in all.verdicts.iter().zip(&all.graph.nodes) {
        let differs = !matches!(verdict.state, State::Right | State::Unjudged);
        if differs || verdict.grain.is_some() || failed(verdict) {
            frame(out, all, verdict, node)?;
        }
    }
    if let Some(ended) = &all.ended {
        writeln!(out, "{}", headline(all, ended))?;
    }
    let first = all.verdicts.iter().find(|v| v.state == State::Wrong || v.grain.is_some());
    if let Some(verdict) = first {
        writeln!(out, "first bad frame: {}", verdict.frame)?;
    }
    if let Some(explained) = &all.explained {
        explain::write_text(out, explained)?;
    }
    if !shared.is_empty() {
        writeln!(out, "what wrong frames have in common, and few right ones:")?;
    }
    for Shared { feature, wrong, right } in shared {
        let good = all.count(State::Right);
        writeln!(out, "   {feature}: {wrong} of {wrong} wrong, {right} of {good} right")?;
    }
    for note in &all.notes {
        writeln!(out, "{note}")?;
    }
    let counts = [State::Right, State::Wrong, State::Inherited, State::Missing, State::Unjudged]
        .map(|state| (all.count(state), state.word()));
    let counts = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let grain = all.verdicts.iter().filter(|v| v.grain.is_some()).count();
    let grain = if grain > 0 { format!("; film grain wrong in {grain}") } else { String::new() };
    let (n, device, against) = (all.verdicts.len(), &all.device, &all.against);
    let how = if all.teacher { ", each judged alone" } else { "" };
    writeln!(out, "{} on {device}, against {against}{how}: {counts}{grain}", count(n, "frame"))?;
    out.flush()
}

/// Which frame the driver had when it failed.
pub(super) fn headline(all: &Comparison, ended: &Ended) -> String {
    let Ended { what, submitted, done } = ended;
    let frame = match submitted.and_then(|frame| all.graph.node(frame)) {
        None => "no frame was submitted".to_owned(),
        Some(node) => {
            let (width, height) = node.size();
            let outputs: Vec<_> =
                all.graph.outputs_of(node.frame).map(|n| format!("output {n}, ")).collect();
            format!(
                "frame {} ({}unit {}, {}, {width}x{height}) was submitted last",
                node.frame,
                outputs.concat(),
                node.unit,
                node.header.frame_type
            )
        }
    };
    let done = match done {
        Some(done) => format!("frame {done} is the last that is known to have ended"),
        None => "none is known to have ended".to_owned(),
    };
    format!("{what}: {frame}, {done}")
}

/// Whether the driver reports that the frame could not be decoded.
pub(super) fn failed(verdict: &Verdict) -> bool {
    matches!(verdict.status, DecodeStatus::Error(_))
}

fn frame(out: &mut impl Write, all: &Comparison, v: &Verdict, node: &Node) -> io::Result<()> {
    let (width, height) = node.size();
    let outputs: Vec<_> = all.graph.outputs_of(v.frame).map(|n| n.to_string()).collect();
    let outputs = match outputs.is_empty() {
        true => "not shown".to_owned(),
        false => format!("output {}", outputs.join(" and ")),
    };
    let (unit, kind) = (node.unit, node.header.frame_type);
    write!(out, "frame {} ({outputs}, unit {unit}, {kind}, {width}x{height}", v.frame)?;
    if let Some(slot) = v.dpb_slot {
        write!(out, ", DPB slot {slot}")?;
    }
    write!(out, "): {}", v.state.word())?;
    if v.state == State::Inherited {
        let origins: Vec<_> = v.origins.iter().map(u64::to_string).collect();
        write!(out, " from frame {}", origins.join(", "))?;
        let via = v.bad_references.iter().map(|(name, frame)| {
            format!("{} (frame {frame})", REFERENCE_NAMES.get(*name).copied().unwrap_or("?"))
        });
        write!(out, " by {}", via.collect::<Vec<_>>().join(", "))?;
    }
    writeln!(out)?;
    if let DecodeStatus::Error(status) = v.status {
        writeln!(out, "   the driver reports status {status}")?;
    }
    if v.state == State::Wrong {
        references(out, all, node)?;
    }
    match (&v.difference, v.state) {
        // How much of an inherited error is new cannot be told.
        (Some(difference), State::Wrong) => differs(out, difference)?,
        (Some(Difference::Samples { planes, .. }), _) => {
            let total: u64 = planes.iter().map(|plane| plane.differing).sum();
            let what =
                if total == 1 { "1 sample differs" } else { &format!("{total} samples differ") };
            writeln!(out, "   {what}")?;
        }
        _ => {}
    }
    if let Some((indices, difference)) = &v.grain {
        let indices: Vec<_> = indices.iter().map(usize::to_string).collect();
        let seed = node.header.film_grain_params.grain_seed;
        let indices = indices.join(", ");
        writeln!(out, "   film grain differs at output {indices}; grain_seed {seed}")?;
        differs(out, difference)?;
    }
    Ok(())
}

fn references(out: &mut impl Write, all: &Comparison, node: &Node) -> io::Result<()> {
    let slots = node.header.ref_frame_idx;
    let names = node.references.iter().enumerate().filter_map(|(name, frame)| {
        let frame = (*frame)?;
        let slot = slots.map(|slots| slots[name].index().to_string()).unwrap_or_default();
        let verdict = usize::try_from(frame).ok().and_then(|at| all.verdicts.get(at));
        let dpb = verdict.and_then(|v| v.dpb_slot).map(|n| format!(", DPB {n}"));
        let (name, dpb) = (REFERENCE_NAMES[name], dpb.unwrap_or_default());
        Some(format!("{name} frame {frame} (slot {slot}{dpb})"))
    });
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return Ok(());
    }
    let how = if all.teacher { "right or made so" } else { "right" };
    writeln!(out, "   references, all {how}: {}", names.join(", "))
}

fn differs(out: &mut impl Write, difference: &Difference) -> io::Result<()> {
    match difference {
        Difference::Shape { is, should_be } => writeln!(
            out,
            "   {}x{}, {} bit, should be {}x{}, {} bit",
            is.0, is.1, is.2, should_be.0, should_be.1, should_be.2
        ),
        Difference::Hash { is, should_be } => {
            writeln!(out, "   MD5 {is}, should be {should_be}")
        }
        Difference::Samples { superblocks, .. } => {
            for plane in difference.planes() {
                let PlaneDifference { plane, samples, differing, max, first, psnr, ssim } = plane;
                let (x, y) = first.unwrap_or_default();
                let psnr = psnr.unwrap_or(f64::INFINITY);
                let ssim = ssim.map(|ssim| format!(", SSIM {ssim:.4}")).unwrap_or_default();
                writeln!(
                    out,
                    "   {plane}: {differing} of {samples} samples differ, by {max} at most; PSNR \
                     {psnr:.2} dB{ssim}; first at ({x}, {y})"
                )?;
            }
            let (wrong, total, first) = (superblocks.wrong, superblocks.total, superblocks.first);
            let size = first.size;
            writeln!(
                out,
                "   {wrong} of {total} superblocks; first in decoding order: row {}, column {} \
                 (luma {}, {}; {size}x{size}), tile {}",
                first.row, first.column, first.x, first.y, first.tile,
            )
        }
    }
}

fn write_json(args: &CompareArgs, all: &Comparison, shared: &[Shared]) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("compare", Some(&args.pipeline.input.file), Some(&all.device))?;
    for (verdict, node) in all.verdicts.iter().zip(&all.graph.nodes) {
        lines.write(&Record::Verdict(record(all, verdict, node)))?;
    }
    lines.unfired(&all.unfired)?;
    let first = all.verdicts.iter().find(|v| v.state == State::Wrong || v.grain.is_some());
    let ended = all.ended.as_ref().map(|ended| wire::Ended {
        what: ended.what.clone(),
        submitted: ended.submitted,
        done: ended.done,
        text: headline(all, ended),
    });
    let shared = shared.iter().map(|shared| wire::SharedFeature {
        feature: shared.feature.to_owned(),
        wrong: shared.wrong,
        right: shared.right,
    });
    lines.write(&Record::Comparison(wire::Comparison {
        against: all.against.clone(),
        teacher: all.teacher,
        frames: all.verdicts.len(),
        right: all.count(State::Right),
        wrong: all.count(State::Wrong),
        inherited: all.count(State::Inherited),
        missing: all.count(State::Missing),
        unjudged: all.count(State::Unjudged),
        first_wrong: first.map(|v| v.frame),
        ended,
        explanation: all.explained.as_ref().map(explain::to_json),
        notes: all.notes.clone(),
        shared_features: shared.collect(),
    }))?;
    lines.0.flush()
}

fn record(all: &Comparison, v: &Verdict, node: &Node) -> wire::Verdict {
    let references = node.references.iter().enumerate().filter_map(|(name, frame)| {
        let slot = node.header.ref_frame_idx.map(|slots| slots[name].index());
        let name = REFERENCE_NAMES[name].to_owned();
        Some(wire::Reference { name, frame: (*frame)?, slot })
    });
    let status = match v.status {
        DecodeStatus::Complete => Some(1),
        DecodeStatus::Error(status) => Some(status),
        DecodeStatus::Unknown => None,
    };
    let (width, height) = node.size();
    wire::Verdict {
        frame: v.frame,
        unit: node.unit,
        outputs: all.graph.outputs_of(v.frame).collect(),
        frame_type: node.header.frame_type.to_string(),
        width,
        height,
        state: v.state,
        status,
        dpb_slot: v.dpb_slot,
        origins: v.origins.iter().copied().collect(),
        references: references.collect(),
        difference: v.difference.clone(),
        film_grain: v.grain.as_ref().map(|(outputs, difference)| wire::Grained {
            outputs: outputs.clone(),
            difference: difference.clone(),
        }),
    }
}
