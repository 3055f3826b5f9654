//! What wrong frames have in common and right ones lack.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::judge::{State, Verdict};

/// A feature, and how many of the wrong and of the right frames use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its name.
    pub feature: &'static str,
    /// Of the frames that are origins of something wrong.
    pub wrong: usize,
    /// Of the right ones.
    pub right: usize,
}

/// The features that all origins share, those that the fewest right frames use first. Features
/// that more than half of the right frames use tell nothing, and are left out; without right frames
/// there is nothing to tell.
pub fn shared(graph: &Graph, verdicts: &[Verdict]) -> Vec<Shared> {
    let frames = |state: State| verdicts.iter().filter(move |v| v.state == state);
    let count = |state: State| {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for node in frames(state).filter_map(|verdict| graph.node(verdict.frame)) {
            node.features.iter().for_each(|feature| *counts.entry(feature).or_default() += 1);
        }
        counts
    };
    let (wrong, right) = (count(State::Wrong), count(State::Right));
    let (origins, good) = (frames(State::Wrong).count(), frames(State::Right).count());
    if good == 0 {
        return Vec::new();
    }
    let mut list: Vec<_> = wrong
        .into_iter()
        .filter(|(_, n)| *n == origins)
        .map(|(feature, wrong)| Shared {
            feature,
            wrong,
            right: right.get(feature).copied().unwrap_or(0),
        })
        .filter(|shared| 2 * shared.right <= good)
        .collect();
    list.sort_by_key(|shared| (shared.right, shared.feature));
    list
}
