//! Which container it is, from the first bytes.

use super::annexb::leb128;
use super::bytes::Bytes;
use super::{Format, fault, mp4};
use crate::error::{Result, StreamError, Unsupported};
use crate::obu::{self, Framing, ObuType};

/// Bytes that probing looks at.
const WINDOW: usize = 256 << 10;

/// Bytes that say what most files are.
const FIRST: usize = 12;

/// Bytes that [`boxed`] looks at.
pub(super) const HEAD: u64 = 4 << 10;

/// The container of a file that starts with `head`, if it is one of those that are not read in
/// order.
pub(super) fn boxed(head: &[u8]) -> Option<Format> {
    if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        return Some(Format::Matroska);
    }
    mp4::is_start(head).then_some(Format::Mp4)
}

/// The container of `bytes`. Nothing is taken.
pub(super) fn probe(bytes: &mut Bytes) -> Result<Format> {
    // What comes slowly is not waited for.
    if let Some(format) = boxed(bytes.peek(FIRST)?) {
        return Ok(format);
    }
    let data = bytes.peek(WINDOW)?;
    if data.starts_with(b"DKIF") {
        return Ok(Format::Ivf);
    }
    if let Some(format) = boxed(data) {
        return Ok(format);
    }
    for (magic, name) in [(&b"RIFF"[..], "RIFF"), (b"YUV4MPEG2", "Y4M as input")] {
        if data.starts_with(magic) {
            return Err(Unsupported::Stream(format!("the container {name}")).into());
        }
    }
    if is_annexb(data) {
        return Ok(Format::AnnexB);
    }
    if is_section5(data) {
        return Ok(Format::Section5);
    }
    let what = match data.is_empty() {
        true => "the input is empty",
        false => "neither IVF, WebM, Matroska nor MP4, nor a Section 5 or an Annex B stream",
    };
    Err(fault(what, 0, None).into())
}

/// The OBU types of a stream that starts properly: temporal delimiters, then a sequence header.
/// `None` if the OBUs are broken before that; a cut at the end of the window is none of their fault.
fn starts_properly<'a>(
    obus: impl Iterator<Item = std::result::Result<obu::Obu<'a>, StreamError>>,
) -> bool {
    for (i, obu) in obus.take(64).enumerate() {
        match obu.map(|o| (o.obu_type, o.payload.len())) {
            Ok((ObuType::TemporalDelimiter, 0)) => {}
            Ok((ObuType::SequenceHeader, n)) => return n > 0,
            Ok((ObuType::Metadata | ObuType::Padding, _)) if i > 0 => {}
            // A stream may start in its middle: a frame after a temporal delimiter.
            Ok((ObuType::Frame | ObuType::FrameHeader, n)) => return i > 0 && n > 0,
            _ => return false,
        }
    }
    false
}

fn is_section5(data: &[u8]) -> bool {
    starts_properly(obu::obus(data, Framing::Section5))
}

fn is_annexb(data: &[u8]) -> bool {
    let Some((size, length)) = leb128(data) else { return false };
    let end = usize::try_from(size).ok().and_then(|size| size.checked_add(length));
    let Some(end) = end.filter(|_| size > 0) else { return false };
    let whole = data.get(length..end);
    match whole {
        Some(unit) => starts_properly(obu::obus(unit, Framing::AnnexB)),
        // The first unit is larger than the window: its head must do.
        None if data.len() == WINDOW => {
            let head = data.get(length..).unwrap_or_default();
            let Some((frame, n)) = leb128(head) else { return false };
            let Some((obu, m)) = head.get(n..).and_then(leb128) else { return false };
            let first = head.get(n + m).copied().unwrap_or(0xff);
            frame > obu && frame <= size && obu == 1 && first & 0xfa == 0x10
        }
        None => false,
    }
}
