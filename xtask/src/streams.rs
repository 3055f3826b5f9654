//! Streams on disk, and work over all of them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

/// The streams at and below `paths`, each folder's in the order of their names.
pub(crate) fn find_all(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut streams = Vec::new();
    for path in paths {
        find(path, &mut streams)?;
    }
    if streams.is_empty() {
        bail!("no streams");
    }
    Ok(streams)
}

fn find(path: &Path, streams: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path)?
            .map(|e| e.map(|e| e.path()))
            .collect::<std::io::Result<_>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| find(entry, streams));
    }
    if path.extension().is_some_and(|e| e == "ivf" || e == "obu") {
        streams.push(path.canonicalize()?);
    }
    Ok(())
}

/// `one` for every stream, two at a time; sorted by stream.
pub(crate) fn every<T: Send>(
    streams: &[PathBuf],
    one: impl Fn(&Path) -> T + Sync,
) -> Vec<(PathBuf, T)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(stream) = streams.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = one(stream);
                    let mut done = done.lock().unwrap_or_else(|poison| poison.into_inner());
                    done.push((stream.clone(), outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poison| poison.into_inner());
    done.sort_by(|a, b| a.0.cmp(&b.0));
    done
}
