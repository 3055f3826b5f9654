//! Devices and queues.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ash::vk::{self, Handle};

use super::common::{self, COPY_QUEUES, FAMILIES, PhysicalDevice};
use super::{Row, table};
use crate::beyond::UnifiedImageLayoutsFeatures;
use crate::config::Config;
use crate::message::Messages;
use crate::queue::{Ended, Place, Queue};
use crate::sync::Hub;
use crate::{chain, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCreateDevice" => create_device,
    c"vkDestroyDevice" => destroy_device,
    c"vkGetDeviceQueue" => get_device_queue,
    c"vkGetDeviceQueue2" => get_device_queue2,
    c"vkDeviceWaitIdle" => device_wait_idle,
    c"vkQueueWaitIdle" => queue_wait_idle,
    c"vkSetDebugUtilsObjectNameEXT" => set_debug_utils_object_name,
    c"vkSetDebugUtilsObjectTagEXT" => set_debug_utils_object_tag,
    c"vkQueueBeginDebugUtilsLabelEXT" => queue_label,
    c"vkQueueInsertDebugUtilsLabelEXT" => queue_label,
    c"vkQueueEndDebugUtilsLabelEXT" => queue_end_label,
};

/// A VkDevice.
pub(crate) struct Device {
    /// Of the physical device; `unified_layouts` only if the feature is enabled.
    pub(crate) config: Config,
    pub(crate) messages: Arc<Messages>,
    pub(crate) hub: Arc<Hub>,
    queues: Vec<Vec<vk::Queue>>,
    /// Bytes that are taken of the memory that there is little of.
    pub(crate) window: Arc<AtomicU64>,
    /// Objects of each kind that are alive: the leak list.
    alive: [AtomicI64; Kind::ALL.len()],
}

/// Kinds of objects that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Buffer,
    Image,
    ImageView,
    Sampler,
    SamplerYcbcrConversion,
    Fence,
    Semaphore,
    Event,
    QueryPool,
    CommandPool,
    VideoSession,
    VideoSessionParameters,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Memory,
        Self::Buffer,
        Self::Image,
        Self::ImageView,
        Self::Sampler,
        Self::SamplerYcbcrConversion,
        Self::Fence,
        Self::Semaphore,
        Self::Event,
        Self::QueryPool,
        Self::CommandPool,
        Self::VideoSession,
        Self::VideoSessionParameters,
    ];
}

impl Device {
    /// An object was made.
    pub(crate) fn made(&self, kind: Kind) {
        self.alive[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// An object was destroyed; nothing for VK_NULL_HANDLE.
    pub(crate) fn gone(&self, kind: Kind, handle: impl Handle) {
        if !handle.is_null() {
            self.alive[kind as usize].fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn idle(&self) {
        for queue in self.queues.iter().flatten() {
            // SAFETY: a queue of this device lives as long as the device.
            unsafe { handle::get::<Queue, _>(*queue) }.wait_idle();
        }
    }
}

unsafe extern "system" fn create_device(
    physical: vk::PhysicalDevice,
    p_create_info: *const vk::DeviceCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_device: *mut vk::Device,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let physical = unsafe { handle::get::<PhysicalDevice, _>(physical) };
    // SAFETY: as above.
    let info = unsafe { &*p_create_info };
    let known = common::extensions(&physical.config);
    // SAFETY: as above.
    let wanted =
        unsafe { handle::array(info.pp_enabled_extension_names, info.enabled_extension_count) };
    for name in wanted {
        let name = super::name(*name);
        let listed = known.iter().any(|e| e.extension_name_as_c_str().ok() == name);
        if !listed {
            return vk::Result::ERROR_EXTENSION_NOT_PRESENT;
        }
    }
    let hardware = &physical.config.hardware;
    if !hardware.is_there() {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    }
    let faults = &physical.config.faults;
    let faults = match &hardware.away {
        Some(away) if away.was_lost() => faults.clone().without_loss().of_device(),
        _ => faults.of_device(),
    };
    let mut unified_layouts = false;
    // SAFETY: as above.
    if let Some(wanted) = unsafe { chain::find::<UnifiedImageLayoutsFeatures>(info.p_next) } {
        unified_layouts = wanted.unified_image_layouts_video != vk::FALSE;
    }
    let hub = Arc::<Hub>::default();
    let ended = Arc::<Ended>::default();
    let queue = |family: u32, index: u32| {
        let place = Place { family, number: (family * COPY_QUEUES + index) as usize };
        handle::dispatchable(Queue::new(&hub, &physical.messages, place, &ended))
    };
    let counts = [COPY_QUEUES, physical.config.queues];
    let family =
        |family: u32| (0..counts[family as usize]).map(|index| queue(family, index)).collect();
    let device = Device {
        config: Config { unified_layouts, faults, ..physical.config.clone() },
        messages: Arc::clone(&physical.messages),
        queues: (0..FAMILIES).map(family).collect(),
        hub: Arc::clone(&hub),
        window: Arc::default(),
        alive: Default::default(),
    };
    // SAFETY: as above.
    unsafe { handle::put(p_device, handle::dispatchable(device)) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_device(
    device: vk::Device,
    _: *const vk::AllocationCallbacks<'_>,
) {
    if device.is_null() {
        return;
    }
    // SAFETY: see the top of the folder.
    let object = unsafe { handle::get::<Device, _>(device) };
    object.idle();
    for kind in Kind::ALL {
        let n = object.alive[kind as usize].load(Ordering::Relaxed);
        if n != 0 {
            object.messages.error(
                "VUID-vkDestroyDevice-device-05137",
                &format!("{n} objects of kind {kind:?} were not destroyed"),
            );
        }
    }
    for word in object.config.faults.without_effect() {
        object.messages.note(&format!("planted fault never applied: {word}"));
    }
    for queue in object.queues.iter().flatten() {
        // SAFETY: a queue of this device, which ends here.
        unsafe { handle::free::<Queue, _>(*queue) };
    }
    // SAFETY: as above.
    unsafe { handle::free::<Device, _>(device) };
}

fn queue(device: &Device, family: u32, index: u32) -> vk::Queue {
    let family = device.queues.get(family as usize);
    family.and_then(|f| f.get(index as usize)).copied().unwrap_or_default()
}

unsafe extern "system" fn get_device_queue(
    device: vk::Device,
    family: u32,
    index: u32,
    p_queue: *mut vk::Queue,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    unsafe { handle::put(p_queue, queue(device, family, index)) };
}

unsafe extern "system" fn get_device_queue2(
    device: vk::Device,
    p_info: *const vk::DeviceQueueInfo2<'_>,
    p_queue: *mut vk::Queue,
) {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    unsafe { handle::put(p_queue, queue(device, info.queue_family_index, info.queue_index)) };
}

unsafe extern "system" fn device_wait_idle(device: vk::Device) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { handle::get::<Device, _>(device) };
    device.idle();
    if device.hub.is_lost() { vk::Result::ERROR_DEVICE_LOST } else { vk::Result::SUCCESS }
}

unsafe extern "system" fn queue_wait_idle(queue: vk::Queue) -> vk::Result {
    // SAFETY: see the top of the folder.
    match unsafe { handle::get::<Queue, _>(queue) }.wait_idle() {
        true => vk::Result::SUCCESS,
        false => vk::Result::ERROR_DEVICE_LOST,
    }
}

unsafe extern "system" fn set_debug_utils_object_name(
    _: vk::Device,
    _: *const vk::DebugUtilsObjectNameInfoEXT<'_>,
) -> vk::Result {
    vk::Result::SUCCESS
}

unsafe extern "system" fn set_debug_utils_object_tag(
    _: vk::Device,
    _: *const vk::DebugUtilsObjectTagInfoEXT<'_>,
) -> vk::Result {
    vk::Result::SUCCESS
}

unsafe extern "system" fn queue_label(_: vk::Queue, _: *const vk::DebugUtilsLabelEXT<'_>) {}

unsafe extern "system" fn queue_end_label(_: vk::Queue) {}
