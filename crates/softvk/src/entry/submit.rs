//! Submissions.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::sync::Arc;

use ash::vk::{self, Handle};

use super::commands::recorder;
use super::{Row, table};
use crate::batch::Batch;
use crate::chain;
use crate::handle::{array, get, shared};
use crate::queue::Queue;
use crate::sync::Counter;

pub(crate) const TABLE: &[Row] = table! {
    c"vkQueueSubmit" => queue_submit,
    c"vkQueueSubmit2" => queue_submit2,
    c"vkQueueBindSparse" => queue_bind_sparse,
};

/// A semaphore with the value to wait for, or to signal.
fn semaphore(handle: vk::Semaphore, value: u64) -> Option<(Arc<Counter>, u64)> {
    // SAFETY: see the top of the folder.
    unsafe { shared(handle) }.map(|semaphore| (semaphore, value))
}

/// Submits `batches`; the fence is signaled by the last.
fn submit(queue: vk::Queue, mut batches: Vec<Batch>, fence: vk::Fence) -> vk::Result {
    if !fence.is_null() {
        if batches.is_empty() {
            batches.push(Batch::default());
        }
        // SAFETY: see the top of the folder.
        let fence = unsafe { shared(fence) }.map(|fence| (fence, 1));
        if let Some(last) = batches.last_mut() {
            last.signals.extend(fence);
        }
    }
    // SAFETY: as above.
    let queue = unsafe { get::<Queue, _>(queue) };
    match batches.into_iter().all(|batch| queue.submit(batch)) {
        true => vk::Result::SUCCESS,
        false => vk::Result::ERROR_DEVICE_LOST,
    }
}

unsafe extern "system" fn queue_submit(
    queue: vk::Queue,
    count: u32,
    p_submits: *const vk::SubmitInfo<'_>,
    fence: vk::Fence,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let submits = unsafe { array(p_submits, count) };
    submit(queue, submits.iter().map(batch).collect(), fence)
}

fn batch(info: &vk::SubmitInfo<'_>) -> Batch {
    // SAFETY: see the top of the folder.
    let values = unsafe { chain::find::<vk::TimelineSemaphoreSubmitInfo<'_>>(info.p_next) };
    let (waits, signals) = values.map_or((&[][..], &[][..]), |v| {
        // SAFETY: as above.
        let waits = unsafe { array(v.p_wait_semaphore_values, v.wait_semaphore_value_count) };
        // SAFETY: as above.
        let signals = unsafe { array(v.p_signal_semaphore_values, v.signal_semaphore_value_count) };
        (waits, signals)
    });
    let valued = |(i, s): (usize, &vk::Semaphore), values: &[u64]| {
        semaphore(*s, values.get(i).copied().unwrap_or(0))
    };
    // SAFETY: as above.
    let wait = unsafe { array(info.p_wait_semaphores, info.wait_semaphore_count) };
    // SAFETY: as above.
    let signal = unsafe { array(info.p_signal_semaphores, info.signal_semaphore_count) };
    // SAFETY: as above.
    let buffers = unsafe { array(info.p_command_buffers, info.command_buffer_count) };
    Batch::new(
        wait.iter().enumerate().filter_map(|s| valued(s, waits)).collect(),
        buffers.iter().map(|b| recorder(*b).commands()).collect(),
        signal.iter().enumerate().filter_map(|s| valued(s, signals)).collect(),
    )
}

unsafe extern "system" fn queue_submit2(
    queue: vk::Queue,
    count: u32,
    p_submits: *const vk::SubmitInfo2<'_>,
    fence: vk::Fence,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let submits = unsafe { array(p_submits, count) };
    submit(queue, submits.iter().map(batch2).collect(), fence)
}

fn batch2(info: &vk::SubmitInfo2<'_>) -> Batch {
    let valued = |s: &vk::SemaphoreSubmitInfo<'_>| semaphore(s.semaphore, s.value);
    // SAFETY: see the top of the folder.
    let waits = unsafe { array(info.p_wait_semaphore_infos, info.wait_semaphore_info_count) };
    // SAFETY: as above.
    let signals = unsafe { array(info.p_signal_semaphore_infos, info.signal_semaphore_info_count) };
    // SAFETY: as above.
    let buffers = unsafe { array(info.p_command_buffer_infos, info.command_buffer_info_count) };
    Batch::new(
        waits.iter().filter_map(valued).collect(),
        buffers.iter().map(|b| recorder(b.command_buffer).commands()).collect(),
        signals.iter().filter_map(valued).collect(),
    )
}

unsafe extern "system" fn queue_bind_sparse(
    _: vk::Queue,
    _: u32,
    _: *const vk::BindSparseInfo<'_>,
    _: vk::Fence,
) -> vk::Result {
    // No queue family has SPARSE_BINDING, so no legal program comes here.
    vk::Result::ERROR_FEATURE_NOT_PRESENT
}
