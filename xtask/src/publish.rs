//! `cargo xtask publish`: whether every package of the workspace can be published.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::metadata::{self, array, folder, text};
use crate::{build, say};

/// Bytes that a file of a package may have: larger ones are streams or tables for tests.
const LARGEST: u64 = 512 * 1024;
/// Files that every package has.
const FILES: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// Characters that a description may have, and keywords that a package may.
const DESCRIPTION: usize = 200;
const KEYWORDS: usize = 5;

/// Checks what a registry asks of a package, and that the archives can be made; with `build`, that
/// what is in them is enough to build.
pub(crate) fn run(build: bool) -> Result<()> {
    let all = metadata::all()?;
    let mut found = Vec::new();
    let mut step = vec!["package", "--workspace", "--locked", "--allow-dirty"];
    let mut published = 0;
    for package in metadata::own(&all) {
        let name = text(&package["name"]);
        // An empty list of registries.
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            step.extend(["--exclude", name]);
            continue;
        }
        published += 1;
        found.extend(fields(package).into_iter().map(|what| format!("{name}: {what}")));
        let files = listed(name)?;
        let size =
            |file: &str| std::fs::metadata(folder(package).join(file)).map_or(0, |a| a.len());
        found.extend(contents(&files, size).into_iter().map(|what| format!("{name}: {what}")));
    }
    if !found.is_empty() {
        bail!("publish: {}", found.join("; "));
    }
    if !build {
        // What is at hand is what was built with.
        step.extend(["--no-verify", "--offline"]);
    }
    build::cargo(&step, &[])?;
    say(&format!("publish: {published} packages"));
    Ok(())
}

/// The files of the package `name`.
fn listed(name: &str) -> Result<Vec<String>> {
    let output = Command::new(metadata::cargo())
        .args(["package", "--list", "--allow-dirty", "--locked", "-p", name])
        .output()?;
    if !output.status.success() {
        bail!("cargo package --list -p {name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// What a registry would refuse, or a reader would miss, in a manifest.
fn fields(package: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let description = text(&package["description"]);
    if description.is_empty() || description.len() > DESCRIPTION {
        found.push(format!("a description of {} bytes", description.len()));
    }
    if text(&package["license"]).is_empty() {
        found.push("no licence".to_owned());
    }
    if text(&package["rust_version"]).is_empty() {
        found.push("no rust-version".to_owned());
    }
    let readme = text(&package["readme"]);
    if readme.is_empty() || !folder(package).join(readme).is_file() {
        found.push(format!("no file for its README `{readme}`"));
    }
    if array(&package["keywords"]).len() > KEYWORDS {
        found.push("more than five keywords".to_owned());
    }
    for dependency in array(&package["dependencies"]) {
        // Those for tests are left out where they are of this workspace and have no version.
        if text(&dependency["req"]) == "*" && dependency["kind"] != "dev" {
            found.push(format!("no version of {}", text(&dependency["name"])));
        }
    }
    found
}

/// What is wrong with the files of an archive; `size` knows their bytes.
fn contents(files: &[String], size: impl Fn(&str) -> u64) -> Vec<String> {
    let missing = FILES.iter().filter(|file| !files.iter().any(|there| there == *file));
    let mut found: Vec<_> = missing.map(|file| format!("{file} is not in it")).collect();
    for file in files {
        let bytes = size(file);
        let generated = Path::new(file).file_name().is_some_and(|name| name == "Cargo.lock");
        if bytes > LARGEST && !generated {
            found.push(format!("{file} has {bytes} bytes"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_without_what_a_registry_wants_is_found() {
        let found = fields(&json!({
            "manifest_path": "/nowhere/Cargo.toml",
            "readme": "README.md",
            "dependencies": [{"name": "a", "req": "*"}, {"name": "b", "req": "*", "kind": "dev"}],
            "keywords": ["1", "2", "3", "4", "5", "6"],
        }));
        let expected = [
            "a description of 0 bytes",
            "no licence",
            "no rust-version",
            "no file for its README `README.md`",
            "more than five keywords",
            "no version of a",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_archive_with_a_stream_or_without_a_licence_is_found() {
        let files = ["Cargo.toml", "README.md", "LICENSE-MIT", "a.ivf"].map(str::to_owned);
        let found = contents(&files, |file| if file == "a.ivf" { 1 << 20 } else { 1 });
        assert_eq!(found, ["LICENSE-APACHE is not in it", "a.ivf has 1048576 bytes"]);
    }
}
