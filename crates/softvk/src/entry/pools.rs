//! Command pools and command buffers.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::sync::{Arc, Mutex, PoisonError};

use ash::vk::{self, Handle};

use super::commands::recorder;
use super::device::{Device, Kind};
use super::{Row, table};
use crate::command::CommandBuffer;
use crate::handle::{array, enumerate, get, object, put, release};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCreateCommandPool" => create_command_pool,
    c"vkDestroyCommandPool" => destroy_command_pool,
    c"vkResetCommandPool" => reset_command_pool,
    c"vkTrimCommandPool" => trim_command_pool,
    c"vkAllocateCommandBuffers" => allocate_command_buffers,
    c"vkFreeCommandBuffers" => free_command_buffers,
    c"vkBeginCommandBuffer" => begin_command_buffer,
    c"vkEndCommandBuffer" => end_command_buffer,
    c"vkResetCommandBuffer" => reset_command_buffer,
};

/// A VkCommandPool: the handles of its buffers.
#[derive(Default)]
struct CommandPool(Mutex<Vec<u64>>);

impl CommandPool {
    fn buffers(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

unsafe extern "system" fn create_command_pool(
    device: vk::Device,
    _: *const vk::CommandPoolCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_pool: *mut vk::CommandPool,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { get::<Device, _>(device) }.made(Kind::CommandPool);
    // SAFETY: as above.
    unsafe { put(p_pool, crate::handle::share(Arc::new(CommandPool::default()))) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_command_pool(
    device: vk::Device,
    pool: vk::CommandPool,
    _: *const vk::AllocationCallbacks<'_>,
) {
    if pool.is_null() {
        return;
    }
    // SAFETY: see the top of the folder.
    unsafe { get::<Device, _>(device) }.gone(Kind::CommandPool, pool);
    // SAFETY: as above.
    for buffer in unsafe { object::<CommandPool, _>(pool) }.buffers().drain(..) {
        // SAFETY: as above: the pool's buffers end with it.
        unsafe { crate::handle::free::<CommandBuffer, _>(vk::CommandBuffer::from_raw(buffer)) };
    }
    // SAFETY: as above.
    unsafe { release::<CommandPool, _>(pool) };
}

unsafe extern "system" fn reset_command_pool(
    _: vk::Device,
    pool: vk::CommandPool,
    _: vk::CommandPoolResetFlags,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for buffer in unsafe { object::<CommandPool, _>(pool) }.buffers().iter() {
        recorder(vk::CommandBuffer::from_raw(*buffer)).begin();
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn trim_command_pool(
    _: vk::Device,
    _: vk::CommandPool,
    _: vk::CommandPoolTrimFlags,
) {
}

unsafe extern "system" fn allocate_command_buffers(
    _: vk::Device,
    p_info: *const vk::CommandBufferAllocateInfo<'_>,
    p_buffers: *mut vk::CommandBuffer,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let pool = unsafe { object::<CommandPool, _>(info.command_pool) };
    let make = |_| crate::handle::dispatchable(CommandBuffer::default());
    let made: Vec<vk::CommandBuffer> = (0..info.command_buffer_count).map(make).collect();
    pool.buffers().extend(made.iter().map(|b| b.as_raw()));
    let mut count = info.command_buffer_count;
    // SAFETY: as above.
    unsafe { enumerate(&made, &mut count, p_buffers) }
}

unsafe extern "system" fn free_command_buffers(
    _: vk::Device,
    pool: vk::CommandPool,
    count: u32,
    p_buffers: *const vk::CommandBuffer,
) {
    // SAFETY: see the top of the folder.
    let pool = unsafe { object::<CommandPool, _>(pool) };
    // SAFETY: as above.
    for buffer in unsafe { array(p_buffers, count) } {
        pool.buffers().retain(|b| *b != buffer.as_raw());
        // SAFETY: as above.
        unsafe { crate::handle::free::<CommandBuffer, _>(*buffer) };
    }
}

unsafe extern "system" fn begin_command_buffer(
    buffer: vk::CommandBuffer,
    _: *const vk::CommandBufferBeginInfo<'_>,
) -> vk::Result {
    recorder(buffer).begin();
    vk::Result::SUCCESS
}

unsafe extern "system" fn end_command_buffer(buffer: vk::CommandBuffer) -> vk::Result {
    recorder(buffer).end();
    vk::Result::SUCCESS
}

unsafe extern "system" fn reset_command_buffer(
    buffer: vk::CommandBuffer,
    _: vk::CommandBufferResetFlags,
) -> vk::Result {
    recorder(buffer).begin();
    vk::Result::SUCCESS
}
