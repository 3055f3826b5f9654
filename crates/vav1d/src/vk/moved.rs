//! Counts the bytes of pictures on their way from the device to a sink.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes so far. Said in the log when the last who counts is gone.
#[derive(Default)]
pub(super) struct Moved {
    pictures: AtomicU64,
    copied: AtomicU64,
    ordered: AtomicU64,
    passed: AtomicU64,
}

impl Moved {
    /// One more picture comes.
    pub(super) fn picture(&self) {
        self.pictures.fetch_add(1, Ordering::Relaxed);
    }

    /// Copied out of an image to memory.
    pub(super) fn copied(&self, bytes: usize) {
        self.copied.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Written to memory once more, by the host, which puts them in order.
    pub(super) fn ordered(&self, bytes: usize) {
        self.ordered.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Copied out of an image in parts that stay in the processor's cache.
    pub(super) fn passed(&self, bytes: usize) {
        self.passed.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        let [pictures, copied, ordered, passed] =
            [&mut self.pictures, &mut self.copied, &mut self.ordered, &mut self.passed]
                .map(|count| *count.get_mut());
        log::debug!(
            "moved: {pictures} pictures, {copied} bytes copied, {ordered} put in order, {passed} in parts"
        );
    }
}
