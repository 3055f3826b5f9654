//! Streams in, streams out: bits -> header -> stream -> read and write -> changes.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bits;
pub mod error;
pub mod header;

pub mod stream;

mod derive;
pub mod read;
pub mod write;

pub mod change;
pub mod container;
pub mod random;
pub mod select;
pub mod slots;

pub use derive::Derived;
