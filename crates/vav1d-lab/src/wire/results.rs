//! The records of `vav1d verify`: `vector` for each vector, `suite_summary` for all of them.
//!
//! What came to be after the schema's number may be missing: results are kept for years.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `vector`: what came of a vector.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Vector {
    /// Its name.
    pub name: String,
    /// Its status in one word, as lists of expectations have it.
    pub status: String,
    /// The stream.
    #[serde(default)]
    pub file: String,
    /// SHA-256 of it; `None` if it was not run.
    #[serde(default)]
    pub stream: Option<String>,
    /// Options of `vav1d compare` that decode what was judged.
    #[serde(default)]
    pub options: Vec<String>,
    /// The outcome's word; `None` if it was not run.
    #[serde(default)]
    pub outcome: Option<String>,
    /// The outcome in a sentence.
    #[serde(default)]
    pub detail: Option<String>,
    /// More to say.
    #[serde(default)]
    pub note: Option<String>,
    /// The outcome's word of each run.
    #[serde(default)]
    pub runs: Vec<String>,
    /// Planted faults that never applied; `None` if no run came to its end.
    #[serde(default)]
    pub unfired: Option<Vec<String>>,
    /// Commands that show the failure again.
    #[serde(default)]
    pub reproduce: Vec<String>,
    /// What it was compared with.
    #[serde(default)]
    pub oracle: Option<String>,
    /// The first wrong output picture.
    #[serde(default)]
    pub first_wrong: Option<u64>,
    /// A character for each output picture: `.` right, `x` wrong, `?` unknown, `-` missing.
    #[serde(default)]
    pub pictures: String,
    /// The device's name.
    #[serde(default)]
    pub device: Option<String>,
    /// The first wrong frame in decoding order.
    #[serde(default)]
    pub first_wrong_frame: Option<u64>,
    /// What `vav1d compare` says of it.
    #[serde(default)]
    pub explained: Option<String>,
    /// `pictures` with `i` for what was inherited.
    #[serde(default)]
    pub explained_pictures: Option<String>,
    /// Names of images of the first wrong frame.
    #[serde(default)]
    pub images: Option<Vec<String>>,
    /// What is wrong in the first wrong frame.
    #[serde(default)]
    pub difference: Option<Difference>,
    /// Seconds that it took; not where times are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What belongs to the outcome: the signal of a crash, the message of an error.
    #[serde(flatten)]
    pub values: Map<String, Value>,
}

/// What is wrong in a vector's first wrong frame.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Difference {
    /// Its planes that are wrong: Y, U, V.
    pub planes: Vec<String>,
    /// Whether film grain alone is wrong.
    pub film_grain: bool,
    /// The largest difference of a sample.
    pub max: u64,
    /// The first wrong block.
    pub block: Option<Block>,
    /// What wrong frames have in common.
    pub shared_features: Vec<String>,
}

/// A square block of a picture, in luma samples.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its width and height.
    pub size: u32,
    /// The picture's width.
    pub width: u32,
    /// The picture's height.
    pub height: u32,
}

/// `suite_summary`: the last line of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteSummary {
    /// How many vectors there are.
    pub vectors: usize,
    /// How many have each status.
    pub statuses: BTreeMap<String, u64>,
    /// How many have each outcome.
    #[serde(default)]
    pub outcomes: BTreeMap<String, usize>,
    /// Whether everything is as expected, and something was judged.
    #[serde(default)]
    pub success: bool,
    /// The same in a sentence.
    #[serde(default)]
    pub verdict: String,
    /// Vectors that something is to be done about.
    #[serde(default)]
    pub not_expected: usize,
    /// Vectors whose turn did not come.
    #[serde(default)]
    pub not_run: usize,
    /// Vectors by which the device was judged.
    #[serde(default)]
    pub judged: usize,
    /// Why vectors were refused.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// More to say.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Planted faults that were never applied.
    #[serde(default)]
    pub unfired: Vec<String>,
    /// Parts of the whole that are not there.
    #[serde(default)]
    pub lacking: Vec<String>,
    /// Whether the run was stopped.
    #[serde(default)]
    pub stopped: bool,
}

/// A reason for which vectors were refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The reason.
    pub reason: String,
    /// How many vectors have it.
    pub vectors: usize,
}
