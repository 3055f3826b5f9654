//! Each rule of the driver's checker, broken once: the message names it. And the same commands
//! without the mistake, of which nothing is said.

use std::sync::{Arc, PoisonError};

use ash::vk::native::StdVideoDecodeAV1PictureInfo;
use ash::vk::{self, ImageLayout as Layout};

use crate::record::{Decode, Picture, first, inter_frame, picture, right, second};
use crate::rig::{COPIES, DECODES, Kind, Rig};

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
    Decode {
        reset: false,
        names: [1; 7],
        bound,
        references: vec![(1, reference)],
        ..Decode::default()
    }
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
    decode("", "pPictureResource-07238", |d| d.bound.push((-1, Some(picture(0, 0)))));
    decode("", "slotIndex-04856", |d| d.bound.push((2, Some(picture(1, 0)))));
    decode("", "slotIndex-07239", |d| d.bound.push((0, None)));
}

#[test]
fn references_that_are_listed() {
    let twice = |d: &mut Decode| d.references = vec![(1, picture(1, 0)); 2];
    referring("dpbFrameUseCount-07176", twice);
    referring("pDecodeInfo-07264", twice);
    referring("activeReferencePictureCount-07150", twice);
    referring("slotIndex-09263", |d| d.names = [-1; 7]);
    referring("slotIndex-07256", |d| d.references[0].0 = 2);
    referring("slotIndex-07171", |d| d.references[0].0 = -1);
    referring("pDecodeInfo-07151", |d| d.reference_extent.width = 32);
    referring("codedOffset-07257", |d| d.reference_offset.x = 8);
    referring("pPictureResource-07265", |d| d.bound_extent.height = 32);
}

/// A decode with a mistake that refers to what was decoded before: `rule` is in what is said.
#[track_caller]
fn referring(rule: &str, wrong: impl FnOnce(&mut Decode)) {
    let rig = Rig::new();
    let key = first(0);
    let mut decode = second(inter_frame(1, 0), &key);
    assert_eq!(rig.decode_all(&[&key, &decode]), [""; 0]);
    wrong(&mut decode);
    let said = rig.decode_all(&[&key, &decode]);
    assert!(said.iter().any(|line| line.contains(rule)), "{rule}: {said:?}");
}

#[test]
fn extents_and_offsets() {
    decode("", "pDecodeInfo-07144", |d| d.offset.y = 8);
    decode("", "pDecodeInfo-07145", |d| d.extent.width = 129);
    decode("min-extent=65x16", "pDecodeInfo-07145", |_| ());
    decode("min-extent=65x16", "pPictureResource-07243", |_| ());
    decode("extent=32x64", "pDecodeInfo-07145", |_| ());
    decode("", "pPictureResource-07243", |d| d.bound_extent.height = 0);
    decode("", "pPictureResource-07242", |d| d.bound_offset.x = 1);
    decode("active=0", "activeReferencePictureCount-07150", |d| {
        d.references = vec![(1, picture(1, 0))];
    });
    decode("", "frameHeaderOffset-09251", |d| d.header_offset = d.src_range as u32);
}

/// What is said of a decode where `place` says, with an image of `kind`.
fn with_image(kind: Kind, place: impl FnOnce(&mut Decode, Picture)) -> Vec<String> {
    let mut rig = Rig::new();
    let other = picture(rig.add_image(kind), 0);
    let mut decode = right();
    place(&mut decode, other);
    rig.decode_all(&[&decode])
}

#[track_caller]
fn expect_said(said: &[String], rule: &str) {
    assert!(said.iter().any(|line| line.contains(rule)), "{rule}: {said:?}");
}

#[test]
fn images_of_another_profile_format_or_usage() {
    let reference = |d: &mut Decode, p: Picture| {
        (d.bound, d.setup, d.dst) = (vec![(-1, Some(p))], Some((0, p)), Some(p));
    };
    let output = |d: &mut Decode, p: Picture| d.dst = Some(p);
    assert_eq!(with_image(Kind::RIGHT, reference), [""; 0]);
    let grain = Kind { film_grain: Some(true), ..Kind::RIGHT };
    expect_said(&with_image(grain, reference), "pPictureResource-07240");
    expect_said(&with_image(grain, output), "pDecodeInfo-07142");
    let unlisted = Kind { listed: false, ..Kind::RIGHT };
    expect_said(&with_image(unlisted, reference), "VkImageCreateInfo-usage-04815");
    expect_said(&with_image(unlisted, reference), "pPictureResource-07240");
    let planar = Kind { format: vk::Format::G8_B8_R8_3PLANE_420_UNORM, ..Kind::RIGHT };
    expect_said(&with_image(planar, reference), "pPictureResource-07241");
    expect_said(&with_image(planar, output), "pDecodeInfo-07143");
    let ten_bits = vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16;
    let ten_bits = Kind { format: ten_bits, ..Kind::RIGHT };
    expect_said(&with_image(ten_bits, |_, _| ()), "VkImageCreateInfo-pNext-06811");
    let dpb = Kind { usage: vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR, ..Kind::RIGHT };
    expect_said(&with_image(dpb, output), "pDecodeInfo-07146");
}

#[test]
fn a_slot_whose_image_is_for_outputs_alone() {
    let mut rig = Rig::new();
    let dst = Kind { usage: vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR, ..Kind::RIGHT };
    let other = picture(rig.add_image(dst), 0);
    let mut key = first(0);
    (key.bound, key.setup, key.dst) = (vec![(-1, Some(other))], Some((1, other)), Some(other));
    rig.decode_all(&[&key]);
    let said = rig.decode_all(&[&second(inter_frame(1, 0), &key)]);
    expect_said(&said, "slotIndex-07245");
}

#[test]
fn a_layer_that_was_left_out_of_the_barriers() {
    let config = ["", "array"];
    for config in config {
        let rig = Rig::with(config);
        let to = picture(0, 1);
        let decode =
            Decode { bound: vec![(-1, Some(to))], setup: Some((0, to)), dst: Some(to), ..right() };
        rig.run(DECODES, |c| {
            rig.discard(c, picture(0, 0), Layout::VIDEO_DECODE_DPB_KHR);
            rig.record(c, &decode);
        });
        expect_said(&rig.heard(), "pDecodeInfo-10803");
    }
}

#[test]
fn film_grain_that_is_not_to_be_had() {
    let grain = |rig: Rig, info: fn(&mut StdVideoDecodeAV1PictureInfo)| {
        // A picture beside the reference picture.
        let mut decode = Decode { dst: Some(picture(0, 1)), ..right() };
        decode.info.iter_mut().for_each(info);
        rig.run(DECODES, |c| {
            rig.discard(c, picture(0, 0), Layout::VIDEO_DECODE_DPB_KHR);
            rig.discard(c, picture(0, 1), Layout::VIDEO_DECODE_DST_KHR);
            rig.record(c, &decode);
        });
        assert_eq!(rig.status(), 1);
        rig.heard()
    };
    let apply = |info: &mut StdVideoDecodeAV1PictureInfo| info.flags.set_apply_grain(1);
    assert_eq!(grain(Rig::with_film_grain(), |_| ()), [""; 0]);
    let said = grain(Rig::with_film_grain(), apply);
    expect_said(&said, "StdVideoDecodeAV1PictureInfo::pFilmGrain is NULL, though apply_grain is 1");
    expect_said(&grain(Rig::new(), apply), "filmGrainSupport-09248");
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
    // The decode waits for the host; the copy does not wait for the decode.
    rig.gated(
        |rig| rig.run(COPIES, |c| rig.copy(c, picture(0, 0), Layout::UNDEFINED)),
        |rig, c| {
            rig.discard(c, picture(0, 0), Layout::VIDEO_DECODE_DPB_KHR);
            rig.record(c, &Decode::default());
        },
    );
    expect(&rig, "hazard: a change of layout after TRANSFER_READ");
}

#[test]
fn discarded_contents() {
    let (dpb, src) = (Layout::VIDEO_DECODE_DPB_KHR, Layout::TRANSFER_SRC_OPTIMAL);
    let decoded = |old| {
        let rig = Rig::new();
        assert_eq!(rig.decode_all(&[&right()]), [""; 0]);
        rig.run(DECODES, |c| {
            rig.barrier(c, picture(0, 0), |b| b.old_layout(old).new_layout(src));
            rig.copy(c, picture(0, 0), src);
            rig.to_host(c);
        });
        let mut texels = rig.copied();
        texels.truncate(256);
        (rig.heard(), texels)
    };
    let (said, texels) = decoded(dpb);
    assert_eq!(said, [""; 0]);
    assert!(texels.iter().any(|texel| *texel != 0xa5));
    let (said, texels) = decoded(Layout::UNDEFINED);
    let text = "TRANSFER_READ of layer 0, the contents of which a barrier with oldLayout UNDEFINED";
    expect_said(&said, text);
    assert_eq!(texels, [0xa5; 256]);
}

#[test]
fn discarded_references() {
    let dpb = Layout::VIDEO_DECODE_DPB_KHR;
    let (key, inter) = (first(0), second(inter_frame(1, 0), &first(0)));
    let luma = |discard: bool| {
        let rig = Rig::new();
        rig.decode_all(&[&key]);
        if discard {
            rig.run(DECODES, |c| rig.discard(c, picture(1, 0), dpb));
        }
        let said = rig.decode_all(&[&inter]);
        (rig.luma(picture(0, 0)), said)
    };
    let ((right, silent), (wrong, said)) = (luma(false), luma(true));
    assert_eq!(silent, [""; 0]);
    expect_said(&said, "reference slot 1 (LAST_FRAME, LAST2_FRAME, LAST3_FRAME, GOLDEN_FRAME");
    expect_said(&said, "is layer 0 of its image, the contents of which a barrier with oldLayout");
    assert!(right != wrong);
    // What is written after it is not discarded.
    let rig = Rig::new();
    assert_eq!(rig.decode_all(&[&key, &key, &inter]), [""; 0]);
}
