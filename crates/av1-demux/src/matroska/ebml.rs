//! EBML elements (RFC 8794): identifiers, sizes and values. Nothing is believed that does not fit.

/// Identifiers (RFC 8794, 11; RFC 9559, 5), as they are coded.
pub(super) mod id {
    pub const EBML: u32 = 0x1a45_dfa3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const VOID: u32 = 0xec;
    pub const CRC_32: u32 = 0xbf;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114d_9b74;
    pub const INFO: u32 = 0x1549_a966;
    pub const TRACKS: u32 = 0x1654_ae6b;
    pub const TRACK_ENTRY: u32 = 0xae;
    pub const CUES: u32 = 0x1c53_bb6b;
    pub const ATTACHMENTS: u32 = 0x1941_a469;
    pub const CHAPTERS: u32 = 0x1043_a770;
    pub const TAGS: u32 = 0x1254_c367;
    pub const CLUSTER: u32 = 0x1f43_b675;
    pub const TIMESTAMP: u32 = 0xe7;
    pub const POSITION: u32 = 0xa7;
    pub const PREV_SIZE: u32 = 0xab;
    pub const SILENT_TRACKS: u32 = 0x5854;
    pub const SIMPLE_BLOCK: u32 = 0xa3;
    pub const ENCRYPTED_BLOCK: u32 = 0xaf;
    pub const BLOCK_GROUP: u32 = 0xa0;
    pub const BLOCK: u32 = 0xa1;
    pub const REFERENCE_BLOCK: u32 = 0xfb;

    /// Members of the EBML header.
    const HEADER: [u32; 8] = [0x4286, 0x42f7, 0x42f2, 0x42f3, DOC_TYPE, 0x4287, 0x4285, 0x4281];
    /// Members of a block group that hold nothing that decoding needs.
    const GROUP: [u32; 10] =
        [0xa2, 0x75a1, 0x9b, 0xfa, REFERENCE_BLOCK, 0xfd, 0xa4, 0x75a2, 0x8e, 0xc8];

    /// Whether it stands anywhere.
    pub fn is_global(id: u32) -> bool {
        matches!(id, VOID | CRC_32)
    }

    /// Whether it stands outside a segment.
    pub fn is_outer(id: u32) -> bool {
        is_global(id) || matches!(id, EBML | SEGMENT) || HEADER.contains(&id)
    }

    /// Whether it stands in a segment.
    pub fn is_in_segment(id: u32) -> bool {
        let is_top = matches!(id, SEEK_HEAD | INFO | TRACKS | CUES | ATTACHMENTS);
        is_top || is_global(id) || matches!(id, CHAPTERS | TAGS | CLUSTER)
    }

    /// Whether it stands in Info.
    pub fn is_in_info(id: u32) -> bool {
        const INFO: [u32; 14] = [
            0x73a4, 0x7384, 0x3c_b923, 0x3c_83ab, 0x3e_b923, 0x3e_83bb, 0x4444, 0x6924, 0x2a_d7b1,
            0x4489, 0x4461, 0x7ba9, 0x4d80, 0x5741,
        ];
        INFO.contains(&id) || is_global(id)
    }

    /// Whether it is a block, or a group with one.
    pub fn is_block(id: u32) -> bool {
        matches!(id, SIMPLE_BLOCK | BLOCK_GROUP)
    }

    /// Whether it stands in a cluster, or in a block group.
    pub fn is_in_cluster(id: u32) -> bool {
        let is_block = matches!(id, SIMPLE_BLOCK | BLOCK_GROUP | BLOCK | ENCRYPTED_BLOCK);
        let is_number = matches!(id, TIMESTAMP | POSITION | PREV_SIZE);
        is_block || is_number || id == SILENT_TRACKS || is_global(id) || GROUP.contains(&id)
    }
}

/// Bytes of an identifier and a size, at most.
pub(super) const MAX_HEAD: usize = 4 + 8;

/// The head of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The identifier.
    pub(super) id: u32,
    /// Bytes of identifier and size.
    pub(super) length: usize,
    /// Bytes of the body; `None` where they are unknown.
    pub(super) size: Option<u64>,
}

/// A number that says how long it is (RFC 8794, 4) at the start of `bytes`, with its marker, and its
/// bytes: `most` at most.
fn coded(bytes: &[u8], most: u32) -> Option<(u64, usize)> {
    let zeros = bytes.first()?.leading_zeros();
    let coded = bytes.get(..=zeros as usize).filter(|_| zeros < most)?;
    Some((unsigned(coded), coded.len()))
}

/// All value bits of a number of `bytes` bytes.
fn value_bits(bytes: usize) -> u64 {
    (1 << (7 * bytes)) - 1
}

/// A number at the start of `bytes`, and its bytes.
pub(super) fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let (value, length) = coded(bytes, 8)?;
    Some((value & value_bits(length), length))
}

/// The same, of which the value is signed (RFC 9559, 10.3.3).
pub(super) fn signed_number(bytes: &[u8]) -> Option<(i64, usize)> {
    let (value, length) = number(bytes)?;
    Some((value.cast_signed() - (value_bits(length) >> 1).cast_signed(), length))
}

/// The head of the element that starts `bytes`.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let (id, length) = coded(bytes, 4)?;
    let (size, more) = number(bytes.get(length..)?)?;
    let is_known = size != value_bits(more);
    Some(Head { id: id as u32, length: length + more, size: is_known.then_some(size) })
}

/// An element in an element that is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child<'a> {
    pub(super) id: u32,
    /// Its body, as far as it is there.
    pub(super) body: &'a [u8],
    /// Whether that is all of it.
    pub(super) is_whole: bool,
}

impl<'a> Child<'a> {
    /// The body of what is no good in part.
    pub(super) fn whole(&self) -> Option<&'a [u8]> {
        self.is_whole.then_some(self.body)
    }
}

/// The elements in `body`; the last one may be cut. Broken ones end them.
pub(super) fn children(body: &[u8]) -> impl Iterator<Item = Child<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = body.get(at..)?;
        let head = head(rest)?;
        let rest = rest.get(head.length..).unwrap_or_default();
        let size = head.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let inner = rest.get(..size).unwrap_or(rest);
        at += head.length + inner.len();
        Some(Child { id: head.id, body: inner, is_whole: inner.len() == size })
    })
}

/// Bytes of the elements in `body` up to one that is of a segment, whose identifiers have four bytes
/// as no other's: where a body ends of which the size is not known.
pub(super) fn extent(body: &[u8]) -> usize {
    let mut at: usize = 0;
    while let Some(head) = body.get(at..).and_then(head).filter(|head| head.id <= 0xff_ffff) {
        let size = head.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        at = at.saturating_add(head.length).saturating_add(size);
    }
    at.min(body.len())
}

/// The value of an unsigned integer; of one that is too long, its last eight bytes.
pub(super) fn unsigned(body: &[u8]) -> u64 {
    body.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The value of a float.
pub(super) fn float(body: &[u8]) -> Option<f64> {
    match body.len() {
        4 => Some(f32::from_bits(unsigned(body) as u32).into()),
        8 => Some(f64::from_bits(unsigned(body))),
        _ => None,
    }
}

/// The value of a string: it may end in zeros, and its encoding is no matter.
pub(super) fn string(body: &[u8]) -> String {
    let text = body.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_sizes_have_every_width() {
        for width in 1..=8 {
            let mut bytes = vec![0x1f, 0x43, 0xb6, 0x75];
            bytes.push(((1_u16 << (9 - width)) - 1) as u8);
            bytes.resize(4 + width, 0xff);
            let expected = Head { id: id::CLUSTER, length: 4 + width, size: None };
            assert_eq!(head(&bytes), Some(expected), "{width}");
            *bytes.last_mut().unwrap() -= 1;
            let size = head(&bytes).unwrap().size;
            assert_eq!(size, Some(value_bits(width) - 1), "{width}");
        }
        assert_eq!(head(&[0xec, 0]), None, "no width");
        assert_eq!(head(&[0x08, 0, 0, 0, 0, 0x81]), None, "an identifier of five bytes");
    }

    #[test]
    fn values_are_those_of_the_specification() {
        // RFC 9559, 10.3.3: -300 in two bytes, with a bias of 2^13 - 1.
        assert_eq!(signed_number(&[0x5e, 0xd3]), Some((-300, 2)));
        assert_eq!(number(&[0x40, 0x02]), Some((2, 2)));
        assert_eq!(float(&[0x40, 0x10, 0, 0]), Some(2.25));
        assert_eq!(float(&[]), None);
        assert_eq!(string(b"V_AV1\0\0"), "V_AV1");
        assert_eq!(string(b"\xe9t\xe9"), "\u{fffd}t\u{fffd}");
    }

    #[test]
    fn a_child_that_is_too_long_is_cut() {
        let body = [0xd7, 0x81, 5, 0x86, 0x88, b'V', b'_'];
        let found: Vec<_> = children(&body).map(|c| (c.id, c.whole(), c.body.len())).collect();
        assert_eq!(found, [(0xd7, Some(&[5][..]), 1), (0x86, None, 2)]);
    }
}
