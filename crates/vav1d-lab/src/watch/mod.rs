//! Captures of VK_LAYER_VAV1D_watch: what an application handed to a driver.
//!
//! [`capture`] reads one; [`check`] says which of its members are wrong; [`diff`] compares two;
//! [`replay`] decodes one on another device; [`tail`] completes what a killed application left.

pub mod capture;
pub mod check;
pub mod diff;
mod expected;
pub mod replay;
mod rules;
mod state;
pub mod tail;
mod tile_bytes;

pub use tile_bytes::tile_hash_of;
