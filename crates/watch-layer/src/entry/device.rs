//! Devices as the layer knows them.

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use ash::vk;
use ash::vk::Handle;

use super::copier::Copies;
use super::instance::{Instance, key};
use super::link::SetDeviceLoaderData;
use super::note;
use super::table::Table;
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
    /// Timeline semaphores are enabled.
    pub(super) timelines: bool,
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

/// Brings what the captures of all devices hold into their files, but for those that are in use right
/// now.
#[cfg(target_os = "linux")]
pub(super) fn keep_all() {
    let Ok(all) = DEVICES.try_read() else { return };
    for device in all.iter() {
        if let Ok(mut state) = device.state.try_lock() {
            state.sessions.values_mut().for_each(crate::capture::Session::keep);
        }
    }
}

/// What a device is made of.
pub(super) struct About {
    pub(super) handle: vk::Device,
    pub(super) physical: vk::PhysicalDevice,
    pub(super) instance: Arc<Instance>,
    /// The next layer's function.
    pub(super) get: vk::PFN_vkGetDeviceProcAddr,
    pub(super) next: Table,
    pub(super) memory_types: Vec<vk::MemoryPropertyFlags>,
    pub(super) families: Vec<vk::QueueFlags>,
    pub(super) watched: bool,
    /// Whether each picture is read.
    pub(super) pictures: bool,
    /// Timeline semaphores are enabled.
    pub(super) timelines: bool,
    pub(super) loader_data: Option<SetDeviceLoaderData>,
}

impl Device {
    /// Keeps a device that was made.
    pub(super) fn add(about: About) {
        let About { handle, physical, instance, get, next, .. } = about;
        let About { memory_types, families, watched, pictures, timelines, loader_data, .. } = about;
        let copies = |flags: &vk::QueueFlags| flags.contains(vk::QueueFlags::TRANSFER);
        let decode = |flags: &&vk::QueueFlags| flags.contains(vk::QueueFlags::VIDEO_DECODE_KHR);
        let away = families.iter().filter(decode).any(|flags| !copies(flags));
        let device = Self {
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
            timelines,
            away,
            loader_data,
            copies: OnceLock::new(),
            locks: Mutex::default(),
            state: Mutex::default(),
        };
        DEVICES.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(device));
    }

    /// Forgets it.
    pub(super) fn remove(self: &Arc<Self>) {
        let mut all = DEVICES.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, self));
    }

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
