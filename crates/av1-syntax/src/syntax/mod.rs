//! AV1 syntax, specification section 5: bits in, headers out. Pure; never panics.
//! A field holds the value of the specification's variable of that name after parsing:
//! what was coded, or what the specification infers where it was not coded.
//! Derived quantities (a strength of 4, a denominator of 9 to 16) are methods.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod color_config;
pub mod dump;
pub mod film_grain;
pub mod filters;
pub mod frame;
mod frame_refs;
pub mod frame_size;
mod frame_type;
pub mod global_motion;
pub mod metadata;
pub mod modes;
pub mod quant;
pub mod references;
pub mod segmentation;
pub mod sequence;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tile_info;
pub mod tile_list;
pub mod tiles;
mod uncompressed_header;

pub use frame_refs::set_frame_refs;
pub use uncompressed_header::uncompressed_header;

/// NUM_REF_FRAMES: frames that may be kept for reference.
pub const NUM_REF_FRAMES: usize = 8;
/// REFS_PER_FRAME: references that an inter frame names.
pub const REFS_PER_FRAME: usize = 7;
/// TOTAL_REFS_PER_FRAME: reference frame types, INTRA_FRAME included.
pub const TOTAL_REFS_PER_FRAME: usize = 8;
/// PRIMARY_REF_NONE: `primary_ref_frame` that names no frame.
pub const PRIMARY_REF_NONE: u8 = 7;
/// Operating points that a sequence header can have: `operating_points_cnt_minus_1` is f(5).
pub const MAX_OPERATING_POINTS: usize = 32;
/// MAX_SEGMENTS.
pub const MAX_SEGMENTS: usize = 8;
/// SEG_LVL_MAX: features of a segment.
pub const SEG_LVL_MAX: usize = 8;
/// SUPERRES_NUM.
pub const SUPERRES_NUM: u32 = 8;
/// SUPERRES_DENOM_MIN.
pub const SUPERRES_DENOM_MIN: u32 = 9;
/// WARPEDMODEL_PREC_BITS.
pub const WARPEDMODEL_PREC_BITS: u32 = 16;

/// One of the stream's eight reference buffers: what `ref_frame_idx` and `refresh_frame_flags`
/// speak of. Always below [`NUM_REF_FRAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefSlot(u8);

impl RefSlot {
    /// Slot `index`, if it is below 8.
    pub fn new(index: u8) -> Option<Self> {
        ((index as usize) < NUM_REF_FRAMES).then_some(Self(index))
    }

    /// The slot that the low three bits of `index` name.
    pub fn from_low_bits(index: u64) -> Self {
        Self((index & 7) as u8)
    }

    /// 0 to 7.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All eight, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..NUM_REF_FRAMES as u8).map(Self)
    }
}

#[cfg(test)]
mod tests;
