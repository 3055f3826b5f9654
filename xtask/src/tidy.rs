//! `cargo xtask tidy`: what no compiler checks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Layers of the library, bottom first: a module names modules of its own and of lower layers.
const LAYERS: &[&[&str]] = &[
    &["bits", "pixels", "limits", "error"],
    &["container", "obu"],
    &["syntax"],
    &["color", "plan"],
    &["vk"],
    &["grain", "sink"],
    &["decode"],
    &["play"],
    &["compare"],
    &["conform"],
    &["window"],
    &["cli"],
];

/// Files, or folders, that may contain `unsafe`.
const UNSAFE: &[&str] = &[
    "src/vk/",
    "crates/drm-sim/src/hooks.rs",
    "crates/drm-sim/src/sys.rs",
    "crates/softvk/src/entry/",
    "crates/softvk/src/chain.rs",
    "crates/softvk/src/handle.rs",
    "crates/softvk/src/icd.rs",
    "crates/softvk/src/memory.rs",
    "crates/softvk/src/recon/overwrite.rs",
    "crates/softvk/src/recon/rav1d.rs",
    "crates/softvk/src/video/job.rs",
    "crates/softvk/tests/",
    "fuzz/fuzz_targets/softvk.rs",
];
/// Files of those folders that may not.
const SAFE: [&str; 4] =
    ["src/vk/slots.rs", "src/vk/barriers.rs", "src/vk/std_picture.rs", "src/vk/std_sequence.rs"];

/// Crates, and the only places that name them.
const CRATES: &[(&str, &[&str])] = &[
    ("ash", &["src/vk", "src/error.rs", "crates/softvk/", "fuzz/fuzz_targets/softvk.rs"]),
    ("clap", &["src/cli/", "src/main.rs", "xtask/"]),
    ("serde_json", &["src/cli/", "src/conform/", "tests/", "xtask/"]),
    ("av1_grain", &["src/grain/"]),
    ("png", &["src/compare/images.rs"]),
    ("flate2", &["src/container/matroska/encoding.rs"]),
    ("regex", &["src/conform/", "src/cli/verify.rs"]),
    ("quick_xml", &["src/conform/report/"]),
    ("toml", &["src/conform/suite/manifest.rs", "tests/"]),
    ("indicatif", &["src/cli/"]),
    ("winit", &["src/window/"]),
    ("noto_sans_mono_bitmap", &["src/window/bitmap.rs"]),
    ("ab_glyph", &["src/window/glyphs.rs"]),
    ("fontdb", &["src/window/glyphs.rs"]),
    ("deunicode", &["src/window/glyphs.rs"]),
    ("ash_window", &["src/vk/render/surface.rs"]),
    ("raw_window_handle", &["src/vk/render/surface.rs"]),
    ("ivf", &["src/container/"]),
    ("re_rav1d", &["crates/softvk/src/recon/"]),
    ("arrayvec", &["src/syntax/"]),
    ("wait4", &["xtask/src/bench/measure.rs", "xtask/src/mutate/", "xtask/src/soak.rs"]),
    ("allocation_counter", &["benches/", "tests/"]),
    ("libfuzzer_sys", &["fuzz/fuzz_targets/"]),
    ("md5_simd", &["src/sink/hash.rs"]),
    ("md5", &["src/sink/hash.rs", "src/cli/mod.rs"]),
    ("sha2", &["src/sink/hash.rs"]),
    ("twox_hash", &["src/sink/hash.rs"]),
    ("crc32fast", &["src/sink/hash.rs"]),
];

/// Lines that a file may have; lines that a function may have, members of literals not counted.
const FILE: usize = 500;
const FUNCTION: usize = 60;

/// Whether no word goes on at byte `at` of `code`.
fn starts_a_word(code: &str, at: usize) -> bool {
    let before = code.get(..at).and_then(|before| before.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Checks the tree at `root`, and names every line that breaks a rule.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut found = Vec::new();
    let mut files = Vec::new();
    for dir in ["src", "crates", "xtask", "tests", "examples", "benches", "fuzz"] {
        sources(&root.join(dir), &mut files)?;
    }
    for file in &files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(file)?;
        check(&name, &text, &mut found);
    }
    documents(root, &mut found)?;
    if !found.is_empty() {
        for line in &found {
            crate::say(line);
        }
        bail!("tidy: {} findings", found.len());
    }
    crate::say(&format!("tidy: {} files, nothing found", files.len()));
    Ok(())
}

/// The Rust files below `dir`.
fn sources(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    let mut entries: Vec<_> =
        std::fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() && path.file_name().is_none_or(|n| n != "target") {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn check(name: &str, text: &str, found: &mut Vec<String>) {
    let mut report = |line: usize, what: &str| found.push(format!("{name}:{line}: {what}"));
    if !text.starts_with("//! ") {
        report(1, "the first line says what the file is (`//! `)");
    }
    let table = name.contains("tables");
    if text.lines().count() > FILE && !table {
        report(FILE, "more than 500 lines");
    }
    let listed = UNSAFE.iter().any(|u| name.starts_with(u)) && !SAFE.contains(&name);
    let mut function = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        if line.ends_with(' ') {
            report(number, "a trailing blank");
        }
        if code.contains("unsafe ") && !listed && !name.starts_with("xtask/src/tidy") {
            report(number, "unsafe outside the files that tidy lists");
        }
        for (krate, places) in CRATES {
            let named =
                code.match_indices(&format!("{krate}::")).any(|(at, _)| starts_a_word(code, at));
            if named && !places.iter().any(|p| name.starts_with(p)) {
                report(number, &format!("the crate {krate} is named outside its place"));
            }
        }
        upward(name, number, code, &mut report);
        length(line, number, &mut function, &mut report);
    }
}

/// Reports a `crate::` path to a higher layer.
fn upward(name: &str, number: usize, code: &str, report: &mut impl FnMut(usize, &str)) {
    let Some(module) = name.strip_prefix("src/") else { return };
    let module = module.split(['/', '.']).next().unwrap_or_default();
    let layer = |module: &str| LAYERS.iter().position(|l| l.contains(&module));
    let Some(own) = layer(module) else { return };
    for path in code.split("crate::").skip(1) {
        let other =
            path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if layer(other).is_some_and(|other| other > own) {
            report(number, &format!("{module} names {other}, which is above it"));
        }
    }
}

/// Reports a function that is too long: from its `fn` to the brace at the same depth.
/// `function` is the open one: its depth, its first line, its lines so far.
fn length(
    line: &str,
    number: usize,
    function: &mut Option<(usize, usize, usize)>,
    report: &mut impl FnMut(usize, &str),
) {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let head = text.split('(').next().unwrap_or_default();
    let starts =
        text.starts_with(|c: char| c.is_alphabetic()) && head.split(' ').any(|w| w == "fn");
    if starts && function.is_none() {
        *function = Some((indent, number, 0));
    } else if let Some((at, first, lines)) = *function
        && indent == at
        && text.starts_with('}')
    {
        if lines > FUNCTION {
            report(first, &format!("a function of {lines} lines"));
        }
        *function = None;
    } else if let Some((at, ..)) = *function
        && indent == at
        && text.ends_with(';')
    {
        *function = None;
    }
    let member = text
        .strip_suffix(',')
        .is_some_and(|m| m.chars().all(|c| c.is_alphanumeric() || "_:. ".contains(c)));
    if let Some((_, _, lines)) = function.as_mut().filter(|_| !member) {
        *lines += 1;
    }
}

/// README names every command, option of a configuration and exit code; paths in it exist.
fn documents(root: &Path, found: &mut Vec<String>) -> Result<()> {
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    let help = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["run", "-q", "--locked", "--bin", "vav1d", "--"])
            .args(arguments)
            .output()
            .context("vav1d --help")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let text = help(&["--help"])?;
    let section = |from: &str| {
        let lines = text.lines().skip_while(|l| !l.starts_with(from)).skip(1);
        lines.take_while(|l| !l.is_empty()).map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let commands: BTreeSet<_> = section("Commands:")
        .iter()
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .filter(|c| c != "help")
        .collect();
    if commands.is_empty() {
        found.push("vav1d --help: no commands found".to_owned());
    }
    for command in &commands {
        if !readme.contains(&format!("`vav1d {command}")) {
            found.push(format!("README.md: the command {command} is missing"));
        }
    }
    let codes = section("Exit codes:");
    if codes.is_empty() {
        found.push("vav1d --help: no exit codes found".to_owned());
    }
    for line in codes {
        let Some((code, meaning)) = line.split_once(char::is_whitespace) else { continue };
        let mut row = String::new();
        write!(row, "| {code} | {} |", meaning.trim())?;
        if !readme.contains(&row) {
            found.push(format!("README.md: no row `{row}`"));
        }
    }
    let driver = std::fs::read_to_string(root.join("crates/softvk/README.md"))?;
    let config = std::fs::read_to_string(root.join("crates/softvk/src/config.rs"))?;
    for row in config.lines().filter_map(|l| l.strip_prefix("/// | `")) {
        if !driver.contains(&format!("| `{row}")) {
            found.push(format!("crates/softvk/README.md: no row `| `{row}`"));
        }
    }
    Ok(())
}
