//! The executor's work on one `Show` step where the host reads the image itself: by
//! VK_EXT_host_image_copy, or in the memory of an image of LINEAR tiling.
#![allow(unsafe_code, reason = "Vulkan calls, and access to mapped memory")]

use std::sync::Arc;

use ash::vk::{self, BufferImageCopy};

use super::barriers::{self, Layer, Use};
use super::device::Device;
use super::execute::{Executor, QueuedWork};
use super::failed;
use super::images::PictureId;
use super::moved::Moved;
use super::objects::Image;
use super::options::ReadbackWay;
use super::readback::CopyPlan;
use super::submit::Ticket;
use crate::error::Result;
use crate::pixels::Picture;

/// vkCopyImageToMemoryEXT, and the layouts that it takes.
pub(super) struct HostCopies {
    functions: ash::ext::host_image_copy::Device,
    /// pCopySrcLayouts.
    layouts: Vec<vk::ImageLayout>,
}

impl HostCopies {
    /// Those of `device`, which was opened with hostImageCopy.
    pub(super) fn new(device: &Device, adapter: vk::PhysicalDevice) -> Self {
        let instance = device.instance().raw();
        let mut layouts = vec![vk::ImageLayout::UNDEFINED; MOST_LAYOUTS];
        let mut host = vk::PhysicalDeviceHostImageCopyPropertiesEXT {
            copy_src_layout_count: MOST_LAYOUTS as u32,
            p_copy_src_layouts: layouts.as_mut_ptr(),
            ..Default::default()
        };
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut host);
        // SAFETY: the adapter is of the instance and knows the structure; the array is as long as
        // its count says.
        unsafe { instance.get_physical_device_properties2(adapter, &mut properties) };
        layouts.truncate(host.copy_src_layout_count as usize);
        let functions = ash::ext::host_image_copy::Device::new(instance, device.raw());
        Self { functions, layouts }
    }
}

/// More layouts than there are.
const MOST_LAYOUTS: usize = 64;

/// A picture that the host reads where it is, once it is decoded.
pub(super) struct HostRead {
    image: Arc<Image>,
    at: Layer,
    layout: vk::ImageLayout,
    plan: CopyPlan,
    /// `None` where its memory is mapped.
    host: Option<Arc<HostCopies>>,
    moved: Arc<Moved>,
    /// The image is not decoded to as long as this is there.
    _hold: Arc<()>,
}

/// A picture for the host.
pub(super) enum Read {
    /// It is read when it is asked for.
    Later(Box<HostRead>),
    /// It was read at once: the image had to go back to its layout.
    Done(Box<Picture>),
}

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

impl HostRead {
    /// The plan that makes a picture of it.
    pub(super) fn plan(&self) -> &CopyPlan {
        &self.plan
    }

    /// Whether it can be read without its executor.
    pub(super) fn is_by_copies(&self) -> bool {
        self.host.is_some()
    }

    /// Copies regions of the image to where each says.
    fn copy(&self, regions: &[(BufferImageCopy, *mut u8)]) -> Result<()> {
        let Some(host) = &self.host else { return Ok(()) };
        let region = |(region, to): &(BufferImageCopy, *mut u8)| {
            vk::ImageToMemoryCopyEXT::default()
                .host_pointer(to.cast())
                .image_subresource(region.image_subresource)
                .image_offset(region.image_offset)
                .image_extent(region.image_extent)
        };
        let regions: Vec<_> = regions.iter().map(region).collect();
        let info = vk::CopyImageToMemoryInfoEXT::default()
            .src_image(self.image.raw())
            .src_image_layout(self.layout)
            .regions(&regions);
        // SAFETY: the image is in this layout, and no submission writes it as long as it is held;
        // each region is inside the image, and its rows are where it goes to.
        unsafe { host.functions.copy_image_to_memory(&info) }
            .map_err(failed("vkCopyImageToMemoryEXT"))?;
        Ok(())
    }

    /// The picture, copied by the host into `memory`.
    pub(super) fn picture(&self, memory: Vec<u8>, scratch: &mut Vec<u8>) -> Result<Picture> {
        let (plan, layer) = (&self.plan, self.at.layer);
        self.moved.picture();
        if plan.is_exact() {
            let mut bytes = memory;
            match bytes.is_empty() {
                // Fresh memory is zero without being written.
                true => bytes = vec![0; plan.size_bytes()],
                false => bytes.resize(plan.size_bytes(), 0),
            }
            let (regions, n) = plan.regions(layer);
            let mut to = |region: &BufferImageCopy| {
                (*region, bytes[region.buffer_offset as usize..].as_mut_ptr())
            };
            let regions: Vec<_> = regions[..n].iter().map(&mut to).collect();
            self.copy(&regions)?;
            self.moved.copied(plan.size_bytes());
            return Ok(plan.around(bytes.into()));
        }
        let mut picture = plan.empty(memory);
        self.moved.copied(plan.picture_bytes());
        for (nr, first, band) in plan.bands(layer) {
            scratch.resize(plan.band_bytes(nr, &band), 0);
            self.copy(&[(band, scratch.as_mut_ptr())])?;
            self.moved.passed(scratch.len());
            plan.put_rows(&mut picture, nr, first, scratch);
        }
        Ok(picture)
    }

    /// Gives `each` the bytes of the picture, from the first to the last, in parts that fit in a
    /// processor's cache.
    pub(super) fn parts(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (plan, mut scratch, mut part) = (&self.plan, Vec::new(), Vec::new());
        let (width, height) = plan.size();
        self.moved.picture();
        for nr in 0..plan.format().chroma.planes() {
            let (_, rows) = plan.format().plane_size(nr, width, height);
            let bands = plan.bands(self.at.layer).filter(|(plane, ..)| *plane == plan.source(nr));
            for (plane, first, band) in bands {
                scratch.resize(plan.band_bytes(plane, &band), 0);
                self.copy(&[(band, scratch.as_mut_ptr())])?;
                self.moved.passed(scratch.len());
                if plan.is_exact() {
                    each(&scratch)?;
                    continue;
                }
                let rows = band.image_extent.height.min(rows.saturating_sub(first));
                part.resize(rows as usize * plan.row_bytes(nr), 0);
                plan.put_part(nr, &scratch, &mut part);
                each(&part)?;
            }
        }
        Ok(())
    }
}
