//! Where the frames of a Matroska track are, from the headers of its blocks (RFC 9559, 10) alone:
//! the demuxer gives frames in order only, and Cues may be missing or name a few.

use std::io::{Read, SeekFrom};

use crate::container::ReadSeek;
use crate::error::{LimitError, Result};

const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;
const REFERENCE_BLOCK: u64 = 0xfb;

/// Bytes of an identifier and a size, at most.
const ELEMENT: u64 = 4 + 8;
/// Bytes of a block before its frame, at most.
const BLOCK_HEADER: u64 = 8 + 2 + 1;
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
    /// Where the file is cut, or broken, inside a block.
    pub(super) broken: Option<u64>,
}

/// An element (RFC 8794, 4 to 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) id: u64,
    /// Where its body starts.
    pub(super) body: u64,
    /// Bytes of the body; `None` where they are unknown.
    pub(super) size: Option<u64>,
}

impl Element {
    /// Where it ends; the end of everything where that is unknown.
    pub(super) fn end(&self) -> u64 {
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
pub(super) fn element(reader: &mut dyn ReadSeek, at: u64) -> Result<Option<Element>> {
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

/// The blocks of track `track` in a file of `end` bytes, up to where the file is broken or cut;
/// `None` if there is lacing, which makes several frames of one block.
pub(super) fn of_track(reader: &mut dyn ReadSeek, end: u64, track: u64) -> Result<Option<Blocks>> {
    let mut blocks = Blocks::default();
    let (mut at, mut cluster, mut is_last_ours) = (0, 0, false);
    while at < end {
        let Some(element) = element(reader, at)? else { break };
        at = element.body;
        match element.id {
            // What is in them is walked like what is beside them.
            SEGMENT | CLUSTER => continue,
            BLOCK_GROUP => is_last_ours = false,
            TIMESTAMP => cluster = unsigned(reader, &element)?,
            SIMPLE_BLOCK | BLOCK => {
                let Some(block) = block(reader, &element, cluster, end)? else {
                    blocks.broken = Some(element.body);
                    break;
                };
                is_last_ours = block.track == track;
                if is_last_ours && block.has_lacing {
                    return Ok(None);
                }
                if is_last_ours {
                    blocks.list.push(block.block);
                }
            }
            REFERENCE_BLOCK if is_last_ours => {
                blocks.list.last_mut().into_iter().for_each(|block| block.is_key = false);
            }
            _ => {}
        }
        if element.id != BLOCK_GROUP {
            at = element.end();
        }
        let (value, limit) = (blocks.list.len() as u64, MAX_BLOCKS);
        if value > limit {
            return Err(LimitError { what: "blocks of a Matroska track", value, limit }.into());
        }
    }
    Ok(Some(blocks))
}

/// An unsigned integer.
fn unsigned(reader: &mut dyn ReadSeek, element: &Element) -> Result<u64> {
    let bytes = bytes_at(reader, element.body, element.size.unwrap_or(0).min(8))?;
    Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// What the header of a block says.
struct Head {
    track: u64,
    has_lacing: bool,
    block: Block,
}

/// The block of `element`, in a cluster of time `cluster`; `None` if it is broken, or cut by the
/// end of the file.
fn block(
    reader: &mut dyn ReadSeek,
    element: &Element,
    cluster: u64,
    end: u64,
) -> Result<Option<Head>> {
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
        Some(Head { track: track & value_bits(length), has_lacing: flags & 6 != 0, block })
    };
    Ok(head())
}
