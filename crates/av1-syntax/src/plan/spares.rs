//! Memory of plans that are done with, for the next ones: a planner that gets its steps back
//! allocates nothing from frame to frame.

use std::sync::Arc;

use super::{FramePlan, Step};
use crate::syntax::frame::FrameHeader;

/// Headers and plans that are kept at most. A stream has eight reference slots, and a decoder a few
/// frames in flight.
const MOST: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Spares {
    /// Headers that were given away; who has one alone here may write it anew.
    headers: Vec<Arc<FrameHeader>>,
    #[allow(clippy::vec_box, reason = "the boxes are what is kept")]
    plans: Vec<Box<FramePlan>>,
}

/// What is shared would be written anew by two: a planner's copy begins with nothing.
impl Clone for Spares {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Spares {
    /// `header`, to be shared.
    pub(super) fn share(&mut self, header: FrameHeader) -> Arc<FrameHeader> {
        for shared in &mut self.headers {
            if let Some(spare) = Arc::get_mut(shared) {
                *spare = header;
                return Arc::clone(shared);
            }
        }
        let shared = Arc::new(header);
        if self.headers.len() < MOST {
            self.headers.push(Arc::clone(&shared));
        }
        shared
    }

    /// A plan to be written anew.
    pub(super) fn plan(&mut self) -> Option<Box<FramePlan>> {
        self.plans.pop()
    }

    /// Takes a step that is done with.
    pub(super) fn put(&mut self, step: Step) {
        match step {
            Step::Decode(mut plan) if self.plans.len() < MOST => {
                // The temporal unit is large.
                plan.bitstream.unit = Arc::default();
                self.plans.push(plan);
            }
            _ => {}
        }
    }
}
