//! Views of images: for decoding, and for shaders, of planes or of all of them.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::conversion::Conversion;
use super::failed;
use super::objects::Image;
use crate::error::Result;

/// A view of one layer of an image, which it keeps.
struct LayerView {
    image: Arc<Image>,
    raw: vk::ImageView,
}

impl LayerView {
    /// Aspect `aspect` of layer `layer`, as `info` says for the rest.
    ///
    /// # Safety
    /// `info` has a format, usages and a chain that are valid for the image and this aspect.
    unsafe fn new(
        image: &Arc<Image>,
        layer: u32,
        aspect: vk::ImageAspectFlags,
        info: vk::ImageViewCreateInfo<'_>,
    ) -> Result<Self> {
        let range = vk::ImageSubresourceRange::default()
            .aspect_mask(aspect)
            .level_count(1)
            .base_array_layer(layer)
            .layer_count(1);
        let info =
            info.image(image.raw()).view_type(vk::ImageViewType::TYPE_2D).subresource_range(range);
        // SAFETY: the caller's promise; the image is of this device.
        let raw = unsafe { image.device().raw().create_image_view(&info, None) }
            .map_err(failed("vkCreateImageView"))?;
        Ok(Self { image: image.clone(), raw })
    }

    fn raw(&self) -> vk::ImageView {
        self.raw
    }

    fn image(&self) -> &Arc<Image> {
        &self.image
    }
}

impl Drop for LayerView {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyImageView-imageView-01026: no submission uses it any more.
        self.image.device().destroy(|raw| unsafe { raw.destroy_image_view(self.raw, None) });
    }
}

/// A view of one layer of an image, for decoding.
pub(super) struct View {
    view: LayerView,
    layer: u32,
}

impl View {
    /// A view of layer `layer`.
    pub(super) fn new(image: &Arc<Image>, layer: u32) -> Result<Self> {
        // Shaders have views of their own, of planes: this one could not be sampled without a
        // conversion (VUID-VkImageViewCreateInfo-format-06415).
        let usage = image.usage() & !vk::ImageUsageFlags::SAMPLED;
        let mut usage = vk::ImageViewUsageCreateInfo::default().usage(usage);
        let info = vk::ImageViewCreateInfo::default().format(image.format()).push_next(&mut usage);
        // SAFETY: the image has the layer, a decode usage and this format; a view of its whole
        // planes needs no conversion, as it cannot be sampled.
        let view = unsafe { LayerView::new(image, layer, vk::ImageAspectFlags::COLOR, info)? };
        Ok(Self { view, layer })
    }

    pub(super) fn raw(&self) -> vk::ImageView {
        self.view.raw()
    }

    pub(super) fn image(&self) -> &Arc<Image> {
        self.view.image()
    }

    pub(super) fn layer(&self) -> u32 {
        self.layer
    }
}

/// A view of one plane of one layer of an image, for shaders.
pub(super) struct PlaneView(LayerView);

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
            .format(format)
            .components(vk::ComponentMapping { r: first, ..Default::default() })
            .push_next(&mut usage);
        // SAFETY: the format is compatible with the plane's (VUID-VkImageViewCreateInfo-image-01586).
        Ok(Self(unsafe { LayerView::new(image, layer, aspect, info)? }))
    }

    pub(super) fn raw(&self) -> vk::ImageView {
        self.0.raw()
    }
}

/// A view of a whole picture, for shaders that have it with its conversion's sampler: V, Y and U in the
/// first three components.
pub(super) struct WholeView {
    view: LayerView,
    conversion: Arc<Conversion>,
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
        let mut info =
            vk::ImageViewCreateInfo::default().format(conversion.format()).push_next(&mut usage);
        if conversion.is_none() {
            // One plane: its samples where Y is elsewhere.
            let first = vk::ComponentSwizzle::R;
            info = info.components(vk::ComponentMapping { g: first, ..Default::default() });
        } else {
            info = info.push_next(&mut by);
        }
        // SAFETY: the format is the image's own, with a conversion where it has several planes.
        let view = unsafe { LayerView::new(image, layer, vk::ImageAspectFlags::COLOR, info)? };
        Ok(Self { view, conversion: conversion.clone() })
    }

    pub(super) fn raw(&self) -> vk::ImageView {
        self.view.raw()
    }

    /// What it is sampled by.
    pub(super) fn conversion(&self) -> &Arc<Conversion> {
        &self.conversion
    }
}
