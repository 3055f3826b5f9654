//! The executor's way of a picture from the host to a reference picture.
#![allow(unsafe_code, reason = "Vulkan calls")]

use super::barriers::{self, Layer, Use};
use super::execute::Executor;
use super::in_flight::{Passage, QueuedWork};
use super::objects::{Buffer, Commands};
use super::readback::{CopyPlan, PictureLayout};
use super::submit::Ticket;
use crate::error::{DeviceError, Result};
use crate::pixels::Picture;
use crate::plan::SurfaceId;

impl Executor {
    /// Overwrites the reference picture of `surface` with `picture`, and waits for it: frames that
    /// are decoded later refer to these samples. What the driver keeps of the frame beside samples
    /// stays. `false` if there is no reference picture.
    ///
    /// # Errors
    /// `Fault` if the surface is unknown, `picture` is of another size or format, or
    /// [`crate::vk::ExecutorOptions::overwritable`] is not set; `Device` for the device's failures.
    pub fn overwrite(&mut self, surface: SurfaceId, picture: &Picture) -> Result<bool> {
        self.flush()?;
        let fault = |text: &str| DeviceError::Fault(format!("surface {surface} {text}"));
        let of = self.surfaces.get(&surface).ok_or_else(|| fault("was never decoded"))?;
        let (dpb, extent, format) = (of.dpb, of.extent, of.sequence.color_config.format());
        let Some(dpb) = dpb else { return Ok(false) };
        if (picture.width, picture.height) != extent || picture.format != format {
            return Err(fault("is overwritten by a picture of another kind").into());
        }
        let granularity = self.device.copy_queue().family.transfer_granularity;
        let active = self.active()?;
        let layout = PictureLayout::of(active.choice.dpb.format);
        let layout = layout.filter(|_| active.choice.overwritable);
        let layout = layout.ok_or_else(|| fault("cannot be overwritten"))?;
        let image = active.pictures.get(dpb);
        let (layer, size) = (image.layer(), image.extent);
        let plan = CopyPlan::new(layout, format, extent, size, granularity);
        let mut buffer = Buffer::upload(&self.device, (plan.size_bytes() as u64).max(1))?;
        // SAFETY: no submission uses the buffer yet.
        unsafe { buffer.write(&[&plan.bytes(picture)]) }?;
        // Decodes that refer to the picture must have ended before it changes.
        let decoded = self.hand_over(dpb, Use::Dpb, Use::Overwrite, self.decode.last())?;
        let mut commands = Commands::new(&self.device, self.copy.family(), "overwrite")?;
        let ticket = self.copy_in(&mut commands, &buffer, layer, &plan, decoded)?;
        let changes_owner = matches!(self.passage(), Passage::Owned { .. });
        let picture = self.active()?.pictures.get_mut(dpb);
        picture.copied = ticket;
        picture.comes_back = changes_owner.then_some(Use::Overwrite);
        self.flush()?;
        self.retired.keep(&self.decode, &self.copy, (commands, buffer));
        self.copy.wait(ticket)?;
        Ok(true)
    }

    /// Records and queues the copy.
    fn copy_in(
        &mut self,
        commands: &mut Commands,
        buffer: &Buffer,
        layer: Layer,
        plan: &CopyPlan,
        decoded: Ticket,
    ) -> Result<Ticket> {
        // SAFETY: the commands are new.
        let raw = unsafe { commands.begin() }?;
        let (before, after) = match self.passage() {
            Passage::Shared => (
                barriers::borrow(layer, Use::Dpb, Use::Overwrite),
                barriers::give_back(layer, Use::Overwrite, Use::Dpb),
            ),
            Passage::Within => (
                barriers::change(layer, Use::Dpb, Use::Overwrite),
                barriers::change(layer, Use::Overwrite, Use::Dpb),
            ),
            Passage::Owned { decode, copy } => (
                barriers::acquire(layer, Use::Dpb, Use::Overwrite, (decode, copy)),
                barriers::release(layer, Use::Overwrite, Use::Dpb, (copy, decode)),
            ),
        };
        self.barrier(raw, &[before]);
        let (regions, n) = plan.regions(layer.layer);
        let layout = layer.layout(Use::Overwrite);
        // SAFETY: the image is in this layout, owned by this family; the regions are inside it, and
        // inside the buffer, which is at least `size_bytes` large.
        unsafe {
            self.device.raw().cmd_copy_buffer_to_image(
                raw,
                buffer.raw(),
                layer.image,
                layout,
                &regions[..n],
            );
        }
        self.barrier(raw, &[after]);
        let raw = commands.end()?;
        let wait = self.decode.wait_for(decoded);
        // SAFETY: recorded for the copy family; commands and buffer are kept in `retired`, the
        // picture in the active session.
        Ok(unsafe { self.enqueue(QueuedWork::Copy(raw), wait) })
    }
}
