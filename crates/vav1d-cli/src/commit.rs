//! Which commit a program is built from, for the build script: it asks git, or what cargo left in a
//! published package, and says that it does not know where neither does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What is said where nothing is known.
pub const UNKNOWN: &str = "commit unknown";

/// The file that cargo puts into a package, beside its manifest.
const PUBLISHED: &str = ".cargo_vcs_info.json";

/// The commit that the package in `folder` is of: twelve digits, its date, and whether files differ
/// from it.
pub fn of(folder: &Path) -> String {
    let published = std::fs::read_to_string(folder.join(PUBLISHED)).ok();
    let known = published.and_then(|text| of_package(&text)).or_else(|| of_checkout(folder));
    known.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// What the text that cargo left says.
pub fn of_package(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"sha1\"")?;
    let hash = rest.split('"').nth(1)?.get(..12)?;
    let dirty = text
        .split_once("\"dirty\"")
        .is_some_and(|(_, rest)| rest.trim_start_matches([':', ' ']).starts_with("true"));
    hash.bytes().all(|b| b.is_ascii_hexdigit()).then(|| said(hash, dirty))
}

/// What git says, where `folder` is of its files and not only below one of them.
fn of_checkout(folder: &Path) -> Option<String> {
    git(folder, &["ls-files", "--error-unmatch", "Cargo.toml"])?;
    let commit = git(folder, &["log", "-1", "--abbrev=12", "--format=%h %cs"])?;
    let dirty = !git(folder, &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(said(&commit, dirty))
}

fn said(commit: &str, dirty: bool) -> String {
    format!("{commit}{}", if dirty { ", changed" } else { "" })
}

/// The files that change when another commit is checked out, or made.
#[cfg_attr(test, expect(dead_code, reason = "the build script alone asks"))]
pub fn watched(folder: &Path) -> Vec<PathBuf> {
    let branch = git(folder, &["symbolic-ref", "--quiet", "HEAD"]);
    let names = ["HEAD".to_owned(), "packed-refs".to_owned()].into_iter().chain(branch);
    let paths = names.filter_map(|name| git(folder, &["rev-parse", "--git-path", &name]));
    paths.map(|path| folder.join(path)).filter(|path| path.exists()).collect()
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).current_dir(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_package_knows_its_commit() {
        let text = |dirty| {
            format!(
                "{{\"git\": {{\"sha1\": \"{}\"{dirty}}}, \"path_in_vcs\": \"\"}}",
                "ab".repeat(20)
            )
        };
        assert_eq!(of_package(&text("")).as_deref(), Some("abababababab"));
        assert_eq!(of_package(&text(", \"dirty\": false")).as_deref(), Some("abababababab"));
        assert_eq!(
            of_package(&text(", \"dirty\": true")).as_deref(),
            Some("abababababab, changed")
        );
        for other in ["", "{}", "{\"git\": {\"sha1\": \"ab\"}}", "{\"sha1\": \"not hexadecimal\"}"]
        {
            assert_eq!(of_package(other), None, "{other}");
        }
    }

    #[test]
    fn a_folder_that_is_nobodys_has_no_commit() {
        let folder = std::env::temp_dir().join(format!("vav1d-commit-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let said = of(&folder);
        std::fs::remove_dir_all(&folder).expect("gone");
        assert_eq!(said, UNKNOWN);
    }
}
