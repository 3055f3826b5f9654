//! Errors, sorted by who is to blame: the machine, the stream, nobody, our limits.

use std::io;

pub use av1_syntax::error::{LimitError, Location, StreamError, StreamFault, Unsupported};

/// Any failure of reading a container, by actor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine under us; a retry may help.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is malformed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A valid file, or a valid wish, that is not served.
    #[error("not supported: {0}")]
    Unsupported(#[from] Unsupported),
    /// A budget of ours; the user may raise it.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl Error {
    /// The fault of the stream, if it is one.
    pub fn stream(&self) -> Option<&StreamError> {
        match self {
            Self::Stream(fault) => Some(fault),
            _ => None,
        }
    }
}

/// A result of reading a container.
pub type Result<T, E = Error> = std::result::Result<T, E>;
