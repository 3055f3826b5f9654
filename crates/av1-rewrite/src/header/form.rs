//! What is coded of a header beside its values: where the syntax has two codes for one meaning.

use av1_syntax::bits::Trace;
use av1_syntax::syntax::{MAX_SEGMENTS, SEG_LVL_MAX};

/// The choices that a [`FrameHeader`](av1_syntax::syntax::frame::FrameHeader) does not keep. The
/// default is the shortest code. As a [`Trace`] it learns those of a header that is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderForm {
    /// `force_integer_mv` as coded in an intra frame, which has 1 whatever is coded.
    pub force_integer_mv: bool,
    /// `delta_coded` of DeltaQYDc, DeltaQUDc, DeltaQUAc, DeltaQVDc and DeltaQVAc, also where the
    /// difference is 0.
    pub delta_coded: [bool; 5],
    /// `feature_value` before it is clipped, where that changes it: segment, feature, value.
    pub feature_values: Vec<(usize, usize, i16)>,
    /// `apply_grain` as coded; parameters that are loaded bring their own.
    pub apply_grain: bool,
    /// `delta_coded` read so far.
    deltas: usize,
    /// `feature_enabled` read so far.
    features: usize,
}

impl HeaderForm {
    /// `feature_value` as coded of a feature with the value `clipped`.
    pub(crate) fn feature_value(&self, segment: usize, feature: usize, clipped: i16) -> i16 {
        let of_feature = |(s, f, _): &&(usize, usize, i16)| (*s, *f) == (segment, feature);
        self.feature_values.iter().find(of_feature).map_or(clipped, |(.., value)| *value)
    }
}

impl Trace for HeaderForm {
    fn element(
        &mut self,
        element: &'static str,
        _index: Option<usize>,
        _bit: u64,
        _bits: u32,
        value: i64,
    ) {
        match element {
            "force_integer_mv" => self.force_integer_mv = value == 1,
            "apply_grain" => self.apply_grain = value == 1,
            "delta_coded" => {
                if let Some(coded) = self.delta_coded.get_mut(self.deltas) {
                    *coded = value == 1;
                }
                self.deltas += 1;
            }
            "feature_enabled" => self.features += 1,
            "feature_value" => {
                let at = self.features.saturating_sub(1) % (MAX_SEGMENTS * SEG_LVL_MAX);
                let (segment, feature) = (at / SEG_LVL_MAX, at % SEG_LVL_MAX);
                self.feature_values.push((segment, feature, value as i16));
            }
            _ => {}
        }
    }

    fn table(&mut self, _name: &'static str) {}
}
