//! Conformance: vectors with what they should decode to, runs of them in child processes, what
//! came of each, and what that means given what was expected.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod about;
pub mod child;
pub mod cover;
pub mod coverage;
pub mod diff;
pub mod evidence;
pub mod expect;
pub mod explain;
pub mod files;
mod judge;
pub mod merge;
pub mod options;
pub mod oracle;
pub mod outcome;
pub mod probe;
pub mod record;
pub mod recovery;
pub mod report;
pub mod reproduce;
pub mod results;
pub mod runner;
pub mod selection;
pub mod settle;
pub mod suite;
pub mod told;
pub mod turns;
pub mod values;
pub mod vector;

pub use expect::{Expectations, Status};
pub use outcome::{Failure, Outcome};
pub use vector::{Expected, Kind, Oracle, Semantics, Vector};
