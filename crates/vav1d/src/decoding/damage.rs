//! What a decode that failed does to the pictures after it.

use crate::error::{Error, StreamError, StreamFault};
use crate::plan::Step;
use crate::plan::planner::Planner;
use crate::syntax::frame::FrameType;
use crate::vk::{DecodeStatus, FailedFrame, Output};

/// Which pictures are not delivered, since the driver could not decode a frame before them. Decoding
/// goes on at the next key frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Decoding indices of the frames at which decoding can start.
    key_frames: Vec<u64>,
    /// Key frame whose followers are not delivered, since one of them is damaged.
    damaged: Option<usize>,
    /// The first damaged frame, in decoding order.
    first_damaged: Option<u64>,
    /// What the driver says is only told: pictures are delivered, whatever they are.
    keeps_all: bool,
}

impl Damage {
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
        let fault = StreamError::new(StreamFault::DecodeStatus { status: failed.status });
        Some(fault.in_unit(failed.unit).into())
    }

    /// Whether `output` is damaged, or could be.
    pub fn spoils(&self, output: &Output) -> bool {
        if self.keeps_all {
            return false;
        }
        matches!(output.status, DecodeStatus::Error(_))
            || self.first_damaged.is_some_and(|first| {
                output.newest >= first && self.damaged == Some(self.group(output.newest))
            })
    }
}
