//! What a header says that follows from the slots before it: order hints, frame ids, SkipModeFrame.

use av1_syntax::syntax::frame::{FrameHeader, ShowExistingFrame};
use av1_syntax::syntax::modes::{get_relative_dist, skip_mode_frame};
use av1_syntax::syntax::references::References;
use av1_syntax::syntax::sequence::SequenceHeader;
use av1_syntax::syntax::{
    MAX_SEGMENTS, NUM_REF_FRAMES, RefSlot, TOTAL_REFS_PER_FRAME, set_frame_refs,
};
use std::sync::Arc;

use crate::bits::bad;
use crate::error::{Error, Result};
use crate::header::has_ref_order_hint;

/// What a writer does where RefFrameSignBias or SkipModeFrame of a header, which decide how tiles
/// are read, are not those that follow from the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// It is an error: the tiles would be read otherwise.
    Checked,
    /// They are those that follow: the tiles may be read otherwise.
    Replaced,
}

/// Makes of `h` the header that is read back where `references` are in the slots.
///
/// # Errors
/// With [`Derived::Checked`] tiles would be read otherwise; a frame id has no code.
pub(crate) fn frame(
    h: &mut FrameHeader,
    sequence: Option<&Arc<SequenceHeader>>,
    references: &References,
    derived: Derived,
    frame: u64,
) -> Result<()> {
    let Some(sequence) = sequence else { return Ok(()) };
    let hint_of = |slot: RefSlot| references.get(slot).map_or(0, |saved| saved.header.order_hint);
    h.ref_order_hint = has_ref_order_hint(sequence, h).then(|| {
        let old = h.ref_order_hint.unwrap_or([0; NUM_REF_FRAMES]);
        let mut hints = old;
        for slot in RefSlot::all().filter(|slot| references.get(*slot).is_some()) {
            hints[slot.index()] = hint_of(slot);
        }
        hints
    });
    h.delta_frame_id_minus_1 = None;
    h.expected_frame_id = Default::default();
    let mut sign_bias = [false; TOTAL_REFS_PER_FRAME];
    if let Some(slots) = h.ref_frame_idx {
        for (name, slot) in (1..).zip(slots) {
            h.order_hints[name] = hint_of(slot);
            sign_bias[name] = get_relative_dist(sequence, hint_of(slot), h.order_hint) > 0;
        }
        // Where the short form names other slots, the long one names these.
        h.frame_refs_short_signaling &= sequence.enable_order_hint
            && set_frame_refs(sequence, references, h.order_hint, slots[0], slots[3]) == slots;
        frame_ids(h, sequence, references, &slots)?;
    }
    let slots = h.ref_frame_idx.as_ref();
    let skip = skip_mode_frame(sequence, h.order_hint, slots, h.reference_select, |slot| {
        references.get(slot).map(|saved| saved.header.order_hint)
    });
    match derived {
        Derived::Checked if sign_bias != h.ref_frame_sign_bias => {
            return Err(Error::ReadBack { frame, member: "RefFrameSignBias" });
        }
        Derived::Checked if skip != h.skip_mode_frame => {
            return Err(Error::ReadBack { frame, member: "SkipModeFrame" });
        }
        Derived::Checked => {}
        Derived::Replaced => {
            (h.ref_frame_sign_bias, h.skip_mode_frame) = (sign_bias, skip);
            h.skip_mode_present &= skip.is_some();
        }
    }
    let q = &h.quantization_params;
    let deltas = [q.delta_q_y_dc, q.delta_q_u_dc, q.delta_q_u_ac, q.delta_q_v_dc, q.delta_q_v_ac];
    let is_zero = |segment| h.segmentation_params.qidx(q.base_q_idx, segment) == 0;
    h.coded_lossless = deltas == [0; 5] && (0..MAX_SEGMENTS).all(is_zero);
    h.all_lossless = h.coded_lossless && h.frame_size.frame_width == h.frame_size.upscaled_width;
    Ok(())
}

/// `delta_frame_id_minus_1` and expectedFrameId of the frames in `slots`.
fn frame_ids(
    h: &mut FrameHeader,
    sequence: &SequenceHeader,
    references: &References,
    slots: &[RefSlot],
) -> Result<()> {
    let Some(numbers) = sequence.frame_id_numbers else { return Ok(()) };
    let modulus = 1u32 << numbers.id_len();
    let deltas = h.delta_frame_id_minus_1.get_or_insert_default();
    for ((delta, expected), slot) in deltas.iter_mut().zip(&mut h.expected_frame_id).zip(slots) {
        *expected = references.get(*slot).map_or(0, |saved| saved.header.current_frame_id);
        let distance = h.current_frame_id.wrapping_sub(*expected) & (modulus - 1);
        *delta = distance.checked_sub(1).ok_or_else(|| {
            bad("delta_frame_id_minus_1", -1, "a frame and its reference have different ids")
        })?;
    }
    Ok(())
}

/// The same for a frame that is shown: its `display_frame_id`.
pub(crate) fn show_existing(
    shown: &mut ShowExistingFrame,
    sequence: Option<&Arc<SequenceHeader>>,
    references: &References,
) {
    let has_ids = sequence.is_some_and(|sequence| sequence.frame_id_numbers.is_some());
    let saved = references.get(shown.frame_to_show_map_idx);
    let id = saved.map_or(0, |saved| saved.header.current_frame_id);
    shown.display_frame_id = has_ids.then_some(id);
}

/// The first member in which two headers differ.
pub(crate) fn first_difference(a: &FrameHeader, b: &FrameHeader) -> &'static str {
    macro_rules! compared {
        ($($member:ident),* $(,)?) => {
            $(if a.$member != b.$member { return stringify!($member); })*
        };
    }
    compared!(
        frame_type,
        show_frame,
        showable_frame,
        frame_presentation_time,
        error_resilient_mode,
        disable_cdf_update,
        allow_screen_content_tools,
        force_integer_mv,
        current_frame_id,
        frame_size_override_flag,
        order_hint,
        primary_ref_frame,
        buffer_removal_time_present_flag,
        buffer_removal_time,
        refresh_frame_flags,
        ref_order_hint,
        frame_size,
        allow_intrabc,
        frame_refs_short_signaling,
        ref_frame_idx,
        delta_frame_id_minus_1,
        expected_frame_id,
        allow_high_precision_mv,
        is_filter_switchable,
        interpolation_filter,
        is_motion_mode_switchable,
        use_ref_frame_mvs,
        order_hints,
        ref_frame_sign_bias,
        disable_frame_end_update_cdf,
        tile_info,
        quantization_params,
        segmentation_params,
        delta_q_params,
        delta_lf_params,
        coded_lossless,
        all_lossless,
        loop_filter_params,
        cdef_params,
        lr_params,
        tx_mode,
        reference_select,
        skip_mode_frame,
        skip_mode_present,
        allow_warped_motion,
        reduced_tx_set,
        global_motion_params,
        film_grain_params,
    );
    "nothing"
}
