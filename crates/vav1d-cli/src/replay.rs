//! `vav1d replay`: a capture on another device.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::check;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::select::{self, Fallback, Selected};
use super::watch_args::ReplayArgs;
use vav1d::error::Error;
use vav1d::vk::{DecodeStatus, Executor, ExecutorOptions, InstanceOptions, Message};
use vav1d_lab::watch::capture::Capture;
use vav1d_lab::watch::replay::{self, Replayed};

/// What became of a replay.
struct Outcome {
    /// Pictures, by the order of submission.
    pictures: Vec<Replayed>,
    /// In how many of them an MD5 was recorded, and is another.
    wrong: usize,
    compared: usize,
    failed: usize,
}

pub(super) fn run(args: &ReplayArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let capture = check::read(&args.session)?;
    let stream = std::fs::read(&capture.stream)
        .map_err(|e| Failure::new(Exit::NoInput, format!("{}: {e}", capture.stream.display())))?;
    if capture.frames().next().is_none() {
        return Err(Failure::new(Exit::Stream, "no frame was decoded in this session"));
    }
    let length = stream.len() as u64;
    let partial = capture.frames().filter(|frame| !frame.is_whole(length)).count();
    if partial > 0 {
        let name = capture.stream.display();
        let why = format!("{name}: the tiles of {partial} frames are not, or not all, in it");
        return Err(Failure::new(Exit::Stream, why));
    }
    let options = InstanceOptions { validate: args.validate, present: false };
    let selected = select::select(&args.device, options, Fallback::Never, notices)?;
    let pictures = pictures(&capture, &stream, &selected, notices)?;
    let messages = selected.instance.take_messages();
    let outcome = outcome(&capture, pictures);
    let messages = Message::counting(messages, outcome.failed > 0);
    if let Some(first) = messages.first() {
        let count = messages.len();
        notices.notice(&format!(
            "what was captured breaks rules of Vulkan, as {count} messages say; the first: {first}"
        ));
    }
    let written = match json {
        true => write_json(args, &capture, &selected.adapter.name, &outcome),
        false => write_text(&mut output::stdout(), args, &capture, &selected, &outcome),
    };
    written.map_err(Failure::output)?;
    if outcome.compared == 0 {
        notices.notice("no picture was recorded to compare with: see watch --pictures");
    }
    let is_invalid = args.validate && !messages.is_empty();
    // As for verify, a run that has compared nothing is no success.
    let bad = is_invalid || outcome.wrong + outcome.failed > 0 || outcome.compared == 0;
    Ok(if bad { Exit::No } else { Exit::Done })
}

/// Replays in the application's session shape, or, where the device lacks that, in one that it has.
fn pictures(
    capture: &Capture,
    stream: &[u8],
    selected: &Selected,
    notices: &Notices,
) -> Result<Vec<Replayed>> {
    let wish = replay::shape(capture, ExecutorOptions::default());
    match on(capture, stream, selected, wish.clone()) {
        Err(Error::Unsupported(why)) => {
            notices.notice(&format!("not in the application's session shape: {why}"));
            let mut other = ExecutorOptions::default();
            other.film_grain = wish.film_grain;
            on(capture, stream, selected, other).map_err(Failure::of)
        }
        other => other.map_err(Failure::of),
    }
}

fn on(
    capture: &Capture,
    stream: &[u8],
    selected: &Selected,
    options: ExecutorOptions,
) -> vav1d::error::Result<Vec<Replayed>> {
    let mut executor = Executor::new(&selected.instance, &selected.adapter, options)?;
    let mut pictures = Vec::new();
    replay::replay(capture, stream, &mut executor, &mut |picture| pictures.push(picture))?;
    Ok(pictures)
}

fn outcome(capture: &Capture, pictures: Vec<Replayed>) -> Outcome {
    let recorded = |one: &Replayed| capture.pictures.get(&one.frame);
    let compared = pictures.iter().filter(|one| recorded(one).is_some()).count();
    let differs = |one: &&Replayed| recorded(one).is_some_and(|md5| *md5 != one.md5);
    let wrong = pictures.iter().filter(differs).count();
    let failed = pictures.iter().filter(|one| matches!(one.status, DecodeStatus::Error(_))).count();
    Outcome { pictures, wrong, compared, failed }
}

fn write_text(
    out: &mut impl Write,
    args: &ReplayArgs,
    capture: &Capture,
    selected: &Selected,
    outcome: &Outcome,
) -> io::Result<()> {
    for one in &outcome.pictures {
        if let DecodeStatus::Error(status) = one.status {
            writeln!(out, "frame {}: the driver reports status {status}", one.frame)?;
        }
        match capture.pictures.get(&one.frame) {
            Some(md5) if *md5 != one.md5 => {
                writeln!(out, "frame {}: {}, recorded {md5}", one.frame, one.md5)?;
            }
            _ if args.all => writeln!(out, "frame {}: {}", one.frame, one.md5)?,
            _ => {}
        }
    }
    if outcome.compared == 0 {
        let (count, name) = (outcome.pictures.len(), &selected.adapter.name);
        writeln!(out, "{count} frames on {name}, none compared")?;
        return out.flush();
    }
    writeln!(
        out,
        "{} frames on {}, {} compared with those of {}: {} differ",
        outcome.pictures.len(),
        selected.adapter.name,
        outcome.compared,
        capture.device(),
        outcome.wrong
    )?;
    out.flush()
}

fn write_json(
    args: &ReplayArgs,
    capture: &Capture,
    device: &str,
    outcome: &Outcome,
) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("replay", Some(&args.session), Some(device))?;
    let statuses: BTreeMap<u64, i32> = outcome
        .pictures
        .iter()
        .filter_map(|one| match one.status {
            DecodeStatus::Error(status) => Some((one.frame, status)),
            _ => None,
        })
        .collect();
    for one in &outcome.pictures {
        lines.write(&Record::Replayed(serde_json::json!({
            "frame": one.frame,
            "md5": one.md5,
            "recorded": capture.pictures.get(&one.frame),
            "status": statuses.get(&one.frame),
        })))?;
    }
    lines.0.flush()
}
