//! The reads of the frame header in their order: specification 5.9.2.

use super::frame::{
    BufferRemovalTimes, FrameHeader, FrameType, ShowExistingFrame, UncompressedHeader,
};
use crate::bits::BitReader;
use crate::error::StreamError;
use crate::syntax::film_grain::{self, FilmGrainParams};
use crate::syntax::filters::{self, Gates};
use crate::syntax::frame_refs;
use crate::syntax::frame_size::{self, FrameSize};
use crate::syntax::global_motion::{self, GlobalMotionParams};
use crate::syntax::modes;
use crate::syntax::quant::{self, QuantizationParams};
use crate::syntax::references::References;
use crate::syntax::segmentation::{self, SegmentationParams};
use crate::syntax::sequence::SequenceHeader;
use crate::syntax::tile_info;
use crate::syntax::{
    MAX_SEGMENTS, NUM_REF_FRAMES, PRIMARY_REF_NONE, REFS_PER_FRAME, RefSlot, TOTAL_REFS_PER_FRAME,
};

type Result<T> = std::result::Result<T, StreamError>;

/// `uncompressed_header()`, 5.9.2, of an OBU of layer (`temporal_id`, `spatial_id`).
///
/// # Errors
/// The data end early, a value is not allowed, or a reference is missing.
pub fn uncompressed_header(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    references: &References,
    temporal_id: u8,
    spatial_id: u8,
) -> Result<UncompressedHeader> {
    r.table("uncompressed_header", "5.9.2");
    if !sequence.reduced_still_picture_header && r.flag("show_existing_frame")? {
        return show_existing_frame(r, sequence).map(UncompressedHeader::ShowExisting);
    }
    let kind = kind(r, sequence)?;
    let general = general(r, sequence, &kind, (temporal_id, spatial_id))?;
    let motion = match kind.frame_type.is_intra() {
        true => intra_frame(r, sequence, &general)?,
        false => inter_frame(r, sequence, references, &kind, &general)?,
    };
    rest(r, sequence, references, kind, general, motion).map(UncompressedHeader::Frame)
}

fn show_existing_frame(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
) -> Result<ShowExistingFrame> {
    let idx = r.f(3, "frame_to_show_map_idx")?;
    let frame_presentation_time = temporal_point_info(r, sequence)?;
    let display_frame_id = match sequence.frame_id_numbers {
        Some(numbers) => Some(r.f(numbers.id_len(), "display_frame_id")?),
        None => None,
    };
    Ok(ShowExistingFrame {
        frame_to_show_map_idx: RefSlot::from_low_bits(idx.into()),
        frame_presentation_time,
        display_frame_id,
    })
}

/// `temporal_point_info()`, 5.9.31, where the sequence has it.
fn temporal_point_info(r: &mut BitReader<'_>, sequence: &SequenceHeader) -> Result<Option<u32>> {
    let equal = sequence.timing_info.is_some_and(|t| t.num_ticks_per_picture_minus_1.is_some());
    match &sequence.decoder_model_info {
        Some(model) if !equal => {
            r.table("temporal_point_info", "5.9.31");
            let n = u32::from(model.frame_presentation_time_length_minus_1) + 1;
            let time = r.f(n, "frame_presentation_time")?;
            r.table("uncompressed_header", "5.9.2");
            Ok(Some(time))
        }
        _ => Ok(None),
    }
}

/// What kind of frame it is: 5.9.2 up to `error_resilient_mode`.
struct Kind {
    frame_type: FrameType,
    show_frame: bool,
    showable_frame: bool,
    frame_presentation_time: Option<u32>,
    error_resilient_mode: bool,
}

fn kind(r: &mut BitReader<'_>, sequence: &SequenceHeader) -> Result<Kind> {
    if sequence.reduced_still_picture_header {
        return Ok(Kind {
            frame_type: FrameType::Key,
            show_frame: true,
            showable_frame: false,
            frame_presentation_time: None,
            error_resilient_mode: true,
        });
    }
    let frame_type = match r.f(2, "frame_type")? {
        0 => FrameType::Key,
        1 => FrameType::Inter,
        2 => FrameType::IntraOnly,
        _ => FrameType::Switch,
    };
    let show_frame = r.flag("show_frame")?;
    let frame_presentation_time = match show_frame {
        true => temporal_point_info(r, sequence)?,
        false => None,
    };
    let showable_frame = match show_frame {
        true => frame_type != FrameType::Key,
        false => r.flag("showable_frame")?,
    };
    let shown_key = frame_type == FrameType::Key && show_frame;
    let error_resilient_mode =
        frame_type == FrameType::Switch || shown_key || r.flag("error_resilient_mode")?;
    Ok(Kind {
        frame_type,
        show_frame,
        showable_frame,
        frame_presentation_time,
        error_resilient_mode,
    })
}

/// 5.9.2 from `disable_cdf_update` to `ref_order_hint`.
struct General {
    disable_cdf_update: bool,
    allow_screen_content_tools: bool,
    force_integer_mv: bool,
    current_frame_id: u32,
    frame_size_override_flag: bool,
    order_hint: u8,
    primary_ref_frame: u8,
    buffer_removal_time_present_flag: bool,
    buffer_removal_time: BufferRemovalTimes,
    refresh_frame_flags: u8,
    ref_order_hint: Option<[u8; NUM_REF_FRAMES]>,
}

fn general(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    kind: &Kind,
    layer: (u8, u8),
) -> Result<General> {
    let disable_cdf_update = r.flag("disable_cdf_update")?;
    let allow_screen_content_tools = match sequence.seq_force_screen_content_tools {
        2 => r.flag("allow_screen_content_tools")?,
        forced => forced == 1,
    };
    let force_integer_mv = match (allow_screen_content_tools, sequence.seq_force_integer_mv) {
        (false, _) => false,
        (true, 2) => r.flag("force_integer_mv")?,
        (true, forced) => forced == 1,
    };
    let current_frame_id = match sequence.frame_id_numbers {
        Some(numbers) => r.f(numbers.id_len(), "current_frame_id")?,
        None => 0,
    };
    let frame_size_override_flag = kind.frame_type == FrameType::Switch
        || !sequence.reduced_still_picture_header && r.flag("frame_size_override_flag")?;
    let order_hint = r.f8(sequence.order_hint_bits(), "order_hint")?;
    let intra = kind.frame_type.is_intra();
    let primary_ref_frame = match intra || kind.error_resilient_mode {
        true => PRIMARY_REF_NONE,
        false => r.f8(3, "primary_ref_frame")?,
    };
    let (buffer_removal_time_present_flag, buffer_removal_time) =
        buffer_removal_times(r, sequence, layer)?;
    let all_frames = kind.frame_type == FrameType::Switch
        || kind.frame_type == FrameType::Key && kind.show_frame;
    let refresh_frame_flags = if all_frames { 0xff } else { r.f8(8, "refresh_frame_flags")? };
    if kind.frame_type == FrameType::IntraOnly && refresh_frame_flags == 0xff {
        let rule = "an intra-only frame does not refresh all slots";
        return Err(r.bad("refresh_frame_flags", refresh_frame_flags.into(), rule));
    }
    let mut ref_order_hint = None;
    if (!intra || refresh_frame_flags != 0xff)
        && kind.error_resilient_mode
        && sequence.enable_order_hint
    {
        let hints = ref_order_hint.insert([0; NUM_REF_FRAMES]);
        for (i, hint) in hints.iter_mut().enumerate() {
            *hint = r.f_at(sequence.order_hint_bits(), "ref_order_hint", i)? as u8;
        }
    }
    Ok(General {
        disable_cdf_update,
        allow_screen_content_tools,
        force_integer_mv: force_integer_mv || intra,
        current_frame_id,
        frame_size_override_flag,
        order_hint,
        primary_ref_frame,
        buffer_removal_time_present_flag,
        buffer_removal_time,
        refresh_frame_flags,
        ref_order_hint,
    })
}

fn buffer_removal_times(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    (temporal_id, spatial_id): (u8, u8),
) -> Result<(bool, BufferRemovalTimes)> {
    let mut times = BufferRemovalTimes::new();
    let Some(model) = &sequence.decoder_model_info else { return Ok((false, times)) };
    let present = r.flag("buffer_removal_time_present_flag")?;
    if present {
        for (op_num, point) in (0u8..).zip(&sequence.operating_points) {
            if point.operating_parameters_info.is_none() {
                continue;
            }
            let idc = u32::from(point.operating_point_idc);
            let in_temporal_layer = (idc >> temporal_id) & 1 == 1;
            let in_spatial_layer = (idc >> (u32::from(spatial_id) + 8)) & 1 == 1;
            if idc == 0 || (in_temporal_layer && in_spatial_layer) {
                let n = u32::from(model.buffer_removal_time_length_minus_1) + 1;
                let time = r.f_at(n, "buffer_removal_time", usize::from(op_num))?;
                // A sequence header has no more operating points than fit.
                let _ = times.try_push((op_num, time));
            }
        }
    }
    Ok((present, times))
}

/// 5.9.2 from `frame_size()` to `use_ref_frame_mvs`, intra or inter.
struct Motion {
    frame_size: FrameSize,
    allow_intrabc: bool,
    frame_refs_short_signaling: bool,
    ref_frame_idx: Option<[RefSlot; REFS_PER_FRAME]>,
    delta_frame_id_minus_1: Option<[u32; REFS_PER_FRAME]>,
    expected_frame_id: [u32; REFS_PER_FRAME],
    allow_high_precision_mv: bool,
    is_filter_switchable: bool,
    interpolation_filter: u8,
    is_motion_mode_switchable: bool,
    use_ref_frame_mvs: bool,
    order_hints: [u8; TOTAL_REFS_PER_FRAME],
    ref_frame_sign_bias: [bool; TOTAL_REFS_PER_FRAME],
}

impl Motion {
    /// A frame without references.
    fn intra(frame_size: FrameSize, allow_intrabc: bool) -> Self {
        Self {
            frame_size,
            allow_intrabc,
            frame_refs_short_signaling: false,
            ref_frame_idx: None,
            delta_frame_id_minus_1: None,
            expected_frame_id: [0; REFS_PER_FRAME],
            allow_high_precision_mv: false,
            is_filter_switchable: false,
            interpolation_filter: 0,
            is_motion_mode_switchable: false,
            use_ref_frame_mvs: false,
            order_hints: [0; TOTAL_REFS_PER_FRAME],
            ref_frame_sign_bias: [false; TOTAL_REFS_PER_FRAME],
        }
    }
}

fn intra_frame(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    general: &General,
) -> Result<Motion> {
    let size = frame_size::frame_and_render_size(r, sequence, general.frame_size_override_flag)?;
    r.table("uncompressed_header", "5.9.2");
    let allow_intrabc = general.allow_screen_content_tools
        && size.upscaled_width == size.frame_width
        && r.flag("allow_intrabc")?;
    Ok(Motion::intra(size, allow_intrabc))
}

fn inter_frame(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    references: &References,
    kind: &Kind,
    general: &General,
) -> Result<Motion> {
    let refs = frame_refs::frame_refs(
        r,
        sequence,
        references,
        (general.order_hint, general.current_frame_id, general.ref_order_hint.as_ref()),
    )?;
    let frame_size = match general.frame_size_override_flag && !kind.error_resilient_mode {
        true => frame_size::frame_size_with_refs(r, sequence, &refs.ref_frame_idx, |slot| {
            references.get(slot).map(|saved| saved.header.frame_size)
        })?,
        false => frame_size::frame_and_render_size(r, sequence, general.frame_size_override_flag)?,
    };
    r.table("uncompressed_header", "5.9.2");
    frame_refs::check_sizes(r, references, &refs.ref_frame_idx, &frame_size)?;
    let mut motion = Motion::intra(frame_size, false);
    motion.allow_high_precision_mv =
        !general.force_integer_mv && r.flag("allow_high_precision_mv")?;
    // read_interpolation_filter(), 5.9.10.
    motion.is_filter_switchable = r.flag("is_filter_switchable")?;
    motion.interpolation_filter = match motion.is_filter_switchable {
        true => 4,
        false => r.f8(2, "interpolation_filter")?,
    };
    motion.is_motion_mode_switchable = r.flag("is_motion_mode_switchable")?;
    motion.use_ref_frame_mvs = !kind.error_resilient_mode
        && sequence.enable_ref_frame_mvs
        && r.flag("use_ref_frame_mvs")?;
    for (name, slot) in (1..).zip(&refs.ref_frame_idx) {
        let hint = references.get(*slot).map_or(0, |saved| saved.header.order_hint);
        motion.order_hints[name] = hint;
        motion.ref_frame_sign_bias[name] =
            modes::get_relative_dist(sequence, hint, general.order_hint) > 0;
    }
    motion.frame_refs_short_signaling = refs.frame_refs_short_signaling;
    motion.ref_frame_idx = Some(refs.ref_frame_idx);
    motion.delta_frame_id_minus_1 = refs.delta_frame_id_minus_1;
    motion.expected_frame_id = refs.expected_frame_id;
    Ok(motion)
}

/// 5.9.2 from `disable_frame_end_update_cdf` to the end.
fn rest(
    r: &mut BitReader<'_>,
    sequence: &SequenceHeader,
    references: &References,
    kind: Kind,
    general: General,
    motion: Motion,
) -> Result<FrameHeader> {
    let disable_frame_end_update_cdf = sequence.reduced_still_picture_header
        || general.disable_cdf_update
        || r.flag("disable_frame_end_update_cdf")?;
    // load_previous(), 7.21; without a primary reference frame setup_past_independence(), 7.20.
    let saved = |slot| references.get(slot).map(|saved| &*saved.header);
    let previous = motion
        .ref_frame_idx
        .and_then(|idx| idx.get(usize::from(general.primary_ref_frame)).copied())
        .and_then(saved);
    let (color, intra) = (&sequence.color_config, kind.frame_type.is_intra());
    let tile_info = tile_info::tile_info(r, sequence.use_128x128_superblock, &motion.frame_size)?;
    let quantization_params = quant::quantization_params(r, color)?;
    let segmentation_params = segmentation::segmentation_params(
        r,
        general.primary_ref_frame,
        &previous.map(|h| h.segmentation_params).unwrap_or_default(),
    )?;
    let delta_q_params = modes::delta_q_params(r, quantization_params.base_q_idx)?;
    let delta_lf_params = modes::delta_lf_params(r, &delta_q_params, motion.allow_intrabc)?;
    let coded_lossless = coded_lossless(&quantization_params, &segmentation_params);
    let size = &motion.frame_size;
    let all_lossless = coded_lossless && size.frame_width == size.upscaled_width;
    let gates = Gates { coded_lossless, all_lossless, allow_intrabc: motion.allow_intrabc };
    let loop_filter_params = filters::loop_filter_params(
        r,
        gates,
        color.num_planes(),
        &previous.map(|h| h.loop_filter_params).unwrap_or_default(),
    )?;
    let cdef_params = filters::cdef_params(r, gates, sequence)?;
    let lr_params = filters::lr_params(r, gates, sequence)?;
    let tx_mode = modes::read_tx_mode(r, coded_lossless)?;
    let reference_select = modes::frame_reference_mode(r, kind.frame_type)?;
    let refs = motion.ref_frame_idx.as_ref();
    r.table("skip_mode_params", "5.9.22");
    let skip_mode_frame =
        modes::skip_mode_frame(sequence, general.order_hint, refs, reference_select, |slot| {
            Some(saved(slot)?.order_hint)
        });
    let skip_mode_present = skip_mode_frame.is_some() && r.flag("skip_mode_present")?;
    r.table("uncompressed_header", "5.9.2");
    let warped = !intra && !kind.error_resilient_mode && sequence.enable_warped_motion;
    let allow_warped_motion = warped && r.flag("allow_warped_motion")?;
    let reduced_tx_set = r.flag("reduced_tx_set")?;
    let global_motion_params = match intra {
        true => GlobalMotionParams::default(),
        false => global_motion::global_motion_params(
            r,
            motion.allow_high_precision_mv,
            &previous.map(|h| h.global_motion_params).unwrap_or_default(),
        )?,
    };
    let film_grain_params =
        match sequence.film_grain_params_present && (kind.show_frame || kind.showable_frame) {
            true => film_grain::film_grain_params(r, sequence, kind.frame_type, refs, |slot| {
                Some(saved(slot)?.film_grain_params)
            })?,
            false => FilmGrainParams::default(),
        };
    Ok(FrameHeader {
        frame_type: kind.frame_type,
        show_frame: kind.show_frame,
        showable_frame: kind.showable_frame,
        frame_presentation_time: kind.frame_presentation_time,
        error_resilient_mode: kind.error_resilient_mode,
        disable_cdf_update: general.disable_cdf_update,
        allow_screen_content_tools: general.allow_screen_content_tools,
        force_integer_mv: general.force_integer_mv,
        current_frame_id: general.current_frame_id,
        frame_size_override_flag: general.frame_size_override_flag,
        order_hint: general.order_hint,
        primary_ref_frame: general.primary_ref_frame,
        buffer_removal_time_present_flag: general.buffer_removal_time_present_flag,
        buffer_removal_time: general.buffer_removal_time,
        refresh_frame_flags: general.refresh_frame_flags,
        ref_order_hint: general.ref_order_hint,
        frame_size: motion.frame_size,
        allow_intrabc: motion.allow_intrabc,
        frame_refs_short_signaling: motion.frame_refs_short_signaling,
        ref_frame_idx: motion.ref_frame_idx,
        delta_frame_id_minus_1: motion.delta_frame_id_minus_1,
        expected_frame_id: motion.expected_frame_id,
        allow_high_precision_mv: motion.allow_high_precision_mv,
        is_filter_switchable: motion.is_filter_switchable,
        interpolation_filter: motion.interpolation_filter,
        is_motion_mode_switchable: motion.is_motion_mode_switchable,
        use_ref_frame_mvs: motion.use_ref_frame_mvs,
        order_hints: motion.order_hints,
        ref_frame_sign_bias: motion.ref_frame_sign_bias,
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
    })
}

/// CodedLossless: every segment has a quantiser index of 0 and no delta.
fn coded_lossless(q: &QuantizationParams, s: &SegmentationParams) -> bool {
    let deltas = [q.delta_q_y_dc, q.delta_q_u_dc, q.delta_q_u_ac, q.delta_q_v_dc, q.delta_q_v_ac];
    deltas == [0; 5] && (0..MAX_SEGMENTS).all(|segment| s.qidx(q.base_q_idx, segment) == 0)
}
