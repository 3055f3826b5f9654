//! Signals that end a judging command: what is known so far is told first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Exit;

/// Set by SIGINT and SIGTERM, and where there is one by SIGHUP; a second signal ends the process.
#[derive(Debug)]
pub(super) struct Stop {
    /// Whether one has come.
    pub(super) flag: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// From now on.
    pub(super) fn by_signals() -> Self {
        let stop = Self { flag: Arc::default(), signal: Arc::default() };
        for signal in signals() {
            let number = usize::try_from(signal).unwrap_or_default();
            let code = 128 + signal;
            let registered =
                flag::register_conditional_shutdown(signal, code, Arc::clone(&stop.flag))
                    .and_then(|_| flag::register_usize(signal, Arc::clone(&stop.signal), number))
                    .and_then(|_| flag::register(signal, Arc::clone(&stop.flag)));
            if let Err(error) = registered {
                log::warn!("an interrupt will not be graceful: {error}");
            }
        }
        stop
    }

    /// The signal that has come.
    pub(super) fn signal(&self) -> Option<i32> {
        let signal = i32::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or(SIGINT);
        self.flag.load(Ordering::Relaxed).then_some(signal)
    }
}

/// Ends the process as `signal` does, or by the exit code of an interrupt if it is that.
pub(super) fn end(signal: i32) -> Exit {
    if signal != SIGINT {
        // Only returns if the default action does not end the process.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    Exit::Interrupted
}

/// Those that are listened to.
fn signals() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    if !hangs_on() {
        signals.push(signal_hook::consts::SIGHUP);
    }
    signals
}

/// Whether SIGHUP is ignored, which is what `nohup` asks for.
#[cfg(unix)]
fn hangs_on() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal_hook::consts::SIGHUP - 1) & 1 == 1
}
