//! Options of `sim` and `sim-diff`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// The chips of `crates/drm-sim`, of which a test makes sure: a program cannot ask a library that it
/// does not link for them.
pub(super) const CHIPS: [&str; 9] =
    ["navi21", "phoenix", "navi33", "gfx1201", "adl", "dg2", "mtl", "lnl", "bmg"];

/// `sim`.
#[derive(Clone, Debug, Args)]
pub struct SimArgs {
    /// The chip to imitate
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(CHIPS))]
    pub chip: String,
    /// Write what the driver submits to the video engine to FILE
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Let each submission complete only after MS milliseconds
    #[arg(long, value_name = "MS")]
    pub delay: Option<u32>,
    /// Append refused requests to FILE, not to standard error
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Write an MD5 of each picture that the imitated engine decodes to FILE, in decoding order
    #[arg(long, value_name = "FILE")]
    pub pictures: Option<PathBuf>,
    /// With --pictures: of each plane, too
    #[arg(long, requires = "pictures")]
    pub planes: bool,
    /// Write the pictures that the imitated engine decodes to files in DIR
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
    /// Whether the imitated engine decodes what it is given
    #[arg(long, value_name = "WHETHER", value_enum, default_value = "on")]
    pub engine: Switch,
    /// Change a field of one picture between driver and engine: NAME=+1@5, or =-1, of picture 5, or
    /// `NAME[3]=+1@5`, of its values number 3 from 0; the name is that of a recording
    #[arg(long, value_name = "FIELD=DELTA@N")]
    pub alter: Option<String>,
    /// The program and its arguments; its exit code is this command's
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// `sim-diff`.
#[derive(Clone, Debug, Args)]
pub struct SimDiffArgs {
    /// A recording
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// Another of the same stream and chip
    #[arg(value_name = "B")]
    pub second: PathBuf,
    /// Compare what depends on allocation as well: addresses, offsets, slot numbers
    #[arg(long)]
    pub raw: bool,
}
