//! One video session's reconstruction: slots, headers and decoder joined.

use super::{Decoded, Fault};
use crate::video::job::{FrameJob, Profile};

/// Reconstructs the frames of one video session.
pub struct Reconstructor {
    _profile: Profile,
    _max_dpb_slots: u32,
}

impl Reconstructor {
    /// Opens a decoder for a session of `profile` with `max_dpb_slots` slots.
    ///
    /// # Errors
    /// `Fault::Profile` if no AV1 stream has that profile, `Fault::Open` if the decoder fails.
    pub fn new(profile: Profile, max_dpb_slots: u32) -> Result<Self, Fault> {
        Ok(Self { _profile: profile, _max_dpb_slots: max_dpb_slots })
    }

    /// `VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR`: every slot is inactive.
    pub fn reset(&mut self) {}

    /// The picture of `slot` will not be referred to again.
    pub fn deactivate(&mut self, _slot: u32) {}

    /// Reconstructs one frame; `tiles[i]` are the bytes of tile `i`.
    ///
    /// # Errors
    /// On any fault the setup slot, if there is one, is invalid afterwards.
    pub fn decode(&mut self, _job: &FrameJob, _tiles: &[&[u8]]) -> Result<Decoded, Fault> {
        Err(Fault::NoPicture)
    }
}
