//! Which images shaders can sample as a whole, and where their chroma is said to lie.
#![allow(unsafe_code, reason = "queries")]

use ash::vk;

use super::instance::Instance;
use super::readback::PictureLayout;

/// Where chroma is said to lie in images of `format` and `tiling`: nothing is interpolated, so only
/// what the device allows counts. `None` where shaders cannot sample such images as a whole.
pub(super) fn chroma_location(
    instance: &Instance,
    physical: vk::PhysicalDevice,
    format: vk::Format,
    tiling: vk::ImageTiling,
) -> Option<vk::ChromaLocation> {
    use vk::FormatFeatureFlags as Feature;
    let planes = PictureLayout::of(format)?.planes;
    // SAFETY: the device is of the instance.
    let offered = unsafe { instance.raw().get_physical_device_format_properties(physical, format) };
    let features = match tiling {
        vk::ImageTiling::OPTIMAL => offered.optimal_tiling_features,
        vk::ImageTiling::LINEAR => offered.linear_tiling_features,
        _ => return None,
    };
    if !features.contains(Feature::SAMPLED_IMAGE) {
        return None;
    }
    let mut ycbcr = vk::PhysicalDeviceSamplerYcbcrConversionFeatures::default();
    let mut all = vk::PhysicalDeviceFeatures2::default().push_next(&mut ycbcr);
    // SAFETY: as above; the structure is of Vulkan 1.1, which every device here has.
    unsafe { instance.raw().get_physical_device_features2(physical, &mut all) };
    if planes > 1 && ycbcr.sampler_ycbcr_conversion == vk::FALSE {
        return None;
    }
    // VUID-VkSamplerYcbcrConversionCreateInfo-format-01650, -xChromaOffset-01651 and -01652.
    if planes == 1 || features.contains(Feature::MIDPOINT_CHROMA_SAMPLES) {
        return Some(vk::ChromaLocation::MIDPOINT);
    }
    let cosited = features.contains(Feature::COSITED_CHROMA_SAMPLES);
    cosited.then_some(vk::ChromaLocation::COSITED_EVEN)
}
