//! One drawing: upload, convert, scale, present.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::drawing::{Content, Drawing, View};
use super::film_grain::{behind, parts, picture_bytes};
use super::meter::Meter;
use super::modules::whole;
use super::passes::{self, Presentation};
use super::pipelines::{Pass, Pipelines, SetPool};
use super::steps::{Passes, Slot, TIMEOUT};
use super::target::{Ending, Target, direct, is_all};
use super::whole::WholeSets;
use crate::color::{Conversion, Output};
use crate::error::Result;
use crate::syntax::sequence::ColorConfig;
use crate::vk::PictureRef;
use crate::vk::adapter::Adapter;
use crate::vk::barriers;
use crate::vk::device::Device;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Commands};
use crate::vk::submit::{Lane, Ticket, Touches};

/// Drawings under way at most.
const SLOTS: usize = 2;

/// The picture of the last drawing, on the device.
struct Converted {
    size: (u32, u32),
    rgb: Buffer,
    /// What is there are pixels of the target, which cannot be drawn again.
    is_spent: bool,
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
    /// Dropped before the pipelines that it uses; made when it is wanted.
    meter: Option<Meter>,
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
    /// Pictures that need nothing else are made the target's pixels, and copied: whether B is first in
    /// those. `None` where that is no gain, or cannot be.
    direct: Option<bool>,
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
            meter: None,
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
            direct: direct(adapter, format),
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

    /// See [`Meter::measure`]; `None` as well for pictures that are not on the device.
    pub(super) fn peak(
        &mut self,
        picture: PictureRef<'_>,
        color: &ColorConfig,
    ) -> Result<Option<f32>> {
        let Some(picture) = picture.on(&self.device) else { return Ok(None) };
        let meter = match &mut self.meter {
            Some(meter) => meter,
            none => none.insert(Meter::new(&self.device, &self.pipelines)?),
        };
        meter.measure(&mut self.pipelines, &picture, color)
    }

    /// Whether a drawing without a picture shows the last one.
    #[cfg(any(test, feature = "window"))]
    pub(super) fn keeps_picture(&self) -> bool {
        self.converted.as_ref().is_some_and(|converted| !converted.is_spent)
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
                let old = self.converted.replace(Converted { size, rgb, is_spent: false });
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
        let direct = self.direct.filter(|_| is_all(drawing, source, target));
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
            run = unsafe {
                passes.convert(&mut self.pipelines, &frame, (conversion, direct), buffers)
            }?;
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
        let is_there = self.converted.as_mut().is_some_and(|converted| {
            converted.is_spent = direct.is_some() || converted.is_spent && drawing.frame.is_none();
            !converted.is_spent
        });
        let is_hdr = self.output == Output::Hdr10;
        let presentation = Presentation::new(drawing, is_there, (self.levels, is_hdr));
        // SAFETY: as above.
        let set = unsafe { passes.set(bytemuck::bytes_of(&presentation), [shown, overlay], None) };
        passes.write()?;
        let [before, after] =
            decoded.as_ref().map_or([None, None], |decoded| decoded.barriers().map(Some));
        self.barrier(commands, &[], before.as_slice());
        for (pass, set, groups) in run {
            // SAFETY: the caller's promise.
            unsafe { self.dispatch(commands, pass, set, groups) };
        }
        self.barrier(commands, &[], after.as_slice());
        let ending = Ending { device: &self.device, pipelines: &self.pipelines, commands, target };
        match (direct, &self.converted) {
            // SAFETY: the caller's promise; the buffer has the pixels of the whole target.
            (Some(_), Some(made)) => unsafe { ending.copy(made.rgb.raw()) },
            // SAFETY: the caller's promise.
            _ => unsafe { ending.draw(set, drawing.overlay.is_some()) },
        }
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

    fn barrier(
        &self,
        commands: vk::CommandBuffer,
        memory: &[vk::MemoryBarrier2<'_>],
        images: &[vk::ImageMemoryBarrier2<'_>],
    ) {
        // SAFETY: recording, outside rendering; stages and layouts fit the queue and the images.
        unsafe { super::steps::barrier(&self.device, commands, memory, images) };
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        if let Err(error) = self.drain() {
            log::warn!("drawing did not end: {error}");
        }
    }
}
