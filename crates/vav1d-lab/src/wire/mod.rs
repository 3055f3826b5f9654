//! The records that one vav1d tells and another reads: a type for each, which both ends use.
//!
//! A judged decode is a process, and what it says of itself is all the evidence there is. So a
//! record that lacks a member, or has one of another type, is no record.

pub mod compare;
pub mod results;

use serde::{Deserialize, Serialize};
use vav1d::error::{DeviceError, Error, StreamFault};
use vav1d::sink::Hash;

use crate::exit::Exit;

/// Number of the schema of records, which docs/schema.json has. Fields are added; a removal, or
/// another meaning, makes a new number.
pub const SCHEMA: u32 = 2;

/// `header`: the first line of every output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The command.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// The input, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The device, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// `frame`: an output frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutputFrame {
    /// Output index, from 0.
    pub index: u64,
    /// Presentation time in ticks.
    pub pts: Option<i64>,
    /// Width in luma samples.
    pub width: u32,
    /// Height in luma samples.
    pub height: u32,
    /// Bytes of the picture.
    pub size: usize,
    /// Hash of those bytes; not where one hash is asked for.
    #[serde(flatten)]
    pub hash: Option<Hashed>,
}

/// A hash in hexadecimal: a member that is called like the function.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hashed {
    /// MD5.
    Md5(String),
    /// SHA-256.
    Sha256(String),
    /// XXH3 with 128 bits.
    Xxh3(String),
    /// CRC-32.
    Crc32(String),
}

impl Hashed {
    /// `text` by `hash`.
    pub fn new(hash: Hash, text: String) -> Self {
        match hash {
            Hash::Md5 => Self::Md5(text),
            Hash::Sha256 => Self::Sha256(text),
            Hash::Xxh3 => Self::Xxh3(text),
            Hash::Crc32 => Self::Crc32(text),
        }
    }

    /// The hash, if it is an MD5.
    pub fn md5(self) -> Option<String> {
        match self {
            Self::Md5(text) => Some(text),
            Self::Sha256(_) | Self::Xxh3(_) | Self::Crc32(_) => None,
        }
    }
}

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The stream is malformed.
    Stream,
    /// The driver reports that a decode failed.
    Status,
    /// Valid, and not supported.
    Unsupported,
    /// Over a limit.
    Limit,
    /// The input.
    Io,
    /// The output.
    Output,
    /// The command line.
    Usage,
    /// The device is lost.
    Lost,
    /// The device does not answer.
    Timeout,
    /// Another answer of the device.
    Device,
    /// A fault of the driver or of vav1d.
    Fault,
}

impl FaultKind {
    /// What stands for a command that ended with `exit` for a reason of its own.
    pub fn of(exit: Exit) -> Self {
        match exit {
            Exit::Unsupported => Self::Unsupported,
            Exit::Usage => Self::Usage,
            Exit::NoInput => Self::Io,
            Exit::Output => Self::Output,
            Exit::Stream => Self::Stream,
            Exit::Device => Self::Device,
            Exit::Done | Exit::No | Exit::Fault | Exit::Interrupted => Self::Fault,
        }
    }
}

/// `fault`: why a command ended early, or what it had to leave out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// What sort of fault.
    pub kind: FaultKind,
    /// Temporal unit, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<u64>,
    /// The exit code that it stands for.
    pub exit: u8,
    /// The message.
    pub message: String,
}

impl Fault {
    /// The record of `error`.
    pub fn of(error: &Error) -> Self {
        let (kind, unit) = match error {
            Error::Io(_) => (FaultKind::Io, None),
            Error::Stream(stream) => match stream.kind {
                StreamFault::DecodeStatus { .. } => (FaultKind::Status, stream.at.unit),
                _ => (FaultKind::Stream, stream.at.unit),
            },
            Error::Unsupported(_) | Error::Device(DeviceError::None(_)) => {
                (FaultKind::Unsupported, None)
            }
            Error::Limit(_) => (FaultKind::Limit, None),
            Error::Device(error) if error.is_lost() => (FaultKind::Lost, None),
            Error::Device(DeviceError::Timeout { .. }) => (FaultKind::Timeout, None),
            Error::Device(DeviceError::Fault(_)) => (FaultKind::Fault, None),
            Error::Device(_) => (FaultKind::Device, None),
        };
        Self { kind, unit, exit: Exit::of(error).code(), message: error.to_string() }
    }
}

/// `message`: one of the validation layer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its identifier: a VUID, for validation.
    pub id: String,
    /// The text.
    pub text: String,
}

/// `unfired`: a planted fault that was never applied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unfired {
    /// Its name and place, as they were asked for.
    pub fault: String,
}

/// `summary`: the last line of a decode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Temporal units read.
    pub units: u64,
    /// Frames decoded.
    pub frames: u64,
    /// Pictures delivered.
    pub pictures: u64,
    /// Faults found.
    pub faults: u64,
    /// Pictures that may be wrong, since frames before them are missing in the container.
    #[serde(default, skip_serializing_if = "is_none")]
    pub doubtful: u64,
    /// Hash of all pictures, if one was asked for.
    #[serde(flatten)]
    pub hash: Option<Hashed>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// `device` of `caps --judged`: what is known of the judged device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedDevice {
    /// Its name.
    pub name: String,
    /// Name and version of its driver.
    pub driver_name: String,
    /// More about the driver.
    pub driver_info: String,
    /// Vulkan's version.
    pub api_version: String,
    /// Its deviceUUID in hexadecimal.
    pub uuid: String,
    /// It is softvk inside this program.
    #[serde(rename = "embedded")]
    pub is_embedded: bool,
    /// Something other than the CPU does the work.
    #[serde(rename = "hardware")]
    pub is_hardware: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_with_its_hash_or_without() {
        for hash in [None, Some(Hashed::new(Hash::Md5, "ab".to_owned()))] {
            let text = hash.clone().and_then(Hashed::md5);
            let frame = OutputFrame { index: 3, pts: None, width: 8, height: 9, size: 108, hash };
            let line = serde_json::to_string(&frame).expect("written");
            let back: OutputFrame = serde_json::from_str(&line).expect("read");
            assert_eq!((back.index, back.size), (3, 108), "{line}");
            assert_eq!(back.hash.and_then(Hashed::md5), text, "{line}");
        }
        let other: OutputFrame = serde_json::from_str(
            r#"{"index":0,"pts":4,"width":1,"height":1,"size":3,"crc32":"01"}"#,
        )
        .expect("read");
        assert_eq!(other.hash.and_then(Hashed::md5), None);
    }

    #[test]
    fn a_kind_of_fault_that_nobody_knows_is_no_record() {
        let fault = |kind: &str| format!(r#"{{"kind":"{kind}","exit":70,"message":"m"}}"#);
        assert!(serde_json::from_str::<Fault>(&fault("lost")).is_ok());
        assert!(serde_json::from_str::<Fault>(&fault("tired")).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"lost","message":"m"}"#).is_err());
    }
}
