//! What the application has to keep to, checked at execution. A breach is reported with its VUID;
//! where going on makes no sense the decode fails.

use ash::vk;

use super::fault::Fault;
use super::op::{BeginOp, DecodeOp, Resource};
use super::reference;
use super::session::Session;
use crate::access::{self, Access, Bytes, Tracker};

/// Everything about one decode operation that does not depend on its pictures' contents; whether
/// the session was reset, and the picture of each active slot.
pub(crate) fn decode(
    session: &Session,
    (initialized, slots): (bool, &[Option<Resource>]),
    begin: &BeginOp,
    op: &DecodeOp,
) -> Result<(), Fault> {
    if !session.is_bound() {
        return Err(Fault::new(
            "VUID-VkVideoBeginCodingInfoKHR-videoSession-07237",
            "the session has memory bindings without memory",
        ));
    }
    if !initialized {
        let vuid = "VUID-vkCmdDecodeVideoKHR-None-07011";
        return Err(Fault::new(vuid, "the session was never reset"));
    }
    bitstream(session, op)?;
    resources(session, op)?;
    setup(session, begin, op)?;
    references(session, slots, begin, op)
}

/// What is wrong with a decode operation, though it can be done: each with its VUID.
pub(crate) fn lesser(session: &Session, op: &DecodeOp) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if !op.src.profiles.has(&session.profile) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07135";
        found.push((vuid, "srcBuffer is of another profile than the session's".to_owned()));
    }
    if let Some(dst) = &op.dst {
        output(&mut found, session, dst);
    }
    for (i, slot) in op.references.iter().enumerate() {
        let before = &op.references[..i];
        if before.iter().any(|other| other.index == slot.index) {
            let vuid = "VUID-vkCmdDecodeVideoKHR-dpbFrameUseCount-07176";
            found.push((vuid, format!("slot {} is referred to twice", slot.index)));
        }
        let Some(resource) = &slot.resource else { continue };
        if before.iter().filter_map(|other| other.resource.as_ref()).any(|r| r.is_same(resource)) {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07264";
            found.push((vuid, format!("the picture of slot {} is referred to twice", slot.index)));
        }
        let names = op.picture.as_ref().map(|p| p.reference_name_slot_indices);
        if names.is_some_and(|names| !names.contains(&slot.index)) {
            let vuid = "VUID-vkCmdDecodeVideoKHR-slotIndex-09263";
            found.push((vuid, format!("slot {} is listed, but not named", slot.index)));
        }
    }
    if let Some(picture) = &op.picture {
        let std = &picture.info.std;
        if u64::from(picture.frame_header_offset) >= op.src_range {
            let vuid = "VUID-vkCmdDecodeVideoKHR-frameHeaderOffset-09251";
            let (offset, range) = (picture.frame_header_offset, op.src_range);
            found.push((vuid, format!("frameHeaderOffset {offset} of {range} bytes")));
        }
        if std.flags.apply_grain() != 0 && !session.profile.film_grain_support {
            let vuid = "VUID-vkCmdDecodeVideoKHR-filmGrainSupport-09248";
            let text = "apply_grain is 1 in a session without filmGrainSupport: there is no grain";
            found.push((vuid, text.to_owned()));
        } else if std.flags.apply_grain() != 0 && picture.info.film_grain.is_none() {
            let text = "StdVideoDecodeAV1PictureInfo::pFilmGrain is NULL, though apply_grain is 1: \
                        there is no grain";
            found.push(("", text.to_owned()));
        }
    }
    found
}

fn output(found: &mut Vec<(&'static str, String)>, session: &Session, dst: &Resource) {
    let (view, limits) = (&dst.view, &session.limits);
    if !view.image.profiles.has(&session.profile) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07142";
        found.push((vuid, "the output's image is of another profile than the session's".into()));
    }
    if view.format != limits.format {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07143";
        let text = format!("the output is {:?}, pictureFormat {:?}", view.format, limits.format);
        found.push((vuid, text));
    }
    if !view.image.usage.contains(vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07146";
        found.push((vuid, "the output's image has no usage VIDEO_DECODE_DST".to_owned()));
    }
}

/// The pictures of a decode: layouts, owners, and what has to be over before it.
pub(crate) fn pictures(tracker: &mut Tracker, session: &Session, op: &DecodeOp) {
    let bitstream = op.src_offset..op.src_offset.saturating_add(op.src_range);
    tracker.touch_buffer(&op.src, &[Bytes::all(bitstream)], Access::DecodeRead);
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let mut discarded = Vec::new();
    let mut touch = |resource: &Resource, access, layout, vuid| {
        let general = session.config.unified_layouts;
        let layouts = [layout, vk::ImageLayout::GENERAL];
        let legal = &layouts[..if general { 2 } else { 1 }];
        let layers = resource.layer..resource.layer.saturating_add(1);
        tracker.touch(&resource.view.image, layers, access, (legal, vuid));
    };
    let (dst, dpb) = (vk::ImageLayout::VIDEO_DECODE_DST_KHR, vk::ImageLayout::VIDEO_DECODE_DPB_KHR);
    for slot in &op.references {
        let Some(reference) = &slot.resource else { continue };
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-10804";
        touch(reference, Access::DecodeRead, dpb, vuid);
        if access::is_discarded(&reference.view.image, reference.layer) {
            discarded.push((slot, reference.layer));
        }
    }
    if let Some(setup) = setup {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-10803";
        touch(setup, Access::DecodeWrite, dpb, vuid);
    }
    let apart = |output: &&Resource| setup.is_none_or(|setup| !setup.is_same(output));
    if let Some(output) = op.dst.as_ref().filter(apart) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-10801";
        touch(output, Access::DecodeWrite, dst, vuid);
    }
    for (slot, layer) in discarded {
        let what = reference::name(op, slot.index);
        tracker.say("", &format!("{what} is layer {layer} of its image, {}", access::DISCARDED));
    }
}

fn bitstream(session: &Session, op: &DecodeOp) -> Result<(), Fault> {
    let (offset, size) = session.config.align;
    if !op.src_offset.is_multiple_of(offset) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07138";
        return Err(Fault::new(vuid, format!("srcBufferOffset {} is not aligned", op.src_offset)));
    }
    if !op.src_range.is_multiple_of(size) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07139";
        return Err(Fault::new(vuid, format!("srcBufferRange {} is not aligned", op.src_range)));
    }
    Ok(())
}

fn resources(session: &Session, op: &DecodeOp) -> Result<(), Fault> {
    let Some(dst) = &op.dst else {
        return Err(Fault::new("VUID-VkVideoDecodeInfoKHR-dstPictureResource", "no output"));
    };
    if let Some(text) = session.extent_fault(dst.extent) {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07145", text));
    }
    if dst.offset != (0, 0) {
        return Err(offset("VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07144", "output", dst));
    }
    inside(dst, "output")?;
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let Some(setup) = setup else { return Ok(()) };
    inside(setup, "setup picture")?;
    if setup.offset != (0, 0) {
        return Err(offset("VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07173", "setup picture", setup));
    }
    let grain = op.picture.as_ref().is_some_and(|p| p.info.std.flags.apply_grain() != 0)
        && session.profile.film_grain_support;
    match dst.matches(setup) {
        true if grain => {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-09249";
            Err(Fault::new(vuid, "film grain is applied to the reference picture itself"))
        }
        true if !session.config.coincide => {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07140";
            Err(Fault::new(vuid, "output and reference picture coincide"))
        }
        false if !session.config.distinct && !grain => {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07141";
            Err(Fault::new(vuid, "output and reference picture are distinct"))
        }
        _ => Ok(()),
    }
}

/// AV1 pictures begin at the image's first texel: the granularity of offsets is 0.
fn offset(vuid: &'static str, what: &str, resource: &Resource) -> Fault {
    let (x, y) = resource.offset;
    Fault::new(vuid, format!("codedOffset of the {what} is ({x}, {y}), AV1 has (0, 0) only"))
}

/// The layer lies inside the view, and the coded extent inside the image: that has no rule by
/// name, but there is nothing to write to.
fn inside(resource: &Resource, what: &str) -> Result<(), Fault> {
    let view = &resource.view;
    if resource.layer >= view.base_layer.saturating_add(view.layer_count) {
        let vuid = "VUID-VkVideoPictureResourceInfoKHR-baseArrayLayer-07175";
        return Err(Fault::new(vuid, format!("baseArrayLayer of the {what} is outside its view")));
    }
    let ((width, height), image) = (resource.extent, resource.view.image.extent);
    if width <= image.width && height <= image.height {
        return Ok(());
    }
    let text = format!(
        "codedExtent {width}x{height} of the {what} reaches outside its image of {}x{}",
        image.width, image.height
    );
    Err(Fault::new("", text))
}

fn setup(session: &Session, begin: &BeginOp, op: &DecodeOp) -> Result<(), Fault> {
    let Some(setup) = &op.setup else {
        if session.limits.slots == 0 {
            return Ok(());
        }
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pDecodeInfo-08376", "no setup slot"));
    };
    let index = u32::try_from(setup.index).ok().filter(|i| *i < session.limits.slots);
    let (Some(_), Some(resource)) = (index, &setup.resource) else {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07170";
        return Err(Fault::new(vuid, format!("setup slot {} or its picture", setup.index)));
    };
    let bound = begin.slots.iter().filter_map(|slot| slot.resource.as_ref());
    if !bound.clone().any(|bound| bound.matches(resource)) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07149";
        return Err(Fault::new(vuid, "the setup picture is not bound"));
    }
    layered(session, bound, resource)
}

/// Without SEPARATE_REFERENCE_IMAGES all reference pictures are layers of one image.
fn layered<'a>(
    session: &Session,
    mut bound: impl Iterator<Item = &'a Resource>,
    setup: &Resource,
) -> Result<(), Fault> {
    let same = |other: &Resource| std::sync::Arc::ptr_eq(&other.view.image, &setup.view.image);
    if !session.config.separate && !bound.all(same) {
        let vuid = "VUID-VkVideoBeginCodingInfoKHR-flags-07244";
        return Err(Fault::new(vuid, "reference pictures are in several images"));
    }
    Ok(())
}

fn references(
    session: &Session,
    slots: &[Option<Resource>],
    begin: &BeginOp,
    op: &DecodeOp,
) -> Result<(), Fault> {
    let (count, most) = (op.references.len(), session.limits.active);
    if count > most as usize {
        let vuid = "VUID-vkCmdDecodeVideoKHR-activeReferencePictureCount-07150";
        let text = format!("{count} reference pictures, maxActiveReferencePictures is {most}");
        return Err(Fault::new(vuid, text));
    }
    for slot in &op.references {
        let index = slot.index;
        if index < 0 {
            let vuid = "VUID-VkVideoDecodeInfoKHR-slotIndex-07171";
            return Err(Fault::new(vuid, format!("reference slot {index}")));
        }
        if index as u32 >= session.limits.slots {
            let vuid = "VUID-vkCmdDecodeVideoKHR-slotIndex-07256";
            let slots = session.limits.slots;
            return Err(Fault::new(vuid, format!("reference slot {index} of {slots} slots")));
        }
        if slot.resource.is_none() {
            let vuid = "VUID-VkVideoDecodeInfoKHR-pPictureResource-07172";
            return Err(Fault::new(vuid, format!("reference slot {index} has no picture")));
        }
        if let Some(resource) = slot.resource.as_ref().filter(|r| r.offset != (0, 0)) {
            let vuid = "VUID-vkCmdDecodeVideoKHR-codedOffset-07257";
            return Err(offset(vuid, &format!("picture of slot {index}"), resource));
        }
        let held = usize::try_from(slot.index).ok().and_then(|i| slots.get(i)?.as_ref());
        let matches = match (held, &slot.resource) {
            (Some(held), Some(resource)) => held.matches(resource),
            _ => false,
        };
        let bound = begin.slots.iter().any(|b| b.index == slot.index);
        if !matches || !bound {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07151";
            let text = format!("reference slot {} is not bound with its picture", slot.index);
            return Err(Fault::new(vuid, text));
        }
    }
    let names = op.picture.iter().flat_map(|p| p.reference_name_slot_indices);
    for name in names.filter(|name| *name >= 0) {
        if !op.references.iter().any(|slot| slot.index == name) {
            let vuid = "VUID-vkCmdDecodeVideoKHR-referenceNameSlotIndices-09262";
            return Err(Fault::new(vuid, format!("slot {name} is named, but not listed")));
        }
    }
    Ok(())
}
