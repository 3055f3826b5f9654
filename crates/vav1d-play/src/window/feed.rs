//! Where frames come from: a player, and perhaps a second one on a device that is taken to be
//! right, whose pictures the first one's are compared with.

use std::collections::VecDeque;

use super::blocks::Blocks;
use crate::{Entry, Event, Frame, Player, Repeat, StreamInfo, Target};
use vav1d::error::Error;
use vav1d::vk::GrainMode;

/// Frames of the second player that wait at most.
const WAITING: usize = 8;

/// A frame, and where it is wrong.
pub(super) struct Judged {
    pub(super) frame: Box<Frame>,
    /// `None` if there is nothing to compare it with.
    pub(super) blocks: Option<Blocks>,
}

/// What comes out.
pub(super) enum Fed {
    Opened(std::sync::Arc<StreamInfo>),
    Frame(Judged),
    /// To be looked at until what is sought is there.
    Preview(Box<Frame>),
    EndOfStream,
    Fault(Error),
    Failed(Error),
    /// Nothing is compared any more.
    Unjudged(Error),
}

/// See the module.
pub(super) struct Feed {
    player: Player,
    reference: Option<Reference>,
    /// A frame that waits for the right one.
    held: Option<Box<Frame>>,
    generation: u64,
}

/// The second player.
struct Reference {
    player: Player,
    frames: VecDeque<Box<Frame>>,
    generation: u64,
    is_at_end: bool,
}

impl Feed {
    /// Of `player`, compared with `reference`.
    pub(super) fn new(player: Player, reference: Option<Player>) -> Self {
        let reference = reference.map(|player| Reference {
            player,
            frames: VecDeque::new(),
            generation: 0,
            is_at_end: false,
        });
        Self { player, reference, held: None, generation: 0 }
    }

    /// Entry of the playlist, and how many there are.
    pub(super) fn entry(&self) -> (usize, usize) {
        self.player.entry()
    }

    /// What comes next, if it is there.
    pub(super) fn next(&mut self) -> Option<Fed> {
        loop {
            if let Some(frame) = self.held.take() {
                return self.judge(frame);
            }
            match self.player.try_next()? {
                Event::Frame(frame) if frame.generation < self.generation => {}
                Event::Frame(frame) => self.held = Some(frame),
                Event::Preview(frame) if frame.generation < self.generation => {}
                Event::Preview(frame) => return Some(Fed::Preview(frame)),
                Event::Opened(stream) => return Some(Fed::Opened(stream)),
                Event::EndOfStream => return Some(Fed::EndOfStream),
                Event::Fault(error) => return Some(Fed::Fault(error)),
                Event::Failed(error) => return Some(Fed::Failed(error)),
            }
        }
    }

    /// `frame` with its verdict; nothing while the right one is not there.
    fn judge(&mut self, frame: Box<Frame>) -> Option<Fed> {
        let Some(reference) = &mut self.reference else {
            return Some(Fed::Frame(Judged { frame, blocks: None }));
        };
        if let Err(error) = reference.pull() {
            self.reference = None;
            self.held = Some(frame);
            return Some(Fed::Unjudged(error));
        }
        match reference.frame(&frame) {
            Some(right) => {
                let (is, right) = (frame.picture.read(), right.picture.read());
                let found = is.and_then(|is| Ok(Blocks::between(&is, &*right?)));
                match found {
                    Ok(blocks) => Some(Fed::Frame(Judged { frame, blocks: Some(blocks) })),
                    Err(error) => {
                        self.reference = None;
                        self.held = Some(frame);
                        Some(Fed::Unjudged(error))
                    }
                }
            }
            None if reference.is_at_end => Some(Fed::Frame(Judged { frame, blocks: None })),
            None => {
                self.held = Some(frame);
                None
            }
        }
    }

    fn tell(&mut self, mut tell: impl FnMut(&mut Player) -> u64) {
        self.held = None;
        self.generation = tell(&mut self.player);
        if let Some(reference) = &mut self.reference {
            reference.generation = tell(&mut reference.player);
            reference.frames.clear();
            reference.is_at_end = false;
        }
    }

    /// See [`Player::seek_in`]; the entry that is played, without one.
    pub(super) fn seek(&mut self, entry: Option<usize>, target: Target) {
        let entry = entry.unwrap_or(self.player.entry().0);
        self.tell(|player| player.seek_in(entry, target));
    }

    /// See [`Player::replace`]; `right` is the same for the other player.
    pub(super) fn replace(&mut self, playlist: Vec<Entry>, right: Vec<Entry>) {
        self.held = None;
        self.generation = self.player.replace(playlist);
        if let Some(reference) = &mut self.reference {
            reference.generation = reference.player.replace(right);
            reference.frames.clear();
            reference.is_at_end = false;
        }
    }

    pub(super) fn next_entry(&mut self) {
        self.tell(Player::next_entry);
    }

    /// See [`Player::open`].
    pub(super) fn open(&mut self, entry: usize) {
        self.tell(|player| player.open(entry));
    }

    /// See [`Player::set_film_grain`]; pictures are compared without.
    pub(super) fn set_film_grain(&mut self, mode: GrainMode, index: u64) {
        if self.reference.is_none() {
            self.tell(|player| player.set_film_grain(mode, index));
        }
    }

    pub(super) fn set_repeat(&mut self, repeat: Repeat) {
        self.player.set_repeat(repeat);
        if let Some(reference) = &mut self.reference {
            reference.player.set_repeat(repeat);
        }
    }
}

impl Reference {
    /// Takes what the player has.
    ///
    /// # Errors
    /// It cannot go on.
    fn pull(&mut self) -> Result<(), Error> {
        while self.frames.len() < WAITING {
            let Some(event) = self.player.try_next() else { break };
            match event {
                Event::Frame(frame) if frame.generation >= self.generation => {
                    self.is_at_end = false;
                    self.frames.push_back(frame);
                }
                Event::EndOfStream => self.is_at_end = true,
                Event::Failed(error) => return Err(error),
                // The stream's faults are the first player's, too.
                Event::Frame(_) | Event::Preview(_) | Event::Opened(_) | Event::Fault(_) => {}
            }
        }
        Ok(())
    }

    /// The frame that `frame` should be, if it is there; what was before it is dropped.
    fn frame(&mut self, frame: &Frame) -> Option<Box<Frame>> {
        let is =
            |other: &Frame| (other.stream.entry, other.index) == (frame.stream.entry, frame.index);
        while let Some(first) = self.frames.pop_front() {
            if is(&first) {
                return Some(first);
            }
        }
        None
    }
}
