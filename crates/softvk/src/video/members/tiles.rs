//! StdVideoAV1TileInfo, spec 5.9.15.

use super::{Found, Frame};

/// The tiles cover the frame, by counts or by sizes.
pub(super) fn check(found: &mut Found, frame: &Frame<'_>) {
    let Some(tiles) = &frame.picture.tile_info else { return };
    let std = &tiles.std;
    let found = found.of("StdVideoAV1TileInfo");
    let (wide, high) = frame.superblocks();
    let uniform = std.flags.uniform_tile_spacing_flag() != 0;
    for (count, member, sizes_member, sizes, superblocks) in [
        (std.TileCols, "TileCols", "pWidthInSbsMinus1", &tiles.width_in_sbs_minus_1, wide),
        (std.TileRows, "TileRows", "pHeightInSbsMinus1", &tiles.height_in_sbs_minus_1, high),
    ] {
        if !(1..=64).contains(&count) {
            found.range(member, count, 1..=64, "5.9.15");
        } else if uniform {
            found.must(is_uniform(u32::from(count), superblocks), || {
                format!(
                    "{member} is {count}, which {superblocks} superblocks are not in tiles of equal \
                     size (5.9.15)"
                )
            });
        } else if sizes.is_empty() {
            found
                .must(false, || format!("{sizes_member} is NULL without uniform spacing (5.9.15)"));
        } else {
            let sum: u32 = sizes.iter().map(|size| u32::from(*size) + 1).sum();
            found.must(sum == superblocks, || {
                format!("{sizes_member} add up to {sum} superblocks, not {superblocks} (5.9.15)")
            });
        }
    }
    let count = i64::from(std.TileCols) * i64::from(std.TileRows);
    if count > 1 {
        let id = std.context_update_tile_id;
        found.range("context_update_tile_id", id, 0..=count - 1, "6.8.14");
        found.range("tile_size_bytes_minus_1", std.tile_size_bytes_minus_1, 0..=3, "5.9.15");
    }
}

/// Whether some TileColsLog2 or TileRowsLog2 makes `count` tiles of `superblocks`.
fn is_uniform(count: u32, superblocks: u32) -> bool {
    let tiles = |log2: u32| superblocks.div_ceil(superblocks.div_ceil(1 << log2).max(1));
    (0..=6).any(|log2| tiles(log2) == count)
}
