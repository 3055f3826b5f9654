//! Options of `info`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::shared_args::{ContainerArgs, InputArgs};

/// `vav1d info`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// The streams; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// List every frame, in decoding order
    #[arg(long)]
    pub frames: bool,
    /// How they are read.
    #[command(flatten)]
    pub container: ContainerArgs,
}

impl InfoArgs {
    /// How `file` is opened.
    pub(super) fn input(&self, file: &Path) -> InputArgs {
        InputArgs { file: file.to_owned(), container: self.container.clone() }
    }
}
