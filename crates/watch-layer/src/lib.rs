//! VK_LAYER_VAV1D_watch: writes what an application hands to AV1 video decoding.
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod capture;
mod entry;
mod job;
mod keys;
mod recorded;
mod settings;
mod shared;
mod state;
mod text;
