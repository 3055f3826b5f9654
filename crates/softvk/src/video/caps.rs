//! Video capabilities: what the configuration lets the driver say of a profile.

use ash::vk;

use crate::config::{Config, Grain, Planes, Subsamplings};
use crate::format::FORMATS;
use av1_engine::job::{Chroma, Profile};

/// Largest coded extent: AV1's own limit.
pub(crate) const MAX_EXTENT: u32 = 65536;

/// The profile that an application describes, if the driver supports it.
pub(crate) fn profile(
    info: &vk::VideoProfileInfoKHR<'_>,
    av1: Option<&vk::VideoDecodeAV1ProfileInfoKHR<'_>>,
    config: &Config,
) -> Result<Profile, vk::Result> {
    if info.video_codec_operation != vk::VideoCodecOperationFlagsKHR::DECODE_AV1 {
        return Err(vk::Result::ERROR_VIDEO_PROFILE_OPERATION_NOT_SUPPORTED_KHR);
    }
    let Some(av1) = av1 else {
        return Err(vk::Result::ERROR_VIDEO_PROFILE_OPERATION_NOT_SUPPORTED_KHR);
    };
    let format = vk::Result::ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR;
    let chroma = match info.chroma_subsampling {
        vk::VideoChromaSubsamplingFlagsKHR::MONOCHROME => Chroma::Monochrome,
        vk::VideoChromaSubsamplingFlagsKHR::TYPE_420 => Chroma::Yuv420,
        vk::VideoChromaSubsamplingFlagsKHR::TYPE_422 => Chroma::Yuv422,
        vk::VideoChromaSubsamplingFlagsKHR::TYPE_444 => Chroma::Yuv444,
        _ => return Err(format),
    };
    let bit_depth = match info.luma_bit_depth {
        vk::VideoComponentBitDepthFlagsKHR::TYPE_8 => 8,
        vk::VideoComponentBitDepthFlagsKHR::TYPE_10 => 10,
        vk::VideoComponentBitDepthFlagsKHR::TYPE_12 => 12,
        _ => return Err(format),
    };
    if chroma != Chroma::Monochrome && info.chroma_bit_depth != info.luma_bit_depth {
        return Err(format);
    }
    // Table of 6.4.1: which profile has which formats.
    let possible = match av1.std_profile {
        0 => bit_depth <= 10 && matches!(chroma, Chroma::Monochrome | Chroma::Yuv420),
        1 => bit_depth <= 10 && chroma == Chroma::Yuv444,
        2 => bit_depth == 12 || matches!(chroma, Chroma::Monochrome | Chroma::Yuv422),
        _ => return Err(vk::Result::ERROR_VIDEO_PROFILE_CODEC_NOT_SUPPORTED_KHR),
    };
    if !possible {
        return Err(format);
    }
    let there = match config.chroma {
        Subsamplings::All => true,
        Subsamplings::Only420 => chroma == Chroma::Yuv420,
        Subsamplings::Only420And400 => matches!(chroma, Chroma::Yuv420 | Chroma::Monochrome),
    };
    if bit_depth > config.depth || !there {
        return Err(format);
    }
    let film_grain_support = av1.film_grain_support == vk::TRUE;
    match config.grain {
        Grain::Codec if film_grain_support => {
            return Err(vk::Result::ERROR_VIDEO_PROFILE_CODEC_NOT_SUPPORTED_KHR);
        }
        Grain::Operation if film_grain_support => {
            return Err(vk::Result::ERROR_VIDEO_PROFILE_OPERATION_NOT_SUPPORTED_KHR);
        }
        _ => {}
    }
    Ok(Profile { std_profile: av1.std_profile, chroma, bit_depth, film_grain_support })
}

/// Flags of VkVideoDecodeCapabilitiesKHR.
pub(crate) fn decode_flags(config: &Config) -> vk::VideoDecodeCapabilityFlagsKHR {
    let mut flags = vk::VideoDecodeCapabilityFlagsKHR::empty();
    if config.coincide {
        flags |= vk::VideoDecodeCapabilityFlagsKHR::DPB_AND_OUTPUT_COINCIDE;
    }
    if config.distinct {
        flags |= vk::VideoDecodeCapabilityFlagsKHR::DPB_AND_OUTPUT_DISTINCT;
    }
    flags
}

/// VkVideoCapabilitiesKHR, less what is chained.
pub(crate) fn fill(caps: &mut vk::VideoCapabilitiesKHR<'_>, config: &Config) {
    caps.flags = match config.separate {
        true => vk::VideoCapabilityFlagsKHR::SEPARATE_REFERENCE_IMAGES,
        false => vk::VideoCapabilityFlagsKHR::empty(),
    };
    (caps.min_bitstream_buffer_offset_alignment, caps.min_bitstream_buffer_size_alignment) =
        config.align;
    let (width, height) = config.granularity;
    caps.picture_access_granularity = vk::Extent2D { width, height };
    let (width, height) = config.min_extent;
    caps.min_coded_extent = vk::Extent2D { width, height };
    let (width, height) = config.extent;
    caps.max_coded_extent = vk::Extent2D { width, height };
    caps.max_dpb_slots = config.slots;
    caps.max_active_reference_pictures = config.active;
    caps.std_header_version = std_header(config.hardware.std_minor);
}

/// The std header that the driver was written for: version 1.`minor`.0.
fn std_header(minor: u32) -> vk::ExtensionProperties {
    let name = b"VK_STD_vulkan_video_codec_av1_decode\0";
    let mut header =
        vk::ExtensionProperties { spec_version: 1 << 22 | minor << 12, ..Default::default() };
    for (to, from) in header.extension_name.iter_mut().zip(name) {
        *to = *from as std::ffi::c_char;
    }
    header
}

/// The formats for `usage` in `profile`, the preferred one first.
pub(crate) fn formats(
    profile: &Profile,
    usage: vk::ImageUsageFlags,
    config: &Config,
) -> Result<Vec<vk::Format>, vk::Result> {
    let decode =
        vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR | vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR;
    let supported = outputs(config) | vk::ImageUsageFlags::TRANSFER_DST | decode;
    let both = usage.contains(decode);
    if usage.is_empty() || !supported.contains(usage) || (both && !config.coincide) {
        return Err(vk::Result::ERROR_IMAGE_USAGE_NOT_SUPPORTED_KHR);
    }
    let fits = |f: &crate::format::Format| {
        let chroma = f.chroma == Some(profile.chroma)
            || (profile.chroma == Chroma::Monochrome && f.chroma == Some(Chroma::Yuv420));
        let output = usage.contains(vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR);
        let planes = match config.opaque_dpb {
            true if output => Planes::Only(2),
            true => Planes::Only(3),
            false => config.planes,
        };
        // Luma alone is in one plane in any case.
        let planes = match planes {
            Planes::Only(n) => f.count == 1 || f.count as u32 == n,
            Planes::All | Planes::Unsaid => true,
        };
        chroma && f.bit_depth == profile.bit_depth && planes
    };
    Ok(FORMATS.iter().filter(|(_, f)| fits(f)).map(|(format, _)| *format).collect())
}

/// Tilings of video formats.
pub(crate) fn tilings(config: &Config) -> &'static [vk::ImageTiling] {
    match config.hardware.linear {
        true => &[vk::ImageTiling::OPTIMAL, vk::ImageTiling::LINEAR],
        false => &[vk::ImageTiling::OPTIMAL],
    }
}

/// `formats` with their tilings.
pub(crate) fn tiled(formats: &[vk::Format], config: &Config) -> Vec<(vk::Format, vk::ImageTiling)> {
    tilings(config)
        .iter()
        .flat_map(|tiling| formats.iter().map(|format| (*format, *tiling)))
        .collect()
}

/// What outputs are for.
fn outputs(config: &Config) -> vk::ImageUsageFlags {
    let usage = vk::ImageUsageFlags::TRANSFER_SRC | vk::ImageUsageFlags::SAMPLED;
    match config.hardware.copies_by_host() {
        true => usage | vk::ImageUsageFlags::HOST_TRANSFER_EXT,
        false => usage,
    }
}

/// Usages that images for `usage` are said to have.
pub(crate) fn image_usage(config: &Config, usage: vk::ImageUsageFlags) -> vk::ImageUsageFlags {
    if config.asked_usages {
        return usage;
    }
    let (dst, dpb) =
        (vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR, vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR);
    let decode = if config.coincide { dst | dpb } else { vk::ImageUsageFlags::empty() };
    let beside = match config.strict_usages {
        true if usage.contains(dpb) => vk::ImageUsageFlags::empty(),
        true => outputs(config),
        false => outputs(config) | vk::ImageUsageFlags::TRANSFER_DST,
    };
    usage | decode | beside
}

/// Flags that images of video formats may have.
pub(crate) fn image_flags(config: &Config) -> vk::ImageCreateFlags {
    use vk::ImageCreateFlags as F;
    match config.hardware.mutable {
        true => F::MUTABLE_FORMAT | F::EXTENDED_USAGE | F::ALIAS,
        false => F::empty(),
    }
}
