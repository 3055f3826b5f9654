//! Batches of command buffers as they were submitted.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::command::Command;
use crate::order::Clock;
use crate::sync::Counter;
use crate::video::snapshot::{Snapshot, Snapshots};
use av1_engine::Ticket;

/// One batch of a submission.
#[derive(Default)]
pub(crate) struct Batch {
    /// What had ended when it was submitted: the host may have waited for it.
    pub(crate) ended: Clock,
    /// Whether the queue was at work when it was submitted.
    pub(crate) busy: bool,
    pub(crate) waits: Vec<(Arc<Counter>, u64)>,
    pub(crate) lists: Vec<List>,
    pub(crate) signals: Vec<(Arc<Counter>, u64)>,
}

/// A command buffer.
pub(crate) struct List {
    pub(crate) commands: Arc<[Command]>,
    /// The bitstreams of its decodes as they were when it was submitted.
    pub(crate) snapshots: Snapshots,
    /// Its first decodes, as far as they were begun before their turn.
    pub(crate) tickets: VecDeque<Ticket>,
}

impl Batch {
    /// What `commands` wait for and what they signal, each with its value.
    pub(crate) fn new(
        waits: Vec<(Arc<Counter>, u64)>,
        commands: Vec<Arc<[Command]>>,
        signals: Vec<(Arc<Counter>, u64)>,
    ) -> Self {
        let list = |commands: Arc<[Command]>| {
            let (snapshots, tickets) = (snapshots(&commands), VecDeque::new());
            List { commands, snapshots, tickets }
        };
        let lists = commands.into_iter().map(list).collect();
        Self { waits, lists, signals, ..Self::default() }
    }
}

/// The snapshots of all decodes in `commands`, in their order.
fn snapshots(commands: &Arc<[Command]>) -> Snapshots {
    let mut null = false;
    let mut taken = VecDeque::new();
    for command in commands.iter() {
        match command {
            // Where nothing is decoded, nothing is to be looked at.
            Command::BeginVideo(begin) => null = begin.session.config.null,
            Command::Decode(_) if null => taken.push_back(None),
            Command::Decode(op) => taken.push_back(Snapshot::of(op)),
            _ => {}
        }
    }
    taken
}
