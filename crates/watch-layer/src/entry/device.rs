//! Devices and their queues.

use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, pointed};
use super::copies::Copies;
use super::instance::{self, Instance, key};
use super::loader::{SetDeviceLoaderData, device_link, set_device_loader_data};
use super::note;
use super::table::Table;
use crate::settings::settings;
use crate::state::State;

/// A device.
pub(super) struct Device {
    key: usize,
    pub(super) handle: vk::Device,
    pub(super) physical: vk::PhysicalDevice,
    pub(super) instance: Arc<Instance>,
    get: vk::PFN_vkGetDeviceProcAddr,
    pub(super) next: Table,
    /// Flags of its memory types.
    pub(super) memory_types: Vec<vk::MemoryPropertyFlags>,
    /// Flags of its queue families.
    pub(super) families: Vec<vk::QueueFlags>,
    watched: bool,
    /// Whether each picture is read.
    pub(super) pictures: bool,
    /// Whether a family decodes that does not copy, so that other queues may have to.
    pub(super) away: bool,
    loader_data: Option<SetDeviceLoaderData>,
    copies: OnceLock<Option<Copies>>,
    /// Held while a queue is used, of queues that this layer may use, too.
    locks: Mutex<HashMap<u64, Arc<Mutex<()>>>>,
    state: Mutex<State>,
}

static DEVICES: RwLock<Vec<Arc<Device>>> = RwLock::new(Vec::new());

fn by_key(key: usize) -> Option<Arc<Device>> {
    let all = DEVICES.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().find(|device| device.key == key).cloned()
}

/// The device with this handle.
pub(super) fn find(handle: vk::Device) -> Option<Arc<Device>> {
    by_key(key(handle.as_raw()))
}

/// The device of a command buffer.
pub(super) fn of_commands(commands: vk::CommandBuffer) -> Option<Arc<Device>> {
    by_key(key(commands.as_raw()))
}

/// The device of a queue.
pub(super) fn of_queue(queue: vk::Queue) -> Option<Arc<Device>> {
    by_key(key(queue.as_raw()))
}

impl Device {
    /// The next layer's function of this name.
    pub(super) fn next_function(&self, name: &CStr) -> vk::PFN_vkVoidFunction {
        // SAFETY: the next layer's function, with its device.
        unsafe { (self.get)(self.handle, name.as_ptr()) }
    }

    /// Whether it can decode AV1, and that is captured.
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// What copies take, made when it is first needed.
    pub(super) fn copies(&self) -> Option<&Copies> {
        let made = || Copies::new(self.handle, self.get, self.loader_data);
        self.copies.get_or_init(made).as_ref()
    }

    /// What copies take, if there were any.
    pub(super) fn copies_so_far(&self) -> Option<&Copies> {
        self.copies.get()?.as_ref()
    }

    /// The lock of a queue.
    pub(super) fn queue_lock(&self, queue: vk::Queue) -> Arc<Mutex<()>> {
        let mut all = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(queue.as_raw()).or_default())
    }

    /// Calls `call` with the lock of a queue, where this layer may use that, too.
    pub(super) fn with_queue<T>(&self, queue: vk::Queue, call: impl FnOnce() -> T) -> T {
        if !(self.watched && self.away) {
            return call();
        }
        let lock = self.queue_lock(queue);
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        call()
    }

    /// What its calls have told.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something in its state, if it is watched.
    pub(super) fn note(&self, what: impl FnOnce(&mut State)) {
        if self.watched {
            note(|| what(&mut self.state()));
        }
    }
}

pub(super) unsafe extern "system" fn create(
    physical: vk::PhysicalDevice,
    info: *const vk::DeviceCreateInfo<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    device: *mut vk::Device,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let create_info = unsafe { &*info };
    let loader_data = set_device_loader_data(create_info.p_next);
    let (Some(link), Some(instance)) =
        (device_link(create_info.p_next), instance::of_device(physical))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let get = link.get_device_proc_addr;
    let create = instance.next_function(c"vkCreateDevice");
    // SAFETY: a function of this name has this type.
    let create = unsafe {
        std::mem::transmute::<vk::PFN_vkVoidFunction, Option<vk::PFN_vkCreateDevice>>(create)
    };
    let Some(create) = create else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    // SAFETY: the application's arguments.
    let result = unsafe { create(physical, info, allocator, device) };
    if result == vk::Result::SUCCESS {
        // SAFETY: it was just written.
        let handle = unsafe { *device };
        note(|| add(Made { handle, physical, instance, get, loader_data, info: create_info }));
    }
    result
}

/// What a device is made of.
struct Made<'a> {
    handle: vk::Device,
    physical: vk::PhysicalDevice,
    instance: Arc<Instance>,
    get: vk::PFN_vkGetDeviceProcAddr,
    loader_data: Option<SetDeviceLoaderData>,
    info: &'a vk::DeviceCreateInfo<'a>,
}

fn add(made: Made<'_>) {
    let Made { handle, physical, instance, get, loader_data, info } = made;
    let names =
        array::<*const c_char>(info.pp_enabled_extension_names, info.enabled_extension_count);
    let decodes = names.iter().any(|name| {
        // SAFETY: see the top of the folder.
        let name = pointed(*name).map(|name| unsafe { CStr::from_ptr(name) });
        name == Some(c"VK_KHR_video_decode_av1")
    });
    // SAFETY: the next layer's function, with its device.
    let next = Table::new(|name| unsafe { get(handle, name.as_ptr()) });
    let (memory_types, families) = super::bytes::properties(&instance, physical);
    let settings = settings();
    let watched = decodes && settings.is_some();
    let pictures = settings.is_some_and(|settings| settings.pictures) && watched;
    let copies = |flags: &vk::QueueFlags| flags.contains(vk::QueueFlags::TRANSFER);
    let decode = |flags: &&vk::QueueFlags| flags.contains(vk::QueueFlags::VIDEO_DECODE_KHR);
    let away = families.iter().filter(decode).any(|flags| !copies(flags));
    let device = Device {
        key: key(handle.as_raw()),
        handle,
        physical,
        instance,
        get,
        next,
        memory_types,
        families,
        watched,
        pictures,
        away,
        loader_data,
        copies: OnceLock::new(),
        locks: Mutex::default(),
        state: Mutex::default(),
    };
    DEVICES.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(device));
}

pub(super) unsafe extern "system" fn destroy(
    handle: vk::Device,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = find(handle) else { return };
    if device.watched {
        note(|| {
            super::copies::finish(&device, true);
            device.copies_so_far().into_iter().for_each(Copies::end);
            let mut state = device.state();
            state.sessions.values_mut().for_each(crate::capture::Session::end);
            state.sessions.clear();
        });
    }
    note(|| {
        let mut all = DEVICES.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, &device));
    });
    if let Some(destroy) = device.next.destroy_device {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, allocator) };
    }
}

pub(super) unsafe extern "system" fn queue(
    handle: vk::Device,
    family: u32,
    index: u32,
    queue: *mut vk::Queue,
) {
    let Some(device) = find(handle) else { return };
    let Some(get) = device.next.get_device_queue else { return };
    // SAFETY: the application's arguments.
    unsafe { get(handle, family, index, queue) };
    let queue = pointed(queue).map(|queue| queue.as_raw());
    device.note(|state| {
        queue.and_then(|queue| state.queues.insert(queue, (family, index)));
    });
}

pub(super) unsafe extern "system" fn queue2(
    handle: vk::Device,
    info: *const vk::DeviceQueueInfo2<'_>,
    queue: *mut vk::Queue,
) {
    let Some(device) = find(handle) else { return };
    let Some(get) = device.next.get_device_queue2 else { return };
    // SAFETY: the application's arguments.
    unsafe { get(handle, info, queue) };
    let queue = pointed(queue).map(|queue| queue.as_raw());
    let place = pointed(info).map(|info| (info.queue_family_index, info.queue_index));
    device.note(|state| {
        queue.zip(place).and_then(|(queue, place)| state.queues.insert(queue, place));
    });
}
