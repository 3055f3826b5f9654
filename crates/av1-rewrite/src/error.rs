//! Errors, sorted by who is to blame: the stream, nobody, what was asked for, ourselves.

use av1_syntax::error::StreamError;

/// Any failure of reading, changing and writing a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream is malformed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A valid stream, or a valid wish, that is not served.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// No header has this value.
    #[error("{element} cannot be {value}: {rule}")]
    Inexpressible {
        /// The syntax element, or the variable that it codes.
        element: &'static str,
        /// Its value.
        value: i64,
        /// Why not, in a few words.
        rule: &'static str,
    },
    /// The change cannot be made to this stream.
    #[error("{change} does not apply: {why}")]
    NotApplicable {
        /// The change, as it is asked for.
        change: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// What was asked for cannot be understood.
    #[error("{0}")]
    Wish(String),
    /// What was written reads back as something else: a fault of this crate, or of a caller's
    /// header that contradicts itself.
    #[error("frame {frame}: the header reads back with another {member}")]
    ReadBack {
        /// The frame in decoding order, from 0.
        frame: u64,
        /// The first member that differs.
        member: &'static str,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
