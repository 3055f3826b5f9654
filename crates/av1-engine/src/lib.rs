//! The engine of a video decoder: owned frame parameters in, pictures out.
//!
//! A [`job::FrameJob`] holds what a GPU's AV1 engine is told of one frame: the members of the Std
//! structures, and where its tiles lie. Normalised OBUs are written from it, and the crate
//! `re_rav1d` makes the picture. Header bytes of a stream never come in, only tile payloads; there
//! is no parser here, and no Vulkan object: of `ash` only the plain Std structures are used.
//!
//! [`Reconstructor`] is the engine of a Vulkan video session, which is told what each frame
//! refreshes; [`Engine`] that of a chip, which is only told where pictures are.
//! [`stream::Writer`] writes the frames of a session as a stream for anybody's decoder, and needs
//! none itself.

#![cfg_attr(not(feature = "decoder"), allow(dead_code, reason = "what only the decoder uses"))]

#[cfg(feature = "decoder")]
mod ahead;
#[cfg(feature = "decoder")]
mod decoder;
#[cfg(feature = "decoder")]
mod engine;
mod fault;
#[cfg(feature = "decoder")]
mod flight;
#[cfg(feature = "decoder")]
mod frame;
mod grain;
mod headers;
pub mod job;
pub mod members;
mod obu_writer;
#[cfg(feature = "decoder")]
mod overwrite;
pub mod plain;
#[cfg(feature = "decoder")]
mod rav1d;
#[cfg(feature = "decoder")]
mod reconstructor;
mod sequence;
mod slots;
#[cfg(feature = "decoder")]
mod store;
pub mod stream;
mod unit;

#[cfg(all(test, feature = "decoder"))]
mod testing;

#[cfg(feature = "decoder")]
pub use ahead::Ticket;
#[cfg(feature = "decoder")]
pub use decoder::Room;
#[cfg(feature = "decoder")]
pub use engine::Engine;
pub use fault::Fault;
#[cfg(feature = "decoder")]
pub use frame::{Decoded, Frame, Plane, PlaneData};
#[cfg(feature = "decoder")]
pub use rav1d::Filters;
#[cfg(feature = "decoder")]
pub use rav1d::version as decoder_version;
#[cfg(feature = "decoder")]
pub use reconstructor::Reconstructor;
pub use sequence::relative_dist;
