//! The end of the process, or of the library, with sessions that nobody has destroyed.

use super::{device, note};

/// What is held goes into its files. No Vulkan call is made: what is below may be gone already.
extern "C" fn ending() {
    note(device::keep_all);
}

/// Called by the C library where the process ends by itself.
#[cfg(target_os = "linux")]
#[used]
// SAFETY: the section is an array of functions without arguments, and this is one entry.
#[unsafe(link_section = ".fini_array")]
static ENDING: extern "C" fn() = ending;
