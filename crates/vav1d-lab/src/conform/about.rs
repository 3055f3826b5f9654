//! What is said of a whole run.

use super::record::Record;
use super::selection::Selection;

/// Names of properties in the order in which reports have them.
pub const PROPERTIES: [&str; 11] = [
    "vav1d",
    "device",
    "device-option",
    "driver",
    "vulkan",
    "uuid",
    "shape",
    "host",
    "kernel",
    "command",
    "date",
];

/// What a report says of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Names and values: device, driver, versions.
    pub properties: Vec<(String, String)>,
    /// Whether times are left out.
    pub no_times: bool,
    /// Whether only a part of the vectors is run here, which may have none that the device can
    /// decode: it has no vectors, or only those that lists know to be refused.
    pub is_part: bool,
    /// Planted faults that were applied in no vector: the run shows nothing.
    pub unfired: Vec<String>,
    /// Whatever else the reader has to know, a line each.
    pub notes: Vec<String>,
    /// Which of all vectors these are; `None` if that is not known.
    pub selection: Option<Selection>,
    /// What of the whole is not there, a line each: parts whose vectors nobody knows.
    pub lacking: Vec<String>,
    /// After a failure no other vector was begun, as was asked for.
    pub stopped: bool,
}

impl About {
    /// The value of a property; empty if there is none.
    pub fn property(&self, wanted: &str) -> &str {
        let found = self.properties.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value)
    }

    /// Notes which planted faults were applied in none of these: they are the whole run.
    pub fn note_unfired(&mut self, records: &[Record]) {
        self.unfired = never_applied(records);
        self.notes.extend(self.unfired.iter().map(|fault| unfired_note(fault)));
    }
}

/// What is said of a planted fault that was applied in no vector.
pub(super) fn unfired_note(fault: &str) -> String {
    format!("The planted fault {fault} was never applied.")
}

/// Planted faults that were applied in no vector, though runs came to their end.
fn never_applied(records: &[Record]) -> Vec<String> {
    let ran = || records.iter().filter(|record| record.unfired.is_some() || record.is_evidence());
    let Some(Some(first)) = ran().next().map(|record| record.unfired.clone()) else {
        return Vec::new();
    };
    let mut faults = first;
    faults.retain(|fault| {
        ran().all(|record| record.unfired.as_ref().is_some_and(|all| all.contains(fault)))
    });
    faults
}
