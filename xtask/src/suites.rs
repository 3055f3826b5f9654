//! Chroots of Debian suites, made from the archive that this machine's apt uses.
//!
//! What a chroot needs of the host is mounted in a mount namespace of each command, so nothing is
//! mounted when it ends, however it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::{build, say};

/// Where the chroots are, below the folder where cargo builds.
const FOLDER: &str = "suites";

/// A chroot.
pub(crate) struct Suite {
    name: String,
    root: PathBuf,
    /// Folders of the host that commands see at the same path.
    binds: Vec<PathBuf>,
    keep: bool,
}

impl Suite {
    /// Makes the chroot of the suite `name`, or takes the one that is there. Where not to `keep`, it
    /// is removed in the end.
    pub(crate) fn make(name: &str, binds: &[&Path], keep: bool) -> Result<Self> {
        let root = std::path::absolute(build::target().join(FOLDER).join(name))?;
        let suite = Self {
            name: name.to_owned(),
            root,
            binds: binds.iter().map(std::path::absolute).collect::<std::io::Result<_>>()?,
            keep,
        };
        if !suite.root.join("usr/bin/apt-get").exists() {
            fs::create_dir_all(&suite.root)?;
            say(&format!("{name}: debootstrap"));
            // One that is younger than this machine's debootstrap is made as the newest that it knows.
            let script = Path::new("/usr/share/debootstrap/scripts").join(name);
            let script = (!script.exists()).then(|| script.with_file_name("sid"));
            let made = Command::new("debootstrap")
                .args(["--variant=minbase", name])
                .arg(&suite.root)
                .arg(mirror()?)
                .args(script)
                .stdout(Stdio::null())
                .status()
                .context("debootstrap")?;
            if !made.success() {
                bail!("debootstrap {name}: {made}");
            }
        }
        fs::copy("/etc/resolv.conf", suite.root.join("etc/resolv.conf"))?;
        for bind in &suite.binds {
            fs::create_dir_all(suite.inside(bind))?;
        }
        Ok(suite)
    }

    /// The suite's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the chroot's `path` is on the host.
    pub(crate) fn inside(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A command that runs `script` in the chroot, with a shell's `-eu`.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut mounts = "mount -t proc proc \"$root/proc\"; mount --rbind /dev \"$root/dev\"; \
                          mount --rbind /sys \"$root/sys\"; "
            .to_owned();
        for (number, _) in self.binds.iter().enumerate() {
            let bind = format!("\"$bind{number}\"");
            mounts += &format!("mount --bind {bind} \"$root\"{bind}; ");
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--fork", "--", "sh", "-euc"]);
        command.arg(format!("{mounts} exec chroot \"$root\" sh -euc \"$script\""));
        command.env("root", &self.root).env("script", script);
        for (number, bind) in self.binds.iter().enumerate() {
            command.env(format!("bind{number}"), bind);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        command
    }

    /// Runs `script` and shows what it says.
    pub(crate) fn run(&self, script: &str) -> Result<()> {
        let status = self.command(script).status().context("unshare")?;
        if !status.success() {
            bail!("{}: `{script}`: {status}", self.name);
        }
        Ok(())
    }

    /// Runs `script` and gives what it prints.
    pub(crate) fn output(&self, script: &str) -> Result<Output> {
        self.command(script).output().context("unshare")
    }

    /// Installs Debian's packages; those of `release`, if that is named.
    pub(crate) fn install(&self, packages: &[&str], release: Option<&str>) -> Result<()> {
        let release = release.map(|release| format!("-t {release} ")).unwrap_or_default();
        let packages = packages.join(" ");
        // An archive may be a copy of some weeks ago.
        let output = self.output(&format!(
            "apt-get -qq -o Acquire::Check-Valid-Until=false update && \
             apt-get -qq install -y --no-install-recommends {release}{packages}"
        ))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{}: apt-get install {packages}: {}", self.name, said.trim());
        }
        Ok(())
    }

    /// Adds the suite's backports to what apt reads.
    pub(crate) fn add_backports(&self) -> Result<String> {
        let release = format!("{}-backports", self.name);
        let line = format!("deb {} {release} main\n", mirror()?);
        fs::write(self.root.join("etc/apt/sources.list.d/backports.list"), line)?;
        Ok(release)
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let mounted = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below = format!(" {}/", self.root.display());
        if self.keep || mounted.lines().any(|line| line.contains(&below)) {
            say(&format!("{}: {} stays", self.name, self.root.display()));
        } else if let Err(error) = fs::remove_dir_all(&self.root) {
            say(&format!("{}: {}: {error}", self.name, self.root.display()));
        }
    }
}

/// The archive of this machine's apt.
fn mirror() -> Result<String> {
    if let Some(mirror) = std::env::var_os("MIRROR") {
        return Ok(mirror.to_string_lossy().into_owned());
    }
    let output = Command::new(crate::root().join("samples/mirror.sh")).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
