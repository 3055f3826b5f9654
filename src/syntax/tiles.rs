//! Tile groups: specification 5.11.1. Sizes and offsets only; no symbol is decoded.

/// One tile of a tile group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSpan {
    /// Bytes from the start of the OBU's payload to the first byte of coded tile data, after
    /// `tile_size_minus_1`.
    pub offset_bytes: usize,
    /// tileSize.
    pub size_bytes: usize,
}

/// `tile_group_obu()` of 5.11.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileGroup {
    /// `tg_start`.
    pub tg_start: u32,
    /// `tg_end`.
    pub tg_end: u32,
    /// The tiles in order: `tg_end - tg_start + 1` of them.
    pub tiles: Vec<TileSpan>,
}
