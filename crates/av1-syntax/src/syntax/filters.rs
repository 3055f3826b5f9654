//! In-loop filters: specification 5.9.11, 5.9.19, 5.9.20.

use super::TOTAL_REFS_PER_FRAME;
use super::sequence::SequenceHeader;
use crate::bits::BitReader;
use crate::error::StreamError;

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

type Result<T> = std::result::Result<T, StreamError>;

/// What decides whether a frame has in-loop filters at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    /// CodedLossless.
    pub(super) coded_lossless: bool,
    /// AllLossless.
    pub(super) all_lossless: bool,
    /// `allow_intrabc`.
    pub(super) allow_intrabc: bool,
}

/// `loop_filter_params()`, 5.9.11; `previous` are those of the primary reference frame, or the
/// defaults of `setup_past_independence()`.
pub(super) fn loop_filter_params(
    r: &mut BitReader<'_>,
    gates: Gates,
    num_planes: usize,
    previous: &LoopFilterParams,
) -> Result<LoopFilterParams> {
    r.table("loop_filter_params", "5.9.11");
    let mut l = LoopFilterParams::default();
    if gates.coded_lossless || gates.allow_intrabc {
        return Ok(l);
    }
    l.loop_filter_ref_deltas = previous.loop_filter_ref_deltas;
    l.loop_filter_mode_deltas = previous.loop_filter_mode_deltas;
    l.loop_filter_level[0] = r.f_at(6, "loop_filter_level", 0)? as u8;
    l.loop_filter_level[1] = r.f_at(6, "loop_filter_level", 1)? as u8;
    if num_planes > 1 && (l.loop_filter_level[0] != 0 || l.loop_filter_level[1] != 0) {
        l.loop_filter_level[2] = r.f_at(6, "loop_filter_level", 2)? as u8;
        l.loop_filter_level[3] = r.f_at(6, "loop_filter_level", 3)? as u8;
    }
    l.loop_filter_sharpness = r.f8(3, "loop_filter_sharpness")?;
    l.loop_filter_delta_enabled = r.flag("loop_filter_delta_enabled")?;
    if l.loop_filter_delta_enabled {
        l.loop_filter_delta_update = r.flag("loop_filter_delta_update")?;
    }
    if l.loop_filter_delta_update {
        for (i, delta) in l.loop_filter_ref_deltas.iter_mut().enumerate() {
            if r.f_at(1, "update_ref_delta", i)? == 1 {
                l.update_ref_delta |= 1 << i;
                *delta = r.su(7, "loop_filter_ref_deltas", i)? as i8;
            }
        }
        for (i, delta) in l.loop_filter_mode_deltas.iter_mut().enumerate() {
            if r.f_at(1, "update_mode_delta", i)? == 1 {
                l.update_mode_delta |= 1 << i;
                *delta = r.su(7, "loop_filter_mode_deltas", i)? as i8;
            }
        }
    }
    Ok(l)
}

/// `cdef_params()`, 5.9.19.
pub(super) fn cdef_params(
    r: &mut BitReader<'_>,
    gates: Gates,
    sequence: &SequenceHeader,
) -> Result<CdefParams> {
    r.table("cdef_params", "5.9.19");
    let mut c = CdefParams::default();
    if gates.coded_lossless || gates.allow_intrabc || !sequence.enable_cdef {
        return Ok(c);
    }
    c.cdef_damping_minus_3 = r.f8(2, "cdef_damping_minus_3")?;
    c.cdef_bits = r.f8(2, "cdef_bits")?;
    for i in 0..1usize << c.cdef_bits {
        c.cdef_y_pri_strength[i] = r.f_at(4, "cdef_y_pri_strength", i)? as u8;
        c.cdef_y_sec_strength[i] = r.f_at(2, "cdef_y_sec_strength", i)? as u8;
        if sequence.color_config.num_planes() > 1 {
            c.cdef_uv_pri_strength[i] = r.f_at(4, "cdef_uv_pri_strength", i)? as u8;
            c.cdef_uv_sec_strength[i] = r.f_at(2, "cdef_uv_sec_strength", i)? as u8;
        }
    }
    Ok(c)
}

/// `lr_params()`, 5.9.20.
pub(super) fn lr_params(
    r: &mut BitReader<'_>,
    gates: Gates,
    sequence: &SequenceHeader,
) -> Result<LrParams> {
    r.table("lr_params", "5.9.20");
    let mut l = LrParams::default();
    if gates.all_lossless || gates.allow_intrabc || !sequence.enable_restoration {
        return Ok(l);
    }
    let color = &sequence.color_config;
    for i in 0..color.num_planes() {
        // Remap_Lr_Type.
        l.frame_restoration_type[i] = match r.f_at(2, "lr_type", i)? {
            0 => RestorationType::None,
            1 => RestorationType::Switchable,
            2 => RestorationType::Wiener,
            _ => RestorationType::Sgrproj,
        };
    }
    if !l.uses_lr() {
        return Ok(l);
    }
    l.lr_unit_shift = r.f8(1, "lr_unit_shift")?;
    if sequence.use_128x128_superblock {
        l.lr_unit_shift += 1;
    } else if l.lr_unit_shift == 1 {
        l.lr_unit_shift += r.f8(1, "lr_unit_extra_shift")?;
    }
    if color.subsampling_x && color.subsampling_y && l.uses_chroma_lr() {
        l.lr_uv_shift = r.f8(1, "lr_uv_shift")?;
    }
    Ok(l)
}
