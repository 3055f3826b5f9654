//! The few system calls that the standard library has no safe name for.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The real function of the C library behind one that `hooks` takes.
pub(crate) struct Real {
    name: &'static str,
    at: AtomicUsize,
}

impl Real {
    /// The function `name`, which must end in a zero byte.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, at: AtomicUsize::new(0) }
    }

    /// Its address; looked up once. The C library exports every function hooked here.
    pub(crate) fn address(&self) -> usize {
        let known = self.at.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        // SAFETY: the name ends in a zero byte (see `new`), and RTLD_NEXT needs no handle.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr().cast()) } as usize;
        self.at.store(found, Ordering::Relaxed);
        found
    }
}

/// An anonymous file of `size` bytes, all holes.
pub(crate) fn anonymous_file(name: &str, size: u64) -> std::io::Result<File> {
    let name = CString::new(name)?;
    // SAFETY: the name is a C string that lives through the call.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and has no other owner.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(size)?;
    Ok(file)
}

/// Another descriptor of the same file.
pub(crate) fn duplicate(file: &File) -> Option<i32> {
    // SAFETY: a descriptor that stays open, and plain flags.
    let fd = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 0) };
    (fd >= 0).then_some(fd)
}

/// Gives the pages of `offset..offset + size` back to the system; they read as zero afterwards.
pub(crate) fn punch_hole(file: &File, offset: u64, size: u64) {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: plain integers and an open descriptor. A refusal only keeps memory that is not needed.
    unsafe { libc::fallocate64(file.as_raw_fd(), mode, offset as i64, size as i64) };
}

/// Sets the calling thread's error number.
pub(crate) fn set_errno(number: i32) {
    // SAFETY: the C library gives a valid address for the calling thread.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above, and no other thread writes to it.
    unsafe { *place = number };
}

/// `CLOCK_MONOTONIC` in nanoseconds: the clock of the kernel's timeouts.
pub(crate) fn monotonic() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours and is written by the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Calls `last` when the process ends in order.
pub(crate) fn at_exit(last: extern "C" fn()) {
    // SAFETY: a plain function without arguments.
    unsafe { libc::atexit(last) };
}
