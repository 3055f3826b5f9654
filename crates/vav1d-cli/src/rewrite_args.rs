//! What was typed for `vav1d rewrite`: clap structures only.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared_args::InputArgs;

/// `vav1d rewrite`.
#[derive(Clone, Debug, Args)]
#[command(after_help = changes())]
pub struct RewriteArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Changes, in their order: NAME or NAME=VALUE, with commas between them; without any the stream
    /// is written as it is
    #[arg(long, value_name = "CHANGES", value_delimiter = ',')]
    pub how: Vec<String>,
    /// What the changes draw at random
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Container of the output; by default that of its extension (.ivf .obu .annexb .mkv .webm .mp4)
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub output_container: Option<OutputContainer>,
}

/// Containers of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputContainer {
    /// IVF.
    Ivf,
    /// Low-overhead OBU stream (specification 5.2).
    Section5,
    /// Length-delimited stream (specification Annex B).
    Annexb,
    /// Matroska, and WebM.
    Matroska,
    /// MP4.
    Mp4,
}

/// The changes, as `--help` ends with them.
fn changes() -> String {
    let mut text = String::from("Changes (the first value is the one of a name alone):\n");
    for change in av1_rewrite::change::all() {
        let (name, values) = (change.name, change.values.join("|"));
        let what = if change.alters_pictures { "; other pictures" } else { "" };
        text.push_str(&format!("  {name}={values}\n      {}{what}\n", change.about));
    }
    text
}
