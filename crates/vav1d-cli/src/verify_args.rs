//! What is typed behind `vav1d verify`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::shared_args::seconds;

/// Seconds, or 0.
fn seconds_or_none(text: &str) -> Result<f64, String> {
    if text.trim() == "0" { Ok(0.0) } else { seconds(text) }
}

/// What `--frame-timeout` is without being given.
pub(super) const FRAME_TIMEOUT: f64 = 20.0;
/// What `--progress` is without being given.
const PROGRESS: f64 = 10.0;
/// What `--timeout` is without being given.
pub(super) const TIMEOUT: f64 = 120.0;

/// `vav1d verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// Suites (Fluster's JSON, our manifest.toml, Vulkan-Video-Samples' decode_samples.json),
    /// folders of streams with their hashes beside them, or streams
    #[arg(required = true, value_name = "SUITE|DIR|FILE")]
    pub suites: Vec<PathBuf>,
    /// Device: auto, system, soft, soft:CONFIG, an index, a name or a UUID (see `vav1d caps`)
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// Vectors at a time; by default one for each core
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Write reports into DIR: results.csv, failures.csv, results.jsonl, junit.xml, summary.md,
    /// index.html, and the logs of children
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Read what is expected from PREFIX-fails.txt, PREFIX-flakes.txt, PREFIX-skips.txt,
    /// PREFIX-unsupported.txt and PREFIX-frames.txt; {driver} in it becomes radv, anv, nvidia,
    /// softvk, ...
    #[arg(long, value_name = "PREFIX")]
    pub expect: Option<String>,
    /// Write PREFIX-fails.txt, PREFIX-unsupported.txt and PREFIX-frames.txt as the results are, and
    /// add what is flaky to PREFIX-flakes.txt
    #[arg(long)]
    pub update_expectations: bool,
    /// Run each vector N times; what passes in some of them only is a flake
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub repeat: Option<u16>,
    /// Print the names of the vectors that would be run, and run none; no device is needed
    #[arg(long)]
    pub list: bool,
    /// Only vectors whose name matches this regular expression, or one of several
    #[arg(long, value_name = "REGEX")]
    pub filter: Vec<String>,
    /// No vectors whose name matches this regular expression, or one of several
    #[arg(long, value_name = "REGEX")]
    pub exclude: Vec<String>,
    /// Only what was not as expected in an earlier run: its failures.csv, results.csv or
    /// results.jsonl, or the folder with the last
    #[arg(long, value_name = "FAILURES")]
    pub rerun: Option<PathBuf>,
    /// Vectors whose name matches this regular expression have to be refused as malformed,
    /// whatever hashes they have
    #[arg(long, value_name = "REGEX")]
    pub refused: Vec<String>,
    /// Look for the streams that Fluster's and Vulkan-Video-Samples' lists name in DIR first
    #[arg(long, value_name = "DIR")]
    pub resources: Vec<PathBuf>,
    /// Begin no other vector after N (1) that are not as expected
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub fail_fast: Option<u32>,
    /// Seconds between two lines of progress where standard error is no terminal; 0 for none
    #[arg(long, default_value_t = PROGRESS, value_name = "SECONDS", value_parser = seconds_or_none)]
    pub progress: f64,
    /// Run one of F parts of the vectors
    #[arg(long, default_value_t = 1, value_name = "F", value_parser = clap::value_parser!(u32).range(1..))]
    pub fraction: u32,
    /// Which part, from 1
    #[arg(long, default_value_t = 1, value_name = "S", value_parser = clap::value_parser!(u32).range(1..))]
    pub fraction_start: u32,
    /// Seconds without a picture after which a vector hangs
    #[arg(long, default_value_t = FRAME_TIMEOUT, value_name = "SECONDS", value_parser = seconds)]
    pub frame_timeout: f64,
    /// Seconds that a vector may take
    #[arg(long, default_value_t = TIMEOUT, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: f64,
    /// Run under the Khronos validation layer; every message is a failure
    #[arg(long)]
    pub validate: bool,
    /// Try streams of a level above the device's maxLevel
    #[arg(long)]
    pub force: bool,
    /// Do not look at wrong pictures with `vav1d compare`
    #[arg(long)]
    pub no_explain: bool,
    /// Write 0 for all times in the reports, and no date
    #[arg(long)]
    pub no_times: bool,
    /// More options for every vector, as `vav1d md5` takes them
    #[arg(last = true, value_name = "OPTIONS")]
    pub child_options: Vec<OsString>,
}
