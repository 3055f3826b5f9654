//! Commands other than video.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::ffi::c_void;
use std::sync::Arc;

use ash::vk::{self, Handle};

use super::{Row, table};
use crate::command::{Command, CommandBuffer};
use crate::handle::{array, get, shared};
use crate::image::{Buffer, Image};
use crate::query::QueryPool;
use crate::sync::Counter;

pub(crate) const TABLE: &[Row] = table! {
    c"vkCmdCopyBuffer" => cmd_copy_buffer,
    c"vkCmdCopyBuffer2" => cmd_copy_buffer2,
    c"vkCmdCopyBufferToImage" => cmd_copy_buffer_to_image,
    c"vkCmdCopyBufferToImage2" => cmd_copy_buffer_to_image2,
    c"vkCmdCopyImageToBuffer" => cmd_copy_image_to_buffer,
    c"vkCmdCopyImageToBuffer2" => cmd_copy_image_to_buffer2,
    c"vkCmdCopyImage" => cmd_copy_image,
    c"vkCmdCopyImage2" => cmd_copy_image2,
    c"vkCmdFillBuffer" => cmd_fill_buffer,
    c"vkCmdUpdateBuffer" => cmd_update_buffer,
    c"vkCmdClearColorImage" => cmd_clear_color_image,
    c"vkCmdResetQueryPool" => cmd_reset_query_pool,
    c"vkCmdBeginQuery" => cmd_begin_query,
    c"vkCmdEndQuery" => cmd_end_query,
    c"vkCmdWriteTimestamp" => cmd_write_timestamp,
    c"vkCmdWriteTimestamp2" => cmd_write_timestamp2,
    c"vkCmdCopyQueryPoolResults" => cmd_copy_query_pool_results,
    c"vkCmdSetEvent" => cmd_set_event,
    c"vkCmdSetEvent2" => cmd_set_event2,
    c"vkCmdResetEvent" => cmd_reset_event,
    c"vkCmdResetEvent2" => cmd_reset_event2,
    c"vkCmdExecuteCommands" => cmd_execute_commands,
    c"vkCmdBeginDebugUtilsLabelEXT" => cmd_label,
    c"vkCmdInsertDebugUtilsLabelEXT" => cmd_label,
    c"vkCmdEndDebugUtilsLabelEXT" => cmd_end_label,
};

/// The command buffer behind `buffer`.
pub(super) fn recorder<'a>(buffer: vk::CommandBuffer) -> &'a CommandBuffer {
    // SAFETY: see the top of the folder.
    unsafe { get::<CommandBuffer, _>(buffer) }
}

/// A counted reference to a resource of a command.
pub(super) fn counted<T, H: Handle + Copy>(handle: H) -> Option<Arc<T>> {
    // SAFETY: see the top of the folder.
    unsafe { shared(handle) }
}

fn copy_buffer(
    to: vk::CommandBuffer,
    src: vk::Buffer,
    dst: vk::Buffer,
    regions: Vec<vk::BufferCopy>,
) {
    if let (Some(src), Some(dst)) = (counted::<Buffer, _>(src), counted::<Buffer, _>(dst)) {
        recorder(to).push(Command::CopyBuffer { src, dst, regions });
    }
}

unsafe extern "system" fn cmd_copy_buffer(
    to: vk::CommandBuffer,
    src: vk::Buffer,
    dst: vk::Buffer,
    count: u32,
    p_regions: *const vk::BufferCopy,
) {
    // SAFETY: see the top of the folder.
    copy_buffer(to, src, dst, unsafe { array(p_regions, count) }.to_vec());
}

unsafe extern "system" fn cmd_copy_buffer2(
    to: vk::CommandBuffer,
    p_info: *const vk::CopyBufferInfo2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    let region = |r: &vk::BufferCopy2<'_>| vk::BufferCopy {
        src_offset: r.src_offset,
        dst_offset: r.dst_offset,
        size: r.size,
    };
    // SAFETY: as above.
    let regions = unsafe { array(info.p_regions, info.region_count) }.iter().map(region);
    copy_buffer(to, info.src_buffer, info.dst_buffer, regions.collect());
}

fn buffer_image_copy(r: &vk::BufferImageCopy2<'_>) -> vk::BufferImageCopy {
    vk::BufferImageCopy {
        buffer_offset: r.buffer_offset,
        buffer_row_length: r.buffer_row_length,
        buffer_image_height: r.buffer_image_height,
        image_subresource: r.image_subresource,
        image_offset: r.image_offset,
        image_extent: r.image_extent,
    }
}

fn copy_to_image(
    to: vk::CommandBuffer,
    src: vk::Buffer,
    (dst, layout): (vk::Image, vk::ImageLayout),
    regions: Vec<vk::BufferImageCopy>,
) {
    if let (Some(src), Some(dst)) = (counted::<Buffer, _>(src), counted::<Image, _>(dst)) {
        recorder(to).push(Command::CopyBufferToImage { src, dst, layout, regions });
    }
}

unsafe extern "system" fn cmd_copy_buffer_to_image(
    to: vk::CommandBuffer,
    src: vk::Buffer,
    dst: vk::Image,
    layout: vk::ImageLayout,
    count: u32,
    p_regions: *const vk::BufferImageCopy,
) {
    // SAFETY: see the top of the folder.
    copy_to_image(to, src, (dst, layout), unsafe { array(p_regions, count) }.to_vec());
}

unsafe extern "system" fn cmd_copy_buffer_to_image2(
    to: vk::CommandBuffer,
    p_info: *const vk::CopyBufferToImageInfo2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let regions = unsafe { array(info.p_regions, info.region_count) }.iter().map(buffer_image_copy);
    let dst = (info.dst_image, info.dst_image_layout);
    copy_to_image(to, info.src_buffer, dst, regions.collect());
}

fn copy_from_image(
    to: vk::CommandBuffer,
    (src, layout): (vk::Image, vk::ImageLayout),
    dst: vk::Buffer,
    regions: Vec<vk::BufferImageCopy>,
) {
    if let (Some(src), Some(dst)) = (counted::<Image, _>(src), counted::<Buffer, _>(dst)) {
        recorder(to).push(Command::CopyImageToBuffer { src, layout, dst, regions });
    }
}

unsafe extern "system" fn cmd_copy_image_to_buffer(
    to: vk::CommandBuffer,
    src: vk::Image,
    layout: vk::ImageLayout,
    dst: vk::Buffer,
    count: u32,
    p_regions: *const vk::BufferImageCopy,
) {
    // SAFETY: see the top of the folder.
    copy_from_image(to, (src, layout), dst, unsafe { array(p_regions, count) }.to_vec());
}

unsafe extern "system" fn cmd_copy_image_to_buffer2(
    to: vk::CommandBuffer,
    p_info: *const vk::CopyImageToBufferInfo2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let regions = unsafe { array(info.p_regions, info.region_count) }.iter().map(buffer_image_copy);
    let src = (info.src_image, info.src_image_layout);
    copy_from_image(to, src, info.dst_buffer, regions.collect());
}

fn copy_image(
    to: vk::CommandBuffer,
    (src, dst): (vk::Image, vk::Image),
    layouts: (vk::ImageLayout, vk::ImageLayout),
    regions: Vec<vk::ImageCopy>,
) {
    if let (Some(src), Some(dst)) = (counted::<Image, _>(src), counted::<Image, _>(dst)) {
        recorder(to).push(Command::CopyImage { src, dst, layouts, regions });
    }
}

unsafe extern "system" fn cmd_copy_image(
    to: vk::CommandBuffer,
    src: vk::Image,
    src_layout: vk::ImageLayout,
    dst: vk::Image,
    dst_layout: vk::ImageLayout,
    count: u32,
    p_regions: *const vk::ImageCopy,
) {
    // SAFETY: see the top of the folder.
    let regions = unsafe { array(p_regions, count) }.to_vec();
    copy_image(to, (src, dst), (src_layout, dst_layout), regions);
}

unsafe extern "system" fn cmd_copy_image2(
    to: vk::CommandBuffer,
    p_info: *const vk::CopyImageInfo2<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    let region = |r: &vk::ImageCopy2<'_>| vk::ImageCopy {
        src_subresource: r.src_subresource,
        src_offset: r.src_offset,
        dst_subresource: r.dst_subresource,
        dst_offset: r.dst_offset,
        extent: r.extent,
    };
    // SAFETY: as above.
    let regions = unsafe { array(info.p_regions, info.region_count) }.iter().map(region);
    let layouts = (info.src_image_layout, info.dst_image_layout);
    copy_image(to, (info.src_image, info.dst_image), layouts, regions.collect());
}

unsafe extern "system" fn cmd_fill_buffer(
    to: vk::CommandBuffer,
    dst: vk::Buffer,
    offset: vk::DeviceSize,
    size: vk::DeviceSize,
    data: u32,
) {
    if let Some(dst) = counted::<Buffer, _>(dst) {
        recorder(to).push(Command::FillBuffer { dst, offset, size, data });
    }
}

unsafe extern "system" fn cmd_update_buffer(
    to: vk::CommandBuffer,
    dst: vk::Buffer,
    offset: vk::DeviceSize,
    size: vk::DeviceSize,
    p_data: *const c_void,
) {
    // SAFETY: see the top of the folder.
    let data = unsafe { array(p_data.cast::<u8>(), size as u32) }.to_vec();
    if let Some(dst) = counted::<Buffer, _>(dst) {
        recorder(to).push(Command::UpdateBuffer { dst, offset, data });
    }
}

unsafe extern "system" fn cmd_clear_color_image(
    to: vk::CommandBuffer,
    dst: vk::Image,
    layout: vk::ImageLayout,
    p_color: *const vk::ClearColorValue,
    _: u32,
    _: *const vk::ImageSubresourceRange,
) {
    // SAFETY: see the top of the folder.
    let color = unsafe { &*p_color };
    // SAFETY: the formats that may be cleared are all normalised, so the value is of floats.
    let color = unsafe { color.float32 };
    let Some(dst) = counted::<Image, _>(dst) else { return };
    let bytes = dst.format.planes()[0].bytes as usize;
    let texel = match dst.format.bit_depth {
        8 => color.iter().map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8).take(bytes).collect(),
        depth => {
            let max = f32::from(((1u32 << depth) - 1) as u16);
            let sample = |c: &f32| ((c.clamp(0.0, 1.0) * max).round() as u16) << (16 - depth);
            color.iter().flat_map(|c| sample(c).to_ne_bytes()).take(bytes).collect()
        }
    };
    recorder(to).push(Command::ClearImage { dst, layout, texel });
}

unsafe extern "system" fn cmd_reset_query_pool(
    to: vk::CommandBuffer,
    pool: vk::QueryPool,
    first: u32,
    count: u32,
) {
    if let Some(pool) = counted::<QueryPool, _>(pool) {
        recorder(to).push(Command::ResetQueries { pool, first, count });
    }
}

unsafe extern "system" fn cmd_begin_query(
    to: vk::CommandBuffer,
    pool: vk::QueryPool,
    index: u32,
    _: vk::QueryControlFlags,
) {
    if let Some(pool) = counted::<QueryPool, _>(pool) {
        recorder(to).push(Command::BeginQuery { pool, index });
    }
}

unsafe extern "system" fn cmd_end_query(to: vk::CommandBuffer, pool: vk::QueryPool, index: u32) {
    if let Some(pool) = counted::<QueryPool, _>(pool) {
        recorder(to).push(Command::EndQuery { pool, index });
    }
}

unsafe extern "system" fn cmd_write_timestamp(
    to: vk::CommandBuffer,
    _: vk::PipelineStageFlags,
    pool: vk::QueryPool,
    index: u32,
) {
    if let Some(pool) = counted::<QueryPool, _>(pool) {
        recorder(to).push(Command::WriteTimestamp { pool, index });
    }
}

unsafe extern "system" fn cmd_write_timestamp2(
    to: vk::CommandBuffer,
    _: vk::PipelineStageFlags2,
    pool: vk::QueryPool,
    index: u32,
) {
    if let Some(pool) = counted::<QueryPool, _>(pool) {
        recorder(to).push(Command::WriteTimestamp { pool, index });
    }
}

unsafe extern "system" fn cmd_copy_query_pool_results(
    to: vk::CommandBuffer,
    pool: vk::QueryPool,
    first: u32,
    count: u32,
    dst: vk::Buffer,
    offset: vk::DeviceSize,
    stride: vk::DeviceSize,
    flags: vk::QueryResultFlags,
) {
    if let (Some(pool), Some(dst)) = (counted::<QueryPool, _>(pool), counted::<Buffer, _>(dst)) {
        let command = Command::CopyQueryResults { pool, first, count, dst, offset, stride, flags };
        recorder(to).push(command);
    }
}

fn event(to: vk::CommandBuffer, event: vk::Event, value: u64) {
    if let Some(event) = counted::<Counter, _>(event) {
        recorder(to).push(Command::SetEvent { event, value });
    }
}

unsafe extern "system" fn cmd_set_event(
    to: vk::CommandBuffer,
    e: vk::Event,
    _: vk::PipelineStageFlags,
) {
    event(to, e, 1);
}

unsafe extern "system" fn cmd_set_event2(
    to: vk::CommandBuffer,
    e: vk::Event,
    _: *const vk::DependencyInfo<'_>,
) {
    event(to, e, 1);
}

unsafe extern "system" fn cmd_reset_event(
    to: vk::CommandBuffer,
    e: vk::Event,
    _: vk::PipelineStageFlags,
) {
    event(to, e, 0);
}

unsafe extern "system" fn cmd_reset_event2(
    to: vk::CommandBuffer,
    e: vk::Event,
    _: vk::PipelineStageFlags2,
) {
    event(to, e, 0);
}

unsafe extern "system" fn cmd_execute_commands(
    to: vk::CommandBuffer,
    count: u32,
    p_buffers: *const vk::CommandBuffer,
) {
    // SAFETY: see the top of the folder.
    let buffers = unsafe { array(p_buffers, count) };
    let lists = buffers.iter().map(|b| recorder(*b).commands()).collect();
    recorder(to).push(Command::Execute(lists));
}

unsafe extern "system" fn cmd_label(_: vk::CommandBuffer, _: *const vk::DebugUtilsLabelEXT<'_>) {}

unsafe extern "system" fn cmd_end_label(_: vk::CommandBuffer) {}
