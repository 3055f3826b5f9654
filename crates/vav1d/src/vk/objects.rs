//! Owners of Vulkan objects: a handle and the `Arc` of its parent each. All are dropped when no
//! submission uses them any more; see `submit`.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::caps::{Profile, with_profile};
use super::device::Device;
use super::failed;
use super::memory::{Location, Memory};
use crate::error::Result;

/// A timeline semaphore.
pub(super) struct Semaphore {
    device: Arc<Device>,
    raw: vk::Semaphore,
}

impl Semaphore {
    /// A semaphore of value 0.
    pub(super) fn new(device: &Arc<Device>, name: &str) -> Result<Self> {
        let mut kind = vk::SemaphoreTypeCreateInfo::default()
            .semaphore_type(vk::SemaphoreType::TIMELINE)
            .initial_value(0);
        let info = vk::SemaphoreCreateInfo::default().push_next(&mut kind);
        // SAFETY: timelineSemaphore is enabled (VUID-VkSemaphoreTypeCreateInfo-timelineSemaphore-03252).
        let raw = unsafe { device.raw().create_semaphore(&info, None) }
            .map_err(failed("vkCreateSemaphore"))?;
        device.name_object(raw, name);
        Ok(Self { device: device.clone(), raw })
    }

    pub(super) fn raw(&self) -> vk::Semaphore {
        self.raw
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroySemaphore-semaphore-05149: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_semaphore(self.raw, None) });
    }
}

/// A command buffer, with a pool of its own.
pub(super) struct Commands {
    device: Arc<Device>,
    pool: vk::CommandPool,
    raw: vk::CommandBuffer,
}

impl Commands {
    /// A command buffer for queues of `family`.
    pub(super) fn new(device: &Arc<Device>, family: u32, name: &str) -> Result<Self> {
        let info = vk::CommandPoolCreateInfo::default()
            .flags(vk::CommandPoolCreateFlags::TRANSIENT)
            .queue_family_index(family);
        // SAFETY: the family is one that the device was created with.
        let pool = unsafe { device.raw().create_command_pool(&info, None) }
            .map_err(failed("vkCreateCommandPool"))?;
        let mut commands = Self { device: device.clone(), pool, raw: vk::CommandBuffer::null() };
        let info = vk::CommandBufferAllocateInfo::default()
            .command_pool(pool)
            .level(vk::CommandBufferLevel::PRIMARY)
            .command_buffer_count(1);
        // SAFETY: the pool is this thread's.
        let raws = unsafe { device.raw().allocate_command_buffers(&info) }
            .map_err(failed("vkAllocateCommandBuffers"))?;
        commands.raw = raws.first().copied().unwrap_or_default();
        device.name_object(commands.raw, name);
        Ok(commands)
    }

    /// Starts anew.
    ///
    /// # Safety
    /// No submission uses the commands any more (VUID-vkResetCommandPool-commandPool-00040).
    pub(super) unsafe fn begin(&mut self) -> Result<vk::CommandBuffer> {
        // SAFETY: the caller's promise.
        unsafe { self.device.raw().reset_command_pool(self.pool, Default::default()) }
            .map_err(failed("vkResetCommandPool"))?;
        let info = vk::CommandBufferBeginInfo::default()
            .flags(vk::CommandBufferUsageFlags::ONE_TIME_SUBMIT);
        // SAFETY: the buffer is in the initial state, after the reset.
        unsafe { self.device.raw().begin_command_buffer(self.raw, &info) }
            .map_err(failed("vkBeginCommandBuffer"))?;
        Ok(self.raw)
    }

    /// The command buffer.
    pub(super) fn raw(&self) -> vk::CommandBuffer {
        self.raw
    }

    /// Ends the recording.
    pub(super) fn end(&mut self) -> Result<vk::CommandBuffer> {
        // SAFETY: recording was begun, and all scopes were ended, by `record` and `readback`.
        unsafe { self.device.raw().end_command_buffer(self.raw) }
            .map_err(failed("vkEndCommandBuffer"))?;
        Ok(self.raw)
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyCommandPool-commandPool-00041: no submission uses its buffer.
        self.device.destroy(|raw| unsafe { raw.destroy_command_pool(self.pool, None) });
    }
}

/// A buffer and its memory.
pub(super) struct Buffer {
    device: Arc<Device>,
    raw: vk::Buffer,
    size_bytes: u64,
    memory: Option<Memory>,
}

impl Buffer {
    /// A buffer of bitstream for `profile`; for any, without one.
    pub(super) fn bitstream(
        device: &Arc<Device>,
        profile: Option<&Profile>,
        size_bytes: u64,
    ) -> Result<Self> {
        let info = vk::BufferCreateInfo::default()
            .size(size_bytes)
            .usage(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR)
            .sharing_mode(vk::SharingMode::EXCLUSIVE);
        let Some(profile) = profile else {
            let info = info.flags(vk::BufferCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR);
            return Self::new(device, &info, Location::Upload, "bitstream");
        };
        with_profile(profile, |_, list| {
            let info = info.push_next(list);
            Self::new(device, &info, Location::Upload, "bitstream")
        })
    }

    /// A buffer that pictures are copied to, for the host to read.
    pub(super) fn readback(device: &Arc<Device>, size_bytes: u64) -> Result<Self> {
        let info = vk::BufferCreateInfo::default()
            .size(size_bytes)
            .usage(vk::BufferUsageFlags::TRANSFER_DST)
            .sharing_mode(vk::SharingMode::EXCLUSIVE);
        Self::new(device, &info, Location::Readback, "readback")
    }

    /// A buffer for shaders.
    pub(super) fn shader(
        device: &Arc<Device>,
        usage: vk::BufferUsageFlags,
        location: Location,
        size_bytes: u64,
        name: &str,
    ) -> Result<Self> {
        let info = vk::BufferCreateInfo::default()
            .size(size_bytes)
            .usage(usage)
            .sharing_mode(vk::SharingMode::EXCLUSIVE);
        Self::new(device, &info, location, name)
    }

    /// A buffer that pictures are copied from, written by the host.
    pub(super) fn upload(device: &Arc<Device>, size_bytes: u64) -> Result<Self> {
        let usage = vk::BufferUsageFlags::TRANSFER_SRC;
        Self::shader(device, usage, Location::Upload, size_bytes, "upload")
    }

    fn new(
        device: &Arc<Device>,
        info: &vk::BufferCreateInfo<'_>,
        location: Location,
        name: &str,
    ) -> Result<Self> {
        // SAFETY: `info` is complete; a profile list is chained where the usage needs it
        // (VUID-VkBufferCreateInfo-usage-04813).
        let raw =
            unsafe { device.raw().create_buffer(info, None) }.map_err(failed("vkCreateBuffer"))?;
        let mut buffer = Self { device: device.clone(), raw, size_bytes: info.size, memory: None };
        device.name_object(raw, name);
        // SAFETY: the buffer is of this device.
        let requirements = unsafe { device.raw().get_buffer_memory_requirements(raw) };
        let memory = Memory::allocate(device, requirements, location, None)?;
        // SAFETY: unbound so far; the memory is of a type and size that the buffer asked for.
        unsafe { device.raw().bind_buffer_memory(raw, memory.raw(), 0) }
            .map_err(failed("vkBindBufferMemory"))?;
        buffer.memory = Some(memory);
        Ok(buffer)
    }

    pub(super) fn raw(&self) -> vk::Buffer {
        self.raw
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// See [`Memory::is_read_at_ease`].
    pub(super) fn is_read_at_ease(&self) -> bool {
        self.memory.as_ref().is_some_and(Memory::is_read_at_ease)
    }

    /// See [`Memory::write`].
    ///
    /// # Safety
    /// No submission uses the buffer.
    pub(super) unsafe fn write(&mut self, parts: &[&[u8]]) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { self.write_at(0, parts) }
    }

    /// The same from byte `start` on.
    ///
    /// # Safety
    /// No submission uses the buffer.
    pub(super) unsafe fn write_at(&mut self, start: usize, parts: &[&[u8]]) -> Result<()> {
        match &mut self.memory {
            // SAFETY: the caller's promise.
            Some(memory) => unsafe { memory.write(start, parts) },
            None => Ok(()),
        }
    }

    /// See [`Memory::read`].
    ///
    /// # Safety
    /// No submission that writes the buffer is under way, nor starts while the slice lives.
    pub(super) unsafe fn read<'a>(
        &'a self,
        bytes: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        match &self.memory {
            // SAFETY: the caller's promise.
            Some(memory) => unsafe { memory.read(bytes, scratch) },
            None => Ok(&[]),
        }
    }

    /// See [`Memory::fetch`].
    pub(super) fn fetch(&self, bytes: usize) -> Result<()> {
        self.memory.as_ref().map_or(Ok(()), |memory| memory.fetch(bytes))
    }

    /// See [`Memory::fetched`].
    ///
    /// # Safety
    /// As for [`Self::read`].
    pub(super) unsafe fn fetched<'a>(&'a self, bytes: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match &self.memory {
            // SAFETY: the caller's promise.
            Some(memory) => unsafe { memory.fetched(bytes, scratch) },
            None => &[],
        }
    }

    /// See [`Memory::read_in_place`].
    ///
    /// # Safety
    /// As for [`Self::read`].
    pub(super) unsafe fn read_in_place(&self, bytes: usize) -> &[u8] {
        match &self.memory {
            // SAFETY: the caller's promise.
            Some(memory) => unsafe { memory.read_in_place(bytes) },
            None => &[],
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyBuffer-buffer-00922: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_buffer(self.raw, None) });
    }
}

/// An image and its memory.
pub(super) struct Image {
    device: Arc<Device>,
    raw: vk::Image,
    format: vk::Format,
    tiling: vk::ImageTiling,
    usage: vk::ImageUsageFlags,
    memory: Option<Memory>,
}

impl Image {
    /// An image as `info` says.
    ///
    /// # Safety
    /// `info` is valid; with video usage it is one that the format query returned for the profiles
    /// in its chain (VUID-VkImageCreateInfo-usage-04815, pNext-06811).
    pub(super) unsafe fn new(
        device: &Arc<Device>,
        info: &vk::ImageCreateInfo<'_>,
        location: Location,
        name: &str,
    ) -> Result<Self> {
        // SAFETY: the caller's promise.
        let raw =
            unsafe { device.raw().create_image(info, None) }.map_err(failed("vkCreateImage"))?;
        let (format, tiling, usage) = (info.format, info.tiling, info.usage);
        let mut image = Self { device: device.clone(), raw, format, tiling, usage, memory: None };
        device.name_object(raw, name);
        let mut dedicated = vk::MemoryDedicatedRequirements::default();
        let mut requirements = vk::MemoryRequirements2::default().push_next(&mut dedicated);
        let query = vk::ImageMemoryRequirementsInfo2::default().image(raw);
        // SAFETY: the image is of this device, and not disjoint.
        unsafe { device.raw().get_image_memory_requirements2(&query, &mut requirements) };
        let requirements = requirements.memory_requirements;
        let owner = (dedicated.prefers_dedicated_allocation != vk::FALSE
            || dedicated.requires_dedicated_allocation != vk::FALSE)
            .then(|| vk::MemoryDedicatedAllocateInfo::default().image(raw));
        let memory = Memory::allocate(device, requirements, location, owner)?;
        // SAFETY: unbound so far; the memory is of a type and size that the image asked for.
        unsafe { device.raw().bind_image_memory(raw, memory.raw(), 0) }
            .map_err(failed("vkBindImageMemory"))?;
        image.memory = Some(memory);
        Ok(image)
    }

    pub(super) fn raw(&self) -> vk::Image {
        self.raw
    }

    pub(super) fn device(&self) -> &Arc<Device> {
        &self.device
    }

    pub(super) fn format(&self) -> vk::Format {
        self.format
    }

    pub(super) fn tiling(&self) -> vk::ImageTiling {
        self.tiling
    }

    pub(super) fn usage(&self) -> vk::ImageUsageFlags {
        self.usage
    }

    /// Bytes of its memory.
    pub(super) fn size_bytes(&self) -> u64 {
        self.memory.as_ref().map_or(0, Memory::size_bytes)
    }

    /// Its memory.
    pub(super) fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyImage-image-01000: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_image(self.raw, None) });
    }
}

/// Status queries of decodes of one profile.
pub(super) struct QueryPool {
    device: Arc<Device>,
    raw: vk::QueryPool,
}

impl QueryPool {
    /// `count` queries. The decode family must support them.
    pub(super) fn new(device: &Arc<Device>, profile: &Profile, count: u32) -> Result<Self> {
        let raw = with_profile(profile, |info, _| {
            let mut profile = *info;
            let create = vk::QueryPoolCreateInfo::default()
                .query_type(vk::QueryType::RESULT_STATUS_ONLY_KHR)
                .query_count(count)
                .push_next(&mut profile);
            // SAFETY: the family reports queryResultStatusSupport; the chain is of locals.
            unsafe { device.raw().create_query_pool(&create, None) }
        })
        .map_err(failed("vkCreateQueryPool"))?;
        Ok(Self { device: device.clone(), raw })
    }

    pub(super) fn raw(&self) -> vk::QueryPool {
        self.raw
    }

    /// VkQueryResultStatusKHR of query `index`; 0 if it is not there.
    ///
    /// # Safety
    /// The query was reset by a submission that has ended.
    pub(super) unsafe fn status(&self, index: u32) -> Result<i32> {
        let mut status = [0_i32];
        let flags = vk::QueryResultFlags::WITH_STATUS_KHR;
        // SAFETY: the caller's promise; one 32-bit value is what a status alone takes.
        match unsafe {
            self.device.raw().get_query_pool_results(self.raw, index, &mut status, flags)
        } {
            Ok(()) => Ok(status[0]),
            Err(vk::Result::NOT_READY) => Ok(0),
            Err(e) => Err(failed("vkGetQueryPoolResults")(e).into()),
        }
    }
}

impl Drop for QueryPool {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyQueryPool-queryPool-00793: no submission uses it any more.
        self.device.destroy(|raw| unsafe { raw.destroy_query_pool(self.raw, None) });
    }
}
