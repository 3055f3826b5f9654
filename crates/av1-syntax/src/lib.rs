//! AV1 bitstream syntax (specification section 5) and decoding plans.
//!
//! Modules in reading order: [`bits`] -> [`obu`] -> [`syntax`] -> [`plan`].
//! No Vulkan, no files, no clocks: bytes in, headers and steps out.
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
