//! One element of a file changed at random.

use super::elements::{Element, Grammar, elements, resize, splice};
use crate::mutate::mutation::Random;

/// Bytes of an element that are made up, at most.
const MADE_UP: usize = 40;

/// `data` with one element changed that is said of pictures and sound, and what was done.
pub(super) fn mutate(data: &[u8], grammar: Grammar, random: &mut Random) -> (Vec<u8>, String) {
    let list = elements(data, grammar);
    let is_in_data = |element: &Element| {
        element.is_data() || element.parents.iter().any(|index| list[*index].is_data())
    };
    let said: Vec<_> = (0..list.len()).filter(|index| !is_in_data(&list[*index])).collect();
    loop {
        let index = said[random.below(said.len())];
        let way = random.below(WAYS.len());
        let (what, change) = WAYS[way];
        let file = File { data, grammar, list: &list };
        if let Some(changed) = change(&file, index, random).filter(|changed| changed != data) {
            let element = &list[index];
            return (changed, format!("{} at {}: {what}", element.name(), element.start));
        }
    }
}

/// A file, and the elements in it.
struct File<'f> {
    data: &'f [u8],
    grammar: Grammar,
    list: &'f [Element],
}

type Change = fn(&File<'_>, usize, &mut Random) -> Option<Vec<u8>>;

/// What is done to an element.
const WAYS: [(&str, Change); 12] = [
    ("a bit is flipped", flip),
    ("a byte is another", another),
    ("all is zero", |file, index, _| fill(file, index, 0)),
    ("all bits are set", |file, index, _| fill(file, index, 0xff)),
    ("another type", retype),
    ("left out", |file, index, _| replace(file, index, &[])),
    ("empty", |file, index, _| rebody(file, index, &[])),
    ("cut short", cut),
    ("twice", twice),
    ("random bytes", noise),
    ("junk in front", junk),
    ("another size", missize),
];

impl File<'_> {
    fn element(&self, index: usize) -> &Element {
        &self.list[index]
    }

    fn body(&self, index: usize) -> &[u8] {
        let element = self.element(index);
        &self.data[element.body..element.end]
    }
}

/// Changes the bytes of a body that has no others in it.
fn within(file: &File<'_>, index: usize, change: impl FnOnce(&mut [u8])) -> Option<Vec<u8>> {
    let element = file.element(index);
    let mut data = file.data.to_vec();
    let body = data.get_mut(element.body..element.end).filter(|body| !body.is_empty())?;
    (!element.is_parent).then(|| change(body))?;
    Some(data)
}

fn flip(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    within(file, index, |body| body[random.below(body.len())] ^= 1 << random.below(8))
}

fn another(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    within(file, index, |body| body[random.below(body.len())] = random.below(256) as u8)
}

fn fill(file: &File<'_>, index: usize, byte: u8) -> Option<Vec<u8>> {
    within(file, index, |body| body.fill(byte))
}

/// Puts `bytes` in place of a whole element.
fn replace(file: &File<'_>, index: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let element = file.element(index);
    let range = element.start..element.end;
    splice(file.data, file.grammar, file.list, &element.parents, range, bytes)
}

/// Puts `bytes` in place of the body of an element.
fn rebody(file: &File<'_>, index: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let element = file.element(index);
    // A segment or a movie without anything is no file.
    (element.end - element.body < file.data.len() / 2).then_some(())?;
    let around = [&element.parents[..], &[index]].concat();
    splice(file.data, file.grammar, file.list, &around, element.body..element.end, bytes)
}

fn retype(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    let element = file.element(index);
    let at = element.body - element.kind.len();
    let at = if file.grammar == Grammar::Boxes { element.start + 4 } else { at.min(element.start) };
    let mut data = file.data.to_vec();
    let kind = data.get_mut(at..at + element.kind.len())?;
    match file.grammar {
        Grammar::Boxes if random.below(2) == 0 => kind.copy_from_slice(b"free"),
        Grammar::Boxes => kind.fill_with(|| b'a' + random.below(26) as u8),
        // The first bits say how long it is.
        Grammar::Ebml => {
            *kind.last_mut()? ^=
                1 + random.below(if element.kind.len() == 1 { 15 } else { 127 }) as u8
        }
    }
    Some(data)
}

fn cut(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    let body = file.body(index);
    rebody(file, index, &body[..random.below(body.len())])
}

fn twice(file: &File<'_>, index: usize, _: &mut Random) -> Option<Vec<u8>> {
    let element = file.element(index);
    let whole = &file.data[element.start..element.end];
    (element.is_sized && whole.len() < file.data.len() / 2).then_some(())?;
    replace(file, index, &[whole, whole].concat())
}

fn noise(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    (!file.element(index).is_parent).then_some(())?;
    rebody(file, index, &bytes(random))
}

/// An element that nobody knows, in front of one.
fn junk(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    let (element, body) = (file.element(index), bytes(random));
    let head = match file.grammar {
        Grammar::Boxes => [&(body.len() as u32 + 8).to_be_bytes()[..], b"what"].concat(),
        Grammar::Ebml => vec![0x42, 0x01, 0x80 | body.len() as u8],
    };
    let range = element.start..element.start;
    let bytes = [head, body].concat();
    splice(file.data, file.grammar, file.list, &element.parents, range, &bytes)
}

/// A size that is not that of the body.
fn missize(file: &File<'_>, index: usize, random: &mut Random) -> Option<Vec<u8>> {
    let element = file.element(index);
    element.is_sized.then_some(())?;
    let size = element.end - element.body;
    let size = match random.below(4) {
        0 => size + 1 + random.below(16),
        1 => size.checked_sub(1 + random.below(16))?,
        2 => size * 2 + 1,
        _ => random.below(1 << 16),
    };
    let mut data = file.data.to_vec();
    resize(&mut data, file.grammar, element, size)?;
    Some(data)
}

fn bytes(random: &mut Random) -> Vec<u8> {
    (0..random.below(MADE_UP)).map(|_| random.below(256) as u8).collect()
}
