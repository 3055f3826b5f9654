//! Parameters that are inherited, coded in full; and the other way round.

use std::sync::Arc;

use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::filters::LoopFilterParams;
use av1_syntax::syntax::frame::{FrameHeader, FrameType};
use av1_syntax::syntax::frame_size::FrameSize;

use super::{Change, not, number, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::{State, each, each_header};
use crate::stream::{Item, Stream};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "explicit",
        &["on", "random"],
        "segmentation, loop filter deltas, film grain and sizes coded in full, not inherited",
        explicit,
    ),
    Change::neutral(
        "inherited",
        &["on", "random"],
        "the same inherited from the primary reference frame, or another, where that says it",
        inherited,
    ),
    Change::neutral(
        "short-signaling",
        &["on", "off"],
        "frame_refs_short_signaling where it names the same references, or nowhere",
        short_signaling,
    ),
    Change::neutral(
        "max-frame-size",
        &["9", "64", "0"],
        "max_frame_width and max_frame_height larger by so much, frame sizes coded in each frame",
        max_frame_size,
    ),
];

fn always_or_half(change: &'static str, value: &str) -> Result<bool> {
    word(change, value, &[("on", true), ("random", false)])
}

fn explicit(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let always = always_or_half("explicit", value)?;
    for frame in stream.frames_mut() {
        let mut is_meant = || always || random.one_in(2);
        let header = Arc::make_mut(&mut frame.header);
        if header.segmentation_params.segmentation_enabled && is_meant() {
            header.segmentation_params.segmentation_update_data = true;
        }
        let filter = &mut header.loop_filter_params;
        if filter.loop_filter_delta_enabled && is_meant() {
            filter.loop_filter_delta_update = true;
            (filter.update_ref_delta, filter.update_mode_delta) = (0xff, 3);
        }
        if is_meant() {
            explicit_grain(header);
            frame.form.apply_grain = header.film_grain_params.apply_grain;
        }
        if is_meant() {
            frame.form.delta_coded = [true; 5];
        }
        let size = &mut header.frame_size;
        if size.found_ref.is_some() && is_meant() {
            size.found_ref = None;
            let upscaled = (size.upscaled_width, size.frame_height);
            size.render_and_frame_size_different =
                (size.render_width, size.render_height) != upscaled;
        }
    }
    Ok(())
}

/// Parameters that were loaded become the frame's own.
fn explicit_grain(header: &mut FrameHeader) {
    let grain = &mut header.film_grain_params;
    match grain.apply_grain {
        true => {
            grain.update_grain = true;
            grain.film_grain_params_ref_idx = 0;
        }
        // With `apply_grain` 0 everything else is.
        false => *grain = FilmGrainParams::default(),
    }
}

fn inherited(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let always = always_or_half("inherited", value)?;
    each(stream, |item, state| {
        let Item::Frame(frame) = item else { return Ok(()) };
        let mut is_meant = || always || random.one_in(2);
        let header = Arc::make_mut(&mut frame.header);
        let primary = state.primary(header).map(|held| Arc::clone(&held.header));
        if let Some(from) = &primary {
            let (own, theirs) = (&mut header.segmentation_params, &from.segmentation_params);
            let is_same = (own.feature_enabled, own.feature_data)
                == (theirs.feature_enabled, theirs.feature_data);
            if own.segmentation_enabled && is_same && is_meant() {
                own.segmentation_update_data = false;
            }
        }
        if header.loop_filter_params.loop_filter_delta_enabled && is_meant() {
            let previous = primary.as_ref().map(|from| from.loop_filter_params);
            shortest_deltas(&mut header.loop_filter_params, &previous.unwrap_or_default());
        }
        if is_meant() {
            frame.form.delta_coded = [false; 5];
        }
        if is_meant() {
            inherited_grain(header, state);
        }
        if is_meant() {
            found_size(header, state);
        }
        Ok(())
    })
}

/// Only those deltas are coded that are not the last ones.
fn shortest_deltas(own: &mut LoopFilterParams, previous: &LoopFilterParams) {
    let differ = |own: &[i8], previous: &[i8]| {
        let bits = own.iter().zip(previous).enumerate();
        bits.fold(0, |mask, (i, (a, b))| mask | u8::from(a != b) << i)
    };
    own.update_ref_delta = differ(&own.loop_filter_ref_deltas, &previous.loop_filter_ref_deltas);
    own.update_mode_delta = differ(&own.loop_filter_mode_deltas, &previous.loop_filter_mode_deltas);
    own.loop_filter_delta_update = own.update_ref_delta != 0 || own.update_mode_delta != 0;
}

/// The parameters without what belongs to one frame.
fn plain(grain: &FilmGrainParams) -> FilmGrainParams {
    FilmGrainParams { grain_seed: 0, update_grain: false, film_grain_params_ref_idx: 0, ..*grain }
}

fn inherited_grain(header: &mut FrameHeader, state: &State) {
    let Some(slots) = header.ref_frame_idx.filter(|_| header.frame_type == FrameType::Inter) else {
        return;
    };
    let grain = &mut header.film_grain_params;
    let from = slots.into_iter().find(|slot| {
        let theirs = state.get(*slot).map(|held| plain(&held.header.film_grain_params));
        theirs.is_some_and(|theirs| theirs == plain(grain))
    });
    if let Some(slot) = from.filter(|_| grain.apply_grain) {
        grain.update_grain = false;
        grain.film_grain_params_ref_idx = slot.index() as u8;
    }
}

fn found_size(header: &mut FrameHeader, state: &State) {
    let Some(slots) = header.ref_frame_idx.filter(|_| !header.error_resilient_mode) else {
        return;
    };
    let of = |s: &FrameSize| (s.upscaled_width, s.frame_height, s.render_width, s.render_height);
    let own = of(&header.frame_size);
    let found = slots
        .iter()
        .position(|slot| state.get(*slot).is_some_and(|held| of(&held.header.frame_size) == own));
    if let Some(found) = found {
        header.frame_size_override_flag = true;
        header.frame_size.found_ref = Some(found as u8);
        header.frame_size.render_and_frame_size_different = false;
    }
}

fn short_signaling(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let on = word("short-signaling", value, &[("on", true), ("off", false)])?;
    each_header(stream, |header, sequence, _| {
        let can_be = sequence.enable_order_hint && !header.frame_type.is_intra();
        // Where it does not name the same references, the writer leaves it out.
        header.frame_refs_short_signaling = on && can_be;
        Ok(())
    })
}

fn max_frame_size(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let more = number("max-frame-size", value, 0..=4096)?;
    for sequence in stream.sequence_headers_mut() {
        if sequence.reduced_still_picture_header {
            return Err(not("max-frame-size", "a reduced still picture header has one size"));
        }
        let sequence = Arc::make_mut(sequence);
        let (width, height) = sequence.max_frame_size();
        if width + more > 1 << 16 || height + more > 1 << 16 {
            return Err(not("max-frame-size", "a size has 16 bits at most"));
        }
        sequence.max_frame_width_minus_1 += more;
        sequence.max_frame_height_minus_1 += more;
        let bits_minus_1 = |size_minus_1: u32| 31 - size_minus_1.max(1).leading_zeros() as u8;
        let width_bits = bits_minus_1(sequence.max_frame_width_minus_1);
        let height_bits = bits_minus_1(sequence.max_frame_height_minus_1);
        sequence.frame_width_bits_minus_1 = sequence.frame_width_bits_minus_1.max(width_bits);
        sequence.frame_height_bits_minus_1 = sequence.frame_height_bits_minus_1.max(height_bits);
    }
    each_header(stream, |header, sequence, _| {
        let size = &mut header.frame_size;
        let upscaled = (size.upscaled_width, size.frame_height);
        if upscaled != sequence.max_frame_size() && !header.frame_size_override_flag {
            header.frame_size_override_flag = true;
        }
        Ok(())
    })
}
