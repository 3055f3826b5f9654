//! The stream's eight reference slots: what 7.20 saves and 7.21 loads.

use std::sync::Arc;

use super::frame::FrameHeader;
use super::{NUM_REF_FRAMES, RefSlot};
use crate::pixels::Format;

/// What the reference frame update process (7.20) saves of a frame. The specification's Saved*
/// variables are members of the header, which nobody changes after parsing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFrame {
    /// The frame's header.
    pub header: Arc<FrameHeader>,
    /// RefBitDepth, RefSubsamplingX and RefSubsamplingY.
    pub format: Format,
}

/// The eight reference slots. Parsing borrows them; only the planner updates them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    slots: [Option<SavedFrame>; NUM_REF_FRAMES],
}

impl References {
    /// What slot `slot` holds; `None` if RefValid is 0.
    pub fn get(&self, slot: RefSlot) -> Option<&SavedFrame> {
        self.slots[slot.index()].as_ref()
    }
}
