//! Lines of a recording.

use std::fmt::{Display, Write};

use crate::memory::Space;

/// One `name = value` line.
pub(super) fn line(text: &mut String, name: impl Display, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name} = {value}");
}

/// Values with a blank between them.
pub(super) fn joined(values: &[i64]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// FNV-1a of 64 bits: tells contents apart, with no claim to more.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// One tile's bytes: how many, and their hash.
pub(super) fn tile(text: &mut String, space: &Space, index: usize, start: Option<u64>, size: u64) {
    let name = format_args!("tile.{index}").to_string();
    match start.and_then(|at| space.read(at, size)) {
        Some(bytes) => {
            line(text, name, format_args!("{size} bytes, fnv1a64 {:016x}", hash(&bytes)));
        }
        None => line(text, name, format_args!("{size} bytes, outside of memory")),
    }
}
