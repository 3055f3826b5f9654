//! Tiled images of AMD chips. Nothing but the imitated engines looks into them, so their rows lie one
//! after another, with the pitch that the chip's blocks give an image: engine and copy engine
//! agree, and no program could tell.

/// The width of a block in texels of `texel` bytes, and its size in bytes, of a swizzle mode; `None`
/// for a linear image, and for modes that no two-dimensional image has. `gfx12`: the numbers of
/// that generation's modes, else of the two before.
pub(crate) fn block(mode: u32, texel: u64, gfx12: bool) -> Option<(u64, u64)> {
    let log2: u32 = match (gfx12, mode) {
        (true, 1) => 8,
        (true, 2) => 12,
        (true, 3) => 16,
        (true, 4) => 18,
        // 256 B, 4 KiB, 64 KiB, and those with their pipes mixed.
        (false, 1..=3) => 8,
        (false, 4..=7 | 20..=23) => 12,
        (false, 8..=11 | 16..=19 | 24..=27) => 16,
        _ => return None,
    };
    // Blocks are square, or twice as wide as high.
    let texels = log2.checked_sub(texel.checked_ilog2()?)?;
    Some((1 << texels.div_ceil(2), 1 << log2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_the_modes_that_radv_asks_for() {
        assert_eq!(block(27, 1, false), Some((256, 1 << 16)));
        assert_eq!(block(27, 2, false), Some((256, 1 << 16)));
        assert_eq!(block(27, 4, false), Some((128, 1 << 16)));
        assert_eq!(block(22, 1, false), Some((64, 4096)));
        assert_eq!(block(22, 2, false), Some((64, 4096)));
        assert_eq!(block(2, 1, true), Some((64, 4096)));
        assert_eq!(block(0, 1, false), None);
        assert_eq!(block(27, 1, true), None);
    }
}
