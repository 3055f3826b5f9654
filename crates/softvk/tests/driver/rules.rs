//! Each rule of the driver's checker, broken once: the message names it. And the same commands
//! without the mistake, of which nothing is said.

use std::sync::{Arc, PoisonError};

use ash::vk::{self, ImageLayout as Layout};

use crate::record::{Decode, Picture, picture};
use crate::rig::{COPIES, DECODES, Rig};

/// What is said of a decode of zeros, other than that it cannot be decoded.
fn heard(rig: &Rig) -> Vec<String> {
    rig.heard().into_iter().filter(|line| !line.contains("is NULL")).collect()
}

/// A decode with a mistake on a driver of `config`: some message contains `rule`.
#[track_caller]
fn decode(config: &str, rule: &str, wrong: impl FnOnce(&mut Decode)) {
    let (_, said) = Rig::with(config).decode(wrong);
    assert!(said.iter().any(|line| line.contains(rule)), "{rule}: {said:?}");
}

/// What `record` does on the decode family, on a fresh rig: `rule` is in what is said, and nothing
/// is said if it is empty.
#[track_caller]
fn commands(rule: &str, record: impl FnOnce(&Rig, vk::CommandBuffer)) {
    let rig = Rig::new();
    rig.run(DECODES, |commands| record(&rig, commands));
    expect(&rig, rule);
}

#[track_caller]
fn expect(rig: &Rig, rule: &str) {
    let said = heard(rig);
    match rule {
        "" => assert_eq!(said, [""; 0]),
        rule => assert!(said.iter().any(|line| line.contains(rule)), "{rule}: {said:?}"),
    }
}

/// A decode to `output`, with the reference picture `setup` in slot 0.
fn to(output: Picture, setup: Picture) -> Decode {
    let bound = vec![(-1, Some(setup))];
    Decode { dst: Some(output), setup: Some((0, setup)), bound, ..Decode::default() }
}

/// A decode to (0, 0) in slot 0 that refers to `reference` in slot 1.
fn from(reference: Picture) -> Decode {
    let bound = vec![(-1, Some(picture(0, 0))), (1, Some(reference))];
    Decode { reset: false, bound, references: vec![(1, reference)], ..Decode::default() }
}

/// A decode to (1, 0) in slot 1.
fn other() -> Decode {
    let decode = to(picture(1, 0), picture(1, 0));
    Decode { setup: Some((1, picture(1, 0))), ..decode }
}

#[test]
fn slots_that_are_bound() {
    decode("", "slotIndex-07239", |d| d.bound.push((1, Some(picture(1, 0)))));
    commands("pPictureResource-07265", |rig, c| {
        rig.record(c, &other());
        rig.record(c, &from(picture(1, 1)));
    });
    decode("", "pDecodeInfo-07149", |d| d.bound.clear());
    commands("pDecodeInfo-07151", |rig, c| {
        rig.record(c, &other());
        rig.record(c, &from(picture(1, 1)));
    });
    decode("array", "flags-07244", |d| d.bound.push((-1, Some(picture(1, 0)))));
}

#[test]
fn parameters_of_a_decode() {
    decode("align=256/128", "pDecodeInfo-07138", |d| d.src_offset = 128);
    decode("align=256/128", "pDecodeInfo-07139", |d| d.src_range = 100);
    decode("", "dstPictureResource", |d| d.dst = None);
    decode("", "baseArrayLayer-07175", |d| {
        d.dst = Some(Picture { base: 1, ..picture(0, 0) });
    });
    decode("", "pDecodeInfo-08376", |d| d.setup = None);
    decode("", "pTileOffsets-09252", |d| d.tile_sizes = vec![1 << 20]);
    decode("", "None-10407", |d| d.parameters = false);
    decode("", "pNext-09250", |d| d.chain = false);
}

#[test]
fn film_grain_on_the_reference_picture() {
    let (_, said) = Rig::with_film_grain().decode(|d| {
        if let Some(info) = &mut d.info {
            info.flags.set_apply_grain(1);
        }
    });
    assert!(said.iter().any(|line| line.contains("pDecodeInfo-09249")), "{said:?}");
}

#[test]
fn session_parameters() {
    let rig = Rig::new();
    let info = vk::VideoSessionParametersCreateInfoKHR::default().video_session(rig.session);
    let update = vk::VideoSessionParametersUpdateInfoKHR::default();
    let mut made = vk::VideoSessionParametersKHR::null();
    let (device, none) = (rig.device.handle(), std::ptr::null());
    // SAFETY: handles of this rig; the mistakes are on purpose.
    unsafe {
        let created =
            (rig.queue_fns.create_video_session_parameters_khr)(device, &info, none, &mut made);
        assert_eq!(created, vk::Result::ERROR_INITIALIZATION_FAILED);
        expect(&rig, "VkVideoSessionParametersCreateInfoKHR-videoSession-09259");
        let update =
            (rig.queue_fns.update_video_session_parameters_khr)(device, rig.parameters, &update);
        assert_eq!(update, vk::Result::ERROR_INVALID_VIDEO_STD_PARAMETERS_KHR);
    }
    expect(&rig, "vkUpdateVideoSessionParametersKHR-videoSessionParameters-09260");
}

#[test]
fn objects_that_outlive_their_device() {
    let rig = Rig::new();
    let heard = Arc::clone(&rig.heard);
    // SAFETY: a device; the event is left on purpose.
    unsafe { rig.device.create_event(&vk::EventCreateInfo::default(), None) }.expect("an event");
    drop(rig);
    let said = heard.lock().unwrap_or_else(PoisonError::into_inner).join(" ");
    assert!(said.contains("vkDestroyDevice-device-05137"), "{said}");
    assert!(said.contains("1 objects of kind Event"), "{said}");
}

#[test]
fn relation_of_output_and_reference_picture() {
    decode("distinct", "pDecodeInfo-07140", |_| ());
    decode("coincide", "pDecodeInfo-07141", |d| d.dst = Some(picture(0, 1)));
}

#[test]
fn layouts() {
    let (dst, dpb) = (Layout::VIDEO_DECODE_DST_KHR, Layout::VIDEO_DECODE_DPB_KHR);
    let distinct = |output, setup| {
        move |rig: &Rig, c| {
            rig.discard(c, picture(0, 0), output);
            rig.discard(c, picture(0, 1), setup);
            rig.record(c, &to(picture(0, 0), picture(0, 1)));
        }
    };
    commands("", distinct(dst, dpb));
    commands("pDecodeInfo-10801", distinct(dpb, dpb));
    commands("pDecodeInfo-10803", distinct(dst, dst));
    // unifiedImageLayoutsVideo is not enabled.
    commands("pDecodeInfo-10801", distinct(Layout::GENERAL, dpb));
    let reference = |layout| {
        move |rig: &Rig, c| {
            rig.discard(c, picture(0, 0), dpb);
            rig.discard(c, picture(1, 0), dpb);
            rig.record(c, &other());
            rig.barrier(c, picture(1, 0), |b| b.old_layout(dpb).new_layout(layout));
            rig.record(c, &from(picture(1, 0)));
        }
    };
    commands("", reference(dpb));
    commands("pDecodeInfo-10804", reference(dst));
}

#[test]
fn barriers_and_copies_name_the_layout_that_there_is() {
    let (dpb, src) = (Layout::VIDEO_DECODE_DPB_KHR, Layout::TRANSFER_SRC_OPTIMAL);
    let shown = |old, copied| {
        move |rig: &Rig, c| {
            rig.discard(c, picture(0, 0), dpb);
            rig.record(c, &Decode::default());
            rig.barrier(c, picture(0, 0), |b| b.old_layout(old).new_layout(src));
            rig.copy(c, picture(0, 0), copied);
        }
    };
    commands("", shown(dpb, src));
    commands("VkImageMemoryBarrier2-oldLayout-01197", shown(src, src));
    commands("vkCmdCopyImageToBuffer-srcImageLayout-00189", shown(dpb, Layout::GENERAL));
}

#[test]
fn missing_barriers() {
    let dpb = Layout::VIDEO_DECODE_DPB_KHR;
    let decoded = |stage, access| {
        move |rig: &Rig, c| {
            rig.discard(c, picture(0, 0), dpb);
            rig.discard(c, picture(1, 0), dpb);
            rig.record(c, &other());
            rig.barrier(c, picture(1, 0), |b| {
                let b = b.old_layout(dpb).new_layout(dpb);
                b.src_stage_mask(stage).src_access_mask(access)
            });
            rig.record(c, &from(picture(1, 0)));
        }
    };
    use vk::{AccessFlags2 as A, PipelineStageFlags2 as S};
    commands("", decoded(S::VIDEO_DECODE_KHR, A::VIDEO_DECODE_WRITE_KHR));
    let hazard = "hazard: VIDEO_DECODE_READ after VIDEO_DECODE_WRITE without a barrier";
    commands(hazard, decoded(S::COPY, A::TRANSFER_WRITE));
    commands(hazard, decoded(S::VIDEO_DECODE_KHR, A::empty()));
    commands("hazard: VIDEO_DECODE_WRITE after VIDEO_DECODE_WRITE", |rig, c| {
        rig.discard(c, picture(0, 0), dpb);
        rig.record(c, &Decode::default());
        rig.record(c, &Decode::default());
    });
    commands("hazard: a change of layout after VIDEO_DECODE_WRITE", |rig, c| {
        rig.discard(c, picture(0, 0), dpb);
        rig.record(c, &Decode::default());
        rig.barrier(c, picture(0, 0), |b| {
            let b = b.old_layout(dpb).new_layout(Layout::TRANSFER_SRC_OPTIMAL);
            b.src_stage_mask(S::COPY).src_access_mask(A::TRANSFER_WRITE)
        });
    });
}

/// Decodes on one family and copies on the other, with the given halves of a transfer.
fn handed_over(release: bool, acquire: bool) -> Rig {
    let rig = Rig::new();
    let (dpb, src) = (Layout::VIDEO_DECODE_DPB_KHR, Layout::TRANSFER_SRC_OPTIMAL);
    let transfer = |c| {
        rig.barrier(c, picture(0, 0), |b| {
            let b = b.old_layout(dpb).new_layout(src);
            b.src_queue_family_index(DECODES).dst_queue_family_index(COPIES)
        });
    };
    rig.run(DECODES, |c| {
        rig.discard(c, picture(0, 0), dpb);
        rig.record(c, &Decode::default());
        if release {
            transfer(c);
        }
    });
    rig.run(COPIES, |c| {
        if acquire {
            transfer(c);
        }
        rig.copy(c, picture(0, 0), if acquire { src } else { dpb });
    });
    rig
}

#[test]
fn queue_family_ownership() {
    expect(&handed_over(true, true), "");
    expect(&handed_over(false, false), "by queue family 0, but family 1 owns it");
    expect(&handed_over(false, true), "VUID-vkQueueSubmit2-commandBuffer-03879");
    let rig = handed_over(true, true);
    rig.run(DECODES, |c| {
        rig.barrier(c, picture(0, 0), |b| {
            b.old_layout(Layout::TRANSFER_SRC_OPTIMAL).new_layout(Layout::VIDEO_DECODE_DPB_KHR)
        });
    });
    expect(&rig, "a barrier of family 1 for layer 0 of another");
}

#[test]
fn missing_semaphores() {
    let rig = Rig::new();
    let dpb = Layout::VIDEO_DECODE_DPB_KHR;
    let mut kind =
        vk::SemaphoreTypeCreateInfo::default().semaphore_type(vk::SemaphoreType::TIMELINE);
    let info = vk::SemaphoreCreateInfo::default().push_next(&mut kind);
    // SAFETY: a device with timeline semaphores.
    let gate = unsafe { rig.device.create_semaphore(&info, None) }.expect("a semaphore");
    let (waits, values) = ([gate], [1]);
    let mut at_one = vk::TimelineSemaphoreSubmitInfo::default().wait_semaphore_values(&values);
    // The decode waits for the host; the copy does not wait for the decode.
    rig.submit(DECODES, &mut at_one, &waits, |c| {
        rig.discard(c, picture(0, 0), dpb);
        rig.record(c, &Decode::default());
    });
    rig.run(COPIES, |c| rig.copy(c, picture(0, 0), Layout::UNDEFINED));
    let signal = vk::SemaphoreSignalInfo::default().semaphore(gate).value(1);
    // SAFETY: as above; the queue is idle before the semaphore goes.
    unsafe {
        rig.device.signal_semaphore(&signal).expect("signalled");
        rig.device.queue_wait_idle(rig.queue(DECODES)).expect("idle");
        rig.device.destroy_semaphore(gate, None);
    }
    expect(&rig, "hazard: a change of layout after TRANSFER_READ");
}
