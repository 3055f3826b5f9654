//! Segmentation: specification 5.9.14.

use super::{MAX_SEGMENTS, SEG_LVL_MAX};

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
    /// FeatureEnabled[segment]: bit j is feature j (0 ALT_Q .. 7 GLOBALMV).
    pub feature_enabled: [u8; MAX_SEGMENTS],
    /// FeatureData[segment][feature], clipped; 0 where a feature is off.
    pub feature_data: [[i16; SEG_LVL_MAX]; MAX_SEGMENTS],
}
