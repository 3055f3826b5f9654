//! The executor's work on one `Show` step: the picture goes to the host, or stays on the device.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::barriers::{self, Layer, Use};
use super::converting::Converter;
use super::decoded::{DecodedPicture, DevicePicture};
use super::execute::Executor;
use super::images::PictureId;
use super::in_flight::{Passage, QueuedWork};
use super::lending::Readback;
use super::objects::{Buffer, Commands};
use super::on_device::OnDevice;
use super::options::{GrainMode, ReadbackWay, Recording};
use super::output::{DecodeStatus, Output};
use super::pending::{Due, Pending, Place, Read, Showing};
use super::readback::{CopyPlan, PictureLayout};
use super::slots::DpbSlot;
use super::submit::Ticket;
use crate::error::{DeviceError, Result};
use crate::pixels::Picture;
use crate::plan::{ShowPlan, SurfaceId};

/// Readbacks that are under way on hardware: copies then overlap with decodes, whatever their size.
const MOST_READBACKS: usize = 4;
/// Of the frames in flight on a processor those without a readback under way, where the device is
/// kept busy: the one that is looked at, and the one that comes.
const NO_READBACKS: usize = 2;
/// The host copies whatever part it likes.
const ANY_PART: (u32, u32, u32) = (1, 1, 1);
/// Pictures that stay on the device at most: more of them would take its memory. Those after them
/// go to the host.
const MOST_HELD: usize = 20;

/// A copy to record.
struct Copy {
    layer: Layer,
    /// Use before the copy.
    from: Use,
    /// It is a reference picture, or drawn from: it must go back.
    goes_back: bool,
    plan: CopyPlan,
}

impl Executor {
    pub(super) fn show(&mut self, show: &ShowPlan) -> Result<()> {
        let Some(surface) = self.surfaces.get(&show.surface) else {
            let text = format!("surface {} is shown, but was never decoded", show.surface);
            return Err(DeviceError::Fault(text).into());
        };
        let (output, is_dpb) = (surface.output, surface.dpb == Some(surface.output));
        let (extent, decoded) = (surface.extent, surface.ticket);
        let params = surface.header.film_grain_params;
        let wanted =
            params.apply_grain && !surface.grained && self.options.film_grain != GrainMode::None;
        let (frame, status) = (surface.frame, surface.status.clone());
        let dpb_slot = surface.slot.map(DpbSlot::index);
        let (header, sequence) = (surface.header.clone(), surface.sequence.clone());
        let granularity = self.device.copy_queue().family.transfer_granularity;
        let newest = self.newest;
        let decoded_by = self.decode.timeline().clone();
        let (device, timeout) = (self.device.clone(), self.options.timeout);
        let frames = self.options.frames_in_flight.max(1) as usize;
        let active = self.active()?;
        let layout = PictureLayout::of(active.choice.output.format)
            .ok_or_else(|| DeviceError::Fault("an output format without a layout".into()))?;
        let format = sequence.color_config.format();
        let pending_grain = wanted.then_some(params);
        let show = *show;
        let pending = |due, place| Pending {
            due,
            place,
            show,
            frame,
            dpb_slot,
            coincides: is_dpb,
            newest,
            status,
            pending_grain,
            header,
            sequence,
        };
        if active.choice.on_device && active.pictures.held() < MOST_HELD {
            let sampling = active.choice.sampling;
            let source = active.pictures.get_mut(output).source(layout, sampling)?;
            let picture =
                OnDevice::new(&device, source, (decoded_by, decoded), format, extent, timeout);
            let place = Place::OnDevice(Box::new(DecodedPicture::on_device(picture)));
            self.showing.pending.push_back(pending(Due::Decoded(decoded), place));
            while self.showing.pending.len() > frames {
                self.finish_show()?;
            }
            return self.flush_in_order();
        }
        let (on_device, by_copy) =
            (active.choice.on_device, active.choice.readback == ReadbackWay::Copy);
        let picture = active.pictures.get(output);
        if !by_copy {
            let (kept, image) = (picture.last_use, picture.extent);
            let plan = CopyPlan::new(layout, format, extent, image, ANY_PART);
            while self.showing.pending.len() > self.most_readbacks() {
                self.finish_show()?;
            }
            let (ticket, read) = self.let_host_read(output, kept, plan)?;
            self.showing.pending.push_back(pending(Due::Decoded(ticket), Place::Read(read)));
            self.keep_clean(show.surface);
            return self.flush_in_order();
        }
        let copy = Copy {
            layer: picture.layer(),
            from: picture.last_use,
            goes_back: is_dpb || on_device,
            plan: CopyPlan::new(layout, format, extent, picture.extent, granularity),
        };
        let plan = copy.plan;
        while self.showing.pending.len() > self.most_readbacks() {
            self.finish_show()?;
        }
        let mut readback = self.readback(plan.size_bytes())?;
        // Decodes that refer to the picture must have ended before its layout changes.
        let decoded = if is_dpb { self.decode.last() } else { decoded };
        let decoded = self.hand_over(output, copy.from, Use::Copy, decoded)?;
        let ticket = self.copy_out(&mut readback, &copy, decoded)?;
        let passage = self.passage();
        let picture = self.active()?.pictures.get_mut(output);
        picture.copied = ticket;
        let changes_owner = matches!(passage, Passage::Owned { .. });
        picture.comes_back = (is_dpb && changes_owner).then_some(Use::Copy);
        // What is drawn from goes back to where others look for it.
        if !is_dpb && !on_device {
            picture.last_use = Use::Copy;
        }
        self.showing.pending.push_back(pending(Due::Copied(ticket), Place::Host(readback, plan)));
        self.flush_in_order()
    }

    /// Of a surface that was shown, frees the output with the driver's film grain, where pictures that
    /// are held are the decoder's memory. Should it be shown again, the reference picture is, with film
    /// grain of the caller's, which is the same.
    fn keep_clean(&mut self, surface: SurfaceId) {
        if !self.showing.unread || self.is_hardware() || self.options.film_grain.is_always() {
            return;
        }
        let Some(surface) = self.surfaces.get_mut(&surface) else { return };
        let dpb = surface.dpb.filter(|dpb| surface.grained && *dpb != surface.output);
        let Some(active) = self.active.as_mut().filter(|active| active.choice.coincide) else {
            return;
        };
        if let Some(dpb) = dpb {
            active.pictures.free(surface.output);
            (surface.output, surface.grained) = (dpb, false);
        }
    }

    fn flush_in_order(&mut self) -> Result<()> {
        match self.options.recording {
            Recording::InOrder => self.flush(),
            Recording::Shuffled => Ok(()),
        }
    }

    /// Whether the processor has other things to do while the device decodes.
    fn is_hardware(&self) -> bool {
        self.adapter.device_type != vk::PhysicalDeviceType::CPU
    }

    /// Readbacks to have under way before the next: as many as frames.
    fn most_readbacks(&self) -> usize {
        let frames = self.options.frames_in_flight.max(1) as usize;
        match self.options.recording {
            Recording::InOrder if self.is_hardware() => frames.min(MOST_READBACKS),
            Recording::InOrder if self.showing.busy => {
                // With film grain each is two pictures.
                let choice = self.active.as_ref().map(|active| &active.choice);
                let doubled = choice.is_some_and(|choice| choice.profile.film_grain);
                let fewer = usize::from(self.showing.keeps_core && doubled);
                frames.saturating_sub(NO_READBACKS + fewer)
            }
            Recording::InOrder => frames,
            Recording::Shuffled => frames,
        }
    }

    fn readback(&mut self, bytes: usize) -> Result<Readback> {
        let bytes = (bytes as u64).max(1);
        if let Some(readback) = self.showing.spare.take(bytes) {
            return Ok(readback);
        }
        let buffer = Buffer::readback(&self.device, bytes)?;
        let commands = Commands::new(&self.device, self.copy.family(), "readback")?;
        Ok(Readback { commands, buffer })
    }

    /// Where two families are at work, releases the picture from the decode family, from one use to
    /// another. The ticket that the copy has to wait for, `after` or a later one.
    pub(super) fn hand_over(
        &mut self,
        id: PictureId,
        from: Use,
        to: Use,
        after: Ticket,
    ) -> Result<Ticket> {
        let Passage::Owned { decode, copy } = self.passage() else { return Ok(after) };
        if from == Use::Copy {
            return Ok(after);
        }
        let picture = self.active()?.pictures.get(id);
        let (layer, comes_back, copied) = (picture.layer(), picture.comes_back, picture.copied);
        let mut commands = self.handover_commands()?;
        // SAFETY: the commands are new, or their submission has ended.
        let raw = unsafe { commands.begin() }?;
        if let Some(back) = comes_back {
            self.barrier(raw, &[barriers::acquire(layer, back, Use::Dpb, (copy, decode))]);
        }
        self.barrier(raw, &[barriers::release(layer, from, to, (decode, copy))]);
        let wait = comes_back.and_then(|_| self.copy.wait_for(copied));
        let raw = commands.end()?;
        // SAFETY: recorded for the decode family; the picture is of the active session.
        let ticket = unsafe { self.enqueue(QueuedWork::HandOver(raw), wait) };
        self.showing.handovers.push_back((ticket, commands));
        Ok(ticket)
    }

    pub(super) fn handover_commands(&mut self) -> Result<Commands> {
        let oldest = self.showing.handovers.front().map(|(ticket, _)| *ticket);
        let passed = oldest.map_or(Ok(false), |ticket| self.decode.passed(ticket))?;
        let oldest = if passed { self.showing.handovers.pop_front() } else { None };
        if let Some((_, commands)) = oldest {
            return Ok(commands);
        }
        Commands::new(&self.device, self.decode.family(), "hand over")
    }

    pub(super) fn barrier(
        &self,
        commands: vk::CommandBuffer,
        images: &[vk::ImageMemoryBarrier2<'_>],
    ) {
        let dependency = vk::DependencyInfo::default().image_memory_barriers(images);
        // SAFETY: recording, outside any scope; layouts and families are those of the table.
        unsafe {
            self.device.table().cmd_pipeline_barrier2(self.device.raw(), commands, &dependency);
        }
    }

    /// Records and submits the copy.
    fn copy_out(
        &mut self,
        readback: &mut Readback,
        copy: &Copy,
        decoded: Ticket,
    ) -> Result<Ticket> {
        // SAFETY: the readback is spare: no submission uses its commands.
        let commands = unsafe { readback.commands.begin() }?;
        let passage = self.passage();
        let before = match (copy.from, passage) {
            (Use::Copy, _) => None,
            (from, Passage::Within) => Some(barriers::change(copy.layer, from, Use::Copy)),
            (from, Passage::Shared) => Some(barriers::borrow(copy.layer, from, Use::Copy)),
            (from, Passage::Owned { decode, copy: to }) => {
                Some(barriers::acquire(copy.layer, from, Use::Copy, (decode, to)))
            }
        };
        self.barrier(commands, before.as_slice());
        let (regions, n) = copy.plan.regions(copy.layer.layer);
        let layout = copy.layer.layout(Use::Copy);
        // SAFETY: the image is in this layout, owned by this family; the regions are inside it, and
        // inside the buffer, which is at least `size_bytes` large.
        unsafe {
            self.device.raw().cmd_copy_image_to_buffer(
                commands,
                copy.layer.image,
                layout,
                readback.buffer.raw(),
                &regions[..n],
            );
        }
        let after = match (copy.goes_back, passage) {
            (true, Passage::Shared) => Some(barriers::give_back(copy.layer, Use::Copy, copy.from)),
            (false, _) => None,
            (true, Passage::Within) => Some(barriers::change(copy.layer, Use::Copy, Use::Dpb)),
            (true, Passage::Owned { decode, copy: from }) => {
                Some(barriers::release(copy.layer, Use::Copy, Use::Dpb, (from, decode)))
            }
        };
        let host = [barriers::copy_to_host()];
        let dependency = vk::DependencyInfo::default()
            .memory_barriers(&host)
            .image_memory_barriers(after.as_slice());
        // SAFETY: as in `barrier`.
        unsafe {
            self.device.table().cmd_pipeline_barrier2(self.device.raw(), commands, &dependency);
        }
        let commands = readback.commands.end()?;
        let wait = self.decode.wait_for(decoded);
        // SAFETY: recorded for the copy family; the readback is kept in `pending`, the picture in
        // the active session or in `retired`.
        Ok(unsafe { self.enqueue(QueuedWork::Copy(commands), wait) })
    }

    /// Whether a picture is there.
    pub(super) fn is_over(&mut self, due: Due) -> Result<bool> {
        match due {
            Due::Decoded(ticket) => self.decode.passed(ticket),
            Due::Copied(ticket) => self.copy.passed(ticket),
        }
    }

    /// Waits for the oldest picture and makes it ready.
    pub(super) fn finish_show(&mut self) -> Result<()> {
        self.flush()?;
        let Some(pending) = self.showing.pending.pop_front() else { return Ok(()) };
        match pending.due {
            Due::Decoded(ticket) => self.decode.wait(ticket)?,
            Due::Copied(ticket) => self.copy.wait(ticket)?,
        }
        // All decodes before the show are heard of before it: whether a failed one was among them
        // does not depend on time.
        while self.in_flight.front().is_some_and(|decode| decode.frame <= pending.newest) {
            self.retire_oldest()?;
        }
        self.retire_passed()?;
        let picture = match pending.place {
            Place::OnDevice(picture) => *picture,
            Place::Host(readback, plan) => self.picture(&plan, readback)?.into(),
            Place::Read(Read::Done(picture)) => (*picture).into(),
            Place::Read(Read::Later(read)) if self.showing.unread && read.is_by_copies() => {
                DecodedPicture::Device(DevicePicture::unread(read))
            }
            Place::Read(Read::Later(read)) => self.read(&read)?.into(),
        };
        self.showing.ready.push_back(Output {
            picture,
            show: pending.show,
            surface: pending.show.surface,
            frame: pending.frame,
            dpb_slot: pending.dpb_slot,
            coincides: pending.coincides,
            newest: pending.newest,
            status: pending.status.get().copied().unwrap_or(DecodeStatus::Unknown),
            pending_grain: pending.pending_grain,
            header: pending.header,
            sequence: pending.sequence,
        });
        Ok(())
    }

    /// What a copy that has ended left in `readback`.
    fn picture(&mut self, plan: &CopyPlan, readback: Readback) -> Result<Picture> {
        let moved = Arc::clone(&self.showing.moved);
        moved.picture();
        moved.copied(plan.size_bytes());
        if plan.is_exact() && readback.buffer.is_read_at_ease() {
            return Ok(plan.around(self.showing.spare.lend(readback, plan.size_bytes())));
        }
        moved.ordered(plan.picture_bytes());
        if self.is_hardware() && Converter::takes(plan) {
            readback.buffer.fetch(plan.size_bytes())?;
            let Showing { converter, spare, .. } = &mut self.showing;
            return Ok(plan.around(converter.convert(*plan, readback, spare)));
        }
        let scratch = &mut self.showing.scratch;
        // SAFETY: the copy has ended, and no other is started before the slice is gone.
        let bytes = unsafe { readback.buffer.read(plan.size_bytes(), scratch) }?;
        let picture = plan.picture(bytes, self.showing.memory.pop().unwrap_or_default());
        self.showing.spare.give(readback);
        Ok(picture)
    }
}
