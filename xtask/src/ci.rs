//! `cargo xtask ci`: what CI runs.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::build::{cargo, release};
use crate::{conformance, deny, drivers, fuzz, mutate, powerset, publish, say, tidy};

/// Where the conformance vectors are, if they are at hand.
const VECTORS: &str = "../shared/conformance";

/// Chips that the stock drivers run on: one of each kernel driver and generation of the engine, and
/// one of each layout of memory.
const CHIPS: [&str; 6] = ["navi21", "navi33", "gfx1201", "adl", "mtl", "lnl"];

/// Damaged streams that are decoded.
const MUTATED: usize = 100;
/// Seconds for each fuzz target.
const FUZZED: u64 = 5;

/// Configurations of softvk that all vectors run with. Of two cores the command that is run takes one:
/// without a word of threads, frames are not begun beside others there.
const CONFIGS: [&str; 12] = [
    "",
    "threads=2",
    "threads=2,clobber-headers",
    "threads=4,coincide",
    "threads=2,distinct",
    "threads=2,distinct,array",
    "coincide,array",
    "threads=2,two-plane",
    "threads=2,no-grain",
    "threads=2,slots=8",
    "threads=4,pure-decode-family,no-status,align=256/128,granularity=64x64",
    "nv-560,threads=2",
];

pub(crate) fn run() -> Result<()> {
    // With a loader the tests of the watch layer have all that they need, and must not pass without.
    let layer = if drivers::at_hand() { "needed" } else { "" };
    let deny = [("RUSTDOCFLAGS", "-D warnings"), ("VAV1D_LAYER_TESTS", layer)];
    // All at once: each choice of targets has features of its own of some crates, which would all be
    // made again. Tests look for the shared libraries, which `test` alone does not put in their place.
    let targets = ["--lib", "--bins", "--examples", "--tests"];
    let build = [&["build", "--workspace", "--locked"][..], &targets].concat();
    let steps: [&[&str]; 5] = [
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        &build,
        &["test", "--workspace", "--locked"],
        &["doc", "--workspace", "--no-deps", "--locked"],
    ];
    for step in steps {
        cargo(step, &deny)?;
    }
    tidy::run(&crate::root())?;
    powerset::run(false)?;
    deny::run(&crate::root())?;
    publish::run(false)?;
    book()?;
    let program = release()?;
    match drivers::at_hand() {
        true => {
            let samples = [crate::root().join("samples")];
            let with = drivers::With::default();
            drivers::run(&program, &CHIPS.map(str::to_owned), &with, &samples)?;
        }
        false => say("Mesa's RADV and ANV are not here: no real driver is run"),
    }
    mutate::run(MUTATED, 1)?;
    match Command::new("c++").arg("--version").output().is_ok_and(|o| o.status.success()) {
        true => fuzz::run(&[], FUZZED, false)?,
        false => say("no C++ compiler: libFuzzer cannot be built, nothing is fuzzed"),
    }
    let dir = Path::new(VECTORS);
    if !dir.is_dir() {
        say(&format!("{VECTORS} is not here: no conformance vectors are run"));
        return Ok(());
    }
    for config in CONFIGS {
        conformance::run(&program, dir, 2, config, &[])?;
    }
    conformance::hostile(&program, &dir.join("hostile"), &[])
}

/// Builds the book of docs/, where mdbook is at hand; `tidy` has looked at its links.
fn book() -> Result<()> {
    let mdbook =
        |argument: &str| Command::new("mdbook").arg(argument).current_dir(crate::root()).output();
    if !mdbook("--version").is_ok_and(|output| output.status.success()) {
        say("mdbook is not here: the book is not built");
        return Ok(());
    }
    let output = mdbook("build")?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() && !said.contains("WARN") {
        true => Ok(()),
        false => bail!("mdbook build: {said}"),
    }
}
