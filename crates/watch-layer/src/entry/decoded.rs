//! Frames that a batch decodes, and bitstreams that only the device can read.

use std::sync::Arc;

use crate::capture::OwnTiles;
use crate::state::{Decode, State};

/// A frame that a batch decodes.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    pub(super) session: u64,
    pub(super) frame: u64,
    /// The image and the layer of the output.
    pub(super) image: u64,
    pub(super) layer: u32,
    /// codedExtent of the output.
    pub(super) extent: (u32, u32),
    /// Its bitstream, if only the device can read that.
    pub(super) bitstream: Option<Arc<Bitstream>>,
}

/// A bitstream that only the device can read.
#[derive(Debug)]
pub(super) struct Bitstream {
    pub(super) buffer: u64,
    /// The range of the decode.
    pub(super) offset: u64,
    range: u64,
    /// Its tiles: offset in the range, and size.
    pub(super) spans: Vec<(u32, u32)>,
    /// Of the buffer: TRANSFER_SRC, and the families that share it.
    source: bool,
    families: Vec<u32>,
}

impl Bitstream {
    /// That of a decode.
    pub(super) fn of(state: &State, decode: &Decode) -> Result<Self, &'static str> {
        let spans = spans(state, decode)?;
        let buffer = state.buffers.get(&decode.buffer).ok_or("a buffer that is not known")?;
        Ok(Self {
            buffer: decode.buffer,
            offset: decode.offset,
            range: decode.range,
            spans,
            source: buffer.source,
            families: buffer.families.clone(),
        })
    }

    /// Bytes of all its tiles.
    pub(super) fn bytes(&self) -> u64 {
        self.spans.iter().map(|(_, size)| u64::from(*size)).sum()
    }

    /// Whether it can be copied behind its batch, in which these decodes come later, on a queue of
    /// this family, which is a foreign one or not.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn can_be_copied(
        &self,
        later: &[Decoded],
        (family, foreign): (u32, bool),
    ) -> Result<(), &'static str> {
        let overlaps = |other: &Arc<Self>| {
            other.buffer == self.buffer
                && self.offset < other.offset.saturating_add(other.range)
                && other.offset < self.offset.saturating_add(self.range)
        };
        match () {
            () if !self.source => Err("memory that only the device sees, without TRANSFER_SRC"),
            () if foreign && !self.families.contains(&family) => {
                Err("memory that only the device sees, and the decode queue cannot copy")
            }
            // What is copied behind the batch would be the bytes of the later one.
            () if later.iter().filter_map(|one| one.bitstream.as_ref()).any(overlaps) => {
                Err("memory that only the device sees, used twice in a batch")
            }
            () => Ok(()),
        }
    }

    /// The tiles, of which `bytes` has a copy at `at`.
    pub(super) fn tiles(&self, bytes: &[u8], at: u64) -> OwnTiles {
        let mut rest = bytes.get(at as usize..).unwrap_or_default();
        let mut all = Vec::with_capacity(self.spans.len());
        for (_, size) in &self.spans {
            let (tile, next) =
                rest.split_at_checked(*size as usize).ok_or("a copy that is short")?;
            all.push(tile.to_vec());
            rest = next;
        }
        Ok(all)
    }
}

/// Where a decode's tiles are in its range of the bitstream buffer: offset and size.
///
/// # Errors
/// What is wrong with them.
pub(super) fn spans(state: &State, decode: &Decode) -> Result<Vec<(u32, u32)>, &'static str> {
    let picture = decode.picture.as_ref().ok_or("no picture information")?;
    let buffer = state.buffers.get(&decode.buffer).ok_or("a buffer that is not known")?;
    let end = decode.offset.checked_add(decode.range).filter(|end| *end <= buffer.size);
    end.ok_or("a range outside of its buffer")?;
    let inside = |(&offset, &size): (&u32, &u32)| {
        let end = u64::from(offset) + u64::from(size);
        (end <= decode.range).then_some((offset, size)).ok_or("a tile outside of the range")
    };
    picture.tile_offsets.iter().zip(&picture.tile_sizes).map(inside).collect()
}
