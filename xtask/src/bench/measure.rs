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

/// Runs `command` once. Its output is thrown away.
fn once(command: &mut Command) -> Result<Cost> {
    let name = format!("{command:?}");
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().with_context(|| name.clone())?;
    let used = child.wait4().with_context(|| name.clone())?;
    let wall = started.elapsed().as_secs_f64();
    if !used.status.success() {
        bail!("{name}: {}", used.status);
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Cost { wall, cpu, peak: used.rusage.maxrss as f64 / f64::from(1 << 20) })
}

/// Medians of `runs` runs of each command. The commands take turns, so that what else the machine
/// does meets all of them.
pub(super) fn medians(runs: usize, commands: &mut [Command]) -> Result<Vec<Cost>> {
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
