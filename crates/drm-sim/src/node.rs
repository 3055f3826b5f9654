//! The imitated node: what it holds, and what is submitted to it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use crate::bytes::Bytes;
use crate::chip::Chip;
use crate::intel::Contexts;
use crate::log::log;
use crate::memory::Memory;
use crate::submission::{Commands, Queue, Submission};
use crate::sync::{Fence, Objects};
use crate::{sys, tree};

/// An error number of the kernel.
pub(crate) type Errno = i32;

/// The calling program's memory.
pub(crate) struct Caller(File);

impl Caller {
    /// This process's memory.
    pub(crate) fn open() -> Result<Self, Errno> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open("/proc/self/mem")
            .map(Self)
            .map_err(|_| libc::EFAULT)
    }

    /// `size` bytes at `address`.
    pub(crate) fn read(&self, address: u64, size: usize) -> Result<Bytes, Errno> {
        let mut bytes = vec![0; size];
        self.0.read_exact_at(&mut bytes, address).map_err(|_| libc::EFAULT)?;
        Ok(Bytes(bytes))
    }

    /// Writes `bytes` at `address`.
    pub(crate) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.0.write_all_at(bytes, address).map_err(|_| libc::EFAULT)
    }
}

/// What changes while the node is open.
pub(crate) struct State {
    /// Buffers and addresses.
    pub(crate) memory: Memory,
    /// Synchronisation objects.
    pub(crate) objects: Objects,
    /// Submissions under way.
    pub(crate) queue: Queue,
    /// Contexts, with their engines.
    pub(crate) contexts: Contexts,
    /// The process ends: nothing is delayed any more.
    leaving: bool,
}

/// The node.
pub(crate) struct Node {
    /// What it imitates.
    pub(crate) chip: Chip,
    /// The process's tree of files.
    pub(crate) root: PathBuf,
    /// Which process made it: a forked child must not remove its parent's tree.
    process: u32,
    /// Device and inode of the file that stands for the node.
    identity: (u64, u64),
    state: Mutex<State>,
    /// Something was submitted, or is complete.
    changed: Condvar,
    /// The thread that runs what is submitted.
    worker: Once,
    /// Starts it.
    start: fn(&'static Self),
}

/// Submissions behind the one that is begun that are shown with it.
const LOOK_AHEAD: usize = 8;
/// How long to wait for a change before looking again, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long a process that ends waits for what is under way.
const LAST_WAIT: i64 = 60_000_000_000;

impl Node {
    /// The node of the chip `name`; `start` starts the thread that runs what is submitted.
    ///
    /// # Errors
    /// What the environment asks for and there is not; what the system refuses.
    pub(crate) fn new(name: &str, start: fn(&'static Self)) -> Result<Self, String> {
        let chip = Chip::named(name).ok_or_else(|| {
            let known: Vec<&str> = crate::chip::CHIPS.iter().map(|chip| chip.name).collect();
            format!("no such chip; there are {}", known.join(", "))
        })?;
        let delay = match std::env::var("VAV1D_DRM_SIM_DELAY") {
            Ok(text) => {
                text.parse::<u32>().map_err(|e| format!("VAV1D_DRM_SIM_DELAY={text}: {e}"))?
            }
            Err(_) => 0,
        };
        let memory = Memory::new().map_err(|e| format!("memory: {e}"))?;
        let about = memory.file().metadata().map_err(|e| format!("memory: {e}"))?;
        Ok(Self {
            chip,
            root: tree::make(&chip).map_err(|e| format!("temporary files: {e}"))?,
            process: std::process::id(),
            identity: (about.dev(), about.ino()),
            state: Mutex::new(State {
                memory,
                objects: Objects::default(),
                queue: Queue::new(i64::from(delay) * 1_000_000),
                contexts: Contexts::default(),
                leaving: false,
            }),
            changed: Condvar::new(),
            worker: Once::new(),
            start,
        })
    }

    /// What changes; a thread that died while it held this left nothing half done that matters.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something changes, or for `most` nanoseconds, or a little.
    pub(crate) fn pause(&self, state: MutexGuard<'_, State>, most: u64) {
        let most = Duration::from_nanos(most).min(LOOK_AGAIN);
        // Whether it was a change or the time: whoever waits looks again.
        drop(self.changed.wait_timeout(state, most));
    }

    /// Takes commands in, and gives the fence that completes with them.
    pub(crate) fn submit(&'static self, state: &mut State, commands: Vec<Commands>) -> Fence {
        let fence = state.queue.submit(sys::monotonic(), commands);
        if self.is_of_this_process() {
            self.worker.call_once(|| (self.start)(self));
            self.changed.notify_all();
        } else {
            // A forked child has no thread of its own: what it submits is complete, and not done.
            while let Some(submission) = state.queue.begin(i64::MAX) {
                state.queue.finish(&submission);
            }
        }
        fence
    }

    /// Waits for the next submission that is due, and begins it; with copies of those behind it.
    pub(crate) fn next_submission(&self) -> (Submission, Vec<Submission>) {
        loop {
            let mut state = self.state();
            let now = if state.leaving { i64::MAX } else { sys::monotonic() };
            if let Some(submission) = state.queue.begin(now) {
                let behind = state.queue.waiting().take(LOOK_AHEAD).cloned().collect();
                return (submission, behind);
            }
            match state.queue.next_due() {
                Some(due) => self.pause(state, u64::try_from(due - now).unwrap_or(0)),
                None => drop(self.changed.wait(state)),
            }
        }
    }

    /// A submission is complete.
    pub(crate) fn finish(&self, submission: &Submission) {
        let State { queue, memory, .. } = &mut *self.state();
        queue.finish(submission);
        memory.reclaim(queue.done());
        self.changed.notify_all();
    }

    /// Closes a buffer object, which submissions may still use; whether there was one.
    pub(crate) fn close(&self, handle: u32) -> bool {
        let State { queue, memory, .. } = &mut *self.state();
        let is_known = memory.close(handle, queue.last());
        memory.reclaim(queue.done());
        is_known
    }

    /// Whether this process made it, and not one that it was forked from.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    /// Runs what is under way without delay, and waits for it: the process ends.
    pub(crate) fn run_out(&self) {
        self.state().leaving = true;
        self.changed.notify_all();
        let start = sys::monotonic();
        loop {
            let state = self.state();
            if state.queue.idle() {
                break;
            }
            if sys::monotonic() - start > LAST_WAIT {
                log("what was submitted last does not end; the recording is cut short");
                break;
            }
            self.pause(state, u64::MAX);
        }
    }

    /// Whether a file with this device and inode is the node.
    pub(crate) fn is(&self, device: u64, inode: u64) -> bool {
        self.identity == (device, inode)
    }
}
