//! The validation layer: what it checks, and which of its messages are no errors of ours.
#![allow(unsafe_code, reason = "queries")]

use std::ffi::CStr;

use ash::vk;

use super::failed;
use crate::error::Result;

pub(super) const VALIDATION: &CStr = c"VK_LAYER_KHRONOS_validation";

/// What the validation layer checks beside its core checks.
pub(super) const SETTINGS: [&CStr; 2] = [c"validate_sync", c"validate_best_practices"];
/// The same for older layers.
pub(super) const FEATURES: [vk::ValidationFeatureEnableEXT; 2] = [
    vk::ValidationFeatureEnableEXT::SYNCHRONIZATION_VALIDATION,
    vk::ValidationFeatureEnableEXT::BEST_PRACTICES,
];

/// How the validation layer is told what to check.
#[derive(Clone, Copy)]
pub(super) enum Checks {
    /// It is not there, or cannot be told.
    Core,
    /// VK_EXT_layer_settings.
    Settings,
    /// VK_EXT_validation_features.
    Features,
}

impl Checks {
    pub(super) fn of(entry: &ash::Entry) -> Result<Self> {
        // SAFETY: VUID-vkEnumerateInstanceExtensionProperties-pLayerName-parameter: it is present.
        let list = unsafe { entry.enumerate_instance_extension_properties(Some(VALIDATION)) }
            .map_err(failed("vkEnumerateInstanceExtensionProperties"))?;
        let has = |name| list.iter().any(|e| e.extension_name_as_c_str() == Ok(name));
        let known = [Self::Settings, Self::Features];
        Ok(known.into_iter().find(|c| c.extension().is_some_and(has)).unwrap_or(Self::Core))
    }

    pub(super) fn extension(self) -> Option<&'static CStr> {
        match self {
            Self::Core => None,
            Self::Settings => Some(ash::ext::layer_settings::NAME),
            Self::Features => Some(ash::ext::validation_features::NAME),
        }
    }
}

/// A silenced message: silenced by identifier, with reason and link.
#[derive(Clone, Copy, Debug)]
pub struct Silenced {
    /// The message's identifier, whole.
    pub id: &'static str,
    /// Why it is no error.
    pub reason: &'static str,
    /// Where that can be read.
    pub link: &'static str,
}

/// All of them.
pub const SILENCED: &[Silenced] = &[
    Silenced {
        id: "BestPractices-Error-Result",
        reason: "the capability queries answer with error codes what a device cannot; a code that \
                 matters is an error of its own",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#vkGetPhysicalDeviceVideoCapabilitiesKHR",
    },
    Silenced {
        id: "BestPractices-vkBindImageMemory-small-dedicated-allocation",
        reason: "a picture has its own memory, freed with it when the frame size changes; there \
                 are at most a few dozen",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#VkMemoryDedicatedRequirements",
    },
    Silenced {
        id: "BestPractices-vkBindBufferMemory-small-dedicated-allocation",
        reason: "one buffer for each frame in flight, reused; there are at most a few dozen",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#VkMemoryDedicatedRequirements",
    },
    Silenced {
        id: "BestPractices-deprecated-extension",
        reason: "an extension that is part of Vulkan by now is enabled for the sake of layers alone",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#versions-1.3",
    },
    Silenced {
        id: "BestPractices-vkAllocateMemory-small-allocation",
        reason: "the same of what older layers call so",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#VkMemoryDedicatedRequirements",
    },
    Silenced {
        id: "BestPractices-pipeline-stage-flags2-compute",
        reason: "where the first half of a barrier is another queue's, a semaphore has ordered all \
                 its stages; layers until 1.4.309 advise against naming them all",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#VUID-VkDependencyInfo-srcStageMask-06089",
    },
    Silenced {
        id: "BestPractices-PipelineBarrier-unneeded-QFOT",
        reason: "that a transfer between queue families could be left out if VK_KHR_maintenance9 \
                 were enabled is advice; making it is right with and without the extension",
        link: "https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html#VkQueueFamilyOwnershipTransferPropertiesKHR",
    },
];

/// Whether the message called `id` is silenced.
pub(super) fn is_silenced(id: &str) -> bool {
    SILENCED.iter().any(|silenced| silenced.id == id)
}
