//! The pictures around the one that is shown: those before it as far as memory goes, those after it
//! as far as they are decoded.

use std::collections::VecDeque;

use super::{Frame, Target};

/// Pictures on the device that are kept although they have been shown: it decodes to these images.
const MOST_ON_DEVICE: usize = 4;

/// Consecutive pictures, of which some have been handed out.
#[derive(Debug)]
pub(super) struct Window {
    frames: VecDeque<Frame>,
    /// How many of `frames` have been handed out.
    next: usize,
    /// Bytes of samples that are kept of pictures that are not needed any more.
    budget: usize,
    /// Pictures that were handed out last, and may not have been shown yet.
    unseen: usize,
}

/// Whether `frame` comes after `target`.
pub(super) fn is_after(frame: &Frame, target: Target) -> bool {
    match target {
        Target::Time(time) => frame.time > time,
        Target::Index(index) => frame.index > index,
    }
}

impl Window {
    /// Keeps pictures that were shown up to `budget` bytes: those before the last `unseen` that
    /// were handed out.
    pub(super) fn new(budget: usize, unseen: usize) -> Self {
        Self { frames: VecDeque::new(), next: 0, budget, unseen }
    }

    /// Appends the next picture.
    pub(super) fn push(&mut self, frame: Frame) {
        self.frames.push_back(frame);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.next = 0;
    }

    /// Pictures that have not been handed out.
    pub(super) fn waiting(&self) -> usize {
        self.frames.len() - self.next
    }

    /// The first picture that is kept.
    pub(super) fn first(&self) -> Option<&Frame> {
        self.frames.front()
    }

    /// The next picture to hand out.
    pub(super) fn peek(&self) -> Option<&Frame> {
        self.frames.get(self.next)
    }

    /// Hands the next picture out.
    pub(super) fn take(&mut self) -> Option<Frame> {
        let frame = self.frames.get(self.next)?.clone();
        self.next += 1;
        self.trim(self.next.saturating_sub(self.unseen + 1));
        Some(frame)
    }

    /// Passes over all but the last picture, on the way to one that is not decoded yet.
    pub(super) fn pass(&mut self) {
        self.next = self.frames.len();
        self.trim(self.next.saturating_sub(1));
    }

    /// Drops the oldest of the first `seen` pictures until they keep the budget.
    fn trim(&mut self, seen: usize) {
        let on_device = |frame: &Frame| usize::from(frame.picture.host().is_none());
        let of_seen =
            |what: &dyn Fn(&Frame) -> usize| self.frames.iter().take(seen).map(what).sum();
        let mut bytes: usize = of_seen(&|frame| frame.picture.size_bytes());
        let mut images: usize = of_seen(&on_device);
        while bytes > self.budget || images > MOST_ON_DEVICE {
            let Some(frame) = self.frames.pop_front() else { break };
            bytes -= frame.picture.size_bytes();
            images -= on_device(&frame);
            self.next -= 1;
        }
    }

    /// Makes the picture of `target` the next, if it is here for certain: with the one after it, or
    /// by its number, or as the last where `is_end` says that there are no more.
    pub(super) fn go_to(&mut self, target: Target, is_end: bool) -> Reach {
        let after = self.frames.iter().position(|frame| is_after(frame, target));
        let last = self.frames.len().checked_sub(1);
        match (after, last) {
            (Some(0), _) => Reach::Before,
            (Some(after), _) => self.at(after - 1),
            (None, None) => Reach::Empty,
            (None, Some(last)) => {
                let is_it = self.frames.back().is_some_and(
                    |frame| matches!(target, Target::Index(index) if frame.index == index),
                );
                if is_it || is_end { self.at(last) } else { Reach::Ahead }
            }
        }
    }

    /// Makes the first picture the next.
    pub(super) fn go_to_first(&mut self) {
        self.next = 0;
    }

    fn at(&mut self, next: usize) -> Reach {
        self.next = next;
        Reach::Here
    }
}

/// Where a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// In the window.
    Here,
    /// Before it.
    Before,
    /// After what is decoded.
    Ahead,
    /// There is nothing in the window.
    Empty,
}
