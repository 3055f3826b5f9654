//! What was typed for `vav1d reduce`: clap structures only.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared_args::PipelineArgs;

/// `vav1d reduce`.
#[derive(Clone, Debug, Args)]
pub struct ReduceArgs {
    /// What fails, and where. Each stream is judged by `vav1d compare` with these options.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Where to write the smallest stream (IVF); its MD5s go into a file beside it
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Judge by this command line of the shell in place of `compare`, {} standing for the stream:
    /// it fails where the command does, with the same exit code
    #[arg(long, value_name = "COMMAND")]
    pub check: Option<String>,
    /// Names of references that may point to another frame, so that fewer are needed
    #[arg(long, value_enum, default_value = "same", value_name = "WHICH")]
    pub names: NamesArg,
    /// Streams to judge at most
    #[arg(long, default_value_t = 300, value_name = "N")]
    pub decodes: u32,
    /// Seconds that judging a stream may take
    #[arg(long, default_value_t = 120.0, value_name = "SECONDS", value_parser = super::shared_args::seconds)]
    pub timeout: f64,
}

/// Names that may point elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NamesArg {
    /// None.
    Keep,
    /// Those with which the picture of the last frame stays the same.
    Same,
    /// All with which softvk decodes every frame; the pictures are others, and the tiles may be what
    /// no stream can have: other decoders may refuse it.
    Any,
}
