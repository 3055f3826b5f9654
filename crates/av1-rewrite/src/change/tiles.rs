//! How tiles are coded: their sizes, and where they start.

use std::sync::Arc;

use av1_syntax::syntax::sequence::SequenceHeader;
use av1_syntax::syntax::tile_info::TileInfo;

use super::{Change, number, word};
use crate::error::Result;
use crate::header::{tile_info_fits, tile_log2};
use crate::random::Random;
use crate::slots::each;
use crate::stream::{Frame, Item, Stream};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "tile-size-bytes",
        &["4", "1", "2", "3"],
        "tile_size_minus_1 in so many bytes, or as many as the tiles need",
        tile_size_bytes,
    ),
    Change::neutral(
        "tile-spacing",
        &["explicit", "uniform"],
        "the same tiles with uniform_tile_spacing_flag 0, or 1 where they are even",
        tile_spacing,
    ),
];

/// Bytes that `tile_size_minus_1` of every tile fits into.
fn needed(frame: &Frame) -> u32 {
    let longest = frame.tiles.iter().map(|tile| tile.len().saturating_sub(1)).max();
    let bits = usize::BITS - longest.unwrap_or(0).leading_zeros();
    bits.div_ceil(8).max(1)
}

fn tile_size_bytes(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let bytes = number("tile-size-bytes", value, 1..=4)?;
    for frame in stream.frames_mut() {
        let coded_minus_1 = bytes.max(needed(frame)).min(4) as u8 - 1;
        let info = &mut Arc::make_mut(&mut frame.header).tile_info;
        if info.tile_cols_log2 > 0 || info.tile_rows_log2 > 0 {
            info.tile_size_bytes_minus_1 = coded_minus_1;
        }
    }
    Ok(())
}

fn tile_spacing(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let uniform = word("tile-spacing", value, &[("explicit", false), ("uniform", true)])?;
    each(stream, |item, state| {
        if let (Item::Frame(frame), Some(sequence)) = (item, &state.sequence) {
            respace(frame, sequence, uniform);
        }
        Ok(())
    })
}

/// Codes the tiles of `frame` in the other way, if that can be.
fn respace(frame: &mut Frame, sequence: &SequenceHeader, uniform: bool) {
    let header = Arc::make_mut(&mut frame.header);
    let old = header.tile_info.clone();
    if old.uniform_tile_spacing_flag == uniform {
        return;
    }
    let log2s = match uniform {
        false => vec![(tile_log2(1, old.tile_cols()), tile_log2(1, old.tile_rows()))],
        true => (0..=6).flat_map(|cols| (0..=6).map(move |rows| (cols, rows))).collect(),
    };
    for (cols, rows) in log2s {
        let is_even = |spans: &[u16], log2| even(spans, log2);
        let is_same = !uniform
            || is_even(&old.width_in_sbs_minus_1, cols)
                && is_even(&old.height_in_sbs_minus_1, rows);
        if !is_same {
            continue;
        }
        header.tile_info = TileInfo {
            uniform_tile_spacing_flag: uniform,
            tile_cols_log2: cols,
            tile_rows_log2: rows,
            ..old.clone()
        };
        // With one tile, and no increment coded, nothing says how long sizes are.
        if cols == 0 && rows == 0 {
            header.tile_info.tile_size_bytes_minus_1 = 0;
        }
        if tile_info_fits(sequence.use_128x128_superblock, header) {
            return;
        }
    }
    header.tile_info = old;
}

/// Whether tiles of `spans` superblocks, less one, are what 2^`log2` equal ones would be.
fn even(spans: &[u16], log2: u8) -> bool {
    let total: u32 = spans.iter().map(|span| u32::from(*span) + 1).sum();
    let each = (total + (1 << log2) - 1) >> log2;
    let mut left = total;
    let is_next = |span: &u16| {
        let wanted = each.min(left);
        left -= wanted;
        wanted == u32::from(*span) + 1
    };
    spans.iter().all(is_next) && left == 0
}
