//! Devices and their queues as they are made, and their end.

use std::ffi::{CStr, c_char};
use std::sync::Arc;

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, find, pointed};
use super::copier::Copies;
use super::device::{self, About, Device};
use super::instance::{self, Instance};
use super::link::{SetDeviceLoaderData, device_link, set_device_loader_data};
use super::table::Table;
use super::{bytes, copies, note};
use crate::settings::settings;

pub(super) unsafe extern "system" fn create(
    physical: vk::PhysicalDevice,
    info: *const vk::DeviceCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    device: *mut vk::Device,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let create_info = unsafe { &*info };
    let loader_data = set_device_loader_data(create_info.p_next);
    let (Some(link), Some(instance)) =
        (device_link(create_info.p_next), instance::of_device(physical))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let get = link.get_device_proc_addr;
    let create = instance.next_function(c"vkCreateDevice");
    // SAFETY: a function of this name has this type.
    let create = unsafe {
        std::mem::transmute::<vk::PFN_vkVoidFunction, Option<vk::PFN_vkCreateDevice>>(create)
    };
    let Some(create) = create else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    // SAFETY: the application's arguments.
    let result = unsafe { create(physical, info, allocator, device) };
    if result == vk::Result::SUCCESS {
        // SAFETY: it was just written.
        let handle = unsafe { *device };
        note(|| add(Made { handle, physical, instance, get, loader_data, info: create_info }));
    }
    result
}

/// What a device is made of.
struct Made<'a> {
    handle: vk::Device,
    physical: vk::PhysicalDevice,
    instance: Arc<Instance>,
    get: vk::PFN_vkGetDeviceProcAddr,
    loader_data: Option<SetDeviceLoaderData>,
    info: &'a vk::DeviceCreateInfo<'a>,
}

/// Whether timeline semaphores are enabled.
fn has_timelines(info: &vk::DeviceCreateInfo<'_>) -> bool {
    type Own<'a> = vk::PhysicalDeviceTimelineSemaphoreFeatures<'a>;
    type All<'a> = vk::PhysicalDeviceVulkan12Features<'a>;
    let own = find::<Own<'_>>(info.p_next).map(|features| features.timeline_semaphore);
    let all = find::<All<'_>>(info.p_next).map(|features| features.timeline_semaphore);
    own.or(all).is_some_and(|enabled| enabled == vk::TRUE)
}

fn add(made: Made<'_>) {
    let Made { handle, physical, instance, get, loader_data, info } = made;
    let names =
        array::<*const c_char>(info.pp_enabled_extension_names, info.enabled_extension_count);
    let decodes = names.iter().any(|name| {
        // SAFETY: see the top of the folder.
        let name = pointed(*name).map(|name| unsafe { CStr::from_ptr(name) });
        name == Some(c"VK_KHR_video_decode_av1")
    });
    // SAFETY: the next layer's function, with its device.
    let next = Table::new(|name| unsafe { get(handle, name.as_ptr()) });
    let (memory_types, families) = bytes::properties(&instance, physical);
    let settings = settings();
    let watched = decodes && settings.is_some();
    let pictures = settings.is_some_and(|settings| settings.pictures) && watched;
    Device::add(About {
        handle,
        physical,
        instance,
        get,
        next,
        memory_types,
        families,
        watched,
        pictures,
        timelines: has_timelines(info),
        loader_data,
    });
}

pub(super) unsafe extern "system" fn destroy(
    handle: vk::Device,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    if device.is_watched() {
        note(|| {
            copies::finish(&device, true);
            device.copies_so_far().into_iter().for_each(Copies::end);
            let mut state = device.state();
            state.sessions.values_mut().for_each(crate::capture::Session::end);
            state.sessions.clear();
        });
    }
    note(|| device.remove());
    if let Some(destroy) = device.next.destroy_device {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, allocator) };
    }
}

pub(super) unsafe extern "system" fn queue(
    handle: vk::Device,
    family: u32,
    index: u32,
    queue: *mut vk::Queue,
) {
    let Some(device) = device::find(handle) else { return };
    let Some(get) = device.next.get_device_queue else { return };
    // SAFETY: the application's arguments.
    unsafe { get(handle, family, index, queue) };
    let queue = pointed(queue).map(|queue| queue.as_raw());
    device.note(|state| {
        queue.and_then(|queue| state.queues.insert(queue, (family, index)));
    });
}

pub(super) unsafe extern "system" fn queue2(
    handle: vk::Device,
    info: *const vk::DeviceQueueInfo2<'_>,
    queue: *mut vk::Queue,
) {
    let Some(device) = device::find(handle) else { return };
    let Some(get) = device.next.get_device_queue2 else { return };
    // SAFETY: the application's arguments.
    unsafe { get(handle, info, queue) };
    let queue = pointed(queue).map(|queue| queue.as_raw());
    let place = pointed(info).map(|info| (info.queue_family_index, info.queue_index));
    device.note(|state| {
        queue.zip(place).and_then(|(queue, place)| state.queues.insert(queue, place));
    });
}
