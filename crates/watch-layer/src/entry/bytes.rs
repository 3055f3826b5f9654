//! What is asked of a device on the layer's own account: its properties, and bytes of bitstreams.

use ash::vk;
use ash::vk::Handle;

use super::decoded::spans;
use super::device::Device;
use super::instance::Instance;
use crate::state::{Decode, State};
use crate::text::Line;

/// A function of `instance` under its type.
macro_rules! function {
    ($instance:expr, $name:literal, $type:ty) => {{
        let found = $instance.next_function($name);
        // SAFETY: a function of this name has this type.
        unsafe { std::mem::transmute::<vk::PFN_vkVoidFunction, Option<$type>>(found) }
    }};
}

/// Flags of the memory types, and of the queue families.
pub(super) fn properties(
    instance: &Instance,
    physical: vk::PhysicalDevice,
) -> (Vec<vk::MemoryPropertyFlags>, Vec<vk::QueueFlags>) {
    let mut memory = vk::PhysicalDeviceMemoryProperties::default();
    let get = function!(
        instance,
        c"vkGetPhysicalDeviceMemoryProperties",
        vk::PFN_vkGetPhysicalDeviceMemoryProperties
    );
    if let Some(get) = get {
        // SAFETY: the instance's physical device.
        unsafe { get(physical, &mut memory) };
    }
    let types = memory.memory_types_as_slice().iter().map(|kind| kind.property_flags).collect();
    let mut families = Vec::new();
    let get = function!(
        instance,
        c"vkGetPhysicalDeviceQueueFamilyProperties",
        vk::PFN_vkGetPhysicalDeviceQueueFamilyProperties
    );
    if let Some(get) = get {
        let mut count = 0;
        // SAFETY: the instance's physical device; no array is given.
        unsafe { get(physical, &mut count, std::ptr::null_mut()) };
        families.resize(count as usize, vk::QueueFamilyProperties::default());
        // SAFETY: an array of so many.
        unsafe { get(physical, &mut count, families.as_mut_ptr()) };
    }
    (types, families.iter().map(|family| family.queue_flags).collect())
}

/// Writes what the device is.
pub(super) fn device(device: &Device, line: &mut Line) {
    let get = function!(
        device.instance,
        c"vkGetPhysicalDeviceProperties",
        vk::PFN_vkGetPhysicalDeviceProperties
    );
    let mut properties = vk::PhysicalDeviceProperties::default();
    if let Some(get) = get {
        // SAFETY: the instance's physical device.
        unsafe { get(device.physical, &mut properties) };
    }
    let name = properties.device_name_as_c_str().map(|name| name.to_string_lossy().into_owned());
    line.text("name", &name.unwrap_or_default())
        .number("vendor", properties.vendor_id)
        .number("device", properties.device_id)
        .number("driver_version", properties.driver_version)
        .number("api_version", properties.api_version);
}

/// Writes the capabilities of a profile.
pub(super) fn capabilities(
    device: &Device,
    profile: &vk::VideoProfileInfoKHR<'_>,
    line: &mut Line,
) {
    let get = function!(
        device.instance,
        c"vkGetPhysicalDeviceVideoCapabilitiesKHR",
        vk::PFN_vkGetPhysicalDeviceVideoCapabilitiesKHR
    );
    let mut av1 = vk::VideoDecodeAV1CapabilitiesKHR::default();
    let mut decode = vk::VideoDecodeCapabilitiesKHR::default();
    let mut all = vk::VideoCapabilitiesKHR::default().push_next(&mut decode).push_next(&mut av1);
    let Some(get) = get else { return };
    // SAFETY: the instance's physical device, the application's profile.
    if unsafe { get(device.physical, profile, &mut all) } != vk::Result::SUCCESS {
        return;
    }
    line.number("flags", all.flags.as_raw())
        .number("min_bitstream_buffer_offset_alignment", all.min_bitstream_buffer_offset_alignment)
        .number("min_bitstream_buffer_size_alignment", all.min_bitstream_buffer_size_alignment)
        .numbers(
            "picture_access_granularity",
            [all.picture_access_granularity.width, all.picture_access_granularity.height],
        )
        .numbers("min_coded_extent", [all.min_coded_extent.width, all.min_coded_extent.height])
        .numbers("max_coded_extent", [all.max_coded_extent.width, all.max_coded_extent.height])
        .number("max_dpb_slots", all.max_dpb_slots)
        .number("max_active_reference_pictures", all.max_active_reference_pictures)
        .number("std_header_version", all.std_header_version.spec_version)
        .number("decode_flags", decode.flags.as_raw())
        .number("max_level", av1.max_level);
}

/// Whether the bitstream of a decode is in memory that only the device sees.
pub(super) fn is_on_device(state: &State, decode: &Decode) -> bool {
    let memory = state.buffers.get(&decode.buffer).and_then(|buffer| buffer.memory);
    let memory = memory.and_then(|(memory, _)| state.memories.get(&memory));
    memory.is_some_and(|memory| !memory.host_visible)
}

/// Tiles in the application's memory, which is mapped as long as this is there.
pub(super) struct Mapped<'d> {
    /// Addresses and sizes.
    tiles: Vec<(usize, usize)>,
    /// What is mapped for this alone.
    unmap: Option<(&'d Device, vk::DeviceMemory)>,
}

impl Mapped<'_> {
    /// The bytes of each tile.
    pub(super) fn tiles(&self) -> Vec<&[u8]> {
        let tile = |&(address, size): &(usize, usize)| {
            // SAFETY: inside of the mapped range of the buffer, which stays mapped while the state
            // is locked, and at least as long as `self` lives.
            unsafe { std::slice::from_raw_parts(address as *const u8, size) }
        };
        self.tiles.iter().map(tile).collect()
    }
}

impl Drop for Mapped<'_> {
    fn drop(&mut self) {
        if let Some((device, memory)) = self.unmap
            && let Some(unmap) = device.next.unmap_memory
        {
            // SAFETY: mapped by `mapped`, for this alone.
            unsafe { unmap(device.handle, memory) };
        }
    }
}

/// The tiles of a decode, as they are in the bitstream buffer now. The state stays locked meanwhile.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn mapped<'d>(
    device: &'d Device,
    state: &State,
    decode: &Decode,
) -> Result<Mapped<'d>, &'static str> {
    let spans = spans(state, decode)?;
    let buffer = state.buffers.get(&decode.buffer).ok_or("a buffer that is not known")?;
    let (memory, bound) = buffer.memory.ok_or("a buffer without memory")?;
    let known = state.memories.get(&memory).ok_or("memory that is not known")?;
    if !known.host_visible {
        return Err("memory that only the device sees");
    }
    let start = bound + decode.offset;
    let at = |address: usize| {
        let tile = |(offset, size)| (address.wrapping_add(offset as usize), size as usize);
        spans.into_iter().map(tile).collect()
    };
    if let Some(mapped) = known.mapped {
        let address = mapped.at(start, decode.range).ok_or("bytes that are not mapped")?;
        return Ok(Mapped { tiles: at(address), unmap: None });
    }
    let map = device.next.map_memory.filter(|_| device.next.unmap_memory.is_some());
    let map = map.ok_or("memory that cannot be mapped")?;
    let memory = vk::DeviceMemory::from_raw(memory);
    let mut data = std::ptr::null_mut();
    let flags = vk::MemoryMapFlags::empty();
    // SAFETY: memory that is host visible and not mapped; the state is locked, so nobody maps it.
    let result = unsafe { map(device.handle, memory, 0, vk::WHOLE_SIZE, flags, &mut data) };
    if result != vk::Result::SUCCESS {
        return Err("memory that cannot be mapped");
    }
    let tiles = at((data as usize).wrapping_add(start as usize));
    Ok(Mapped { tiles, unmap: Some((device, memory)) })
}
