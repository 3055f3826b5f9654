//! Tile info: specification 5.9.15 and 5.9.16.

use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::tile_info::TileInfo;

use crate::bits::{BitWriter, bad};
use crate::error::Result;

const MAX_TILE_WIDTH: u32 = 4096;
const MAX_TILE_AREA: u32 = 4096 * 2304;
const MAX_TILE_ROWS: u32 = 64;
const MAX_TILE_COLS: u32 = 64;

/// `tile_log2()`, 5.9.16: the smallest k for which `blk_size << k` is at least `target`.
pub(crate) fn tile_log2(blk_size: u32, target: u32) -> u8 {
    let mut k = 0;
    while (u64::from(blk_size) << k) < u64::from(target) {
        k += 1;
    }
    k
}

/// The first lines of 5.9.15: a frame in superblocks, and the limits that follow.
struct Limits {
    sb_cols: u32,
    sb_rows: u32,
    max_tile_width_sb: u32,
    min_log2_tile_cols: u8,
    max_log2_tile_cols: u8,
    max_log2_tile_rows: u8,
    min_log2_tiles: u8,
}

impl Limits {
    fn new(use_128x128_superblock: bool, h: &FrameHeader) -> Self {
        let sb_shift = if use_128x128_superblock { 5 } else { 4 };
        let sb_cols = h.frame_size.mi_cols().div_ceil(1 << sb_shift);
        let sb_rows = h.frame_size.mi_rows().div_ceil(1 << sb_shift);
        let sb_size = sb_shift + 2;
        let max_tile_width_sb = MAX_TILE_WIDTH >> sb_size;
        let max_tile_area_sb = MAX_TILE_AREA >> (2 * sb_size);
        let min_log2_tile_cols = tile_log2(max_tile_width_sb, sb_cols);
        let area = sb_rows.saturating_mul(sb_cols);
        Self {
            sb_cols,
            sb_rows,
            max_tile_width_sb,
            min_log2_tile_cols,
            max_log2_tile_cols: tile_log2(1, sb_cols.min(MAX_TILE_COLS)),
            max_log2_tile_rows: tile_log2(1, sb_rows.min(MAX_TILE_ROWS)),
            min_log2_tiles: min_log2_tile_cols.max(tile_log2(max_tile_area_sb, area)),
        }
    }
}

/// Whether the tiles of `h` can be coded as they are.
pub(crate) fn tile_info_fits(use_128x128_superblock: bool, h: &FrameHeader) -> bool {
    tile_info(&mut BitWriter::default(), use_128x128_superblock, h).is_ok()
}

/// `tile_info()`, 5.9.15.
pub(super) fn tile_info(
    w: &mut BitWriter,
    use_128x128_superblock: bool,
    h: &FrameHeader,
) -> Result<()> {
    let (limits, t) = (Limits::new(use_128x128_superblock, h), &h.tile_info);
    w.flag(t.uniform_tile_spacing_flag);
    match t.uniform_tile_spacing_flag {
        true => uniform(w, &limits, t)?,
        false => nonuniform(w, &limits, t)?,
    }
    let n = u32::from(t.tile_rows_log2) + u32::from(t.tile_cols_log2);
    if n > 0 {
        w.f(n, t.context_update_tile_id, "context_update_tile_id")?;
        w.f(2, t.tile_size_bytes_minus_1, "tile_size_bytes_minus_1")?;
    }
    Ok(())
}

fn uniform(w: &mut BitWriter, limits: &Limits, t: &TileInfo) -> Result<()> {
    let range = (limits.min_log2_tile_cols, limits.max_log2_tile_cols);
    increments(w, t.tile_cols_log2, range, "increment_tile_cols_log2")?;
    let min_log2_tile_rows = limits.min_log2_tiles.saturating_sub(t.tile_cols_log2);
    let range = (min_log2_tile_rows, limits.max_log2_tile_rows);
    increments(w, t.tile_rows_log2, range, "increment_tile_rows_log2")
}

fn increments(
    w: &mut BitWriter,
    log2: u8,
    (min, max): (u8, u8),
    element: &'static str,
) -> Result<()> {
    if log2 < min || log2 > max.max(min) {
        return Err(bad(element, log2, "it is in the range that the frame's size leaves"));
    }
    (min..log2).for_each(|_| w.flag(true));
    if log2 < max {
        w.flag(false);
    }
    Ok(())
}

fn nonuniform(w: &mut BitWriter, limits: &Limits, t: &TileInfo) -> Result<()> {
    let (cols, rows) = (&t.width_in_sbs_minus_1, &t.height_in_sbs_minus_1);
    spans(w, cols, limits.sb_cols, limits.max_tile_width_sb, "width_in_sbs_minus_1")?;
    let widest = cols.iter().max().map_or(1, |width| u32::from(*width) + 1);
    let area = limits.sb_rows * limits.sb_cols;
    let max_tile_area_sb = match limits.min_log2_tiles {
        0 => area,
        log2 => area >> (log2 + 1),
    };
    let max_tile_height_sb = (max_tile_area_sb / widest).max(1);
    spans(w, rows, limits.sb_rows, max_tile_height_sb, "height_in_sbs_minus_1")
}

fn spans(
    w: &mut BitWriter,
    spans: &[u16],
    total_sb: u32,
    max_sb: u32,
    element: &'static str,
) -> Result<()> {
    let mut at = 0;
    for span in spans {
        if at >= total_sb {
            return Err(bad(element, *span, "tiles end where the frame does"));
        }
        w.ns((total_sb - at).min(max_sb), (*span).into(), element)?;
        at += u32::from(*span) + 1;
    }
    match at == total_sb {
        true => Ok(()),
        false => Err(bad(element, at, "tiles cover the frame")),
    }
}
