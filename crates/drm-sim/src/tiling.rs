//! How the bytes of an image are ordered in memory.

/// The order of bytes in a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tiling {
    /// Row after row.
    Linear,
}

impl Tiling {
    /// Bytes of `rows` rows of `pitch` bytes, with the rows that complete a tile; `None` beyond
    /// numbers.
    pub(crate) fn size(self, pitch: u64, rows: u64) -> Option<u64> {
        match self {
            Self::Linear => pitch.checked_mul(rows),
        }
    }

    /// Puts a row's bytes to their places.
    pub(crate) fn put(self, bytes: &mut [u8], pitch: u64, y: u64, row: &[u8]) {
        match self {
            Self::Linear => {
                let to = bytes.iter_mut().skip((y * pitch) as usize);
                to.zip(row).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
