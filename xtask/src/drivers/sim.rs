//! `vav1d sim`, here or in a chroot, with the manifest of a chip's driver.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result};

use super::Bench;

impl Bench {
    /// A program over the chip's driver, with its recording and its log.
    pub(super) fn sim(
        &self,
        program: &str,
        arguments: &[&str],
        record: &Path,
    ) -> Result<(Output, String)> {
        let log = record.with_extension("log");
        for file in [record, &log] {
            match std::fs::remove_file(file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
        }
        let mut command = self.command();
        // What is compared here is what a driver is given: nothing needs to be decoded.
        command.args(["sim", &self.chip, "--engine=off", "--record"]).arg(record);
        command.arg("--log").arg(&log).arg("--").arg(program).args(arguments);
        let output = command.output().with_context(|| format!("{command:?}"))?;
        Ok((output, std::fs::read_to_string(&log).unwrap_or_default()))
    }

    /// `vav1d` where the tools are, with the chip's driver.
    pub(super) fn command(&self) -> Command {
        let mut command = match &self.with.tools {
            Some(tools) => {
                let mut command = Command::new(tools.join("sid-sh"));
                command.args(["-c", "exec \"$@\"", "sh"]).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        let manifest = if self.is_amd() { "radeon_icd" } else { "intel_icd" };
        let manifest = match &self.with.manifest {
            Some(own) => own.clone(),
            None => manifest_of(manifest, self.with.tools.is_some()),
        };
        command.env("VK_DRIVER_FILES", &manifest).env("VK_ICD_FILENAMES", &manifest);
        command
    }

    pub(super) fn vav1d(&self, arguments: &[&str], record: &Path) -> Result<(Output, String)> {
        self.sim(&self.program.to_string_lossy(), arguments, record)
    }
}

/// A driver's manifest: Debian's name for it, or what this machine calls it.
fn manifest_of(name: &str, chroot: bool) -> PathBuf {
    let folder = Path::new("/usr/share/vulkan/icd.d");
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = listed
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|file| !chroot && file.starts_with(name) && !file.contains("i686"))
        .collect();
    found.sort();
    folder.join(found.into_iter().next().unwrap_or_else(|| format!("{name}.json")))
}

/// Whether this machine has Mesa's drivers of both kinds.
pub(crate) fn at_hand() -> bool {
    ["radeon_icd", "intel_icd"].into_iter().all(|name| manifest_of(name, false).is_file())
}
