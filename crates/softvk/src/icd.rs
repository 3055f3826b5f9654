//! What a Vulkan loader looks for in the shared library: three functions, nothing else is exported.
#![allow(unsafe_code, reason = "exported names")]

use std::ffi::c_char;

use ash::vk;

use crate::entry;

/// The newest version of the interface that the driver knows.
const INTERFACE_VERSION: u32 = 7;

/// vk_icdNegotiateLoaderICDInterfaceVersion: the older of the loader's version and ours.
///
/// # Safety
/// `p_version` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vk_icdNegotiateLoaderICDInterfaceVersion(
    p_version: *mut u32,
) -> vk::Result {
    // SAFETY: the caller's promise.
    let version = unsafe { &mut *p_version };
    *version = (*version).min(INTERFACE_VERSION);
    vk::Result::SUCCESS
}

/// vk_icdGetInstanceProcAddr.
///
/// # Safety
/// As vkGetInstanceProcAddr.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vk_icdGetInstanceProcAddr(
    instance: vk::Instance,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: the caller's promise.
    unsafe { get_instance_proc_addr(instance, p_name) }
}

/// vk_icdGetPhysicalDeviceProcAddr.
///
/// # Safety
/// As vkGetInstanceProcAddr.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn vk_icdGetPhysicalDeviceProcAddr(
    instance: vk::Instance,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: the caller's promise.
    unsafe { entry::get_physical_device_proc_addr(instance, p_name) }
}

/// vkGetInstanceProcAddr, for programs that link the driver instead of loading it; with the two
/// functions above, as a loader wants that is given it (VK_LUNARG_direct_driver_loading).
///
/// # Safety
/// As vkGetInstanceProcAddr.
pub unsafe extern "system" fn get_instance_proc_addr(
    instance: vk::Instance,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    // SAFETY: null, or a string of the caller.
    let name = (!p_name.is_null()).then(|| unsafe { std::ffi::CStr::from_ptr(p_name) });
    let own: *const () = match name?.to_bytes() {
        b"vk_icdNegotiateLoaderICDInterfaceVersion" => {
            vk_icdNegotiateLoaderICDInterfaceVersion as *const ()
        }
        b"vk_icdGetPhysicalDeviceProcAddr" => vk_icdGetPhysicalDeviceProcAddr as *const (),
        // SAFETY: the caller's promise.
        _ => return unsafe { entry::get_instance_proc_addr(instance, p_name) },
    };
    // SAFETY: a function; the caller casts it back by the name it asked for.
    Some(unsafe { std::mem::transmute::<*const (), unsafe extern "system" fn()>(own) })
}
