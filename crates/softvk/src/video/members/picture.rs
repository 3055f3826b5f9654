//! StdVideoDecodeAV1PictureInfo, and its quantization, segmentation and global motion.

use super::{Found, Frame};

/// PRIMARY_REF_NONE, spec section 3.
const PRIMARY_REF_NONE: u8 = 7;
/// STD_VIDEO_AV1_FRAME_TYPE_INTRA_ONLY.
const INTRA_ONLY: u32 = 2;
/// STD_VIDEO_AV1_FRAME_TYPE_SWITCH.
const SWITCH: u32 = 3;

/// Members of the picture itself, spec 5.9.2.
pub(super) fn check(found: &mut Found, frame: &Frame<'_>, names: &[i32; 7]) {
    let std = frame.std;
    let found = found.of("StdVideoDecodeAV1PictureInfo");
    found.range("frame_type", std.frame_type, 0..=3, "6.8.2");
    if frame.enable_order_hint {
        let bits = frame.sequence.std.order_hint_bits_minus_1.min(7);
        found.range("OrderHint", std.OrderHint, 0..=(2_i64 << bits) - 1, "5.9.2");
    }
    primary_ref_frame(found, frame, names);
    let refresh = std.refresh_frame_flags;
    found.must(std.frame_type != INTRA_ONLY || refresh != 0xff, || {
        "refresh_frame_flags is 255 in an intra-only frame (6.8.2)".to_owned()
    });
    found.must(std.frame_type != SWITCH || refresh == 0xff, || {
        format!("refresh_frame_flags is {refresh} in a switch frame, not 255 (5.9.2)")
    });
    if !frame.intra {
        found.range("interpolation_filter", std.interpolation_filter, 0..=4, "6.8.9");
    }
    if frame.picture.quantization.is_some() {
        // ONLY_4X4 is what CodedLossless means, and nothing else.
        let allowed = if frame.coded_lossless { 0..=0 } else { 1..=2 };
        found.range("TxMode", std.TxMode, allowed, "5.9.21");
    }
    deltas(found, frame);
    tools(found, frame);
    if frame.use_superres {
        found.range("coded_denom", std.coded_denom, 0..=7, "5.9.8");
    }
}

fn primary_ref_frame(found: &mut Found, frame: &Frame<'_>, names: &[i32; 7]) {
    let primary = frame.std.primary_ref_frame;
    if frame.independent {
        found.range("primary_ref_frame", primary, 7..=7, "5.9.2");
    } else {
        found.range("primary_ref_frame", primary, 0..=7, "6.8.2");
        let named = names.get(usize::from(primary)).is_none_or(|slot| *slot >= 0);
        found.must(named, || {
            format!("primary_ref_frame is {primary}, but that reference name has no slot (6.8.2)")
        });
    }
}

/// Quantizer and loop filter deltas, spec 5.9.17 and 5.9.18.
fn deltas(found: &mut Found, frame: &Frame<'_>) {
    let (std, flags) = (frame.std, &frame.std.flags);
    if flags.delta_q_present() != 0 {
        found.range("delta_q_res", std.delta_q_res, 0..=3, "5.9.17");
        let none = frame.picture.quantization.is_some_and(|q| q.base_q_idx == 0);
        found.must(!none, || "flags.delta_q_present is 1 where base_q_idx is 0 (5.9.17)".into());
    }
    if flags.delta_lf_present() != 0 {
        found.range("delta_lf_res", std.delta_lf_res, 0..=3, "5.9.18");
        let there = flags.delta_q_present() != 0 && !frame.allow_intrabc;
        found.must(there, || {
            "flags.delta_lf_present is 1 without delta_q_present, or with allow_intrabc (5.9.18)"
                .to_owned()
        });
    }
}

/// Flags that others, or the sequence, do not allow.
fn tools(found: &mut Found, frame: &Frame<'_>) {
    let (flags, sequence) = (&frame.std.flags, &frame.sequence.std.flags);
    let set = |flag: u32| flag != 0;
    let hints = frame.enable_order_hint;
    let inter = !frame.intra;
    let full = !frame.independent;
    for (member, value, allowed, why) in [
        (
            "use_superres",
            flags.use_superres(),
            set(sequence.enable_superres()),
            "without enable_superres (5.9.8)",
        ),
        (
            "allow_intrabc",
            flags.allow_intrabc(),
            frame.intra
                && set(flags.allow_screen_content_tools())
                && frame.downscaled(frame.upscaled_width()) == frame.upscaled_width(),
            "in an inter frame, with superres, or without allow_screen_content_tools (5.9.2)",
        ),
        (
            "use_ref_frame_mvs",
            flags.use_ref_frame_mvs(),
            full && hints && set(sequence.enable_ref_frame_mvs()),
            "without enable_ref_frame_mvs, or in a frame that stands alone (5.9.2)",
        ),
        (
            "allow_warped_motion",
            flags.allow_warped_motion(),
            full && set(sequence.enable_warped_motion()),
            "without enable_warped_motion, or in a frame that stands alone (5.9.2)",
        ),
        ("reference_select", flags.reference_select(), inter, "in an intra frame (5.9.23)"),
        (
            "skip_mode_present",
            flags.skip_mode_present(),
            inter && hints && set(flags.reference_select()),
            "without order hints or reference_select (5.9.22)",
        ),
    ] {
        found.must(value == 0 || allowed, || format!("flags.{member} is 1 {why}"));
    }
    let (never, at_end) = (flags.disable_cdf_update(), flags.disable_frame_end_update_cdf());
    found.must(never == 0 || at_end == 1, || {
        "flags.disable_frame_end_update_cdf is 0, though disable_cdf_update is 1 (5.9.2)".to_owned()
    });
}

/// StdVideoAV1Quantization, spec 5.9.12.
pub(super) fn quantization(found: &mut Found, frame: &Frame<'_>) {
    let Some(q) = &frame.picture.quantization else { return };
    let found = found.of("StdVideoAV1Quantization");
    found.range("DeltaQYDc", q.DeltaQYDc, -64..=63, "5.9.13");
    let color = frame.sequence.color_config;
    let separate = color.is_some_and(|color| color.flags.separate_uv_delta_q() != 0);
    if !frame.monochrome {
        for (member, value) in [
            ("DeltaQUDc", q.DeltaQUDc),
            ("DeltaQUAc", q.DeltaQUAc),
            ("DeltaQVDc", q.DeltaQVDc),
            ("DeltaQVAc", q.DeltaQVAc),
        ] {
            found.range(member, value, -64..=63, "5.9.13");
        }
        let (u, v) = ((q.DeltaQUDc, q.DeltaQUAc), (q.DeltaQVDc, q.DeltaQVAc));
        found.must(separate || u == v, || {
            format!(
                "DeltaQVDc and DeltaQVAc are {v:?}, those of U {u:?}, without separate_uv_delta_q \
                 (5.9.12)"
            )
        });
    }
    if q.flags.using_qmatrix() != 0 {
        found.range("qm_y", q.qm_y, 0..=15, "5.9.12");
        if !frame.monochrome {
            found.range("qm_u", q.qm_u, 0..=15, "5.9.12");
            found.range("qm_v", q.qm_v, 0..=15, "5.9.12");
        }
    }
}

/// StdVideoAV1Segmentation, spec 5.9.14, and the flags that go with it.
pub(super) fn segmentation(found: &mut Found, frame: &Frame<'_>) {
    let flags = &frame.std.flags;
    if flags.segmentation_enabled() == 0 {
        return;
    }
    let found = found.of("StdVideoDecodeAV1PictureInfo");
    let update = flags.segmentation_update_map();
    let temporal = flags.segmentation_temporal_update();
    if frame.std.primary_ref_frame == PRIMARY_REF_NONE || frame.independent {
        found.range("flags.segmentation_update_map", update, 1..=1, "5.9.14");
        found.range("flags.segmentation_temporal_update", temporal, 0..=0, "5.9.14");
        let data = flags.segmentation_update_data();
        found.range("flags.segmentation_update_data", data, 1..=1, "5.9.14");
    } else {
        found.must(temporal == 0 || update == 1, || {
            "flags.segmentation_temporal_update is 1 without segmentation_update_map (5.9.14)"
                .to_owned()
        });
    }
    let Some(segmentation) = &frame.picture.segmentation else {
        return found.must(false, || {
            "pSegmentation is NULL, though segmentation_enabled is 1 (5.9.14)".to_owned()
        });
    };
    // Segmentation_Feature_Max and Segmentation_Feature_Signed.
    const MAX: [i64; 8] = [255, 63, 63, 63, 63, 7, 0, 0];
    let found = found.of("StdVideoAV1Segmentation");
    for (segment, data) in segmentation.FeatureData.iter().enumerate() {
        for (feature, value) in data.iter().enumerate() {
            if segmentation.FeatureEnabled[segment] >> feature & 1 == 1 {
                let low = if feature < 5 { -MAX[feature] } else { 0 };
                let member = format!("FeatureData[{segment}][{feature}]");
                found.range(&member, *value, low..=MAX[feature], "5.9.14");
            }
        }
    }
}

/// StdVideoAV1GlobalMotion, spec 5.9.24 and 5.9.25.
pub(super) fn global_motion(found: &mut Found, frame: &Frame<'_>) {
    let Some(motion) = frame.picture.global_motion.as_ref().filter(|_| !frame.intra) else {
        return;
    };
    let found = found.of("StdVideoAV1GlobalMotion");
    const TRANSLATION: u8 = 1;
    const ROTZOOM: u8 = 2;
    let fine = frame.std.flags.allow_high_precision_mv() != 0;
    for name in 1..8 {
        let (kind, params) = (motion.GmType[name], motion.gm_params[name]);
        found.range(&format!("GmType[{name}]"), kind, 0..=3, "6.8.18");
        for (i, value) in params.into_iter().enumerate() {
            // GM_ABS_* bits, and 16 bits less GM_*_PREC_BITS.
            let (bits, step) = match (i, kind) {
                (_, 0) => continue,
                (2.., TRANSLATION) => continue,
                (0..2, TRANSLATION) => (if fine { 9 } else { 8 }, if fine { 13 } else { 14 }),
                (0..2, _) => (12, 10),
                _ => (12, 1),
            };
            let offset = i64::from(value) - if matches!(i, 2 | 5) { 1 << 16 } else { 0 };
            let right = offset % (1 << step) == 0 && offset.abs() <= 1 << (bits + step);
            found.must(right, || {
                let (most, step) = (1_i64 << (bits + step), 1_i64 << step);
                format!(
                    "gm_params[{name}][{i}] is {value}, not a multiple of {step} from its default \
                     by {most} at most (5.9.25)"
                )
            });
        }
        let (a, b) = ((params[4], params[5]), (params[3].wrapping_neg(), params[2]));
        found.must(kind != ROTZOOM || a == b, || {
            format!("gm_params[{name}][4] and [5] are {a:?}, not {b:?}, in a ROTZOOM (5.9.24)")
        });
    }
}
