//! What formats can be used for.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use ash::vk;

use super::common::{PhysicalDevice, with};
use crate::video::caps;
use crate::{format, handle};

/// Features of images of `format` on `device`, of any tiling.
fn features(device: vk::PhysicalDevice, format: vk::Format) -> vk::FormatFeatureFlags2 {
    // SAFETY: see the top of the folder.
    let hardware = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config.hardware;
    let features = format::features(format);
    match hardware.copies_by_host() && !features.is_empty() {
        true => features | vk::FormatFeatureFlags2::HOST_IMAGE_TRANSFER_EXT,
        false => features,
    }
}

fn format_flags(wide: vk::FormatFeatureFlags2) -> vk::FormatProperties {
    // The low half is the same.
    let narrow = vk::FormatFeatureFlags::from_raw(wide.as_raw() as u32);
    vk::FormatProperties {
        linear_tiling_features: narrow,
        optimal_tiling_features: narrow,
        buffer_features: vk::FormatFeatureFlags::empty(),
    }
}

pub(super) unsafe extern "system" fn format_properties(
    device: vk::PhysicalDevice,
    format: vk::Format,
    p_properties: *mut vk::FormatProperties,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_properties, format_flags(features(device, format))) };
}

pub(super) unsafe extern "system" fn format_properties2(
    device: vk::PhysicalDevice,
    format: vk::Format,
    p_properties: *mut vk::FormatProperties2<'_>,
) {
    let features = features(device, format);
    // SAFETY: see the top of the folder.
    let properties = unsafe { &mut *p_properties };
    properties.format_properties = format_flags(features);
    with(properties.p_next, |wide: &mut vk::FormatProperties3<'_>| {
        wide.linear_tiling_features = features;
        wide.optimal_tiling_features = features;
        wide.buffer_features = vk::FormatFeatureFlags2::empty();
    });
}

/// What images of `format` and `kind` may be like.
fn image_format(format: vk::Format, kind: vk::ImageType) -> Option<vk::ImageFormatProperties> {
    format::describe(format).filter(|_| kind == vk::ImageType::TYPE_2D)?;
    Some(vk::ImageFormatProperties {
        max_extent: vk::Extent3D { width: caps::MAX_EXTENT, height: caps::MAX_EXTENT, depth: 1 },
        max_mip_levels: 1,
        max_array_layers: 256,
        sample_counts: vk::SampleCountFlags::TYPE_1,
        max_resource_size: 1 << 40,
    })
}

pub(super) unsafe extern "system" fn image_format_properties(
    _: vk::PhysicalDevice,
    format: vk::Format,
    kind: vk::ImageType,
    _: vk::ImageTiling,
    _: vk::ImageUsageFlags,
    _: vk::ImageCreateFlags,
    p_properties: *mut vk::ImageFormatProperties,
) -> vk::Result {
    let Some(properties) = image_format(format, kind) else {
        return vk::Result::ERROR_FORMAT_NOT_SUPPORTED;
    };
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_properties, properties) };
    vk::Result::SUCCESS
}

pub(super) unsafe extern "system" fn image_format_properties2(
    device: vk::PhysicalDevice,
    p_info: *const vk::PhysicalDeviceImageFormatInfo2<'_>,
    p_properties: *mut vk::ImageFormatProperties2<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let to = unsafe { &mut *p_properties };
    // No tiling by modifiers, no memory of others.
    if info.tiling != vk::ImageTiling::OPTIMAL && info.tiling != vk::ImageTiling::LINEAR {
        return vk::Result::ERROR_FORMAT_NOT_SUPPORTED;
    }
    // SAFETY: as above.
    let hardware = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config.hardware;
    if info.usage.contains(vk::ImageUsageFlags::HOST_TRANSFER_EXT) && !hardware.copies_by_host() {
        return vk::Result::ERROR_FORMAT_NOT_SUPPORTED;
    }
    let Some(properties) = image_format(info.format, info.ty) else {
        return vk::Result::ERROR_FORMAT_NOT_SUPPORTED;
    };
    with(to.p_next, |query: &mut vk::HostImageCopyDevicePerformanceQueryEXT<'_>| {
        query.optimal_device_access = vk::TRUE;
        query.identical_memory_layout = vk::TRUE;
    });
    to.image_format_properties = properties;
    with(to.p_next, |ycbcr: &mut vk::SamplerYcbcrConversionImageFormatProperties<'_>| {
        ycbcr.combined_image_sampler_descriptor_count = 3;
    });
    vk::Result::SUCCESS
}

pub(super) unsafe extern "system" fn sparse_image_format_properties(
    _: vk::PhysicalDevice,
    _: vk::Format,
    _: vk::ImageType,
    _: vk::SampleCountFlags,
    _: vk::ImageUsageFlags,
    _: vk::ImageTiling,
    p_count: *mut u32,
    _: *mut vk::SparseImageFormatProperties,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_count, 0) };
}

pub(super) unsafe extern "system" fn sparse_image_format_properties2(
    _: vk::PhysicalDevice,
    _: *const vk::PhysicalDeviceSparseImageFormatInfo2<'_>,
    p_count: *mut u32,
    _: *mut vk::SparseImageFormatProperties2<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_count, 0) };
}
