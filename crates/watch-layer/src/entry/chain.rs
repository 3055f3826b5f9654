//! pNext chains, and pointers of an application.

use std::ffi::c_void;

use ash::vk;
use ash::vk::native::StdVideoAV1SequenceHeader;

/// VkVideoDecodeAV1InlineSessionParametersInfoKHR, newer than ash.
#[repr(C)]
pub(super) struct InlineSessionParameters {
    s_type: vk::StructureType,
    p_next: *const c_void,
    pub(super) p_std_sequence_header: *const StdVideoAV1SequenceHeader,
}

/// A structure that may stand in a chain, with its `sType`.
///
/// # Safety
/// `TYPE` is the `sType` of exactly this structure.
pub(super) unsafe trait Chained {
    /// Its `sType`.
    const TYPE: vk::StructureType;
}

macro_rules! chained {
    ($($name:ty = $kind:expr),* $(,)?) => { $(
        // SAFETY: the pair stands so in the Vulkan registry.
        unsafe impl Chained for $name {
            const TYPE: vk::StructureType = $kind;
        }
    )* };
}

chained! {
    vk::VideoProfileInfoKHR<'_> = vk::StructureType::VIDEO_PROFILE_INFO_KHR,
    vk::VideoDecodeAV1ProfileInfoKHR<'_> = vk::StructureType::VIDEO_DECODE_AV1_PROFILE_INFO_KHR,
    vk::VideoDecodeAV1SessionParametersCreateInfoKHR<'_> =
        vk::StructureType::VIDEO_DECODE_AV1_SESSION_PARAMETERS_CREATE_INFO_KHR,
    vk::VideoDecodeAV1DpbSlotInfoKHR<'_> = vk::StructureType::VIDEO_DECODE_AV1_DPB_SLOT_INFO_KHR,
    vk::VideoDecodeAV1PictureInfoKHR<'_> = vk::StructureType::VIDEO_DECODE_AV1_PICTURE_INFO_KHR,
    vk::BufferUsageFlags2CreateInfoKHR<'_> =
        vk::StructureType::BUFFER_USAGE_FLAGS_2_CREATE_INFO_KHR,
    vk::VideoInlineQueryInfoKHR<'_> = vk::StructureType::VIDEO_INLINE_QUERY_INFO_KHR,
    vk::SemaphoreTypeCreateInfo<'_> = vk::StructureType::SEMAPHORE_TYPE_CREATE_INFO,
    vk::TimelineSemaphoreSubmitInfo<'_> = vk::StructureType::TIMELINE_SEMAPHORE_SUBMIT_INFO,
    vk::ExternalMemoryBufferCreateInfo<'_> =
        vk::StructureType::EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
    vk::PhysicalDeviceTimelineSemaphoreFeatures<'_> =
        vk::StructureType::PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
    vk::PhysicalDeviceVulkan12Features<'_> =
        vk::StructureType::PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    InlineSessionParameters = vk::StructureType::from_raw(1_000_586_003),
}

/// The first `T` of a chain.
pub(super) fn find<'a, T: Chained>(next: *const c_void) -> Option<&'a T> {
    let mut at = next.cast::<vk::BaseInStructure<'_>>();
    loop {
        // SAFETY: see the top of the folder: every element starts with sType and pNext.
        let element = unsafe { at.as_ref() }?;
        if element.s_type == T::TYPE {
            // SAFETY: an element of this sType is a `T`.
            return unsafe { at.cast::<T>().as_ref() };
        }
        at = element.p_next;
    }
}

/// What a pointer points to, if it is not NULL.
pub(super) fn pointed<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: see the top of the folder.
    unsafe { pointer.as_ref() }
}

/// An array; empty if it is NULL.
pub(super) fn array<'a, T>(pointer: *const T, count: u32) -> &'a [T] {
    if pointer.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: see the top of the folder.
    unsafe { std::slice::from_raw_parts(pointer, count as usize) }
}
