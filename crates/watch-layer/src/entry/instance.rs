//! Instances.

use std::ffi::CStr;
use std::sync::{Arc, PoisonError, RwLock};

use ash::vk;
use ash::vk::Handle;

use super::loader::{get_device_proc_addr, get_instance_proc_addr, instance_link};
use super::table::Function;
use super::{device, note};

/// An instance, for its physical devices.
pub(super) struct Instance {
    key: usize,
    handle: vk::Instance,
    get: vk::PFN_vkGetInstanceProcAddr,
}

static INSTANCES: RwLock<Vec<Arc<Instance>>> = RwLock::new(Vec::new());

/// The loader's dispatch table of a dispatchable object, which tells whose it is.
pub(super) fn key(handle: u64) -> usize {
    let at = handle as usize as *const usize;
    if at.is_null() {
        return 0;
    }
    // SAFETY: see the top of the folder.
    unsafe { at.read() }
}

fn by_key(key: usize) -> Option<Arc<Instance>> {
    let all = INSTANCES.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().find(|instance| instance.key == key).cloned()
}

/// The instance with this handle.
pub(super) fn find(handle: vk::Instance) -> Option<Arc<Instance>> {
    by_key(key(handle.as_raw()))
}

/// The instance of a physical device.
pub(super) fn of_device(physical: vk::PhysicalDevice) -> Option<Arc<Instance>> {
    by_key(key(physical.as_raw()))
}

impl Instance {
    /// The next layer's function of this name.
    pub(super) fn next_function(&self, name: &CStr) -> vk::PFN_vkVoidFunction {
        // SAFETY: the next layer's function, with its instance.
        unsafe { (self.get)(self.handle, name.as_ptr()) }
    }
}

/// The hook of an instance function.
pub(super) fn hook(name: &CStr) -> Option<Function> {
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
        b"vkCreateDevice" => untyped!(vk::PFN_vkCreateDevice, device::create),
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
        note(|| {
            let key = key(handle.as_raw());
            let mut all = INSTANCES.write().unwrap_or_else(PoisonError::into_inner);
            all.push(Arc::new(Instance { key, handle, get }));
        });
    }
    result
}

unsafe extern "system" fn destroy(
    handle: vk::Instance,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(instance) = find(handle) else { return };
    note(|| {
        let mut all = INSTANCES.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, &instance));
    });
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
