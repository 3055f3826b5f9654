//! The C library's functions that this library takes over.
//!
//! Each looks whether the call concerns the imitated node, and hands it on to the real function
//! otherwise. `open` and `ioctl` are variadic in C; on x86-64 and AArch64 Linux their arguments lie
//! where those of the same function with a fixed list do.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem::transmute;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use libc::{DIR, FILE, c_char, c_int, c_ulong, c_void, mode_t, size_t, ssize_t};

use crate::dispatch::{self, node};
use crate::sys::{Real, set_errno};
use crate::tree;

/// Type of DRM's requests, bits 8..16 of the number.
const DRM: c_ulong = b'd' as c_ulong;

/// Calls the real function.
macro_rules! real {
    ($name:literal, fn($($argument:ident: $kind:ty),*) -> $result:ty) => {{
        static REAL: Real = Real::new(concat!($name, "\0"));
        // SAFETY: the C library's function of this name has this signature, on the platforms named above.
        let function = unsafe { transmute::<usize, unsafe extern "C" fn($($kind),*) -> $result>(REAL.address()) };
        // SAFETY: the caller's own arguments, handed on unchanged or with a path of ours that is a C string.
        unsafe { function($($argument),*) }
    }};
}

/// The path that stands for `path`, if it concerns the node.
fn led(path: *const c_char) -> Option<CString> {
    let node = (!path.is_null()).then(node)??;
    // SAFETY: not null, and C strings is what the callers' functions take.
    let text = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    CString::new(tree::led(&node.root, text)?.as_os_str().as_bytes()).ok()
}

/// Whether the path is the node's own.
fn is_node(path: &CStr) -> bool {
    path.to_bytes().ends_with(tree::NODE.as_bytes())
        && path.to_bytes().windows(9).any(|w| w == b"/dev/dri/")
}

/// A descriptor of the node, for a call that opens `path`.
fn opened(path: *const c_char) -> Option<Result<c_int, CString>> {
    let path = led(path)?;
    if !is_node(&path) {
        return Some(Err(path));
    }
    let file = node()?.state().memory.file().as_raw_fd();
    // SAFETY: a descriptor that stays open, and plain flags.
    Some(Ok(unsafe { libc::fcntl(file, libc::F_DUPFD_CLOEXEC, 0) }))
}

macro_rules! open {
    ($($function:ident $name:literal)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
            match opened(path) {
                Some(Ok(fd)) => fd,
                Some(Err(led)) => {
                    let path = led.as_ptr();
                    real!($name, fn(path: *const c_char, flags: c_int, mode: mode_t) -> c_int)
                }
                None => real!($name, fn(path: *const c_char, flags: c_int, mode: mode_t) -> c_int),
            }
        }
    )* };
}
open!(open "open" open64 "open64");

macro_rules! openat {
    ($($function:ident $name:literal)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
            match opened(path) {
                Some(Ok(fd)) => fd,
                Some(Err(led)) => {
                    let path = led.as_ptr();
                    real!($name, fn(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int)
                }
                None => real!($name, fn(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int),
            }
        }
    )* };
}
openat!(openat "openat" openat64 "openat64");

/// Functions whose first argument is the only path.
macro_rules! with_path {
    ($($function:ident $name:literal ($($argument:ident: $kind:ty),*) -> $result:ty;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(path: *const c_char $(, $argument: $kind)*) -> $result {
            let led = led(path);
            let path = led.as_ref().map_or(path, |led| led.as_ptr());
            real!($name, fn(path: *const c_char $(, $argument: $kind)*) -> $result)
        }
    )* };
}
with_path! {
    fopen "fopen" (mode: *const c_char) -> *mut FILE;
    fopen64 "fopen64" (mode: *const c_char) -> *mut FILE;
    access "access" (mode: c_int) -> c_int;
    opendir "opendir" () -> *mut DIR;
    readlink "readlink" (buffer: *mut c_char, size: size_t) -> ssize_t;
    realpath "realpath" (buffer: *mut c_char) -> *mut c_char;
}

/// Makes a file's description that of a character device with the node's numbers.
macro_rules! describe {
    ($about:expr) => {{
        // SAFETY: the real function has just filled the structure.
        let about = unsafe { &mut *$about };
        about.st_mode = libc::S_IFCHR | 0o666;
        about.st_rdev = libc::makedev(tree::NUMBERS.0, tree::NUMBERS.1);
    }};
}

macro_rules! stat_path {
    ($($function:ident $name:literal $kind:ty;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(path: *const c_char, about: *mut $kind) -> c_int {
            let led = led(path);
            let path = led.as_ref().map_or(path, |led| led.as_ptr());
            let result = real!($name, fn(path: *const c_char, about: *mut $kind) -> c_int);
            if result == 0 && led.is_some_and(|led| is_node(&led)) {
                describe!(about);
            }
            result
        }
    )* };
}
stat_path! {
    stat "stat" libc::stat;
    stat64 "stat64" libc::stat64;
    lstat "lstat" libc::stat;
    lstat64 "lstat64" libc::stat64;
}

macro_rules! stat_open {
    ($($function:ident $name:literal $kind:ty;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(fd: c_int, about: *mut $kind) -> c_int {
            let result = real!($name, fn(fd: c_int, about: *mut $kind) -> c_int);
            if result == 0 && is_open_node(fd) {
                describe!(about);
            }
            result
        }
    )* };
}
stat_open! {
    fstat "fstat" libc::stat;
    fstat64 "fstat64" libc::stat64;
}

macro_rules! stat_at {
    ($($function:ident $name:literal $kind:ty;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $function(at: c_int, path: *const c_char, about: *mut $kind, flags: c_int) -> c_int {
            let led = led(path);
            let path = led.as_ref().map_or(path, |led| led.as_ptr());
            let result =
                real!($name, fn(at: c_int, path: *const c_char, about: *mut $kind, flags: c_int) -> c_int);
            if result == 0 && led.is_some_and(|led| is_node(&led)) {
                describe!(about);
            }
            result
        }
    )* };
}
stat_at! {
    fstatat "fstatat" libc::stat;
    fstatat64 "fstatat64" libc::stat64;
}

/// Whether the descriptor is one of the node's.
fn is_open_node(fd: c_int) -> bool {
    let Some(node) = node() else { return false };
    // SAFETY: all bytes zero is a value of this plain structure.
    let mut about: libc::stat64 = unsafe { std::mem::zeroed() };
    let place: *mut libc::stat64 = &raw mut about;
    let result = real!("fstat64", fn(fd: c_int, place: *mut libc::stat64) -> c_int);
    result == 0 && node.is(about.st_dev, about.st_ino)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    if (request >> 8) & 0xFF != DRM || !is_open_node(fd) {
        return real!("ioctl", fn(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int);
    }
    // `is_open_node` found one.
    let answer = || {
        node().map_or(Err(libc::ENODEV), |node| dispatch::request(node, request, argument as u64))
    };
    // A panic would end the program.
    match std::panic::catch_unwind(answer).unwrap_or(Err(libc::EIO)) {
        Ok(()) => 0,
        Err(number) => {
            set_errno(number);
            -1
        }
    }
}
