//! What a queue was given and has not executed yet. Decodes in it are begun as far ahead of their
//! turn as the decoder goes, and as the waits and commands before them allow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use ash::vk::ImageLayout;

use crate::access::Dependency;
use crate::batch::{Batch, List};
use crate::command::Command;
use crate::video::ahead;
use crate::video::op::{BeginOp, DecodeOp};
use av1_engine::{Room, Ticket};

/// Longest time that is waited for the next batch while a decode is in the making.
const MOST_PATIENCE: Duration = Duration::from_millis(5);
/// After so many decodes with nothing behind them the application is taken to wait for each.
const ALONE: u32 = 4;

/// The batches of a queue.
pub(crate) struct Intake {
    receiver: Receiver<Batch>,
    waiting: VecDeque<Batch>,
    /// How long decodes took of late, from when they were waited for.
    usual: Duration,
    /// Decodes in a row with no batch behind them.
    alone: u32,
}

impl Intake {
    /// Nothing has come from `receiver` yet.
    pub(crate) fn new(receiver: Receiver<Batch>) -> Self {
        Self { receiver, waiting: VecDeque::new(), usual: Duration::ZERO, alone: 0 }
    }

    /// The next batch; `None` once the queue is gone.
    pub(crate) fn next(&mut self) -> Option<Batch> {
        if self.waiting.is_empty() {
            self.waiting.extend(self.receiver.recv().ok());
        }
        self.waiting.pop_front()
    }

    /// Does nothing until the queue is gone.
    pub(crate) fn hang(&self) {
        while self.receiver.recv().is_ok() {}
    }

    /// Waits for a decode that was begun, and begins those behind it meanwhile.
    pub(crate) fn wait_for(&mut self, scope: &BeginOp, ticket: Ticket) {
        let start = Instant::now();
        loop {
            self.waiting.extend(self.receiver.try_iter());
            self.begin_all(scope, ticket);
            if ahead::is_over(scope, ticket) {
                break;
            }
            let patience = (self.usual / 2).min(MOST_PATIENCE);
            let is_open = self.alone < ALONE && ahead::room(scope) == Room::Free;
            let left = patience.saturating_sub(start.elapsed());
            if !is_open || left.is_zero() {
                // Whoever takes the frame waits for it.
                break;
            }
            self.waiting.extend(self.receiver.recv_timeout(left).ok());
        }
        self.alone = if self.waiting.is_empty() { self.alone.saturating_add(1) } else { 0 };
    }

    /// A decode that was begun has taken so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.usual = (self.usual * 3 + time) / 4;
    }

    /// Lets the pictures go that the decodes of `batch`, which is about to be executed, and of those
    /// behind it will overwrite.
    pub(crate) fn give_up(&mut self, batch: &Batch) {
        if give_up(batch) {
            self.waiting.extend(self.receiver.try_iter());
            let _last = self.waiting.iter().find(|batch| !give_up(batch));
        }
    }

    /// Begins what can be begun of the batches that wait, until it is known what came of `ticket`.
    fn begin_all(&mut self, scope: &BeginOp, ticket: Ticket) {
        let mut batches = self.waiting.iter_mut();
        let stuck = batches.find_map(|batch| {
            let goes_on = begin(batch, || !ahead::is_over(scope, ticket));
            (!goes_on).then_some(batch)
        });
        // What is there no room for yet overwrites pictures all the same.
        let _last = stuck.into_iter().chain(batches).find(|batch| !give_up(batch));
    }
}

/// Begins the decodes of a batch, as long as `wanted`; whether those of the next batch may be begun.
pub(crate) fn begin(batch: &mut Batch, wanted: impl Fn() -> bool) -> bool {
    let is_free = batch.waits.iter().all(|(semaphore, value)| semaphore.is_reached(*value));
    is_free && batch.lists.iter_mut().all(|list| begin_list(list, &wanted))
}

/// Lets the pictures go that the decodes of a batch will overwrite, as far as nothing before them
/// looks at images; whether nothing in all of it does.
fn give_up(batch: &Batch) -> bool {
    let is_free = batch.waits.iter().all(|(semaphore, value)| semaphore.is_reached(*value));
    is_free
        && batch.lists.iter().all(|List { commands, tickets, .. }| {
            let mut scope: Option<&BeginOp> = None;
            let mut seen = 0;
            commands.iter().all(|command| match command {
                Command::BeginVideo(begin) => {
                    scope = Some(begin);
                    ahead::gives_up(begin)
                }
                Command::Decode(op) => {
                    seen += 1;
                    if seen > tickets.len() {
                        ahead::give_up(op);
                    }
                    scope.is_some()
                }
                Command::Barrier(dependency) => is_harmless(dependency, commands),
                other => changes_nothing(other),
            })
        })
}

/// Commands that neither look at images nor change what decodes depend on.
fn changes_nothing(command: &Command) -> bool {
    matches!(
        command,
        Command::EndVideo
            | Command::ResetQueries { .. }
            | Command::BeginQuery { .. }
            | Command::EndQuery { .. }
            | Command::WriteTimestamp { .. }
    )
}

fn begin_list(list: &mut List, wanted: &impl Fn() -> bool) -> bool {
    let List { commands, tickets, .. } = list;
    let mut scope: Option<&BeginOp> = None;
    let mut seen = 0;
    for command in commands.iter() {
        match command {
            Command::BeginVideo(begin) => {
                // A slot that is deactivated is so at its turn.
                if begin.slots.iter().any(|slot| slot.resource.is_none()) {
                    return false;
                }
                scope = Some(begin);
            }
            Command::Decode(op) => {
                seen += 1;
                let Some(scope) = scope else { return false };
                if seen <= tickets.len() {
                    continue;
                }
                if !wanted() || ahead::room(scope) == Room::No {
                    return false;
                }
                let Some(ticket) = ahead::begin(scope, op) else { return false };
                tickets.push_back(ticket);
            }
            Command::Barrier(dependency) if is_harmless(dependency, commands) => {}
            other if changes_nothing(other) => {}
            _ => return false,
        }
    }
    true
}

/// Whether a barrier discards no picture but those that decodes of the same commands write.
fn is_harmless(dependency: &Dependency, commands: &[Command]) -> bool {
    let writes = |op: &DecodeOp, image: &Arc<_>, layer: u32| {
        let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
        let mut written = op.dst.iter().chain(setup);
        written.any(|to| Arc::ptr_eq(&to.view.image, image) && to.layer == layer)
    };
    let discards = dependency.images.iter().filter(|b| b.old == ImageLayout::UNDEFINED);
    let mut layers = discards.flat_map(|b| b.layers.clone().map(move |layer| (&b.image, layer)));
    layers.all(|(image, layer)| {
        commands.iter().any(|command| match command {
            Command::Decode(op) => writes(op, image, layer),
            _ => false,
        })
    })
}
