//! The files of a capture, and what is on its way into them.
//!
//! A call of the system for each frame costs more than the frame, and what the system copies costs
//! more than what is copied here. So everything goes into memory that is a file's, `session-N.tail`,
//! and from there into its own file, by a thread that does nothing else, when there is enough of it,
//! or when it is old. What a killed application leaves there, whoever reads the capture puts in its
//! place:
//!
//! | Bytes of `session-N.tail` | |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 8, 16 | of `session-N.obu`: how many bytes are in it, how many there are |
//! | 24, 32 | of `session-N.jsonl`: the same |
//! | 4096 | of `session-N.obu` byte N at N % 2097152 |
//! | 4096 + 2097152 | of `session-N.jsonl` byte N at N % 262144 |
//!
//! Numbers are little-endian, of 64 bits. While the application lives, the file is locked.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1_engine::stream::Pieces;

use super::writer::{Desk, Files, Own, Which, Writer};
use crate::shared::{self, Drain, Fill};

/// How `session-N.tail` begins.
const MAGIC: u64 = u64::from_le_bytes(*b"VAV1DT02");

/// Bytes of each file that are held at most.
const ROOMS: [usize; 2] = [2 << 20, 256 << 10];

/// Captures that a folder holds at most.
const MOST: u32 = 100_000;

/// The files of one capture.
#[derive(Debug)]
pub(super) struct Output {
    desk: Arc<Desk>,
    tail: Option<Tail>,
    /// A process that was forked off this one leaves them alone.
    process: u32,
}

/// `session-N.tail`.
#[derive(Debug)]
struct Tail {
    fills: [Fill; 2],
    writer: Writer,
    path: PathBuf,
    /// Its lock.
    _file: File,
}

/// Makes `session-N.tail`.
fn create(path: &Path) -> io::Result<(File, [(Fill, Drain); 2])> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    let locked = file.try_lock().map_err(io::Error::from);
    match locked.and_then(|()| shared::rings(&file, MAGIC, ROOMS)) {
        Ok(rings) => Ok((file, rings)),
        Err(e) => {
            let _gone = std::fs::remove_file(path);
            Err(e)
        }
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
        let direct = shared::direct(&path(number, "obu")).ok();
        let own = [Own::new(stream, direct), Own::new(records, None)];
        Ok((number, Self::start(own, path(number, "tail"))))
    }

    fn start(own: [Own; 2], path: PathBuf) -> Self {
        let process = std::process::id();
        let Ok((file, [(stream, of_stream), (records, of_records)])) = create(&path) else {
            let desk = Arc::new(Desk::new(Files::new(own, None)));
            return Self { desk, tail: None, process };
        };
        let desk = Arc::new(Desk::new(Files::new(own, Some([of_stream, of_records]))));
        let tail = match Writer::start(&desk) {
            Ok(writer) => Some(Tail { fills: [stream, records], writer, path, _file: file }),
            Err(_) => {
                let _gone = std::fs::remove_file(&path);
                None
            }
        };
        Self { desk, tail, process }
    }

    /// Appends to the stream.
    pub(super) fn stream(&mut self, pieces: &Pieces<'_>) {
        self.append(Which::Stream, pieces.len(), pieces.slices());
    }

    /// Appends a record.
    pub(super) fn record(&mut self, line: &[u8]) {
        self.append(Which::Records, line.len(), std::iter::once(line));
    }

    fn append<'a>(&mut self, which: Which, size: usize, pieces: impl Iterator<Item = &'a [u8]>) {
        let desk = &self.desk;
        if desk.has_failed() {
            return;
        }
        let Some(tail) = &mut self.tail else {
            return desk.note(desk.files().pass(which, pieces));
        };
        let fill = &mut tail.fills[which as usize];
        if !fill.has_room(size) {
            // What the writer is at ends first, and may be enough.
            desk.note(desk.files().make_room(which, || fill.has_room(size)));
        }
        if !fill.has_room(size) {
            desk.note(desk.files().pass(which, pieces));
            return fill.pass(size as u64);
        }
        pieces.for_each(|piece| fill.store(piece));
        fill.publish();
        tail.writer.stored(fill.held() >= ROOMS[which as usize] / 2);
    }

    /// Nothing more is held.
    pub(super) fn end(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        let Some(tail) = self.tail.take() else { return };
        tail.writer.end();
        let mut files = self.desk.files();
        if !self.desk.has_failed() {
            self.desk.note(files.take(true));
        }
        files.end();
        if !self.desk.has_failed() {
            let _gone = std::fs::remove_file(&tail.path);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::writer::BOTH;
    use super::*;
    use crate::shared::START;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("vav1d-{name}-{}", std::process::id()));
        let _old = std::fs::remove_dir_all(&folder);
        folder
    }

    /// What is in a file, and what its tail holds beyond.
    fn content(folder: &Path, which: Which) -> (Vec<u8>, Vec<u8>) {
        let end = if which == Which::Stream { "obu" } else { "jsonl" };
        // What the tail has held until it is read is in the file after that.
        let tail = std::fs::read(folder.join("session-0.tail"));
        let mut file = std::fs::read(folder.join(format!("session-0.{end}"))).expect("a file");
        let Ok(tail) = tail else { return (file, Vec::new()) };
        let number = |index: usize| {
            let bytes = tail[8 * index..].first_chunk().expect("a number");
            u64::from_le_bytes(*bytes) as usize
        };
        let (written, all) = (number(1 + 2 * which as usize), number(2 + 2 * which as usize));
        assert!(file.len() >= written, "what is in the file");
        file.truncate(written);
        let ring = &tail[START + ROOMS[0] * which as usize..][..ROOMS[which as usize]];
        (file, (written..all).map(|at| ring[at % ring.len()]).collect())
    }

    #[test]
    fn what_is_not_in_its_file_is_in_the_tail() {
        let folder = folder("output");
        let (number, mut output) = Output::create(&folder).expect("files");
        assert_eq!(number, 0);
        let mut meant = [Vec::new(), Vec::new()];
        // Small ones, ones that pass the rings by, and so many that they go around.
        let sizes = [100, 7000, ROOMS[1] + 1, 3, 0, ROOMS[1], 9, ROOMS[0] + 5, 4095].into_iter();
        for (i, size) in sizes.chain([100_000; 60]).enumerate() {
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
        output.end();
        // Whoever comes later writes at once.
        output.record(b"later");
        meant[1].extend_from_slice(b"later");
        for which in BOTH {
            assert!(content(&folder, which) == (meant[which as usize].clone(), Vec::new()));
        }
        assert!(!folder.join("session-0.tail").exists());
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_stored_goes_into_its_file_by_itself() {
        let folder = folder("old");
        let (_, mut output) = Output::create(&folder).expect("files");
        for round in 1..=3 {
            output.append(Which::Stream, 3, std::iter::once(&b"abc"[..]));
            output.record(b"line\n");
            let is_there = |which, size| content(&folder, which).0.len() == size;
            while !(is_there(Which::Stream, 3 * round) && is_there(Which::Records, 5 * round)) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        assert_eq!(content(&folder, Which::Records).0, b"line\nline\nline\n");
        drop(output);
        assert!(!folder.join("session-0.tail").exists(), "an end without a call");
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
