//! `cargo xtask msrv`: the workspace's `rust-version` against a compiler that is as old.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::suites::Suite;
use crate::{ci, metadata, say};

/// What is installed in the chroot to build with.
const PACKAGES: [&str; 4] = ["rustc", "cargo", "gcc", "libc6-dev"];

/// Checks the workspace with the compiler of the Debian suite `suite`, and with `tests` runs those
/// that need no other program; the compiler must be no newer than `rust-version` says.
pub(crate) fn run(suite: &str, tests: bool, keep: bool) -> Result<()> {
    let all = metadata::all()?;
    let claimed = metadata::text(&metadata::program(&all)?["rust_version"]).to_owned();
    demands(&all, &claimed)?;
    let root = crate::root();
    let target = std::path::absolute(ci::target().join("msrv"))?;
    std::fs::create_dir_all(&target)?;
    let config = vendor(&target)?;
    let suite = Suite::make(suite, &[&root, &target], keep)?;
    suite.install(&PACKAGES, None)?;
    let compiler = suite.output("rustc --version")?.stdout;
    let compiler = String::from_utf8_lossy(&compiler).trim().to_owned();
    let version = compiler.split_whitespace().nth(1).context("rustc says no version")?;
    if numbers(version) > numbers(&claimed) {
        bail!("{}: {compiler} is newer than rust-version, {claimed}", suite.name());
    }
    std::fs::create_dir_all(target.join("home"))?;
    std::fs::write(target.join("home/config.toml"), config)?;
    let (root, target) = (root.display(), target.display());
    let mut script = format!(
        "cd '{root}'; export CARGO_HOME='{target}/home' CARGO_TARGET_DIR='{target}'; \
         cargo check --workspace --all-targets --locked --offline"
    );
    if tests {
        script += "; cargo test --workspace --lib --bins --locked --offline";
    }
    suite.run(&script)?;
    say(&format!("msrv: {compiler} takes what asks for {claimed}"));
    Ok(())
}

/// Packages that ask for a newer compiler than the workspace does.
fn demands(all: &serde_json::Value, claimed: &str) -> Result<()> {
    let newer: Vec<_> = metadata::packages(all)
        .into_iter()
        .filter(|p| numbers(metadata::text(&p["rust_version"])) > numbers(claimed))
        .map(|p| format!("{} {} asks for {}", p["name"], p["version"], p["rust_version"]))
        .collect();
    match newer.is_empty() {
        true => Ok(()),
        false => bail!("rust-version is {claimed}, but {}", newer.join(", ")),
    }
}

/// All dependencies as folders below `target`, so that a chroot needs no network and no index of
/// another cargo; what tells cargo so.
fn vendor(target: &Path) -> Result<String> {
    let output = Command::new(metadata::cargo())
        .args(["vendor", "--locked", "--versioned-dirs", "--quiet"])
        .arg(target.join("vendor"))
        .output()
        .context("cargo vendor")?;
    if !output.status.success() {
        bail!("cargo vendor: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = '{}'\n",
        target.join("vendor").display()
    ))
}

/// `1.85.1` as numbers; what is missing is 0.
fn numbers(version: &str) -> [u32; 3] {
    let mut numbers = [0; 3];
    for (number, text) in numbers.iter_mut().zip(version.split(['.', '-', '+'])) {
        *number = text.parse().unwrap_or(0);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(numbers("1.100") > numbers("1.85.1"));
        assert!(numbers("1.85.1") > numbers("1.85"));
        assert_eq!(numbers("1.85.1+dfsg1"), [1, 85, 1]);
    }

    #[test]
    fn a_dependency_that_asks_for_more_is_named() {
        let package = |version: &str| serde_json::json!({"packages": [{"name": "a", "version": "1.0.0", "rust_version": version}]});
        assert!(demands(&package("1.85"), "1.85.1").is_ok());
        let error = demands(&package("1.88"), "1.85.1").expect_err("newer").to_string();
        assert!(error.contains("\"a\""), "{error}");
    }
}
