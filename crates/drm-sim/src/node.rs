//! The imitated node of this process.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::bytes::Bytes;
use crate::chip::{Chip, Kernel};
use crate::intel::Contexts;
use crate::memory::Memory;
use crate::record::Recorder;
use crate::submission::Queue;
use crate::sync::Objects;
use crate::{amdgpu, drm, i915, sys, tree, xe};

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
    /// Writes the recording.
    recorder: Recorder,
}

impl State {
    /// Forgets an address space, but for what still runs in it.
    pub(crate) fn destroy_space(&mut self, space: u32) {
        if self.queue.idle() {
            self.memory.forget(space);
        }
    }

    /// Completes what is due at `now`, and records it.
    pub(crate) fn advance(&mut self, now: i64) {
        while let Some(submission) = self.queue.complete(now) {
            self.recorder.submission(&self.memory, &submission);
        }
    }
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
}

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
    node.state().advance(i64::MAX);
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
        let recorder = Recorder::new(&chip);
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
                recorder,
            }),
        })
    }

    /// What changes; a thread that died while it held this left nothing half done that matters.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file with this device and inode is the node.
    pub(crate) fn is(&self, device: u64, inode: u64) -> bool {
        self.identity == (device, inode)
    }

    /// Answers one request: `request` is the number as given to `ioctl`, `address` its argument.
    pub(crate) fn request(&self, request: u64, address: u64) -> Result<(), Errno> {
        let number = (request & 0xFF) as u8;
        let size = ((request >> 16) & 0x3FFF) as usize;
        let caller = Caller::open()?;
        let mut argument = caller.read(address, size)?;
        self.state().advance(sys::monotonic());
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
