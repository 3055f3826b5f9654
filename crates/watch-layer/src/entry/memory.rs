//! Device memory: where the application has mapped it, and what is bound to it.
//!
//! The state is locked while memory is mapped and unmapped, so that what is mapped is not unmapped
//! while a bitstream is read.

use std::ffi::c_void;

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, pointed};
use super::device::{self, Device};
use super::note;
use crate::state::{Mapped, Memory, State};

fn bound(state: &mut State, buffer: vk::Buffer, memory: vk::DeviceMemory, offset: u64) {
    if let Some(buffer) = state.buffers.get_mut(&buffer.as_raw()) {
        buffer.memory = Some((memory.as_raw(), offset));
    }
}

pub(super) unsafe extern "system" fn bind_buffer(
    handle: vk::Device,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    offset: vk::DeviceSize,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, bind)) = device.and_then(|d| Some((d.clone(), d.next.bind_buffer_memory?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    device.note(|state| bound(state, buffer, memory, offset));
    // SAFETY: the application's arguments.
    unsafe { bind(handle, buffer, memory, offset) }
}

pub(super) unsafe extern "system" fn bind_buffer2(
    handle: vk::Device,
    count: u32,
    infos: *const vk::BindBufferMemoryInfo<'_>,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, bind)) = device.and_then(|d| Some((d.clone(), d.next.bind_buffer_memory2?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    device.note(|state| {
        for info in array(infos, count) {
            bound(state, info.buffer, info.memory, info.memory_offset);
        }
    });
    // SAFETY: the application's arguments.
    unsafe { bind(handle, count, infos) }
}

pub(super) unsafe extern "system" fn allocate(
    handle: vk::Device,
    info: *const vk::MemoryAllocateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    memory: *mut vk::DeviceMemory,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, allocate)) = device.and_then(|d| Some((d.clone(), d.next.allocate_memory?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { allocate(handle, info, allocator, memory) };
    let made = pointed(info).zip(pointed(memory));
    if let (vk::Result::SUCCESS, Some((info, memory))) = (result, made) {
        let flags = device.memory_types.get(info.memory_type_index as usize).copied();
        let visible = vk::MemoryPropertyFlags::HOST_VISIBLE;
        let host_visible = flags.is_some_and(|flags| flags.contains(visible));
        device.note(|state| {
            let made = Memory { size: info.allocation_size, host_visible, mapped: None };
            state.memories.insert(memory.as_raw(), made);
        });
    }
    result
}

pub(super) unsafe extern "system" fn free(
    handle: vk::Device,
    memory: vk::DeviceMemory,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        state.memories.remove(&memory.as_raw());
    });
    if let Some(free) = device.next.free_memory {
        // SAFETY: the application's arguments.
        unsafe { free(handle, memory, allocator) };
    }
}

/// `call` maps `size` bytes at `offset` of `memory` to where `data` points then.
fn mapping(
    device: &Device,
    (memory, offset, size): (vk::DeviceMemory, u64, u64),
    data: *mut *mut c_void,
    call: impl FnOnce() -> vk::Result,
) -> vk::Result {
    if !device.is_watched() {
        return call();
    }
    let mut state = device.state();
    let result = call();
    if let (vk::Result::SUCCESS, Some(address)) = (result, pointed(data)) {
        note(|| {
            if let Some(memory) = state.memories.get_mut(&memory.as_raw()) {
                let rest = memory.size.saturating_sub(offset);
                let size = if size == vk::WHOLE_SIZE { rest } else { size };
                memory.mapped = Some(Mapped { address: *address as usize, offset, size });
            }
        });
    }
    result
}

/// `call` unmaps `memory`.
fn unmapping<T>(device: &Device, memory: vk::DeviceMemory, call: impl FnOnce() -> T) -> T {
    if !device.is_watched() {
        return call();
    }
    let mut state = device.state();
    if let Some(memory) = state.memories.get_mut(&memory.as_raw()) {
        memory.mapped = None;
    }
    call()
}

pub(super) unsafe extern "system" fn map(
    handle: vk::Device,
    memory: vk::DeviceMemory,
    offset: vk::DeviceSize,
    size: vk::DeviceSize,
    flags: vk::MemoryMapFlags,
    data: *mut *mut c_void,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, map)) = device.and_then(|d| Some((d.clone(), d.next.map_memory?))) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    mapping(&device, (memory, offset, size), data, || {
        // SAFETY: the application's arguments.
        unsafe { map(handle, memory, offset, size, flags, data) }
    })
}

pub(super) unsafe extern "system" fn map2(
    handle: vk::Device,
    info: *const vk::MemoryMapInfoKHR<'_>,
    data: *mut *mut c_void,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, map)) = device.and_then(|d| Some((d.clone(), d.next.map_memory2?))) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let call = || unsafe { map(handle, info, data) };
    match pointed(info) {
        Some(info) => mapping(&device, (info.memory, info.offset, info.size), data, call),
        None => call(),
    }
}

pub(super) unsafe extern "system" fn unmap(handle: vk::Device, memory: vk::DeviceMemory) {
    let device = device::find(handle);
    let Some((device, unmap)) = device.and_then(|d| Some((d.clone(), d.next.unmap_memory?))) else {
        return;
    };
    // SAFETY: the application's arguments.
    unmapping(&device, memory, || unsafe { unmap(handle, memory) });
}

pub(super) unsafe extern "system" fn unmap2(
    handle: vk::Device,
    info: *const vk::MemoryUnmapInfoKHR<'_>,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, unmap)) = device.and_then(|d| Some((d.clone(), d.next.unmap_memory2?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let call = || unsafe { unmap(handle, info) };
    match pointed(info) {
        Some(info) => unmapping(&device, info.memory, call),
        None => call(),
    }
}
