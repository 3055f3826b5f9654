//! Reconstruction: Std structures become normalised OBUs, `re_rav1d` makes pictures of them.
//! Never reads header bytes of the application: only tile payloads come in.

mod decoder;
mod fault;
mod frame;
mod grain;
mod headers;
mod obu_writer;
mod overwrite;
mod rav1d;
mod reconstructor;
mod sequence;
mod slots;

#[cfg(test)]
mod testing;

pub use fault::Fault;
pub use frame::{Decoded, Frame, Plane, PlaneData};
pub(crate) use rav1d::version as decoder_version;
pub use reconstructor::Reconstructor;
pub(crate) use sequence::relative_dist;
