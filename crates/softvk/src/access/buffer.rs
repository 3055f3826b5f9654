//! What executed commands have made of buffers, by ranges of bytes: the accesses that nothing
//! orders yet, and what was written for nobody to see.

use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use ash::vk::{AccessFlags2, PipelineStageFlags2};

use super::{Access, Side, Tracker, takes_in};
use crate::image::Buffer;
use crate::message::Messages;
use crate::order::{BufferState, Bytes, overlap};

/// A buffer memory barrier.
#[derive(Clone)]
pub(crate) struct BufferBarrier {
    pub(crate) buffer: Arc<Buffer>,
    pub(crate) range: Range<u64>,
    pub(crate) from: Side,
    pub(crate) to: Side,
}

fn state(buffer: &Buffer) -> MutexGuard<'_, BufferState> {
    buffer.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many writes of the device `buffer` has seen.
pub(crate) fn writes(buffer: &Buffer) -> u64 {
    state(buffer).writes
}

/// Before `buffer` goes away: says what was written into it for nobody to see.
pub(crate) fn end(buffer: &Buffer, messages: &Messages) {
    let lost = state(buffer).for_nobody(buffer.binding.is_mapped(), &(0..u64::MAX));
    lost.into_iter().for_each(|text| messages.error("", &text));
}

impl Tracker {
    /// A command that accesses `all` of `buffer`.
    pub(crate) fn touch_buffer(&mut self, buffer: &Arc<Buffer>, all: &[Bytes], access: Access) {
        let at = Arc::as_ptr(buffer);
        if !self.buffers.iter().any(|known| std::ptr::eq(known.as_ptr(), at)) {
            self.buffers.push(Arc::downgrade(buffer));
        }
        let mut state = state(buffer);
        for bytes in all {
            let met = state.past.iter().filter(|(other, _)| other.meets(bytes));
            if let Some(text) = self.unordered(met.map(|(_, past)| past), access) {
                let (start, end) = (bytes.range.start, bytes.range.end);
                self.say("", &format!("bytes {start} to {end} of a buffer: {text}"));
            }
            if access.writes() {
                let lost = state.for_nobody(buffer.binding.is_mapped(), &bytes.range);
                lost.into_iter().for_each(|text| self.say("", &text));
            }
            state.unseen.retain(|range| !overlap(range, &bytes.range));
        }
        let known = self.known;
        state.past.retain(|(_, past)| past.batch > known[past.queue]);
        state.writes += u64::from(access.writes());
        for bytes in all {
            if access.writes() {
                state.unseen.push(bytes.range.clone());
            }
            state.past.push((bytes.clone(), self.now(Some(access))));
        }
    }

    /// A global memory barrier, as far as buffers go.
    pub(super) fn order_buffers(&self, from: &Side, to: &Side) {
        for buffer in self.buffers.iter().filter_map(Weak::upgrade) {
            self.order_bytes(&mut state(&buffer), &(0..u64::MAX), from, to);
        }
    }

    /// A buffer memory barrier.
    pub(super) fn buffer_barrier(&self, barrier: &BufferBarrier) {
        let mut state = state(&barrier.buffer);
        self.order_bytes(&mut state, &barrier.range, &barrier.from, &barrier.to);
    }

    fn order_bytes(&self, state: &mut BufferState, range: &Range<u64>, from: &Side, to: &Side) {
        let mut written = from.sees(Access::CopyWrite);
        for (bytes, past) in &mut state.past {
            let ours = past.queue == self.queue && overlap(&bytes.range, range);
            if ours && takes_in(past, from) {
                written |= past.writes();
                past.after.stages |= to.stages;
                past.after.access |= to.access;
            }
        }
        let read = AccessFlags2::HOST_READ | AccessFlags2::MEMORY_READ;
        let host = to.stages.contains(PipelineStageFlags2::HOST) && to.access.intersects(read);
        if host && written {
            state.unseen.retain(|unseen| !overlap(unseen, range));
        }
    }
}
