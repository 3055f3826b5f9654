//! Decodes under way, and what is about to be submitted.

use std::sync::{Arc, OnceLock};

use ash::vk;

use super::objects::{Buffer, Commands};
use super::output::DecodeStatus;
use super::record::DecodeCommand;
use super::submit::{Ticket, Wait};

/// A decode under way.
pub(super) struct InFlight {
    pub(super) ticket: Ticket,
    pub(super) frame: u64,
    pub(super) unit: u64,
    /// Index of its query.
    pub(super) query: Option<u32>,
    pub(super) status: Arc<OnceLock<DecodeStatus>>,
    pub(super) work: Work,
    /// What is still to be recorded.
    pub(super) command: Option<Box<DecodeCommand>>,
}

/// What one decode uses, and the next may use again.
pub(super) struct Work {
    pub(super) commands: Commands,
    pub(super) bitstream: Option<Buffer>,
}

/// Command buffers to submit.
pub(super) struct Queued {
    pub(super) ticket: Ticket,
    pub(super) wait: Option<Wait>,
    pub(super) what: QueuedWork,
}

/// What is submitted, and to which lane.
pub(super) enum QueuedWork {
    /// To the decode lane: the frame in flight with the ticket.
    Decode,
    /// To the decode lane, recorded.
    HandOver(vk::CommandBuffer),
    /// To the copy lane, recorded.
    Copy(vk::CommandBuffer),
}

/// How a picture gets from one family to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// They are one.
    Within,
    /// One gives it, the other takes it.
    Owned { decode: u32, copy: u32 },
    /// Both have it.
    Shared,
}
