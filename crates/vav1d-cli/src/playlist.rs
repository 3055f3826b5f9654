//! What `vav1d play` is given: files, folders of them, and M3U playlists.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::{Failure, Result};

/// What is played of a folder, by its ending.
const ENDINGS: [&str; 9] = ["ivf", "obu", "av1", "mkv", "webm", "mp4", "m4v", "mov", "avif"];
/// Folders in folders, and playlists in playlists, at most.
const DEEP: usize = 16;
/// Bytes of a playlist that are read at most.
const LONGEST: u64 = 16 << 20;

/// The files that `arguments` name, in their order; those of a folder by name.
///
/// # Errors
/// A folder or a playlist cannot be read, or nothing is in it.
pub(super) fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for argument in arguments {
        let before = files.len();
        add(argument, true, 0, &mut files).map_err(|error| {
            Failure::new(Exit::NoInput, format!("{}: {error}", argument.display()))
        })?;
        if files.len() == before {
            let why = format!("{}: there is nothing to play in it", argument.display());
            return Err(Failure::new(Exit::NoInput, why));
        }
    }
    Ok(files)
}

/// Adds `path`; a file that was not `named` only if its ending says what it is.
fn add(path: &Path, named: bool, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > DEEP {
        return Err(io::Error::other("folders or playlists lead into each other"));
    }
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add(entry, false, depth + 1, files));
    }
    if named && (ending == "m3u" || ending == "m3u8") {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let mut entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        return entries.try_for_each(|entry| add(&folder.join(entry), true, depth + 1, files));
    }
    if named || ENDINGS.contains(&ending.as_str()) {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_playlists_are_taken_apart() {
        let folder = std::env::temp_dir().join(format!("vav1d-playlist-{}", std::process::id()));
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, text).expect("written");
        };
        file("d/b.MKV", "");
        file("d/a.ivf", "");
        file("d/notes.txt", "");
        file("d/deep/c.webm", "");
        file("list.m3u8", "\u{feff}#EXTM3U\r\n#EXTINF:1,x\r\nd/b.MKV\r\n\r\nodd.bin\r\n");
        file("loop.m3u", "loop.m3u\n");
        std::fs::create_dir_all(folder.join("empty")).expect("made");
        let names = |arguments: &[&str]| {
            let paths: Vec<_> = arguments.iter().map(|name| folder.join(name)).collect();
            let found = files(&paths).map_err(|failure| failure.exit)?;
            let short = |path: PathBuf| path.strip_prefix(&folder).expect("below").to_owned();
            Ok::<_, Exit>(found.into_iter().map(short).collect::<Vec<_>>())
        };
        let paths = |names: &[&str]| Ok(names.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(names(&["d"]), paths(&["d/a.ivf", "d/b.MKV", "d/deep/c.webm"]));
        assert_eq!(names(&["list.m3u8", "x.bin"]), paths(&["d/b.MKV", "odd.bin", "x.bin"]));
        assert_eq!(names(&["empty"]), Err(Exit::NoInput));
        assert_eq!(names(&["loop.m3u"]), Err(Exit::NoInput));
        assert_eq!(names(&["none.m3u"]), Err(Exit::NoInput));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
