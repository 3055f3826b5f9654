//! Submissions: what was recorded becomes the capture, in the order of submission.

use std::collections::HashMap;

use ash::vk;
use ash::vk::Handle;

use super::chain::array;
use super::device::{self, Device};
use super::{bytes, note, pictures};
use crate::capture::{Pictures, Seen, Submitted};
use crate::state::{Image, Op, Parameters, Resource, Slot, State, View};

/// A frame that a batch decodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded {
    pub(super) session: u64,
    pub(super) frame: u64,
    /// The image and the layer of the output.
    pub(super) image: u64,
    pub(super) layer: u32,
    /// codedExtent of the output.
    pub(super) extent: (u32, u32),
}

/// The images of a device, for the capture.
struct Images<'a> {
    images: &'a HashMap<u64, Image>,
    views: &'a HashMap<u64, View>,
}

impl Pictures for Images<'_> {
    fn picture(&self, resource: &Resource) -> Option<Seen> {
        let view = self.views.get(&resource.view)?;
        let layer = view.base_layer + resource.base_layer;
        let image = self.images.get(&view.image)?;
        Some(Seen {
            image: image.number,
            layer,
            layers: image.layouts.len(),
            format: image.format,
            extent: image.extent,
            usage: image.usage,
            flags: image.flags,
            layout: image.layouts.get(layer as usize).copied().unwrap_or_default(),
        })
    }
}

/// An open coding scope.
struct Scope {
    session: u64,
    parameters: Option<std::sync::Arc<Parameters>>,
    slots: Vec<Slot>,
}

/// Captures what the command buffers of one batch do.
fn batch(
    device: &Device,
    state: &mut State,
    queue: vk::Queue,
    commands: impl Iterator<Item = u64>,
) -> Vec<Decoded> {
    let mut decoded = Vec::new();
    let queue = state.queues.get(&queue.as_raw()).copied().unwrap_or((u32::MAX, 0));
    for commands in commands {
        let Some(ops) = state.commands.get(&commands).cloned() else { continue };
        let mut scope = None;
        for op in ops {
            match op {
                Op::Layout { image, layers: (first, end), to } => {
                    let image = state.images.get_mut(&image);
                    let layouts =
                        image.and_then(|i| i.layouts.get_mut(first as usize..end as usize));
                    layouts.into_iter().flatten().for_each(|layout| *layout = to);
                }
                Op::Begin { session, parameters, slots } => {
                    if let Some(session) = state.sessions.get_mut(&session) {
                        let unbound = slots.iter().filter(|slot| slot.resource.is_none());
                        unbound.for_each(|slot| session.deactivate(slot.index));
                    }
                    scope = Some(Scope { session, parameters, slots });
                }
                Op::Reset => {
                    let session = scope.as_ref().map(|scope| scope.session);
                    if let Some(session) = session.and_then(|s| state.sessions.get_mut(&s)) {
                        session.reset();
                    }
                }
                Op::Decode(decode) => {
                    let Some(scope) = &scope else { continue };
                    let tiles = bytes::tiles(device, state, &decode);
                    let frame = Submitted {
                        decode: &decode,
                        parameters: scope.parameters.as_deref(),
                        bound: &scope.slots,
                        submission: state.submissions,
                        queue,
                        tiles,
                    };
                    decoded.extend(one(state, scope.session, &frame));
                }
            }
        }
    }
    decoded
}

/// Captures one frame.
fn one(state: &mut State, session: u64, frame: &Submitted<'_>) -> Option<Decoded> {
    let images = Images { images: &state.images, views: &state.views };
    let number = state.sessions.get_mut(&session)?.frame(frame, &images);
    if let Some(query) = frame.decode.query {
        state.queries.insert(query, (session, number));
    }
    let dst = &frame.decode.dst;
    let (image, layer) = state.picture(dst)?;
    Some(Decoded { session, frame: number, image, layer, extent: dst.extent })
}

/// Whether a command buffer has anything to capture.
fn is_of_interest(state: &State, mut commands: impl Iterator<Item = u64>) -> bool {
    !state.commands.is_empty() && commands.any(|c| state.commands.contains_key(&c))
}

pub(super) unsafe extern "system" fn submit(
    queue: vk::Queue,
    count: u32,
    submits: *const vk::SubmitInfo<'_>,
    fence: vk::Fence,
) -> vk::Result {
    let device = device::of_queue(queue);
    let Some((device, submit)) = device.and_then(|d| Some((d.clone(), d.next.queue_submit?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let batches = array(submits, count);
    let commands = |batch: &vk::SubmitInfo<'_>| {
        let all = array(batch.p_command_buffers, batch.command_buffer_count);
        all.iter().map(|commands| commands.as_raw()).collect::<Vec<_>>()
    };
    let decoded = captured(&device, queue, batches.iter().map(commands).collect());
    if let Some(copied) = pictures::in_batches(&device, queue, &decoded, batches) {
        // SAFETY: the application's batches, with command buffers of this layer behind theirs.
        let result = unsafe { submit(queue, count, copied.submits.as_ptr(), fence) };
        note(|| pictures::submitted(&device, queue, copied.work, result));
        return result;
    }
    // SAFETY: the application's arguments.
    unsafe { submit(queue, count, submits, fence) }
}

pub(super) unsafe extern "system" fn submit2(
    queue: vk::Queue,
    count: u32,
    submits: *const vk::SubmitInfo2<'_>,
    fence: vk::Fence,
) -> vk::Result {
    let device = device::of_queue(queue);
    let Some((device, submit)) = device.and_then(|d| Some((d.clone(), d.next.queue_submit2?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let batches = array(submits, count);
    let commands = |batch: &vk::SubmitInfo2<'_>| {
        let all = array(batch.p_command_buffer_infos, batch.command_buffer_info_count);
        all.iter().map(|commands| commands.command_buffer.as_raw()).collect::<Vec<_>>()
    };
    let decoded = captured(&device, queue, batches.iter().map(commands).collect());
    if let Some(copied) = pictures::in_batches2(&device, queue, &decoded, batches) {
        // SAFETY: the application's batches, with command buffers of this layer behind theirs.
        let result = unsafe { submit(queue, count, copied.submits.as_ptr(), fence) };
        note(|| pictures::submitted(&device, queue, copied.work, result));
        return result;
    }
    // SAFETY: the application's arguments.
    unsafe { submit(queue, count, submits, fence) }
}

/// Captures what batches of these command buffers do; the frames of each batch.
fn captured(device: &Device, queue: vk::Queue, batches: Vec<Vec<u64>>) -> Vec<Vec<Decoded>> {
    let mut all = Vec::new();
    device.note(|state| {
        state.submissions += 1;
        if !is_of_interest(state, batches.iter().flatten().copied()) {
            return;
        }
        for commands in batches {
            all.push(batch(device, state, queue, commands.into_iter()));
        }
    });
    all
}
