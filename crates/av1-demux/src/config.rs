//! The configuration record of MP4 and Matroska, `av1C`.

use av1_syntax::obu::{self, Framing, ObuType};

/// Marker and version of the record.
const FIRST: u8 = 0x81;
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

    /// Those of a whole record; or all of it, as in files of 2018. None if they are not whole, or
    /// have no sequence header.
    pub(super) fn of_record(record: &[u8]) -> Self {
        let obus = match record.first() {
            Some(&FIRST) => record.get(HEAD..).unwrap_or_default(),
            _ => record,
        };
        let mut has_sequence_header = false;
        for obu in obu::obus(obus, Framing::Section5) {
            let Ok(obu) = obu else { return Self::default() };
            has_sequence_header |= obu.obu_type == ObuType::SequenceHeader;
        }
        if has_sequence_header { Self::new(obus) } else { Self::default() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_several_forms() {
        let sequence = [0x0a, 3, 1, 2, 3];
        let record = [&[FIRST, 0, 0, 0][..], &sequence].concat();
        for (record, obus) in [
            (&record[..], &sequence[..]),
            (&sequence, &sequence),
            (&record[..6], &[]),
            (&record[..2], &[]),
            (&[], &[]),
            // No sequence header.
            (&[FIRST, 0, 0, 0, 0x12, 0], &[]),
        ] {
            assert_eq!(Config::of_record(record).obus, obus, "{record:?}");
        }
    }
}
