//! Names of the Vulkan specification for values that reports have: `VK_FORMAT_...`, flag bits.

use ash::vk;

use super::adapter::{Adapter, QueueFamily};
use super::caps::{Caps, Profile, VideoFormat};
use crate::pixels::Chroma;

/// Endings of names that stand behind `_BIT`.
const VENDORS: [&str; 7] = ["KHR", "EXT", "NV", "AMD", "INTEL", "QCOM", "VALVE"];

/// The name of one value of an enumeration, which ash prints without `prefix`.
fn value(prefix: &str, value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    // A value that ash does not know is a number.
    match text.chars().all(|c| c.is_ascii_digit() || c == '-') {
        true => text,
        false => format!("{prefix}_{text}"),
    }
}

/// The names of the bits of flags, which ash prints without `prefix` and `_BIT`.
fn bits(prefix: &str, flags: impl std::fmt::Debug) -> Vec<String> {
    let text = format!("{flags:?}");
    let words = text.split('|').map(str::trim).filter(|word| !word.is_empty() && *word != "0");
    words
        .map(|word| {
            // Bits that ash does not know are a number.
            if word.starts_with(|c: char| c.is_ascii_digit()) {
                return word.to_owned();
            }
            match word.rsplit_once('_') {
                Some((name, vendor)) if VENDORS.contains(&vendor) => {
                    format!("{prefix}_{name}_BIT_{vendor}")
                }
                _ => format!("{prefix}_{word}_BIT"),
            }
        })
        .collect()
}

/// `VK_SUCCESS`, `VK_ERROR_...`.
pub fn result(result: vk::Result) -> String {
    value("VK", result)
}

/// Names of [`Adapter`]s.
impl Adapter {
    /// `VK_PHYSICAL_DEVICE_TYPE_...`.
    pub fn device_type_name(&self) -> String {
        value("VK_PHYSICAL_DEVICE_TYPE", self.device_type)
    }

    /// `VK_DRIVER_ID_...`.
    pub fn driver_id_name(&self) -> String {
        value("VK_DRIVER_ID", self.driver_id)
    }
}

impl QueueFamily {
    /// `VK_QUEUE_..._BIT...`.
    pub fn flag_names(&self) -> Vec<String> {
        bits("VK_QUEUE", self.flags)
    }

    /// `VK_VIDEO_CODEC_OPERATION_..._BIT_KHR`.
    pub fn codec_names(&self) -> Vec<String> {
        let names = bits("VK_VIDEO_CODEC_OPERATION", self.codecs).into_iter();
        // All of them are of KHR, which ash leaves out.
        names.map(|name| if name.ends_with("_BIT") { name + "_KHR" } else { name }).collect()
    }
}

impl VideoFormat {
    /// `VK_FORMAT_...`.
    pub fn format_name(&self) -> String {
        value("VK_FORMAT", self.format)
    }

    /// `VK_IMAGE_TILING_...`.
    pub fn tiling_name(&self) -> String {
        value("VK_IMAGE_TILING", self.tiling)
    }

    /// `VK_IMAGE_USAGE_..._BIT...`.
    pub fn usage_names(&self) -> Vec<String> {
        bits("VK_IMAGE_USAGE", self.usage)
    }

    /// `VK_IMAGE_CREATE_..._BIT...`.
    pub fn create_flag_names(&self) -> Vec<String> {
        bits("VK_IMAGE_CREATE", self.create_flags)
    }
}

impl Profile {
    /// `STD_VIDEO_AV1_PROFILE_...`.
    pub fn std_profile_name(&self) -> &'static str {
        match self.seq_profile {
            0 => "STD_VIDEO_AV1_PROFILE_MAIN",
            1 => "STD_VIDEO_AV1_PROFILE_HIGH",
            _ => "STD_VIDEO_AV1_PROFILE_PROFESSIONAL",
        }
    }

    /// `VK_VIDEO_CHROMA_SUBSAMPLING_..._BIT_KHR`.
    pub fn chroma_subsampling_name(&self) -> &'static str {
        match self.chroma {
            Chroma::Monochrome => "VK_VIDEO_CHROMA_SUBSAMPLING_MONOCHROME_BIT_KHR",
            Chroma::Yuv420 => "VK_VIDEO_CHROMA_SUBSAMPLING_420_BIT_KHR",
            Chroma::Yuv422 => "VK_VIDEO_CHROMA_SUBSAMPLING_422_BIT_KHR",
            Chroma::Yuv444 => "VK_VIDEO_CHROMA_SUBSAMPLING_444_BIT_KHR",
        }
    }

    /// `VK_VIDEO_COMPONENT_BIT_DEPTH_..._BIT_KHR`.
    pub fn bit_depth_name(&self) -> &'static str {
        match self.bit_depth {
            8 => "VK_VIDEO_COMPONENT_BIT_DEPTH_8_BIT_KHR",
            10 => "VK_VIDEO_COMPONENT_BIT_DEPTH_10_BIT_KHR",
            _ => "VK_VIDEO_COMPONENT_BIT_DEPTH_12_BIT_KHR",
        }
    }
}

impl Caps {
    /// `VK_VIDEO_CAPABILITY_..._BIT_KHR` and `VK_VIDEO_DECODE_CAPABILITY_..._BIT_KHR`.
    pub fn flag_names(&self) -> Vec<&'static str> {
        [
            (self.protected_content, "VK_VIDEO_CAPABILITY_PROTECTED_CONTENT_BIT_KHR"),
            (
                self.separate_reference_images,
                "VK_VIDEO_CAPABILITY_SEPARATE_REFERENCE_IMAGES_BIT_KHR",
            ),
            (self.coincide, "VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_COINCIDE_BIT_KHR"),
            (self.distinct, "VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_DISTINCT_BIT_KHR"),
        ]
        .into_iter()
        .filter_map(|(is_set, name)| is_set.then_some(name))
        .collect()
    }

    /// `STD_VIDEO_AV1_LEVEL_...`; a number where it is none.
    pub fn max_level_name(&self) -> String {
        level_name(self.max_level)
    }
}

/// `STD_VIDEO_AV1_LEVEL_...` of a `seq_level_idx`; those from 24 on have none, and are numbers.
pub fn level_name(seq_level_idx: u32) -> String {
    match seq_level_idx {
        0..24 => format!("STD_VIDEO_AV1_LEVEL_{}_{}", 2 + (seq_level_idx >> 2), seq_level_idx & 3),
        other => other.to_string(),
    }
}

/// A heap of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryHeap {
    /// Its bytes.
    pub bytes: u64,
    /// `VK_MEMORY_HEAP_..._BIT`.
    pub flags: Vec<String>,
}

/// A type of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// Index of its heap.
    pub heap: u32,
    /// `VK_MEMORY_PROPERTY_..._BIT`.
    pub flags: Vec<String>,
}

impl Adapter {
    /// The heaps and types of memory, in their order.
    pub fn memory(&self) -> (Vec<MemoryHeap>, Vec<MemoryType>) {
        let memory = self.memory_properties();
        let heaps = memory
            .memory_heaps_as_slice()
            .iter()
            .map(|heap| MemoryHeap { bytes: heap.size, flags: bits("VK_MEMORY_HEAP", heap.flags) });
        let types = memory.memory_types_as_slice().iter().map(|kind| MemoryType {
            heap: kind.heap_index,
            flags: bits("VK_MEMORY_PROPERTY", kind.property_flags),
        });
        (heaps.collect(), types.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_headers() {
        let usage = vk::ImageUsageFlags::TRANSFER_SRC | vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR;
        assert_eq!(
            bits("VK_IMAGE_USAGE", usage),
            ["VK_IMAGE_USAGE_TRANSFER_SRC_BIT", "VK_IMAGE_USAGE_VIDEO_DECODE_DST_BIT_KHR"]
        );
        assert!(bits("VK_IMAGE_USAGE", vk::ImageUsageFlags::empty()).is_empty());
        let family = vk::QueueFlags::VIDEO_DECODE_KHR | vk::QueueFlags::from_raw(1 << 30);
        assert_eq!(bits("VK_QUEUE", family)[0], "VK_QUEUE_VIDEO_DECODE_BIT_KHR");
        assert!(bits("VK_QUEUE", family)[1].starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(value("VK_FORMAT", vk::Format::R8_UNORM), "VK_FORMAT_R8_UNORM");
        assert_eq!(value("VK_FORMAT", vk::Format::from_raw(77_777)), "77777");
        let error = vk::Result::ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR;
        assert_eq!(result(error), "VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR");
        assert_eq!(result(vk::Result::SUCCESS), "VK_SUCCESS");
        assert_eq!(level_name(13), "STD_VIDEO_AV1_LEVEL_5_1");
        assert_eq!(level_name(31), "31");
    }
}
