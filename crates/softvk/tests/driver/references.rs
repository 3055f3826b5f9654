//! What is said of references that is not so: reported with slot, name, member and both values, and
//! nothing else comes of it.

use ash::vk::native::{StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo};

use crate::record::{Decode, first, inter_frame, picture, reference_info, second};
use crate::rig::Rig;

/// A key frame, an inter frame that refers to it, and one that refers to that.
fn three() -> [Decode; 3] {
    let key = first(5);
    let inter = second(inter_frame(9, 5), &key);
    let info = inter_frame(7, 9);
    let to = picture(1, 1);
    let last = Decode {
        setup_info: Some(reference_info(&info)),
        info: Some(info),
        names: [0; 7],
        reference_info: inter.setup_info,
        bound: vec![(0, Some(picture(0, 0))), (-1, Some(to))],
        references: vec![(0, picture(0, 0))],
        dst: Some(to),
        setup: Some((1, to)),
        ..second(info, &key)
    };
    [key, inter, last]
}

/// What is said of the three frames with a mistake in one of them; the pictures stay as they are.
fn said(wrong: impl FnOnce(&mut [Decode; 3])) -> Vec<String> {
    let decoded = |frames: &[Decode; 3]| {
        let rig = Rig::new();
        let said = rig.decode_all(&frames.each_ref());
        assert_eq!(rig.status(), 1, "{said:?}");
        (rig.luma(picture(1, 1)), said)
    };
    let mut frames = three();
    let (right, silent) = decoded(&frames);
    assert_eq!(silent, [""; 0]);
    wrong(&mut frames);
    let (luma, said) = decoded(&frames);
    assert!(luma == right, "another picture: {said:?}");
    said
}

#[track_caller]
fn one(expected: &str, wrong: impl FnOnce(&mut [Decode; 3])) {
    assert_eq!(said(wrong), [expected]);
}

fn setup(decode: &mut Decode) -> &mut StdVideoDecodeAV1ReferenceInfo {
    decode.setup_info.as_mut().expect("there")
}

fn reference(decode: &mut Decode) -> &mut StdVideoDecodeAV1ReferenceInfo {
    decode.reference_info.as_mut().expect("there")
}

fn info(decode: &mut Decode) -> &mut StdVideoDecodeAV1PictureInfo {
    decode.info.as_mut().expect("there")
}

const ALL: &str = "LAST_FRAME, LAST2_FRAME, LAST3_FRAME, GOLDEN_FRAME, BWDREF_FRAME, \
                   ALTREF2_FRAME, ALTREF_FRAME";

#[test]
fn of_a_reference() {
    let at = |text: &str| {
        format!(" decode 2: reference slot 0 ({ALL}): StdVideoDecodeAV1ReferenceInfo: {text}")
    };
    one(&at("OrderHint is 8, not 9"), |f| reference(&mut f[2]).OrderHint = 8);
    one(&at("frame_type is 0, not 1"), |f| reference(&mut f[2]).frame_type = 0);
    one(&at("flags.segmentation_enabled is 1, not 0"), |f| {
        reference(&mut f[2]).flags.set_segmentation_enabled(1);
    });
    one(&at("flags.disable_frame_end_update_cdf is 1, not 0"), |f| {
        reference(&mut f[2]).flags.set_disable_frame_end_update_cdf(1);
    });
    one(&at("RefFrameSignBias is 0x80, not 0x00"), |f| {
        reference(&mut f[2]).RefFrameSignBias = 0x80;
    });
    one(&at("SavedOrderHints[4] (GOLDEN_FRAME) is 0, not 5"), |f| {
        reference(&mut f[2]).SavedOrderHints[4] = 0;
    });
    one(&at("OrderHint is 0, not 9; SavedOrderHints[7] (ALTREF_FRAME) is 6, not 5"), |f| {
        (reference(&mut f[2]).OrderHint, reference(&mut f[2]).SavedOrderHints[7]) = (0, 6);
    });
    // Of a key frame there are no references to be known.
    let none = said(|f| {
        reference(&mut f[1]).SavedOrderHints = [3; 8];
        reference(&mut f[1]).RefFrameSignBias = 0xff;
    });
    assert_eq!(none, [""; 0]);
    one(
        &format!(
            "VUID-vkCmdDecodeVideoKHR-pNext-09255 decode 2: reference slot 0 ({ALL}) has no \
             StdVideoDecodeAV1ReferenceInfo"
        ),
        |f| f[2].reference_info = None,
    );
}

#[test]
fn of_the_frame_itself() {
    let at = |text| format!(" decode 2: setup slot 1: StdVideoDecodeAV1ReferenceInfo: {text}");
    // The reference comes after the frame, for all names.
    one(&at("RefFrameSignBias is 0x01, not 0xfe"), |f| setup(&mut f[2]).RefFrameSignBias ^= 0xff);
    one(&at("OrderHint is 0, not 7"), |f| setup(&mut f[2]).OrderHint = 0);
    one(&at("SavedOrderHints[1] (LAST_FRAME) is 0, not 9"), |f| {
        setup(&mut f[2]).SavedOrderHints[1] = 0;
    });
    // Whether they are filled at all is up to the client.
    assert_eq!(said(|f| setup(&mut f[2]).SavedOrderHints = [0; 8]), [""; 0]);
    one(
        "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-09254 decode 0: setup slot 1 has no \
         StdVideoDecodeAV1ReferenceInfo",
        |f| f[0].setup_info = None,
    );
}

#[test]
fn of_the_picture() {
    let at = |text| format!(" decode 2: StdVideoDecodeAV1PictureInfo: {text}");
    one(&at("OrderHints[7] (ALTREF_FRAME) is 0, not 9"), |f| info(&mut f[2]).OrderHints[7] = 0);
    one(&at("OrderHints[1] (LAST_FRAME) is 0, not 9"), |f| info(&mut f[2]).OrderHints[1] = 0);
    // A name without a picture has no hint.
    assert_eq!(said(|f| info(&mut f[0]).OrderHints = [3; 8]), [""; 0]);
}
