//! A device that decodes and draws, so that pictures need not leave it.

use std::fmt;
use std::sync::Arc;

use super::adapter::Adapter;
use super::device::Device;
use super::features::Features;
use super::instance::Instance;
use super::options::ExecutorOptions;
use super::render::gpu;
use crate::error::Result;

/// A device that is decoded on ([`super::Executor::on`]) and drawn on.
#[derive(Clone)]
pub struct SharedDevice {
    pub(super) device: Arc<Device>,
    pub(super) adapter: Adapter,
}

impl SharedDevice {
    /// Opens `adapter` for executors with `options`, and for swapchains if it is to `present`.
    ///
    /// # Errors
    /// `Unsupported` if it does not decode AV1, draw and, where it is to, present; `Device` for its
    /// failures.
    pub fn open(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        options: &ExecutorOptions,
        present: bool,
    ) -> Result<Self> {
        let drawing = gpu::family(adapter)?;
        let extensions = gpu::extensions(adapter, present)?;
        let features = Features::wanted(options);
        let device = Device::open_to_draw(instance, adapter, features, drawing, &extensions)?;
        Ok(Self { device, adapter: adapter.clone() })
    }
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
