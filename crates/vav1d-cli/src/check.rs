//! `vav1d check`: which members of a capture are wrong.

use std::io::{self, Write};
use std::path::Path;

use super::args::{InputArgs, InputFormat};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::input;
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::watch_args::{CheckArgs, WatchDiffArgs};
use vav1d_lab::watch::capture::{Capture, CaptureError};
use vav1d_lab::watch::check::{self, Finding, Report};
use vav1d_lab::watch::diff;

/// Frames of which a finding of one member is printed each.
const EACH: usize = 1;

/// Reads a capture.
pub(super) fn read(path: &Path) -> Result<Capture> {
    Capture::read(path).map_err(|error| {
        let exit = match error {
            CaptureError::Unreadable { .. } => Exit::NoInput,
            CaptureError::Malformed { .. } => Exit::Stream,
        };
        Failure::new(exit, error)
    })
}

pub(super) fn run(args: &CheckArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let capture = read(&args.session)?;
    if capture.frames().next().is_none() {
        return Err(Failure::new(Exit::Stream, "no frame was decoded in this session"));
    }
    if !capture.ended {
        notices.notice("the session was not destroyed: this is what was captured until then");
    }
    let report = match &args.stream {
        Some(stream) => check::with_stream(&capture, &mut *input::open(&InputArgs::of(stream))?),
        None => {
            let mut own = InputArgs::of(&capture.stream);
            own.container.input_format = InputFormat::Section5;
            check::alone(&capture, &mut *input::open(&own)?)
        }
    };
    let written = match json {
        true => write_json(args, &report),
        false => write_text(&mut output::stdout(), args, &report),
    };
    written.map_err(Failure::output)?;
    Ok(if report.is_wrong() { Exit::No } else { Exit::Done })
}

/// Findings of one member, without indexes.
struct Told<'a> {
    member: String,
    /// The first.
    finding: &'a Finding,
    frames: Vec<Option<u64>>,
}

/// The first finding of each member, and in how many frames.
fn by_member(report: &Report) -> Vec<(&Finding, usize)> {
    let mut all: Vec<Told<'_>> = Vec::new();
    for finding in &report.findings {
        let member: String = finding.member.chars().filter(|c| !c.is_ascii_digit()).collect();
        let is_it = |told: &&mut Told<'_>| {
            told.member == member && told.finding.harmless == finding.harmless
        };
        match all.iter_mut().find(is_it) {
            Some(told) if told.frames.last() == Some(&finding.frame) => {}
            Some(told) => told.frames.push(finding.frame),
            None => all.push(Told { member, finding, frames: vec![finding.frame] }),
        }
    }
    all.into_iter().map(|told| (told.finding, told.frames.len())).collect()
}

fn write_text(out: &mut impl Write, args: &CheckArgs, report: &Report) -> io::Result<()> {
    let members = by_member(report);
    let wrong = members.iter().filter(|(finding, _)| finding.harmless.is_none()).count();
    for (finding, frames) in &members {
        if finding.harmless.is_some() && !args.all {
            continue;
        }
        let Finding { member, given, right, section, harmless, .. } = finding;
        let place = finding.frame.map_or_else(String::new, |frame| format!("frame {frame}: "));
        writeln!(out, "{place}{member} is {given}, right is {right} ({section})")?;
        if *frames > EACH {
            writeln!(out, "    in {frames} frames")?;
        }
        if let Some(why) = harmless {
            writeln!(out, "    no matter: {why}")?;
        }
    }
    let against = if args.stream.is_some() { "with the stream" } else { "against themselves" };
    writeln!(
        out,
        "{} frames {against}, {} compared: {wrong} members wrong, {} more without consequence",
        report.frames,
        report.found,
        members.len() - wrong
    )?;
    out.flush()
}

fn write_json(args: &CheckArgs, report: &Report) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("check", Some(&args.session), None)?;
    for finding in &report.findings {
        lines.write(&Record::Finding(serde_json::json!({
            "frame": finding.frame,
            "member": finding.member,
            "given": finding.given,
            "right": finding.right,
            "section": finding.section,
            "harmless": finding.harmless,
        })))?;
    }
    lines.write(&Record::Checked(serde_json::json!({
        "frames": report.frames,
        "compared": report.found,
        "wrong": report.is_wrong(),
    })))?;
    lines.0.flush()
}

/// `vav1d watch-diff`: two captures, member by member.
pub(super) fn run_diff(args: &WatchDiffArgs, json: bool) -> Result<Exit> {
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let compared = diff::compare(&first, &second);
    if compared.common == 0 {
        let why = "the captures have no frame in common, by the bytes of their tiles";
        return Err(Failure::new(Exit::Stream, why));
    }
    let mut lines = Lines(output::stdout());
    let written = match json {
        true => diff_json(&mut lines, args, &compared),
        false => diff_text(&mut lines.0, &compared),
    };
    written.map_err(Failure::output)?;
    let differs = !compared.differences.is_empty() || compared.only != (0, 0);
    Ok(if differs { Exit::No } else { Exit::Done })
}

fn diff_text(out: &mut impl Write, compared: &diff::Compared) -> io::Result<()> {
    for d in &compared.differences {
        writeln!(
            out,
            "{}: {} of {} frames, first in frame {}",
            d.member, d.count, compared.common, d.frame
        )?;
        writeln!(out, "    A {}\n    B {}", d.first, d.second)?;
        if d.at != d.member {
            writeln!(out, "    at {}", d.at)?;
        }
    }
    let (a, b) = compared.only;
    writeln!(
        out,
        "{} frames in both, {a} only in A, {b} only in B: {} members differ",
        compared.common,
        compared.differences.len()
    )?;
    out.flush()
}

fn diff_json(
    lines: &mut Lines<impl Write>,
    args: &WatchDiffArgs,
    compared: &diff::Compared,
) -> io::Result<()> {
    lines.begin("watch-diff", Some(&args.first), None)?;
    for d in &compared.differences {
        lines.write(&Record::WatchDifference(serde_json::json!({
            "member": d.member,
            "frames": d.count,
            "first_frame": d.frame,
            "at": d.at,
            "a": d.first,
            "b": d.second,
        })))?;
    }
    lines.0.flush()
}
