//! What the loader hands a layer in the chains of vkCreateInstance and vkCreateDevice: structures of
//! vk_layer.h.

use std::ffi::c_void;

use ash::vk;

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
