//! A frame that was submitted before the last one was done.

use super::decoder::Sent;
use super::{Fault, Frame, grain};

/// What becomes of a frame that was submitted.
pub(super) enum State {
    Sent(Sent),
    Over(Result<Frame, Fault>),
}

/// A frame that was submitted and not taken.
pub(super) struct Flight {
    pub(super) id: u64,
    pub(super) state: State,
    pub(super) setup_slot: Option<u32>,
    pub(super) film_grain: Option<grain::Params>,
    /// Reference names, with the frames behind them.
    pub(super) references: Option<([i32; 7], [u64; 7])>,
}

impl Flight {
    /// How it fails if the frame `id` has no picture: as if it had been known from the start.
    pub(super) fn without(&self, id: u64) -> Option<Fault> {
        let (names, ids) = self.references.as_ref()?;
        let at = ids.iter().position(|reference| *reference == id)?;
        Some(Fault::ReferenceMissing { name: at + 1, slot: names[at] })
    }

    /// See [`missing_name`].
    pub(super) fn missing_name(&self) -> usize {
        match &self.state {
            State::Over(Err(fault)) => missing_name(fault),
            _ => 0,
        }
    }
}

/// Which reference name is missing; 0 where that is not what is wrong.
pub(super) fn missing_name(fault: &Fault) -> usize {
    match fault {
        Fault::ReferenceMissing { name, .. } => *name,
        _ => 0,
    }
}
