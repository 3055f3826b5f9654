//! Submissions: what was recorded becomes the capture, in the order of submission.

use std::sync::Arc;

use ash::vk;
use ash::vk::Handle;

use super::batch::Batch;
use super::chain::array;
use super::decoded::{Bitstream, Decoded};
use super::device::{self, Device};
use super::{bytes, copies, note};
use crate::capture::{Seen, Submitted, Tiles};
use crate::state::{Decode, Op, Parameters, Resource, Slot, State};

/// What is known of a picture resource.
fn seen(state: &State, resource: &Resource) -> Option<Seen> {
    let view = state.views.get(&resource.view)?;
    let layer = view.base_layer + resource.base_layer;
    let image = state.images.get(&view.image)?;
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

/// An open coding scope.
struct Scope {
    session: u64,
    parameters: Option<Arc<Parameters>>,
    slots: Arc<[Slot]>,
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
        let ops = state.take(commands);
        let mut scope = None;
        for op in &ops {
            match op {
                Op::Layout { image, layers: (first, end), to } => {
                    let image = state.images.get_mut(image);
                    let layouts =
                        image.and_then(|i| i.layouts.get_mut(*first as usize..*end as usize));
                    layouts.into_iter().flatten().for_each(|layout| *layout = *to);
                }
                Op::Begin { session, parameters, slots } => {
                    if let Some(session) = state.sessions.get_mut(session) {
                        let unbound = slots.iter().filter(|slot| slot.resource.is_none());
                        unbound.for_each(|slot| session.deactivate(slot.index));
                    }
                    let (parameters, slots) = (parameters.clone(), Arc::clone(slots));
                    scope = Some(Scope { session: *session, parameters, slots });
                }
                Op::Reset => {
                    let session = scope.as_ref().map(|scope| scope.session);
                    if let Some(session) = session.and_then(|s| state.sessions.get_mut(&s)) {
                        session.reset();
                    }
                }
                Op::Decode(decode) => {
                    let Some(scope) = &scope else { continue };
                    decoded.extend(one(device, state, scope, decode, queue));
                }
            }
        }
        state.give_back(commands, ops);
    }
    decoded
}

/// Captures one frame.
fn one(
    device: &Device,
    state: &mut State,
    scope: &Scope,
    decode: &Arc<Decode>,
    queue: (u32, u32),
) -> Option<Decoded> {
    let mut all = state.sessions.get_mut(&scope.session)?.room();
    let resources = Submitted::resources(decode, &scope.slots);
    all.extend(resources.map(|resource| seen(state, resource?)));
    let frame = Submitted {
        decode: Arc::clone(decode),
        parameters: scope.parameters.clone(),
        bound: Arc::clone(&scope.slots),
        submission: state.submissions,
        queue,
        seen: all,
    };
    let on_device = bytes::is_on_device(state, decode).then(|| Bitstream::of(state, decode));
    let (bitstream, number) = match on_device {
        Some(Ok(bitstream)) if state.picture(&decode.dst).is_some() => {
            let session = state.sessions.get_mut(&scope.session)?;
            (Some(Arc::new(bitstream)), session.frame(frame, Tiles::Copied))
        }
        _ => {
            let mapped = bytes::mapped(device, state, decode);
            let session = state.sessions.get_mut(&scope.session)?;
            let tiles = mapped.as_ref().map(bytes::Mapped::tiles);
            let tiles = tiles.as_ref().map(Vec::as_slice).map_err(|why| **why);
            (None, session.frame(frame, Tiles::Here(tiles)))
        }
    };
    if let Some(query) = decode.query {
        state.queries.insert(query, (scope.session, number));
    }
    let (image, layer) = state.picture(&decode.dst)?;
    let extent = decode.dst.extent;
    Some(Decoded { session: scope.session, frame: number, image, layer, extent, bitstream })
}

/// Whether a command buffer has anything to capture.
fn is_of_interest(state: &State, mut commands: impl Iterator<Item = u64>) -> bool {
    !state.is_idle() && commands.any(|c| state.has_ops(c))
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
    watched(&device, queue, (array(submits, count), fence), &|batches, fence| {
        // SAFETY: the application's batches, with what this layer has added to them.
        unsafe { submit(queue, batches.len() as u32, batches.as_ptr(), fence) }
    })
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
    watched(&device, queue, (array(submits, count), fence), &|batches, fence| {
        // SAFETY: the application's batches, with what this layer has added to them.
        unsafe { submit(queue, batches.len() as u32, batches.as_ptr(), fence) }
    })
}

/// Captures what is submitted by `call`, which gets the application's batches, or those with copies.
fn watched<B: Batch>(
    device: &Device,
    queue: vk::Queue,
    (batches, fence): (&[B], vk::Fence),
    call: &dyn Fn(&[B], vk::Fence) -> vk::Result,
) -> vk::Result {
    let decoded = captured(device, queue, batches);
    let planned = match decoded.is_empty() {
        true => None,
        false => note(|| copies::plan(device, queue, &decoded, batches)).flatten(),
    };
    if device.away {
        device.note(|state| {
            let waits = batches.iter().flat_map(Batch::waits);
            waits.for_each(|(s, v)| state.timelines.waits(queue.as_raw(), s.as_raw(), v));
        });
    }
    let result =
        device.with_queue(queue, || copies::submit(device, queue, (batches, fence), planned, call));
    if device.away {
        device.note(|state| {
            let signals = batches.iter().flat_map(Batch::signals);
            signals.for_each(|(s, v)| state.timelines.signalled(s.as_raw(), v));
        });
    }
    result
}

/// Captures what batches do; the frames of each batch.
fn captured<B: Batch>(device: &Device, queue: vk::Queue, batches: &[B]) -> Vec<Vec<Decoded>> {
    let mut all = Vec::new();
    device.note(|state| {
        state.submissions += 1;
        if state.is_idle() {
            return;
        }
        let commands: Vec<_> = batches.iter().map(Batch::commands).collect();
        if !is_of_interest(state, commands.iter().flatten().copied()) {
            return;
        }
        for commands in commands {
            all.push(batch(device, state, queue, commands.into_iter()));
        }
    });
    all
}
