//! Options of `info`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::shared_args::{InputArgs, InputFormat, seconds};

/// `vav1d info`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// The streams; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// List every frame, in decoding order
    #[arg(long)]
    pub frames: bool,
    /// Container of the inputs
    #[arg(long, value_enum, default_value = "auto", value_name = "FORMAT")]
    pub input_format: InputFormat,
    /// Track, by its number in the file; else the first of AV1
    #[arg(long, value_name = "N")]
    pub track: Option<u64>,
    /// Wait at the end of a file for what is still being written to it, until nothing has come for
    /// so long
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub follow: Option<f64>,
    /// All samples of an MP4 file, whatever its edit list leaves out or repeats
    #[arg(long)]
    pub ignore_editlist: bool,
}

impl InfoArgs {
    /// How `file` is opened.
    pub(super) fn input(&self, file: &Path) -> InputArgs {
        InputArgs {
            file: file.to_owned(),
            input_format: self.input_format,
            track: self.track,
            follow: self.follow,
            ignore_editlist: self.ignore_editlist,
        }
    }
}
