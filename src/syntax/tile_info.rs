//! Tile info: specification 5.9.15 and 5.9.16.

/// `tile_info()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileInfo {
    /// `uniform_tile_spacing_flag`.
    pub uniform_tile_spacing_flag: bool,
    /// MiColStarts: first column of each tile column in 4x4 luma units; TileCols + 1 entries, the
    /// last one MiCols.
    pub mi_col_starts: Vec<u32>,
    /// MiRowStarts: likewise for rows.
    pub mi_row_starts: Vec<u32>,
    /// Width of each tile column in superblocks, less one (`width_in_sbs_minus_1`, derived where
    /// the spacing is uniform).
    pub width_in_sbs_minus_1: Vec<u16>,
    /// Height of each tile row in superblocks, less one.
    pub height_in_sbs_minus_1: Vec<u16>,
    /// TileColsLog2.
    pub tile_cols_log2: u8,
    /// TileRowsLog2.
    pub tile_rows_log2: u8,
    /// `context_update_tile_id`.
    pub context_update_tile_id: u16,
    /// `tile_size_bytes_minus_1`; 0 if not coded.
    pub tile_size_bytes_minus_1: u8,
}

impl TileInfo {
    /// TileCols: 1 to 64.
    pub fn tile_cols(&self) -> u32 {
        self.width_in_sbs_minus_1.len() as u32
    }

    /// TileRows: 1 to 64.
    pub fn tile_rows(&self) -> u32 {
        self.height_in_sbs_minus_1.len() as u32
    }

    /// NumTiles: 1 to 4096.
    pub fn num_tiles(&self) -> u32 {
        self.tile_cols() * self.tile_rows()
    }
}
