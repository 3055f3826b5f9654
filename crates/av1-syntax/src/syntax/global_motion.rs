//! Global motion: specification 5.9.24 to 5.9.29.

use super::{TOTAL_REFS_PER_FRAME, WARPEDMODEL_PREC_BITS};
use crate::bits::BitReader;
use crate::error::StreamError;

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

type Result<T> = std::result::Result<T, StreamError>;

const IDENTITY: u8 = 0;
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
    r: &mut BitReader<'_>,
    allow_high_precision_mv: bool,
    previous: &GlobalMotionParams,
) -> Result<GlobalMotionParams> {
    r.table("global_motion_params", "5.9.24");
    let mut gm = GlobalMotionParams::default();
    for name in 1..TOTAL_REFS_PER_FRAME {
        let kind = if !r.flag("is_global")? {
            IDENTITY
        } else if r.flag("is_rot_zoom")? {
            ROTZOOM
        } else if r.flag("is_translation")? {
            TRANSLATION
        } else {
            AFFINE
        };
        gm.gm_type[name] = kind;
        let reader =
            ParamReader { kind, allow_high_precision_mv, previous: &previous.gm_params[name] };
        let params = &mut gm.gm_params[name];
        if kind >= ROTZOOM {
            reader.read(r, params, 2)?;
            reader.read(r, params, 3)?;
            if kind == AFFINE {
                reader.read(r, params, 4)?;
                reader.read(r, params, 5)?;
            } else {
                params[4] = -params[3];
                params[5] = params[2];
            }
        }
        if kind >= TRANSLATION {
            reader.read(r, params, 0)?;
            reader.read(r, params, 1)?;
        }
    }
    Ok(gm)
}

struct ParamReader<'a> {
    kind: u8,
    allow_high_precision_mv: bool,
    previous: &'a [i32; 6],
}

impl ParamReader<'_> {
    /// `read_global_param()`, 5.9.25.
    fn read(&self, r: &mut BitReader<'_>, params: &mut [i32; 6], idx: usize) -> Result<()> {
        let (abs_bits, prec_bits) = if idx >= 2 {
            (GM_ABS_ALPHA_BITS, GM_ALPHA_PREC_BITS)
        } else if self.kind == TRANSLATION {
            let low = u32::from(!self.allow_high_precision_mv);
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
        let reference = (self.previous[idx] >> prec_diff) - sub;
        let value = decode_signed_subexp_with_ref(r, -mx, mx + 1, reference)?;
        params[idx] = (value << prec_diff) + round;
        Ok(())
    }
}

/// `decode_signed_subexp_with_ref()`, 5.9.26.
fn decode_signed_subexp_with_ref(
    r: &mut BitReader<'_>,
    low: i32,
    high: i32,
    reference: i32,
) -> Result<i32> {
    Ok(decode_unsigned_subexp_with_ref(r, high - low, reference - low)? + low)
}

/// `decode_unsigned_subexp_with_ref()`, 5.9.27.
fn decode_unsigned_subexp_with_ref(r: &mut BitReader<'_>, mx: i32, reference: i32) -> Result<i32> {
    let v = decode_subexp(r, mx)?;
    Ok(if (reference << 1) <= mx {
        inverse_recenter(reference, v)
    } else {
        mx - 1 - inverse_recenter(mx - 1 - reference, v)
    })
}

/// `decode_subexp()`, 5.9.28.
fn decode_subexp(r: &mut BitReader<'_>, num_syms: i32) -> Result<i32> {
    let (mut i, mut mk, k) = (0u32, 0i32, 3u32);
    loop {
        let b2 = if i > 0 { k + i - 1 } else { k };
        let a = 1i32 << b2;
        if num_syms <= mk + 3 * a {
            let n = (num_syms - mk).max(1) as u32;
            return Ok(r.ns(n, "subexp_final_bits", None)? as i32 + mk);
        }
        if !r.flag("subexp_more_bits")? {
            return Ok(r.f(b2, "subexp_bits")? as i32 + mk);
        }
        i += 1;
        mk += a;
    }
}

/// `inverse_recenter()`, 5.9.29.
fn inverse_recenter(r: i32, v: i32) -> i32 {
    if v > 2 * r {
        v
    } else if v & 1 == 1 {
        r - ((v + 1) >> 1)
    } else {
        r + (v >> 1)
    }
}
