//! `uncompressed_header()`, specification 5.9.2: the order of writes.

use av1_syntax::syntax::frame::{FrameHeader, FrameType, ShowExistingFrame, UncompressedHeader};
use av1_syntax::syntax::sequence::SequenceHeader;
use av1_syntax::syntax::{NUM_REF_FRAMES, PRIMARY_REF_NONE};

use super::context::Context;
use super::form::HeaderForm;
use super::{
    film_grain, filters, frame_size, global_motion, modes, quant, segmentation, tile_info,
};
use crate::bits::{BitWriter, bad};
use crate::error::Result;

/// `uncompressed_header()`, 5.9.2.
///
/// # Errors
/// A value has no code here: it does not fit, or differs from what would be inferred.
pub fn uncompressed_header(
    w: &mut BitWriter,
    context: &Context<'_>,
    header: &UncompressedHeader,
    form: &HeaderForm,
) -> Result<()> {
    match header {
        UncompressedHeader::ShowExisting(shown) => {
            if context.sequence.reduced_still_picture_header {
                return Err(bad("show_existing_frame", 1, "a reduced header has one frame"));
            }
            w.flag(true);
            show_existing_frame(w, context.sequence, shown)
        }
        UncompressedHeader::Frame(header) => {
            kind(w, context.sequence, header)?;
            general(w, context, header, form)?;
            match header.frame_type.is_intra() {
                true => intra_frame(w, context, header)?,
                false => inter_frame(w, context, header)?,
            }
            rest(w, context, header, form)
        }
    }
}

fn show_existing_frame(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    shown: &ShowExistingFrame,
) -> Result<()> {
    w.f(3, shown.frame_to_show_map_idx.index() as u32, "frame_to_show_map_idx")?;
    temporal_point_info(w, sequence, shown.frame_presentation_time)?;
    match (sequence.frame_id_numbers, shown.display_frame_id) {
        (Some(numbers), Some(id)) => w.f(numbers.id_len(), id, "display_frame_id"),
        (None, None) => Ok(()),
        (_, id) => Err(bad("display_frame_id", id.unwrap_or(0), "it is there with frame ids only")),
    }
}

/// `temporal_point_info()`, 5.9.31, where the sequence has it.
fn temporal_point_info(
    w: &mut BitWriter,
    sequence: &SequenceHeader,
    time: Option<u32>,
) -> Result<()> {
    let equal = sequence.timing_info.is_some_and(|t| t.num_ticks_per_picture_minus_1.is_some());
    match (sequence.decoder_model_info.filter(|_| !equal), time) {
        (Some(model), Some(time)) => {
            let n = u32::from(model.frame_presentation_time_length_minus_1) + 1;
            w.f(n, time, "frame_presentation_time")
        }
        (None, None) => Ok(()),
        (_, time) => {
            let rule = "it is there with a decoder model and without an equal_picture_interval";
            Err(bad("frame_presentation_time", time.unwrap_or(0), rule))
        }
    }
}

/// 5.9.2 up to `error_resilient_mode`.
fn kind(w: &mut BitWriter, sequence: &SequenceHeader, h: &FrameHeader) -> Result<()> {
    if sequence.reduced_still_picture_header {
        return Ok(());
    }
    w.flag(false); // show_existing_frame
    w.f(2, h.frame_type as u32, "frame_type")?;
    w.flag(h.show_frame);
    match h.show_frame {
        true => temporal_point_info(w, sequence, h.frame_presentation_time)?,
        false => w.flag(h.showable_frame),
    }
    let shown_key = h.frame_type == FrameType::Key && h.show_frame;
    if h.frame_type != FrameType::Switch && !shown_key {
        w.flag(h.error_resilient_mode);
    }
    Ok(())
}

/// 5.9.2 from `disable_cdf_update` to `ref_order_hint`.
fn general(
    w: &mut BitWriter,
    context: &Context<'_>,
    h: &FrameHeader,
    form: &HeaderForm,
) -> Result<()> {
    let sequence = context.sequence;
    w.flag(h.disable_cdf_update);
    let intra = h.frame_type.is_intra();
    if sequence.seq_force_screen_content_tools == 2 {
        w.flag(h.allow_screen_content_tools);
    }
    if h.allow_screen_content_tools && sequence.seq_force_integer_mv == 2 {
        w.flag(if intra { form.force_integer_mv } else { h.force_integer_mv });
    }
    if let Some(numbers) = sequence.frame_id_numbers {
        w.f(numbers.id_len(), h.current_frame_id, "current_frame_id")?;
    }
    if h.frame_type != FrameType::Switch && !sequence.reduced_still_picture_header {
        w.flag(h.frame_size_override_flag);
    }
    w.f(sequence.order_hint_bits(), h.order_hint, "order_hint")?;
    match intra || h.error_resilient_mode {
        true if h.primary_ref_frame != PRIMARY_REF_NONE => {
            let rule = "intra frames and error_resilient_mode have none";
            return Err(bad("primary_ref_frame", h.primary_ref_frame, rule));
        }
        true => {}
        false => w.f(3, h.primary_ref_frame, "primary_ref_frame")?,
    }
    buffer_removal_times(w, context, h)?;
    let all_frames =
        h.frame_type == FrameType::Switch || h.frame_type == FrameType::Key && h.show_frame;
    match all_frames {
        true if h.refresh_frame_flags != 0xff => {
            let rule = "a switch frame and a shown key frame refresh all slots";
            return Err(bad("refresh_frame_flags", h.refresh_frame_flags, rule));
        }
        true => {}
        false if h.frame_type == FrameType::IntraOnly && h.refresh_frame_flags == 0xff => {
            let rule = "an intra-only frame does not refresh all slots";
            return Err(bad("refresh_frame_flags", h.refresh_frame_flags, rule));
        }
        false => w.f(8, h.refresh_frame_flags, "refresh_frame_flags")?,
    }
    if has_ref_order_hint(sequence, h) {
        let hints = h.ref_order_hint.unwrap_or([0; NUM_REF_FRAMES]);
        for hint in hints {
            w.f(sequence.order_hint_bits(), hint, "ref_order_hint")?;
        }
    }
    Ok(())
}

/// Whether `ref_order_hint` is coded in `h`.
pub(crate) fn has_ref_order_hint(sequence: &SequenceHeader, h: &FrameHeader) -> bool {
    (!h.frame_type.is_intra() || h.refresh_frame_flags != 0xff)
        && h.error_resilient_mode
        && sequence.enable_order_hint
}

fn buffer_removal_times(w: &mut BitWriter, context: &Context<'_>, h: &FrameHeader) -> Result<()> {
    let Some(model) = &context.sequence.decoder_model_info else { return Ok(()) };
    w.flag(h.buffer_removal_time_present_flag);
    if !h.buffer_removal_time_present_flag {
        return Ok(());
    }
    for (op_num, point) in (0u8..).zip(&context.sequence.operating_points) {
        let idc = u32::from(point.operating_point_idc);
        let in_layers = (idc >> context.temporal_id) & 1 == 1
            && (idc >> (u32::from(context.spatial_id) + 8)) & 1 == 1;
        if point.operating_parameters_info.is_some() && (idc == 0 || in_layers) {
            let of_point = h.buffer_removal_time.iter().find(|(op, _)| *op == op_num);
            let n = u32::from(model.buffer_removal_time_length_minus_1) + 1;
            w.f(n, of_point.map_or(0, |(_, time)| *time), "buffer_removal_time")?;
        }
    }
    Ok(())
}

fn intra_frame(w: &mut BitWriter, context: &Context<'_>, h: &FrameHeader) -> Result<()> {
    frame_size::frame_and_render_size(w, context.sequence, h)?;
    let size = &h.frame_size;
    if h.allow_screen_content_tools && size.upscaled_width == size.frame_width {
        w.flag(h.allow_intrabc);
    }
    Ok(())
}

fn inter_frame(w: &mut BitWriter, context: &Context<'_>, h: &FrameHeader) -> Result<()> {
    let sequence = context.sequence;
    let Some(slots) = &h.ref_frame_idx else {
        return Err(bad("ref_frame_idx", -1, "an inter frame has seven"));
    };
    if sequence.enable_order_hint {
        w.flag(h.frame_refs_short_signaling);
        if h.frame_refs_short_signaling {
            w.f(3, slots[0].index() as u32, "last_frame_idx")?;
            w.f(3, slots[3].index() as u32, "gold_frame_idx")?;
        }
    }
    for (i, slot) in slots.iter().enumerate() {
        if !(sequence.enable_order_hint && h.frame_refs_short_signaling) {
            w.f(3, slot.index() as u32, "ref_frame_idx")?;
        }
        if let Some(numbers) = sequence.frame_id_numbers {
            let n = u32::from(numbers.delta_frame_id_length_minus_2) + 2;
            let delta = h.delta_frame_id_minus_1.map_or(0, |deltas| deltas[i]);
            w.f(n, delta, "delta_frame_id_minus_1")?;
        }
    }
    match h.frame_size_override_flag && !h.error_resilient_mode {
        true => frame_size::frame_size_with_refs(w, context, h)?,
        false => frame_size::frame_and_render_size(w, sequence, h)?,
    }
    if !h.force_integer_mv {
        w.flag(h.allow_high_precision_mv);
    }
    w.flag(h.is_filter_switchable);
    if !h.is_filter_switchable {
        w.f(2, h.interpolation_filter, "interpolation_filter")?;
    }
    w.flag(h.is_motion_mode_switchable);
    if !h.error_resilient_mode && sequence.enable_ref_frame_mvs {
        w.flag(h.use_ref_frame_mvs);
    } else if h.use_ref_frame_mvs {
        return Err(bad("use_ref_frame_mvs", 1, "not with error_resilient_mode"));
    }
    Ok(())
}

/// 5.9.2 from `disable_frame_end_update_cdf` to the end.
fn rest(
    w: &mut BitWriter,
    context: &Context<'_>,
    h: &FrameHeader,
    form: &HeaderForm,
) -> Result<()> {
    let sequence = context.sequence;
    if !sequence.reduced_still_picture_header && !h.disable_cdf_update {
        w.flag(h.disable_frame_end_update_cdf);
    }
    // load_previous(), 7.21; without a primary reference frame setup_past_independence(), 7.20.
    let previous = h
        .ref_frame_idx
        .and_then(|slots| slots.get(usize::from(h.primary_ref_frame)).copied())
        .and_then(|slot| context.references.get(slot))
        .map(|saved| &*saved.header);
    tile_info::tile_info(w, sequence.use_128x128_superblock, h)?;
    quant::quantization_params(w, &sequence.color_config, &h.quantization_params, form)?;
    segmentation::segmentation_params(w, h, form)?;
    modes::delta_q_params(w, h)?;
    modes::delta_lf_params(w, h)?;
    filters::loop_filter_params(w, sequence, h, previous.map(|p| &p.loop_filter_params))?;
    filters::cdef_params(w, sequence, h)?;
    filters::lr_params(w, sequence, h)?;
    modes::read_tx_mode(w, h)?;
    let intra = h.frame_type.is_intra();
    if !intra {
        w.flag(h.reference_select);
    }
    if h.skip_mode_frame.is_some() {
        w.flag(h.skip_mode_present);
    }
    if !intra && !h.error_resilient_mode && sequence.enable_warped_motion {
        w.flag(h.allow_warped_motion);
    } else if h.allow_warped_motion {
        return Err(bad("allow_warped_motion", 1, "not with error_resilient_mode"));
    }
    w.flag(h.reduced_tx_set);
    if !intra {
        global_motion::global_motion_params(w, h, previous.map(|p| &p.global_motion_params))?;
    }
    if sequence.film_grain_params_present && (h.show_frame || h.showable_frame) {
        film_grain::film_grain_params(w, sequence, h, form)?;
    }
    Ok(())
}
