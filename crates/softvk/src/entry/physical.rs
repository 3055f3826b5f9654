//! The physical device: what it is and what it can.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::ffi::{c_char, c_void};

use ash::vk;

use super::common::{COPY_QUEUES, FAMILIES, PhysicalDevice, chars, extensions, profiles, with};
use super::{Row, formats, table};
use crate::beyond::{UnifiedImageLayoutsFeatures, VideoMaintenance2Features};
use crate::config::Config;
use crate::video::caps;
use crate::{chain, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkGetPhysicalDeviceProperties" => properties,
    c"vkGetPhysicalDeviceProperties2" => properties2,
    c"vkGetPhysicalDeviceFeatures" => features,
    c"vkGetPhysicalDeviceFeatures2" => features2,
    c"vkGetPhysicalDeviceQueueFamilyProperties" => queue_family_properties,
    c"vkGetPhysicalDeviceQueueFamilyProperties2" => queue_family_properties2,
    c"vkGetPhysicalDeviceMemoryProperties" => memory_properties,
    c"vkGetPhysicalDeviceMemoryProperties2" => memory_properties2,
    c"vkGetPhysicalDeviceFormatProperties" => formats::format_properties,
    c"vkGetPhysicalDeviceFormatProperties2" => formats::format_properties2,
    c"vkGetPhysicalDeviceImageFormatProperties" => formats::image_format_properties,
    c"vkGetPhysicalDeviceImageFormatProperties2" => formats::image_format_properties2,
    c"vkGetPhysicalDeviceSparseImageFormatProperties" => formats::sparse_image_format_properties,
    c"vkGetPhysicalDeviceSparseImageFormatProperties2" => formats::sparse_image_format_properties2,
    c"vkGetPhysicalDeviceExternalBufferProperties" => external_buffer_properties,
    c"vkGetPhysicalDeviceExternalFenceProperties" => external_fence_properties,
    c"vkGetPhysicalDeviceExternalSemaphoreProperties" => external_semaphore_properties,
    c"vkGetPhysicalDeviceToolProperties" => tool_properties,
    c"vkEnumerateDeviceExtensionProperties" => enumerate_device_extension_properties,
    c"vkEnumerateDeviceLayerProperties" => enumerate_device_layer_properties,
    c"vkGetPhysicalDeviceVideoCapabilitiesKHR" => video_capabilities,
    c"vkGetPhysicalDeviceVideoFormatPropertiesKHR" => video_format_properties,
};

const NAME: &str = "softvk (software AV1 decoder)";
const UUID: [u8; 16] = *b"softvk av1 cpu 0";
fn limits(config: &Config) -> vk::PhysicalDeviceLimits {
    vk::PhysicalDeviceLimits {
        max_image_dimension1_d: 16384,
        max_image_dimension2_d: caps::MAX_EXTENT,
        max_image_dimension3_d: 256,
        max_image_dimension_cube: 4096,
        max_image_array_layers: 256,
        max_texel_buffer_elements: 1 << 27,
        max_uniform_buffer_range: 1 << 16,
        max_storage_buffer_range: 1 << 30,
        max_push_constants_size: 128,
        max_memory_allocation_count: 1 << 20,
        max_sampler_allocation_count: 4000,
        buffer_image_granularity: 1,
        max_bound_descriptor_sets: 4,
        max_compute_shared_memory_size: 16384,
        max_compute_work_group_count: [65535; 3],
        max_compute_work_group_invocations: 128,
        max_compute_work_group_size: [128, 128, 64],
        max_framebuffer_width: 4096,
        max_framebuffer_height: 4096,
        max_framebuffer_layers: 256,
        max_viewports: 1,
        max_viewport_dimensions: [4096; 2],
        viewport_bounds_range: [-8192.0, 8191.0],
        min_memory_map_alignment: 4096,
        min_texel_buffer_offset_alignment: 256,
        min_uniform_buffer_offset_alignment: 256,
        min_storage_buffer_offset_alignment: 256,
        timestamp_compute_and_graphics: vk::TRUE,
        timestamp_period: 1.0,
        optimal_buffer_copy_offset_alignment: 1,
        optimal_buffer_copy_row_pitch_alignment: 1,
        non_coherent_atom_size: config.hardware.atom_bytes(),
        framebuffer_color_sample_counts: vk::SampleCountFlags::TYPE_1,
        sampled_image_color_sample_counts: vk::SampleCountFlags::TYPE_1,
        storage_image_sample_counts: vk::SampleCountFlags::TYPE_1,
        max_sampler_anisotropy: 1.0,
        ..Default::default()
    }
}

fn device_properties(config: &Config) -> vk::PhysicalDeviceProperties {
    vk::PhysicalDeviceProperties {
        api_version: config.api_version,
        driver_version: vk::make_api_version(0, 0, 1, 0),
        vendor_id: 0x1_0008, // No PCI device: a number above all of PCI's.
        device_id: 1,
        device_type: config.hardware.device_type(),
        device_name: chars(NAME),
        pipeline_cache_uuid: UUID,
        limits: limits(config),
        sparse_properties: Default::default(),
    }
}

/// `driverID` and `conformanceVersion`.
fn identity(config: &Config) -> (vk::DriverId, vk::ConformanceVersion) {
    let [major, minor, subminor, patch] = config.hardware.conformance;
    let version = vk::ConformanceVersion { major, minor, subminor, patch };
    (vk::DriverId::from_raw(config.hardware.driver_id), version)
}

unsafe extern "system" fn properties(
    device: vk::PhysicalDevice,
    p_properties: *mut vk::PhysicalDeviceProperties,
) {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    unsafe { handle::put(p_properties, device_properties(config)) };
}

unsafe extern "system" fn properties2(
    device: vk::PhysicalDevice,
    p_properties: *mut vk::PhysicalDeviceProperties2<'_>,
) {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    let properties = unsafe { &mut *p_properties };
    properties.properties = device_properties(config);
    let next = properties.p_next;
    with(next, |p: &mut vk::PhysicalDeviceVulkan11Properties<'_>| {
        p.device_uuid = UUID;
        p.driver_uuid = UUID;
        p.max_multiview_view_count = 6;
        p.max_per_set_descriptors = 1024;
        p.max_memory_allocation_size = 1 << 40;
    });
    with(next, |p: &mut vk::PhysicalDeviceVulkan12Properties<'_>| {
        (p.driver_id, p.conformance_version) = identity(config);
        p.driver_name = chars("softvk");
        p.driver_info = chars(env!("CARGO_PKG_VERSION"));
        p.max_timeline_semaphore_value_difference = u64::MAX;
    });
    with(next, |p: &mut vk::PhysicalDeviceVulkan13Properties<'_>| {
        p.max_buffer_size = 1 << 40;
    });
    with(next, |p: &mut vk::PhysicalDeviceIDProperties<'_>| {
        p.device_uuid = UUID;
        p.driver_uuid = UUID;
    });
    with(next, |p: &mut vk::PhysicalDeviceDriverProperties<'_>| {
        (p.driver_id, p.conformance_version) = identity(config);
        p.driver_name = chars("softvk");
        p.driver_info = chars(env!("CARGO_PKG_VERSION"));
    });
    with(next, |p: &mut vk::PhysicalDeviceTimelineSemaphoreProperties<'_>| {
        p.max_timeline_semaphore_value_difference = u64::MAX;
    });
    with(next, |p| super::host::properties(config, p));
    with(next, |p: &mut vk::PhysicalDeviceMaintenance3Properties<'_>| {
        p.max_per_set_descriptors = 1024;
        p.max_memory_allocation_size = 1 << 40;
    });
}

unsafe extern "system" fn features(
    _: vk::PhysicalDevice,
    p_features: *mut vk::PhysicalDeviceFeatures,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_features, vk::PhysicalDeviceFeatures::default()) };
}

unsafe extern "system" fn features2(
    device: vk::PhysicalDevice,
    p_features: *mut vk::PhysicalDeviceFeatures2<'_>,
) {
    // SAFETY: see the top of the folder.
    let features = unsafe { &mut *p_features };
    features.features = vk::PhysicalDeviceFeatures::default();
    let next = features.p_next;
    with(next, |f: &mut vk::PhysicalDeviceVulkan11Features<'_>| {
        f.sampler_ycbcr_conversion = vk::TRUE;
    });
    with(next, |f: &mut vk::PhysicalDeviceVulkan12Features<'_>| {
        f.timeline_semaphore = vk::TRUE;
        f.host_query_reset = vk::TRUE;
    });
    with(next, |f: &mut vk::PhysicalDeviceVulkan13Features<'_>| {
        f.synchronization2 = vk::TRUE;
    });
    single_features(next);
    // SAFETY: as above.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    with(next, |f: &mut vk::PhysicalDeviceVideoMaintenance1FeaturesKHR<'_>| {
        f.video_maintenance1 = config.maintenance1.into();
    });
    with(next, |f: &mut vk::PhysicalDeviceHostImageCopyFeaturesEXT<'_>| {
        f.host_image_copy = config.hardware.copies_by_host().into();
    });
    with(next, |f: &mut VideoMaintenance2Features| {
        f.video_maintenance2 = config.maintenance2.into();
    });
    with(next, |f: &mut UnifiedImageLayoutsFeatures| {
        f.unified_image_layouts = config.unified_layouts.into();
        f.unified_image_layouts_video = config.unified_layouts.into();
    });
}

/// Features that may also be asked for one by one.
fn single_features(next: *mut c_void) {
    with(next, |f: &mut vk::PhysicalDeviceTimelineSemaphoreFeatures<'_>| {
        f.timeline_semaphore = vk::TRUE;
    });
    with(next, |f: &mut vk::PhysicalDeviceSynchronization2Features<'_>| {
        f.synchronization2 = vk::TRUE;
    });
    with(next, |f: &mut vk::PhysicalDeviceSamplerYcbcrConversionFeatures<'_>| {
        f.sampler_ycbcr_conversion = vk::TRUE;
    });
    with(next, |f: &mut vk::PhysicalDeviceHostQueryResetFeatures<'_>| {
        f.host_query_reset = vk::TRUE;
    });
}

/// Family 0 copies (and says COMPUTE, since programs look for a device that can compute or draw;
/// it makes no pipelines), family 1 decodes.
fn families(config: &Config) -> [vk::QueueFamilyProperties; 2] {
    let granularity = vk::Extent3D { width: 1, height: 1, depth: 1 };
    let family = |queue_flags, queue_count| vk::QueueFamilyProperties {
        queue_flags,
        queue_count,
        timestamp_valid_bits: 64,
        min_image_transfer_granularity: granularity,
    };
    let mut decode = vk::QueueFlags::VIDEO_DECODE_KHR;
    if config.decode_copies {
        decode |= vk::QueueFlags::TRANSFER;
    }
    let mut copy = vk::QueueFlags::COMPUTE | vk::QueueFlags::TRANSFER;
    if config.graphics_bit {
        copy |= vk::QueueFlags::GRAPHICS;
    }
    [family(copy, COPY_QUEUES), family(decode, config.queues)]
}

unsafe extern "system" fn queue_family_properties(
    device: vk::PhysicalDevice,
    p_count: *mut u32,
    p_properties: *mut vk::QueueFamilyProperties,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<PhysicalDevice, _>(device) };
    // SAFETY: as above.
    let _ = unsafe { handle::enumerate(&families(&device.config), p_count, p_properties) };
}

unsafe extern "system" fn queue_family_properties2(
    device: vk::PhysicalDevice,
    p_count: *mut u32,
    p_properties: *mut vk::QueueFamilyProperties2<'_>,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<PhysicalDevice, _>(device) };
    // SAFETY: as above.
    let count = unsafe { &mut *p_count };
    if p_properties.is_null() {
        *count = FAMILIES;
        return;
    }
    *count = FAMILIES.min(*count);
    for (i, family) in families(&device.config).into_iter().take(*count as usize).enumerate() {
        // SAFETY: as above: `i` is below the count.
        let at = unsafe { p_properties.add(i) };
        // SAFETY: as above.
        let to = unsafe { &mut *at };
        to.queue_family_properties = family;
        with(to.p_next, |video: &mut vk::QueueFamilyVideoPropertiesKHR<'_>| {
            video.video_codec_operations = match i {
                0 => vk::VideoCodecOperationFlagsKHR::NONE,
                _ => vk::VideoCodecOperationFlagsKHR::DECODE_AV1,
            };
        });
        with(to.p_next, |status: &mut vk::QueueFamilyQueryResultStatusPropertiesKHR<'_>| {
            status.query_result_status_support = (i == 1 && device.config.status).into();
        });
    }
}

unsafe extern "system" fn memory_properties(
    device: vk::PhysicalDevice,
    p_properties: *mut vk::PhysicalDeviceMemoryProperties,
) {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    unsafe { handle::put(p_properties, config.hardware.memory_properties()) };
}

unsafe extern "system" fn memory_properties2(
    device: vk::PhysicalDevice,
    p_properties: *mut vk::PhysicalDeviceMemoryProperties2<'_>,
) {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    unsafe { &mut *p_properties }.memory_properties = config.hardware.memory_properties();
}

unsafe extern "system" fn external_buffer_properties(
    _: vk::PhysicalDevice,
    _: *const vk::PhysicalDeviceExternalBufferInfo<'_>,
    p_properties: *mut vk::ExternalBufferProperties<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { &mut *p_properties }.external_memory_properties = Default::default();
}

unsafe extern "system" fn external_fence_properties(
    _: vk::PhysicalDevice,
    _: *const vk::PhysicalDeviceExternalFenceInfo<'_>,
    p_properties: *mut vk::ExternalFenceProperties<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { &mut *p_properties }.external_fence_features = Default::default();
}

unsafe extern "system" fn external_semaphore_properties(
    _: vk::PhysicalDevice,
    _: *const vk::PhysicalDeviceExternalSemaphoreInfo<'_>,
    p_properties: *mut vk::ExternalSemaphoreProperties<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { &mut *p_properties }.external_semaphore_features = Default::default();
}

unsafe extern "system" fn tool_properties(
    _: vk::PhysicalDevice,
    p_count: *mut u32,
    _: *mut vk::PhysicalDeviceToolProperties<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_count, 0) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn enumerate_device_extension_properties(
    device: vk::PhysicalDevice,
    p_layer_name: *const c_char,
    p_count: *mut u32,
    p_properties: *mut vk::ExtensionProperties,
) -> vk::Result {
    if !p_layer_name.is_null() {
        return vk::Result::ERROR_LAYER_NOT_PRESENT;
    }
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    unsafe { handle::enumerate(&extensions(config), p_count, p_properties) }
}

unsafe extern "system" fn enumerate_device_layer_properties(
    _: vk::PhysicalDevice,
    p_count: *mut u32,
    p_properties: *mut vk::LayerProperties,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::enumerate(&[], p_count, p_properties) }
}

unsafe extern "system" fn video_capabilities(
    device: vk::PhysicalDevice,
    p_profile: *const vk::VideoProfileInfoKHR<'_>,
    p_capabilities: *mut vk::VideoCapabilitiesKHR<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    let profile = unsafe { &*p_profile };
    // SAFETY: as above.
    let av1 = unsafe { chain::find::<vk::VideoDecodeAV1ProfileInfoKHR<'_>>(profile.p_next) };
    if let Err(result) = caps::profile(profile, av1, config) {
        return result;
    }
    // SAFETY: as above.
    let to = unsafe { &mut *p_capabilities };
    caps::fill(to, config);
    with(to.p_next, |decode: &mut vk::VideoDecodeCapabilitiesKHR<'_>| {
        decode.flags = caps::decode_flags(config);
    });
    with(to.p_next, |av1: &mut vk::VideoDecodeAV1CapabilitiesKHR<'_>| {
        av1.max_level = config.level;
    });
    vk::Result::SUCCESS
}

unsafe extern "system" fn video_format_properties(
    device: vk::PhysicalDevice,
    p_info: *const vk::PhysicalDeviceVideoFormatInfoKHR<'_>,
    p_count: *mut u32,
    p_properties: *mut vk::VideoFormatPropertiesKHR<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let config = &unsafe { handle::get::<PhysicalDevice, _>(device) }.config;
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let profiles = match unsafe { profiles(info.p_next, config) } {
        Ok(profiles) => profiles,
        Err(result) => return result,
    };
    let Some(profile) = profiles.first() else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let formats = match caps::formats(profile, info.image_usage, config) {
        Ok(formats) => caps::tiled(&formats, config),
        Err(result) => return result,
    };
    // SAFETY: as above.
    let count = unsafe { &mut *p_count };
    if p_properties.is_null() {
        *count = formats.len() as u32;
        return vk::Result::SUCCESS;
    }
    let n = formats.len().min(*count as usize);
    for (i, (format, tiling)) in formats.iter().take(n).enumerate() {
        // SAFETY: as above: `i` is below the count.
        let at = unsafe { p_properties.add(i) };
        // SAFETY: as above.
        let to = unsafe { &mut *at };
        to.format = *format;
        to.component_mapping = vk::ComponentMapping::default();
        to.image_create_flags = caps::image_flags(config);
        to.image_type = vk::ImageType::TYPE_2D;
        to.image_tiling = *tiling;
        to.image_usage_flags = caps::image_usage(config, info.image_usage);
    }
    *count = n as u32;
    if n < formats.len() { vk::Result::INCOMPLETE } else { vk::Result::SUCCESS }
}
