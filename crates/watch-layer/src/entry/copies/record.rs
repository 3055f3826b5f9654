//! The commands of a copy: of pictures, and of bitstreams.

use ash::vk;
use ash::vk::Handle;

use super::super::decoded::Decoded;
use super::super::device::Device;
use super::super::shape::{Shape, shape};
use crate::state::Image;

/// All accesses of a queue before and after.
const ANY: vk::AccessFlags = vk::AccessFlags::from_raw(
    vk::AccessFlags::MEMORY_READ.as_raw() | vk::AccessFlags::MEMORY_WRITE.as_raw(),
);

/// A picture, how it is copied, and the layout that it is in.
pub(super) struct Picture {
    pub(super) one: Decoded,
    pub(super) shape: Shape,
    layout: vk::ImageLayout,
}

/// How a picture is copied on a queue of `family`, or why it is not. `foreign`: it is not the family
/// that decodes.
pub(super) fn picture(
    device: &Device,
    one: &Decoded,
    (family, foreign): (u32, bool),
) -> Result<Picture, &'static str> {
    let state = device.state();
    let image: &Image = state.images.get(&one.image).ok_or("an image that is not known")?;
    if !image.usage.contains(vk::ImageUsageFlags::TRANSFER_SRC) {
        return Err("an image without TRANSFER_SRC");
    }
    let layout = image.layouts.get(one.layer as usize).copied().unwrap_or_default();
    if layout == vk::ImageLayout::UNDEFINED {
        return Err("an image in VK_IMAGE_LAYOUT_UNDEFINED");
    }
    if foreign && !image.families.contains(&family) {
        return Err("the decode queue cannot copy, and no other family shares the image");
    }
    let monochrome = state.sessions.get(&one.session).is_some_and(|s| s.is_monochrome());
    let shape = shape(image.format, one.extent, monochrome).ok_or("a format that is not known")?;
    Ok(Picture { one: one.clone(), shape, layout })
}

/// Records the copy of a picture to `at` in `buffer`.
pub(super) fn copy_picture(
    functions: &ash::Device,
    commands: vk::CommandBuffer,
    (buffer, at): (vk::Buffer, u64),
    picture: &Picture,
) {
    let (one, layout) = (&picture.one, picture.layout);
    let image = vk::Image::from_raw(one.image);
    let copy = vk::AccessFlags::TRANSFER_READ;
    let barrier = |(from, before), (to, after)| {
        vk::ImageMemoryBarrier::default()
            .src_access_mask(before)
            .dst_access_mask(after)
            .old_layout(from)
            .new_layout(to)
            .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .image(image)
            .subresource_range(vk::ImageSubresourceRange {
                aspect_mask: vk::ImageAspectFlags::COLOR,
                base_mip_level: 0,
                level_count: 1,
                base_array_layer: one.layer,
                layer_count: 1,
            })
    };
    let to_source = vk::ImageLayout::TRANSFER_SRC_OPTIMAL;
    let all = vk::PipelineStageFlags::ALL_COMMANDS;
    let order = |barrier: vk::ImageMemoryBarrier<'_>| {
        let flags = vk::DependencyFlags::empty();
        let barriers = [barrier];
        // SAFETY: recording; the image is alive, as the batch before decodes to it.
        unsafe {
            functions.cmd_pipeline_barrier(commands, all, all, flags, &[], &[], &barriers);
        }
    };
    order(barrier((layout, ANY), (to_source, copy)));
    let region = |aspect_mask, offset, (width, height)| {
        vk::BufferImageCopy::default()
            .buffer_offset(offset)
            .image_subresource(vk::ImageSubresourceLayers {
                aspect_mask,
                mip_level: 0,
                base_array_layer: one.layer,
                layer_count: 1,
            })
            .image_extent(vk::Extent3D { width, height, depth: 1 })
    };
    let regions: Vec<_> = picture
        .shape
        .planes()
        .iter()
        .map(|plane| region(plane.aspect, at + plane.offset, plane.extent))
        .collect();
    // SAFETY: recording; the buffer has room for all planes.
    unsafe {
        functions.cmd_copy_image_to_buffer(commands, image, to_source, buffer, &regions);
    }
    order(barrier((to_source, copy), (layout, ANY)));
}

/// Records the copy of the tiles of a decode to `at` in `buffer`, one behind the other.
pub(super) fn copy_tiles(
    functions: &ash::Device,
    commands: vk::CommandBuffer,
    (buffer, at): (vk::Buffer, u64),
    one: &Decoded,
) {
    let Some(bitstream) = &one.bitstream else { return };
    let mut to = at;
    let regions: Vec<_> = bitstream
        .spans
        .iter()
        .filter(|(_, size)| *size > 0)
        .map(|&(offset, size)| {
            let region = vk::BufferCopy::default()
                .src_offset(bitstream.offset + u64::from(offset))
                .dst_offset(to)
                .size(size.into());
            to += u64::from(size);
            region
        })
        .collect();
    let source = vk::Buffer::from_raw(bitstream.buffer);
    if !regions.is_empty() {
        // SAFETY: recording; the buffer is alive, as the batch before decodes from it.
        unsafe { functions.cmd_copy_buffer(commands, source, buffer, &regions) };
    }
}

/// What is copied comes after all that was before it.
pub(super) fn after_all(functions: &ash::Device, commands: vk::CommandBuffer) {
    let all = vk::PipelineStageFlags::ALL_COMMANDS;
    let read = vk::MemoryBarrier::default()
        .src_access_mask(ANY)
        .dst_access_mask(vk::AccessFlags::TRANSFER_READ);
    let flags = vk::DependencyFlags::empty();
    // SAFETY: recording.
    unsafe { functions.cmd_pipeline_barrier(commands, all, all, flags, &[read], &[], &[]) };
}

/// What comes later comes after the copies, and the host reads what they wrote.
pub(super) fn before_all(functions: &ash::Device, commands: vk::CommandBuffer) {
    let read = vk::MemoryBarrier::default()
        .src_access_mask(vk::AccessFlags::TRANSFER_WRITE)
        .dst_access_mask(vk::AccessFlags::HOST_READ);
    let copied = vk::PipelineStageFlags::TRANSFER;
    let after = vk::PipelineStageFlags::HOST | vk::PipelineStageFlags::ALL_COMMANDS;
    let flags = vk::DependencyFlags::empty();
    // SAFETY: recording.
    unsafe { functions.cmd_pipeline_barrier(commands, copied, after, flags, &[read], &[], &[]) };
}
