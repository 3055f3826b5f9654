//! Drives `re_rav1d`: one frame in, the same frame's picture out, whatever happens inside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::rav1d::{Filters, Rav1d, Refusal};
use super::{Fault, Frame};

/// More rounds than this means that the decoder neither takes nor gives anything.
const MAX_ROUNDS: usize = 16;

/// Which decoder has made a picture: one that was replaced is another.
#[derive(Clone, Default)]
pub(super) struct Maker(Arc<()>);

/// The decoder of one session.
pub(crate) struct Decoder {
    inner: Rav1d,
    maker: Maker,
    n_threads: u32,
    filters: Filters,
    /// Marks what goes in, so that a picture that comes out is known to be of that frame.
    timestamp: i64,
}

impl Decoder {
    /// Opens a decoder with `n_threads` threads; with one it makes no thread of its own.
    pub(crate) fn new(n_threads: u32) -> Result<Self, Fault> {
        Self::with_filters(n_threads, Filters::ALL)
    }

    /// The same, of the in-loop filters with `filters` only.
    pub(crate) fn with_filters(n_threads: u32, filters: Filters) -> Result<Self, Fault> {
        let maker = Maker::default();
        Ok(Self { inner: open(n_threads, filters)?, maker, n_threads, filters, timestamp: 0 })
    }

    /// Goes on with `n_threads` threads, and without references if that is another number.
    pub(crate) fn set_threads(&mut self, n_threads: u32) -> Result<(), Fault> {
        if self.n_threads != n_threads {
            *self = Self::with_filters(n_threads, self.filters)?;
        }
        Ok(())
    }

    /// Whether it is `maker`.
    pub(super) fn is(&self, maker: &Maker) -> bool {
        Arc::ptr_eq(&self.maker.0, &maker.0)
    }

    /// Forgets all references.
    pub(crate) fn flush(&mut self) {
        if catch_unwind(AssertUnwindSafe(|| self.inner.flush())).is_err() {
            self.replace();
        }
    }

    /// Decodes OBUs with one frame in them.
    ///
    /// After `Fault::Panicked` the decoder has no references.
    pub(crate) fn decode(&mut self, obus: Vec<u8>) -> Result<Frame, Fault> {
        self.timestamp += 1;
        let timestamp = self.timestamp;
        let (inner, maker) = (&mut self.inner, &self.maker);
        let outcome = catch_unwind(AssertUnwindSafe(|| one_frame(inner, &obus, timestamp, maker)));
        match outcome {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(Stop::Fault(fault))) => Err(fault),
            Ok(Err(Stop::Stuck)) | Err(_) => {
                self.replace();
                Err(Fault::Panicked)
            }
        }
    }

    /// Puts a decoder without history in the place of one that cannot be trusted.
    fn replace(&mut self) {
        if let Ok(inner) = open(self.n_threads, self.filters) {
            // Closing a decoder that panicked may wait for threads that are gone.
            std::mem::forget(std::mem::replace(&mut self.inner, inner));
            self.maker = Maker::default();
        }
    }
}

/// Why a frame has no picture.
enum Stop {
    Fault(Fault),
    /// The decoder holds data that it neither decodes nor refuses.
    Stuck,
}

fn open(n_threads: u32, filters: Filters) -> Result<Rav1d, Fault> {
    catch_unwind(|| Rav1d::with_filters(n_threads, false, filters))
        .map_err(|_| Fault::Open("panic".into()))?
        .map_err(|error| Fault::Open(error.to_string()))
}

/// Sends `obus` and takes every picture that comes; the answer is the one of this frame.
fn one_frame(
    decoder: &mut Rav1d,
    obus: &[u8],
    timestamp: i64,
    maker: &Maker,
) -> Result<Frame, Stop> {
    let mut pending = false;
    let mut refused = None;
    match decoder.send(obus, timestamp) {
        Ok(()) => {}
        Err(Refusal::Again) => pending = true,
        Err(error) => refused = Some(error),
    }
    let mut frame = None;
    for _ in 0..MAX_ROUNDS {
        match decoder.picture() {
            Ok(picture) if picture.timestamp() == timestamp => {
                frame = Some(Frame::from_decoder(picture, maker));
            }
            Ok(_) => {}
            Err(Refusal::Again) if !pending => {
                return match (frame, refused) {
                    (_, Some(error)) => Err(Stop::Fault(Fault::Decoder(error.to_string()))),
                    (Some(frame), None) => Ok(frame),
                    (None, None) => Err(Stop::Fault(Fault::NoPicture)),
                };
            }
            Err(Refusal::Again) => match decoder.send_pending() {
                Ok(()) => pending = false,
                Err(Refusal::Again) => {}
                Err(error) => {
                    pending = false;
                    refused = Some(error);
                }
            },
            Err(error) => refused = Some(error),
        }
    }
    Err(Stop::Stuck)
}
