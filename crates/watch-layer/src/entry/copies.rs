//! What only the device can read, read back by copies of the layer's own: decoded pictures, and
//! bitstreams in memory that the host does not see. Nothing of the application's is waited for.
//!
//! Where the decode queue copies, a copy goes behind the application's own commands, in its own batch.
//! Where it does not, the batch signals a semaphore of the layer's in place of its own ones, another
//! of the application's queues copies, and the decode queue then signals what the application waits
//! for; that is left alone if either queue waits for what nobody has submitted yet. So whatever waits
//! for a batch waits for its copies, too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ash::vk;
use ash::vk::Handle;

use super::batch::{Batch, Owned};
use super::device::Device;
use super::loader::SetDeviceLoaderData;
use super::submit::Decoded;

mod away;
mod record;
mod shape;

use away::Away;
use record::Picture;
use shape::Shape;

/// Nanoseconds that the end of a session waits for its last copies.
const PATIENCE: u64 = 5_000_000_000;

/// What copies take: functions of the next layer, and work that is under way.
pub(super) struct Copies {
    pub(super) functions: ash::Device,
    loader_data: SetDeviceLoaderData,
    work: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pools: HashMap<u32, vk::CommandPool>,
    under_way: Vec<Work>,
}

/// Copies of one submission.
#[derive(Default)]
pub(super) struct Work {
    copies: Vec<Copy>,
    fence: vk::Fence,
    semaphores: Vec<vk::Semaphore>,
}

/// The copies of one batch: a command buffer, a buffer with its memory, and what is where in it.
struct Copy {
    pool: vk::CommandPool,
    commands: vk::CommandBuffer,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    size: u64,
    pictures: Vec<(Decoded, Shape, u64)>,
    tiles: Vec<(Decoded, u64)>,
}

/// What becomes of a batch.
enum Step {
    /// It goes as it is.
    Plain,
    /// These commands go behind its own.
    Behind(vk::CommandBuffer),
    /// Another queue copies.
    Away(Away),
}

/// A submission with copies in it.
pub(super) struct Planned {
    steps: Vec<Step>,
    work: Work,
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
}

/// The copies of a submission; `None` where nothing is to be copied.
pub(super) fn plan<B: Batch>(
    device: &Device,
    queue: vk::Queue,
    decoded: &[Vec<Decoded>],
    batches: &[B],
) -> Option<Planned> {
    let wanted = |one: &Decoded| one.bitstream.is_some() || device.pictures;
    if !decoded.iter().flatten().any(wanted) {
        return None;
    }
    let Some(copies) = device.copies() else {
        let all = decoded.iter().flatten();
        all.for_each(|one| left(device, one, "the loader gives layers no command buffers"));
        return None;
    };
    finish(device, false);
    let family = device.state().queues.get(&queue.as_raw()).copied()?.0;
    let flags = device.families.get(family as usize).copied().unwrap_or_default();
    let mut planned = Planned { steps: Vec::new(), work: Work::default() };
    for (batch, decoded) in batches.iter().zip(decoded) {
        let step = match flags.contains(vk::QueueFlags::TRANSFER) {
            _ if decoded.is_empty() => None,
            true => {
                let copy = copies.copy(device, (family, false), decoded);
                copy.map(|copy| (Step::Behind(copy.commands), copy))
            }
            false => away::step(device, copies, (queue, family), decoded, batch, &mut planned.work)
                .map(|(away, copy)| (Step::Away(away), copy)),
        };
        let (step, copy) = step.map_or((Step::Plain, None), |(step, copy)| (step, Some(copy)));
        planned.steps.push(step);
        planned.work.copies.extend(copy);
    }
    if planned.work.copies.is_empty() {
        copies.free(planned.work);
        return None;
    }
    // SAFETY: the device is alive, as its queue is used.
    let fence = unsafe { copies.functions.create_fence(&vk::FenceCreateInfo::default(), None) };
    planned.work.fence = fence.ok()?;
    Some(planned)
}

/// Submits batches with their copies; `call` is the application's call with others in place of its
/// batches.
pub(super) fn submit<B: Batch>(
    device: &Device,
    queue: vk::Queue,
    (batches, fence): (&[B], vk::Fence),
    mut planned: Planned,
    call: &dyn Fn(&[B], vk::Fence) -> vk::Result,
) -> vk::Result {
    let Some(copies) = device.copies() else { return call(batches, fence) };
    let mut owned = Owned::new();
    let mut group = Vec::new();
    for (batch, step) in batches.iter().zip(planned.steps) {
        match step {
            Step::Plain => group.push(*batch),
            Step::Behind(commands) => group.push(batch.plus(commands, &mut owned)),
            Step::Away(away) => {
                group.push(batch.signalling(away.decoded, &mut owned));
                let result = call(&group, vk::Fence::null());
                if result != vk::Result::SUCCESS {
                    copies.free(planned.work);
                    return result;
                }
                group.clear();
                if !away.go(device, copies, queue, &batch.signals()) {
                    planned.work.left(device, away.commands());
                }
            }
        }
    }
    let result = match group.is_empty() && fence.is_null() {
        true => vk::Result::SUCCESS,
        false => call(&group, fence),
    };
    super::note(|| copies.submitted(queue, planned.work, result));
    result
}

/// Brings home the copies that are done; with `all` those that are under way are waited for.
pub(super) fn finish(device: &Device, all: bool) {
    let Some(copies) = device.copies_so_far() else { return };
    loop {
        let mut kept = copies.kept();
        let Some(first) = kept.under_way.first() else { return };
        let patience = if all { PATIENCE } else { 0 };
        // SAFETY: the fence of a submission; the device is alive.
        let waited = unsafe { copies.functions.wait_for_fences(&[first.fence], true, patience) };
        if waited.is_err() {
            return;
        }
        let work = kept.under_way.remove(0);
        drop(kept);
        for copy in &work.copies {
            copies.bring(device, copy);
        }
        copies.free(work);
    }
}

/// What a frame was to have copied is left, for this reason.
fn left(device: &Device, one: &Decoded, why: &'static str) {
    if device.pictures {
        left_picture(device, one, why);
    }
    left_tiles(device, one, why);
}

fn left_picture(device: &Device, one: &Decoded, why: &'static str) {
    device.note(|state| {
        let session = state.sessions.get_mut(&one.session);
        session.into_iter().for_each(|session| session.md5(one.frame, Err(why)));
    });
}

fn left_tiles(device: &Device, one: &Decoded, why: &'static str) {
    device.note(|state| {
        let session = state.sessions.get_mut(&one.session).filter(|_| one.bitstream.is_some());
        session.into_iter().for_each(|session| session.copied(one.frame, Err(why)));
    });
}

impl Work {
    /// These copies were not submitted.
    fn left(&mut self, device: &Device, commands: vk::CommandBuffer) {
        let of = self.copies.iter_mut().filter(|copy| copy.commands == commands);
        for copy in of {
            let why = "the queue that copies is in use";
            copy.pictures.drain(..).for_each(|(one, _, _)| left_picture(device, &one, why));
            copy.tiles.drain(..).for_each(|(one, _)| left_tiles(device, &one, why));
        }
    }
}

impl Copies {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
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

    /// Records the copies of a batch on a queue of `family`; `foreign`: it is not the family that
    /// decodes. What cannot be copied is said.
    fn copy(
        &self,
        device: &Device,
        (family, foreign): (u32, bool),
        batch: &[Decoded],
    ) -> Option<Copy> {
        let mut size = 0;
        let mut place = |bytes: u64| {
            let at = size;
            size = (size + bytes).next_multiple_of(16);
            at
        };
        let mut pictures: Vec<(Picture, u64)> = Vec::new();
        let mut tiles = Vec::new();
        for (number, one) in batch.iter().enumerate() {
            if device.pictures {
                match record::picture(device, one, (family, foreign)) {
                    Ok(picture) => {
                        let at = place(picture.shape.size());
                        pictures.push((picture, at));
                    }
                    Err(why) => left_picture(device, one, why),
                }
            }
            let Some(bitstream) = &one.bitstream else { continue };
            let later = batch.get(number + 1..).unwrap_or_default();
            match bitstream.can_be_copied(later, (family, foreign)) {
                Ok(()) => tiles.push((one.clone(), place(bitstream.bytes()))),
                Err(why) => left_tiles(device, one, why),
            }
        }
        if pictures.is_empty() && tiles.is_empty() {
            return None;
        }
        let copy = self.recorded(device, (family, size.max(16)), &pictures, &tiles);
        if copy.is_none() {
            batch.iter().for_each(|one| left(device, one, "no memory for a copy"));
        }
        copy
    }

    /// The command buffer of these copies, with their buffer.
    fn recorded(
        &self,
        device: &Device,
        (family, size): (u32, u64),
        pictures: &[(Picture, u64)],
        tiles: &[(Decoded, u64)],
    ) -> Option<Copy> {
        let (buffer, memory) = self.buffer(device, size)?;
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
        let made = unsafe { (self.loader_data)(device.handle, object) };
        if made != vk::Result::SUCCESS {
            return None;
        }
        let begin = vk::CommandBufferBeginInfo::default()
            .flags(vk::CommandBufferUsageFlags::ONE_TIME_SUBMIT);
        // SAFETY: a new command buffer.
        unsafe { self.functions.begin_command_buffer(commands, &begin) }.ok()?;
        record::after_all(&self.functions, commands);
        for (picture, at) in pictures {
            record::copy_picture(&self.functions, commands, (buffer, *at), picture);
        }
        for (one, at) in tiles {
            record::copy_tiles(&self.functions, commands, (buffer, *at), one);
        }
        record::before_all(&self.functions, commands);
        // SAFETY: begun above.
        unsafe { self.functions.end_command_buffer(commands) }.ok()?;
        let pictures = pictures.iter().map(|(p, at)| (p.one.clone(), p.shape, *at)).collect();
        let tiles = tiles.to_vec();
        Some(Copy { pool, commands, buffer, memory, size, pictures, tiles })
    }

    /// A buffer that the host sees.
    fn buffer(&self, device: &Device, size: u64) -> Option<(vk::Buffer, vk::DeviceMemory)> {
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
        let index = device.memory_types.iter().enumerate().find(fits).map(|(index, _)| index);
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
    fn submitted(&self, queue: vk::Queue, mut work: Work, result: vk::Result) {
        if result != vk::Result::SUCCESS {
            self.free(work);
            return;
        }
        // SAFETY: the application has the queue to itself during its call, hence the layer has.
        let signalled = unsafe { self.functions.queue_submit(queue, &[], work.fence) };
        match signalled {
            Ok(()) => self.kept().under_way.push(work),
            // What is on its way cannot be known to have arrived: it is kept as it is.
            Err(_) => work.copies.clear(),
        }
    }

    /// Brings home the copies of a batch, which are done.
    fn bring(&self, device: &Device, copy: &Copy) {
        let flags = vk::MemoryMapFlags::empty();
        // SAFETY: the layer's own memory, host visible and not mapped.
        let data = unsafe { self.functions.map_memory(copy.memory, 0, vk::WHOLE_SIZE, flags) };
        let Ok(data) = data else { return };
        // SAFETY: mapped above, as large as the buffer at least.
        let bytes = unsafe {
            std::slice::from_raw_parts(data.cast::<u8>().cast_const(), copy.size as usize)
        };
        for (one, at) in &copy.tiles {
            let tiles = one.bitstream.as_ref().map(|bitstream| bitstream.tiles(bytes, *at));
            device.note(|state| {
                let session = state.sessions.get_mut(&one.session);
                session.zip(tiles).into_iter().for_each(|(s, tiles)| s.copied(one.frame, tiles));
            });
        }
        for (one, shape, at) in &copy.pictures {
            let picture = bytes.get(*at as usize..).unwrap_or_default();
            let md5 = shape.md5(picture);
            device.note(|state| {
                let session = state.sessions.get_mut(&one.session);
                session.into_iter().for_each(|session| session.md5(one.frame, Ok(&md5)));
            });
        }
        // SAFETY: mapped above.
        unsafe { self.functions.unmap_memory(copy.memory) };
    }

    /// Frees what a submission needed: its copies are done, or were never submitted.
    fn free(&self, work: Work) {
        let _pools = self.kept();
        for copy in work.copies {
            // SAFETY: as above; no other thread uses the pool.
            unsafe { self.functions.free_command_buffers(copy.pool, &[copy.commands]) };
            // SAFETY: as above.
            unsafe { self.functions.destroy_buffer(copy.buffer, None) };
            // SAFETY: as above.
            unsafe { self.functions.free_memory(copy.memory, None) };
        }
        for semaphore in work.semaphores {
            // SAFETY: as above.
            unsafe { self.functions.destroy_semaphore(semaphore, None) };
        }
        // SAFETY: as above; it may be VK_NULL_HANDLE.
        unsafe { self.functions.destroy_fence(work.fence, None) };
    }

    /// The device ends.
    pub(super) fn end(&self) {
        let mut kept = self.kept();
        for (_, pool) in kept.pools.drain() {
            // SAFETY: the application has waited for its queues, as it destroys the device.
            unsafe { self.functions.destroy_command_pool(pool, None) };
        }
    }
}
