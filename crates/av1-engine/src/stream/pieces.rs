//! What is written of a frame, in pieces: headers are here, tiles stay where they are, so that large
//! frames are not copied on their way to a file.

use super::super::Fault;
use super::super::headers::tile_size_minus_1;
use super::super::obu_writer::{ObuType, leb128, obu_header};

/// Tiles of fewer bytes are copied.
const LENT: usize = 512;

/// Bytes in a row, of which some are borrowed.
#[derive(Clone, Debug, Default)]
pub struct Pieces<'a> {
    own: Vec<u8>,
    /// Borrowed bytes, each with how many of its own go before it.
    lent: Vec<(usize, &'a [u8])>,
    /// Bytes of all that is borrowed.
    borrowed: usize,
}

/// A place in [`Pieces`] that they can be cut back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    own: usize,
    lent: usize,
    borrowed: usize,
}

impl<'a> Pieces<'a> {
    /// Nothing, in the room of an old buffer.
    pub fn again(mut old: Vec<u8>) -> Self {
        old.clear();
        Self { own: old, lent: Vec::new(), borrowed: 0 }
    }

    /// The buffer, for the next ones.
    pub fn into_buffer(self) -> Vec<u8> {
        self.own
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.own.len() + self.borrowed
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces, in order; some may be empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut before = 0;
        let pairs = self.lent.iter().flat_map(move |(at, lent)| {
            let own = self.own.get(before..*at).unwrap_or_default();
            before = *at;
            [own, *lent]
        });
        let last = self.lent.last().map_or(0, |(at, _)| *at);
        pairs.chain([self.own.get(last..).unwrap_or_default()])
    }

    /// All bytes in one.
    pub fn joined(&self) -> Vec<u8> {
        self.slices().flatten().copied().collect()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { own: self.own.len(), lent: self.lent.len(), borrowed: self.borrowed }
    }

    /// Cuts them back.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.own.truncate(mark.own);
        self.lent.truncate(mark.lent);
        self.borrowed = mark.borrowed;
    }

    fn lend(&mut self, bytes: &'a [u8]) {
        if bytes.len() < LENT {
            self.own.extend_from_slice(bytes);
            return;
        }
        self.lent.push((self.own.len(), bytes));
        self.borrowed += bytes.len();
    }

    /// Appends an OBU whose payload is `parts` in a row.
    pub(super) fn obu(&mut self, obu_type: ObuType, parts: &[&[u8]]) {
        self.own.push(obu_header(obu_type));
        leb128(&mut self.own, parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| self.own.extend_from_slice(part));
    }

    /// Appends the tiles as padding.
    pub(super) fn padding(&mut self, tiles: &[&'a [u8]]) {
        self.own.push(obu_header(ObuType::Padding));
        leb128(&mut self.own, tiles.iter().map(|tile| tile.len()).sum::<usize>() + 1);
        tiles.iter().for_each(|tile| self.lend(tile));
        // trailing_bits().
        self.own.push(0x80);
    }

    /// Appends OBU_FRAME: a header and a tile group of all tiles.
    pub(super) fn frame(&mut self, header: &[u8], tiles: &[&'a [u8]]) -> Result<(), Fault> {
        let sizes = tiles.iter().enumerate().map(|(i, tile)| tile_size_minus_1(i, tile));
        let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
        let several = tiles.len() > 1;
        let flags: &[u8] = if several { &[0] } else { &[] };
        let bytes = tiles.iter().map(|tile| tile.len()).sum::<usize>();
        let group = flags.len() + 4 * tiles.len().saturating_sub(1) + bytes;
        self.own.push(obu_header(ObuType::Frame));
        leb128(&mut self.own, header.len() + group);
        self.own.extend_from_slice(header);
        self.own.extend_from_slice(flags);
        for (i, (tile, size)) in tiles.iter().zip(sizes).enumerate() {
            if i + 1 < tiles.len() {
                self.own.extend_from_slice(&size.to_le_bytes());
            }
            self.lend(tile);
        }
        Ok(())
    }
}
