//! Raw planes, one picture after the other, each at its own size.

use std::io::{self, Write};

use super::{Shown, Sink, StreamInfo};

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
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.out.write_all(&shown.picture.data)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
