//! Requests of the `amdgpu` kernel driver.

use crate::bytes::{Builder, Bytes};
use crate::chip::{Amd, Chip};
use crate::log::log;
use crate::node::{Caller, Errno, Node};
use crate::submission::{Commands, Engine};
use crate::sys;

/// Kinds of engine (`AMDGPU_HW_IP_*`).
const GFX: u32 = 0;
const COMPUTE: u32 = 1;
const DMA: u32 = 2;
/// Decode engine before VCN 4.
const VCN_DEC: u32 = 6;
/// Unified engine since VCN 4; before that, encode only.
const VCN_ENC: u32 = 7;

/// The one address space of a process. The kernel has one for each open file, which requests do not
/// name; two of RADV's devices in a process are recorded like one all the same.
const SPACE: u32 = 0;

/// Video memory and shared memory, in bytes.
const VRAM: u64 = 8 << 30;
const GTT: u64 = 16 << 30;

/// Answers one request by its number within the driver.
pub(crate) fn request(
    node: &'static Node,
    chip: &Amd,
    number: u8,
    arg: &mut Bytes,
    caller: &Caller,
) -> Result<(), Errno> {
    match number {
        0x00 => {
            let handle = node.state().memory.create(arg.u64(0)).ok_or(libc::ENOMEM)?;
            arg.set_u64(0, u64::from(handle));
            Ok(())
        }
        0x01 => {
            let buffer = node.state().memory.buffer(arg.u32(0)).ok_or(libc::ENOENT)?;
            arg.set_u64(0, buffer.offset);
            Ok(())
        }
        0x02 => context(node, arg),
        0x03 => {
            // BO_LIST: residency is no matter here.
            arg.set_u64(0, 1);
            Ok(())
        }
        0x04 => submit(node, arg, caller),
        0x05 => info(&node.chip, chip, arg, caller),
        // GEM_METADATA: what a driver tells others about a buffer's tiling.
        0x06 => Ok(()),
        0x08 => address(node, arg, caller),
        0x09 => wait(node, arg),
        other => {
            log(&format!("amdgpu request {other:#04x} is refused"));
            Err(libc::EINVAL)
        }
    }
}

/// `union drm_amdgpu_ctx`: allocate, free, query.
fn context(node: &Node, arg: &mut Bytes) -> Result<(), Errno> {
    match arg.u32(0) {
        1 => {
            // Which engine a submission is for is said with each.
            let context = node.state().contexts.create(Vec::new(), SPACE);
            arg.set_u64(0, u64::from(context));
            Ok(())
        }
        2 => Ok(()),
        // QUERY_STATE, QUERY_STATE2: no reset ever happened.
        3 | 4 => {
            arg.set_u64(0, 0);
            arg.set_u64(8, 0);
            Ok(())
        }
        other => {
            log(&format!("amdgpu context operation {other} is refused"));
            Err(libc::EINVAL)
        }
    }
}

/// `struct drm_amdgpu_gem_va`: changes the address table.
fn address(node: &Node, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let (handle, operation) = (arg.u32(0), arg.u32(8));
    let (address, within, size) = (arg.u64(16), arg.u64(24), arg.u64(32));
    let mut state = node.state();
    match operation {
        // MAP, REPLACE. Handle 0 is a range without memory.
        1 | 4 if handle == 0 => state.memory.unmap(SPACE, address, size),
        1 | 4 => {
            let buffer = state.memory.buffer(handle).ok_or(libc::ENOENT)?;
            state.memory.map(SPACE, address, size, buffer.offset + within);
        }
        // UNMAP, CLEAR.
        2 | 3 => state.memory.unmap(SPACE, address, size),
        other => {
            log(&format!("amdgpu address operation {other} is refused"));
            return Err(libc::EINVAL);
        }
    }
    // The change is done at once: an object that waits for it is signalled.
    let (point, object) = (arg.u64(40), arg.u32(48));
    if object != 0 && !state.objects.signal(object, point, 0) {
        return Err(libc::ENOENT);
    }
    let _ = caller;
    Ok(())
}

/// `union drm_amdgpu_wait_cs`.
fn wait(node: &Node, arg: &mut Bytes) -> Result<(), Errno> {
    let (fence, deadline) = (arg.u64(0), arg.u64(8));
    loop {
        let now = sys::monotonic();
        let state = node.state();
        let done = fence <= state.queue.done();
        if done || now as u64 >= deadline {
            arg.set_u64(0, u64::from(!done));
            return Ok(());
        }
        node.pause(state, deadline.saturating_sub(now as u64));
    }
}

/// `union drm_amdgpu_cs`: chunks with command buffers and with what to signal.
fn submit(node: &'static Node, arg: &mut Bytes, caller: &Caller) -> Result<(), Errno> {
    let count = arg.u32(8) as usize;
    if count > 256 {
        return Err(libc::EINVAL);
    }
    let addresses = caller.read(arg.u64(16), count * 8)?;
    let mut commands = Vec::new();
    let mut signals: Vec<(u32, u64)> = Vec::new();
    for index in 0..count {
        let chunk = caller.read(addresses.u64(index * 8), 16)?;
        let data = caller.read(chunk.u64(8), chunk.u32(4) as usize * 4)?;
        match chunk.u32(0) {
            // IB.
            1 => commands.push(Commands {
                engine: match data.u32(20) {
                    VCN_ENC => Engine::VcnUnified,
                    VCN_DEC => Engine::VcnDecode,
                    DMA => Engine::Sdma,
                    _ => Engine::Other,
                },
                space: node.state().memory.space(SPACE),
                address: data.u64(8),
                size: u64::from(data.u32(16)),
            }),
            // SYNCOBJ_OUT.
            5 => signals.extend((0..data.0.len() / 4).map(|i| (data.u32(i * 4), 0))),
            // SYNCOBJ_TIMELINE_SIGNAL.
            9 => signals
                .extend((0..data.0.len() / 16).map(|i| (data.u32(i * 16), data.u64(i * 16 + 8)))),
            // FENCE, DEPENDENCIES, SYNCOBJ_IN, BO_HANDLES, SCHEDULED_DEPENDENCIES,
            // SYNCOBJ_TIMELINE_WAIT, CP_GFX_SHADOW: submissions complete in order anyway.
            2 | 3 | 4 | 6 | 7 | 8 | 10 => {}
            other => {
                log(&format!("amdgpu submission chunk {other} is refused"));
                return Err(libc::EINVAL);
            }
        }
    }
    let mut state = node.state();
    let fence = node.submit(&mut state, commands);
    for (handle, point) in signals {
        if !state.objects.signal(handle, point, fence) {
            return Err(libc::ENOENT);
        }
    }
    arg.set_u64(0, fence);
    Ok(())
}

/// `struct drm_amdgpu_info`: one question, answered at an address of the caller's.
fn info(pci: &Chip, chip: &Amd, arg: &Bytes, caller: &Caller) -> Result<(), Errno> {
    let (place, room) = (arg.u64(0), arg.u32(8) as usize);
    let (first, second) = (arg.u32(16), arg.u32(20));
    let answer = match arg.u32(12) {
        // ACCEL_WORKING.
        0x00 => Builder::default().u32s(&[1]).done(),
        0x02 => engine(chip, first),
        0x03 => Builder::default().u32s(&[u32::from(engines(chip).contains(&first))]).done(),
        // TIMESTAMP.
        0x05 => Builder::default().u64s(&[(sys::monotonic() / 10) as u64]).done(),
        0x0E => firmware(chip, first),
        // NUM_BYTES_MOVED, VRAM_USAGE, GTT_USAGE, VIS_VRAM_USAGE, NUM_EVICTIONS.
        0x0F | 0x10 | 0x11 | 0x17 | 0x18 | 0x1E => Builder::default().u64s(&[0]).done(),
        // VRAM_GTT.
        0x14 => Builder::default().u64s(&[VRAM, visible(chip), GTT]).done(),
        0x15 => registers(chip, first, second),
        0x16 => device(pci, chip),
        0x19 => memory(chip),
        // VRAM_LOST_COUNTER.
        0x1F => Builder::default().u32s(&[0]).done(),
        0x21 => video(first),
        // MAX_IBS.
        0x22 => Builder::default().u32s(&[192; 12]).done(),
        other => {
            log(&format!("amdgpu question {other:#04x} is refused"));
            return Err(libc::EINVAL);
        }
    };
    caller.write(place, &answer[..answer.len().min(room)])
}

/// The engines that the chip has.
fn engines(chip: &Amd) -> Vec<u32> {
    let mut engines = vec![GFX, COMPUTE, DMA, VCN_ENC];
    if chip.vcn[0] < 4 {
        engines.push(VCN_DEC);
    }
    engines
}

/// `struct drm_amdgpu_info_hw_ip`; all zero for an engine that is not there.
fn engine(chip: &Amd, kind: u32) -> Vec<u8> {
    let version = match kind {
        GFX | COMPUTE => chip.graphics,
        DMA => chip.sdma,
        _ => chip.vcn,
    };
    if !engines(chip).contains(&kind) {
        return vec![0; 36];
    }
    let discovery = version[0] << 16 | version[1] << 8 | version[2];
    let rings = if kind == COMPUTE { 0xF } else { 1 };
    Builder::default().u32s(&version[..2]).u64s(&[0]).u32s(&[32, 32, rings, discovery, 0]).done()
}

/// `struct drm_amdgpu_info_firmware`: version and feature of one firmware.
fn firmware(chip: &Amd, kind: u32) -> Vec<u8> {
    let version = match kind {
        // VCN.
        0x0E => chip.vcn_firmware,
        // Recent enough for everything that the drivers ask of the others.
        _ => 3000,
    };
    Builder::default().u32s(&[version, 60]).done()
}

/// Values of `count` registers from `first`; only GB_ADDR_CONFIG is not zero.
fn registers(chip: &Amd, first: u32, count: u32) -> Vec<u8> {
    let value = |register| if register == 0x263E { chip.gb_addr_config } else { 0 };
    let values: Vec<u32> = (first..first.saturating_add(count.min(64))).map(value).collect();
    Builder::default().u32s(&values).done()
}

/// `struct drm_amdgpu_info_device`: two shader engines of two arrays with eight units each.
fn device(pci: &Chip, chip: &Amd) -> Vec<u8> {
    let (engines, arrays, units) = (2, 2, 8);
    let mut bitmap = [0; 16];
    for engine in 0..engines {
        for array in 0..arrays {
            bitmap[engine * 4 + array] = (1 << units) - 1;
        }
    }
    let bandwidth = 128;
    let gddr6 = 9;
    Builder::default()
        .u32s(&[pci.device.into(), 0, chip.external_rev, pci.revision.into()])
        .u32s(&[chip.family, engines as u32, arrays as u32, 100_000])
        .u64s(&[2_000_000, 1_000_000])
        .u32s(&[(engines * arrays * units) as u32, 0])
        .u32s(&bitmap)
        .u32s(&[0xFF, 8, 8, 4])
        .u64s(&[u64::from(chip.integrated), 0x20_0000, 0x8000_0000_0000])
        .u32s(&[4096, 2 << 20, 4096, 0, gddr6, bandwidth, 0, 0])
        .u64s(&[0; 4])
        .u32s(&[0; 4])
        .u32s(&[32, 1024, units as u32, 16, 32, 1792, 32, 16])
        .u32s(&[0; 16])
        .u64s(&[0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF])
        .u32s(&[0, 0])
        .u64s(&[0, 500_000, 100_000])
        .u32s(&[32, 1, 16, 32, 128, 2048])
        .u64s(&[32 << 20])
        .u32s(&[0, 0, 0, 0, 0, 0])
        .done()
}

/// Bytes of the video memory that are visible to the CPU.
fn visible(chip: &Amd) -> u64 {
    chip.window_mib.map_or(VRAM, |mib| u64::from(mib) << 20)
}

/// `struct drm_amdgpu_memory_info`.
fn memory(chip: &Amd) -> Vec<u8> {
    let heap = |size: u64| [size, size, 0, size / 4 * 3];
    Builder::default().u64s(&heap(VRAM)).u64s(&heap(visible(chip))).u64s(&heap(GTT)).done()
}

/// `struct drm_amdgpu_info_video_caps`: decode of AV1 (and H.264, H.265, VP9); no encode.
fn video(kind: u32) -> Vec<u8> {
    let mut caps = Builder::default();
    for codec in 0..8 {
        let valid = kind == 0 && [3, 4, 6, 7].contains(&codec);
        let (width, height) = (8192, 4352);
        let fields = [1, width, height, width * height, 0, 0];
        caps = caps.u32s(if valid { &fields } else { &[0; 6] });
    }
    caps.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chip in a machine without resizable BAR: total and usable bytes of each heap.
    #[test]
    fn a_chip_may_show_a_window_of_its_memory() {
        let heaps = |name: &str| {
            let chip = Chip::named(name).map(|chip| chip.kernel);
            let Some(crate::chip::Kernel::Amdgpu(amd)) = chip else { panic!("{name}") };
            let bytes = Bytes(memory(&amd));
            [0, 4, 8].map(|heap| bytes.u64(heap * 8))
        };
        assert_eq!(heaps("navi21"), [VRAM, 256 << 20, GTT]);
        assert_eq!(heaps("navi33"), [VRAM, VRAM, GTT]);
    }
}
