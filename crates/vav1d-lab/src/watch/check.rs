//! Which members of a capture are wrong: against the stream that the application decodes, or against
//! themselves.
//!
//! Without the stream, what the capture's own stream says comes back: each Std structure was written
//! as OBUs, those are parsed, and made into Std structures again. What the writer normalises is
//! looked at by rules of its own.

use std::collections::{BTreeMap, BTreeSet};

use av1_std::diff::differences;
use av1_std::header;
use av1_std::owned::{PictureInfo, ReferenceInfo, SequenceHeader};
use vav1d::container::Source;

use super::capture::{Capture, Event, Frame, Resource, Slot};
use super::expected::{self, Expected};
use super::rules;
use super::state::State;

mod alone;
mod resources;

/// A member that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The frame, in the order of submission; `None` where it is the stream.
    pub frame: Option<u64>,
    /// The member, by its path.
    pub member: String,
    /// What was given.
    pub given: String,
    /// What is right.
    pub right: String,
    /// Section of the AV1 specification, or what of Vulkan's says so.
    pub section: &'static str,
    /// Why it cannot change the picture; `None` if it can.
    pub harmless: Option<&'static str>,
}

/// What a check has found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of frames.
    pub findings: Vec<Finding>,
    /// Frames of the capture.
    pub frames: usize,
    /// Frames that were found in the stream, by the bytes of their tiles.
    pub found: usize,
}

impl Report {
    /// Whether a member is wrong that can change the picture.
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.harmless.is_none())
    }
}

/// Checks `capture` against itself: `own` is its own stream.
pub fn alone(capture: &Capture, own: &mut dyn Source) -> Report {
    let (planned, faults) = expected::all(own);
    let mut check = Check::new(capture, &planned, true);
    for fault in faults {
        check.finding(None, "(the stream)", fault, "a stream", "7.5", None);
    }
    let mut shown = planned.iter().enumerate().filter(|(_, one)| one.header.show_frame);
    for frame in capture.frames().filter(|frame| frame.fault.is_none()) {
        if let Some((at, _)) = shown.next() {
            check.aligned.insert(frame.number, at);
        }
    }
    check.run()
}

/// Checks `capture` against the stream that the application decodes.
pub fn with_stream(capture: &Capture, stream: &mut dyn Source) -> Report {
    let (planned, _) = expected::all(stream);
    let mut check = Check::new(capture, &planned, false);
    let mut places: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, one) in planned.iter().enumerate() {
        places.entry(one.tile_hash).or_default().push(at);
    }
    let mut next = 0;
    for frame in capture.frames() {
        // Of several equal frames the next one; after a seek backwards any.
        let Some(all) = places.get(&frame.tile_hash) else { continue };
        let Some(at) = all.iter().find(|at| **at >= next).or(all.first()) else { continue };
        next = at + 1;
        check.aligned.insert(frame.number, *at);
    }
    check.run()
}

/// A check under way.
struct Check<'a> {
    capture: &'a Capture,
    planned: &'a [Expected],
    /// Which planned frame a frame is.
    aligned: BTreeMap<u64, usize>,
    frames: BTreeMap<u64, &'a Frame>,
    /// `planned` is the capture's own stream.
    alone: bool,
    state: State,
    sequences: BTreeSet<u64>,
    report: Report,
}

impl<'a> Check<'a> {
    fn new(capture: &'a Capture, planned: &'a [Expected], alone: bool) -> Self {
        Self {
            capture,
            planned,
            aligned: BTreeMap::new(),
            frames: capture.frames().map(|frame| (frame.number, frame)).collect(),
            alone,
            state: State::default(),
            sequences: BTreeSet::new(),
            report: Report::default(),
        }
    }

    fn finding(
        &mut self,
        frame: Option<u64>,
        member: impl Into<String>,
        given: impl ToString,
        right: impl ToString,
        section: &'static str,
        harmless: Option<&'static str>,
    ) {
        let (member, given, right) = (member.into(), given.to_string(), right.to_string());
        self.report.findings.push(Finding { frame, member, given, right, section, harmless });
    }

    fn run(mut self) -> Report {
        self.report.frames = self.frames.len();
        self.report.found = self.aligned.len();
        let capture = self.capture;
        for event in &capture.events {
            if let Event::Frame(frame) = event {
                self.frame(frame);
            }
            self.state.after(event);
        }
        self.report
    }

    fn expected(&self, frame: u64) -> Option<&'a Expected> {
        self.planned.get(*self.aligned.get(&frame)?)
    }

    fn frame(&mut self, frame: &Frame) {
        let number = Some(frame.number);
        if let (Some(fault), true) = (&frame.fault, self.alone) {
            self.finding(number, "(the frame)", fault, "what AV1 can code", "5.9.2", None);
        }
        if let Some(why) = &frame.unread {
            let why = why.clone();
            self.finding(
                number,
                "(the tiles)",
                why,
                "bytes that can be read",
                "5.11",
                Some("the tiles were not looked at"),
            );
        }
        let sequence = frame.sequence.and_then(|number| self.capture.sequences.get(&number));
        let Some(info) = &frame.info else {
            self.finding(number, "pStdPictureInfo", "NULL", "a structure", "Vulkan", None);
            return;
        };
        let Some(sequence) = sequence else {
            self.finding(number, "pStdSequenceHeader", "none", "a structure", "Vulkan", None);
            return;
        };
        if let Some(expected) = self.expected(frame.number) {
            self.sequence(frame, sequence, expected);
            self.picture(frame, info, sequence, expected);
            self.references(frame, expected);
        } else if !self.alone {
            let what = "tiles that no frame of the stream has";
            self.finding(number, "(the tiles)", what, "a frame of the stream", "5.11", None);
        }
        self.resources(frame);
        if self.alone {
            self.by_rules(frame, info, sequence);
        }
    }

    /// The sequence header, once for each that was handed over.
    fn sequence(&mut self, frame: &Frame, given: &SequenceHeader, expected: &Expected) {
        if !self.sequences.insert(frame.sequence.unwrap_or_default()) {
            return;
        }
        let right = header::sequence(&expected.sequence);
        for difference in differences(given, &right) {
            let member = difference.member;
            let reduced = given.reduced_still_picture_header;
            let grain = self.capture.has_film_grain();
            if self.alone && alone::is_normalised_in_sequence(&member, reduced, grain) {
                continue;
            }
            let section = rules::sequence_section(&member);
            let harmless = rules::harmless_in_sequence(&member, &right);
            let (given, right) = (text(difference.first), text(difference.second));
            self.finding(Some(frame.number), member, given, right, section, harmless);
        }
    }

    fn right(&self, given: &PictureInfo, expected: &Expected) -> PictureInfo {
        let mut right = header::picture(&expected.header, self.capture.has_film_grain());
        if self.alone {
            alone::denormalise(given, &mut right);
        }
        right
    }

    fn picture(
        &mut self,
        frame: &Frame,
        given: &PictureInfo,
        sequence: &SequenceHeader,
        expected: &Expected,
    ) {
        let right = self.right(given, expected);
        for difference in differences(given, &right) {
            let member = difference.member;
            let harmless = rules::harmless(&member, given, &right, sequence);
            let section = rules::section(&member);
            let (given, right) = (text(difference.first), text(difference.second));
            self.finding(Some(frame.number), member, given, right, section, harmless);
        }
    }

    /// Reference names and what is said of the pictures behind them.
    fn references(&mut self, frame: &Frame, expected: &Expected) {
        let intra = expected.header.frame_type.is_intra();
        let by_place: BTreeMap<usize, u64> =
            self.aligned.iter().map(|(frame, place)| (*place, *frame)).collect();
        for (i, slot) in frame.names.iter().enumerate().filter(|_| !intra) {
            let given = self.state.frame_in(*slot);
            let right = expected.references.get(i).copied().flatten();
            let right = right.and_then(|place| by_place.get(&place).copied());
            // Frames with the same tiles are the same frame.
            let hash =
                |frame: Option<u64>| frame.and_then(|f| Some(self.frames.get(&f)?.tile_hash));
            if !self.alone && right.is_some() && hash(given) != hash(right) {
                let member = format!("referenceNameSlotIndices[{i}]");
                let given = format!("{slot}, {}", holds(given));
                let section = rules::section(&member);
                self.finding(Some(frame.number), member, given, holds(right), section, None);
            }
        }
    }
}

/// A number, or that there is none.
fn text(value: Option<i64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn holds(frame: Option<u64>) -> String {
    frame.map_or_else(|| "no picture".to_owned(), |frame| format!("frame {frame}"))
}
