//! A device that decodes and draws, so that pictures need not leave it.

use std::fmt;
use std::sync::Arc;

use super::adapter::Adapter;
use super::device::Device;

/// A device that is decoded on ([`super::Executor::on`]) and drawn on.
#[derive(Clone)]
pub struct SharedDevice {
    pub(super) device: Arc<Device>,
    pub(super) adapter: Adapter,
}

impl SharedDevice {
    /// Whether it is `adapter`'s.
    pub fn is_of(&self, adapter: &Adapter) -> bool {
        self.adapter.uuid == adapter.uuid
    }
}

impl fmt::Debug for SharedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDevice").field("adapter", &self.adapter.name).finish_non_exhaustive()
    }
}
