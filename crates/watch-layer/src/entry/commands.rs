//! Command buffers, and barriers of images for video decoding.

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, pointed};
use super::device::{self, Device};
use crate::state::Op;

pub(super) unsafe extern "system" fn allocate(
    handle: vk::Device,
    info: *const vk::CommandBufferAllocateInfo<'_>,
    commands: *mut vk::CommandBuffer,
) -> vk::Result {
    let device = device::find(handle);
    let found = device.and_then(|d| Some((d.clone(), d.next.allocate_command_buffers?)));
    let Some((device, allocate)) = found else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { allocate(handle, info, commands) };
    if let (vk::Result::SUCCESS, Some(info)) = (result, pointed(info)) {
        device.note(|state| {
            let made = array(commands, info.command_buffer_count).iter().map(|c| c.as_raw());
            state.pools.entry(info.command_pool.as_raw()).or_default().extend(made);
        });
    }
    result
}

pub(super) unsafe extern "system" fn free(
    handle: vk::Device,
    pool: vk::CommandPool,
    count: u32,
    commands: *const vk::CommandBuffer,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        let freed: Vec<_> = array(commands, count).iter().map(|c| c.as_raw()).collect();
        freed.iter().for_each(|commands| state.forget(*commands));
        if let Some(pool) = state.pools.get_mut(&pool.as_raw()) {
            pool.retain(|commands| !freed.contains(commands));
        }
    });
    if let Some(free) = device.next.free_command_buffers {
        // SAFETY: the application's arguments.
        unsafe { free(handle, pool, count, commands) };
    }
}

fn clear_pool(device: &Device, pool: vk::CommandPool, destroyed: bool) {
    device.note(|state| {
        let all = state.pools.get(&pool.as_raw()).cloned().unwrap_or_default();
        for commands in all {
            match destroyed {
                true => state.forget(commands),
                false => state.clear(commands),
            }
        }
        if destroyed {
            state.pools.remove(&pool.as_raw());
        }
    });
}

pub(super) unsafe extern "system" fn destroy_pool(
    handle: vk::Device,
    pool: vk::CommandPool,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    clear_pool(&device, pool, true);
    if let Some(destroy) = device.next.destroy_command_pool {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, pool, allocator) };
    }
}

pub(super) unsafe extern "system" fn reset_pool(
    handle: vk::Device,
    pool: vk::CommandPool,
    flags: vk::CommandPoolResetFlags,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, reset)) = device.and_then(|d| Some((d.clone(), d.next.reset_command_pool?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    clear_pool(&device, pool, false);
    // SAFETY: the application's arguments.
    unsafe { reset(handle, pool, flags) }
}

pub(super) unsafe extern "system" fn begin(
    commands: vk::CommandBuffer,
    info: *const vk::CommandBufferBeginInfo<'_>,
) -> vk::Result {
    let device = device::of_commands(commands);
    let found = device.and_then(|d| Some((d.clone(), d.next.begin_command_buffer?)));
    let Some((device, begin)) = found else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    device.note(|state| state.clear(commands.as_raw()));
    // SAFETY: the application's arguments.
    unsafe { begin(commands, info) }
}

pub(super) unsafe extern "system" fn reset(
    commands: vk::CommandBuffer,
    flags: vk::CommandBufferResetFlags,
) -> vk::Result {
    let device = device::of_commands(commands);
    let found = device.and_then(|d| Some((d.clone(), d.next.reset_command_buffer?)));
    let Some((device, reset)) = found else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    device.note(|state| state.clear(commands.as_raw()));
    // SAFETY: the application's arguments.
    unsafe { reset(commands, flags) }
}

/// Notes the layouts that barriers leave images in.
fn layouts<'a>(
    device: &Device,
    commands: vk::CommandBuffer,
    barriers: impl Iterator<Item = (vk::Image, &'a vk::ImageSubresourceRange, vk::ImageLayout)>,
) {
    device.note(|state| {
        for (image, range, to) in barriers {
            let image = image.as_raw();
            let Some(known) = state.images.get(&image) else { continue };
            let layers = known.layouts.len() as u32;
            let first = range.base_array_layer;
            let count = range.layer_count.min(layers.saturating_sub(first));
            let op = Op::Layout { image, layers: (first, first + count), to };
            state.record(commands.as_raw(), op);
        }
    });
}

#[allow(clippy::too_many_arguments, reason = "Vulkan's function")]
pub(super) unsafe extern "system" fn barrier(
    commands: vk::CommandBuffer,
    src: vk::PipelineStageFlags,
    dst: vk::PipelineStageFlags,
    flags: vk::DependencyFlags,
    memory_count: u32,
    memory: *const vk::MemoryBarrier<'_>,
    buffer_count: u32,
    buffers: *const vk::BufferMemoryBarrier<'_>,
    image_count: u32,
    images: *const vk::ImageMemoryBarrier<'_>,
) {
    let Some(device) = device::of_commands(commands) else { return };
    let all = array(images, image_count).iter();
    let all = all.map(|barrier| (barrier.image, &barrier.subresource_range, barrier.new_layout));
    layouts(&device, commands, all);
    let Some(call) = device.next.cmd_pipeline_barrier else { return };
    // SAFETY: the application's arguments.
    unsafe {
        call(
            commands,
            src,
            dst,
            flags,
            memory_count,
            memory,
            buffer_count,
            buffers,
            image_count,
            images,
        );
    }
}

pub(super) unsafe extern "system" fn barrier2(
    commands: vk::CommandBuffer,
    info: *const vk::DependencyInfo<'_>,
) {
    let Some(device) = device::of_commands(commands) else { return };
    if let Some(info) = pointed(info) {
        let all = array(info.p_image_memory_barriers, info.image_memory_barrier_count).iter();
        let all =
            all.map(|barrier| (barrier.image, &barrier.subresource_range, barrier.new_layout));
        layouts(&device, commands, all);
    }
    let Some(call) = device.next.cmd_pipeline_barrier2 else { return };
    // SAFETY: the application's arguments.
    unsafe { call(commands, info) };
}
