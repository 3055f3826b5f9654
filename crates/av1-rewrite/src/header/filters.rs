//! In-loop filters: specification 5.9.11, 5.9.19, 5.9.20.

use av1_syntax::syntax::filters::{LoopFilterParams, RestorationType};
use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::sequence::SequenceHeader;

use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `loop_filter_params()`, 5.9.11; `previous` are those of the primary reference frame.
pub(super) fn loop_filter_params(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    h: &FrameHeader,
    previous: Option<&LoopFilterParams>,
) -> Result<()> {
    if h.coded_lossless || h.allow_intrabc {
        return Ok(());
    }
    let (l, previous) = (&h.loop_filter_params, previous.copied().unwrap_or_default());
    let level = l.loop_filter_level;
    w.f(6, level[0], "loop_filter_level")?;
    w.f(6, level[1], "loop_filter_level")?;
    if sequence.color_config.num_planes() > 1 && (level[0] != 0 || level[1] != 0) {
        w.f(6, level[2], "loop_filter_level")?;
        w.f(6, level[3], "loop_filter_level")?;
    }
    w.f(3, l.loop_filter_sharpness, "loop_filter_sharpness")?;
    w.flag(l.loop_filter_delta_enabled);
    if l.loop_filter_delta_enabled {
        w.flag(l.loop_filter_delta_update);
    }
    let is_updated = l.loop_filter_delta_enabled && l.loop_filter_delta_update;
    let update = |mask: u8| if is_updated { mask } else { 0 };
    let (of_refs, of_modes) = (update(l.update_ref_delta), update(l.update_mode_delta));
    let refs = (&l.loop_filter_ref_deltas[..], &previous.loop_filter_ref_deltas[..]);
    deltas(w, is_updated, of_refs, refs, "loop_filter_ref_deltas")?;
    let modes = (&l.loop_filter_mode_deltas[..], &previous.loop_filter_mode_deltas[..]);
    deltas(w, is_updated, of_modes, modes, "loop_filter_mode_deltas")
}

fn deltas(
    w: &mut BitWriter,
    is_coded: bool,
    update: u8,
    (values, previous): (&[i8], &[i8]),
    element: &'static str,
) -> Result<()> {
    for (i, (value, previous)) in values.iter().zip(previous).enumerate() {
        let is_updated = (update >> i) & 1 == 1;
        if is_coded {
            w.flag(is_updated);
        }
        if is_updated {
            w.su(7, *value, element)?;
        } else if value != previous {
            return Err(bad(element, *value, "it is not the last one, and is not updated"));
        }
    }
    Ok(())
}

/// `cdef_params()`, 5.9.19.
pub(super) fn cdef_params(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    h: &FrameHeader,
) -> Result<()> {
    if h.coded_lossless || h.allow_intrabc || !sequence.enable_cdef {
        return Ok(());
    }
    let c = &h.cdef_params;
    w.f(2, c.cdef_damping_minus_3, "cdef_damping_minus_3")?;
    w.f(2, c.cdef_bits, "cdef_bits")?;
    for i in 0..1usize << c.cdef_bits {
        w.f(4, c.cdef_y_pri_strength[i], "cdef_y_pri_strength")?;
        w.f(2, c.cdef_y_sec_strength[i], "cdef_y_sec_strength")?;
        if sequence.color_config.num_planes() > 1 {
            w.f(4, c.cdef_uv_pri_strength[i], "cdef_uv_pri_strength")?;
            w.f(2, c.cdef_uv_sec_strength[i], "cdef_uv_sec_strength")?;
        }
    }
    Ok(())
}

/// `lr_params()`, 5.9.20.
pub(super) fn lr_params(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    h: &FrameHeader,
) -> Result<()> {
    if h.all_lossless || h.allow_intrabc || !sequence.enable_restoration {
        return Ok(());
    }
    let (l, color) = (&h.lr_params, &sequence.color_config);
    for kind in l.frame_restoration_type.iter().take(color.num_planes()) {
        // The inverse of Remap_Lr_Type.
        let lr_type = match kind {
            RestorationType::None => 0,
            RestorationType::Switchable => 1u32,
            RestorationType::Wiener => 2,
            RestorationType::Sgrproj => 3,
        };
        w.f(2, lr_type, "lr_type")?;
    }
    if !l.uses_lr() {
        return Ok(());
    }
    let shift = l.lr_unit_shift;
    match sequence.use_128x128_superblock {
        true => w.f(1, shift.wrapping_sub(1), "lr_unit_shift")?,
        false => {
            w.flag(shift > 0);
            if shift > 0 {
                w.f(1, shift - 1, "lr_unit_extra_shift")?;
            }
        }
    }
    if color.subsampling_x && color.subsampling_y && l.uses_chroma_lr() {
        w.f(1, l.lr_uv_shift, "lr_uv_shift")?;
    }
    Ok(())
}
