//! Where Vulkan comes from: the system's loader, or the driver inside this program.
#![allow(unsafe_code, reason = "loading a library and trusting its entry point")]

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

/// The entry points of `driver`.
pub(super) fn load(driver: &Driver) -> Result<ash::Entry> {
    match driver {
        Driver::System => {
            // SAFETY: the loader's initialisation code is as trustworthy as the system that
            // installed it; nothing else is loaded here.
            unsafe { ash::Entry::load() }
                .map_err(|e| DeviceError::None(format!("no Vulkan loader: {e}")).into())
        }
        Driver::Soft { config } => soft(config.as_deref()),
    }
}

#[cfg(feature = "soft")]
fn soft(config: Option<&str>) -> Result<ash::Entry> {
    if let (_, unknown) = softvk::Config::parse(config.unwrap_or_default())
        && !unknown.is_empty()
    {
        let words = unknown.join(", ");
        return Err(DeviceError::None(format!("softvk has no configuration {words}")).into());
    }
    softvk::set_config(config);
    let functions = ash::StaticFn { get_instance_proc_addr: softvk::get_instance_proc_addr };
    // SAFETY: the function is vkGetInstanceProcAddr of a driver that is part of this program.
    Ok(unsafe { ash::Entry::from_static_fn(functions) })
}

#[cfg(not(feature = "soft"))]
fn soft(_config: Option<&str>) -> Result<ash::Entry> {
    Err(DeviceError::None("this build has no software driver (feature `soft`)".into()).into())
}
