//! What several objects' entry points need.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ash::vk;

use crate::chain;
use crate::config::Config;
use crate::handle::array;
use crate::memory::ALIGNMENT;
use crate::message::Messages;
use crate::video::caps;
use av1_engine::job::Profile;

/// A VkPhysicalDevice.
pub(crate) struct PhysicalDevice {
    pub(crate) config: Config,
    pub(crate) messages: Arc<Messages>,
}

/// Queue families: 0 copies, 1 decodes.
pub(crate) const FAMILIES: u32 = 2;
/// Queues of family 0.
pub(crate) const COPY_QUEUES: u32 = 2;

/// `name` as a fixed array of C characters.
pub(crate) fn chars<const N: usize>(name: &str) -> [c_char; N] {
    let mut chars = [0; N];
    for (to, from) in chars.iter_mut().take(N - 1).zip(name.bytes()) {
        *to = from as c_char;
    }
    chars
}

/// An extension's name and version.
pub(crate) fn extension(name: &str, spec_version: u32) -> vk::ExtensionProperties {
    vk::ExtensionProperties { extension_name: chars(name), spec_version }
}

/// The extensions of the device.
pub(crate) fn extensions(config: &Config) -> Vec<vk::ExtensionProperties> {
    let all = [
        ("VK_EXT_host_image_copy", 1, config.hardware.copies_by_host()),
        ("VK_KHR_format_feature_flags2", 2, true),
        ("VK_KHR_synchronization2", 1, true),
        ("VK_KHR_timeline_semaphore", 2, true),
        ("VK_KHR_unified_image_layouts", 1, config.unified_layouts),
        ("VK_KHR_video_decode_av1", 1, true),
        ("VK_KHR_video_decode_queue", 8, true),
        ("VK_KHR_video_maintenance1", 1, config.maintenance1),
        ("VK_KHR_video_maintenance2", 1, config.maintenance2),
        ("VK_KHR_video_queue", 8, true),
    ];
    let offered = all.into_iter().filter(|(_, _, offered)| *offered);
    offered.map(|(name, version, _)| extension(name, version)).collect()
}

/// Calls `fill` with the `T` of the chain that starts at `next`, if it has one.
pub(super) fn with<T: chain::Chained>(next: *mut c_void, fill: impl FnOnce(&mut T)) {
    // SAFETY: see the top of the folder.
    if let Some(found) = unsafe { chain::find_mut::<T>(next) } {
        fill(found);
    }
}

/// The AV1 decode profiles of the profile list in the chain `next`; none without a list.
///
/// # Safety
/// `next` is NULL or a valid chain.
pub(super) unsafe fn profiles(
    next: *const c_void,
    config: &Config,
) -> Result<Vec<Profile>, vk::Result> {
    // SAFETY: the caller's promise.
    let Some(list) = (unsafe { chain::find::<vk::VideoProfileListInfoKHR<'_>>(next) }) else {
        return Ok(Vec::new());
    };
    // SAFETY: as above.
    let profiles = unsafe { array(list.p_profiles, list.profile_count) };
    profiles.iter().map(|info| profile(info, config)).collect()
}

/// Requirements of an object of `size` bytes: any memory type will do.
pub(super) fn requirements(size: u64) -> vk::MemoryRequirements {
    vk::MemoryRequirements {
        size: size.next_multiple_of(ALIGNMENT),
        alignment: ALIGNMENT,
        memory_type_bits: 3,
    }
}

pub(super) fn profile(
    info: &vk::VideoProfileInfoKHR<'_>,
    config: &Config,
) -> Result<Profile, vk::Result> {
    // SAFETY: see the top of the folder.
    let av1 = unsafe { chain::find::<vk::VideoDecodeAV1ProfileInfoKHR<'_>>(info.p_next) };
    caps::profile(info, av1, config)
}
