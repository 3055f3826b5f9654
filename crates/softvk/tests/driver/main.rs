//! The driver through `ash`, as an application that makes mistakes: no crash, an error status, and
//! a message with the rule that was broken.
#![allow(unsafe_code, reason = "Vulkan calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one SAFETY for a test's calls")]

mod buffers;
mod creation;
mod faults;
mod host;
mod make;
mod members;
mod record;
mod references;
mod rig;
mod rules;

use ash::vk;
use record::{Decode, picture};
use rig::{BITSTREAM, Rig};

/// A decode with one mistake: the status is ERROR, and some message contains `expected`.
#[track_caller]
fn refused(rig: &Rig, expected: &str, wrong: impl FnOnce(&mut Decode)) {
    let (status, heard) = rig.decode(wrong);
    assert_eq!(status, -1, "{heard:?}");
    assert!(heard.iter().any(|line| line.contains(expected)), "{expected}: {heard:?}");
}

#[test]
fn a_session_that_was_never_reset() {
    refused(&Rig::new(), "VUID-vkCmdDecodeVideoKHR-None-07011", |d| d.reset = false);
}

#[test]
fn messages_go_to_their_own_instance() {
    let (one, other) = (Rig::new(), Rig::new());
    refused(&one, "VUID-vkCmdDecodeVideoKHR-None-07011", |d| d.reset = false);
    assert_eq!(other.heard(), [""; 0]);
}

#[test]
fn null_pointers_and_zeros() {
    let rig = Rig::new();
    refused(&rig, "decode 0", |_| ());
    refused(&rig, "decode 1", |d| d.info = None);
    refused(&rig, "no picture information", |d| d.chain = false);
    refused(&rig, "decode 3", |d| {
        d.tile_offsets.clear();
        d.tile_sizes.clear();
    });
}

#[test]
fn what_a_failed_decode_leaves_is_poison() {
    let rig = Rig::new();
    assert_eq!(rig.first_row(), [0; 64]);
    refused(&rig, "decode 0", |_| ());
    assert_eq!(rig.first_row(), [0xa5; 64]);
}

#[test]
fn tiles_and_ranges_outside_the_buffer() {
    let rig = Rig::new();
    refused(&rig, "decode 0", |d| d.tile_offsets = vec![u32::MAX]);
    refused(&rig, "decode 1", |d| d.tile_sizes = vec![BITSTREAM as u32 + 1]);
    refused(&rig, "srcBufferRange-07167", |d| d.src_range = 2 * BITSTREAM + 1);
    refused(&rig, "srcBufferRange-07167", |d| d.src_offset = u64::MAX);
    refused(&rig, "decode 4", |d| {
        d.tile_offsets = vec![0; 3];
        d.tile_sizes = vec![1, 2, u32::MAX];
    });
}

#[test]
fn slots_and_pictures_that_are_not_there() {
    let rig = Rig::new();
    refused(&rig, "referenceNameSlotIndices-09262", |d| d.names[0] = 1);
    refused(&rig, "referenceNameSlotIndices-09262", |d| d.names = [i32::MAX; 7]);
    refused(&rig, "pDecodeInfo-07170", |d| d.setup = Some((2, picture(0, 0))));
    refused(&rig, "pDecodeInfo-07170", |d| d.setup = Some((i32::MIN, picture(0, 0))));
    refused(&rig, "pDecodeInfo-07145", |d| d.extent.width = 129);
    refused(&rig, "reaches outside its image of 64x64", |d| d.extent.width = 65);
    refused(&rig, "pDecodeInfo-07145", |d| d.extent.height = 0);
}

#[test]
fn entry_points_are_found_by_core_and_extension_names() {
    let rig = Rig::new();
    let names = [
        c"vkGetVideoSessionMemoryRequirementsKHR",
        c"vkUpdateVideoSessionParametersKHR",
        c"vkQueueSubmit2",
        c"vkQueueSubmit2KHR",
        c"vkCmdPipelineBarrier2KHR",
        c"vkWaitSemaphoresKHR",
        c"vkGetSemaphoreCounterValue",
        c"vkBindImageMemory2KHR",
    ];
    for name in names {
        // SAFETY: a living device and a string.
        let found =
            unsafe { rig.instance.get_device_proc_addr(rig.device.handle(), name.as_ptr()) };
        assert!(found.is_some(), "{name:?}");
    }
    // SAFETY: as above.
    let unknown = unsafe {
        rig.instance.get_device_proc_addr(rig.device.handle(), c"vkNoSuchThing".as_ptr())
    };
    assert!(unknown.is_none());
}

#[test]
fn version_and_graphics_bit_are_said_only_where_they_are_asked_for() {
    let said = |config: &str| {
        let rig = Rig::with(config);
        // SAFETY: the only device of a living instance.
        unsafe {
            let physical = rig.instance.enumerate_physical_devices().expect("devices")[0];
            let families = rig.instance.get_physical_device_queue_family_properties(physical);
            let graphics =
                families.iter().map(|f| f.queue_flags.contains(vk::QueueFlags::GRAPHICS));
            let properties = rig.instance.get_physical_device_properties(physical);
            (properties.api_version, graphics.collect::<Vec<_>>())
        }
    };
    assert_eq!(said(""), (vk::make_api_version(0, 1, 3, 281), vec![false, false]));
    assert_eq!(said("gstreamer"), (vk::make_api_version(0, 1, 4, 321), vec![true, false]));
}
