//! The video session, its memory, and its parameters.

use super::caps::Profile;

/// What a session is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Its profile.
    pub profile: Profile,
    /// Whether DPB picture and output are one.
    pub coincide: bool,
    /// Whether DPB pictures are layers of one image.
    pub layered: bool,
    /// maxDpbSlots.
    pub dpb_slots: u32,
    /// maxActiveReferencePictures.
    pub active_references: u32,
    /// maxCodedExtent.
    pub max_coded_extent: (u32, u32),
    /// Format of outputs.
    pub output_format: ash::vk::Format,
    /// Format of DPB pictures.
    pub dpb_format: ash::vk::Format,
    /// Whether decode statuses are queried.
    pub status_queries: bool,
}
