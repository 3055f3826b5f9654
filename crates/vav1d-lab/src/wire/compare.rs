//! The records of `vav1d compare`: `verdict` for each frame, `comparison` for all of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::{self, State};

/// The planes in their order.
const PLANES: [&str; 3] = ["Y", "U", "V"];

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

/// How a picture differs from what it should be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Difference {
    /// In its size or format.
    Shape {
        /// Width, height and bit depth.
        shape: (u32, u32, u8),
        /// Those of the right one.
        should_be: (u32, u32, u8),
    },
    /// In its hash: nothing more is known.
    Hash {
        /// MD5.
        md5: String,
        /// That of the right one.
        should_be: String,
    },
    /// In its samples.
    Samples {
        /// Each plane.
        planes: Vec<Plane>,
        /// Where.
        superblocks: Superblocks,
    },
}

impl Difference {
    /// The planes that differ.
    pub fn planes(&self) -> impl Iterator<Item = &Plane> {
        let planes: &[Plane] = match self {
            Self::Samples { planes, .. } => planes,
            Self::Shape { .. } | Self::Hash { .. } => &[],
        };
        planes.iter().filter(|plane| plane.differing > 0)
    }

    /// Its first wrong superblock.
    pub fn first(&self) -> Option<&Block> {
        match self {
            Self::Samples { superblocks, .. } => Some(&superblocks.first),
            Self::Shape { .. } | Self::Hash { .. } => None,
        }
    }
}

impl From<&compare::Difference> for Difference {
    fn from(difference: &compare::Difference) -> Self {
        match difference {
            compare::Difference::Shape { is, should_be } => {
                Self::Shape { shape: *is, should_be: *should_be }
            }
            compare::Difference::Hash { is, should_be } => {
                Self::Hash { md5: is.clone(), should_be: should_be.clone() }
            }
            compare::Difference::Samples { planes, superblocks } => Self::Samples {
                planes: PLANES.iter().zip(planes).map(Plane::of).collect(),
                superblocks: Superblocks {
                    wrong: superblocks.wrong,
                    total: superblocks.total,
                    first: superblocks.first.into(),
                },
            },
        }
    }
}

/// A plane that was compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plane {
    /// Y, U or V.
    pub plane: String,
    /// Its samples.
    pub samples: u64,
    /// Of these, how many differ.
    pub differing: u64,
    /// The largest difference.
    pub max: u32,
    /// Column and row of the first differing sample in raster order.
    pub first: Option<(u32, u32)>,
    /// Peak signal to noise ratio in dB, if it is finite.
    pub psnr: Option<f64>,
    /// Structural similarity, if the plane is large enough.
    pub ssim: Option<f64>,
}

impl Plane {
    fn of((name, plane): (&&str, &compare::PlaneDifference)) -> Self {
        // JSON has neither infinity nor NaN.
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            plane: (*name).to_owned(),
            samples: plane.samples,
            differing: plane.differing,
            max: plane.max,
            first: plane.first,
            psnr: finite(plane.psnr),
            ssim: finite(plane.ssim),
        }
    }
}

/// Superblocks that have differing samples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Superblocks {
    /// How many.
    pub wrong: usize,
    /// Of how many.
    pub total: usize,
    /// The first in decoding order.
    pub first: Block,
}

/// A superblock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Its row.
    pub row: u32,
    /// Its column.
    pub column: u32,
    /// Its left edge in luma samples.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its width and height.
    pub size: u32,
    /// The tile that it is in.
    pub tile: u32,
}

impl From<compare::Block> for Block {
    fn from(block: compare::Block) -> Self {
        let compare::Block { row, column, x, y, size, tile } = block;
        Self { row, column, x, y, size, tile }
    }
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
