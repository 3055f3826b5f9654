//! Pictures that stay on the device: drawn from where they were decoded, and read by the host only
//! when it is asked for their samples.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;
use std::time::Duration;

use ash::vk;

use super::barriers::{self, Layer, Use};
use super::conversion::Conversion;
use super::device::Device;
use super::objects::{Buffer, Commands, Image, Semaphore};
use super::options::Sampling;
use super::readback::{CopyPlan, PictureLayout};
use super::submit::{Lane, Ticket, Touches};
use super::views::{PlaneView, WholeView};
use crate::error::Result;
use crate::pixels::{Format, Picture};

/// What shaders sample a picture by.
pub(super) enum PictureViews {
    /// Views of the planes Y, U and V, each with its samples in the first component. Where there is no
    /// chroma, all are of Y.
    Planes([PlaneView; 3]),
    /// One of all planes.
    Whole(WholeView),
}

impl PictureViews {
    /// Of layer `layer` of an image that can be sampled, of `layout`: by planes with mutable format,
    /// as a whole in its own.
    pub(super) fn new(
        image: &Arc<Image>,
        layer: u32,
        layout: PictureLayout,
        sampling: Sampling,
    ) -> Result<Self> {
        if sampling == Sampling::Whole {
            let conversion = Conversion::of(image.device(), image.format(), image.tiling())?;
            return Ok(Self::Whole(WholeView::new(image, layer, &conversion)?));
        }
        let view = |plane: usize| {
            let (aspect, format, swizzle) = layout.view(plane);
            PlaneView::new(image, layer, aspect, format, swizzle)
        };
        Ok(Self::Planes([view(0)?, view(1)?, view(2)?]))
    }
}

/// Views for a descriptor set, and the layout that they are sampled in.
#[derive(Clone, Copy)]
pub(super) struct Views {
    pub(super) planes: [vk::ImageView; 3],
    pub(super) layout: vk::ImageLayout,
}

/// A view of a whole picture for a descriptor set.
pub(super) struct Whole<'a> {
    pub(super) view: vk::ImageView,
    pub(super) layout: vk::ImageLayout,
    pub(super) conversion: &'a Arc<Conversion>,
}

/// A decoded picture on the device. While it is there, the image is not decoded to again.
pub(super) struct OnDevice {
    device: Arc<Device>,
    layer: Layer,
    views: Arc<PictureViews>,
    /// What the image is kept for, between drawings.
    kept: Use,
    /// The decode: timeline and value.
    decoded: (Arc<Semaphore>, Ticket),
    layout: PictureLayout,
    format: Format,
    size: (u32, u32),
    extent: (u32, u32),
    /// How long to wait for a readback.
    timeout: Duration,
    _hold: Arc<()>,
}

/// The image of a picture, as its session keeps it.
pub(super) struct Source {
    pub(super) layer: Layer,
    pub(super) views: Arc<PictureViews>,
    pub(super) kept: Use,
    /// Texels of the image.
    pub(super) extent: (u32, u32),
    pub(super) layout: PictureLayout,
    /// Held until nobody needs the image any more.
    pub(super) hold: Arc<()>,
}

impl OnDevice {
    /// A picture of `format` with `size` luma samples, in `source` once `decoded` has passed;
    /// reading it waits for `timeout` at most.
    pub(super) fn new(
        device: &Arc<Device>,
        source: Source,
        decoded: (Arc<Semaphore>, Ticket),
        format: Format,
        size: (u32, u32),
        timeout: Duration,
    ) -> Self {
        let Source { layer, views, kept, extent, layout, hold } = source;
        Self {
            device: device.clone(),
            layer,
            views,
            kept,
            decoded,
            layout,
            format,
            size,
            extent,
            timeout,
            _hold: hold,
        }
    }

    /// Whether it is on `device`.
    pub(super) fn is_of(&self, device: &Arc<Device>) -> bool {
        Arc::ptr_eq(&self.device, device)
    }

    /// Its sample format.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Width and height in luma samples.
    pub(super) fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Views of the planes Y, U and V, if it is sampled by them.
    pub(super) fn views(&self) -> Option<Views> {
        let PictureViews::Planes(planes) = &*self.views else { return None };
        let layout = self.layer.layout(Use::Sampled);
        Some(Views { planes: planes.each_ref().map(PlaneView::raw), layout })
    }

    /// The view of it as a whole, if it is sampled by that.
    pub(super) fn whole(&self) -> Option<Whole<'_>> {
        let PictureViews::Whole(view) = &*self.views else { return None };
        let layout = self.layer.layout(Use::Sampled);
        Some(Whole { view: view.raw(), layout, conversion: view.conversion() })
    }

    /// Bytes of its samples on the host, in whole words.
    pub(super) fn size_bytes(&self) -> u64 {
        (self.format.picture_bytes(self.size.0, self.size.1) as u64).next_multiple_of(4)
    }

    /// Texels of its image.
    pub(super) fn extent(&self) -> (u32, u32) {
        self.extent
    }

    /// By how many bits samples are to be shifted down.
    pub(super) fn shift(&self) -> u32 {
        self.layout.shift()
    }

    /// What comes before shaders sample it, and after.
    pub(super) fn barriers(&self) -> [vk::ImageMemoryBarrier2<'static>; 2] {
        self.around(Use::Sampled)
    }

    fn around(&self, usage: Use) -> [vk::ImageMemoryBarrier2<'static>; 2] {
        let (layer, kept) = (self.layer, self.kept);
        [barriers::borrow(layer, kept, usage), barriers::give_back(layer, usage, kept)]
    }

    /// What a submission that uses it waits for.
    pub(super) fn decoded(&self) -> (vk::Semaphore, u64) {
        (self.decoded.0.raw(), self.decoded.1.value())
    }

    /// What such a submission does.
    pub(super) fn touches(&self) -> Touches {
        if self.kept == Use::Dpb { Touches::Borrows } else { Touches::Nothing }
    }

    /// Reads the samples.
    ///
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub(super) fn read(&self) -> Result<Picture> {
        let queue = self.device.copy_queue();
        let granularity = queue.family.transfer_granularity;
        let plan = CopyPlan::new(self.layout, self.format, self.size, self.extent, granularity);
        let mut lane = Lane::new(&self.device, queue, self.timeout, "readback")?;
        let mut commands = Commands::new(&self.device, queue.family.index, "readback")?;
        let buffer = Buffer::readback(&self.device, (plan.size_bytes() as u64).max(1))?;
        let [before, after] = self.around(Use::Copy);
        // SAFETY: new.
        let raw = unsafe { commands.begin() }?;
        let barrier = |images: &[vk::ImageMemoryBarrier2<'_>], host| {
            let memory = if host { &[barriers::copy_to_host()][..] } else { &[] };
            let dependency =
                vk::DependencyInfo::default().image_memory_barriers(images).memory_barriers(memory);
            // SAFETY: recording; the layouts are those of the table.
            unsafe {
                self.device.table().cmd_pipeline_barrier2(self.device.raw(), raw, &dependency);
            }
        };
        barrier(&[before], false);
        let (regions, n) = plan.regions(self.layer.layer);
        let layout = self.layer.layout(Use::Copy);
        // SAFETY: the image is in this layout, and can be copied; the regions are inside it, and
        // inside the buffer.
        unsafe {
            self.device.raw().cmd_copy_image_to_buffer(
                raw,
                self.layer.image,
                layout,
                buffer.raw(),
                &regions[..n],
            );
        }
        barrier(&[after], true);
        let raw = commands.end()?;
        let ticket = lane.reserve();
        // SAFETY: recorded for the queue's family; all is kept until the wait below is over, or the
        // device is given up.
        unsafe { lane.submit_with(raw, ticket, &[self.decoded()], None, self.touches()) }?;
        if let Err(error) = lane.wait(ticket) {
            // Still in use.
            std::mem::forget((lane, commands, buffer));
            return Err(error);
        }
        let mut scratch = Vec::new();
        // SAFETY: the copy has ended.
        let bytes = unsafe { buffer.read(plan.size_bytes(), &mut scratch) }?;
        Ok(plan.picture(bytes, Vec::new()))
    }
}
