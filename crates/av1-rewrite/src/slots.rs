//! The eight reference slots while one goes through a stream: which frame is in which.

use std::sync::Arc;

use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::sequence::SequenceHeader;
use av1_syntax::syntax::{NUM_REF_FRAMES, RefSlot};

use crate::error::Result;
use crate::stream::{Content, Item, Stream};

/// A frame in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Index of the frame among those to decode, from 0.
    pub frame: usize,
    /// Its header.
    pub header: Arc<FrameHeader>,
}

/// What is known before an item of a stream.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The sequence header in force.
    pub sequence: Option<Arc<SequenceHeader>>,
    slots: [Option<Held>; NUM_REF_FRAMES],
    /// Frames to decode so far.
    pub frames: usize,
}

impl State {
    /// What is in `slot`.
    pub fn get(&self, slot: RefSlot) -> Option<&Held> {
        self.slots.get(slot.index()).and_then(Option::as_ref)
    }

    /// The slots that hold something.
    pub fn held(&self) -> impl Iterator<Item = (RefSlot, &Held)> {
        RefSlot::all().filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// The frame that `primary_ref_frame` of `header` names.
    pub fn primary(&self, header: &FrameHeader) -> Option<&Held> {
        let slots = header.ref_frame_idx?;
        self.get(*slots.get(usize::from(header.primary_ref_frame))?)
    }

    /// Goes past `item`: reference frame update process, 7.20.
    pub fn pass(&mut self, item: &Item) {
        match item {
            Item::Obu(_, Content::SequenceHeader(header)) => {
                let is_new = |old: &Arc<SequenceHeader>| old.starts_new_sequence(header);
                if self.sequence.as_ref().is_some_and(is_new) {
                    self.slots = Default::default();
                }
                self.sequence = Some(Arc::clone(header));
            }
            Item::Obu(_, Content::ShowExisting(shown)) => {
                let held = self.get(shown.frame_to_show_map_idx).cloned();
                if held.as_ref().is_some_and(|held| held.header.frame_type == FrameType::Key) {
                    self.slots.fill(held);
                }
            }
            Item::Obu(..) => {}
            Item::Frame(frame) => {
                let held = Held { frame: self.frames, header: Arc::clone(&frame.header) };
                for (i, slot) in self.slots.iter_mut().enumerate() {
                    if (frame.header.refresh_frame_flags >> i) & 1 == 1 {
                        *slot = Some(held.clone());
                    }
                }
                self.frames += 1;
            }
        }
    }
}

/// Calls `change` for every item, with what is known before it of the stream as it is changed.
///
/// # Errors
/// The first one of `change`.
pub fn each(
    stream: &mut Stream,
    mut change: impl FnMut(&mut Item, &State) -> Result<()>,
) -> Result<()> {
    let mut state = State::default();
    for item in stream.units.iter_mut().flat_map(|unit| &mut unit.items) {
        change(item, &state)?;
        state.pass(item);
    }
    Ok(())
}

/// The same for the headers of frames to decode of streams with a sequence header.
///
/// # Errors
/// The first one of `change`.
pub fn each_header(
    stream: &mut Stream,
    mut change: impl FnMut(&mut FrameHeader, &SequenceHeader, &State) -> Result<()>,
) -> Result<()> {
    each(stream, |item, state| match (item, &state.sequence) {
        (Item::Frame(frame), Some(sequence)) => {
            change(Arc::make_mut(&mut frame.header), sequence, state)
        }
        _ => Ok(()),
    })
}

/// The [`origin`](crate::stream::Frame::origin) of every picture that is shown, in order, in all
/// layers.
pub fn shown(stream: &Stream) -> Vec<u64> {
    let (mut state, mut origins, mut shown) = (State::default(), Vec::new(), Vec::new());
    for item in stream.units.iter().flat_map(|unit| &unit.items) {
        match item {
            Item::Obu(_, Content::ShowExisting(existing)) => {
                let held = state.get(existing.frame_to_show_map_idx);
                shown.extend(held.and_then(|held| origins.get(held.frame)));
            }
            Item::Obu(..) => {}
            Item::Frame(frame) => {
                origins.push(frame.origin);
                shown.extend(frame.header.show_frame.then_some(frame.origin));
            }
        }
        state.pass(item);
    }
    shown
}

/// For every item, the slots that are read behind it before they are written, as bits; `item` itself
/// reads after that.
pub fn live_behind(stream: &Stream) -> Vec<u8> {
    let mut state = State::default();
    let mut uses = Vec::new();
    for item in stream.units.iter().flat_map(|unit| &unit.items) {
        uses.push(used(item, &state));
        state.pass(item);
    }
    let mut live = 0u8;
    let mut behind = Vec::with_capacity(uses.len());
    for (read, written) in uses.iter().rev() {
        behind.push(live);
        live = live & !written | read;
    }
    behind.reverse();
    behind
}

/// The slots that `item` reads, as bits, and those that it writes.
fn used(item: &Item, state: &State) -> (u8, u8) {
    match item {
        Item::Obu(_, Content::ShowExisting(shown)) => {
            let slot = shown.frame_to_show_map_idx;
            let held = state.get(slot).map(|held| held.header.frame_type);
            let written = if held == Some(FrameType::Key) { 0xff } else { 0 };
            (1 << slot.index(), written)
        }
        Item::Obu(..) => (0, 0),
        Item::Frame(frame) => {
            let named = frame.header.ref_frame_idx.into_iter().flatten();
            let read = named.fold(0, |bits, slot| bits | 1 << slot.index());
            (read, frame.header.refresh_frame_flags)
        }
    }
}
