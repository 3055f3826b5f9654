//! What is read of a sample and written again is the sample, byte for byte; in Annex B but
//! for the lengths around OBUs.

mod common;

use av1_rewrite::{Derived, write};
use av1_syntax::obu::{Framing, ObuType, obus};
use av1_syntax::unit::TemporalUnit;

/// Types and payloads of a unit's OBUs: in Annex B lengths may have more bytes than they need.
fn payloads(unit: &TemporalUnit) -> Vec<(ObuType, u8, u8, Vec<u8>)> {
    let obus = obus(&unit.data, unit.framing).map(|obu| obu.expect("it was read"));
    obus.map(|o| (o.obu_type, o.temporal_id, o.spatial_id, o.payload.to_vec())).collect()
}

/// What differs between what was read and what is written, if anything.
fn difference(units: &[TemporalUnit], stream: &av1_rewrite::stream::Stream) -> Option<String> {
    let framing = units.first().map_or(Framing::Section5, |unit| unit.framing);
    let written = match write::write(stream, framing, Derived::Checked) {
        Ok(written) => written,
        Err(error) => return Some(error.to_string()),
    };
    if written.len() != units.len() {
        return Some(format!("{} units, not {}", written.len(), units.len()));
    }
    written.iter().zip(units).find_map(|(is, was)| {
        let at = is.data.iter().zip(&*was.data).position(|(a, b)| a != b);
        let is_same = match framing {
            Framing::Section5 => is.data == was.data,
            Framing::AnnexB => payloads(is) == payloads(was),
        };
        let differs = !is_same || is.pts != was.pts;
        differs.then(|| {
            let (is, to_be) = (is.data.len(), was.data.len());
            format!("unit {}: {is} bytes, not {to_be}, byte {at:?}", was.index)
        })
    })
}

#[test]
fn every_sample_is_written_as_it_was() {
    let differences: Vec<_> = common::samples()
        .iter()
        .filter_map(|(name, units, stream)| Some((name, difference(units, stream)?)))
        .map(|(name, difference)| format!("{name}: {difference}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
