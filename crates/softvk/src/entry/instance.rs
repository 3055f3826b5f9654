//! Instances, and debug messengers.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::ffi::{CString, c_char};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ash::vk::{self, Handle};

use super::common::{PhysicalDevice, extension};
use super::{Row, table};
use crate::config::{API_VERSION, Config};
use crate::message::{About, Messages};
use crate::{chain, handle};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCreateInstance" => create_instance,
    c"vkDestroyInstance" => destroy_instance,
    c"vkEnumerateInstanceExtensionProperties" => enumerate_instance_extension_properties,
    c"vkEnumerateInstanceLayerProperties" => enumerate_instance_layer_properties,
    c"vkEnumerateInstanceVersion" => enumerate_instance_version,
    c"vkGetInstanceProcAddr" => super::get_instance_proc_addr,
    c"vkGetDeviceProcAddr" => super::get_device_proc_addr,
    c"vkEnumeratePhysicalDevices" => enumerate_physical_devices,
    c"vkEnumeratePhysicalDeviceGroups" => enumerate_physical_device_groups,
    c"vkCreateDebugUtilsMessengerEXT" => create_debug_utils_messenger,
    c"vkDestroyDebugUtilsMessengerEXT" => destroy_debug_utils_messenger,
    c"vkSubmitDebugUtilsMessageEXT" => submit_debug_utils_message,
};

/// A VkInstance.
pub(crate) struct Instance {
    physical: vk::PhysicalDevice,
    messages: Arc<Messages>,
}

unsafe extern "system" fn create_instance(
    p_create_info: *const vk::InstanceCreateInfo<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_instance: *mut vk::Instance,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_create_info };
    // SAFETY: as above.
    let messenger = unsafe { chain::find::<vk::DebugUtilsMessengerCreateInfoEXT<'_>>(info.p_next) };
    let messages = Arc::<Messages>::default();
    let config = match Config::current() {
        Ok(config) => config,
        Err(text) => {
            // A chained messenger hears vkCreateInstance (and vkDestroyInstance, which says
            // nothing), and no other call.
            if let Some(info) = messenger {
                listen(&messages, info);
            }
            messages.trouble(&text);
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        }
    };
    if config.stderr {
        // In one piece, beside what the program writes. Where nobody reads it, nothing is to be done.
        let print = |about: About<'_>, text: &str| {
            let vuid = if let About::Rule(vuid) = about { vuid } else { "" };
            let _ = io::stderr().write_all(format!("softvk: {text} {vuid}\n").as_bytes());
        };
        messages.listen(0, Box::new(print));
    }
    let physical = handle::dispatchable(PhysicalDevice { config, messages: Arc::clone(&messages) });
    let instance = Instance { physical, messages };
    // SAFETY: as above.
    unsafe { handle::put(p_instance, handle::dispatchable(instance)) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_instance(
    instance: vk::Instance,
    _: *const vk::AllocationCallbacks<'_>,
) {
    if instance.is_null() {
        return;
    }
    // SAFETY: see the top of the folder.
    let object = unsafe { handle::get::<Instance, _>(instance) };
    let physical = object.physical;
    // SAFETY: as above; devices of the instance are gone by rule.
    unsafe { handle::free::<PhysicalDevice, _>(physical) };
    // SAFETY: as above.
    unsafe { handle::free::<Instance, _>(instance) };
}

unsafe extern "system" fn enumerate_instance_extension_properties(
    p_layer_name: *const c_char,
    p_count: *mut u32,
    p_properties: *mut vk::ExtensionProperties,
) -> vk::Result {
    if !p_layer_name.is_null() {
        return vk::Result::ERROR_LAYER_NOT_PRESENT;
    }
    let list = [
        extension("VK_EXT_debug_utils", 2),
        extension("VK_KHR_get_physical_device_properties2", 2),
    ];
    // SAFETY: see the top of the folder.
    unsafe { handle::enumerate(&list, p_count, p_properties) }
}

unsafe extern "system" fn enumerate_instance_layer_properties(
    p_count: *mut u32,
    p_properties: *mut vk::LayerProperties,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::enumerate(&[], p_count, p_properties) }
}

unsafe extern "system" fn enumerate_instance_version(p_version: *mut u32) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { handle::put(p_version, API_VERSION) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn enumerate_physical_devices(
    instance: vk::Instance,
    p_count: *mut u32,
    p_devices: *mut vk::PhysicalDevice,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let object = unsafe { handle::get::<Instance, _>(instance) };
    // SAFETY: as above.
    unsafe { handle::enumerate(&[object.physical], p_count, p_devices) }
}

unsafe extern "system" fn enumerate_physical_device_groups(
    instance: vk::Instance,
    p_count: *mut u32,
    p_groups: *mut vk::PhysicalDeviceGroupProperties<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let object = unsafe { handle::get::<Instance, _>(instance) };
    let mut group =
        vk::PhysicalDeviceGroupProperties { physical_device_count: 1, ..Default::default() };
    group.physical_devices[0] = object.physical;
    // SAFETY: as above.
    unsafe { handle::enumerate(&[group], p_count, p_groups) }
}

/// Ids of messengers.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What a messenger is called with.
struct Target {
    callback: vk::PFN_vkDebugUtilsMessengerCallbackEXT,
    severity: vk::DebugUtilsMessageSeverityFlagsEXT,
    kinds: vk::DebugUtilsMessageTypeFlagsEXT,
    user_data: *mut std::ffi::c_void,
}

// SAFETY: the callback has to be callable from any thread (VK_EXT_debug_utils), with the pointer
// that the application gave for it.
unsafe impl Send for Target {}

impl Target {
    fn tell(&self, about: About<'_>, text: &str) {
        use vk::DebugUtilsMessageSeverityFlagsEXT as Severity;
        use vk::DebugUtilsMessageTypeFlagsEXT as Type;
        let (severity, kind) = match about {
            About::Rule(_) => (Severity::ERROR, Type::VALIDATION),
            About::Trouble => (Severity::ERROR, Type::GENERAL),
            About::Note => (Severity::WARNING, Type::GENERAL),
        };
        let hears = self.severity.contains(severity) && self.kinds.contains(kind);
        let Some(callback) = self.callback.filter(|_| hears) else { return };
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        let mut data = vk::DebugUtilsMessengerCallbackDataEXT::default().message(&text);
        let id = match about {
            About::Rule(vuid) => CString::new(vuid).unwrap_or_default(),
            About::Trouble | About::Note => CString::default(),
        };
        if !id.is_empty() {
            data = data.message_id_name(&id);
        }
        // SAFETY: the callback and its pointer are valid until the messenger is destroyed.
        unsafe { callback(severity, kind, &data, self.user_data) };
    }
}

fn listen(messages: &Messages, info: &vk::DebugUtilsMessengerCreateInfoEXT<'_>) -> u64 {
    let target = Target {
        callback: info.pfn_user_callback,
        severity: info.message_severity,
        kinds: info.message_type,
        user_data: info.p_user_data,
    };
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    messages.listen(id, Box::new(move |about, text| target.tell(about, text)));
    id
}

unsafe extern "system" fn create_debug_utils_messenger(
    instance: vk::Instance,
    p_create_info: *const vk::DebugUtilsMessengerCreateInfoEXT<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_messenger: *mut vk::DebugUtilsMessengerEXT,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let messages = unsafe { &handle::get::<Instance, _>(instance).messages };
    // SAFETY: as above.
    let id = listen(messages, unsafe { &*p_create_info });
    // SAFETY: as above.
    unsafe { handle::put(p_messenger, vk::DebugUtilsMessengerEXT::from_raw(id)) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_debug_utils_messenger(
    instance: vk::Instance,
    messenger: vk::DebugUtilsMessengerEXT,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { handle::get::<Instance, _>(instance) }.messages.forget(messenger.as_raw());
}

unsafe extern "system" fn submit_debug_utils_message(
    instance: vk::Instance,
    severity: vk::DebugUtilsMessageSeverityFlagsEXT,
    _: vk::DebugUtilsMessageTypeFlagsEXT,
    p_data: *const vk::DebugUtilsMessengerCallbackDataEXT<'_>,
) {
    // SAFETY: see the top of the folder.
    let data = unsafe { &*p_data };
    let text = super::name(data.p_message).unwrap_or_default().to_string_lossy();
    if severity.contains(vk::DebugUtilsMessageSeverityFlagsEXT::ERROR) {
        // SAFETY: as above.
        unsafe { handle::get::<Instance, _>(instance) }.messages.trouble(&text);
    } else {
        log::info!("softvk: application: {text}");
    }
}
