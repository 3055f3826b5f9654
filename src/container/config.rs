//! The configuration record of MP4 and Matroska, `av1C`.

use crate::obu::{self, Framing, ObuType};

/// Bytes of the record before its OBUs.
const HEAD: usize = 4;

/// The OBUs of the record, for the unit that decoding begins with.
#[derive(Debug, Default)]
pub(super) struct Config {
    obus: Vec<u8>,
    /// Decoding has begun.
    begun: bool,
}

impl Config {
    /// These OBUs.
    pub(super) fn new(obus: &[u8]) -> Self {
        Self { obus: obus.to_vec(), begun: false }
    }

    /// Those of a whole record.
    pub(super) fn of_record(record: &[u8]) -> Self {
        Self::new(record.get(HEAD..).unwrap_or_default())
    }

    /// Decoding begins once more, elsewhere.
    pub(super) fn begin(&mut self) {
        self.begun = false;
    }

    /// `unit` with a sequence header, which may be in the record only; and whether it is unchanged.
    pub(super) fn complete(&mut self, unit: Vec<u8>) -> (Vec<u8>, bool) {
        if self.obus.is_empty() || std::mem::replace(&mut self.begun, true) {
            return (unit, true);
        }
        let first = obu::obus(&unit, Framing::Section5).find_map(|obu| match obu.ok()?.obu_type {
            ObuType::TemporalDelimiter | ObuType::Metadata | ObuType::Padding => None,
            other => Some(other),
        });
        match first {
            Some(ObuType::SequenceHeader) => (unit, true),
            _ => ([&self.obus[..], &unit].concat(), false),
        }
    }
}
