//! A walk over the elements of a file, in order. It knows which of them can stand where and how far
//! each may reach, so it passes over what it does not need, and sees damage; behind that it goes on
//! at the next cluster.

mod repair;

use super::block::{self, Header};
use super::ebml::{self, Head, MAX_HEAD, id};
use super::search::{CHUNK, OVERLAP, find, go, search};
use super::track::{Info, Track, tracks};
use crate::bytes::Bytes;
use crate::error::{Result, StreamError};
use crate::fault;

/// Bytes that are looked ahead at in what can be read once.
const AHEAD: u64 = 8 << 20;
/// Bytes that one goes back after damage at least, all in all.
const MAX_BACK: u64 = 16 << 20;
/// Bytes of a CRC-32 element.
const CHECKSUM: u64 = 1 + 1 + 4;
/// Bytes of Tracks and Info at most.
const HEAD_BYTES: u64 = 16 << 20;
/// Where the elements are defined.
const SECTION: Option<&str> = Some("RFC 9559, 5 and 10");

/// What the end of a file that was cut is.
const CUT: &str = "the file ends before its segment does";
/// What an element is whose size is wrong.
const LONG: &str = "an element is longer than what it is in";

/// What a walk comes to.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// DocType.
    DocType(String),
    Segment,
    Info(Info),
    Tracks(Vec<Track>),
    Cluster,
    /// What is damage if frames are missing by their times.
    Doubt(StreamError),
    /// A block of the track.
    Block(Block),
    /// The last block, of whichever track, refers to another.
    Reference,
    /// A block of another track.
    Other,
    /// What cannot be read.
    Damage(StreamError),
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) header: Header,
    /// In ticks of the segment, if the cluster says when it is.
    pub(super) time: Option<i64>,
    /// Where its header is in the file.
    pub(super) body: u64,
    /// Bytes of header and frames, as far as they are there.
    pub(super) size: u64,
    /// Whether the file ends in it.
    pub(super) is_cut: bool,
    /// Whether it refers to no other, as far as it says.
    pub(super) is_key: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Where the next element is.
    at: u64,
    /// Bytes of the file; `None` of what is read once.
    length: Option<u64>,
    /// Ends of what is open, where they are known.
    is_in_segment: bool,
    segment_end: Option<u64>,
    is_in_cluster: bool,
    /// Whether the last thing that was left is a cluster.
    was_in_cluster: bool,
    cluster_end: Option<u64>,
    group_end: Option<u64>,
    /// Timestamp of the cluster.
    time: Option<u64>,
    /// Up to where nothing was skipped by a size that may be wrong.
    trusted: u64,
    /// Bytes that were gone back after damage.
    gone_back: u64,
    /// Where a block is whose identifier is wrong, or whose size is: what it is then.
    mended: Option<(u64, Option<u64>)>,
    /// The track that is asked for.
    pub(super) track: Option<u64>,
    /// Bytes of a block that are looked ahead at, at most.
    block_bytes: u64,
    is_ended: bool,
}

impl Walk {
    /// Over a file of `length` bytes, from its start, in which blocks have `block_bytes` at most.
    pub(super) fn new(length: Option<u64>, block_bytes: u64) -> Self {
        Self {
            at: 0,
            length,
            is_in_segment: false,
            segment_end: None,
            is_in_cluster: false,
            was_in_cluster: false,
            cluster_end: None,
            group_end: None,
            time: None,
            trusted: 0,
            gone_back: 0,
            mended: None,
            track: None,
            block_bytes,
            is_ended: false,
        }
    }

    /// The next thing that is of use; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn step(&mut self, bytes: &mut Bytes) -> Result<Option<Found>> {
        while !self.is_ended {
            bytes.keep(self.trusted);
            go(bytes, self.at)?;
            self.leave();
            let window = bytes.peek(MAX_HEAD)?;
            let is_short = window.len() < MAX_HEAD;
            let found = match ebml::head(window) {
                Some(head) => {
                    let head = self.mended(head);
                    self.element(bytes, &head)?
                }
                None if is_short => return Ok(self.end(bytes)),
                None => self.damage(bytes, "what is here is no element")?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Takes note of what ends here.
    fn leave(&mut self) {
        let is_over = |end: Option<u64>| end.is_some_and(|end| self.at >= end);
        let (group, cluster) = (is_over(self.group_end), is_over(self.cluster_end));
        if is_over(self.segment_end) {
            self.leave_segment();
        } else if cluster {
            self.leave_cluster();
        } else if group {
            self.group_end = None;
        }
    }

    fn leave_cluster(&mut self) {
        self.was_in_cluster |= self.is_in_cluster;
        (self.is_in_cluster, self.cluster_end, self.group_end) = (false, None, None);
    }

    fn leave_segment(&mut self) {
        self.leave_cluster();
        (self.is_in_segment, self.segment_end) = (false, None);
    }

    /// An element that stands in no cluster ends the one that is open, if that is not whole yet.
    fn ends_early(&mut self, id: u32) -> Option<Found> {
        let is_outer = matches!(id, id::EBML | id::SEGMENT);
        let is_above = is_outer || id::is_in_segment(id) && !id::is_global(id);
        let is_short = self.is_in_cluster && is_above && self.cluster_end.is_some();
        if is_short {
            self.leave_cluster();
        }
        let what = "a cluster is longer than what is in it, and frames are missing";
        is_short.then(|| Found::Doubt(fault(what, self.at, SECTION)))
    }

    /// The element of `head`, at `self.at`, where `bytes` is.
    fn element(&mut self, bytes: &mut Bytes, head: &Head) -> Result<Option<Found>> {
        let body = self.at + head.length as u64;
        let end = head.size.and_then(|size| body.checked_add(size));
        if let Some(found) = self.ends_early(head.id) {
            return Ok(Some(found));
        }
        match head.id {
            id::EBML => {
                self.leave_segment();
                self.at = body;
            }
            id::SEGMENT => {
                self.leave_segment();
                // A size of zero was to be written later.
                (self.is_in_segment, self.segment_end) = (true, end.filter(|end| *end > body));
                self.at = body;
                return Ok(Some(Found::Segment));
            }
            id::CLUSTER => {
                self.leave_cluster();
                // Of the two the segment is less often right: its size is written last.
                if end > self.segment_end {
                    self.segment_end = None;
                }
                (self.is_in_cluster, self.cluster_end, self.time) = (true, end, None);
                (self.at, self.trusted) = (body, body);
                return Ok(Some(Found::Cluster));
            }
            id::INFO | id::TRACKS => return self.description(bytes, head, body).map(Some),
            id if self.is_of_cluster(id) => {
                return self.in_cluster(bytes, head, body, end);
            }
            id::DOC_TYPE if !self.is_in_segment && head.size.is_some_and(|size| size < 64) => {
                bytes.take(head.length)?;
                let text = ebml::string(bytes.take(head.size.unwrap_or(0) as usize)?);
                self.at = end.unwrap_or(body);
                return Ok(Some(Found::DocType(text)));
            }
            _ => return self.pass(bytes, head.id, end),
        }
        Ok(None)
    }

    /// Whether `id` is at its place in a cluster: in one, or behind one of which the size is wrong.
    fn is_of_cluster(&mut self, id: u32) -> bool {
        if !self.is_in_cluster && self.was_in_cluster && id::is_block(id) {
            self.is_in_cluster = true;
        }
        self.is_in_cluster && id::is_in_cluster(id)
    }

    /// Reads Info or Tracks.
    fn description(&mut self, bytes: &mut Bytes, head: &Head, body: u64) -> Result<Found> {
        self.leave_cluster();
        bytes.take(head.length)?;
        let fits = |size: &u64| {
            let end = body.saturating_add(*size);
            *size <= HEAD_BYTES && self.bound().is_none_or(|bound| end <= bound)
        };
        let size = match head.size.filter(fits) {
            Some(size) if self.is_followed(bytes, body + size)? != Some(false) => size as usize,
            // Where nothing follows it, the next element may be in it.
            size => {
                let most = size.map_or(CHUNK, |size| size as usize);
                let window = bytes.peek(most + OVERLAP)?;
                let next = find(window, true).filter(|next| *next < most);
                next.unwrap_or_else(|| ebml::extent(window).min(most))
            }
        };
        let data = bytes.take(size)?;
        let found = match head.id {
            id::INFO => Found::Info(Info::read(data)),
            _ => Found::Tracks(tracks(data)),
        };
        (self.at, self.trusted) = (body + size as u64, body);
        Ok(found)
    }

    /// The element of `head` in a cluster.
    fn in_cluster(
        &mut self,
        bytes: &mut Bytes,
        head: &Head,
        body: u64,
        end: Option<u64>,
    ) -> Result<Option<Found>> {
        let is_number = matches!(head.id, id::TIMESTAMP | id::POSITION | id::PREV_SIZE);
        match (head.id, head.size) {
            (id::BLOCK_GROUP, _) => {
                let end = end.filter(|end| self.bound().is_none_or(|bound| *end <= bound));
                (self.group_end, self.at) = (end, body);
            }
            (_, Some(size)) if is_number && size > 8 => {
                return self.damage(bytes, "a number has more than eight bytes");
            }
            (id::TIMESTAMP, Some(size)) => {
                bytes.take(head.length)?;
                self.time = Some(ebml::unsigned(bytes.take(size as usize)?));
                self.at = body + size;
            }
            (id::SIMPLE_BLOCK | id::BLOCK, Some(size)) => {
                return self.block(bytes, head, body, size);
            }
            (id::REFERENCE_BLOCK, Some(size)) if size <= 8 => {
                self.at = body + size;
                return Ok(Some(Found::Reference));
            }
            _ => return self.pass(bytes, head.id, end),
        }
        Ok(None)
    }

    /// The block of `head`.
    fn block(
        &mut self,
        bytes: &mut Bytes,
        head: &Head,
        body: u64,
        size: u64,
    ) -> Result<Option<Found>> {
        let end = body.saturating_add(size);
        if !self.reaches(bytes, end)? {
            return self.damage(bytes, LONG);
        }
        bytes.take(head.length)?;
        let start = bytes.peek((block::HEADER as u64).min(size) as usize)?;
        let track = ebml::number(start).map(|(track, _)| track);
        let is_other = track.is_some() && track != self.track;
        let wanted = if Header::has_lacing(start) { block::LACED_HEADER } else { block::HEADER };
        let there = match self.length {
            Some(length) => size.min(length.saturating_sub(body)),
            // What is read once has to be at hand to be known.
            None if size <= self.block_bytes && !is_other => {
                bytes.peek(size as usize)?.len() as u64
            }
            None => size,
        };
        let is_cut = there < size;
        if is_cut {
            let next = match self.length {
                Some(_) => search(bytes, body)?,
                None => find(bytes.peek(there as usize)?, true).map(|next| body + next as u64),
            };
            if let Some(next) = next {
                let damage = Found::Damage(fault(LONG, self.at, SECTION));
                self.resume(next);
                return Ok(Some(damage));
            }
        }
        if is_other {
            (self.at, self.trusted) = (end, body);
            return Ok(Some(Found::Other));
        }
        go(bytes, body)?;
        let header = Header::read(bytes.peek((wanted as u64).min(there) as usize)?, there);
        let at = std::mem::replace(&mut self.at, end);
        self.trusted = body;
        let Some(header) = header else {
            let what = "a block is broken";
            return Ok((!is_cut).then(|| Found::Damage(fault(what, at, SECTION))));
        };
        let cluster = self.time.map(|time| i64::try_from(time).unwrap_or(i64::MAX));
        let time = cluster.map(|cluster| cluster.saturating_add(header.time.into()));
        // A block in a group is a key until its references come.
        let is_key = head.id == id::BLOCK || header.is_key;
        Ok(Some(Found::Block(Block { header, time, body, size: there, is_cut, is_key })))
    }

    /// Passes over an element that is of no use.
    fn pass(&mut self, bytes: &mut Bytes, id: u32, end: Option<u64>) -> Result<Option<Found>> {
        let is_known = match self.is_in_segment {
            true => id::is_in_segment(id) || self.is_in_cluster && id::is_in_cluster(id),
            false => id::is_outer(id) || id::is_in_segment(id),
        };
        let Some(end) = end else { return self.damage(bytes, "an element has no size") };
        if id == id::CRC_32 && end - self.at != CHECKSUM {
            return self.damage(bytes, "a checksum has another size");
        }
        if !is_known && !self.is_in_segment {
            return self.damage(bytes, "what is here is no element");
        }
        if !self.reaches(bytes, end)? {
            return self.damage(bytes, LONG);
        }
        // One can go back to what should not have been passed over, but not far in a pipe.
        let is_near = bytes.is_seekable() || end - self.at <= CHUNK as u64;
        let is_certain = is_known && is_near;
        if !is_certain {
            let is_right = match self.is_followed(bytes, end)? {
                Some(is_followed) => is_followed,
                // Attachments may be large, and padding is not.
                None => is_known && !id::is_global(id),
            };
            if !is_right {
                return self.damage(bytes, "what is here is no element");
            }
        }
        if !self.is_there(bytes, end)? {
            return self.damage(bytes, CUT);
        }
        if let Some(found) = self.swallowed(bytes, id, end)? {
            return Ok(Some(found));
        }
        if self.is_in_cluster && id::is_in_segment(id) && !id::is_global(id) {
            self.leave_cluster();
        }
        if self.is_in_cluster && !is_known && self.is_block(bytes)? {
            self.mended = Some((self.at, None));
            let what = "a block has the identifier of something else";
            return Ok(Some(Found::Damage(fault(what, self.at, SECTION))));
        }
        let at = std::mem::replace(&mut self.at, end);
        let what = "an element is not known, and frames are missing";
        let is_doubtful = self.is_in_cluster && !is_known;
        Ok(is_doubtful.then(|| Found::Doubt(fault(what, at, SECTION))))
    }

    /// Where what is open ends, as far as it is known.
    fn bound(&self) -> Option<u64> {
        let ends = [self.group_end, self.cluster_end, self.segment_end, self.length];
        ends.into_iter().flatten().min()
    }

    /// Whether an element may end at `end`: within what it is in, or where another follows, so that
    /// the size of what it is in is wrong.
    fn reaches(&mut self, bytes: &mut Bytes, end: u64) -> Result<bool> {
        let ends = [self.group_end, self.cluster_end, self.segment_end];
        if ends.into_iter().flatten().all(|outer| end <= outer) {
            return Ok(true);
        }
        let is_there = self.length.is_none_or(|length| end <= length);
        let is_right = is_there && self.is_followed(bytes, end)? == Some(true);
        if is_right {
            let longer = |outer: Option<u64>| outer.filter(|outer| end <= *outer);
            self.group_end = longer(self.group_end);
            self.cluster_end = longer(self.cluster_end);
            self.segment_end = longer(self.segment_end);
        }
        Ok(is_right)
    }

    /// Whether all up to `end` is there, as far as one can tell without taking it.
    fn is_there(&self, bytes: &mut Bytes, end: u64) -> Result<bool> {
        let ahead = end.saturating_sub(bytes.position());
        match self.length {
            Some(length) => Ok(end <= length),
            None => Ok(ahead > AHEAD || bytes.peek(ahead as usize)?.len() as u64 >= ahead),
        }
    }

    /// Whether an element that can stand there is at `end`, or nothing at all; `None` where that is
    /// not to be known yet.
    fn is_followed(&mut self, bytes: &mut Bytes, end: u64) -> Result<Option<bool>> {
        let here = bytes.position();
        let ahead = end.saturating_sub(here);
        let next = if bytes.is_seekable() {
            bytes.seek(end)?;
            let next = bytes.peek(MAX_HEAD)?.to_vec();
            bytes.seek(here)?;
            next
        } else if ahead > AHEAD {
            return Ok(None);
        } else {
            let window = bytes.peek(ahead as usize + MAX_HEAD)?;
            let Some(next) = window.get(ahead as usize..) else { return Ok(Some(false)) };
            next.to_vec()
        };
        let stands = |head: Head| {
            let is_inner = self.is_in_cluster && id::is_in_cluster(head.id);
            is_inner || id::is_in_segment(head.id) || id::is_outer(head.id)
        };
        Ok(Some(next.is_empty() || ebml::head(&next).is_some_and(stands)))
    }

    /// What is here cannot be read: goes on at the next cluster.
    fn lose(&mut self, bytes: &mut Bytes, what: &'static str) -> Result<Option<Found>> {
        let at = self.at;
        let is_outside = !self.is_in_segment && self.trusted > 0;
        // A file of nothing but damage is not gone through again and again.
        self.gone_back = self.gone_back.saturating_add(at.saturating_sub(self.trusted));
        let most = MAX_BACK.max(self.length.unwrap_or(0));
        let from = if self.gone_back <= most { self.trusted } else { at };
        bytes.go_back(from);
        let from = if bytes.is_seekable() { from } else { bytes.position() };
        let next = search(bytes, from)?;
        self.is_ended = next.is_none();
        let what = if what == CUT && next.is_some() { LONG } else { what };
        next.into_iter().for_each(|found| self.resume(found));
        // What follows the segment is no matter of ours.
        let is_said = !(is_outside && self.is_ended);
        Ok(is_said.then(|| Found::Damage(fault(what, at, SECTION))))
    }

    /// Goes on at `at`.
    fn resume(&mut self, at: u64) {
        self.leave_cluster();
        self.was_in_cluster = false;
        (self.at, self.trusted) = (at, at + 1);
    }

    /// The end of the file; whether it is that of what is open is said once.
    fn end(&mut self, bytes: &Bytes) -> Option<Found> {
        self.is_ended = true;
        let end = self.length.unwrap_or_else(|| bytes.position());
        let ends = [Some(self.at), self.group_end, self.cluster_end, self.segment_end];
        let is_cut = ends.into_iter().flatten().any(|claimed| claimed > end);
        is_cut.then(|| Found::Damage(fault(CUT, end, SECTION)))
    }
}
