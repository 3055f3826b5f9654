//! Which container it is, from the first bytes.

use super::annexb::leb128;
use super::bytes::Bytes;
use super::{Format, fault, mp4};
use crate::error::{Result, StreamError, Unsupported};
use av1_syntax::obu::{self, Framing, ObuType};

/// Bytes that probing looks at, one after the other.
const WINDOWS: [usize; 4] = [64, 4 << 10, 32 << 10, 256 << 10];

/// What Matroska starts with: the identifier of the EBML header.
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

/// What its DocType says (RFC 9559, 4.1), and in how many bytes of the header.
const DOC_TYPES: [&[u8]; 2] = [b"matroska", b"webm"];
const EBML_BYTES: usize = 96;

/// Bytes that say what most files are.
const FIRST: usize = 12;

/// Bytes that [`boxed`] looks at.
pub(super) const HEAD: u64 = 4 << 10;

/// The container of a file that starts with `head`, if it is one of those that are not read in
/// order.
pub(super) fn boxed(head: &[u8]) -> Option<Format> {
    if head.starts_with(&EBML) {
        return Some(Format::Matroska);
    }
    mp4::is_start(head).then_some(Format::Mp4)
}

/// The container of `bytes`. Nothing is taken.
pub(super) fn probe(bytes: &mut Bytes) -> Result<Format> {
    // What comes through a pipe is not waited for longer than is needed.
    let magic = bytes.peek(EBML.len())?;
    if magic.starts_with(b"DKIF") {
        return Ok(Format::Ivf);
    }
    if magic == EBML {
        return Ok(Format::Matroska);
    }
    for window in [FIRST, HEAD as usize] {
        if let Some(format) = boxed(bytes.peek(window)?) {
            return Ok(format);
        }
    }
    let head = bytes.peek(HEAD as usize)?;
    if has_matroska(head) {
        return Ok(Format::Matroska);
    }
    if let Some(name) = other(head) {
        return Err(Unsupported::Stream(format!("the container {name}")).into());
    }
    for window in WINDOWS {
        let data = bytes.peek(window)?;
        if is_annexb(data, data.len() == window) {
            return Ok(Format::AnnexB);
        }
        if starts_properly(obu::obus(data, Framing::Section5)) {
            return Ok(Format::Section5);
        }
        if has_matroska(data) {
            return Ok(Format::Matroska);
        }
    }
    let what = match bytes.at_end()? {
        true => "the input is empty",
        false => "neither IVF, WebM, Matroska nor MP4, nor a Section 5 or an Annex B stream",
    };
    Err(fault(what, 0, None).into())
}

/// The name of a container that others read, and this crate does not.
fn other(head: &[u8]) -> Option<&'static str> {
    const NAMES: [(&[u8], &str); 6] = [
        (b"RIFF", "RIFF"),
        (b"YUV4MPEG2", "Y4M as input"),
        (b"FLV\x01", "FLV"),
        (b"OggS", "Ogg"),
        (b"nut/multimedia container", "NUT"),
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    ];
    // Packets of MPEG-2 Systems have 188 bytes, and begin alike.
    let is_packet = |number: usize| head.get(188 * number) == Some(&0x47);
    let named = NAMES.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
    named.or_else(|| (0..5).all(is_packet).then_some("MPEG-2 Systems (a transport stream)"))
}

/// Whether a Matroska file begins somewhere in `data`, behind what is none of it.
fn has_matroska(data: &[u8]) -> bool {
    let mut rest = data;
    while let Some(at) = rest.windows(EBML.len()).position(|bytes| bytes == EBML) {
        let header = rest.get(at..).unwrap_or_default();
        let header = header.get(..EBML_BYTES).unwrap_or(header);
        let is_type = |name: &&[u8]| header.windows(name.len()).any(|bytes| bytes == *name);
        if DOC_TYPES.iter().any(is_type) {
            return true;
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    false
}

/// Whether a stream starts properly with these OBUs: a temporal delimiter, then a sequence header.
/// OBUs that mean nothing may be between.
fn starts_properly<'a>(
    obus: impl Iterator<Item = std::result::Result<obu::Obu<'a>, StreamError>>,
) -> bool {
    for (i, obu) in obus.take(64).enumerate() {
        match obu.map(|o| (o.obu_type, o.payload.len())) {
            Ok((ObuType::TemporalDelimiter, 0)) => {}
            Ok((ObuType::SequenceHeader, n)) => return n > 0,
            Ok((ObuType::Metadata | ObuType::Padding | ObuType::Reserved(_), _)) if i > 0 => {}
            // A stream may start in its middle: a frame after a temporal delimiter.
            Ok((ObuType::Frame | ObuType::FrameHeader, n)) => return i > 0 && n > 0,
            _ => return false,
        }
    }
    false
}

/// Whether `data` is the start of a length-delimited stream; if there is more of it the first unit
/// may be longer.
fn is_annexb(data: &[u8], is_more: bool) -> bool {
    let Some((size, length)) = leb128(data) else { return false };
    let end = usize::try_from(size).ok().and_then(|size| size.checked_add(length));
    let Some(end) = end.filter(|_| size > 0) else { return false };
    match data.get(length..end) {
        Some(unit) => starts_properly(obu::obus(unit, Framing::AnnexB)),
        None if is_more => starts_long(data.get(length..).unwrap_or_default(), size),
        None => false,
    }
}

/// Whether `data` is the start of a temporal unit of `size` bytes: a temporal delimiter, with or
/// without a size of its own, and what may follow it.
fn starts_long(data: &[u8], size: u64) -> bool {
    let (mut at, mut frame_end, mut unit) = (0, 0, 0);
    loop {
        if at >= frame_end {
            let Some((frame, n)) = data.get(at..).and_then(leb128) else { return false };
            unit = at as u64 + n as u64 + frame;
            (at, frame_end) = (at + n, usize::try_from(unit).unwrap_or(usize::MAX));
        }
        let Some((obu, n)) = data.get(at..).and_then(leb128) else { return false };
        let Some(head) = data.get(at + n) else { return false };
        let (obu_type, obu_end) = (head >> 3, (at + n) as u64 + obu);
        if unit > size || obu == 0 || obu_end > unit {
            return false;
        }
        let extension = u64::from(head & 4 != 0) + u64::from(head & 2 != 0);
        match obu_type {
            2 if at + n <= 16 && obu == 1 + extension => {}
            1 if at > 1 => return true,
            0 | 5 | 9..=15 if at > 1 => {}
            _ => return false,
        }
        at = usize::try_from(obu_end).unwrap_or(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_unit_is_known_by_its_start() {
        // Temporal delimiter, alone in its frame unit or not, with a size or not; sequence header.
        for start in [
            &[2, 1, 0x10, 20, 11, 0x08][..],
            &[30, 1, 0x10, 11, 0x08],
            &[3, 2, 0x12, 0, 20, 11, 0x0a],
            &[30, 2, 0x12, 0, 3, 0x48, 1, 1, 11, 0x0a],
        ] {
            assert!(starts_long(start, 40), "{start:?}");
            assert!(!starts_long(start, 10), "{start:?}");
            assert!(!starts_long(&start[1..], 40), "{start:?}");
        }
        assert!(!starts_long(&[2, 1, 0x10, 20, 11, 0x30], 40), "no sequence header");
    }
}
