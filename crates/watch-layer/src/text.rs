//! JSON as text, one line a record: members in their order, nothing kept. Of Std structures members
//! that are 0 in all entries are left out, as this is written for every frame.

use av1_std::owned::{Item, Members};

/// An object that is being written. What is begun is ended by its own methods.
#[derive(Debug, Default)]
pub(crate) struct Line {
    text: Vec<u8>,
    /// A comma goes before what comes next.
    comma: bool,
}

/// An integer that a record can have.
pub(crate) trait Number: Copy {
    /// Whether it is negative, and how far from 0.
    fn parts(self) -> (bool, u64);
}

macro_rules! number {
    ($($unsigned:ty, $signed:ty;)*) => { $(
        impl Number for $unsigned {
            fn parts(self) -> (bool, u64) {
                (false, u64::from(self))
            }
        }
        impl Number for $signed {
            fn parts(self) -> (bool, u64) {
                (self < 0, u64::from(self.unsigned_abs()))
            }
        }
    )* };
}
number! { u8, i8; u16, i16; u32, i32; u64, i64; }

impl Line {
    /// An object without members.
    pub(crate) fn new() -> Self {
        Self { text: b"{".to_vec(), comma: false }
    }

    /// An object without members, in the room of an old line.
    pub(crate) fn again(mut old: Vec<u8>) -> Self {
        old.clear();
        old.push(b'{');
        Self { text: old, comma: false }
    }

    fn name(&mut self, name: &str) {
        self.text.reserve(name.len() + 4);
        // Two constants, of which each is one store.
        match std::mem::replace(&mut self.comma, true) {
            true => self.text.extend_from_slice(b",\""),
            false => self.text.extend_from_slice(b"\""),
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: impl Number) -> &mut Self {
        self.name(name);
        self.digits(value);
        self
    }

    fn digits(&mut self, value: impl Number) {
        let (negative, mut left) = value.parts();
        if negative {
            self.text.push(b'-');
        }
        if left < 10 {
            self.text.push(b'0' + left as u8);
            return;
        }
        let mut digits = [b'0'; 20];
        let mut used = 0;
        for pair in digits.rchunks_exact_mut(2) {
            if left == 0 {
                break;
            }
            let two = (left % 100) as u8;
            pair.copy_from_slice(&[b'0' + two / 10, b'0' + two % 10]);
            used += if left < 10 { 1 } else { 2 };
            left /= 100;
        }
        let (_, digits) = digits.split_at(digits.len() - used);
        self.text.extend_from_slice(digits);
    }

    /// Numbers.
    pub(crate) fn numbers<T: Number>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.name(name);
        self.text.push(b'[');
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.text.push(b',');
            }
            self.digits(value);
        }
        self.text.push(b']');
        self
    }

    /// true or false.
    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.text.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.text.push(b'"');
        for &byte in value.as_bytes() {
            match byte {
                b'"' | b'\\' => self.text.extend([b'\\', byte]),
                ..0x20 => self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.text.push(byte),
            }
        }
        self.text.push(b'"');
        self
    }

    /// Nothing.
    pub(crate) fn null(&mut self, name: &str) -> &mut Self {
        self.name(name);
        self.text.extend_from_slice(b"null");
        self
    }

    /// An object, whose members `write` writes.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.name(name);
        self.braced(write);
        self
    }

    fn braced(&mut self, write: impl FnOnce(&mut Self)) {
        self.text.push(b'{');
        self.comma = false;
        write(self);
        self.text.push(b'}');
        self.comma = true;
    }

    /// The members of a Std structure.
    pub(crate) fn members(&mut self, name: &str, of: &dyn Members) -> &mut Self {
        self.object(name, |line| line.all(of))
    }

    /// The members of a Std structure, here.
    pub(crate) fn all(&mut self, of: &dyn Members) {
        self.own(of);
        of.pointed(&mut |name, pointed| {
            // What is not there is NULL.
            if let Some(pointed) = pointed {
                self.members(name, pointed);
            }
        });
    }

    /// The members of a Std structure, here, but for what pointers point to.
    pub(crate) fn own(&mut self, of: &dyn Members) {
        of.own(false, &mut |item| match item {
            Item::Values { name, dims: [], values: [value] } => {
                self.number(name, *value);
            }
            Item::Values { name, values, .. } => {
                self.numbers(name, values.iter().copied());
            }
            Item::Null(_) | Item::Begin(_) | Item::End => {}
        });
    }

    /// A value that is text already.
    pub(crate) fn value(&mut self, name: &str, text: &[u8]) -> &mut Self {
        self.name(name);
        self.text.extend_from_slice(text);
        self
    }

    /// A list of values that are text already, but for their commas.
    pub(crate) fn values<T>(
        &mut self,
        name: &str,
        all: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        self.name(name);
        self.text.push(b'[');
        for (i, one) in all.into_iter().enumerate() {
            if i > 0 {
                self.text.push(b',');
            }
            write(&mut self.text, one);
        }
        self.text.push(b']');
        self
    }

    /// The object alone.
    pub(crate) fn closed(mut self) -> Vec<u8> {
        self.text.push(b'}');
        self.text
    }

    /// The line, with its end.
    pub(crate) fn finished(mut self) -> Vec<u8> {
        self.text.extend_from_slice(b"}\n");
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use av1_std::owned::{Quantization, TileInfo};

    #[test]
    fn what_is_written_is_json() {
        let mut line = Line::new();
        line.number("a", 5).text("b", "x\"\\\n").flag("c", true).null("d");
        line.numbers("e", [1, -2, 0]).object("f", |line| {
            line.number("g", 1);
        });
        line.values("h", [1, 2], |text, n: u8| {
            let mut line = Line::again(Vec::new());
            line.number("n", n);
            text.extend(line.closed());
        });
        for n in [0, 7, 10, 99, 100, 101, 12_345, 1_000_024_002, u64::MAX] {
            let mut line = Line::new();
            line.number("n", n);
            assert_eq!(line.closed(), format!("{{\"n\":{n}}}").into_bytes());
        }
        let expected = "{\"a\":5,\"b\":\"x\\\"\\\\\\u000a\",\"c\":true,\"d\":null,\"e\":[1,-2,0],\
                        \"f\":{\"g\":1},\"h\":[{\"n\":1},{\"n\":2}]}\n";
        assert_eq!(line.finished(), expected.as_bytes());
    }

    #[test]
    fn structures_are_their_members() {
        let info = TileInfo { TileCols: 2, pMiColStarts: Some(vec![0, 16]), ..Default::default() };
        let mut line = Line::new();
        line.members("t", &info).members("q", &Quantization::default());
        let expected = "{\"t\":{\"TileCols\":2,\"pMiColStarts\":[0,16]},\"q\":{}}\n";
        assert_eq!(line.finished(), expected.as_bytes());
    }
}
