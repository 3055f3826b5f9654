//! The entry points: names to functions, pointers of the application to references.
//! Nothing is decided here; each function hands values to the safe modules.
//!
//! SAFETY, for the whole folder: an entry point's parameters are valid as its "Valid Usage
//! (Implicit)" section says; the application (or a validation layer) answers for that.
#![allow(unsafe_code, reason = "the Vulkan ABI is made of pointers")]

mod barriers;
pub(crate) mod commands;
mod common;
pub(crate) mod device;
mod formats;
mod host;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod objects;
pub(crate) mod physical;
mod pools;
pub(crate) mod submit;
pub(crate) mod video;

use std::ffi::{CStr, c_char};

use ash::vk;

/// A row of the table: a name and a function of whatever type.
type Row = (&'static CStr, unsafe extern "system" fn());

/// Rows from `name => function` pairs.
macro_rules! table {
    ($($name:literal => $function:path),* $(,)?) => {
        // SAFETY: a function pointer of one type is kept as one of another, and called only after
        // the loader or the application has cast it back by the name it asked for.
        &[$(($name, unsafe {
            std::mem::transmute::<*const (), unsafe extern "system" fn()>($function as *const ())
        })),*]
    };
}
pub(crate) use table;

/// Functions that need no instance.
const GLOBAL: &[&CStr] = &[
    c"vkCreateInstance",
    c"vkEnumerateInstanceExtensionProperties",
    c"vkEnumerateInstanceLayerProperties",
    c"vkEnumerateInstanceVersion",
    c"vkGetInstanceProcAddr",
];

fn tables() -> [&'static [Row]; 11] {
    [
        instance::TABLE,
        physical::TABLE,
        device::TABLE,
        memory::TABLE,
        objects::TABLE,
        pools::TABLE,
        commands::TABLE,
        barriers::TABLE,
        submit::TABLE,
        video::TABLE,
        host::TABLE,
    ]
}

/// The function called `name`; a KHR or EXT suffix of what is core by now is ignored.
pub(crate) fn lookup(name: &CStr) -> vk::PFN_vkVoidFunction {
    let exact = |name: &[u8]| {
        let mut rows = tables().into_iter().flatten();
        rows.find(|(known, _)| known.to_bytes() == name).map(|(_, function)| *function)
    };
    let bytes = name.to_bytes();
    exact(bytes).or_else(|| exact(bytes.strip_suffix(b"KHR").or(bytes.strip_suffix(b"EXT"))?))
}

/// The name behind a pointer of the application.
fn name<'a>(p_name: *const c_char) -> Option<&'a CStr> {
    // SAFETY: a null-terminated string, see the top of the folder.
    (!p_name.is_null()).then(|| unsafe { CStr::from_ptr(p_name) })
}

/// vkGetInstanceProcAddr.
pub(crate) unsafe extern "system" fn get_instance_proc_addr(
    instance: vk::Instance,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    let name = name(p_name)?;
    let global = instance == vk::Instance::null();
    if global && !GLOBAL.contains(&name) {
        return None;
    }
    lookup(name)
}

/// vkGetDeviceProcAddr.
pub(crate) unsafe extern "system" fn get_device_proc_addr(
    _: vk::Device,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    lookup(name(p_name)?)
}

/// vk_icdGetPhysicalDeviceProcAddr: functions whose first parameter is a physical device.
pub(crate) unsafe extern "system" fn get_physical_device_proc_addr(
    _: vk::Instance,
    p_name: *const c_char,
) -> vk::PFN_vkVoidFunction {
    let name = name(p_name)?;
    let bytes = name.to_bytes();
    let core = bytes.strip_suffix(b"KHR").unwrap_or(bytes);
    let known = physical::TABLE.iter().any(|(n, _)| [bytes, core].contains(&n.to_bytes()));
    if known { lookup(name) } else { None }
}
