//! The JSON Lines records. The first line of every output is the header with the schema's number.
//! Fields are added, never changed; a removal makes a new schema.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use vav1d::container::OtherTrack;
use vav1d::decode;
use vav1d::error::{DeviceError, Error, StreamFault};
use vav1d::sink::Hash;
use vav1d::vk;

/// Number of this schema, which docs/schema.json has.
pub use vav1d_lab::conform::report::jsonl::SCHEMA;

/// Whether the header was written: a fault that comes before it brings it along.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// A header was written by others.
pub fn begun() {
    BEGUN.store(true, Ordering::Relaxed);
}

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Record<'a> {
    /// First line.
    Header(Header<'a>),
    /// An output frame.
    Frame(Frame),
    /// What a stream is.
    Stream(serde_json::Value),
    /// A sequence header.
    Sequence(serde_json::Value),
    /// A frame of a stream, in decoding order.
    CodedFrame(serde_json::Value),
    /// A step of the plan.
    Step(serde_json::Value),
    /// An open bitstream unit.
    Obu(serde_json::Value),
    /// A step of the checklist of `report`.
    ReportStep(serde_json::Value),
    /// A syntax element.
    Element(Element<'a>),
    /// A session shape and what it gave.
    Shape(serde_json::Value),
    /// What of a shape changes the output.
    Cause(serde_json::Value),
    /// What all shapes gave.
    Matrix(serde_json::Value),
    /// What became of a frame.
    Verdict(serde_json::Value),
    /// What became of all of them.
    Comparison(serde_json::Value),
    /// What a vector exercises.
    Exercised(serde_json::Value),
    /// What all of them do.
    Coverage(serde_json::Value),
    /// The smallest set of vectors with the same coverage.
    Cover(serde_json::Value),
    /// An item that a suite lacks.
    Missing(serde_json::Value),
    /// A segment of a film grain table.
    Grain(serde_json::Value),
    /// A field in which two recordings differ.
    Difference(serde_json::Value),
    /// A vector that would be run.
    Listed(serde_json::Value),
    /// What became of a vector from one result to another.
    Change(serde_json::Value),
    /// What became of all of them.
    Changes(serde_json::Value),
    /// A member in which two captures differ.
    WatchDifference(serde_json::Value),
    /// A member of a capture that is wrong.
    Finding(serde_json::Value),
    /// A picture of a replay.
    Replayed(serde_json::Value),
    /// What a check looked at.
    Checked(serde_json::Value),
    /// A stream that was written in another form.
    Rewritten(serde_json::Value),
    /// What is left of a stream.
    Reduced(serde_json::Value),
    /// A device.
    Device(serde_json::Value),
    /// A word of a configuration of softvk.
    SoftConfig(serde_json::Value),
    /// Whether a device takes a stream, and what it lacks.
    Taken(serde_json::Value),
    /// A field in which two devices differ.
    CapsDifference(serde_json::Value),
    /// How many those are.
    CapsComparison(serde_json::Value),
    /// How playing went.
    #[cfg(feature = "window")]
    Played(serde_json::Value),
    /// A fault of the stream.
    Fault(Fault),
    /// A message of the validation layer.
    Message(Message<'a>),
    /// A planted fault that was never applied.
    Unfired(Unfired<'a>),
    /// Last line of a decode.
    Summary(Summary),
}

/// See [`Record::Header`].
#[derive(Debug, Serialize)]
pub struct Header<'a> {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The command.
    pub command: &'a str,
    /// Version of the program.
    pub version: &'a str,
    /// The input, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The device, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// See [`Record::Frame`].
#[derive(Debug, Serialize)]
pub struct Frame {
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
    /// Hash of those bytes; not with `--total`.
    #[serde(flatten)]
    pub hash: Option<Hashed>,
}

/// A hash: a member called like the function.
#[derive(Debug, Serialize)]
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
}

/// A track that is not decoded.
#[derive(Debug, Serialize)]
pub struct Track {
    /// video, audio, subtitles or other.
    pub kind: String,
    /// The number that the container gives it.
    pub track: u64,
    /// What the container calls its coding.
    pub codec: String,
}

impl Track {
    /// That of `other`.
    pub fn of(other: &OtherTrack) -> Self {
        let OtherTrack { kind, number, codec } = other;
        Self { kind: kind.to_string(), track: *number, codec: codec.clone() }
    }
}

/// See [`Record::Element`].
#[derive(Debug, Serialize)]
pub struct Element<'a> {
    /// Temporal unit.
    pub unit: u64,
    /// OBU in the unit.
    pub obu: u32,
    /// Bit offset in the OBU's payload.
    pub bit: u64,
    /// Bits read.
    pub bits: u32,
    /// Name in the specification.
    pub name: &'a str,
    /// Value.
    pub value: i64,
}

/// See [`Record::Fault`].
#[derive(Debug, Serialize)]
pub struct Fault {
    /// What sort of fault: `stream`, `status` (the driver reports that a decode failed),
    /// `unsupported`, `limit`, `io` (an input), `output`, `usage` (the command line), `lost`
    /// (device), `timeout`, `device` or `fault` (of the driver or of vav1d).
    pub kind: &'static str,
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
            Error::Io(_) => ("io", None),
            Error::Stream(stream) => match stream.kind {
                StreamFault::DecodeStatus { .. } => ("status", stream.at.unit),
                _ => ("stream", stream.at.unit),
            },
            Error::Unsupported(_) => ("unsupported", None),
            Error::Limit(_) => ("limit", None),
            Error::Device(error) if error.is_lost() => ("lost", None),
            Error::Device(DeviceError::Timeout { .. }) => ("timeout", None),
            Error::Device(DeviceError::None(_)) => ("unsupported", None),
            Error::Device(DeviceError::Fault(_)) => ("fault", None),
            Error::Device(_) => ("device", None),
        };
        Self { kind, unit, exit: Exit::of(error).code(), message: error.to_string() }
    }
}

/// See [`Record::Message`].
#[derive(Debug, Serialize)]
pub struct Message<'a> {
    /// Its identifier: a VUID, for validation.
    pub id: &'a str,
    /// The text.
    pub text: &'a str,
}

/// See [`Record::Unfired`].
#[derive(Debug, Serialize)]
pub struct Unfired<'a> {
    /// Its name and place, as they were asked for.
    pub fault: &'a str,
}

/// See [`Record::Summary`].
#[derive(Debug, Serialize)]
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
    #[serde(skip_serializing_if = "is_none")]
    pub doubtful: u64,
    /// Hash of all pictures, if one was asked for.
    #[serde(flatten)]
    pub hash: Option<Hashed>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Writes records as lines.
pub struct Lines<W: Write>(pub W);

impl<W: Write> Lines<W> {
    /// Starts with the header line.
    pub fn begin(
        &mut self,
        command: &str,
        file: Option<&std::path::Path>,
        device: Option<&str>,
    ) -> io::Result<()> {
        begun();
        self.write(&Record::Header(Header {
            schema: SCHEMA,
            command,
            version: env!("CARGO_PKG_VERSION"),
            file: file.map(|f| f.display().to_string()),
            device: device.map(str::to_owned),
        }))
    }

    /// Ends with the faults and the summary of a decode.
    pub fn end(&mut self, decoded: &decode::Summary, hash: Option<Hashed>) -> io::Result<()> {
        for fault in &decoded.faults {
            self.write(&Record::Fault(Fault::of(fault)))?;
        }
        self.write(&Record::Summary(Summary {
            units: decoded.units,
            frames: decoded.frames,
            pictures: decoded.pictures,
            faults: decoded.n_faults,
            doubtful: decoded.doubtful.pictures,
            hash,
        }))?;
        self.0.flush()
    }

    /// Messages of the validation layer.
    pub fn messages(&mut self, messages: &[vk::Message]) -> io::Result<()> {
        for vk::Message { id, text, .. } in messages {
            self.write(&Record::Message(Message { id, text }))?;
        }
        Ok(())
    }

    /// Planted faults that were never applied.
    pub fn unfired(&mut self, faults: &[String]) -> io::Result<()> {
        faults.iter().try_for_each(|fault| self.write(&Record::Unfired(Unfired { fault })))
    }

    /// Why `command` ended early; behind a header, if there was none.
    pub fn failed(&mut self, command: &str, failure: &Failure) -> io::Result<()> {
        if !BEGUN.load(Ordering::Relaxed) {
            self.begin(command, None, None)?;
        }
        self.failure(failure)
    }

    /// Why a command ended early.
    pub fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let cause = failure.error.chain().find_map(|cause| cause.downcast_ref::<Error>());
        let fault = match cause {
            Some(error) => {
                Fault { message: failure.text(), exit: failure.exit.code(), ..Fault::of(error) }
            }
            None => {
                let kind = match failure.exit {
                    Exit::Unsupported => "unsupported",
                    Exit::Usage => "usage",
                    Exit::NoInput => "io",
                    Exit::Output => "output",
                    Exit::Stream => "stream",
                    Exit::Device => "device",
                    _ => "fault",
                };
                Fault { kind, unit: None, exit: failure.exit.code(), message: failure.text() }
            }
        };
        self.write(&Record::Fault(fault))?;
        self.0.flush()
    }

    /// One line.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, record)?;
        self.0.write_all(b"\n")
    }
}
