//! Submissions on their way to completion.

use std::collections::VecDeque;

use crate::memory::Space;
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
    /// The copy engine of AMD chips.
    Sdma,
    /// The copy engine of Intel chips.
    Blitter,
    /// Anything else: what it would do is not done.
    Other,
}

/// One command buffer for one engine.
#[derive(Debug, Clone)]
pub(crate) struct Commands {
    /// What it is for.
    pub(crate) engine: Engine,
    /// The address space that it works in.
    pub(crate) space: Space,
    /// GPU address of the commands.
    pub(crate) address: u64,
    /// Their size in bytes; 0 where the commands say themselves where they end.
    pub(crate) size: u64,
}

/// What one call submits.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    /// Its place in the order.
    fence: Fence,
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
    /// Whether one is being run.
    running: bool,
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

    /// Begins the next submission, if its time has come. Its end is told by [`Self::finish`].
    pub(crate) fn begin(&mut self, now: i64) -> Option<Submission> {
        if self.waiting.front()?.ready > now {
            return None;
        }
        self.running = true;
        self.waiting.pop_front()
    }

    /// A submission that was begun is complete.
    pub(crate) fn finish(&mut self, submission: &Submission) {
        self.running = false;
        self.done = submission.fence;
    }

    /// When the next submission is due.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.waiting.front().map(|submission| submission.ready)
    }

    /// The submissions that wait, the next one first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Submission> {
        self.waiting.iter()
    }

    /// Whether everything submitted is complete.
    pub(crate) fn idle(&self) -> bool {
        self.waiting.is_empty() && !self.running
    }

    /// The last submission so far.
    pub(crate) fn last(&self) -> Fence {
        self.last
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
        assert!(queue.begin(109).is_none());
        assert_eq!(queue.next_due(), Some(110));
        let first = queue.begin(110).expect("it is due");
        assert_eq!((first.fence, queue.done(), queue.idle()), (1, 0, false));
        queue.finish(&first);
        assert!(queue.begin(111).is_none());
        let second = queue.begin(120).expect("it is due");
        assert!(!queue.idle());
        queue.finish(&second);
        assert_eq!(queue.done(), 2);
        assert!(queue.idle());
    }
}
