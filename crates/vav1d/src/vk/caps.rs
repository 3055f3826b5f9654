//! Video profiles, what a device can do with them, and what we choose from that.
#![allow(unsafe_code, reason = "queries")]

use ash::vk;
use ash::vk::native as std_video;

use super::adapter::{Adapter, DECODE_AV1};
use super::chroma::chroma_location;
use super::instance::Instance;
use crate::pixels::Chroma;
use crate::syntax::sequence::SequenceHeader;

/// What identifies a video profile: images, sessions and queries of one profile fit no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// `seq_profile`: 0 Main, 1 High, 2 Professional.
    pub seq_profile: u8,
    /// Chroma subsampling.
    pub chroma: Chroma,
    /// 8, 10 or 12.
    pub bit_depth: u8,
    /// Whether frames may have film grain applied by the driver.
    pub film_grain: bool,
}

impl Profile {
    /// The profile that `sequence` needs.
    pub fn of(sequence: &SequenceHeader, film_grain: bool) -> Self {
        let format = sequence.color_config.format();
        let (chroma, bit_depth) = (format.chroma, format.bit_depth);
        Self { seq_profile: sequence.seq_profile, chroma, bit_depth, film_grain }
    }

    /// Every profile that a stream may need, 5.5.2, with and without film grain.
    pub fn all() -> impl Iterator<Item = Self> {
        use Chroma::{Monochrome, Yuv420, Yuv422, Yuv444};
        let rows: [(u8, &[u8], &[Chroma]); 4] = [
            (0, &[8, 10], &[Yuv420, Monochrome]),
            (1, &[8, 10], &[Yuv444]),
            (2, &[8, 10], &[Yuv422, Monochrome]),
            (2, &[12], &[Yuv420, Yuv422, Yuv444, Monochrome]),
        ];
        rows.into_iter().flat_map(|(seq_profile, depths, chromas)| {
            depths.iter().flat_map(move |&bit_depth| {
                chromas.iter().flat_map(move |&chroma| {
                    [false, true].map(|film_grain| Self {
                        seq_profile,
                        chroma,
                        bit_depth,
                        film_grain,
                    })
                })
            })
        })
    }

    fn std_profile(&self) -> std_video::StdVideoAV1Profile {
        match self.seq_profile {
            0 => std_video::StdVideoAV1Profile_STD_VIDEO_AV1_PROFILE_MAIN,
            1 => std_video::StdVideoAV1Profile_STD_VIDEO_AV1_PROFILE_HIGH,
            _ => std_video::StdVideoAV1Profile_STD_VIDEO_AV1_PROFILE_PROFESSIONAL,
        }
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = ["Main", "High", "Professional"][usize::from(self.seq_profile.min(2))];
        let chroma = match self.chroma {
            Chroma::Monochrome => "4:0:0",
            Chroma::Yuv420 => "4:2:0",
            Chroma::Yuv422 => "4:2:2",
            Chroma::Yuv444 => "4:4:4",
        };
        let grain = if self.film_grain { " with film grain" } else { "" };
        write!(f, "{name} {chroma} {} bit{grain}", self.bit_depth)
    }
}

/// Calls `f` with the profile chain of `profile`, and a list of it alone.
pub(super) fn with_profile<R>(
    profile: &Profile,
    f: impl FnOnce(&vk::VideoProfileInfoKHR<'_>, &mut vk::VideoProfileListInfoKHR<'_>) -> R,
) -> R {
    let depth = match profile.bit_depth {
        8 => vk::VideoComponentBitDepthFlagsKHR::TYPE_8,
        10 => vk::VideoComponentBitDepthFlagsKHR::TYPE_10,
        _ => vk::VideoComponentBitDepthFlagsKHR::TYPE_12,
    };
    let chroma = match profile.chroma {
        Chroma::Monochrome => vk::VideoChromaSubsamplingFlagsKHR::MONOCHROME,
        Chroma::Yuv420 => vk::VideoChromaSubsamplingFlagsKHR::TYPE_420,
        Chroma::Yuv422 => vk::VideoChromaSubsamplingFlagsKHR::TYPE_422,
        Chroma::Yuv444 => vk::VideoChromaSubsamplingFlagsKHR::TYPE_444,
    };
    let mut av1 = vk::VideoDecodeAV1ProfileInfoKHR::default()
        .std_profile(profile.std_profile())
        .film_grain_support(profile.film_grain);
    let info = vk::VideoProfileInfoKHR::default()
        .video_codec_operation(DECODE_AV1)
        .chroma_subsampling(chroma)
        .luma_bit_depth(depth)
        .chroma_bit_depth(depth)
        .push_next(&mut av1);
    let infos = [info];
    let mut list = vk::VideoProfileListInfoKHR::default().profiles(&infos);
    f(&info, &mut list)
}

/// What a device can do with one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// DPB pictures may be images of their own; else they are layers of one.
    pub separate_reference_images: bool,
    /// Protected content.
    pub protected_content: bool,
    /// DPB picture and output may be one.
    pub coincide: bool,
    /// DPB picture and output may be two.
    pub distinct: bool,
    /// minBitstreamBufferOffsetAlignment, at least 1.
    pub offset_alignment: u64,
    /// minBitstreamBufferSizeAlignment, at least 1.
    pub size_alignment: u64,
    /// pictureAccessGranularity.
    pub granularity: (u32, u32),
    /// minCodedExtent.
    pub min_coded_extent: (u32, u32),
    /// maxCodedExtent.
    pub max_coded_extent: (u32, u32),
    /// maxDpbSlots.
    pub max_dpb_slots: u32,
    /// maxActiveReferencePictures.
    pub max_active_reference_pictures: u32,
    /// Name of the standard header that the driver was made with.
    pub std_header_name: String,
    /// Its version.
    pub std_header_version: u32,
    /// maxLevel, as `seq_level_idx`.
    pub max_level: u32,
}

/// One format that a device offers for some usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// The format; UNDEFINED for one that only the driver knows.
    pub format: vk::Format,
    /// Tiling.
    pub tiling: vk::ImageTiling,
    /// All usages that images may have.
    pub usage: vk::ImageUsageFlags,
    /// All flags that images may be created with.
    pub create_flags: vk::ImageCreateFlags,
    /// MUTABLE_FORMAT is not among them, but supported, as the device says where it is asked for
    /// just that.
    pub is_mutable_unlisted: bool,
    /// Shaders can sample all its planes through a Y'CBCR conversion, or its only one.
    pub is_sampled_whole: bool,
    /// HOST_TRANSFER is not among the usages of a format of outputs, but supported, as the device says
    /// where it is asked for just that.
    pub is_host_unlisted: bool,
    /// 1, 2 or 3 dimensions.
    pub image_type: vk::ImageType,
}

/// What a device says of one profile.
#[derive(Clone, Debug)]
pub struct ProfileReport {
    /// The profile.
    pub profile: Profile,
    /// What it can do, or what the query returned.
    pub result: Result<Caps, vk::Result>,
    /// Formats of outputs.
    pub dst: Result<Vec<VideoFormat>, vk::Result>,
    /// Formats of DPB pictures.
    pub dpb: Result<Vec<VideoFormat>, vk::Result>,
    /// Formats of pictures that are both.
    pub dst_dpb: Result<Vec<VideoFormat>, vk::Result>,
}

/// Usage of an output.
pub(super) const DST: vk::ImageUsageFlags = vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR;
/// Usage of a picture that is read back.
pub(super) const COPY: vk::ImageUsageFlags = vk::ImageUsageFlags::TRANSFER_SRC;
/// Usage of a picture that the host copies.
pub(super) const HOST: vk::ImageUsageFlags = vk::ImageUsageFlags::HOST_TRANSFER_EXT;
/// Usage of a picture that is overwritten.
pub(super) const OVERWRITE: vk::ImageUsageFlags = vk::ImageUsageFlags::TRANSFER_DST;
/// Usage of a picture that is drawn from where it is.
pub(super) const SAMPLED: vk::ImageUsageFlags = vk::ImageUsageFlags::SAMPLED;
/// Usage of a DPB picture.
pub(super) const DPB: vk::ImageUsageFlags = vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR;

impl Adapter {
    /// What the device says of every profile that a stream may need.
    pub fn video_report(&self) -> Vec<ProfileReport> {
        Profile::all().map(|profile| self.profile_report(profile)).collect()
    }

    /// What the device says of one profile.
    pub fn profile_report(&self, profile: Profile) -> ProfileReport {
        report(self.instance(), self, profile)
    }
}

/// Asks `adapter` about `profile`. A device that does not decode AV1 supports no profile.
fn report(instance: &Instance, adapter: &Adapter, profile: Profile) -> ProfileReport {
    let no = vk::Result::ERROR_EXTENSION_NOT_PRESENT;
    if !adapter.decodes_av1() {
        return ProfileReport {
            profile,
            result: Err(no),
            dst: Err(no),
            dpb: Err(no),
            dst_dpb: Err(no),
        };
    }
    let result = query(instance, adapter, &profile);
    let formats = |usage| match &result {
        Ok(_) => formats(instance, adapter, &profile, usage),
        Err(e) => Err(*e),
    };
    let copied = |usage| {
        let list = formats(usage).map(|list| with_asked(list, formats(usage | COPY), COPY));
        let sampled = COPY | SAMPLED;
        list.map(|list| with_asked(list, formats(usage | sampled), sampled))
    };
    let by_host = adapter.has_extension(ash::ext::host_image_copy::NAME);
    let drawn = |usage| {
        copied(usage).map(|mut list| {
            let is = |format: &_, usage, flags| {
                is_supported(instance, adapter, &profile, format, usage, flags)
            };
            let (all, mutable) = (usage | COPY | SAMPLED, vk::ImageCreateFlags::MUTABLE_FORMAT);
            for format in &mut list {
                let at = chroma_location(instance, adapter.raw(), format.format, format.tiling);
                format.is_sampled_whole &= format.usage.contains(SAMPLED) && at.is_some();
            }
            // Of other tilings more would have to be said.
            let plain = [vk::ImageTiling::OPTIMAL, vk::ImageTiling::LINEAR];
            for format in list.iter_mut().filter(|format| plain.contains(&format.tiling)) {
                let (sampled, listed) =
                    (format.usage.contains(SAMPLED), format.create_flags.contains(mutable));
                format.is_mutable_unlisted = sampled && !listed && is(format, all, mutable);
                format.is_host_unlisted = by_host
                    && !format.usage.contains(HOST)
                    && is(format, usage | HOST, vk::ImageCreateFlags::empty());
            }
            list
        })
    };
    let (dst, dpb, dst_dpb) = (drawn(DST), formats(DPB), drawn(DST | DPB));
    ProfileReport { profile, result, dst, dpb, dst_dpb }
}

/// `list`, with `usage` added to those that the driver also gives when asked for it: some
/// drivers (RADV before Mesa 25.1) report of all usages only those in the question.
fn with_asked(
    mut list: Vec<VideoFormat>,
    asked: Result<Vec<VideoFormat>, vk::Result>,
    usage: vk::ImageUsageFlags,
) -> Vec<VideoFormat> {
    for found in asked.unwrap_or_default() {
        let same = |f: &&mut VideoFormat| {
            (f.format, f.tiling, f.create_flags, f.image_type)
                == (found.format, found.tiling, found.create_flags, found.image_type)
        };
        if let Some(format) = list.iter_mut().find(same) {
            format.usage |= found.usage | usage;
        }
    }
    list
}

fn query(instance: &Instance, adapter: &Adapter, profile: &Profile) -> Result<Caps, vk::Result> {
    let mut av1 = vk::VideoDecodeAV1CapabilitiesKHR::default();
    let mut decode = vk::VideoDecodeCapabilitiesKHR::default();
    let mut caps = vk::VideoCapabilitiesKHR::default().push_next(&mut av1).push_next(&mut decode);
    with_profile(profile, |info, _| {
        // SAFETY: the caller checked the extensions; both chains are complete.
        unsafe { instance.video().capabilities(adapter.raw(), info, &mut caps) }
    })?;
    let extent = |e: vk::Extent2D| (e.width, e.height);
    let header = caps.std_header_version;
    let name = header.extension_name_as_c_str().map(|n| n.to_string_lossy().into_owned());
    let (flags, granularity) = (caps.flags, extent(caps.picture_access_granularity));
    Ok(Caps {
        separate_reference_images: flags
            .contains(vk::VideoCapabilityFlagsKHR::SEPARATE_REFERENCE_IMAGES),
        protected_content: flags.contains(vk::VideoCapabilityFlagsKHR::PROTECTED_CONTENT),
        offset_alignment: caps.min_bitstream_buffer_offset_alignment.max(1),
        size_alignment: caps.min_bitstream_buffer_size_alignment.max(1),
        granularity: (granularity.0.max(1), granularity.1.max(1)),
        min_coded_extent: extent(caps.min_coded_extent),
        max_coded_extent: extent(caps.max_coded_extent),
        max_dpb_slots: caps.max_dpb_slots,
        max_active_reference_pictures: caps.max_active_reference_pictures,
        std_header_name: name.unwrap_or_default(),
        std_header_version: header.spec_version,
        coincide: decode.flags.contains(vk::VideoDecodeCapabilityFlagsKHR::DPB_AND_OUTPUT_COINCIDE),
        distinct: decode.flags.contains(vk::VideoDecodeCapabilityFlagsKHR::DPB_AND_OUTPUT_DISTINCT),
        max_level: av1.max_level,
    })
}

fn formats(
    instance: &Instance,
    adapter: &Adapter,
    profile: &Profile,
    usage: vk::ImageUsageFlags,
) -> Result<Vec<VideoFormat>, vk::Result> {
    let list = with_profile(profile, |_, list| {
        let info =
            vk::PhysicalDeviceVideoFormatInfoKHR::default().image_usage(usage).push_next(list);
        // SAFETY: the caller checked the extensions; the profile list is chained.
        unsafe { instance.video().formats(adapter.raw(), &info) }
    })?;
    let plain = |f: &vk::VideoFormatPropertiesKHR<'_>| VideoFormat {
        format: f.format,
        tiling: f.image_tiling,
        usage: f.image_usage_flags,
        create_flags: f.image_create_flags,
        is_mutable_unlisted: false,
        is_sampled_whole: is_plain(f.component_mapping),
        is_host_unlisted: false,
        image_type: f.image_type,
    };
    Ok(list.iter().map(plain).collect())
}

/// Whether components are where their names say.
fn is_plain(mapping: vk::ComponentMapping) -> bool {
    use vk::ComponentSwizzle as Is;
    let all = [(mapping.r, Is::R), (mapping.g, Is::G), (mapping.b, Is::B), (mapping.a, Is::A)];
    all.iter().all(|(is, own)| *is == Is::IDENTITY || is == own)
}

/// Whether images of `format` with `usage` can be made with `flags`, whatever the list says: NVIDIA's
/// drivers list no flags at all and take MUTABLE_FORMAT, ANV does not list HOST_TRANSFER.
fn is_supported(
    instance: &Instance,
    adapter: &Adapter,
    profile: &Profile,
    format: &VideoFormat,
    usage: vk::ImageUsageFlags,
    flags: vk::ImageCreateFlags,
) -> bool {
    // Such a question needs a modifier (VUID-VkPhysicalDeviceImageFormatInfo2-tiling-02249), and
    // RADV 26.2 reads it without looking whether there is one. No image of ours has it.
    if format.tiling == vk::ImageTiling::DRM_FORMAT_MODIFIER_EXT {
        return false;
    }
    with_profile(profile, |_, list| {
        let info = vk::PhysicalDeviceImageFormatInfo2::default()
            .format(format.format)
            .ty(format.image_type)
            .tiling(format.tiling)
            .usage(usage)
            .flags(flags)
            .push_next(list);
        let mut properties = vk::ImageFormatProperties2::default();
        let raw = instance.raw();
        // SAFETY: the adapter is of the instance, of Vulkan 1.1; the chain is of locals.
        unsafe {
            raw.get_physical_device_image_format_properties2(adapter.raw(), &info, &mut properties)
        }
        .is_ok()
    })
}
