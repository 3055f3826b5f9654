//! What only the device can read, read back by copies of the layer's own: decoded pictures, and
//! bitstreams in memory that the host does not see. Nothing of the application's is waited for.
//!
//! Where the decode queue copies, a copy goes behind the application's own commands, in its own batch.
//! Where it does not, the batch signals a semaphore of the layer's in place of its own ones, another
//! of the application's queues copies, and the decode queue then signals what the application waits
//! for; that is left alone if either queue waits for what nobody has submitted yet. So whatever waits
//! for a batch waits for its copies, too.

use ash::vk;
use ash::vk::Handle;

use super::batch::{Batch, Owned, Point};
use super::copier::{Copies, Copy, Work};
use super::decoded::Decoded;
use super::device::Device;

mod away;
mod record;

use away::Away;
use record::Picture;

/// Nanoseconds that the end of a session waits for its last copies.
const PATIENCE: u64 = 5_000_000_000;

/// What becomes of a batch.
enum Step {
    /// It goes as it is.
    Plain,
    /// These commands go behind its own.
    Behind(vk::CommandBuffer),
    /// Another queue copies.
    Away(Away),
}

/// A submission with copies in it.
pub(super) struct Planned {
    steps: Vec<Step>,
    work: Work,
}

/// The copies of a submission; `None` where nothing is to be copied.
pub(super) fn plan<B: Batch>(
    device: &Device,
    queue: vk::Queue,
    decoded: &[Vec<Decoded>],
    batches: &[B],
) -> Option<Planned> {
    let wanted = |one: &Decoded| one.bitstream.is_some() || device.pictures;
    if !decoded.iter().flatten().any(wanted) {
        return None;
    }
    let Some(copies) = device.copies() else {
        let all = decoded.iter().flatten();
        all.for_each(|one| left(device, one, "the loader gives layers no command buffers"));
        return None;
    };
    finish(device, false);
    let family = device.state().queues.get(&queue.as_raw()).copied()?.0;
    let flags = device.families.get(family as usize).copied().unwrap_or_default();
    let mut planned = Planned { steps: Vec::new(), work: Work::default() };
    for (batch, decoded) in batches.iter().zip(decoded) {
        let step = match flags.contains(vk::QueueFlags::TRANSFER) {
            _ if decoded.is_empty() => None,
            true => {
                let copy = copy(device, copies, (family, false), decoded);
                copy.map(|copy| (Step::Behind(copy.commands), copy))
            }
            false => away::step(device, copies, (queue, family), decoded, batch, &mut planned.work)
                .map(|(away, copy)| (Step::Away(away), copy)),
        };
        let (step, copy) = step.map_or((Step::Plain, None), |(step, copy)| (step, Some(copy)));
        planned.steps.push(step);
        planned.work.copies.extend(copy);
    }
    if planned.work.copies.is_empty() {
        copies.free(planned.work);
        return None;
    }
    if planned.work.reached.is_none() {
        // SAFETY: the device is alive, as its queue is used.
        let fence = unsafe { copies.functions.create_fence(&vk::FenceCreateInfo::default(), None) };
        planned.work.fence = fence.ok()?;
    }
    Some(planned)
}

/// Submits batches with their copies; `call` is the application's call with others in place of its
/// batches. All of them come after the copies of what the queue has done before.
pub(super) fn submit<B: Batch>(
    device: &Device,
    queue: vk::Queue,
    (batches, fence): (&[B], vk::Fence),
    planned: Option<Planned>,
    call: &dyn Fn(&[B], vk::Fence) -> vk::Result,
) -> vk::Result {
    let copies = device.copies_so_far().filter(|_| planned.is_some() || device.away);
    let Some(copies) = copies else { return call(batches, fence) };
    let (mut steps, mut work) = match planned {
        Some(Planned { steps, work }) => (steps.into_iter(), Some(work)),
        None => (Vec::new().into_iter(), None),
    };
    let (mut owned, mut group, mut fence) = (Owned::new(), Vec::new(), fence);
    // Points of this very submission are not waited for before they are signalled.
    for (number, batch) in batches.iter().enumerate() {
        let batch = match copies.waits(queue) {
            // What is chained to it has to stay.
            Some(point) if !batch.is_plain() => {
                let result = before(copies, queue, point, call, &mut group);
                if result != vk::Result::SUCCESS {
                    return result;
                }
                *batch
            }
            Some(point) => batch.waiting(point, &mut owned),
            None => *batch,
        };
        let signals = batch.signals();
        match steps.next().unwrap_or(Step::Plain) {
            Step::Plain => group.push(batch),
            Step::Behind(commands) => group.push(batch.plus(commands, &mut owned)),
            Step::Away(away) => {
                group.push(batch.signalling(away.decoded, &mut owned));
                let result = call(&group, vk::Fence::null());
                if result != vk::Result::SUCCESS {
                    work.into_iter().for_each(|work| copies.free(work));
                    return result;
                }
                group.clear();
                let last = number + 1 == batches.len();
                let own = if last { std::mem::take(&mut fence) } else { vk::Fence::null() };
                let went = away.go(device, copies, queue, (&signals, own));
                copies.goes(queue, away.copied());
                if let Some(work) = work.as_mut().filter(|_| !went) {
                    not_submitted(device, work, away.commands());
                }
            }
        }
    }
    let result = match group.is_empty() && fence.is_null() && !batches.is_empty() {
        true => vk::Result::SUCCESS,
        false => call(&group, fence),
    };
    if let Some(work) = work {
        super::note(|| copies.submitted(queue, work, result));
    }
    result
}

/// Submits what is before, and a batch of the layer's own that waits.
fn before<B: Batch>(
    copies: &Copies,
    queue: vk::Queue,
    (semaphore, value): Point,
    call: &dyn Fn(&[B], vk::Fence) -> vk::Result,
    group: &mut Vec<B>,
) -> vk::Result {
    if !group.is_empty() {
        let result = call(group, vk::Fence::null());
        if result != vk::Result::SUCCESS {
            return result;
        }
        group.clear();
    }
    let (semaphores, values) = ([semaphore], [value]);
    let mut points = vk::TimelineSemaphoreSubmitInfo::default().wait_semaphore_values(&values);
    let wait = vk::SubmitInfo::default()
        .wait_semaphores(&semaphores)
        .wait_dst_stage_mask(&[vk::PipelineStageFlags::ALL_COMMANDS])
        .push_next(&mut points);
    // SAFETY: the application has the queue to itself during its call, hence the layer has.
    let done = unsafe { copies.functions.queue_submit(queue, &[wait], vk::Fence::null()) };
    done.err().unwrap_or(vk::Result::SUCCESS)
}

/// Brings home the copies that are done; with `all` those that are under way are waited for.
pub(super) fn finish(device: &Device, all: bool) {
    let Some(copies) = device.copies_so_far() else { return };
    loop {
        let mut kept = copies.kept();
        let Some(first) = kept.under_way.first() else { return };
        let patience = if all { PATIENCE } else { 0 };
        if !copies.is_done(first, patience) {
            return;
        }
        let work = kept.under_way.remove(0);
        drop(kept);
        for copy in &work.copies {
            bring(device, copies, copy);
        }
        copies.free(work);
    }
}

/// What a frame was to have copied is left, for this reason.
fn left(device: &Device, one: &Decoded, why: &'static str) {
    if device.pictures {
        left_picture(device, one, why);
    }
    left_tiles(device, one, why);
}

fn left_picture(device: &Device, one: &Decoded, why: &'static str) {
    device.note(|state| {
        let session = state.sessions.get_mut(&one.session);
        session.into_iter().for_each(|session| session.md5(one.frame, Err(why)));
    });
}

fn left_tiles(device: &Device, one: &Decoded, why: &'static str) {
    device.note(|state| {
        let session = state.sessions.get_mut(&one.session).filter(|_| one.bitstream.is_some());
        session.into_iter().for_each(|session| session.copied(one.frame, Err(why)));
    });
}

/// These copies were not submitted.
fn not_submitted(device: &Device, work: &mut Work, commands: vk::CommandBuffer) {
    let of = work.copies.iter_mut().filter(|copy| copy.commands == commands);
    for copy in of {
        let why = "the queue that copies is in use";
        copy.pictures.drain(..).for_each(|(one, _, _)| left_picture(device, &one, why));
        copy.tiles.drain(..).for_each(|(one, _)| left_tiles(device, &one, why));
    }
}

/// Records the copies of a batch on a queue of `family`; `foreign`: it is not the family that
/// decodes. What cannot be copied is said.
fn copy(
    device: &Device,
    copies: &Copies,
    (family, foreign): (u32, bool),
    batch: &[Decoded],
) -> Option<Copy> {
    let mut size = 0;
    let mut place = |bytes: u64| {
        let at = size;
        size = (size + bytes).next_multiple_of(16);
        at
    };
    let mut pictures: Vec<(Picture, u64)> = Vec::new();
    let mut tiles = Vec::new();
    for (number, one) in batch.iter().enumerate() {
        if device.pictures {
            match record::picture(device, one, (family, foreign)) {
                Ok(picture) => {
                    let at = place(picture.shape.size());
                    pictures.push((picture, at));
                }
                Err(why) => left_picture(device, one, why),
            }
        }
        let Some(bitstream) = &one.bitstream else { continue };
        let later = batch.get(number + 1..).unwrap_or_default();
        match bitstream.can_be_copied(later, (family, foreign)) {
            Ok(()) => tiles.push((one.clone(), place(bitstream.bytes()))),
            Err(why) => left_tiles(device, one, why),
        }
    }
    if pictures.is_empty() && tiles.is_empty() {
        return None;
    }
    let record = |functions: &ash::Device, commands, buffer| {
        record::after_all(functions, commands);
        for (picture, at) in &pictures {
            record::copy_picture(functions, commands, (buffer, *at), picture);
        }
        for (one, at) in &tiles {
            record::copy_tiles(functions, commands, (buffer, *at), one);
        }
        record::before_all(functions, commands);
    };
    let Some(mut copy) = copies.recorded(&device.memory_types, (family, size.max(16)), record)
    else {
        batch.iter().for_each(|one| left(device, one, "no memory for a copy"));
        return None;
    };
    copy.pictures = pictures.iter().map(|(p, at)| (p.one.clone(), p.shape, *at)).collect();
    copy.tiles = tiles;
    Some(copy)
}

/// Brings home the copies of a batch, which are done.
fn bring(device: &Device, copies: &Copies, copy: &Copy) {
    let flags = vk::MemoryMapFlags::empty();
    // SAFETY: the layer's own memory, host visible and not mapped.
    let data = unsafe { copies.functions.map_memory(copy.memory, 0, vk::WHOLE_SIZE, flags) };
    let Ok(data) = data else { return };
    // SAFETY: mapped above, as large as the buffer at least.
    let bytes =
        unsafe { std::slice::from_raw_parts(data.cast::<u8>().cast_const(), copy.size as usize) };
    for (one, at) in &copy.tiles {
        let tiles = one.bitstream.as_ref().map(|bitstream| bitstream.tiles(bytes, *at));
        device.note(|state| {
            let session = state.sessions.get_mut(&one.session);
            session.zip(tiles).into_iter().for_each(|(s, tiles)| s.copied(one.frame, tiles));
        });
    }
    for (one, shape, at) in &copy.pictures {
        let picture = bytes.get(*at as usize..).unwrap_or_default();
        let md5 = shape.md5(picture);
        device.note(|state| {
            let session = state.sessions.get_mut(&one.session);
            session.into_iter().for_each(|session| session.md5(one.frame, Ok(&md5)));
        });
    }
    // SAFETY: mapped above.
    unsafe { copies.functions.unmap_memory(copy.memory) };
}
