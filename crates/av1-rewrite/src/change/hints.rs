//! Numbers of frames: frame ids and order hints.

use std::sync::Arc;

use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::modes::get_relative_dist;
use av1_syntax::syntax::sequence::{FrameIdNumbers, SequenceHeader};

use super::{Change, not, number, word};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::slots::{State, each, each_header};
use crate::stream::{Content, Item, Stream};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "frame-ids",
        &["on", "off"],
        "frame_id_numbers_present_flag, and ids that grow by 1 to 3; or none",
        frame_ids,
    ),
    Change::neutral(
        "order-hint-offset",
        &["1", "77", "random"],
        "every order hint larger by so much, modulo 2^OrderHintBits",
        order_hint_offset,
    ),
    Change::neutral(
        "order-hint-bits",
        &["8", "7", "6", "5"],
        "order hints of so many bits, where distances are still the same",
        order_hint_bits,
    ),
];

/// Ids of 16 bits, differences of 15.
const NUMBERS: FrameIdNumbers =
    FrameIdNumbers { delta_frame_id_length_minus_2: 13, additional_frame_id_length_minus_1: 0 };

fn frame_ids(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("frame-ids", value, &[("on", true), ("off", false)])?;
    for sequence in stream.sequence_headers_mut() {
        if sequence.reduced_still_picture_header && on {
            return Err(not("frame-ids", "a reduced still picture header has none"));
        }
        Arc::make_mut(sequence).frame_id_numbers = on.then_some(NUMBERS);
    }
    let mask = (1 << NUMBERS.id_len()) - 1;
    let mut id = random.below(1 << NUMBERS.id_len()) as u32;
    for frame in stream.frames_mut() {
        id = (id + 1 + random.below(3) as u32) & mask;
        Arc::make_mut(&mut frame.header).current_frame_id = if on { id } else { 0 };
    }
    Ok(())
}

fn order_hint_offset(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let offset = match value {
        "random" => 1 + random.below(255) as u8,
        value => number("order-hint-offset", value, 0..=255)? as u8,
    };
    each_header(stream, |header, sequence, _| {
        let mask = ((1u32 << sequence.order_hint_bits()) - 1) as u8;
        header.order_hint = header.order_hint.wrapping_add(offset) & mask;
        // Of the slots that hold something the writer knows the hints.
        let moved = |hints: [u8; 8]| hints.map(|hint| hint.wrapping_add(offset) & mask);
        header.ref_order_hint = header.ref_order_hint.map(moved);
        Ok(())
    })
}

/// What is known of a frame's order hint when hints have other bits.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// The frame's place in output order, counted on without an end.
    of_frame: i64,
    /// Those of its references, by reference frame type less one.
    of_references: Option<[i64; 7]>,
}

fn order_hint_bits(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let bits = number("order-hint-bits", value, 1..=8)?;
    let counts = counted(stream)?;
    let wanted = |s: &SequenceHeader| SequenceHeader {
        order_hint_bits_minus_1: (bits - 1) as u8,
        ..s.clone()
    };
    // Where a distance would be another, nothing is changed.
    each_header(stream, |header, sequence, state| match sequence.enable_order_hint {
        true => check(header, (sequence, &wanted(sequence)), state, &counts),
        false => Err(not("order-hint-bits", "the sequence has no order hints")),
    })?;
    for sequence in stream.sequence_headers_mut() {
        *sequence = Arc::new(wanted(sequence));
    }
    let mask = (1i64 << bits) - 1;
    for (frame, count) in stream.frames_mut().zip(&counts) {
        let header = Arc::make_mut(&mut frame.header);
        header.order_hint = (count.of_frame & mask) as u8;
        // Slots that hold nothing have a hint that nothing compares.
        let hints = &mut header.ref_order_hint;
        *hints = hints.map(|hints| hints.map(|hint| (i64::from(hint) & mask) as u8));
    }
    Ok(())
}

/// The place of every frame in output order.
fn counted(stream: &mut Stream) -> Result<Vec<Count>> {
    let mut counts: Vec<Count> = Vec::new();
    let mut last = (0i64, 0u8);
    each(stream, |item, state| {
        if let Item::Obu(_, Content::ShowExisting(shown)) = item {
            let held = state.get(shown.frame_to_show_map_idx);
            if let Some(held) = held.filter(|held| held.header.frame_type == FrameType::Key) {
                last = (counts.get(held.frame).map_or(0, |c| c.of_frame), held.header.order_hint);
            }
        }
        let (Item::Frame(frame), Some(sequence)) = (item, &state.sequence) else { return Ok(()) };
        let header = &frame.header;
        let is_first = header.frame_type == FrameType::Key && header.show_frame;
        let of_frame = match is_first {
            true => i64::from(header.order_hint),
            false => last.0 + i64::from(get_relative_dist(sequence, header.order_hint, last.1)),
        };
        last = (of_frame, header.order_hint);
        let of_slot = |slot| {
            let held: Option<&crate::slots::Held> = state.get(slot);
            held.and_then(|held| counts.get(held.frame)).map_or(of_frame, |count| count.of_frame)
        };
        let of_references = header.ref_frame_idx.map(|slots| slots.map(of_slot));
        counts.push(Count { of_frame, of_references });
        Ok(())
    })?;
    Ok(counts)
}

/// Every distance that decoding `header` looks at is the same in both sequences: those of all slots
/// to it and to each other, and those of the references of its references.
fn check(
    header: &FrameHeader,
    (old, new): (&SequenceHeader, &SequenceHeader),
    state: &State,
    counts: &[Count],
) -> Result<()> {
    let own = counts.get(state.frames).copied().unwrap_or_default();
    let mut all: Vec<(u8, i64)> = vec![(header.order_hint, own.of_frame)];
    for (_, held) in state.held() {
        let Some(count) = counts.get(held.frame) else { continue };
        all.push((held.header.order_hint, count.of_frame));
        let saved = held.header.order_hints.iter().skip(1).copied();
        all.extend(saved.zip(count.of_references.into_iter().flatten()));
    }
    let mask = (1i64 << new.order_hint_bits()) - 1;
    let of_new = |count: i64| (count & mask) as u8;
    for (a, count_a) in &all {
        for (b, count_b) in &all {
            let was = get_relative_dist(old, *a, *b);
            if was != get_relative_dist(new, of_new(*count_a), of_new(*count_b)) {
                let why = "a distance between frames would be another one";
                return Err(Error::NotApplicable { change: "order-hint-bits", why });
            }
        }
    }
    Ok(())
}
