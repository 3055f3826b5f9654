//! A sink on a thread of its own, beside decoding: it gets pictures several at a time, in order.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Shown, Sink, StreamInfo};
use crate::pixels::Picture;

/// What takes pictures several at a time, on another thread than decodes them.
pub trait Batches: Send + 'static {
    /// Pictures to get at once, at most.
    const LARGEST: usize;
    /// Pictures to get at once where [`Batches::BYTES`] are fewer.
    const SMALLEST: usize;
    /// Bytes of pictures to get at once.
    const BYTES: usize = 16 << 20;
    /// Longest time that a picture waits for others.
    fn patience(&self) -> Duration;
    /// Called once, before the first picture.
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()>;
    /// The next pictures, in output order; at least one.
    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()>;
    /// Called once, after the last picture.
    fn finish(&mut self) -> io::Result<()>;
}

/// Pictures that may wait while a batch is worked on.
const WAITING: usize = 1;

/// A sink whose pictures go to a thread. An error of the thread is that of the next call.
pub struct Beside<B>(State<B>);

enum State<B> {
    /// No picture has come, or the thread has ended.
    Here(B),
    Running(Running<B>),
    /// The thread panicked.
    Gone,
}

struct Running<B> {
    to: SyncSender<Shown>,
    /// Pictures that are done with.
    back: Receiver<Picture>,
    thread: JoinHandle<(B, io::Result<()>)>,
}

impl<B: Batches> Beside<B> {
    /// Pictures go to `batches`.
    pub fn new(batches: B) -> Self {
        Self(State::Here(batches))
    }

    /// What the pictures went to, after [`Sink::finish`].
    ///
    /// # Errors
    /// The thread failed.
    pub fn into_inner(mut self) -> io::Result<B> {
        self.join()?;
        match self.0 {
            State::Here(batches) => Ok(batches),
            State::Running(_) | State::Gone => Err(io::Error::other("the sink's thread is gone")),
        }
    }

    /// Waits until the thread has worked off what it was given.
    fn join(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.0, State::Gone) {
            State::Running(Running { to, back, thread }) => {
                drop((to, back));
                let (batches, ended) =
                    thread.join().map_err(|_| io::Error::other("the sink's thread panicked"))?;
                self.0 = State::Here(batches);
                ended
            }
            here => {
                self.0 = here;
                Ok(())
            }
        }
    }

    fn start(mut batches: B, info: &StreamInfo) -> io::Result<Running<B>> {
        let bytes = info.format.picture_bytes(info.width, info.height);
        let size = (B::BYTES / bytes.max(1)).clamp(B::SMALLEST.max(1), B::LARGEST.max(1));
        let (to, from) = sync_channel(WAITING);
        let (give, back) = channel();
        let thread = std::thread::Builder::new().name("sink".into()).spawn(move || {
            let ended = work(&mut batches, &from, &give, size);
            (batches, ended)
        })?;
        Ok(Running { to, back, thread })
    }
}

/// Gives what comes to `batches`, and the pictures back.
fn work(
    batches: &mut impl Batches,
    from: &Receiver<Shown>,
    back: &Sender<Picture>,
    size: usize,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(size);
    let mut open = true;
    while open {
        let Ok(first) = from.recv() else { break };
        batch.push(first);
        let end = Instant::now().checked_add(batches.patience());
        while open && batch.len() < size {
            let next = match end {
                Some(end) => from.recv_timeout(end.saturating_duration_since(Instant::now())),
                None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(shown) => batch.push(shown),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => open = false,
            }
        }
        batches.pictures(&batch)?;
        for shown in batch.drain(..) {
            // Nobody wants it back at the end.
            let _ = back.send(shown.picture);
        }
    }
    Ok(())
}

impl<B: Batches> Sink for Beside<B> {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        if let State::Here(batches) = &mut self.0 {
            batches.begin(info)?;
        }
        if let State::Here(batches) = std::mem::replace(&mut self.0, State::Gone) {
            self.0 = State::Running(Self::start(batches, info)?);
        }
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.take(shown.clone()).map(|_| ())
    }

    fn take(&mut self, shown: Shown) -> io::Result<Option<Picture>> {
        let State::Running(running) = &self.0 else {
            return Err(io::Error::other("the sink's thread is gone"));
        };
        if running.to.send(shown).is_err() {
            self.join()?;
            return Err(io::Error::other("the sink's thread is gone"));
        }
        Ok(running.back.try_recv().ok())
    }

    fn finish(&mut self) -> io::Result<()> {
        let joined = self.join();
        match &mut self.0 {
            State::Here(batches) => joined.and(batches.finish()),
            State::Running(_) | State::Gone => joined,
        }
    }
}
