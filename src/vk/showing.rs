//! The executor's work on one `Show` step: from an image to a picture on the host.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use ash::vk;

use super::barriers::{self, Layer, Use};
use super::execute::{DecodeStatus, Executor, Output, QueuedWork};
use super::images::PictureId;
use super::lending::{Readback, Spares};
use super::objects::{Buffer, Commands};
use super::options::{GrainMode, Recording};
use super::readback::{CopyPlan, PictureLayout};
use super::slots::DpbSlot;
use super::submit::Ticket;
use crate::error::{DeviceError, Result};
use crate::pixels::Picture;
use crate::plan::ShowPlan;
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// Bytes of the readbacks that are under way.
const READBACK_BYTES: usize = 8 << 20;

/// Readbacks under way, and what is left of those that ended.
#[derive(Default)]
pub(super) struct Showing {
    pending: VecDeque<Pending>,
    pub(super) ready: VecDeque<Output>,
    spare: Spares,
    /// Of pictures that are done with.
    pub(super) memory: Vec<Vec<u8>>,
    /// Command buffers of the decode family that hand pictures over, by age.
    handovers: VecDeque<(Ticket, Commands)>,
}

impl Showing {
    /// Ticket of the oldest readback.
    pub(super) fn next_ticket(&self) -> Option<Ticket> {
        self.pending.front().map(|pending| pending.ticket)
    }

    /// Drops readbacks newer than `submitted`, which will never be.
    pub(super) fn forget(&mut self, submitted: Ticket) {
        self.pending.retain(|pending| pending.ticket <= submitted);
    }
}

/// A readback under way.
struct Pending {
    ticket: Ticket,
    readback: Readback,
    plan: CopyPlan,
    show: ShowPlan,
    frame: u64,
    dpb_slot: Option<i32>,
    coincides: bool,
    newest: u64,
    status: Arc<OnceLock<DecodeStatus>>,
    pending_grain: Option<FilmGrainParams>,
    header: Arc<FrameHeader>,
    sequence: Arc<SequenceHeader>,
}

/// A copy to record.
struct Copy {
    layer: Layer,
    /// Use before the copy.
    from: Use,
    /// It is a reference picture, and must go back.
    is_dpb: bool,
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
        let active = self.active()?;
        let picture = active.pictures.get(output);
        let layout = PictureLayout::of(active.choice.output.format)
            .ok_or_else(|| DeviceError::Fault("an output format without a layout".into()))?;
        let format = sequence.color_config.format();
        let copy = Copy {
            layer: picture.layer(),
            from: picture.last_use,
            is_dpb,
            plan: CopyPlan::new(layout, format, extent, picture.extent, granularity),
        };
        let plan = copy.plan;
        while self.showing.pending.len() > self.most_readbacks(plan.size_bytes()) {
            self.finish_show()?;
        }
        let mut readback = self.readback(plan.size_bytes())?;
        // Decodes that refer to the picture must have ended before its layout changes.
        let decoded = if is_dpb { self.decode.last() } else { decoded };
        let decoded = self.hand_over(output, copy.from, Use::Copy, decoded)?;
        let ticket = self.copy_out(&mut readback, &copy, decoded)?;
        let transfer = self.device.transfer().is_some();
        let picture = self.active()?.pictures.get_mut(output);
        picture.copied = ticket;
        picture.comes_back = (is_dpb && transfer).then_some(Use::Copy);
        picture.last_use = if is_dpb { Use::Dpb } else { Use::Copy };
        let pending_grain = wanted.then_some(params);
        let show = *show;
        self.showing.pending.push_back(Pending {
            ticket,
            readback,
            plan,
            show,
            frame,
            dpb_slot,
            coincides: is_dpb,
            newest: self.newest,
            status,
            pending_grain,
            header,
            sequence,
        });
        match self.options.recording {
            Recording::InOrder => self.flush(),
            Recording::Shuffled => Ok(()),
        }
    }

    /// Readbacks of `bytes` to have under way: as many as frames, but of large ones fewer.
    fn most_readbacks(&self, bytes: usize) -> usize {
        let frames = self.options.frames_in_flight.max(1) as usize;
        match self.options.recording {
            Recording::InOrder => (READBACK_BYTES / bytes.max(1)).clamp(1, frames),
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
        let Some((decode, copy)) = self.device.transfer() else { return Ok(after) };
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

    fn handover_commands(&mut self) -> Result<Commands> {
        let oldest = self.showing.handovers.front().map(|(ticket, _)| *ticket);
        if let Some(ticket) = oldest
            && self.decode.passed(ticket)?
            && let Some((_, commands)) = self.showing.handovers.pop_front()
        {
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
        let transfer = self.device.transfer();
        let before = match (copy.from, transfer) {
            (Use::Copy, _) => None,
            (from, None) => Some(barriers::change(copy.layer, from, Use::Copy)),
            (from, Some(families)) => {
                Some(barriers::acquire(copy.layer, from, Use::Copy, families))
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
        let after = match (copy.is_dpb, transfer) {
            (false, _) => None,
            (true, None) => Some(barriers::change(copy.layer, Use::Copy, Use::Dpb)),
            (true, Some((decode, family))) => {
                Some(barriers::release(copy.layer, Use::Copy, Use::Dpb, (family, decode)))
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

    /// Waits for the oldest readback and makes its picture ready.
    pub(super) fn finish_show(&mut self) -> Result<()> {
        self.flush()?;
        let Some(pending) = self.showing.pending.pop_front() else { return Ok(()) };
        self.copy.wait(pending.ticket)?;
        // All decodes before the show are heard of before it: whether a failed one was among them
        // does not depend on time.
        while self.in_flight.front().is_some_and(|decode| decode.frame <= pending.newest) {
            self.retire_oldest()?;
        }
        self.retire_passed()?;
        let picture = self.picture(&pending.plan, pending.readback)?;
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
        if plan.is_exact() && readback.buffer.is_read_at_ease() {
            return Ok(plan.around(self.showing.spare.lend(readback, plan.size_bytes())));
        }
        // SAFETY: the copy has ended, and no other is started before the slice is gone.
        let bytes = unsafe { readback.buffer.read(plan.size_bytes()) }?;
        let picture = plan.picture(bytes, self.showing.memory.pop().unwrap_or_default());
        self.showing.spare.give(readback);
        Ok(picture)
    }
}
