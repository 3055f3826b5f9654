//! Timeline semaphores, and calls that use queues beside submissions: both are of interest where this
//! layer uses a queue of the application's, too.

use ash::vk;
use ash::vk::Handle;

use super::chain::{find, pointed};
use super::device;

pub(super) unsafe extern "system" fn create_semaphore(
    handle: vk::Device,
    info: *const vk::SemaphoreCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    semaphore: *mut vk::Semaphore,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_semaphore?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { create(handle, info, allocator, semaphore) };
    let kind = pointed(info).and_then(|i| find::<vk::SemaphoreTypeCreateInfo<'_>>(i.p_next));
    let kind = kind.filter(|kind| kind.semaphore_type == vk::SemaphoreType::TIMELINE);
    if let (vk::Result::SUCCESS, Some(kind), Some(made)) = (result, kind, pointed(semaphore))
        && device.away
    {
        device.note(|state| state.timelines.made(made.as_raw(), kind.initial_value));
    }
    result
}

pub(super) unsafe extern "system" fn destroy_semaphore(
    handle: vk::Device,
    semaphore: vk::Semaphore,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    if device.away {
        device.note(|state| state.timelines.gone(semaphore.as_raw()));
    }
    if let Some(destroy) = device.next.destroy_semaphore {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, semaphore, allocator) };
    }
}

pub(super) unsafe extern "system" fn signal_semaphore(
    handle: vk::Device,
    info: *const vk::SemaphoreSignalInfo<'_>,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, signal)) = device.and_then(|d| Some((d.clone(), d.next.signal_semaphore?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { signal(handle, info) };
    if let Some(info) = pointed(info).filter(|_| device.away) {
        device.note(|state| state.timelines.signalled(info.semaphore.as_raw(), info.value));
    }
    result
}

pub(super) unsafe extern "system" fn wait_idle(queue: vk::Queue) -> vk::Result {
    let device = device::of_queue(queue);
    let Some((device, wait)) = device.and_then(|d| Some((d.clone(), d.next.queue_wait_idle?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = device.with_queue(queue, || unsafe { wait(queue) });
    // What another queue copies of it is part of what it does.
    if let Some(copies) = device.copies_so_far().filter(|_| result == vk::Result::SUCCESS) {
        copies.wait_idle(queue);
    }
    result
}

pub(super) unsafe extern "system" fn bind_sparse(
    queue: vk::Queue,
    count: u32,
    infos: *const vk::BindSparseInfo<'_>,
    fence: vk::Fence,
) -> vk::Result {
    let device = device::of_queue(queue);
    let Some((device, bind)) = device.and_then(|d| Some((d.clone(), d.next.queue_bind_sparse?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    device.with_queue(queue, || unsafe { bind(queue, count, infos, fence) })
}

pub(super) unsafe extern "system" fn present(
    queue: vk::Queue,
    info: *const vk::PresentInfoKHR<'_>,
) -> vk::Result {
    let device = device::of_queue(queue);
    let Some((device, present)) = device.and_then(|d| Some((d.clone(), d.next.queue_present?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    device.with_queue(queue, || unsafe { present(queue, info) })
}
