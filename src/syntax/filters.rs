//! In-loop filters: specification 5.9.11, 5.9.19, 5.9.20.

use super::TOTAL_REFS_PER_FRAME;

/// `loop_filter_params()`, after inheritance from the primary reference frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopFilterParams {
    /// `loop_filter_level`: Y vertical edges, Y horizontal edges, U, V; 0 where not coded.
    pub loop_filter_level: [u8; 4],
    /// `loop_filter_sharpness`.
    pub loop_filter_sharpness: u8,
    /// `loop_filter_delta_enabled`.
    pub loop_filter_delta_enabled: bool,
    /// `loop_filter_delta_update`.
    pub loop_filter_delta_update: bool,
    /// `update_ref_delta`: bit i for reference frame type i.
    pub update_ref_delta: u8,
    /// `loop_filter_ref_deltas`, by reference frame type.
    pub loop_filter_ref_deltas: [i8; TOTAL_REFS_PER_FRAME],
    /// `update_mode_delta`: bit i.
    pub update_mode_delta: u8,
    /// `loop_filter_mode_deltas`.
    pub loop_filter_mode_deltas: [i8; 2],
}

impl Default for LoopFilterParams {
    /// The values of `setup_past_independence()`, 7.20.
    fn default() -> Self {
        Self {
            loop_filter_level: [0; 4],
            loop_filter_sharpness: 0,
            loop_filter_delta_enabled: false,
            loop_filter_delta_update: false,
            update_ref_delta: 0,
            loop_filter_ref_deltas: [1, 0, 0, 0, -1, 0, -1, -1],
            update_mode_delta: 0,
            loop_filter_mode_deltas: [0; 2],
        }
    }
}

/// `cdef_params()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CdefParams {
    /// `cdef_damping_minus_3`; 0 if not coded.
    pub cdef_damping_minus_3: u8,
    /// `cdef_bits`.
    pub cdef_bits: u8,
    /// `cdef_y_pri_strength[i]`, 2^cdef_bits entries are coded.
    pub cdef_y_pri_strength: [u8; 8],
    /// `cdef_y_sec_strength[i]` as coded: 0 to 3, where 3 means a strength of 4.
    pub cdef_y_sec_strength: [u8; 8],
    /// `cdef_uv_pri_strength[i]`.
    pub cdef_uv_pri_strength: [u8; 8],
    /// `cdef_uv_sec_strength[i]` as coded.
    pub cdef_uv_sec_strength: [u8; 8],
}

/// FrameRestorationType, 6.10.15 (after Remap_Lr_Type).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestorationType {
    /// RESTORE_NONE, 0.
    #[default]
    None,
    /// RESTORE_WIENER, 1.
    Wiener,
    /// RESTORE_SGRPROJ, 2.
    Sgrproj,
    /// RESTORE_SWITCHABLE, 3.
    Switchable,
}

/// `lr_params()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LrParams {
    /// FrameRestorationType of each plane.
    pub frame_restoration_type: [RestorationType; 3],
    /// `lr_unit_shift`, with `lr_unit_extra_shift` added; 0 to 2.
    pub lr_unit_shift: u8,
    /// `lr_uv_shift`; 0 if not coded.
    pub lr_uv_shift: u8,
}

impl LrParams {
    /// UsesLr.
    pub fn uses_lr(&self) -> bool {
        self.frame_restoration_type.iter().any(|t| *t != RestorationType::None)
    }

    /// usesChromaLr.
    pub fn uses_chroma_lr(&self) -> bool {
        self.frame_restoration_type[1..].iter().any(|t| *t != RestorationType::None)
    }

    /// Log2 of LoopRestorationSize of `plane`: 5 to 8 (RESTORATION_TILESIZE_MAX is 256).
    pub fn loop_restoration_size_log2(&self, plane: usize) -> u8 {
        let luma = 6 + self.lr_unit_shift;
        if plane == 0 { luma } else { luma - self.lr_uv_shift }
    }
}
