//! Which device decodes: `auto`, `system`, `soft`, an index, a name or a UUID.

use std::sync::Arc;

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::machine;
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
    select_for(wish, options, fallback, notices, &|_| Ok(()))
}

/// The same; `auto` passes over devices that do not take the stream, as `takes` says.
pub(super) fn select_for(
    wish: &str,
    options: InstanceOptions,
    fallback: Fallback,
    notices: &Notices,
    takes: &dyn Fn(&Adapter) -> std::result::Result<(), String>,
) -> Result<Selected> {
    if let Some(soft) = wish.strip_prefix("soft") {
        let config = soft.strip_prefix(':');
        if soft.is_empty() || config.is_some() {
            return first(software(options, config)?, "the software driver is not built in");
        }
    }
    let is_certain = wish == "auto" && fallback == Fallback::Softvk && machine::has_no_device();
    let Devices { mut list, no_system } = match is_certain {
        true => Devices {
            list: software(options, None)?,
            no_system: Some("there is no graphics device".to_owned()),
        },
        false => Devices::all(options, None)?,
    };
    let why = no_system.unwrap_or_else(|| none_decodes(&list));
    match wish {
        "auto" => automatic(list, &why, fallback, notices, takes),
        "system" => {
            list.retain(|d| d.adapter.decodes_av1() && !d.is_embedded());
            first(list, &why)
        }
        _ => named(list, wish),
    }
}

/// Why no device of the loader is taken.
fn none_decodes(list: &[Selected]) -> String {
    let mut why = "no device of the Vulkan loader decodes AV1".to_owned();
    for Selected { adapter, .. } in list.iter().filter(|d| !d.is_embedded()) {
        if let Some(switch) = adapter.hidden_video() {
            let name = &adapter.name;
            why.push_str(&format!("; {name} may hide it: try {switch} in the environment"));
        }
    }
    why
}

/// The first graphics card that decodes AV1 and takes the stream; else the last device, softvk, if
/// that is a `fallback`.
fn automatic(
    mut list: Vec<Selected>,
    why: &str,
    fallback: Fallback,
    notices: &Notices,
    takes: &dyn Fn(&Adapter) -> std::result::Result<(), String>,
) -> Result<Selected> {
    let decoding = |d: &&Selected| d.adapter.decodes_av1() && d.is_hardware();
    let hardware: Vec<_> = list.iter().filter(decoding).map(|d| d.adapter.uuid).collect();
    if hardware.is_empty() && fallback == Fallback::Never {
        let why = format!(
            "there is no hardware device to judge: {why} (softvk is judged with --device soft)"
        );
        return Err(Failure::new(Exit::Unsupported, why));
    }
    let mut refusals = Vec::new();
    let found = list.iter().position(|d| {
        decoding(&d)
            && takes(&d.adapter)
                .map_err(|what| refusals.push(format!("{}: {what}", d.adapter.name)))
                .is_ok()
    });
    let first_hardware = list.iter().position(|d| decoding(&d));
    let found = match fallback {
        // It says itself, and better, why it does not.
        Fallback::Never => found.or(first_hardware),
        Fallback::Softvk => found,
    };
    let index = found.unwrap_or(list.len().saturating_sub(1));
    if index >= list.len() {
        return Err(Failure::new(Exit::Unsupported, why));
    }
    let chosen = list.swap_remove(index);
    let name = &chosen.adapter.name;
    match (found, refusals.is_empty()) {
        (Some(_), true) => notices.notice(&format!("device: {name}")),
        (Some(_), false) | (None, false) => {
            notices.notice(&format!("device: {name} ({})", refusals.join("; ")));
        }
        (None, true) => notices.notice(&format!("device: {name} ({why})")),
    }
    Ok(chosen)
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
        let mut message = format!("{}: the device does not decode AV1", selected.adapter.name);
        if let Some(switch) = selected.adapter.hidden_video() {
            message.push_str(&format!(" (where the chip does: {switch} in the environment)"));
        }
        return Err(Failure::new(Exit::Unsupported, message));
    }
    Ok(selected)
}

/// The devices that `wish` names, with their indices.
pub(super) fn devices(wish: &str, notices: &Notices) -> Result<Vec<(usize, Selected)>> {
    let soft = wish.strip_prefix("soft:");
    let devices = Devices::all(InstanceOptions::default(), soft)?;
    if let Some(why) = &devices.no_system {
        notices.notice(&format!("no device from the Vulkan loader: {why}"));
    }
    let all = devices.list.into_iter().enumerate();
    let shown: Vec<_> = all.filter(|(i, d)| wanted(wish, *i, d)).collect();
    match shown.is_empty() {
        true => Err(Failure::new(Exit::Unsupported, format!("--device {wish}: no device"))),
        false => Ok(shown),
    }
}

fn wanted(wish: &str, index: usize, device: &Selected) -> bool {
    match wish {
        "all" => true,
        "system" | "auto" => device.adapter.decodes_av1() && !device.is_embedded(),
        "soft" => device.is_embedded(),
        _ if wish.starts_with("soft:") => device.is_embedded(),
        _ => wish.parse() == Ok(index) || device.is_called(wish),
    }
}
