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

impl FilmGrain {
    /// What an executor is told, if the driver is to do what it can.
    pub fn mode(&self) -> GrainMode {
        match self {
            Self::Stream => GrainMode::Driver,
            Self::Off | Self::Override(_) => GrainMode::None,
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
