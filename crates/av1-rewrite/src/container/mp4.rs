//! MP4, as ISO/IEC 14496-12 and the AV1 mapping say: one track, its tables first, one chunk.

use av1_syntax::obu::{ObuType, obus};
use av1_syntax::syntax::sequence::sequence_header_obu;
use av1_syntax::unit::TemporalUnit;

use super::{TIME_BASE, sequence_header, times};
use crate::bits::{BitWriter, leb128};
use crate::error::{Error, Result};

/// The configuration record of the first sequence header, `av1C`.
pub(super) fn config(units: &[TemporalUnit]) -> Result<Vec<u8>> {
    let (_, _, payload) = sequence_header(units)?;
    let sequence = sequence_header_obu(&mut av1_syntax::bits::BitReader::new(&payload))?;
    let (first, color) = (sequence.operating_points.first(), &sequence.color_config);
    let mut w = BitWriter::default();
    w.f(8, 0x81u32, "marker and version")?;
    w.f(3, sequence.seq_profile, "seq_profile")?;
    w.f(5, first.map_or(31, |point| point.seq_level_idx), "seq_level_idx_0")?;
    w.flag(first.is_some_and(|point| point.seq_tier));
    w.flag(color.high_bitdepth);
    w.flag(color.twelve_bit);
    w.flag(color.mono_chrome);
    w.flag(color.subsampling_x);
    w.flag(color.subsampling_y);
    w.f(2, color.chroma_sample_position, "chroma_sample_position")?;
    // No initial_presentation_delay.
    w.f(8, 0u32, "reserved")?;
    let mut out = w.aligned();
    out.push(0x0a);
    leb128(&mut out, payload.len(), 1)?;
    out.extend_from_slice(&payload);
    Ok(out)
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Result<Vec<u8>> {
    let size = u32::try_from(content.len() + 8);
    let size = size.map_err(|_| Error::Unsupported("a box of more than 4 GiB"))?;
    Ok([&size.to_be_bytes()[..], kind, content].concat())
}

/// A box of 32-bit numbers.
fn numbers(kind: &[u8; 4], content: &[u32]) -> Result<Vec<u8>> {
    boxed(kind, &content.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>())
}

/// A unit as a sample: without temporal delimiters; and whether it has a sequence header.
fn sample(unit: &TemporalUnit) -> Result<(Vec<u8>, bool)> {
    let (mut out, mut is_sync) = (Vec::new(), false);
    for obu in obus(&unit.data, unit.framing) {
        let obu = obu?;
        if obu.obu_type != ObuType::TemporalDelimiter {
            out.extend_from_slice(unit.data.get(obu.offset..obu.end).unwrap_or_default());
        }
        is_sync |= obu.obu_type == ObuType::SequenceHeader;
    }
    Ok((out, is_sync))
}

/// The matrix that changes nothing.
const UNITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// `stsd`: the sample entry.
fn description(units: &[TemporalUnit], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut entry = vec![0; 6];
    entry.extend_from_slice(&[0, 1]);
    entry.extend_from_slice(&[0; 16]);
    entry.extend_from_slice(&(width.min(0xffff) as u16).to_be_bytes());
    entry.extend_from_slice(&(height.min(0xffff) as u16).to_be_bytes());
    entry.extend_from_slice(&[0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1]);
    entry.extend_from_slice(&[0; 32]);
    entry.extend_from_slice(&[0, 24, 0xff, 0xff]);
    entry.extend(boxed(b"av1C", &config(units)?)?);
    let entry = boxed(b"av01", &entry)?;
    boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry].concat())
}

/// The tables of `samples`; `chunk` is where the first one is.
fn tables(
    samples: &[(Vec<u8>, bool)],
    durations: &[u32],
    description: &[u8],
    chunk: u32,
) -> Result<Vec<u8>> {
    let count = samples.len() as u32;
    let mut stts = vec![0, count];
    stts.extend(durations.iter().flat_map(|duration| [1, *duration]));
    let syncs: Vec<u32> =
        (1..).zip(samples).filter(|(_, (_, is_sync))| *is_sync).map(|(n, _)| n).collect();
    let stss = [&[0, syncs.len() as u32][..], &syncs].concat();
    let mut stsz = vec![0, 0, count];
    stsz.extend(samples.iter().map(|(data, _)| data.len() as u32));
    let parts = [
        description.to_vec(),
        numbers(b"stts", &stts)?,
        numbers(b"stss", &stss)?,
        numbers(b"stsc", &[0, 1, 1, count, 1])?,
        numbers(b"stsz", &stsz)?,
        numbers(b"stco", &[0, 1, chunk])?,
    ];
    boxed(b"stbl", &parts.concat())
}

/// `moov`, where the samples start at `chunk`.
fn movie(
    samples: &[(Vec<u8>, bool)],
    (durations, scale): (&[u32], u32),
    (width, height): (u32, u32),
    (description, chunk): (&[u8], u32),
) -> Result<Vec<u8>> {
    let length = durations.iter().fold(0u32, |sum, duration| sum.saturating_add(*duration));
    let mut mvhd = vec![0, 0, 0, scale, length, 0x1_0000, 0x100_0000, 0, 0];
    mvhd.extend_from_slice(&UNITY);
    mvhd.extend_from_slice(&[0, 0, 0, 0, 0, 0, 2]);
    let mut tkhd = vec![3, 0, 0, 1, 0, length, 0, 0, 0, 0];
    tkhd.extend_from_slice(&UNITY);
    tkhd.extend_from_slice(&[width << 16, height << 16]);
    let mdhd = [0, 0, 0, scale, length, 0x55c4_0000];
    let hdlr = [&[0; 8][..], b"vide", &[0; 12], b"\0"].concat();
    let dref = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &numbers(b"url ", &[1])?].concat();
    let dinf = boxed(b"dinf", &boxed(b"dref", &dref)?)?;
    let stbl = tables(samples, durations, description, chunk)?;
    let minf = boxed(b"minf", &[numbers(b"vmhd", &[1, 0, 0])?, dinf, stbl].concat())?;
    let media = [numbers(b"mdhd", &mdhd)?, boxed(b"hdlr", &hdlr)?, minf].concat();
    let track = [numbers(b"tkhd", &tkhd)?, boxed(b"mdia", &media)?].concat();
    boxed(b"moov", &[numbers(b"mvhd", &mvhd)?, boxed(b"trak", &track)?].concat())
}

pub(super) fn file(units: &[TemporalUnit], time_base: Option<(u32, u32)>) -> Result<Vec<u8>> {
    let (width, height, _) = sequence_header(units)?;
    let (numerator, scale) = time_base.unwrap_or(TIME_BASE);
    let samples = units.iter().map(sample).collect::<Result<Vec<_>>>()?;
    let times = times(units);
    let duration = |index: usize| {
        let step = times.get(index + 1).zip(times.get(index)).map_or(1, |(next, now)| next - now);
        u32::try_from(step).unwrap_or(0).saturating_mul(numerator)
    };
    let durations: Vec<_> = (0..times.len()).map(duration).collect();
    let kind = boxed(b"ftyp", b"isom\0\0\x02\0isomav01")?;
    let description = description(units, width, height)?;
    let of = |chunk| movie(&samples, (&durations, scale), (width, height), (&description, chunk));
    // Where the samples start does not change how long it is.
    let chunk = kind.len() + of(0)?.len() + 8;
    let chunk = u32::try_from(chunk).map_err(|_| Error::Unsupported("a file of over 4 GiB"))?;
    let data: Vec<u8> = samples.iter().flat_map(|(data, _)| data.iter().copied()).collect();
    Ok([kind, of(chunk)?, boxed(b"mdat", &data)?].concat())
}
