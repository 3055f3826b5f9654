//! Session shapes: what may be chosen of one, and which change what is decoded.

pub mod axes;
pub mod survey;
