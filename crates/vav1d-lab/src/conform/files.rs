//! Files that are there whole or not at all, and errors that name them.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use vav1d::sink::{Hash, Hasher};

/// `error`, with the file that it is about.
pub fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// It cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Hasher::new(Hash::Sha256);
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(bytes.get(..n).unwrap_or_default()),
        }
    }
}

/// Writes a file beside `path` and puts it in its place: a full disk leaves what was there before.
///
/// # Errors
/// It cannot be written; the error names it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = OsString::from(path);
    name.push(".new");
    let new = PathBuf::from(name);
    let written = std::fs::File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_data()))
        .and_then(|()| std::fs::rename(&new, path));
    written.map_err(|error| {
        // It is not wanted in halves.
        let _ = std::fs::remove_file(&new);
        named(path, error)
    })
}

/// `path` with `.ENDING` behind its name, whatever ending that has.
pub(in crate::conform) fn added(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// `text` without a byte order mark at its start.
pub fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("vav1d-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let path = folder.join("a.txt");
        write(&path, b"one").expect("written");
        assert_eq!(std::fs::read(&path).expect("a file"), b"one");
        // A folder of the new file's name stands in for a disk that is full.
        std::fs::create_dir(folder.join("a.txt.new")).expect("made");
        let error = write(&path, b"two").expect_err("no file");
        assert!(error.to_string().contains("a.txt"), "{error}");
        assert_eq!(std::fs::read(&path).expect("a file"), b"one");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
