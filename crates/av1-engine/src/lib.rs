//! The engine of a video decoder: owned frame parameters in, pictures out.
//!
//! A [`job::FrameJob`] holds what a GPU's AV1 engine is told of one frame: the members of the Std
//! structures, and where its tiles lie. Normalised OBUs are written from it, and the crate
//! `re_rav1d` makes the picture. Header bytes of a stream never come in, only tile payloads; there
//! is no parser here, and no Vulkan object: of `ash` only the plain Std structures are used.
//!
//! [`Reconstructor`] is the engine of a Vulkan video session, which is told what each frame
//! refreshes; [`Engine`] that of a chip, which is only told where pictures are.

mod ahead;
mod decoder;
mod engine;
mod fault;
mod frame;
mod grain;
mod headers;
pub mod job;
mod obu_writer;
mod overwrite;
pub mod plain;
mod rav1d;
mod reconstructor;
mod sequence;
mod slots;
mod store;
mod unit;

#[cfg(test)]
mod testing;

pub use ahead::Ticket;
pub use decoder::Room;
pub use engine::Engine;
pub use fault::Fault;
pub use frame::{Decoded, Frame, Plane, PlaneData};
pub use rav1d::version as decoder_version;
pub use reconstructor::Reconstructor;
pub use sequence::relative_dist;
