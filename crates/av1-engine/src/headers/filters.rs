//! `loop_filter_params()`, `cdef_params()` and `lr_params()`, spec 5.9.11, 5.9.19 and 5.9.20.

use ash::vk::native::{StdVideoAV1CDEF, StdVideoAV1LoopFilter, StdVideoAV1LoopRestoration};

use super::super::Fault;
use super::super::obu_writer::BitWriter;
use super::super::sequence::Sequence;

/// `loop_filter_params()`, spec 5.9.11, for frames that are neither lossless nor intrabc.
/// Deltas are final values, so they are sent in full whatever the update masks say.
pub(super) fn loop_filter_params(
    w: &mut BitWriter,
    sequence: &Sequence,
    std: Option<&StdVideoAV1LoopFilter>,
) {
    let Some(std) = std else {
        w.f(6 + 6, 0); // loop_filter_level[ 0 ], loop_filter_level[ 1 ]
        w.f(3, 0); // loop_filter_sharpness
        w.flag(false); // loop_filter_delta_enabled
        return;
    };
    let level = std.loop_filter_level.map(|level| u32::from(level & 63));
    w.f(6, level[0]);
    w.f(6, level[1]);
    if sequence.num_planes() > 1 && (level[0] != 0 || level[1] != 0) {
        w.f(6, level[2]);
        w.f(6, level[3]);
    }
    w.f(3, u32::from(std.loop_filter_sharpness));
    let delta_enabled = std.flags.loop_filter_delta_enabled() != 0;
    w.flag(delta_enabled);
    if delta_enabled {
        w.flag(true); // loop_filter_delta_update
        for &delta in std.loop_filter_ref_deltas.iter().chain(&std.loop_filter_mode_deltas) {
            w.flag(true); // update_ref_delta, update_mode_delta
            w.su(7, i32::from(delta));
        }
    }
}

/// `cdef_params()`, spec 5.9.19, for frames that have it. No structure means no strength.
pub(super) fn cdef_params(w: &mut BitWriter, sequence: &Sequence, std: Option<&StdVideoAV1CDEF>) {
    // A secondary strength of 4 is the derived value of the coded 3.
    let sec_strength = |strength: u8| u32::from(strength.min(3));
    let cdef_bits = std.map_or(0, |std| std.cdef_bits & 3);
    w.f(2, std.map_or(0, |std| u32::from(std.cdef_damping_minus_3)));
    w.f(2, u32::from(cdef_bits));
    for i in 0..1 << cdef_bits {
        w.f(4, std.map_or(0, |std| u32::from(std.cdef_y_pri_strength[i])));
        w.f(2, std.map_or(0, |std| sec_strength(std.cdef_y_sec_strength[i])));
        if sequence.num_planes() > 1 {
            w.f(4, std.map_or(0, |std| u32::from(std.cdef_uv_pri_strength[i])));
            w.f(2, std.map_or(0, |std| sec_strength(std.cdef_uv_sec_strength[i])));
        }
    }
}

/// `lr_params()`, spec 5.9.20, for frames that have it. No structure means no restoration.
pub(super) fn lr_params(
    w: &mut BitWriter,
    sequence: &Sequence,
    std: Option<&StdVideoAV1LoopRestoration>,
) -> Result<(), Fault> {
    let mut uses_lr = false;
    let mut uses_chroma_lr = false;
    for plane in 0..sequence.num_planes() {
        let lr_type = std.map_or(0, |std| lr_type(std.FrameRestorationType[plane]));
        w.f(2, lr_type);
        uses_lr |= lr_type != 0;
        uses_chroma_lr |= lr_type != 0 && plane > 0;
    }
    let Some(std) = std.filter(|_| uses_lr) else {
        return Ok(());
    };
    let [luma, cb, cr] = std.LoopRestorationSize.map(size_log2_minus_5);
    // A client that restores chroma only may leave the luma size out.
    let luma = if luma == 0 { cb.max(cr) } else { luma };
    let fault = Fault::Inexpressible { element: "lr_unit_shift", section: "5.9.20" };
    // RESTORATION_TILESIZE_MAX >> ( 2 - lr_unit_shift ): 64, 128 or 256 are 1, 2 and 3.
    let lr_unit_shift = match luma {
        1..=3 => luma - 1,
        _ => return Err(fault),
    };
    if sequence.use_128x128_superblock {
        if lr_unit_shift == 0 {
            return Err(fault);
        }
        w.flag(lr_unit_shift == 2); // lr_unit_shift
    } else {
        w.flag(lr_unit_shift > 0); // lr_unit_shift
        if lr_unit_shift > 0 {
            w.flag(lr_unit_shift == 2); // lr_unit_extra_shift
        }
    }
    if sequence.subsampling_x && sequence.subsampling_y && uses_chroma_lr {
        // Both chroma sizes are equal by definition, but clients have got the first one wrong.
        let is_size = |chroma: &u16| *chroma == luma || *chroma + 1 == luma;
        let chroma = [cr, cb].into_iter().find(is_size);
        let Some(chroma) = chroma else {
            return Err(Fault::Inexpressible { element: "lr_uv_shift", section: "5.9.20" });
        };
        w.flag(chroma != luma); // lr_uv_shift
    }
    Ok(())
}

/// `lr_type` of a `StdVideoAV1FrameRestorationType`: the inverse of Remap_Lr_Type. Both name NONE,
/// WIENER, SGRPROJ and SWITCHABLE, the Std enumeration in this order.
fn lr_type(restoration_type: u32) -> u32 {
    match restoration_type {
        1 => 2,
        2 => 3,
        3 => 1,
        _ => 0,
    }
}

/// `LoopRestorationSize` is log2(size) - 5; older texts read as if it were the size.
fn size_log2_minus_5(size: u16) -> u16 {
    match size {
        32 => 0,
        64 => 1,
        128 => 2,
        256 => 3,
        other => other,
    }
}
