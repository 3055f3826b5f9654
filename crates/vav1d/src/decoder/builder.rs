//! How a decoder is made.

use super::{Decoder, Outbox};
use crate::decoding::{Damage, Decoding};
use crate::error::{DeviceError, Error, Result};
use crate::film_grain::FilmGrain;
use crate::limits::Limits;
use crate::obu::Framing;
use crate::plan::planner::PlannerOptions;
use crate::vk::{Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

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
    /// (feature `soft`).
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

    fn open(self, options: &ExecutorOptions) -> Result<Executor> {
        match self.0 {
            Choice::Auto => match system(options, true) {
                Ok(executor) => Ok(executor),
                Err(error) => embedded(None, options).map_err(|none| match none {
                    Error::Device(DeviceError::None(_)) => error,
                    other => other,
                }),
            },
            Choice::System => system(options, false),
            Choice::Soft(config) => embedded(config, options),
        }
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::auto()
    }
}

fn system(options: &ExecutorOptions, is_hardware: bool) -> Result<Executor> {
    let instance = Instance::new(Driver::System, InstanceOptions::default())?;
    let mut last = DeviceError::None("no device of the Vulkan loader decodes AV1".into()).into();
    for adapter in instance.adapters()?.iter().filter(|adapter| adapter.decodes_av1()) {
        if is_hardware && adapter.device_type_text() == "cpu" {
            continue;
        }
        match Executor::new(&instance, adapter, options.clone()) {
            Ok(executor) => return Ok(executor),
            Err(error) => last = error,
        }
    }
    Err(last)
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
        let executor = match self.executor {
            Some(executor) => executor,
            None => {
                let film_grain = self.film_grain.mode();
                self.device.open(&ExecutorOptions { film_grain, ..self.options })?
            }
        };
        Ok(Decoder {
            executor,
            decoding: Decoding::new(self.planner, Damage::default()),
            options: self.planner,
            framing: self.framing,
            next_unit: 0,
            outbox: Outbox { film_grain: self.film_grain, ..Outbox::default() },
        })
    }
}
