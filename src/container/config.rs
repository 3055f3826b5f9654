//! The configuration record of MP4 and Matroska, `av1C`.

use crate::obu::{self, Framing, ObuType};

/// Bytes of the record before its OBUs.
const HEAD: usize = 4;

/// The OBUs of the record, until the first unit is complete.
#[derive(Debug, Default)]
pub(super) struct Config {
    obus: Vec<u8>,
}

impl Config {
    /// These OBUs.
    pub(super) fn new(obus: &[u8]) -> Self {
        Self { obus: obus.to_vec() }
    }

    /// Those of a whole record.
    pub(super) fn of_record(record: &[u8]) -> Self {
        Self::new(record.get(HEAD..).unwrap_or_default())
    }

    /// `unit` with a sequence header, which may be in the record only; and whether it is unchanged.
    pub(super) fn complete(&mut self, unit: Vec<u8>) -> (Vec<u8>, bool) {
        if self.obus.is_empty() {
            return (unit, true);
        }
        let first = obu::obus(&unit, Framing::Section5).find_map(|obu| match obu.ok()?.obu_type {
            ObuType::TemporalDelimiter | ObuType::Metadata | ObuType::Padding => None,
            other => Some(other),
        });
        let mut obus = std::mem::take(&mut self.obus);
        if first == Some(ObuType::SequenceHeader) {
            return (unit, true);
        }
        obus.extend(unit);
        (obus, false)
    }
}
