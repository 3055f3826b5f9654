//! What was typed for `vav1d stress`: clap structures only.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// `vav1d stress`.
#[derive(Clone, Debug, Args)]
pub struct StressArgs {
    /// Suites, folders or streams, as `vav1d verify` takes them
    #[arg(required = true, value_name = "SUITE|DIR|FILE")]
    pub suites: Vec<PathBuf>,
    /// Device: auto, system, soft, soft:CONFIG, an index, a name or a UUID (see `vav1d caps`)
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// What is drawn; the same streams for the same seed
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// Streams to draw
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// Only changes that keep the pictures: the hashes of the streams are those of their originals,
    /// and no decoder is asked for others
    #[arg(long)]
    pub neutral: bool,
    /// Where the streams that fail are kept, with the commands that make them again, and the report
    #[arg(short, long, default_value = "vav1d-stress", value_name = "DIR")]
    pub output: PathBuf,
    /// Keep the streams that pass too
    #[arg(long)]
    pub keep: bool,
    /// Vectors at a time; by default as in `vav1d verify`
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Run under the Khronos validation layer; every message is a failure
    #[arg(long)]
    pub validate: bool,
    /// More options for every vector, as `vav1d md5` takes them
    #[arg(last = true, value_name = "OPTIONS")]
    pub child_options: Vec<OsString>,
}
