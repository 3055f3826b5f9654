//! What `vav1d compare` found.

use super::explain::Explained;
use super::failure::Failure;
use vav1d_lab::compare::{Graph, State, Verdict};

/// What a comparison found.
pub(super) struct Comparison {
    pub(super) graph: Graph,
    pub(super) verdicts: Vec<Verdict>,
    /// Name of the judged device.
    pub(super) device: String,
    /// What it is compared with.
    pub(super) against: String,
    /// Each frame was decoded from right pictures.
    pub(super) teacher: bool,
    /// Why the judged decode ended early, and how far it came.
    pub(super) ended: Option<Ended>,
    /// What was not judged, or what else has to be said.
    pub(super) notes: Vec<String>,
    /// The exit code where no frame is wrong, and why it is not 0.
    pub(super) failure: Option<Failure>,
    /// Planted faults that were never applied.
    pub(super) unfired: Vec<String>,
    /// Hidden frames that are never output: a file lacks them, and they are not missed.
    pub(super) unshown: usize,
    /// What makes the first wrong picture, if that was asked for.
    pub(super) explained: Option<Explained>,
}

/// How the judged decode ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// `device lost`, `crash: signal 6`.
    pub(super) what: String,
    /// The last frame that was submitted, in decoding order.
    pub(super) submitted: Option<u64>,
    /// The last frame that is known to have ended.
    pub(super) done: Option<u64>,
}

impl Comparison {
    /// How many frames are in this state.
    pub(super) fn count(&self, state: State) -> usize {
        self.verdicts.iter().filter(|v| v.state == state).count()
    }

    /// Whether anything is not as it should be.
    pub(super) fn is_bad(&self) -> bool {
        let bad = |v: &Verdict| {
            matches!(v.state, State::Wrong | State::Inherited | State::Missing) || v.grain.is_some()
        };
        self.verdicts.iter().any(bad)
    }
}
