//! What executed commands have made of images: the layout and the owner of each layer, and the
//! accesses that nothing orders yet. Breaches are reported; they do not stop anything.

pub(crate) mod buffer;
pub(crate) mod host;

use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use ash::vk::{self, AccessFlags2, ImageLayout, PipelineStageFlags2};

pub(crate) use self::buffer::BufferBarrier;
use crate::image::{Buffer, Image, store};
use crate::message::{Messages, report};
pub(crate) use crate::order::{Access, Bytes, Clock, LayerState, Past, QUEUES, Side};

/// An image memory barrier.
#[derive(Clone)]
pub(crate) struct ImageBarrier {
    pub(crate) image: Arc<Image>,
    pub(crate) layers: Range<u32>,
    pub(crate) from: Side,
    pub(crate) to: Side,
    pub(crate) old: ImageLayout,
    pub(crate) new: ImageLayout,
    /// Queue families of an ownership transfer.
    pub(crate) families: Option<(u32, u32)>,
}

/// A pipeline barrier.
#[derive(Clone, Default)]
pub(crate) struct Dependency {
    pub(crate) memory: Vec<(Side, Side)>,
    pub(crate) images: Vec<ImageBarrier>,
    pub(crate) buffers: Vec<BufferBarrier>,
}

/// Why contents are undefined.
pub(crate) const DISCARDED: &str =
    "the contents of which a barrier with oldLayout UNDEFINED has discarded";

/// One queue's view of it all.
pub(crate) struct Tracker {
    messages: Arc<Messages>,
    queue: usize,
    family: u32,
    batch: u64,
    known: Clock,
    /// Images that this queue has touched.
    touched: Vec<Weak<Image>>,
    /// Buffers that this queue has touched.
    buffers: Vec<Weak<Buffer>>,
    /// A barrier of this batch has ordered something after writes of the host.
    after_host: bool,
}

fn states(image: &Image) -> MutexGuard<'_, Vec<LayerState>> {
    image.states.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The layout of `layer` of `image`.
pub(crate) fn layout(image: &Image, layer: u32) -> ImageLayout {
    states(image).get(layer as usize).map_or(ImageLayout::UNDEFINED, |state| state.layout)
}

/// Whether a barrier from UNDEFINED has discarded `layer` of `image`, and nothing was written since.
pub(crate) fn is_discarded(image: &Image, layer: u32) -> bool {
    states(image).get(layer as usize).is_some_and(|state| state.discarded)
}

/// How many transfers have written `layer` of `image` so far, or barriers discarded it.
pub(crate) fn transfers(image: &Image, layer: u32) -> u64 {
    states(image).get(layer as usize).map_or(0, |state| state.transfers)
}

impl Tracker {
    /// For queue number `queue` of the device, of `family`.
    pub(crate) fn new(messages: &Arc<Messages>, queue: usize, family: u32) -> Self {
        let messages = Arc::clone(messages);
        Self {
            messages,
            queue,
            family,
            batch: 0,
            known: [0; QUEUES],
            touched: Vec::new(),
            buffers: Vec::new(),
            after_host: false,
        }
    }

    /// The next batch, submitted when all of `ended` had ended.
    pub(crate) fn start_batch(&mut self, ended: &Clock) {
        self.batch += 1;
        self.after_host = false;
        self.learn(ended);
        self.touched.retain(|image| image.strong_count() > 0);
        self.buffers.retain(|buffer| buffer.strong_count() > 0);
    }

    /// A semaphore tells that all of `clock` has ended.
    pub(crate) fn learn(&mut self, clock: &Clock) {
        self.known.iter_mut().zip(clock).for_each(|(known, ended)| *known = (*known).max(*ended));
    }

    /// What a semaphore tells that this batch signals.
    pub(crate) fn clock(&self) -> Clock {
        let mut clock = self.known;
        if let Some(own) = clock.get_mut(self.queue) {
            *own = self.batch;
        }
        clock
    }

    pub(crate) fn say(&self, vuid: &str, text: &str) {
        report(&self.messages, vuid, None, text);
    }

    fn remember(&mut self, image: &Arc<Image>) {
        let at = Arc::as_ptr(image);
        if !self.touched.iter().any(|known| std::ptr::eq(known.as_ptr(), at)) {
            self.touched.push(Arc::downgrade(image));
        }
    }

    /// A command that needs `layers` of `image` in one of `layouts`, by the rule `vuid`.
    pub(crate) fn touch(
        &mut self,
        image: &Arc<Image>,
        layers: Range<u32>,
        access: Access,
        (layouts, vuid): (&[ImageLayout], &str),
    ) {
        self.remember(image);
        let mut states = states(image);
        for layer in layers {
            let Some(state) = states.get_mut(layer as usize) else { continue };
            state.transfers += u64::from(access == Access::CopyWrite);
            if !layouts.contains(&state.layout) {
                let text = format!(
                    "{} of layer {layer} in layout {:?}, not {:?}",
                    access.name(),
                    state.layout,
                    layouts.first().copied().unwrap_or_default()
                );
                self.say(vuid, &text);
            }
            let owner = *state.owner.get_or_insert(self.family);
            if image.exclusive && owner != self.family {
                let text = format!(
                    "{} of layer {layer} by queue family {}, but family {owner} owns it",
                    access.name(),
                    self.family
                );
                self.say("", &text);
            }
            if let Some(text) = self.hazard(state, access) {
                self.say("", &format!("layer {layer}: {text}"));
            }
            if state.discarded && access == Access::CopyRead {
                self.say("", &format!("{} of layer {layer}, {DISCARDED}", access.name()));
            }
            state.discarded &= !access.writes();
            let writes = access.writes();
            state.past.retain(|past| !writes && past.batch > self.known[past.queue]);
            state.past.push(self.now(Some(access)));
        }
    }

    /// What happens here and now.
    fn now(&self, what: Option<Access>) -> Past {
        let after = Side { stages: Default::default(), access: Default::default() };
        Past { queue: self.queue, batch: self.batch, what, after }
    }

    /// An access that `access` conflicts with, and that nothing orders before it.
    fn hazard(&self, state: &LayerState, access: Access) -> Option<String> {
        self.unordered(state.past.iter(), access)
    }

    /// The first of `all` that `access` conflicts with, and that nothing orders before it.
    fn unordered<'a>(
        &self,
        mut all: impl Iterator<Item = &'a Past>,
        access: Access,
    ) -> Option<String> {
        let unordered = |past: &&Past| {
            let conflict = past.writes() || access.writes();
            let ended = past.batch <= self.known[past.queue];
            let barrier = past.queue == self.queue
                && if past.writes() { past.after.sees(access) } else { past.after.runs(access) };
            conflict && !ended && !barrier
        };
        let past = all.find(unordered)?;
        let where_ = if past.queue == self.queue { "barrier" } else { "semaphore" };
        Some(format!("hazard: {} after {} without a {where_}", access.name(), past.name()))
    }

    /// Whether a barrier of this batch has ordered something after writes of the host.
    pub(crate) fn is_after_host(&self) -> bool {
        self.after_host
    }

    /// A pipeline barrier.
    pub(crate) fn barrier(&mut self, dependency: &Dependency) {
        let host = |from: &Side| from.stages.contains(PipelineStageFlags2::HOST);
        self.after_host |= dependency.memory.iter().any(|(from, _)| host(from))
            || dependency.buffers.iter().any(|barrier| host(&barrier.from));
        for (from, to) in &dependency.memory {
            for image in self.touched.iter().filter_map(Weak::upgrade) {
                states(&image).iter_mut().for_each(|state| self.order(state, from, to));
            }
            self.order_buffers(from, to);
        }
        dependency.buffers.iter().for_each(|barrier| self.buffer_barrier(barrier));
        for barrier in &dependency.images {
            self.remember(&barrier.image);
            let mut states = states(&barrier.image);
            for layer in barrier.layers.clone() {
                if let Some(state) = states.get_mut(layer as usize) {
                    self.image_barrier(layer, state, barrier);
                    if barrier.old == ImageLayout::UNDEFINED {
                        state.discarded = true;
                        state.transfers += 1;
                        store::discard(&barrier.image, layer);
                    }
                }
            }
        }
    }

    /// Orders `to` after what `from` takes in.
    fn order(&self, state: &mut LayerState, from: &Side, to: &Side) {
        for past in state.past.iter_mut().filter(|past| past.queue == self.queue) {
            if takes_in(past, from) {
                past.after.stages |= to.stages;
                past.after.access |= to.access;
            }
        }
    }

    fn image_barrier(&self, layer: u32, state: &mut LayerState, barrier: &ImageBarrier) {
        let families = barrier.families.filter(|_| barrier.image.exclusive);
        let layouts = (barrier.old, barrier.new);
        let acquires = families.is_some_and(|(_, to)| to == self.family);
        if acquires {
            if state.released.take() != families.zip(Some(layouts)) {
                let vuid = "VUID-vkQueueSubmit2-commandBuffer-03879";
                self.say(vuid, &format!("layer {layer} is acquired, but was not released so"));
            }
        } else {
            self.check_old(layer, state, barrier);
            state.released = families.zip(Some(layouts));
            if families.is_none() && barrier.old == barrier.new {
                return self.order(state, &barrier.from, &barrier.to);
            }
        }
        let ordered = |past: &Past| {
            let ended = past.batch <= self.known[past.queue];
            ended || past.queue == self.queue && takes_in(past, &barrier.from)
        };
        if let Some(past) = state.past.iter().find(|past| !ordered(past)) {
            let text = format!("layer {layer}: hazard: a change of layout after {}", past.name());
            self.say("", &text);
        }
        self.transition(state, barrier);
    }

    /// What a barrier says of the layer before it.
    fn check_old(&self, layer: u32, state: &LayerState, barrier: &ImageBarrier) {
        if barrier.old == ImageLayout::UNDEFINED {
            return;
        }
        if barrier.old != state.layout {
            let (old, now) = (barrier.old, state.layout);
            let vuid = "VUID-VkImageMemoryBarrier2-oldLayout-01197";
            self.say(vuid, &format!("oldLayout of layer {layer} is {old:?}, it is in {now:?}"));
        }
        if barrier.image.exclusive && state.owner.is_some_and(|owner| owner != self.family) {
            let text = format!("a barrier of family {} for layer {layer} of another", self.family);
            self.say("", &text);
        }
    }

    /// The layer is in the new layout, and owned by this family unless it is released.
    fn transition(&self, state: &mut LayerState, barrier: &ImageBarrier) {
        state.past.clear();
        let (queue, batch) = (self.queue, self.batch);
        state.past.push(Past { queue, batch, what: None, after: barrier.to });
        if state.released.is_none() {
            state.layout = barrier.new;
            state.owner = Some(self.family);
        }
    }
}

/// Whether the first scope `from` has `past` in it, or something that was ordered after it.
fn takes_in(past: &Past, from: &Side) -> bool {
    let direct = past.what.is_some_and(|access| match access.writes() {
        true => from.sees(access),
        false => from.runs(access),
    });
    let all = PipelineStageFlags2::ALL_COMMANDS;
    let chained = past.after.stages.intersects(from.stages)
        || (from.stages.contains(all) && !past.after.stages.is_empty())
        || (past.after.stages.contains(all) && !from.stages.is_empty());
    direct || chained
}

/// The stages of vkCmdPipelineBarrier, in which the ends of the pipeline mean all of it.
pub(crate) fn stages(flags: vk::PipelineStageFlags) -> PipelineStageFlags2 {
    let ends = vk::PipelineStageFlags::TOP_OF_PIPE | vk::PipelineStageFlags::BOTTOM_OF_PIPE;
    let stages = PipelineStageFlags2::from_raw(flags.as_raw().into());
    if flags.intersects(ends) { stages | PipelineStageFlags2::ALL_COMMANDS } else { stages }
}

/// The accesses of vkCmdPipelineBarrier.
pub(crate) fn accesses(flags: vk::AccessFlags) -> AccessFlags2 {
    AccessFlags2::from_raw(flags.as_raw().into())
}

#[cfg(test)]
mod tests;
