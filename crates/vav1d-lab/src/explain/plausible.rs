//! Values that a driver could plausibly take a member as, in place of the right one.

use std::ops::RangeInclusive;

use av1_engine::members::{Entry, Member};

use super::Stage;

/// Where a member has its effect.
pub(super) fn stage(member: &Member) -> Stage {
    match (member.structure, member.name) {
        ("StdVideoAV1LoopFilter", _) | (_, "delta_lf_res") => Stage::Deblocking,
        ("StdVideoAV1CDEF", _) | (_, "enable_cdef") => Stage::Cdef,
        (_, "coded_denom" | "use_superres" | "enable_superres") => Stage::Superres,
        ("StdVideoAV1LoopRestoration", _)
        | (_, "UsesLr" | "usesChromaLr" | "enable_restoration") => Stage::Restoration,
        ("StdVideoAV1FilmGrain", _) | (_, "apply_grain" | "film_grain_params_present") => {
            Stage::FilmGrain
        }
        ("StdVideoAV1Segmentation", "FeatureData") => match member.entry {
            // SEG_LVL_ALT_LF_Y_V to SEG_LVL_ALT_LF_V.
            Entry::AtBoth(_, 1..=4) => Stage::Deblocking,
            _ => Stage::Prediction,
        },
        _ => Stage::Prediction,
    }
}

/// Members that say how a header is coded, or what others say too: a picture does not depend on
/// them, or the engine reads the others.
pub(super) fn is_idle(member: &Member) -> bool {
    matches!(
        member.name,
        "render_and_frame_size_different"
            | "buffer_removal_time_present_flag"
            | "frame_refs_short_signaling"
            | "frame_size_override_flag"
            | "current_frame_id"
            | "expectedFrameId"
            | "refresh_frame_flags"
            | "OrderHints"
            | "SkipModeFrame"
            | "frame_type"
            | "segmentation_update_data"
            | "tile_size_bytes_minus_1"
            | "loop_filter_delta_update"
            | "update_ref_delta"
            | "update_mode_delta"
            | "usesChromaLr"
            | "diff_uv_delta"
            | "update_grain"
            | "film_grain_params_ref_idx"
            | "TileCols"
            | "TileRows"
            | "gm_params"
    )
}

/// What the AV1 specification allows.
pub(super) fn range(member: &Member) -> RangeInclusive<i64> {
    match (member.structure, member.name) {
        (_, "base_q_idx") => 0..=255,
        ("StdVideoAV1Quantization", "qm_y" | "qm_u" | "qm_v") => 0..=15,
        (_, "DeltaQYDc" | "DeltaQUDc" | "DeltaQUAc" | "DeltaQVDc" | "DeltaQVAc") => -64..=63,
        (_, "loop_filter_level") => 0..=63,
        (_, "loop_filter_sharpness") => 0..=7,
        (_, "loop_filter_ref_deltas" | "loop_filter_mode_deltas") => -64..=63,
        (_, "cdef_damping_minus_3" | "cdef_bits") => 0..=3,
        (_, "cdef_y_pri_strength" | "cdef_uv_pri_strength") => 0..=15,
        (_, "cdef_y_sec_strength" | "cdef_uv_sec_strength") => 0..=3,
        (_, "FrameRestorationType" | "GmType") => 0..=3,
        (_, "LoopRestorationSize") => 1..=3,
        (_, "interpolation_filter") => 0..=4,
        (_, "TxMode") => 0..=2,
        (_, "delta_q_res" | "delta_lf_res") => 0..=3,
        (_, "coded_denom" | "primary_ref_frame") => 0..=7,
        (_, "FeatureData") => match member.entry {
            Entry::AtBoth(_, 0) => -255..=255,
            Entry::AtBoth(_, 1..=4) => -63..=63,
            _ => 0..=7,
        },
        (_, "grain_scaling_minus_8" | "ar_coeff_lag" | "ar_coeff_shift_minus_6") => 0..=3,
        (_, "grain_scale_shift") => 0..=3,
        (_, "cb_offset" | "cr_offset") => 0..=511,
        (_, "order_hint_bits_minus_1") => 0..=7,
        _ => match member.bits {
            1 => 0..=1,
            8 if member.structure == "StdVideoAV1FilmGrain"
                && member.name.starts_with("ar_coeffs") =>
            {
                -128..=127
            }
            8 => 0..=255,
            16 => 0..=65535,
            _ => i64::from(i32::MIN)..=i64::from(i32::MAX),
        },
    }
}

/// What else is known that a wrong value could come from.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    /// The entries before and behind it.
    pub(super) entries: [Option<i64>; 2],
    /// Its value in the frame that was decoded before.
    pub(super) stale: Option<i64>,
}

/// Values other than the right one, each with how it comes about, most plausible first.
pub(super) fn values(member: &Member, around: Around) -> Vec<(i64, &'static str)> {
    let (value, range) = (member.value, range(member));
    let mut all = Vec::new();
    if member.name == "FeatureEnabled" {
        all.extend((0..8).map(|bit| (value ^ 1 << bit, "one bit is the other")));
    } else if member.bits == 1 {
        all.push((1 - value, "the flag is the other"));
    } else {
        all.extend([(value + 1, "one more"), (value - 1, "one less")]);
        all.extend(around.stale.map(|stale| (stale, "that of the frame decoded before")));
        let [before, behind] = around.entries;
        all.extend(before.map(|v| (v, "that of the entry before")));
        all.extend(behind.map(|v| (v, "that of the next entry")));
        all.extend([
            (0, "0"),
            (value.saturating_neg(), "the other sign"),
            (value << 1, "shifted left"),
            (value >> 1, "shifted right"),
            (value << 2, "shifted left by two"),
            (value >> 2, "shifted right by two"),
            (value << 3, "shifted left by three"),
        ]);
        if range.end() - range.start() <= 16 {
            all.extend(range.clone().map(|v| (v, "another value")));
        }
    }
    let mut kept: Vec<(i64, &'static str)> = Vec::new();
    for (other, why) in all {
        let known = kept.iter().any(|(v, _)| *v == other);
        if other != value && range.contains(&other) && !known {
            kept.push((other, why));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &'static str, value: i64, bits: u8) -> Member {
        Member { structure: "", name, entry: Entry::Alone, value, bits }
    }

    #[test]
    fn values_are_others_and_allowed_and_come_once() {
        let flag = values(&member("UsesLr", 1, 1), Around::default());
        assert_eq!(flag, [(0, "the flag is the other")]);
        let around = Around { entries: [Some(-63), Some(-64)], stale: Some(5) };
        let delta: Vec<_> = values(&member("DeltaQUDc", -64, 8), around);
        let numbers: Vec<_> = delta.iter().map(|(v, _)| *v).collect();
        assert_eq!(numbers, [-63, 5, 0, -32, -16]);
        let lag = values(&member("ar_coeff_lag", 3, 8), Around::default());
        assert_eq!(lag.iter().map(|(v, _)| *v).collect::<Vec<_>>(), [2, 0, 1]);
    }
}
