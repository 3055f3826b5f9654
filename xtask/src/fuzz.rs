//! `cargo xtask fuzz`: the targets of fuzz/ under libFuzzer, with a stable compiler.
//!
//! `cargo fuzz` asks for flags that only a nightly compiler has; coverage alone, which is what finds
//! things here (nearly all code is safe), needs none of them. AddressSanitizer does, where rustup has
//! a toolchain `nightly`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::streams::find_all;
use crate::{build, say};

/// The targets, and the longest input in bytes that each is given.
pub(crate) const TARGETS: [(&str, usize); 8] = [
    // Most of samples/containers.
    ("container", 24_576),
    ("obu", 1024),
    ("syntax", 4096),
    ("plan", 8192),
    ("rewrite", 8192),
    ("reduce", 8192),
    ("softvk", 4096),
    ("pipeline", 8192),
];

/// What `cargo fuzz` tells the compiler for coverage.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// Runs `targets`, or all, for `seconds` each, with AddressSanitizer if `address`. Inputs that are found stay in fuzz/corpus, findings
/// go to fuzz/artifacts.
pub(crate) fn run(targets: &[String], seconds: u64, address: bool) -> Result<()> {
    let folder = build(address)?;
    let unknown = |name: &&String| !TARGETS.iter().any(|(known, _)| *known == **name);
    if let Some(name) = targets.iter().find(unknown) {
        bail!("no fuzz target {name}");
    }
    let mut findings = Vec::new();
    for (name, longest) in TARGETS {
        if !targets.is_empty() && !targets.iter().any(|wanted| wanted == name) {
            continue;
        }
        if !one(&folder, name, longest, seconds)? {
            findings.push(name);
        }
    }
    if !findings.is_empty() {
        bail!("fuzz: findings in {} (see fuzz/artifacts)", findings.join(", "));
    }
    Ok(())
}

/// Builds the targets; the folder of the programs.
fn build(address: bool) -> Result<PathBuf> {
    // The target is named so that build scripts and macros are not instrumented.
    let said = Command::new("rustc").arg("-vV").output().context("rustc -vV")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("no host")?;
    let build = ["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"];
    let arguments = [&build[..], &["--target", host]].concat();
    if address {
        let target = crate::root().join("fuzz/target/address");
        let status = Command::new("rustup")
            .args(["run", "nightly", "cargo"])
            .args(&arguments)
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", format!("{FLAGS} -Zsanitizer=address"))
            .status()
            .context("rustup run nightly")?;
        if !status.success() {
            bail!("fuzz: the build with AddressSanitizer: {status}");
        }
        return Ok(target.join(host).join("release"));
    }
    build::cargo(&arguments, &[("RUSTFLAGS", FLAGS)])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| crate::root().join("fuzz/target"));
    Ok(target.join(host).join("release"))
}

/// Runs one target; whether it found nothing.
fn one(folder: &Path, name: &str, longest: usize, seconds: u64) -> Result<bool> {
    let (corpus, artifacts) = (fuzz("corpus", name)?, fuzz("artifacts", name)?);
    seed(name, &corpus, longest)?;
    let status = Command::new(folder.join(name))
        .arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=3072", "-verbosity=0", "-print_final_stats=1"])
        .env("VAV1D_LOG", "off")
        .status()
        .with_context(|| format!("fuzz target {name}"))?;
    say(&format!("fuzz {name}: {seconds} s, {status}"));
    Ok(status.success())
}

fn fuzz(kind: &str, name: &str) -> Result<PathBuf> {
    let folder = crate::root().join("fuzz").join(kind).join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Puts what the samples give for target `name` into its corpus.
fn seed(name: &str, corpus: &Path, longest: usize) -> Result<()> {
    for stream in find_all(&[crate::root().join("samples")])? {
        let bytes = std::fs::read(&stream)?;
        let Some(stem) = stream.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else {
            continue;
        };
        let ivf = bytes.starts_with(b"DKIF");
        let seed = match name {
            "obu" | "syntax" if ivf => first_unit(&bytes).unwrap_or_default().to_vec(),
            "softvk" if !ivf => continue,
            "softvk" => bytes.iter().skip(32).copied().collect(),
            _ => bytes,
        };
        let seed = match name {
            "obu" => [&[0], &*seed].concat(),
            _ => seed,
        };
        let cut = seed.len().min(longest);
        std::fs::write(corpus.join(format!("sample-{stem}")), &seed[..cut])?;
    }
    if matches!(name, "container" | "pipeline") {
        for entry in std::fs::read_dir(crate::root().join("samples/containers"))? {
            let path = entry?.path();
            let bytes = std::fs::read(&path)?;
            if let (true, Some(name)) = (bytes.len() <= longest, path.file_name()) {
                std::fs::write(corpus.join(name), bytes)?;
            }
        }
    }
    Ok(())
}

/// The first temporal unit of an IVF file.
fn first_unit(bytes: &[u8]) -> Option<&[u8]> {
    let size = bytes.get(32..36)?.try_into().ok().map(u32::from_le_bytes)?;
    bytes.get(44..)?.get(..size as usize)
}
