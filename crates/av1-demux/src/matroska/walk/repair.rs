//! Where a cluster goes on behind an element that is broken: from there on, one element follows
//! another up to the end of the cluster.

use super::super::block::{self, Header};
use super::super::ebml::{self, Head, MAX_HEAD, id};
use super::super::search::{CHUNK, find, go};
use super::{AHEAD, Found, LONG, MAX_BACK, SECTION, Walk};
use crate::bytes::Bytes;
use crate::error::Result;
use crate::fault;
use av1_syntax::obu::{self, Framing};

impl Walk {
    /// What is here cannot be read: goes on in the cluster, or at the next one.
    pub(super) fn damage(
        &mut self,
        bytes: &mut Bytes,
        what: &'static str,
    ) -> Result<Option<Found>> {
        match self.repair(bytes, what)? {
            Some(found) => Ok(Some(found)),
            None => self.lose(bytes, what),
        }
    }

    /// Goes on at the next block of the cluster, if all that follows fits. The block that is here
    /// comes next, if its size alone is wrong.
    fn repair(&mut self, bytes: &mut Bytes, what: &'static str) -> Result<Option<Found>> {
        let Some(end) = self.cluster_end.filter(|_| self.is_in_cluster) else { return Ok(None) };
        let size = end.saturating_sub(self.at);
        self.gone_back = self.gone_back.saturating_add(size);
        let most = MAX_BACK.max(self.length.unwrap_or(0));
        if size > AHEAD || self.gone_back > most || self.length.is_some_and(|length| end > length) {
            return Ok(None);
        }
        bytes.go_back(self.at);
        go(bytes, self.at)?;
        let window = bytes.peek(size as usize)?;
        let inside = window.get(1..).filter(|_| window.len() as u64 == size).unwrap_or_default();
        let Some(next) = chain(inside).map(|next| next + 1) else { return Ok(None) };
        let damage = Found::Damage(fault(what, self.at, SECTION));
        let head = ebml::head(window).filter(|head| head.id == id::SIMPLE_BLOCK);
        let block = head.and_then(|head| Some((head, window.get(head.length..next)?)));
        match block.filter(|(_, block)| is_whole(block, self.track)) {
            Some((_, block)) => self.mended = Some((self.at, Some(block.len() as u64))),
            None => self.at += next as u64,
        }
        self.group_end = None;
        self.trusted = self.at;
        Ok(Some(damage))
    }

    /// Padding up to `end` that has swallowed what describes the stream: goes on there.
    pub(super) fn swallowed(
        &mut self,
        bytes: &mut Bytes,
        id: u32,
        end: u64,
    ) -> Result<Option<Found>> {
        let is_padding = id == id::VOID && self.track.is_none() && !self.is_in_cluster;
        let size = end.saturating_sub(self.at).min(CHUNK as u64) as usize;
        let inside = if is_padding { bytes.peek(size)? } else { &[] };
        let next = inside.get(1..).and_then(|inside| find(inside, true));
        Ok(next.map(|next| {
            let found = Found::Damage(fault(LONG, self.at, SECTION));
            self.resume(self.at + 1 + next as u64);
            found
        }))
    }

    /// What `head`, which is here, is if it is that of a block in which something is wrong.
    pub(super) fn mended(&self, head: Head) -> Head {
        match self.mended {
            Some((at, size)) if at == self.at => {
                Head { id: id::SIMPLE_BLOCK, size: size.or(head.size), ..head }
            }
            _ => head,
        }
    }

    /// Whether the element here, of which the identifier is not known, is a block of the track all the
    /// same.
    pub(super) fn is_block(&self, bytes: &mut Bytes) -> Result<bool> {
        let window = bytes.peek(MAX_HEAD + block::HEADER + 1)?;
        let is_block = || {
            let body = window.get(ebml::head(window)?.length..)?;
            let (track, length) = ebml::number(body)?;
            let (flags, first) = (*body.get(length + 2)?, *body.get(length + 3)?);
            // No reserved flag, no lacing, and an OBU.
            (Some(track) == self.track && flags & 0x76 == 0 && first & 0x81 == 0).then_some(())
        };
        Ok(is_block().is_some())
    }
}

/// The least offset in `window`, the rest of a cluster, from which elements of clusters follow each
/// other to its end. The first of them is a block.
pub(super) fn chain(window: &[u8]) -> Option<usize> {
    // Whether each place is one from which they do.
    let mut goes_on = vec![false; window.len() + 1];
    *goes_on.last_mut()? = true;
    let mut first = None;
    for at in (0..window.len()).rev() {
        let Some(head) = window.get(at..).and_then(ebml::head) else { continue };
        let end = head.size.and_then(|size| {
            let body = at + head.length;
            usize::try_from(size).ok().and_then(|size| body.checked_add(size))
        });
        let is_next = || goes_on.get(end?).copied().filter(|goes_on| *goes_on);
        if id::is_in_cluster(head.id) && is_next().is_some() {
            *goes_on.get_mut(at)? = true;
            if is_block(window, at, end?) {
                first = Some(at);
            }
        }
    }
    first
}

/// Whether the element from `at` to `end` is one of those that hold frames.
fn is_block(window: &[u8], at: usize, end: usize) -> bool {
    let inside = |at: usize| {
        let element = window.get(at..end)?;
        let head = ebml::head(element)?;
        Some((head, element.get(head.length..)?))
    };
    match inside(at) {
        Some((head, body)) if head.id == id::SIMPLE_BLOCK => {
            Header::read(body, body.len() as u64).is_some()
        }
        Some((head, body)) if head.id == id::BLOCK_GROUP => {
            ebml::head(body).is_some_and(|inner| id::is_in_cluster(inner.id))
        }
        _ => false,
    }
}

/// Whether `block` is one of `track` that holds a frame, whole, without lacing.
pub(super) fn is_whole(block: &[u8], track: Option<u64>) -> bool {
    let Some(header) = Header::read(block, block.len() as u64) else { return false };
    let data = block.get(header.length..).unwrap_or_default();
    let mut end = 0;
    let is_right = obu::obus(data, Framing::Section5).all(|obu| {
        let is_sized = data.get(end).is_some_and(|head| head & 2 != 0);
        obu.is_ok_and(|obu| {
            end = obu.end;
            is_sized
        })
    });
    Some(header.track) == track
        && !Header::has_lacing(block)
        && is_right
        && end == data.len()
        && end > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_goes_on_where_all_that_follows_fits() {
        let block = [0xa3, 0x86, 0x81, 0, 1, 0, 0x12, 0];
        let after = [&block[..], &[0xec, 0x81, 0xa3], &block].concat();
        for junk in [&[][..], &[0xab], &[0xa3, 0x8f, 1], &[0xa3, 0x90, 0x81, 0, 0, 0]] {
            let window = [junk, &after].concat();
            assert_eq!(chain(&window), Some(junk.len()), "{junk:?}");
            assert_ne!(chain(&window[..window.len() - 1]), Some(junk.len()), "{junk:?}");
        }
        assert_eq!(chain(&[0xec, 0x80]), None, "no block");
        assert_eq!(chain(&[]), None);
    }

    #[test]
    fn a_whole_block_ends_with_its_last_obu() {
        let block = [0x81, 0, 1, 0x80, 0x12, 0, 0x32, 2, 7, 7];
        assert!(is_whole(&block, Some(1)));
        assert!(!is_whole(&block, Some(2)), "another track");
        for cut in 0..block.len() {
            assert_eq!(is_whole(&block[..cut], Some(1)), cut == 6, "{cut}");
        }
        assert!(!is_whole(&[&block[..], &[7]].concat(), Some(1)));
    }

    #[test]
    fn a_cluster_of_the_least_elements_is_searched_once() {
        let window = [0xa0, 0x80].repeat(1 << 20);
        let started = std::time::Instant::now();
        assert_eq!(chain(&window), None);
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
