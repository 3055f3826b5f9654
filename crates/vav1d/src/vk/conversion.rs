//! Sampling a picture of several planes as a whole, where shaders may have no views of its planes: a
//! Y'CBCR conversion that changes nothing, and its sampler.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::chroma::chroma_location;
use super::device::Device;
use super::failed;
use super::readback::PictureLayout;
use crate::error::Result;

/// A sampler of pictures of one format: of the nearest texel, with a conversion that leaves V, Y and U
/// as they are. Pictures of one plane need none.
pub(super) struct Conversion {
    device: Arc<Device>,
    format: vk::Format,
    tiling: vk::ImageTiling,
    raw: vk::SamplerYcbcrConversion,
    sampler: vk::Sampler,
    /// combinedImageSamplerDescriptorCount.
    descriptors: u32,
}

impl Conversion {
    /// For images of `format` and `tiling`, which [`chroma_location`] knows: the same for all who ask,
    /// since a view and a sampler must have the same.
    pub(super) fn of(
        device: &Arc<Device>,
        format: vk::Format,
        tiling: vk::ImageTiling,
    ) -> Result<Arc<Self>> {
        let is_it = |made: &Self| (made.format, made.tiling) == (format, tiling);
        device.one_of(is_it, || Self::new(device, format, tiling))
    }

    fn new(device: &Arc<Device>, format: vk::Format, tiling: vk::ImageTiling) -> Result<Self> {
        let lacks = || device.lacks(format!("shaders cannot sample {format:?}"));
        let (instance, physical) = (device.instance(), device.physical());
        let at = chroma_location(instance, physical, format, tiling).ok_or_else(lacks)?;
        let planes = PictureLayout::of(format).ok_or_else(lacks)?.planes;
        let mut made = Self {
            device: device.clone(),
            format,
            tiling,
            raw: vk::SamplerYcbcrConversion::null(),
            sampler: vk::Sampler::null(),
            descriptors: if planes > 1 { descriptors(device, format, tiling) } else { 1 },
        };
        if planes > 1 {
            let info = vk::SamplerYcbcrConversionCreateInfo::default()
                .format(format)
                .ycbcr_model(vk::SamplerYcbcrModelConversion::RGB_IDENTITY)
                .ycbcr_range(vk::SamplerYcbcrRange::ITU_FULL)
                .x_chroma_offset(at)
                .y_chroma_offset(at)
                .chroma_filter(vk::Filter::NEAREST);
            // SAFETY: the feature is enabled where the device has it; the format's features allow it.
            made.raw = unsafe { device.raw().create_sampler_ycbcr_conversion(&info, None) }
                .map_err(failed("vkCreateSamplerYcbcrConversion"))?;
        }
        let mut by = made.info();
        let edge = vk::SamplerAddressMode::CLAMP_TO_EDGE;
        let mut info = vk::SamplerCreateInfo::default()
            .mag_filter(vk::Filter::NEAREST)
            .min_filter(vk::Filter::NEAREST)
            .mipmap_mode(vk::SamplerMipmapMode::NEAREST)
            .address_mode_u(edge)
            .address_mode_v(edge)
            .address_mode_w(edge);
        if planes > 1 {
            info = info.push_next(&mut by);
        }
        // SAFETY: nothing is filtered; the conversion is of this device.
        made.sampler = unsafe { device.raw().create_sampler(&info, None) }
            .map_err(failed("vkCreateSampler"))?;
        Ok(made)
    }

    /// The format of its images.
    pub(super) fn format(&self) -> vk::Format {
        self.format
    }

    /// Whether there is one: images of one plane are sampled as they are.
    pub(super) fn is_none(&self) -> bool {
        self.raw == vk::SamplerYcbcrConversion::null()
    }

    /// Its sampler.
    pub(super) fn sampler(&self) -> vk::Sampler {
        self.sampler
    }

    /// How many descriptors of a pool one of it takes.
    pub(super) fn descriptors(&self) -> u32 {
        self.descriptors
    }

    /// What a view or a sampler with it has in its chain.
    pub(super) fn info(&self) -> vk::SamplerYcbcrConversionInfo<'static> {
        vk::SamplerYcbcrConversionInfo::default().conversion(self.raw)
    }
}

impl Drop for Conversion {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroySampler-sampler-01082: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_sampler(self.sampler, None) });
        // SAFETY: its views and its sampler are gone.
        self.device.destroy(|raw| unsafe { raw.destroy_sampler_ycbcr_conversion(self.raw, None) });
    }
}

/// combinedImageSamplerDescriptorCount of images of `format` that are sampled.
fn descriptors(device: &Device, format: vk::Format, tiling: vk::ImageTiling) -> u32 {
    let info = vk::PhysicalDeviceImageFormatInfo2::default()
        .format(format)
        .ty(vk::ImageType::TYPE_2D)
        .tiling(tiling)
        .usage(vk::ImageUsageFlags::SAMPLED);
    let mut conversion = vk::SamplerYcbcrConversionImageFormatProperties::default();
    let mut properties = vk::ImageFormatProperties2::default().push_next(&mut conversion);
    let (raw, physical) = (device.instance().raw(), device.physical());
    // SAFETY: the device is of the instance, of Vulkan 1.1; the chain is of locals.
    let known = unsafe {
        raw.get_physical_device_image_format_properties2(physical, &info, &mut properties)
    };
    // Where it does not say: one a plane.
    if known.is_ok() { conversion.combined_image_sampler_descriptor_count.max(1) } else { 3 }
}
