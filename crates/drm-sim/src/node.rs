//! The imitated node of this process.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;

use crate::bytes::Bytes;
use crate::chip::{Chip, Kernel};
use crate::intel::Contexts;
use crate::memory::Memory;
use crate::submission::{Commands, Queue, Submission};
use crate::sync::{Fence, Objects};
use crate::{amdgpu, drm, i915, sys, tree, worker, xe};

/// An error number of the kernel.
pub(crate) type Errno = i32;

/// First number of the requests that belong to the kernel driver, not to DRM (`DRM_COMMAND_BASE`),
/// and the first after them.
const DRIVER_REQUESTS: std::ops::Range<u8> = 0x40..0xA0;

/// The calling program's memory.
pub(crate) struct Caller(File);

impl Caller {
    /// This process's memory.
    fn open() -> Result<Self, Errno> {
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
}

/// Submissions behind the one that is begun that are shown with it.
const LOOK_AHEAD: usize = 8;
/// How long to wait for a change before looking again, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long a process that ends waits for what is under way.
const LAST_WAIT: i64 = 60_000_000_000;

static NODE: OnceLock<Option<Node>> = OnceLock::new();

thread_local! {
    /// Set while this thread makes the node: the files that it opens then come back through the hooks.
    static STARTING: Cell<bool> = const { Cell::new(false) };
}

/// The node, if one is to be imitated.
pub(crate) fn node() -> Option<&'static Node> {
    if STARTING.get() {
        return None;
    }
    NODE.get_or_init(|| {
        STARTING.set(true);
        let node = start();
        STARTING.set(false);
        node
    })
    .as_ref()
}

/// Makes the node that the environment asks for.
fn start() -> Option<Node> {
    let name = std::env::var("VAV1D_DRM_SIM").ok()?;
    match Node::new(&name) {
        Ok(node) => {
            sys::at_exit(leave);
            Some(node)
        }
        Err(reason) => {
            log(&format!("VAV1D_DRM_SIM={name}: {reason}; nothing is imitated"));
            None
        }
    }
}

/// Ends what is under way and removes the tree.
extern "C" fn leave() {
    let Some(node) = node().filter(|node| node.process == std::process::id()) else { return };
    node.state().leaving = true;
    node.changed.notify_all();
    let start = sys::monotonic();
    loop {
        let state = node.state();
        if state.queue.idle() {
            break;
        }
        if sys::monotonic() - start > LAST_WAIT {
            log("what was submitted last does not end; the recording is cut short");
            break;
        }
        node.pause(state, u64::MAX);
    }
    crate::alter::report();
    // What stays behind is removed by the next process that starts.
    let _ = std::fs::remove_dir_all(&node.root);
}

/// Writes a line to the log.
pub(crate) fn log(line: &str) {
    let line = format!("drm-sim: {line}\n");
    let file = std::env::var_os("VAV1D_DRM_SIM_LOG")
        .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
    // A log that cannot be written has nowhere to say so.
    let _ = match file {
        Some(mut file) => file.write_all(line.as_bytes()),
        None => io::stderr().write_all(line.as_bytes()),
    };
}

impl Node {
    fn new(name: &str) -> Result<Self, String> {
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
        if self.process == std::process::id() {
            self.worker.call_once(|| worker::start(self));
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
        self.state().queue.finish(submission);
        self.changed.notify_all();
    }

    /// Whether a file with this device and inode is the node.
    pub(crate) fn is(&self, device: u64, inode: u64) -> bool {
        self.identity == (device, inode)
    }

    /// Answers one request: `request` is the number as given to `ioctl`, `address` its argument.
    pub(crate) fn request(&'static self, request: u64, address: u64) -> Result<(), Errno> {
        let number = (request & 0xFF) as u8;
        let size = ((request >> 16) & 0x3FFF) as usize;
        let caller = Caller::open()?;
        let mut argument = caller.read(address, size)?;
        let answered = if DRIVER_REQUESTS.contains(&number) {
            match self.chip.kernel {
                Kernel::Amdgpu(amd) => {
                    amdgpu::request(self, &amd, number - 0x40, &mut argument, &caller)
                }
                Kernel::I915(chip) => {
                    i915::request(self, &chip, number - 0x40, &mut argument, &caller)
                }
                Kernel::Xe(chip) => xe::request(self, &chip, number - 0x40, &mut argument, &caller),
            }
        } else {
            drm::request(self, number, &mut argument, &caller)
        };
        caller.write(address, &argument.0)?;
        answered
    }
}
