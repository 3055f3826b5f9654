//! The three decoders that must agree: dav1d, aomdec, and vav1d on softvk.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Where they are.
pub(crate) struct Judges {
    /// `vav1d`.
    pub(crate) program: PathBuf,
    /// The folder of the wrappers that samples/peers.sh writes.
    pub(crate) tools: PathBuf,
    /// Arguments of vav1d more.
    pub(crate) extra: Vec<String>,
}

impl Judges {
    /// The MD5 of all pictures, on which the three agree: vav1d decodes `file`, the others `plain`.
    pub(crate) fn agree(&self, file: &Path, plain: &Path) -> Result<String> {
        let (dav1d, aomdec) = (self.dav1d(plain)?, self.aomdec(plain)?);
        let vav1d = self.vav1d(file, &["--total"])?;
        match dav1d == aomdec && dav1d == vav1d {
            true => Ok(dav1d),
            false => bail!("dav1d {dav1d}, aomdec {aomdec}, vav1d {vav1d}"),
        }
    }

    /// The MD5 of each picture, by vav1d.
    pub(crate) fn frames(&self, file: &Path) -> Result<Vec<String>> {
        let text = self.vav1d(file, &[])?;
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        Ok(rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect())
    }

    /// The MD5 of all pictures by dav1d.
    pub(crate) fn dav1d(&self, file: &Path) -> Result<String> {
        let mut command = Command::new(self.tools.join("sid-dav1d"));
        // With one thread it shows other layers of Annex B streams than with two.
        command.args(["-q", "--threads", "2", "--alllayers", "0", "--filmgrain", "1"]);
        if is_annexb(file) {
            command.args(["--demuxer", "annexb"]);
        }
        command.args(["--muxer", "md5", "-o", "-", "-i"]).arg(file);
        first_word(command)
    }

    /// The same by aomdec.
    pub(crate) fn aomdec(&self, file: &Path) -> Result<String> {
        let mut command = Command::new(self.tools.join("sid-aomdec"));
        command.args(["--rawvideo", "--md5", "--threads=1"]);
        if is_annexb(file) {
            command.arg("--annexb");
        }
        command.arg(file);
        first_word(command)
    }

    /// What `vav1d md5` prints.
    fn vav1d(&self, file: &Path, more: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(["md5", "-q", "--device", "soft"]).args(&self.extra).args(more);
        if is_annexb(file) {
            command.args(["--input-format", "annexb"]);
        }
        Ok(said(command.arg(file))?.trim().to_owned())
    }
}

fn is_annexb(file: &Path) -> bool {
    file.to_string_lossy().ends_with(".annexb.obu")
}

fn first_word(mut command: Command) -> Result<String> {
    let text = said(&mut command)?;
    Ok(text.split_whitespace().next().unwrap_or_default().to_owned())
}

fn said(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| name.clone())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{name}: {}: {}", output.status, text.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
