//! Queues: a thread for each that is used, which executes submissions in their order.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use ash::vk;

use crate::access::{Access, Bytes, Clock, Dependency, QUEUES, Side, Tracker};
use crate::batch::{Batch, List};
use crate::command::Command;
use crate::copy;
use crate::image::{Buffer, Image};
use crate::intake::{self, Intake};
use crate::message::Messages;
use crate::planted::FrameFault;
use crate::query::{Query, QueryPool};
use crate::sync::{Counter, Hub};
use crate::video::execute::Scope;
use crate::video::op::DecodeOp;
use av1_engine::Ticket;

/// Where a queue is in its device.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Its family.
    pub(crate) family: u32,
    /// Its number among all queues of the device.
    pub(crate) number: usize,
}

/// For each queue the newest batch that has ended.
pub(crate) type Ended = [AtomicU64; QUEUES];

fn now(ended: &Ended) -> Clock {
    std::array::from_fn(|queue| ended[queue].load(Ordering::Acquire))
}

/// A queue.
pub(crate) struct Queue {
    thread: Mutex<Thread>,
    submitted: Counter,
    done: Arc<Counter>,
    number: usize,
    ended: Arc<Ended>,
    hub: Arc<Hub>,
}

/// The thread of a queue, which begins with the first submission: most queues of most devices
/// never get one.
enum Thread {
    /// What it will work with.
    Ready(Box<Worker>),
    Runs(Sender<Batch>, JoinHandle<()>),
    /// There is none any more, or none could be made.
    Gone,
}

impl Thread {
    /// Where it takes batches from; `None` if there is none, and there can be none.
    fn sender(&mut self) -> Option<&Sender<Batch>> {
        if matches!(self, Self::Ready(_)) {
            let Self::Ready(worker) = std::mem::replace(self, Self::Gone) else { return None };
            let (sender, receiver) = channel();
            let worker = std::thread::Builder::new()
                .name("softvk queue".into())
                .spawn(move || worker.work(Intake::new(receiver)));
            match worker {
                Ok(worker) => *self = Self::Runs(sender, worker),
                Err(error) => log::error!("softvk: a queue has no thread: {error}"),
            }
        }
        match self {
            Self::Runs(sender, _) => Some(sender),
            Self::Ready(_) | Self::Gone => None,
        }
    }
}

impl Queue {
    /// A queue whose commands report to `messages`, at `place` in a device whose queues note in
    /// `ended` what has ended.
    pub(crate) fn new(
        hub: &Arc<Hub>,
        messages: &Arc<Messages>,
        place: Place,
        ended: &Arc<Ended>,
    ) -> Self {
        let done = Arc::new(Counter::new(hub, 0, false));
        let worker = Worker {
            tracker: Tracker::new(messages, place.number, place.family),
            messages: Arc::clone(messages),
            started: Instant::now(),
            number: place.number,
            ended: Arc::clone(ended),
            done: Arc::clone(&done),
            hub: Arc::clone(hub),
        };
        Self {
            thread: Mutex::new(Thread::Ready(Box::new(worker))),
            submitted: Counter::new(hub, 0, false),
            done,
            number: place.number,
            ended: Arc::clone(ended),
            hub: Arc::clone(hub),
        }
    }

    /// Hands `batch` to the worker; false if the queue is gone, or the device lost.
    pub(crate) fn submit(&self, mut batch: Batch) -> bool {
        if self.hub.is_lost() {
            return false;
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = thread.sender() else { return false };
        batch.ended = now(&self.ended);
        batch.busy = self.submitted.get() > batch.ended[self.number];
        self.submitted.set(self.submitted.get() + 1);
        sender.send(batch).is_ok()
    }

    /// Waits until all that was submitted is done; false if the device is lost.
    pub(crate) fn wait_idle(&self) -> bool {
        let all = self.submitted.get();
        self.hub.wait(u64::MAX, || self.done.get() >= all);
        !self.hub.is_lost()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = std::mem::replace(&mut *thread, Thread::Gone);
        self.hub.close();
        if let Thread::Runs(sender, worker) = thread {
            drop(sender);
            if worker.join().is_err() {
                log::error!("softvk: a queue's thread panicked");
            }
        }
    }
}

/// What a queue's thread has.
struct Worker {
    tracker: Tracker,
    messages: Arc<Messages>,
    started: Instant,
    number: usize,
    ended: Arc<Ended>,
    done: Arc<Counter>,
    hub: Arc<Hub>,
}

impl Worker {
    fn work(mut self, mut intake: Intake) {
        while let Some(mut batch) = intake.next() {
            self.tracker.start_batch(&batch.ended);
            for (semaphore, value) in &batch.waits {
                self.tracker.learn(&semaphore.wait_on_queue(*value));
            }
            let is_begun = intake::begin(&mut batch, || true);
            if !is_begun {
                intake.give_up(&batch);
            }
            for List { commands, snapshots, tickets } in batch.lists {
                let scope = Scope::new(&self.messages, batch.busy, snapshots);
                let (started, tracker) = (self.started, &mut self.tracker);
                let behind = is_begun.then_some(&mut intake);
                let mut executor = Executor { scope, started, tracker, tickets, behind };
                for command in commands.iter() {
                    executor.execute(command);
                }
                match executor.scope.end_of_queue() {
                    Some(FrameFault::Hang) => return intake.hang(),
                    Some(FrameFault::Lost) => self.hub.lose(),
                    _ => {}
                }
            }
            // Who hears of a signal may submit the next batch at once.
            self.ended[self.number].fetch_add(1, Ordering::Release);
            let clock = self.tracker.clock();
            for (semaphore, value) in &batch.signals {
                semaphore.signal_on_queue(*value, &clock);
            }
            self.done.set(self.done.get() + 1);
        }
    }
}

/// The state of one command buffer's execution.
struct Executor<'a> {
    scope: Scope,
    started: Instant,
    tracker: &'a mut Tracker,
    /// See [`List::tickets`].
    tickets: VecDeque<Ticket>,
    /// The batches behind this one, if decodes in them may be begun.
    behind: Option<&'a mut Intake>,
}

impl Executor<'_> {
    fn decode(&mut self, op: &DecodeOp) {
        let ticket = self.tickets.pop_front();
        let start = Instant::now();
        if let (Some(ticket), Some(begin)) = (ticket, self.scope.begun()) {
            if let Some(behind) = &mut self.behind {
                behind.wait_for(begin, ticket);
            }
        }
        self.scope.decode(op, ticket, self.tracker);
        if let (Some(_), Some(behind)) = (ticket, &mut self.behind) {
            behind.took(start.elapsed());
        }
    }

    fn execute(&mut self, command: &Command) {
        match command {
            Command::Barrier(dependency) => self.tracker.barrier(dependency),
            Command::SetEvent { event, value } => event.set(*value),
            Command::WaitEvents(events) => {
                for event in events {
                    event.wait_on_queue(1);
                }
                let memory = vec![(Side::ALL, Side::ALL)];
                self.tracker.barrier(&Dependency { memory, ..Dependency::default() });
            }
            Command::BeginVideo(begin) => self.scope.begin(begin),
            Command::ResetVideo => self.scope.reset(),
            Command::Decode(decode) => self.decode(decode),
            Command::EndVideo => self.scope.end(),
            Command::Execute(lists) => {
                for command in lists.iter().flat_map(|list| list.iter()) {
                    self.execute(command);
                }
            }
            other => self.transfer(other),
        }
    }

    fn transfer(&mut self, command: &Command) {
        match command {
            Command::CopyBuffer { src, dst, regions } => {
                let bytes = |at: u64, size: u64| Bytes::all(at..at.saturating_add(size));
                let from: Vec<_> = regions.iter().map(|r| bytes(r.src_offset, r.size)).collect();
                let to: Vec<_> = regions.iter().map(|r| bytes(r.dst_offset, r.size)).collect();
                self.tracker.touch_buffer(src, &from, Access::CopyRead);
                self.tracker.touch_buffer(dst, &to, Access::CopyWrite);
                regions.iter().for_each(|region| copy::buffer(src, dst, region));
            }
            Command::CopyBufferToImage { src, dst, layout, regions } => {
                let vuid = "VUID-vkCmdCopyBufferToImage-dstImageLayout-00180";
                let layers = regions.iter().map(|r| r.image_subresource);
                self.copied(dst, layers, Access::CopyWrite, (*layout, vuid));
                let from: Vec<_> = regions.iter().filter_map(|r| copy::bytes(dst, r)).collect();
                self.tracker.touch_buffer(src, &from, Access::CopyRead);
                regions.iter().for_each(|region| copy::buffer_to_image(src, dst, region));
            }
            Command::CopyImageToBuffer { src, layout, dst, regions } => {
                let vuid = "VUID-vkCmdCopyImageToBuffer-srcImageLayout-00189";
                let layers = regions.iter().map(|r| r.image_subresource);
                self.copied(src, layers, Access::CopyRead, (*layout, vuid));
                let to: Vec<_> = regions.iter().filter_map(|r| copy::bytes(src, r)).collect();
                self.tracker.touch_buffer(dst, &to, Access::CopyWrite);
                regions.iter().for_each(|region| copy::image_to_buffer(src, dst, region));
            }
            Command::CopyImage { src, dst, layouts, regions } => {
                let vuid = "VUID-vkCmdCopyImage-srcImageLayout-00128";
                let layers = regions.iter().map(|r| r.src_subresource);
                self.copied(src, layers, Access::CopyRead, (layouts.0, vuid));
                let vuid = "VUID-vkCmdCopyImage-dstImageLayout-00133";
                let layers = regions.iter().map(|r| r.dst_subresource);
                self.copied(dst, layers, Access::CopyWrite, (layouts.1, vuid));
                regions.iter().for_each(|region| copy::image(src, dst, region));
            }
            Command::FillBuffer { dst, offset, size, data } => {
                let end =
                    if *size == vk::WHOLE_SIZE { dst.size } else { offset.saturating_add(*size) };
                self.written(dst, *offset..end);
                copy::fill(dst, *offset, *size, *data);
            }
            Command::UpdateBuffer { dst, offset, data } => {
                self.written(dst, *offset..offset.saturating_add(data.len() as u64));
                if !dst.binding.write(*offset, data) {
                    log::error!("softvk: vkCmdUpdateBuffer reaches outside its buffer");
                }
            }
            Command::ClearImage { dst, layout, texel } => {
                let rule = (&[*layout][..], "VUID-vkCmdClearColorImage-imageLayout-00004");
                self.tracker.touch(dst, 0..dst.layers, Access::CopyWrite, rule);
                copy::clear(dst, texel);
            }
            query => self.query(query),
        }
    }

    /// A transfer writes bytes of `buffer`.
    fn written(&mut self, buffer: &Arc<Buffer>, range: Range<u64>) {
        self.tracker.touch_buffer(buffer, &[Bytes::all(range)], Access::CopyWrite);
    }

    /// The layers of `image` that a copy reads or writes, each once.
    fn copied(
        &mut self,
        image: &Arc<Image>,
        layers: impl Iterator<Item = vk::ImageSubresourceLayers>,
        access: Access,
        (layout, vuid): (vk::ImageLayout, &str),
    ) {
        let end = |l: &vk::ImageSubresourceLayers| match l.layer_count {
            vk::REMAINING_ARRAY_LAYERS => image.layers,
            count => l.base_array_layer.saturating_add(count).min(image.layers),
        };
        let layers: BTreeSet<u32> = layers.flat_map(|l| l.base_array_layer..end(&l)).collect();
        for layer in layers {
            self.tracker.touch(image, layer..layer + 1, access, (&[layout], vuid));
        }
    }

    fn query(&mut self, command: &Command) {
        match command {
            Command::ResetQueries { pool, first, count } => pool.reset(*first, *count),
            Command::BeginQuery { pool, index } => {
                self.scope.query = Some((Arc::clone(pool), *index));
            }
            Command::EndQuery { pool, index } => {
                let status = self.scope.take_status();
                pool.set(*index, Query { available: true, value: 0, status });
            }
            Command::WriteTimestamp { pool, index } => {
                let value = self.started.elapsed().as_nanos() as u64;
                pool.set(*index, Query { available: true, value, status: 1 });
            }
            Command::CopyQueryResults { pool, first, count, dst, offset, stride, flags } => {
                for i in 0..*count {
                    let (bytes, _) = pool_result(pool, first + i, *flags);
                    let at = offset + u64::from(i) * stride;
                    self.written(dst, at..at + bytes.len() as u64);
                    if !dst.binding.write(offset + u64::from(i) * stride, &bytes) {
                        log::error!("softvk: vkCmdCopyQueryPoolResults reaches outside its buffer");
                    }
                }
            }
            _ => {}
        }
    }
}

fn pool_result(pool: &QueryPool, index: u32, flags: ash::vk::QueryResultFlags) -> (Vec<u8>, bool) {
    pool.result(index, flags)
}
