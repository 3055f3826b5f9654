//! What copies and changes of layout by the host (VK_EXT_host_image_copy) make of images.

use std::ops::Range;

use ash::vk::{AccessFlags2, ImageLayout, PipelineStageFlags2};

use super::{DISCARDED, Past, states};
use crate::image::Image;

/// What is wrong with a copy by the host from or to `layers` of `image` in `layout`, and whether it
/// is the layout.
pub(crate) fn copied(
    image: &Image,
    layers: Range<u32>,
    layout: ImageLayout,
) -> Vec<(bool, String)> {
    let mut wrong = Vec::new();
    for layer in layers {
        let states = states(image);
        let Some(state) = states.get(layer as usize) else { continue };
        if state.layout != layout {
            let now = state.layout;
            wrong.push((true, format!("layer {layer} is said to be {layout:?}, it is in {now:?}")));
        }
        let read = AccessFlags2::HOST_READ | AccessFlags2::MEMORY_READ;
        let seen = |past: &Past| {
            past.after.stages.contains(PipelineStageFlags2::HOST)
                && past.after.access.intersects(read)
        };
        if let Some(past) = state.past.iter().find(|past| past.writes() && !seen(past)) {
            let text = format!(
                "layer {layer}: hazard: a copy by the host after {} without a barrier to HOST_READ",
                past.name()
            );
            wrong.push((false, text));
        }
        if state.discarded {
            wrong.push((false, format!("a copy by the host of layer {layer}, {DISCARDED}")));
        }
    }
    wrong
}

/// The host has written `layer` of `image`.
pub(crate) fn written(image: &Image, layer: u32) {
    if let Some(state) = states(image).get_mut(layer as usize) {
        state.transfers += 1;
        state.discarded = false;
    }
}

/// The host puts `layers` of `image` in another layout; what is wrong with that.
pub(crate) fn laid_out(
    image: &Image,
    layers: Range<u32>,
    old: ImageLayout,
    new: ImageLayout,
) -> Option<String> {
    let mut wrong = None;
    for layer in layers {
        let mut states = states(image);
        let Some(state) = states.get_mut(layer as usize) else { continue };
        let now = std::mem::replace(&mut state.layout, new);
        if old != now && old != ImageLayout::UNDEFINED {
            wrong = Some(format!("oldLayout of layer {layer} is {old:?}, it is in {now:?}"));
        }
    }
    wrong
}
