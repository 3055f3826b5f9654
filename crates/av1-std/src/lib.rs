//! AV1 headers as the Std structures of Vulkan Video: a mapping, field by field, without Vulkan
//! calls.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "syntax")]
pub mod back;
pub mod diff;
#[cfg(feature = "syntax")]
pub mod header;
#[cfg(feature = "syntax")]
mod members;
pub mod owned;
#[cfg(feature = "syntax")]
pub mod picture;
#[cfg(feature = "syntax")]
pub mod sequence;
