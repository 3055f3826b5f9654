//! Which frames are shown by `show_existing_frame`, and how often.

use std::sync::Arc;

use av1_syntax::syntax::RefSlot;
use av1_syntax::syntax::frame::{FrameHeader, FrameType, ShowExistingFrame};

use super::{Change, is_layered, not, number, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::{State, live_behind};
use crate::stream::{Content, Frame, Item, Stream, Unit, Wrap};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "show-existing",
        &["random", "on", "off"],
        "shown frames are hidden, and shown by show_existing_frame right behind; or not so",
        show_existing,
    ),
    Change::neutral(
        "repeat",
        &["3", "1"],
        "one of so many frames is shown once more, in a temporal unit of its own",
        repeat,
    ),
];

fn show_existing(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let words = [("on", Some(true)), ("off", Some(false)), ("random", None)];
    let how = word("show-existing", value, &words)?;
    if is_layered(stream) {
        return Err(not("show-existing", "the stream has layers"));
    }
    if how == Some(false) {
        stream.units.iter_mut().for_each(unhide);
        return Ok(());
    }
    let behind = live_behind(stream);
    let mut live = behind.iter();
    let mut state = State::default();
    for unit in &mut stream.units {
        let old = std::mem::take(&mut unit.items);
        for mut item in old {
            let free = !live.next().copied().unwrap_or(0xff);
            let is_meant = how.unwrap_or_else(|| random.one_in(2));
            let shown = match &mut item {
                Item::Frame(frame) if is_meant => hide(frame, &state, free, random),
                _ => None,
            };
            let layer = match &item {
                Item::Frame(frame) => frame.layer(),
                Item::Obu(..) => None,
            };
            state.pass(&item);
            unit.items.push(item);
            if let Some(shown) = shown {
                let item = Item::Obu(Wrap::in_layer(layer), Content::ShowExisting(shown));
                state.pass(&item);
                unit.items.push(item);
            }
        }
    }
    Ok(())
}

/// Hides a frame that is shown, if it can be; what shows it again. `free` are the slots that nothing
/// reads behind it.
fn hide(
    frame: &mut Frame,
    state: &State,
    free: u8,
    random: &mut Random,
) -> Option<ShowExistingFrame> {
    let is_reduced = state.sequence.as_ref()?.reduced_still_picture_header;
    // A stream starts with a key frame that is shown.
    let is_first = state.held().next().is_none();
    if !frame.header.show_frame || is_reduced || is_first {
        return None;
    }
    let header = Arc::make_mut(&mut frame.header);
    if header.frame_type == FrameType::Key {
        header.refresh_frame_flags = 1 << random.below(8);
        header.error_resilient_mode = random.one_in(2);
    } else if header.refresh_frame_flags == 0 {
        let slots: Vec<_> = (0..8).filter(|slot| (free >> slot) & 1 == 1).collect();
        header.refresh_frame_flags = 1 << random.of(&slots)?;
    }
    header.show_frame = false;
    header.showable_frame = true;
    Some(ShowExistingFrame {
        frame_to_show_map_idx: slot_of(header),
        frame_presentation_time: header.frame_presentation_time.take(),
        display_frame_id: None,
    })
}

/// A slot that the frame goes into.
fn slot_of(header: &FrameHeader) -> RefSlot {
    RefSlot::from_low_bits(header.refresh_frame_flags.trailing_zeros().into())
}

/// Hidden frames that are shown right behind are shown at once.
fn unhide(unit: &mut Unit) {
    let mut items: Vec<Item> = Vec::new();
    for item in unit.items.drain(..) {
        if let (Some(Item::Frame(frame)), Item::Obu(_, Content::ShowExisting(shown))) =
            (items.last_mut(), &item)
        {
            let header = &frame.header;
            let is_it =
                (header.refresh_frame_flags >> shown.frame_to_show_map_idx.index()) & 1 == 1;
            let is_plain = matches!(header.frame_type, FrameType::Inter | FrameType::IntraOnly);
            if is_it && is_plain && !header.show_frame {
                let header = Arc::make_mut(&mut frame.header);
                header.show_frame = true;
                header.showable_frame = true;
                header.frame_presentation_time = shown.frame_presentation_time;
                continue;
            }
        }
        items.push(item);
    }
    unit.items = items;
}

fn repeat(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let one_in = number("repeat", value, 1..=1000)?;
    if is_layered(stream) {
        return Err(not("repeat", "the stream has layers"));
    }
    let mut state = State::default();
    let mut units = Vec::new();
    for unit in stream.units.drain(..) {
        let mut again = None;
        for item in &unit.items {
            again = repeated(item, &state).or(again);
            state.pass(item);
        }
        let pts = unit.pts;
        units.push(unit);
        if let Some(shown) = again.filter(|_| random.one_in(one_in.into())) {
            let content = [Content::TemporalDelimiter, Content::ShowExisting(shown)];
            let items = content.map(|content| Item::Obu(Wrap::PLAIN, content)).into();
            units.push(Unit { pts, items });
        }
    }
    stream.units = units;
    Ok(())
}

/// What shows the picture of `item` once more. Key frames may be shown so once, as they start anew.
fn repeated(item: &Item, state: &State) -> Option<ShowExistingFrame> {
    match item {
        Item::Obu(_, Content::ShowExisting(shown)) => {
            let held = state.get(shown.frame_to_show_map_idx)?;
            (held.header.frame_type != FrameType::Key).then_some(*shown)
        }
        Item::Obu(..) => None,
        Item::Frame(frame) => {
            let header = &frame.header;
            let is_plain = matches!(header.frame_type, FrameType::Inter | FrameType::IntraOnly);
            let is_kept = header.show_frame && header.refresh_frame_flags != 0 && is_plain;
            is_kept.then(|| ShowExistingFrame {
                frame_to_show_map_idx: slot_of(header),
                frame_presentation_time: header.frame_presentation_time,
                display_frame_id: None,
            })
        }
    }
}
