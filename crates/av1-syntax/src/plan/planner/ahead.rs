//! Looking ahead: which frames of units that are hidden none of those behind them needs.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Planner, Step};
use crate::plan::SurfaceId;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;
use crate::unit::TemporalUnit;

/// Numbers of frames.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftOut(HashSet<u64>);

impl Planner {
    /// The numbers of the frames of `units`, the next of the stream, that need not be decoded if none
    /// of their pictures is output: no frame behind them can refer to one, whatever comes, nor does
    /// any that is decoded. How many units that is of: those before the first that cannot be planned.
    pub fn look_ahead<'u>(
        &self,
        units: impl IntoIterator<Item = &'u TemporalUnit>,
    ) -> (Vec<u64>, usize) {
        let mut ahead = self.clone();
        let (mut decoded, mut planned, mut steps) = (Vec::new(), 0, Vec::new());
        let mut held: HashSet<SurfaceId> = HashSet::new();
        for unit in units {
            let unit = TemporalUnit { is_hidden: false, ..unit.clone() };
            if ahead.unit(&unit, &mut steps).is_err() {
                break;
            }
            for step in steps.drain(..) {
                match step {
                    Step::Decode(plan) => {
                        held.insert(plan.surface);
                        decoded.push((planned, plan.frame, plan.surface, plan.references));
                    }
                    Step::Release(surface) => {
                        held.remove(&surface);
                    }
                    Step::Show(_) | Step::Configure(_) => {}
                }
            }
            planned += 1;
        }
        let mut needed = held;
        let mut left_out = Vec::new();
        for (_, frame, surface, references) in
            decoded.iter().rev().filter(|(unit, ..)| *unit < planned)
        {
            match needed.contains(surface) {
                true => needed.extend(references.iter().flatten()),
                false => left_out.push(*frame),
            }
        }
        (left_out, planned)
    }

    /// Decodes none of `frames`, which [`Self::look_ahead`] has given, of units that are hidden now.
    pub fn leave_out(&mut self, frames: Vec<u64>) {
        self.left_out = LeftOut(frames.into_iter().collect());
    }

    /// Whether the next frame, which is not output, need not be decoded.
    pub(super) fn is_left_out(&self, header: &FrameHeader) -> bool {
        // Nothing can refer to it.
        let is_last = header.show_frame && header.refresh_frame_flags == 0;
        is_last || self.left_out.0.contains(&self.frames)
    }

    /// Whether the frame behind a slot may not be there because it was left out.
    pub(super) fn leaves_out(&self) -> bool {
        !self.left_out.0.is_empty()
    }

    /// Goes on as if the frame had been decoded, without its picture.
    pub(super) fn leave(
        &mut self,
        header: &Arc<FrameHeader>,
        sequence: &SequenceHeader,
        steps: &mut Vec<Step>,
    ) {
        self.frames += 1;
        self.references.update(header, sequence);
        self.surfaces.vacate(header.refresh_frame_flags);
        self.surfaces.retain_slots(|slot| self.references.get(slot).is_some());
        self.release_dead(steps);
    }
}
