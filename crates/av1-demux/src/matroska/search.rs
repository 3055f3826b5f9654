//! Where reading can go on after damage: at the next element of which one can be sure.

use super::ebml::{self, id};
use crate::bytes::Bytes;
use crate::error::Result;

/// Bytes that are searched at a time.
pub(super) const CHUNK: usize = 64 << 10;
/// Bytes at the end of them that are searched once more: an element may start there.
pub(super) const OVERLAP: usize = 32;

/// Goes to byte `at`; forward only in what is read once.
pub(super) fn go(bytes: &mut Bytes, at: u64) -> Result<()> {
    let here = bytes.position();
    match at.checked_sub(here) {
        Some(ahead) => bytes.skip(ahead)?,
        None if bytes.is_seekable() => bytes.seek(at)?,
        None => {}
    }
    Ok(())
}

/// Where the next element starts from `from` on that reading can go on at.
pub(super) fn search(bytes: &mut Bytes, from: u64) -> Result<Option<u64>> {
    go(bytes, from)?;
    loop {
        let at = bytes.position();
        let window = bytes.peek(CHUNK)?;
        let is_last = window.len() < CHUNK;
        if let Some(i) = find(window, is_last) {
            return Ok(Some(at + i as u64));
        }
        if is_last {
            return Ok(None);
        }
        bytes.take(CHUNK - OVERLAP)?;
    }
}

/// Where an element starts in `window` that reading can go on at; the last bytes are searched if
/// nothing follows them.
pub(super) fn find(window: &[u8], is_last: bool) -> Option<usize> {
    let end = if is_last { window.len() } else { window.len().saturating_sub(OVERLAP) };
    let is_rare = |first: &u8| matches!(first, 0x1f | 0x1a | 0x18 | 0x15 | 0x16);
    let mut candidates = window.iter().take(end).enumerate().filter(|(_, first)| is_rare(first));
    candidates.find(|(i, _)| is_start(window.get(*i..))).map(|(i, _)| i)
}

/// Whether a file, a segment, its description or a cluster starts `window`.
fn is_start(window: Option<&[u8]>) -> bool {
    let Some((window, head)) = window.and_then(|window| Some((window, ebml::head(window)?))) else {
        return false;
    };
    let inner = window.get(head.length..).and_then(ebml::head);
    match (head.id, inner) {
        (id::EBML | id::SEGMENT, Some(inner)) => {
            id::is_outer(inner.id) || id::is_in_segment(inner.id)
        }
        (id::INFO, Some(inner)) => id::is_in_info(inner.id),
        (id::TRACKS, Some(inner)) => inner.id == id::TRACK_ENTRY || id::is_global(inner.id),
        (id::CLUSTER, Some(inner)) => id::is_in_cluster(inner.id) || id::is_in_segment(inner.id),
        (id::CLUSTER, None) => window.len() < OVERLAP,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_alone_is_no_element() {
        let cluster = [0x1f, 0x43, 0xb6, 0x75, 0x90];
        let starts = |after: &[u8]| {
            let window = [&[0x1f, 0x43][..], &cluster, after, &[0; OVERLAP]].concat();
            find(&window, false)
        };
        assert_eq!(starts(&[0xe7, 0x81, 5]), Some(2));
        assert_eq!(starts(&[0xa3, 0x81, 5]), Some(2));
        // A SeekID, before its SeekPosition.
        assert_eq!(starts(&[0x53, 0xac, 0x81]), None);
        assert_eq!(find(&cluster, true), Some(0));
        assert_eq!(find(&cluster, false), None);
    }
}
