//! pNext chains: found structures become references.
#![allow(unsafe_code, reason = "chains are pointers of the application")]

use std::ffi::c_void;

use ash::vk;

use crate::beyond;

/// A structure that may stand in a chain, with its `sType`.
///
/// # Safety
/// `TYPE` is the `sType` of exactly this structure.
pub(crate) unsafe trait Chained {
    /// Its `sType`.
    const TYPE: vk::StructureType;
}

macro_rules! chained {
    ($($name:ident $(<$life:lifetime>)? = $kind:ident),* $(,)?) => {
        $(
            // SAFETY: the pair stands so in the Vulkan registry.
            unsafe impl Chained for vk::$name $(<$life>)? {
                const TYPE: vk::StructureType = vk::StructureType::$kind;
            }
        )*
    };
}

chained! {
    DebugUtilsMessengerCreateInfoEXT<'_> = DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    SemaphoreTypeCreateInfo<'_> = SEMAPHORE_TYPE_CREATE_INFO,
    TimelineSemaphoreSubmitInfo<'_> = TIMELINE_SEMAPHORE_SUBMIT_INFO,
    VideoProfileListInfoKHR<'_> = VIDEO_PROFILE_LIST_INFO_KHR,
    VideoProfileInfoKHR<'_> = VIDEO_PROFILE_INFO_KHR,
    VideoDecodeAV1ProfileInfoKHR<'_> = VIDEO_DECODE_AV1_PROFILE_INFO_KHR,
    VideoDecodeCapabilitiesKHR<'_> = VIDEO_DECODE_CAPABILITIES_KHR,
    VideoDecodeAV1CapabilitiesKHR<'_> = VIDEO_DECODE_AV1_CAPABILITIES_KHR,
    VideoDecodeAV1SessionParametersCreateInfoKHR<'_> =
        VIDEO_DECODE_AV1_SESSION_PARAMETERS_CREATE_INFO_KHR,
    VideoDecodeAV1DpbSlotInfoKHR<'_> = VIDEO_DECODE_AV1_DPB_SLOT_INFO_KHR,
    VideoDecodeAV1PictureInfoKHR<'_> = VIDEO_DECODE_AV1_PICTURE_INFO_KHR,
    QueueFamilyVideoPropertiesKHR<'_> = QUEUE_FAMILY_VIDEO_PROPERTIES_KHR,
    QueueFamilyQueryResultStatusPropertiesKHR<'_> =
        QUEUE_FAMILY_QUERY_RESULT_STATUS_PROPERTIES_KHR,
    PhysicalDeviceVulkan11Properties<'_> = PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
    PhysicalDeviceVulkan12Properties<'_> = PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
    PhysicalDeviceVulkan13Properties<'_> = PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES,
    PhysicalDeviceIDProperties<'_> = PHYSICAL_DEVICE_ID_PROPERTIES,
    PhysicalDeviceDriverProperties<'_> = PHYSICAL_DEVICE_DRIVER_PROPERTIES,
    PhysicalDeviceTimelineSemaphoreProperties<'_> = PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_PROPERTIES,
    PhysicalDeviceMaintenance3Properties<'_> = PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
    PhysicalDeviceVulkan11Features<'_> = PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
    PhysicalDeviceVulkan12Features<'_> = PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    PhysicalDeviceVulkan13Features<'_> = PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
    PhysicalDeviceTimelineSemaphoreFeatures<'_> = PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
    PhysicalDeviceSynchronization2Features<'_> = PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
    PhysicalDeviceSamplerYcbcrConversionFeatures<'_> =
        PHYSICAL_DEVICE_SAMPLER_YCBCR_CONVERSION_FEATURES,
    PhysicalDeviceHostImageCopyFeaturesEXT<'_> = PHYSICAL_DEVICE_HOST_IMAGE_COPY_FEATURES_EXT,
    PhysicalDeviceHostImageCopyPropertiesEXT<'_> = PHYSICAL_DEVICE_HOST_IMAGE_COPY_PROPERTIES_EXT,
    HostImageCopyDevicePerformanceQueryEXT<'_> = HOST_IMAGE_COPY_DEVICE_PERFORMANCE_QUERY_EXT,
    SubresourceHostMemcpySizeEXT<'_> = SUBRESOURCE_HOST_MEMCPY_SIZE_EXT,
    PhysicalDeviceHostQueryResetFeatures<'_> = PHYSICAL_DEVICE_HOST_QUERY_RESET_FEATURES,
    PhysicalDeviceVideoMaintenance1FeaturesKHR<'_> =
        PHYSICAL_DEVICE_VIDEO_MAINTENANCE_1_FEATURES_KHR,
    FormatProperties3<'_> = FORMAT_PROPERTIES_3,
    MemoryDedicatedRequirements<'_> = MEMORY_DEDICATED_REQUIREMENTS,
    ExternalImageFormatProperties<'_> = EXTERNAL_IMAGE_FORMAT_PROPERTIES,
    SamplerYcbcrConversionImageFormatProperties<'_> =
        SAMPLER_YCBCR_CONVERSION_IMAGE_FORMAT_PROPERTIES,
    ImagePlaneMemoryRequirementsInfo<'_> = IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO,
    BindImagePlaneMemoryInfo<'_> = BIND_IMAGE_PLANE_MEMORY_INFO,
    VideoInlineQueryInfoKHR<'_> = VIDEO_INLINE_QUERY_INFO_KHR,
}

// SAFETY: the pair stands so in the Vulkan registry.
unsafe impl Chained for beyond::VideoMaintenance2Features {
    const TYPE: vk::StructureType =
        vk::StructureType::from_raw(beyond::VIDEO_MAINTENANCE_2_FEATURES);
}

// SAFETY: as above.
unsafe impl Chained for beyond::Av1InlineSessionParameters {
    const TYPE: vk::StructureType =
        vk::StructureType::from_raw(beyond::AV1_INLINE_SESSION_PARAMETERS);
}

// SAFETY: as above.
unsafe impl Chained for beyond::UnifiedImageLayoutsFeatures {
    const TYPE: vk::StructureType =
        vk::StructureType::from_raw(beyond::UNIFIED_IMAGE_LAYOUTS_FEATURES);
}

/// The first `T` of the chain that starts at `next`.
///
/// # Safety
/// `next` is NULL or the start of a valid chain that lives as long as the result is used.
pub(crate) unsafe fn find<'a, T: Chained>(next: *const c_void) -> Option<&'a T> {
    // SAFETY: the caller's promise.
    let found = unsafe { find_raw(next, T::TYPE) };
    // SAFETY: the chain's element has this sType, hence is a `T`.
    unsafe { found.cast::<T>().as_ref() }
}

/// The first `T` of the chain that starts at `next`, to be filled.
///
/// # Safety
/// As for [`find`], and nothing else refers to the structure.
pub(crate) unsafe fn find_mut<'a, T: Chained>(next: *mut c_void) -> Option<&'a mut T> {
    // SAFETY: the caller's promise.
    let found = unsafe { find_raw(next, T::TYPE) };
    // SAFETY: the chain's element has this sType, hence is a `T`.
    unsafe { found.cast::<T>().cast_mut().as_mut() }
}

/// # Safety
/// As for [`find`].
unsafe fn find_raw(next: *const c_void, wanted: vk::StructureType) -> *const c_void {
    let mut at = next.cast::<vk::BaseInStructure<'_>>();
    // SAFETY: the caller's promise: every element starts with sType and pNext.
    while let Some(element) = unsafe { at.as_ref() } {
        if element.s_type == wanted {
            return at.cast();
        }
        at = element.p_next;
    }
    std::ptr::null()
}
