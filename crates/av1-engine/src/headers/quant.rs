//! `quantization_params()`, `segmentation_params()`, `delta_q_params()`, `delta_lf_params()`,
//! spec 5.9.12, 5.9.14, 5.9.17, 5.9.18; and the lossless flags that follow from them.

use ash::vk::native::{
    StdVideoAV1Quantization, StdVideoAV1Segmentation, StdVideoDecodeAV1PictureInfo,
    StdVideoDecodeAV1PictureInfoFlags,
};

use super::super::obu_writer::BitWriter;
use super::super::sequence::Sequence;
use super::PRIMARY_REF_NONE;

/// `SEG_LVL_ALT_Q`, spec section 3.
const SEG_LVL_ALT_Q: usize = 0;

/// The quantizer as it was written.
pub(super) struct Quant {
    base_q_idx: u8,
    /// Whether any of the five deltas is not 0.
    has_delta: bool,
}

/// `quantization_params()`, spec 5.9.12.
pub(super) fn quantization_params(
    w: &mut BitWriter,
    sequence: &Sequence,
    std: &StdVideoAV1Quantization,
) -> Quant {
    w.f(8, u32::from(std.base_q_idx));
    let mut has_delta = read_delta_q(w, std.DeltaQYDc);
    if sequence.num_planes() > 1 {
        let diff_uv_delta = sequence.separate_uv_delta_q
            && (std.flags.diff_uv_delta() != 0
                || std.DeltaQUDc != std.DeltaQVDc
                || std.DeltaQUAc != std.DeltaQVAc);
        if sequence.separate_uv_delta_q {
            w.flag(diff_uv_delta);
        }
        has_delta |= read_delta_q(w, std.DeltaQUDc);
        has_delta |= read_delta_q(w, std.DeltaQUAc);
        if diff_uv_delta {
            has_delta |= read_delta_q(w, std.DeltaQVDc);
            has_delta |= read_delta_q(w, std.DeltaQVAc);
        }
    }
    let using_qmatrix = std.flags.using_qmatrix() != 0;
    w.flag(using_qmatrix);
    if using_qmatrix {
        w.f(4, u32::from(std.qm_y));
        w.f(4, u32::from(std.qm_u));
        if sequence.separate_uv_delta_q {
            w.f(4, u32::from(std.qm_v));
        }
    }
    Quant { base_q_idx: std.base_q_idx, has_delta }
}

/// `read_delta_q()`, spec 5.9.13. Whether the coded value is not 0.
fn read_delta_q(w: &mut BitWriter, delta_q: i8) -> bool {
    // Seven bits of a value beyond them may be 0, which the decoder would see.
    let coded = delta_q & 0x7f != 0;
    w.flag(coded); // delta_coded
    if coded {
        w.su(7, i32::from(delta_q));
    }
    coded
}

/// `segmentation_params()`, spec 5.9.14, always with the full set of features.
pub(super) fn segmentation_params(
    w: &mut BitWriter,
    flags: &StdVideoDecodeAV1PictureInfoFlags,
    segmentation: Option<&StdVideoAV1Segmentation>,
    primary_ref_frame: u8,
) {
    w.flag(segmentation.is_some()); // segmentation_enabled
    let Some(segmentation) = segmentation else {
        return;
    };
    if primary_ref_frame != PRIMARY_REF_NONE {
        let update_map = flags.segmentation_update_map() != 0;
        w.flag(update_map);
        if update_map {
            w.flag(flags.segmentation_temporal_update() != 0);
        }
        w.flag(true); // segmentation_update_data
    }
    // Segmentation_Feature_Bits and Segmentation_Feature_Signed.
    const FEATURE_BITS: [u32; 8] = [8, 6, 6, 6, 6, 3, 0, 0];
    const FEATURE_SIGNED: [bool; 8] = [true, true, true, true, true, false, false, false];
    for (enabled, data) in segmentation.FeatureEnabled.iter().zip(&segmentation.FeatureData) {
        for (feature, &value) in data.iter().enumerate() {
            let feature_enabled = enabled >> feature & 1 == 1;
            w.flag(feature_enabled);
            if feature_enabled {
                let bits = FEATURE_BITS[feature];
                if FEATURE_SIGNED[feature] {
                    w.su(1 + bits, i32::from(value));
                } else {
                    w.f(bits, value as u32);
                }
            }
        }
    }
}

/// `delta_q_params()` and `delta_lf_params()`, spec 5.9.17 and 5.9.18.
pub(super) fn delta_params(
    w: &mut BitWriter,
    std: &StdVideoDecodeAV1PictureInfo,
    quant: &Quant,
    allow_intrabc: bool,
) {
    if quant.base_q_idx == 0 {
        return;
    }
    let delta_q_present = std.flags.delta_q_present() != 0;
    w.flag(delta_q_present);
    if !delta_q_present {
        return;
    }
    w.f(2, u32::from(std.delta_q_res));
    if allow_intrabc {
        return;
    }
    let delta_lf_present = std.flags.delta_lf_present() != 0;
    w.flag(delta_lf_present);
    if delta_lf_present {
        w.f(2, u32::from(std.delta_lf_res));
        w.flag(std.flags.delta_lf_multi() != 0);
    }
}

/// `CodedLossless`, spec 5.9.2: whether every segment's `get_qindex( 1, segmentId )` is 0.
pub(super) fn coded_lossless(
    quant: &Quant,
    segmentation: Option<&StdVideoAV1Segmentation>,
) -> bool {
    if quant.has_delta {
        return false;
    }
    let Some(segmentation) = segmentation else {
        return quant.base_q_idx == 0;
    };
    let qindex_is_zero = |(enabled, data): (&u8, &[i16; 8])| {
        let alt_q =
            if enabled >> SEG_LVL_ALT_Q & 1 == 1 { sign_extend_9(data[SEG_LVL_ALT_Q]) } else { 0 };
        i32::from(quant.base_q_idx) + alt_q <= 0
    };
    segmentation.FeatureEnabled.iter().zip(&segmentation.FeatureData).all(qindex_is_zero)
}

/// The value that `su(1+8)` carries of `value`.
fn sign_extend_9(value: i16) -> i32 {
    i32::from(value << 7 >> 7)
}
