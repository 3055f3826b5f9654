//! The loader's side: structures of vk_layer.h, and the three functions that it asks for.

use std::ffi::{CStr, c_char, c_void};

use ash::vk;

use super::{device, instance, table};

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
/// VK_LAYER_LINK_INFO.
const LINK_INFO: i32 = 0;
/// VK_LOADER_DATA_CALLBACK.
const DATA_CALLBACK: i32 = 1;

/// VkLayerInstanceLink.
#[repr(C)]
pub(super) struct InstanceLink {
    next: *mut InstanceLink,
    pub(super) get_instance_proc_addr: vk::PFN_vkGetInstanceProcAddr,
    _get_physical_device_proc_addr: Option<vk::PFN_vkGetInstanceProcAddr>,
}

/// VkLayerDeviceLink.
#[repr(C)]
pub(super) struct DeviceLink {
    next: *mut DeviceLink,
    pub(super) get_instance_proc_addr: vk::PFN_vkGetInstanceProcAddr,
    pub(super) get_device_proc_addr: vk::PFN_vkGetDeviceProcAddr,
}

/// PFN_vkSetDeviceLoaderData.
pub(super) type SetDeviceLoaderData =
    unsafe extern "system" fn(vk::Device, *mut c_void) -> vk::Result;

/// VkLayerInstanceCreateInfo and VkLayerDeviceCreateInfo, with the union as a pointer.
#[repr(C)]
struct LayerCreateInfo {
    s_type: vk::StructureType,
    p_next: *const c_void,
    function: i32,
    what: *mut c_void,
}

/// The loader's element of a chain with this function.
fn element(
    next: *const c_void,
    s_type: vk::StructureType,
    function: i32,
) -> Option<*mut LayerCreateInfo> {
    let mut at = next.cast::<LayerCreateInfo>();
    while !at.is_null() {
        // SAFETY: every element of a chain starts with sType and pNext.
        let head = unsafe { &*at.cast::<vk::BaseInStructure<'_>>() };
        if head.s_type == s_type {
            // SAFETY: the loader's elements of this sType are `LayerCreateInfo`s.
            let found = unsafe { (*at).function };
            if found == function {
                return Some(at.cast_mut());
            }
        }
        at = head.p_next.cast();
    }
    None
}

/// The link to the next layer, taken out of the chain for the one after it.
pub(super) fn instance_link(next: *const c_void) -> Option<&'static InstanceLink> {
    let at = element(next, vk::StructureType::LOADER_INSTANCE_CREATE_INFO, LINK_INFO)?;
    // SAFETY: the loader's element, which layers may change.
    let what = unsafe { &mut (*at).what };
    // SAFETY: with LINK_INFO it points to a link, which lives as long as the call.
    let link = unsafe { what.cast::<InstanceLink>().as_ref() }?;
    *what = link.next.cast();
    Some(link)
}

/// The same of a device.
pub(super) fn device_link(next: *const c_void) -> Option<&'static DeviceLink> {
    let at = element(next, vk::StructureType::LOADER_DEVICE_CREATE_INFO, LINK_INFO)?;
    // SAFETY: the loader's element, which layers may change.
    let what = unsafe { &mut (*at).what };
    // SAFETY: with LINK_INFO it points to a link, which lives as long as the call.
    let link = unsafe { what.cast::<DeviceLink>().as_ref() }?;
    *what = link.next.cast();
    Some(link)
}

/// What makes dispatchable objects of a layer's own valid.
pub(super) fn set_device_loader_data(next: *const c_void) -> Option<SetDeviceLoaderData> {
    let at = element(next, vk::StructureType::LOADER_DEVICE_CREATE_INFO, DATA_CALLBACK)?;
    // SAFETY: the loader's element.
    let what = unsafe { (*at).what };
    // SAFETY: with DATA_CALLBACK the union is that function.
    unsafe { std::mem::transmute::<*mut c_void, Option<SetDeviceLoaderData>>(what) }
}

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
    if let Some(hook) = instance::hook(text) {
        return Some(hook);
    }
    let next = instance::find(handle)?.next_function(text)?;
    Some(table::hook(text).unwrap_or(next))
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
    Some(table::hook(text).filter(|_| hooked).unwrap_or(next))
}
