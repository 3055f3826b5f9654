//! `cargo xtask clients`: other people's programs on softvk, from a Debian sid chroot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use crate::streams::{every, find_all};
use crate::{ci, say};

/// Where the driver and its manifest are laid out for the chroot.
const DRIVER: &str = "target/clients";

/// What became of a stream under a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// All frames are those of the oracle.
    Exact,
    /// Refused by the client itself, and why.
    Refused(String),
    /// Ended with an error.
    Error(String),
    /// Other frames than the oracle's.
    Wrong(String),
}

/// What came of a stream that could not even be tried.
fn failed(outcome: Result<Outcome>) -> Outcome {
    outcome.unwrap_or_else(|e| Outcome::Error(format!("{e:#}")))
}

/// Runs all clients over the streams below `dirs`, with the wrappers of `samples/peers.sh` in
/// `tools`, and prints a table.
pub(crate) fn run(tools: &Path, dirs: &[PathBuf]) -> Result<()> {
    if !tools.join("sid-mpv").exists() {
        let status = Command::new("samples/peers.sh").arg("target/sid").arg(tools).status()?;
        if !status.success() {
            bail!("samples/peers.sh: {status}");
        }
    }
    let program = lay_out()?;
    let streams = find_all(dirs)?;
    let vulkaninfo = info(tools)?;
    let ffmpeg = every(&streams, |stream| failed(ffmpeg(tools, &program, stream)));
    let mpv = every(&streams, |stream| failed(mpv(tools, &program, stream)));
    let validated = every(&streams, |stream| failed(validated(tools, &program, stream)));
    say("| Client | Vectors | Exact | Refused by the client | Errors | Wrong |");
    say("|---|---|---|---|---|---|");
    say(&format!("| vulkaninfo (4 ways) | 4 | {vulkaninfo} | 0 | {} | 0 |", 4 - vulkaninfo));
    row("ffmpeg -hwaccel vulkan", &ffmpeg);
    row("mpv --hwdec=vulkan-copy", &mpv);
    row("vav1d --validate", &validated);
    let all = [("ffmpeg", &ffmpeg), ("mpv", &mpv), ("vav1d", &validated)];
    let all = all.iter().flat_map(|(client, list)| list.iter().map(move |one| (client, one)));
    let mut bad = vulkaninfo < 4;
    for (client, (stream, outcome)) in all {
        bad |= matches!(outcome, Outcome::Error(_) | Outcome::Wrong(_));
        if *outcome != Outcome::Exact {
            say(&format!("{client}, {}: {outcome:?}", stream.display()));
        }
    }
    if bad {
        bail!("clients: not everything is exact");
    }
    Ok(())
}

/// The program, the driver and its manifest, below a folder that the chroot sees.
fn lay_out() -> Result<PathBuf> {
    let built = ci::release()?;
    let dir = crate::root().join(DRIVER);
    std::fs::create_dir_all(&dir)?;
    let driver = dir.join("libsoftvk.so");
    std::fs::copy(built.with_file_name("libsoftvk.so"), &driver)?;
    let manifest = include_str!("../../crates/softvk/softvk_icd.json.in");
    let text = manifest.replace("@PATH@", &driver.to_string_lossy());
    std::fs::write(dir.join("softvk_icd.json"), text)?;
    let program = dir.join("vav1d");
    std::fs::copy(built, &program)?;
    Ok(program)
}

fn row(client: &str, outcomes: &[(PathBuf, Outcome)]) {
    let mut counts = BTreeMap::from([("exact", 0), ("refused", 0), ("error", 0), ("wrong", 0)]);
    for (_, outcome) in outcomes {
        let kind = match outcome {
            Outcome::Exact => "exact",
            Outcome::Refused(_) => "refused",
            Outcome::Error(_) => "error",
            Outcome::Wrong(_) => "wrong",
        };
        *counts.entry(kind).or_default() += 1;
    }
    let cell = |kind| counts.get(kind).copied().unwrap_or_default();
    say(&format!(
        "| {client} | {} | {} | {} | {} | {} |",
        outcomes.len(),
        cell("exact"),
        cell("refused"),
        cell("error"),
        cell("wrong")
    ));
}

/// A tool of the chroot, with softvk as the only driver.
fn tool(tools: &Path, name: &str) -> Command {
    let mut command = Command::new(tools.join(name));
    command.env("VK_DRIVER_FILES", crate::root().join(DRIVER).join("softvk_icd.json"));
    command
}

/// How many of vulkaninfo's ways succeed and know softvk.
fn info(tools: &Path) -> Result<usize> {
    let mut passed = 0;
    for option in [&[][..], &["--summary"], &["--show-video-props"], &["--show-formats"]] {
        let output = tool(tools, "sid-vulkaninfo").args(option).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let known = text.contains("softvk");
        match output.status.success() && known {
            true => passed += 1,
            false => say(&format!("vulkaninfo {option:?}: {}", output.status)),
        }
    }
    Ok(passed)
}

/// ffmpeg's planar pixel format for a stream.
fn pixel_format(program: &Path, stream: &Path) -> Result<String> {
    let output = Command::new(program).arg("info").arg(stream).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|l| l.starts_with("sequence 0")).context("no sequence header")?;
    let words: Vec<_> = line.split([' ', ',']).collect();
    let at = words.iter().position(|w| w.starts_with("4:")).context("no chroma format")?;
    let chroma = words.get(at).copied().unwrap_or_default().replace(':', "");
    let suffix = match words.get(at + 1).copied().unwrap_or_default() {
        "8" => String::new(),
        depth => format!("{depth}le"),
    };
    Ok(match chroma.as_str() {
        "400" => format!("gray{suffix}"),
        chroma => format!("yuv{chroma}p{suffix}"),
    })
}

/// The hashes of a framemd5 text.
fn hashes(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    rows.filter_map(|l| l.rsplit(',').next()).map(|h| h.trim().to_owned()).collect()
}

/// What ffmpeg says when it refuses a stream before, or without, asking the driver.
const REFUSALS: [&str; 5] = [
    "Invalid frame rate",
    "not supported!",
    "doesn't support hardware accelerated",
    "out of range",
    "Impossible to convert",
];

/// ffmpeg's Vulkan decoder on softvk against ffmpeg's libdav1d.
fn ffmpeg(tools: &Path, program: &Path, stream: &Path) -> Result<Outcome> {
    let filter = format!("format={}", pixel_format(program, stream)?);
    let decode = |before: &[&str], after: &[&str]| {
        let mut command = tool(tools, "sid-ffmpeg");
        command.args(["-v", "debug"]).args(before).arg("-i").arg(stream).args(after);
        command.args(["-noautoscale", "-fps_mode", "passthrough", "-f", "framemd5", "-"]).output()
    };
    let wanted = hashes(&decode(&["-c:v", "libdav1d"], &[])?);
    // The native decoder has no software path: without the driver nothing comes out.
    let vulkan = |device: &str| {
        let before = ["-init_hw_device", device, "-hwaccel", "vulkan", "-c:v", "av1"];
        // More than 8 bits are downloaded semi-planar, with the value in the high bits.
        let after = ["-vf", filter.as_str()];
        decode(&before, if filter.ends_with("le") { &after } else { &[] })
    };
    let output = vulkan("vulkan=v:0")?;
    let (got, said) = (hashes(&output), String::from_utf8_lossy(&output.stderr).into_owned());
    if got == wanted && !got.is_empty() {
        return Ok(Outcome::Exact);
    }
    let reason = said.lines().find(|l| REFUSALS.iter().any(|r| l.contains(r)));
    Ok(match (got.is_empty(), reason) {
        (true, Some(reason)) => Outcome::Refused(reason.to_owned()),
        (true, None) => {
            Outcome::Error(said.lines().last().unwrap_or("nothing was said").to_owned())
        }
        _ => {
            let first = got.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
            let (got, wanted) = (got.len(), wanted.len());
            let end = output.status;
            let debug = vulkan("vulkan=v:0,debug=1")?;
            let text = String::from_utf8_lossy(&debug.stderr);
            let fault = text.lines().find(|l| l.contains("] decode ")).unwrap_or("no message");
            Outcome::Wrong(format!("{got} of {wanted}, the first {first} equal, {end}: {fault}"))
        }
    })
}

/// mpv with hardware decoding on softvk against mpv without, or, as mpv turns R'G'B' into Y'CbCr
/// without, against vav1d.
fn mpv(tools: &Path, program: &Path, stream: &Path) -> Result<Outcome> {
    let filter = format!("--vf=format={}", pixel_format(program, stream)?);
    let decode = |hwdec: &str| {
        let mut command = tool(tools, "sid-mpv");
        command.args(["--no-config", "--no-audio", hwdec, &filter]);
        command.args(["--o=-", "--of=framemd5", "--ovc=rawvideo", "--msg-level=all=warn,vd=v"]);
        command.arg(stream).output()
    };
    let output = decode("--hwdec=vulkan-copy")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.contains("Using hardware decoding (vulkan-copy)") {
        // It goes on without.
        let reason = said.lines().find(|l| l.contains("ailed")).unwrap_or("nothing was said");
        return Ok(Outcome::Refused(reason.to_owned()));
    }
    let (got, wanted) = (hashes(&output), hashes(&decode("--hwdec=no")?));
    let own = || Command::new(program).args(["md5", "-q", "--device", "soft"]).arg(stream).output();
    if !got.is_empty() && (got == wanted || got == hashes(&own()?)) {
        return Ok(Outcome::Exact);
    }
    let first = got.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
    let (got, wanted) = (got.len(), wanted.len());
    Ok(Outcome::Wrong(format!("{got} of {wanted}, the first {first} equal, {}", output.status)))
}

/// vav1d on softvk under the validation layer, against vav1d without it.
fn validated(tools: &Path, program: &Path, stream: &Path) -> Result<Outcome> {
    let arguments = ["md5", "-q", "--device", "soft", "--total"];
    let plain = Command::new(program).args(arguments).arg(stream).output()?;
    let output = Command::new(tools.join("sid-sh"))
        .args(["-c", "exec \"$@\"", "sh"])
        .arg(program)
        .args(arguments)
        .arg("--validate")
        .arg(stream)
        .output()?;
    if output.status.code() != plain.status.code() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(Outcome::Error(said.lines().next().unwrap_or_default().to_owned()));
    }
    match output.stdout == plain.stdout {
        true => Ok(Outcome::Exact),
        false => Ok(Outcome::Wrong("another MD5 under the layer".to_owned())),
    }
}
