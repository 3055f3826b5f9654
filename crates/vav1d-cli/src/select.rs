//! Which device decodes: `auto`, `system`, `soft`, an index, a name or a UUID.

use std::sync::Arc;

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::Notices;
use vav1d::error::{DeviceError, Error};
use vav1d::vk::render::GrainSynthesizer;
use vav1d::vk::{Adapter, Driver, Instance, InstanceOptions};

/// The UUID in hexadecimal, without dashes.
pub(super) fn uuid_text(adapter: &Adapter) -> String {
    adapter.uuid.iter().map(|b| format!("{b:02x}")).collect()
}

/// A device and the instance that knows it.
pub(super) struct Selected {
    pub instance: Arc<Instance>,
    pub adapter: Adapter,
}

impl Selected {
    /// Whether it is the driver inside this program.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self.instance.driver(), Driver::Soft { .. })
    }

    /// Whether something other than the CPU does the work.
    pub(super) fn is_hardware(&self) -> bool {
        !self.is_embedded() && self.adapter.device_type_text() != "cpu"
    }

    /// Whether `wish` is its UUID, `id:` and its deviceID in hexadecimal, or a part of its name.
    pub(super) fn is_called(&self, wish: &str) -> bool {
        if let Some(digits) = wish.strip_prefix("id:") {
            return u32::from_str_radix(digits, 16) == Ok(self.adapter.device_id);
        }
        let wish = wish.to_lowercase();
        uuid_text(&self.adapter) == wish.replace('-', "")
            || self.adapter.name.to_lowercase().contains(&wish)
    }
}

/// Every device: those of the Vulkan loader first, software last.
pub(super) struct Devices {
    pub list: Vec<Selected>,
    /// Why there is none from the loader.
    pub no_system: Option<String>,
}

impl Devices {
    /// Asks the loader, then the embedded driver with its configuration `soft`.
    pub fn all(options: InstanceOptions, soft: Option<&str>) -> Result<Self> {
        let (mut list, no_system) = match adapters(Driver::System, options) {
            Ok(list) => (list, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        match software(options, soft) {
            Ok(found) => list.extend(found),
            Err(failure) if soft.is_some() || list.is_empty() => return Err(failure),
            Err(_) => {}
        }
        Ok(Self { list, no_system })
    }
}

fn adapters(driver: Driver, options: InstanceOptions) -> vav1d::error::Result<Vec<Selected>> {
    let instance = Instance::new(driver, options)?;
    let adapters = instance.adapters()?;
    let selected = |adapter| Selected { instance: Arc::clone(&instance), adapter };
    Ok(adapters.into_iter().map(selected).collect())
}

fn software(options: InstanceOptions, config: Option<&str>) -> Result<Vec<Selected>> {
    if !cfg!(feature = "soft") {
        return Ok(Vec::new());
    }
    let driver = Driver::Soft { config: config.map(str::to_owned) };
    adapters(driver, options).map_err(|error| match error {
        Error::Device(DeviceError::None(why)) if config.is_some() => Failure::new(Exit::Usage, why),
        error => Failure::of(error),
    })
}

/// Whether softvk may take the place of a device that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// It decodes as well as any.
    Softvk,
    /// The device is judged: another one is no answer.
    Never,
}

/// The device that `wish` names, checked for AV1 decoding.
pub(super) fn select(
    wish: &str,
    options: InstanceOptions,
    fallback: Fallback,
    notices: &Notices,
) -> Result<Selected> {
    if let Some(soft) = wish.strip_prefix("soft") {
        let config = soft.strip_prefix(':');
        if soft.is_empty() || config.is_some() {
            return first(software(options, config)?, "the software driver is not built in");
        }
    }
    let Devices { mut list, no_system } = Devices::all(options, None)?;
    let why = no_system.unwrap_or_else(|| "no device of the Vulkan loader decodes AV1".into());
    match wish {
        "auto" => {
            let hardware = list.iter().position(|d| d.adapter.decodes_av1() && d.is_hardware());
            if hardware.is_none() && fallback == Fallback::Never {
                let why = format!(
                    "there is no hardware device to judge: {why} (softvk is judged with --device soft)"
                );
                return Err(Failure::new(Exit::Unsupported, why));
            }
            let index = hardware.unwrap_or(list.len().saturating_sub(1));
            if index >= list.len() {
                return Err(Failure::new(Exit::Unsupported, why));
            }
            let chosen = list.swap_remove(index);
            match hardware {
                Some(_) => notices.notice(&format!("device: {}", chosen.adapter.name)),
                None => notices.notice(&format!("device: {} ({why})", chosen.adapter.name)),
            }
            Ok(chosen)
        }
        "system" => {
            list.retain(|d| d.adapter.decodes_av1() && !d.is_embedded());
            first(list, &why)
        }
        _ => named(list, wish),
    }
}

/// What makes film grain on the first device of the loader that draws, graphics cards before
/// software, and the instance that knows it.
pub(super) fn synthesizer(
    options: InstanceOptions,
    notices: &Notices,
) -> Result<(Arc<Instance>, Box<GrainSynthesizer>)> {
    let mut list = adapters(Driver::System, options).map_err(Failure::of)?;
    list.retain(|d| d.adapter.draws());
    list.sort_by_key(|d| !d.is_hardware());
    let Selected { instance, adapter } = first(list, "no device of the Vulkan loader draws")?;
    notices.notice(&format!("film grain: {}", adapter.name));
    let made = GrainSynthesizer::new(&instance, &adapter).map_err(Failure::of)?;
    Ok((instance, Box::new(made)))
}

fn first(list: Vec<Selected>, why: &str) -> Result<Selected> {
    list.into_iter().next().ok_or_else(|| Failure::new(Exit::Unsupported, why))
}

fn named(mut list: Vec<Selected>, wish: &str) -> Result<Selected> {
    let found = match wish.parse::<usize>() {
        Ok(index) => (index < list.len()).then_some(index),
        Err(_) => list.iter().position(|d| d.is_called(wish)),
    };
    let Some(index) = found else {
        let message = format!("--device {wish}: there is no such device (see `vav1d caps`)");
        return Err(Failure::new(Exit::Usage, message));
    };
    let selected = list.swap_remove(index);
    if !selected.adapter.decodes_av1() {
        let message = format!("{}: the device does not decode AV1", selected.adapter.name);
        return Err(Failure::new(Exit::Unsupported, message));
    }
    Ok(selected)
}
