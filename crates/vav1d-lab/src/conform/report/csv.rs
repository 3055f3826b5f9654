//! deqp-runner's results.csv and failures.csv.

use std::fmt::Write as _;

use super::About;
use crate::conform::record::Record;

/// `name,Status,seconds` for each vector. Names have no commas.
pub fn results(records: &[Record], about: &About) -> String {
    let mut text = String::new();
    for record in records {
        let seconds = if about.no_times { 0.0 } else { record.seconds as f32 };
        let _ = writeln!(text, "{},{},{seconds}", record.name, record.status.deqp());
    }
    text
}

/// `name,Status` for each vector that something is to be done about.
pub fn failures(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records.iter().filter(|record| !record.status.is_success()) {
        let _ = writeln!(text, "{},{}", record.name, record.status.deqp());
    }
    text
}
