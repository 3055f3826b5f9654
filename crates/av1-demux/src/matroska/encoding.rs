//! How the frames of a track are encoded (RFC 9559, 5.1.4.1.31): compressed, stripped, encrypted.

use std::io::Read;

use super::ebml::{children, unsigned};
use crate::error::{LimitError, Result, StreamError, StreamFault, Unsupported};

/// What an encoding applies to: a bit of ContentEncodingScope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Frames.
    Block = 1,
    /// CodecPrivate.
    Private = 2,
}

/// ContentEncoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    order: u64,
    scope: u64,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Zlib,
    /// With what was stripped from the start.
    Stripped(Vec<u8>),
    /// By what name it is refused.
    Refused(&'static str),
}

impl Encoding {
    /// Those of the body of ContentEncodings.
    pub(super) fn all(body: &[u8]) -> Vec<Self> {
        let encodings = children(body).filter(|child| child.id == 0x6240);
        let mut encodings: Vec<_> = encodings.map(|child| Self::read(child.body)).collect();
        encodings.sort_by_key(|encoding| encoding.order);
        encodings
    }

    fn read(body: &[u8]) -> Self {
        let (mut order, mut scope, mut is_encrypted) = (0, Scope::Block as u64, false);
        // Compression is the default, and zlib is that of compression.
        let mut kind = Kind::Zlib;
        for child in children(body) {
            match (child.id, child.whole()) {
                (0x5034, _) => kind = compression(child.body),
                (0x5035, _) => is_encrypted = true,
                (0x5031, Some(body)) => order = unsigned(body),
                (0x5032, Some(body)) => scope = unsigned(body),
                (0x5033, Some(body)) => is_encrypted |= unsigned(body) == 1,
                _ => {}
            }
        }
        if is_encrypted {
            kind = Kind::Refused("is encrypted");
        }
        Self { order, scope, kind }
    }

    fn applies_to(&self, scope: Scope) -> bool {
        self.scope & scope as u64 != 0
    }
}

/// Of the body of ContentCompression.
fn compression(body: &[u8]) -> Kind {
    let (mut algorithm, mut settings) = (0, Vec::new());
    for child in children(body) {
        match (child.id, child.whole()) {
            (0x4254, Some(body)) => algorithm = unsigned(body),
            (0x4255, Some(body)) => settings = body.to_vec(),
            _ => {}
        }
    }
    match algorithm {
        0 => Kind::Zlib,
        1 => Kind::Refused("has bzlib compression"),
        2 => Kind::Refused("has lzo1x compression"),
        3 => Kind::Stripped(settings),
        _ => Kind::Refused("has a compression that is not known"),
    }
}

/// Whether what is in `scope` can be read.
///
/// # Errors
/// `Unsupported` with what it is encoded by.
pub(super) fn check(encodings: &[Encoding], scope: Scope) -> Result<()> {
    match encodings.iter().find_map(|encoding| match encoding.kind {
        Kind::Refused(what) if encoding.applies_to(scope) => Some(what),
        _ => None,
    }) {
        Some(what) => Err(Unsupported::Stream(format!("a Matroska track that {what}")).into()),
        None => Ok(()),
    }
}

/// Whether what is in `scope` is in the file as it is.
pub(super) fn is_plain(encodings: &[Encoding], scope: Scope) -> bool {
    !encodings.iter().any(|encoding| encoding.applies_to(scope))
}

/// `data` as it was before it was encoded; it has `limit` bytes at most.
///
/// # Errors
/// A fault of the compressed data, or they are too large.
pub(super) fn undo(
    encodings: &[Encoding],
    scope: Scope,
    mut data: Vec<u8>,
    limit: u64,
) -> Result<Vec<u8>> {
    check(encodings, scope)?;
    for encoding in encodings.iter().rev().filter(|encoding| encoding.applies_to(scope)) {
        match &encoding.kind {
            Kind::Stripped(prefix) => drop(data.splice(..0, prefix.iter().copied())),
            Kind::Zlib => {
                let mut inflated = Vec::new();
                let mut decoder = flate2::read::ZlibDecoder::new(&data[..]).take(limit + 1);
                if decoder.read_to_end(&mut inflated).is_err() {
                    let fault = StreamFault::Container("a frame is no zlib stream");
                    return Err(StreamError::new(fault).section("RFC 9559, 5.1.4.1.31").into());
                }
                data = inflated;
            }
            Kind::Refused(_) => {}
        }
        let value = data.len() as u64;
        if value > limit {
            return Err(LimitError { what: "bytes of a temporal unit", value, limit }.into());
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of a body that is short.
    fn element(id: u32, body: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let coded = &id[id.iter().take_while(|byte| **byte == 0).count()..];
        [coded, &[0x80 | body.len() as u8], body].concat()
    }

    fn compressed(order: u8, scope: u8, settings: &[&[u8]]) -> Vec<u8> {
        let compression = element(0x5034, &settings.concat());
        let parts = [element(0x5031, &[order]), element(0x5032, &[scope]), compression];
        element(0x6240, &parts.concat())
    }

    #[test]
    fn encodings_are_undone_from_the_last_to_the_first() {
        let strip = |prefix: &[u8]| [element(0x4254, &[3]), element(0x4255, prefix)].concat();
        let body = [
            compressed(1, 1, &[&strip(b"b")]),
            compressed(0, 1, &[&strip(b"a")]),
            compressed(2, 2, &[&strip(b"c")]),
        ];
        let encodings = Encoding::all(&body.concat());
        let undone = |scope| undo(&encodings, scope, b"x".to_vec(), 9).unwrap();
        assert_eq!(undone(Scope::Block), b"abx");
        assert_eq!(undone(Scope::Private), b"cx");
    }

    #[test]
    fn what_cannot_be_undone_is_named() {
        let encrypted = element(0x6240, &element(0x5033, &[1]));
        let bzlib = compressed(0, 1, &[&element(0x4254, &[1])]);
        for (body, what) in [(encrypted, "encrypted"), (bzlib, "bzlib")] {
            let encodings = Encoding::all(&body);
            let error = check(&encodings, Scope::Block).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            assert!(check(&encodings, Scope::Private).is_ok());
        }
    }

    #[test]
    fn zlib_streams_are_whole_and_within_the_limit() {
        use std::io::Write;
        let encodings = Encoding::all(&compressed(0, 1, &[]));
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&[7; 1000]).unwrap();
        let data = encoder.finish().unwrap();
        let undone = |data: &[u8], limit| undo(&encodings, Scope::Block, data.to_vec(), limit);
        assert_eq!(undone(&data, 1000).unwrap(), [7; 1000]);
        let error = undone(&data, 999).unwrap_err().to_string();
        assert!(error.contains("over the limit"), "{error}");
        let error = undone(&data[..5], 1000).unwrap_err().to_string();
        assert!(error.contains("zlib"), "{error}");
    }
}
