//! The programs that are measured, and how they are called. Programs of the chroot are run by
//! `chroot` itself, which becomes them: what is measured is their process alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::measure::Run;

/// The programs.
pub(super) struct Peers {
    root: PathBuf,
    program: PathBuf,
    manifest: PathBuf,
    /// Cores, and threads that dav1d and libdav1d get.
    pub(super) threads: usize,
}

impl Peers {
    /// `program`, and the peers of the chroot whose wrappers are in `tools`.
    pub(super) fn new(tools: &Path, program: &Path) -> Result<Self> {
        let wrapper = tools.join("sid-dav1d");
        let text = std::fs::read_to_string(&wrapper).with_context(|| {
            format!("{}: no peers (samples/peers.sh makes them)", wrapper.display())
        })?;
        let root = text.split("chroot \"").nth(1).and_then(|rest| rest.split('"').next());
        let root = PathBuf::from(root.context("a wrapper without a chroot")?);
        let program = std::path::absolute(program)?;
        // The chroot sees the checkout at the same path.
        let driver = program.with_file_name("libsoftvk.so");
        let manifest = driver.with_file_name("softvk_icd.json");
        let text = include_str!("../../../crates/softvk/softvk_icd.json.in");
        std::fs::write(&manifest, text.replace("@PATH@", &driver.to_string_lossy()))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { root, program, manifest, threads })
    }

    /// A program of the chroot.
    fn peer(&self, name: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).arg(name).env("VK_DRIVER_FILES", &self.manifest);
        command
    }

    /// vav1d with `arguments`, on `device`.
    pub(super) fn told(&self, device: &str, arguments: &[&str], file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--device", device]).arg(file);
        command
    }

    /// The same, quiet.
    pub(super) fn ours(&self, device: &str, arguments: &[&str], file: &Path) -> Run {
        let mut command = self.told(device, arguments, file);
        command.arg("-q");
        Run::of(command)
    }

    /// `vav1d md5` on softvk.
    pub(super) fn vav1d(&self, file: &Path) -> Run {
        self.ours("soft", &["md5"], file)
    }

    /// dav1d's output in the form `muxer` to `to`, with so many threads.
    pub(super) fn muxed_with(&self, threads: usize, muxer: &str, to: &str, file: &Path) -> Run {
        let mut command = self.peer("dav1d");
        // Left to itself it makes no film grain where it writes MD5s.
        command.args(["-q", "--filmgrain", "1", "--threads", &threads.to_string()]);
        command.args(["--muxer", muxer, "-o", to, "-i"]).arg(file);
        Run::of(command)
    }

    /// The same with a thread for each core.
    pub(super) fn muxed(&self, muxer: &str, to: &str, file: &Path) -> Run {
        self.muxed_with(self.threads, muxer, to, file)
    }

    /// A file for output that nobody looks at.
    pub(super) fn scratch(&self, name: &str) -> String {
        let folder = self.program.with_file_name("bench-scratch");
        if let Err(error) = std::fs::create_dir_all(&folder) {
            crate::say(&format!("{}: {error}", folder.display()));
        }
        folder.join(name).to_string_lossy().into_owned()
    }

    fn ffmpeg(&self, config: &str) -> Command {
        let mut command = self.peer("ffmpeg");
        command.args(["-nostdin", "-v", "error"]).env("SOFTVK_CONFIG", config);
        command
    }

    /// ffmpeg with libdav1d, and what it is to make of it.
    pub(super) fn libdav1d_to(&self, file: &Path, output: &[&str]) -> Run {
        let mut command = self.ffmpeg("");
        command.args(["-threads", &self.threads.to_string(), "-c:v", "libdav1d", "-i"]).arg(file);
        command.args(["-fps_mode", "passthrough"]).args(output);
        Run::of(command)
    }

    fn hwaccel(&self, config: &str, file: &Path) -> Command {
        let mut command = self.ffmpeg(config);
        command.args(["-init_hw_device", "vulkan=v:0", "-hwaccel", "vulkan", "-c:v", "av1", "-i"]);
        command.arg(file).args(["-fps_mode", "passthrough"]);
        command
    }

    /// ffmpeg with its own Vulkan decoder on softvk, for the stream called `name`.
    pub(super) fn vulkan(&self, file: &Path, name: &str) -> Command {
        let mut command = self.hwaccel("", file);
        if name.contains("10bit") {
            // Downloads are semi-planar, with the value in the high bits.
            command.args(["-vf", "format=yuv420p10le"]);
        }
        command.args(["-f", "framemd5", "-y", "/dev/null"]);
        command
    }

    /// vav1d on a driver that decodes nothing; pictures are read back by copies and not hashed.
    pub(super) fn vav1d_null(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["decode", "-q", "--readback", "copy", "--device", "soft:null"]).arg(file);
        command.args(["--output-format", "null", "-o", "/dev/null"]);
        command
    }

    /// ffmpeg on a driver that decodes nothing; pictures are downloaded and not hashed.
    pub(super) fn vulkan_null(&self, file: &Path) -> Command {
        let mut command = self.hwaccel("null", file);
        command.args(["-f", "null", "-"]);
        command
    }

    /// This machine's md5sum.
    pub(super) fn md5sum(&self, file: &Path) -> Command {
        let mut command = Command::new("md5sum");
        command.arg(file);
        command
    }

    /// `vav1d verify` on softvk.
    pub(super) fn verify(&self, suite: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["verify", "-q", "--device", "soft"]).arg(suite);
        command
    }

    /// dav1d over the streams of a suite, one after the other, all of which have the MD5 `total`.
    pub(super) fn verify_loop(&self, suite: &Path, total: &str) -> Command {
        let mut command = self.peer("sh");
        let each = "for f in \"$1\"/*.ivf; do \
                    dav1d -q --threads \"$3\" --verify \"$2\" -i \"$f\" || exit 1; done";
        command.args(["-c", each, "sh"]).arg(suite).arg(total).arg(self.threads.to_string());
        command
    }

    /// First line of what a peer says of its version.
    pub(super) fn version(&self, name: &str, option: &str) -> Result<String> {
        let output = self.peer(name).arg(option).output()?;
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said).into_owned();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}
