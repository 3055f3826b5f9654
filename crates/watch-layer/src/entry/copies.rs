//! What copies of decoded pictures are made of: functions of the next layer, pools, and work that is
//! under way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ash::vk;

use super::link::SetDeviceLoaderData;
use super::shape::Shape;

/// A frame that a batch decodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded {
    pub(super) session: u64,
    pub(super) frame: u64,
    /// The image and the layer of the output.
    pub(super) image: u64,
    pub(super) layer: u32,
    /// codedExtent of the output.
    pub(super) extent: (u32, u32),
}

/// What reading pictures takes: functions of the next layer, and work that is under way.
pub(super) struct Pictures {
    pub(super) functions: ash::Device,
    pub(super) loader_data: SetDeviceLoaderData,
    pub(super) work: Mutex<Kept>,
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) pools: HashMap<u32, vk::CommandPool>,
    pub(super) under_way: Vec<Work>,
}

/// Copies of one submission.
pub(super) struct Work {
    pub(super) copies: Vec<Copy>,
    pub(super) fence: vk::Fence,
    pub(super) pool: vk::CommandPool,
}

/// The copies of one batch: a command buffer, a buffer with its memory, and what is where in it.
pub(super) struct Copy {
    pub(super) commands: vk::CommandBuffer,
    pub(super) buffer: vk::Buffer,
    pub(super) memory: vk::DeviceMemory,
    pub(super) size: u64,
    pub(super) frames: Vec<(Decoded, Shape, u64)>,
}

impl Pictures {
    /// `None` where the loader gives no way to make command buffers.
    pub(super) fn new(
        handle: vk::Device,
        get: vk::PFN_vkGetDeviceProcAddr,
        loader_data: Option<SetDeviceLoaderData>,
    ) -> Option<Self> {
        let load = |name: &std::ffi::CStr| {
            // SAFETY: the next layer's function, with its device.
            let found = unsafe { get(handle, name.as_ptr()) };
            found.map_or(std::ptr::null(), |found| found as *const std::ffi::c_void)
        };
        // SAFETY: what `load` finds are the device's functions.
        let functions = unsafe { ash::Device::load_with(load, handle) };
        Some(Self { functions, loader_data: loader_data?, work: Mutex::default() })
    }

    /// The command pool of a family.
    pub(super) fn pool(&self, family: u32) -> Option<vk::CommandPool> {
        let mut kept = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = kept.pools.get(&family) {
            return Some(*pool);
        }
        let info = vk::CommandPoolCreateInfo::default()
            .flags(vk::CommandPoolCreateFlags::RESET_COMMAND_BUFFER)
            .queue_family_index(family);
        // SAFETY: a family that the device has queues of.
        let pool = unsafe { self.functions.create_command_pool(&info, None) }.ok()?;
        kept.pools.insert(family, pool);
        Some(pool)
    }

    /// Frees what a submission needed.
    pub(super) fn free(&self, work: Work) {
        for copy in work.copies {
            // SAFETY: the copies are done, or were never submitted.
            unsafe { self.functions.free_command_buffers(work.pool, &[copy.commands]) };
            // SAFETY: as above.
            unsafe { self.functions.destroy_buffer(copy.buffer, None) };
            // SAFETY: as above.
            unsafe { self.functions.free_memory(copy.memory, None) };
        }
        // SAFETY: as above.
        unsafe { self.functions.destroy_fence(work.fence, None) };
    }

    /// The device ends.
    pub(super) fn end(&self) {
        let mut kept = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, pool) in kept.pools.drain() {
            // SAFETY: the application has waited for its queues, as it destroys the device.
            unsafe { self.functions.destroy_command_pool(pool, None) };
        }
    }
}
