//! `cargo xtask dist`: what a package of vav1d contains.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::ci;

const SHELLS: [(&str, &str); 4] = [
    ("bash", "share/bash-completion/completions/vav1d"),
    ("zsh", "share/zsh/site-functions/_vav1d"),
    ("fish", "share/fish/vendor_completions.d/vav1d.fish"),
    ("powershell", "share/powershell/vav1d.ps1"),
];

/// Builds and lays out everything below `dir`, as below a prefix like /usr.
pub(crate) fn run(dir: &Path) -> Result<()> {
    let program = ci::release()?;
    copy(&program, &dir.join("bin/vav1d"))?;
    link("vav1d", &dir.join("bin/vk-video-dec-test"))?;
    let driver = program.with_file_name("libsoftvk.so");
    copy(&driver, &dir.join("lib/libsoftvk.so"))?;
    let manifest = include_str!("../../crates/softvk/softvk_icd.json.in");
    let path = "../../../lib/libsoftvk.so";
    write(
        &dir.join("share/vulkan/icd.d/softvk_icd.json"),
        manifest.replace("@PATH@", path).as_bytes(),
    )?;
    generate(&program, &["man"], &dir.join("share/man/man1/vav1d.1"))?;
    for (shell, file) in SHELLS {
        generate(&program, &[shell], &dir.join(file))?;
    }
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
        copy(&crate::root().join(file), &dir.join("share/doc/vav1d").join(file))?;
    }
    crate::say(&format!("dist: {}", dir.display()));
    Ok(())
}

fn generate(program: &Path, what: &[&str], to: &Path) -> Result<()> {
    let output = Command::new(program).arg("generate").args(what).output()?;
    if !output.status.success() {
        bail!("vav1d generate {}: {}", what.join(" "), output.status);
    }
    write(to, &output.stdout)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    parent(to)?;
    std::fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    Ok(())
}

/// A symbolic link to `name` in the same folder.
fn link(name: &str, at: &Path) -> Result<()> {
    parent(at)?;
    let _ = std::fs::remove_file(at);
    std::os::unix::fs::symlink(name, at).with_context(|| at.display().to_string())
}

fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    parent(to)?;
    std::fs::write(to, bytes).with_context(|| to.display().to_string())
}

fn parent(of: &Path) -> Result<()> {
    let parent = of.parent().context("a path without a folder")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())
}
