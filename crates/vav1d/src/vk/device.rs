//! The device: extensions, features, queues, names.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::any::Any;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ash::vk;

use super::adapter::{Adapter, QueueFamily};
use super::ext::DeviceTable;
use super::failed;
use super::features::{Enabled, Features};
use super::instance::Instance;
use super::options::CopyQueue;
use super::order::Order;
use crate::error::{Result, Unsupported};

/// A queue and its family. Whoever uses it has its lock: see [`Device::lock`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) raw: vk::Queue,
    pub(super) family: QueueFamily,
}

/// A logical device, of one executor alone or of those who decode and draw on it.
pub(super) struct Device {
    raw: ash::Device,
    physical: vk::PhysicalDevice,
    table: DeviceTable,
    names: Option<ash::ext::debug_utils::Device>,
    memory: vk::PhysicalDeviceMemoryProperties,
    /// nonCoherentAtomSize.
    atom_bytes: u64,
    decode: Queue,
    copy: Queue,
    /// Taken for every use of the decode queue, and of the copy queue: one for both if they are one.
    locks: [Arc<Mutex<()>>; 2],
    /// What lanes know of each other: taken after a queue's lock, and held for a submission only.
    order: Mutex<Order>,
    /// What there is one of for the device, as long as somebody uses it: see [`Self::one_of`].
    singles: Mutex<Vec<Weak<dyn Any + Send + Sync>>>,
    /// What was warned of already.
    warned: Mutex<Vec<String>>,
    /// Set once the device did not answer: it is never waited for again, nor destroyed.
    abandoned: AtomicBool,
    /// The device's name, for messages.
    name: String,
    /// Destroyed last.
    instance: Arc<Instance>,
}

impl Device {
    /// Opens `adapter` with a queue that decodes AV1 and one that copies, and with `features`.
    /// # Errors
    /// `Unsupported` if it lacks either, or what they need.
    pub(super) fn open(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        features: Features,
        wish: CopyQueue,
    ) -> Result<Arc<Self>> {
        let lacks = |what: &str| Unsupported::Device {
            device: adapter.name.clone(),
            what: what.to_owned(),
        };
        if !adapter.decodes_av1() {
            return Err(lacks("no AV1 decode (VK_KHR_video_decode_av1)").into());
        }
        let (decode, copy) =
            choose_families(&adapter.queue_families, wish).map_err(|what| lacks(&what))?;
        let extensions = extensions(adapter).map_err(|what| lacks(&what))?;
        let enabled = features.query(instance, adapter).map_err(|what| lacks(&what))?;
        let families = (decode, copy);
        let (raw, copy_queue) = create(instance, adapter, families, &extensions, enabled, false)?;
        // SAFETY: the queues were asked for in `create`.
        Ok(unsafe { Self::of_raw(instance, adapter, raw, (decode, 0), (copy, copy_queue)) })
    }

    /// Opens `adapter` with a queue that decodes AV1 and one of `drawing`, which copies too, with
    /// `features` and the extensions `also`.
    /// # Errors
    /// As for [`Self::open`].
    pub(super) fn open_to_draw(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        features: Features,
        drawing: QueueFamily,
        also: &[&'static CStr],
    ) -> Result<Arc<Self>> {
        let lacks = |what: &str| Unsupported::Device {
            device: adapter.name.clone(),
            what: what.to_owned(),
        };
        let decode = adapter.queue_families.iter().find(|f| f.decodes_av1());
        let decode = *decode.ok_or_else(|| lacks("no queue that decodes AV1"))?;
        let mut extensions = extensions(adapter).map_err(|what| lacks(&what))?;
        extensions.extend(also);
        let enabled = features.query(instance, adapter).map_err(|what| lacks(&what))?;
        let families = (decode, drawing);
        let (raw, queue) = create(instance, adapter, families, &extensions, enabled, true)?;
        // SAFETY: the queues were asked for in `create`.
        Ok(unsafe { Self::of_raw(instance, adapter, raw, (decode, 0), (drawing, queue)) })
    }

    /// The lock of a queue of the device: no other thread uses it meanwhile. What waits for a
    /// display or for the queue waits under this lock alone, so that other queues go on.
    pub(super) fn lock(&self, queue: vk::Queue) -> MutexGuard<'_, ()> {
        let [decode, copy] = &self.locks;
        let lock = if queue == self.decode.raw { decode } else { copy };
        lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the lanes know of each other, for one submission to a queue whose lock is held.
    pub(super) fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Warns of `what` once for the device.
    pub(super) fn warn_once(&self, what: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !warned.iter().any(|known| known == what) {
            log::warn!("{}: {what}", self.name);
            warned.push(what.to_owned());
        }
    }

    /// The device `raw` of `adapter`, with its queues: family and index in it.
    ///
    /// # Safety
    /// `raw` is of `adapter`, nobody else's, and was made with these queues.
    pub(super) unsafe fn of_raw(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        raw: ash::Device,
        decode: (QueueFamily, u32),
        copy: (QueueFamily, u32),
    ) -> Arc<Self> {
        let table = DeviceTable::new(instance.raw(), &raw, adapter.usable_version());
        let names = instance
            .has_debug_utils()
            .then(|| ash::ext::debug_utils::Device::new(instance.raw(), &raw));
        let physical = adapter.raw();
        // SAFETY: `physical` is of this instance.
        let memory = unsafe { instance.raw().get_physical_device_memory_properties(physical) };
        // SAFETY: as above.
        let properties = unsafe { instance.raw().get_physical_device_properties(physical) };
        // SAFETY: the caller's promise.
        let decode_raw = unsafe { raw.get_device_queue(decode.0.index, decode.1) };
        // SAFETY: as above.
        let copy_raw = unsafe { raw.get_device_queue(copy.0.index, copy.1) };
        let first: Arc<Mutex<()>> = Arc::default();
        let second = if copy_raw == decode_raw { Arc::clone(&first) } else { Arc::default() };
        Arc::new(Self {
            raw,
            physical,
            table,
            names,
            memory,
            atom_bytes: properties.limits.non_coherent_atom_size.max(1),
            decode: Queue { raw: decode_raw, family: decode.0 },
            copy: Queue { raw: copy_raw, family: copy.0 },
            locks: [first, second],
            order: Mutex::default(),
            singles: Mutex::default(),
            warned: Mutex::default(),
            abandoned: AtomicBool::new(false),
            name: adapter.name.clone(),
            instance: instance.clone(),
        })
    }

    /// The instance.
    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    pub(super) fn raw(&self) -> &ash::Device {
        &self.raw
    }

    pub(super) fn physical(&self) -> vk::PhysicalDevice {
        self.physical
    }

    /// The one `T` that `is_it`, for all who ask for it; `make` makes it if nobody has it.
    pub(super) fn one_of<T: Any + Send + Sync>(
        &self,
        is_it: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let mut singles = self.singles.lock().unwrap_or_else(PoisonError::into_inner);
        singles.retain(|single| single.strong_count() > 0);
        let of_kind = |single: &Weak<_>| Arc::downcast::<T>(Weak::upgrade(single)?).ok();
        if let Some(found) = singles.iter().filter_map(of_kind).find(|single| is_it(single)) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        let any: Arc<dyn Any + Send + Sync> = made.clone();
        singles.push(Arc::downgrade(&any));
        Ok(made)
    }

    pub(super) fn table(&self) -> &DeviceTable {
        &self.table
    }

    /// The queue that decodes.
    pub(super) fn decode_queue(&self) -> Queue {
        self.decode
    }

    /// The queue that copies; perhaps the same.
    pub(super) fn copy_queue(&self) -> Queue {
        self.copy
    }

    /// Decode and copy family, if they differ: pictures then change owners.
    pub(super) fn transfer(&self) -> Option<(u32, u32)> {
        let (decode, copy) = (self.decode.family.index, self.copy.family.index);
        (decode != copy).then_some((decode, copy))
    }

    pub(super) fn atom_bytes(&self) -> u64 {
        self.atom_bytes
    }

    /// The memory types of the device.
    pub(super) fn memory_types(&self) -> &[vk::MemoryType] {
        self.memory.memory_types_as_slice()
    }

    /// The error of a device that lacks `what`.
    pub(super) fn lacks(&self, what: impl Into<String>) -> Unsupported {
        Unsupported::Device { device: self.name.clone(), what: what.into() }
    }

    /// Whether `bytes` of what is called `name` are within `limit`.
    pub(super) fn fits(&self, name: &str, bytes: u64, limit: u64) -> Result<()> {
        match bytes <= limit {
            true => Ok(()),
            false => Err(self.lacks(format!("{name} of {bytes} bytes, {limit} at most")).into()),
        }
    }

    /// Never waits for the device again.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        super::entry::give_up();
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Destroys something by `destroy`. Of a device that does not answer nothing is destroyed:
    /// submissions may go on using it, and the process ends soon.
    pub(super) fn destroy(&self, destroy: impl FnOnce(&ash::Device)) {
        if !self.is_abandoned() {
            destroy(&self.raw);
        }
    }

    /// Names an object for messages of layers and debuggers.
    pub(super) fn name_object<H: vk::Handle>(&self, object: H, name: &str) {
        let (Some(names), Ok(name)) = (&self.names, CString::new(name)) else { return };
        let info =
            vk::DebugUtilsObjectNameInfoEXT::default().object_handle(object).object_name(&name);
        // SAFETY: the object is of this device, and used by this thread alone now. A failure
        // costs a name.
        let _ = unsafe { names.set_debug_utils_object_name(&info) };
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.is_abandoned() {
            // An instance goes after its devices, and this one stays.
            std::mem::forget(Arc::clone(&self.instance));
            return;
        }
        // SAFETY: VUID-vkDestroyDevice-device-05137: all objects hold an `Arc` of the device, so
        // they are gone; the executor waited for the last submission before it dropped them.
        unsafe { self.raw.destroy_device(None) };
    }
}

/// Whether `adapter`, which decodes AV1, can be opened with `features`.
/// # Errors
/// What it lacks, in words.
pub(super) fn check(adapter: &Adapter, features: Features, wish: CopyQueue) -> Result<(), String> {
    choose_families(&adapter.queue_families, wish)?;
    extensions(adapter)?;
    features.query(adapter.instance(), adapter).map(|_| ())
}

/// Decode family, and copy family as `wish` has it. On its own: one without video that copies any
/// region, if it can be one that does nothing else; the decode family only where there is no other.
fn choose_families(
    families: &[QueueFamily],
    wish: CopyQueue,
) -> Result<(QueueFamily, QueueFamily), String> {
    let none = || "no queue that copies pictures".to_owned();
    let decode = *families.iter().find(|f| f.decodes_av1()).ok_or_else(none)?;
    let named = |index: u32| {
        let found = families.iter().find(|f| f.index == index && f.copies()).copied();
        found.ok_or_else(|| format!("queue family {index} does not copy pictures"))
    };
    let rank = |f: &&QueueFamily| {
        let whole = f.transfer_granularity == (0, 0, 0);
        let video = f
            .flags
            .intersects(vk::QueueFlags::VIDEO_DECODE_KHR | vk::QueueFlags::from_raw(VIDEO_ENCODE));
        let compute = f.flags.contains(vk::QueueFlags::COMPUTE);
        let graphics = f.flags.contains(vk::QueueFlags::GRAPHICS);
        (video, whole, graphics, compute, f.index != decode.index)
    };
    let copy = match wish {
        CopyQueue::Auto => {
            *families.iter().filter(|f| f.copies()).min_by_key(rank).ok_or_else(none)?
        }
        CopyQueue::Decode => named(decode.index)?,
        CopyQueue::Family(index) => named(index)?,
    };
    Ok((decode, copy))
}

/// VK_QUEUE_VIDEO_ENCODE_BIT_KHR.
pub(super) const VIDEO_ENCODE: u32 = 0x40;

/// What to enable, or what is missing.
fn extensions(adapter: &Adapter) -> Result<Vec<&'static CStr>, String> {
    let mut names = vec![
        ash::khr::video_queue::NAME,
        ash::khr::video_decode_queue::NAME,
        ash::khr::video_decode_av1::NAME,
    ];
    let version = adapter.usable_version();
    let promoted = [
        (vk::API_VERSION_1_3, ash::khr::synchronization2::NAME),
        (vk::API_VERSION_1_2, ash::khr::timeline_semaphore::NAME),
    ];
    for (core_since, name) in promoted {
        if version >= core_since {
            continue;
        }
        if !adapter.has_extension(name) {
            return Err(format!("no {}", name.to_string_lossy()));
        }
        names.push(name);
    }
    if version < vk::API_VERSION_1_3
        && adapter.has_extension(ash::ext::ycbcr_2plane_444_formats::NAME)
    {
        names.push(ash::ext::ycbcr_2plane_444_formats::NAME);
    }
    Ok(names)
}

/// The device, for dynamic rendering too if it `draws`, and the index of the copy queue in its
/// family.
fn create(
    instance: &Instance,
    adapter: &Adapter,
    (decode, copy): (QueueFamily, QueueFamily),
    extensions: &[&'static CStr],
    mut enabled: Enabled,
    draws: bool,
) -> Result<(ash::Device, u32)> {
    let same = decode.index == copy.index;
    let copy_queue = u32::from(same && decode.queues > 1);
    let priorities = [1.0, 1.0];
    let queue = |family: u32, count: usize| {
        vk::DeviceQueueCreateInfo::default()
            .queue_family_index(family)
            .queue_priorities(&priorities[..count])
    };
    let queues = if same {
        vec![queue(decode.index, 1 + copy_queue as usize)]
    } else {
        vec![queue(decode.index, 1), queue(copy.index, 1)]
    };
    let mut sync2 = vk::PhysicalDeviceSynchronization2Features::default();
    let mut timeline = vk::PhysicalDeviceTimelineSemaphoreFeatures::default();
    let mut ycbcr = vk::PhysicalDeviceSamplerYcbcrConversionFeatures::default();
    let mut rendering =
        vk::PhysicalDeviceDynamicRenderingFeatures::default().dynamic_rendering(true);
    let mut two_plane_444 = vk::PhysicalDeviceYcbcr2Plane444FormatsFeaturesEXT::default();
    let knows_444 = adapter.usable_version() >= vk::API_VERSION_1_3
        || extensions.contains(&ash::ext::ycbcr_2plane_444_formats::NAME);
    let mut features = vk::PhysicalDeviceFeatures2::default()
        .push_next(&mut sync2)
        .push_next(&mut timeline)
        .push_next(&mut ycbcr);
    if knows_444 {
        features = features.push_next(&mut two_plane_444);
    }
    if draws {
        features = features.push_next(&mut rendering);
    }
    // SAFETY: `adapter` is of this instance; the chain is of locals.
    unsafe { instance.raw().get_physical_device_features2(adapter.raw(), &mut features) };
    // Nothing of the basic features is needed; of the chain, all that there is.
    features.features = vk::PhysicalDeviceFeatures::default();
    features.p_next = enabled.link(features.p_next);
    let extensions: Vec<_> =
        extensions.iter().chain(&enabled.extensions).map(|e| e.as_ptr()).collect();
    let info = vk::DeviceCreateInfo::default()
        .queue_create_infos(&queues)
        .enabled_extension_names(&extensions)
        .push_next(&mut features);
    // SAFETY: families, queue counts, extensions and features are those the device reports.
    let raw = unsafe { instance.raw().create_device(adapter.raw(), &info, None) }
        .map_err(failed("vkCreateDevice"))?;
    Ok((raw, copy_queue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vk::adapter::DECODE_AV1;

    fn family(index: u32, flags: vk::QueueFlags) -> QueueFamily {
        let video = flags.contains(vk::QueueFlags::VIDEO_DECODE_KHR);
        QueueFamily {
            index,
            flags,
            queues: 1,
            codecs: if video { DECODE_AV1 } else { Default::default() },
            status_queries: false,
            transfer_granularity: (1, 1, 1),
        }
    }

    #[track_caller]
    fn check(flags: &[vk::QueueFlags], wish: CopyQueue, expected: Option<(u32, u32)>) {
        let families: Vec<_> = (0..).zip(flags).map(|(i, f)| family(i, *f)).collect();
        let chosen = choose_families(&families, wish).ok();
        assert_eq!(chosen.map(|(d, c)| (d.index, c.index)), expected);
    }

    #[test]
    fn queue_families() {
        use vk::QueueFlags as F;
        let (video, copy, compute) = (F::VIDEO_DECODE_KHR, F::TRANSFER, F::COMPUTE);
        let auto = |flags: &[F], expected| check(flags, CopyQueue::Auto, expected);
        auto(&[], None);
        auto(&[F::GRAPHICS | compute], None);
        auto(&[video], None);
        auto(&[video | copy], Some((0, 0)));
        // An encoder's is no better than the decoder's own.
        let encode = F::from_raw(VIDEO_ENCODE);
        auto(&[encode | copy, video | copy], Some((1, 1)));
        // NVIDIA: graphics, transfer, compute, decode. The decode family copies, too.
        let nvidia = [F::GRAPHICS | compute | copy, copy, compute | copy, video | copy];
        auto(&nvidia, Some((3, 1)));
        check(&nvidia, CopyQueue::Decode, Some((3, 3)));
        check(&nvidia, CopyQueue::Family(2), Some((3, 2)));
        check(&nvidia, CopyQueue::Family(4), None);
        // RADV: graphics, compute, transfer (where asked for), decode; ANV: render, copy, decode.
        auto(&[F::GRAPHICS | compute, compute, video], Some((2, 1)));
        auto(&[F::GRAPHICS | compute | copy, copy, video], Some((2, 1)));
        check(&[F::GRAPHICS | compute, compute, video], CopyQueue::Decode, None);
    }

    #[test]
    fn whole_images_only_are_no_way_to_copy_a_part() {
        use vk::QueueFlags as F;
        let whole = QueueFamily { transfer_granularity: (0, 0, 0), ..family(0, F::TRANSFER) };
        let families = [whole, family(1, F::COMPUTE), family(2, F::VIDEO_DECODE_KHR)];
        let chosen = choose_families(&families, CopyQueue::Auto).map(|(_, copy)| copy.index);
        assert_eq!(chosen, Ok(1));
    }
}
