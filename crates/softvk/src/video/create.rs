//! What the application has to keep to when it makes sessions, parameters, images and buffers. A
//! breach is reported with its VUID, and the object is made all the same.

use ash::vk;

use super::caps;
use crate::config::Config;
use crate::image::Profiles;
use crate::message::Messages;
use av1_engine::job::Profile;

const DST: vk::ImageUsageFlags = vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR;
const DPB: vk::ImageUsageFlags = vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR;

/// Whether `format` is one of those for `usage`, alone or as output and reference picture.
fn is_format(
    profile: &Profile,
    format: vk::Format,
    usage: vk::ImageUsageFlags,
    config: &Config,
) -> bool {
    let lists = [usage, DST | DPB].map(|usage| caps::formats(profile, usage, config));
    lists.iter().flatten().any(|list| list.contains(&format))
}

/// vkCreateVideoSessionKHR.
pub(crate) fn session(
    messages: &Messages,
    info: &vk::VideoSessionCreateInfoKHR<'_>,
    profile: &Profile,
    config: &Config,
) {
    let error = |rule: &str, text: String| {
        messages.error(&format!("VUID-VkVideoSessionCreateInfoKHR-{rule}"), &text);
    };
    let (slots, active) = (info.max_dpb_slots, info.max_active_reference_pictures);
    if slots > config.slots {
        let text = format!("maxDpbSlots is {slots}, the driver has {}", config.slots);
        error("maxDpbSlots-04847", text);
    }
    if active > config.active {
        let text = format!("maxActiveReferencePictures is {active}, not {} at most", config.active);
        error("maxActiveReferencePictures-04849", text);
    }
    if (slots == 0) != (active == 0) {
        let text = format!("maxDpbSlots is {slots}, maxActiveReferencePictures {active}");
        error("maxDpbSlots-04850", text);
    }
    let (width, height) = (info.max_coded_extent.width, info.max_coded_extent.height);
    let ((min_width, min_height), (max_width, max_height)) = (config.min_extent, config.extent);
    if !(min_width..=max_width).contains(&width) || !(min_height..=max_height).contains(&height) {
        let text = format!(
            "maxCodedExtent is {width}x{height}, not from {min_width}x{min_height} to \
             {max_width}x{max_height}"
        );
        error("maxCodedExtent-04851", text);
    }
    let format = info.reference_picture_format;
    if active > 0 && !is_format(profile, format, DPB, config) {
        let text = format!("referencePictureFormat {format:?} is not for reference pictures");
        error("referencePictureFormat-04852", text);
    }
    let format = info.picture_format;
    if !is_format(profile, format, DST, config) {
        error("pictureFormat-04853", format!("pictureFormat {format:?} is not for outputs"));
    }
}

/// vkCreateImage of an image whose list of profiles is `profiles`.
pub(crate) fn image(
    messages: &Messages,
    info: &vk::ImageCreateInfo<'_>,
    profiles: &[Profile],
    config: &Config,
) {
    let independent = info.flags.contains(vk::ImageCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR);
    let usage = info.usage & (DST | DPB);
    if usage.is_empty() {
        return;
    }
    if profiles.is_empty() && !independent {
        let vuid = "VUID-VkImageCreateInfo-usage-04815";
        messages.error(vuid, "an image for video decoding without a list of profiles");
    }
    if independent && usage == DPB {
        let vuid = "VUID-VkImageCreateInfo-flags-08329";
        messages.error(vuid, "an image for reference pictures alone is of no profile");
    }
    // With EXTENDED_USAGE the other usages are a matter of the views.
    let asked = match info.flags.contains(vk::ImageCreateFlags::EXTENDED_USAGE) {
        true => usage,
        false => info.usage,
    };
    let supported = |profile: &Profile| {
        let formats = caps::formats(profile, asked, config).unwrap_or_default();
        let flags = caps::image_flags(config) | vk::ImageCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR;
        formats.contains(&info.format)
            && flags.contains(info.flags)
            && info.image_type == vk::ImageType::TYPE_2D
            && caps::tilings(config).contains(&info.tiling)
    };
    if !profiles.iter().all(supported) {
        let text = format!(
            "no image of a listed profile has format {:?}, usage {:?}, flags {:?} and tiling {:?}",
            info.format, info.usage, info.flags, info.tiling
        );
        messages.error("VUID-VkImageCreateInfo-pNext-06811", &text);
    }
}

/// vkCreateBuffer.
pub(crate) fn buffer(messages: &Messages, info: &vk::BufferCreateInfo<'_>, profiles: &Profiles) {
    let source = info.usage.contains(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR);
    if source && *profiles == Profiles::Listed(Vec::new()) {
        let vuid = "VUID-VkBufferCreateInfo-usage-04813";
        messages.error(vuid, "a buffer for video decoding without a list of profiles");
    }
}
