//! Pictures of AV1 on the host: their bytes ([`pixels`]), what their samples mean as colours
//! ([`color`]), and film grain ([`grain`]).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod color;
pub mod grain;
pub mod pixels;
