//! The frames of a source, one after the other.

use super::{Decoder, Frame, nanoseconds};
use crate::container::{Source, ticks};
use crate::error::{Error, Result};

/// The frames of a source, and between them what is wrong with it.
pub struct Frames<'d> {
    decoder: &'d mut Decoder,
    source: Box<dyn Source>,
    is_over: bool,
}

impl<'d> Frames<'d> {
    pub(super) fn new(decoder: &'d mut Decoder, source: Box<dyn Source>) -> Self {
        Self { decoder, source, is_over: false }
    }

    /// The source.
    pub fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// Takes back the memory of a frame, for a later one.
    pub fn recycle(&mut self, frame: Frame) {
        self.decoder.recycle(frame);
    }

    /// Reads and decodes once more.
    ///
    /// # Errors
    /// `Device` if the driver fails.
    fn advance(&mut self) -> Result<()> {
        let read = match self.source.next_unit() {
            Ok(None) => {
                self.is_over = true;
                return self.decoder.flush();
            }
            Ok(Some(mut unit)) => {
                // Times are in nanoseconds, whatever the container counts.
                let base = self.source.info().time_base;
                let time = base.zip(unit.pts).map(|(base, pts)| ticks(pts, base));
                unit.pts = time.map(nanoseconds);
                Ok(Some(unit))
            }
            Err(error) => Err(Error::from(error)),
        };
        self.decoder.advance(read)?;
        self.is_over |= self.decoder.decoding.is_ended();
        Ok(())
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.decoder.receive().transpose() {
                return Some(next);
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.advance() {
                // What was decoded before it comes first.
                self.is_over = true;
                self.decoder.outbox.ready.push_back(Err(error));
            }
        }
    }
}
