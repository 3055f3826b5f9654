//! Every exit code of the program, documented once: it gives them, and whoever runs it reads them.

use std::process::ExitCode;

use vav1d::error::{DeviceError, Error};

/// How a run of the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, and everything matched.
    Done,
    /// Done, and the answer is no: a difference, a mismatch.
    No,
    /// The command line cannot be understood (clap's own code).
    Usage,
    /// The stream is malformed, or a frame was dropped because of it, or there is none in it.
    Stream,
    /// The input cannot be opened or read.
    NoInput,
    /// Valid, but not supported by us or the device.
    Unsupported,
    /// A fault of the driver or of ours: a crash, a validation message, a broken invariant.
    Fault,
    /// The output could not be written.
    Output,
    /// Device lost, out of memory, or no answer in time; a later try may work.
    Device,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::Stream,
        Self::NoInput,
        Self::Unsupported,
        Self::Fault,
        Self::Output,
        Self::Device,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Stream => 65,
            Self::NoInput => 66,
            Self::Unsupported => 69,
            Self::Fault => 70,
            Self::Output => 74,
            Self::Device => 75,
            Self::Interrupted => 130,
        }
    }

    /// What a process's code says; `None` if it is none of ours.
    pub fn known(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| i32::from(exit.code()) == code)
    }

    /// The same, where a code that is none of ours is a fault.
    pub fn from_code(code: i32) -> Self {
        Self::known(code).unwrap_or(Self::Fault)
    }

    /// One line for the help text and the README.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, and everything matched",
            Self::No => "done, and the answer is no: mismatch, difference found",
            Self::Usage => "the command line cannot be understood",
            Self::Stream => {
                "the stream is malformed, or a frame was dropped because of it, or there is none in it"
            }
            Self::NoInput => "the input cannot be opened or read",
            Self::Unsupported => "valid, but not supported by vav1d or the device, or over a limit",
            Self::Fault => {
                "a fault of the driver or vav1d: crash, validation message, broken invariant"
            }
            Self::Output => "output could not be written",
            Self::Device => "device lost, out of memory or silent; a later try may work",
            Self::Interrupted => "interrupted",
        }
    }

    /// The code for a fault of the library, when it is not about writing output.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Io(_) => Self::NoInput,
            Error::Stream(_) => Self::Stream,
            Error::Unsupported(_) | Error::Limit(_) => Self::Unsupported,
            Error::Device(DeviceError::Fault(_)) => Self::Fault,
            Error::Device(DeviceError::None(_)) => Self::Unsupported,
            Error::Device(_) => Self::Device,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table of exit codes, as `--help` ends with it.
pub fn table() -> String {
    let mut text = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        text.push_str(&format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    }
    text
}
