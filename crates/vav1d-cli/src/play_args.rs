//! What was typed behind `play`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::shape::ShapeArgs;
use super::shared_args::{ContainerArgs, FilmGrain, GrainArgs, LayerArgs, seconds};

/// `play`.
#[derive(Clone, Debug, Args)]
#[command(after_help = keys())]
pub struct PlayArgs {
    /// The streams, one after the other, folders of them, or M3U playlists; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub container: ContainerArgs,
    /// Layers.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Device that decodes: auto, system, soft, soft:CONFIG, an index, a name or a UUID
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// Device that draws, by a part of its name; by default the one that decodes, if it can
    #[arg(long, value_name = "NAME")]
    pub present_device: Option<String>,
    /// Film grain: on (by the driver if it can, else by a shader), gpu, cpu (never by the driver)
    /// or off
    #[arg(long, value_enum, default_value = "on", value_name = "MODE")]
    pub film_grain: FilmGrain,
    /// Another film grain.
    #[command(flatten)]
    pub grain: GrainArgs,
    /// Where each file begins: seconds, M:SS or H:MM:SS; with - in front from its end
    #[arg(long, value_name = "TIME", value_parser = start, allow_hyphen_values = true)]
    pub start: Option<Start>,
    /// Pictures of each file to show at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// What is repeated
    #[arg(long = "loop", value_enum, default_value = "off", value_name = "WHAT")]
    pub repeat: Loop,
    /// Decode on another device as well, and mark the blocks in which pictures differ (before film
    /// grain); without a value on softvk
    #[arg(long, value_name = "DEVICE", num_args = 0..=1, require_equals = true, default_missing_value = "soft", conflicts_with = "render_to")]
    pub compare: Option<String>,
    /// Cover the whole screen
    #[arg(long)]
    pub fullscreen: bool,
    /// Size of the window: that of the first picture times this
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = factor)]
    pub scale: f64,
    /// How pictures are scaled
    #[arg(long, value_enum, default_value = "bicubic", value_name = "KERNEL")]
    pub scaler: Scaler,
    /// Wait for the display with each picture (FIFO), where it could take the newest (MAILBOX)
    #[arg(long)]
    pub fifo: bool,
    /// Show what is known of each picture from the start
    #[arg(long)]
    pub osd: bool,
    /// Begin with a still picture
    #[arg(long)]
    pub paused: bool,
    /// Keep the window open after the last picture
    #[arg(long)]
    pub keep_open: bool,
    /// Where the key s saves pictures
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub screenshots: PathBuf,
    /// Open no window: draw every picture into DIR/NNNNNN.png, or the first into FILE.png
    #[arg(long, value_name = "DIR|FILE.png")]
    pub render_to: Option<PathBuf>,
    /// Pixels of the images of --render-to; by default as many as the picture has
    #[arg(long, value_name = "WxH", requires = "render_to", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Where pictures are drawn from: where they were decoded, if the device that decodes draws too,
    /// or the host
    #[arg(long, default_value = "auto", value_name = "WHERE")]
    pub pictures: Pictures,
    /// Cores to decode and draw on, at most (Linux); without it all that the program may use
    #[arg(long, value_name = "N", value_parser = cores)]
    pub cores: Option<usize>,
    /// Try streams of a level above the device's maxLevel
    #[arg(long)]
    pub force: bool,
    /// Run under the Khronos validation layer; every message is an error
    #[arg(long)]
    pub validate: bool,
    /// Seconds to wait for the device before it is taken to hang
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS", hide_short_help = true, value_parser = seconds)]
    pub device_timeout: f64,
    /// Session shape.
    #[command(flatten)]
    pub shape: ShapeArgs,
}

/// Where files begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this time.
    At(Duration),
    /// So long before the end.
    BeforeEnd(Duration),
}

/// What is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Loop {
    /// Nothing.
    Off,
    /// Each file, for ever.
    File,
    /// All files, one after the other.
    All,
}

/// Where pictures are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pictures {
    /// From the images that they were decoded to, where one device decodes and draws.
    Auto,
    /// As auto, but never by views of planes: as a whole, through a Y'CBCR conversion.
    Whole,
    /// From the host, which reads them and uploads them again.
    Host,
}

/// How pictures are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scaler {
    /// The nearest pixel.
    Nearest,
    /// Linear.
    Bilinear,
    /// Catmull-Rom.
    Bicubic,
    /// Lanczos, three lobes.
    Lanczos,
}

/// The keys, for the help.
fn keys() -> String {
    let keys: Vec<_> = vav1d_play::window::table().map(|line| format!("  {line}\n")).collect();
    format!("Keys:\n{}", keys.concat())
}

fn start(text: &str) -> Result<Start, String> {
    match text.strip_prefix('-') {
        Some(text) => time(text).map(Start::BeforeEnd),
        None => time(text).map(Start::At),
    }
}

/// Seconds, M:SS or H:MM:SS, each with a fraction of seconds.
fn time(text: &str) -> Result<Duration, String> {
    let bad = || "seconds, M:SS or H:MM:SS".to_owned();
    let mut seconds = 0.0;
    let parts: Vec<_> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(bad());
    }
    for (place, part) in parts.iter().rev().enumerate() {
        let value: f64 = part.parse().map_err(|_| bad())?;
        // Above the seconds, whole numbers only; below something, less than 60 of it.
        let is_part = place + 1 < parts.len();
        let is_whole = place == 0 || value.fract() == 0.0;
        if value < 0.0 || !value.is_finite() || !is_whole || (is_part && value >= 60.0) {
            return Err(bad());
        }
        seconds += value * 60_f64.powi(place as i32);
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| bad())
}

fn cores(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(cores) => Ok(cores),
        Err(error) => Err(format!("{error}")),
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|e| format!("{e}"))?;
    match (0.01..=100.0).contains(&factor) {
        true => Ok(factor),
        false => Err("from 0.01 to 100".to_owned()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    parsed
        .filter(|(w, h)| (1..=16384).contains(w) && (1..=16384).contains(h))
        .ok_or_else(|| "width x height, from 1x1 to 16384x16384".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("2:03.25"), Ok(Duration::from_millis(123_250)));
        assert_eq!(time("1:00:00"), Ok(Duration::from_secs(3600)));
        for bad in ["", "-1", "1:99", "1:60:00", "1.5:00", "1:2:3:4", "x", "nan", "inf"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_start_may_be_counted_from_the_end() {
        assert_eq!(start("10"), Ok(Start::At(Duration::from_secs(10))));
        assert_eq!(start("-1:30"), Ok(Start::BeforeEnd(Duration::from_secs(90))));
        for bad in ["-", "--1", "-x"] {
            assert!(start(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("640x360"), Ok((640, 360)));
        for bad in ["0x1", "640", "640x", "99999x1"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
