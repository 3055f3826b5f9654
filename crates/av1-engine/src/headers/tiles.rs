//! `tile_info()`, spec 5.9.15, from the tile counts; and the framing of the tiles, spec 5.11.1.

use super::super::Fault;
use super::super::obu_writer::BitWriter;
use super::HeaderInput;
use crate::job::TileInfo;

/// `MAX_TILE_WIDTH`, `MAX_TILE_AREA`, `MAX_TILE_COLS` and `MAX_TILE_ROWS`, spec section 3.
const MAX_TILE_WIDTH: u32 = 4096;
const MAX_TILE_AREA: u32 = 4096 * 2304;
const MAX_TILE_COLS: u32 = 64;
const MAX_TILE_ROWS: u32 = 64;

/// `TileSizeBytes` of every frame here.
const TILE_SIZE_BYTES: u32 = 4;

/// What the frame's size alone allows.
struct Limits {
    sb_cols: u32,
    sb_rows: u32,
    max_tile_width_sb: u32,
    min_log2_tile_cols: u32,
    max_log2_tile_cols: u32,
    max_log2_tile_rows: u32,
    min_log2_tiles: u32,
}

/// `tile_info()`, spec 5.9.15. The answer is the number of tiles.
pub(super) fn tile_info(w: &mut BitWriter, input: &HeaderInput<'_>) -> Result<usize, Fault> {
    let tile_info = input.picture.tile_info.as_ref().ok_or(Fault::MissingStruct("pTileInfo"))?;
    let limits = Limits::new(input);
    let uniform = tile_info.std.flags.uniform_tile_spacing_flag() != 0;
    w.flag(uniform); // uniform_tile_spacing_flag
    let (tile_cols_log2, tile_rows_log2) = if uniform {
        uniform_spacing(w, &limits, tile_info)?
    } else {
        explicit_spacing(w, &limits, tile_info)?
    };
    let tile_count = usize::from(tile_info.std.TileCols) * usize::from(tile_info.std.TileRows);
    if tile_cols_log2 > 0 || tile_rows_log2 > 0 {
        let context_update_tile_id = tile_info.std.context_update_tile_id;
        if usize::from(context_update_tile_id) >= tile_count {
            return Err(Fault::TileInfo("context_update_tile_id"));
        }
        w.f(tile_rows_log2 + tile_cols_log2, u32::from(context_update_tile_id));
        w.f(2, TILE_SIZE_BYTES - 1); // tile_size_bytes_minus_1
    }
    Ok(tile_count)
}

impl Limits {
    fn new(input: &HeaderInput<'_>) -> Self {
        let sb_shift = if input.sequence.use_128x128_superblock { 5 } else { 4 };
        let in_sbs = |mi: u32| (mi + (1 << sb_shift) - 1) >> sb_shift;
        let sb_cols = in_sbs(input.size.mi_cols());
        let sb_rows = in_sbs(input.size.mi_rows());
        let sb_size = sb_shift + 2;
        let max_tile_width_sb = MAX_TILE_WIDTH >> sb_size;
        let min_log2_tile_cols = tile_log2(max_tile_width_sb, sb_cols);
        let max_tile_area_sb = MAX_TILE_AREA >> (2 * sb_size);
        Self {
            sb_cols,
            sb_rows,
            max_tile_width_sb,
            min_log2_tile_cols,
            max_log2_tile_cols: tile_log2(1, sb_cols.min(MAX_TILE_COLS)),
            max_log2_tile_rows: tile_log2(1, sb_rows.min(MAX_TILE_ROWS)),
            min_log2_tiles: min_log2_tile_cols.max(tile_log2(max_tile_area_sb, sb_rows * sb_cols)),
        }
    }
}

/// Tiles of equal size: the increments that lead to the counts. (TileColsLog2, TileRowsLog2)
fn uniform_spacing(
    w: &mut BitWriter,
    limits: &Limits,
    tile_info: &TileInfo,
) -> Result<(u32, u32), Fault> {
    let tile_cols_log2 = increments(
        w,
        limits.min_log2_tile_cols,
        limits.max_log2_tile_cols,
        limits.sb_cols,
        u32::from(tile_info.std.TileCols),
    )
    .ok_or(Fault::TileInfo("TileCols"))?;
    let tile_rows_log2 = increments(
        w,
        limits.min_log2_tiles.saturating_sub(tile_cols_log2),
        limits.max_log2_tile_rows,
        limits.sb_rows,
        u32::from(tile_info.std.TileRows),
    )
    .ok_or(Fault::TileInfo("TileRows"))?;
    Ok((tile_cols_log2, tile_rows_log2))
}

/// Writes `increment_tile_cols_log2` or its twin; the answer is the log2 that gives `tiles`.
fn increments(w: &mut BitWriter, min: u32, max: u32, sbs: u32, tiles: u32) -> Option<u32> {
    let count = |log2: u32| sbs.div_ceil(sbs.div_ceil(1 << log2));
    let log2 = (min..=max.max(min)).find(|&log2| count(log2) == tiles)?;
    for _ in min..log2 {
        w.flag(true);
    }
    if log2 < max {
        w.flag(false);
    }
    Some(log2)
}

/// Tiles of coded size. (TileColsLog2, TileRowsLog2)
fn explicit_spacing(
    w: &mut BitWriter,
    limits: &Limits,
    tile_info: &TileInfo,
) -> Result<(u32, u32), Fault> {
    let cols = &tile_info.width_in_sbs_minus_1;
    let rows = &tile_info.height_in_sbs_minus_1;
    if cols.len() != usize::from(tile_info.std.TileCols) || cols.len() > MAX_TILE_COLS as usize {
        return Err(Fault::TileInfo("pWidthInSbsMinus1"));
    }
    if rows.len() != usize::from(tile_info.std.TileRows) || rows.len() > MAX_TILE_ROWS as usize {
        return Err(Fault::TileInfo("pHeightInSbsMinus1"));
    }
    sizes(w, cols, limits.sb_cols, limits.max_tile_width_sb)
        .ok_or(Fault::TileInfo("pWidthInSbsMinus1"))?;
    let widest_tile_sb = cols.iter().map(|&size| u32::from(size) + 1).max().unwrap_or(1);
    let area = limits.sb_rows * limits.sb_cols;
    let max_tile_area_sb =
        if limits.min_log2_tiles > 0 { area >> (limits.min_log2_tiles + 1) } else { area };
    let max_tile_height_sb = (max_tile_area_sb / widest_tile_sb).max(1);
    sizes(w, rows, limits.sb_rows, max_tile_height_sb)
        .ok_or(Fault::TileInfo("pHeightInSbsMinus1"))?;
    Ok((tile_log2(1, cols.len() as u32), tile_log2(1, rows.len() as u32)))
}

/// Writes `width_in_sbs_minus_1` or its twin; `None` if the sizes do not cover `sbs` exactly.
fn sizes(w: &mut BitWriter, sizes_minus_1: &[u16], sbs: u32, max_size: u32) -> Option<()> {
    let mut start_sb = 0;
    for &size_minus_1 in sizes_minus_1 {
        let max = (sbs - start_sb).min(max_size);
        if u32::from(size_minus_1) >= max {
            return None;
        }
        w.ns(max, u32::from(size_minus_1));
        start_sb += u32::from(size_minus_1) + 1;
    }
    (start_sb == sbs).then_some(())
}

/// `tile_log2(blkSize, target)`, spec 5.9.16.
fn tile_log2(blk_size: u32, target: u32) -> u32 {
    let mut k = 0;
    while (blk_size << k) < target {
        k += 1;
    }
    k
}

/// `tile_group_obu()` of all tiles, spec 5.11.1: flags, then each tile but the last with its size.
pub(crate) fn tile_group(tiles: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(1 + tiles.iter().map(|tile| tile.len() + 4).sum::<usize>());
    if tiles.len() > 1 {
        out.push(0); // tile_start_and_end_present_flag, aligned
    }
    for (i, tile) in tiles.iter().enumerate() {
        let tile_size_minus_1 = tile_size_minus_1(i, tile)?;
        if i + 1 < tiles.len() {
            out.extend_from_slice(&tile_size_minus_1.to_le_bytes());
        }
        out.extend_from_slice(tile);
    }
    Ok(out)
}

/// `tile_size_minus_1` of a tile.
pub(crate) fn tile_size_minus_1(number: usize, tile: &[u8]) -> Result<u32, Fault> {
    let fault = Fault::TileSize { tile: number, bytes: tile.len() };
    u32::try_from(tile.len()).ok().and_then(|len| len.checked_sub(1)).ok_or(fault)
}
