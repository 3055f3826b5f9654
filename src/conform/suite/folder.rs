//! Folders of streams, with their oracles beside them.

use std::io;
use std::path::{Path, PathBuf};

use crate::conform::oracle;
use crate::conform::vector::Vector;

/// What streams are called.
const STREAMS: [&str; 8] = ["ivf", "obu", "av1", "mkv", "webm", "mp4", "m4v", "avif"];

/// All streams below `path`, at any depth.
pub(super) fn load(path: &Path) -> io::Result<Vec<Vector>> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    let above = path.parent().unwrap_or(Path::new(""));
    let name = |file: &Path| file.strip_prefix(above).unwrap_or(file).display().to_string();
    Ok(files.iter().map(|file| stream(file, &name(file))).collect())
}

/// One stream, by this name.
pub(super) fn stream(file: &Path, name: &str) -> Vector {
    let mut vector = Vector::new(name.trim_start_matches(['.', '/']), file.to_owned());
    vector.oracle = oracle::beside(file);
    vector
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, files)?;
        } else if STREAMS.contains(&extension) {
            files.push(path);
        }
    }
    Ok(())
}
