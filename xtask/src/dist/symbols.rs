//! Symbols apart: what a debugger needs goes into a file of its own, which the program names.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Writes `from` without symbols to `to`, and its symbols to the file `debug`, whose name and
/// checksum `to` has. Debuggers and Rust's backtraces look for it beside the program, and below
/// /usr/lib/debug at the program's path.
pub(super) fn split(from: &Path, to: &Path, debug: &Path) -> Result<()> {
    super::parent(debug)?;
    super::parent(to)?;
    let mut kept = Command::new("objcopy");
    kept.args(["--only-keep-debug", "--compress-debug-sections"]).arg(from).arg(debug);
    run(kept)?;
    let mut link = std::ffi::OsString::from("--add-gnu-debuglink=");
    link.push(debug);
    let mut stripped = Command::new("objcopy");
    stripped.arg("--strip-all").arg(link).arg(from).arg(to);
    run(stripped)
}

/// What the ELF files need of the system: libraries, and the newest version of glibc's symbols.
pub(super) fn needs(files: &[PathBuf]) -> Result<(Vec<String>, [u32; 2])> {
    let mut libraries = Vec::new();
    let mut glibc = [0; 2];
    for file in files {
        let (of_file, version) = (needed(&readelf("-d", file)?), glibc_of(&readelf("-V", file)?));
        libraries.extend(of_file);
        glibc = glibc.max(version);
    }
    libraries.sort();
    libraries.dedup();
    Ok((libraries, glibc))
}

/// The libraries that `readelf -d` names.
fn needed(text: &str) -> Vec<String> {
    let names = text.lines().filter(|line| line.contains("(NEEDED)"));
    names.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

/// The newest `GLIBC_2.x` that `readelf -V` names.
fn glibc_of(text: &str) -> [u32; 2] {
    let versions = text.split("GLIBC_").skip(1).map(|rest| {
        let mut numbers = [0; 2];
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        for (number, text) in numbers.iter_mut().zip(text.split('.')) {
            *number = text.parse().unwrap_or(0);
        }
        numbers
    });
    versions.max().unwrap_or_default()
}

fn readelf(option: &str, path: &Path) -> Result<String> {
    let output = Command::new("readelf").args([option, "--wide"]).arg(path).output();
    let output = output.context("readelf (binutils)")?;
    if !output.status.success() {
        bail!("readelf {option} {}: {}", path.display(), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn run(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    match status.success() {
        true => Ok(()),
        false => bail!("{command:?}: {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_by_number_and_not_by_letter() {
        let text = "Name: GLIBC_2.9  Flags: none\n Name: GLIBC_2.34 Flags\n Name: GLIBC_2.4 x";
        assert_eq!(glibc_of(text), [2, 34]);
        assert_eq!(glibc_of("nothing"), [0, 0]);
    }

    #[test]
    fn libraries_stand_between_brackets() {
        let text = " 0x1 (NEEDED)  Shared library: [libc.so.6]\n 0x2 (SONAME) [x]\n";
        assert_eq!(needed(text), ["libc.so.6"]);
    }
}
