//! Decoded pictures, read back by copies behind the application's own commands, in its own batches:
//! whatever waits for a batch waits for its copies, too. Nothing of the application's is waited for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ash::vk;
use ash::vk::Handle;

use super::chain::array;
use super::device::Device;
use super::link::SetDeviceLoaderData;
use super::submit::Decoded;
use crate::state::Image;

mod shape;

use shape::{Shape, shape};

/// Nanoseconds that the end of a session waits for its last copies.
const PATIENCE: u64 = 5_000_000_000;

/// What reading pictures takes: functions of the next layer, and work that is under way.
pub(super) struct Pictures {
    functions: ash::Device,
    loader_data: SetDeviceLoaderData,
    work: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pools: HashMap<u32, vk::CommandPool>,
    under_way: Vec<Work>,
}

/// Copies of one submission.
pub(super) struct Work {
    copies: Vec<Copy>,
    fence: vk::Fence,
    pool: vk::CommandPool,
}

/// The copies of one batch: a command buffer, a buffer with its memory, and what is where in it.
struct Copy {
    commands: vk::CommandBuffer,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    size: u64,
    frames: Vec<(Decoded, Shape, u64)>,
}

/// Batches with copies in them.
pub(super) struct Copied<S> {
    pub(super) submits: Vec<S>,
    pub(super) work: Work,
    /// What the batches point to.
    _kept: Vec<Box<dyn std::any::Any>>,
}

impl Pictures {
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

/// The copies that go behind the commands of each batch; `None` where nothing is to be copied.
fn copies(
    device: &Device,
    queue: vk::Queue,
    decoded: &[Vec<Decoded>],
) -> Option<(Work, Vec<Option<vk::CommandBuffer>>)> {
    let pictures = device.pictures.as_ref()?;
    if decoded.iter().all(Vec::is_empty) {
        return None;
    }
    finish(device, false);
    let family = device.state().queues.get(&queue.as_raw()).copied()?.0;
    let flags = device.families.get(family as usize).copied().unwrap_or_default();
    if !flags.contains(vk::QueueFlags::TRANSFER) {
        let all = decoded.iter().flatten();
        all.for_each(|one| said(device, one, Err("the decode queue cannot copy")));
        return None;
    }
    let pool = pictures.pool(family)?;
    let mut all = Vec::new();
    let mut behind = Vec::new();
    for batch in decoded {
        let copy = pictures.copy(device, pool, batch);
        behind.push(copy.as_ref().map(|copy| copy.commands));
        all.extend(copy);
    }
    // SAFETY: the device is alive, as its queue is used.
    let fence =
        unsafe { pictures.functions.create_fence(&vk::FenceCreateInfo::default(), None) }.ok()?;
    Some((Work { copies: all, fence, pool }, behind))
}

/// vkQueueSubmit's batches with copies in them.
pub(super) fn in_batches<'a>(
    device: &Device,
    queue: vk::Queue,
    decoded: &[Vec<Decoded>],
    batches: &[vk::SubmitInfo<'a>],
) -> Option<Copied<vk::SubmitInfo<'a>>> {
    super::note(|| {
        let (work, behind) = copies(device, queue, decoded)?;
        let mut submits = batches.to_vec();
        let mut kept: Vec<Box<dyn std::any::Any>> = Vec::new();
        for (batch, copy) in submits.iter_mut().zip(behind) {
            let Some(copy) = copy else { continue };
            let mut all = array(batch.p_command_buffers, batch.command_buffer_count).to_vec();
            all.push(copy);
            batch.p_command_buffers = all.as_ptr();
            batch.command_buffer_count += 1;
            kept.push(Box::new(all));
        }
        Some(Copied { submits, work, _kept: kept })
    })
    .flatten()
}

/// vkQueueSubmit2's.
pub(super) fn in_batches2<'a>(
    device: &Device,
    queue: vk::Queue,
    decoded: &[Vec<Decoded>],
    batches: &[vk::SubmitInfo2<'a>],
) -> Option<Copied<vk::SubmitInfo2<'a>>> {
    super::note(|| {
        let (work, behind) = copies(device, queue, decoded)?;
        let mut submits = batches.to_vec();
        let mut kept: Vec<Box<dyn std::any::Any>> = Vec::new();
        for (batch, copy) in submits.iter_mut().zip(behind) {
            let Some(copy) = copy else { continue };
            let own = array(batch.p_command_buffer_infos, batch.command_buffer_info_count);
            // Their chains live as long as the call.
            let detached = |info: &vk::CommandBufferSubmitInfo<'_>| {
                let mut info = vk::CommandBufferSubmitInfo { ..*info };
                let next = info.p_next;
                info.p_next = std::ptr::null();
                let mut detached = vk::CommandBufferSubmitInfo::default()
                    .command_buffer(info.command_buffer)
                    .device_mask(info.device_mask);
                detached.p_next = next;
                detached
            };
            let mut all: Vec<vk::CommandBufferSubmitInfo<'static>> =
                own.iter().map(detached).collect();
            all.push(vk::CommandBufferSubmitInfo::default().command_buffer(copy));
            batch.p_command_buffer_infos = all.as_ptr();
            batch.command_buffer_info_count += 1;
            kept.push(Box::new(all));
        }
        Some(Copied { submits, work, _kept: kept })
    })
    .flatten()
}

/// The batches were submitted, or not.
pub(super) fn submitted(device: &Device, queue: vk::Queue, work: Work, result: vk::Result) {
    let Some(pictures) = &device.pictures else { return };
    let under_way = result == vk::Result::SUCCESS && {
        // SAFETY: the application has the queue to itself during its call, hence the layer has.
        let signalled = unsafe { pictures.functions.queue_submit(queue, &[], work.fence) };
        signalled.is_ok()
    };
    if under_way {
        let mut kept = pictures.work.lock().unwrap_or_else(PoisonError::into_inner);
        kept.under_way.push(work);
        return;
    }
    if result != vk::Result::SUCCESS {
        pictures.free(work);
    }
}

/// Hashes the pictures whose copies are done; with `all` those that are under way are waited for.
pub(super) fn finish(device: &Device, all: bool) {
    let Some(pictures) = &device.pictures else { return };
    loop {
        let mut kept = pictures.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = kept.under_way.first() else { return };
        let patience = if all { PATIENCE } else { 0 };
        // SAFETY: the fence of a submission; the device is alive.
        let waited = unsafe { pictures.functions.wait_for_fences(&[first.fence], true, patience) };
        if waited.is_err() {
            return;
        }
        let work = kept.under_way.remove(0);
        drop(kept);
        for copy in &work.copies {
            pictures.hash(device, copy);
        }
        pictures.free(work);
    }
}

/// Writes what is known of a picture.
fn said(device: &Device, decoded: &Decoded, what: Result<&str, &str>) {
    let mut state = device.state();
    if let Some(session) = state.sessions.get_mut(&decoded.session) {
        session.md5(decoded.frame, what);
    }
}

impl Pictures {
    /// The command pool of a family.
    fn pool(&self, family: u32) -> Option<vk::CommandPool> {
        let mut kept = self.work.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Records the copies of the pictures of a batch.
    fn copy(&self, device: &Device, pool: vk::CommandPool, batch: &[Decoded]) -> Option<Copy> {
        let mut frames = Vec::new();
        let mut size = 0;
        for one in batch {
            match copied_as(device, one) {
                Ok((shape, image)) => {
                    frames.push((*one, shape, size, image));
                    size += shape.size();
                }
                Err(why) => said(device, one, Err(why)),
            }
        }
        if frames.is_empty() {
            return None;
        }
        let (buffer, memory) = self.buffer(device, size)?;
        let info =
            vk::CommandBufferAllocateInfo::default().command_pool(pool).command_buffer_count(1);
        // SAFETY: the layer's own pool, used under the application's call.
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
        for (one, shape, at, image) in &frames {
            self.record(commands, (buffer, *at), (one, shape), *image);
        }
        // SAFETY: begun above.
        unsafe { self.functions.end_command_buffer(commands) }.ok()?;
        let frames = frames.into_iter().map(|(one, shape, at, _)| (one, shape, at)).collect();
        Some(Copy { commands, buffer, memory, size, frames })
    }

    /// Records the copy of one picture.
    fn record(
        &self,
        commands: vk::CommandBuffer,
        (buffer, at): (vk::Buffer, u64),
        (one, shape): (&Decoded, &Shape),
        layout: vk::ImageLayout,
    ) {
        let image = vk::Image::from_raw(one.image);
        let any = vk::AccessFlags::MEMORY_READ | vk::AccessFlags::MEMORY_WRITE;
        let copy = vk::AccessFlags::TRANSFER_READ;
        let barrier = |(from, before), (to, after)| {
            vk::ImageMemoryBarrier::default()
                .src_access_mask(before)
                .dst_access_mask(after)
                .old_layout(from)
                .new_layout(to)
                .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
                .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
                .image(image)
                .subresource_range(vk::ImageSubresourceRange {
                    aspect_mask: vk::ImageAspectFlags::COLOR,
                    base_mip_level: 0,
                    level_count: 1,
                    base_array_layer: one.layer,
                    layer_count: 1,
                })
        };
        let to_source = vk::ImageLayout::TRANSFER_SRC_OPTIMAL;
        let all = vk::PipelineStageFlags::ALL_COMMANDS;
        let order = |barrier: vk::ImageMemoryBarrier<'_>| {
            let flags = vk::DependencyFlags::empty();
            // SAFETY: recording; the image is alive, as the batch before decodes to it.
            unsafe {
                self.functions.cmd_pipeline_barrier(
                    commands,
                    all,
                    all,
                    flags,
                    &[],
                    &[],
                    &[barrier],
                );
            }
        };
        order(barrier((layout, any), (to_source, copy)));
        let region = |aspect_mask, offset, (width, height)| {
            vk::BufferImageCopy::default()
                .buffer_offset(offset)
                .image_subresource(vk::ImageSubresourceLayers {
                    aspect_mask,
                    mip_level: 0,
                    base_array_layer: one.layer,
                    layer_count: 1,
                })
                .image_extent(vk::Extent3D { width, height, depth: 1 })
        };
        let regions: Vec<_> = shape
            .planes()
            .iter()
            .map(|plane| region(plane.aspect, at + plane.offset, plane.extent))
            .collect();
        // SAFETY: recording; the buffer has room for all planes.
        unsafe {
            self.functions.cmd_copy_image_to_buffer(commands, image, to_source, buffer, &regions);
        }
        order(barrier((to_source, copy), (layout, any)));
        let read = vk::MemoryBarrier::default()
            .src_access_mask(vk::AccessFlags::TRANSFER_WRITE)
            .dst_access_mask(vk::AccessFlags::HOST_READ);
        let (copied, host) = (vk::PipelineStageFlags::TRANSFER, vk::PipelineStageFlags::HOST);
        let flags = vk::DependencyFlags::empty();
        // SAFETY: recording.
        unsafe {
            self.functions.cmd_pipeline_barrier(commands, copied, host, flags, &[read], &[], &[]);
        }
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

    /// Hashes the pictures of a batch, whose copies are done.
    fn hash(&self, device: &Device, copy: &Copy) {
        let flags = vk::MemoryMapFlags::empty();
        // SAFETY: the layer's own memory, host visible and not mapped.
        let data = unsafe { self.functions.map_memory(copy.memory, 0, vk::WHOLE_SIZE, flags) };
        let Ok(data) = data else { return };
        // SAFETY: mapped above, as large as the buffer at least.
        let bytes = unsafe {
            std::slice::from_raw_parts(data.cast::<u8>().cast_const(), copy.size as usize)
        };
        for (one, shape, at) in &copy.frames {
            let picture = bytes.get(*at as usize..).unwrap_or_default();
            said(device, one, Ok(&shape.md5(picture)));
        }
        // SAFETY: mapped above.
        unsafe { self.functions.unmap_memory(copy.memory) };
    }

    /// Frees what a submission needed.
    fn free(&self, work: Work) {
        for copy in work.copies {
            // SAFETY: the copies are done, or were never submitted.
            unsafe { self.functions.free_command_buffers(work.pool, &[copy.commands]) };
            // SAFETY: as above.
            unsafe { self.functions.destroy_buffer(copy.buffer, None) };
            // SAFETY: as above.
            unsafe { self.functions.free_memory(copy.memory, None) };
        }
        // SAFETY: as above.
        unsafe { self.functions.destroy_fence(work.fence, None) };
    }

    /// The device ends.
    pub(super) fn end(&self) {
        let mut kept = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, pool) in kept.pools.drain() {
            // SAFETY: the application has waited for its queues, as it destroys the device.
            unsafe { self.functions.destroy_command_pool(pool, None) };
        }
    }
}

/// How a picture is copied, and the layout that it is in; or why it is not.
fn copied_as(device: &Device, one: &Decoded) -> Result<(Shape, vk::ImageLayout), &'static str> {
    let state = device.state();
    let image: &Image = state.images.get(&one.image).ok_or("an image that is not known")?;
    if !image.usage.contains(vk::ImageUsageFlags::TRANSFER_SRC) {
        return Err("an image without TRANSFER_SRC");
    }
    let layout = image.layouts.get(one.layer as usize).copied().unwrap_or_default();
    if layout == vk::ImageLayout::UNDEFINED {
        return Err("an image in VK_IMAGE_LAYOUT_UNDEFINED");
    }
    let monochrome = state.sessions.get(&one.session).is_some_and(|s| s.is_monochrome());
    let shape = shape(image.format, one.extent, monochrome);
    shape.map(|shape| (shape, layout)).ok_or("a format that is not known")
}
