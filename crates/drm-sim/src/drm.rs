//! Requests that every DRM driver has.

use crate::bytes::Bytes;
use crate::chip::Kernel;
use crate::log::log;
use crate::node::{Caller, Errno, Node, State};
use crate::sync::Found;
use crate::sys;

/// Flags of the waits (`DRM_SYNCOBJ_WAIT_FLAGS_*`).
const WAIT_ALL: u32 = 1;
const WAIT_FOR_SUBMIT: u32 = 2;
const WAIT_AVAILABLE: u32 = 4;
/// Most handles in one call: more is a wrong count.
const MOST_HANDLES: u32 = 4096;

/// Answers one request by its number.
pub(crate) fn request(
    node: &Node,
    number: u8,
    arg: &mut Bytes,
    caller: &Caller,
) -> Result<(), Errno> {
    match number {
        0x00 => version(node, arg, caller),
        0x09 => node.close(arg.u32(0)).then_some(()).ok_or(libc::EINVAL),
        0x0C => capability(arg),
        // SET_CLIENT_NAME: a label for tools.
        0xD1 => Ok(()),
        0x2D => {
            let handle = arg.u32(0);
            let fd = node.state().memory.export(handle).ok_or(libc::ENOENT)?;
            arg.set_u32(8, fd as u32);
            Ok(())
        }
        0x2E => {
            let handle = node.state().memory.import(arg.u32(8) as i32).ok_or(libc::EINVAL)?;
            arg.set_u32(0, handle);
            Ok(())
        }
        0xBF => {
            let handle = node.state().objects.create(arg.u32(4) & 1 != 0);
            arg.set_u32(0, handle);
            Ok(())
        }
        0xC0 => node.state().objects.destroy(arg.u32(0)).then_some(()).ok_or(libc::EINVAL),
        0xC3 => wait(node, arg, caller, false),
        0xC4 => {
            each(arg.u64(0), 0, arg.u32(8), caller, |handle, _| node.state().objects.reset(handle))
        }
        0xC5 => each(arg.u64(0), 0, arg.u32(8), caller, |handle, _| {
            node.state().objects.signal(handle, 0, 0)
        }),
        0xCA => wait(node, arg, caller, true),
        0xCB => query(node, arg, caller),
        0xCC => transfer(node, arg),
        0xCD => each(arg.u64(0), arg.u64(8), arg.u32(16), caller, |handle, point| {
            node.state().objects.signal(handle, point, 0)
        }),
        other => {
            log(&format!("DRM request {other:#04x} ({}) is refused", name(other)));
            Err(libc::EINVAL)
        }
    }
}

/// The request's name, for the log.
fn name(number: u8) -> &'static str {
    match number {
        0x01 => "GET_UNIQUE",
        0x02 => "GET_MAGIC",
        0x0A => "GEM_FLINK",
        0x0B => "GEM_OPEN",
        0x0D => "SET_CLIENT_CAP",
        0xC1 => "SYNCOBJ_HANDLE_TO_FD",
        0xC2 => "SYNCOBJ_FD_TO_HANDLE",
        0xCF => "SYNCOBJ_EVENTFD",
        _ => "unknown",
    }
}

/// `struct drm_version`: three numbers, then three strings as (length, address).
fn version(node: &Node, arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    let (driver, major, minor) = match node.chip.kernel {
        Kernel::Amdgpu(_) => ("amdgpu", 3, 57),
        Kernel::I915(_) => ("i915", 1, 6),
        Kernel::Xe(_) => ("xe", 1, 1),
    };
    arg.set_u32(0, major);
    arg.set_u32(4, minor);
    arg.set_u32(8, 0);
    for (at, text) in [(16, driver), (32, "20150101"), (48, "vav1d drm-sim")] {
        let room = usize::try_from(arg.u64(at)).unwrap_or(0).min(text.len());
        let place = arg.u64(at + 8);
        if room > 0 && place != 0 {
            caller.write(place, &text.as_bytes()[..room])?;
        }
        arg.set_u64(at, text.len() as u64);
    }
    Ok(())
}

/// `struct drm_get_cap`.
fn capability(arg: &mut Bytes) -> Result<(), Errno> {
    let value = match arg.u64(0) {
        // PRIME: import and export.
        0x05 => 3,
        // ADDFB2_MODIFIERS, SYNCOBJ, SYNCOBJ_TIMELINE.
        0x10 | 0x13 | 0x14 => 1,
        _ => return Err(libc::EINVAL),
    };
    arg.set_u64(8, value);
    Ok(())
}

/// Handles at `handles` with their points at `points` (0 for all, where that is 0).
fn handles(
    handles: u64,
    points: u64,
    count: u32,
    caller: &Caller,
) -> Result<Vec<(u32, u64)>, Errno> {
    if count > MOST_HANDLES {
        return Err(libc::EINVAL);
    }
    let count = count as usize;
    let list = caller.read(handles, count * 4)?;
    let points = if points == 0 { Bytes::default() } else { caller.read(points, count * 8)? };
    Ok((0..count).map(|i| (list.u32(i * 4), points.u64(i * 8))).collect())
}

/// Does `act` for each handle; an error if one has no object.
fn each(
    list: u64,
    points: u64,
    count: u32,
    caller: &Caller,
    act: impl Fn(u32, u64) -> bool,
) -> Result<(), Errno> {
    let all = handles(list, points, count, caller)?;
    all.into_iter().all(|(handle, point)| act(handle, point)).then_some(()).ok_or(libc::EINVAL)
}

/// `struct drm_syncobj_wait`, or `drm_syncobj_timeline_wait` with its points.
fn wait(node: &Node, arg: &mut Bytes, caller: &Caller, timeline: bool) -> Result<(), Errno> {
    let at = if timeline { 8 } else { 0 };
    let points = if timeline { arg.u64(8) } else { 0 };
    let deadline = arg.u64(8 + at) as i64;
    let flags = arg.u32(20 + at);
    let all = handles(arg.u64(0), points, arg.u32(16 + at), caller)?;
    loop {
        let now = sys::monotonic();
        let state = node.state();
        match poll(&state, &all, flags)? {
            Some(first) => {
                arg.set_u32(24 + at, first);
                return Ok(());
            }
            None if now >= deadline => return Err(libc::ETIME),
            None => node.pause(state, (deadline - now) as u64),
        }
    }
}

/// One look at the objects: the index of a signalled one when the wait is over.
fn poll(state: &State, all: &[(u32, u64)], flags: u32) -> Result<Option<u32>, Errno> {
    let mut first = None;
    let mut count = 0;
    for (index, &(handle, point)) in all.iter().enumerate() {
        let over = match state.objects.find(handle, point) {
            Found::NoObject => return Err(libc::ENOENT),
            Found::NotSubmitted if flags & (WAIT_FOR_SUBMIT | WAIT_AVAILABLE) == 0 => {
                return Err(libc::EINVAL);
            }
            Found::NotSubmitted => false,
            Found::Fence(fence) => flags & WAIT_AVAILABLE != 0 || fence <= state.queue.done(),
        };
        if over {
            first = first.or(u32::try_from(index).ok());
            count += 1;
        }
    }
    let enough =
        if flags & WAIT_ALL != 0 { count == all.len() } else { count > 0 || all.is_empty() };
    Ok(enough.then(|| first.unwrap_or(0)))
}

/// `struct drm_syncobj_timeline_array`, asked for the points reached.
fn query(node: &Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let all = handles(arg.u64(0), 0, arg.u32(16), caller)?;
    let last_submitted = arg.u32(20) & 1 != 0;
    let state = node.state();
    for (index, (handle, _)) in all.into_iter().enumerate() {
        let value =
            state.objects.value(handle, state.queue.done(), last_submitted).ok_or(libc::ENOENT)?;
        caller.write(arg.u64(8) + 8 * index as u64, &value.to_le_bytes())?;
    }
    Ok(())
}

/// `struct drm_syncobj_transfer`: lets one object's fence signal another as well.
fn transfer(node: &Node, arg: &Bytes) -> Result<(), Errno> {
    let mut state = node.state();
    let Found::Fence(fence) = state.objects.find(arg.u32(0), arg.u64(8)) else {
        return Err(libc::EINVAL);
    };
    state.objects.signal(arg.u32(4), arg.u64(16), fence).then_some(()).ok_or(libc::ENOENT)
}
