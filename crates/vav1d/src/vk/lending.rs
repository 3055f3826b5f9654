//! Readbacks: what a copy to the host uses, lent to the picture in it where that is the same bytes.
#![allow(unsafe_code, reason = "access to mapped memory")]

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::objects::{Buffer, Commands};
use crate::pixels::{Lend, Samples};

/// What one readback uses, and the next may use again.
pub(super) struct Readback {
    pub(super) commands: Commands,
    pub(super) buffer: Buffer,
}

/// Readbacks that nobody uses.
#[derive(Clone, Default)]
pub(super) struct Spares(Arc<Mutex<Vec<Readback>>>);

impl Spares {
    /// Takes one with room for `bytes`. If all are too small, one of them goes.
    pub(super) fn take(&self, bytes: u64) -> Option<Readback> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |readback: &Readback| readback.buffer.size_bytes() >= bytes;
        match spares.iter().position(fits) {
            Some(index) => Some(spares.swap_remove(index)),
            None => {
                spares.pop();
                None
            }
        }
    }

    /// Gives one back whose copy has ended.
    pub(super) fn give(&self, readback: Readback) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(readback);
    }

    /// The first `bytes` bytes of a readback whose copy has ended. It comes back when they are
    /// dropped, if the spares are still there.
    pub(super) fn lend(&self, readback: Readback, bytes: usize) -> Samples {
        let home = Arc::downgrade(&self.0);
        Samples::lent(Box::new(Lent { readback: Some(readback), home, bytes }))
    }
}

/// A readback that a picture has.
struct Lent {
    /// There until it is dropped.
    readback: Option<Readback>,
    home: Weak<Mutex<Vec<Readback>>>,
    bytes: usize,
}

impl Lend for Lent {
    fn bytes(&self) -> &[u8] {
        let Some(readback) = &self.readback else { return &[] };
        // SAFETY: the copy has ended, and the readback is here alone: no other is started in it.
        unsafe { readback.buffer.read_in_place(self.bytes) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(home), Some(readback)) = (self.home.upgrade(), self.readback.take()) {
            Spares(home).give(readback);
        }
    }
}
