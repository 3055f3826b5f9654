//! No host of a registry, a mirror or a forge stands in a committed file: machines have their own.

use std::path::{Path, PathBuf};

use anyhow::Result;

/// Hosts that may be named: those of specifications.
const HOSTS: [&str; 3] = ["json-schema.org", "registry.khronos.org", "www.w3.org"];
/// Files that name others: cargo writes its registry's, and the licences are not our words.
const EXEMPT: [&str; 3] = ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"];
/// Folders that are not committed.
const SKIPPED: [&str; 5] = [".git", "target", "corpus", "artifacts", "book"];
/// Endings by which a word is a host and not a path of code.
const ENDINGS: [&str; 4] = ["com", "io", "net", "org"];

/// Reports every host in the texts below `root`.
pub(super) fn check(root: &Path, found: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    texts(root, &mut files)?;
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().into_owned();
        // Samples are no text.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            for host in hosts(line) {
                found.push(format!("{name}:{number}: the host {host}"));
            }
        }
    }
    Ok(())
}

/// The files below `dir` that are committed.
pub(super) fn texts(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            if !SKIPPED.contains(&name.as_str()) {
                texts(&path, files)?;
            }
        } else if !EXEMPT.contains(&name.as_str()) && name != ".git" {
            files.push(path);
        }
    }
    Ok(())
}

/// The hosts that `line` names and may not.
pub(super) fn hosts(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let mut hosts: Vec<_> = words.filter(|word| is_host(word)).map(str::to_owned).collect();
    for rest in line.split("://").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)));
        let host = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        // A pattern, or a file.
        if !host.is_empty() && !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts.retain(|host| !HOSTS.contains(&host.as_str()));
    hosts
}

/// Whether `word` is labels joined by dots, the last of which is an ending of hosts.
fn is_host(word: &str) -> bool {
    let mut labels = word.trim_matches('.').split('.').rev();
    let last = labels.next().is_some_and(|last| ENDINGS.contains(&last));
    let label =
        |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let mut rest = labels.peekable();
    last && rest.peek().is_some() && rest.all(label)
}
