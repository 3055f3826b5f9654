//! Values that change pictures, and not how tiles are read: filters, quantisers within a CDF band,
//! film grain.

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
        "base_q_idx within the band that chooses the coefficients' CDFs",
        base_q_idx,
    ),
    Change::altering("delta-q", &["random", "off"], "DeltaQYDc and its like", delta_q),
    Change::altering(
        "quant-matrix",
        &["random", "off"],
        "using_qmatrix, qm_y, qm_u and qm_v",
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

fn base_q_idx(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    word("base-q-idx", value, &[(RANDOM, ())])?;
    each_header(stream, |h, _, _| {
        let old = h.quantization_params.base_q_idx;
        if old == 0 || h.coded_lossless {
            return Ok(());
        }
        let band = band(old);
        let count = u64::from(band.end() - band.start()) + 1;
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
    let on = word("delta-q", value, &[(RANDOM, true), ("off", false)])?;
    each_header(stream, |h, sequence, _| {
        // With an index of 0 they decide whether a segment is lossless.
        if zeros(h, h.quantization_params.base_q_idx) != [false; MAX_SEGMENTS] {
            return Ok(());
        }
        let color = &sequence.color_config;
        let q = &mut h.quantization_params;
        let mut draw = |is_meant: bool| match on && is_meant {
            true => random.below(127) as i8 - 63,
            false => 0,
        };
        q.delta_q_y_dc = draw(true);
        q.diff_uv_delta = on && color.separate_uv_delta_q && !color.mono_chrome;
        q.delta_q_u_dc = draw(!color.mono_chrome);
        q.delta_q_u_ac = draw(!color.mono_chrome);
        (q.delta_q_v_dc, q.delta_q_v_ac) = match q.diff_uv_delta {
            true => (draw(true), draw(true)),
            false => (q.delta_q_u_dc, q.delta_q_u_ac),
        };
        Ok(())
    })
}

fn quant_matrix(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("quant-matrix", value, &[(RANDOM, true), ("off", false)])?;
    each_header(stream, |h, sequence, _| {
        let q = &mut h.quantization_params;
        q.using_qmatrix = on;
        let mut draw = || if on { random.below(16) as u8 } else { 0 };
        (q.qm_y, q.qm_u, q.qm_v) = (draw(), draw(), draw());
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
