//! Structures of extensions newer than ash: VK_KHR_video_maintenance2 and
//! VK_KHR_unified_image_layouts, as the Vulkan registry lays them out.

use std::ffi::c_void;

use ash::vk;
use ash::vk::native::StdVideoAV1SequenceHeader;

/// VkPhysicalDeviceVideoMaintenance2FeaturesKHR.
#[repr(C)]
pub(crate) struct VideoMaintenance2Features {
    pub(crate) s_type: vk::StructureType,
    pub(crate) p_next: *mut c_void,
    pub(crate) video_maintenance2: vk::Bool32,
}

/// VkVideoDecodeAV1InlineSessionParametersInfoKHR.
#[repr(C)]
pub(crate) struct Av1InlineSessionParameters {
    pub(crate) s_type: vk::StructureType,
    pub(crate) p_next: *const c_void,
    pub(crate) p_std_sequence_header: *const StdVideoAV1SequenceHeader,
}

/// VkPhysicalDeviceUnifiedImageLayoutsFeaturesKHR.
#[repr(C)]
pub(crate) struct UnifiedImageLayoutsFeatures {
    pub(crate) s_type: vk::StructureType,
    pub(crate) p_next: *mut c_void,
    pub(crate) unified_image_layouts: vk::Bool32,
    pub(crate) unified_image_layouts_video: vk::Bool32,
}

/// VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VIDEO_MAINTENANCE_2_FEATURES_KHR.
pub(crate) const VIDEO_MAINTENANCE_2_FEATURES: i32 = 1_000_586_000;
/// VK_STRUCTURE_TYPE_VIDEO_DECODE_AV1_INLINE_SESSION_PARAMETERS_INFO_KHR.
pub(crate) const AV1_INLINE_SESSION_PARAMETERS: i32 = 1_000_586_003;
/// VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_UNIFIED_IMAGE_LAYOUTS_FEATURES_KHR.
pub(crate) const UNIFIED_IMAGE_LAYOUTS_FEATURES: i32 = 1_000_527_000;
