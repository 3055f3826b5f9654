//! Copies out of images by the host: VK_EXT_host_image_copy.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk::{self, BufferImageCopy};

use super::barriers::Layer;
use super::device::Device;
use super::failed;
use super::moved::Moved;
use super::objects::Image;
use super::readback::CopyPlan;
use crate::error::Result;
use crate::pixels::Picture;

/// vkCopyImageToMemoryEXT, and the layouts that it takes.
pub(super) struct HostCopies {
    pub(super) functions: ash::ext::host_image_copy::Device,
    /// pCopySrcLayouts.
    pub(super) layouts: Vec<vk::ImageLayout>,
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
    pub(super) image: Arc<Image>,
    pub(super) at: Layer,
    pub(super) layout: vk::ImageLayout,
    pub(super) plan: CopyPlan,
    /// `None` where its memory is mapped.
    pub(super) host: Option<Arc<HostCopies>>,
    pub(super) moved: Arc<Moved>,
    /// The image is not decoded to as long as this is there.
    pub(super) _hold: Arc<()>,
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
