//! What wakes the event loop, and signals that end it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
#[cfg(unix)]
use std::sync::atomic::Ordering;

use winit::event_loop::EventLoop;

/// The player's thread has something to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake;

/// Lets SIGINT and SIGTERM end the loop, so that what was shown is told.
pub(super) fn stopped_by_signals(event_loop: &EventLoop<Wake>) -> Arc<AtomicUsize> {
    let stop = Arc::new(AtomicUsize::new(0));
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let (proxy, flag) = (event_loop.create_proxy(), Arc::clone(&stop));
        match signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) {
            Ok(mut signals) => {
                std::thread::spawn(move || {
                    for signal in signals.forever() {
                        flag.store(usize::try_from(signal).unwrap_or(1), Ordering::Relaxed);
                        let _ended = proxy.send_event(Wake);
                    }
                });
            }
            Err(error) => log::warn!("an interrupt will not be graceful: {error}"),
        }
    }
    #[cfg(not(unix))]
    let _ = event_loop;
    stop
}
