//! The loader's side: the functions that it asks for, and instances.

use std::ffi::{CStr, c_char, c_void};

use ash::vk;

use super::instance::{self, Instance};
use super::link::instance_link;
use super::table::Function;
use super::{creation, device, hooks, note};

/// VkNegotiateLayerInterface.
#[repr(C)]
pub struct NegotiateLayerInterface {
    s_type: u32,
    p_next: *mut c_void,
    loader_layer_interface_version: u32,
    get_instance_proc_addr: Option<vk::PFN_vkGetInstanceProcAddr>,
    get_device_proc_addr: Option<vk::PFN_vkGetDeviceProcAddr>,
    get_physical_device_proc_addr: Option<vk::PFN_vkGetInstanceProcAddr>,
}

/// LAYER_NEGOTIATE_INTERFACE_STRUCT.
const NEGOTIATE: u32 = 1;
/// The version of the interface that is spoken here.
const INTERFACE: u32 = 2;
/// vkNegotiateLoaderLayerInterfaceVersion.
///
/// # Safety
/// As the loader calls it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vkNegotiateLoaderLayerInterfaceVersion(
    version: *mut NegotiateLayerInterface,
) -> vk::Result {
    // SAFETY: the loader's structure.
    let Some(version) = (unsafe { version.as_mut() }) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    if version.s_type != NEGOTIATE || version.loader_layer_interface_version < INTERFACE {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    }
    version.loader_layer_interface_version = INTERFACE;
    version.get_instance_proc_addr = Some(get_instance_proc_addr);
    version.get_device_proc_addr = Some(get_device_proc_addr);
    version.get_physical_device_proc_addr = None;
    vk::Result::SUCCESS
}

/// vkGetInstanceProcAddr.
pub(super) unsafe extern "system" fn get_instance_proc_addr(
    handle: vk::Instance,
    name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: see the top of the folder.
    let text = unsafe { CStr::from_ptr(name) };
    if let Some(hook) = hook(text) {
        return Some(hook);
    }
    let next = instance::find(handle)?.next_function(text)?;
    Some(hooks::hook(text).unwrap_or(next))
}

/// vkGetDeviceProcAddr.
pub(super) unsafe extern "system" fn get_device_proc_addr(
    handle: vk::Device,
    name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: see the top of the folder.
    let text = unsafe { CStr::from_ptr(name) };
    if text == c"vkGetDeviceProcAddr" {
        // SAFETY: the same function under its own type.
        return unsafe {
            std::mem::transmute::<vk::PFN_vkGetDeviceProcAddr, vk::PFN_vkVoidFunction>(
                get_device_proc_addr,
            )
        };
    }
    let device = device::find(handle)?;
    let next = device.next_function(text)?;
    // A device that decodes no video is left alone, but for its end.
    let hooked = device.is_watched() || text == c"vkDestroyDevice";
    Some(hooks::hook(text).filter(|_| hooked).unwrap_or(next))
}

/// The hook of an instance function.
fn hook(name: &CStr) -> Option<Function> {
    macro_rules! untyped {
        ($type:ty, $hook:path) => {{
            let hook: $type = $hook;
            // SAFETY: function pointers have one size; callers give it its type again.
            Some(unsafe { std::mem::transmute::<$type, Function>(hook) })
        }};
    }
    match name.to_bytes() {
        b"vkGetInstanceProcAddr" => {
            untyped!(vk::PFN_vkGetInstanceProcAddr, get_instance_proc_addr)
        }
        b"vkGetDeviceProcAddr" => untyped!(vk::PFN_vkGetDeviceProcAddr, get_device_proc_addr),
        b"vkCreateInstance" => untyped!(vk::PFN_vkCreateInstance, create),
        b"vkDestroyInstance" => untyped!(vk::PFN_vkDestroyInstance, destroy),
        b"vkCreateDevice" => untyped!(vk::PFN_vkCreateDevice, creation::create),
        _ => None,
    }
}

unsafe extern "system" fn create(
    info: *const vk::InstanceCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    instance: *mut vk::Instance,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let next = unsafe { &*info }.p_next;
    let Some(link) = instance_link(next) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let get = link.get_instance_proc_addr;
    // SAFETY: the next layer's function, which needs no instance for this one.
    let create = unsafe { get(vk::Instance::null(), c"vkCreateInstance".as_ptr()) };
    // SAFETY: a function of this name has this type.
    let create = unsafe {
        std::mem::transmute::<vk::PFN_vkVoidFunction, Option<vk::PFN_vkCreateInstance>>(create)
    };
    let Some(create) = create else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    // SAFETY: the application's arguments.
    let result = unsafe { create(info, allocator, instance) };
    if result == vk::Result::SUCCESS {
        // SAFETY: it was just written.
        let handle = unsafe { *instance };
        note(|| Instance::add(handle, get));
    }
    result
}

unsafe extern "system" fn destroy(
    handle: vk::Instance,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(instance) = instance::find(handle) else { return };
    note(|| instance.remove());
    let destroy = instance.next_function(c"vkDestroyInstance");
    // SAFETY: a function of this name has this type.
    let destroy = unsafe {
        std::mem::transmute::<vk::PFN_vkVoidFunction, Option<vk::PFN_vkDestroyInstance>>(destroy)
    };
    if let Some(destroy) = destroy {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, allocator) };
    }
}
