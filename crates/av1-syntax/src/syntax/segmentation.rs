//! Segmentation: specification 5.9.14.

use super::{MAX_SEGMENTS, PRIMARY_REF_NONE, SEG_LVL_MAX};
use crate::bits::BitReader;
use crate::error::StreamError;

/// `segmentation_params()`, after inheritance from the primary reference frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentationParams {
    /// `segmentation_enabled`.
    pub segmentation_enabled: bool,
    /// `segmentation_update_map`, coded or inferred.
    pub segmentation_update_map: bool,
    /// `segmentation_temporal_update`.
    pub segmentation_temporal_update: bool,
    /// `segmentation_update_data`, coded or inferred.
    pub segmentation_update_data: bool,
    /// `FeatureEnabled[segment]`: bit j is feature j (0 ALT_Q .. 7 GLOBALMV).
    pub feature_enabled: [u8; MAX_SEGMENTS],
    /// `FeatureData[segment][feature]`, clipped; 0 where a feature is off.
    pub feature_data: [[i16; SEG_LVL_MAX]; MAX_SEGMENTS],
}

impl SegmentationParams {
    /// get_qidx(1, segment), 7.12.2: the quantiser index of `segment` without delta_q.
    pub fn qidx(&self, base_q_idx: u8, segment: usize) -> u8 {
        let (enabled, data) = (self.feature_enabled[segment], self.feature_data[segment]);
        if self.segmentation_enabled && enabled & 1 == 1 {
            (i32::from(base_q_idx) + i32::from(data[0])).clamp(0, 255) as u8
        } else {
            base_q_idx
        }
    }
}

/// Segmentation_Feature_Bits, Segmentation_Feature_Signed and Segmentation_Feature_Max.
pub const FEATURES: [(u32, bool, i16); SEG_LVL_MAX] = [
    (8, true, 255),
    (6, true, 63),
    (6, true, 63),
    (6, true, 63),
    (6, true, 63),
    (3, false, 7),
    (0, false, 0),
    (0, false, 0),
];

/// `segmentation_params()`, 5.9.14; `previous` are those of the primary reference frame, or the
/// defaults of `setup_past_independence()`.
pub(super) fn segmentation_params(
    r: &mut BitReader<'_>,
    primary_ref_frame: u8,
    previous: &SegmentationParams,
) -> Result<SegmentationParams, StreamError> {
    r.table("segmentation_params", "5.9.14");
    if !r.flag("segmentation_enabled")? {
        return Ok(SegmentationParams::default());
    }
    let mut s = SegmentationParams {
        segmentation_enabled: true,
        segmentation_update_map: true,
        segmentation_update_data: true,
        ..SegmentationParams::default()
    };
    if primary_ref_frame != PRIMARY_REF_NONE {
        s.segmentation_update_map = r.flag("segmentation_update_map")?;
        if s.segmentation_update_map {
            s.segmentation_temporal_update = r.flag("segmentation_temporal_update")?;
        }
        s.segmentation_update_data = r.flag("segmentation_update_data")?;
    }
    if !s.segmentation_update_data {
        s.feature_enabled = previous.feature_enabled;
        s.feature_data = previous.feature_data;
        return Ok(s);
    }
    for (enabled, data) in s.feature_enabled.iter_mut().zip(&mut s.feature_data) {
        for (j, (value, (bits, signed, max))) in data.iter_mut().zip(FEATURES).enumerate() {
            if !r.flag("feature_enabled")? {
                continue;
            }
            *enabled |= 1 << j;
            *value = match signed {
                true => r.su(1 + bits, "feature_value", None)?.clamp(-i32::from(max), max.into()),
                false => r.f(bits, "feature_value")?.min(max as u32) as i32,
            } as i16;
        }
    }
    Ok(s)
}
