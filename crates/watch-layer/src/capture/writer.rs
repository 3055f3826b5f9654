//! What writes the files of a capture: a thread of their own, which takes bytes from rings, so that
//! the application does not wait for a file system. Where there is no room it writes itself.

use std::fs::File;
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use crate::shared::{self, Drain};

/// So old may be what is not in its file.
const BEHIND: Duration = Duration::from_millis(20);

/// What passes by the system's own copy of a file has to begin and end at multiples of this, and its
/// memory, too.
const BLOCK: usize = 4096;

/// So many bytes at once are worth that: a write of the system costs as much as a copy of these.
const DIRECT: usize = 256 << 10;

/// Where the application had to wait, so many bytes go to the system's copy, which takes them sooner
/// than a disk.
const PRESSED: u64 = 16 << 20;

/// So many bytes get their place on the disk at once: the system writes to a place that is there for
/// three quarters of the time.
const AHEAD: u64 = 4 << 20;

/// Where so much is written at once.
const LARGE: usize = 48 << 10;

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Stream = 0,
    Records = 1,
}

#[cfg(test)]
pub(super) const BOTH: [Which; 2] = [Which::Stream, Which::Records];

/// A file, and how far it is written.
#[derive(Debug)]
pub(super) struct Own {
    file: File,
    /// The same file, by another way.
    direct: Option<File>,
    written: u64,
    /// Bytes that have a place on the disk; what is behind its end is not in the file.
    placed: u64,
    /// Before this the other way is not taken.
    pressed: u64,
}

impl Own {
    pub(super) fn new(file: File, direct: Option<File>) -> Self {
        Self { file, direct, written: 0, placed: 0, pressed: 0 }
    }

    /// Gives what comes next its place.
    fn place(&mut self, size: usize) {
        let end = self.written + size as u64;
        if size > LARGE && end > self.placed {
            self.placed = self.written.max(self.placed) + (size as u64).next_multiple_of(AHEAD);
            // Where that cannot be, writing places them.
            let _placed = shared::place(&self.file, self.written, self.placed - self.written);
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes whole blocks of what is stored, which `self.written` follows; fewer if it cannot be.
    fn append_blocks(&mut self, bytes: &[u8]) {
        let Some(direct) = &mut self.direct else { return };
        let blocks = &bytes[..bytes.len() / BLOCK * BLOCK];
        let sought = direct.seek(SeekFrom::Start(self.written));
        if blocks.is_empty() {
            return;
        }
        match sought.and_then(|_| direct.write(blocks)) {
            Ok(count) if count == blocks.len() => self.written += count as u64,
            // Not this way, then.
            _ => self.direct = None,
        }
    }

    /// Writes what a ring holds: `whole`, or all but a part of a block.
    fn take(&mut self, drain: &mut Drain, whole: bool) -> io::Result<()> {
        let (at, [first, second]) = drain.held();
        let size = first.len() + second.len();
        self.place(size);
        let blocks = size >= DIRECT && at >= self.pressed;
        for piece in [first, second] {
            let start = self.written;
            if blocks {
                let odd = (start.next_multiple_of(BLOCK as u64) - start) as usize;
                let (odd, even) = piece.split_at(odd.min(piece.len()));
                self.append(odd)?;
                self.append_blocks(even);
            }
            let rest = &piece[(self.written - start) as usize..];
            if whole || !blocks || self.direct.is_none() {
                self.append(rest)?;
            } else if !rest.is_empty() {
                // The last block waits for the rest of it.
                break;
            }
        }
        drain.take(self.written - at);
        Ok(())
    }
}

/// The files of a capture, and what they are written from.
#[derive(Debug)]
pub(super) struct Files {
    own: [Own; 2],
    drains: Option<[Drain; 2]>,
}

impl Files {
    pub(super) fn new(own: [Own; 2], drains: Option<[Drain; 2]>) -> Self {
        Self { own, drains }
    }

    /// Writes what the rings hold: `whole`, or all but a part of a block.
    pub(super) fn take(&mut self, whole: bool) -> io::Result<()> {
        let Some(drains) = &mut self.drains else { return Ok(()) };
        self.own.iter_mut().zip(drains).try_for_each(|(own, drain)| own.take(drain, whole))
    }

    /// Writes what the rings hold, as there is no room, if there is none by now: sooner than the disk
    /// is done.
    pub(super) fn make_room(
        &mut self,
        which: Which,
        mut has_room: impl FnMut() -> bool,
    ) -> io::Result<()> {
        if has_room() {
            return Ok(());
        }
        let own = &mut self.own[which as usize];
        own.pressed = own.written + PRESSED;
        self.take(true)
    }

    /// Writes what goes into no ring, after what they hold.
    pub(super) fn pass<'a>(
        &mut self,
        which: Which,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        self.take(true)?;
        let own = &mut self.own[which as usize];
        let mut slices: Vec<_> = pieces.map(IoSlice::new).collect();
        let size: usize = slices.iter().map(|slice| slice.len()).sum();
        if self.drains.is_some() {
            own.place(size);
        }
        own.file.seek(SeekFrom::Start(own.written))?;
        write_all(&mut own.file, &mut slices)?;
        own.written += size as u64;
        if let Some(drains) = &mut self.drains {
            drains[which as usize].take(size as u64);
        }
        Ok(())
    }

    /// Nothing more is held; what was placed and not written is given back.
    pub(super) fn end(&mut self) {
        self.drains = None;
        for own in self.own.iter_mut().filter(|own| own.placed > own.written) {
            let _cut = own.file.set_len(own.written);
        }
    }

    fn has_any(&self) -> bool {
        self.drains.iter().flatten().any(Drain::has_any)
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

/// What the application's threads and the writer's share.
#[derive(Debug)]
pub(super) struct Desk {
    files: Mutex<Files>,
    /// A file could not be written: no more is.
    failed: AtomicBool,
    /// The writer was told that there is much.
    told: AtomicBool,
    /// The writer waits for anything at all.
    asleep: AtomicBool,
    ended: AtomicBool,
}

impl Desk {
    pub(super) fn new(files: Files) -> Self {
        let [failed, told, asleep, ended] = [const { AtomicBool::new(false) }; 4];
        Self { files: Mutex::new(files), failed, told, asleep, ended }
    }

    pub(super) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Notes what came of writing.
    pub(super) fn note(&self, result: io::Result<()>) {
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// The writer: takes what there is after [`BEHIND`], or when it is told to.
    fn run(&self) {
        while !self.ended.load(Ordering::SeqCst) && !self.has_failed() {
            std::thread::park_timeout(BEHIND);
            self.told.store(false, Ordering::SeqCst);
            let mut files = self.files();
            let result = files.take(false);
            let nothing = !files.has_any();
            drop(files);
            self.note(result);
            if nothing {
                self.sleep();
            }
        }
    }

    /// Waits until there is anything.
    fn sleep(&self) {
        loop {
            // What is stored from here on finds it asleep, and wakes it.
            self.asleep.store(true, Ordering::SeqCst);
            if self.files().has_any() || self.ended.load(Ordering::SeqCst) {
                self.asleep.store(false, Ordering::SeqCst);
                return;
            }
            std::thread::park();
        }
    }
}

/// The writer's thread.
#[derive(Debug)]
pub(super) struct Writer {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
    waker: Thread,
}

impl Writer {
    pub(super) fn start(desk: &Arc<Desk>) -> io::Result<Self> {
        let own = Arc::clone(desk);
        let thread = shared::thread(move || own.run())?;
        let waker = thread.thread().clone();
        Ok(Self { desk: Arc::clone(desk), thread, waker })
    }

    /// Something was stored; `much`: it should not wait.
    pub(super) fn stored(&self, much: bool) {
        let desk = &self.desk;
        let sleeps =
            desk.asleep.load(Ordering::SeqCst) && desk.asleep.swap(false, Ordering::SeqCst);
        if sleeps || (much && !desk.told.swap(true, Ordering::SeqCst)) {
            self.waker.unpark();
        }
    }

    /// Ends it.
    pub(super) fn end(self) {
        self.desk.ended.store(true, Ordering::SeqCst);
        self.waker.unpark();
        let _ended = self.thread.join();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::shared::Fill;

    /// Files, what fills them, and where they are.
    fn files(name: &str, direct: bool) -> (Files, [Fill; 2], std::path::PathBuf) {
        let folder =
            std::env::temp_dir().join(format!("vav1d-writer-{}-{name}", std::process::id()));
        let _old = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let path = |name: &str| folder.join(name);
        let open = |name: &str| options.open(path(name)).expect("a file");
        let map = open("tail");
        let own = ["0", "1"].map(|name| {
            let file = open(name);
            // Where a file system has no such way, there is but one.
            Own::new(file, shared::direct(&path(name)).ok().filter(|_| direct))
        });
        let [(a, b), (c, d)] = shared::rings(&map, 0, [1 << 20; 2]).expect("rings");
        (Files::new(own, Some([b, d])), [a, c], folder)
    }

    #[test]
    fn both_ways_write_the_same() {
        for (name, direct) in [("direct", true), ("system", false)] {
            let (mut files, mut fills, folder) = files(name, direct);
            let mut meant = [Vec::new(), Vec::new()];
            let sizes = [5, 300_000, 4091, 700_001, 262_144, 1, 262_143, 1 << 20, 77_777, 500_000];
            for (round, size) in sizes.into_iter().enumerate() {
                for which in BOTH {
                    let bytes: Vec<u8> = (0..size).map(|at| (at * 7 + round) as u8).collect();
                    let fill = &mut fills[which as usize];
                    if !fill.has_room(size) {
                        files.make_room(which, || false).expect("written");
                    }
                    assert!(fill.has_room(size));
                    fill.store(&bytes);
                    fill.publish();
                    meant[which as usize].extend(bytes);
                }
                files.own.iter_mut().for_each(|own| own.pressed = 0);
                files.take(round % 3 == 0).expect("written");
                for which in BOTH {
                    // What is not written is a part of a block at most, if this way is there.
                    let own = &files.own[which as usize];
                    let left = meant[which as usize].len() as u64 - own.written;
                    assert!(left == 0 || own.direct.is_some() && left < BLOCK as u64, "{round}");
                }
            }
            let more: Vec<u8> = vec![3; 3 << 20];
            files.pass(Which::Stream, more.chunks(1 << 19)).expect("written");
            meant[0].extend(more);
            files.take(true).expect("written");
            files.end();
            for (which, meant) in meant.iter().enumerate() {
                let path = folder.join(which.to_string());
                assert!(std::fs::read(path).expect("a file") == *meant, "{name} {which}");
            }
            std::fs::remove_dir_all(folder).expect("removed");
        }
    }
}
