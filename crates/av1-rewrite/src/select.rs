//! Fewer frames: what each needs, those that are kept, and names that point elsewhere.
//!
//! Frames are named by their index in decoding order, from 0, as [`Stream::frames`] counts them.

use std::collections::BTreeSet;
use std::sync::Arc;

use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::modes::get_relative_dist;
use av1_syntax::syntax::{REFS_PER_FRAME, RefSlot};

use crate::error::{Error, Result};
use crate::slots::{State, each};
use crate::stream::{Content, Item, Stream, Unit};

/// The frames that a frame's header names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The frame behind LAST_FRAME + i, if it is an inter frame and the slot holds one.
    pub references: [Option<usize>; REFS_PER_FRAME],
    /// The frame that CDFs, segmentation and the like are loaded from. One of the references.
    pub primary: Option<usize>,
    /// The frame that film grain parameters are loaded from. One of the references.
    pub film_grain: Option<usize>,
}

impl Needs {
    /// All of them, once each.
    pub fn all(&self) -> BTreeSet<usize> {
        self.references.iter().flatten().copied().collect()
    }
}

/// What each frame of `stream` needs, in decoding order.
pub fn needs(stream: &Stream) -> Vec<Needs> {
    let (mut state, mut needs) = (State::default(), Vec::new());
    for item in stream.units.iter().flat_map(|unit| &unit.items) {
        if let Item::Frame(frame) = item {
            let header = &frame.header;
            let of_slot = |slot: RefSlot| state.get(slot).map(|held| held.frame);
            let grain = &header.film_grain_params;
            let is_loaded = header.frame_type == FrameType::Inter
                && !grain.update_grain
                && (grain.apply_grain || frame.form.apply_grain);
            let idx = RefSlot::from_low_bits(grain.film_grain_params_ref_idx.into());
            needs.push(Needs {
                references: header.ref_frame_idx.map(|all| all.map(of_slot)).unwrap_or_default(),
                primary: state.primary(header).map(|held| held.frame),
                film_grain: of_slot(idx).filter(|_| is_loaded),
            });
        }
        state.pass(item);
    }
    needs
}

/// `wanted` and everything that their headers name, and so on.
pub fn closure(needs: &[Needs], wanted: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut closure = BTreeSet::new();
    let mut left: Vec<usize> = wanted.into_iter().collect();
    while let Some(frame) = left.pop() {
        if closure.insert(frame) {
            left.extend(needs.get(frame).map(Needs::all).unwrap_or_default());
        }
    }
    closure
}

/// What becomes of a name whose frame is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// That is an error.
    Kept,
    /// It points to another frame that is kept, the nearest in output order on the same side; where
    /// tiles use the name, they are read otherwise.
    Elsewhere,
}

/// `stream` with the frames of `keep` alone, and without what showed the others. Units that show
/// nothing go into the next one; sequence headers stay. To be written with
/// [`Derived::Replaced`](crate::Derived::Replaced) where names point elsewhere.
///
/// # Errors
/// A frame that is kept names one that is not, and that is not allowed, or there is no other.
pub fn keep(stream: &Stream, keep: &BTreeSet<usize>, names: Names) -> Result<Stream> {
    let needs = needs(stream);
    let mut kept = without(stream, keep);
    // Indices of the frames that are left.
    let left: Vec<usize> = keep.iter().copied().filter(|frame| *frame < needs.len()).collect();
    each(&mut kept, |item, state| {
        let Item::Frame(frame) = item else { return Ok(()) };
        let Some(needed) = left.get(state.frames).and_then(|index| needs.get(*index)) else {
            return Ok(());
        };
        let Some(slots) = frame.header.ref_frame_idx else { return Ok(()) };
        let old_of = |slot| {
            state.get(slot).and_then(|held: &crate::slots::Held| left.get(held.frame)).copied()
        };
        let mut moved = slots;
        let hints = frame.header.order_hints.into_iter().skip(1);
        for ((slot, wanted), hint) in moved.iter_mut().zip(needed.references).zip(hints) {
            if old_of(*slot) == wanted {
                continue;
            }
            let found = RefSlot::all().find(|other| wanted.is_some() && old_of(*other) == wanted);
            *slot = match (found, names) {
                (Some(found), _) => found,
                (None, Names::Elsewhere) => nearest(state, frame.header.order_hint, hint)?,
                (None, Names::Kept) => return Err(missing()),
            };
        }
        if moved != slots {
            point(Arc::make_mut(&mut frame.header), slots, moved);
        }
        Ok(())
    })?;
    Ok(kept)
}

fn missing() -> Error {
    Error::NotApplicable {
        change: "keeping these frames",
        why: "one of them names a frame that is not kept",
    }
}

/// Makes of the names `slots` of a header the names `moved`; film grain is loaded through one.
fn point(
    header: &mut FrameHeader,
    slots: [RefSlot; REFS_PER_FRAME],
    moved: [RefSlot; REFS_PER_FRAME],
) {
    header.ref_frame_idx = Some(moved);
    header.frame_refs_short_signaling = false;
    let grain = &mut header.film_grain_params;
    let idx = RefSlot::from_low_bits(grain.film_grain_params_ref_idx.into());
    let new = slots.iter().zip(moved).find(|(old, _)| **old == idx);
    if let Some((_, new)) = new.filter(|_| header.frame_type == FrameType::Inter) {
        grain.film_grain_params_ref_idx = new.index() as u8;
    }
}

/// The slot of the frame that is nearest to one of OrderHint `wanted`, on its side of `own` if there
/// is one.
fn nearest(state: &State, own: u8, wanted: u8) -> Result<RefSlot> {
    let sequence = state.sequence.as_ref().ok_or_else(missing)?;
    let is_behind = |hint| get_relative_dist(sequence, hint, own) > 0;
    let found = state.held().min_by_key(|(_, held)| {
        let hint = held.header.order_hint;
        let distance = get_relative_dist(sequence, hint, wanted).unsigned_abs();
        (is_behind(hint) != is_behind(wanted), distance)
    });
    found.map(|(slot, _)| slot).ok_or_else(missing)
}

/// `stream` without the other frames and what shows them, slots and names as they were.
fn without(stream: &Stream, keep: &BTreeSet<usize>) -> Stream {
    let mut state = State::default();
    let mut kept = Stream { time_base: stream.time_base, units: Vec::new() };
    // What waits for a unit that shows something.
    let mut waiting: Vec<Item> = Vec::new();
    for unit in &stream.units {
        let (mut shows, mut is_empty) = (false, true);
        let mut items = std::mem::take(&mut waiting);
        for item in &unit.items {
            let is_kept = match item {
                Item::Frame(frame) => {
                    let is_kept = keep.contains(&state.frames);
                    shows |= is_kept && frame.header.show_frame;
                    is_kept
                }
                Item::Obu(_, Content::ShowExisting(shown)) => {
                    let held = state.get(shown.frame_to_show_map_idx);
                    let is_kept = held.is_some_and(|held| keep.contains(&held.frame));
                    shows |= is_kept;
                    is_kept
                }
                Item::Obu(_, Content::TemporalDelimiter) => items.is_empty(),
                Item::Obu(_, Content::SequenceHeader(_)) => true,
                Item::Obu(_, Content::Aside(..)) => false,
            };
            state.pass(item);
            let is_delimiter = matches!(item, Item::Obu(_, Content::TemporalDelimiter));
            is_empty &= !is_kept || is_delimiter;
            if is_kept {
                items.push(item.clone());
            }
        }
        match shows {
            true => kept.units.push(Unit { pts: unit.pts, items }),
            // A delimiter alone is nothing to go on with.
            false if is_empty && items.len() < 2 => {}
            false => waiting = items,
        }
    }
    if waiting.iter().any(|item| matches!(item, Item::Frame(_))) {
        let pts = stream.units.last().and_then(|unit| unit.pts);
        kept.units.push(Unit { pts, items: waiting });
    }
    kept
}

/// Points name `name` (0 for LAST_FRAME) of frame `frame` to the frame `to`, if a slot holds it then.
///
/// # Errors
/// There is no such frame or name, or no slot holds `to`.
pub fn rename(stream: &mut Stream, frame: usize, name: usize, to: usize) -> Result<()> {
    let mut is_done = false;
    each(stream, |item, state| {
        let Item::Frame(found) = item else { return Ok(()) };
        if state.frames != frame {
            return Ok(());
        }
        let slot = state.held().find(|(_, held)| held.frame == to).map(|(slot, _)| slot);
        let slots = found.header.ref_frame_idx;
        if let (Some(slot), Some(slots)) = (slot, slots) {
            let mut moved = slots;
            if let Some(place) = moved.get_mut(name) {
                *place = slot;
                is_done = true;
            }
            let header = Arc::make_mut(&mut found.header);
            header.ref_frame_idx = Some(moved);
            header.frame_refs_short_signaling = false;
        }
        Ok(())
    })?;
    match is_done {
        true => Ok(()),
        false => Err(Error::NotApplicable { change: "a name", why: "no slot holds the frame" }),
    }
}
