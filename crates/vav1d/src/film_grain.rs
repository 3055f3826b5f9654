//! The film grain that pictures get: one policy, applied to what the driver has left.

use std::sync::Arc;

use crate::error::Result;
use crate::grain::{self, FrameTime, Override};
use crate::vk::render::GrainSynthesizer;
use crate::vk::{DecodedPicture, GrainMode, Output};

/// The film grain that pictures get here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilmGrain {
    /// None.
    Off,
    /// The stream's own, where the driver has left it to us.
    #[default]
    Stream,
    /// Another. The executor's [`GrainMode`] is `None` then, so that the driver applies no grain.
    Override(Arc<Override>),
}

/// Who applies the stream's own film grain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Applier {
    /// The driver, where it can and does it right; else whoever takes the pictures.
    #[default]
    Driver,
    /// The driver, where it can, even if it is known to do it wrongly.
    DriverAlways,
    /// Whoever takes the pictures.
    Caller,
}

impl FilmGrain {
    /// What an executor is told. Nothing else decides who applies film grain; a driver that is known
    /// to do it wrongly is not asked to (docs/real-drivers.md), but by [`Applier::DriverAlways`].
    pub fn mode(&self, by: Applier) -> GrainMode {
        match (self, by) {
            (Self::Off | Self::Override(_), _) => GrainMode::None,
            (Self::Stream, Applier::Driver) => GrainMode::Driver,
            (Self::Stream, Applier::DriverAlways) => GrainMode::DriverAlways,
            (Self::Stream, Applier::Caller) => GrainMode::Host,
        }
    }

    /// The picture of `output`, which is shown at `at`, with its film grain: made by
    /// `synthesizer`, or else on the host. Without film grain it stays where it is.
    ///
    /// # Errors
    /// The picture cannot be read from its device, or the synthesizer fails.
    pub fn apply(
        &self,
        output: Output,
        at: FrameTime,
        synthesizer: Option<&mut GrainSynthesizer>,
    ) -> Result<DecodedPicture> {
        let color = &output.sequence.color_config;
        let (format, size) = (output.picture.format(), output.picture.size());
        let params = match self {
            Self::Off => None,
            Self::Stream => output.pending_grain,
            Self::Override(other) => other.params(at, size, color),
        };
        let Some(params) = params else { return Ok(output.picture) };
        let picture = output.picture.into_host()?;
        let grained = match synthesizer {
            None => grain::apply(&picture, &params, color),
            Some(device) => {
                let pass = grain::shader_pass(format, size, &params, color);
                device.apply(&picture, &pass)?
            }
        };
        Ok(grained.into())
    }
}
