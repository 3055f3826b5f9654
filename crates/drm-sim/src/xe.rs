//! Requests of the `xe` kernel driver.

use crate::bytes::{Builder, Bytes};
use crate::chip::Intel;
use crate::intel::{ADDRESS, ENGINES, LOCAL, SYSTEM, TIMESTAMP_FREQUENCY, ticks};
use crate::log::log;
use crate::node::{Caller, Errno, Node, State};
use crate::submission::Commands;
use crate::sync::Fence;
use crate::sys;

/// Most entries of one list in a request.
const MOST: u32 = 1 << 12;
/// Size of `struct drm_xe_vm_bind_op` and of `struct drm_xe_sync`.
const BIND: usize = 80;
const SYNC: usize = 48;

/// Answers one request by its number within the driver.
pub(crate) fn request(
    node: &'static Node,
    chip: &Intel,
    number: u8,
    arg: &mut Bytes,
    caller: &Caller,
) -> Result<(), Errno> {
    match number {
        0x00 => query(node, chip, arg, caller),
        0x01 => {
            let handle = node.state().memory.create(arg.u64(8)).ok_or(libc::ENOMEM)?;
            arg.set_u32(28, handle);
            Ok(())
        }
        0x02 => {
            let buffer = node.state().memory.buffer(arg.u32(8)).ok_or(libc::ENOENT)?;
            arg.set_u64(16, buffer.offset);
            Ok(())
        }
        0x03 => {
            arg.set_u32(12, node.state().memory.create_space());
            Ok(())
        }
        0x04 => {
            node.state().memory.forget(arg.u32(0));
            Ok(())
        }
        // MADVISE, EXEC_QUEUE_SET_PROPERTY: nothing to do.
        0x0C | 0x0E => Ok(()),
        0x05 => bind(node, arg, caller),
        0x06 => create_queue(node, arg, caller),
        0x07 => node.state().contexts.destroy(arg.u32(0)).then_some(()).ok_or(libc::ENOENT),
        // EXEC_QUEUE_GET_PROPERTY: it is not banned.
        0x08 => {
            arg.set_u64(16, 0);
            Ok(())
        }
        0x09 => submit(node, arg, caller),
        // VM_GET_PROPERTY: there is no such address space.
        0x0F => Err(libc::ENOENT),
        other => {
            log(&format!("xe request {other:#04x} is refused"));
            Err(libc::EINVAL)
        }
    }
}

/// `struct drm_xe_device_query`: asked for the size first.
fn query(node: &Node, chip: &Intel, arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    let answer = match arg.u32(8) {
        0 => engines(),
        1 => regions(chip),
        2 => config(node, chip),
        3 => graphics(chip),
        // HWCONFIG: an empty table.
        4 => Vec::new(),
        5 => topology(chip),
        6 => return cycles(arg, caller),
        7 => firmware(arg, caller)?,
        // PXP_STATUS.
        9 => return Err(libc::ENODEV),
        other => {
            log(&format!("xe question {other} is refused"));
            return Err(libc::EINVAL);
        }
    };
    if arg.u32(12) == 0 {
        arg.set_u32(12, answer.len() as u32);
        return Ok(());
    }
    if arg.u32(12) as usize != answer.len() {
        return Err(libc::EINVAL);
    }
    caller.write(arg.u64(16), &answer)
}

/// `struct drm_xe_query_engines`.
fn engines() -> Vec<u8> {
    let mut answer = Builder::default().u32s(&[ENGINES.len() as u32, 0]);
    for (class, instance) in ENGINES {
        // The video engines belong to the second graphics unit.
        let unit = u16::from(class == crate::intel::VIDEO || class == crate::intel::VIDEO_ENHANCE);
        answer = answer.u16s(&[class, instance, unit, 0]).u64s(&[0; 3]);
    }
    answer.done()
}

/// `struct drm_xe_query_mem_regions`.
fn regions(chip: &Intel) -> Vec<u8> {
    let count = 1 + u32::from(chip.local);
    let mut answer = Builder::default().u32s(&[count, 0]);
    let regions = [(0, 4096, SYSTEM, 0), (1, 65536, LOCAL, LOCAL)];
    for (class, page, size, visible) in regions.into_iter().take(count as usize) {
        answer = answer.u16s(&[class, 0]).u32s(&[page]).u64s(&[size, 0, visible, 0]);
        answer = answer.u64s(&[0; 6]);
    }
    answer.done()
}

/// `struct drm_xe_query_config`: chip, flags, alignment, bits of an address, highest priority.
fn config(node: &Node, chip: &Intel) -> Vec<u8> {
    let device = u64::from(node.chip.revision) << 16 | u64::from(node.chip.device);
    let alignment = if chip.local { 65536 } else { 4096 };
    let info = [device, u64::from(chip.local), alignment, 48, 1];
    Builder::default().u32s(&[info.len() as u32, 0]).u64s(&info).done()
}

/// `struct drm_xe_query_gt_list`: the main unit and the media unit.
fn graphics(chip: &Intel) -> Vec<u8> {
    let mut answer = Builder::default().u32s(&[2, 0]);
    for (kind, version) in [(0, chip.graphics), (1, chip.media)] {
        answer = answer.u16s(&[kind, 0, kind, 0, 0, 0]).u32s(&[TIMESTAMP_FREQUENCY]);
        answer = answer.u64s(&[1, 1 + u64::from(chip.local)]);
        answer = answer.u16s(&[version[0], version[1], version[2], 0]).u64s(&[0; 7]);
    }
    answer.done()
}

/// Several `struct drm_xe_query_topology_mask`: subslices, banks of the third cache, units.
fn topology(chip: &Intel) -> Vec<u8> {
    let subslices = (1u64 << chip.subslices) - 1;
    let mut answer = Vec::new();
    for (kind, mask) in [(1, subslices), (2, subslices), (3, 0xFF), (5, 0xFF)] {
        answer.extend(Builder::default().u16s(&[0, kind]).u32s(&[8]).u64s(&[mask]).done());
    }
    answer
}

/// `struct drm_xe_query_engine_cycles`.
fn cycles(arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    const SIZE: u32 = 40;
    if arg.u32(12) == 0 {
        arg.set_u32(12, SIZE);
        return Ok(());
    }
    let now = sys::monotonic();
    let answer = Builder::default().u32s(&[36]).u64s(&[ticks(now), now as u64, 100]).done();
    // After the engine and the clock's number come width, cycles, time, and the time it took.
    caller.write(arg.u64(16) + 12, &answer[..4])?;
    caller.write(arg.u64(16) + 16, &answer[4..])
}

/// `struct drm_xe_query_uc_fw_version` of the firmware that is asked for.
fn firmware(arg: &Bytes, caller: &Caller) -> Result<Vec<u8>, Errno> {
    let kind = match arg.u32(12) {
        0 => 0,
        _ => caller.read(arg.u64(16), 2)?.u16(0),
    };
    Ok(Builder::default().u16s(&[kind, 0]).u32s(&[0, 70, 40, 2, 0]).u64s(&[0]).done())
}

/// `struct drm_xe_vm_bind`: changes an address space.
fn bind(node: &Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let (space, count) = (arg.u32(8), arg.u32(20));
    if count > MOST {
        return Err(libc::EINVAL);
    }
    // One operation lies in the request itself, several at an address.
    let list = match count {
        1 => Bytes(arg.0.get(24..24 + BIND).unwrap_or_default().to_vec()),
        _ => caller.read(arg.u64(24), count as usize * BIND)?,
    };
    let mut state = node.state();
    for index in 0..count as usize {
        let at = index * BIND;
        let (handle, within) = (list.u32(at + 8), list.u64(at + 16));
        let (range, address) = (list.u64(at + 24), list.u64(at + 32) & ADDRESS);
        let (operation, flags) = (list.u32(at + 40), list.u32(at + 44));
        match operation {
            // MAP of nothing (a sparse range), UNMAP, PREFETCH.
            0 if flags & 4 != 0 => state.memory.unmap(space, address, range),
            0 => {
                let buffer = state.memory.buffer(handle).ok_or(libc::ENOENT)?;
                state.memory.map(space, address, range, buffer.offset + within);
            }
            1 => state.memory.unmap(space, address, range),
            3 | 4 => {}
            other => {
                log(&format!("xe address operation {other} is refused"));
                return Err(libc::EINVAL);
            }
        }
    }
    // The change is done at once.
    signal(&mut state, arg.u32(108), arg.u64(112), 0, caller)
}

/// Lets `fence` signal those of a list of `struct drm_xe_sync` that are to be signalled.
fn signal(
    state: &mut State,
    count: u32,
    place: u64,
    fence: Fence,
    caller: &Caller,
) -> Result<(), Errno> {
    if count > MOST {
        return Err(libc::EINVAL);
    }
    let list = caller.read(place, count as usize * SYNC)?;
    for at in (0..count as usize).map(|index| index * SYNC) {
        if list.u32(at + 12) & 1 == 0 {
            continue;
        }
        let done = match list.u32(at + 8) {
            0 => state.objects.signal(list.u32(at + 16), 0, fence),
            1 => state.objects.signal(list.u32(at + 16), list.u64(at + 24), fence),
            other => {
                log(&format!("xe synchronisation of type {other} is refused"));
                return Err(libc::EINVAL);
            }
        };
        if !done {
            return Err(libc::ENOENT);
        }
    }
    Ok(())
}

/// `struct drm_xe_exec_queue_create`: a queue for one of the engines listed.
fn create_queue(node: &Node, arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    let instances = caller.read(arg.u64(24), 8)?;
    let queue = node.state().contexts.create(vec![instances.u16(0)], arg.u32(12));
    arg.set_u32(20, queue);
    Ok(())
}

/// `struct drm_xe_exec`.
fn submit(node: &'static Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let mut state = node.state();
    let (engine, space) = state.contexts.engine(arg.u32(8), 0).ok_or(libc::ENOENT)?;
    let commands = match arg.u16(32) {
        // Only to signal.
        0 => Vec::new(),
        1 => vec![Commands {
            engine,
            space: state.memory.space(space),
            address: arg.u64(24) & ADDRESS,
            size: 0,
        }],
        other => {
            log(&format!("xe submission of {other} batches is refused"));
            return Err(libc::EINVAL);
        }
    };
    let fence = node.submit(&mut state, commands);
    signal(&mut state, arg.u32(12), arg.u64(16), fence, caller)
}
