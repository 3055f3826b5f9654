//! How a command fails: an exit code and a chain of causes.

use std::io;

use super::exit::Exit;
use vav1d::error::{DeviceError, Error};

/// Why a command ends early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What to say.
    pub error: anyhow::Error,
}

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with a message.
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}") }
    }

    /// A failure of the library while something other than output was done.
    pub fn of(error: Error) -> Self {
        Self { exit: Exit::of(&error), error: error.into() }
    }

    /// A failure to write.
    pub fn output(error: io::Error) -> Self {
        Self { exit: Exit::Output, error: error.into() }
    }

    /// What to say, with its causes; a cause that was said already is not said again.
    pub fn text(&self) -> String {
        self.error.chain().map(ToString::to_string).fold(String::new(), |text, cause| {
            match text.ends_with(&cause) {
                true => text,
                false if text.is_empty() => cause,
                false => format!("{text}: {cause}"),
            }
        })
    }

    /// Whether a reader of our output went away: no fault at all.
    pub fn is_broken_pipe(&self) -> bool {
        self.is_io(io::ErrorKind::BrokenPipe)
    }

    /// Whether the user interrupted.
    pub fn is_interrupt(&self) -> bool {
        self.is_io(io::ErrorKind::Interrupted)
    }

    /// Whether the device was lost or did not answer in time: opened anew it may do better.
    pub fn is_of_a_device_that_gave_up(&self) -> bool {
        self.error.chain().any(|cause| match cause.downcast_ref::<Error>() {
            Some(Error::Device(error)) => {
                error.is_lost() || matches!(error, DeviceError::Timeout { .. })
            }
            _ => false,
        })
    }

    fn is_io(&self, kind: io::ErrorKind) -> bool {
        self.error.chain().any(|cause| match cause.downcast_ref::<Error>() {
            Some(Error::Io(e)) => e.kind() == kind,
            _ => cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == kind),
        })
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vav1d::error::Unsupported;

    #[test]
    fn a_cause_is_said_once() {
        let what = || Unsupported::Device { device: "X".into(), what: "no 4:4:4".into() };
        let failure = Failure::of(what().into());
        assert_eq!(failure.text(), format!("not supported: {}", what()));
        let error = failure.error.context("the reference (soft)");
        let failure = Failure { exit: Exit::Unsupported, error };
        assert_eq!(failure.text(), format!("the reference (soft): not supported: {}", what()));
    }
}
