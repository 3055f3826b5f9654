//! `global_motion_params()`, spec 5.9.24 and 5.9.25: final parameters become differences again.

use super::super::Fault;
use super::super::obu_writer::BitWriter;
use super::{Derived, HeaderInput, PRIMARY_REF_NONE};

/// `WARPEDMODEL_PREC_BITS`, spec section 3.
const WARPEDMODEL_PREC_BITS: u32 = 16;

/// `gm_params` by reference name, LAST_FRAME first.
pub(crate) type GmParams = [[i32; 6]; 7];

/// The parameters that change nothing.
const IDENTITY_PARAMS: [i32; 6] =
    [0, 0, 1 << WARPEDMODEL_PREC_BITS, 0, 0, 1 << WARPEDMODEL_PREC_BITS];

/// Every name at rest: what intra frames save and what `setup_past_independence()` sets.
pub(crate) const IDENTITY: GmParams = [IDENTITY_PARAMS; 7];

/// `GmType`, spec 6.8.18.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GmType {
    Identity,
    Translation,
    RotZoom,
    Affine,
}

/// `global_motion_params()`, spec 5.9.24. The answer is what the decoder will save.
pub(super) fn global_motion_params(
    w: &mut BitWriter,
    input: &HeaderInput<'_>,
    derived: &Derived,
) -> Result<GmParams, Fault> {
    let mut gm = IDENTITY;
    let Some(references) = input.references else {
        return Ok(gm);
    };
    let prev = match derived.primary_ref_frame {
        PRIMARY_REF_NONE => IDENTITY,
        name => references[usize::from(name)].gm,
    };
    for i in 0..gm.len() {
        // The Std arrays begin with INTRA_FRAME.
        let (gm_type, params) = match &input.picture.global_motion {
            Some(std) => (gm_type(std.GmType[i + 1]), std.gm_params[i + 1]),
            None => (GmType::Identity, IDENTITY_PARAMS),
        };
        w.flag(gm_type != GmType::Identity); // is_global
        if gm_type != GmType::Identity {
            w.flag(gm_type == GmType::RotZoom); // is_rot_zoom
            if gm_type != GmType::RotZoom {
                w.flag(gm_type == GmType::Translation); // is_translation
            }
        }
        let mut param = |idx: usize| {
            global_param(w, gm_type, idx, params[idx], prev[i][idx], derived)?;
            gm[i][idx] = params[idx];
            Ok(())
        };
        if matches!(gm_type, GmType::RotZoom | GmType::Affine) {
            param(2)?;
            param(3)?;
            if gm_type == GmType::Affine {
                param(4)?;
                param(5)?;
            }
        }
        if gm_type != GmType::Identity {
            param(0)?;
            param(1)?;
        }
        if gm_type == GmType::RotZoom {
            gm[i][4] = -gm[i][3];
            gm[i][5] = gm[i][2];
        }
    }
    Ok(gm)
}

fn gm_type(std: u8) -> GmType {
    match std & 3 {
        1 => GmType::Translation,
        2 => GmType::RotZoom,
        3 => GmType::Affine,
        _ => GmType::Identity,
    }
}

/// The inverse of `read_global_param(type, ref, idx)`, spec 5.9.25.
fn global_param(
    w: &mut BitWriter,
    gm_type: GmType,
    idx: usize,
    param: i32,
    prev: i32,
    derived: &Derived,
) -> Result<(), Fault> {
    // GM_ABS_* and GM_*_PREC_BITS.
    let (abs_bits, prec_bits) = match (idx < 2, gm_type) {
        (false, _) => (12, 15),
        (true, GmType::Translation) => {
            let low_precision = u32::from(!derived.allow_high_precision_mv);
            (9 - low_precision, 3 - low_precision)
        }
        (true, _) => (12, 6),
    };
    let prec_diff = WARPEDMODEL_PREC_BITS - prec_bits;
    let (round, sub) =
        if idx % 3 == 2 { (1 << WARPEDMODEL_PREC_BITS, 1 << prec_bits) } else { (0, 0) };
    let mx = 1i32 << abs_bits;
    let r = (prev >> prec_diff) - sub;
    let fault = Fault::Inexpressible { element: "gm_params", section: "5.9.25" };
    let offset = param.checked_sub(round).ok_or(fault.clone())?;
    let value = offset >> prec_diff;
    if value << prec_diff != offset || value < -mx || value > mx {
        return Err(fault);
    }
    w.signed_subexp_with_ref(-mx, mx + 1, r, value);
    Ok(())
}
