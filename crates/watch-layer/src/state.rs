//! What is known of a device's objects: numbers and names, no calls.

use std::sync::Arc;

use ash::vk;
use av1_std::owned::SequenceHeader;

use crate::capture::Session;
use crate::keys::Map;

pub(crate) use crate::recorded::{Decode, Op, Parameters, Picture, Resource, Slot};

/// Decodes that are kept for their room, at most.
const SPARE: usize = 16;

/// All that a device's calls have told.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) buffers: Map<u64, Buffer>,
    pub(crate) memories: Map<u64, Memory>,
    pub(crate) images: Map<u64, Image>,
    pub(crate) views: Map<u64, View>,
    pub(crate) sessions: Map<u64, Session>,
    pub(crate) parameters: Map<u64, Arc<Parameters>>,
    /// What is recorded in command buffers, of those that ever had something to capture.
    commands: Map<u64, Vec<Op>>,
    /// Decodes of command buffers that are recorded anew: their room is used again.
    spare: Vec<Arc<Decode>>,
    /// The query that is active in a command buffer.
    pub(crate) active_queries: Map<u64, (u64, u32)>,
    /// Command pools' buffers.
    pub(crate) pools: Map<u64, Vec<u64>>,
    /// Status queries by pool and index: the session and the frame that they are of.
    pub(crate) queries: Map<(u64, u32), (u64, u64)>,
    /// Queues with family and index.
    pub(crate) queues: Map<u64, (u32, u32)>,
    pub(crate) timelines: Timelines,
    /// Images so far.
    pub(crate) images_made: u64,
    /// Different sequence headers so far.
    pub(crate) headers: Vec<Arc<Parameters>>,
    /// Calls of vkQueueSubmit and vkQueueSubmit2 so far.
    pub(crate) submissions: u64,
    /// Decodes recorded so far.
    pub(crate) recorded: u64,
}

/// A buffer for bitstreams.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub(crate) size: u64,
    /// It has TRANSFER_SRC.
    pub(crate) source: bool,
    /// The queue families that share it; none if one has it to itself.
    pub(crate) families: Vec<u32>,
    /// Memory, and the offset in it; none before it is bound.
    pub(crate) memory: Option<(u64, u64)>,
}

/// Device memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) size: u64,
    pub(crate) host_visible: bool,
    /// Where the application has mapped it: the address that offset 0 has or would have, and the
    /// range that is mapped.
    pub(crate) mapped: Option<Mapped>,
}

/// A mapped range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapped {
    pub(crate) address: usize,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl Mapped {
    /// The address of `size` bytes at `offset` of the memory, if they are mapped.
    pub(crate) fn at(&self, offset: u64, size: u64) -> Option<usize> {
        let inside = offset.checked_sub(self.offset)?;
        (inside.checked_add(size)? <= self.size).then(|| self.address + inside as usize)
    }
}

/// An image for video decoding.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// From 0, in the order that they were made in.
    pub(crate) number: u64,
    pub(crate) format: vk::Format,
    pub(crate) extent: (u32, u32),
    pub(crate) usage: vk::ImageUsageFlags,
    pub(crate) flags: vk::ImageCreateFlags,
    /// The queue families that share it; none if one has it to itself.
    pub(crate) families: Vec<u32>,
    /// The layout of each layer, as submitted barriers leave it.
    pub(crate) layouts: Vec<vk::ImageLayout>,
}

/// A view of an image for video decoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) image: u64,
    pub(crate) base_layer: u32,
}

/// Timeline semaphores: what has been submitted that signals them, and who waits for more.
#[derive(Default)]
pub(crate) struct Timelines {
    /// The highest value that is reached by what has been submitted.
    reached: Map<u64, u64>,
    /// What queues wait for that was not submitted when they were told to.
    open: Map<u64, Vec<(u64, u64)>>,
}

impl Timelines {
    /// A semaphore is made, with this value.
    pub(crate) fn made(&mut self, semaphore: u64, value: u64) {
        self.reached.insert(semaphore, value);
    }

    /// A semaphore is gone.
    pub(crate) fn gone(&mut self, semaphore: u64) {
        self.reached.remove(&semaphore);
    }

    /// Something was submitted that signals a semaphore.
    pub(crate) fn signalled(&mut self, semaphore: u64, value: u64) {
        if let Some(reached) = self.reached.get_mut(&semaphore) {
            *reached = value.max(*reached);
        }
    }

    /// A queue is told to wait.
    pub(crate) fn waits(&mut self, queue: u64, semaphore: u64, value: u64) {
        if !self.is_ahead(semaphore, value) {
            return;
        }
        let open = self.open.entry(queue).or_default();
        let reached = &self.reached;
        open.retain(|(semaphore, value)| reached.get(semaphore).is_some_and(|r| value > r));
        open.push((semaphore, value));
    }

    /// Whether nothing that has been submitted reaches this value. Semaphores without a timeline
    /// are signalled before they are waited for.
    pub(crate) fn is_ahead(&self, semaphore: u64, value: u64) -> bool {
        self.reached.get(&semaphore).is_some_and(|reached| value > *reached)
    }

    /// Whether a queue waits for what has not been submitted.
    pub(crate) fn is_open(&self, queue: u64) -> bool {
        let open = self.open.get(&queue);
        open.is_some_and(|all| {
            all.iter().any(|(semaphore, value)| self.is_ahead(*semaphore, *value))
        })
    }
}

impl State {
    /// A sequence header as it was handed over: equal ones are one.
    pub(crate) fn parameters(&mut self, header: SequenceHeader) -> Arc<Parameters> {
        if let Some(known) = self.headers.iter().rev().find(|known| known.header == header) {
            return Arc::clone(known);
        }
        let number = self.headers.len() as u64;
        let job = crate::job::sequence(&header);
        let made = Arc::new(Parameters { number, header, job });
        self.headers.push(Arc::clone(&made));
        made
    }

    /// What is recorded in `commands`, to be added to.
    pub(crate) fn record(&mut self, commands: u64, op: Op) {
        self.commands.entry(commands).or_default().push(op);
    }

    /// A decode is recorded; in a scope of another codec there is nothing before it, and it is left
    /// out.
    pub(crate) fn record_decode(&mut self, commands: u64, decode: Decode) {
        let Some(ops) = self.commands.get_mut(&commands).filter(|ops| !ops.is_empty()) else {
            return;
        };
        let made = match self.spare.pop() {
            Some(mut old) => {
                match Arc::get_mut(&mut old) {
                    Some(place) => *place = decode,
                    None => old = Arc::new(decode),
                }
                old
            }
            None => Arc::new(decode),
        };
        ops.push(Op::Decode(made));
    }

    /// Whether nothing was recorded that is to be captured.
    pub(crate) fn is_idle(&self) -> bool {
        self.commands.is_empty()
    }

    /// Whether a command buffer has anything to capture.
    pub(crate) fn has_ops(&self, commands: u64) -> bool {
        self.commands.get(&commands).is_some_and(|ops| !ops.is_empty())
    }

    /// Takes what is recorded in `commands`, which [`State::give_back`] brings again: it may be
    /// submitted once more.
    pub(crate) fn take(&mut self, commands: u64) -> Vec<Op> {
        self.commands.get_mut(&commands).map(std::mem::take).unwrap_or_default()
    }

    /// Brings what was taken.
    pub(crate) fn give_back(&mut self, commands: u64, ops: Vec<Op>) {
        if let Some(place) = self.commands.get_mut(&commands) {
            *place = ops;
        }
    }

    /// A command buffer is empty.
    pub(crate) fn clear(&mut self, commands: u64) {
        self.active_queries.remove(&commands);
        let Some(ops) = self.commands.get_mut(&commands) else { return };
        for op in ops.drain(..) {
            match op {
                Op::Decode(decode)
                    if self.spare.len() < SPARE && Arc::strong_count(&decode) == 1 =>
                {
                    self.spare.push(decode);
                }
                _ => {}
            }
        }
    }

    /// A command buffer is gone.
    pub(crate) fn forget(&mut self, commands: u64) {
        self.clear(commands);
        self.commands.remove(&commands);
    }

    /// The image and the layer of a picture resource.
    pub(crate) fn picture(&self, resource: &Resource) -> Option<(u64, u32)> {
        let view = self.views.get(&resource.view)?;
        Some((view.image, view.base_layer + resource.base_layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_open_until_what_it_waits_for_is_submitted() {
        let mut timelines = Timelines::default();
        let (semaphore, binary, queue) = (7, 8, 1);
        timelines.made(semaphore, 2);
        timelines.waits(queue, semaphore, 2);
        timelines.waits(queue, binary, 100);
        assert!(!timelines.is_open(queue) && !timelines.is_ahead(semaphore, 2));
        timelines.waits(queue, semaphore, 5);
        assert!(timelines.is_open(queue) && !timelines.is_open(queue + 1));
        timelines.signalled(semaphore, 4);
        assert!(timelines.is_open(queue) && timelines.is_ahead(semaphore, 5));
        timelines.signalled(semaphore, 6);
        timelines.signalled(semaphore, 3);
        assert!(!timelines.is_open(queue) && timelines.is_ahead(semaphore, 7));
        // What is gone is waited for no more.
        timelines.waits(queue, semaphore, 9);
        timelines.gone(semaphore);
        assert!(!timelines.is_open(queue));
    }
}
