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
pub use super::shared_args::{
    Common, FilmGrain, GrainArgs, InputArgs, InputFormat, LayerArgs, PipelineArgs, When,
};
pub use super::sim_args::{SimArgs, SimDiffArgs, Switch};
pub use super::stress_args::StressArgs;
pub use super::suite_args::SuiteInfoArgs;
pub use super::verify_args::VerifyArgs;
pub use super::watch_args::{CheckArgs, ReplayArgs, WatchArgs, WatchDiffArgs};

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

/// `matrix`.
#[derive(Clone, Debug, Args)]
pub struct MatrixArgs {
    /// What is decoded.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Every combination.
    #[arg(long, help = all_help())]
    pub all: bool,
}

/// What `matrix --all` does.
fn all_help() -> String {
    let all = vav1d_lab::matrix::axes::combinations();
    format!("Every combination of all axes ({all}), not only every pair of values")
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
    /// Session shapes in which one thing is other than it is left to be, a line each.
    #[value(hide = true)]
    Shapes,
    /// Chips of `sim`, a line each.
    #[value(hide = true)]
    Chips,
    /// Values of --plant, for completions.
    #[value(hide = true)]
    Plants,
}
