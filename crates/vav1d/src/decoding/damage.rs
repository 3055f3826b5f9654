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
    /// Key frames whose followers are not delivered, since one of them is damaged; and the first of
    /// those, in decoding order. The last ones.
    damaged: VecDeque<(usize, u64)>,
    /// What the driver could not decode and nobody was told of.
    untold: VecDeque<FailedFrame>,
    /// Failed frames that the planner does not know of, the first of each key frame's followers.
    unsettled: VecDeque<u64>,
    /// Key frame of the last of those.
    heard: Option<usize>,
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

    /// The driver could not decode a frame: what follows it up to the next key frame is damaged. When
    /// that is heard of depends on time, and nothing else does: see [`Self::next_fault`] and
    /// [`Self::settle`].
    pub fn hear(&mut self, failed: FailedFrame) {
        self.untold.push_back(failed);
        let group = Some(self.group(failed.frame));
        if !self.is_doubtful(failed.frame) && self.heard != group {
            self.heard = group;
            self.unsettled.push_back(failed.frame);
        }
    }

    /// The fault to be told of before a picture after whose frame `newest` was submitted; `None` of
    /// it: before anything else. One of each key frame's followers is told of.
    pub fn next_fault(&mut self, newest: Option<u64>) -> Option<Error> {
        while self.untold.front().is_some_and(|failed| newest.is_none_or(|n| failed.frame <= n)) {
            let failed = self.untold.pop_front()?;
            if let Some(is_new) = self.fail_doubtful(failed.frame) {
                if is_new {
                    return Some(fault(failed));
                }
            } else if !self.is_damaged(failed.frame) {
                if self.damaged.len() == Self::IN_FLIGHT {
                    self.damaged.pop_front();
                }
                self.damaged.push_back((self.group(failed.frame), failed.frame));
                return Some(fault(failed));
            }
        }
        None
    }

    /// `planner` gives its references up if they are damaged by a frame that is `behind` frames before
    /// `submitted`, the newest: of all of those it is known what became of them. Without that of any
    /// frame that was heard of.
    pub fn settle(
        &mut self,
        (submitted, behind): (Option<u64>, u64),
        planner: &mut Planner,
        steps: &mut Vec<Step>,
    ) {
        let is_due = |frame: u64| submitted.is_none_or(|newest| frame + behind <= newest);
        while let Some(frame) = self.unsettled.front().copied().filter(|frame| is_due(*frame)) {
            self.unsettled.pop_front();
            // If a later key frame was planned, no reference of now is damaged.
            if self.group(frame) == self.key_frames.len() && !self.keeps_all {
                planner.lose_references(steps);
            }
        }
    }

    fn is_doubtful(&self, frame: u64) -> bool {
        self.doubtful.iter().any(|doubtful| doubtful.frame == frame)
    }

    /// Whether the followers of a frame's key frame are damaged.
    fn is_damaged(&self, frame: u64) -> bool {
        let group = self.group(frame);
        self.damaged.iter().any(|(damaged, _)| *damaged == group)
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
            || self.damaged.iter().any(|(group, first)| {
                output.newest >= *first && *group == self.group(output.newest)
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
