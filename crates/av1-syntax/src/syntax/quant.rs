//! Quantisation: specification 5.9.12 and 5.9.13.

use super::sequence::ColorConfig;
use crate::bits::BitReader;
use crate::error::StreamError;

/// `quantization_params()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuantizationParams {
    /// `base_q_idx`.
    pub base_q_idx: u8,
    /// DeltaQYDc, -64 to 63.
    pub delta_q_y_dc: i8,
    /// `diff_uv_delta`; false if not coded.
    pub diff_uv_delta: bool,
    /// DeltaQUDc.
    pub delta_q_u_dc: i8,
    /// DeltaQUAc.
    pub delta_q_u_ac: i8,
    /// DeltaQVDc; equal to U's if they do not differ.
    pub delta_q_v_dc: i8,
    /// DeltaQVAc.
    pub delta_q_v_ac: i8,
    /// `using_qmatrix`.
    pub using_qmatrix: bool,
    /// `qm_y`; 0 if not coded.
    pub qm_y: u8,
    /// `qm_u`.
    pub qm_u: u8,
    /// `qm_v`; equal to `qm_u` if not coded apart.
    pub qm_v: u8,
}

type Result<T> = std::result::Result<T, StreamError>;

/// `quantization_params()`, 5.9.12.
pub(super) fn quantization_params(
    r: &mut BitReader<'_>,
    color: &ColorConfig,
) -> Result<QuantizationParams> {
    r.table("quantization_params", "5.9.12");
    let mut q = QuantizationParams {
        base_q_idx: r.f8(8, "base_q_idx")?,
        delta_q_y_dc: delta_q(r, "DeltaQYDc")?,
        ..Default::default()
    };
    if !color.mono_chrome {
        if color.separate_uv_delta_q {
            q.diff_uv_delta = r.flag("diff_uv_delta")?;
        }
        q.delta_q_u_dc = delta_q(r, "DeltaQUDc")?;
        q.delta_q_u_ac = delta_q(r, "DeltaQUAc")?;
        (q.delta_q_v_dc, q.delta_q_v_ac) = match q.diff_uv_delta {
            true => (delta_q(r, "DeltaQVDc")?, delta_q(r, "DeltaQVAc")?),
            false => (q.delta_q_u_dc, q.delta_q_u_ac),
        };
    }
    q.using_qmatrix = r.flag("using_qmatrix")?;
    if q.using_qmatrix {
        q.qm_y = r.f8(4, "qm_y")?;
        q.qm_u = r.f8(4, "qm_u")?;
        q.qm_v = if color.separate_uv_delta_q { r.f8(4, "qm_v")? } else { q.qm_u };
    }
    Ok(q)
}

/// `read_delta_q()`, 5.9.13.
fn delta_q(r: &mut BitReader<'_>, variable: &'static str) -> Result<i8> {
    match r.flag("delta_coded")? {
        true => Ok(r.su(7, variable, None)? as i8),
        false => Ok(0),
    }
}
