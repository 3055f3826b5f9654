//! How deep boxes are nested: the crate decodes them recursively, and the stack has an end.

use std::{io, thread};

/// Boxes in boxes that are read. Those of a file as it should be are about ten, and as many bytes
/// again may look like some.
const MAX_DEPTH: usize = 96;

/// Kinds of boxes that have children for the crate.
const PARENTS: [&[u8; 4]; 56] = [
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"dinf", b"edts", b"mvex", b"moof",
    b"traf", b"mfra", b"udta", b"meta", b"ilst", b"iprp", b"ipco", b"av01", b"avc1", b"avc3",
    b"hvc1", b"hev1", b"vp08", b"vp09", b"dvh1", b"dvhe", b"uncv", b"jpeg", b"mp4a", b"wave",
    b"Opus", b"fLaC", b"ac-3", b"ec-3", b".mp3", b"samr", b"ipcm", b"fpcm", b"sowt", b"twos",
    b"lpcm", b"in24", b"in32", b"fl32", b"fl64", b"s16l", b"tx3g", b"wvtt", b"urim", b"mett",
    b"metx", b"mebx", b"evte", b"vexu", b"sv3d", b"proj",
];

/// Bytes of the stack that boxes are decoded on: without optimization a box in a box takes 64 KiB.
const STACK: usize = 64 << 20;

/// Bytes of a box header.
const HEADER: usize = 8;

/// Whether boxes in `body` are nested deeper than is read. Whatever looks like a box counts, since
/// where a box has its children depends on what it is: they are never too few.
pub(super) fn is_too_deep(body: &[u8]) -> bool {
    // Where the boxes that have begun end.
    let mut ends = Vec::with_capacity(MAX_DEPTH + 1);
    for (at, header) in body.windows(HEADER).enumerate() {
        let Some(end) = end(body, at, header).filter(|end| *end <= body.len()) else { continue };
        ends.retain(|end| *end > at);
        ends.push(end);
        if ends.len() > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// What `decode` gives, on a stack that boxes of the greatest depth fit on.
///
/// # Errors
/// There can be no such stack.
pub(super) fn on_large_stack<T: Send>(decode: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = thread::Builder::new().name("mp4".into()).stack_size(STACK);
        let joined = thread.spawn_scoped(scope, decode)?.join();
        joined.map_err(|_| io::Error::other("the decoder of MP4 boxes has panicked"))
    })
}

/// Where the box at `at` ends, if it is one.
fn end(body: &[u8], at: usize, header: &[u8]) -> Option<usize> {
    let (size, kind) = header.split_at_checked(4)?;
    // Names are ASCII, but for a copyright sign.
    if !kind.iter().all(|byte| matches!(byte, 0x20..=0x7e | 0xa9)) {
        return None;
    }
    let size = match u32::from_be_bytes(size.try_into().ok()?) {
        // Up to the end of what is around, which is not known. Before text there are zeros as well.
        0 if PARENTS.iter().any(|parent| parent[..] == *kind) => return Some(body.len()),
        0 => return None,
        1 => {
            let large = body.get(at + HEADER..at + 2 * HEADER)?.try_into().ok()?;
            usize::try_from(u64::from_be_bytes(large)).ok()?
        }
        size => size as usize,
    };
    (size >= HEADER).then_some(at.checked_add(size)?)
}

#[cfg(test)]
mod tests {
    use mp4_atom::{Atom as _, Meta, Moof, Moov};

    use super::*;

    /// `count` boxes, each in the one before, with `between` bytes in front of a child.
    fn nested(kind: &[u8; 4], count: usize, between: usize) -> Vec<u8> {
        let mut body = Vec::new();
        for left in (1..=count).rev() {
            body.extend(((HEADER + between) as u32 * left as u32).to_be_bytes());
            body.extend(kind);
            body.resize(body.len() + between, 0);
        }
        body
    }

    #[test]
    fn boxes_in_boxes_are_counted() {
        for between in [0, 4, 78] {
            // The last byte of a size may look like a letter, and then a box counts twice.
            assert!(!is_too_deep(&nested(b"meta", MAX_DEPTH / 2, between)));
            assert!(is_too_deep(&nested(b"meta", MAX_DEPTH + 1, between)));
        }
        assert!(is_too_deep(&b"\0\0\0\0moov".repeat(MAX_DEPTH + 1)));
    }

    #[test]
    fn boxes_beside_boxes_are_not() {
        assert!(!is_too_deep(&nested(b"meta", 10, 4).repeat(1000)));
    }

    #[test]
    fn what_is_not_too_deep_does_not_overflow_the_stack() {
        let decode = || {
            for kind in PARENTS {
                for between in [0, 4] {
                    let body = nested(kind, MAX_DEPTH, between);
                    let _broken = Moov::decode_body(&mut &body[..]);
                    let _broken = Moof::decode_body(&mut &body[..]);
                    let body = [&[0; 4][..], &body].concat();
                    let _broken = Meta::decode_body(&mut &body[..]);
                }
            }
        };
        on_large_stack(decode).expect("a stack");
    }
}
