//! What the lanes of a device must know of each other.

use std::sync::Weak;

use ash::vk;

/// A submission of one lane; 0 is before all. Later submissions of a lane end later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

impl Ticket {
    /// The timeline's value.
    pub(super) fn value(self) -> u64 {
        self.0
    }
}

/// A timeline semaphore that lives as long as this does.
pub(super) trait Timeline: Send + Sync {
    /// The semaphore.
    fn semaphore(&self) -> vk::Semaphore;
}

/// What the lanes of a device must know of each other. Reference pictures are drawn from where they
/// are: a drawing that takes one out of its layout waits for the decodes before it, and the decodes
/// after it wait for the drawing.
#[derive(Default)]
pub(super) struct Order {
    /// The newest decode.
    pub(super) decoded: Option<Newest>,
    /// The newest drawing from a reference picture.
    pub(super) borrowed: Option<Newest>,
}

/// A submission of a lane; without the lane it has ended.
pub(super) struct Newest {
    pub(super) timeline: Weak<dyn Timeline>,
    pub(super) ticket: Ticket,
}
