//! What the application has to keep to, checked at execution. A breach is reported with its VUID;
//! where going on makes no sense the decode fails.

use ash::vk;

use super::execute::Fault;
use super::op::{BeginOp, DecodeOp, Resource, Slot};
use super::session::{Session, State};
use crate::access::{Access, Tracker};
use crate::message::Messages;

/// Reports a breach of `vuid` (empty if it is none) at decode operation `frame` of its session.
pub(crate) fn report(messages: &Messages, vuid: &str, frame: Option<u64>, text: &str) {
    let at = frame.map(|n| format!("decode {n}: ")).unwrap_or_default();
    messages.error(vuid, &format!("{at}{text}"));
}

/// A slot that vkCmdBeginVideoCodingKHR lists with an index and a picture.
pub(crate) fn bound_slot(messages: &Messages, state: &State, slot: &Slot) {
    let held = usize::try_from(slot.index).ok().and_then(|i| state.slots.get(i)?.as_ref());
    match (held, &slot.resource) {
        (None, _) => report(
            messages,
            "VUID-vkCmdBeginVideoCodingKHR-slotIndex-07239",
            None,
            &format!("slot {} is bound, but not active", slot.index),
        ),
        (Some(held), Some(resource)) if !held.matches(resource) => report(
            messages,
            "VUID-vkCmdBeginVideoCodingKHR-pPictureResource-07265",
            None,
            &format!("slot {} is bound with a picture that it does not hold", slot.index),
        ),
        _ => {}
    }
}

/// Everything about one decode operation that does not depend on its pictures' contents.
pub(crate) fn decode(
    session: &Session,
    state: &State,
    begin: &BeginOp,
    op: &DecodeOp,
) -> Result<(), Fault> {
    if !session.is_bound() {
        return Err(Fault::new(
            "VUID-VkVideoBeginCodingInfoKHR-videoSession-07237",
            "the session has memory bindings without memory",
        ));
    }
    if !state.initialized {
        let vuid = "VUID-vkCmdDecodeVideoKHR-None-07011";
        return Err(Fault::new(vuid, "the session was never reset"));
    }
    bitstream(session, op)?;
    resources(session, op)?;
    setup(session, begin, op)?;
    references(state, begin, op)
}

/// The pictures of a decode: layouts, owners, and what has to be over before it.
pub(crate) fn pictures(tracker: &mut Tracker, session: &Session, op: &DecodeOp) {
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let mut touch = |resource: &Resource, access, layout, vuid| {
        let general = session.config.unified_layouts;
        let layouts = [layout, vk::ImageLayout::GENERAL];
        let legal = &layouts[..if general { 2 } else { 1 }];
        let layers = resource.layer..resource.layer.saturating_add(1);
        tracker.touch(&resource.view.image, layers, access, (legal, vuid));
    };
    let (dst, dpb) = (vk::ImageLayout::VIDEO_DECODE_DST_KHR, vk::ImageLayout::VIDEO_DECODE_DPB_KHR);
    for reference in op.references.iter().filter_map(|slot| slot.resource.as_ref()) {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-10804";
        touch(reference, Access::DecodeRead, dpb, vuid);
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
    let (width, height) = dst.extent;
    let (max_width, max_height) = session.max_coded_extent;
    if width == 0 || height == 0 || width > max_width || height > max_height {
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-07145";
        return Err(Fault::new(vuid, format!("codedExtent {width}x{height}")));
    }
    inside(dst, "output")?;
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let Some(setup) = setup else { return Ok(()) };
    inside(setup, "setup picture")?;
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
        if session.max_dpb_slots == 0 {
            return Ok(());
        }
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pDecodeInfo-08376", "no setup slot"));
    };
    let index = u32::try_from(setup.index).ok().filter(|i| *i < session.max_dpb_slots);
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

fn references(state: &State, begin: &BeginOp, op: &DecodeOp) -> Result<(), Fault> {
    for slot in &op.references {
        let held = usize::try_from(slot.index).ok().and_then(|i| state.slots.get(i)?.as_ref());
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
