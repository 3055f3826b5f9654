//! Frame-wide modes: specification 5.9.17, 5.9.18 and 5.9.21.

use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::modes::TxMode;

use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `delta_q_params()`, 5.9.17.
pub(super) fn delta_q_params(w: &mut BitWriter, h: &FrameHeader) -> Result<()> {
    let params = &h.delta_q_params;
    if h.quantization_params.base_q_idx > 0 {
        w.flag(params.delta_q_present);
    } else if params.delta_q_present {
        return Err(bad("delta_q_present", 1, "base_q_idx is 0"));
    }
    match params.delta_q_present {
        true => w.f(2, params.delta_q_res, "delta_q_res"),
        false => Ok(()),
    }
}

/// `delta_lf_params()`, 5.9.18.
pub(super) fn delta_lf_params(w: &mut BitWriter, h: &FrameHeader) -> Result<()> {
    let params = &h.delta_lf_params;
    if !h.delta_q_params.delta_q_present {
        return match params.delta_lf_present {
            true => Err(bad("delta_lf_present", 1, "delta_q_present is 0")),
            false => Ok(()),
        };
    }
    if !h.allow_intrabc {
        w.flag(params.delta_lf_present);
    }
    if params.delta_lf_present {
        w.f(2, params.delta_lf_res, "delta_lf_res")?;
        w.flag(params.delta_lf_multi);
    }
    Ok(())
}

/// `read_tx_mode()`, 5.9.21.
pub(super) fn read_tx_mode(w: &mut BitWriter, h: &FrameHeader) -> Result<()> {
    match (h.coded_lossless, h.tx_mode) {
        (true, TxMode::Only4x4) => {}
        (false, TxMode::Largest) => w.flag(false),
        (false, TxMode::Select) => w.flag(true),
        (_, mode) => {
            let rule = "ONLY_4X4 is what lossless frames have";
            return Err(bad("TxMode", mode as i64, rule));
        }
    }
    Ok(())
}
