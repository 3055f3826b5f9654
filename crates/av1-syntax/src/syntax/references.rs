//! The stream's eight reference slots: what 7.20 saves and 7.21 loads.

use std::sync::Arc;

use super::frame::FrameHeader;
use super::sequence::SequenceHeader;
use super::{NUM_REF_FRAMES, RefSlot};
use crate::format::Format;

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

    /// Whether any slot holds a frame.
    pub fn holds_any(&self) -> bool {
        self.slots.iter().any(Option::is_some)
    }

    /// Reference frame update process, 7.20, after the frame of `header` was decoded; and before it
    /// what 5.9.2 does to RefValid: a slot whose order hint is not the one that the encoder expects
    /// loses its frame. (Frame ids mark slots too; that of a reference is compared where it is
    /// named.)
    pub(crate) fn update(&mut self, header: &Arc<FrameHeader>, sequence: &SequenceHeader) {
        if let Some(hints) = &header.ref_order_hint {
            for (slot, hint) in self.slots.iter_mut().zip(hints) {
                if slot.as_ref().is_some_and(|saved| saved.header.order_hint != *hint) {
                    *slot = None;
                }
            }
        }
        let saved =
            SavedFrame { header: Arc::clone(header), format: sequence.color_config.format() };
        for (i, slot) in self.slots.iter_mut().enumerate() {
            if (header.refresh_frame_flags >> i) & 1 == 1 {
                *slot = Some(saved.clone());
            }
        }
    }

    /// The key frame in `slot` is shown by `show_existing_frame`: reference frame loading process,
    /// 7.21, and then 7.20 with all of `refresh_frame_flags` set.
    pub(crate) fn show_existing_key(&mut self, slot: RefSlot) {
        let saved = self.slots[slot.index()].clone();
        self.slots.fill(saved);
    }
}
