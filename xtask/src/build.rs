//! Runs cargo, and builds what other tasks run.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::say;

/// Builds the release program and the examples, with assembly where `nasm` is at hand. All at once:
/// examples and benches want features of their own of some crates, and a second build would make
/// softvk's shared library anew, as the next one would again.
pub(crate) fn release() -> Result<PathBuf> {
    build("release", &["--lib", "--bins", "--examples"])
}

/// Builds `targets` of the workspace with a profile, with assembly where `nasm` is at hand; where
/// the program is.
pub(crate) fn build(profile: &str, targets: &[&str]) -> Result<PathBuf> {
    let mut step = vec!["build", "--profile", profile, "--locked", "--workspace"];
    step.extend(targets);
    step.extend(assembly());
    cargo(&step, &[])?;
    Ok(target().join(profile).join("vav1d"))
}

/// Arguments for assembly, where `nasm` is at hand.
pub(crate) fn assembly() -> &'static [&'static str] {
    let nasm = Command::new("nasm").arg("-v").output().is_ok_and(|o| o.status.success());
    if nasm { &["--features", "asm"] } else { &[] }
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from)
}

/// Runs cargo and says how long it took.
pub(crate) fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let line = arguments.join(" ");
    let started = Instant::now();
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .with_context(|| format!("cargo {line}"))?;
    if !status.success() {
        bail!("cargo {line}: {status}");
    }
    say(&format!("cargo {line}: {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}
