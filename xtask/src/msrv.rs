//! `cargo xtask msrv`: the workspace's `rust-version` against a compiler that is as old.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::suites::Suite;
use crate::{build, metadata, say};

/// What is installed in the chroot to build with.
const PACKAGES: [&str; 4] = ["rustc", "cargo", "gcc", "libc6-dev"];

/// A dependency that does not say how new a compiler it needs.
const SILENT: &str = "md5-simd";
/// What the code uses that older compilers know as features, and since when it needs none.
const FEATURES: [(&str, &str); 9] = [
    ("stdarch_x86_avx512", "1.89"),
    ("avx512_target_feature", "1.89"),
    ("let_chains", "1.88"),
    ("slice_as_chunks", "1.88"),
    ("anonymous_pipe", "1.87"),
    ("integer_sign_cast", "1.87"),
    ("unsigned_is_multiple_of", "1.87"),
    ("vec_pop_if", "1.86"),
    ("once_wait", "1.86"),
];

/// Packages that use what older compilers have under another name, or not at all (pipes, locks of
/// files), and those that need them.
const NEWER: [&str; 3] = ["vav1d-lab", "vav1d-cli", "xtask"];

/// Checks the workspace with the compiler of the Debian suite `suite`, and with `tests` runs those
/// that need no other program; the compiler must be no newer than `rust-version` says.
pub(crate) fn run(suite: &str, tests: bool, keep: bool) -> Result<()> {
    let all = metadata::all()?;
    let claimed = metadata::text(&metadata::program(&all)?["rust_version"]).to_owned();
    demands(&all, &claimed)?;
    let root = crate::root();
    let target = std::path::absolute(build::target().join("msrv"))?;
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
    let features = features(version, &claimed);
    let wrapper = target.join("wrapper");
    let mut names: Vec<_> =
        metadata::own(&all).iter().map(|p| metadata::text(&p["name"])).collect();
    names.push(SILENT);
    std::fs::write(&wrapper, wrap(&names, &features))?;
    std::fs::set_permissions(&wrapper, Permissions::from_mode(0o755))?;
    // That the features are enough is what is asked; clippy knows of the rest what is too new.
    let older = match features.is_empty() {
        true => String::new(),
        false => format!(" --ignore-rust-version --exclude {}", NEWER.join(" --exclude ")),
    };
    let (root, target) = (root.display(), target.display());
    let mut script = format!(
        "cd '{root}'; export CARGO_HOME='{target}/home' CARGO_TARGET_DIR='{target}'; \
         export RUSTC_WRAPPER='{target}/wrapper'; \
         cargo check --workspace --all-targets --locked --offline{older}"
    );
    if tests {
        script += &format!("; cargo test --workspace --lib --bins --locked --offline{older}");
    }
    suite.run(&script)?;
    say(&format!("msrv: {compiler} takes what asks for {claimed}"));
    if !features.is_empty() {
        say(&format!("msrv: with its features {}, stable in {claimed}", features.join(", ")));
        say(&format!("msrv: without {}, of which clippy has to tell", NEWER.join(", ")));
    }
    Ok(())
}

/// Those features that the compiler `version` lacks and `claimed` has.
fn features(version: &str, claimed: &str) -> Vec<&'static str> {
    let wanted = FEATURES.iter().filter(|(_, since)| {
        numbers(version) < numbers(since) && numbers(since) <= numbers(claimed)
    });
    wanted.map(|(feature, _)| *feature).collect()
}

/// A script in the place of rustc, with features switched on for some packages.
fn wrap(packages: &[&str], features: &[&str]) -> String {
    let (packages, features) = (packages.join("|"), features.join(","));
    match features.is_empty() {
        true => "#!/bin/sh\nexec \"$@\"\n".to_owned(),
        false => format!(
            "#!/bin/sh\ncase ${{CARGO_PKG_NAME-}} in\n{packages})\n    RUSTC_BOOTSTRAP=1 exec \"$@\" \
             '-Zcrate-attr=feature({features})' ;;\nesac\nexec \"$@\"\n"
        ),
    }
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
    fn features_are_those_between_the_two_compilers() {
        assert_eq!(features("1.85.1", "1.86"), ["vec_pop_if", "once_wait"]);
        assert_eq!(features("1.85.1", "1.89").len(), FEATURES.len());
        assert!(features("1.88.0", "1.88").is_empty() && features("1.85.1", "1.85.1").is_empty());
        let script = wrap(&["x", "y"], &["a", "b"]);
        assert!(script.contains("\nx|y)\n") && script.contains("'-Zcrate-attr=feature(a,b)'"));
        assert!(!wrap(&["x"], &[]).contains("RUSTC_BOOTSTRAP"));
    }

    #[test]
    fn a_dependency_that_asks_for_more_is_named() {
        let package = |version: &str| serde_json::json!({"packages": [{"name": "a", "version": "1.0.0", "rust_version": version}]});
        assert!(demands(&package("1.85"), "1.85.1").is_ok());
        let error = demands(&package("1.88"), "1.85.1").expect_err("newer").to_string();
        assert!(error.contains("\"a\""), "{error}");
    }
}
