//! The hash of a planned frame's tiles, as captures have it.

use av1_std::owned::tile_hash;
use vav1d::plan::FramePlan;

/// The hash of the bytes of `plan`'s tiles.
pub fn tile_hash_of(plan: &FramePlan) -> u64 {
    let bytes = plan.bitstream.bytes();
    let tile = |(&offset, &size): (&u32, &u32)| {
        let start = offset as usize;
        bytes.get(start..start.saturating_add(size as usize)).unwrap_or_default()
    };
    tile_hash(plan.bitstream.tile_offsets.iter().zip(&plan.bitstream.tile_sizes).map(tile))
}
