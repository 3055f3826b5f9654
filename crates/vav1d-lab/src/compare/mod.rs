//! Which frame, plane and block of a decode is wrong, and which frame is the origin of it.
//!
//! Every decoded frame is compared, shown or not, before film grain; what is output is compared
//! too where film grain makes it something else. A wrong frame whose references were right is an
//! origin; one that refers to wrong frames has inherited, as far as can be told without decoding
//! it from right references.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod difference;
pub mod graph;
pub mod images;
pub mod judge;
pub mod shared;
pub mod trace;

pub use difference::{Block, Difference, PlaneDifference, Superblocks};
pub use graph::{Graph, Node, Shown};
pub use judge::{Judge, State, Verdict};
pub use trace::{Next, TraceOptions, Traced, Wanted, trace};

/// Names of references 0 to 6 (specification 6.10.24).
pub const REFERENCE_NAMES: [&str; 7] =
    ["LAST", "LAST2", "LAST3", "GOLDEN", "BWDREF", "ALTREF2", "ALTREF"];
