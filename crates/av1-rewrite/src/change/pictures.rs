//! Values that change pictures, and not how tiles are read: filters, and quantisers within a CDF band.
//!
//! A larger quantiser can make residuals overflow in the inverse transform, which no stream may do
//! (7.13.3) and decoders do not do alike. So what is drawn is smaller than it was, if not asked for.

use av1_syntax::syntax::MAX_SEGMENTS;
use av1_syntax::syntax::filters::LoopFilterParams;
use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::sequence::SequenceHeader;

use super::{Change, number, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::each_header;
use crate::stream::Stream;

pub(super) const CHANGES: &[Change] = &[
    Change::altering(
        "loop-filter-level",
        &["random", "0", "63"],
        "loop_filter_level of all planes and edges",
        loop_filter_level,
    ),
    Change::altering(
        "loop-filter-sharpness",
        &["random", "0", "7"],
        "loop_filter_sharpness",
        loop_filter_sharpness,
    ),
    Change::altering(
        "loop-filter-deltas",
        &["random", "off"],
        "loop_filter_ref_deltas and loop_filter_mode_deltas",
        loop_filter_deltas,
    ),
    Change::altering("cdef", &["random", "off"], "CDEF strengths and damping", cdef),
    Change::altering(
        "base-q-idx",
        &["random"],
        "base_q_idx, smaller within the band that chooses the coefficients' CDFs; =any: larger too",
        base_q_idx,
    ),
    Change::altering(
        "delta-q",
        &["random"],
        "DeltaQYDc and its like, smaller than they were; =any: larger too",
        delta_q,
    ),
    Change::altering(
        "quant-matrix",
        &["random", "off"],
        "qm_y, qm_u and qm_v, flatter than they were, or none; =any: where there are none, too",
        quant_matrix,
    ),
    Change::altering(
        "interpolation-filter",
        &["random", "0", "1", "2", "3"],
        "interpolation_filter of frames that do not switch it",
        interpolation_filter,
    ),
];

/// What stands for a value of its own in each frame.
const RANDOM: &str = "random";

/// `value` as a number, or one drawn for each frame.
fn drawn(change: &'static str, value: &str, most: u32) -> Result<Option<u8>> {
    match value {
        RANDOM => Ok(None),
        value => Ok(Some(number(change, value, 0..=most)? as u8)),
    }
}

/// Whether the frame has in-loop filters but for loop restoration.
fn is_filtered(h: &FrameHeader) -> bool {
    !h.coded_lossless && !h.allow_intrabc
}

fn loop_filter_level(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let level = drawn("loop-filter-level", value, 63)?;
    each_header(stream, |h, sequence, _| {
        if is_filtered(h) {
            let mut draw = || level.unwrap_or_else(|| random.below(64) as u8);
            let all = [draw(), draw(), draw(), draw()];
            set_loop_filter_level(h, sequence, all);
        }
        Ok(())
    })
}

/// Chroma has levels where there is chroma, and luma has one.
fn set_loop_filter_level(h: &mut FrameHeader, sequence: &SequenceHeader, level: [u8; 4]) {
    let has_chroma = sequence.color_config.num_planes() > 1 && (level[0] != 0 || level[1] != 0);
    h.loop_filter_params.loop_filter_level = match has_chroma {
        true => level,
        false => [level[0], level[1], 0, 0],
    };
}

fn loop_filter_sharpness(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let sharpness = drawn("loop-filter-sharpness", value, 7)?;
    each_header(stream, |h, _, _| {
        if is_filtered(h) {
            h.loop_filter_params.loop_filter_sharpness =
                sharpness.unwrap_or_else(|| random.below(8) as u8);
        }
        Ok(())
    })
}

fn loop_filter_deltas(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("loop-filter-deltas", value, &[(RANDOM, true), ("off", false)])?;
    each_header(stream, |h, _, state| {
        if !is_filtered(h) {
            return Ok(());
        }
        let previous = state.primary(h).map(|held| held.header.loop_filter_params);
        let previous = previous.unwrap_or_default();
        let l = &mut h.loop_filter_params;
        l.loop_filter_delta_enabled = on;
        l.loop_filter_delta_update = on;
        (l.update_ref_delta, l.update_mode_delta) = if on { (0xff, 3) } else { (0, 0) };
        let mut draw = || random.below(127) as i8 - 63;
        match on {
            true => {
                l.loop_filter_ref_deltas = std::array::from_fn(|_| draw());
                l.loop_filter_mode_deltas = std::array::from_fn(|_| draw());
            }
            // Those that are not used are inherited all the same.
            false => inherit_deltas(l, &previous),
        }
        Ok(())
    })
}

fn inherit_deltas(own: &mut LoopFilterParams, previous: &LoopFilterParams) {
    own.loop_filter_ref_deltas = previous.loop_filter_ref_deltas;
    own.loop_filter_mode_deltas = previous.loop_filter_mode_deltas;
}

fn cdef(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("cdef", value, &[(RANDOM, true), ("off", false)])?;
    each_header(stream, |h, sequence, _| {
        if !is_filtered(h) || !sequence.enable_cdef {
            return Ok(());
        }
        let has_chroma = sequence.color_config.num_planes() > 1;
        let c = &mut h.cdef_params;
        let mut draw = |n: u64, is_meant: bool| match on && is_meant {
            true => random.below(n) as u8,
            false => 0,
        };
        c.cdef_damping_minus_3 = draw(4, true);
        // How many there are is coded in the tiles.
        for i in 0..1usize << c.cdef_bits {
            c.cdef_y_pri_strength[i] = draw(16, true);
            c.cdef_y_sec_strength[i] = draw(4, true);
            c.cdef_uv_pri_strength[i] = draw(16, has_chroma);
            c.cdef_uv_sec_strength[i] = draw(4, has_chroma);
        }
        Ok(())
    })
}

/// Whether each segment's quantiser index is 0, which decides how it is coded.
fn zeros(h: &FrameHeader, base_q_idx: u8) -> [bool; MAX_SEGMENTS] {
    std::array::from_fn(|segment| h.segmentation_params.qidx(base_q_idx, segment) == 0)
}

/// The values of `base_q_idx` that choose the CDFs of `of` (init_coeff_cdfs(), 7.20).
fn band(of: u8) -> std::ops::RangeInclusive<u8> {
    match of {
        0..=20 => 1..=20,
        21..=60 => 21..=60,
        61..=120 => 61..=120,
        _ => 121..=255,
    }
}

/// Whether values larger than they were are drawn.
fn any(change: &'static str, value: &str) -> Result<bool> {
    word(change, value, &[(RANDOM, false), ("any", true)])
}

fn base_q_idx(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let any = any("base-q-idx", value)?;
    each_header(stream, |h, _, _| {
        let old = h.quantization_params.base_q_idx;
        if old == 0 || h.coded_lossless {
            return Ok(());
        }
        let band = band(old);
        let last = if any { *band.end() } else { old };
        let count = u64::from(last - band.start()) + 1;
        // Segments may differ from it so that one would become lossless.
        for _ in 0..8 {
            let new = band.start() + random.below(count) as u8;
            if zeros(h, new) == zeros(h, old) {
                h.quantization_params.base_q_idx = new;
                break;
            }
        }
        Ok(())
    })
}

fn delta_q(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let any = any("delta-q", value)?;
    each_header(stream, |h, sequence, _| {
        // With an index of 0 they decide whether a segment is lossless.
        if zeros(h, h.quantization_params.base_q_idx) != [false; MAX_SEGMENTS] {
            return Ok(());
        }
        let color = &sequence.color_config;
        let q = &mut h.quantization_params;
        let mut draw = |old: i8| {
            let last = if any { 63 } else { i64::from(old) };
            (random.below((last + 65).unsigned_abs()) as i64 - 64) as i8
        };
        q.delta_q_y_dc = draw(q.delta_q_y_dc);
        if color.mono_chrome {
            return Ok(());
        }
        (q.delta_q_u_dc, q.delta_q_u_ac) = (draw(q.delta_q_u_dc), draw(q.delta_q_u_ac));
        (q.delta_q_v_dc, q.delta_q_v_ac) = match color.separate_uv_delta_q {
            true => (draw(q.delta_q_v_dc), draw(q.delta_q_v_ac)),
            false => (q.delta_q_u_dc, q.delta_q_u_ac),
        };
        q.diff_uv_delta = color.separate_uv_delta_q;
        Ok(())
    })
}

fn quant_matrix(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum How {
        Flatter,
        Off,
        Any,
    }
    let words = [(RANDOM, How::Flatter), ("off", How::Off), ("any", How::Any)];
    let how = word("quant-matrix", value, &words)?;
    each_header(stream, |h, sequence, _| {
        let q = &mut h.quantization_params;
        q.using_qmatrix = how == How::Any || how == How::Flatter && q.using_qmatrix;
        // Level 15 is flat, level 0 the steepest.
        let mut draw = |old: u8| match how {
            How::Flatter if q.using_qmatrix => {
                old + random.below(16 - u64::from(old.min(15))) as u8
            }
            How::Any => random.below(16) as u8,
            _ => 0,
        };
        (q.qm_y, q.qm_u, q.qm_v) = (draw(q.qm_y), draw(q.qm_u), draw(q.qm_v));
        if !sequence.color_config.separate_uv_delta_q {
            q.qm_v = q.qm_u;
        }
        Ok(())
    })
}

fn interpolation_filter(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let filter = drawn("interpolation-filter", value, 3)?;
    each_header(stream, |h, _, _| {
        if !h.frame_type.is_intra() && !h.is_filter_switchable {
            h.interpolation_filter = filter.unwrap_or_else(|| random.below(4) as u8);
        }
        Ok(())
    })
}
