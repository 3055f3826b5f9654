//! Quantisation: specification 5.9.12 and 5.9.13.

use av1_syntax::syntax::quant::QuantizationParams;
use av1_syntax::syntax::sequence::ColorConfig;

use super::HeaderForm;
use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `quantization_params()`, 5.9.12.
pub(super) fn quantization_params(
    w: &mut BitWriter,
    color: &ColorConfig,
    q: &QuantizationParams,
    form: &HeaderForm,
) -> Result<()> {
    let coded = form.delta_coded;
    w.f(8, q.base_q_idx, "base_q_idx")?;
    delta_q(w, q.delta_q_y_dc, coded[0], "DeltaQYDc")?;
    if !color.mono_chrome {
        if color.separate_uv_delta_q {
            w.flag(q.diff_uv_delta);
        }
        delta_q(w, q.delta_q_u_dc, coded[1], "DeltaQUDc")?;
        delta_q(w, q.delta_q_u_ac, coded[2], "DeltaQUAc")?;
        if q.diff_uv_delta {
            delta_q(w, q.delta_q_v_dc, coded[3], "DeltaQVDc")?;
            delta_q(w, q.delta_q_v_ac, coded[4], "DeltaQVAc")?;
        } else if (q.delta_q_u_dc, q.delta_q_u_ac) != (q.delta_q_v_dc, q.delta_q_v_ac) {
            return Err(bad("diff_uv_delta", 0, "V's differences are not U's"));
        }
    }
    w.flag(q.using_qmatrix);
    if q.using_qmatrix {
        w.f(4, q.qm_y, "qm_y")?;
        w.f(4, q.qm_u, "qm_u")?;
        if color.separate_uv_delta_q {
            w.f(4, q.qm_v, "qm_v")?;
        }
    }
    Ok(())
}

/// `read_delta_q()`, 5.9.13.
fn delta_q(w: &mut BitWriter, value: i8, coded: bool, variable: &'static str) -> Result<()> {
    w.flag(coded || value != 0);
    match coded || value != 0 {
        true => w.su(7, value, variable),
        false => Ok(()),
    }
}
