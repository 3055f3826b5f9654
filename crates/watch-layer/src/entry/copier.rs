//! What copies take: command buffers, buffers and their memory, and work that is under way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use ash::vk;
use ash::vk::Handle;

use super::batch::Point;
use super::decoded::Decoded;
use super::link::SetDeviceLoaderData;
use super::shape::Shape;

/// What copies take: functions of the next layer, and work that is under way.
pub(super) struct Copies {
    pub(super) functions: ash::Device,
    loader_data: SetDeviceLoaderData,
    work: Mutex<Kept>,
}

#[derive(Default)]
pub(super) struct Kept {
    pools: HashMap<u32, vk::CommandPool>,
    pub(super) under_way: Vec<Work>,
    /// By decode queue.
    lanes: HashMap<u64, Lane>,
}

/// How a decode queue and those that copy for it wait for one another: a timeline semaphore.
struct Lane {
    semaphore: vk::Semaphore,
    /// The value that has been handed out last.
    value: u64,
    /// The value that something submitted signals.
    goes: u64,
    /// What the decode queue has been told to wait for.
    waited: u64,
}

/// Copies of one submission.
#[derive(Default)]
pub(super) struct Work {
    pub(super) copies: Vec<Copy>,
    /// Signalled when all is done, if it is not by `reached`.
    pub(super) fence: vk::Fence,
    /// What the last copy on another queue signals.
    pub(super) reached: Option<Point>,
}

/// The copies of one batch: a command buffer, a buffer with its memory, and what is where in it.
pub(super) struct Copy {
    pool: vk::CommandPool,
    pub(super) commands: vk::CommandBuffer,
    buffer: vk::Buffer,
    pub(super) memory: vk::DeviceMemory,
    pub(super) size: u64,
    pub(super) pictures: Vec<(Decoded, Shape, u64)>,
    pub(super) tiles: Vec<(Decoded, u64)>,
}

impl Copies {
    /// `None` where the loader gives no way to make command buffers.
    pub(super) fn new(
        handle: vk::Device,
        get: vk::PFN_vkGetDeviceProcAddr,
        loader_data: Option<SetDeviceLoaderData>,
    ) -> Option<Self> {
        let load = |name: &std::ffi::CStr| {
            // SAFETY: the next layer's function, with its device.
            let found = unsafe { get(handle, name.as_ptr()) };
            found.map_or(std::ptr::null(), |found| found as *const std::ffi::c_void)
        };
        // SAFETY: what `load` finds are the device's functions.
        let functions = unsafe { ash::Device::load_with(load, handle) };
        Some(Self { functions, loader_data: loader_data?, work: Mutex::default() })
    }

    /// Work that is under way.
    pub(super) fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The command pool of a family.
    fn pool(&self, kept: &mut Kept, family: u32) -> Option<vk::CommandPool> {
        if let Some(pool) = kept.pools.get(&family) {
            return Some(*pool);
        }
        let info = vk::CommandPoolCreateInfo::default()
            .flags(vk::CommandPoolCreateFlags::RESET_COMMAND_BUFFER)
            .queue_family_index(family);
        // SAFETY: a family that the device has queues of.
        let pool = unsafe { self.functions.create_command_pool(&info, None) }.ok()?;
        kept.pools.insert(family, pool);
        Some(pool)
    }

    /// A command buffer for `family`, of what `record` records, with a buffer for it of `size` bytes.
    pub(super) fn recorded(
        &self,
        memory_types: &[vk::MemoryPropertyFlags],
        (family, size): (u32, u64),
        record: impl FnOnce(&ash::Device, vk::CommandBuffer, vk::Buffer),
    ) -> Option<Copy> {
        let (buffer, memory) = self.buffer(memory_types, size)?;
        // A pool is used by one thread at a time.
        let mut kept = self.kept();
        let pool = self.pool(&mut kept, family)?;
        let info =
            vk::CommandBufferAllocateInfo::default().command_pool(pool).command_buffer_count(1);
        // SAFETY: the layer's own pool.
        let commands = unsafe { self.functions.allocate_command_buffers(&info) }.ok()?;
        let commands = *commands.first()?;
        let object = commands.as_raw() as *mut std::ffi::c_void;
        // SAFETY: a new command buffer, which the loader has to make dispatchable.
        let made = unsafe { (self.loader_data)(self.functions.handle(), object) };
        if made != vk::Result::SUCCESS {
            return None;
        }
        let begin = vk::CommandBufferBeginInfo::default()
            .flags(vk::CommandBufferUsageFlags::ONE_TIME_SUBMIT);
        // SAFETY: a new command buffer.
        unsafe { self.functions.begin_command_buffer(commands, &begin) }.ok()?;
        record(&self.functions, commands, buffer);
        // SAFETY: begun above.
        unsafe { self.functions.end_command_buffer(commands) }.ok()?;
        let (pictures, tiles) = (Vec::new(), Vec::new());
        Some(Copy { pool, commands, buffer, memory, size, pictures, tiles })
    }

    /// A buffer that the host sees.
    fn buffer(
        &self,
        memory_types: &[vk::MemoryPropertyFlags],
        size: u64,
    ) -> Option<(vk::Buffer, vk::DeviceMemory)> {
        let info =
            vk::BufferCreateInfo::default().size(size).usage(vk::BufferUsageFlags::TRANSFER_DST);
        // SAFETY: the device is alive.
        let buffer = unsafe { self.functions.create_buffer(&info, None) }.ok()?;
        // SAFETY: made above.
        let needs = unsafe { self.functions.get_buffer_memory_requirements(buffer) };
        let wanted = vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
        let fits = |(index, flags): &(usize, &vk::MemoryPropertyFlags)| {
            needs.memory_type_bits >> index & 1 == 1 && flags.contains(wanted)
        };
        let index = memory_types.iter().enumerate().find(fits).map(|(index, _)| index);
        let memory = index.and_then(|index| {
            let info = vk::MemoryAllocateInfo::default()
                .allocation_size(needs.size)
                .memory_type_index(index as u32);
            // SAFETY: a type that the device has.
            unsafe { self.functions.allocate_memory(&info, None) }.ok()
        });
        // SAFETY: new objects, of which one is for the other.
        let bound =
            memory.map(|memory| unsafe { self.functions.bind_buffer_memory(buffer, memory, 0) });
        match (memory, bound) {
            (Some(memory), Some(Ok(()))) => Some((buffer, memory)),
            _ => {
                // SAFETY: made above, and not used.
                unsafe { self.functions.destroy_buffer(buffer, None) };
                None
            }
        }
    }

    /// The batches were submitted, or not.
    pub(super) fn submitted(&self, queue: vk::Queue, mut work: Work, result: vk::Result) {
        if result != vk::Result::SUCCESS {
            self.free(work);
            return;
        }
        let signalled = match work.reached {
            Some(_) => Ok(()),
            // SAFETY: the application has the queue to itself during its call, hence the layer has.
            None => unsafe { self.functions.queue_submit(queue, &[], work.fence) },
        };
        match signalled {
            Ok(()) => self.kept().under_way.push(work),
            // What is on its way cannot be known to have arrived: it is kept as it is.
            Err(_) => work.copies.clear(),
        }
    }

    /// Whether work is done; waits for it so many nanoseconds.
    pub(super) fn is_done(&self, work: &Work, patience: u64) -> bool {
        let Some(point) = work.reached else {
            // SAFETY: the fence of a submission; the device is alive.
            let waited = unsafe { self.functions.wait_for_fences(&[work.fence], true, patience) };
            return waited.is_ok();
        };
        self.wait(point, patience)
    }

    /// Waits for a point so many nanoseconds; whether it was reached.
    fn wait(&self, (semaphore, value): Point, patience: u64) -> bool {
        let (semaphores, values) = ([semaphore], [value]);
        let info = vk::SemaphoreWaitInfo::default().semaphores(&semaphores).values(&values);
        // SAFETY: a semaphore of a lane, which lives as long as the device.
        unsafe { self.functions.wait_semaphores(&info, patience) }.is_ok()
    }

    /// The next two points of a decode queue: a batch has decoded, and is copied.
    pub(super) fn points(&self, queue: vk::Queue) -> Option<(Point, Point)> {
        let mut kept = self.kept();
        let lane = match kept.lanes.entry(queue.as_raw()) {
            Entry::Occupied(lane) => lane.into_mut(),
            Entry::Vacant(place) => {
                let mut kind = vk::SemaphoreTypeCreateInfo::default()
                    .semaphore_type(vk::SemaphoreType::TIMELINE);
                let info = vk::SemaphoreCreateInfo::default().push_next(&mut kind);
                // SAFETY: the device is alive, and has timeline semaphores enabled.
                let semaphore = unsafe { self.functions.create_semaphore(&info, None) }.ok()?;
                place.insert(Lane { semaphore, value: 0, goes: 0, waited: 0 })
            }
        };
        lane.value += 2;
        Some(((lane.semaphore, lane.value - 1), (lane.semaphore, lane.value)))
    }

    /// A copy is on its way that signals this.
    pub(super) fn goes(&self, queue: vk::Queue, (_, value): Point) {
        if let Some(lane) = self.kept().lanes.get_mut(&queue.as_raw()) {
            lane.goes = value;
        }
    }

    /// What a decode queue has to wait for before it does anything more: once.
    pub(super) fn waits(&self, queue: vk::Queue) -> Option<Point> {
        let mut kept = self.kept();
        let lane = kept.lanes.get_mut(&queue.as_raw())?;
        let is_open = lane.waited < lane.goes;
        lane.waited = lane.goes;
        is_open.then_some((lane.semaphore, lane.goes))
    }

    /// Waits for the copies of what a decode queue has done.
    pub(super) fn wait_idle(&self, queue: vk::Queue) {
        let kept = self.kept();
        let point = kept.lanes.get(&queue.as_raw()).map(|lane| (lane.semaphore, lane.goes));
        drop(kept);
        if let Some(point) = point {
            let _reached = self.wait(point, u64::MAX);
        }
    }

    /// Frees what a submission needed: its copies are done, or were never submitted.
    pub(super) fn free(&self, work: Work) {
        let _pools = self.kept();
        for copy in work.copies {
            // SAFETY: as above; no other thread uses the pool.
            unsafe { self.functions.free_command_buffers(copy.pool, &[copy.commands]) };
            // SAFETY: as above.
            unsafe { self.functions.destroy_buffer(copy.buffer, None) };
            // SAFETY: as above.
            unsafe { self.functions.free_memory(copy.memory, None) };
        }
        // SAFETY: as above; it may be VK_NULL_HANDLE.
        unsafe { self.functions.destroy_fence(work.fence, None) };
    }

    /// The device ends.
    pub(super) fn end(&self) {
        let mut kept = self.kept();
        for (_, lane) in kept.lanes.drain() {
            // SAFETY: as below.
            unsafe { self.functions.destroy_semaphore(lane.semaphore, None) };
        }
        for (_, pool) in kept.pools.drain() {
            // SAFETY: the application has waited for its queues, as it destroys the device.
            unsafe { self.functions.destroy_command_pool(pool, None) };
        }
    }
}
