//! What judges a driver: where a decode goes wrong ([`compare`]), whether a suite passes
//! ([`conform`]), what a driver gave to the hardware ([`recording`]), what an application gave to the
//! driver ([`watch`]), which session shapes change the output ([`matrix`]), and streams in other forms
//! ([`stress`]).
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod compare;

pub mod conform;

pub mod exit;
#[cfg(feature = "soft")]
pub mod explain;
pub mod matrix;

pub mod recording;

pub mod reduce;
pub mod stress;
pub mod surroundings;
pub mod watch;
pub mod wire;
pub mod words;
