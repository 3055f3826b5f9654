//! Queues: one worker thread each, which executes submissions in their order.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::command::Command;
use crate::copy;
use crate::message::Messages;
use crate::query::{Query, QueryPool};
use crate::sync::{Counter, Hub};
use crate::video::execute::Scope;

/// One batch of a submission.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) waits: Vec<(Arc<Counter>, u64)>,
    pub(crate) commands: Vec<Arc<[Command]>>,
    pub(crate) signals: Vec<(Arc<Counter>, u64)>,
}

/// A queue.
pub(crate) struct Queue {
    sender: Mutex<Option<Sender<Batch>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
    submitted: Counter,
    done: Arc<Counter>,
    hub: Arc<Hub>,
}

impl Queue {
    /// A queue whose commands report to `messages`.
    pub(crate) fn new(hub: &Arc<Hub>, messages: &Arc<Messages>) -> Self {
        let (sender, receiver) = channel();
        let done = Arc::new(Counter::new(hub, 0, false));
        let worker_done = Arc::clone(&done);
        let messages = Arc::clone(messages);
        let worker = std::thread::Builder::new()
            .name("softvk queue".into())
            .spawn(move || work(&receiver, &worker_done, &messages));
        if let Err(error) = &worker {
            log::error!("softvk: a queue has no thread: {error}");
        }
        Self {
            sender: Mutex::new(Some(sender)),
            worker: Mutex::new(worker.ok()),
            submitted: Counter::new(hub, 0, false),
            done,
            hub: Arc::clone(hub),
        }
    }

    /// Hands `batch` to the worker; false if the queue is gone.
    pub(crate) fn submit(&self, batch: Batch) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        self.submitted.set(self.submitted.get() + 1);
        sender.as_ref().is_some_and(|sender| sender.send(batch).is_ok())
    }

    /// Waits until all that was submitted is done.
    pub(crate) fn wait_idle(&self) {
        let all = self.submitted.get();
        self.hub.wait(u64::MAX, || self.done.get() >= all);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if worker.is_some_and(|worker| worker.join().is_err()) {
            log::error!("softvk: a queue's thread panicked");
        }
    }
}

fn work(receiver: &Receiver<Batch>, done: &Counter, messages: &Arc<Messages>) {
    let started = Instant::now();
    while let Ok(batch) = receiver.recv() {
        for (semaphore, value) in &batch.waits {
            semaphore.wait_on_queue(*value);
        }
        for commands in &batch.commands {
            let mut executor = Executor { scope: Scope::new(messages), started };
            for command in commands.iter() {
                executor.execute(command);
            }
        }
        for (semaphore, value) in &batch.signals {
            semaphore.signal_on_queue(*value);
        }
        done.set(done.get() + 1);
    }
}

/// The state of one command buffer's execution.
struct Executor {
    scope: Scope,
    started: Instant,
}

impl Executor {
    fn execute(&mut self, command: &Command) {
        match command {
            Command::CopyBuffer { src, dst, regions } => {
                regions.iter().for_each(|region| copy::buffer(src, dst, region));
            }
            Command::CopyBufferToImage { src, dst, regions } => {
                regions.iter().for_each(|region| copy::buffer_to_image(src, dst, region));
            }
            Command::CopyImageToBuffer { src, dst, regions } => {
                regions.iter().for_each(|region| copy::image_to_buffer(src, dst, region));
            }
            Command::CopyImage { src, dst, regions } => {
                regions.iter().for_each(|region| copy::image(src, dst, region));
            }
            Command::FillBuffer { dst, offset, size, data } => {
                copy::fill(dst, *offset, *size, *data);
            }
            Command::UpdateBuffer { dst, offset, data } => {
                if !dst.binding.write(*offset, data) {
                    log::error!("softvk: vkCmdUpdateBuffer reaches outside its buffer");
                }
            }
            Command::ClearImage { dst, texel } => copy::clear(dst, texel),
            Command::SetEvent { event, value } => event.set(*value),
            Command::WaitEvents(events) => {
                events.iter().for_each(|event| event.wait_on_queue(1));
            }
            Command::BeginVideo(begin) => self.scope.begin(begin),
            Command::ResetVideo => self.scope.reset(),
            Command::Decode(decode) => self.scope.decode(decode),
            Command::EndVideo => self.scope.end(),
            Command::Execute(lists) => {
                for command in lists.iter().flat_map(|list| list.iter()) {
                    self.execute(command);
                }
            }
            query => self.query(query),
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
