//! The records of `vav1d compare`: `verdict` for each frame, `comparison` for all of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::{Difference, State};

/// `verdict`: what became of a frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Frame in decoding order.
    pub frame: u64,
    /// Temporal unit.
    pub unit: u64,
    /// Output indices at which it is shown.
    pub outputs: Vec<usize>,
    /// The specification's name.
    pub frame_type: String,
    /// Width in luma samples.
    pub width: u32,
    /// Height in luma samples.
    pub height: u32,
    /// What it is.
    pub state: State,
    /// What the driver says of its decode: 1 for complete; `None` if it says nothing.
    pub status: Option<i32>,
    /// Vulkan's `slotIndex`, if it has one.
    pub dpb_slot: Option<i32>,
    /// Frames that the error began with.
    pub origins: Vec<u64>,
    /// Its references.
    pub references: Vec<Reference>,
    /// How it differs, before film grain.
    pub difference: Option<Difference>,
    /// How it differs with film grain, where it is right without.
    pub film_grain: Option<Grained>,
}

impl Verdict {
    /// Whether the driver reports that the frame could not be decoded.
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status != 1)
    }

    /// What is wrong in it, and whether that is film grain alone.
    pub fn differs(&self) -> (Option<&Difference>, bool) {
        match &self.film_grain {
            Some(grain) => (Some(&grain.difference), true),
            None => (self.difference.as_ref(), false),
        }
    }
}

/// A reference of a frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reference {
    /// The specification's name: LAST, LAST2 and so on.
    pub name: String,
    /// Frame in decoding order.
    pub frame: u64,
    /// The stream's slot, if the header names one.
    pub slot: Option<usize>,
}

/// Outputs that are wrong with film grain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grained {
    /// Their indices.
    pub outputs: Vec<usize>,
    /// How they differ.
    pub difference: Difference,
}

/// `comparison`: what became of all frames.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// What the device was compared with.
    pub against: String,
    /// Each frame was judged alone.
    pub teacher: bool,
    /// How many frames there are.
    pub frames: usize,
    /// Equal.
    pub right: usize,
    /// Wrong, with right references.
    pub wrong: usize,
    /// Wrong, with wrong references.
    pub inherited: usize,
    /// Not decoded.
    pub missing: usize,
    /// With nothing to compare them with.
    pub unjudged: usize,
    /// The first wrong frame in decoding order.
    pub first_wrong: Option<u64>,
    /// How the driver ended it, if it did.
    pub ended: Option<Ended>,
    /// What `--explain` found.
    pub explanation: Option<Value>,
    /// More to say.
    pub notes: Vec<String>,
    /// What wrong frames have in common.
    pub shared_features: Vec<SharedFeature>,
}

/// How the driver ended a comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// What happened.
    pub what: String,
    /// The frame that was submitted last.
    pub submitted: Option<u64>,
    /// The last that is known to have ended.
    pub done: Option<u64>,
    /// All of it in a sentence.
    pub text: String,
}

/// A feature that wrong frames have, and few right ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedFeature {
    /// Its name.
    pub feature: String,
    /// Wrong frames that have it.
    pub wrong: usize,
    /// Right ones.
    pub right: usize,
}
