//! What judges a driver: where a decode goes wrong ([`compare`]), whether a suite passes
//! ([`conform`]), what a driver gave to the hardware ([`recording`]), and what an application gave to
//! the driver ([`watch`]).
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod compare;

pub mod conform;

pub mod recording;

pub mod watch;
pub mod words;
