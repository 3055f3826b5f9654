//! Fences, semaphores and events: values under one lock for each device, with one condition.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::order::Clock;

/// Wakes whoever waits for anything of a device.
#[derive(Default)]
pub(crate) struct Hub {
    lock: Mutex<()>,
    changed: Condvar,
    lost: AtomicBool,
    closed: AtomicBool,
}

impl Hub {
    fn guard(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change and wakes the waiting.
    fn change(&self, change: impl FnOnce()) {
        let guard = self.guard();
        change();
        self.changed.notify_all();
        drop(guard);
    }

    /// The device is lost: nothing is waited for any more.
    pub(crate) fn lose(&self) {
        self.change(|| self.lost.store(true, Ordering::Relaxed));
    }

    /// Whether the device is lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The device goes away: queues that still wait, which they need not if the application has
    /// waited for them, wait no longer.
    pub(crate) fn close(&self) {
        self.change(|| self.closed.store(true, Ordering::Relaxed));
    }

    /// Waits until `done`, which is called under the lock, or nothing is waited for any more; false
    /// when `timeout_ns` has passed.
    pub(crate) fn wait(&self, timeout_ns: u64, mut done: impl FnMut() -> bool) -> bool {
        let end = Instant::now().checked_add(Duration::from_nanos(timeout_ns));
        let mut guard = self.guard();
        loop {
            if done() || self.is_lost() || self.closed.load(Ordering::Relaxed) {
                return true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            guard = match left {
                Some(Duration::ZERO) => return false,
                Some(left) => {
                    let (guard, _) = self
                        .changed
                        .wait_timeout(guard, left)
                        .unwrap_or_else(PoisonError::into_inner);
                    guard
                }
                None => self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// A number that waits can be made for: the state of a fence, an event or a semaphore.
pub(crate) struct Counter {
    hub: Arc<Hub>,
    value: Mutex<u64>,
    /// Whether a wait takes the value back to 0: binary semaphores.
    pub(crate) binary: bool,
    /// What those who signalled knew to have ended.
    clock: Mutex<Clock>,
}

impl Counter {
    pub(crate) fn new(hub: &Arc<Hub>, value: u64, binary: bool) -> Self {
        Self { hub: Arc::clone(hub), value: Mutex::new(value), binary, clock: Mutex::default() }
    }

    /// The value now.
    pub(crate) fn get(&self) -> u64 {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the value and wakes the waiting.
    pub(crate) fn set(&self, value: u64) {
        self.hub.change(|| *self.value.lock().unwrap_or_else(PoisonError::into_inner) = value);
    }

    /// Whether a queue that waits for `value` need not wait.
    pub(crate) fn is_reached(&self, value: u64) -> bool {
        self.get() >= if self.binary { 1 } else { value }
    }

    /// Waits for `value` as a queue does: for ever, and a binary semaphore is unsignaled by it. What
    /// is known to have ended then.
    pub(crate) fn wait_on_queue(&self, value: u64) -> Clock {
        let wanted = if self.binary { 1 } else { value };
        self.hub.wait(u64::MAX, || {
            let mut now = self.value.lock().unwrap_or_else(PoisonError::into_inner);
            let reached = *now >= wanted;
            if reached && self.binary {
                *now = 0;
            }
            reached
        });
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals as a queue does, to which all of `ended` has ended.
    pub(crate) fn signal_on_queue(&self, value: u64, ended: &Clock) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.iter_mut().zip(ended).for_each(|(known, ended)| *known = (*known).max(*ended));
        drop(clock);
        self.set(if self.binary { 1 } else { value });
    }
}
