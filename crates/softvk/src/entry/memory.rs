//! Device memory, buffers, images.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::ffi::c_void;
use std::sync::Arc;

use ash::vk;

use super::common::{profiles, requirements};
use super::device::{Device, Kind};
use super::{Row, table};
use crate::access;
use crate::format::plane_of;
use crate::image::{Buffer, Image, Profiles};
use crate::memory::{Binding, Memory};
use crate::video::create;
use crate::{chain, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkAllocateMemory" => allocate_memory,
    c"vkFreeMemory" => free_memory,
    c"vkMapMemory" => map_memory,
    c"vkUnmapMemory" => unmap_memory,
    c"vkFlushMappedMemoryRanges" => flush_mapped_memory_ranges,
    c"vkInvalidateMappedMemoryRanges" => invalidate_mapped_memory_ranges,
    c"vkGetDeviceMemoryCommitment" => get_device_memory_commitment,
    c"vkCreateBuffer" => create_buffer,
    c"vkDestroyBuffer" => destroy_buffer,
    c"vkGetBufferMemoryRequirements" => get_buffer_memory_requirements,
    c"vkGetBufferMemoryRequirements2" => get_buffer_memory_requirements2,
    c"vkGetDeviceBufferMemoryRequirements" => get_device_buffer_memory_requirements,
    c"vkBindBufferMemory" => bind_buffer_memory,
    c"vkBindBufferMemory2" => bind_buffer_memory2,
    c"vkCreateImage" => create_image,
    c"vkDestroyImage" => destroy_image,
    c"vkGetImageMemoryRequirements" => get_image_memory_requirements,
    c"vkGetImageMemoryRequirements2" => get_image_memory_requirements2,
    c"vkGetDeviceImageMemoryRequirements" => get_device_image_memory_requirements,
    c"vkGetImageSparseMemoryRequirements" => get_image_sparse_memory_requirements,
    c"vkGetImageSparseMemoryRequirements2" => get_image_sparse_memory_requirements2,
    c"vkBindImageMemory" => bind_image_memory,
    c"vkBindImageMemory2" => bind_image_memory2,
    c"vkGetImageSubresourceLayout" => get_image_subresource_layout,
};

unsafe extern "system" fn allocate_memory(
    device: vk::Device,
    p_info: *const vk::MemoryAllocateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_memory: *mut vk::DeviceMemory,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    let (hardware, index) = (&device.config.hardware, info.memory_type_index);
    let made = Memory::new(info.allocation_size).and_then(|memory| {
        let memory = match hardware.budget(index) {
            Some(budget) => memory.of_heap(&device.window, budget)?,
            None => memory,
        };
        if hardware.needs_flush(index) { memory.apart() } else { Some(memory) }
    });
    let Some(memory) = made else {
        return vk::Result::ERROR_OUT_OF_DEVICE_MEMORY;
    };
    device.made(Kind::Memory);
    // SAFETY: as above.
    unsafe { handle::put(p_memory, handle::share(Arc::new(memory))) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn free_memory(
    device: vk::Device,
    memory: vk::DeviceMemory,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::get::<Device, _>(device) }.gone(Kind::Memory, memory);
    // SAFETY: as above.
    unsafe { handle::release::<Memory, _>(memory) };
}

unsafe extern "system" fn map_memory(
    _: vk::Device,
    memory: vk::DeviceMemory,
    offset: vk::DeviceSize,
    _: vk::DeviceSize,
    _: vk::MemoryMapFlags,
    pp_data: *mut *mut c_void,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let address = unsafe { handle::object::<Memory, _>(memory) }.map(offset);
    // SAFETY: as above.
    unsafe { handle::put(pp_data, address.cast()) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn unmap_memory(_: vk::Device, _: vk::DeviceMemory) {}

unsafe extern "system" fn flush_mapped_memory_ranges(
    _: vk::Device,
    count: u32,
    p_ranges: *const vk::MappedMemoryRange<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for range in unsafe { handle::array(p_ranges, count) } {
        // SAFETY: as above.
        unsafe { handle::object::<Memory, _>(range.memory) }.flush(range.offset, range.size);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn invalidate_mapped_memory_ranges(
    _: vk::Device,
    count: u32,
    p_ranges: *const vk::MappedMemoryRange<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for range in unsafe { handle::array(p_ranges, count) } {
        // SAFETY: as above.
        unsafe { handle::object::<Memory, _>(range.memory) }.invalidate(range.offset, range.size);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn get_device_memory_commitment(
    _: vk::Device,
    memory: vk::DeviceMemory,
    p_bytes: *mut vk::DeviceSize,
) {
    // SAFETY: see the top of the folder.
    let size = unsafe { handle::object::<Memory, _>(memory) }.size();
    // SAFETY: as above.
    unsafe { handle::put(p_bytes, size) };
}

unsafe extern "system" fn create_buffer(
    device: vk::Device,
    p_info: *const vk::BufferCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_buffer: *mut vk::Buffer,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let listed = unsafe { profiles(info.p_next, &device.config) };
    let independent = vk::BufferCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR;
    let profiles = match info.flags.contains(independent) {
        true => Profiles::Independent,
        false => Profiles::Listed(listed.unwrap_or_default()),
    };
    create::buffer(&device.messages, info, &profiles);
    device.made(Kind::Buffer);
    let (binding, state) = Default::default();
    let buffer = Buffer { size: info.size, binding, profiles, state };
    // SAFETY: as above.
    unsafe { handle::put(p_buffer, handle::share(Arc::new(buffer))) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_buffer(
    device: vk::Device,
    buffer: vk::Buffer,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    if let Some(buffer) = unsafe { handle::shared::<Buffer, _>(buffer) } {
        access::buffer::end(&buffer, &device.messages);
    }
    device.gone(Kind::Buffer, buffer);
    // SAFETY: as above.
    unsafe { handle::release::<Buffer, _>(buffer) };
}

/// Fills `to` and what is chained to it.
fn fill_requirements(to: &mut vk::MemoryRequirements2<'_>, size: u64) {
    to.memory_requirements = requirements(size);
    // SAFETY: see the top of the folder.
    let dedicated = unsafe { chain::find_mut::<vk::MemoryDedicatedRequirements<'_>>(to.p_next) };
    if let Some(dedicated) = dedicated {
        dedicated.prefers_dedicated_allocation = vk::FALSE;
        dedicated.requires_dedicated_allocation = vk::FALSE;
    }
}

unsafe extern "system" fn get_buffer_memory_requirements(
    _: vk::Device,
    buffer: vk::Buffer,
    p_requirements: *mut vk::MemoryRequirements,
) {
    // SAFETY: see the top of the folder.
    let size = unsafe { handle::object::<Buffer, _>(buffer) }.size;
    // SAFETY: as above.
    unsafe { handle::put(p_requirements, requirements(size)) };
}

unsafe extern "system" fn get_buffer_memory_requirements2(
    _: vk::Device,
    p_info: *const vk::BufferMemoryRequirementsInfo2<'_>,
    p_requirements: *mut vk::MemoryRequirements2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let size = unsafe { handle::object::<Buffer, _>(info.buffer) }.size;
    // SAFETY: as above.
    fill_requirements(unsafe { &mut *p_requirements }, size);
}

unsafe extern "system" fn get_device_buffer_memory_requirements(
    _: vk::Device,
    p_info: *const vk::DeviceBufferMemoryRequirements<'_>,
    p_requirements: *mut vk::MemoryRequirements2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let size = unsafe { &*info.p_create_info }.size;
    // SAFETY: as above.
    fill_requirements(unsafe { &mut *p_requirements }, size);
}

fn bind(binding: &Binding, memory: vk::DeviceMemory, offset: u64) {
    // SAFETY: see the top of the folder.
    if let Some(memory) = unsafe { handle::shared(memory) } {
        binding.bind(memory, offset);
    }
}

unsafe extern "system" fn bind_buffer_memory(
    _: vk::Device,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    offset: vk::DeviceSize,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    bind(&unsafe { handle::object::<Buffer, _>(buffer) }.binding, memory, offset);
    vk::Result::SUCCESS
}

unsafe extern "system" fn bind_buffer_memory2(
    _: vk::Device,
    count: u32,
    p_infos: *const vk::BindBufferMemoryInfo<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for info in unsafe { handle::array(p_infos, count) } {
        // SAFETY: as above.
        let buffer = unsafe { handle::object::<Buffer, _>(info.buffer) };
        bind(&buffer.binding, info.memory, info.memory_offset);
    }
    vk::Result::SUCCESS
}

/// The image that `info` describes, without memory.
fn image(device: &Device, info: &vk::ImageCreateInfo<'_>) -> Result<Image, vk::Result> {
    // SAFETY: see the top of the folder.
    let listed = unsafe { profiles(info.p_next, &device.config) }?;
    create::image(&device.messages, info, &listed, &device.config);
    let profiles = match info.flags.contains(vk::ImageCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR) {
        true => Profiles::Independent,
        false => Profiles::Listed(listed),
    };
    let tiling = info.tiling == vk::ImageTiling::OPTIMAL || info.tiling == vk::ImageTiling::LINEAR;
    Image::new(info, profiles).filter(|_| tiling).ok_or(vk::Result::ERROR_FORMAT_NOT_SUPPORTED)
}

unsafe extern "system" fn create_image(
    device: vk::Device,
    p_info: *const vk::ImageCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_image: *mut vk::Image,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    match image(device, unsafe { &*p_info }) {
        Ok(image) => {
            device.made(Kind::Image);
            // SAFETY: as above.
            unsafe { handle::put(p_image, handle::share(Arc::new(image))) };
            vk::Result::SUCCESS
        }
        Err(result) => result,
    }
}

unsafe extern "system" fn destroy_image(
    device: vk::Device,
    image: vk::Image,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::get::<Device, _>(device) }.gone(Kind::Image, image);
    // SAFETY: as above.
    unsafe { handle::release::<Image, _>(image) };
}

unsafe extern "system" fn get_image_memory_requirements(
    _: vk::Device,
    image: vk::Image,
    p_requirements: *mut vk::MemoryRequirements,
) {
    // SAFETY: see the top of the folder.
    let size = unsafe { handle::object::<Image, _>(image) }.size();
    // SAFETY: as above.
    unsafe { handle::put(p_requirements, requirements(size)) };
}

unsafe extern "system" fn get_image_memory_requirements2(
    _: vk::Device,
    p_info: *const vk::ImageMemoryRequirementsInfo2<'_>,
    p_requirements: *mut vk::MemoryRequirements2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let size = unsafe { handle::object::<Image, _>(info.image) }.size();
    // SAFETY: as above.
    fill_requirements(unsafe { &mut *p_requirements }, size);
}

unsafe extern "system" fn get_device_image_memory_requirements(
    device: vk::Device,
    p_info: *const vk::DeviceImageMemoryRequirements<'_>,
    p_requirements: *mut vk::MemoryRequirements2<'_>,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let size = image(device, unsafe { &*info.p_create_info }).map_or(0, |image| image.size());
    // SAFETY: as above.
    fill_requirements(unsafe { &mut *p_requirements }, size);
}

unsafe extern "system" fn get_image_sparse_memory_requirements(
    _: vk::Device,
    _: vk::Image,
    p_count: *mut u32,
    _: *mut vk::SparseImageMemoryRequirements,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_count, 0) };
}

unsafe extern "system" fn get_image_sparse_memory_requirements2(
    _: vk::Device,
    _: *const vk::ImageSparseMemoryRequirementsInfo2<'_>,
    p_count: *mut u32,
    _: *mut vk::SparseImageMemoryRequirements2<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_count, 0) };
}

unsafe extern "system" fn bind_image_memory(
    _: vk::Device,
    image: vk::Image,
    memory: vk::DeviceMemory,
    offset: vk::DeviceSize,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    bind(&unsafe { handle::object::<Image, _>(image) }.binding, memory, offset);
    vk::Result::SUCCESS
}

unsafe extern "system" fn bind_image_memory2(
    _: vk::Device,
    count: u32,
    p_infos: *const vk::BindImageMemoryInfo<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    for info in unsafe { handle::array(p_infos, count) } {
        // SAFETY: as above.
        let image = unsafe { handle::object::<Image, _>(info.image) };
        bind(&image.binding, info.memory, info.memory_offset);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn get_image_subresource_layout(
    _: vk::Device,
    image: vk::Image,
    p_subresource: *const vk::ImageSubresource,
    p_layout: *mut vk::SubresourceLayout,
) {
    // SAFETY: see the top of the folder.
    let subresource = unsafe { &*p_subresource };
    // SAFETY: as above.
    let image = unsafe { handle::object::<Image, _>(image) };
    let plane = plane_of(subresource.aspect_mask);
    // SAFETY: as above.
    unsafe { handle::put(p_layout, image.subresource_layout(plane, subresource.array_layer)) };
}
