//! Where Vulkan comes from: the system's loader, or the driver inside this program.
#![allow(unsafe_code, reason = "loading a library and trusting its entry point")]

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{DeviceError, Result};

/// Which Vulkan to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The system's loader, with all its drivers and layers.
    System,
    /// softvk, in this process, without a loader.
    Soft {
        /// Its configuration (a personality); `None` for its default.
        config: Option<String>,
    },
}

/// The entry points of `driver`, and, where the loader is to use a driver inside this program,
/// that driver's vkGetInstanceProcAddr. Layers come from the loader: with `layers`, or under `vav1d
/// watch`, it is used for the embedded driver, too.
pub(super) fn load(driver: &Driver, layers: bool) -> Result<(ash::Entry, Option<Direct>)> {
    match driver {
        Driver::System => Ok((loader()?, None)),
        Driver::Soft { config } => {
            let direct = soft(config.as_deref())?;
            if layers || is_watched() {
                return Ok((loader()?, Some(direct)));
            }
            let functions = ash::StaticFn { get_instance_proc_addr: direct };
            // SAFETY: vkGetInstanceProcAddr of a driver that is part of this program.
            Ok((unsafe { ash::Entry::from_static_fn(functions) }, None))
        }
    }
}

/// Whether this process runs under the layer of `vav1d watch`.
fn is_watched() -> bool {
    std::env::var_os("VAV1D_WATCH_DIR").is_some()
}

/// A driver's vkGetInstanceProcAddr.
pub(super) type Direct = ash::vk::PFN_vkGetInstanceProcAddr;

/// Some device of this process was abandoned, and keeps what it has.
static GAVE_UP: AtomicBool = AtomicBool::new(false);

/// A device of this process is abandoned.
pub(super) fn give_up() {
    GAVE_UP.store(true, Ordering::Relaxed);
}

/// Objects of the software driver in this process, instances and devices among them, that are not
/// destroyed. Where every instance is dropped, they are leaks; none, where a device was given up that
/// did not answer, and keeps what it has.
pub fn leaked() -> usize {
    #[cfg(feature = "soft")]
    return if GAVE_UP.load(Ordering::Relaxed) { 0 } else { softvk::handles() };
    #[cfg(not(feature = "soft"))]
    return 0;
}

/// The software driver that is built in, with its version and its decoder; `None` without the
/// feature `soft`.
pub fn built_in() -> Option<String> {
    #[cfg(feature = "soft")]
    return Some(format!("softvk {}, {}", softvk::VERSION, softvk::decoder()));
    #[cfg(not(feature = "soft"))]
    return None;
}

/// A word, and what it means.
pub type Word = (&'static str, &'static str);

/// What `soft:CONFIG` may be made of: words, and personalities with what they stand for. Empty
/// without the feature `soft`.
pub fn configurations() -> (Vec<Word>, Vec<Word>) {
    #[cfg(feature = "soft")]
    return softvk::configurations();
    #[cfg(not(feature = "soft"))]
    return (Vec::new(), Vec::new());
}

/// Sessions that this thread makes from now on on the software driver leave so many cores to this
/// program.
pub(super) fn take_cores(cores: usize) {
    #[cfg(feature = "soft")]
    softvk::set_cores_taken(cores);
    #[cfg(not(feature = "soft"))]
    let _ = cores;
}

/// Planted faults of softvk's configurations in this process that had no effect on any device.
pub(super) fn unfired() -> Vec<String> {
    #[cfg(feature = "soft")]
    return softvk::unfired();
    #[cfg(not(feature = "soft"))]
    return Vec::new();
}

fn loader() -> Result<ash::Entry> {
    // SAFETY: the loader's initialisation code is as trustworthy as the system that installed it;
    // nothing else is loaded here.
    unsafe { ash::Entry::load() }
        .map_err(|e| DeviceError::None(format!("no Vulkan loader: {e}")).into())
}

#[cfg(feature = "soft")]
fn soft(config: Option<&str>) -> Result<Direct> {
    let (_, unknown) = softvk::Config::parse(config.unwrap_or_default());
    if !unknown.is_empty() {
        let words = unknown.join(", ");
        return Err(DeviceError::None(format!(
            "softvk has no configuration {words} (`vav1d caps --soft-configs` lists them)"
        ))
        .into());
    }
    softvk::set_config(config);
    Ok(softvk::get_instance_proc_addr)
}

#[cfg(not(feature = "soft"))]
fn soft(_config: Option<&str>) -> Result<Direct> {
    Err(DeviceError::None("this build has no software driver (feature `soft`)".into()).into())
}
