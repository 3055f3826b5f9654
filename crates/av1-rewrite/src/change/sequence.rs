//! Sequence headers: where they are, and what they say that decodes nothing.

use std::sync::Arc;

use av1_syntax::syntax::MAX_OPERATING_POINTS;
use av1_syntax::syntax::frame::{BufferRemovalTimes, FrameHeader, FrameType};
use av1_syntax::syntax::sequence::{
    DecoderModelInfo, OperatingParametersInfo, OperatingPoint, SequenceHeader, TimingInfo,
};

use super::{Change, is_layered, not, number, word};
use crate::error::Result;
use crate::random::Random;
use crate::slots::{State, each};
use crate::stream::{Content, Item, Layer, Stream, Wrap};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "sequence-headers",
        &["keys", "all", "first"],
        "a sequence header before each key frame, in each temporal unit, or where there is a new one",
        sequence_headers,
    ),
    Change::neutral(
        "operating-points",
        &["2", "5", "9"],
        "so many operating points, the first one as it was",
        operating_points,
    ),
    Change::neutral(
        "timing",
        &["model", "equal", "info", "off"],
        "timing_info, with equal intervals, with a decoder model and the times of frames, or none",
        timing,
    ),
    Change::neutral(
        "display-delay",
        &["9", "0"],
        "initial_display_delay_minus_1 of the first operating point",
        display_delay,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Keys,
    All,
    First,
}

fn sequence_headers(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let words = [("keys", Where::Keys), ("all", Where::All), ("first", Where::First)];
    let place = word("sequence-headers", value, &words)?;
    let mut last: Option<Arc<SequenceHeader>> = None;
    for unit in &mut stream.units {
        let old = std::mem::take(&mut unit.items);
        let mut has_one = false;
        for item in old {
            if let Item::Obu(_, Content::SequenceHeader(header)) = &item {
                let is_known = last.replace(Arc::clone(header)).is_some_and(|last| last == *header);
                if is_known && place == Where::First {
                    continue;
                }
                has_one = true;
            }
            let is_wanted = match (&item, place) {
                (Item::Frame(frame), Where::Keys) => {
                    frame.header.frame_type == FrameType::Key && frame.header.show_frame
                }
                (Item::Frame(_) | Item::Obu(_, Content::ShowExisting(_)), Where::All) => true,
                _ => false,
            };
            if let Some(header) = last.as_ref().filter(|_| is_wanted && !has_one) {
                let content = Content::SequenceHeader(Arc::clone(header));
                unit.items.push(Item::Obu(Wrap::PLAIN, content));
                has_one = true;
            }
            unit.items.push(item);
        }
    }
    Ok(())
}

/// The sequence headers, if none is a reduced one.
fn full<'a>(stream: &'a mut Stream, change: &'static str) -> Result<Vec<&'a mut SequenceHeader>> {
    let headers: Vec<_> = stream.sequence_headers_mut().map(Arc::make_mut).collect();
    match headers.iter().any(|header| header.reduced_still_picture_header) {
        true => Err(not(change, "a reduced still picture header says none of it")),
        false => Ok(headers),
    }
}

fn operating_points(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let count = number("operating-points", value, 1..=32)? as usize;
    if is_layered(stream) {
        return Err(not("operating-points", "the stream has layers, and its own points"));
    }
    for sequence in full(stream, "operating-points")? {
        sequence.operating_points.truncate(count);
        // Temporal layers up to one, of spatial layers up to another: none twice.
        let layers = |count: u16| (2 << count) - 1;
        let idcs = (0..4).flat_map(|s| (0..8).map(move |t| (layers(s) << 8) | layers(t)));
        for idc in idcs {
            let points = &mut sequence.operating_points;
            let is_new = points.iter().all(|point| point.operating_point_idc != idc);
            if points.len() < count && is_new {
                points.push(OperatingPoint {
                    operating_point_idc: idc,
                    seq_level_idx: points.first().map_or(31, |first| first.seq_level_idx),
                    seq_tier: points.first().is_some_and(|first| first.seq_tier),
                    operating_parameters_info: None,
                    initial_display_delay_minus_1: None,
                });
            }
        }
    }
    Ok(())
}

const TIMING: TimingInfo = TimingInfo {
    num_units_in_display_tick: 1,
    time_scale: 25,
    num_ticks_per_picture_minus_1: None,
};
const MODEL: DecoderModelInfo = DecoderModelInfo {
    buffer_delay_length_minus_1: 19,
    num_units_in_decoding_tick: 1,
    buffer_removal_time_length_minus_1: 20,
    frame_presentation_time_length_minus_1: 17,
};
const PARAMETERS: OperatingParametersInfo = OperatingParametersInfo {
    decoder_buffer_delay: 22_500,
    encoder_buffer_delay: 67_500,
    low_delay_mode_flag: false,
};

fn timing(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let equal = TimingInfo { num_ticks_per_picture_minus_1: Some(0), ..TIMING };
    let words = [
        ("info", (Some(TIMING), None)),
        ("equal", (Some(equal), None)),
        ("model", (Some(TIMING), Some(MODEL))),
        ("off", (None, None)),
    ];
    let (timing, model) = word("timing", value, &words)?;
    // Within a sequence only what the parameters say may change (7.5).
    let mut has_parameters = [true; MAX_OPERATING_POINTS];
    has_parameters.iter_mut().skip(1).for_each(|has| *has = random.one_in(2));
    for sequence in full(stream, "timing")? {
        sequence.timing_info = timing;
        sequence.decoder_model_info = model;
        for (point, has) in sequence.operating_points.iter_mut().zip(has_parameters) {
            point.operating_parameters_info = (model.is_some() && has).then_some(PARAMETERS);
        }
    }
    let mut pictures = 0;
    each(stream, |item, state| {
        match item {
            Item::Obu(_, Content::ShowExisting(shown)) => {
                shown.frame_presentation_time = model.map(|_| pictures);
                pictures += 1;
            }
            Item::Obu(..) => {}
            Item::Frame(frame) => {
                let layer = frame.layer();
                let header = Arc::make_mut(&mut frame.header);
                let time = model.filter(|_| header.show_frame).map(|_| pictures);
                header.frame_presentation_time = time;
                pictures += u32::from(header.show_frame);
                let is_meant = model.is_some() && random.one_in(2);
                removal_times(header, is_meant, layer, state);
            }
        }
        Ok(())
    })
}

/// `buffer_removal_time` of every operating point that has a model and the frame, if it is meant.
fn removal_times(header: &mut FrameHeader, is_meant: bool, layer: Option<Layer>, state: &State) {
    header.buffer_removal_time_present_flag = is_meant;
    header.buffer_removal_time = BufferRemovalTimes::new();
    let Some(sequence) = state.sequence.as_ref().filter(|_| is_meant) else { return };
    let (temporal_id, spatial_id) = layer.map_or((0, 0), |l| (l.temporal_id, l.spatial_id));
    for (op_num, point) in (0u8..).zip(&sequence.operating_points) {
        let idc = u32::from(point.operating_point_idc);
        let in_layers =
            (idc >> temporal_id) & 1 == 1 && (idc >> (u32::from(spatial_id) + 8)) & 1 == 1;
        if point.operating_parameters_info.is_some() && (idc == 0 || in_layers) {
            // There are no more points than fit.
            let _ = header
                .buffer_removal_time
                .try_push((op_num, 3600 * state.frames as u32 % (1 << 20)));
        }
    }
}

fn display_delay(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let delay = number("display-delay", value, 0..=9)? as u8;
    for sequence in full(stream, "display-delay")? {
        sequence.initial_display_delay_present_flag = true;
        if let Some(first) = sequence.operating_points.first_mut() {
            first.initial_display_delay_minus_1 = Some(delay);
        }
    }
    Ok(())
}
