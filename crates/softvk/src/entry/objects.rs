//! Views, samplers, fences, semaphores, events, query pools.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::ffi::c_void;
use std::sync::Arc;

use ash::vk::{self, Handle};

use super::device::{Device, Kind};
use super::{Row, table};
use crate::image::{Image, ImageView};
use crate::query::QueryPool;
use crate::sync::Counter;
use crate::{chain, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCreateImageView" => create_image_view,
    c"vkDestroyImageView" => destroy_image_view,
    c"vkCreateSampler" => create_sampler,
    c"vkDestroySampler" => destroy_sampler,
    c"vkCreateSamplerYcbcrConversion" => create_sampler_ycbcr_conversion,
    c"vkDestroySamplerYcbcrConversion" => destroy_sampler_ycbcr_conversion,
    c"vkCreateFence" => create_fence,
    c"vkDestroyFence" => destroy_fence,
    c"vkResetFences" => reset_fences,
    c"vkGetFenceStatus" => get_fence_status,
    c"vkWaitForFences" => wait_for_fences,
    c"vkCreateSemaphore" => create_semaphore,
    c"vkDestroySemaphore" => destroy_semaphore,
    c"vkGetSemaphoreCounterValue" => get_semaphore_counter_value,
    c"vkWaitSemaphores" => wait_semaphores,
    c"vkSignalSemaphore" => signal_semaphore,
    c"vkCreateEvent" => create_event,
    c"vkDestroyEvent" => destroy_event,
    c"vkGetEventStatus" => get_event_status,
    c"vkSetEvent" => set_event,
    c"vkResetEvent" => reset_event,
    c"vkCreateQueryPool" => create_query_pool,
    c"vkDestroyQueryPool" => destroy_query_pool,
    c"vkResetQueryPool" => reset_query_pool,
    c"vkGetQueryPoolResults" => get_query_pool_results,
};

/// Hands a new object of `kind` out.
unsafe fn create<T, H: Handle + Copy>(
    device: vk::Device,
    kind: Kind,
    object: T,
    to: *mut H,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::get::<Device, _>(device) }.made(kind);
    // SAFETY: as above.
    unsafe { handle::put(to, handle::share(Arc::new(object))) };
    vk::Result::SUCCESS
}

/// Ends an object of `kind`.
unsafe fn destroy<T, H: Handle + Copy>(device: vk::Device, kind: Kind, object: H) {
    // SAFETY: see the top of the folder.
    unsafe { handle::get::<Device, _>(device) }.gone(kind, object);
    // SAFETY: as above.
    unsafe { handle::release::<T, _>(object) };
}

/// A destroyer.
macro_rules! destroyer {
    ($function:ident, $handle:ident, $object:ty, $kind:ident) => {
        unsafe extern "system" fn $function(
            device: vk::Device,
            object: vk::$handle,
            _: *const vk::AllocationCallbacks<'_>,
        ) {
            // SAFETY: see the top of the folder.
            unsafe { destroy::<$object, _>(device, Kind::$kind, object) };
        }
    };
}

destroyer!(destroy_image_view, ImageView, ImageView, ImageView);
destroyer!(destroy_sampler, Sampler, (), Sampler);
destroyer!(destroy_sampler_ycbcr_conversion, SamplerYcbcrConversion, (), SamplerYcbcrConversion);
destroyer!(destroy_fence, Fence, Counter, Fence);
destroyer!(destroy_semaphore, Semaphore, Counter, Semaphore);
destroyer!(destroy_event, Event, Counter, Event);
destroyer!(destroy_query_pool, QueryPool, QueryPool, QueryPool);

unsafe extern "system" fn create_image_view(
    device: vk::Device,
    p_info: *const vk::ImageViewCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_view: *mut vk::ImageView,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let Some(image) = (unsafe { handle::shared::<Image, _>(info.image) }) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let range = &info.subresource_range;
    let layer_count = match range.layer_count {
        vk::REMAINING_ARRAY_LAYERS => image.layers.saturating_sub(range.base_array_layer),
        count => count,
    };
    let view =
        ImageView { image, format: info.format, base_layer: range.base_array_layer, layer_count };
    // SAFETY: as above.
    unsafe { create(device, Kind::ImageView, view, p_view) }
}

unsafe extern "system" fn create_sampler(
    device: vk::Device,
    _: *const vk::SamplerCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_sampler: *mut vk::Sampler,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { create(device, Kind::Sampler, (), p_sampler) }
}

unsafe extern "system" fn create_sampler_ycbcr_conversion(
    device: vk::Device,
    _: *const vk::SamplerYcbcrConversionCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_conversion: *mut vk::SamplerYcbcrConversion,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { create(device, Kind::SamplerYcbcrConversion, (), p_conversion) }
}

unsafe extern "system" fn create_fence(
    device: vk::Device,
    p_info: *const vk::FenceCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_fence: *mut vk::Fence,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let signaled = unsafe { &*p_info }.flags.contains(vk::FenceCreateFlags::SIGNALED);
    // SAFETY: as above.
    let hub = &unsafe { handle::get::<Device, _>(device) }.hub;
    let fence = Counter::new(hub, signaled.into(), false);
    // SAFETY: as above.
    unsafe { create(device, Kind::Fence, fence, p_fence) }
}

unsafe extern "system" fn reset_fences(
    _: vk::Device,
    count: u32,
    p_fences: *const vk::Fence,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for fence in unsafe { handle::array(p_fences, count) } {
        // SAFETY: as above.
        unsafe { handle::object::<Counter, _>(*fence) }.set(0);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn get_fence_status(device: vk::Device, fence: vk::Fence) -> vk::Result {
    // SAFETY: see the top of the folder.
    if unsafe { handle::get::<Device, _>(device) }.hub.is_lost() {
        return vk::Result::ERROR_DEVICE_LOST;
    }
    // SAFETY: as above.
    match unsafe { handle::object::<Counter, _>(fence) }.get() {
        0 => vk::Result::NOT_READY,
        _ => vk::Result::SUCCESS,
    }
}

/// Waits for all, or any, of `counters` to reach their values.
fn wait(device: &Device, counters: &[(&Counter, u64)], all: bool, timeout: u64) -> vk::Result {
    let reached = |(counter, value): &(&Counter, u64)| counter.get() >= *value;
    let done = device.hub.wait(timeout, || match all {
        true => counters.iter().all(reached),
        false => counters.iter().any(reached),
    });
    match done {
        _ if device.hub.is_lost() => vk::Result::ERROR_DEVICE_LOST,
        true => vk::Result::SUCCESS,
        false => vk::Result::TIMEOUT,
    }
}

unsafe extern "system" fn wait_for_fences(
    device: vk::Device,
    count: u32,
    p_fences: *const vk::Fence,
    wait_all: vk::Bool32,
    timeout: u64,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let fences = unsafe { handle::array(p_fences, count) };
    // SAFETY: as above.
    let counter = |fence: &vk::Fence| (unsafe { handle::object::<Counter, _>(*fence) }, 1);
    let counters: Vec<_> = fences.iter().map(counter).collect();
    wait(device, &counters, wait_all == vk::TRUE, timeout)
}

unsafe extern "system" fn create_semaphore(
    device: vk::Device,
    p_info: *const vk::SemaphoreCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_semaphore: *mut vk::Semaphore,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let kind = unsafe { chain::find::<vk::SemaphoreTypeCreateInfo<'_>>(info.p_next) };
    let timeline = kind.filter(|kind| kind.semaphore_type == vk::SemaphoreType::TIMELINE);
    // SAFETY: as above.
    let hub = &unsafe { handle::get::<Device, _>(device) }.hub;
    let semaphore = Counter::new(hub, timeline.map_or(0, |t| t.initial_value), timeline.is_none());
    // SAFETY: as above.
    unsafe { create(device, Kind::Semaphore, semaphore, p_semaphore) }
}

unsafe extern "system" fn get_semaphore_counter_value(
    device: vk::Device,
    semaphore: vk::Semaphore,
    p_value: *mut u64,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    if unsafe { handle::get::<Device, _>(device) }.hub.is_lost() {
        return vk::Result::ERROR_DEVICE_LOST;
    }
    // SAFETY: as above.
    let value = unsafe { handle::object::<Counter, _>(semaphore) }.get();
    // SAFETY: as above.
    unsafe { handle::put(p_value, value) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn wait_semaphores(
    device: vk::Device,
    p_info: *const vk::SemaphoreWaitInfo<'_>,
    timeout: u64,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let semaphores = unsafe { handle::array(info.p_semaphores, info.semaphore_count) };
    // SAFETY: as above.
    let values = unsafe { handle::array(info.p_values, info.semaphore_count) };
    // SAFETY: as above.
    let counter = |s: &vk::Semaphore| unsafe { handle::object::<Counter, _>(*s) };
    let counters: Vec<_> = semaphores.iter().map(counter).zip(values.iter().copied()).collect();
    let all = !info.flags.contains(vk::SemaphoreWaitFlags::ANY);
    wait(device, &counters, all, timeout)
}

unsafe extern "system" fn signal_semaphore(
    _: vk::Device,
    p_info: *const vk::SemaphoreSignalInfo<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    unsafe { handle::object::<Counter, _>(info.semaphore) }.set(info.value);
    vk::Result::SUCCESS
}

unsafe extern "system" fn create_event(
    device: vk::Device,
    _: *const vk::EventCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_event: *mut vk::Event,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let hub = &unsafe { handle::get::<Device, _>(device) }.hub;
    let event = Counter::new(hub, 0, false);
    // SAFETY: as above.
    unsafe { create(device, Kind::Event, event, p_event) }
}

unsafe extern "system" fn get_event_status(_: vk::Device, event: vk::Event) -> vk::Result {
    // SAFETY: see the top of the folder.
    match unsafe { handle::object::<Counter, _>(event) }.get() {
        0 => vk::Result::EVENT_RESET,
        _ => vk::Result::EVENT_SET,
    }
}

unsafe extern "system" fn set_event(_: vk::Device, event: vk::Event) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::object::<Counter, _>(event) }.set(1);
    vk::Result::SUCCESS
}

unsafe extern "system" fn reset_event(_: vk::Device, event: vk::Event) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::object::<Counter, _>(event) }.set(0);
    vk::Result::SUCCESS
}

unsafe extern "system" fn create_query_pool(
    device: vk::Device,
    p_info: *const vk::QueryPoolCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_pool: *mut vk::QueryPool,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    if !unsafe { handle::get::<Device, _>(device) }.config.hardware.query_pools {
        return vk::Result::ERROR_OUT_OF_DEVICE_MEMORY;
    }
    let pool = QueryPool::new(info.query_type, info.query_count);
    // SAFETY: as above.
    unsafe { create(device, Kind::QueryPool, pool, p_pool) }
}

unsafe extern "system" fn reset_query_pool(
    _: vk::Device,
    pool: vk::QueryPool,
    first: u32,
    count: u32,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::object::<QueryPool, _>(pool) }.reset(first, count);
}

/// How often a waiting query is looked at.
const POLL: std::time::Duration = std::time::Duration::from_micros(200);

unsafe extern "system" fn get_query_pool_results(
    _: vk::Device,
    pool: vk::QueryPool,
    first: u32,
    count: u32,
    data_size: usize,
    p_data: *mut c_void,
    stride: vk::DeviceSize,
    flags: vk::QueryResultFlags,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let pool = unsafe { handle::object::<QueryPool, _>(pool) };
    let mut outcome = vk::Result::SUCCESS;
    for i in 0..count {
        while flags.contains(vk::QueryResultFlags::WAIT) && !pool.get(first + i).available {
            std::thread::sleep(POLL);
        }
        let (bytes, available) = pool.result(first + i, flags);
        if !available {
            outcome = vk::Result::NOT_READY;
        }
        let told = flags.intersects(
            vk::QueryResultFlags::WITH_AVAILABILITY | vk::QueryResultFlags::WITH_STATUS_KHR,
        );
        let at = i as usize * stride as usize;
        if (available || told) && at + bytes.len() <= data_size {
            // SAFETY: as above: `data_size` bytes are there.
            let to = unsafe { p_data.cast::<u8>().add(at) };
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        }
    }
    outcome
}
