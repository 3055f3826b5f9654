//! What a stream has that is not allowed, and that does not keep it from being decoded.

use crate::bits::BitReader;
use crate::error::StreamError;

/// The first deviation of each rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Deviations(Vec<StreamError>);

impl Deviations {
    /// Takes those of a reader.
    pub(super) fn take(&mut self, r: &mut BitReader<'_>) {
        for deviation in r.take_deviations() {
            let place = |d: &StreamError| (d.at.element, d.at.section);
            if !self.0.iter().any(|known| place(known) == place(&deviation)) {
                self.0.push(deviation);
            }
        }
    }

    /// Those without a place are in temporal unit `unit`.
    pub(super) fn place(&mut self, unit: u64) {
        for deviation in &mut self.0 {
            deviation.at.unit.get_or_insert(unit);
        }
    }

    /// All of them.
    pub(super) fn list(&self) -> &[StreamError] {
        &self.0
    }
}
