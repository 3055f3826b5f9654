//! What was typed: clap structures only. What it means is in `cli::options`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use super::caps_args::{CapsArgs, CapsDiffArgs};
pub use super::info_args::InfoArgs;
#[cfg(feature = "window")]
pub use super::play_args::PlayArgs;
pub use super::reduce_args::ReduceArgs;
pub use super::results_args::{VerifyDiffArgs, VerifyMergeArgs};
pub use super::rewrite_args::RewriteArgs;
use super::shape::ShapeArgs;
pub use super::sim_args::{SimArgs, SimDiffArgs, Switch};
pub use super::stress_args::StressArgs;
pub use super::suite_args::SuiteInfoArgs;
pub use super::verify_args::VerifyArgs;
pub use super::watch_args::{CheckArgs, ReplayArgs, WatchArgs, WatchDiffArgs};
use vav1d::grain::Override;
use vav1d::vk::PlantedFault;

/// Decode AV1 through VK_KHR_video_decode_av1, and judge the result.
#[derive(Debug, Parser)]
#[command(name = "vav1d", version = super::version::short(), long_version = super::version::long())]
#[command(propagate_version = true, after_help = super::exit::table())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print an MD5, or another hash, for every output frame, in the form of ffmpeg's framemd5
    Md5(Md5Args),
    /// Decode to a file: raw planar, Y4M, or a list of MD5s
    Decode(DecodeArgs),
    /// Write a stream's film grain as a table that encoders read
    Grain(GrainTableArgs),
    /// Say what streams are, and what they ask of a driver
    Info(InfoArgs),
    /// Print every syntax element with its bit position and value
    Dump(DumpArgs),
    /// Print the steps that a decoder has to take
    Plan(PlanArgs),
    /// Decode and say which frame, plane and block is wrong, and where the error began
    Compare(CompareArgs),
    /// Run suites of vectors, and say what is not as expected
    Verify(VerifyArgs),
    /// Compare two results of verify: what is new, fixed, moved, flaky, lost or slower
    VerifyDiff(VerifyDiffArgs),
    /// Put results of verify together that are of parts, devices or shapes
    VerifyMerge(VerifyMergeArgs),
    /// Say which coding tools and values the vectors of suites exercise, and what is not covered
    SuiteInfo(SuiteInfoArgs),
    /// Decode in all the session shapes that the device takes, and say which axis changes the output
    Matrix(MatrixArgs),
    /// Run a program over an imitated chip's stock Vulkan driver (Linux)
    Sim(SimArgs),
    /// Compare two recordings of `sim` field by field
    SimDiff(SimDiffArgs),
    /// Run a program and capture what it hands to AV1 video decoding, as an ordinary stream
    Watch(WatchArgs),
    /// Say which members of a capture of `watch` are wrong
    Check(CheckArgs),
    /// Decode a capture of `watch` on a device with exactly the same structures
    Replay(ReplayArgs),
    /// Compare two captures of `watch` member by member
    WatchDiff(WatchDiffArgs),
    /// List devices and what they decode, or what they lack for streams; software last
    Caps(CapsArgs),
    /// Say where two devices differ in what they decode
    CapsDiff(CapsDiffArgs),
    /// Verify streams in other forms, drawn at random, and keep those that fail
    Stress(StressArgs),
    /// Write a stream in another form: the same pictures in other headers, slots, OBUs, containers
    Rewrite(RewriteArgs),
    /// Make the smallest stream that still fails the same way on a device
    Reduce(ReduceArgs),
    /// Run the checklist for a device and put everything into one archive, for a bug report
    Report(ReportArgs),
    /// Play files in a window, or draw them into images
    #[cfg(feature = "window")]
    Play(PlayArgs),
    /// Print shell completions or the man page
    Generate(GenerateArgs),
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Probed by content.
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
    /// Film grain: on (by the driver if it can, else on the CPU), cpu (never by the driver), gpu (by
    /// a shader, on the first device of the Vulkan loader that draws) or off
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

/// `matrix`.
#[derive(Clone, Debug, Args)]
pub struct MatrixArgs {
    /// What is decoded.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Every combination of all axes (442368), not only every pair of values
    #[arg(long)]
    pub all: bool,
}

/// `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// What is decoded, and judged.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// What is right: a device, as --device takes it, or a file with what is output (.yuv, .y4m,
    /// .framemd5, or a list of MD5s)
    #[arg(long, default_value = "soft", value_name = "DEVICE|FILE")]
    pub against: String,
    /// Judge each frame alone: overwrite what is wrong with the right picture before later frames
    /// refer to it
    ///
    /// Only samples are put right; CDFs, motion vectors, segmentation and whatever else the driver
    /// keeps of a frame stay as they are. Needs a driver that lets transfers write DPB pictures, and
    /// a device to compare with: files lack hidden frames.
    #[arg(long)]
    pub teacher: bool,
    /// Write images of the frames that errors begin with (is, should-be, difference) into DIR
    #[arg(long, value_name = "DIR")]
    pub png: Option<PathBuf>,
    /// Say which single wrong value, and which stage of decoding, makes the first wrong picture
    ///
    /// softvk decodes the frame again, from the right references, with one thing changed at a time.
    /// The driver is not asked again. It takes up to a minute.
    #[arg(long)]
    pub explain: bool,
    /// This is the process that the driver may end; in DIR it leaves how far it came
    #[arg(long, value_name = "DIR", hide = true)]
    pub guarded: Option<PathBuf>,
}

/// Film grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FilmGrain {
    /// By the driver where its profile allows it, else by vav1d.
    On,
    /// On the CPU.
    Cpu,
    /// By a shader, on a device that draws.
    Gpu,
    /// Not at all.
    Off,
}

/// Hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HashName {
    /// MD5.
    Md5,
    /// SHA-256.
    Sha256,
    /// XXH3 with 128 bits.
    Xxh3,
    /// CRC-32 of ISO 3309.
    Crc32,
}

/// `vav1d md5`.
#[derive(Debug, Args)]
pub struct Md5Args {
    /// Decoding.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Film grain.
    #[command(flatten)]
    pub grain: GrainArgs,
    /// Print one line: the hash of all output frames together
    #[arg(long)]
    pub total: bool,
    /// Hash function
    #[arg(long, value_enum, default_value = "md5", value_name = "NAME")]
    pub hash: HashName,
    /// Hash 4:0:0 with two 4:2:0 chroma planes of mid grey, as aomdec --i420 writes it
    #[arg(long, hide_short_help = true)]
    pub grey_planes: bool,
}

/// `vav1d decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    /// Decoding.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Film grain.
    #[command(flatten)]
    pub grain: GrainArgs,
    /// Where to write; - for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Format of the output; by default that of its extension (.yuv .y4m .md5 .framemd5), or yuv
    #[arg(long, value_name = "FORMAT")]
    pub output_format: Option<String>,
}

/// `vav1d grain`.
#[derive(Debug, Args)]
pub struct GrainTableArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Layers.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Where to write the table; - for standard output, which is the default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Keep every frame's seed: a segment also ends where the seed is not the one that encoders
    /// would go on with
    #[arg(long)]
    pub keep_seeds: bool,
}

/// `vav1d dump`.
#[derive(Debug, Args)]
pub struct DumpArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Temporal units to print at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// `vav1d plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Layers.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Temporal units to plan at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// `vav1d report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The device: as for other commands; auto and system are the first graphics card that decodes
    #[arg(long, default_value = "system", value_name = "DEVICE")]
    pub device: String,
    /// The archive, a tar file
    #[arg(short, long, default_value = "vav1d-report.tar", value_name = "FILE")]
    pub output: PathBuf,
}

/// `vav1d generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// What to print
    #[arg(value_enum)]
    pub what: Generate,
    /// Write a man page for the program and one for each command into DIR, instead of the program's
    /// alone to standard output
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// What `vav1d generate` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// The man page, roff.
    Man,
    /// Completions for bash.
    Bash,
    /// Completions for zsh.
    Zsh,
    /// Completions for fish.
    Fish,
    /// Completions for PowerShell.
    Powershell,
    /// Values of --device, for completions.
    #[value(hide = true)]
    Devices,
    /// Values of --plant, for completions.
    #[value(hide = true)]
    Plants,
}
