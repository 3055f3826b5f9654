//! The licences of all that the program is linked with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use crate::metadata::{array, folder, own, packages, program, text};

/// One text: which crates are in the program, under which licences, and the licences' texts, each
/// once.
pub(super) fn text_of(metadata: &Value) -> Result<String> {
    let linked = linked(metadata)?;
    let members = own(metadata);
    let mut out =
        String::from("Crates that vav1d, softvk, drm-sim and watch-layer are linked with.\n\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut all: Vec<_> = packages(metadata)
        .into_iter()
        .filter(|p| linked.iter().any(|id| *id == text(&p["id"])) && !members.contains(p))
        .collect();
    all.sort_by_key(|p| (text(&p["name"]), text(&p["version"])));
    for package in all {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        writeln!(out, "{name}: {}", text(&package["license"]))?;
        for licence in licences(package)? {
            texts.entry(licence).or_default().push(name.clone());
        }
    }
    for (licence, names) in texts {
        write!(out, "\n{}\n{}\n\n{licence}", "-".repeat(78), names.join(", "))?;
    }
    Ok(out)
}

/// The texts of a package's licence files.
fn licences(package: &Value) -> Result<Vec<String>> {
    let mut files: Vec<_> = std::fs::read_dir(folder(package))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            let prefixes = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
            path.is_file() && prefixes.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    files.sort();
    let text = |path| -> std::io::Result<String> {
        let bytes = std::fs::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().map(str::trim_end).fold(String::new(), |all, line| all + line + "\n"))
    };
    Ok(files.into_iter().map(text).collect::<std::io::Result<_>>()?)
}

/// The IDs of what is linked into the program and the three libraries: dependencies that are neither
/// for tests nor for build scripts.
fn linked(metadata: &Value) -> Result<Vec<&str>> {
    let nodes = array(&metadata["resolve"]["nodes"]);
    let mut waiting = vec![text(&program(metadata)?["id"])];
    let libraries = ["softvk", "drm-sim", "watch-layer"];
    let of_ours = own(metadata).into_iter().filter(|p| libraries.contains(&text(&p["name"])));
    waiting.extend(of_ours.map(|p| text(&p["id"])));
    let mut found = Vec::new();
    while let Some(id) = waiting.pop() {
        if found.contains(&id) {
            continue;
        }
        found.push(id);
        let Some(node) = nodes.iter().find(|node| text(&node["id"]) == id) else { continue };
        for dependency in array(&node["deps"]) {
            let normal = |kind: &&Value| kind["kind"].is_null();
            if array(&dependency["dep_kinds"]).iter().any(normal) {
                waiting.push(text(&dependency["pkg"]));
            }
        }
    }
    Ok(found)
}
