//! Global motion: specification 5.9.24 and 5.9.25. Final parameters become differences again.

use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::global_motion::GlobalMotionParams;
use av1_syntax::syntax::{TOTAL_REFS_PER_FRAME, WARPEDMODEL_PREC_BITS};

use crate::bits::{BitWriter, bad};
use crate::error::Result;

const TRANSLATION: u8 = 1;
const ROTZOOM: u8 = 2;
const AFFINE: u8 = 3;

const GM_ABS_ALPHA_BITS: u32 = 12;
const GM_ALPHA_PREC_BITS: u32 = 15;
const GM_ABS_TRANS_ONLY_BITS: u32 = 9;
const GM_TRANS_ONLY_PREC_BITS: u32 = 3;
const GM_ABS_TRANS_BITS: u32 = 12;
const GM_TRANS_PREC_BITS: u32 = 6;

/// `global_motion_params()`, 5.9.24, of an inter frame; `previous` is PrevGmParams.
pub(super) fn global_motion_params(
    w: &mut BitWriter,
    h: &FrameHeader,
    previous: Option<&GlobalMotionParams>,
) -> Result<()> {
    let previous = previous.copied().unwrap_or_default();
    for name in 1..TOTAL_REFS_PER_FRAME {
        let kind = h.global_motion_params.gm_type[name];
        if kind > AFFINE {
            return Err(bad("GmType", kind, "there are four"));
        }
        w.flag(kind != 0); // is_global
        if kind != 0 {
            w.flag(kind == ROTZOOM); // is_rot_zoom
            if kind != ROTZOOM {
                w.flag(kind == TRANSLATION); // is_translation
            }
        }
        let params = &h.global_motion_params.gm_params[name];
        let mut write = |idx: usize| {
            let reference = previous.gm_params[name][idx];
            global_param(w, kind, idx, params[idx], (reference, h.allow_high_precision_mv))
        };
        if kind >= ROTZOOM {
            write(2)?;
            write(3)?;
            if kind == AFFINE {
                write(4)?;
                write(5)?;
            }
        }
        if kind >= TRANSLATION {
            write(0)?;
            write(1)?;
        }
    }
    Ok(())
}

/// The inverse of `read_global_param()`, 5.9.25.
fn global_param(
    w: &mut BitWriter,
    kind: u8,
    idx: usize,
    param: i32,
    (previous, allow_high_precision_mv): (i32, bool),
) -> Result<()> {
    let (abs_bits, prec_bits) = if idx >= 2 {
        (GM_ABS_ALPHA_BITS, GM_ALPHA_PREC_BITS)
    } else if kind == TRANSLATION {
        let low = u32::from(!allow_high_precision_mv);
        (GM_ABS_TRANS_ONLY_BITS - low, GM_TRANS_ONLY_PREC_BITS - low)
    } else {
        (GM_ABS_TRANS_BITS, GM_TRANS_PREC_BITS)
    };
    let prec_diff = WARPEDMODEL_PREC_BITS - prec_bits;
    let (round, sub) = match idx % 3 {
        2 => (1 << WARPEDMODEL_PREC_BITS, 1 << prec_bits),
        _ => (0, 0),
    };
    let mx = 1i32 << abs_bits;
    let reference = (previous >> prec_diff) - sub;
    let offset = param.wrapping_sub(round);
    if (offset >> prec_diff) << prec_diff != offset {
        return Err(bad("gm_params", param, "it has more fractional bits than are coded"));
    }
    w.signed_subexp_with_ref((-mx, mx + 1), reference, offset >> prec_diff, "gm_params")
}
