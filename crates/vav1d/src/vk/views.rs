//! Views of images for shaders: of planes, or of all of them.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::conversion::Conversion;
use super::failed;
use super::objects::Image;
use crate::error::Result;

/// A view of one plane of one layer of an image, for shaders.
pub(super) struct PlaneView {
    image: Arc<Image>,
    raw: vk::ImageView,
}

impl PlaneView {
    /// Plane `aspect` of layer `layer` as `format`, with component `first` in the first place. The
    /// image has usage SAMPLED and, where the format is not its own, MUTABLE_FORMAT.
    pub(super) fn new(
        image: &Arc<Image>,
        layer: u32,
        aspect: vk::ImageAspectFlags,
        format: vk::Format,
        first: vk::ComponentSwizzle,
    ) -> Result<Self> {
        // The image's other usages are not this format's.
        let mut usage = vk::ImageViewUsageCreateInfo::default().usage(vk::ImageUsageFlags::SAMPLED);
        let info = vk::ImageViewCreateInfo::default()
            .image(image.raw())
            .view_type(vk::ImageViewType::TYPE_2D)
            .format(format)
            .components(vk::ComponentMapping { r: first, ..Default::default() })
            .subresource_range(
                vk::ImageSubresourceRange::default()
                    .aspect_mask(aspect)
                    .level_count(1)
                    .base_array_layer(layer)
                    .layer_count(1),
            )
            .push_next(&mut usage);
        // SAFETY: the format is compatible with the plane's (VUID-VkImageViewCreateInfo-image-01586).
        let raw = unsafe { image.device().raw().create_image_view(&info, None) }
            .map_err(failed("vkCreateImageView"))?;
        Ok(Self { image: image.clone(), raw })
    }

    pub(super) fn raw(&self) -> vk::ImageView {
        self.raw
    }
}

impl Drop for PlaneView {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyImageView-imageView-01026: no submission uses it any more.
        self.image.device().destroy(|raw| unsafe { raw.destroy_image_view(self.raw, None) });
    }
}

/// A view of a whole picture, for shaders that have it with its conversion's sampler: V, Y and U in the
/// first three components.
pub(super) struct WholeView {
    image: Arc<Image>,
    conversion: Arc<Conversion>,
    raw: vk::ImageView,
}

impl WholeView {
    /// Layer `layer` of `image`, which has usage SAMPLED and the format of `conversion`.
    pub(super) fn new(
        image: &Arc<Image>,
        layer: u32,
        conversion: &Arc<Conversion>,
    ) -> Result<Self> {
        let mut usage = vk::ImageViewUsageCreateInfo::default().usage(vk::ImageUsageFlags::SAMPLED);
        let mut by = conversion.info();
        let mut info = vk::ImageViewCreateInfo::default()
            .image(image.raw())
            .view_type(vk::ImageViewType::TYPE_2D)
            .format(conversion.format())
            .subresource_range(
                vk::ImageSubresourceRange::default()
                    .aspect_mask(vk::ImageAspectFlags::COLOR)
                    .level_count(1)
                    .base_array_layer(layer)
                    .layer_count(1),
            )
            .push_next(&mut usage);
        if conversion.is_none() {
            // One plane: its samples where Y is elsewhere.
            let first = vk::ComponentSwizzle::R;
            info = info.components(vk::ComponentMapping { g: first, ..Default::default() });
        } else {
            info = info.push_next(&mut by);
        }
        let device = conversion.device();
        // SAFETY: the format is the image's own, with a conversion where it has several planes.
        let raw = unsafe { device.raw().create_image_view(&info, None) }
            .map_err(failed("vkCreateImageView"))?;
        Ok(Self { image: image.clone(), conversion: conversion.clone(), raw })
    }

    pub(super) fn raw(&self) -> vk::ImageView {
        self.raw
    }

    /// What it is sampled by.
    pub(super) fn conversion(&self) -> &Arc<Conversion> {
        &self.conversion
    }
}

impl Drop for WholeView {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyImageView-imageView-01026: no submission uses it any more, and the
        // image is still there.
        let destroy = |raw: &ash::Device| unsafe { raw.destroy_image_view(self.raw, None) };
        self.image.device().destroy(destroy);
    }
}
