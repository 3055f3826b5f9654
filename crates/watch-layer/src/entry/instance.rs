//! Instances.

use std::ffi::CStr;
use std::sync::{Arc, PoisonError, RwLock};

use ash::vk;
use ash::vk::Handle;

/// An instance, for its physical devices.
pub(super) struct Instance {
    key: usize,
    handle: vk::Instance,
    get: vk::PFN_vkGetInstanceProcAddr,
    /// The next layer's functions that are called here. Once the instance is there, some loaders
    /// give those of the first layer for them.
    own: Vec<(&'static CStr, vk::PFN_vkVoidFunction)>,
}

/// Names of the functions that are called here.
const OWN: [&CStr; 6] = [
    c"vkCreateDevice",
    c"vkDestroyInstance",
    c"vkGetPhysicalDeviceMemoryProperties",
    c"vkGetPhysicalDeviceProperties",
    c"vkGetPhysicalDeviceQueueFamilyProperties",
    c"vkGetPhysicalDeviceVideoCapabilitiesKHR",
];

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
    /// Keeps an instance that was made, with the next layer's function.
    pub(super) fn add(handle: vk::Instance, get: vk::PFN_vkGetInstanceProcAddr) {
        let key = key(handle.as_raw());
        let mut all = INSTANCES.write().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the next layer's function, with its instance.
        let own = OWN.map(|name| (name, unsafe { get(handle, name.as_ptr()) })).to_vec();
        all.push(Arc::new(Self { key, handle, get, own }));
    }

    /// Forgets it.
    pub(super) fn remove(self: &Arc<Self>) {
        let mut all = INSTANCES.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, self));
    }

    /// The next layer's function of this name: to be called, one of [`OWN`]; any, to be handed on.
    pub(super) fn next_function(&self, name: &CStr) -> vk::PFN_vkVoidFunction {
        if let Some((_, own)) = self.own.iter().find(|(own, _)| *own == name) {
            return *own;
        }
        // SAFETY: the next layer's function, with its instance.
        unsafe { (self.get)(self.handle, name.as_ptr()) }
    }
}
