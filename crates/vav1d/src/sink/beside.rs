//! A sink on a thread of its own, beside decoding: it gets pictures several at a time, in order.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Shown, Sink, StreamInfo, Wants};
use crate::pixels::Picture;

/// What takes pictures several at a time, on another thread than decodes them.
pub trait Batches: Send + 'static {
    /// Pictures to get at once, at most.
    const LARGEST: usize;
    /// Pictures to get at once where [`Batches::BYTES`] are fewer.
    const SMALLEST: usize;
    /// Bytes of pictures to get at once: sixteen of 1920x1080 with 8 bits, eight with more.
    const BYTES: usize = 50 << 20;
    /// It takes pictures in parts, too: see [`Batches::part`].
    const PARTS: bool = false;
    /// Longest time that a picture waits for others.
    fn patience(&self) -> Duration;
    /// Called once, before the first picture.
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()>;
    /// The next pictures, in output order; at least one.
    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()>;
    /// Whether parts take it about as long as decoding does.
    fn keeps_core(&self) -> bool {
        false
    }
    /// The next bytes of a picture, on the thread that decodes: where there is no copy of it, none is
    /// made to hand it over.
    fn part(&mut self, _bytes: &[u8]) {}
    /// Called once, after the last picture.
    fn finish(&mut self) -> io::Result<()>;
}

/// Bytes of pictures that may wait while a batch is worked on, where that is more than one picture.
const WAITING_BYTES: usize = 4 << 20;
/// Pictures that may wait at most.
const MOST_WAITING: usize = 8;

/// Pictures of `bytes` that may wait: a sink that is slower than decoding does not fill the memory.
fn waiting(bytes: usize) -> usize {
    (WAITING_BYTES / bytes.max(1)).clamp(1, MOST_WAITING)
}

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
        let (to, from) = sync_channel(waiting(bytes));
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
    fn wants(&self) -> Wants {
        if B::PARTS { Wants::Parts } else { Wants::Pictures }
    }

    fn keeps_core(&self) -> bool {
        matches!(&self.0, State::Here(batches) if B::PARTS && batches.keeps_core())
    }

    fn begin_parts(&mut self, info: &StreamInfo) -> io::Result<()> {
        match &mut self.0 {
            State::Here(batches) => batches.begin(info),
            State::Running(_) | State::Gone => Ok(()),
        }
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let State::Here(batches) = &mut self.0 {
            batches.part(bytes);
        }
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::pixels::{Chroma, Format};

    const YUV420: Format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };

    /// Works on one picture for as long as it takes, and counts those that it has done.
    struct Slow(Arc<AtomicUsize>);

    impl Batches for Slow {
        const LARGEST: usize = 1;
        const SMALLEST: usize = 1;

        fn patience(&self) -> Duration {
            Duration::ZERO
        }

        fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
            Ok(())
        }

        fn pictures(&mut self, batch: &[Shown]) -> io::Result<()> {
            std::thread::sleep(Duration::from_millis(5));
            self.0.fetch_add(batch.len(), Ordering::Release);
            Ok(())
        }

        fn finish(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_for_a_slow_sink_is_bounded_by_bytes() {
        assert_eq!(
            [0, 1 << 10, 1 << 20, 3 << 20, 8 << 20, 25 << 20].map(waiting),
            [8, 8, 4, 1, 1, 1]
        );
        for (width, height, most) in [(64, 64, 8), (1280, 720, 3), (3840, 2160, 1)] {
            let done = Arc::new(AtomicUsize::new(0));
            let mut sink = Beside::new(Slow(Arc::clone(&done)));
            let info = StreamInfo {
                time_base: (1, 50),
                frame_rate: (25, 1),
                width,
                height,
                render_size: (width, height),
                chroma_sample_position: 0,
                color_range: false,
                format: YUV420,
            };
            sink.begin(&info).expect("begun");
            let mut ahead = 0;
            for index in 0..20 {
                let picture = Picture::new(YUV420, width, height);
                sink.take(Shown { picture, index, pts: None }).expect("taken");
                ahead = ahead.max(index as usize + 1 - done.load(Ordering::Acquire));
            }
            sink.finish().expect("finished");
            // Those that wait, and one that is worked on.
            assert!((1..=most + 1).contains(&ahead), "{width}x{height}: {ahead}");
        }
    }
}
