//! The layer's entry points: calls on their way to the driver, each made exactly once and with the
//! application's own arguments. Beside them it is noted what concerns video decoding.
//!
//! Safety of the whole folder: what an application hands over is valid by Vulkan's rules, and lives
//! as long as the call; what a table holds is a function of the next layer for the same object; a
//! dispatchable handle begins with the address of the loader's dispatch table.
#![allow(unsafe_code, reason = "Vulkan's entry points")]

mod batch;
mod bytes;
mod chain;
mod commands;
mod copier;
mod copies;
mod creation;
mod decoded;
mod device;
#[cfg(target_os = "linux")]
mod ending;
mod hooks;
mod instance;
mod link;
mod loader;
mod memory;
mod objects;
mod queues;
mod read;
mod shape;
mod status;
mod submit;
mod table;
mod video;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Notes something: whatever becomes of that, the application does not see it.
fn note<T>(what: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(what)).ok()
}
