//! Status queries of decodes.

use std::ffi::c_void;

use ash::vk;
use ash::vk::Handle;

use super::device;

pub(super) unsafe extern "system" fn begin(
    commands: vk::CommandBuffer,
    pool: vk::QueryPool,
    query: u32,
    flags: vk::QueryControlFlags,
) {
    let Some(device) = device::of_commands(commands) else { return };
    device.note(|state| {
        state.active_queries.insert(commands.as_raw(), (pool.as_raw(), query));
    });
    if let Some(begin) = device.next.cmd_begin_query {
        // SAFETY: the application's arguments.
        unsafe { begin(commands, pool, query, flags) };
    }
}

pub(super) unsafe extern "system" fn end(
    commands: vk::CommandBuffer,
    pool: vk::QueryPool,
    query: u32,
) {
    let Some(device) = device::of_commands(commands) else { return };
    device.note(|state| {
        state.active_queries.remove(&commands.as_raw());
    });
    if let Some(end) = device.next.cmd_end_query {
        // SAFETY: the application's arguments.
        unsafe { end(commands, pool, query) };
    }
}

pub(super) unsafe extern "system" fn results(
    handle: vk::Device,
    pool: vk::QueryPool,
    first: u32,
    count: u32,
    size: usize,
    data: *mut c_void,
    stride: vk::DeviceSize,
    flags: vk::QueryResultFlags,
) -> vk::Result {
    let device = device::find(handle);
    let found = device.and_then(|d| Some((d.clone(), d.next.get_query_pool_results?)));
    let Some((device, results)) = found else { return vk::Result::ERROR_INITIALIZATION_FAILED };
    // SAFETY: the application's arguments.
    let result = unsafe { results(handle, pool, first, count, size, data, stride, flags) };
    if result != vk::Result::SUCCESS || !flags.contains(vk::QueryResultFlags::WITH_STATUS_KHR) {
        return result;
    }
    let wide = flags.contains(vk::QueryResultFlags::TYPE_64);
    let bytes = if wide { 8 } else { 4 };
    device.note(|state| {
        for i in 0..count {
            let Some((session, frame)) =
                state.queries.remove(&(pool.as_raw(), first.saturating_add(i)))
            else {
                continue;
            };
            let at = i as usize * stride as usize;
            if at + bytes > size {
                break;
            }
            let at = data.cast::<u8>().wrapping_add(at);
            let status = match wide {
                // SAFETY: the application's array of this stride, which the driver has filled.
                true => unsafe { at.cast::<i64>().read_unaligned() },
                // SAFETY: as above.
                false => i64::from(unsafe { at.cast::<i32>().read_unaligned() }),
            };
            if let Some(session) = state.sessions.get_mut(&session) {
                session.status(frame, status);
            }
        }
    });
    result
}
