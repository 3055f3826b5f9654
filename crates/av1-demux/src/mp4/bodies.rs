//! What is read of a movie box: the bodies of the boxes in it that say something of video, also where
//! QuickTime has compressed it (`cmov`).

use std::io::Read;

use super::boxes::{self, Fields, Header, Kind, SLACK};
use super::input::Input;
use super::walk::Found;
use crate::error::{LimitError, Result};

/// Bytes of the boxes that are read whole: far more than the sample tables of a film of hours.
const BOX_BYTES: u64 = 256 << 20;

/// Whether so many bytes may be read at once.
pub(super) fn limit(bytes: u64) -> Result<()> {
    if bytes > BOX_BYTES {
        let what = "bytes of an MP4 box";
        return Err(LimitError { what, value: bytes, limit: BOX_BYTES }.into());
    }
    Ok(())
}

/// Whether a box of a movie box says something of video.
fn is_wanted(kind: &Kind) -> bool {
    matches!(kind, b"mvhd" | b"trak" | b"mvex")
}

/// The bodies of the boxes in a movie box that say something of video.
///
/// # Errors
/// They cannot be read, or are too large.
pub(super) fn of_movie(found: &Found, input: &mut Input) -> Result<Vec<(Kind, Vec<u8>)>> {
    let (mut at, mut bodies, mut bytes) = (found.body, Vec::new(), 0_u64);
    while at < found.end {
        let head = input.read(at, (found.end - at).min(Header::MAX as u64))?;
        let Some(header) = Header::read(&head) else { break };
        let whole = header.bytes.unwrap_or(u64::MAX).min(found.end - at);
        if is_wanted(&header.kind) || &header.kind == b"cmov" {
            let body = whole.saturating_sub(header.header);
            bytes = bytes.saturating_add(body);
            limit(bytes)?;
            let slack = (SLACK as u64).min(found.end - at - whole);
            let body = input.read(at + header.header, body + slack)?;
            match &header.kind {
                b"cmov" => bodies.extend(inflated(&body)),
                _ => bodies.push((header.kind, body)),
            }
        }
        at += whole;
    }
    Ok(bodies)
}

/// The bodies in a movie box that is compressed in the `cmov` box `body`.
fn inflated(body: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let is_zlib = boxes::first(body, &[b"dcom"], |dcom| Fields(dcom).kind()) == Some(*b"zlib");
    let inflate = |cmvd| {
        let mut fields = Fields(cmvd);
        let size = u64::from(fields.u32()?).min(BOX_BYTES);
        let mut moov = Vec::new();
        // What can be read of it is taken.
        let _ = flate2::read::ZlibDecoder::new(fields.0).take(size).read_to_end(&mut moov);
        (!moov.is_empty()).then_some(moov)
    };
    let moov = is_zlib.then(|| boxes::first(body, &[b"cmvd"], inflate)).flatten();
    let moov = moov.unwrap_or_default();
    let inside = boxes::first(&moov, &[b"moov"], Some).unwrap_or(&moov);
    let wanted = boxes::children(inside).filter(|(kind, _)| is_wanted(kind));
    wanted.map(|(kind, body)| (kind, body.to_vec())).collect()
}
