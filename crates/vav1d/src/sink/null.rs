//! A sink that takes everything and writes nothing: for timing.

use std::io;

use super::{Shown, Sink, StreamInfo, Wants};

/// Writes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    fn wants(&self) -> Wants {
        Wants::Nothing
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, _: &Shown) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
