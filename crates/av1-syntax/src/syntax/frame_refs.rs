//! References of an inter frame: the part of specification 5.9.2 about them, and 7.8.

use arrayvec::ArrayVec;

use super::frame_size::FrameSize;
use super::modes::get_relative_dist;
use super::references::References;
use super::sequence::SequenceHeader;
use super::{NUM_REF_FRAMES, REFS_PER_FRAME, RefSlot};
use crate::bits::BitReader;
use crate::error::{StreamError, StreamFault};

type Result<T> = std::result::Result<T, StreamError>;

/// What is coded, or derived, of an inter frame's references.
pub(super) struct FrameRefs {
    pub(super) frame_refs_short_signaling: bool,
    pub(super) ref_frame_idx: [RefSlot; REFS_PER_FRAME],
    pub(super) delta_frame_id_minus_1: Option<[u32; REFS_PER_FRAME]>,
    pub(super) expected_frame_id: [u32; REFS_PER_FRAME],
}

/// 5.9.2 from `frame_refs_short_signaling` to the last `delta_frame_id_minus_1`, for a frame of
/// OrderHint, `current_frame_id` and `ref_order_hint` as given.
pub(super) fn frame_refs(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    references: &References,
    (order_hint, current_frame_id, expected_hints): (u8, u32, Option<&[u8; NUM_REF_FRAMES]>),
) -> Result<FrameRefs> {
    let first = RefSlot::from_low_bits(0);
    let mut refs = FrameRefs {
        frame_refs_short_signaling: sequence.enable_order_hint
            && r.flag("frame_refs_short_signaling")?,
        ref_frame_idx: [first; REFS_PER_FRAME],
        delta_frame_id_minus_1: None,
        expected_frame_id: [0; REFS_PER_FRAME],
    };
    if refs.frame_refs_short_signaling {
        let last_frame_idx = RefSlot::from_low_bits(r.f(3, "last_frame_idx")?.into());
        let gold_frame_idx = RefSlot::from_low_bits(r.f(3, "gold_frame_idx")?.into());
        refs.ref_frame_idx =
            set_frame_refs(sequence, references, order_hint, last_frame_idx, gold_frame_idx);
    }
    for i in 0..REFS_PER_FRAME {
        if !refs.frame_refs_short_signaling {
            refs.ref_frame_idx[i] = RefSlot::from_low_bits(r.f_at(3, "ref_frame_idx", i)?.into());
        }
        if let Some(numbers) = sequence.frame_id_numbers {
            let n = u32::from(numbers.delta_frame_id_length_minus_2) + 2;
            let delta = r.f_at(n, "delta_frame_id_minus_1", i)?;
            refs.delta_frame_id_minus_1.get_or_insert_default()[i] = delta;
            let modulus = 1 << numbers.id_len();
            refs.expected_frame_id[i] = (current_frame_id + modulus - (delta + 1)) % modulus;
        }
        let id = sequence.frame_id_numbers.map(|_| refs.expected_frame_id[i]);
        check_present(references, refs.ref_frame_idx[i], expected_hints, id)?;
    }
    Ok(refs)
}

/// The slot holds a frame, and the one that the encoder expects, by its order hint and its frame id
/// (6.8.2: `expectedFrameId[i]` is RefFrameId of the reference).
fn check_present(
    references: &References,
    slot: RefSlot,
    expected_hints: Option<&[u8; NUM_REF_FRAMES]>,
    expected_id: Option<u32>,
) -> Result<()> {
    let present = references.get(slot).is_some_and(|saved| {
        let header = &saved.header;
        expected_hints.is_none_or(|hints| hints[slot.index()] == header.order_hint)
            && expected_id.is_none_or(|id| id == header.current_frame_id)
    });
    if present {
        return Ok(());
    }
    let fault = StreamFault::MissingReference { slot: slot.index() as u8 };
    let mut error = StreamError::new(fault).section("5.9.2");
    error.at.element = Some("ref_frame_idx");
    Err(error)
}

/// The sizes that 5.9.7 (6.8.6) allows for references: at most twice as large and at least a
/// sixteenth, in both directions.
pub(super) fn check_sizes(
    r: &BitReader<'_>,
    references: &References,
    ref_frame_idx: &[RefSlot; REFS_PER_FRAME],
    size: &FrameSize,
) -> Result<()> {
    for slot in ref_frame_idx {
        let Some(saved) = references.get(*slot) else { continue };
        let from = &saved.header.frame_size;
        let allowed = 2 * size.frame_width >= from.upscaled_width
            && 2 * size.frame_height >= from.frame_height
            && size.frame_width <= 16 * from.upscaled_width
            && size.frame_height <= 16 * from.frame_height;
        if !allowed {
            let rule = "a reference is at most twice as large as the frame, and a sixteenth";
            return Err(r.bad("ref_frame_idx", slot.index() as i64, rule));
        }
    }
    Ok(())
}

/// Indices in `ref_frame_idx`.
const LAST: usize = 0;
const LAST2: usize = 1;
const LAST3: usize = 2;
const GOLDEN: usize = 3;
const BWDREF: usize = 4;
const ALTREF2: usize = 5;
const ALTREF: usize = 6;

/// set_frame_refs(), 7.8: the slots of LAST_FRAME to ALTREF_FRAME that `frame_refs_short_signaling`
/// stands for in a frame of OrderHint `order_hint`.
pub fn set_frame_refs(
    sequence: &SequenceHeader,
    references: &References,
    order_hint: u8,
    last_frame_idx: RefSlot,
    gold_frame_idx: RefSlot,
) -> [RefSlot; REFS_PER_FRAME] {
    let mut chosen: [Option<RefSlot>; REFS_PER_FRAME] = [None; REFS_PER_FRAME];
    chosen[LAST] = Some(last_frame_idx);
    chosen[GOLDEN] = Some(gold_frame_idx);
    // shiftedOrderHints less curFrameHint.
    let distance = |slot: &RefSlot| {
        let hint = references.get(*slot).map_or(0, |saved| saved.header.order_hint);
        get_relative_dist(sequence, hint, order_hint)
    };
    let mut unused: ArrayVec<RefSlot, NUM_REF_FRAMES> =
        RefSlot::all().filter(|s| *s != last_frame_idx && *s != gold_frame_idx).collect();
    let mut take = |slot: Option<RefSlot>| {
        unused.retain(|s| Some(*s) != slot);
        (slot, unused.clone())
    };
    // Of equal hints find_latest_*() takes the last slot, find_earliest_backward() the first.
    let latest = |slots: &[RefSlot], backward: bool| {
        let side = slots.iter().filter(|s| (distance(s) >= 0) == backward);
        side.max_by_key(|s| distance(s)).copied()
    };
    let earliest_backward = |slots: &[RefSlot]| {
        slots.iter().filter(|s| distance(s) >= 0).min_by_key(|s| distance(s)).copied()
    };
    let (_, mut left) = take(None);
    (chosen[ALTREF], left) = take(latest(&left, true));
    (chosen[BWDREF], left) = take(earliest_backward(&left));
    (chosen[ALTREF2], left) = take(earliest_backward(&left));
    for name in [LAST2, LAST3, BWDREF, ALTREF2, ALTREF] {
        if chosen[name].is_none() {
            (chosen[name], left) = take(latest(&left, false));
        }
    }
    let earliest = RefSlot::all().min_by_key(distance).unwrap_or(last_frame_idx);
    chosen.map(|slot| slot.unwrap_or(earliest))
}
