//! Faults on purpose in what is handed to the driver, so that tools can show that they find them.

use std::fmt;
use std::str::FromStr;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedValue {
    /// `OrderHint` is one too high.
    OrderHint,
    /// `referenceNameSlotIndices[0]` is another of the frame's references.
    Slot,
    /// `loop_filter_ref_deltas[1]` (LAST_FRAME) is one too high.
    LoopFilterDelta,
    /// `pTileOffsets[0]` is one too high.
    TileOffset,
    /// The lowest bit of `grain_seed` is the other.
    GrainSeed,
    /// `gm_params[1][0]` (LAST_FRAME) is 4096 too high.
    GlobalMotion,
}

/// A fault in one frame. As text it is what it was made of: `grain-seed@3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlantedFault {
    /// What is wrong.
    pub value: PlantedValue,
    /// In which frame, in decode order from 0.
    pub frame: u64,
}

/// All of them, by name.
const NAMES: [(&str, PlantedValue); 6] = [
    ("order-hint", PlantedValue::OrderHint),
    ("slot", PlantedValue::Slot),
    ("loop-filter-delta", PlantedValue::LoopFilterDelta),
    ("tile-offset", PlantedValue::TileOffset),
    ("grain-seed", PlantedValue::GrainSeed),
    ("global-motion", PlantedValue::GlobalMotion),
];

impl PlantedFault {
    /// The names of what can be wrong, in front of `@`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl FromStr for PlantedFault {
    type Err = String;

    /// `NAME@FRAME`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, frame) = text.split_once('@').ok_or("NAME@FRAME is expected")?;
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let value = known.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("no such value; there are {}", names.join(", "))
        })?;
        let frame = frame.parse().map_err(|e| format!("frame {frame}: {e}"))?;
        Ok(Self { value, frame })
    }
}

impl fmt::Display for PlantedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            NAMES.iter().find(|(_, value)| *value == self.value).map_or("", |(name, _)| name);
        write!(f, "{name}@{}", self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_with_its_frame() {
        let fault = PlantedFault { value: PlantedValue::GrainSeed, frame: 3 };
        assert_eq!("grain-seed@3".parse(), Ok(fault));
        assert_eq!(fault.to_string(), "grain-seed@3");
        assert!("grain-seed".parse::<PlantedFault>().is_err());
        assert!("grain-seed@x".parse::<PlantedFault>().is_err());
        let why = "grain@1".parse::<PlantedFault>().err().unwrap_or_default();
        assert!(why.contains("order-hint, slot"), "{why}");
    }
}
