//! `session-N.tail`: what a killed application left of a capture, put in its place.
//!
//! The layer's `capture/output.rs` says what is in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How it begins.
const MAGIC: [u8; 8] = *b"VAV1DT01";

/// Bytes of each file that it holds at most.
const ROOM: usize = 256 << 10;

/// Where those of the first file are.
const START: usize = 4096;

/// The files that it is of, in its order.
const FILES: [&str; 2] = ["obu", "jsonl"];

/// What is missing in one of the files: where, and the bytes.
type Missing<'a> = (u64, &'a [u8]);

fn number(bytes: &[u8], index: usize) -> Option<u64> {
    let bytes = bytes.get(8 * index..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// What a tail holds of file `which`; `None` if it is none.
fn missing(tail: &[u8], which: usize) -> Option<Missing<'_>> {
    let (at, size) = (number(tail, 1 + 2 * which)?, number(tail, 2 + 2 * which)?);
    let size = usize::try_from(size).ok().filter(|size| *size <= ROOM)?;
    let start = START + ROOM * which;
    Some((at, tail.get(start..start + size)?))
}

/// Completes a capture of which an application that is gone has left a tail; `path` names one of its
/// files. Nothing happens where there is no tail, or the application lives.
///
/// # Errors
/// A file that cannot be read or written: the tail stays.
pub fn complete(path: &Path) -> io::Result<()> {
    let name = path.with_extension("tail");
    // Whatever else has this name, a folder or a pipe, is no matter.
    if !std::fs::metadata(&name).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    let mut file = File::open(&name)?;
    let mut magic = [0; MAGIC.len()];
    // One that was not begun has nothing; one that is something else is left alone.
    if file.read(&mut magic)? < magic.len() || magic != MAGIC {
        return Ok(());
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(()),
        other => other?,
    }
    let mut tail = magic.to_vec();
    (&mut file).take((START + 2 * ROOM) as u64).read_to_end(&mut tail)?;
    for (which, end) in FILES.into_iter().enumerate() {
        let (at, bytes) = missing(&tail, which).ok_or(io::ErrorKind::InvalidData)?;
        let mut to = OpenOptions::new().write(true).open(path.with_extension(end))?;
        put(&mut to, at, bytes)?;
    }
    // It stays locked until here.
    std::fs::remove_file(&name)
}

/// Puts bytes where they belong: what is there already is the same.
fn put(to: &mut File, at: u64, bytes: &[u8]) -> io::Result<()> {
    if to.metadata()?.len() < at {
        return Err(io::ErrorKind::InvalidData.into());
    }
    to.seek(SeekFrom::Start(at))?;
    to.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tail of which both files have `at` bytes, and `held` follow.
    fn tail(at: u64, held: &[u8]) -> Vec<u8> {
        let mut all = vec![0; START + 2 * ROOM];
        all[..8].copy_from_slice(&MAGIC);
        for which in 0..2 {
            let numbers = [at, held.len() as u64].map(u64::to_le_bytes).concat();
            all[8 + 16 * which..][..16].copy_from_slice(&numbers);
            all[START + ROOM * which..][..held.len()].copy_from_slice(held);
        }
        all
    }

    /// A capture whose files have "abc", with this tail; its folder, and what became of it.
    fn completed(name: &str, tail: &[u8]) -> (io::Result<()>, [String; 2], bool) {
        let folder = std::env::temp_dir().join(format!("vav1d-tail-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = |end: &str| folder.join(format!("session-0.{end}"));
        FILES.iter().for_each(|end| std::fs::write(path(end), "abc").expect("a file"));
        std::fs::write(path("tail"), tail).expect("a file");
        let result = complete(&path("jsonl"));
        let texts = FILES.map(|end| std::fs::read_to_string(path(end)).expect("a file"));
        let is_there = path("tail").exists();
        std::fs::remove_dir_all(&folder).expect("a folder");
        (result, texts, is_there)
    }

    #[test]
    fn what_is_held_follows_what_is_written() {
        let (result, texts, is_there) = completed("right", &tail(3, b"de"));
        result.expect("completed");
        assert_eq!((texts, is_there), (["abcde", "abcde"].map(str::to_owned), false));
        // It was killed after it had written them, or a part of them.
        let (result, texts, is_there) = completed("again", &tail(1, b"bcd"));
        result.expect("completed");
        assert_eq!((texts, is_there), (["abcd", "abcd"].map(str::to_owned), false));
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        for (name, bytes) in [("gap", tail(4, b"e")), ("short", tail(3, b"d")[..5000].to_vec())] {
            let (result, _, is_there) = completed(name, &bytes);
            let kind = result.expect_err(name).kind();
            assert_eq!((kind, is_there), (io::ErrorKind::InvalidData, true), "{name}");
        }
        let (result, texts, is_there) = completed("other", b"another file");
        result.expect("left alone");
        assert_eq!((texts, is_there), (["abc", "abc"].map(str::to_owned), true));
    }

    #[test]
    fn a_capture_that_is_being_written_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("vav1d-tail-{}-live", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("session-0.tail");
        std::fs::write(&path, tail(0, b"x")).expect("a file");
        let owner = File::open(&path).expect("a file");
        owner.lock().expect("a lock");
        complete(&path).expect("left alone");
        assert!(path.exists());
        std::fs::remove_dir_all(&folder).expect("a folder");
    }
}
