//! Which frames are wrong, and which of those are the origin.

use std::collections::BTreeSet;

use super::difference::Difference;
use super::graph::Graph;
use serde::{Deserialize, Serialize};
use vav1d::vk::DecodeStatus;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Equal.
    Right,
    /// It differs, and all of its references are right: the fault is in this frame.
    Wrong,
    /// It differs, and so does one of its references.
    Inherited,
    /// It was not decoded.
    Missing,
    /// There is nothing to compare it with.
    Unjudged,
}

impl State {
    /// Its word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Inherited => "inherited",
            Self::Missing => "missing",
            Self::Unjudged => "unjudged",
        }
    }
}

/// What became of one frame.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Frame in decoding order.
    pub frame: u64,
    /// What it is.
    pub state: State,
    /// The frames that the error began with: itself if it is wrong.
    pub origins: BTreeSet<u64>,
    /// Its references that are wrong: index of the name (0 for LAST) and the frame.
    pub bad_references: Vec<(usize, u64)>,
    /// What the driver says of its decode.
    pub status: DecodeStatus,
    /// Its DPB slot, as `slotIndex`, if known.
    pub dpb_slot: Option<i32>,
    /// How the decoded picture differs.
    pub difference: Option<Difference>,
    /// The picture before film grain is right, but what is output differs: at these output
    /// indices, the first of them like this.
    pub grain: Option<(Vec<usize>, Difference)>,
}

/// Takes what is known of each frame, in decoding order, and judges it.
#[derive(Debug)]
pub struct Judge<'g> {
    graph: &'g Graph,
    verdicts: Vec<Verdict>,
    /// Frames of which later ones had the right samples all the same.
    overwritten: BTreeSet<u64>,
}

impl<'g> Judge<'g> {
    /// Nothing is judged yet.
    pub fn new(graph: &'g Graph) -> Self {
        let verdict = |frame| Verdict {
            frame,
            state: State::Unjudged,
            origins: BTreeSet::new(),
            bad_references: Vec::new(),
            status: DecodeStatus::Unknown,
            dpb_slot: None,
            difference: None,
            grain: None,
        };
        let verdicts = graph.nodes.iter().map(|node| verdict(node.frame)).collect();
        Self { graph, verdicts, overwritten: BTreeSet::new() }
    }

    /// The driver said this of a frame that it decoded.
    pub fn decoded(&mut self, frame: u64, status: DecodeStatus, dpb_slot: Option<i32>) {
        if let Some(verdict) = self.verdict(frame) {
            (verdict.status, verdict.dpb_slot) = (status, dpb_slot);
        }
    }

    /// A frame was compared: `difference` is `None` if it is right.
    pub fn compared(&mut self, frame: u64, difference: Option<Difference>) {
        if let Some(verdict) = self.verdict(frame) {
            let right = difference.is_none();
            verdict.state = if right { State::Right } else { State::Wrong };
            verdict.difference = difference;
        }
    }

    /// A frame is known to be wrong, and no more than that.
    pub fn wrong(&mut self, frame: u64) {
        if let Some(verdict) = self.verdict(frame) {
            verdict.state = State::Wrong;
        }
    }

    /// A frame is overwritten with the right samples before others refer to it: they inherit
    /// nothing of it.
    pub fn overwritten(&mut self, frame: u64) {
        self.overwritten.insert(frame);
    }

    /// A frame did not come.
    pub fn missing(&mut self, frame: u64) {
        if let Some(verdict) = self.verdict(frame) {
            verdict.state = State::Missing;
        }
    }

    /// The picture at output `index` differs by its film grain: what was decoded is right.
    pub fn grain(&mut self, frame: u64, index: usize, difference: Difference) {
        let Some(verdict) = self.verdict(frame) else { return };
        match &mut verdict.grain {
            Some((indices, _)) => indices.push(index),
            none => *none = Some((vec![index], difference)),
        }
    }

    /// What a frame was found to be so far.
    pub fn state(&self, frame: u64) -> Option<State> {
        Some(self.verdicts.get(usize::try_from(frame).ok()?)?.state)
    }

    /// Whether a frame that differs refers to others that do; asked in decoding order.
    pub fn inherits(&self, frame: u64) -> bool {
        let references = self.graph.node(frame).into_iter().flat_map(|node| node.references);
        let hands_on = |frame: u64| !self.overwritten.contains(&frame);
        references.flatten().any(|at| hands_on(at) && self.state(at).is_some_and(is_bad))
    }

    /// For each frame whether it is right.
    pub fn right(&self) -> Vec<bool> {
        self.verdicts.iter().map(|verdict| verdict.state == State::Right).collect()
    }

    /// For each frame whether it is right, and so is all that it was decoded from, however far
    /// back, without any overwriting.
    pub fn sound(&self) -> Vec<bool> {
        let mut sound: Vec<bool> = Vec::new();
        for (node, verdict) in self.graph.nodes.iter().zip(&self.verdicts) {
            let is_sound = |frame: u64| {
                usize::try_from(frame).ok().and_then(|at| sound.get(at)).copied().unwrap_or(true)
            };
            let references = node.references.iter().flatten().all(|frame| is_sound(*frame));
            sound.push(verdict.state == State::Right && references);
        }
        sound
    }

    /// The verdicts, by frame.
    pub fn finish(mut self) -> Vec<Verdict> {
        for index in 0..self.verdicts.len() {
            let (before, rest) = self.verdicts.split_at_mut(index);
            let (Some(verdict), Some(node)) = (rest.first_mut(), self.graph.nodes.get(index))
            else {
                break;
            };
            if verdict.state == State::Right {
                continue;
            }
            let names = node.references.iter().enumerate();
            for (name, frame) in names.filter_map(|(name, frame)| Some((name, (*frame)?))) {
                let Some(of) = usize::try_from(frame).ok().and_then(|at| before.get(at)) else {
                    continue;
                };
                if !of.origins.is_empty() && !self.overwritten.contains(&frame) {
                    verdict.bad_references.push((name, frame));
                    verdict.origins.extend(&of.origins);
                }
            }
            if verdict.state == State::Wrong {
                match verdict.origins.is_empty() {
                    true => drop(verdict.origins.insert(verdict.frame)),
                    false => verdict.state = State::Inherited,
                }
            }
        }
        self.verdicts
    }

    fn verdict(&mut self, frame: u64) -> Option<&mut Verdict> {
        self.verdicts.get_mut(usize::try_from(frame).ok()?)
    }
}

fn is_bad(state: State) -> bool {
    matches!(state, State::Wrong | State::Inherited)
}
