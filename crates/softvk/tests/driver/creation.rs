//! The rules for making sessions, their parameters, images and buffers, each broken once.

use ash::vk;

use crate::make::{sequence_header, session_info, std_header};
use crate::record::right;
use crate::rig::{Rig, with_profile};

/// What is said of a session with a mistake, on a driver of `config`.
fn session(
    config: &str,
    wrong: impl FnOnce(vk::VideoSessionCreateInfoKHR<'_>) -> vk::VideoSessionCreateInfoKHR<'_>,
) -> Vec<String> {
    let rig = Rig::with(config);
    rig.heard();
    let version = std_header();
    with_profile(|profile| {
        let info = wrong(session_info(profile, &version));
        let (device, none) = (rig.device.handle(), std::ptr::null());
        let mut session = vk::VideoSessionKHR::null();
        // SAFETY: a living device; the mistakes are on purpose.
        unsafe {
            (rig.queue_fns.create_video_session_khr)(device, &info, none, &mut session)
                .result()
                .expect("made all the same");
            (rig.queue_fns.destroy_video_session_khr)(device, session, none);
        }
    });
    rig.heard()
}

#[track_caller]
fn said(said: &[String], rule: &str) {
    assert!(said.len() == 1 && said[0].contains(rule), "{rule}: {said:?}");
}

#[test]
fn sessions() {
    assert_eq!(session("", |s| s), [""; 0]);
    said(&session("", |s| s.max_dpb_slots(10)), "VkVideoSessionCreateInfoKHR-maxDpbSlots-04847");
    said(&session("slots=1", |s| s), "maxDpbSlots-04847");
    let active = "maxActiveReferencePictures-04849";
    said(&session("", |s| s.max_active_reference_pictures(8)), active);
    said(&session("", |s| s.max_active_reference_pictures(0)), "maxDpbSlots-04850");
    said(&session("min-extent=129x16", |s| s), "maxCodedExtent-04851");
    said(&session("extent=128x127", |s| s), "maxCodedExtent-04851");
    // Ten bits, and a format of outputs where reference pictures have others.
    let wide = vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16;
    said(&session("", |s| s.reference_picture_format(wide)), "referencePictureFormat-04852");
    said(&session("", |s| s.picture_format(wide)), "pictureFormat-04853");
    said(&session("distinct,other-dpb", |s| s), "referencePictureFormat-04852");
    let planar = vk::Format::G8_B8_R8_3PLANE_420_UNORM;
    let other_dpb = session("distinct,other-dpb", |s| s.reference_picture_format(planar));
    assert_eq!(other_dpb, [""; 0]);
}

#[test]
fn session_parameters() {
    let rig = Rig::new();
    let expect = |rule: &str| said(&rig.heard(), rule);
    let header = sequence_header();
    let info = vk::VideoSessionParametersCreateInfoKHR::default().video_session(rig.session);
    let (device, none) = (rig.device.handle(), std::ptr::null());
    let create = |info: &vk::VideoSessionParametersCreateInfoKHR<'_>| {
        let mut made = vk::VideoSessionParametersKHR::null();
        // SAFETY: handles of this rig; the mistakes are on purpose.
        unsafe {
            let create = rig.queue_fns.create_video_session_parameters_khr;
            let result = create(device, info, none, &mut made);
            (rig.queue_fns.destroy_video_session_parameters_khr)(device, made, none);
            result
        }
    };
    assert_eq!(create(&info), vk::Result::ERROR_INITIALIZATION_FAILED);
    expect("VkVideoSessionParametersCreateInfoKHR-videoSession-09259");
    let mut null = vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default();
    assert_eq!(create(&info.push_next(&mut null)), vk::Result::ERROR_INITIALIZATION_FAILED);
    expect("VkVideoDecodeAV1SessionParametersCreateInfoKHR-pStdSequenceHeader-parameter");
    let mut av1 =
        vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default().std_sequence_header(&header);
    let template = info.video_session_parameters_template(rig.parameters);
    assert_eq!(create(&template.push_next(&mut av1)), vk::Result::SUCCESS);
    expect("VkVideoSessionParametersCreateInfoKHR-videoSession-09258");
    let update = vk::VideoSessionParametersUpdateInfoKHR::default();
    // SAFETY: as above.
    let update = unsafe {
        (rig.queue_fns.update_video_session_parameters_khr)(device, rig.parameters, &update)
    };
    assert_eq!(update, vk::Result::ERROR_INVALID_VIDEO_STD_PARAMETERS_KHR);
    expect("vkUpdateVideoSessionParametersKHR-videoSessionParameters-09260");
}

#[test]
fn session_parameters_of_a_scope() {
    let rig = Rig::with("no-maintenance2");
    let (_, heard) = rig.decode(|d| {
        *d = right();
        d.parameters = false;
    });
    assert!(heard.iter().any(|l| l.contains("VideoBeginCodingInfoKHR-videoSession-09261")));
    let (mut rig, other) = (Rig::new(), Rig::new());
    let own = std::mem::replace(&mut rig.parameters, other.parameters);
    let (_, heard) = rig.decode(|d| *d = right());
    rig.parameters = own;
    said(&heard, "VkVideoBeginCodingInfoKHR-videoSessionParameters-04857");
}

#[test]
fn buffers() {
    let mut rig = Rig::new();
    let info = vk::BufferCreateInfo::default()
        .size(4096)
        .usage(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR);
    // SAFETY: a living device; the mistakes are on purpose.
    let buffer = unsafe { rig.device.create_buffer(&info, None) }.expect("made all the same");
    said(&rig.heard(), "VkBufferCreateInfo-usage-04813");
    let own = std::mem::replace(&mut rig.buffer, buffer);
    let (_, heard) = rig.decode(|d| *d = right());
    rig.buffer = own;
    // SAFETY: the queue is idle.
    unsafe { rig.device.destroy_buffer(buffer, None) };
    assert!(heard.iter().any(|line| line.contains("pDecodeInfo-07135")), "{heard:?}");
}
