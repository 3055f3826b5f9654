//! The files of a capture, and what is on its way into them.
//!
//! A call of the system for each frame costs more than the frame. So what is small goes into memory
//! that is a file's, `session-N.tail`, and from there into its own file when there is enough of it,
//! or when it is as old as [`BEHIND`]. What a killed application leaves there, whoever reads the
//! capture puts in its place:
//!
//! | Bytes of `session-N.tail` | |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 8, 16 | of `session-N.obu`: how many bytes are in it, how many follow them |
//! | 24, 32 | of `session-N.jsonl`: the same |
//! | 4096 | what follows in `session-N.obu` |
//! | 4096 + 262144 | what follows in `session-N.jsonl` |
//!
//! Numbers are little-endian, of 64 bits. While the application lives, the file is locked.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1_engine::stream::Pieces;

use crate::shared::{self, Shared};

/// How `session-N.tail` begins.
const MAGIC: u64 = u64::from_le_bytes(*b"VAV1DT01");

/// Bytes of each file that are held at most.
const ROOM: usize = 256 << 10;

/// Where they are.
const START: usize = 4096;

/// Larger ones are written at once.
const SMALL: usize = 48 << 10;

/// So many bytes of a stream get their place on the disk at once, where frames are larger: the
/// system writes to a place that is there for three quarters of the time.
const AHEAD: u64 = 4 << 20;

/// So old may be what is not in its file, where something comes after it.
const BEHIND: Duration = Duration::from_millis(20);

/// Captures that a folder holds at most.
const MOST: u32 = 100_000;

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Stream = 0,
    Records = 1,
}

const BOTH: [Which; 2] = [Which::Stream, Which::Records];

/// A file, the bytes that are in it, and those that are held.
#[derive(Debug)]
struct Own {
    file: File,
    written: u64,
    held: usize,
    /// Bytes that have a place on the disk; what is behind its end is not in the file.
    placed: u64,
}

/// The files of one capture.
#[derive(Debug)]
pub(super) struct Output {
    files: [Own; 2],
    tail: Option<Tail>,
    /// A file could not be written: no more is.
    failed: bool,
}

/// `session-N.tail`.
#[derive(Debug)]
struct Tail {
    shared: Shared,
    path: PathBuf,
    /// Since when both files have all.
    since: Instant,
    /// Its lock.
    _file: File,
}

impl Tail {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let locked = file.try_lock().map_err(io::Error::from);
        match locked.and_then(|()| Shared::new(&file, START + 2 * ROOM)) {
            Ok(shared) => {
                shared.set(0, MAGIC);
                Ok(Self { shared, path, since: Instant::now(), _file: file })
            }
            Err(e) => {
                let _gone = std::fs::remove_file(&path);
                Err(e)
            }
        }
    }

    /// Says what is in a file, and how much is held.
    fn publish(&self, which: Which, own: &Own) {
        // Nothing is held while both change.
        self.shared.set(2 + 2 * which as usize, 0);
        self.shared.set(1 + 2 * which as usize, own.written);
        self.shared.set(2 + 2 * which as usize, own.held as u64);
    }
}

impl Output {
    /// Makes the files in `folder`, under the first number that is free, which comes first.
    pub(super) fn create(folder: &Path) -> io::Result<(u32, Self)> {
        std::fs::create_dir_all(folder)?;
        let path = |number: u32, end: &str| folder.join(format!("session-{number}.{end}"));
        let create = |path: PathBuf| OpenOptions::new().write(true).create_new(true).open(path);
        let mut number = 0;
        let records = loop {
            match create(path(number, "jsonl")) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < MOST => number += 1,
                other => break other?,
            }
        };
        let stream = create(path(number, "obu"))?;
        let own = |file| Own { file, written: 0, held: 0, placed: 0 };
        let tail = Tail::create(path(number, "tail")).ok();
        Ok((number, Self { files: [own(stream), own(records)], tail, failed: false }))
    }

    /// Appends to the stream.
    pub(super) fn stream(&mut self, pieces: &Pieces<'_>) {
        self.append(Which::Stream, pieces.len(), pieces.slices());
    }

    /// Appends a record, the last that there is of a frame.
    pub(super) fn record(&mut self, line: &[u8]) {
        self.append(Which::Records, line.len(), std::iter::once(line));
        if self.tail.as_ref().is_some_and(|tail| tail.since.elapsed() >= BEHIND) {
            self.flush();
        }
    }

    fn append<'a>(&mut self, which: Which, size: usize, pieces: impl Iterator<Item = &'a [u8]>) {
        if self.failed {
            return;
        }
        if size > SMALL || self.tail.is_none() {
            return self.write(which, pieces);
        }
        if self.files[which as usize].held + size > ROOM {
            self.write(which, std::iter::empty());
        }
        let Some(tail) = &mut self.tail else { return };
        let own = &mut self.files[which as usize];
        let mut at = START + ROOM * which as usize + own.held;
        for piece in pieces {
            tail.shared.store(at, piece);
            at += piece.len();
        }
        own.held += size;
        tail.shared.set(2 + 2 * which as usize, own.held as u64);
    }

    /// Writes what is held, and `pieces` after it.
    fn write<'a>(&mut self, which: Which, pieces: impl Iterator<Item = &'a [u8]>) {
        let own = &mut self.files[which as usize];
        let held = self
            .tail
            .as_ref()
            .map_or(&[][..], |tail| tail.shared.bytes(START + ROOM * which as usize, own.held));
        let mut slices = vec![IoSlice::new(held)];
        for piece in pieces {
            slices.push(IoSlice::new(piece));
        }
        let size: usize = slices.iter().map(|slice| slice.len()).sum();
        if size == 0 {
            return;
        }
        if self.tail.is_some() && size > SMALL && own.written + size as u64 > own.placed {
            own.placed = own.written.max(own.placed) + (size as u64).next_multiple_of(AHEAD);
            let length = own.placed - own.written;
            // Where that cannot be, writing places them.
            let _placed = shared::place(&own.file, own.written, length);
        }
        if write_all(&mut own.file, &mut slices).is_err() {
            self.failed = true;
            return;
        }
        own.written += size as u64;
        own.held = 0;
        if let Some(tail) = &self.tail {
            tail.publish(which, own);
        }
    }

    /// Writes all that is held.
    fn flush(&mut self) {
        for which in BOTH {
            if !self.failed {
                self.write(which, std::iter::empty());
            }
        }
        if let Some(tail) = &mut self.tail {
            tail.since = Instant::now();
        }
    }

    /// Nothing more is held.
    pub(super) fn end(&mut self) {
        self.flush();
        for own in self.files.iter_mut().filter(|own| own.placed > own.written) {
            // What was placed and not written is given back.
            let _cut = own.file.set_len(own.written);
        }
        if let Some(tail) = self.tail.take_if(|_| !self.failed) {
            let _gone = std::fs::remove_file(&tail.path);
        }
    }
}

/// Writes all slices, with one call where the system takes them all at once.
fn write_all(to: &mut File, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    let mut left = slices;
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match to.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut left, count),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in a file, and what its tail holds.
    fn content(folder: &Path, which: Which) -> (Vec<u8>, Vec<u8>) {
        let end = if which == Which::Stream { "obu" } else { "jsonl" };
        let file = std::fs::read(folder.join(format!("session-0.{end}"))).expect("a file");
        let Ok(tail) = std::fs::read(folder.join("session-0.tail")) else {
            return (file, Vec::new());
        };
        let number = |index: usize| {
            let bytes = tail[8 * index..].first_chunk().expect("a number");
            u64::from_le_bytes(*bytes) as usize
        };
        assert_eq!(number(1 + 2 * which as usize), file.len(), "what is in the file");
        let held = &tail[START + ROOM * which as usize..][..number(2 + 2 * which as usize)];
        (file, held.to_vec())
    }

    #[test]
    fn what_is_not_in_its_file_is_in_the_tail() {
        let folder = std::env::temp_dir().join(format!("vav1d-output-{}", std::process::id()));
        let _old = std::fs::remove_dir_all(&folder);
        let (number, mut output) = Output::create(&folder).expect("files");
        assert_eq!(number, 0);
        let mut meant = [Vec::new(), Vec::new()];
        // Small ones, one that is written at once, and so many small ones that they are too much.
        let sizes = [100, 7000, SMALL + 1, 3, 0, SMALL, 5 * SMALL, 9].into_iter();
        for (i, size) in sizes.chain([10_000; 30]).enumerate() {
            for which in BOTH {
                let bytes: Vec<u8> = (0..size).map(|at| (at + i) as u8).collect();
                let (first, second) = bytes.split_at(size / 3);
                output.append(which, size, [first, second].into_iter());
                meant[which as usize].extend_from_slice(&bytes);
                let (mut file, held) = content(&folder, which);
                file.extend_from_slice(&held);
                assert!(file == meant[which as usize], "{which:?} {i}");
            }
        }
        assert!(!content(&folder, Which::Stream).1.is_empty(), "nothing is held");
        output.end();
        for which in BOTH {
            assert!(content(&folder, which) == (meant[which as usize].clone(), Vec::new()));
        }
        assert!(!folder.join("session-0.tail").exists());
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_old_goes_into_its_file() {
        let folder = std::env::temp_dir().join(format!("vav1d-old-{}", std::process::id()));
        let _old = std::fs::remove_dir_all(&folder);
        let (_, mut output) = Output::create(&folder).expect("files");
        output.append(Which::Stream, 3, std::iter::once(&b"abc"[..]));
        std::thread::sleep(BEHIND);
        output.record(b"line\n");
        assert_eq!(content(&folder, Which::Stream), (b"abc".to_vec(), Vec::new()));
        assert_eq!(content(&folder, Which::Records), (b"line\n".to_vec(), Vec::new()));
        output.end();
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
