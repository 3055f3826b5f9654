//! Bytes in, headers and steps out; modules in reading order:
//! [`bits`] -> [`obu`] -> [`syntax`] -> [`plan`].
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod format;
pub mod limits;

pub mod bits;
pub mod obu;
pub mod unit;

pub mod syntax;

pub mod plan;
