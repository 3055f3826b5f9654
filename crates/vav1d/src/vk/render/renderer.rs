//! One drawing: upload, convert, scale, present.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;
use std::time::Duration;

use ash::vk;

use super::drawing::{Content, Drawing, View};
use super::film_grain::{behind, parts, picture_bytes};
use super::modules::whole;
use super::passes::{self, Presentation};
use super::pipelines::{Pass, Pipelines, SetPool};
use super::steps::{Passes, Slot};
use super::whole::WholeSets;
use crate::color::{Conversion, Output};
use crate::error::Result;
use crate::vk::adapter::Adapter;
use crate::vk::barriers;
use crate::vk::device::Device;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Commands};
use crate::vk::submit::{Lane, Ticket, Touches};

/// Drawings under way at most.
const SLOTS: usize = 2;
/// How long a drawing may take before the device is taken to hang.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

/// What is drawn to.
pub(super) struct Target {
    pub(super) image: vk::Image,
    pub(super) view: vk::ImageView,
    pub(super) extent: (u32, u32),
    /// A buffer that the image is copied to; without, it is to be presented.
    pub(super) copy_to: Option<vk::Buffer>,
}

/// The picture of the last drawing, on the device.
struct Converted {
    size: (u32, u32),
    rgb: Buffer,
}

/// The picture as it was scaled last.
struct Scaled {
    view: View,
    between: Buffer,
    out: Buffer,
}

/// Draws to targets of one format.
pub(super) struct Renderer {
    device: Arc<Device>,
    lane: Lane,
    pipelines: Pipelines,
    slots: Vec<Slot>,
    next: usize,
    /// The picture of an image that is sampled as a whole.
    gathered: Option<Buffer>,
    /// The picture with film grain.
    grained: Option<Buffer>,
    converted: Option<Converted>,
    scaled: Option<Scaled>,
    /// Buffers of other sizes, until no drawing uses them.
    retired: Vec<(Ticket, Buffer)>,
    output: Output,
    levels: f32,
    max_storage_bytes: u64,
}

impl Renderer {
    /// Draws on `device` of `adapter` to targets of `format`, for `output`.
    pub(super) fn new(
        device: &Arc<Device>,
        adapter: &Adapter,
        format: vk::Format,
        output: Output,
    ) -> Result<Self> {
        let lane = Lane::new(device, device.copy_queue(), TIMEOUT, "drawing")?;
        let pipelines = Pipelines::new(device, format)?;
        // SAFETY: the adapter is of the device's instance.
        let properties =
            unsafe { device.instance().raw().get_physical_device_properties(adapter.raw()) };
        let slot = |_| {
            let small = |usage, name| Buffer::shader(device, usage, Location::Stream, 4096, name);
            let storage = vk::BufferUsageFlags::STORAGE_BUFFER;
            Ok(Slot {
                commands: Commands::new(device, lane.family(), "drawing")?,
                sets: SetPool::new(&pipelines)?,
                wholes: WholeSets::default(),
                uniforms: small(vk::BufferUsageFlags::UNIFORM_BUFFER, "uniforms")?,
                picture: small(storage, "picture")?,
                overlay: small(storage, "overlay")?,
                decoded: None,
                ticket: Ticket::default(),
            })
        };
        let slots = (0..SLOTS).map(slot).collect::<Result<_>>()?;
        let levels = match format {
            vk::Format::A2B10G10R10_UNORM_PACK32 | vk::Format::A2R10G10B10_UNORM_PACK32 => 1023.0,
            _ => 255.0,
        };
        Ok(Self {
            device: device.clone(),
            lane,
            pipelines,
            slots,
            next: 0,
            gathered: None,
            grained: None,
            converted: None,
            scaled: None,
            retired: Vec::new(),
            output,
            levels,
            max_storage_bytes: properties.limits.max_storage_buffer_range.into(),
        })
    }

    /// Draws to `target` once `wait` is signalled, and signals `signal`.
    ///
    /// # Safety
    /// The target's image is of this device, not in use but by what `wait` stands for, and lives
    /// until the ticket has passed; the semaphores are as [`Lane::submit_with`] wants them.
    pub(super) unsafe fn draw(
        &mut self,
        drawing: &Drawing<'_>,
        target: &Target,
        wait: Option<vk::Semaphore>,
        signal: Option<vk::Semaphore>,
    ) -> Result<Ticket> {
        let index = self.next % self.slots.len();
        self.next = index + 1;
        let ticket = self.slots[index].ticket;
        self.lane.wait(ticket)?;
        let lane = &mut self.lane;
        self.retired.retain(|(ticket, _)| !lane.passed(*ticket).unwrap_or(false));
        let conversion = self.upload(index, drawing)?;
        self.room(index, drawing, conversion.as_ref())?;
        // SAFETY: the slot's last drawing has ended.
        let commands = unsafe { self.slots[index].commands.begin() }?;
        // SAFETY: recording; the buffers are kept until the ticket has passed.
        unsafe { self.record(index, commands, drawing, conversion, target) }?;
        let commands = self.slots[index].commands.end()?;
        let ticket = self.lane.reserve();
        let decoded = self.slots[index].decoded.as_ref();
        let touches = decoded.map_or(Touches::Nothing, |picture| picture.touches());
        let waits = [wait.map(|semaphore| (semaphore, 0)), decoded.map(|d| d.decoded())];
        let waits: Vec<_> = waits.into_iter().flatten().collect();
        // SAFETY: the caller's promise; the picture's decode is submitted, and its timeline kept.
        unsafe { self.lane.submit_with(commands, ticket, &waits, signal, touches) }?;
        self.slots[index].ticket = ticket;
        Ok(ticket)
    }

    /// Waits for a drawing.
    pub(super) fn wait(&mut self, ticket: Ticket) -> Result<()> {
        self.lane.wait(ticket)
    }

    /// Waits for all drawings.
    pub(super) fn drain(&mut self) -> Result<()> {
        self.lane.wait(self.lane.last())
    }

    #[cfg(feature = "window")]
    pub(super) fn queue(&self) -> vk::Queue {
        self.lane.queue()
    }

    /// Bytes of the picture and of the overlay to the device. How the picture is to be converted.
    fn upload(&mut self, index: usize, drawing: &Drawing<'_>) -> Result<Option<Conversion>> {
        let slot = &mut self.slots[index];
        let storage = vk::BufferUsageFlags::STORAGE_BUFFER;
        slot.decoded = drawing.frame.and_then(|f| f.picture.on(&self.device));
        let host;
        let picture = match (drawing.frame, &slot.decoded) {
            (Some(frame), None) => {
                host = frame.picture.read()?;
                Some((0, parts(&host, frame.grain)))
            }
            (Some(Content { grain: Some(grain), .. }), Some(_)) => {
                let (start, data) = behind(grain);
                Some((start, [data, &[], &[]]))
            }
            _ => None,
        };
        for (buffer, what, name) in [
            (&mut slot.picture, picture, "picture"),
            (&mut slot.overlay, drawing.overlay.map(|o| (0, [o.pixels, &[], &[]])), "overlay"),
        ] {
            let Some((start, bytes)) = what else { continue };
            let size = bytes.iter().map(|part| part.len()).sum::<usize>() + start;
            let size = (size as u64).max(4);
            if buffer.size_bytes() < size {
                self.device.fits(name, size, self.max_storage_bytes)?;
                *buffer = Buffer::shader(&self.device, storage, Location::Stream, size, name)?;
            }
            // SAFETY: the slot's last drawing has ended, and its buffers are its own.
            unsafe { buffer.write_at(start, &bytes) }?;
        }
        Ok(drawing.frame.map(|Content { picture, color, luminance, .. }| {
            Conversion::new(picture.format(), picture.size(), color, &luminance, self.output)
        }))
    }

    /// Makes the buffers that the passes write to.
    fn room(
        &mut self,
        index: usize,
        drawing: &Drawing<'_>,
        conversion: Option<&Conversion>,
    ) -> Result<()> {
        let last = self.lane.last();
        let bytes = |name, bytes| {
            self.device.fits(name, bytes, self.max_storage_bytes)?;
            let usage = vk::BufferUsageFlags::STORAGE_BUFFER;
            Buffer::shader(&self.device, usage, Location::Device, bytes, name)
        };
        let storage = |name, size| bytes(name, passes::picture_bytes(size).max(4));
        let grain = drawing.frame.and_then(|frame| frame.grain);
        let whole = self.slots[index].decoded.as_ref().filter(|d| d.whole().is_some());
        let whole = whole.filter(|_| grain.is_none()).map(|decoded| decoded.size_bytes());
        for (buffer, name, wanted) in [
            (&mut self.gathered, "picture", whole),
            (&mut self.grained, "film grain", grain.map(picture_bytes)),
        ] {
            let Some(wanted) = wanted else { continue };
            if buffer.as_ref().is_none_or(|buffer| buffer.size_bytes() < wanted) {
                let old = buffer.replace(bytes(name, wanted)?);
                self.retired.extend(old.map(|buffer| (last, buffer)));
            }
        }
        if let Some(conversion) = conversion {
            let size = (conversion.size[0], conversion.size[1]);
            if self.converted.as_ref().is_none_or(|c| c.size != size) {
                let rgb = storage("converted", size)?;
                let old = self.converted.replace(Converted { size, rgb });
                self.retired.extend(old.map(|c| (last, c.rgb)));
            }
        }
        let source = self.converted.as_ref().map_or((0, 0), |c| c.size);
        let (view, wanted) = (drawing.view, drawing.view.scaled());
        let (between, out) = ((wanted.0, source.1), wanted);
        let fits = |s: &Scaled| {
            s.view.scaled() == out
                && s.between.size_bytes() == passes::picture_bytes(between).max(4)
        };
        if source != wanted && !self.scaled.as_ref().is_some_and(fits) {
            let scaled =
                Scaled { view, between: storage("between", between)?, out: storage("out", out)? };
            let old = self.scaled.replace(scaled);
            self.retired.extend(old.into_iter().flat_map(|s| [(last, s.between), (last, s.out)]));
        }
        Ok(())
    }

    /// # Safety
    /// `commands` is recording; everything lives until it has ended.
    unsafe fn record(
        &mut self,
        index: usize,
        commands: vk::CommandBuffer,
        drawing: &Drawing<'_>,
        conversion: Option<Conversion>,
        target: &Target,
    ) -> Result<()> {
        let source = self.converted.as_ref().map_or((0, 0), |c| c.size);
        let (view, wanted) = (drawing.view, drawing.view.scaled());
        let slot = &mut self.slots[index];
        let (picture, overlay) = (whole(&slot.picture), whole(&slot.overlay));
        let mut shown = self.converted.as_ref().map_or(picture, |c| whole(&c.rgb));
        let decoded = slot.decoded.clone();
        let mut passes = Passes { slot, next: 0, uniforms: Vec::new() };
        let mut run = Vec::new();
        if let Some((conversion, frame)) = conversion.zip(drawing.frame) {
            let of = |buffer: &Option<Buffer>| buffer.as_ref().map_or(picture, whole);
            let buffers = [picture, of(&self.gathered), of(&self.grained), shown];
            // SAFETY: the slot's last drawing has ended.
            run = unsafe { passes.convert(&mut self.pipelines, &frame, conversion, buffers) }?;
        }
        if let Some(scaled) = self.scaled.as_ref().filter(|_| source != wanted) {
            let (between, out) = (whole(&scaled.between), whole(&scaled.out));
            self.pipelines.prepare(Pass::Scale(view.kernel))?;
            for scaling in passes::scalings(source, wanted) {
                let to = if scaling.target() == wanted { out } else { between };
                // SAFETY: as above.
                let set = unsafe { passes.set(bytemuck::bytes_of(&scaling), [shown, to], None) };
                run.push((Pass::Scale(view.kernel), set, scaling.groups()));
                shown = to;
            }
        }
        let (origin, size) = drawing.overlay.map_or(((0, 0), (0, 0)), |o| (o.origin, o.size));
        let is_there = self.converted.is_some();
        let (clip_origin, clip_size) = view.clip.unwrap_or((view.origin, view.size));
        let presentation = Presentation {
            origin: [view.origin.0, view.origin.1],
            size: if is_there { [view.size.0 as i32, view.size.1 as i32] } else { [0, 0] },
            overlay_origin: [origin.0, origin.1],
            overlay_size: [size.0 as i32, size.1 as i32],
            clip_origin: [clip_origin.0, clip_origin.1],
            clip_size: [clip_size.0 as i32, clip_size.1 as i32],
            levels: self.levels,
            hdr_output: u32::from(self.output == Output::Hdr10),
            quarters: view.quarters,
            mirrored: view.is_mirrored.into(),
        };
        // SAFETY: as above.
        let set = unsafe { passes.set(bytemuck::bytes_of(&presentation), [shown, overlay], None) };
        passes.write()?;
        let [before, after] = match &decoded {
            Some(decoded) => decoded.barriers().map(Some),
            None => [None, None],
        };
        self.barrier(commands, &[], before.as_slice());
        for (pass, set, groups) in run {
            // SAFETY: the caller's promise.
            unsafe { self.dispatch(commands, pass, set, groups) };
        }
        self.barrier(commands, &[], after.as_slice());
        // SAFETY: the caller's promise.
        unsafe { self.present(commands, (set, drawing.overlay.is_some()), target) };
        Ok(())
    }

    /// # Safety
    /// As for [`Self::record`].
    unsafe fn dispatch(
        &self,
        commands: vk::CommandBuffer,
        pass: Pass,
        set: vk::DescriptorSet,
        groups: (u32, u32),
    ) {
        // What came before has read what is written, and has written what is read.
        self.barrier(commands, &[barriers::after_shaders()], &[]);
        // SAFETY: the caller's promise.
        unsafe { self.pipelines.bind(commands, pass, set) };
        // SAFETY: as above; the groups cover the buffers, and the shader ends with them.
        unsafe { self.device.raw().cmd_dispatch(commands, groups.0, groups.1, 1) };
    }

    /// # Safety
    /// As for [`Self::record`].
    unsafe fn present(
        &self,
        commands: vk::CommandBuffer,
        (set, overlay): (vk::DescriptorSet, bool),
        to: &Target,
    ) {
        use vk::{AccessFlags2 as Access, ImageLayout as Layout, PipelineStageFlags2 as Stage};
        let attach = change(to.image, Layout::UNDEFINED, Layout::COLOR_ATTACHMENT_OPTIMAL)
            .src_stage_mask(Stage::ALL_COMMANDS)
            .dst_stage_mask(Stage::COLOR_ATTACHMENT_OUTPUT)
            .dst_access_mask(Access::COLOR_ATTACHMENT_WRITE);
        self.barrier(commands, &[barriers::after_shaders()], &[attach]);
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
        let viewport = viewport(to.extent);
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
        let written = |new| {
            change(to.image, Layout::COLOR_ATTACHMENT_OPTIMAL, new)
                .src_stage_mask(Stage::COLOR_ATTACHMENT_OUTPUT)
                .src_access_mask(Access::COLOR_ATTACHMENT_WRITE)
        };
        let Some(buffer) = to.copy_to else {
            // The semaphore that presentation waits for makes it visible.
            return self.barrier(commands, &[], &[written(Layout::PRESENT_SRC_KHR)]);
        };
        let copied = written(Layout::TRANSFER_SRC_OPTIMAL)
            .dst_stage_mask(Stage::ALL_TRANSFER)
            .dst_access_mask(Access::TRANSFER_READ);
        self.barrier(commands, &[], &[copied]);
        let region = vk::BufferImageCopy::default()
            .image_subresource(
                vk::ImageSubresourceLayers::default()
                    .aspect_mask(vk::ImageAspectFlags::COLOR)
                    .layer_count(1),
            )
            .image_extent(vk::Extent3D { width: extent.width, height: extent.height, depth: 1 });
        let layout = Layout::TRANSFER_SRC_OPTIMAL;
        // SAFETY: the buffer holds the whole image, which is in this layout.
        unsafe { raw.cmd_copy_image_to_buffer(commands, to.image, layout, buffer, &[region]) };
        self.barrier(commands, &[barriers::copy_to_host()], &[]);
    }

    fn barrier(
        &self,
        commands: vk::CommandBuffer,
        memory: &[vk::MemoryBarrier2<'_>],
        images: &[vk::ImageMemoryBarrier2<'_>],
    ) {
        let dependency =
            vk::DependencyInfo::default().memory_barriers(memory).image_memory_barriers(images);
        // SAFETY: recording, outside rendering; stages and layouts fit the queue and the images.
        unsafe {
            self.device.table().cmd_pipeline_barrier2(self.device.raw(), commands, &dependency);
        }
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        if let Err(error) = self.drain() {
            log::warn!("drawing did not end: {error}");
        }
    }
}

/// All of a target of `extent` pixels.
fn viewport(extent: (u32, u32)) -> vk::Viewport {
    let (width, height) = (extent.0 as f32, extent.1 as f32);
    vk::Viewport { width, height, max_depth: 1.0, ..Default::default() }
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
