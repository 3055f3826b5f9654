//! How a decoder is made.

use super::{Decoder, Outbox};
use crate::decoding::{Damage, Decoding};
use crate::error::{DeviceError, Error, Result};
use crate::film_grain::{Applier, FilmGrain};
use crate::limits::Limits;
use crate::obu::Framing;
use crate::plan::planner::PlannerOptions;
use crate::vk::{Adapter, Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

/// What decodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device(Choice);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Auto,
    System,
    Soft(Option<String>),
}

impl Device {
    /// The first graphics card that decodes AV1, else the built-in driver, where there is one
    /// (feature `soft`). A card that decodes AV1 and cannot be opened is passed over, which
    /// [`Decoder::passed_over`] says; one that does not take the stream is an error of the decode: it is
    /// opened before the stream is known, and nothing decodes in its place.
    pub fn auto() -> Self {
        Self(Choice::Auto)
    }

    /// The first device of the system's Vulkan loader that decodes AV1.
    pub fn system() -> Self {
        Self(Choice::System)
    }

    /// The built-in driver, on the CPU.
    pub fn soft() -> Self {
        Self(Choice::Soft(None))
    }

    /// The same with a configuration: words that softvk's README lists.
    pub fn soft_with(config: impl Into<String>) -> Self {
        Self(Choice::Soft(Some(config.into())))
    }

    fn open(self, options: &ExecutorOptions) -> Result<(Executor, Vec<PassedOver>)> {
        let mut passed = Vec::new();
        let opened = match self.0 {
            Choice::Auto => match system(options, true, &mut passed) {
                Ok(Some(executor)) => Ok(executor),
                found => embedded(None, options).map_err(|none| match (none, found) {
                    (Error::Device(DeviceError::None(_)), Err(error)) => error,
                    (Error::Device(DeviceError::None(_)), Ok(_)) => no_device(passed.pop()),
                    (other, _) => other,
                }),
            },
            Choice::System => match system(options, false, &mut passed)? {
                Some(executor) => Ok(executor),
                None => Err(no_device(passed.pop())),
            },
            Choice::Soft(config) => embedded(config, options),
        };
        Ok((opened?, passed))
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::auto()
    }
}

/// A device that decodes AV1, and was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedOver {
    /// Its name.
    pub name: String,
    /// Why: it cannot be opened.
    pub why: Box<Error>,
}

/// The first device of the Vulkan loader that decodes AV1 and can be opened.
fn system(
    options: &ExecutorOptions,
    is_hardware: bool,
    passed: &mut Vec<PassedOver>,
) -> Result<Option<Executor>> {
    let instance = Instance::new(Driver::System, InstanceOptions::default())?;
    let adapters = instance.adapters()?;
    let wanted = |adapter: &&Adapter| {
        adapter.decodes_av1() && !(is_hardware && adapter.device_type_text() == "cpu")
    };
    Ok(first(adapters.iter().filter(wanted), passed, |adapter| {
        let opened = Executor::new(&instance, adapter, options.clone());
        opened.map_err(|why| PassedOver { name: adapter.name.clone(), why: Box::new(why) })
    }))
}

/// The error where no device is left: why the `last` cannot be opened, if there is one.
fn no_device(last: Option<PassedOver>) -> Error {
    let none = || DeviceError::None("no device of the Vulkan loader decodes AV1".into()).into();
    last.map_or_else(none, |last| *last.why)
}

/// The first of `all` that can be opened; those before it are passed over, and that is said.
fn first<A, E>(
    all: impl Iterator<Item = A>,
    passed: &mut Vec<PassedOver>,
    mut open: impl FnMut(A) -> Result<E, PassedOver>,
) -> Option<E> {
    for one in all {
        match open(one) {
            Ok(opened) => return Some(opened),
            Err(over) => {
                log::warn!("{}: it decodes AV1, and cannot be opened: {}", over.name, over.why);
                passed.push(over);
            }
        }
    }
    None
}

fn embedded(config: Option<String>, options: &ExecutorOptions) -> Result<Executor> {
    let instance = Instance::new(Driver::Soft { config }, InstanceOptions::default())?;
    match instance.adapters()?.first() {
        Some(adapter) => Executor::new(&instance, adapter, options.clone()),
        None => Err(DeviceError::None("the built-in driver has no device".into()).into()),
    }
}

/// Options of a [`Decoder`].
#[derive(Debug)]
pub struct Builder {
    device: Device,
    executor: Option<Executor>,
    options: ExecutorOptions,
    planner: PlannerOptions,
    framing: Framing,
    film_grain: FilmGrain,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            device: Device::default(),
            executor: None,
            options: ExecutorOptions::default(),
            planner: PlannerOptions::default(),
            framing: Framing::Section5,
            film_grain: FilmGrain::default(),
        }
    }
}

impl Builder {
    /// What decodes. Default: [`Device::auto`].
    pub fn device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Decodes with `executor` instead of opening a device: one on a device that also draws
    /// ([`Executor::on`]), whose frames may stay there. Its options are its own; it is to apply film
    /// grain as [`FilmGrain::mode`] says.
    pub fn executor(self, executor: Executor) -> Self {
        Self { executor: Some(executor), ..self }
    }

    /// The shape of sessions, and how long to wait for the device. Who applies film grain follows
    /// from [`Builder::film_grain`].
    pub fn options(self, options: ExecutorOptions) -> Self {
        Self { options, ..self }
    }

    /// Which film grain frames get. Default: the stream's own.
    pub fn film_grain(self, film_grain: FilmGrain) -> Self {
        Self { film_grain, ..self }
    }

    /// The operating point, 0 to 31 (7.18.5). Default: 0.
    pub fn operating_point(mut self, operating_point: u8) -> Self {
        self.planner.operating_point = operating_point;
        self
    }

    /// Whether every spatial layer is shown, and not only the highest one. Default: no.
    pub fn all_layers(mut self, all_layers: bool) -> Self {
        self.planner.all_layers = all_layers;
        self
    }

    /// Budgets against hostile streams.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.planner.limits = limits;
        self
    }

    /// How the OBUs of packets are delimited. Default: as 5.2 says, each with its size.
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// The decoder.
    ///
    /// # Errors
    /// `Device` if there is no such device, or it cannot be opened; `Unsupported` if it does not
    /// decode AV1.
    pub fn build(self) -> Result<Decoder> {
        let (executor, passed_over) = match self.executor {
            Some(executor) => (executor, Vec::new()),
            None => {
                let film_grain = self.film_grain.mode(Applier::Driver);
                self.device.open(&ExecutorOptions { film_grain, ..self.options })?
            }
        };
        Ok(Decoder {
            executor,
            passed_over,
            decoding: Decoding::new(self.planner, Damage::default()),
            options: self.planner,
            framing: self.framing,
            next_unit: 0,
            outbox: Outbox { film_grain: self.film_grain, ..Outbox::default() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_card_is_passed_over_in_silence() {
        let mut passed = Vec::new();
        let open = |name: &str| match name {
            "good" => Ok(name.to_owned()),
            name => {
                let why = Error::from(DeviceError::Fault("it is broken".into()));
                Err(PassedOver { name: name.to_owned(), why: Box::new(why) })
            }
        };
        let opened = first(["bad", "worse", "good", "other"].into_iter(), &mut passed, open);
        assert_eq!(opened.as_deref(), Some("good"));
        let names: Vec<_> = passed.iter().map(|over| &*over.name).collect();
        assert_eq!(names, ["bad", "worse"]);
        assert!(passed.iter().all(|over| over.why.to_string().contains("it is broken")));
    }
}
