//! The JSON Lines records. The first line of every output is the header with the schema's number.
//! Fields are added, never changed; a removal makes a new schema.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::failure::Failure;
use vav1d::container::OtherTrack;
use vav1d::decode;
use vav1d::error::Error;
use vav1d::vk;
use vav1d_lab::wire::compare::{Comparison, Verdict};
pub use vav1d_lab::wire::{Fault, Hashed, OutputFrame};
use vav1d_lab::wire::{FaultKind, Header, JudgedDevice, Message, SCHEMA, Summary, Unfired};

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
    Header(Header),
    /// An output frame.
    Frame(OutputFrame),
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
    Verdict(Verdict),
    /// What became of all of them.
    Comparison(Comparison),
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
    /// The device that is judged.
    #[serde(rename = "device")]
    JudgedDevice(JudgedDevice),
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
    Message(Message),
    /// A planted fault that was never applied.
    Unfired(Unfired),
    /// Last line of a decode.
    Summary(Summary),
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
            command: command.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
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
            self.write(&Record::Message(Message { id: id.clone(), text: text.clone() }))?;
        }
        Ok(())
    }

    /// Planted faults that were never applied.
    pub fn unfired(&mut self, faults: &[String]) -> io::Result<()> {
        let unfired = |fault: &String| Record::Unfired(Unfired { fault: fault.clone() });
        faults.iter().try_for_each(|fault| self.write(&unfired(fault)))
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
            None => Fault {
                kind: FaultKind::of(failure.exit),
                unit: None,
                exit: failure.exit.code(),
                message: failure.text(),
            },
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
