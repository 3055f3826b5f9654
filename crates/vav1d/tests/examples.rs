//! The examples that the README names give what the samples' makers said. On the built-in driver: a
//! loader would put a card in its place.
#![cfg(feature = "soft")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// What the example `name` prints about the sample `sample`.
fn printed(name: &str, sample: &str) -> String {
    // cargo builds the examples with the tests of a package, in a folder beside theirs.
    let test = std::env::current_exe().expect("a path");
    let target = test.parent().and_then(Path::parent).expect("a folder");
    let mut command = Command::new(target.join("examples").join(name));
    command.arg(samples().join(sample));
    // No driver for the loader to find.
    command.env("VK_DRIVER_FILES", "/dev/null").env("VK_ICD_FILENAMES", "/dev/null");
    let output = command.output().expect("cargo build --examples comes first");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_file_is_decoded_in_25_lines() {
    let manifest = std::fs::read_to_string(samples().join("manifest.toml")).expect("a manifest");
    let stream = manifest.split("file = \"main-420-8.ivf\"").nth(1).expect("the sample");
    let frames = stream.split("frames = [").nth(1).and_then(|rest| rest.split(']').next());
    let expected: Vec<&str> = frames.expect("MD5s").split('"').skip(1).step_by(2).collect();
    let text = printed("frames", "main-420-8.ivf");
    let md5s: Vec<&str> = text.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    assert!(md5s.len() == 12 && md5s == expected, "{text}");
    assert!(include_str!("../examples/frames.rs").lines().count() <= 25);
}

#[test]
fn packets_are_decoded_and_a_lost_one_costs_what_refers_to_it() {
    let text = printed("packets", "key-frames.ivf");
    let frames = text.lines().filter(|line| line.contains(": (")).count();
    assert!(frames >= 9 && text.starts_with("0ns: ("), "{text}");
}
