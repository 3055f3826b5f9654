//! VK_EXT_host_image_copy: each rule broken once, and the same copy done right, of which nothing is
//! said.

use ash::vk::{self, AccessFlags2 as A, ImageLayout as Layout, PipelineStageFlags2 as S};

use crate::record::{Decode, picture, right, tile_bytes};
use crate::rig::{BITSTREAM, DECODES, Kind, Rig, SIZE};

/// A device that copies by the host, and the image for it.
fn rig(config: &str) -> (Rig, usize) {
    let mut rig = Rig::with(config);
    let usage = Kind::RIGHT.usage | vk::ImageUsageFlags::HOST_TRANSFER_EXT;
    let image = rig.add_image(Kind { usage, ..Kind::RIGHT });
    rig.write(0, &tile_bytes());
    (rig, image)
}

/// Decodes to the image; if so, lets the host read it.
fn decoded(rig: &Rig, image: usize, seen: bool) {
    let at = picture(image, 0);
    let setup = Some((0, at));
    let decode = Decode { dst: Some(at), setup, bound: vec![(-1, Some(at))], ..right() };
    rig.run(DECODES, |commands| {
        rig.discard(commands, at, Layout::VIDEO_DECODE_DPB_KHR);
        rig.record(commands, &decode);
        let memory = [vk::MemoryBarrier2::default()
            .src_stage_mask(S::VIDEO_DECODE_KHR)
            .src_access_mask(A::VIDEO_DECODE_WRITE_KHR)
            .dst_stage_mask(if seen { S::HOST } else { S::VIDEO_DECODE_KHR })
            .dst_access_mask(if seen { A::HOST_READ } else { A::VIDEO_DECODE_READ_KHR })];
        let info = vk::DependencyInfo::default().memory_barriers(&memory);
        // SAFETY: recording.
        unsafe { rig.device.cmd_pipeline_barrier2(commands, &info) };
    });
}

/// Copies `width` columns of luma by the host; the bytes, and what the call returned.
fn copied(rig: &Rig, image: usize, layout: Layout, width: u32) -> (vk::Result, Vec<u8>) {
    let mut bytes = vec![0xee; (width * SIZE.height) as usize];
    let part = vk::ImageSubresourceLayers::default()
        .aspect_mask(vk::ImageAspectFlags::PLANE_0)
        .layer_count(1);
    let regions = [vk::ImageToMemoryCopyEXT::default()
        .host_pointer(bytes.as_mut_ptr().cast())
        .image_subresource(part)
        .image_extent(vk::Extent3D { width, height: SIZE.height, depth: 1 })];
    let info = vk::CopyImageToMemoryInfoEXT::default()
        .src_image(rig.images[image])
        .src_image_layout(layout)
        .regions(&regions);
    let host = ash::ext::host_image_copy::Device::new(&rig.instance, &rig.device);
    // SAFETY: the queue is idle, and `bytes` has room for the region.
    let result = unsafe { host.copy_image_to_memory(&info) };
    (result.err().unwrap_or(vk::Result::SUCCESS), bytes)
}

#[test]
fn the_host_copies_what_was_decoded() {
    let (rig, image) = rig("host-image-copy");
    decoded(&rig, image, true);
    let (result, bytes) = copied(&rig, image, Layout::VIDEO_DECODE_DPB_KHR, SIZE.width);
    assert_eq!((result, rig.heard()), (vk::Result::SUCCESS, Vec::new()));
    // By a copy of a queue, the same samples.
    assert_eq!(rig.luma(picture(image, 0)), bytes);
    assert!(BITSTREAM as usize >= bytes.len() && bytes.iter().any(|sample| *sample != 0xee));
}

#[track_caller]
fn says(config: &str, seen: bool, layout: Layout, rule: &str) {
    let (rig, image) = rig(config);
    decoded(&rig, image, seen);
    let _result = copied(&rig, image, layout, SIZE.width);
    let said = rig.heard();
    assert!(said.iter().any(|line| line.contains(rule)), "{rule}: {said:?}");
}

#[test]
fn a_layout_that_is_not_listed() {
    let rule = "VUID-VkCopyImageToMemoryInfo-srcImageLayout-09065";
    says("host-image-copy=general", true, Layout::VIDEO_DECODE_DPB_KHR, rule);
}

#[test]
fn a_layout_that_the_image_is_not_in() {
    let rule = "VUID-VkCopyImageToMemoryInfo-srcImageLayout-09064";
    says("host-image-copy", true, Layout::GENERAL, rule);
}

#[test]
fn a_picture_that_the_host_was_not_let_see() {
    let rule = "a copy by the host after VIDEO_DECODE_WRITE without a barrier to HOST_READ";
    says("host-image-copy", false, Layout::VIDEO_DECODE_DPB_KHR, rule);
}

#[test]
fn an_image_that_is_not_for_copies_by_the_host() {
    let (rig, _) = rig("host-image-copy");
    decoded(&rig, 0, true);
    let _result = copied(&rig, 0, Layout::VIDEO_DECODE_DPB_KHR, SIZE.width);
    let said = rig.heard();
    let rule = "VUID-VkCopyImageToMemoryInfo-srcImage-09113";
    assert!(said.iter().any(|line| line.contains(rule)), "{said:?}");
}

#[test]
fn a_region_outside_the_image() {
    let (rig, image) = rig("host-image-copy");
    decoded(&rig, image, true);
    let (result, bytes) = copied(&rig, image, Layout::VIDEO_DECODE_DPB_KHR, SIZE.width + 1);
    assert_ne!(result, vk::Result::SUCCESS);
    assert!(bytes.iter().all(|byte| *byte == 0xee));
}

#[test]
fn usage_and_extension_are_there_only_where_they_are_asked_for() {
    let offered = |config: &str| {
        let rig = Rig::with(config);
        // SAFETY: the only device of a living instance.
        unsafe {
            let physical = rig.instance.enumerate_physical_devices().expect("devices")[0];
            let all = rig.instance.enumerate_device_extension_properties(physical).expect("some");
            let name = Ok(ash::ext::host_image_copy::NAME);
            let listed = all.iter().any(|e| e.extension_name_as_c_str() == name);
            let mut host = vk::PhysicalDeviceHostImageCopyPropertiesEXT::default();
            let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut host);
            rig.instance.get_physical_device_properties2(physical, &mut properties);
            (listed, host.copy_src_layout_count)
        }
    };
    assert_eq!(offered("no-host-image-copy"), (false, 0));
    assert_eq!(offered(""), (true, 6));
    assert_eq!(offered("host-image-copy=general"), (true, 3));
    assert_eq!(offered("host-image-copy"), (true, 6));
}
