//! Features of a device that only some session shapes need, and the structures of those that are
//! newer than ash. Enabled only where they are wanted.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::ffi::{CStr, c_void};

use ash::vk;
use ash::vk::native::StdVideoAV1SequenceHeader;

use super::adapter::Adapter;
use super::instance::Instance;
use super::options::{ExecutorOptions, Layouts, ParametersMode, ReadbackWay, StatusQueries};

/// VK_VIDEO_SESSION_CREATE_INLINE_SESSION_PARAMETERS_BIT_KHR.
pub(super) const INLINE_SESSION_PARAMETERS: vk::VideoSessionCreateFlagsKHR =
    vk::VideoSessionCreateFlagsKHR::from_raw(0x20);

/// VkVideoDecodeAV1InlineSessionParametersInfoKHR.
#[repr(C)]
pub(super) struct InlineSessionParameters {
    s_type: vk::StructureType,
    p_next: *const c_void,
    p_std_sequence_header: *const StdVideoAV1SequenceHeader,
}

impl InlineSessionParameters {
    /// With `header`, in front of the chain `next`.
    pub(super) fn new(header: &StdVideoAV1SequenceHeader, next: *const c_void) -> Self {
        Self {
            s_type: vk::StructureType::from_raw(1_000_586_003),
            p_next: next,
            p_std_sequence_header: header,
        }
    }
}

/// A features structure whose first member after the header is the one that counts, as
/// VkPhysicalDeviceVideoMaintenance1FeaturesKHR; unified image layouts have a second, for video.
#[repr(C)]
struct Switches {
    s_type: vk::StructureType,
    p_next: *mut c_void,
    switches: [vk::Bool32; 2],
}

/// The features that a session shape needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    maintenance1: bool,
    maintenance2: bool,
    unified_layouts: bool,
    pub(super) host_image_copy: bool,
}

/// A feature: its extension, `sType`, name, and whether the second switch is the one.
struct Row {
    wanted: bool,
    extension: &'static CStr,
    s_type: i32,
    name: &'static str,
    second: bool,
}

impl Row {
    /// What the device says of it.
    fn switches(&self, instance: &Instance, adapter: &Adapter) -> Switches {
        let mut switches = Switches {
            s_type: vk::StructureType::from_raw(self.s_type),
            p_next: std::ptr::null_mut(),
            switches: [vk::FALSE; 2],
        };
        if adapter.has_extension(self.extension) {
            let mut features = vk::PhysicalDeviceFeatures2 {
                p_next: std::ptr::from_mut(&mut switches).cast(),
                ..Default::default()
            };
            // SAFETY: `adapter` is of this instance and knows the structure, which is at least as
            // long as the one of this sType.
            unsafe {
                instance.raw().get_physical_device_features2(adapter.raw(), &mut features);
            }
        }
        switches
    }
}

/// A feature beyond those that every decode needs, and whether the device has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFeature {
    /// The extension that it comes with.
    pub extension: &'static str,
    /// Its member of the extension's structure of features.
    pub name: &'static str,
    /// Whether it is there.
    pub is_there: bool,
}

impl Adapter {
    /// The features that session shapes can use: `videoMaintenance1` and its like.
    pub fn video_features(&self) -> Vec<VideoFeature> {
        let of = |row: &Row| VideoFeature {
            extension: row.extension.to_str().unwrap_or_default(),
            name: row.name,
            is_there: row.switches(self.instance(), self).switches[usize::from(row.second)]
                != vk::FALSE,
        };
        Features::default().rows().iter().map(of).collect()
    }
}

impl Features {
    /// What `options` need.
    pub(super) fn wanted(options: &ExecutorOptions) -> Self {
        Self {
            maintenance1: options.profile_independent
                || options.status_queries == Some(StatusQueries::Inline),
            maintenance2: options.parameters == ParametersMode::Inline,
            unified_layouts: options.layouts == Layouts::General,
            host_image_copy: options.readback == Some(ReadbackWay::Host)
                || options.readback.is_none() && options.prefer_host,
        }
    }

    fn rows(self) -> [Row; 4] {
        [
            Row {
                wanted: self.maintenance1,
                extension: c"VK_KHR_video_maintenance1",
                s_type: 1_000_515_000,
                name: "videoMaintenance1",
                second: false,
            },
            Row {
                wanted: self.maintenance2,
                extension: c"VK_KHR_video_maintenance2",
                s_type: 1_000_586_000,
                name: "videoMaintenance2",
                second: false,
            },
            Row {
                wanted: self.unified_layouts,
                extension: c"VK_KHR_unified_image_layouts",
                s_type: 1_000_527_000,
                name: "unifiedImageLayoutsVideo",
                second: true,
            },
            Row {
                wanted: self.host_image_copy,
                extension: ash::ext::host_image_copy::NAME,
                s_type: 1_000_270_000,
                name: "hostImageCopy",
                second: false,
            },
        ]
    }

    /// What to enable for them on `adapter`.
    /// # Errors
    /// The feature that it lacks.
    pub(super) fn query(self, instance: &Instance, adapter: &Adapter) -> Result<Enabled, String> {
        let mut enabled = Enabled { extensions: Vec::new(), chain: Vec::new() };
        for row in self.rows().into_iter().filter(|row| row.wanted) {
            let switches = row.switches(instance, adapter);
            if switches.switches[usize::from(row.second)] == vk::FALSE {
                return Err(format!("no {} ({})", row.name, row.extension.to_string_lossy()));
            }
            enabled.extensions.push(row.extension);
            enabled.chain.push(switches);
        }
        // It is part of 1.3, but validation layers of 1.4.309 ask for a format's newer features, as
        // is that of being copied by the host, where it is enabled only.
        let flags = ash::khr::format_feature_flags2::NAME;
        if self.host_image_copy && instance.validates() && adapter.has_extension(flags) {
            enabled.extensions.push(flags);
        }
        Ok(enabled)
    }
}

/// Extensions and feature structures for the creation of a device.
pub(super) struct Enabled {
    pub(super) extensions: Vec<&'static CStr>,
    chain: Vec<Switches>,
}

impl Enabled {
    /// Links the structures, `next` behind them; the start of the chain, which lives as long as
    /// `self` is not moved nor changed.
    pub(super) fn link(&mut self, next: *mut c_void) -> *mut c_void {
        let mut next = next;
        for switches in &mut self.chain {
            switches.p_next = next;
            next = std::ptr::from_mut(switches).cast();
        }
        next
    }
}
