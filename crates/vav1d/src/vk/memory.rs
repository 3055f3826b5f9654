//! Device memory: one allocation for one object, mapped for good where the host reaches it.
#![allow(unsafe_code, reason = "Vulkan calls, and access to mapped memory")]

use std::ptr::NonNull;
use std::sync::Arc;

use ash::vk;

use super::device::Device;
use super::failed;
use crate::error::Result;

/// What memory is for, hence where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// Used by the device alone.
    Device,
    /// Written by the host, in order.
    Upload,
    /// The same, and read by the device more than once.
    Stream,
    /// Read by the host.
    Readback,
}

/// Mapped memory. The pointer may cross threads; the rest of a struct is still checked.
#[derive(Clone, Copy)]
struct Mapped(NonNull<u8>);

// SAFETY: a pointer to memory that any thread may access, as `&Memory` and `&mut Memory` allow.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

/// An allocation.
pub(super) struct Memory {
    device: Arc<Device>,
    raw: vk::DeviceMemory,
    size_bytes: u64,
    coherent: bool,
    cached: bool,
    mapped: Option<Mapped>,
}

impl Memory {
    /// Allocates what `requirements` asks for; `owner` is the image or buffer that it will hold,
    /// for drivers that prefer to know.
    pub(super) fn allocate(
        device: &Arc<Device>,
        requirements: vk::MemoryRequirements,
        location: Location,
        owner: Option<vk::MemoryDedicatedAllocateInfo<'_>>,
    ) -> Result<Self> {
        use vk::MemoryPropertyFlags as P;
        let (required, wanted) = match location {
            Location::Device => (P::empty(), P::DEVICE_LOCAL),
            Location::Upload => (P::HOST_VISIBLE, P::HOST_COHERENT),
            Location::Stream => (P::HOST_VISIBLE, P::HOST_COHERENT | P::DEVICE_LOCAL),
            Location::Readback => (P::HOST_VISIBLE, P::HOST_CACHED | P::HOST_COHERENT),
        };
        let (index, flags) = device
            .memory_type(requirements.memory_type_bits, required, wanted)
            .ok_or_else(|| device.lacks(format!("no memory type for {location:?}")))?;
        let mut info = vk::MemoryAllocateInfo::default()
            .allocation_size(requirements.size.max(1))
            .memory_type_index(index);
        let mut owner = owner.unwrap_or_default();
        if owner.image != vk::Image::null() || owner.buffer != vk::Buffer::null() {
            info = info.push_next(&mut owner);
        }
        // SAFETY: the type index is one of the device's; a dedicated owner is alive and unbound.
        let raw = unsafe { device.raw().allocate_memory(&info, None) }
            .map_err(failed("vkAllocateMemory"))?;
        let mut memory = Self {
            device: device.clone(),
            raw,
            size_bytes: info.allocation_size,
            coherent: flags.contains(P::HOST_COHERENT),
            cached: flags.contains(P::HOST_CACHED),
            mapped: None,
        };
        if location != Location::Device {
            // SAFETY: host-visible, and mapped here only (VUID-vkMapMemory-memory-00678, 00682).
            let pointer = unsafe {
                device.raw().map_memory(raw, 0, vk::WHOLE_SIZE, vk::MemoryMapFlags::empty())
            }
            .map_err(failed("vkMapMemory"))?;
            memory.mapped = NonNull::new(pointer.cast()).map(Mapped);
        }
        Ok(memory)
    }

    pub(super) fn raw(&self) -> vk::DeviceMemory {
        self.raw
    }

    /// Whether the host reads it like memory of its own, however often.
    pub(super) fn is_read_at_ease(&self) -> bool {
        self.cached && self.coherent && self.mapped.is_some()
    }

    /// Writes `parts` one after the other from byte `start` on, and makes them visible to the
    /// device.
    ///
    /// # Safety
    /// The device does not use the memory now.
    pub(super) unsafe fn write(&mut self, start: usize, parts: &[&[u8]]) -> Result<()> {
        let Some(Mapped(base)) = self.mapped else { return Ok(()) };
        let mut at = start;
        for part in parts {
            assert!((at + part.len()) as u64 <= self.size_bytes, "write past the end");
            // SAFETY: inside the mapping, by the check above.
            let to = unsafe { base.add(at) };
            // SAFETY: the mapping is ours for writing, by the caller's promise; slices of the
            // host do not overlap it.
            unsafe { to.copy_from_nonoverlapping(NonNull::from(*part).cast(), part.len()) };
            at += part.len();
        }
        if !self.coherent {
            let range = self.range(at as u64);
            // SAFETY: the range is in the mapping, aligned to nonCoherentAtomSize.
            unsafe { self.device.raw().flush_mapped_memory_ranges(&[range]) }
                .map_err(failed("vkFlushMappedMemoryRanges"))?;
        }
        Ok(())
    }

    /// The first `bytes` bytes, as the device left them.
    ///
    /// # Safety
    /// The device does not write the memory while the slice lives; what it wrote was made available
    /// to the host.
    pub(super) unsafe fn read(&self, bytes: usize) -> Result<&[u8]> {
        let Some(Mapped(base)) = self.mapped else { return Ok(&[]) };
        assert!(bytes as u64 <= self.size_bytes, "read past the end");
        if !self.coherent {
            let range = self.range(bytes as u64);
            // SAFETY: the range is in the mapping, aligned to nonCoherentAtomSize.
            unsafe { self.device.raw().invalidate_mapped_memory_ranges(&[range]) }
                .map_err(failed("vkInvalidateMappedMemoryRanges"))?;
        }
        // SAFETY: inside the mapping; initialised by the device, or whatever the driver left.
        Ok(unsafe { std::slice::from_raw_parts(base.as_ptr(), bytes) })
    }

    fn range(&self, bytes: u64) -> vk::MappedMemoryRange<'static> {
        let whole = bytes.next_multiple_of(self.device.atom_bytes());
        let size = if whole >= self.size_bytes { vk::WHOLE_SIZE } else { whole };
        vk::MappedMemoryRange::default().memory(self.raw).size(size)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the object bound to it is gone or goes with it, and no submission uses it
        // (VUID-vkFreeMemory-memory-00677). Freeing unmaps.
        self.device.destroy(|raw| unsafe { raw.free_memory(self.raw, None) });
    }
}
