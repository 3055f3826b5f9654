//! `cargo xtask bench`: vav1d beside other programs, in one run; writes docs/benchmarks.md.

mod measure;
mod peers;
mod report;
mod works;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{build, say};
use measure::{Cost, Run, medians};
use peers::Peers;
use report::Report;

/// Where the streams are.
const STREAMS: &str = "target/bench";
/// What is written.
const DOCUMENT: &str = "docs/benchmarks.md";
/// The heading of the first section that is not measured here.
const KEPT: &str = "\n## Watch\n";

/// Streams for the frontend alone.
const FRONTEND: [&str; 2] = ["432x240-8bit-1t-300f", "1920x1080-8bit-1t-120f"];
/// Streams that grow in one way, and in which.
const GROWING: [(&str, &[&str]); 3] = [
    (
        "Frames of 640x360",
        &[
            "640x360-8bit-1t-60f",
            "640x360-8bit-1t-120f",
            "640x360-8bit-1t-240f",
            "640x360-8bit-1t-480f",
        ],
    ),
    (
        "Size of 60 frames",
        &[
            "320x180-8bit-1t-60f",
            "640x360-8bit-1t-60f",
            "1280x720-8bit-1t-60f",
            "2560x1440-8bit-1t-60f",
        ],
    ),
    (
        "Tiles of 60 frames of 1280x720",
        &[
            "1280x720-8bit-1t-60f",
            "1280x720-8bit-2t-60f",
            "1280x720-8bit-4t-60f",
            "1280x720-8bit-8t-60f",
            "1280x720-8bit-16t-60f",
        ],
    ),
];
/// Copies of a stream that a suite has.
const SUITES: [usize; 3] = [8, 16, 32];

/// A stream of [`STREAMS`].
fn stream(name: &str) -> PathBuf {
    crate::root().join(STREAMS).join(format!("{name}.ivf"))
}

/// How many frames the stream `name` has.
fn frames(name: &str) -> f64 {
    let number = name.rsplit('-').next().and_then(|f| f.strip_suffix('f'));
    number.and_then(|n| n.parse().ok()).unwrap_or(1.0)
}

/// The programs, and the streams that are not there yet.
fn prepared(tools: &Path) -> Result<Peers> {
    let program = build::release()?;
    let made = Command::new("samples/bench.sh").arg(tools).arg(STREAMS).status()?;
    if !made.success() {
        bail!("samples/bench.sh: {made}");
    }
    Peers::new(tools, &program)
}

/// A quick look at the ratios, beside those of the document; nothing is written.
pub(crate) fn quick(tools: &Path) -> Result<()> {
    let document = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    works::quick(&prepared(tools)?, &document)
}

/// Measures everything, `runs` times, with the wrappers of `samples/peers.sh` in `tools`.
pub(crate) fn run(tools: &Path, runs: usize) -> Result<()> {
    let peers = prepared(tools)?;
    let mut report = Report::new(&peers, runs)?;
    report.works(works::TITLE, &works::all(&peers, runs)?);
    report.works(works::THREADS, &works::threads(&peers, runs)?);
    report.moved(&works::moved(&peers)?);
    let null = FRONTEND.iter().map(|name| null(&peers, name, runs));
    report.null(&null.collect::<Result<Vec<_>>>()?);
    let md5sum = md5sum(&peers, runs)?;
    report.frontend(&frontend()?, md5sum);
    for (title, names) in GROWING {
        report.growth(title, &growth(&peers, names, runs)?);
    }
    report.suites(&suites(&peers, runs)?);
    let document = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    std::fs::write(DOCUMENT, [report.text(), kept(&document)].concat())?;
    say(report.text());
    Ok(())
}

/// What stays of a document: sections that are not measured here.
fn kept(document: &str) -> &str {
    document.find(KEPT).map_or("", |start| &document[start..])
}

/// Decoding with 1, 2, 4, 8 and 16 threads, as far as there are cores, beside dav1d; nothing is
/// written.
pub(crate) fn cores(tools: &Path, runs: usize) -> Result<()> {
    let peers = prepared(tools)?;
    let mut report = Report::new(&peers, runs)?;
    report.works(works::THREADS, &works::threads(&peers, runs)?);
    say(report.text());
    Ok(())
}

/// What a stream costs on a driver that decodes nothing: vav1d and ffmpeg, both without hashing.
struct Null {
    name: &'static str,
    costs: [Cost; 2],
}

fn null(peers: &Peers, name: &'static str, runs: usize) -> Result<Null> {
    say(&format!("{name}, null"));
    let file = stream(name);
    let costs =
        medians(runs, &mut [peers.vav1d_null(&file), peers.vulkan_null(&file)].map(Run::of))?
            .try_into();
    Ok(Null { name, costs: costs.ok().context("two costs")? })
}

/// Bytes per second of processor time that md5sum takes.
fn md5sum(peers: &Peers, runs: usize) -> Result<f64> {
    const BYTES: usize = 512 << 20;
    let file = crate::root().join(STREAMS).join("zeros");
    std::fs::write(&file, vec![0; BYTES])?;
    let costs = medians(runs, &mut [Run::of(peers.md5sum(&file))])?;
    std::fs::remove_file(&file)?;
    let cpu = costs.first().context("a cost")?.cpu;
    Ok(BYTES as f64 / cpu)
}

/// The records of `crates/vav1d/benches/frontend.rs`.
fn frontend() -> Result<Vec<Value>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["bench", "-q", "--locked", "--workspace", "--bench", "frontend"]);
    command.args(build::assembly()).arg("--");
    let output = command.args(FRONTEND.map(stream)).output()?;
    if !output.status.success() {
        bail!("benches/frontend: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).context("a record")).collect()
}

/// Cost of each stream, without what the program costs before the first frame.
fn growth(
    peers: &Peers,
    names: &'static [&'static str],
    runs: usize,
) -> Result<Vec<(String, Cost)>> {
    let mut commands: Vec<_> = names.iter().map(|name| peers.vav1d(&stream(name))).collect();
    let costs = medians(runs, &mut commands)?;
    Ok(names.iter().map(|name| (*name).to_owned()).zip(costs).collect())
}

/// Cost of `vav1d verify` over suites of copies of one small stream, and of a loop of dav1d.
fn suites(peers: &Peers, runs: usize) -> Result<Vec<(String, [Cost; 2])>> {
    let source = stream("320x180-8bit-1t-60f");
    let total = peers.told("soft", &["md5", "-q", "--total"], &source).output()?;
    let total = String::from_utf8_lossy(&total.stdout).trim().to_owned();
    let mut rows = Vec::new();
    for size in SUITES {
        let suite = crate::root().join(STREAMS).join(format!("suite-{size}"));
        if suite.is_dir() {
            std::fs::remove_dir_all(&suite)?;
        }
        std::fs::create_dir_all(&suite)?;
        for copy in 0..size {
            std::fs::copy(&source, suite.join(format!("{copy:03}.ivf")))?;
            std::fs::write(suite.join(format!("{copy:03}.ivf.md5")), format!("{total}\n"))?;
        }
        let mut calls = [peers.verify(&suite), peers.verify_loop(&suite, &total)].map(Run::of);
        let costs = medians(runs, &mut calls)?.try_into().ok().context("two costs")?;
        rows.push((format!("{size} vectors"), costs));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_here_stays() {
        assert_eq!(kept("# B\n\n## Copies\n\na\n\n## Watch\n\nb\n"), "\n## Watch\n\nb\n");
        assert_eq!(kept("# B\n"), "");
    }
}
