//! What a program costs: wall clock, processor time and peak memory of its process.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use wait4::Wait4 as _;

/// What a run costs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Seconds of wall clock.
    pub(super) wall: f64,
    /// Seconds of processor time, user and system.
    pub(super) cpu: f64,
    /// Largest resident set, in MiB.
    pub(super) peak: f64,
}

impl Cost {
    /// Each figure as a multiple of `other`'s.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            wall: self.wall / other.wall,
            cpu: self.cpu / other.cpu,
            peak: self.peak / other.peak,
        }
    }
}

/// A program to run, and what becomes of its output.
pub(super) struct Run {
    command: Command,
    /// It goes through a pipe, and not straight to nowhere.
    piped: bool,
}

impl Run {
    /// Of `command`, whose output is thrown away.
    pub(super) fn of(command: Command) -> Self {
        Self { command, piped: false }
    }

    /// Its output goes through a pipe to somebody who throws it away.
    pub(super) fn into_pipe(self) -> Self {
        Self { piped: true, ..self }
    }
}

/// Runs a command once.
fn once(run: &mut Run) -> Result<Cost> {
    let Run { command, piped } = run;
    let name = format!("{command:?}");
    let output = if *piped { Stdio::piped() } else { Stdio::null() };
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(output).spawn().with_context(|| name.clone())?;
    let reader = child
        .stdout
        .take()
        .map(|mut pipe| std::thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink())));
    let used = child.wait4().with_context(|| name.clone())?;
    if let Some(reader) = reader {
        reader.join().ok().context("the reader of a pipe panicked")??;
    }
    let wall = started.elapsed().as_secs_f64();
    if !used.status.success() {
        bail!("{name}: {}", used.status);
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Cost { wall, cpu, peak: used.rusage.maxrss as f64 / f64::from(1 << 20) })
}

/// Medians of `runs` runs of each command. The commands take turns, so that what else the machine
/// does meets all of them.
pub(super) fn medians(runs: usize, commands: &mut [Run]) -> Result<Vec<Cost>> {
    let mut costs = vec![Vec::new(); commands.len()];
    for _ in 0..runs {
        for (command, costs) in commands.iter_mut().zip(&mut costs) {
            costs.push(once(command)?);
        }
    }
    Ok(costs.iter().map(|costs| median(costs)).collect())
}

fn median(costs: &[Cost]) -> Cost {
    let of = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<_> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Cost { wall: of(|c| c.wall), cpu: of(|c| c.cpu), peak: of(|c| c.peak) }
}
