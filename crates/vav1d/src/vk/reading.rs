//! The executor's work on one `Show` step where the host reads the image itself: by
//! VK_EXT_host_image_copy, or in the memory of an image of LINEAR tiling.
#![allow(unsafe_code, reason = "Vulkan calls, and access to mapped memory")]

use std::sync::Arc;

use ash::vk;

use super::barriers::{self, Use};
use super::execute::Executor;
use super::host_copies::HostRead;
use super::images::PictureId;
use super::in_flight::QueuedWork;
use super::options::ReadbackWay;
use super::pending::Read;
use super::readback::CopyPlan;
use super::submit::Ticket;
use crate::error::Result;
use crate::pixels::Picture;

impl Executor {
    /// Lets the host read picture `id` of the active session, kept for `kept` and decoded by a
    /// submission of before. When it can, and by what.
    pub(super) fn let_host_read(
        &mut self,
        id: PictureId,
        kept: Use,
        plan: CopyPlan,
    ) -> Result<(Ticket, Read)> {
        let active = self.active()?;
        let (readback, layered) = (active.choice.readback, active.choice.layered);
        let picture = active.pictures.get(id);
        let (at, (image, hold)) = (picture.layer(), picture.held());
        let present = at.layout(kept);
        let stays = match readback {
            ReadbackWay::Linear => present == vk::ImageLayout::GENERAL,
            _ => self.host_copies.as_ref().is_some_and(|host| host.layouts.contains(&present)),
        };
        let layout = if stays { present } else { at.layout(Use::Host) };
        let ticket = if stays {
            self.order_decodes(&[], &[barriers::decode_to_host()])?
        } else {
            self.order_decodes(&[barriers::change(at, kept, Use::Host)], &[])?
        };
        let host = self.host_copies.clone().filter(|_| readback == ReadbackWay::Host);
        let moved = Arc::clone(&self.showing.moved);
        let read = HostRead { image, at, layout, plan, host, moved, _hold: hold };
        // A picture of its own is discarded by its next decode, a reference is looked for again;
        // and one of many layers may be decoded to next.
        let is_reference = kept == Use::Dpb;
        if !is_reference || stays && !layered {
            return Ok((ticket, Read::Later(Box::new(read))));
        }
        self.flush()?;
        self.decode.wait(ticket)?;
        let picture = self.read(&read)?;
        if !stays {
            // What the host has read by now, no barrier needs to order.
            self.order_decodes(&[barriers::borrow(at, Use::Host, kept)], &[])?;
        }
        Ok((ticket, Read::Done(Box::new(picture))))
    }

    /// Queues barriers for the decode lane.
    fn order_decodes(
        &mut self,
        images: &[vk::ImageMemoryBarrier2<'_>],
        memory: &[vk::MemoryBarrier2<'_>],
    ) -> Result<Ticket> {
        let mut commands = self.handover_commands()?;
        // SAFETY: the commands are new, or their submission has ended.
        let raw = unsafe { commands.begin() }?;
        let dependency =
            vk::DependencyInfo::default().image_memory_barriers(images).memory_barriers(memory);
        let device = &self.device;
        // SAFETY: recording, outside any scope; layouts are those of the table.
        unsafe { device.table().cmd_pipeline_barrier2(device.raw(), raw, &dependency) };
        let raw = commands.end()?;
        // SAFETY: recorded for the decode family; the picture is of the active session.
        let ticket = unsafe { self.enqueue(QueuedWork::HandOver(raw), None) };
        self.showing.handovers.push_back((ticket, commands));
        Ok(ticket)
    }

    /// Reads a picture whose decode, and the barrier behind it, have ended.
    pub(super) fn read(&mut self, read: &HostRead) -> Result<Picture> {
        let plan = &read.plan;
        let memory = self.showing.memory.pop().unwrap_or_default();
        if read.host.is_none() {
            let Some(mapped) = read.image.memory() else { return Ok(plan.picture(&[], memory)) };
            let size = usize::try_from(mapped.size_bytes()).unwrap_or(usize::MAX);
            // SAFETY: no decode to the image is submitted as long as it is held.
            let bytes = unsafe { mapped.read(size, &mut self.showing.scratch) }?;
            let rows = |aspect| {
                let place =
                    vk::ImageSubresource::default().aspect_mask(aspect).array_layer(read.at.layer);
                let raw = self.device.raw();
                // SAFETY: an image of LINEAR tiling, with this layer and plane.
                let at = unsafe { raw.get_image_subresource_layout(read.at.image, place) };
                (at.offset as usize, at.row_pitch as usize)
            };
            read.moved.picture();
            read.moved.copied(plan.size_bytes());
            read.moved.ordered(plan.picture_bytes());
            return Ok(plan.picture(&plan.gathered(bytes, rows), memory));
        }
        read.picture(memory, &mut self.showing.scratch)
    }
}
