//! A sink that two decodes write to, one after the other.

use std::io;

use vav1d::pixels::Picture;
use vav1d::sink::{Shown, Sink, StreamInfo};

/// What is begun with the first picture of all, and ended by [`Continued::end`] alone.
pub(super) struct Continued<'a> {
    inner: &'a mut dyn Sink,
    begun: bool,
    /// Pictures so far.
    pub(super) pictures: u64,
}

impl<'a> Continued<'a> {
    /// Nothing is in `inner` yet.
    pub(super) fn new(inner: &'a mut dyn Sink) -> Self {
        Self { inner, begun: false, pictures: 0 }
    }

    /// No other decode writes to it.
    pub(super) fn end(self) -> io::Result<()> {
        self.inner.finish()
    }
}

impl Sink for Continued<'_> {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        match std::mem::replace(&mut self.begun, true) {
            true => Ok(()),
            false => self.inner.begin(info),
        }
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.take(shown.clone()).map(|_| ())
    }

    fn take(&mut self, shown: Shown) -> io::Result<Option<Picture>> {
        let done = self.inner.take(shown)?;
        self.pictures += 1;
        Ok(done)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
