//! `cargo xtask soak`: the same over and over, and at once: one answer, and no growth.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use wait4::Wait4 as _;

use crate::{build, say};

/// Processes, and sessions of one process, that decode at once.
const AT_ONCE: usize = 4;
/// Sessions that one process opens, decodes with and closes, first and then.
const CYCLES: [usize; 2] = [100, 1000];
/// What more cycles may take more of, in MiB: pages that allocators keep.
const GROWTH: u64 = 16;
/// The streams: all sizes and formats that matter, and short.
const STREAMS: [&str; 3] = ["main-420-8", "grain-420-8", "tiles-4x2"];

fn stream(name: &str) -> PathBuf {
    crate::root().join("samples").join(format!("{name}.ivf"))
}

/// Opens, decodes and closes; plays in a loop for `seconds`; then decodes `rounds` times in several processes and sessions at once.
pub(crate) fn run(rounds: usize, seconds: u64) -> Result<()> {
    let program = build::release()?.with_file_name("examples").join("many");
    looped(&program.with_file_name("looped"), seconds)?;
    let many = |arguments: &[String]| {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null());
        command
    };
    let mut peaks = Vec::new();
    for cycles in CYCLES {
        let names = vec![stream(STREAMS[0]).display().to_string(); cycles];
        let used = many(&names).stdout(Stdio::null()).spawn()?.wait4()?;
        if !used.status.success() {
            bail!("soak: {cycles} cycles: {}", used.status);
        }
        let peak = used.rusage.maxrss >> 20;
        say(&format!("soak: {cycles} sessions opened and closed: {peak} MiB at most"));
        peaks.push(peak);
    }
    if peaks[1] > peaks[0] + GROWTH {
        bail!("soak: memory grows");
    }
    let mut lines = BTreeSet::new();
    for round in 0..rounds {
        let mut arguments = vec![AT_ONCE.to_string()];
        arguments.extend(STREAMS.map(|name| stream(name).display().to_string()));
        // As many processes, of which the first has as many sessions.
        let mut children = vec![many(&arguments).stdout(Stdio::piped()).spawn()?];
        for _ in 1..AT_ONCE {
            children.push(many(&arguments[1..]).stdout(Stdio::piped()).spawn()?);
        }
        for child in children {
            let output = child.wait_with_output().context("soak")?;
            if !output.status.success() {
                bail!("soak: round {round}: {}", output.status);
            }
            lines.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
        }
        if lines.len() != STREAMS.len() {
            bail!("soak: round {round}: different answers:\n{lines:#?}");
        }
    }
    say(&format!(
        "soak: {rounds} rounds of {AT_ONCE} processes and {AT_ONCE} sessions: one answer"
    ));
    Ok(())
}

/// Plays the streams in a loop for `seconds`: from a tenth of them on, memory does not grow.
fn looped(program: &Path, seconds: u64) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(seconds.to_string()).args(STREAMS.map(stream)).stderr(Stdio::inherit());
    let output = command.output().context("soak: the loop")?;
    if !output.status.success() {
        bail!("soak: the loop: {}", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = |line: &str| -> Vec<u64> {
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let said: Vec<_> = text.lines().map(numbers).collect();
    let resident = |line: &Vec<u64>| line.get(2).copied().unwrap_or_default();
    let (early, late) = said.split_at(said.len().div_ceil(10));
    let peak = |lines: &[Vec<u64>]| lines.iter().map(resident).max().unwrap_or_default();
    let pictures = said.last().and_then(|line| line.get(1)).copied().unwrap_or_default();
    let (first, then) = (peak(early), peak(late));
    say(&format!(
        "soak: {pictures} pictures in a loop of {seconds} s: {first} MiB at most in the first tenth, {then} MiB after it"
    ));
    if pictures == 0 || then > first + GROWTH {
        bail!("soak: memory grows");
    }
    Ok(())
}
