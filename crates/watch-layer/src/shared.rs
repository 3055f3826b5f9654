//! Memory of a file: what is stored in it stays when the process is killed, without a call.
#![allow(unsafe_code, reason = "a file is mapped")]

use std::fs::File;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// A mapped file.
#[derive(Debug)]
pub(crate) struct Shared {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the mapping is this value's alone, and belongs to no thread.
unsafe impl Send for Shared {}

impl Shared {
    /// Makes a file `size` bytes large, all of them there already, and maps it.
    ///
    /// # Errors
    /// A file system or a kernel on which storing could be a signal later on.
    pub(crate) fn new(file: &File, size: usize) -> io::Result<Self> {
        Ok(Self { start: system::map(file, size)?, size })
    }

    /// Sets the `index`th number, after all that was stored before.
    pub(crate) fn set(&self, index: usize, value: u64) {
        let at = index * size_of::<u64>();
        if at + size_of::<u64>() > self.size {
            return;
        }
        let at = self.start.as_ptr().wrapping_add(at).cast::<AtomicU64>();
        // SAFETY: inside of the mapping, which begins with a page, and aligned.
        let word = unsafe { &*at };
        word.store(value.to_le(), Ordering::Release);
    }

    /// `size` bytes at `at`, as far as they are there.
    pub(crate) fn bytes(&self, at: usize, size: usize) -> &[u8] {
        let (start, size) = self.at(at, size);
        // SAFETY: inside of the mapping; who stores in it has it as `&mut`.
        unsafe { std::slice::from_raw_parts(start, size) }
    }

    /// Stores bytes at `at`, as far as there is room.
    pub(crate) fn store(&mut self, at: usize, bytes: &[u8]) {
        let (start, size) = self.at(at, bytes.len());
        // SAFETY: inside of the mapping, to which nothing else refers.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, size) };
    }

    fn at(&self, at: usize, size: usize) -> (*mut u8, usize) {
        let at = at.min(self.size);
        (self.start.as_ptr().wrapping_add(at), size.min(self.size - at))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        system::unmap(self.start, self.size);
    }
}

/// Gives `length` bytes of a file, from `start`, their place on the disk; its end stays where it is.
///
/// # Errors
/// It cannot be done beforehand.
pub(crate) fn place(file: &File, start: u64, length: u64) -> io::Result<()> {
    system::place(file, start, length)
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::io;
    use std::ptr::NonNull;

    use rustix::fs::FallocateFlags;
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
        let start = NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: all of the mapping, whose pages become writable or an error.
        let populated = unsafe { rustix::mm::madvise(at, size, Advice::LinuxPopulateWrite) };
        populated.inspect_err(|_| unmap(start, size))?;
        Ok(start)
    }

    pub(super) fn unmap(start: NonNull<u8>, size: usize) {
        // SAFETY: all of a mapping, to which nothing refers any more.
        let _gone = unsafe { rustix::mm::munmap(start.as_ptr().cast(), size) };
    }

    pub(super) fn place(file: &File, start: u64, length: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, start, length)?)
    }
}

/// Elsewhere each frame is written at once.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs::File;
    use std::io;
    use std::ptr::NonNull;

    pub(super) fn map(_: &File, _: usize) -> io::Result<NonNull<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn unmap(_: NonNull<u8>, _: usize) {}

    pub(super) fn place(_: &File, _: u64, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_in_the_file() {
        let path = std::env::temp_dir().join(format!("vav1d-shared-{}", std::process::id()));
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(&path).expect("a file");
        let mut shared = Shared::new(&file, 8192).expect("a file system whose files can be mapped");
        shared.set(1, 7);
        shared.set(1024, 9);
        shared.store(4096, b"abc");
        shared.store(8190, b"abc");
        assert_eq!(shared.bytes(4096, 4), b"abc\0");
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!((bytes.len(), &bytes[8..10]), (8192, &[7, 0][..]));
        assert_eq!((&bytes[4096..4100], &bytes[8190..]), (&b"abc\0"[..], &b"ab"[..]));
        std::fs::remove_file(path).expect("removed");
    }
}
