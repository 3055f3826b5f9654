//! Copies on another queue than the one that decodes.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use ash::vk;
use ash::vk::Handle;

use super::super::batch::{Batch, Point};
use super::super::copier::{Copies, Copy, Work};
use super::super::decoded::Decoded;
use super::super::device::Device;
use super::{copy, left};

/// How long a queue that another thread is using is waited for.
const SOON: Duration = Duration::from_millis(100);

/// A copy on another queue.
pub(super) struct Away {
    queue: vk::Queue,
    commands: vk::CommandBuffer,
    /// The batch has decoded, and the queue has copied.
    pub(super) decoded: Point,
    copied: Point,
}

/// The copies of a batch on another queue of the application's; what cannot be copied is said.
pub(super) fn step<B: Batch>(
    device: &Device,
    copies: &Copies,
    (queue, family): (vk::Queue, u32),
    decoded: &[Decoded],
    batch: &B,
    work: &mut Work,
) -> Option<(Away, Copy)> {
    let other = other_queue(device, (queue, family), batch);
    let (other, family) = match other {
        Ok(found) => found,
        Err(why) => {
            decoded.iter().for_each(|one| left(device, one, why));
            return None;
        }
    };
    let copy = copy(device, copies, (family, true), decoded)?;
    let Some((decoded, copied)) = copies.points(queue) else {
        // It is freed with the others, and nothing is submitted of it.
        work.copies.push(copy);
        return None;
    };
    work.reached = Some(copied);
    Some((Away { queue: other, commands: copy.commands, decoded, copied }, copy))
}

/// A queue that copies, and its family.
fn other_queue<B: Batch>(
    device: &Device,
    (queue, own): (vk::Queue, u32),
    batch: &B,
) -> Result<(vk::Queue, u32), &'static str> {
    if !device.timelines {
        return Err("the decode queue cannot copy, and timeline semaphores are not enabled");
    }
    if !batch.is_plain() {
        return Err("the decode queue cannot copy, and its batch has a chain");
    }
    let copies = vk::QueueFlags::TRANSFER | vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE;
    let state = device.state();
    let can = |family: u32| {
        let flags = device.families.get(family as usize).copied().unwrap_or_default();
        family != own && flags.intersects(copies)
    };
    // Queues that do nothing else come first.
    let busy = |family: u32| {
        let flags = device.families.get(family as usize).copied().unwrap_or_default();
        flags.intersects(vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE)
    };
    let others = state.queues.iter().filter(|(_, (family, _))| can(*family));
    let mut others: Vec<_> = others.map(|(q, f)| ((busy(f.0), f.0, f.1), *q)).collect();
    others.sort_unstable();
    if others.is_empty() {
        return Err("the decode queue cannot copy, and the application has no other");
    }
    // A queue that waits for what nobody has submitted may wait for this very batch.
    let timelines = &state.timelines;
    let waits = batch.waits();
    let ahead = |(semaphore, value): &Point| timelines.is_ahead(semaphore.as_raw(), *value);
    if timelines.is_open(queue.as_raw()) || waits.iter().any(ahead) {
        return Err("the decode queue cannot copy, and waits for what is not submitted yet");
    }
    let free = others.into_iter().find(|(_, queue)| !timelines.is_open(*queue));
    let ((_, family, _), queue) =
        free.ok_or("the queues that copy wait for what is not submitted yet")?;
    Ok((vk::Queue::from_raw(queue), family))
}

impl Away {
    /// What is signalled when it is done.
    pub(super) fn copied(&self) -> Point {
        self.copied
    }

    /// The command buffer of the copies.
    pub(super) fn commands(&self) -> vk::CommandBuffer {
        self.commands
    }

    /// The batch is submitted and signals `decoded`: copies, and then signals what the application
    /// waits for. `false`: the other queue was in use, and nothing is copied.
    pub(super) fn go(
        &self,
        device: &Device,
        copies: &Copies,
        decodes: vk::Queue,
        (signals, fence): (&[Point], vk::Fence),
    ) -> bool {
        let all = [vk::PipelineStageFlags::ALL_COMMANDS];
        let (decoded, at) = ([self.decoded.0], [self.decoded.1]);
        let signals = signals.iter().chain([&self.copied]);
        let (signals, values): (Vec<_>, Vec<_>) = signals.copied().unzip();
        let commands = [self.commands];
        let mut points = vk::TimelineSemaphoreSubmitInfo::default()
            .wait_semaphore_values(&at)
            .signal_semaphore_values(&values);
        let signal = vk::SubmitInfo::default()
            .wait_semaphores(&decoded)
            .wait_dst_stage_mask(&all)
            .signal_semaphores(&signals)
            .push_next(&mut points);
        // Another thread of the application's may use it.
        let lock = device.queue_lock(self.queue);
        let copy = signal.command_buffers(&commands);
        let went = soon(&lock).is_some_and(|_held| {
            // SAFETY: the queue is used by nobody else while its lock is held.
            unsafe { copies.functions.queue_submit(self.queue, &[copy], fence) }.is_ok()
        });
        if !went {
            // SAFETY: the application has the decode queue to itself during its call, hence the
            // layer has.
            let _lost = unsafe { copies.functions.queue_submit(decodes, &[signal], fence) };
        }
        went
    }
}

/// A lock, if it comes free soon: a submission is short, but a queue that is waited for may wait for
/// what comes after this.
fn soon(lock: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(held) => return Some(held),
            Err(TryLockError::Poisoned(held)) => return Some(held.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < SOON => std::thread::yield_now(),
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}
