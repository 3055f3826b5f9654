//! Drawing to a window: the swapchain, and its semaphores.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ash::vk;

use super::canvas::ColorView;
use super::drawing::Drawing;
use super::gpu;
use super::renderer::Renderer;
use super::surface::Surface;
use super::target::Target;
use crate::color::{Luminance, Output};
use crate::error::{DeviceError, Result};
use crate::syntax::sequence::ColorConfig;
use crate::vk::PictureRef;
use crate::vk::adapter::Adapter;
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::shared::SharedDevice;
use crate::vk::submit::Ticket;

/// How to present.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScreenOptions {
    /// Frames replace each other while they wait for the display (MAILBOX, where there is it); else
    /// they queue (FIFO).
    pub mailbox: bool,
    /// The stream is HDR: an HDR10 swapchain is taken where there is one.
    pub hdr: bool,
    /// What an HDR display is told.
    pub luminance: Luminance,
}

/// What became of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is on its way to the display.
    Yes,
    /// The window has no pixels, or no image was free: nothing was drawn.
    No,
}

/// How long to wait for a free image: longer than any display's refresh, shorter than patience.
const ACQUIRE_NS: u64 = 100_000_000;

/// A window to draw to.
pub struct Screen {
    // Dropped first: it waits for what uses the rest.
    renderer: Renderer,
    chain: Option<Chain>,
    /// Semaphores of images that were acquired, with the drawing that waited for each.
    acquired: Vec<(BinarySemaphore, Ticket)>,
    /// Semaphores of images that were acquired, and not drawn to. Dropped after the swapchain.
    pending: Vec<BinarySemaphore>,
    held_up: Duration,
    fns: ash::khr::swapchain::Device,
    device: Arc<Device>,
    adapter: Adapter,
    surface: Arc<Surface>,
    options: ScreenOptions,
    format: vk::SurfaceFormatKHR,
    mode: vk::PresentModeKHR,
    size: (u32, u32),
    is_stale: bool,
}

impl Screen {
    /// A screen on `surface`, of `size` pixels, drawn by `adapter`.
    ///
    /// # Errors
    /// `Unsupported` if it does not draw or present there, `Device` for its failures.
    pub fn new(
        surface: &Arc<Surface>,
        adapter: &Adapter,
        size: (u32, u32),
        options: ScreenOptions,
    ) -> Result<Self> {
        let none = || DeviceError::None(format!("{} cannot present to the window", adapter.name));
        let family = surface.family(adapter).ok_or_else(none)?;
        let instance = surface.instance();
        let device = gpu::open(instance, adapter, family, true)?;
        Self::of(device, surface, adapter, size, options)
    }

    /// The same on a device that decodes too; `None` if its queue does not present to the surface.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn on(
        surface: &Arc<Surface>,
        shared: &SharedDevice,
        size: (u32, u32),
        options: ScreenOptions,
    ) -> Result<Option<Self>> {
        let (family, ours) = (surface.family(&shared.adapter), shared.device.copy_queue().family);
        if family.is_none_or(|family| family.index != ours.index) {
            return Ok(None);
        }
        let device = Arc::clone(&shared.device);
        Self::of(device, surface, &shared.adapter, size, options).map(Some)
    }

    fn of(
        device: Arc<Device>,
        surface: &Arc<Surface>,
        adapter: &Adapter,
        size: (u32, u32),
        options: ScreenOptions,
    ) -> Result<Self> {
        let none = || DeviceError::None(format!("{} cannot present to the window", adapter.name));
        let formats = surface.formats(adapter)?;
        let format = choose_format(&formats, options.hdr).ok_or_else(none)?;
        let mode = choose_mode(&surface.present_modes(adapter)?, options.mailbox);
        let output = match format.color_space {
            vk::ColorSpaceKHR::HDR10_ST2084_EXT => Output::Hdr10,
            _ => Output::Sdr,
        };
        let renderer = Renderer::new(&device, adapter, format.format, output)?;
        let fns = ash::khr::swapchain::Device::new(surface.instance().raw(), device.raw());
        Ok(Self {
            renderer,
            chain: None,
            acquired: Vec::new(),
            pending: Vec::new(),
            held_up: Duration::ZERO,
            fns,
            device,
            adapter: adapter.clone(),
            surface: surface.clone(),
            options,
            format,
            mode,
            size,
            is_stale: false,
        })
    }

    /// The window has `size` pixels now.
    pub fn resize(&mut self, size: (u32, u32)) {
        self.is_stale |= self.size != size;
        self.size = size;
    }

    /// Pixels of the swapchain's images; of the window, before the first drawing.
    pub fn size(&self) -> (u32, u32) {
        self.chain.as_ref().map_or(self.size, |chain| chain.extent)
    }

    /// What the window takes: colour space and present mode, by Vulkan's names.
    pub fn description(&self) -> String {
        format!("{:?}, {:?}, {:?}", self.format.format, self.format.color_space, self.mode)
    }

    /// Whether the display is given HDR10.
    pub fn is_hdr(&self) -> bool {
        self.format.color_space == vk::ColorSpaceKHR::HDR10_ST2084_EXT
    }

    /// Whether it draws `picture` from where it was decoded.
    pub fn has<'a>(&self, picture: impl Into<PictureRef<'a>>) -> bool {
        picture.into().on(&self.device).is_some()
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

    /// Whether a drawing without a picture shows the last one again.
    pub fn keeps_picture(&self) -> bool {
        self.renderer.keeps_picture()
    }

    /// How long the last drawing waited for an image to draw to.
    pub fn held_up(&self) -> Duration {
        self.held_up
    }

    /// Draws and presents. `drawing` gets the size of the swapchain's images, which may differ from
    /// the window's while it changes.
    ///
    /// # Errors
    /// `Device` if the device or the surface is lost, or nothing is heard of a drawing.
    pub fn draw<'d>(
        &mut self,
        drawing: impl FnOnce((u32, u32)) -> Drawing<'d>,
    ) -> Result<Presented> {
        let start = Instant::now();
        let acquired = self.acquire();
        self.held_up = start.elapsed();
        let Some((image, acquired)) = acquired? else { return Ok(Presented::No) };
        let Some(chain) = &self.chain else { return Ok(Presented::No) };
        let (view, ready) = &chain.images[image as usize];
        let target = Target {
            image: view.image,
            view: view.raw,
            extent: chain.extent,
            takes_copies: chain.takes_copies,
            copy_to: None,
        };
        let drawing = drawing(chain.extent);
        let (wait, signal) = (Some(acquired.raw), Some(ready.raw));
        // SAFETY: the image was acquired, with this semaphore; its own semaphore was waited for by
        // the presentation before, as the image could be acquired again.
        let drawn = unsafe { self.renderer.draw(&drawing, &target, wait, signal) };
        let ticket = match drawn {
            Ok(ticket) => ticket,
            Err(error) => {
                // Its signal is pending, and nothing waits for it: it goes after the swapchain.
                self.pending.push(acquired);
                return Err(error);
            }
        };
        self.acquired.push((acquired, ticket));
        let (swapchains, images, waits) = ([chain.raw], [image], [ready.raw]);
        let info = vk::PresentInfoKHR::default()
            .wait_semaphores(&waits)
            .swapchains(&swapchains)
            .image_indices(&images);
        let lock = self.device.lock(self.renderer.queue());
        // SAFETY: the image was acquired, and is in PRESENT_SRC once the semaphore is signalled; the
        // queue is ours, by the lock.
        let presented = unsafe { self.fns.queue_present(self.renderer.queue(), &info) };
        drop(lock);
        match presented {
            Ok(false) => {}
            Ok(true) | Err(vk::Result::ERROR_OUT_OF_DATE_KHR) => self.is_stale = true,
            Err(e) => return Err(failed("vkQueuePresentKHR")(e).into()),
        }
        Ok(Presented::Yes)
    }

    /// A free image and the semaphore that says when it is; the swapchain is made anew where it does
    /// not fit the window any more.
    fn acquire(&mut self) -> Result<Option<(u32, BinarySemaphore)>> {
        for _ in 0..3 {
            if self.chain.is_none() || self.is_stale {
                self.renew()?;
            }
            let Some(chain) = self.chain.as_ref().map(|chain| chain.raw) else { return Ok(None) };
            let semaphore = self.semaphore()?;
            let fence = vk::Fence::null();
            // SAFETY: the semaphore is unsignalled, with nothing pending.
            match unsafe { self.fns.acquire_next_image(chain, ACQUIRE_NS, semaphore.raw, fence) } {
                Ok((image, suboptimal)) => {
                    self.is_stale |= suboptimal;
                    return Ok(Some((image, semaphore)));
                }
                Err(vk::Result::TIMEOUT | vk::Result::NOT_READY) => {
                    self.acquired.push((semaphore, Ticket::default()));
                    return Ok(None);
                }
                Err(vk::Result::ERROR_OUT_OF_DATE_KHR) => {
                    self.acquired.push((semaphore, Ticket::default()));
                    self.is_stale = true;
                }
                Err(e) => return Err(failed("vkAcquireNextImageKHR")(e).into()),
            }
        }
        Ok(None)
    }

    /// A semaphore that nothing waits for.
    fn semaphore(&mut self) -> Result<BinarySemaphore> {
        // More than the drawings under way: the oldest has been waited for.
        if self.acquired.len() > 3 {
            let (semaphore, ticket) = self.acquired.remove(0);
            self.renderer.wait(ticket)?;
            return Ok(semaphore);
        }
        BinarySemaphore::new(&self.device)
    }

    /// A swapchain for the window as it is; none while it has no pixels.
    fn renew(&mut self) -> Result<()> {
        self.renderer.drain()?;
        let lock = self.device.lock(self.renderer.queue());
        // SAFETY: the queue is ours, by the lock; presentations have no other end to wait for.
        unsafe { self.device.raw().queue_wait_idle(self.renderer.queue()) }
            .map_err(failed("vkQueueWaitIdle"))?;
        drop(lock);
        let capabilities = self.surface.capabilities(&self.adapter)?;
        let extent = extent(&capabilities, self.size);
        let old = self.chain.take();
        self.is_stale = false;
        if extent.0 == 0 || extent.1 == 0 {
            return Ok(());
        }
        let wanted = capabilities.min_image_count.max(2) + 1;
        let most =
            if capabilities.max_image_count == 0 { u32::MAX } else { capabilities.max_image_count };
        let alpha = [
            vk::CompositeAlphaFlagsKHR::OPAQUE,
            vk::CompositeAlphaFlagsKHR::INHERIT,
            vk::CompositeAlphaFlagsKHR::PRE_MULTIPLIED,
        ];
        let supported = capabilities.supported_composite_alpha;
        let alpha = alpha.into_iter().find(|a| supported.contains(*a)).unwrap_or(alpha[0]);
        let copies = capabilities.supported_usage_flags & vk::ImageUsageFlags::TRANSFER_DST;
        let info = vk::SwapchainCreateInfoKHR::default()
            .surface(self.surface.raw())
            .min_image_count(wanted.min(most))
            .image_format(self.format.format)
            .image_color_space(self.format.color_space)
            .image_extent(vk::Extent2D { width: extent.0, height: extent.1 })
            .image_array_layers(1)
            .image_usage(vk::ImageUsageFlags::COLOR_ATTACHMENT | copies)
            .image_sharing_mode(vk::SharingMode::EXCLUSIVE)
            .pre_transform(capabilities.current_transform)
            .composite_alpha(alpha)
            .present_mode(self.mode)
            .clipped(true)
            .old_swapchain(old.as_ref().map_or(vk::SwapchainKHR::null(), |chain| chain.raw));
        // SAFETY: all values are of what the surface supports; the old chain is not in use.
        let raw = unsafe { self.fns.create_swapchain(&info, None) }
            .map_err(failed("vkCreateSwapchainKHR"))?;
        let mut chain = Chain {
            images: Vec::new(),
            raw,
            fns: self.fns.clone(),
            extent,
            takes_copies: !copies.is_empty(),
            device: self.device.clone(),
            surface: self.surface.clone(),
        };
        // SAFETY: just made.
        let images = unsafe { self.fns.get_swapchain_images(raw) }
            .map_err(failed("vkGetSwapchainImagesKHR"))?;
        for image in images {
            let view = ColorView::new(&self.device, image, self.format.format, None)?;
            chain.images.push((view, BinarySemaphore::new(&self.device)?));
        }
        self.tell_luminance(raw);
        self.chain = Some(chain);
        Ok(())
    }

    /// Tells an HDR display what to expect.
    fn tell_luminance(&self, chain: vk::SwapchainKHR) {
        if !self.is_hdr() || !self.adapter.has_extension(ash::ext::hdr_metadata::NAME) {
            return;
        }
        let fns =
            ash::ext::hdr_metadata::Device::new(self.surface.instance().raw(), self.device.raw());
        let xy = |x, y| vk::XYColorEXT { x, y };
        let luminance = self.options.luminance;
        let metadata = vk::HdrMetadataEXT::default()
            .display_primary_red(xy(0.708, 0.292))
            .display_primary_green(xy(0.170, 0.797))
            .display_primary_blue(xy(0.131, 0.046))
            .white_point(xy(0.3127, 0.3290))
            .max_luminance(luminance.mastering_max.unwrap_or(1000.0))
            .min_luminance(luminance.mastering_min.unwrap_or(0.0))
            .max_content_light_level(luminance.max_cll.unwrap_or(0.0))
            .max_frame_average_light_level(luminance.max_fall.unwrap_or(0.0));
        // SAFETY: the extension is enabled where the adapter has it; the chain is of this device.
        unsafe { fns.set_hdr_metadata(&[chain], &[metadata]) };
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.renderer.drain().is_err() || self.device.is_abandoned() {
            return;
        }
        let _lock = self.device.lock(self.renderer.queue());
        // SAFETY: as in `renew`. A device that fails here has nothing under way.
        let _idle = unsafe { self.device.raw().queue_wait_idle(self.renderer.queue()) };
    }
}

/// A swapchain: each image with the semaphore that its presentation waits for.
struct Chain {
    images: Vec<(ColorView, BinarySemaphore)>,
    raw: vk::SwapchainKHR,
    fns: ash::khr::swapchain::Device,
    extent: (u32, u32),
    takes_copies: bool,
    device: Arc<Device>,
    surface: Arc<Surface>,
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.images.clear();
        if self.device.is_abandoned() {
            // A surface goes after its swapchains, and this one stays.
            std::mem::forget(Arc::clone(&self.surface));
        }
        // SAFETY: VUID-vkDestroySwapchainKHR-swapchain-01282: the queue was idle, or is lost.
        self.device.destroy(|_| unsafe { self.fns.destroy_swapchain(self.raw, None) });
    }
}

/// A binary semaphore.
struct BinarySemaphore {
    device: Arc<Device>,
    raw: vk::Semaphore,
}

impl BinarySemaphore {
    fn new(device: &Arc<Device>) -> Result<Self> {
        let info = vk::SemaphoreCreateInfo::default();
        // SAFETY: nothing is chained.
        let raw = unsafe { device.raw().create_semaphore(&info, None) }
            .map_err(failed("vkCreateSemaphore"))?;
        Ok(Self { device: device.clone(), raw })
    }
}

impl Drop for BinarySemaphore {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroySemaphore-semaphore-05149: the queue was idle, or is lost.
        self.device.destroy(|raw| unsafe { raw.destroy_semaphore(self.raw, None) });
    }
}

/// The extent that the surface has, or that is asked for where it leaves that open.
fn extent(capabilities: &vk::SurfaceCapabilitiesKHR, size: (u32, u32)) -> (u32, u32) {
    let current = capabilities.current_extent;
    if current.width != u32::MAX {
        return (current.width, current.height);
    }
    let (min, max) = (capabilities.min_image_extent, capabilities.max_image_extent);
    let within = |value: u32, min: u32, max: u32| value.max(min).min(max);
    (within(size.0, min.width, max.width), within(size.1, min.height, max.height))
}

/// A format whose values are what the shader writes: not one that encodes by itself.
fn choose_format(formats: &[vk::SurfaceFormatKHR], hdr: bool) -> Option<vk::SurfaceFormatKHR> {
    use vk::{ColorSpaceKHR as Space, Format as F};
    let ten = [F::A2B10G10R10_UNORM_PACK32, F::A2R10G10B10_UNORM_PACK32];
    let sdr = [F::B8G8R8A8_UNORM, F::R8G8B8A8_UNORM, F::A8B8G8R8_UNORM_PACK32];
    let find = |wanted: &[F], space| {
        let is = |f: F| move |s: &&vk::SurfaceFormatKHR| s.format == f && s.color_space == space;
        wanted.iter().find_map(|f| formats.iter().find(is(*f)).copied())
    };
    let hdr10 = if hdr { find(&ten, Space::HDR10_ST2084_EXT) } else { None };
    hdr10
        .or_else(|| find(&sdr, Space::SRGB_NONLINEAR))
        .or_else(|| find(&ten, Space::SRGB_NONLINEAR))
}

fn choose_mode(modes: &[vk::PresentModeKHR], mailbox: bool) -> vk::PresentModeKHR {
    match mailbox && modes.contains(&vk::PresentModeKHR::MAILBOX) {
        true => vk::PresentModeKHR::MAILBOX,
        // Always there.
        false => vk::PresentModeKHR::FIFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        use vk::{ColorSpaceKHR as Space, Format as F};
        let of = |format, color_space| vk::SurfaceFormatKHR { format, color_space };
        let all = [
            of(F::B8G8R8A8_SRGB, Space::SRGB_NONLINEAR),
            of(F::R8G8B8A8_UNORM, Space::SRGB_NONLINEAR),
            of(F::A2B10G10R10_UNORM_PACK32, Space::HDR10_ST2084_EXT),
        ];
        assert_eq!(choose_format(&all, false), Some(all[1]));
        assert_eq!(choose_format(&all, true), Some(all[2]));
        assert_eq!(choose_format(&all[..2], true), Some(all[1]));
        assert_eq!(choose_format(&all[..1], false), None);
    }

    #[test]
    fn extents() {
        let size = |width, height| vk::Extent2D { width, height };
        let mut capabilities = vk::SurfaceCapabilitiesKHR {
            current_extent: size(u32::MAX, u32::MAX),
            min_image_extent: size(1, 1),
            max_image_extent: size(100, 50),
            ..Default::default()
        };
        assert_eq!(extent(&capabilities, (70, 70)), (70, 50));
        capabilities.current_extent = size(0, 0);
        assert_eq!(extent(&capabilities, (70, 70)), (0, 0));
    }
}
