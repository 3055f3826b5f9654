//! Hazards of buffers, by ranges: each broken once, and the same commands in order, of which nothing
//! is said.

use std::sync::{Arc, PoisonError};

use ash::vk::{self, AccessFlags2 as A, ImageLayout as Layout, PipelineStageFlags2 as S};

use crate::record::{picture, right, tile_bytes};
use crate::rig::{BITSTREAM, COPIES, DECODES, Rig};

/// A fill of bytes of the buffer.
fn fill(rig: &Rig, commands: vk::CommandBuffer, at: u64, size: u64) {
    // SAFETY: inside the buffer.
    unsafe { rig.device.cmd_fill_buffer(commands, rig.buffer, at, size, 0x5a5a_5a5a) };
}

/// A decode that reads the first half of the buffer.
fn decode(rig: &Rig, commands: vk::CommandBuffer) {
    rig.discard(commands, picture(0, 0), Layout::VIDEO_DECODE_DPB_KHR);
    rig.record(commands, &right());
}

/// A barrier for bytes of the buffer, from transfers to decodes.
fn barrier(rig: &Rig, commands: vk::CommandBuffer, at: u64, size: u64) {
    let barriers = [vk::BufferMemoryBarrier2::default()
        .buffer(rig.buffer)
        .offset(at)
        .size(size)
        .src_stage_mask(S::CLEAR)
        .src_access_mask(A::TRANSFER_WRITE)
        .dst_stage_mask(S::VIDEO_DECODE_KHR)
        .dst_access_mask(A::VIDEO_DECODE_READ_KHR)];
    let info = vk::DependencyInfo::default().buffer_memory_barriers(&barriers);
    // SAFETY: recording.
    unsafe { rig.device.cmd_pipeline_barrier2(commands, &info) };
}

/// What is said of commands on the decode family.
fn said(record: impl FnOnce(&Rig, vk::CommandBuffer)) -> Vec<String> {
    let rig = Rig::new();
    rig.run(DECODES, |commands| record(&rig, commands));
    rig.heard()
}

const READ: &str = "hazard: VIDEO_DECODE_READ after TRANSFER_WRITE without a barrier";
const WRITE: &str = "hazard: TRANSFER_WRITE after VIDEO_DECODE_READ without a barrier";

/// One line is said, and it ends so.
#[track_caller]
fn one(said: &[String], end: &str) {
    assert!(said.len() == 1 && said[0].ends_with(end), "{end}: {said:?}");
}

#[test]
fn a_bitstream_that_a_transfer_writes() {
    one(
        &said(|rig, c| {
            fill(rig, c, 4092, 8);
            decode(rig, c);
        }),
        &format!("bytes 0 to 4096 of a buffer: {READ}"),
    );
    let none = said(|rig, c| {
        fill(rig, c, BITSTREAM, 64);
        decode(rig, c);
    });
    assert_eq!(none, [""; 0]);
    // A barrier for these bytes, for others, for all, and for another access.
    let between = |order: fn(&Rig, vk::CommandBuffer)| {
        said(move |rig, c| {
            fill(rig, c, 64, 64);
            order(rig, c);
            decode(rig, c);
        })
    };
    assert_eq!(between(|rig, c| barrier(rig, c, 0, 128)), [""; 0]);
    assert_eq!(between(|rig, c| barrier(rig, c, 64, vk::WHOLE_SIZE)), [""; 0]);
    one(&between(|rig, c| barrier(rig, c, 128, 128)), READ);
    assert_eq!(
        between(|rig, c| {
            let read = (S::VIDEO_DECODE_KHR, A::VIDEO_DECODE_READ_KHR);
            rig.memory(c, (S::CLEAR, A::TRANSFER_WRITE), read);
        }),
        [""; 0]
    );
    one(
        &between(|rig, c| {
            let read = (S::VIDEO_DECODE_KHR, A::VIDEO_DECODE_WRITE_KHR);
            rig.memory(c, (S::CLEAR, A::TRANSFER_WRITE), read);
        }),
        READ,
    );
    one(
        &said(|rig, c| {
            decode(rig, c);
            fill(rig, c, 0, 4);
        }),
        &format!("bytes 0 to 4 of a buffer: {WRITE}"),
    );
}

#[test]
fn a_bitstream_that_another_queue_writes() {
    let rig = Rig::new();
    rig.gated(|rig| rig.run(COPIES, |c| fill(rig, c, 0, 64)), decode);
    one(&rig.heard(), "hazard: VIDEO_DECODE_READ after TRANSFER_WRITE without a semaphore");
}

#[test]
fn copies_over_each_other() {
    let copies = |ordered: bool| {
        said(move |rig, c| {
            let region = vk::BufferCopy { src_offset: 0, dst_offset: 4096, size: 64 };
            // SAFETY: inside the buffer.
            unsafe { rig.device.cmd_copy_buffer(c, rig.buffer, rig.buffer, &[region]) };
            if ordered {
                let copy = (S::COPY, A::TRANSFER_READ | A::TRANSFER_WRITE);
                rig.memory(c, copy, copy);
            }
            let region = vk::BufferCopy { src_offset: 4100, dst_offset: 4200, size: 64 };
            // SAFETY: as above.
            unsafe { rig.device.cmd_copy_buffer(c, rig.buffer, rig.buffer, &[region]) };
        })
    };
    assert_eq!(copies(true), [""; 0]);
    one(
        &copies(false),
        "bytes 4100 to 4164 of a buffer: hazard: TRANSFER_READ after TRANSFER_WRITE without a \
         barrier",
    );
}

#[test]
fn what_the_host_cannot_have_read() {
    let heard = |to_host: bool, mapped: bool| {
        let rig = Rig::new();
        let heard = Arc::clone(&rig.heard);
        if mapped {
            rig.write(0, &[0]);
        }
        rig.run(COPIES, |c| {
            fill(&rig, c, 0, 64);
            if to_host {
                rig.memory(c, (S::CLEAR, A::TRANSFER_WRITE), (S::HOST, A::HOST_READ));
            }
        });
        drop(rig);
        std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner))
    };
    assert_eq!(heard(true, true), [""; 0]);
    assert_eq!(heard(false, false), [""; 0]);
    let text = "hazard: bytes 0 to 64 of a mapped buffer were written by a transfer, and no barrier \
                to HOST_READ came after it: no read of the host is ordered after it";
    one(&heard(false, true), text);
    // It is said when the bytes are written again, once for a buffer; and not if a command has read them.
    let rig = Rig::new();
    rig.write(0, &[0]);
    rig.run(COPIES, |c| fill(&rig, c, 0, 64));
    rig.run(COPIES, |c| fill(&rig, c, 32, 4));
    one(&rig.heard(), text);
    rig.run(COPIES, |c| fill(&rig, c, 32, 4));
    assert_eq!(rig.heard(), [""; 0]);
    drop(rig);
    let rig = Rig::new();
    rig.write(0, &[0]);
    rig.run(COPIES, |c| fill(&rig, c, 0, 64));
    rig.run(COPIES, |c| {
        let region = vk::BufferCopy { src_offset: 0, dst_offset: 4096, size: 64 };
        // SAFETY: inside the buffer.
        unsafe { rig.device.cmd_copy_buffer(c, rig.buffer, rig.buffer, &[region]) };
        rig.to_host(c);
    });
    assert_eq!(rig.heard(), [""; 0]);
}

#[test]
fn a_bitstream_that_the_host_overwrites() {
    let overwritten = |at: u64, host: bool| {
        let rig = Rig::new();
        rig.write(0, &tile_bytes());
        rig.gated(
            |rig| rig.write(at, &[0xff; 8]),
            |rig, c| {
                if host {
                    let read = (S::VIDEO_DECODE_KHR, A::VIDEO_DECODE_READ_KHR);
                    rig.memory(c, (S::HOST, A::HOST_WRITE), read);
                }
                decode(rig, c);
            },
        );
        rig.heard()
    };
    let text = "hazard: the host wrote bytes of srcBuffer from 0 to 4096 between submission and \
                decoding";
    one(&overwritten(4088, false), text);
    one(&overwritten(0, false), text);
    // Other bytes, and a barrier after what the host does before it lets the queue go on.
    assert_eq!(overwritten(4096, false), [""; 0]);
    assert_eq!(overwritten(0, true), [""; 0]);
}
