//! What came of a vector.

use std::fmt;

use crate::words::count;

/// What a run of a vector did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The output is what it should be.
    Pass,
    /// It is not.
    Fail(Failure),
    /// The device lacks what the stream needs: which thing that is.
    Unsupported(String),
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The pictures are wrong.
    WrongPixels {
        /// The first wrong output picture, if that can be told.
        first: Option<u64>,
        /// What the output is, if it is right in another sense.
        but: Option<String>,
    },
    /// The pictures are right, but for the film grain that the driver applied: with that of the host
    /// they are what they should be.
    FilmGrain {
        /// The first picture with another film grain, if that can be told.
        first: Option<u64>,
    },
    /// The driver reported by a result status query that a decode failed.
    StatusError(String),
    /// The validation layer had something to say: the first message.
    Validation(String),
    /// No answer in time: the last frame that was submitted, and the last that ended.
    Hang {
        /// In decoding order.
        submitted: Option<u64>,
        /// In decoding order.
        done: Option<u64>,
    },
    /// VK_ERROR_DEVICE_LOST.
    DeviceLost {
        /// The last frame that was submitted, in decoding order.
        submitted: Option<u64>,
    },
    /// The process died of a signal.
    Crash {
        /// Its number.
        signal: i32,
        /// The last frame that was submitted, in decoding order.
        submitted: Option<u64>,
    },
    /// The stream was refused as malformed.
    Parser(String),
    /// What it should be compared with cannot be used.
    BadOracle(String),
    /// The stream has to be refused, and was decoded to its end: so many pictures came.
    Accepted(usize),
    /// The stream is not there.
    Missing(String),
    /// The process ended, but did not tell everything that is needed to judge it: what is missing.
    Incomplete(String),
    /// Anything else: exit code and message.
    Error(i32, String),
}

impl Failure {
    /// Its word in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::WrongPixels { .. } => "mismatch",
            Self::FilmGrain { .. } => "film-grain",
            Self::StatusError(_) => "status-error",
            Self::Validation(_) => "validation",
            Self::Hang { .. } => "hang",
            Self::DeviceLost { .. } => "device-lost",
            Self::Crash { .. } => "crash",
            Self::Parser(_) => "parser-error",
            Self::BadOracle(_) => "bad-oracle",
            Self::Accepted(_) => "accepted",
            Self::Missing(_) => "missing",
            Self::Incomplete(_) => "incomplete",
            Self::Error(..) => "error",
        }
    }
}

impl Outcome {
    /// Its word in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(failure) => failure.word(),
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// The words of all outcomes.
    pub const WORDS: [&str; 15] = [
        "pass",
        "mismatch",
        "film-grain",
        "unsupported",
        "status-error",
        "validation",
        "hang",
        "device-lost",
        "crash",
        "parser-error",
        "bad-oracle",
        "accepted",
        "missing",
        "incomplete",
        "error",
    ];

    /// The first wrong output picture, if that is known.
    pub fn first_wrong(&self) -> Option<u64> {
        match self {
            Self::Fail(Failure::WrongPixels { first, .. } | Failure::FilmGrain { first }) => *first,
            _ => None,
        }
    }
}

/// More about it than its word; may be empty.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = |frame: &Option<u64>| frame.map_or("none".to_owned(), |n| n.to_string());
        match self {
            Self::Pass => Ok(()),
            Self::Unsupported(why) => f.write_str(why),
            Self::Fail(failure) => match failure {
                Failure::WrongPixels { first, but } => {
                    let first = first.map(|n| format!("first bad output frame: {n}"));
                    let but = but.as_ref().map(|but| format!("but it matches {but}"));
                    let parts: Vec<_> = first.into_iter().chain(but).collect();
                    f.write_str(&parts.join(", "))
                }
                Failure::FilmGrain { first } => {
                    f.write_str("the driver's film grain differs; right before it")?;
                    first.map_or(Ok(()), |n| write!(f, "; first bad output frame: {n}"))
                }
                Failure::Hang { submitted, done } => {
                    let (submitted, done) = (frame(submitted), frame(done));
                    write!(f, "last frame submitted: {submitted}, last ended: {done}")
                }
                Failure::DeviceLost { submitted } => {
                    write!(f, "last frame submitted: {}", frame(submitted))
                }
                Failure::Crash { signal, submitted } => {
                    write!(f, "signal {signal}, last frame submitted: {}", frame(submitted))
                }
                Failure::Accepted(pictures) => {
                    let pictures = count(*pictures, "picture");
                    write!(f, "it has to be refused, and {pictures} came without a fault")
                }
                Failure::Error(code, why) => write!(f, "exit {code}: {why}"),
                Failure::StatusError(why)
                | Failure::Validation(why)
                | Failure::Parser(why)
                | Failure::BadOracle(why)
                | Failure::Incomplete(why)
                | Failure::Missing(why) => f.write_str(why),
            },
        }
    }
}
