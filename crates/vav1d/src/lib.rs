//! AV1 decode through `VK_KHR_video_decode_av1`.
//!
//! Modules in reading order, from bytes to pictures:
//! [`container`] -> [`obu`] -> [`syntax`] -> [`plan`] -> [`vk`] -> [`grain`] -> [`sink`],
//! joined by [`decode`].
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub use av1_demux as container;
pub use av1_picture::{color, grain, pixels};
pub use av1_syntax::{bits, limits, obu, plan, syntax};

pub mod error;

pub mod vk;

pub mod sink;

pub mod units;

pub mod decode;
pub mod decoder;
pub mod decoding;
pub mod film_grain;
pub mod grid;

pub use decoder::{Decoder, Device, Frame, Packet};
