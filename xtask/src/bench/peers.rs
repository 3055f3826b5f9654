//! The programs that are measured, and how they are called. Programs of the chroot are run by
//! `chroot` itself, which becomes them: what is measured is their process alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

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

    /// `vav1d md5` on softvk.
    pub(super) fn vav1d(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["md5", "-q", "--device", "soft"]).arg(file);
        command
    }

    /// `dav1d --muxer md5`.
    pub(super) fn dav1d(&self, file: &Path) -> Command {
        let mut command = self.peer("dav1d");
        command.args(["-q", "--threads", &self.threads.to_string()]);
        command.args(["--muxer", "md5", "-o", "/dev/null", "-i"]).arg(file);
        command
    }

    fn ffmpeg(&self, config: &str) -> Command {
        let mut command = self.peer("ffmpeg");
        command.args(["-nostdin", "-v", "error"]).env("SOFTVK_CONFIG", config);
        command
    }

    /// ffmpeg with libdav1d.
    pub(super) fn libdav1d(&self, file: &Path) -> Command {
        let mut command = self.ffmpeg("");
        command.args(["-threads", &self.threads.to_string(), "-c:v", "libdav1d", "-i"]).arg(file);
        command.args(["-fps_mode", "passthrough", "-f", "framemd5", "-y", "/dev/null"]);
        command
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

    /// vav1d on a driver that decodes nothing; pictures are read back and not hashed.
    pub(super) fn vav1d_null(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["decode", "-q", "--device", "soft:null"]).arg(file);
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

    /// First line of what a peer says of its version.
    pub(super) fn version(&self, name: &str, option: &str) -> Result<String> {
        let output = self.peer(name).arg(option).output()?;
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said).into_owned();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}
