//! Requests of the `i915` kernel driver.

use crate::bytes::{Builder, Bytes};
use crate::chip::Intel;
use crate::intel::{ADDRESS, ENGINES, LOCAL, SYSTEM, TIMESTAMP_FREQUENCY, ticks};
use crate::log::log;
use crate::node::{Caller, Errno, Node};
use crate::submission::Commands;
use crate::sys;

/// Most entries of one list in a request.
const MOST: u64 = 1 << 16;
/// `I915_CONTEXT_PARAM_ENGINES`.
const PARAM_ENGINES: u64 = 0xA;
/// `I915_CONTEXT_PARAM_VM`.
const PARAM_VM: u64 = 9;

/// Answers one request by its number within the driver.
pub(crate) fn request(
    node: &'static Node,
    chip: &Intel,
    number: u8,
    arg: &mut Bytes,
    caller: &Caller,
) -> Result<(), Errno> {
    match number {
        0x06 => parameter(node, arg, caller),
        // GEM_CREATE, GEM_CREATE_EXT: the size first, then the handle.
        0x1B | 0x3C => {
            let handle = node.state().memory.create(arg.u64(0)).ok_or(libc::ENOMEM)?;
            arg.set_u32(8, handle);
            Ok(())
        }
        // GEM_BUSY.
        0x17 => {
            arg.set_u32(4, u32::from(!node.state().queue.idle()));
            Ok(())
        }
        // GEM_SET_DOMAIN, GEM_SET_CACHING: nothing to do.
        0x1F | 0x2F => Ok(()),
        // GEM_SET_TILING, GEM_GET_TILING: there are none where video memory is.
        0x21 | 0x22 if chip.local => Err(libc::EOPNOTSUPP),
        0x21 | 0x22 => Ok(()),
        0x23 => {
            arg.set_u64(0, ADDRESS + 1);
            arg.set_u64(8, ADDRESS + 1);
            Ok(())
        }
        0x24 => {
            let buffer = node.state().memory.buffer(arg.u32(0)).ok_or(libc::ENOENT)?;
            arg.set_u64(8, buffer.offset);
            Ok(())
        }
        // GEM_MADVISE: what is kept is still there.
        0x26 => {
            arg.set_u32(8, 1);
            Ok(())
        }
        0x29 => submit(node, arg, caller),
        0x2C => wait(node, arg),
        0x2D => create_context(node, arg, caller),
        0x2E => node.state().contexts.destroy(arg.u32(0)).then_some(()).ok_or(libc::ENOENT),
        0x31 => {
            arg.set_u64(8, ticks(sys::monotonic()));
            Ok(())
        }
        // GET_RESET_STATS: no reset ever happened.
        0x32 => {
            (2..6).for_each(|field| arg.set_u32(field * 4, 0));
            Ok(())
        }
        // GEM_USERPTR: the question without memory, and the real thing.
        0x33 => Err(if arg.u64(8) == 0 { libc::EINVAL } else { libc::ENODEV }),
        0x34 => context_parameter(arg),
        0x35 => set_context_parameter(node, arg, caller),
        0x39 => query(node, chip, arg, caller),
        0x3A => {
            arg.set_u32(12, node.state().memory.create_space());
            Ok(())
        }
        // VM_DESTROY: each submission maps what it uses.
        0x3B => {
            node.state().memory.forget(arg.u32(12));
            Ok(())
        }
        other => {
            log(&format!("i915 request {other:#04x} is refused"));
            Err(libc::EINVAL)
        }
    }
}

/// `struct drm_i915_getparam`.
fn parameter(node: &Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let value: u32 = match arg.u32(0) {
        // CHIPSET_ID.
        4 => u32::from(node.chip.device),
        // REVISION.
        32 => u32::from(node.chip.revision),
        // EU_TOTAL, PERF_REVISION, HUC_STATUS, PXP_STATUS.
        34 | 54 | 42 => 0,
        58 => return Err(libc::ENODEV),
        // MMAP_GTT_VERSION: with GEM_MMAP_OFFSET.
        40 => 4,
        // HAS_SCHEDULER: enabled, with priorities.
        41 => 3,
        // CS_TIMESTAMP_FREQUENCY, OA_TIMESTAMP_FREQUENCY.
        51 | 57 => TIMESTAMP_FREQUENCY,
        // SLICE_MASK, SUBSLICE_MASK are asked for where the topology query is missing.
        46 | 47 => return Err(libc::EINVAL),
        // HAS_...: all of them; MMAP_VERSION.
        5 | 9..=31 | 33 | 35..=37 | 43..=45 | 48..=50 | 52 | 53 | 55 | 56 | 59 => 1,
        other => {
            log(&format!("i915 parameter {other} is refused"));
            return Err(libc::EINVAL);
        }
    };
    caller.write(arg.u64(8), &value.to_le_bytes())
}

/// `struct drm_i915_gem_context_param`, asked for.
fn context_parameter(arg: &mut Bytes) -> Result<(), Errno> {
    let value = match arg.u64(8) {
        // GTT_SIZE.
        3 => ADDRESS + 1,
        // PRIORITY, RECOVERABLE, PERSISTENCE.
        6 => 0,
        8 | 0xB => 1,
        // Address spaces of their own are there.
        PARAM_VM => 1,
        // SSEU: power gating, for performance counters.
        7 => return Err(libc::ENODEV),
        other => {
            log(&format!("i915 context parameter {other} is refused"));
            return Err(libc::EINVAL);
        }
    };
    arg.set_u64(16, value);
    Ok(())
}

/// The classes in `struct i915_context_param_engines`; an entry for several engines takes that of
/// the first.
fn engines(place: u64, size: u64, caller: &Caller) -> Result<Vec<u16>, Errno> {
    let size = size.min(MOST) as usize;
    let list = caller.read(place, size)?;
    let mut classes: Vec<u16> = (8..size).step_by(4).map(|at| list.u16(at)).collect();
    let mut next = list.u64(0);
    for _ in 0..classes.len() {
        if next == 0 {
            break;
        }
        // LOAD_BALANCE: index and count, then its engines.
        let extension = caller.read(next, 52)?;
        let entry = classes.get_mut(usize::from(extension.u16(32)));
        if let Some(class) = entry.filter(|_| extension.u32(8) == 0) {
            *class = extension.u16(48);
        }
        next = extension.u64(0);
    }
    Ok(classes)
}

/// `struct drm_i915_gem_context_create_ext` with its chain of parameters.
fn create_context(node: &Node, arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    // Without a list, an index means: default, render, video, copy, video enhancement.
    let mut classes = vec![0, 0, 2, 1, 3];
    let mut space = None;
    let mut next = if arg.u32(4) & 1 != 0 { arg.u64(8) } else { 0 };
    for _ in 0..16 {
        if next == 0 {
            break;
        }
        let extension = caller.read(next, 56)?;
        match extension.u64(40) {
            PARAM_ENGINES if extension.u32(8) == 0 => {
                classes = engines(extension.u64(48), u64::from(extension.u32(36)), caller)?;
            }
            PARAM_VM if extension.u32(8) == 0 => space = Some(extension.u64(48) as u32),
            _ => {}
        }
        next = extension.u64(0);
    }
    let mut state = node.state();
    // Without one that is named it has its own.
    let space = space.unwrap_or_else(|| state.memory.create_space());
    let context = state.contexts.create(classes, space);
    arg.set_u32(0, context);
    Ok(())
}

/// `struct drm_i915_gem_context_param`, set.
fn set_context_parameter(node: &Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    match arg.u64(8) {
        PARAM_ENGINES => {
            let classes = engines(arg.u64(16), u64::from(arg.u32(4)), caller)?;
            node.state().contexts.set_engines(arg.u32(0), classes).then_some(()).ok_or(libc::ENOENT)
        }
        PARAM_VM => {
            let space = arg.u64(16) as u32;
            node.state().contexts.set_space(arg.u32(0), space).then_some(()).ok_or(libc::ENOENT)
        }
        // PRIORITY above the default is for privileged processes.
        6 if (arg.u64(16) as i64) > 0 => Err(libc::EPERM),
        6 | 8 | 0xB => Ok(()),
        other => {
            log(&format!("i915 context parameter {other} is refused"));
            Err(libc::EINVAL)
        }
    }
}

/// `struct drm_i915_query`: a list of questions, each asked for its length first.
fn query(node: &Node, chip: &Intel, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let _ = node;
    for index in 0..u64::from(arg.u32(0)).min(64) {
        let place = arg.u64(8) + index * 24;
        let item = caller.read(place, 24)?;
        let answer = match item.u64(0) {
            // TOPOLOGY_INFO, GEOMETRY_SUBSLICES.
            1 | 6 => Some(topology(chip)),
            2 => Some(engine_list()),
            4 => Some(regions(chip)),
            // PERF_CONFIG, HWCONFIG_BLOB, GUC_SUBMISSION_VERSION: not on these chips.
            3 | 5 | 7 => None,
            other => {
                log(&format!("i915 question {other} is refused"));
                None
            }
        };
        let length = match answer {
            None => -i64::from(libc::EINVAL),
            Some(answer) if item.u32(8) == 0 => answer.len() as i64,
            Some(answer) if item.u32(8) as usize >= answer.len() => {
                caller.write(item.u64(16), &answer)?;
                answer.len() as i64
            }
            Some(_) => -i64::from(libc::EINVAL),
        };
        caller.write(place + 8, &(length as i32).to_le_bytes())?;
    }
    Ok(())
}

/// `struct drm_i915_query_topology_info`: one slice, all of its subslices with all of their units.
fn topology(chip: &Intel) -> Vec<u8> {
    let (subslices, units) = (chip.subslices, 16u16);
    let (stride, unit_stride) = (subslices.div_ceil(8), units / 8);
    let offset = 1 + stride;
    let mut answer = Builder::default()
        .u16s(&[0, 1, subslices, units, 1, stride, offset, unit_stride])
        .u8s(&[1])
        .done();
    for byte in 0..stride {
        let left = subslices - byte * 8;
        answer.push(if left >= 8 { 0xFF } else { (1 << left) - 1 });
    }
    answer.extend(std::iter::repeat_n(0xFF, usize::from(subslices * unit_stride)));
    answer
}

/// `struct drm_i915_query_engine_info`.
fn engine_list() -> Vec<u8> {
    let mut answer = Builder::default().u32s(&[ENGINES.len() as u32, 0, 0, 0]);
    for (class, instance) in ENGINES {
        // Capabilities: HEVC and scaling.
        let capabilities = if class == crate::intel::VIDEO { 3 } else { 0 };
        answer = answer.u16s(&[class, instance]).u32s(&[0]).u64s(&[1, capabilities]);
        answer = answer.u16s(&[instance, 0, 0, 0]).u64s(&[0; 3]);
    }
    answer.done()
}

/// `struct drm_i915_query_memory_regions`: system memory, and video memory where the chip has it.
fn regions(chip: &Intel) -> Vec<u8> {
    let count = 1 + u32::from(chip.local);
    let mut answer = Builder::default().u32s(&[count, 0, 0, 0]);
    for (class, size) in [(0, SYSTEM), (1, LOCAL)].into_iter().take(count as usize) {
        answer = answer.u16s(&[class, 0]).u32s(&[0]).u64s(&[size, size]);
        answer = answer.u64s(&[size, size, 0, 0, 0, 0, 0, 0]);
    }
    answer.done()
}

/// `struct drm_i915_gem_execbuffer2`: buffers with their addresses, the last of them the commands.
fn submit(node: &'static Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let (count, flags) = (u64::from(arg.u32(8)), arg.u64(40));
    if count == 0 || count > MOST {
        return Err(libc::EINVAL);
    }
    let objects = caller.read(arg.u64(0), count as usize * 56)?;
    let signals = fences(arg, flags, caller)?;
    let mut state = node.state();
    // The commands lie in the last object, or with BATCH_FIRST in the first.
    let batch = if flags & (1 << 18) != 0 { 0 } else { count as usize - 1 };
    let (context, engine) = (arg.u64(48) as u32, (flags & 0x3F) as usize);
    let (engine, space) = state.contexts.engine(context, engine).ok_or(libc::ENOENT)?;
    let mut start = 0;
    for index in 0..count as usize {
        let at = index * 56;
        let buffer = state.memory.buffer(objects.u32(at)).ok_or(libc::ENOENT)?;
        let address = objects.u64(at + 24) & ADDRESS;
        state.memory.map(space, address, buffer.size, buffer.offset);
        if index == batch {
            start = address + u64::from(arg.u32(12));
        }
    }
    let space = state.memory.space(space);
    let commands = Commands { engine, space, address: start, size: u64::from(arg.u32(16)) };
    let fence = node.submit(&mut state, vec![commands]);
    for (handle, point) in signals {
        if !state.objects.signal(handle, point, fence) {
            return Err(libc::ENOENT);
        }
    }
    Ok(())
}

/// The synchronisation objects that a submission signals, with their points.
fn fences(arg: &Bytes, flags: u64, caller: &Caller) -> Result<Vec<(u32, u64)>, Errno> {
    let (mut handles, mut points, mut count) = (0, 0, 0);
    if flags & (1 << 19) != 0 {
        (handles, count) = (arg.u64(32), u64::from(arg.u32(28)));
    } else if flags & (1 << 21) != 0 {
        let mut next = arg.u64(32);
        for _ in 0..16 {
            if next == 0 {
                break;
            }
            let extension = caller.read(next, 56)?;
            if extension.u32(8) == 0 {
                (count, handles, points) =
                    (extension.u64(32), extension.u64(40), extension.u64(48));
            }
            next = extension.u64(0);
        }
    }
    if count > MOST {
        return Err(libc::EINVAL);
    }
    let list = caller.read(handles, count as usize * 8)?;
    let points =
        if points == 0 { Bytes::default() } else { caller.read(points, count as usize * 8)? };
    let signalled = (0..count as usize).filter(|i| list.u32(i * 8 + 4) & 2 != 0);
    Ok(signalled.map(|i| (list.u32(i * 8), points.u64(i * 8))).collect())
}

/// `struct drm_i915_gem_wait`: submissions complete in order, so that of a buffer's last use is
/// waited for with all others.
fn wait(node: &Node, arg: &mut Bytes) -> Result<(), Errno> {
    let timeout = arg.u64(8) as i64;
    let start = sys::monotonic();
    loop {
        let state = node.state();
        if state.queue.idle() {
            return Ok(());
        }
        let spent = sys::monotonic() - start;
        if timeout >= 0 && spent >= timeout {
            return Err(libc::ETIME);
        }
        let left = if timeout < 0 { u64::MAX } else { (timeout - spent) as u64 };
        node.pause(state, left);
    }
}
