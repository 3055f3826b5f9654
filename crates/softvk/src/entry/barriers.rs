//! Pipeline barriers and waits for events. Commands of a queue are executed one after the other on
//! the host, so nothing waits; but what barriers say of images is tracked, and checked.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use ash::vk;

use super::commands::{counted, recorder};
use super::{Row, table};
use crate::access::{BufferBarrier, Dependency, ImageBarrier, Side, accesses, stages};
use crate::command::Command;
use crate::handle::array;
use crate::image::{Buffer, Image};
use crate::sync::Counter;

pub(crate) const TABLE: &[Row] = table! {
    c"vkCmdPipelineBarrier" => cmd_pipeline_barrier,
    c"vkCmdPipelineBarrier2" => cmd_pipeline_barrier2,
    c"vkCmdWaitEvents" => cmd_wait_events,
    c"vkCmdWaitEvents2" => cmd_wait_events2,
};

/// The families of an ownership transfer between queues of this device.
fn families(from: u32, to: u32) -> Option<(u32, u32)> {
    let ours = |family| family < super::common::FAMILIES;
    (from != to && ours(from) && ours(to)).then_some((from, to))
}

/// The layers of `range` in `image`.
fn layers(image: &Image, range: &vk::ImageSubresourceRange) -> std::ops::Range<u32> {
    let end = match range.layer_count {
        vk::REMAINING_ARRAY_LAYERS => image.layers,
        count => range.base_array_layer.saturating_add(count),
    };
    range.base_array_layer..end.min(image.layers)
}

fn image_barrier(
    b: &vk::ImageMemoryBarrier<'_>,
    from: vk::PipelineStageFlags,
    to: vk::PipelineStageFlags,
) -> Option<ImageBarrier> {
    let image = counted::<Image, _>(b.image)?;
    Some(ImageBarrier {
        layers: layers(&image, &b.subresource_range),
        image,
        from: Side { stages: stages(from), access: accesses(b.src_access_mask) },
        to: Side { stages: stages(to), access: accesses(b.dst_access_mask) },
        old: b.old_layout,
        new: b.new_layout,
        families: families(b.src_queue_family_index, b.dst_queue_family_index),
    })
}

fn image_barrier2(b: &vk::ImageMemoryBarrier2<'_>) -> Option<ImageBarrier> {
    let image = counted::<Image, _>(b.image)?;
    Some(ImageBarrier {
        layers: layers(&image, &b.subresource_range),
        image,
        from: Side { stages: b.src_stage_mask, access: b.src_access_mask },
        to: Side { stages: b.dst_stage_mask, access: b.dst_access_mask },
        old: b.old_layout,
        new: b.new_layout,
        families: families(b.src_queue_family_index, b.dst_queue_family_index),
    })
}

/// Bytes of a buffer barrier.
fn bytes(buffer: &Buffer, offset: u64, size: u64) -> std::ops::Range<u64> {
    match size {
        vk::WHOLE_SIZE => offset..buffer.size,
        size => offset..offset.saturating_add(size),
    }
}

fn buffer_barrier(
    b: &vk::BufferMemoryBarrier<'_>,
    from: vk::PipelineStageFlags,
    to: vk::PipelineStageFlags,
) -> Option<BufferBarrier> {
    let buffer = counted::<Buffer, _>(b.buffer)?;
    Some(BufferBarrier {
        range: bytes(&buffer, b.offset, b.size),
        buffer,
        from: Side { stages: stages(from), access: accesses(b.src_access_mask) },
        to: Side { stages: stages(to), access: accesses(b.dst_access_mask) },
    })
}

fn buffer_barrier2(b: &vk::BufferMemoryBarrier2<'_>) -> Option<BufferBarrier> {
    let buffer = counted::<Buffer, _>(b.buffer)?;
    Some(BufferBarrier {
        range: bytes(&buffer, b.offset, b.size),
        buffer,
        from: Side { stages: b.src_stage_mask, access: b.src_access_mask },
        to: Side { stages: b.dst_stage_mask, access: b.dst_access_mask },
    })
}

/// The dependencies of a barrier of Vulkan 1.0. Without any memory barrier it still orders.
fn dependency(
    (from, to): (vk::PipelineStageFlags, vk::PipelineStageFlags),
    memory: &[vk::MemoryBarrier<'_>],
    buffers: &[vk::BufferMemoryBarrier<'_>],
    images: &[vk::ImageMemoryBarrier<'_>],
) -> Command {
    let sides = |source, destination| {
        let from = Side { stages: stages(from), access: accesses(source) };
        (from, Side { stages: stages(to), access: accesses(destination) })
    };
    let execution = sides(vk::AccessFlags::empty(), vk::AccessFlags::empty());
    let memory = memory.iter().map(|b| sides(b.src_access_mask, b.dst_access_mask));
    Command::Barrier(Box::new(Dependency {
        memory: std::iter::once(execution).chain(memory).collect(),
        images: images.iter().filter_map(|b| image_barrier(b, from, to)).collect(),
        buffers: buffers.iter().filter_map(|b| buffer_barrier(b, from, to)).collect(),
    }))
}

fn dependency2(info: &vk::DependencyInfo<'_>) -> Command {
    // SAFETY: see the top of the folder.
    let memory = unsafe { array(info.p_memory_barriers, info.memory_barrier_count) };
    // SAFETY: as above.
    let images = unsafe { array(info.p_image_memory_barriers, info.image_memory_barrier_count) };
    // SAFETY: as above.
    let buffers = unsafe { array(info.p_buffer_memory_barriers, info.buffer_memory_barrier_count) };
    let memory = memory.iter().map(|b| {
        let from = Side { stages: b.src_stage_mask, access: b.src_access_mask };
        (from, Side { stages: b.dst_stage_mask, access: b.dst_access_mask })
    });
    Command::Barrier(Box::new(Dependency {
        memory: memory.collect(),
        images: images.iter().filter_map(image_barrier2).collect(),
        buffers: buffers.iter().filter_map(buffer_barrier2).collect(),
    }))
}

unsafe extern "system" fn cmd_pipeline_barrier(
    to: vk::CommandBuffer,
    source: vk::PipelineStageFlags,
    destination: vk::PipelineStageFlags,
    _: vk::DependencyFlags,
    memory_count: u32,
    p_memory: *const vk::MemoryBarrier<'_>,
    buffer_count: u32,
    p_buffers: *const vk::BufferMemoryBarrier<'_>,
    image_count: u32,
    p_images: *const vk::ImageMemoryBarrier<'_>,
) {
    // SAFETY: see the top of the folder.
    let memory = unsafe { array(p_memory, memory_count) };
    // SAFETY: as above.
    let buffers = unsafe { array(p_buffers, buffer_count) };
    // SAFETY: as above.
    let images = unsafe { array(p_images, image_count) };
    recorder(to).push(dependency((source, destination), memory, buffers, images));
}

unsafe extern "system" fn cmd_pipeline_barrier2(
    to: vk::CommandBuffer,
    p_info: *const vk::DependencyInfo<'_>,
) {
    // SAFETY: see the top of the folder.
    recorder(to).push(dependency2(unsafe { &*p_info }));
}

fn wait_events(to: vk::CommandBuffer, events: &[vk::Event]) {
    let events = events.iter().filter_map(|e| counted::<Counter, _>(*e)).collect();
    recorder(to).push(Command::WaitEvents(events));
}

unsafe extern "system" fn cmd_wait_events(
    to: vk::CommandBuffer,
    count: u32,
    p_events: *const vk::Event,
    source: vk::PipelineStageFlags,
    destination: vk::PipelineStageFlags,
    memory_count: u32,
    p_memory: *const vk::MemoryBarrier<'_>,
    buffer_count: u32,
    p_buffers: *const vk::BufferMemoryBarrier<'_>,
    image_count: u32,
    p_images: *const vk::ImageMemoryBarrier<'_>,
) {
    // SAFETY: see the top of the folder.
    wait_events(to, unsafe { array(p_events, count) });
    // SAFETY: as above.
    let memory = unsafe { array(p_memory, memory_count) };
    // SAFETY: as above.
    let buffers = unsafe { array(p_buffers, buffer_count) };
    // SAFETY: as above.
    let images = unsafe { array(p_images, image_count) };
    recorder(to).push(dependency((source, destination), memory, buffers, images));
}

unsafe extern "system" fn cmd_wait_events2(
    to: vk::CommandBuffer,
    count: u32,
    p_events: *const vk::Event,
    p_infos: *const vk::DependencyInfo<'_>,
) {
    // SAFETY: see the top of the folder.
    wait_events(to, unsafe { array(p_events, count) });
    // SAFETY: as above.
    for info in unsafe { array(p_infos, count) } {
        recorder(to).push(dependency2(info));
    }
}
