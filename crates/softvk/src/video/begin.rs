//! What the application has to keep to when it begins a video coding scope, checked at execution.
//! A breach is reported with its VUID; the scope begins all the same.

use std::sync::Weak;

use ash::vk;

use super::op::{BeginOp, Resource, Slot};
use super::session::{Session, State};
use crate::message::{Messages, report};

/// vkCmdBeginVideoCodingKHR, before it does anything.
pub(crate) fn check(messages: &Messages, state: &State, begin: &BeginOp) {
    let session = &begin.session;
    match &begin.parameters {
        None if !session.config.maintenance2 => {
            let vuid = "VUID-VkVideoBeginCodingInfoKHR-videoSession-09261";
            report(messages, vuid, None, "a coding scope without session parameters");
        }
        Some(parameters)
            if Weak::as_ptr(&parameters.session) != std::sync::Arc::as_ptr(session) =>
        {
            let vuid = "VUID-VkVideoBeginCodingInfoKHR-videoSessionParameters-04857";
            report(messages, vuid, None, "the session parameters are of another session");
        }
        _ => {}
    }
    for (i, bound) in begin.slots.iter().enumerate() {
        if bound.index >= 0 {
            slot(messages, state, session, bound);
        }
        let Some(resource) = &bound.resource else { continue };
        let mut before = begin.slots[..i].iter().filter_map(|slot| slot.resource.as_ref());
        if before.any(|other| other.is_same(resource)) {
            let vuid = "VUID-VkVideoBeginCodingInfoKHR-pPictureResource-07238";
            report(messages, vuid, None, &format!("the picture of {} is bound twice", name(bound)));
        }
        picture(messages, session, bound, resource);
    }
}

/// What a bound slot is in messages.
fn name(slot: &Slot) -> String {
    match slot.index {
        index if index < 0 => "the setup slot".to_owned(),
        index => format!("slot {index}"),
    }
}

/// A slot that is bound by its index, with a picture or to be deactivated.
fn slot(messages: &Messages, state: &State, session: &Session, slot: &Slot) {
    let held = usize::try_from(slot.index).ok().and_then(|i| state.slots.get(i)?.as_ref());
    let matches = |held: &Resource| slot.resource.as_ref().is_none_or(|r| held.matches(r));
    let (rule, text) = match held {
        _ if slot.index as u32 >= session.limits.slots => (
            "VUID-VkVideoBeginCodingInfoKHR-slotIndex-04856",
            format!("slot {} is bound, of {} slots", slot.index, session.limits.slots),
        ),
        None => (
            "VUID-vkCmdBeginVideoCodingKHR-slotIndex-07239",
            format!("slot {} is bound, but not active", slot.index),
        ),
        Some(held) if !matches(held) => (
            "VUID-vkCmdBeginVideoCodingKHR-pPictureResource-07265",
            format!("slot {} is bound with a picture that it does not hold", slot.index),
        ),
        Some(_) => return,
    };
    report(messages, rule, None, &text);
}

/// A picture that is bound.
fn picture(messages: &Messages, session: &Session, slot: &Slot, resource: &Resource) {
    let (view, limits) = (&resource.view, &session.limits);
    let error = |rule: &str, text: &str| {
        let vuid = format!("VUID-VkVideoBeginCodingInfoKHR-{rule}");
        report(messages, &vuid, None, &format!("the picture of {}: {text}", name(slot)));
    };
    if !view.image.profiles.has(&session.profile) {
        error("pPictureResource-07240", "its image is of another profile than the session's");
    }
    if view.format != limits.reference_format {
        let text = format!("{:?}, not {:?}", view.format, limits.reference_format);
        error("pPictureResource-07241", &text);
    }
    if resource.offset != (0, 0) {
        let (x, y) = resource.offset;
        error("pPictureResource-07242", &format!("codedOffset is ({x}, {y}), not (0, 0)"));
    }
    if let Some(text) = session.extent_fault(resource.extent) {
        error("pPictureResource-07243", &text);
    }
    let usage = view.image.usage;
    if slot.index >= 0 && !usage.contains(vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR) {
        error("slotIndex-07245", "its image has no usage VIDEO_DECODE_DPB");
    }
}
