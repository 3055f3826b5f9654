//! Buffers, images and views of video decoding.

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, find, pointed};
use super::device;
use crate::state::{Buffer, Image, View};

/// Usages of images that are looked at.
const DECODE: vk::ImageUsageFlags = vk::ImageUsageFlags::from_raw(
    vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR.as_raw()
        | vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR.as_raw(),
);

pub(super) unsafe extern "system" fn create_buffer(
    handle: vk::Device,
    info: *const vk::BufferCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    buffer: *mut vk::Buffer,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_buffer?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let readable = pointed(info).and_then(|info| Readable::of(&device, info));
    let asked = readable.as_ref().map_or(info, |readable| readable.info());
    // SAFETY: the application's arguments, or they with one usage more.
    let result = unsafe { create(handle, asked, allocator, buffer) };
    let info = pointed(info);
    let decodes = vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR;
    if result == vk::Result::SUCCESS && info.is_some_and(|i| usage(i).contains(decodes)) {
        let made = pointed(buffer).zip(info);
        device.note(|state| {
            if let Some((buffer, info)) = made {
                let source = usage(info).contains(vk::BufferUsageFlags::TRANSFER_SRC);
                let made = Buffer {
                    size: info.size,
                    source: source || readable.is_some(),
                    families: families(
                        info.sharing_mode,
                        array(info.p_queue_family_indices, info.queue_family_index_count),
                    ),
                    memory: None,
                };
                state.buffers.insert(buffer.as_raw(), made);
            }
        });
    }
    result
}

/// The families that share an object.
fn families(mode: vk::SharingMode, families: &[u32]) -> Vec<u32> {
    match mode {
        vk::SharingMode::CONCURRENT => families.to_vec(),
        _ => Vec::new(),
    }
}

/// A bitstream buffer with TRANSFER_SRC beside what the application asks for, so that it can be read
/// if its memory is the device's alone.
struct Readable<'a> {
    info: vk::BufferCreateInfo<'a>,
    newer: Option<Box<vk::BufferUsageFlags2CreateInfoKHR<'a>>>,
}

impl<'a> Readable<'a> {
    /// `None` where it is not needed, or what else is asked for could make it an error.
    fn of(device: &device::Device, info: &vk::BufferCreateInfo<'a>) -> Option<Self> {
        let all_visible = device
            .memory_types
            .iter()
            .all(|flags| flags.contains(vk::MemoryPropertyFlags::HOST_VISIBLE));
        let (given, source) = (usage(info), vk::BufferUsageFlags::TRANSFER_SRC);
        let needed = device.is_watched()
            && !all_visible
            && given.contains(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR)
            && !given.contains(source);
        let external = find::<vk::ExternalMemoryBufferCreateInfo<'_>>(info.p_next).is_some();
        if !needed || external || info.flags.contains(vk::BufferCreateFlags::PROTECTED) {
            return None;
        }
        let mut made = Self { info: *info, newer: None };
        made.info.usage |= source;
        let Some(newer) = find::<vk::BufferUsageFlags2CreateInfoKHR<'_>>(info.p_next) else {
            return Some(made);
        };
        // It counts in place of `usage`; only at the head of the chain can it be replaced.
        if !std::ptr::eq(std::ptr::from_ref(newer).cast(), info.p_next) {
            return None;
        }
        let mut newer = Box::new(*newer);
        newer.usage |= vk::BufferUsageFlags2KHR::TRANSFER_SRC;
        made.info.p_next = std::ptr::from_ref(&*newer).cast();
        made.newer = Some(newer);
        Some(made)
    }

    fn info(&self) -> *const vk::BufferCreateInfo<'a> {
        // What `newer` points to is kept as long.
        let _ = &self.newer;
        &self.info
    }
}

/// A buffer's usage; VkBufferUsageFlags2CreateInfoKHR has all bits of the older flags.
fn usage(info: &vk::BufferCreateInfo<'_>) -> vk::BufferUsageFlags {
    let newer = find::<vk::BufferUsageFlags2CreateInfoKHR<'_>>(info.p_next);
    let newer = newer.map_or(0, |newer| newer.usage.as_raw() as u32);
    info.usage | vk::BufferUsageFlags::from_raw(newer)
}

pub(super) unsafe extern "system" fn destroy_buffer(
    handle: vk::Device,
    buffer: vk::Buffer,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        state.buffers.remove(&buffer.as_raw());
    });
    if let Some(destroy) = device.next.destroy_buffer {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, buffer, allocator) };
    }
}

pub(super) unsafe extern "system" fn create_image(
    handle: vk::Device,
    info: *const vk::ImageCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    image: *mut vk::Image,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_image?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { create(handle, info, allocator, image) };
    let info = pointed(info).filter(|info| info.usage.intersects(DECODE));
    if let (vk::Result::SUCCESS, Some(info), Some(image)) = (result, info, pointed(image)) {
        device.note(|state| {
            let number = state.images_made;
            state.images_made += 1;
            let made = Image {
                number,
                format: info.format,
                extent: (info.extent.width, info.extent.height),
                usage: info.usage,
                flags: info.flags,
                families: families(
                    info.sharing_mode,
                    array(info.p_queue_family_indices, info.queue_family_index_count),
                ),
                layouts: vec![info.initial_layout; info.array_layers.min(4096) as usize],
            };
            state.images.insert(image.as_raw(), made);
        });
    }
    result
}

pub(super) unsafe extern "system" fn destroy_image(
    handle: vk::Device,
    image: vk::Image,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        state.images.remove(&image.as_raw());
    });
    if let Some(destroy) = device.next.destroy_image {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, image, allocator) };
    }
}

pub(super) unsafe extern "system" fn create_image_view(
    handle: vk::Device,
    info: *const vk::ImageViewCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    view: *mut vk::ImageView,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_image_view?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { create(handle, info, allocator, view) };
    if let (vk::Result::SUCCESS, Some(info), Some(view)) = (result, pointed(info), pointed(view)) {
        device.note(|state| {
            let image = info.image.as_raw();
            if state.images.contains_key(&image) {
                let base_layer = info.subresource_range.base_array_layer;
                state.views.insert(view.as_raw(), View { image, base_layer });
            }
        });
    }
    result
}

pub(super) unsafe extern "system" fn destroy_image_view(
    handle: vk::Device,
    view: vk::ImageView,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        state.views.remove(&view.as_raw());
    });
    if let Some(destroy) = device.next.destroy_image_view {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, view, allocator) };
    }
}
