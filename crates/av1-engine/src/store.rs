//! Which buffer of the decoder holds the picture of which place, where nobody says what a frame
//! refreshes.
//!
//! A chip is told where a picture goes and where its references are, and never which pictures the
//! stream can still refer to. Any number of places may hold pictures, the decoder has eight
//! buffers. So each picture's OBUs are kept with the pictures that it refers to, and one that is in
//! no buffer is decoded again when it is referred to:
//!
//! 1. A picture whose place was written again is dead, and its buffer is free.
//! 2. With no free buffer, a new picture stays out, until the next frame names the place that it
//!    writes, and is decoded again then. A caller that knows the next frame's place says so, and it
//!    costs nothing.
//! 3. With more places than nine, the picture that was used least recently goes. That is a guess,
//!    which costs decodes where it is wrong, and never another picture: what a wrong one needs is
//!    decoded again in the stream's order. The stream needed no more than eight buffers for that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Fault;
use super::slots::Saved;

/// Buffers of the decoder: NUM_REF_FRAMES, spec section 3.
const BUFFERS: usize = 8;
/// Places up to which a new picture stays out rather than to drive another out.
const FEW: usize = 9;
/// Pictures, and bytes of OBUs, that are kept at most.
const MOST: usize = 4096;
const MOST_BYTES: usize = 128 << 20;
/// References of references that are followed before everything is decoded again in order.
const DEEPEST: usize = 8;

/// One picture.
struct Node<K> {
    kept: K,
    bytes: usize,
    saved: Saved,
    /// By reference name, in an inter frame.
    references: Option<[u64; 7]>,
    buffer: Option<u8>,
    /// When it was decoded or referred to last.
    used: u64,
}

/// A picture to be decoded again now, into `buffer`.
pub(crate) struct Redo<K> {
    id: u64,
    pub(crate) buffer: u8,
    /// The buffers of its references, by name.
    pub(crate) indices: Option<[u8; 7]>,
    pub(crate) kept: K,
}

/// What is known of a decoded picture.
pub(crate) struct Decoded<K> {
    pub(crate) kept: K,
    pub(crate) bytes: usize,
    pub(crate) saved: Saved,
    pub(crate) references: Option<[u64; 7]>,
}

/// All pictures that may be referred to. `K` is a picture's OBUs.
pub(crate) struct Store<K> {
    nodes: BTreeMap<u64, Node<K>>,
    places: BTreeMap<u32, u64>,
    buffers: [Option<u64>; BUFFERS],
    /// The picture whose place the frame that is being decoded writes.
    retiring: Option<u64>,
    /// What is to be decoded again, into which buffers, before anything else.
    replay: VecDeque<(u64, u8)>,
    clock: u64,
    bytes: usize,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::new(),
            places: BTreeMap::new(),
            buffers: [None; BUFFERS],
            retiring: None,
            replay: VecDeque::new(),
            clock: 0,
            bytes: 0,
        }
    }
}

impl<K: Clone> Store<K> {
    /// A frame begins that writes `place`: what is there is dead, but for this frame.
    pub(crate) fn open(&mut self, place: Option<u32>) {
        self.retiring = place.and_then(|place| self.places.get(&place).copied());
    }

    /// The pictures behind the reference names.
    ///
    /// # Errors
    /// `ReferenceMissing` for a place without a picture.
    pub(crate) fn named(&mut self, names: &[i32; 7]) -> Result<[u64; 7], Fault> {
        self.clock += 1;
        let mut ids = [0; 7];
        for (i, (id, &slot)) in ids.iter_mut().zip(names).enumerate() {
            let found = u32::try_from(slot).ok().and_then(|place| self.places.get(&place));
            *id = *found.ok_or(Fault::ReferenceMissing { name: i + 1, slot })?;
            if let Some(node) = self.nodes.get_mut(id) {
                node.used = self.clock;
            }
        }
        Ok(ids)
    }

    /// The picture that must be decoded again before the frame that refers to `ids` is; `None` if
    /// there is none.
    ///
    /// # Errors
    /// `ReferenceLost` where one of `ids` cannot be made again.
    pub(crate) fn redo(&mut self, ids: Option<&[u64; 7]>) -> Result<Option<Redo<K>>, Fault> {
        if let Some((id, buffer)) = self.replay.pop_front() {
            return Ok(Some(self.again(id, buffer)));
        }
        match ids.map(|ids| self.missing(ids, [false; BUFFERS], 0)).transpose() {
            Ok(first) => Ok(first.flatten().or_else(|| self.waiting(ids))),
            Err(Fault::ReferenceLost) => {
                self.plan_replay(ids.map_or(&[], |ids| ids))?;
                let first = self.replay.pop_front().ok_or(Fault::ReferenceLost)?;
                Ok(Some(self.again(first.0, first.1)))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Plans to decode again, in the stream's order, `ids` and, as far as there are buffers, the
    /// pictures that were used last; with all that they need.
    fn plan_replay(&mut self, ids: &[u64]) -> Result<(), Fault> {
        let mut goal: BTreeSet<u64> = ids.iter().copied().collect();
        let mut others: Vec<u64> =
            self.places.values().copied().filter(|&id| self.lives(id)).collect();
        others.sort_by_key(|id| std::cmp::Reverse(self.nodes.get(id).map(|node| node.used)));
        for id in others {
            if goal.len() < BUFFERS {
                goal.insert(id);
            }
        }
        // Which picture is needed last by which.
        let mut last: BTreeMap<u64, u64> = goal.iter().map(|&id| (id, u64::MAX)).collect();
        let mut open: Vec<u64> = goal.into_iter().collect();
        while let Some(id) = open.pop() {
            let node = self.nodes.get(&id).ok_or(Fault::ReferenceLost)?;
            for &reference in node.references.iter().flatten() {
                let known = last.insert(reference, id);
                match known {
                    None => open.push(reference),
                    Some(known) => drop(last.insert(reference, known.max(id))),
                }
            }
        }
        let mut taken: [Option<u64>; BUFFERS] = [None; BUFFERS];
        for &id in last.keys() {
            let is_free = |held: &Option<u64>| held.is_none_or(|held| last[&held] <= id);
            let at = taken.iter().position(is_free).ok_or(Fault::ReferenceLost)?;
            taken[at] = Some(id);
            self.replay.push_back((id, at as u8));
        }
        (0..BUFFERS as u8).for_each(|buffer| self.evict(buffer));
        Ok(())
    }

    /// With few places, the picture that has stayed out, if a buffer is free now: before its own
    /// references are overwritten.
    fn waiting(&self, ids: Option<&[u64; 7]>) -> Option<Redo<K>> {
        if self.places.len() > FEW {
            return None;
        }
        let out =
            |id: &&u64| self.lives(**id) && self.at_once(**id) && self.nodes[*id].buffer.is_none();
        let id = *self.places.values().filter(out).min()?;
        let is_free = |&buffer: &usize| match self.buffers[buffer] {
            None => true,
            Some(held) => !self.lives(held) && !ids.is_some_and(|ids| ids.contains(&held)),
        };
        let buffer = u8::try_from((0..BUFFERS).find(is_free)?).ok()?;
        Some(self.again(id, buffer))
    }

    fn again(&self, id: u64, buffer: u8) -> Redo<K> {
        let node = &self.nodes[&id];
        let indices = node.references.map(|ids| ids.map(|id| self.buffer(id)));
        Redo { id, buffer, indices, kept: node.kept.clone() }
    }

    fn missing(
        &self,
        ids: &[u64; 7],
        mut held: [bool; BUFFERS],
        depth: usize,
    ) -> Result<Option<Redo<K>>, Fault> {
        if depth > DEEPEST {
            return Err(Fault::ReferenceLost);
        }
        for buffer in ids.iter().filter_map(|id| self.nodes.get(id)?.buffer) {
            held[usize::from(buffer)] = true;
        }
        for id in ids {
            let node = self.nodes.get(id).ok_or(Fault::ReferenceLost)?;
            if node.buffer.is_some() {
                continue;
            }
            if let Some(references) = &node.references {
                if let Some(first) = self.missing(references, held, depth + 1)? {
                    return Ok(Some(first));
                }
            }
            let buffer = self.spare(&held, true).ok_or(Fault::ReferenceLost)?;
            return Ok(Some(self.again(*id, buffer)));
        }
        Ok(None)
    }

    /// Reports what came of decoding again.
    pub(crate) fn redone(&mut self, redo: &Redo<K>, decoded: bool) {
        self.evict(redo.buffer);
        if !decoded {
            self.replay.clear();
        }
        if decoded {
            self.settle(redo.id, redo.buffer);
        } else if let Some(node) = self.nodes.remove(&redo.id) {
            self.bytes -= node.bytes;
        }
    }

    /// Buffer and saved state of each of `ids`, which are in buffers.
    pub(crate) fn references(&self, ids: &[u64; 7]) -> Result<[(u8, Saved); 7], Fault> {
        let mut found = [None; 7];
        for (found, id) in found.iter_mut().zip(ids) {
            let node = self.nodes.get(id);
            *found = node.and_then(|node| Some((node.buffer?, node.saved)));
        }
        match found {
            [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g)] => {
                Ok([a, b, c, d, e, f, g])
            }
            _ => Err(Fault::ReferenceLost),
        }
    }

    /// The buffer that the picture to be decoded to `place` refreshes; `next` is the place of the
    /// frame after it, if that is known and the frame does not refer to what is there.
    pub(crate) fn target(&self, place: u32, next: Option<u32>) -> Option<u8> {
        let is_free = |id: Option<u64>| id.is_none_or(|id| !self.lives(id));
        let free = self.buffers.iter().position(|&id| is_free(id));
        let free = free.and_then(|buffer| u8::try_from(buffer).ok());
        let next = next.filter(|&next| next != place);
        let next = next.and_then(|next| self.nodes.get(self.places.get(&next)?)?.buffer);
        let is_new = !self.places.contains_key(&place);
        let many = self.places.len() + usize::from(is_new) > FEW;
        free.or(next).or_else(|| if many { self.spare(&[false; BUFFERS], false) } else { None })
    }

    /// The picture of `place` is a new one, in buffer `target` if it has one.
    pub(crate) fn insert(&mut self, place: u32, target: Option<u8>, decoded: Decoded<K>) {
        self.clock += 1;
        self.retiring = None;
        let id = self.clock;
        let Decoded { kept, bytes, saved, references } = decoded;
        let node = Node { kept, bytes, saved, references, buffer: None, used: self.clock };
        self.nodes.insert(id, node);
        self.bytes += bytes;
        self.places.insert(place, id);
        if let Some(buffer) = target {
            self.evict(buffer);
            self.settle(id, buffer);
        }
        self.prune();
    }

    /// `place` has no picture, and what was in `target` may be gone.
    pub(crate) fn spoil(&mut self, place: Option<u32>, target: Option<u8>) {
        if let Some(place) = place {
            self.places.remove(&place);
        }
        if let Some(buffer) = target {
            self.evict(buffer);
        }
    }

    fn lives(&self, id: u64) -> bool {
        self.retiring != Some(id) && self.places.values().any(|&other| other == id)
    }

    fn buffer(&self, id: u64) -> u8 {
        self.nodes.get(&id).and_then(|node| node.buffer).unwrap_or(0)
    }

    /// A buffer that is not `held`: an empty one, one with a dead picture, or the one not used for
    /// longest, but rather one that can be decoded again at once if `cheap`.
    fn spare(&self, held: &[bool; BUFFERS], cheap: bool) -> Option<u8> {
        let rank = |&buffer: &usize| match self.buffers[buffer] {
            None => (0, 0),
            Some(id) => {
                let used = self.nodes.get(&id).map_or(0, |node| node.used);
                match self.lives(id) {
                    false => (1, used),
                    true if !cheap || self.at_once(id) => (2, used),
                    true => (3, used),
                }
            }
        };
        let found = (0..BUFFERS).filter(|&buffer| !held[buffer]).min_by_key(rank);
        found.and_then(|buffer| u8::try_from(buffer).ok())
    }

    /// Whether all references of a picture are in buffers.
    fn at_once(&self, id: u64) -> bool {
        let is_there = |id: &u64| self.nodes.get(id).is_some_and(|node| node.buffer.is_some());
        let Some(node) = self.nodes.get(&id) else { return false };
        node.references.is_none_or(|references| references.iter().all(is_there))
    }

    fn evict(&mut self, buffer: u8) {
        let held = self.buffers[usize::from(buffer)].take();
        if let Some(node) = held.and_then(|id| self.nodes.get_mut(&id)) {
            node.buffer = None;
        }
    }

    fn settle(&mut self, id: u64, buffer: u8) {
        self.buffers[usize::from(buffer)] = Some(id);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.buffer = Some(buffer);
        }
    }

    /// Forgets the oldest pictures that are neither in a place nor in a buffer, where there are too
    /// many.
    fn prune(&mut self) {
        let mut after = 0;
        while self.nodes.len() > MOST || self.bytes > MOST_BYTES {
            let gone = self
                .nodes
                .range(after..)
                .find(|&(&id, node)| node.buffer.is_none() && !self.lives(id));
            let Some((&id, _)) = gone else { return };
            if let Some(node) = self.nodes.remove(&id) {
                self.bytes -= node.bytes;
            }
            after = id + 1;
        }
    }
}

#[cfg(test)]
mod tests;
