//! Other reference slots for the same frames, and other frames in slots that nothing reads.

use std::sync::Arc;

use av1_syntax::syntax::frame::FrameType;
use av1_syntax::syntax::{NUM_REF_FRAMES, RefSlot};

use super::{Change, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::live_behind;
use crate::stream::{Content, Item, Stream};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "slots",
        &["random", "reverse"],
        "reference slots under other numbers, others from each shown key frame on, or 7 for 0",
        slots,
    ),
    Change::neutral(
        "unused-slots",
        &["on"],
        "frames also go into slots that nothing reads before they are written again",
        unused_slots,
    ),
];

/// Where each slot has gone.
type Places = [u8; NUM_REF_FRAMES];

fn moved(places: &Places, slot: RefSlot) -> RefSlot {
    RefSlot::from_low_bits(places[slot.index()].into())
}

/// `flags` with each bit at its slot's new place.
fn moved_flags(places: &Places, flags: u8) -> u8 {
    let bit = |i: usize| ((flags >> i) & 1) << places[i];
    (0..NUM_REF_FRAMES).fold(0, |all, i| all | bit(i))
}

fn slots(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let is_random = word("slots", value, &[("random", true), ("reverse", false)])?;
    let mut places: Places = [7, 6, 5, 4, 3, 2, 1, 0];
    for item in stream.units.iter_mut().flat_map(|unit| &mut unit.items) {
        let frame = match item {
            Item::Obu(_, Content::ShowExisting(shown)) => {
                shown.frame_to_show_map_idx = moved(&places, shown.frame_to_show_map_idx);
                continue;
            }
            Item::Obu(..) => continue,
            Item::Frame(frame) => frame,
        };
        let header = Arc::make_mut(&mut frame.header);
        // It goes into all of them.
        if header.frame_type == FrameType::Key && header.show_frame && is_random {
            random.shuffle(&mut places);
        }
        header.refresh_frame_flags = moved_flags(&places, header.refresh_frame_flags);
        header.ref_frame_idx =
            header.ref_frame_idx.map(|slots| slots.map(|slot| moved(&places, slot)));
        if let Some(old) = header.ref_order_hint {
            let hints = header.ref_order_hint.insert(old);
            (0..NUM_REF_FRAMES).for_each(|i| hints[usize::from(places[i])] = old[i]);
        }
        let grain = &mut header.film_grain_params;
        // `apply_grain` is coded as 1, or was loaded as 1.
        let is_loaded = frame.form.apply_grain || grain.apply_grain;
        if header.frame_type == FrameType::Inter && !grain.update_grain && is_loaded {
            let slot = RefSlot::from_low_bits(grain.film_grain_params_ref_idx.into());
            grain.film_grain_params_ref_idx = moved(&places, slot).index() as u8;
        }
    }
    Ok(())
}

fn unused_slots(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    word("unused-slots", value, &[("on", ())])?;
    let behind = live_behind(stream);
    let items = stream.units.iter_mut().flat_map(|unit| &mut unit.items);
    for (item, live) in items.zip(behind) {
        let Item::Frame(frame) = item else { continue };
        let header = Arc::make_mut(&mut frame.header);
        // Key frames that are shown later may be so once, wherever they are.
        let is_plain = matches!(header.frame_type, FrameType::Inter | FrameType::IntraOnly);
        if !is_plain {
            continue;
        }
        let flags = header.refresh_frame_flags | !live & random.next_u64() as u8;
        // All slots are what an intra-only frame cannot have.
        let is_all = flags == 0xff && header.frame_type == FrameType::IntraOnly;
        header.refresh_frame_flags = if is_all { header.refresh_frame_flags } else { flags };
    }
    Ok(())
}
