//! What is read of a sample and written again is the sample, byte for byte.

mod common;

use av1_rewrite::{Derived, write};
use av1_syntax::obu::Framing;

#[test]
fn every_sample_is_written_as_it_was() {
    for (name, units, stream) in common::samples() {
        let framing = units.first().map_or(Framing::Section5, |unit| unit.framing);
        let written = write::write(&stream, framing, Derived::Checked)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written.len(), units.len(), "{name}");
        for (is, was) in written.iter().zip(&units) {
            assert_eq!(is.data, was.data, "{name}: unit {}", was.index);
            assert_eq!(is.pts, was.pts, "{name}: unit {}", was.index);
        }
    }
}
