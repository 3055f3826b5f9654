//! Errors, sorted by who is to blame: the machine, the stream, nobody, our limits, the driver.

use std::io;

pub use av1_syntax::error::{LimitError, Location, StreamError, StreamFault};

/// Any failure of this library, by actor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine under us; a retry may help.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The stream is malformed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A valid stream, or a valid wish, that we or the device cannot serve.
    #[error("not supported: {0}")]
    Unsupported(#[from] Unsupported),
    /// A budget of ours; the user may raise it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The driver.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A result of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The fault of the stream, if it is one.
    pub fn stream(&self) -> Option<&StreamError> {
        match self {
            Self::Stream(fault) => Some(fault),
            _ => None,
        }
    }
}

impl From<av1_syntax::error::Error> for Error {
    fn from(error: av1_syntax::error::Error) -> Self {
        use av1_syntax::error::Error as Syntax;
        match error {
            Syntax::Stream(error) => Self::Stream(error),
            Syntax::Unsupported(what) => Self::Unsupported(what.into()),
            Syntax::Limit(error) => Self::Limit(error),
        }
    }
}

impl From<av1_demux::error::Error> for Error {
    fn from(error: av1_demux::error::Error) -> Self {
        use av1_demux::error::Error as Demux;
        match error {
            Demux::Io(error) => Self::Io(error),
            Demux::Stream(error) => Self::Stream(error),
            Demux::Unsupported(what) => Self::Unsupported(what.into()),
            Demux::Limit(error) => Self::Limit(error),
        }
    }
}

/// Something valid that cannot be done here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// A feature of the stream.
    #[error("{0}")]
    Stream(String),
    /// The device lacks something that this stream or option needs.
    #[error("device {device}: {what}")]
    Device {
        /// The device's name.
        device: String,
        /// What it lacks.
        what: String,
    },
}

impl From<av1_syntax::error::Unsupported> for Unsupported {
    fn from(what: av1_syntax::error::Unsupported) -> Self {
        Self::Stream(what.to_string())
    }
}

/// A Vulkan call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// A call returned an error.
    #[error("{call}: {result}")]
    Call {
        /// The Vulkan command's name.
        call: &'static str,
        /// What it returned.
        result: ash::vk::Result,
    },
    /// No Vulkan loader, or no usable device.
    #[error("{0}")]
    None(String),
    /// The driver broke a rule that we rely on.
    #[error("driver fault: {0}")]
    Fault(String),
    /// Work did not finish in the time allowed.
    #[error("{what}: no answer from the driver within {} s", after.as_secs_f64())]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// The time allowed.
        after: std::time::Duration,
    },
}

impl DeviceError {
    /// Whether the device is lost: nothing can be asked of it any more.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Call { result, .. } if *result == ash::vk::Result::ERROR_DEVICE_LOST)
    }

    /// Whether memory of the device has run out: of another type there may be some.
    pub fn is_out_of_device_memory(&self) -> bool {
        let out = ash::vk::Result::ERROR_OUT_OF_DEVICE_MEMORY;
        matches!(self, Self::Call { result, .. } if *result == out)
    }

    /// Whether a window's surface is lost: another can be made.
    pub fn is_surface_lost(&self) -> bool {
        let lost = ash::vk::Result::ERROR_SURFACE_LOST_KHR;
        matches!(self, Self::Call { result, .. } if *result == lost)
    }
}
