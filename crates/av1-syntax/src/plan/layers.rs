//! Operating points and layers: which OBUs are dropped (6.4.1, 5.3.1), which layer is shown (7.18.1).

use super::ShowPlan;
use crate::syntax::sequence::OperatingPoint;

/// The chosen operating point, as far as layers go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// OperatingPointIdc; 0 means that nothing is dropped.
    operating_point_idc: u16,
    /// Show every layer, not only the highest spatial one.
    all_layers: bool,
}

impl Layers {
    /// Layers of `point`.
    pub fn new(point: &OperatingPoint, all_layers: bool) -> Self {
        Self { operating_point_idc: point.operating_point_idc, all_layers }
    }

    /// drop_obu() of 5.3.1, for an OBU that has an extension.
    pub fn drops(&self, temporal_id: u8, spatial_id: u8) -> bool {
        let idc = u32::from(self.operating_point_idc);
        let in_temporal_layer = (idc >> temporal_id) & 1 == 1;
        let in_spatial_layer = (idc >> (u32::from(spatial_id) + 8)) & 1 == 1;
        idc != 0 && !(in_temporal_layer && in_spatial_layer)
    }

    /// The spatial layer that alone is to be shown of each temporal unit; `None` if every shown
    /// frame is output.
    pub fn only_layer(&self) -> Option<u8> {
        let spatial = u32::from(self.operating_point_idc) >> 8;
        (spatial != 0 && !self.all_layers).then(|| spatial.ilog2() as u8)
    }
}

/// A shown frame that waits for a higher layer of its temporal unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What would be shown.
    pub show: ShowPlan,
    /// Its spatial layer.
    pub spatial_id: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(idc: u16, all_layers: bool) -> Layers {
        Layers { operating_point_idc: idc, all_layers }
    }

    #[test]
    fn an_operating_point_without_layers_drops_nothing() {
        assert!(!layers(0, false).drops(7, 3));
        assert_eq!(layers(0, false).only_layer(), None);
    }

    #[test]
    fn layers_outside_the_operating_point_are_dropped() {
        let base = layers(0x101, false);
        assert!(!base.drops(0, 0));
        assert!(base.drops(1, 0));
        assert!(base.drops(0, 1));
    }

    #[test]
    fn the_highest_spatial_layer_is_shown() {
        assert_eq!(layers(0x301, false).only_layer(), Some(1));
        assert_eq!(layers(0x101, false).only_layer(), Some(0));
        assert_eq!(layers(0x301, true).only_layer(), None);
    }
}
