//! Segmentation: specification 5.9.14.

use av1_syntax::syntax::PRIMARY_REF_NONE;
use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::segmentation::FEATURES;

use super::HeaderForm;
use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `segmentation_params()`, 5.9.14.
pub(super) fn segmentation_params(
    w: &mut BitWriter,
    h: &FrameHeader,
    form: &HeaderForm,
) -> Result<()> {
    let s = &h.segmentation_params;
    w.flag(s.segmentation_enabled);
    if !s.segmentation_enabled {
        return Ok(());
    }
    if h.primary_ref_frame != PRIMARY_REF_NONE {
        w.flag(s.segmentation_update_map);
        if s.segmentation_update_map {
            w.flag(s.segmentation_temporal_update);
        }
        w.flag(s.segmentation_update_data);
    } else if !s.segmentation_update_data || !s.segmentation_update_map {
        let rule = "without a primary reference frame there is nothing to keep";
        return Err(bad("segmentation_update_data", 0, rule));
    }
    if !s.segmentation_update_data {
        return Ok(());
    }
    for (segment, (enabled, data)) in s.feature_enabled.iter().zip(&s.feature_data).enumerate() {
        for (feature, (value, (bits, signed, max))) in data.iter().zip(FEATURES).enumerate() {
            let is_on = (enabled >> feature) & 1 == 1;
            w.flag(is_on);
            if !is_on {
                continue;
            }
            let coded = form.feature_value(segment, feature, *value);
            let min = if signed { -max } else { 0 };
            let coded = if coded.clamp(min, max) == *value { coded } else { *value };
            match signed {
                true => w.su(1 + bits, coded, "feature_value")?,
                false => w.f(bits, u32::from(coded.unsigned_abs()), "feature_value")?,
            }
        }
    }
    Ok(())
}
