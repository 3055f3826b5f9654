//! Drawing without a window: to an image that the host reads back.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::drawing::Drawing;
use super::gpu;
use super::renderer::Renderer;
use super::target::Target;
use crate::color::Output;
use crate::error::Result;
use crate::syntax::sequence::ColorConfig;
use crate::vk::PictureRef;
use crate::vk::adapter::Adapter;
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::instance::Instance;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Image};
use crate::vk::shared::SharedDevice;

/// What the image holds: R, G, B, A, a byte each.
const FORMAT: vk::Format = vk::Format::R8G8B8A8_UNORM;

/// An image to draw to.
pub struct Canvas {
    // Dropped first: it waits for what uses the rest.
    renderer: Renderer,
    view: ColorView,
    readback: Buffer,
    /// Pixels of memory that the host does not cache.
    scratch: Vec<u8>,
    size: (u32, u32),
}

impl Canvas {
    /// A canvas of `size` pixels on `adapter`.
    ///
    /// # Errors
    /// `Unsupported` if it does not draw, or not that large; `Device` for its failures.
    pub fn new(instance: &Arc<Instance>, adapter: &Adapter, size: (u32, u32)) -> Result<Self> {
        Self::for_output(instance, adapter, size, Output::Sdr)
    }

    /// The same with what `output` takes in its pixels, in eight bits as well.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn for_output(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        size: (u32, u32),
        output: Output,
    ) -> Result<Self> {
        let device = gpu::open(instance, adapter, gpu::family(adapter)?, false)?;
        Self::of(&device, adapter, size, output)
    }

    /// A canvas of `size` pixels on a device that decodes, too.
    ///
    /// # Errors
    /// `Unsupported` if it does not draw that large, `Device` for its failures.
    pub fn on(shared: &SharedDevice, size: (u32, u32)) -> Result<Self> {
        Self::of(&shared.device, &shared.adapter, size, Output::Sdr)
    }

    pub(super) fn of(
        device: &Arc<Device>,
        adapter: &Adapter,
        size: (u32, u32),
        output: Output,
    ) -> Result<Self> {
        let renderer = Renderer::new(device, adapter, FORMAT, output)?;
        let info = vk::ImageCreateInfo::default()
            .image_type(vk::ImageType::TYPE_2D)
            .format(FORMAT)
            .extent(vk::Extent3D { width: size.0, height: size.1, depth: 1 })
            .mip_levels(1)
            .array_layers(1)
            .samples(vk::SampleCountFlags::TYPE_1)
            .tiling(vk::ImageTiling::OPTIMAL)
            .usage(
                vk::ImageUsageFlags::COLOR_ATTACHMENT
                    | vk::ImageUsageFlags::TRANSFER_SRC
                    | vk::ImageUsageFlags::TRANSFER_DST,
            );
        // SAFETY: a colour attachment of a format that all devices have.
        let image = Arc::new(unsafe { Image::new(device, &info, Location::Device, "canvas") }?);
        let view = ColorView::new(device, image.raw(), FORMAT, Some(image.clone()))?;
        let bytes = u64::from(size.0) * u64::from(size.1) * 4;
        let readback = Buffer::readback(device, bytes)?;
        Ok(Self { renderer, view, readback, scratch: Vec::new(), size })
    }

    /// Whether it draws `picture` from where it was decoded.
    pub fn has<'a>(&self, picture: impl Into<PictureRef<'a>>) -> bool {
        picture.into().on(&self.view.device).is_some()
    }

    /// Luminance of the brightest of some samples of `picture` in cd/m2, as
    /// [`peak`](crate::color::peak) has it; `None` if it is not of PQ, or not on the device. Waits
    /// for it.
    ///
    /// # Errors
    /// `Device` if the device fails, or does not answer in time.
    pub fn peak<'a>(
        &mut self,
        picture: impl Into<PictureRef<'a>>,
        color: &ColorConfig,
    ) -> Result<Option<f32>> {
        self.renderer.peak(picture.into(), color)
    }

    /// Whether a drawing without a picture shows the last one.
    #[cfg(test)]
    pub(super) fn keeps_picture(&self) -> bool {
        self.renderer.keeps_picture()
    }

    /// Its pixels: width, height.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Draws, and gives R, G, B, A of each pixel, rows from above.
    ///
    /// # Errors
    /// `Unsupported` for pictures that are too large for the device, `Device` for its failures.
    pub fn draw(&mut self, drawing: &Drawing<'_>) -> Result<&[u8]> {
        let target = Target {
            image: self.view.image,
            view: self.view.raw,
            extent: self.size,
            takes_copies: true,
            copy_to: Some(self.readback.raw()),
        };
        // SAFETY: image and buffer are the canvas' own, and the last drawing was waited for.
        let ticket = unsafe { self.renderer.draw(drawing, &target, None, None) }?;
        self.renderer.wait(ticket)?;
        let bytes = self.size.0 as usize * self.size.1 as usize * 4;
        // SAFETY: the copy has ended, and the slice borrows the canvas.
        unsafe { self.readback.read(bytes, &mut self.scratch) }
    }
}

/// A view of an image's one layer, as a colour attachment.
pub(super) struct ColorView {
    device: Arc<Device>,
    pub(super) image: vk::Image,
    pub(super) raw: vk::ImageView,
    /// Its owner, if it is not a swapchain.
    _owner: Option<Arc<Image>>,
}

impl ColorView {
    pub(super) fn new(
        device: &Arc<Device>,
        image: vk::Image,
        format: vk::Format,
        owner: Option<Arc<Image>>,
    ) -> Result<Self> {
        let info = vk::ImageViewCreateInfo::default()
            .image(image)
            .view_type(vk::ImageViewType::TYPE_2D)
            .format(format)
            .subresource_range(
                vk::ImageSubresourceRange::default()
                    .aspect_mask(vk::ImageAspectFlags::COLOR)
                    .level_count(1)
                    .layer_count(1),
            );
        // SAFETY: the image is of this device and format, with one layer.
        let raw = unsafe { device.raw().create_image_view(&info, None) }
            .map_err(failed("vkCreateImageView"))?;
        Ok(Self { device: device.clone(), image, raw, _owner: owner })
    }
}

impl Drop for ColorView {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyImageView-imageView-01026: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_image_view(self.raw, None) });
    }
}
