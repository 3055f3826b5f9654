//! Finds the node of this process, and answers its requests by the kernel driver that is imitated.

use std::cell::Cell;
use std::sync::OnceLock;

use crate::chip::Kernel;
use crate::log::log;
use crate::node::{Caller, Errno, Node};
use crate::{alter, amdgpu, drm, i915, sys, worker, xe};

/// First number of the requests that belong to the kernel driver, not to DRM (`DRM_COMMAND_BASE`),
/// and the first after them.
const DRIVER_REQUESTS: std::ops::Range<u8> = 0x40..0xA0;

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
    match Node::new(&name, worker::start) {
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
    let Some(node) = node().filter(|node| node.is_of_this_process()) else { return };
    node.run_out();
    alter::report();
    // What stays behind is removed by the next process that starts.
    let _ = std::fs::remove_dir_all(&node.root);
}

/// Answers one request: `request` is the number as given to `ioctl`, `address` its argument.
pub(crate) fn request(node: &'static Node, request: u64, address: u64) -> Result<(), Errno> {
    let number = (request & 0xFF) as u8;
    let size = ((request >> 16) & 0x3FFF) as usize;
    let caller = Caller::open()?;
    let mut argument = caller.read(address, size)?;
    let answered = if DRIVER_REQUESTS.contains(&number) {
        match node.chip.kernel {
            Kernel::Amdgpu(amd) => {
                amdgpu::request(node, &amd, number - 0x40, &mut argument, &caller)
            }
            Kernel::I915(chip) => i915::request(node, &chip, number - 0x40, &mut argument, &caller),
            Kernel::Xe(chip) => xe::request(node, &chip, number - 0x40, &mut argument, &caller),
        }
    } else {
        drm::request(node, number, &mut argument, &caller)
    };
    caller.write(address, &argument.0)?;
    answered
}
