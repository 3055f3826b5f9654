//! The elements of a file: boxes of MP4, elements of Matroska. Where they are, and what changes with
//! them when one gets longer or shorter.

/// An element of a file.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// Its type or identifier, as it is coded.
    pub(super) kind: Vec<u8>,
    /// Where it begins, where its body begins, and where it ends.
    pub(super) start: usize,
    pub(super) body: usize,
    pub(super) end: usize,
    /// Those that it is in, the outermost first.
    pub(super) parents: Vec<usize>,
    /// Whether it has others in it.
    pub(super) is_parent: bool,
    /// Whether it says how long it is.
    pub(super) is_sized: bool,
}

impl Element {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        match std::str::from_utf8(&self.kind) {
            Ok(name) if name.chars().all(|c| c.is_ascii_graphic()) && name.len() == 4 => {
                name.to_owned()
            }
            _ => self.kind.iter().map(|byte| format!("{byte:02X}")).collect(),
        }
    }

    /// Whether it holds pictures or sound, and not what is said of them.
    pub(super) fn is_data(&self) -> bool {
        matches!(&*self.kind, b"mdat" | b"idat" | [0xa3 | 0xa0 | 0xa1])
    }
}

/// What a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// ISO/IEC 14496-12.
    Boxes,
    /// RFC 8794.
    Ebml,
}

/// Boxes that have others in them, and how many bytes come before those.
const BOXES: [(&[u8; 4], usize); 26] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"edts", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"dinf", 0),
    (b"dref", 8),
    (b"stbl", 0),
    (b"stsd", 8),
    (b"av01", 78),
    (b"mp4a", 28),
    (b"Opus", 28),
    (b"mvex", 0),
    (b"moof", 0),
    (b"traf", 0),
    (b"udta", 0),
    (b"meta", 4),
    (b"ilst", 0),
    (b"iprp", 0),
    (b"ipco", 0),
    (b"iinf", 6),
    (b"iref", 4),
    (b"\xa9too", 0),
    (b"mfra", 0),
    (b"sinf", 0),
    (b"grpl", 0),
];

/// Elements of Matroska that have others in them.
const MASTERS: [&[u8]; 24] = [
    &[0x1a, 0x45, 0xdf, 0xa3],
    &[0x18, 0x53, 0x80, 0x67],
    &[0x11, 0x4d, 0x9b, 0x74],
    &[0x4d, 0xbb],
    &[0x15, 0x49, 0xa9, 0x66],
    &[0x16, 0x54, 0xae, 0x6b],
    &[0xae],
    &[0xe0],
    &[0x55, 0xb0],
    &[0xe1],
    &[0x1f, 0x43, 0xb6, 0x75],
    &[0x1c, 0x53, 0xbb, 0x6b],
    &[0xbb],
    &[0xb7],
    &[0x10, 0x43, 0xa7, 0x70],
    &[0x45, 0xb9],
    &[0xb6],
    &[0x80],
    &[0x12, 0x54, 0xc3, 0x67],
    &[0x73, 0x73],
    &[0x63, 0xc0],
    &[0x67, 0xc8],
    &[0x19, 0x41, 0xa4, 0x69],
    &[0x61, 0xa7],
];

/// The elements of `data`, in the order of their starts.
pub(super) fn elements(data: &[u8], grammar: Grammar) -> Vec<Element> {
    let mut list = Vec::new();
    walk(data, grammar, (0, data.len()), &[], &mut list);
    list
}

/// Whether `element` cannot be in `parent`, of which the size is not known: so it ends there.
fn ends(parent: &Element, element: &Element) -> bool {
    const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
    !parent.is_sized && parent.kind == CLUSTER && element.kind.len() == 4
}

fn walk(
    data: &[u8],
    grammar: Grammar,
    (mut at, end): (usize, usize),
    parents: &[usize],
    list: &mut Vec<Element>,
) {
    while let Some(element) = head(data, grammar, at, end) {
        if parents.last().is_some_and(|parent| ends(&list[*parent], &element)) {
            break;
        }
        let inner = match grammar {
            Grammar::Boxes => BOXES.iter().find(|(kind, _)| kind[..] == element.kind[..]),
            Grammar::Ebml => MASTERS.iter().find(|id| ***id == element.kind[..]).map(|_| &BOXES[0]),
        };
        let index = list.len();
        let inner = inner.map(|(_, before)| element.body + before);
        let (body_end, parents) = (element.end, [parents, &[index]].concat());
        list.push(Element { is_parent: inner.is_some(), ..element });
        list[index].parents = parents[..parents.len() - 1].to_vec();
        if let Some(inner) = inner.filter(|inner| *inner <= body_end) {
            walk(data, grammar, (inner, body_end), &parents, list);
        }
        at = match list[index].is_sized {
            true => body_end,
            // It ends where those in it do.
            false => list[list.len() - 1].end.max(list[index].body),
        };
        list[index].end = at;
    }
}

/// The element at `at`, of which nothing is at `end` any more.
fn head(data: &[u8], grammar: Grammar, at: usize, end: usize) -> Option<Element> {
    let rest = data.get(at..end)?;
    let (kind, body, size) = match grammar {
        Grammar::Boxes => {
            let size = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
            let wide = || Some(u64::from_be_bytes(rest.get(8..16)?.try_into().ok()?) as usize);
            let (header, size) = match size {
                1 => (16, wide()?),
                size => (8, size),
            };
            (rest.get(4..8)?, header, Some(size.checked_sub(header)?))
        }
        Grammar::Ebml => {
            let id = rest.get(..rest.first()?.leading_zeros() as usize + 1)?;
            let coded = rest.get(id.len()..)?;
            let width = coded.first()?.leading_zeros() as usize + 1;
            let coded = coded.get(..width).filter(|_| width <= 8 && id.len() <= 4)?;
            let all = coded.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            let mask = (1_u64 << (7 * width)) - 1;
            let size = (all & mask != mask).then_some((all & mask) as usize);
            (id, id.len() + width, size)
        }
    };
    let body_at = at + body;
    let last = size.map_or(Some(end), |size| body_at.checked_add(size))?;
    (last <= end).then(|| Element {
        kind: kind.to_vec(),
        start: at,
        body: body_at,
        end: last,
        parents: Vec::new(),
        is_parent: false,
        is_sized: size.is_some(),
    })
}

/// `data` with `bytes` in place of those of `range`, which is in all of `around`: their sizes, and
/// places that MP4 has, are changed with it. `None` where a size has no room for that.
pub(super) fn splice(
    data: &[u8],
    grammar: Grammar,
    list: &[Element],
    around: &[usize],
    range: std::ops::Range<usize>,
    bytes: &[u8],
) -> Option<Vec<u8>> {
    let longer = bytes.len() as i64 - range.len() as i64;
    let mut data = data.to_vec();
    for parent in around.iter().map(|index| &list[*index]).filter(|parent| parent.is_sized) {
        let size = (parent.end - parent.body).checked_add_signed(longer as isize)?;
        resize(&mut data, grammar, parent, size)?;
    }
    if grammar == Grammar::Boxes && longer != 0 {
        shift(&mut data, list, range.start, longer);
    }
    data.splice(range, bytes.iter().copied());
    Some(data)
}

/// Makes `element` say that its body has `size` bytes.
pub(super) fn resize(
    data: &mut [u8],
    grammar: Grammar,
    element: &Element,
    size: usize,
) -> Option<()> {
    let head = data.get_mut(element.start..element.body)?;
    match grammar {
        Grammar::Boxes if head.len() == 8 => {
            head[..4].copy_from_slice(&u32::try_from(size + 8).ok()?.to_be_bytes());
        }
        Grammar::Boxes => head[8..16].copy_from_slice(&(size as u64 + 16).to_be_bytes()),
        Grammar::Ebml => {
            let coded = &mut head[element.kind.len()..];
            let (width, marker) = (coded.len(), 1_u64 << (7 * coded.len()));
            let value = (size as u64).checked_add(1).filter(|value| *value < marker)? - 1;
            coded.copy_from_slice(&(value | marker).to_be_bytes()[8 - width..]);
        }
    }
    Some(())
}

/// Makes `stco`, `trun`, `tfhd` and `iloc` name places that are `longer` bytes later from `at` on.
fn shift(data: &mut [u8], list: &[Element], at: usize, longer: i64) {
    let add = |data: &mut [u8], place: usize, is_later: &dyn Fn(u32) -> bool| {
        let Some(field) = data.get_mut(place..place + 4) else { return };
        let value = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
        if is_later(value) {
            field.copy_from_slice(&value.wrapping_add(longer as u32).to_be_bytes());
        }
    };
    let later = |value: u32| value as usize >= at;
    for element in list {
        let is_in_fragment = element.parents.iter().any(|index| {
            list[*index].kind == b"moof" && (list[*index].start..list[*index].end).contains(&at)
        });
        match &*element.kind {
            b"stco" => {
                let places = (element.body + 8..element.end).step_by(4);
                places.for_each(|at| add(data, at, &later));
            }
            // What ffmpeg writes has an offset.
            b"trun" if is_in_fragment => add(data, element.body + 8, &|_| true),
            // And what it writes without a base has one of 64 bits, of which these are the low ones.
            b"tfhd" if data.get(element.body + 3).is_some_and(|flags| flags & 1 != 0) => {
                add(data, element.body + 12, &later);
            }
            b"iloc" => {
                // What avifenc writes: version 0, an extent an item, offsets and lengths of 32 bits.
                let places = (element.body + 8 + 6..element.end).step_by(14);
                places.for_each(|at| add(data, at, &later));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_around_a_change_follow_it() {
        let inner = [0, 0, 0, 12, b'm', b'd', b'h', b'd', 1, 2, 3, 4];
        let mut file = vec![0, 0, 0, 28, b't', b'r', b'a', b'k'];
        file.extend([0, 0, 0, 20, b'm', b'd', b'i', b'a']);
        file.extend(inner);
        let list = elements(&file, Grammar::Boxes);
        let names: Vec<_> = list.iter().map(Element::name).collect();
        assert_eq!(names, ["trak", "mdia", "mdhd"]);
        let changed = splice(&file, Grammar::Boxes, &list, &[0, 1, 2], 24..28, &[]).unwrap();
        let sizes = [changed[3], changed[11], changed[19]];
        assert_eq!(sizes, [24, 16, 8]);
        assert_eq!(changed.len(), 24);
    }

    #[test]
    fn a_size_without_room_is_left() {
        let file = [0x16, 0x54, 0xae, 0x6b, 0x83, 0xae, 0x81, 7];
        let list = elements(&file, Grammar::Ebml);
        assert_eq!(list.len(), 2);
        let bytes = [0; 124];
        assert!(splice(&file, Grammar::Ebml, &list, &[0], 8..8, &bytes[..123]).is_some());
        assert!(splice(&file, Grammar::Ebml, &list, &[0], 8..8, &bytes).is_none());
    }

    #[test]
    fn unknown_sizes_end_with_what_is_in_them() {
        let file = [0x18, 0x53, 0x80, 0x67, 0xff, 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81, 0];
        let file = [&file[..], &file[5..]].concat();
        let list = elements(&file, Grammar::Ebml);
        assert_eq!(list.iter().map(|e| e.end).collect::<Vec<_>>(), [21, 13, 13, 21, 21]);
        assert_eq!([&list[2].parents[..], &list[4].parents], [[0, 1], [0, 3]]);
    }
}
