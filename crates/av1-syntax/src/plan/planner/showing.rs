//! What is shown, and what is not needed any more.

use super::super::ShowPlan;
use super::super::layers::Candidate;
use super::{Planner, Recovery, Step};
use crate::error::{Result, StreamError, StreamFault};
use crate::obu::Obu;
use crate::syntax::RefSlot;
use crate::syntax::frame::{FrameType, ShowExistingFrame};
use crate::unit::TemporalUnit;

impl Planner {
    pub(super) fn show_existing_frame(
        &mut self,
        unit: &TemporalUnit,
        obu: &Obu<'_>,
        header: &ShowExistingFrame,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let slot: RefSlot = header.frame_to_show_map_idx;
        // One that was left out is not shown.
        let surface = self.surfaces.get(slot);
        let is_there = surface.is_some() || unit.is_hidden && self.leaves_out();
        let Some(saved) = self.references.get(slot).filter(|_| is_there) else {
            let fault = StreamFault::MissingReference { slot: slot.index() as u8 };
            return Err(StreamError::new(fault).section("7.21").into());
        };
        // 6.8.2: display_frame_id is RefFrameId of the slot; else the frame that it names is lost.
        if header.display_frame_id.is_some_and(|id| id != saved.header.current_frame_id) {
            let fault = StreamFault::MissingReference { slot: slot.index() as u8 };
            let mut error = StreamError::new(fault).section("6.8.2");
            error.at.element = Some("display_frame_id");
            return Err(error.into());
        }
        if saved.header.frame_type == FrameType::Key {
            self.recovery = Recovery::Done;
            self.is_doubtful = false;
            self.references.show_existing_key(slot);
            match surface {
                Some(surface) => self.surfaces.refresh(0xff, surface),
                None => self.surfaces.vacate(0xff),
            }
        }
        if let Some(surface) = surface.filter(|_| !unit.is_hidden) {
            let (unit, pts) = (unit.index, unit.pts);
            let is_doubtful = self.is_doubtful;
            let show = ShowPlan { surface, unit, pts, show_existing_frame: true, is_doubtful };
            self.show(Candidate { show, spatial_id: obu.spatial_id }, steps);
        }
        self.release_dead(steps);
        Ok(())
    }

    /// Shows a frame now, or keeps it until a higher layer or the end of the temporal unit comes.
    pub(super) fn show(&mut self, shown: Candidate, steps: &mut Vec<Step>) {
        match self.layers.only_layer() {
            Some(layer) if shown.spatial_id < layer => self.candidate = Some(shown),
            _ => {
                self.candidate = None;
                steps.push(Step::Show(shown.show));
            }
        }
    }

    pub(super) fn end_layer_group(&mut self, steps: &mut Vec<Step>) {
        if let Some(shown) = self.candidate.take() {
            steps.push(Step::Show(shown.show));
            self.release_dead(steps);
        }
    }

    pub(super) fn release_dead(&mut self, steps: &mut Vec<Step>) {
        let kept = self.candidate.map(|c| c.show.surface);
        self.surfaces.take_dead(kept, |surface| steps.push(Step::Release(surface)));
    }
}
