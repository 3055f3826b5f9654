//! JSON as text, one line a record: members in their order, nothing kept. Of Std structures members
//! that are 0 in all entries are left out, as this is written for every frame.

use std::fmt::Write;

use av1_std::owned::{Item, Members};

/// An object that is being written. What is begun is ended by its own methods.
#[derive(Debug, Default)]
pub(crate) struct Line {
    text: String,
    /// A comma goes before what comes next.
    comma: bool,
}

impl Line {
    /// An object without members.
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(4096), comma: false }.open()
    }

    fn open(mut self) -> Self {
        self.text.push('{');
        self
    }

    fn name(&mut self, name: &str) {
        if self.comma {
            self.text.push(',');
        }
        self.comma = true;
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: impl Into<i128>) -> &mut Self {
        self.name(name);
        self.digits(value.into());
        self
    }

    fn digits(&mut self, value: i128) {
        let Ok(small) = u64::try_from(value.unsigned_abs()) else {
            // Writing to a string does not fail.
            let _ = write!(self.text, "{value}");
            return;
        };
        let mut digits = [b'0'; 20];
        let (mut at, mut left) = (digits.len(), small);
        while at > 0 && (left > 0 || at == digits.len()) {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        if value < 0 {
            self.text.push('-');
        }
        self.text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
    }

    /// Numbers.
    pub(crate) fn numbers<T: Into<i128>>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.name(name);
        self.text.push('[');
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            self.digits(value.into());
        }
        self.text.push(']');
        self
    }

    /// true or false.
    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.text.push_str(if value { "true" } else { "false" });
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                c if u32::from(c) < 0x20 => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
        self
    }

    /// Nothing.
    pub(crate) fn null(&mut self, name: &str) -> &mut Self {
        self.name(name);
        self.text.push_str("null");
        self
    }

    /// An object, whose members `write` writes.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.name(name);
        self.braced(write);
        self
    }

    /// A list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        all: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.name(name);
        self.text.push('[');
        for (i, one) in all.into_iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            self.braced(|line| write(line, one));
        }
        self.text.push(']');
        self
    }

    fn braced(&mut self, write: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.comma = false;
        write(self);
        self.text.push('}');
        self.comma = true;
    }

    /// The members of a Std structure.
    pub(crate) fn members(&mut self, name: &str, of: &impl Members) -> &mut Self {
        self.object(name, |line| line.all(of))
    }

    /// The members of a Std structure, here.
    fn all(&mut self, of: &impl Members) {
        of.visit(&mut |item| match item {
            // An array that a pointer points to is there even if it is of zeros.
            Item::Values { dims, values, .. }
                if dims != [0] && values.iter().all(|value| *value == 0) => {}
            Item::Values { name, dims, values } => match (dims, values) {
                ([], [value]) => {
                    self.number(name, *value);
                }
                _ => {
                    self.numbers(name, values.iter().copied());
                }
            },
            // What is not there is NULL.
            Item::Null(_) => {}
            Item::Begin(name) => {
                self.name(name);
                self.text.push('{');
                self.comma = false;
            }
            Item::End => {
                self.text.push('}');
                self.comma = true;
            }
        });
    }

    /// The line, with its end.
    pub(crate) fn finished(mut self) -> String {
        self.text.push_str("}\n");
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
        line.objects("h", [1, 2], |line, n| {
            line.number("n", n);
        });
        let expected = "{\"a\":5,\"b\":\"x\\\"\\\\\\u000a\",\"c\":true,\"d\":null,\"e\":[1,-2,0],\
                        \"f\":{\"g\":1},\"h\":[{\"n\":1},{\"n\":2}]}\n";
        assert_eq!(line.finished(), expected);
    }

    #[test]
    fn structures_are_their_members() {
        let info = TileInfo { TileCols: 2, pMiColStarts: Some(vec![0, 16]), ..Default::default() };
        let mut line = Line::new();
        line.members("t", &info).members("q", &Quantization::default());
        let text = line.finished();
        let expected = "{\"t\":{\"TileCols\":2,\"pMiColStarts\":[0,16]},\"q\":{}}\n";
        assert_eq!(text, expected);
    }
}
