//! `cargo xtask clients`: other people's programs on softvk, from a Debian sid chroot.

mod fluster;
mod gstreamer;
mod messages;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use crate::streams::{every, find_all};
use crate::{build, say};

/// Where the driver and its manifest are laid out for the chroot.
const DRIVER: &str = "target/clients";

/// How `timeout` ends when it has ended a program.
const TIMED_OUT: i32 = 124;

/// The clients, by the names of `--only`.
pub(crate) const ALL: [&str; 6] = ["vulkaninfo", "ffmpeg", "mpv", "vav1d", "gstreamer", "fluster"];

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

/// A stream under a client: what came of it, and what softvk's checker said meanwhile.
struct Tried {
    outcome: Outcome,
    messages: Vec<String>,
}

impl Tried {
    /// `said`: what was written to standard error.
    fn new(outcome: Outcome, said: &str) -> Self {
        Self { outcome, messages: messages::of(said) }
    }
}

/// What came of a stream that could not even be tried.
fn failed(tried: Result<Tried>) -> Tried {
    tried.unwrap_or_else(|e| Tried::new(Outcome::Error(format!("{e:#}")), ""))
}

/// The wrappers of the chroot's programs, and vav1d.
struct Tools {
    wrappers: PathBuf,
    program: PathBuf,
    /// Words of softvk's configuration beside the client's own.
    config: String,
}

impl Tools {
    /// The wrappers in `wrappers`, made where they are missing, and vav1d, built.
    fn new(wrappers: &Path, clients: &[String], config: &str) -> Result<Self> {
        let make = |script: &str, wrapper: &str| -> Result<()> {
            if wrappers.join(wrapper).exists() {
                return Ok(());
            }
            let status = Command::new(script).arg("target/sid").arg(wrappers).status()?;
            if !status.success() {
                bail!("{script}: {status}");
            }
            Ok(())
        };
        make("samples/peers.sh", "sid-fluster")?;
        if clients.iter().any(|c| c == "gstreamer") {
            make("samples/gstreamer.sh", "sid-gst-launch-1.0")?;
        }
        let program = lay_out()?;
        Ok(Self { wrappers: wrappers.to_owned(), program, config: config.to_owned() })
    }

    /// A program of the chroot, with softvk as the only driver, which says on standard error what
    /// its checker finds.
    fn client(&self, name: &str, config: &str) -> Command {
        let mut command = Command::new(self.wrappers.join(name));
        command.env("VK_DRIVER_FILES", crate::root().join(DRIVER).join("softvk_icd.json"));
        command.env("SOFTVK_CONFIG", format!("{},{config},stderr", self.config));
        command
    }

    /// The same, ended after five minutes, with [`TIMED_OUT`].
    fn patient(&self, name: &str, config: &str) -> Command {
        let client = self.client(name, config);
        let mut command = Command::new("timeout");
        command.args(["-k", "5", "300"]).arg(client.get_program());
        command.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// The MD5 of vav1d's whole output.
    fn total(&self, stream: &Path, options: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(["md5", "-q", "--device", "soft", "--total"]).args(options).arg(stream);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let md5 = text.split_whitespace().next().filter(|_| output.status.success());
        Ok(md5.with_context(|| format!("vav1d md5 {}", stream.display()))?.to_owned())
    }

    /// A file of its own for what a client makes of `stream`.
    fn scratch(&self, client: &str, stream: &Path) -> Result<PathBuf> {
        let dir = crate::root().join(DRIVER).join(client);
        std::fs::create_dir_all(&dir)?;
        let path = stream.to_string_lossy().replace('/', "_");
        Ok(dir.join(path))
    }

    /// The MD5 of a file.
    fn md5_of(&self, file: &Path) -> Result<String> {
        let output = Command::new("md5sum").arg("-b").arg(file).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.split_whitespace().next().context("md5sum")?.to_owned())
    }
}

/// Runs the `clients` over the streams below `dirs`, with the wrappers of `samples/peers.sh` in
/// `tools` and further words for softvk, and prints tables: what came of it, and what softvk's
/// checker said.
pub(crate) fn run(tools: &Path, clients: &[String], config: &str, dirs: &[PathBuf]) -> Result<()> {
    if let Some(unknown) = clients.iter().find(|c| !ALL.contains(&c.as_str())) {
        bail!("there is no client {unknown}, but {}", ALL.join(", "));
    }
    let streams = find_all(dirs)?;
    let tools = Tools::new(tools, clients, config)?;
    let asked = |client: &str| clients.iter().any(|c| c == client);
    say("| Client | Vectors | Exact | Refused by the client | Errors | Wrong |");
    say("|---|---|---|---|---|---|");
    let mut bad = false;
    if asked("vulkaninfo") {
        let passed = info(&tools)?;
        bad |= passed < 4;
        say(&format!("| vulkaninfo (4 ways) | 4 | {passed} | 0 | {} | 0 |", 4 - passed));
    }
    type One = fn(&Tools, &Path) -> Result<Tried>;
    let one_by_one: [(&str, &str, One); 4] = [
        ("ffmpeg", "ffmpeg -hwaccel vulkan", ffmpeg),
        ("mpv", "mpv --hwdec=vulkan-copy", mpv),
        ("vav1d", "vav1d --validate", validated),
        ("gstreamer", "GStreamer vulkanav1dec (`gstreamer`)", gstreamer::decode),
    ];
    let mut all = Vec::new();
    for (client, title, one) in one_by_one.into_iter().filter(|(client, ..)| asked(client)) {
        let tried = every(&streams, |stream| failed(one(&tools, stream)));
        row(title, &tried);
        all.push((client, tried));
    }
    if asked("fluster") {
        let configs = [("fluster", "", ""), ("fluster, nv-like", "nv-like", " (`nv-like`)")];
        // One personality alone may be asked for.
        let shown = if config.is_empty() { &configs[..] } else { &configs[..1] };
        for &(client, config, suffix) in shown {
            let tried = fluster::run(&tools, &streams, config)?;
            row(&format!("Fluster, FFmpeg-AV1-Vulkan{suffix}"), &tried);
            all.push((client, tried));
        }
    }
    let all: Vec<_> = all.iter().map(|(client, tried)| (*client, tried.as_slice())).collect();
    messages::table(&all);
    bad |= list(&all);
    if bad {
        bail!("clients: not everything is exact");
    }
    Ok(())
}

/// Names every stream that is not exact; whether one ended with an error, or is wrong.
fn list(all: &[(&str, &[(PathBuf, Tried)])]) -> bool {
    let mut bad = false;
    for (client, tried) in all {
        for (stream, Tried { outcome, .. }) in *tried {
            bad |= matches!(outcome, Outcome::Error(_) | Outcome::Wrong(_));
            if *outcome != Outcome::Exact {
                say(&format!("{client}, {}: {outcome:?}", stream.display()));
            }
        }
    }
    bad
}

/// The program, the driver and its manifest, below a folder that the chroot sees.
fn lay_out() -> Result<PathBuf> {
    let built = build::release()?;
    let dir = crate::root().join(DRIVER);
    std::fs::create_dir_all(&dir)?;
    let driver = dir.join("libsoftvk.so");
    std::fs::copy(built.with_file_name("libsoftvk.so"), &driver)?;
    let manifest = include_str!("../../../crates/softvk/softvk_icd.json.in");
    let text = manifest.replace("@PATH@", &driver.to_string_lossy());
    std::fs::write(dir.join("softvk_icd.json"), text)?;
    let program = dir.join("vav1d");
    std::fs::copy(built, &program)?;
    Ok(program)
}

fn row(client: &str, tried: &[(PathBuf, Tried)]) {
    let mut counts = BTreeMap::from([("exact", 0), ("refused", 0), ("error", 0), ("wrong", 0)]);
    for (_, tried) in tried {
        let kind = match tried.outcome {
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
        tried.len(),
        cell("exact"),
        cell("refused"),
        cell("error"),
        cell("wrong")
    ));
}

/// How many of vulkaninfo's ways succeed and know softvk.
fn info(tools: &Tools) -> Result<usize> {
    let mut passed = 0;
    for option in [&[][..], &["--summary"], &["--show-video-props"], &["--show-formats"]] {
        let output = tools.client("sid-vulkaninfo", "").args(option).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let known = text.contains("softvk");
        match output.status.success() && known {
            true => passed += 1,
            false => say(&format!("vulkaninfo {option:?}: {}", output.status)),
        }
    }
    Ok(passed)
}

/// What vav1d says of a stream.
struct About {
    /// "IVF", "Annex B OBU stream".
    container: String,
    /// Of the first sequence header: "420".
    chroma: String,
    /// Of it, too: "8".
    depth: String,
}

impl About {
    fn of(program: &Path, stream: &Path) -> Result<Self> {
        let output = Command::new(program).arg("info").arg(stream).output()?;
        Self::read(&String::from_utf8_lossy(&output.stdout))
    }

    fn read(text: &str) -> Result<Self> {
        let line = |start| text.lines().find_map(|l| l.strip_prefix(start));
        let container = line("container: ").and_then(|l| l.split(',').next());
        let sequence = line("sequence 0: ").context("no sequence header")?;
        let words: Vec<_> = sequence.split([' ', ',']).collect();
        let at = words.iter().position(|w| w.starts_with("4:")).context("no chroma format")?;
        let word = |i: usize| words.get(i).copied().unwrap_or_default();
        Ok(Self {
            container: container.context("no container")?.to_owned(),
            chroma: word(at).replace(':', ""),
            depth: word(at + 1).to_owned(),
        })
    }
}

/// ffmpeg's planar pixel format for a stream.
fn pixel_format(program: &Path, stream: &Path) -> Result<String> {
    let About { chroma, depth, .. } = About::of(program, stream)?;
    let suffix = if depth == "8" { String::new() } else { format!("{depth}le") };
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
fn ffmpeg(tools: &Tools, stream: &Path) -> Result<Tried> {
    let filter = format!("format={}", pixel_format(&tools.program, stream)?);
    let decode = |before: &[&str], after: &[&str]| {
        let mut command = tools.client("sid-ffmpeg", "");
        command.args(["-v", "debug"]).args(before).arg("-i").arg(stream).args(after);
        command.args(["-noautoscale", "-fps_mode", "passthrough", "-f", "framemd5", "-"]).output()
    };
    let wanted = hashes(&decode(&["-c:v", "libdav1d"], &[])?);
    // The native decoder has no software path: without the driver nothing comes out.
    let vulkan = ["-init_hw_device", "vulkan=v:0", "-hwaccel", "vulkan", "-c:v", "av1"];
    // Downloads are semi-planar, of more than 8 bits with the value in the high ones.
    let output = decode(&vulkan, &["-vf", filter.as_str()])?;
    let (got, said) = (hashes(&output), String::from_utf8_lossy(&output.stderr).into_owned());
    if got == wanted && !got.is_empty() {
        return Ok(Tried::new(Outcome::Exact, &said));
    }
    let reason = said.lines().find(|l| REFUSALS.iter().any(|r| l.contains(r)));
    let outcome = match (got.is_empty(), reason) {
        (true, Some(reason)) => Outcome::Refused(reason.to_owned()),
        (true, None) => {
            Outcome::Error(said.lines().last().unwrap_or("nothing was said").to_owned())
        }
        _ => {
            let first = got.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
            let (got, wanted) = (got.len(), wanted.len());
            let end = output.status;
            let fault = said.lines().find(|l| l.contains("softvk: ")).unwrap_or("no message");
            Outcome::Wrong(format!("{got} of {wanted}, the first {first} equal, {end}: {fault}"))
        }
    };
    Ok(Tried::new(outcome, &said))
}

/// mpv with hardware decoding on softvk against mpv without, or, as mpv turns R'G'B' into Y'CbCr
/// without, against vav1d.
fn mpv(tools: &Tools, stream: &Path) -> Result<Tried> {
    let filter = format!("--vf=format={}", pixel_format(&tools.program, stream)?);
    let decode = |hwdec: &str| {
        let mut command = tools.client("sid-mpv", "");
        command.args(["--no-config", "--no-audio", hwdec, &filter]);
        command.args(["--o=-", "--of=framemd5", "--ovc=rawvideo", "--msg-level=all=warn,vd=v"]);
        command.arg(stream).output()
    };
    let output = decode("--hwdec=vulkan-copy")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.contains("Using hardware decoding (vulkan-copy)") {
        // It goes on without.
        let reason = said.lines().find(|l| l.contains("ailed")).unwrap_or("nothing was said");
        return Ok(Tried::new(Outcome::Refused(reason.to_owned()), &said));
    }
    let (got, wanted) = (hashes(&output), hashes(&decode("--hwdec=no")?));
    let mut own = Command::new(&tools.program);
    own.args(["md5", "-q", "--device", "soft"]).arg(stream);
    if !got.is_empty() && (got == wanted || got == hashes(&own.output()?)) {
        return Ok(Tried::new(Outcome::Exact, &said));
    }
    let first = got.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
    let (got, wanted) = (got.len(), wanted.len());
    let text = format!("{got} of {wanted}, the first {first} equal, {}", output.status);
    Ok(Tried::new(Outcome::Wrong(text), &said))
}

/// vav1d on softvk under the validation layer, against vav1d without it.
fn validated(tools: &Tools, stream: &Path) -> Result<Tried> {
    let arguments = ["md5", "-q", "--device", "soft:stderr", "--total"];
    let plain = Command::new(&tools.program).args(arguments).arg(stream).output()?;
    let output = Command::new(tools.wrappers.join("sid-sh"))
        .args(["-c", "exec \"$@\"", "sh"])
        .arg(&tools.program)
        .args(arguments)
        .arg("--validate")
        .arg(stream)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let outcome = if output.status.code() != plain.status.code() {
        Outcome::Error(said.lines().next().unwrap_or_default().to_owned())
    } else if output.stdout == plain.stdout {
        Outcome::Exact
    } else {
        Outcome::Wrong("another MD5 under the layer".to_owned())
    };
    Ok(Tried::new(outcome, &said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_stream_its_container_and_format_are_known() {
        let text = "file: a.obu\ncontainer: Annex B OBU stream, 8 temporal units\n\
            sequence 0: Main profile, 4:2:0 10 bit, 227x131, color 2/2/2 limited range\n";
        let about = About::read(text).expect("read");
        assert_eq!(about.container, "Annex B OBU stream");
        assert_eq!((about.chroma.as_str(), about.depth.as_str()), ("420", "10"));
        assert!(About::read("container: IVF\n").is_err());
    }
}
