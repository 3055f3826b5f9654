//! Memory of a file in which bytes go from one thread to another: what is stored stays when the
//! process is killed, without a call.
#![allow(unsafe_code, reason = "a file is mapped; a thread takes no signals")]

use std::fs::File;
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes before the first ring: the numbers.
pub(crate) const START: usize = 4096;

/// So much of a ring is made memory at once, when it is first needed.
const PART: usize = 256 << 10;

/// A mapped file.
#[derive(Debug)]
struct Map {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the mapping belongs to no thread; who stores where is said of [`Fill`] and [`Drain`].
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// The `index`th number.
    fn number(&self, index: usize) -> &AtomicU64 {
        let at = self.start.as_ptr().wrapping_add(index * size_of::<u64>()).cast();
        // SAFETY: in the first page of the mapping, which holds numbers alone, and aligned.
        unsafe { &*at }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        system::unmap(self.start, self.size);
    }
}

/// Where a ring is, of which byte `at` is that at `at % room`, and its two numbers: up to where its
/// bytes are taken, and up to where they are stored.
#[derive(Clone, Debug)]
struct Ring {
    map: Arc<Map>,
    numbers: usize,
    start: usize,
    room: usize,
}

impl Ring {
    fn taken(&self) -> u64 {
        u64::from_le(self.map.number(self.numbers).load(Ordering::Acquire))
    }

    fn stored(&self) -> u64 {
        u64::from_le(self.map.number(self.numbers + 1).load(Ordering::SeqCst))
    }

    /// `size` bytes from `at`, in two pieces: up to the end of the ring, and from its start.
    fn pieces(&self, at: u64, size: usize) -> [(*mut u8, usize); 2] {
        let size = size.min(self.room);
        let at = (at % self.room as u64) as usize;
        let first = size.min(self.room - at);
        let start = self.map.start.as_ptr().wrapping_add(self.start);
        [(start.wrapping_add(at), first), (start, size - first)]
    }
}

/// Stores bytes in a ring. There is one of a ring.
#[derive(Debug)]
pub(crate) struct Fill {
    ring: Ring,
    /// Where the next byte goes.
    at: u64,
    /// Bytes of the ring that are memory.
    there: usize,
}

impl Fill {
    /// Bytes that are stored and not taken.
    pub(crate) fn held(&self) -> usize {
        self.at.saturating_sub(self.ring.taken()) as usize
    }

    /// Whether `size` bytes can be stored.
    pub(crate) fn has_room(&mut self, size: usize) -> bool {
        if self.held().saturating_add(size) > self.ring.room {
            return false;
        }
        while self.there < self.ring.room && self.at + size as u64 > self.there as u64 {
            let part = PART.min(self.ring.room - self.there);
            let [(start, _), _] = self.ring.pieces(self.there as u64, 0);
            if system::populate(start, part).is_err() {
                return false;
            }
            self.there += part;
        }
        true
    }

    /// Stores bytes, as far as there is room; nobody sees them before [`Fill::publish`].
    pub(crate) fn store(&mut self, bytes: &[u8]) {
        let room = self.ring.room - self.held().min(self.ring.room);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let [(first, count), (second, rest)] = self.ring.pieces(self.at, bytes.len());
        // SAFETY: inside of the ring, behind all that is stored and before what is not taken, where
        // nobody reads or writes but this.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), first, count) };
        let behind = bytes.as_ptr().wrapping_add(count);
        // SAFETY: as above; so many bytes are left.
        unsafe { std::ptr::copy_nonoverlapping(behind, second, rest) };
        self.at += bytes.len() as u64;
    }

    /// What is stored can be taken.
    pub(crate) fn publish(&self) {
        self.ring.map.number(self.ring.numbers + 1).store(self.at.to_le(), Ordering::SeqCst);
    }

    /// Bytes have passed the ring by, as [`Drain::take`] was told before.
    pub(crate) fn pass(&mut self, size: u64) {
        self.at += size;
        self.publish();
    }
}

/// Takes bytes from a ring. There is one of a ring.
#[derive(Debug)]
pub(crate) struct Drain(Ring);

impl Drain {
    /// What is stored and not taken, and where it begins.
    pub(crate) fn held(&self) -> (u64, [&[u8]; 2]) {
        let at = self.0.taken();
        let size = self.0.stored().saturating_sub(at) as usize;
        let bytes = self.0.pieces(at, size).map(|(start, size)| {
            // SAFETY: inside of the ring, and stored; who stores leaves it alone until it is taken,
            // for which `self` has to be exclusive.
            unsafe { std::slice::from_raw_parts(start, size) }
        });
        (at, bytes)
    }

    /// Whether anything is stored and not taken.
    pub(crate) fn has_any(&self) -> bool {
        self.0.stored() > self.0.taken()
    }

    /// So many bytes are not needed any more.
    pub(crate) fn take(&mut self, size: u64) {
        let at = self.0.taken() + size;
        self.0.map.number(self.0.numbers).store(at.to_le(), Ordering::Release);
    }
}

/// Makes an empty file one of rings with `rooms` bytes, multiples of a page: [`START`] bytes of
/// numbers, of which the first is `magic`, and then two of each ring; the rings follow.
///
/// # Errors
/// A file system or a kernel on which storing could be a signal later on.
pub(crate) fn rings<const N: usize>(
    file: &File,
    magic: u64,
    rooms: [usize; N],
) -> io::Result<[(Fill, Drain); N]> {
    let size = START + rooms.iter().sum::<usize>();
    let map = Arc::new(Map { start: system::map(file, size)?, size });
    system::populate(map.start.as_ptr(), START)?;
    map.number(0).store(magic.to_le(), Ordering::Release);
    let mut start = START;
    let mut index = 0;
    Ok(rooms.map(|room| {
        let ring = Ring { map: Arc::clone(&map), numbers: 1 + 2 * index, start, room };
        start += room;
        index += 1;
        (Fill { ring: ring.clone(), at: 0, there: 0 }, Drain(ring))
    }))
}

/// Gives `length` bytes of a file, from `start`, their place on the disk; its end stays where it is.
///
/// # Errors
/// It cannot be done beforehand.
pub(crate) fn place(file: &File, start: u64, length: u64) -> io::Result<()> {
    system::place(file, start, length)
}

/// A file as another one that passes by what the system keeps of files in memory.
///
/// # Errors
/// A file system that has no such thing.
pub(crate) fn direct(path: &std::path::Path) -> io::Result<File> {
    system::direct(path)
}

/// Starts a thread that takes no signals of the process.
///
/// # Errors
/// There can be no more threads.
pub(crate) fn thread(
    run: impl FnOnce() + Send + 'static,
) -> io::Result<std::thread::JoinHandle<()>> {
    system::thread(std::thread::Builder::new().name("vav1d-watch".into()).stack_size(STACK), run)
}

/// Bytes of a thread's stack.
const STACK: usize = 256 << 10;

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;
    use std::ptr::NonNull;
    use std::thread::{Builder, JoinHandle};

    use rustix::fs::{FallocateFlags, Mode, OFlags};
    use rustix::mm::{Advice, MapFlags, ProtFlags};

    /// File systems (`f_type` of statfs) that write a page where it is: ext2 to ext4, XFS, F2FS,
    /// tmpfs, and overlayfs, whose files are another's. Where a page that is written once more needs
    /// room, a full disk would be a signal to the application.
    const KINDS: [u32; 5] = [0xef53, 0x5846_5342, 0xf2f5_2010, 0x0102_1994, 0x794c_7630];

    pub(super) fn map(file: &File, size: usize) -> io::Result<NonNull<u8>> {
        let kind = rustix::fs::fstatfs(file)?.f_type;
        if !KINDS.iter().any(|known| i64::from(*known) == kind as i64) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        rustix::fs::fallocate(file, FallocateFlags::empty(), 0, size as u64)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let null = std::ptr::null_mut();
        // SAFETY: a new mapping, wherever the kernel puts it.
        let at = unsafe { rustix::mm::mmap(null, size, protection, MapFlags::SHARED, file, 0) }?;
        Ok(NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?)
    }

    /// Makes pages of a mapping memory that can be written.
    pub(super) fn populate(start: *mut u8, size: usize) -> io::Result<()> {
        // SAFETY: pages of a mapping, which become writable or an error.
        Ok(unsafe { rustix::mm::madvise(start.cast(), size, Advice::LinuxPopulateWrite) }?)
    }

    pub(super) fn unmap(start: NonNull<u8>, size: usize) {
        // SAFETY: all of a mapping, to which nothing refers any more.
        let _gone = unsafe { rustix::mm::munmap(start.as_ptr().cast(), size) };
    }

    pub(super) fn place(file: &File, start: u64, length: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, start, length)?)
    }

    pub(super) fn direct(path: &Path) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::DIRECT | OFlags::CLOEXEC;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
    }

    pub(super) fn thread(
        builder: Builder,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        // A thread begins with the mask of the one that starts it.
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: a set of signals, which this fills.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        // SAFETY: two sets of signals, of which the first is filled.
        let set =
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
        if set != 0 {
            return Err(io::Error::from_raw_os_error(set));
        }
        let started = builder.spawn(run);
        // SAFETY: the mask from before, which the call above has filled.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
        started
    }
}

/// Elsewhere each frame is written at once.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;
    use std::ptr::NonNull;
    use std::thread::{Builder, JoinHandle};

    pub(super) fn map(_: &File, _: usize) -> io::Result<NonNull<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn populate(_: *mut u8, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn unmap(_: NonNull<u8>, _: usize) {}

    pub(super) fn place(_: &File, _: u64, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn direct(_: &Path) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn thread(
        builder: Builder,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        builder.spawn(run)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn file(name: &str) -> (std::path::PathBuf, File) {
        let path = std::env::temp_dir().join(format!("vav1d-shared-{}-{name}", std::process::id()));
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(&path).expect("a file");
        (path, file)
    }

    #[test]
    fn what_is_stored_is_in_the_file() {
        let (path, file) = file("stored");
        let [(mut fill, mut drain), (mut other, _)] =
            rings(&file, 7, [8192, 4096]).expect("a file system whose files can be mapped");
        assert!(fill.has_room(8192) && !fill.has_room(8193) && other.has_room(1));
        fill.store(b"abc");
        assert!(!drain.has_any(), "it is not published");
        fill.publish();
        assert_eq!(drain.held(), (0, [&b"abc"[..], b""]));
        other.store(b"x");
        other.publish();
        let bytes = std::fs::read(&path).expect("a file");
        let number = |index: usize| bytes[8 * index];
        assert_eq!((bytes.len(), [0, 1, 2, 3, 4].map(number)), (4096 + 12288, [7, 0, 3, 0, 1]));
        assert_eq!((&bytes[4096..4100], &bytes[12288..12290]), (&b"abc\0"[..], &b"x\0"[..]));
        // Around the end of the ring, and no further than what is not taken.
        drain.take(3);
        fill.store(&[1; 8188]);
        fill.store(b"defghij");
        fill.publish();
        let (at, [first, second]) = drain.held();
        assert_eq!((at, first.len(), second), (3, 8189, &b"efg"[..]));
        assert_eq!((&first[8186..], fill.held()), (&[1, 1, b'd'][..], 8192));
        drain.take(8192);
        fill.pass(0);
        assert!(!drain.has_any());
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_thread_takes_no_signals() {
        let mask = || std::fs::read_to_string("/proc/thread-self/status").expect("a status");
        let blocked =
            |text: String| text.lines().find(|l| l.starts_with("SigBlk")).map(String::from);
        let before = blocked(mask());
        let (send, receive) = std::sync::mpsc::channel();
        let thread = thread(move || send.send(mask()).expect("sent")).expect("a thread");
        let inside = blocked(receive.recv().expect("a mask")).expect("a line");
        thread.join().expect("ended");
        // Signals 1 to 31 but for KILL and STOP.
        assert!(inside.ends_with("7ffbfeff"), "{inside}");
        assert_eq!(blocked(mask()), before);
    }
}
