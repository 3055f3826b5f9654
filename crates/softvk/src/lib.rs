//! softvk: a software Vulkan driver that implements `VK_KHR_video_decode_av1` on the CPU.
//! It sees what a GPU driver sees, StdVideo structures and tile bytes; it has no AV1 parser.
//!
//! As a shared library it is an ordinary ICD for a Vulkan loader. A program may also link it and
//! give [`get_instance_proc_addr`] to `ash::Entry::from_static_fn`.

mod access;
mod away;
mod batch;
mod beyond;
mod chain;
mod command;
mod config;
mod copy;
mod entry;
mod format;
mod handle;
mod hardware;
mod icd;
mod image;
mod intake;
mod memory;
mod message;
mod order;
mod planted;
mod query;
mod queue;
mod sync;
mod video;
mod when;
mod words;

pub use config::{Config, Grain, PERSONALITIES, Planes, VARIABLE, set_config, set_cores_taken};
pub use handle::handles;
pub use hardware::{Hardware, MemoryLayout};
pub use icd::get_instance_proc_addr;
pub use planted::{Due, Faults, FrameFault, Planted, Setting, unfired};
pub use words::{Word, configurations};

/// The driver's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The crate that makes the pictures, the commit of its own that it names, and whether it has its
/// assembly.
pub fn decoder() -> String {
    let assembly = if cfg!(feature = "asm") { "with" } else { "without" };
    format!("re_rav1d {}, {assembly} assembly", av1_engine::decoder_version())
}
