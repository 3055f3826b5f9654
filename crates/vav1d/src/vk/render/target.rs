//! What is drawn to, and how a drawing ends there: a triangle over it, or a copy of its pixels.
#![allow(unsafe_code, reason = "Vulkan calls")]

use ash::vk;

use super::drawing::Drawing;
use super::passes::Presentation;
use super::pipelines::{Pass, Pipelines};
use crate::vk::adapter::Adapter;
use crate::vk::barriers;
use crate::vk::device::Device;

/// What is drawn to.
pub(super) struct Target {
    pub(super) image: vk::Image,
    pub(super) view: vk::ImageView,
    pub(super) extent: (u32, u32),
    /// Pixels may be copied to it.
    pub(super) takes_copies: bool,
    /// A buffer that the image is copied to; without, it is to be presented.
    pub(super) copy_to: Option<vk::Buffer>,
}

/// Whether B is first in pixels of `format`, where copying them is less work for `adapter` than
/// drawing them: a processor runs the shaders.
pub(super) fn direct(adapter: &Adapter, format: vk::Format) -> Option<bool> {
    if adapter.device_type != vk::PhysicalDeviceType::CPU {
        return None;
    }
    match format {
        vk::Format::B8G8R8A8_UNORM => Some(true),
        vk::Format::R8G8B8A8_UNORM => Some(false),
        _ => None,
    }
}

/// Whether the pixels of `target` are those of a new picture of `source` pixels, as it is.
pub(super) fn is_all(drawing: &Drawing<'_>, source: (u32, u32), target: &Target) -> bool {
    let view = &drawing.view;
    let is_plain = view.quarters == 0 && !view.is_mirrored && view.clip.is_none();
    let is_over = view.origin == (0, 0) && view.size == target.extent && source == target.extent;
    drawing.frame.is_some()
        && drawing.overlay.is_none()
        && is_plain
        && is_over
        && target.takes_copies
}

impl Presentation {
    /// What is drawn where, and above it; of the picture nothing, if none `is_there`. The target has
    /// components up to the first of `levels`, and takes PQ if the second is set.
    pub(super) fn new(drawing: &Drawing<'_>, is_there: bool, levels: (f32, bool)) -> Self {
        let (origin, size) = drawing.overlay.map_or(((0, 0), (0, 0)), |o| (o.origin, o.size));
        let view = &drawing.view;
        let (clip_origin, clip_size) = view.clip.unwrap_or((view.origin, view.size));
        Self {
            origin: [view.origin.0, view.origin.1],
            size: if is_there { [view.size.0 as i32, view.size.1 as i32] } else { [0, 0] },
            overlay_origin: [origin.0, origin.1],
            overlay_size: [size.0 as i32, size.1 as i32],
            clip_origin: [clip_origin.0, clip_origin.1],
            clip_size: [clip_size.0 as i32, clip_size.1 as i32],
            levels: levels.0,
            hdr_output: levels.1.into(),
            quarters: view.quarters,
            mirrored: view.is_mirrored.into(),
        }
    }
}

/// The end of a drawing.
pub(super) struct Ending<'d> {
    pub(super) device: &'d Device,
    pub(super) pipelines: &'d Pipelines,
    pub(super) commands: vk::CommandBuffer,
    pub(super) target: &'d Target,
}

impl Ending<'_> {
    /// Copies the pixels in `from`.
    ///
    /// # Safety
    /// The commands are recording; `from` has a word for each pixel, made by the passes before, and
    /// lives, as the target does, until they have ended.
    pub(super) unsafe fn copy(&self, from: vk::Buffer) {
        use vk::{AccessFlags2 as Access, ImageLayout as Layout, PipelineStageFlags2 as Stage};
        let image = self.target.image;
        let overwrite = change(image, Layout::UNDEFINED, Layout::TRANSFER_DST_OPTIMAL)
            .src_stage_mask(Stage::ALL_COMMANDS)
            .dst_stage_mask(Stage::ALL_TRANSFER)
            .dst_access_mask(Access::TRANSFER_WRITE);
        self.barrier(&[barriers::shaders_to_copy()], &[overwrite]);
        let layout = Layout::TRANSFER_DST_OPTIMAL;
        // SAFETY: the caller's promise; the image is in this layout.
        unsafe {
            let raw = self.device.raw();
            raw.cmd_copy_buffer_to_image(self.commands, from, image, layout, &[self.region()]);
        }
        // SAFETY: as above.
        unsafe {
            self.leave(Layout::TRANSFER_DST_OPTIMAL, Stage::ALL_TRANSFER, Access::TRANSFER_WRITE);
        }
    }

    /// Draws what `set` has, with an overlay or without.
    ///
    /// # Safety
    /// The commands are recording; what the set has lives, as the target does, until they have ended.
    pub(super) unsafe fn draw(&self, set: vk::DescriptorSet, overlay: bool) {
        use vk::{AccessFlags2 as Access, ImageLayout as Layout, PipelineStageFlags2 as Stage};
        let (to, commands) = (self.target, self.commands);
        let attach = change(to.image, Layout::UNDEFINED, Layout::COLOR_ATTACHMENT_OPTIMAL)
            .src_stage_mask(Stage::ALL_COMMANDS)
            .dst_stage_mask(Stage::COLOR_ATTACHMENT_OUTPUT)
            .dst_access_mask(Access::COLOR_ATTACHMENT_WRITE);
        self.barrier(&[barriers::after_shaders()], &[attach]);
        let extent = vk::Extent2D { width: to.extent.0, height: to.extent.1 };
        let area = vk::Rect2D { offset: vk::Offset2D::default(), extent };
        let attachments = [vk::RenderingAttachmentInfo::default()
            .image_view(to.view)
            .image_layout(Layout::COLOR_ATTACHMENT_OPTIMAL)
            .load_op(vk::AttachmentLoadOp::DONT_CARE)
            .store_op(vk::AttachmentStoreOp::STORE)];
        let rendering = vk::RenderingInfo::default()
            .render_area(area)
            .layer_count(1)
            .color_attachments(&attachments);
        let (width, height) = (to.extent.0 as f32, to.extent.1 as f32);
        let viewport = vk::Viewport { width, height, max_depth: 1.0, ..Default::default() };
        let raw = self.device.raw();
        // SAFETY: recording; the view is of the target, in this layout.
        unsafe { raw.cmd_begin_rendering(commands, &rendering) };
        // SAFETY: as above; the pipeline's dynamic states.
        unsafe { raw.cmd_set_viewport(commands, 0, &[viewport]) };
        // SAFETY: as above.
        unsafe { raw.cmd_set_scissor(commands, 0, &[area]) };
        // SAFETY: the caller's promise.
        unsafe { self.pipelines.bind(commands, Pass::Present(overlay), set) };
        // SAFETY: the triangle needs no vertex buffer.
        unsafe { raw.cmd_draw(commands, 3, 1, 0, 0) };
        // SAFETY: begun above.
        unsafe { raw.cmd_end_rendering(commands) };
        let (stage, access) = (Stage::COLOR_ATTACHMENT_OUTPUT, Access::COLOR_ATTACHMENT_WRITE);
        // SAFETY: the caller's promise.
        unsafe { self.leave(Layout::COLOR_ATTACHMENT_OPTIMAL, stage, access) };
    }

    /// Hands the image on, which is in `layout`, written by `access` in `stage`.
    ///
    /// # Safety
    /// As for [`Self::draw`].
    unsafe fn leave(
        &self,
        layout: vk::ImageLayout,
        stage: vk::PipelineStageFlags2,
        access: vk::AccessFlags2,
    ) {
        use vk::{AccessFlags2 as Access, ImageLayout as Layout, PipelineStageFlags2 as Stage};
        let image = self.target.image;
        let written =
            |new| change(image, layout, new).src_stage_mask(stage).src_access_mask(access);
        let Some(buffer) = self.target.copy_to else {
            // The semaphore that presentation waits for makes it visible.
            return self.barrier(&[], &[written(Layout::PRESENT_SRC_KHR)]);
        };
        let copied = written(Layout::TRANSFER_SRC_OPTIMAL)
            .dst_stage_mask(Stage::ALL_TRANSFER)
            .dst_access_mask(Access::TRANSFER_READ);
        self.barrier(&[], &[copied]);
        let (raw, layout) = (self.device.raw(), Layout::TRANSFER_SRC_OPTIMAL);
        let region = [self.region()];
        // SAFETY: the buffer holds the whole image, which is in this layout.
        unsafe { raw.cmd_copy_image_to_buffer(self.commands, image, layout, buffer, &region) };
        self.barrier(&[barriers::copy_to_host()], &[]);
    }

    /// All of the target, in rows without a gap.
    fn region(&self) -> vk::BufferImageCopy {
        let (width, height) = self.target.extent;
        vk::BufferImageCopy::default()
            .image_subresource(
                vk::ImageSubresourceLayers::default()
                    .aspect_mask(vk::ImageAspectFlags::COLOR)
                    .layer_count(1),
            )
            .image_extent(vk::Extent3D { width, height, depth: 1 })
    }

    fn barrier(&self, memory: &[vk::MemoryBarrier2<'_>], images: &[vk::ImageMemoryBarrier2<'_>]) {
        // SAFETY: recording, outside rendering; stages and layouts fit the queue and the images.
        unsafe { super::steps::barrier(self.device, self.commands, memory, images) };
    }
}

fn change(
    image: vk::Image,
    old: vk::ImageLayout,
    new: vk::ImageLayout,
) -> vk::ImageMemoryBarrier2<'static> {
    vk::ImageMemoryBarrier2::default()
        .image(image)
        .old_layout(old)
        .new_layout(new)
        .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .subresource_range(
            vk::ImageSubresourceRange::default()
                .aspect_mask(vk::ImageAspectFlags::COLOR)
                .level_count(1)
                .layer_count(1),
        )
}
