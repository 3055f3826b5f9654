//! Arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shape::ShapeArgs;
use vav1d::grain::Override;
use vav1d::vk::PlantedFault;

/// Options of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Print JSON Lines on standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Write JSON Lines into FILE, and nothing on standard output: for programs that run this one
    /// with drivers that print
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub records: Option<PathBuf>,
    /// Print nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on standard error; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colours
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: When,
}

/// Whether to do something that suits terminals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On what is a terminal, if `NO_COLOR` is unset and `TERM` is not `dumb`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The input.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// The stream; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is read.
    #[command(flatten)]
    pub container: ContainerArgs,
}

impl InputArgs {
    /// The input at a path, with nothing else said of it.
    pub(super) fn of(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), container: ContainerArgs::default() }
    }
}

/// How an input is read.
#[derive(Clone, Debug, Default, Args)]
pub struct ContainerArgs {
    /// Container of the input
    #[arg(long, value_enum, default_value = "auto", value_name = "FORMAT")]
    pub input_format: InputFormat,
    /// Track to decode, by its number in the file; else the first of AV1
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

/// Containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Probed by content.
    #[default]
    Auto,
    /// IVF.
    Ivf,
    /// Low-overhead OBU stream (specification 5.2).
    Section5,
    /// Length-delimited stream (specification Annex B).
    Annexb,
    /// WebM and Matroska.
    Matroska,
    /// MP4, and AVIF images.
    Mp4,
}

/// Which part of the stream is decoded.
#[derive(Clone, Debug, Args)]
pub struct LayerArgs {
    /// Operating point to decode
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..32))]
    pub operating_point: u8,
    /// Output every spatial layer, not only the highest of each temporal unit
    #[arg(long)]
    pub all_layers: bool,
    /// Refuse what the specification does not allow and decoders cope with (docs/tolerance.md)
    #[arg(long)]
    pub strict: bool,
    /// After frames that are missing in the container: wait for the next key frame, or go-on with
    /// the references that are there, with a warning (default of md5, decode and play without
    /// --strict)
    #[arg(long, value_enum, value_name = "HOW", overrides_with = "after_loss")]
    pub after_loss: Option<AfterLoss>,
}

/// What becomes of frames that follow missing ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AfterLoss {
    /// They are decoded; what is shown may be wrong.
    GoOn,
    /// They are skipped up to the next key frame.
    Wait,
}

/// What decoding needs.
#[derive(Clone, Debug, Args)]
pub struct PipelineArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Layers.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Device: auto, system, soft, soft:CONFIG, an index, a name or a UUID (see `vav1d caps`)
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// Film grain: on (by the driver if it can, else on the CPU), driver (also by one that is known to
    /// do it wrongly), cpu (never by the driver), gpu (by a shader, on the first device of the Vulkan
    /// loader that draws) or off
    #[arg(
        long,
        value_enum,
        default_value = "on",
        value_name = "MODE",
        overrides_with = "film_grain"
    )]
    pub film_grain: FilmGrain,
    /// Output frames to deliver at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Output frames to pass over first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub skip: u64,
    /// Try streams of a level above the device's maxLevel
    #[arg(long)]
    pub force: bool,
    /// Run under the Khronos validation layer; every message is an error
    #[arg(long)]
    pub validate: bool,
    /// Hand the driver a wrong value in one frame.
    #[arg(long, value_name = "NAME@FRAME", hide_short_help = true, help = plant_help())]
    pub plant: Option<PlantedFault>,
    /// Write into FILE what the device is given, before it gets it
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub journal: Option<PathBuf>,
    /// Seconds to wait for the device before it is taken to hang
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS", hide_short_help = true, value_parser = seconds)]
    pub device_timeout: f64,
    /// Where the device is lost or does not answer in time, open it anew and decode once more, from the
    /// start; pictures that are out are passed over
    #[arg(long, hide_short_help = true)]
    pub retry_device: bool,
    /// A planted fault that never applies is recorded, and is no error
    #[arg(long, hide = true)]
    pub spare_plants: bool,
    /// Frames that the driver reports as failed, and those after them, are output all the same
    #[arg(long, hide_short_help = true)]
    pub keep_failed: bool,
    /// Reference pictures are overwritten: `compare --teacher`.
    #[arg(skip)]
    pub overwritable: bool,
    /// Session shape.
    #[command(flatten)]
    pub shape: ShapeArgs,
}

/// Film grain in place of the stream's own.
#[derive(Clone, Debug, Args)]
pub struct GrainArgs {
    /// Apply the film grain of a table (see `vav1d grain`), not the stream's own
    #[arg(long, value_name = "FILE", conflicts_with = "photon_noise")]
    pub grain_table: Option<PathBuf>,
    /// Apply the noise that photons make at this ISO speed, not the stream's own film grain
    #[arg(long, value_name = "ISO", value_parser = iso)]
    pub photon_noise: Option<u32>,
}

/// An ISO speed.
fn iso(text: &str) -> Result<u32, String> {
    let iso = text.parse().map_err(|e| format!("{e}"))?;
    match Override::ISO.contains(&iso) {
        true => Ok(iso),
        false => Err(format!("from {} to {}", Override::ISO.start(), Override::ISO.end())),
    }
}

/// What `--plant` does, and the names that it takes.
fn plant_help() -> String {
    let names: Vec<_> = PlantedFault::names().collect();
    format!(
        "Hand the driver a wrong value in one frame, for tests of what must find it: {}",
        names.join(", ")
    )
}

/// A time between a millisecond and a day.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|e| format!("{e}"))?;
    match (0.001..=86400.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("from 0.001 to 86400".to_owned()),
    }
}

/// Film grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FilmGrain {
    /// By the driver where its profile allows it, else by vav1d.
    On,
    /// The same, also by a driver whose film grain is known to be wrong.
    Driver,
    /// On the CPU.
    Cpu,
    /// By a shader, on a device that draws.
    Gpu,
    /// Not at all.
    Off,
}
