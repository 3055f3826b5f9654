//! Submissions on their way to completion.

use std::collections::VecDeque;

use crate::sync::Fence;

/// What a command buffer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The unified video engine of AMD chips since VCN 4.
    VcnUnified,
    /// The decode engine of AMD chips before VCN 4.
    VcnDecode,
    /// The video engine of Intel chips, with the AV1 pipeline (AVP).
    Avp,
    /// Anything else: it is not recorded.
    Other,
}

/// One command buffer for one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commands {
    /// What it is for.
    pub(crate) engine: Engine,
    /// The address space that it works in.
    pub(crate) space: u32,
    /// GPU address of the commands.
    pub(crate) address: u64,
    /// Their size in bytes; 0 where the commands say themselves where they end.
    pub(crate) size: u64,
}

/// What one call submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submission {
    /// Its place in the order.
    pub(crate) fence: Fence,
    /// When it completes, in nanoseconds of the monotonic clock.
    ready: i64,
    /// What it runs.
    pub(crate) commands: Vec<Commands>,
}

/// All submissions: they complete in order, each `delay` after it was submitted at the earliest.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    delay: i64,
    last: Fence,
    done: Fence,
    waiting: VecDeque<Submission>,
}

impl Queue {
    /// A queue whose submissions take `delay` nanoseconds.
    pub(crate) fn new(delay: i64) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Takes commands in, and gives the fence that completes with them.
    pub(crate) fn submit(&mut self, now: i64, commands: Vec<Commands>) -> Fence {
        self.last += 1;
        let behind = self.waiting.back().map_or(now, |s| s.ready.max(now));
        self.waiting.push_back(Submission {
            fence: self.last,
            ready: behind + self.delay,
            commands,
        });
        self.last
    }

    /// Completes the next submission whose time has come.
    pub(crate) fn complete(&mut self, now: i64) -> Option<Submission> {
        if self.waiting.front()?.ready > now {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.done = next.fence;
        Some(next)
    }

    /// Whether everything submitted is complete.
    pub(crate) fn idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The last submission that is complete.
    pub(crate) fn done(&self) -> Fence {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submissions_complete_in_order_after_their_delay() {
        let mut queue = Queue::new(10);
        assert_eq!(queue.submit(100, Vec::new()), 1);
        assert_eq!(queue.submit(101, Vec::new()), 2);
        assert_eq!(queue.complete(109), None);
        assert!(!queue.idle());
        assert_eq!(queue.complete(110).map(|s| s.fence), Some(1));
        assert_eq!(queue.complete(111), None);
        assert_eq!(queue.complete(120).map(|s| s.fence), Some(2));
        assert_eq!(queue.done(), 2);
        assert!(queue.idle());
    }
}
