//! What a decode that failed does to the pictures after it.

use std::collections::{HashSet, VecDeque};

use crate::error::{Error, StreamError, StreamFault};
use crate::plan::planner::Planner;
use crate::plan::{FramePlan, Step, SurfaceId};
use crate::syntax::frame::FrameType;
use crate::vk::{DecodeStatus, FailedFrame, Output};

/// Which pictures are not delivered, since the driver could not decode a frame before them. Decoding
/// goes on at the next key frame; where it went on after frames that are missing, a frame costs
/// itself and those that refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Decoding indices of the frames at which decoding can start.
    key_frames: Vec<u64>,
    /// Key frame whose followers are not delivered, since one of them is damaged.
    damaged: Option<usize>,
    /// The first damaged frame, in decoding order.
    first_damaged: Option<u64>,
    /// The doubtful frames that may still fail.
    doubtful: VecDeque<Doubtful>,
    /// Those that have, and those that refer to them.
    failed: HashSet<SurfaceId>,
    /// What the driver says is only told: pictures are delivered, whatever they are.
    keeps_all: bool,
}

impl Damage {
    /// More frames than are submitted and not yet heard of.
    const IN_FLIGHT: usize = 256;

    /// Of a decode whose pictures are all delivered: somebody looks at them, or compares them. A
    /// driver may report a frame that is right, or merely odd.
    pub fn only_told() -> Self {
        Self { keeps_all: true, ..Self::default() }
    }

    /// The same before anything was decoded.
    pub fn renewed(&self) -> Self {
        Self { keeps_all: self.keeps_all, ..Self::default() }
    }

    /// Takes note of the frames in `steps` at which decoding can start.
    pub fn note(&mut self, steps: &[Step]) {
        for step in steps {
            let Step::Decode(plan) = step else { continue };
            let key = plan.header.frame_type == FrameType::Key;
            if key && plan.header.refresh_frame_flags == 0xff {
                self.key_frames.push(plan.frame);
                self.failed.retain(|old| old.0 + Self::IN_FLIGHT as u64 > plan.surface.0);
            }
            if plan.is_doubtful {
                self.note_doubtful(plan);
            }
        }
    }

    /// Index of the key frame that decoding of `frame` started at, from 1.
    fn group(&self, frame: u64) -> usize {
        self.key_frames.partition_point(|key| *key <= frame)
    }

    /// The driver could not decode a frame: what follows it up to the next key frame is damaged.
    /// `planner` gives its references up if they are among that. The fault, unless it is of the same
    /// key frame as the last.
    pub fn failed(
        &mut self,
        failed: FailedFrame,
        planner: &mut Planner,
        steps: &mut Vec<Step>,
    ) -> Option<Error> {
        if let Some(is_new) = self.fail_doubtful(failed.frame) {
            return is_new.then(|| fault(failed));
        }
        let group = self.group(failed.frame);
        if self.damaged == Some(group) {
            return None;
        }
        self.damaged = Some(group);
        self.first_damaged = Some(failed.frame);
        // If it is heard of after a later key frame was planned, no reference of now is damaged.
        if group == self.key_frames.len() && !self.keeps_all {
            planner.lose_references(steps);
        }
        Some(fault(failed))
    }

    /// A doubtful frame has failed: those that refer to it have, too. `None` if it is not one;
    /// whether it was not known to have.
    fn fail_doubtful(&mut self, frame: u64) -> Option<bool> {
        let failed = self.doubtful.iter().find(|doubtful| doubtful.frame == frame)?;
        let is_new = self.failed.insert(failed.surface);
        for Doubtful { surface, references, .. } in &self.doubtful {
            if references.iter().any(|reference| self.failed.contains(reference)) {
                self.failed.insert(*surface);
            }
        }
        Some(is_new)
    }

    fn note_doubtful(&mut self, plan: &FramePlan) {
        let references: Vec<_> = plan.references.iter().flatten().copied().collect();
        if references.iter().any(|reference| self.failed.contains(reference)) {
            self.failed.insert(plan.surface);
        }
        if self.doubtful.len() == Self::IN_FLIGHT {
            self.doubtful.pop_front();
        }
        self.doubtful.push_back(Doubtful { frame: plan.frame, surface: plan.surface, references });
    }

    /// Whether `output` is damaged, or could be.
    pub fn spoils(&self, output: &Output) -> bool {
        if self.keeps_all {
            return false;
        }
        matches!(output.status, DecodeStatus::Error(_))
            || output.show.is_doubtful && self.failed.contains(&output.surface)
            || self.first_damaged.is_some_and(|first| {
                output.newest >= first && self.damaged == Some(self.group(output.newest))
            })
    }
}

/// A frame that was decoded after frames that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Doubtful {
    frame: u64,
    surface: SurfaceId,
    references: Vec<SurfaceId>,
}

fn fault(failed: FailedFrame) -> Error {
    let fault = StreamError::new(StreamFault::DecodeStatus { status: failed.status });
    fault.in_unit(failed.unit).into()
}
