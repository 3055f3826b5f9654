//! Global motion: specification 5.9.24 to 5.9.29.

use super::{TOTAL_REFS_PER_FRAME, WARPEDMODEL_PREC_BITS};

/// `global_motion_params()`: final values, by reference frame type (entry 0 is unused).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalMotionParams {
    /// GmType: 0 IDENTITY, 1 TRANSLATION, 2 ROTZOOM, 3 AFFINE.
    pub gm_type: [u8; TOTAL_REFS_PER_FRAME],
    /// gm_params, with WARPEDMODEL_PREC_BITS (16) fractional bits.
    pub gm_params: [[i32; 6]; TOTAL_REFS_PER_FRAME],
}

impl Default for GlobalMotionParams {
    /// Identity for all references.
    fn default() -> Self {
        let one = 1 << WARPEDMODEL_PREC_BITS;
        Self {
            gm_type: [0; TOTAL_REFS_PER_FRAME],
            gm_params: [[0, 0, one, 0, 0, one]; TOTAL_REFS_PER_FRAME],
        }
    }
}
