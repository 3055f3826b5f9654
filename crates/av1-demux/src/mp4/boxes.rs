//! Boxes (ISO/IEC 14496-12, 4.2) in memory: where they are, and the fields of their bodies. What
//! is cut short is read as far as it goes, and nothing is read that was not asked for.

/// The type of a box, or of anything else that has four letters.
pub(super) type Kind = [u8; 4];

/// `kind` as text.
pub(super) fn name(kind: Kind) -> String {
    kind.iter().map(|byte| char::from(*byte)).collect::<String>().escape_debug().to_string()
}

/// The big-endian fields of a body, one after the other; `None` where it ends.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `n` bytes.
    pub(super) fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn kind(&mut self) -> Option<Kind> {
        self.array()
    }

    /// 64 bits where `is_wide`, else 32.
    pub(super) fn wide(&mut self, is_wide: bool) -> Option<u64> {
        if is_wide { self.u64() } else { self.u32().map(u64::from) }
    }

    /// A number of `n` bytes, up to eight.
    pub(super) fn uint(&mut self, n: u8) -> Option<u64> {
        let bytes = self.bytes(n.into())?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The version and the flags of a `FullBox`.
    pub(super) fn version(&mut self) -> Option<(u8, u32)> {
        let both = self.u32()?;
        Some(((both >> 24) as u8, both & 0xff_ffff))
    }

    /// Rows of `N` fields of 32 bits each, at most `count`.
    pub(super) fn rows<const N: usize>(self, count: u32) -> impl Iterator<Item = [u32; N]> + 'a {
        let row = |bytes: &[u8]| {
            let mut fields = Fields(bytes);
            std::array::from_fn(|_| fields.u32().unwrap_or(0))
        };
        self.0.chunks_exact(4 * N).take(count as usize).map(row)
    }

    /// The rows of a table: a `FullBox` of a count and as many rows.
    pub(super) fn table<const N: usize>(body: &'a [u8]) -> impl Iterator<Item = [u32; N]> + 'a {
        let mut fields = Fields(body);
        let count = fields.version().and_then(|_| fields.u32()).unwrap_or(0);
        fields.rows(count)
    }
}

/// Length and kind of a box, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Bytes of the header.
    pub(super) header: u64,
    /// Bytes of the whole box; `None` if it goes on to the end of what is around.
    pub(super) bytes: Option<u64>,
}

impl Header {
    /// Bytes of a header at most, without the type of a `uuid`.
    pub(super) const MAX: usize = 16;

    /// The header that `data` begins with; `None` if it is none, or is cut short.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let mut fields = Fields(data);
        let (size, kind) = (fields.u32()?, fields.kind()?);
        let (header, bytes) = match size {
            0 => (8, None),
            1 => (16, Some(fields.u64()?)),
            size => (8, Some(size.into())),
        };
        let is_whole = bytes.is_none_or(|bytes| bytes >= header);
        is_whole.then_some(Self { kind, header, bytes })
    }

    /// Whether the kind is of the bytes that kinds are of: ASCII, and a copyright sign.
    pub(super) fn is_plausible(&self) -> bool {
        self.kind.iter().all(|byte| matches!(byte, 0x20..=0x7e | 0xa9))
    }
}

/// The boxes in `body`, up to one that is none; the last one may be cut short.
pub(super) fn children(body: &[u8]) -> impl Iterator<Item = (Kind, &[u8])> {
    overlapping(body, body.len()).map(|(kind, data, bytes)| (kind, cut(data, bytes)))
}

/// At most `bytes` bytes of `data`.
pub(super) fn cut(data: &[u8], bytes: usize) -> &[u8] {
    data.get(..bytes).unwrap_or(data)
}

/// Bytes that a box may go on behind what it is in: a size that is a little short costs nothing.
pub(super) const SLACK: usize = 64;

/// The boxes that begin in the first `bytes` bytes of `data`: kind, data from the body on, and how
/// many of them are the body. It may go on a little behind what it is in, whose size is wrong then.
pub(super) fn overlapping(data: &[u8], bytes: usize) -> impl Iterator<Item = (Kind, &[u8], usize)> {
    let (mut rest, mut left) = (data, bytes.min(data.len()));
    std::iter::from_fn(move || {
        let header = Header::read(rest).filter(|_| left > 0)?;
        let most = rest.len().min(left + SLACK);
        let whole = header.bytes.map_or(left, |bytes| bytes.min(most as u64) as usize);
        let whole = table_bytes(rest, &header, whole).unwrap_or(whole);
        let data = rest.get(header.header as usize..)?;
        rest = rest.get(whole..)?;
        left = left.saturating_sub(whole);
        Some((header.kind, data, whole.saturating_sub(header.header as usize)))
    })
}

/// Bytes of a table at the start of `data` that says that it has `whole` of them, and no box follows
/// there, but one does where its rows end.
fn table_bytes(data: &[u8], header: &Header, whole: usize) -> Option<usize> {
    let row = match &header.kind {
        b"stco" | b"stss" | b"stsz" => 4,
        b"stts" | b"ctts" | b"co64" => 8,
        b"stsc" => 12,
        _ => return None,
    };
    let is_sizes = &header.kind == b"stsz";
    let body = header.header as usize + if is_sizes { 4 } else { 0 };
    let count = Fields(data.get(body + 4..)?).u32()? as usize;
    // Samples that are all of one size have no rows.
    let same = Fields(data.get(body..)?).u32()?;
    let count = if is_sizes && same != 0 { 0 } else { count };
    let bytes = body.checked_add(8)?.checked_add(count.checked_mul(row)?)?;
    let is_followed = |at: usize| {
        let rest = data.get(at..).unwrap_or_default();
        let fits = |next: &Header| next.bytes.is_none_or(|bytes| bytes <= rest.len() as u64);
        let next = Header::read(rest).filter(|next| next.is_plausible() && fits(next));
        rest.is_empty() || next.is_some()
    };
    (!is_followed(whole) && bytes <= data.len() && is_followed(bytes)).then_some(bytes)
}

/// The bodies of all boxes that `path` leads to from `body`.
pub(super) fn all<'a>(body: &'a [u8], path: &[&Kind]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    collect(body, body.len(), path, 0, &mut found);
    if found.is_empty() {
        collect(body, body.len(), path, MAX_LOOSE, &mut found);
    }
    found
}

/// Boxes of boxes beside those that matter. Where the size of one is too large, what comes after it
/// is in it.
const LOOSE: [&Kind; 4] = [b"dinf", b"edts", b"tref", b"udta"];

/// How many of those are looked in at most, one in the other.
const MAX_LOOSE: u8 = 2;

fn collect<'a>(data: &'a [u8], bytes: usize, path: &[&Kind], loose: u8, found: &mut Vec<&'a [u8]>) {
    let Some((first, rest)) = path.split_first() else {
        found.push(cut(data, bytes));
        return;
    };
    for (kind, data, bytes) in overlapping(data, bytes) {
        if kind == **first {
            collect(data, bytes, rest, loose, found);
        } else if loose > 0 && LOOSE.contains(&&kind) {
            collect(data, bytes, path, loose - 1, found);
        }
    }
}

/// What `read` makes of the first box at the end of `path` that it can make something of.
pub(super) fn first<'a, T>(
    body: &'a [u8],
    path: &[&Kind],
    read: impl FnMut(&'a [u8]) -> Option<T>,
) -> Option<T> {
    all(body, path).into_iter().find_map(read)
}

/// The bodies of the boxes `kind` in `body`; where there are none, of those that another has
/// swallowed, whose size is too large.
pub(super) fn anywhere<'a>(body: &'a [u8], kind: &Kind) -> Vec<&'a [u8]> {
    let found = all(body, &[kind]);
    if !found.is_empty() {
        return found;
    }
    let swallowed = body.windows(8).enumerate().filter(|(_, head)| head.ends_with(kind));
    let whole = swallowed.filter_map(|(at, _)| {
        let rest = body.get(at..)?;
        let header = Header::read(rest).filter(|header| header.header == 8)?;
        rest.get(8..usize::try_from(header.bytes?).ok()?)
    });
    whole.take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_end_where_what_is_around_them_ends() {
        let body = b"\0\0\0\x0aaaaa12\0\0\0\x01bbbb\0\0\0\0\0\0\0\x113\0\0\0\x63cccc45";
        let found: Vec<_> = children(body).collect();
        assert_eq!(found, [(*b"aaaa", &b"12"[..]), (*b"bbbb", b"3"), (*b"cccc", b"45")]);
        assert_eq!(children(b"\0\0\0\0aaaa123").collect::<Vec<_>>(), [(*b"aaaa", &b"123"[..])]);
        for broken in
            [&b"\0\0\0\x07aaaa"[..], b"\0\0\0\x01aaaa\0\0\0\0\0\0\0\x0f", b"\0\0\0\x01aaaa"]
        {
            assert_eq!(children(broken).count(), 0, "{broken:?}");
        }
    }

    #[test]
    fn a_path_leads_to_every_box_at_its_end() {
        let leaf = b"\0\0\0\x09leaf1";
        let tree = |leaves: &[&[u8]]| {
            let inside = leaves.concat();
            [&(inside.len() as u32 + 8).to_be_bytes()[..], b"tree", &inside].concat()
        };
        let body = [tree(&[leaf, b"\0\0\0\x09leaf2"]), tree(&[b"\0\0\0\x08else"]), tree(&[leaf])];
        let body = body.concat();
        let found = all(&body, &[b"tree", b"leaf"]);
        assert_eq!(found, [&b"1"[..], b"2", b"1"]);
        let two = first(&body, &[b"tree", b"leaf"], |leaf| (leaf == b"2").then_some(2));
        assert_eq!(two, Some(2));
    }

    #[test]
    fn a_box_may_go_on_behind_what_it_is_in() {
        let body = b"\0\0\0\x12tree\0\0\0\x0bleaf123\0\0\0\x09next4";
        assert_eq!(all(body, &[b"tree", b"leaf"]), [b"123"]);
        let body = b"\0\0\0\x1btree\x7f\0\0\0dinf\0\0\0\x0bleaf123";
        assert_eq!(all(body, &[b"tree", b"leaf"]), [b"123"]);
        let body = b"\0\0\0\x12tree\0\0\0\x0bleaf123\0\0\0\x09next4";
        // Its place is still where the size says.
        assert_eq!(all(body, &[b"next"]), [b"4"; 0]);
    }

    #[test]
    fn a_box_that_another_has_swallowed_is_found() {
        let body = b"\0\0\0\x7filoc12\0\0\0\x0aiinf34\0\0\0\x09iprp5";
        assert_eq!(anywhere(body, b"iinf"), [b"34"]);
        assert_eq!(anywhere(body, b"iprp"), [b"5"]);
        assert_eq!(anywhere(body, b"iref"), [b""; 0]);
        assert_eq!(anywhere(b"\0\0\0\x7filoc\0\0\0\x0aiinf3", b"iinf"), [b""; 0], "cut short");
    }

    #[test]
    fn a_table_is_as_long_as_its_rows_where_its_size_is_not() {
        let table = |size: u8| {
            let next = b"\0\0\0\x0cnext1234";
            [&[0, 0, 0, size], &b"stss\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x02"[..], next].concat()
        };
        for (size, rows) in [(24, 2), (20, 2), (23, 2), (26, 2), (36, 2)] {
            let data = table(size);
            let stss = all(&data, &[b"stss"]);
            let rows_of = |body: &&[u8]| Fields::table::<1>(body).count();
            assert_eq!(stss.iter().map(rows_of).collect::<Vec<_>>(), [rows], "{size}");
            assert_eq!(all(&data, &[b"next"]).len(), usize::from(size != 36), "{size}");
        }
    }

    #[test]
    fn tables_are_read_as_far_as_they_go() {
        let table = b"\0\0\0\0\0\0\0\x03\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0";
        assert_eq!(Fields::table(table).collect::<Vec<[u32; 2]>>(), [[1, 2], [3, 4]]);
        assert_eq!(Fields::table(&table[..7]).collect::<Vec<[u32; 2]>>(), [[0; 2]; 0]);
        assert_eq!(Fields(&[1, 2, 3]).uint(3), Some(0x01_0203));
    }
}
