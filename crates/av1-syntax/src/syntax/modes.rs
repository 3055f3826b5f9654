//! Frame-wide modes: specification 5.9.17, 5.9.18, 5.9.21 to 5.9.23.

use super::frame_type::FrameType;
use super::sequence::SequenceHeader;
use super::{REFS_PER_FRAME, RefSlot};
use crate::bits::BitReader;
use crate::error::StreamError;

/// `delta_q_params()`, 5.9.17.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaQParams {
    /// `delta_q_present`.
    pub delta_q_present: bool,
    /// `delta_q_res`, as coded: a shift.
    pub delta_q_res: u8,
}

/// `delta_lf_params()`, 5.9.18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaLfParams {
    /// `delta_lf_present`.
    pub delta_lf_present: bool,
    /// `delta_lf_res`, as coded: a shift.
    pub delta_lf_res: u8,
    /// `delta_lf_multi`.
    pub delta_lf_multi: bool,
}

/// TxMode, 6.8.21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxMode {
    /// ONLY_4X4, 0.
    Only4x4,
    /// TX_MODE_LARGEST, 1.
    Largest,
    /// TX_MODE_SELECT, 2.
    Select,
}

type Result<T> = std::result::Result<T, StreamError>;

/// `delta_q_params()`, 5.9.17.
pub(super) fn delta_q_params(r: &mut BitReader<'_>, base_q_idx: u8) -> Result<DeltaQParams> {
    r.table("delta_q_params", "5.9.17");
    let mut params = DeltaQParams::default();
    if base_q_idx > 0 {
        params.delta_q_present = r.flag("delta_q_present")?;
    }
    if params.delta_q_present {
        params.delta_q_res = r.f8(2, "delta_q_res")?;
    }
    Ok(params)
}

/// `delta_lf_params()`, 5.9.18.
pub(super) fn delta_lf_params(
    r: &mut BitReader<'_>,
    delta_q: &DeltaQParams,
    allow_intrabc: bool,
) -> Result<DeltaLfParams> {
    r.table("delta_lf_params", "5.9.18");
    let mut params = DeltaLfParams::default();
    if delta_q.delta_q_present {
        if !allow_intrabc {
            params.delta_lf_present = r.flag("delta_lf_present")?;
        }
        if params.delta_lf_present {
            params.delta_lf_res = r.f8(2, "delta_lf_res")?;
            params.delta_lf_multi = r.flag("delta_lf_multi")?;
        }
    }
    Ok(params)
}

/// `read_tx_mode()`, 5.9.21.
pub(super) fn read_tx_mode(r: &mut BitReader<'_>, coded_lossless: bool) -> Result<TxMode> {
    r.table("read_tx_mode", "5.9.21");
    if coded_lossless {
        return Ok(TxMode::Only4x4);
    }
    Ok(if r.flag("tx_mode_select")? { TxMode::Select } else { TxMode::Largest })
}

/// `frame_reference_mode()`, 5.9.23.
pub(super) fn frame_reference_mode(r: &mut BitReader<'_>, frame_type: FrameType) -> Result<bool> {
    r.table("frame_reference_mode", "5.9.23");
    Ok(!frame_type.is_intra() && r.flag("reference_select")?)
}

/// get_relative_dist(), 7.9.3 (5.9.3): the distance from `b` to `a`, wrapped to OrderHintBits.
pub fn get_relative_dist(sequence: &SequenceHeader, a: u8, b: u8) -> i32 {
    let bits = sequence.order_hint_bits();
    if bits == 0 {
        return 0;
    }
    let diff = i32::from(a) - i32::from(b);
    let m = 1 << (bits - 1);
    (diff & (m - 1)) - (diff & m)
}

/// The first half of `skip_mode_params()`, 5.9.22: SkipModeFrame, if skipModeAllowed, of a frame of
/// OrderHint `order_hint`; `saved` gives that of the frame in a slot.
pub fn skip_mode_frame(
    sequence: &SequenceHeader,
    order_hint: u8,
    ref_frame_idx: Option<&[RefSlot; REFS_PER_FRAME]>,
    reference_select: bool,
    saved: impl Fn(RefSlot) -> Option<u8>,
) -> Option<[u8; 2]> {
    let ref_frame_idx = ref_frame_idx.filter(|_| reference_select && sequence.enable_order_hint)?;
    let dist = |a, b| get_relative_dist(sequence, a, b);
    let mut forward: Option<(u8, u8)> = None;
    let mut backward: Option<(u8, u8)> = None;
    let hints = |slot: &RefSlot| saved(*slot);
    let names = || (1u8..).zip(ref_frame_idx.iter().map(hints));
    for (name, hint) in names() {
        let hint = hint?;
        if dist(hint, order_hint) < 0 {
            if forward.is_none_or(|(_, best)| dist(hint, best) > 0) {
                forward = Some((name, hint));
            }
        } else if dist(hint, order_hint) > 0
            && backward.is_none_or(|(_, best)| dist(hint, best) < 0)
        {
            backward = Some((name, hint));
        }
    }
    let (forward, forward_hint) = forward?;
    if let Some((backward, _)) = backward {
        return Some([forward.min(backward), forward.max(backward)]);
    }
    let mut second: Option<(u8, u8)> = None;
    for (name, hint) in names() {
        let hint = hint?;
        if dist(hint, forward_hint) < 0 && second.is_none_or(|(_, best)| dist(hint, best) > 0) {
            second = Some((name, hint));
        }
    }
    second.map(|(second, _)| [forward.min(second), forward.max(second)])
}
