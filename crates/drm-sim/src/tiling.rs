//! How the bytes of an image are ordered in memory: row by row, or in the blocks of AMD's chips
//! (`swizzle`), or in Intel's tiles of 4 KiB, 128 bytes wide and 32 rows high, which follow one
//! another row by row.
//!
//! Where byte `u` of row `v` of a tile lies, as bits of the offset from bit 11 down, by the public
//! programmer's references of the chips:
//!
//! ```text
//! Tile Y   u6 u5 u4 v4 v3 v2 v1 v0 u3 u2 u1 u0
//! Tile 4   v4 v3 u6 v2 u5 u4 v1 v0 u3 u2 u1 u0
//! ```

use crate::swizzle::Swizzle;

/// The order of bytes in a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tiling {
    /// Row after row.
    Linear,
    /// Tile Y of Intel chips up to gen 12.
    TileY,
    /// Tile 4 of Intel chips since.
    Tile4,
    /// A mode of AMD's chips, for texels of one size.
    Swizzled(Swizzle),
}

/// Bytes of a tile, of one of its rows, and its rows.
const TILE: u64 = 4096;
const WIDTH: u64 = 128;
const ROWS: u64 = 32;
/// Bytes that stay together in both.
const RUN: usize = 16;

impl Tiling {
    /// Bytes of `rows` rows of `pitch` bytes, with the rows that complete a tile; `None` beyond
    /// numbers, and for a pitch that cuts tiles.
    pub(crate) fn size(self, pitch: u64, rows: u64) -> Option<u64> {
        match self {
            Self::Linear => pitch.checked_mul(rows),
            Self::TileY | Self::Tile4 if pitch % WIDTH != 0 => None,
            Self::TileY | Self::Tile4 => pitch.checked_mul(rows.checked_next_multiple_of(ROWS)?),
            Self::Swizzled(swizzle) => swizzle.size(pitch, rows),
        }
    }

    /// Where a plane at `address` begins, and its order: some addresses have a part in it.
    pub(crate) fn at(self, address: u64) -> (u64, Self) {
        match self {
            Self::Linear | Self::TileY | Self::Tile4 => (address, self),
            Self::Swizzled(swizzle) => {
                let (address, swizzle) = swizzle.at(address);
                (address, Self::Swizzled(swizzle))
            }
        }
    }

    /// Where byte `x` of row `y` of a plane lies.
    fn offset(self, pitch: u64, x: u64, y: u64) -> u64 {
        let (u, v) = (x % WIDTH, y % ROWS);
        let within = match self {
            Self::Linear | Self::Swizzled(_) => return y * pitch + x,
            Self::TileY => (u % 16) + (v << 4) + ((u / 16) << 9),
            Self::Tile4 => {
                (u % 16)
                    + ((v % 4) << 4)
                    + ((u / 16 % 4) << 6)
                    + ((v / 4 % 2) << 8)
                    + ((u / 64) << 9)
                    + ((v / 8) << 10)
            }
        };
        (y / ROWS * (pitch / WIDTH) + x / WIDTH) * TILE + within
    }

    /// Puts bytes of row `y` to their places, from byte `x` on.
    pub(crate) fn put(self, bytes: &mut [u8], pitch: u64, (x, y): (u64, u64), row: &[u8]) {
        if let Self::Swizzled(swizzle) = self {
            return swizzle.put(bytes, pitch, (x, y), row);
        }
        self.runs(x, row.len(), |at, from, length| {
            let to = self.offset(pitch, at, y) as usize;
            if let Some(to) = bytes.get_mut(to..to + length) {
                to.copy_from_slice(&row[from..from + length]);
            }
        });
    }

    /// `length` bytes of row `y` from byte `x` on, out of their places.
    pub(crate) fn get(
        self,
        bytes: &[u8],
        pitch: u64,
        (x, y): (u64, u64),
        length: usize,
    ) -> Vec<u8> {
        let mut row = vec![0; length];
        if let Self::Swizzled(swizzle) = self {
            swizzle.get(bytes, pitch, (x, y), &mut row);
            return row;
        }
        self.runs(x, length, |at, to, length| {
            let from = self.offset(pitch, at, y) as usize;
            if let Some(from) = bytes.get(from..from + length) {
                row[to..to + length].copy_from_slice(from);
            }
        });
        row
    }

    /// The parts of a row that stay together: (byte of the row of the plane, byte of the part, how
    /// many).
    fn runs(self, x: u64, length: usize, mut each: impl FnMut(u64, usize, usize)) {
        let mut at = 0;
        while at < length {
            let here = x + at as u64;
            let run = match self {
                Self::Linear | Self::Swizzled(_) => length,
                Self::TileY | Self::Tile4 => RUN - (here % RUN as u64) as usize,
            };
            let run = run.min(length - at);
            each(here, at, run);
            at += run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lie_where_the_references_say() {
        // A bit of the offset for each bit of u and v, from bit 11 down.
        let tables = [
            (Tiling::TileY, "u6 u5 u4 v4 v3 v2 v1 v0 u3 u2 u1 u0"),
            (Tiling::Tile4, "v4 v3 u6 v2 u5 u4 v1 v0 u3 u2 u1 u0"),
        ];
        for (tiling, table) in tables {
            for (place, name) in table.split(' ').enumerate() {
                let bit = 1 << name[1..].parse::<u32>().expect("a number");
                let (x, y) = if name.starts_with('u') { (bit, 0) } else { (0, bit) };
                assert_eq!(tiling.offset(512, x, y), 1 << (11 - place), "{tiling:?} {name}");
            }
            assert_eq!(tiling.offset(512, 128, 0), 4096);
            assert_eq!(tiling.offset(512, 0, 32), 4 * 4096);
        }
        assert_eq!(Tiling::Linear.offset(100, 7, 3), 307);
    }

    #[test]
    fn every_byte_has_a_place_of_its_own() {
        for tiling in [Tiling::Linear, Tiling::TileY, Tiling::Tile4] {
            let size = tiling.size(256, 64).expect("a size");
            let mut seen = vec![false; size as usize];
            for y in 0..64 {
                for x in 0..256 {
                    let seen = &mut seen[tiling.offset(256, x, y) as usize];
                    assert!(!std::mem::replace(seen, true), "{tiling:?} {x} {y}");
                }
            }
        }
        assert_eq!(Tiling::Tile4.size(200, 1), None);
        assert_eq!(Tiling::TileY.size(256, 33), Some(256 * 64));
    }

    #[test]
    fn what_is_put_is_got() {
        for tiling in [Tiling::Linear, Tiling::TileY, Tiling::Tile4] {
            let mut bytes = vec![0; tiling.size(256, 32).expect("a size") as usize];
            let row: Vec<u8> = (1..=99).collect();
            tiling.put(&mut bytes, 256, (75, 11), &row);
            assert_eq!(bytes[tiling.offset(256, 75 + 60, 11) as usize], 61);
            assert_eq!(tiling.get(&bytes, 256, (75, 11), 99), row);
            assert_eq!(tiling.get(&bytes, 256, (74, 11), 2), [0, 1]);
        }
    }
}
