//! Where the frames of a Matroska track are, from the headers of its blocks (RFC 9559, 10) alone:
//! the demuxer gives frames in order only, and Cues may be missing or name a few.

use std::io::{Read as _, SeekFrom};

use crate::container::{ReadSeek, fault};
use crate::error::{LimitError, Result, StreamError, Unsupported};

const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;
const REFERENCE_BLOCK: u64 = 0xfb;
const SEEK_HEAD: u64 = 0x114d_9b74;
const CUES: u64 = 0x1c53_bb6b;
const CRC_32: u64 = 0xbf;
const VOID: u8 = 0xec;
/// Of an identifier of four bytes that means nothing.
const UNKNOWN: u8 = 0x1f;

/// Bytes of an identifier and a size, at most.
const ELEMENT: u64 = 4 + 8;
/// Bytes of a block before its frame, at most.
const BLOCK_HEADER: u64 = 8 + 2 + 1;
/// Bytes of a seek head that are looked at: it has a few entries of 20 bytes.
const SEEK_HEAD_BYTES: u64 = 4096;
/// Blocks that are remembered: those of three days at 60 frames a second.
const MAX_BLOCKS: u64 = 1 << 24;

/// A block that holds one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Where the frame is in the file.
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// In ticks of the segment.
    pub(super) time: u64,
    /// Whether it refers to no other, as the file says.
    pub(super) is_key: bool,
}

/// The blocks of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) list: Vec<Block>,
    /// What ends them early.
    pub(super) fault: Option<StreamError>,
}

/// An element (RFC 8794, 4 to 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Element {
    id: u64,
    /// Where its body starts.
    body: u64,
    /// Bytes of the body; `None` where they are unknown.
    size: Option<u64>,
}

impl Element {
    /// Where it ends; the end of everything where that is unknown.
    fn end(&self) -> u64 {
        self.size.map_or(u64::MAX, |size| self.body.saturating_add(size))
    }
}

/// A number that says how long it is (RFC 8794, 4), at byte `from` of `bytes`, with its marker, and
/// its bytes: `most` at most.
fn coded(bytes: &[u8], from: usize, most: u32) -> Option<(u64, usize)> {
    let zeros = bytes.get(from)?.leading_zeros();
    let coded = bytes.get(from..=from + zeros as usize).filter(|_| zeros < most)?;
    let value = coded.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value, coded.len()))
}

/// The value bits of a number of `bytes` bytes: all but the marker.
fn value_bits(bytes: usize) -> u64 {
    (1 << (7 * bytes)) - 1
}

/// Up to `count` bytes at `at`.
fn bytes_at(reader: &mut dyn ReadSeek, at: u64, count: u64) -> Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(count as usize);
    reader.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The element at `at`, if there is one.
fn element(reader: &mut dyn ReadSeek, at: u64) -> Result<Option<Element>> {
    let bytes = bytes_at(reader, at, ELEMENT)?;
    let found = || {
        let (id, length) = coded(&bytes, 0, 4)?;
        let (size, more) = coded(&bytes, length, 8)?;
        let size = size & value_bits(more);
        let body = at.checked_add((length + more) as u64)?;
        Some(Element { id, body, size: (size != value_bits(more)).then_some(size) })
    };
    Ok(found())
}

/// What has to be changed so that the crate opens the file, of `end` bytes. It looks for the seek
/// head behind a checksum at the start of the segment for ever, and trusts a seek head that points
/// behind the end of a file that was cut; that is hidden, so that it goes from element to element.
/// So are the Cues, whose positions it adds up unchecked.
pub(super) fn patches(reader: &mut dyn ReadSeek, end: u64) -> Result<Vec<(u64, u8)>> {
    let mut patches = Vec::new();
    let Some(header) = element(reader, 0)? else { return Ok(patches) };
    let Some(segment) = element(reader, header.end())? else { return Ok(patches) };
    let (mut at, mut has_seek_head) = (segment.body, false);
    while at < end {
        let Some(element) = element(reader, at)? else { break };
        match element.id {
            CRC_32 if at == segment.body => patches.push((at, VOID)),
            SEEK_HEAD if segment.end() > end => patches.push((at, UNKNOWN)),
            SEEK_HEAD => {
                has_seek_head = true;
                let size = element.size.unwrap_or(0).min(SEEK_HEAD_BYTES);
                let body = bytes_at(reader, element.body, size)?;
                let cues = (CUES as u32).to_be_bytes();
                let named = body.windows(4).enumerate().filter(|(_, id)| *id == cues);
                patches.extend(named.map(|(i, _)| (element.body + i as u64, UNKNOWN)));
            }
            CUES => patches.push((at, UNKNOWN)),
            // What is behind is found by the seek head alone, if there is one.
            CLUSTER if has_seek_head || element.size.is_none() => break,
            _ => {}
        }
        at = element.end();
    }
    Ok(patches)
}

/// What a walk comes to.
enum Found {
    Block {
        track: u64,
        has_lacing: bool,
        block: Block,
    },
    /// The last block refers to another.
    Reference,
}

/// A walk over the elements of a file.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    at: u64,
    /// Bytes of the file.
    end: u64,
    /// Where the segment ends, once it was come to.
    segment_end: u64,
    /// Timestamp of the cluster.
    cluster: u64,
    track: u64,
}

impl Walk {
    /// Over a file of `end` bytes, from its start, for the blocks of track `track`.
    pub(super) fn new(end: u64, track: u64) -> Self {
        Self { at: 0, end, segment_end: 0, cluster: 0, track }
    }

    /// The next block of the track.
    ///
    /// # Errors
    /// The file cannot be read, is broken or cut; or a block has lacing, which makes several frames
    /// of it.
    pub(super) fn next_block(&mut self, reader: &mut dyn ReadSeek) -> Result<Option<Block>> {
        while let Some(found) = self.step(reader)? {
            if let Some(block) = self.of_track(&found)? {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    /// All blocks of the track.
    ///
    /// # Errors
    /// As [`Self::next_block`], but that a file may be broken or cut; too many blocks.
    pub(super) fn all(mut self, reader: &mut dyn ReadSeek) -> Result<Blocks> {
        let mut blocks = Blocks::default();
        let mut is_last_ours = false;
        loop {
            let found = match self.step(reader) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(blocks),
                Err(crate::error::Error::Stream(fault)) => {
                    blocks.fault = Some(fault);
                    return Ok(blocks);
                }
                Err(error) => return Err(error),
            };
            if let (Found::Reference, true) = (&found, is_last_ours) {
                blocks.list.last_mut().into_iter().for_each(|block| block.is_key = false);
                continue;
            }
            let block = self.of_track(&found)?;
            is_last_ours = block.is_some();
            blocks.list.extend(block);
            let (value, limit) = (blocks.list.len() as u64, MAX_BLOCKS);
            if value > limit {
                return Err(LimitError { what: "blocks of a Matroska track", value, limit }.into());
            }
        }
    }

    /// The block, if it is of the track.
    fn of_track(&self, found: &Found) -> Result<Option<Block>> {
        match found {
            Found::Block { track, has_lacing: true, .. } if *track == self.track => {
                Err(Unsupported::Stream("a Matroska track of video with lacing".into()).into())
            }
            Found::Block { track, block, .. } => Ok((*track == self.track).then_some(*block)),
            Found::Reference => Ok(None),
        }
    }

    /// The next thing that is of use.
    fn step(&mut self, reader: &mut dyn ReadSeek) -> Result<Option<Found>> {
        let broken = |what, at| fault(what, at, Some("RFC 9559, 10"));
        while self.at < self.end {
            let at = self.at;
            let Some(element) = element(reader, at)? else {
                // What follows the segment is no matter of ours.
                self.at = self.end;
                return match at < self.segment_end {
                    true => Err(broken("an element is cut short, or broken", at).into()),
                    false => Ok(None),
                };
            };
            self.at = element.body;
            match element.id {
                SEGMENT => self.segment_end = element.end(),
                // What is in them is walked like what is beside them.
                CLUSTER | BLOCK_GROUP => {}
                TIMESTAMP => {
                    let bytes = bytes_at(reader, element.body, element.size.unwrap_or(0).min(8))?;
                    self.cluster =
                        bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
                    self.at = element.end();
                }
                SIMPLE_BLOCK | BLOCK => {
                    self.at = element.end();
                    let found = block(reader, &element, self.cluster, self.end)?;
                    if found.is_none() {
                        self.at = self.end;
                        let what = "a block is cut short, or broken";
                        return Err(broken(what, element.body).into());
                    }
                    return Ok(found);
                }
                REFERENCE_BLOCK => {
                    self.at = element.end();
                    return Ok(Some(Found::Reference));
                }
                _ => self.at = element.end(),
            }
        }
        // Said once.
        let is_cut =
            self.at != u64::MAX && self.segment_end != u64::MAX && self.segment_end > self.end;
        self.at = u64::MAX;
        match is_cut {
            true => Err(broken("the file ends before its segment does", self.end).into()),
            false => Ok(None),
        }
    }
}

/// The block of `element`, in a cluster of time `cluster`; `None` if it is broken, or cut by the
/// end of the file.
fn block(
    reader: &mut dyn ReadSeek,
    element: &Element,
    cluster: u64,
    end: u64,
) -> Result<Option<Found>> {
    let Some(size) = element.size.filter(|_| element.end() <= end) else { return Ok(None) };
    let bytes = bytes_at(reader, element.body, size.min(BLOCK_HEADER))?;
    let head = || {
        let (track, length) = coded(&bytes, 0, 8)?;
        let time = bytes.get(length..length + 2)?;
        let flags = *bytes.get(length + 2)?;
        let relative = i16::from_be_bytes(time.try_into().ok()?);
        let header = length as u64 + 3;
        let block = Block {
            offset: element.body + header,
            bytes: size - header,
            time: cluster.checked_add_signed(relative.into())?,
            // A block in a group is a key until its references come.
            is_key: element.id == BLOCK || flags & 0x80 != 0,
        };
        let (track, has_lacing) = (track & value_bits(length), flags & 6 != 0);
        Some(Found::Block { track, has_lacing, block })
    };
    Ok(head())
}
