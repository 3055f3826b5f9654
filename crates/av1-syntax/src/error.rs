//! Errors, sorted by who is to blame: the stream, nobody, our limits.

use std::fmt;

/// Any failure of parsing and planning, by actor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stream is malformed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A valid stream that is not served.
    #[error("not supported: {0}")]
    Unsupported(#[from] Unsupported),
    /// A budget of ours; the user may raise it.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// A result of parsing or planning.
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

/// Where in the input a fault was found. Members are filled from the inside out, by the layer
/// that knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Index of the temporal unit, from 0.
    pub unit: Option<u64>,
    /// Index of the OBU in its temporal unit, from 0.
    pub obu: Option<u32>,
    /// Byte offset in the file, if the container knows it.
    pub byte: Option<u64>,
    /// Bit offset from the start of the OBU's payload (or of the structure being read).
    pub bit: Option<u64>,
    /// The syntax element that was being read, by its name in the specification.
    pub element: Option<&'static str>,
    /// The section of the AV1 specification (or the name of the container's) that is violated.
    pub section: Option<&'static str>,
}

/// A fault of the stream: what, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// What is wrong.
    pub kind: StreamFault,
    /// Where it is.
    pub at: Location,
}

/// What can be wrong with a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamFault {
    /// The data end inside a syntax element.
    #[error("the data end here")]
    Truncated,
    /// A value that the specification does not allow.
    #[error("value {value} is not allowed: {rule}")]
    Value {
        /// The coded (or derived) value.
        value: i64,
        /// The requirement, in a few words.
        rule: &'static str,
    },
    /// A requirement of bitstream conformance that is not about one value.
    #[error("{0}")]
    Rule(&'static str),
    /// The container is malformed.
    #[error("{0}")]
    Container(&'static str),
    /// The container is malformed, and what was passed over for it held no frame.
    #[error("{0}")]
    Skipped(&'static str),
    /// The container is malformed, and its demuxer says why.
    #[error("{0}")]
    Demuxer(Box<str>),
    /// A reference slot is used that holds no frame.
    #[error("reference slot {slot} holds no frame")]
    MissingReference {
        /// The slot, 0 to 7.
        slot: u8,
    },
    /// The driver reported that a frame could not be decoded.
    #[error("the driver reports the result status {status} for this frame")]
    DecodeStatus {
        /// `VkQueryResultStatusKHR`, negative.
        status: i32,
    },
}

impl StreamError {
    /// A fault without a place yet.
    pub fn new(kind: StreamFault) -> Self {
        Self { kind, at: Location::default() }
    }

    /// Whether frames may be missing for it.
    pub fn loses_frames(&self) -> bool {
        !matches!(self.kind, StreamFault::Skipped(_))
    }

    /// The same fault in temporal unit `unit`, unless one is named already.
    pub fn in_unit(mut self, unit: u64) -> Self {
        self.at.unit.get_or_insert(unit);
        self
    }

    /// The same fault in OBU `obu`, which starts at byte `byte` of the file, unless named already.
    pub fn in_obu(mut self, obu: u32, byte: Option<u64>) -> Self {
        self.at.obu.get_or_insert(obu);
        if self.at.byte.is_none() {
            self.at.byte = byte;
        }
        self
    }

    /// The same fault, violating `section`, unless one is named already.
    pub fn section(mut self, section: &'static str) -> Self {
        self.at.section.get_or_insert(section);
        self
    }
}

impl std::error::Error for StreamError {}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = &self.at;
        let mut sep = "";
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            let done = write!(f, "{sep}{text}");
            sep = ", ";
            done
        };
        if let Some(unit) = at.unit {
            part(f, format_args!("unit {unit}"))?;
        }
        if let Some(obu) = at.obu {
            part(f, format_args!("OBU {obu}"))?;
        }
        if let Some(byte) = at.byte {
            part(f, format_args!("byte {byte}"))?;
        }
        if let Some(element) = at.element {
            part(f, format_args!("{element}"))?;
        }
        if let Some(bit) = at.bit {
            part(f, format_args!("bit {bit}"))?;
        }
        if !sep.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{}", self.kind)?;
        match at.section {
            // Sections of other documents come with their names.
            Some(section) if section.split('.').next().is_some_and(|part| part.len() > 2) => {
                write!(f, " ({section})")
            }
            Some(section) => write!(f, " (AV1 specification {section})"),
            None => Ok(()),
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
}

/// A limit of ours was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {value}, over the limit of {limit}")]
pub struct LimitError {
    /// What is limited.
    pub what: &'static str,
    /// What the stream asks for.
    pub value: u64,
    /// The limit in force.
    pub limit: u64,
}
