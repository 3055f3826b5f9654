//! Pictures of AV1 on the host: their bytes ([`pixels`]), what their samples mean as colours
//! ([`color`]), and film grain ([`grain`]).
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod color;
pub mod grain;
pub mod pixels;
