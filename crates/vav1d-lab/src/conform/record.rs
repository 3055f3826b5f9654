//! What came of a vector.

use std::path::PathBuf;

use super::expect::{First, Known, Status};
use super::outcome::{Failure, Outcome};
use super::vector::{Kind, Vector};

/// What came of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The vector's name.
    pub name: String,
    /// Its stream.
    pub input: PathBuf,
    /// SHA-256 of that, in hexadecimal: what it is, whatever it is called. `None` if it was not
    /// run.
    pub stream: Option<String>,
    /// Options of `vav1d compare` that decode what was judged.
    pub options: Vec<String>,
    /// What it was compared with.
    pub oracle: Option<Kind>,
    /// What it did; `None` if it was not run.
    pub outcome: Option<Outcome>,
    /// What that means.
    pub status: Status,
    /// The outcome's word of each of its runs.
    pub runs: Vec<&'static str>,
    /// The first wrong output picture, as lists have it.
    pub first: Option<First>,
    /// More to say.
    pub note: Option<String>,
    /// For each output picture whether it is right, as far as that is known.
    pub frames: Vec<Option<bool>>,
    /// Output pictures that should have come, and did not.
    pub missing: usize,
    /// What `vav1d compare` says of it.
    pub explained: Option<Explained>,
    /// Commands that show the failure again, the first one as it was seen.
    pub reproduce: Vec<String>,
    /// The device's name.
    pub device: Option<String>,
    /// Planted faults that never applied; `None` if no run came to its end.
    pub unfired: Option<Vec<String>>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Record {
    /// A vector that was not run.
    pub(super) fn not_run(vector: &Vector, status: Status, note: &str) -> Self {
        Self {
            name: vector.name.clone(),
            input: vector.input.clone(),
            stream: None,
            options: Vec::new(),
            oracle: None,
            outcome: None,
            status,
            runs: Vec::new(),
            first: None,
            note: Some(note.to_owned()),
            frames: Vec::new(),
            missing: 0,
            explained: None,
            reproduce: Vec::new(),
            device: None,
            unfired: None,
            seconds: 0.0,
        }
    }

    /// Whether the device was judged by it: it was run, not refused, and there was something to
    /// compare with.
    pub fn is_evidence(&self) -> bool {
        match &self.outcome {
            None | Some(Outcome::Unsupported(_)) => false,
            Some(Outcome::Fail(Failure::Missing(_) | Failure::BadOracle(_))) => false,
            Some(Outcome::Pass | Outcome::Fail(_)) => true,
        }
    }

    /// What lists are told of it; `None` if it was not run, or not as often as it takes.
    pub fn known(&self) -> Option<Known<'_>> {
        if self.status == Status::NotRun {
            return None;
        }
        let (name, status, first) = (&*self.name, self.status, self.first);
        Some(Known { name, outcome: self.outcome.as_ref()?, status, first })
    }

    /// Outcome and note of a record in one line.
    pub fn line(&self) -> String {
        let outcome = self.outcome.as_ref();
        let parts = [
            outcome.map(|outcome| outcome.word().to_owned()),
            outcome.map(ToString::to_string),
            self.note.clone(),
        ];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(": ").replace(['\n', '\r'], " ")
    }
}

/// What is known of a wrong decode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// For each output picture: right, wrong, inherited, missing or unjudged.
    pub outputs: Vec<&'static str>,
    /// The first frame that is wrong, in decoding order.
    pub first: Option<u64>,
    /// Where and how much, in a line.
    pub text: String,
    /// Images of the first wrong frame: what it is, what it should be, the difference.
    pub images: Vec<PathBuf>,
    /// Its planes that are wrong: Y, U, V.
    pub planes: Vec<String>,
    /// Whether film grain alone is wrong.
    pub is_film_grain: bool,
    /// The largest difference of a sample.
    pub most: u64,
    /// Its first wrong block in decoding order.
    pub block: Option<Area>,
    /// Features that the wrong frames have in common, and few right ones.
    pub shared: Vec<String>,
}

/// A square block of a picture, in luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its width and height.
    pub size: u32,
    /// Width and height of the picture, which may end in it.
    pub picture: (u32, u32),
}

/// A character for each state of an output picture.
pub(super) const STATES: [(&str, char); 5] =
    [("right", '.'), ("wrong", 'x'), ("unjudged", '?'), ("missing", '-'), ("inherited", 'i')];
