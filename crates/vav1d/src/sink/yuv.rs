//! Raw planes, one picture after the other, each at its own size.

use std::io::{self, Write};

use super::{Shown, Sink, StreamInfo, Wants};

/// Writes the bytes of every picture.
pub struct Yuv {
    out: Box<dyn Write>,
}

impl Yuv {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out }
    }
}

impl Sink for Yuv {
    fn wants(&self) -> Wants {
        Wants::Parts
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.part(&shown.picture.data)
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
