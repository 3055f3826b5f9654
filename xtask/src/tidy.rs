//! `cargo xtask tidy`: what no compiler checks.

mod book;
mod chains;
mod circles;
mod hosts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Layers inside of crates, bottom first: a module names modules of its own and of lower layers.
/// Which crate names which is Cargo's to hold.
const LAYERS: &[(&str, &[&[&str]])] = &[
    (
        "crates/av1-syntax/src/",
        &[&["error", "format", "limits"], &["bits"], &["obu", "unit"], &["syntax"], &["plan"]],
    ),
    ("crates/av1-picture/src/", &[&["pixels"], &["color", "grain"]]),
    (
        "crates/vav1d/src/",
        &[
            &["error"],
            &["vk", "sink", "grid", "units"],
            &["film_grain"],
            &["decoding"],
            &["decode", "decoder"],
        ],
    ),
    (
        "crates/vav1d-play/src/",
        &[
            &["head", "image", "index", "kept", "options", "pacer", "scan", "shared", "stream"],
            &["worker"],
            &["player"],
            &["window"],
        ],
    ),
    (
        "crates/vav1d-lab/src/",
        &[&["compare", "recording", "watch"], &["conform", "explain"], &["reduce"], &["stress"]],
    ),
];

/// Files, or folders, that may contain `unsafe`.
const UNSAFE: &[&str] = &[
    "crates/vav1d/src/vk/",
    "crates/av1-engine/src/job.rs",
    "crates/av1-engine/src/overwrite.rs",
    "crates/av1-engine/src/plain.rs",
    "crates/av1-engine/src/rav1d.rs",
    "crates/drm-sim/examples/places/vulkan.rs",
    "crates/drm-sim/src/hooks.rs",
    "crates/drm-sim/src/sys.rs",
    "crates/softvk/src/entry/",
    "crates/softvk/src/chain.rs",
    "crates/softvk/src/handle.rs",
    "crates/softvk/src/icd.rs",
    "crates/softvk/src/memory.rs",
    "crates/softvk/tests/",
    "crates/vav1d-cli/tests/suite/device_client.rs",
    "crates/watch-layer/src/entry/",
    "crates/watch-layer/src/shared.rs",
    "fuzz/fuzz_targets/softvk.rs",
];
/// Files of those folders that may not.
const SAFE: [&str; 2] = ["crates/vav1d/src/vk/slots.rs", "crates/vav1d/src/vk/barriers.rs"];

/// Crates that several files of a crate could name, and the only places that do.
const CRATES: &[(&str, &[&str])] = &[
    (
        "ash",
        &[
            "crates/av1-engine/",
            "crates/av1-std/",
            "crates/drm-sim/examples/places/",
            "crates/softvk/",
            "crates/vav1d/src/error.rs",
            "crates/vav1d/src/vk",
            "crates/vav1d-cli/tests/suite/device_client.rs",
            "crates/watch-layer/src/",
            "fuzz/fuzz_targets/softvk.rs",
        ],
    ),
    ("av1_grain", &["crates/av1-picture/src/grain/"]),
    ("png", &["crates/vav1d-lab/src/compare/images.rs", "crates/vav1d-play/src/image.rs"]),
    (
        "flate2",
        &["crates/av1-demux/src/matroska/encoding.rs", "crates/av1-demux/src/mp4/bodies.rs"],
    ),
    ("regex", &["crates/vav1d-lab/src/conform/", "crates/vav1d-cli/src/verify_select.rs"]),
    ("quick_xml", &["crates/vav1d-lab/src/conform/report/"]),
    ("toml", &["crates/vav1d-lab/src/conform/suite/manifest.rs", "crates/vav1d-cli/tests/"]),
    ("winit", &["crates/vav1d-play/src/window/"]),
    ("ab_glyph", &["crates/vav1d-play/src/window/glyphs.rs"]),
    ("fontdb", &["crates/vav1d-play/src/window/glyphs.rs"]),
    ("deunicode", &["crates/vav1d-play/src/window/glyphs.rs"]),
    ("noto_sans_mono_bitmap", &["crates/vav1d-play/src/window/bitmap.rs"]),
    ("ash_window", &["crates/vav1d/src/vk/render/surface.rs"]),
    ("raw_window_handle", &["crates/vav1d/src/vk/render/surface.rs"]),
    ("re_rav1d", &["crates/av1-engine/src/"]),
    ("wait4", &["xtask/src/bench/measure.rs", "xtask/src/mutate/", "xtask/src/soak.rs"]),
    ("md5_simd", &["crates/vav1d/src/sink/hash.rs"]),
    (
        "md5",
        &[
            "crates/vav1d/src/sink/hash.rs",
            "crates/vav1d-cli/src/lib.rs",
            "crates/drm-sim/src/pictures.rs",
            "crates/watch-layer/src/entry/shape.rs",
        ],
    ),
    ("sha2", &["crates/vav1d/src/sink/hash.rs"]),
    ("twox_hash", &["crates/vav1d/src/sink/hash.rs"]),
    ("crc32fast", &["crates/vav1d/src/sink/hash.rs"]),
];

/// Lines that a file may have; lines that a function may have, members of literals not counted.
const FILE: usize = 500;
const FUNCTION: usize = 60;

/// Words that mean one thing in a crate: it has one public type of that name at most.
const WORDS: [&str; 9] =
    ["Frame", "Options", "Picture", "Place", "Sample", "State", "Step", "Surface", "Target"];

/// Folders of sources.
const FOLDERS: [&str; 3] = ["crates", "xtask", "fuzz"];

/// Whether no word goes on at byte `at` of `code`.
fn starts_a_word(code: &str, at: usize) -> bool {
    let before = code.get(..at).and_then(|before| before.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Checks the tree at `root`, and names every line that breaks a rule.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut found = Vec::new();
    let mut files = Vec::new();
    for dir in FOLDERS {
        sources(&root.join(dir), &mut files)?;
    }
    let old = chains::are_too_new(&std::fs::read_to_string(root.join("Cargo.toml"))?);
    for file in &files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(file)?;
        check(&name, &text, &mut found);
        if old {
            let chains = chains::lines(&text).into_iter();
            found
                .extend(chains.map(|line| format!("{name}:{line}: a let chain, see rust-version")));
        }
    }
    circled(root, &files, &mut found)?;
    worded(root, &files, &mut found)?;
    book::check(root, &mut found)?;
    hosts::check(root, &mut found)?;
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

/// Public types of one name in one crate, of all `files`.
fn worded(root: &Path, files: &[PathBuf], found: &mut Vec<String>) -> Result<()> {
    let mut known: BTreeMap<(String, &str), String> = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let Some((krate, _)) = name.split_once("/src/") else { continue };
        for line in std::fs::read_to_string(file)?.lines() {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let is_type =
                words.next() == Some("pub") && matches!(words.next(), Some("struct" | "enum"));
            let Some(made) = words.next().filter(|_| is_type && line.starts_with("pub ")) else {
                continue;
            };
            let Some(word) = WORDS.iter().find(|word| **word == made) else { continue };
            if let Some(other) = known.insert((krate.to_owned(), word), name.clone()) {
                found.push(format!("{name}: {other} has a public type {word}, too"));
            }
        }
    }
    Ok(())
}

/// Circles between the modules of each crate, of all `files`.
fn circled(root: &Path, files: &[PathBuf], found: &mut Vec<String>) -> Result<()> {
    let mut crates: BTreeMap<String, circles::Crate> = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let Some((krate, module)) = name.split_once("/src/") else { continue };
        crates.entry(krate.to_owned()).or_default().add(
            module,
            &name,
            &std::fs::read_to_string(file)?,
        );
    }
    for (krate, modules) in &crates {
        found.extend(modules.circles().into_iter().map(|circle| format!("{krate}: {circle}")));
    }
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
    let inside = |(folder, layers)| Some((name.strip_prefix(folder)?, layers));
    let Some((module, layers)) = LAYERS.iter().copied().find_map(inside) else { return };
    let module = module.split(['/', '.']).next().unwrap_or_default();
    let layer = |module: &str| layers.iter().position(|l| l.contains(&module));
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
    } else if let Some((_, first, lines)) = function.filter(|(at, ..)| indent == *at) {
        if text.starts_with('}') && lines > FUNCTION {
            report(first, &format!("a function of {lines} lines"));
        }
        if text.starts_with('}') || text.ends_with(';') {
            *function = None;
        }
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
        lines.take_while(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    // What a command does may go on below it.
    let commands: BTreeSet<_> = section("Commands:")
        .iter()
        .filter(|l| !l.starts_with("   "))
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
        let Some((code, meaning)) = line.trim().split_once(char::is_whitespace) else { continue };
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
