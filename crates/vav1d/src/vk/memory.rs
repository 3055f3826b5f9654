//! Device memory: one allocation for one object, mapped for good where the host reaches it.
#![allow(unsafe_code, reason = "Vulkan calls, and access to mapped memory")]

use std::ptr::NonNull;
use std::sync::Arc;

use ash::vk;

use super::device::Device;
use super::failed;
use crate::error::{DeviceError, Result};

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
        let types = candidates(device.memory_types(), requirements.memory_type_bits, location);
        let mut failure = None;
        for (index, flags) in types {
            match Self::of_type(device, requirements.size, (index, flags), location, owner) {
                // A window of the device may be full where the next type has room.
                Err(error) if error.is_out_of_device_memory() => failure = failure.or(Some(error)),
                made => return Ok(made?),
            }
            log::debug!("no room in memory type {index} for {location:?}");
        }
        let none = || device.lacks(format!("no memory type for {location:?}")).into();
        Err(failure.map_or_else(none, Into::into))
    }

    /// The same, of one memory type.
    fn of_type(
        device: &Arc<Device>,
        size: u64,
        (index, flags): (u32, vk::MemoryPropertyFlags),
        location: Location,
        owner: Option<vk::MemoryDedicatedAllocateInfo<'_>>,
    ) -> Result<Self, DeviceError> {
        use vk::MemoryPropertyFlags as P;
        let mut info =
            vk::MemoryAllocateInfo::default().allocation_size(size.max(1)).memory_type_index(index);
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

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
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

    /// The first `bytes` bytes where they are, as the device left them: of memory that is read
    /// [at ease](Self::is_read_at_ease), of other none.
    ///
    /// # Safety
    /// As for [`Self::read`].
    pub(super) unsafe fn read_in_place(&self, bytes: usize) -> &[u8] {
        let Some(Mapped(base)) = self.mapped.filter(|_| self.is_read_at_ease()) else { return &[] };
        assert!(bytes as u64 <= self.size_bytes, "read past the end");
        // SAFETY: inside the mapping; initialised by the device, or whatever the driver left.
        unsafe { std::slice::from_raw_parts(base.as_ptr(), bytes) }
    }

    /// The first `bytes` bytes, as the device left them; by way of `scratch` where the host is slow
    /// to read them where they are.
    ///
    /// # Safety
    /// The device does not write the memory while the slice lives; what it wrote was made available
    /// to the host.
    pub(super) unsafe fn read<'a>(
        &'a self,
        bytes: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.fetch(bytes)?;
        // SAFETY: the caller's promise, and fetched.
        Ok(unsafe { self.fetched(bytes, scratch) })
    }

    /// Makes the first `bytes` bytes that the device wrote visible to the host: all of
    /// [`Self::read`] that can fail.
    pub(super) fn fetch(&self, bytes: usize) -> Result<()> {
        if self.mapped.is_none() || self.coherent {
            return Ok(());
        }
        let range = self.range(bytes as u64);
        // SAFETY: the range is in the mapping, aligned to nonCoherentAtomSize.
        let done = unsafe { self.device.raw().invalidate_mapped_memory_ranges(&[range]) };
        Ok(done.map_err(failed("vkInvalidateMappedMemoryRanges"))?)
    }

    /// The rest of [`Self::read`], after [`Self::fetch`].
    ///
    /// # Safety
    /// As for [`Self::read`].
    pub(super) unsafe fn fetched<'a>(&'a self, bytes: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let Some(Mapped(base)) = self.mapped else { return &[] };
        assert!(bytes as u64 <= self.size_bytes, "read past the end");
        if self.cached {
            // SAFETY: inside the mapping; initialised by the device, or whatever the driver left.
            return unsafe { std::slice::from_raw_parts(base.as_ptr(), bytes) };
        }
        scratch.clear();
        scratch.resize(bytes, 0);
        // SAFETY: as above, and `scratch` is the host's own.
        unsafe { copy_uncached(base.as_ptr(), scratch) };
        scratch
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

/// The memory types of `bits` that will do for `location`, best first; of equals the first.
fn candidates(
    types: &[vk::MemoryType],
    bits: u32,
    location: Location,
) -> Vec<(u32, vk::MemoryPropertyFlags)> {
    use vk::MemoryPropertyFlags as P;
    // What counts, most important first.
    let (required, wanted): (_, &[P]) = match location {
        Location::Device => (P::empty(), &[P::DEVICE_LOCAL]),
        Location::Upload => (P::HOST_VISIBLE, &[P::HOST_COHERENT]),
        Location::Stream => (P::HOST_VISIBLE, &[P::DEVICE_LOCAL, P::HOST_COHERENT]),
        // What is not coherent costs a call, what is not cached every load.
        Location::Readback => (P::HOST_VISIBLE, &[P::HOST_CACHED, P::HOST_COHERENT]),
    };
    let never = P::PROTECTED | P::DEVICE_COHERENT_AMD | P::DEVICE_UNCACHED_AMD;
    let mut found: Vec<_> = (0u32..)
        .zip(types)
        .map(|(index, t)| (index, t.property_flags))
        .filter(|(index, flags)| {
            bits >> index & 1 == 1 && flags.contains(required) && !flags.intersects(never)
        })
        .collect();
    let lacks = |flags: P| wanted.iter().map(|wish| !flags.contains(*wish)).collect::<Vec<_>>();
    found.sort_by_key(|(_, flags)| lacks(*flags));
    found
}

/// Copies what the device left at `from`, in memory that the host does not cache, to `to`, with as
/// few loads as the processor can: each goes to the bus.
///
/// # Safety
/// So many bytes may be read at `from`, which is aligned to 16 bytes as mappings are
/// (minMemoryMapAlignment), and nobody writes them now.
unsafe fn copy_uncached(from: *const u8, to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("sse4.1") {
        // SAFETY: the caller's promise; the processor has the instruction.
        return unsafe { copy_streaming(from, to) };
    }
    // SAFETY: the caller's promise; slices of the host do not overlap it.
    unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) };
}

/// The same by loads that take a whole line of write-combined memory at once (MOVNTDQA).
///
/// # Safety
/// As for [`copy_uncached`]; the processor has SSE4.1.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse4.1")]
unsafe fn copy_streaming(from: *const u8, to: &mut [u8]) {
    use std::arch::x86_64::{_mm_storeu_si128, _mm_stream_load_si128};
    const UNIT: usize = 16;
    let whole = to.len() / UNIT * UNIT;
    for (nr, to) in to.as_chunks_mut::<UNIT>().0.iter_mut().enumerate() {
        // SAFETY: inside what may be read, by the caller's promise.
        let at = unsafe { from.add(nr * UNIT) };
        // SAFETY: aligned, since `from` is.
        let value = unsafe { _mm_stream_load_si128(at.cast()) };
        // SAFETY: as long as the value.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), value) };
    }
    let rest = &mut to[whole..];
    // SAFETY: as above.
    let at = unsafe { from.add(whole) };
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(at, rest.as_mut_ptr(), rest.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use vk::MemoryPropertyFlags as P;

    const COMBINED: P = P::from_raw(P::HOST_VISIBLE.as_raw() | P::HOST_COHERENT.as_raw());
    const CACHED: P = P::from_raw(P::HOST_VISIBLE.as_raw() | P::HOST_CACHED.as_raw());

    fn types(flags: &[P]) -> Vec<vk::MemoryType> {
        let of = |&property_flags| vk::MemoryType { property_flags, heap_index: 0 };
        flags.iter().map(of).collect()
    }

    #[track_caller]
    fn check(flags: &[P], location: Location, expected: &[u32]) {
        let found = candidates(&types(flags), u32::MAX, location);
        assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn memory_types_in_the_order_in_which_they_are_tried() {
        // ANV over i915 without a cache in common: Meteor Lake.
        let mtl = [P::DEVICE_LOCAL | COMBINED, P::DEVICE_LOCAL | CACHED];
        check(&mtl, Location::Readback, &[1, 0]);
        check(&mtl, Location::Upload, &[0, 1]);
        // A graphics card with a window of 256 MiB.
        let window = [P::DEVICE_LOCAL, COMBINED, COMBINED | CACHED, P::DEVICE_LOCAL | COMBINED];
        check(&window, Location::Stream, &[3, 1, 2]);
        check(&window, Location::Readback, &[2, 1, 3]);
        check(&window, Location::Device, &[0, 3, 1, 2]);
        check(&[P::DEVICE_LOCAL], Location::Readback, &[]);
        // Never memory that is protected, or that AMD keeps out of caches.
        let odd = [COMBINED | CACHED | P::DEVICE_COHERENT_AMD, P::PROTECTED, COMBINED];
        check(&odd, Location::Readback, &[2]);
        assert_eq!(candidates(&types(&mtl), 1, Location::Readback).len(), 1);
    }

    #[test]
    fn a_streaming_copy_is_a_copy() {
        #[repr(align(64))]
        struct Line([u8; 256]);
        let from = Line(std::array::from_fn(|i| i as u8 ^ 0x5a));
        for bytes in [0, 1, 15, 16, 17, 64, 255, 256] {
            let mut to = vec![0; bytes];
            // SAFETY: the array is as long, and aligned.
            unsafe { copy_uncached(from.0.as_ptr(), &mut to) };
            assert_eq!(to, from.0[..bytes], "{bytes}");
        }
    }
}
