//! Options of `watch`, `check`, `replay` and `watch-diff`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// `watch`.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// Write captures into DIR: session-N.obu and session-N.jsonl for each video session
    #[arg(short, long, value_name = "DIR", default_value = "watch")]
    pub output: PathBuf,
    /// Write the MD5 of each picture that the program's own device decodes, too
    #[arg(long)]
    pub pictures: bool,
    /// The program and its arguments; its exit code is this command's
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// A capture: session-N, session-N.jsonl or session-N.obu
    #[arg(value_name = "SESSION")]
    pub session: PathBuf,
    /// The stream that the program decoded: each member against what it says
    #[arg(long, value_name = "FILE")]
    pub stream: Option<PathBuf>,
    /// Print what cannot change the picture, too
    #[arg(long)]
    pub all: bool,
}

/// `watch-diff`.
#[derive(Clone, Debug, Args)]
pub struct WatchDiffArgs {
    /// A capture
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// Another of the same stream
    #[arg(value_name = "B")]
    pub second: PathBuf,
}

/// `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// A capture: session-N, session-N.jsonl or session-N.obu
    #[arg(value_name = "SESSION")]
    pub session: PathBuf,
    /// Device: auto, system, soft, soft:CONFIG, an index, a name or a UUID (see `vav1d caps`)
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// Run under the Khronos validation layer; every message is an error
    #[arg(long)]
    pub validate: bool,
    /// Print the MD5 of every picture, not only of those that are not as recorded
    #[arg(long)]
    pub all: bool,
}
