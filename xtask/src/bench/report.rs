//! docs/benchmarks.md: tables of what was measured.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use super::measure::Cost;
use super::peers::Peers;
use super::works::{Moved, Row};
use super::{Null, frames};

/// The document in the making.
pub(super) struct Report(String);

/// What a command prints, less the end of the line.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().into())
}

/// The first value of `key` in a file of `key: value` lines.
fn field(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    let value = line.and_then(|line| line.split(':').nth(1));
    value.map_or_else(|| "unknown".into(), |value| value.trim().to_owned())
}

impl Report {
    /// A document about `runs` runs.
    pub(super) fn new(peers: &Peers, runs: usize) -> Result<Self> {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("unknown").to_owned();
        let mut report = Self(String::new());
        report.line("# Benchmarks");
        report.line("");
        report.line("`cargo xtask bench` measures and writes this file; `samples/bench.sh` makes the streams (synthetic content, SVT-AV1).");
        report.line("The programs of a row take turns; a figure is the median of their runs, of the whole process: processor time and peak memory as the system counts them.");
        report.line("");
        report.line("| | |");
        report.line("|---|---|");
        report.row(&["Commit", &said("git", &["describe", "--always", "--dirty"])]);
        report.row(&["Processor", &field("/proc/cpuinfo", "model name")]);
        report.row(&["Cores", &peers.threads.to_string()]);
        report.row(&[
            "Decoder threads",
            "dav1d, libdav1d: one for each core; softvk: its own choice (`threads` and `delay` of its configuration)",
        ]);
        report.row(&["Memory", &field("/proc/meminfo", "MemTotal")]);
        report.row(&["System", &said("uname", &["-sr"])]);
        report.row(&["Load average before", &load]);
        report.row(&["Runs", &runs.to_string()]);
        report.row(&["Compiler", &said("rustc", &["--version"])]);
        report.row(&["dav1d", &peers.version("dav1d", "--version")?]);
        report.row(&["ffmpeg", &peers.version("ffmpeg", "-version")?]);
        Ok(report)
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn row(&mut self, cells: &[&str]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    fn head(&mut self, title: &str, cells: &[&str]) {
        self.line(&format!("\n## {title}\n"));
        self.row(cells);
        self.line(&format!("|{}", "---|".repeat(cells.len())));
    }

    /// The same work by vav1d and by others.
    pub(super) fn works(&mut self, title: &str, rows: &[Row]) {
        let cells =
            ["Work", "Stream", "Other", "CPU s", "Wall s", "Peak MiB", "CPU", "Wall", "Peak"];
        self.head(title, &cells);
        for Row { work, stream, other, ours, theirs } in rows {
            let ratio = ours.over(*theirs);
            let two = |figure: f64| format!("{figure:.2}");
            let figures = [
                two(ours.cpu),
                two(ours.wall),
                format!("{:.0}", ours.peak),
                two(ratio.cpu),
                two(ratio.wall),
                two(ratio.peak),
            ];
            let mut cells = vec![work.as_str(), stream, other];
            cells.extend(figures.iter().map(String::as_str));
            self.row(&cells);
        }
        self.line(
            "\nSeconds and MiB are vav1d's; the last three columns are multiples of the other's.",
        );
    }

    /// Bytes on their way from the decoder to the sink, for each byte of the picture.
    pub(super) fn moved(&mut self, rows: &[Moved]) {
        self.head(
            "Copies",
            &[
                "Samples and sink",
                "Copied to memory",
                "And once more",
                "Through the cache",
                "Least",
            ],
        );
        for Moved { what, copied, ordered, passed, least } in rows {
            let figures = [copied, ordered, passed, least].map(|figure| format!("{figure:.2}"));
            let [copied, ordered, passed, least] = &figures;
            self.row(&[what, copied, ordered, passed, least]);
        }
        self.line("\nBytes for each byte of a picture, from the decoder to the sink. \"Through the cache\" are copies in parts of 128 KiB, each of which is used before the next; \"least\" is what has to be written to memory: nothing for a sink that takes parts, one picture where several are hashed at once, as the decoder's own rows have gaps and, with more than 8 bits, Vulkan's formats other samples.");
    }

    /// vav1d and ffmpeg on a driver that decodes nothing.
    pub(super) fn null(&mut self, all: &[Null]) {
        let cells = ["Stream", "vav1d: CPU µs a frame", "ffmpeg: CPU µs a frame", "Ratio"];
        self.head("On a driver that decodes nothing", &cells);
        for Null { name, costs } in all {
            let [ours, theirs] = costs.map(|cost| cost.cpu / frames(name) * 1e6);
            let ratio = format!("{:.2}", ours / theirs);
            self.row(&[name, &format!("{ours:.0}"), &format!("{theirs:.0}"), &ratio]);
        }
    }

    /// Parsing, planning and hashing on one core; md5sum takes `md5sum` bytes per second.
    pub(super) fn frontend(&mut self, records: &[Value], md5sum: f64) {
        let cells = ["Stream", "Frames per second", "Heap allocations per frame"];
        self.head("Parsing and planning on one core", &cells);
        for record in records {
            let Some(stream) = record["plan"].as_str() else { continue };
            let name = stream.rsplit('/').next().unwrap_or(stream);
            let rate = record["frames_per_second"].to_string();
            self.row(&[name, &rate, &record["allocations_per_frame"].to_string()]);
        }
        self.head("Hashing on one core", &["Hash", "MB per second", "Over md5sum"]);
        let mut rate = |name: &str, rate: f64| {
            let (speed, ratio) = (format!("{:.0}", rate / 1e6), format!("{:.1}", rate / md5sum));
            self.row(&[name, &speed, &ratio]);
        };
        rate("md5sum", md5sum);
        for record in records {
            if let (Some(hash), Some(speed)) =
                (record["hash"].as_str(), record["bytes_per_second"].as_f64())
            {
                rate(hash, speed);
            }
        }
    }

    /// Costs of things that grow.
    pub(super) fn growth(&mut self, title: &str, costs: &[(String, Cost)]) {
        self.head(title, &["Stream", "CPU s", "CPU µs a megasample", "Peak MiB"]);
        for (name, cost) in costs {
            let per = cost.cpu * 1e6 / megasamples(name);
            let mut cells = String::new();
            // Writing to a string does not fail.
            let _ = write!(cells, "{:.2} | {per:.0} | {:.0}", cost.cpu, cost.peak);
            self.row(&[name, &cells]);
        }
    }

    /// Costs of suites of several sizes: vav1d's, and those of a loop of dav1d.
    pub(super) fn suites(&mut self, costs: &[(String, [Cost; 2])]) {
        let cells = ["Suite", "CPU s", "Wall s", "Wall ms a vector", "Peak MiB", "CPU", "Wall"];
        self.head("`vav1d verify`, and a loop of `dav1d --verify`", &cells);
        for (name, [ours, theirs]) in costs {
            let vectors: f64 = name.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(1.0);
            let (per, ratio) = (ours.wall * 1e3 / vectors, ours.over(*theirs));
            let figures = [ours.cpu, ours.wall].map(|seconds| format!("{seconds:.2}"));
            let ratios = [ratio.cpu, ratio.wall].map(|ratio| format!("{ratio:.2}"));
            let (per, peak) = (format!("{per:.0}"), format!("{:.0}", ours.peak));
            self.row(&[name, &figures[0], &figures[1], &per, &peak, &ratios[0], &ratios[1]]);
        }
    }
}

/// Luma samples of a stream, in millions, by its name.
fn megasamples(name: &str) -> f64 {
    let size = name.split('-').next().and_then(|size| size.split_once('x'));
    let area = size.and_then(|(w, h)| Some(w.parse::<f64>().ok()? * h.parse::<f64>().ok()?));
    area.unwrap_or(1.0) * frames(name) / 1e6
}
