//! Tile info: specification 5.9.15 and 5.9.16.

use arrayvec::ArrayVec;

use super::frame_size::FrameSize;
use crate::bits::BitReader;
use crate::error::StreamError;

/// First columns, or rows, of tiles, and the end of the last.
pub type Starts = ArrayVec<u32, { MAX_TILE_COLS as usize + 1 }>;
/// Sizes of tile columns, or rows, in superblocks, less one.
pub type Spans = ArrayVec<u16, { MAX_TILE_COLS as usize }>;

/// `tile_info()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileInfo {
    /// `uniform_tile_spacing_flag`.
    pub uniform_tile_spacing_flag: bool,
    /// MiColStarts: first column of each tile column in 4x4 luma units; TileCols + 1 entries, the
    /// last one MiCols.
    pub mi_col_starts: Starts,
    /// MiRowStarts: likewise for rows.
    pub mi_row_starts: Starts,
    /// Width of each tile column in superblocks, less one (`width_in_sbs_minus_1`, derived where
    /// the spacing is uniform).
    pub width_in_sbs_minus_1: Spans,
    /// Height of each tile row in superblocks, less one.
    pub height_in_sbs_minus_1: Spans,
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

type Result<T> = std::result::Result<T, StreamError>;

const MAX_TILE_WIDTH: u32 = 4096;
const MAX_TILE_AREA: u32 = 4096 * 2304;
const MAX_TILE_ROWS: u32 = 64;
const MAX_TILE_COLS: u32 = 64;

/// `tile_log2()`, 5.9.16: the smallest k for which `blk_size << k` is at least `target`.
fn tile_log2(blk_size: u32, target: u32) -> u8 {
    let mut k = 0;
    while (u64::from(blk_size) << k) < u64::from(target) {
        k += 1;
    }
    k
}

/// A frame in superblocks, and the limits that follow: the first lines of 5.9.15.
struct Grid {
    sb_cols: u32,
    sb_rows: u32,
    /// 4x4 luma units of a superblock's side, log2.
    sb_shift: u32,
    max_tile_width_sb: u32,
    min_log2_tile_cols: u8,
    max_log2_tile_cols: u8,
    max_log2_tile_rows: u8,
    min_log2_tiles: u8,
}

impl Grid {
    fn new(use_128x128_superblock: bool, size: &FrameSize) -> Self {
        let sb_shift = if use_128x128_superblock { 5 } else { 4 };
        let (sb_cols, sb_rows) =
            (size.mi_cols().div_ceil(1 << sb_shift), size.mi_rows().div_ceil(1 << sb_shift));
        let sb_size = sb_shift + 2;
        let max_tile_width_sb = MAX_TILE_WIDTH >> sb_size;
        let max_tile_area_sb = MAX_TILE_AREA >> (2 * sb_size);
        let min_log2_tile_cols = tile_log2(max_tile_width_sb, sb_cols);
        Self {
            sb_cols,
            sb_rows,
            sb_shift,
            max_tile_width_sb,
            min_log2_tile_cols,
            max_log2_tile_cols: tile_log2(1, sb_cols.min(MAX_TILE_COLS)),
            max_log2_tile_rows: tile_log2(1, sb_rows.min(MAX_TILE_ROWS)),
            min_log2_tiles: min_log2_tile_cols.max(tile_log2(max_tile_area_sb, sb_rows * sb_cols)),
        }
    }
}

/// `tile_info()`, 5.9.15.
pub(super) fn tile_info(
    r: &mut BitReader<'_>,
    use_128x128_superblock: bool,
    size: &FrameSize,
) -> Result<TileInfo> {
    r.table("tile_info", "5.9.15");
    let grid = Grid::new(use_128x128_superblock, size);
    let mut t = TileInfo {
        uniform_tile_spacing_flag: r.flag("uniform_tile_spacing_flag")?,
        ..Default::default()
    };
    if t.uniform_tile_spacing_flag {
        uniform(r, &grid, &mut t)?;
    } else {
        nonuniform(r, &grid, &mut t)?;
    }
    let starts = |widths: &[u16], end| {
        let mut at = 0;
        // There is one more start than tiles: all fit.
        let mut starts = Starts::new();
        for width in widths {
            starts.extend([at << grid.sb_shift].into_iter().take(starts.remaining_capacity()));
            at += u32::from(*width) + 1;
        }
        starts.extend([end].into_iter().take(starts.remaining_capacity()));
        starts
    };
    t.mi_col_starts = starts(&t.width_in_sbs_minus_1, size.mi_cols());
    t.mi_row_starts = starts(&t.height_in_sbs_minus_1, size.mi_rows());
    if t.tile_cols_log2 > 0 || t.tile_rows_log2 > 0 {
        let n = u32::from(t.tile_rows_log2) + u32::from(t.tile_cols_log2);
        t.context_update_tile_id = r.f(n, "context_update_tile_id")? as u16;
        if u32::from(t.context_update_tile_id) >= t.num_tiles() {
            let rule = "below TileCols * TileRows";
            return Err(r.bad("context_update_tile_id", t.context_update_tile_id.into(), rule));
        }
        t.tile_size_bytes_minus_1 = r.f8(2, "tile_size_bytes_minus_1")?;
    }
    Ok(t)
}

/// Widths of equal tiles of 2^`log2` columns, less one; the last may be narrower.
fn equal(total_sb: u32, log2: u8) -> Spans {
    let each = (total_sb + (1 << log2) - 1) >> log2;
    let mut widths = Spans::new();
    let mut at = 0;
    // TileColsLog2 and TileRowsLog2 are 6 at most.
    while at < total_sb && !widths.is_full() {
        widths.push((each.min(total_sb - at) - 1) as u16);
        at += each;
    }
    widths
}

fn uniform(r: &mut BitReader<'_>, grid: &Grid, t: &mut TileInfo) -> Result<()> {
    t.tile_cols_log2 = grid.min_log2_tile_cols;
    while t.tile_cols_log2 < grid.max_log2_tile_cols && r.flag("increment_tile_cols_log2")? {
        t.tile_cols_log2 += 1;
    }
    t.width_in_sbs_minus_1 = equal(grid.sb_cols, t.tile_cols_log2);
    t.tile_rows_log2 = grid.min_log2_tiles.saturating_sub(t.tile_cols_log2);
    while t.tile_rows_log2 < grid.max_log2_tile_rows && r.flag("increment_tile_rows_log2")? {
        t.tile_rows_log2 += 1;
    }
    t.height_in_sbs_minus_1 = equal(grid.sb_rows, t.tile_rows_log2);
    // TileColsLog2 and TileRowsLog2 stay as coded, also where fewer tiles came out.
    Ok(())
}

fn nonuniform(r: &mut BitReader<'_>, grid: &Grid, t: &mut TileInfo) -> Result<()> {
    let names = ("width_in_sbs_minus_1", "at most 64 tile columns");
    t.width_in_sbs_minus_1 = spans(r, grid.sb_cols, grid.max_tile_width_sb, MAX_TILE_COLS, names)?;
    t.tile_cols_log2 = tile_log2(1, t.tile_cols());
    let widest = t.width_in_sbs_minus_1.iter().max().map_or(1, |w| u32::from(*w) + 1);
    let area = grid.sb_rows * grid.sb_cols;
    let max_tile_area_sb = match grid.min_log2_tiles {
        0 => area,
        log2 => area >> (log2 + 1),
    };
    let max_tile_height_sb = (max_tile_area_sb / widest).max(1);
    let names = ("height_in_sbs_minus_1", "at most 64 tile rows");
    t.height_in_sbs_minus_1 = spans(r, grid.sb_rows, max_tile_height_sb, MAX_TILE_ROWS, names)?;
    t.tile_rows_log2 = tile_log2(1, t.tile_rows());
    Ok(())
}

fn spans(
    r: &mut BitReader<'_>,
    total_sb: u32,
    max_sb: u32,
    max_count: u32,
    (element, rule): (&'static str, &'static str),
) -> Result<Spans> {
    let mut widths = Spans::new();
    let mut at = 0;
    while at < total_sb {
        if widths.len() >= max_count as usize {
            return Err(r.bad(element, widths.len() as i64 + 1, rule));
        }
        let width = r.ns((total_sb - at).min(max_sb), element, widths.len())?;
        widths.push(width as u16);
        at += width + 1;
    }
    Ok(widths)
}
