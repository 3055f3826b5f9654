//! VK_EXT_host_image_copy: copies and changes of layout by the host, at once.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use ash::vk::{self, ImageLayout};

use super::device::Device;
use super::{Row, table};
use crate::access;
use crate::config::Config;
use crate::format::plane_of;
use crate::hardware::HostCopies;
use crate::image::Image;
use crate::{chain, copy, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCopyImageToMemory" => copy_image_to_memory,
    c"vkCopyMemoryToImage" => copy_memory_to_image,
    c"vkCopyImageToImage" => copy_image_to_image,
    c"vkTransitionImageLayout" => transition_image_layout,
    c"vkGetImageSubresourceLayout2" => get_image_subresource_layout2,
};

/// pCopySrcLayouts and pCopyDstLayouts.
pub(crate) fn layouts(config: &Config) -> &'static [ImageLayout] {
    const ALL: [ImageLayout; 6] = [
        ImageLayout::GENERAL,
        ImageLayout::TRANSFER_SRC_OPTIMAL,
        ImageLayout::TRANSFER_DST_OPTIMAL,
        ImageLayout::VIDEO_DECODE_DST_KHR,
        ImageLayout::VIDEO_DECODE_SRC_KHR,
        ImageLayout::VIDEO_DECODE_DPB_KHR,
    ];
    match config.hardware.host_copies {
        HostCopies::Unsaid | HostCopies::No => &[],
        HostCopies::NotOfVideoLayouts => &ALL[..3],
        HostCopies::Yes => &ALL,
    }
}

/// VkPhysicalDeviceHostImageCopyProperties.
pub(super) fn properties(
    config: &Config,
    p: &mut vk::PhysicalDeviceHostImageCopyPropertiesEXT<'_>,
) {
    let layouts = layouts(config);
    let list = |p_layouts: *mut ImageLayout, count: &mut u32| {
        if p_layouts.is_null() {
            *count = layouts.len() as u32;
            return;
        }
        *count = (*count).min(layouts.len() as u32);
        // SAFETY: the application's array has that many, see the top of the folder.
        unsafe { p_layouts.copy_from_nonoverlapping(layouts.as_ptr(), *count as usize) };
    };
    list(p.p_copy_src_layouts, &mut p.copy_src_layout_count);
    list(p.p_copy_dst_layouts, &mut p.copy_dst_layout_count);
    p.optimal_tiling_layout_uuid = *b"softvk rows     ";
    p.identical_memory_type_requirements = vk::TRUE;
}

/// Checks a use of the layers of `part` of `image` by the host.
fn check(
    device: &Device,
    image: &Image,
    part: vk::ImageSubresourceLayers,
    layout: ImageLayout,
    vuids: [&str; 3],
) {
    let [usage, listed, current] = vuids;
    let say = |vuid: &str, text: &str| device.messages.error(vuid, text);
    if !image.usage.contains(vk::ImageUsageFlags::HOST_TRANSFER_EXT) {
        say(usage, "an image without HOST_TRANSFER is copied by the host");
    }
    if !layouts(&device.config).contains(&layout) {
        say(listed, &format!("{layout:?} is not listed for copies by the host"));
    }
    let layers = part.base_array_layer..part.base_array_layer.saturating_add(part.layer_count);
    for (is_layout, text) in access::host::copied(image, layers, layout) {
        say(if is_layout { current } else { "" }, &text);
    }
}

/// A region of host memory, as a buffer's is described.
fn region(
    row_length: u32,
    image_height: u32,
    image_subresource: vk::ImageSubresourceLayers,
    image_offset: vk::Offset3D,
    image_extent: vk::Extent3D,
) -> vk::BufferImageCopy {
    vk::BufferImageCopy {
        buffer_offset: 0,
        buffer_row_length: row_length,
        buffer_image_height: image_height,
        image_subresource,
        image_offset,
        image_extent,
    }
}

unsafe extern "system" fn copy_image_to_memory(
    device: vk::Device,
    p_info: *const vk::CopyImageToMemoryInfoEXT<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let image = unsafe { handle::object::<Image, _>(info.src_image) };
    // SAFETY: as above.
    for r in unsafe { handle::array(info.p_regions, info.region_count) } {
        let vuids = [
            "VUID-VkCopyImageToMemoryInfo-srcImage-09113",
            "VUID-VkCopyImageToMemoryInfo-srcImageLayout-09065",
            "VUID-VkCopyImageToMemoryInfo-srcImageLayout-09064",
        ];
        let part = r.image_subresource;
        check(device, image, part, info.src_image_layout, vuids);
        let (length, height) = (r.memory_row_length, r.memory_image_height);
        let from = region(length, height, part, r.image_offset, r.image_extent);
        let copied = copy::image_to_host(image, &from, |at, row| {
            // SAFETY: the application's memory has room for the region, as above.
            let to = unsafe { r.p_host_pointer.cast::<u8>().add(at) };
            // SAFETY: as above.
            unsafe { to.copy_from_nonoverlapping(row.as_ptr(), row.len()) };
        });
        if copied.is_none() {
            device.messages.error("", "vkCopyImageToMemory reaches outside its image");
            return vk::Result::ERROR_MEMORY_MAP_FAILED;
        }
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn copy_memory_to_image(
    device: vk::Device,
    p_info: *const vk::CopyMemoryToImageInfoEXT<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let image = unsafe { handle::object::<Image, _>(info.dst_image) };
    // SAFETY: as above.
    for r in unsafe { handle::array(info.p_regions, info.region_count) } {
        let vuids = [
            "VUID-VkCopyMemoryToImageInfo-dstImage-09113",
            "VUID-VkCopyMemoryToImageInfo-dstImageLayout-09060",
            "VUID-VkCopyMemoryToImageInfo-dstImageLayout-09059",
        ];
        let part = r.image_subresource;
        check(device, image, part, info.dst_image_layout, vuids);
        let (length, height) = (r.memory_row_length, r.memory_image_height);
        let to = region(length, height, part, r.image_offset, r.image_extent);
        let done = copy::host_to_image(image, &to, |at, row| {
            // SAFETY: the application's memory holds the region, as above.
            let from = unsafe { r.p_host_pointer.cast::<u8>().add(at) };
            // SAFETY: as above.
            unsafe { from.copy_to_nonoverlapping(row.as_mut_ptr(), row.len()) };
        });
        if done.is_none() {
            device.messages.error("", "vkCopyMemoryToImage reaches outside its image");
        }
        access::host::written(image, part.base_array_layer);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn copy_image_to_image(
    _: vk::Device,
    p_info: *const vk::CopyImageToImageInfoEXT<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let src = unsafe { handle::object::<Image, _>(info.src_image) };
    // SAFETY: as above.
    let dst = unsafe { handle::object::<Image, _>(info.dst_image) };
    // SAFETY: as above.
    for r in unsafe { handle::array(info.p_regions, info.region_count) } {
        let region = vk::ImageCopy {
            src_subresource: r.src_subresource,
            src_offset: r.src_offset,
            dst_subresource: r.dst_subresource,
            dst_offset: r.dst_offset,
            extent: r.extent,
        };
        copy::image(src, dst, &region);
        access::host::written(dst, r.dst_subresource.base_array_layer);
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn transition_image_layout(
    device: vk::Device,
    count: u32,
    p_transitions: *const vk::HostImageLayoutTransitionInfoEXT<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    for to in unsafe { handle::array(p_transitions, count) } {
        // SAFETY: as above.
        let image = unsafe { handle::object::<Image, _>(to.image) };
        let range = to.subresource_range;
        let layers = match range.layer_count {
            vk::REMAINING_ARRAY_LAYERS => image.layers.saturating_sub(range.base_array_layer),
            count => count,
        };
        let layers = range.base_array_layer..range.base_array_layer.saturating_add(layers);
        if let Some(text) = access::host::laid_out(image, layers, to.old_layout, to.new_layout) {
            let vuid = "VUID-VkHostImageLayoutTransitionInfo-oldLayout-09229";
            device.messages.error(vuid, &text);
        }
    }
    vk::Result::SUCCESS
}

unsafe extern "system" fn get_image_subresource_layout2(
    _: vk::Device,
    image: vk::Image,
    p_subresource: *const vk::ImageSubresource2KHR<'_>,
    p_layout: *mut vk::SubresourceLayout2KHR<'_>,
) {
    // SAFETY: see the top of the folder.
    let part = unsafe { &*p_subresource }.image_subresource;
    // SAFETY: as above.
    let image = unsafe { handle::object::<Image, _>(image) };
    // SAFETY: as above.
    let to = unsafe { &mut *p_layout };
    let plane = plane_of(part.aspect_mask);
    to.subresource_layout = image.subresource_layout(plane, part.array_layer);
    // SAFETY: as above.
    let size = unsafe { chain::find_mut::<vk::SubresourceHostMemcpySizeEXT<'_>>(to.p_next) };
    if let Some(size) = size {
        let texels = |p: &crate::image::PlaneLayout| u64::from(p.width) * u64::from(p.height);
        let bytes = image.planes.get(plane).map(|p| texels(p) * u64::from(p.format.bytes));
        size.size = bytes.unwrap_or_default();
    }
}
