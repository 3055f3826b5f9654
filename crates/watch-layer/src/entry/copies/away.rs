//! Copies on another queue than the one that decodes.

use ash::vk;
use ash::vk::Handle;

use super::super::batch::{Batch, Point};
use super::super::copier::{Copies, Copy, Work};
use super::super::decoded::Decoded;
use super::super::device::Device;
use super::{copy, left};

/// A copy on another queue.
pub(super) struct Away {
    queue: vk::Queue,
    commands: vk::CommandBuffer,
    /// The batch has decoded, and the queue has copied.
    pub(super) decoded: vk::Semaphore,
    copied: vk::Semaphore,
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
    let semaphore = || {
        let info = vk::SemaphoreCreateInfo::default();
        // SAFETY: the device is alive.
        unsafe { copies.functions.create_semaphore(&info, None) }.ok()
    };
    let (decoded, copied) = (semaphore(), semaphore());
    work.semaphores.extend(decoded);
    work.semaphores.extend(copied);
    let (Some(decoded), Some(copied)) = (decoded, copied) else {
        // It is freed with the others, and nothing is submitted of it.
        work.copies.push(copy);
        return None;
    };
    Some((Away { queue: other, commands: copy.commands, decoded, copied }, copy))
}

/// A queue that copies, and its family.
fn other_queue<B: Batch>(
    device: &Device,
    (queue, own): (vk::Queue, u32),
    batch: &B,
) -> Result<(vk::Queue, u32), &'static str> {
    if !batch.is_plain() {
        return Err("the decode queue cannot copy, and its batch has a chain");
    }
    let copies = vk::QueueFlags::TRANSFER | vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE;
    let state = device.state();
    let can = |family: u32| {
        let flags = device.families.get(family as usize).copied().unwrap_or_default();
        family != own && flags.intersects(copies)
    };
    let mut others: Vec<_> = state
        .queues
        .iter()
        .filter(|(_, (family, _))| can(*family))
        .map(|(q, f)| (*f, *q))
        .collect();
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
    let ((family, _), queue) =
        free.ok_or("the queues that copy wait for what is not submitted yet")?;
    Ok((vk::Queue::from_raw(queue), family))
}

impl Away {
    /// The command buffer of the copies.
    pub(super) fn commands(&self) -> vk::CommandBuffer {
        self.commands
    }

    /// The batch is submitted and signals `decoded`: copies, and signals what the application waits
    /// for. `false`: the other queue was in use, and nothing is copied.
    pub(super) fn go(
        &self,
        device: &Device,
        copies: &Copies,
        decodes: vk::Queue,
        signals: &[Point],
    ) -> bool {
        let all = [vk::PipelineStageFlags::ALL_COMMANDS];
        let (decoded, copied, commands) = ([self.decoded], [self.copied], [self.commands]);
        let copy = vk::SubmitInfo::default()
            .wait_semaphores(&decoded)
            .wait_dst_stage_mask(&all)
            .command_buffers(&commands)
            .signal_semaphores(&copied);
        // Another thread of the application's may use it.
        let lock = device.queue_lock(self.queue);
        let went = lock.try_lock().is_ok_and(|_held| {
            // SAFETY: the queue is used by nobody else while its lock is held.
            unsafe { copies.functions.queue_submit(self.queue, &[copy], vk::Fence::null()) }.is_ok()
        });
        let semaphores: Vec<_> = signals.iter().map(|(semaphore, _)| *semaphore).collect();
        let values: Vec<_> = signals.iter().map(|(_, value)| *value).collect();
        let waited = if went { &copied } else { &decoded };
        let mut timeline = vk::TimelineSemaphoreSubmitInfo::default()
            .wait_semaphore_values(&[0])
            .signal_semaphore_values(&values);
        let signal = vk::SubmitInfo::default()
            .wait_semaphores(waited)
            .wait_dst_stage_mask(&all)
            .signal_semaphores(&semaphores);
        // Only a timeline has values that are not 0.
        let signal = match values.iter().any(|value| *value != 0) {
            true => signal.push_next(&mut timeline),
            false => signal,
        };
        // SAFETY: the application has the decode queue to itself during its call, hence the layer has.
        let _lost = unsafe { copies.functions.queue_submit(decodes, &[signal], vk::Fence::null()) };
        went
    }
}
