//! What is lost, and what becomes of the frames after it.

use super::{Current, Planner, Recovery, Step};
use crate::error::StreamError;
use crate::syntax::references::References;

/// What becomes of frames that follow ones that are missing in the container, up to the next key
/// frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterLoss {
    /// They are skipped: no picture is output that may be wrong.
    #[default]
    Wait,
    /// They are decoded with the references that are there, and what is shown is doubtful.
    GoOn,
}

impl Planner {
    /// Gives all references up, as after damage: frames are skipped up to the next random access
    /// point (7.6).
    pub fn lose_references(&mut self, steps: &mut Vec<Step>) {
        self.recovery = Recovery::Skipping;
        self.is_doubtful = false;
        self.current = Current::None;
        self.drop_references(steps);
    }

    /// A frame is lost: it costs itself where frames are missing anyway, else the references.
    pub(super) fn give_up(&mut self, steps: &mut Vec<Step>) {
        match self.is_doubtful {
            true => self.current = Current::None,
            false => self.lose_references(steps),
        }
    }

    /// What is between the last unit and the next cannot be read: references are given up if frames
    /// may be missing for `fault`, the container's. Whether the source goes on behind it: not where
    /// the error was another one than a fault of the stream.
    pub fn lose(&mut self, fault: Option<&StreamError>, steps: &mut Vec<Step>) -> bool {
        let Some(fault) = fault else { return false };
        if fault.loses_frames() {
            self.end_layer_group(steps);
            let can_go_on = self.recovery == Recovery::Done && self.references.holds_any();
            let goes_on = self.options.after_loss == AfterLoss::GoOn && !self.options.strict;
            self.is_doubtful |= can_go_on && goes_on;
            self.give_up(steps);
        }
        true
    }

    pub(super) fn drop_references(&mut self, steps: &mut Vec<Step>) {
        self.references = References::default();
        self.surfaces.retain_slots(|_| false);
        self.release_dead(steps);
    }
}
