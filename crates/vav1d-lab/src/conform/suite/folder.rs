//! Folders of streams, with their oracles beside them.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use crate::conform::files::named;
use crate::conform::oracle;
use crate::conform::vector::{Vector, plain};

/// What streams are called.
const STREAMS: [&str; 8] = ["ivf", "obu", "av1", "mkv", "webm", "mp4", "m4v", "avif"];

/// All streams below `path`, at any depth. What only links lead to comes by its link; no folder is
/// found twice.
pub(super) fn load(path: &Path) -> io::Result<Vec<Vector>> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut links = VecDeque::from([path.to_owned()]);
    while let Some(folder) = links.pop_front() {
        collect(&folder, &mut seen, &mut links, &mut files)?;
    }
    files.sort();
    let suite = super::folder_name(path);
    let vector = |file: &PathBuf| {
        let name = file.strip_prefix(path).unwrap_or(file);
        stream(file, &suite, name)
    };
    Ok(files.iter().map(vector).collect())
}

/// The stream `file`, which is called `name` in `suite`.
pub(super) fn stream(file: &Path, suite: &str, name: &Path) -> Vector {
    let mut vector = Vector::new("", file.to_owned());
    let name = plain(name.as_os_str().as_encoded_bytes());
    vector.name = if suite.is_empty() { name } else { format!("{suite}/{name}") };
    vector.oracle = oracle::beside(file);
    vector
}

/// The streams of `folder` and of those in it that are no links; `seen` has those that were found.
fn collect(
    folder: &Path,
    seen: &mut HashSet<PathBuf>,
    links: &mut VecDeque<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let real = folder.canonicalize().map_err(|e| named(folder, e))?;
    if !seen.insert(real) {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|e| named(folder, e))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| named(folder, e))?;
    paths.sort();
    for path in paths {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match path.is_dir() {
            true if path.is_symlink() => links.push_back(path),
            true => collect(&path, seen, links, files)?,
            false if STREAMS.contains(&extension.as_str()) || oracle::names(&path) => {
                files.push(path);
            }
            false => {}
        }
    }
    Ok(())
}
