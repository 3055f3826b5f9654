//! Matroska and WebM, as their AV1 mapping says: a cluster for each key frame, one block a unit.

use av1_syntax::obu::{ObuType, obus};
use av1_syntax::unit::TemporalUnit;

use super::{TIME_BASE, sequence_header, times};
use crate::container::mp4::config;
use crate::error::{Error, Result};

/// An element of `id`, which has its length marker, with `content`.
fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let skip = (id.leading_zeros() / 8) as usize;
    let mut out: Vec<u8> = bytes.into_iter().skip(skip).collect();
    // Eight bytes of size always do.
    out.extend_from_slice(&(1 << 56 | content.len() as u64).to_be_bytes());
    out.extend_from_slice(content);
    out
}

fn number(id: u32, value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

fn master(id: u32, children: &[Vec<u8>]) -> Vec<u8> {
    element(id, &children.concat())
}

/// The unit without temporal delimiters, which blocks have none of, and whether it has a sequence
/// header.
fn block(unit: &TemporalUnit) -> Result<(Vec<u8>, bool)> {
    let (mut out, mut is_key) = (Vec::new(), false);
    for obu in obus(&unit.data, unit.framing) {
        let obu = obu?;
        if obu.obu_type != ObuType::TemporalDelimiter {
            out.extend_from_slice(unit.data.get(obu.offset..obu.end).unwrap_or_default());
        }
        is_key |= obu.obu_type == ObuType::SequenceHeader;
    }
    Ok((out, is_key))
}

pub(super) fn file(units: &[TemporalUnit], time_base: Option<(u32, u32)>) -> Result<Vec<u8>> {
    let (width, height, _) = sequence_header(units)?;
    let (numerator, denominator) = time_base.unwrap_or(TIME_BASE);
    let head =
        master(0x1a45_dfa3, &[element(0x4282, b"matroska"), number(0x4287, 4), number(0x4285, 2)]);
    // Ticks of a millisecond.
    let info = master(0x1549_a966, &[number(0x2a_d7b1, 1_000_000), element(0x4d80, b"vav1d")]);
    let video = master(0xe0, &[number(0xb0, width.into()), number(0xba, height.into())]);
    let track = master(
        0xae,
        &[
            number(0xd7, 1),
            number(0x73c5, 1),
            number(0x83, 1),
            number(0x9c, 0),
            element(0x86, b"V_AV1"),
            element(0x63a2, &config(units)?),
            video,
        ],
    );
    let tracks = master(0x1654_ae6b, &[track]);
    let mut clusters: Vec<(i64, Vec<u8>)> = Vec::new();
    for (unit, ticks) in units.iter().zip(times(units)) {
        let milliseconds = i128::from(ticks) * 1000 * i128::from(numerator);
        let time = i64::try_from(milliseconds / i128::from(denominator.max(1))).unwrap_or(0);
        let (data, is_key) = block(unit)?;
        let relative = clusters.last().map(|(start, _)| time - start);
        let fits = relative.is_some_and(|at| i16::try_from(at).is_ok());
        if is_key || !fits {
            let start = u64::try_from(time).map_err(|_| Error::Unsupported("times below 0"))?;
            clusters.push((time, number(0xe7, start)));
        }
        let Some((start, cluster)) = clusters.last_mut() else { continue };
        let at = i16::try_from(time - *start).unwrap_or(0);
        let mut simple = vec![0x81];
        simple.extend_from_slice(&at.to_be_bytes());
        simple.push(if is_key { 0x80 } else { 0 });
        simple.extend_from_slice(&data);
        cluster.extend(element(0xa3, &simple));
    }
    let clusters = clusters.iter().flat_map(|(_, cluster)| element(0x1f43_b675, cluster));
    let segment = [info, tracks, clusters.collect()].concat();
    Ok([head, element(0x1853_8067, &segment)].concat())
}
