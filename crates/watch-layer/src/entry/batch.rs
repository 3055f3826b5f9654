//! A batch of vkQueueSubmit and one of vkQueueSubmit2, alike.

use std::any::Any;

use ash::vk;
use ash::vk::Handle;

use super::chain::{array, find};

/// What batches point to that are not the application's own.
pub(super) type Owned = Vec<Box<dyn Any>>;

/// A semaphore, and the value of one with a timeline.
pub(super) type Point = (vk::Semaphore, u64);

/// A batch of a submission.
pub(super) trait Batch: Copy {
    /// Its command buffers.
    fn commands(&self) -> Vec<u64>;

    /// What it waits for.
    fn waits(&self) -> Vec<Point>;

    /// What it signals.
    fn signals(&self) -> Vec<Point>;

    /// Whether nothing is chained to it that is not known here.
    fn is_plain(&self) -> bool;

    /// The same with a command buffer behind its own.
    fn plus(self, commands: vk::CommandBuffer, owned: &mut Owned) -> Self;

    /// The same that waits for this timeline, too.
    fn waiting(self, point: Point, owned: &mut Owned) -> Self;

    /// The same that signals this timeline alone.
    fn signalling(self, point: Point, owned: &mut Owned) -> Self;
}

/// Semaphores with their values: 0 for those that have none.
fn points(semaphores: &[vk::Semaphore], values: &[u64]) -> Vec<Point> {
    let values = values.iter().copied().chain(std::iter::repeat(0));
    semaphores.iter().copied().zip(values).collect()
}

/// VkTimelineSemaphoreSubmitInfo of a batch.
fn timeline<'a>(batch: &vk::SubmitInfo<'a>) -> Option<&'a vk::TimelineSemaphoreSubmitInfo<'a>> {
    find(batch.p_next)
}

impl Batch for vk::SubmitInfo<'_> {
    fn commands(&self) -> Vec<u64> {
        let all = array(self.p_command_buffers, self.command_buffer_count);
        all.iter().map(|commands| commands.as_raw()).collect()
    }

    fn waits(&self) -> Vec<Point> {
        let values = timeline(self);
        let values = values.map(|t| array(t.p_wait_semaphore_values, t.wait_semaphore_value_count));
        points(array(self.p_wait_semaphores, self.wait_semaphore_count), values.unwrap_or_default())
    }

    fn signals(&self) -> Vec<Point> {
        let values = timeline(self);
        let values =
            values.map(|t| array(t.p_signal_semaphore_values, t.signal_semaphore_value_count));
        let signals = array(self.p_signal_semaphores, self.signal_semaphore_count);
        points(signals, values.unwrap_or_default())
    }

    fn is_plain(&self) -> bool {
        timeline(self).map_or(self.p_next, |timeline| timeline.p_next).is_null()
    }

    fn plus(mut self, commands: vk::CommandBuffer, owned: &mut Owned) -> Self {
        let mut all = array(self.p_command_buffers, self.command_buffer_count).to_vec();
        all.push(commands);
        self.p_command_buffers = all.as_ptr();
        self.command_buffer_count += 1;
        owned.push(Box::new(all));
        self
    }

    fn waiting(mut self, (semaphore, value): Point, owned: &mut Owned) -> Self {
        let (mut all, mut values): (Vec<_>, Vec<_>) = self.waits().into_iter().unzip();
        let mut stages = array(self.p_wait_dst_stage_mask, self.wait_semaphore_count).to_vec();
        all.push(semaphore);
        values.push(value);
        stages.push(vk::PipelineStageFlags::ALL_COMMANDS);
        self.p_wait_semaphores = all.as_ptr();
        self.p_wait_dst_stage_mask = stages.as_ptr();
        self.wait_semaphore_count = all.len() as u32;
        let signals = self.signals().into_iter().map(|(_, value)| value).collect();
        self.timed(values, signals, owned);
        owned.push(Box::new((all, stages)));
        self
    }

    fn signalling(mut self, (semaphore, value): Point, owned: &mut Owned) -> Self {
        let all = vec![semaphore];
        self.p_signal_semaphores = all.as_ptr();
        self.signal_semaphore_count = 1;
        let waits = self.waits().into_iter().map(|(_, value)| value).collect();
        self.timed(waits, vec![value], owned);
        owned.push(Box::new(all));
        self
    }
}

/// A batch whose semaphores get other values.
trait Timed {
    /// With these values of what it waits for and signals, in place of its own.
    fn timed(&mut self, waits: Vec<u64>, signals: Vec<u64>, owned: &mut Owned);
}

impl Timed for vk::SubmitInfo<'_> {
    fn timed(&mut self, waits: Vec<u64>, signals: Vec<u64>, owned: &mut Owned) {
        let timeline: Box<vk::TimelineSemaphoreSubmitInfo<'static>> =
            Box::new(vk::TimelineSemaphoreSubmitInfo {
                wait_semaphore_value_count: waits.len() as u32,
                p_wait_semaphore_values: waits.as_ptr(),
                signal_semaphore_value_count: signals.len() as u32,
                p_signal_semaphore_values: signals.as_ptr(),
                ..Default::default()
            });
        self.p_next = std::ptr::from_ref(&*timeline).cast();
        owned.push(timeline);
        owned.push(Box::new((waits, signals)));
    }
}

impl Batch for vk::SubmitInfo2<'_> {
    fn commands(&self) -> Vec<u64> {
        let all = array(self.p_command_buffer_infos, self.command_buffer_info_count);
        all.iter().map(|commands| commands.command_buffer.as_raw()).collect()
    }

    fn waits(&self) -> Vec<Point> {
        let all = array(self.p_wait_semaphore_infos, self.wait_semaphore_info_count);
        all.iter().map(|one| (one.semaphore, one.value)).collect()
    }

    fn signals(&self) -> Vec<Point> {
        let all = array(self.p_signal_semaphore_infos, self.signal_semaphore_info_count);
        all.iter().map(|one| (one.semaphore, one.value)).collect()
    }

    fn is_plain(&self) -> bool {
        self.p_next.is_null() && self.flags.is_empty()
    }

    fn plus(mut self, commands: vk::CommandBuffer, owned: &mut Owned) -> Self {
        let own = array(self.p_command_buffer_infos, self.command_buffer_info_count);
        // Their chains live as long as the call.
        let detached = |info: &vk::CommandBufferSubmitInfo<'_>| {
            let mut detached = vk::CommandBufferSubmitInfo::default()
                .command_buffer(info.command_buffer)
                .device_mask(info.device_mask);
            detached.p_next = info.p_next;
            detached
        };
        let mut all: Vec<vk::CommandBufferSubmitInfo<'static>> = own.iter().map(detached).collect();
        all.push(vk::CommandBufferSubmitInfo::default().command_buffer(commands));
        self.p_command_buffer_infos = all.as_ptr();
        self.command_buffer_info_count += 1;
        owned.push(Box::new(all));
        self
    }

    fn waiting(mut self, (semaphore, value): Point, owned: &mut Owned) -> Self {
        let own = array(self.p_wait_semaphore_infos, self.wait_semaphore_info_count);
        // Their chains live as long as the call.
        let detached = |info: &vk::SemaphoreSubmitInfo<'_>| {
            let mut detached = vk::SemaphoreSubmitInfo::default()
                .semaphore(info.semaphore)
                .value(info.value)
                .stage_mask(info.stage_mask)
                .device_index(info.device_index);
            detached.p_next = info.p_next;
            detached
        };
        let mut all: Vec<vk::SemaphoreSubmitInfo<'static>> = own.iter().map(detached).collect();
        let more = vk::SemaphoreSubmitInfo::default().semaphore(semaphore).value(value);
        all.push(more.stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS));
        self.p_wait_semaphore_infos = all.as_ptr();
        self.wait_semaphore_info_count = all.len() as u32;
        owned.push(Box::new(all));
        self
    }

    fn signalling(mut self, (semaphore, value): Point, owned: &mut Owned) -> Self {
        let info = vk::SemaphoreSubmitInfo::default()
            .semaphore(semaphore)
            .value(value)
            .stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS);
        let all: Vec<vk::SemaphoreSubmitInfo<'static>> = vec![info];
        self.p_signal_semaphore_infos = all.as_ptr();
        self.signal_semaphore_info_count = 1;
        owned.push(Box::new(all));
        self
    }
}
