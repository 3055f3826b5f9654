//! `cargo xtask api`: what of the libraries' public items a release takes away or changes. Moves from
//! one file to another are no change; what is public below a private module is told all the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{metadata, say};

/// The program's package, whose library is its own.
const PROGRAM: &str = "vav1d-cli";

/// Compares the work tree with the commit `since`; with `strict` a difference is an error.
pub(crate) fn run(since: &str, strict: bool) -> Result<()> {
    let all = metadata::all()?;
    let mut gone = 0;
    for package in metadata::own(&all) {
        let name = metadata::text(&package["name"]);
        if package["publish"].as_array().is_some_and(Vec::is_empty) || name == PROGRAM {
            continue;
        }
        let folder = metadata::folder(package).strip_prefix(crate::root())?.join("src");
        let folder = folder.to_string_lossy().into_owned();
        let before = of_commit(since, &folder)?;
        let mut now = BTreeMap::new();
        of_folder(&crate::root().join(&folder), &mut now)?;
        let lost = lost(&before, &now);
        gone += lost.len();
        let count = |items: &Items| items.values().sum::<usize>();
        let (were, are) = (count(&before), count(&now));
        say(&format!("{name}: {were} public items, now {are}; {} gone or changed", lost.len()));
        lost.iter().for_each(|item| say(&format!("   {item}")));
    }
    match gone > 0 && strict {
        true => bail!("api: {gone} public items of {since} are not there as they were"),
        false => Ok(()),
    }
}

/// How often each item is there.
type Items = BTreeMap<String, usize>;

/// Items of `before` that `now` has less often.
fn lost(before: &Items, now: &Items) -> Vec<String> {
    let less = before.iter().filter(|(item, count)| now.get(*item).copied().unwrap_or(0) < **count);
    less.map(|(item, _)| item.clone()).collect()
}

fn of_commit(commit: &str, folder: &str) -> Result<Items> {
    let mut all = Items::new();
    let files = git(&["ls-tree", "-r", "--name-only", commit, folder])?;
    for file in files.lines().filter(|file| file.ends_with(".rs")) {
        items(&git(&["show", &format!("{commit}:{file}")])?, &mut all);
    }
    Ok(all)
}

fn of_folder(folder: &Path, all: &mut Items) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            of_folder(&path, all)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            items(&std::fs::read_to_string(&path)?, all);
        }
    }
    Ok(())
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(crate::root()).output()?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Adds the public items of a file: declarations up to their body, and members.
fn items(text: &str, all: &mut Items) {
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test") {
            return;
        }
        if !line.starts_with("pub ") {
            continue;
        }
        let mut item = line.to_owned();
        let ends = |item: &str| item.ends_with(['{', ';', ',', '}']) && balanced(item);
        while !ends(&item) {
            let Some(next) = lines.next() else { break };
            item = format!("{item} {next}");
        }
        let item =
            item.trim_end_matches(['{', ';', ',']).trim().replace("( ", "(").replace(", )", ")");
        *all.entry(item).or_default() += 1;
    }
}

/// Whether every bracket is closed, but for a body that begins.
fn balanced(item: &str) -> bool {
    let count = |c: char| item.matches(c).count();
    count('(') == count(')') && count('[') == count(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Items {
        let mut all = Items::new();
        items(text, &mut all);
        all
    }

    #[test]
    fn what_is_gone_or_changed_is_told_and_moves_are_not() {
        let before =
            of("pub struct A {\n    pub x: u8,\n    y: u8,\n}\npub fn f(\n    a: u8,\n) -> u8 {\n");
        assert_eq!(
            before.keys().collect::<Vec<_>>(),
            ["pub fn f(a: u8) -> u8", "pub struct A", "pub x: u8"]
        );
        let moved =
            of("pub fn f(a: u8) -> u8 {\n}\npub struct A {\n    pub x: u8,\n}\npub fn g();\n");
        assert_eq!(lost(&before, &moved), [] as [&str; 0]);
        let changed = of("pub struct A {\n    pub x: u16,\n}\npub(crate) fn f(a: u8) -> u8 {\n}\n");
        assert_eq!(lost(&before, &changed), ["pub fn f(a: u8) -> u8", "pub x: u8"]);
        assert!(of("fn f() {}\n#[cfg(test)]\nmod tests {\n    pub fn g() {}\n}\n").is_empty());
    }
}
