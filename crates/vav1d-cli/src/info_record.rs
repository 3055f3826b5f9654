//! The records of `vav1d info`.

use serde_json::{Value, json};

use super::info_read::{Frame, Info};
use super::json::Track;
use vav1d::color::names;
use vav1d::syntax::sequence::{OperatingPoint, SequenceHeader};
use vav1d::vk::Profile;
use vav1d::vk::names::level_name;

/// The profile's name, A.2.
pub(super) fn profile_word(seq_profile: u8) -> &'static str {
    match seq_profile {
        0 => "Main",
        1 => "High",
        _ => "Professional",
    }
}

/// The whole of a stream.
pub(super) fn stream(file: &str, info: &Info) -> Value {
    let mut data = json!({
        "file": file, "file_bytes": info.file_bytes, "bytes": info.bytes, "units": info.units,
        "duration": info.duration(), "frame_rate": info.frame_rate(),
        "bit_rate": info.bit_rate(),
        "frames": info.frames, "shown": info.shown, "shown_existing": info.shown_existing,
        "frame_sizes": info.sizes, "render_sizes": info.render_sizes,
        "tiles": info.tiles.iter().map(|((columns, rows), frames)| json!({
            "columns": columns, "rows": rows, "frames": frames,
        })).collect::<Vec<_>>(),
        "others": info.others.iter().map(Track::of).collect::<Vec<_>>(),
        "features": info.feature_names(),
        "mastering_display": info.mastering_display.map(|mdcv| json!({
            "primary_chromaticity": mdcv.primary_chromaticity,
            "white_point_chromaticity": mdcv.white_point_chromaticity,
            "luminance_max": mdcv.luminance_max, "luminance_min": mdcv.luminance_min,
        })),
        "content_light_level": info.content_light_level.map(|(max_cll, max_fall)| json!({
            "max_cll": max_cll, "max_fall": max_fall,
        })),
        "itut_t35": info.itut_t35.iter().map(|(country, messages)| json!({
            "itu_t_t35_country_code": country, "messages": messages,
        })).collect::<Vec<_>>(),
        "timecodes": info.timecodes,
        "needs": needs(info),
    });
    let source = info.source.as_ref().map(|source| {
        json!({
            "container": source.container, "time_base": source.time_base,
            "rotation": source.rotation, "mirrored": source.is_mirrored,
            "crop": source.crop.map(|crop| [crop.x, crop.y, crop.width, crop.height]),
            "pixel_aspect": source.pixel_aspect, "alpha": source.has_alpha,
            "grid": source.grid.map(|grid| (grid.rows, grid.columns)),
        })
    });
    if let (Some(data), Some(Value::Object(source))) = (data.as_object_mut(), source) {
        data.extend(source);
    }
    data
}

fn needs(info: &Info) -> Value {
    let mut profiles: Vec<Value> = Vec::new();
    for sequence in &info.sequences {
        let profile = Profile::of(sequence, sequence.film_grain_params_present);
        let value = json!({
            "std_profile": profile.std_profile_name(),
            "chroma_subsampling": profile.chroma_subsampling_name(),
            "bit_depth": profile.bit_depth_name(),
            "film_grain_support": profile.film_grain,
            "max_level": sequence.operating_points.first()
                .map(|point| level_name(point.seq_level_idx.into())),
        });
        if !profiles.contains(&value) {
            profiles.push(value);
        }
    }
    let needs = &info.needs;
    json!({
        "profiles": profiles, "dpb_slots": needs.dpb_slots,
        "active_references": needs.active_references, "min_coded_extent": needs.min_extent,
        "max_coded_extent": needs.max_extent, "tiles": needs.tiles,
        "bitstream_bytes": needs.bitstream_bytes,
    })
}

/// A sequence header.
pub(super) fn sequence(sequence: &SequenceHeader) -> Value {
    let color = &sequence.color_config;
    let (width, height) = sequence.max_frame_size();
    let point = |point: &OperatingPoint| {
        json!({
            "operating_point_idc": point.operating_point_idc,
            "seq_level_idx": point.seq_level_idx,
            "level": level_name(point.seq_level_idx.into()),
            "seq_tier": u8::from(point.seq_tier),
        })
    };
    json!({
        "seq_profile": sequence.seq_profile,
        "profile": profile_word(sequence.seq_profile),
        "operating_points": sequence.operating_points.iter().map(point).collect::<Vec<_>>(),
        "max_frame_width": width, "max_frame_height": height,
        "bit_depth": color.bit_depth(), "chroma": color.format().chroma.to_string(),
        "color_primaries": color.color_primaries,
        "transfer_characteristics": color.transfer_characteristics,
        "matrix_coefficients": color.matrix_coefficients,
        "color": names::words(color), "full_range": color.color_range,
        "film_grain_params_present": sequence.film_grain_params_present,
        "still_picture": sequence.still_picture,
        "timing_info": sequence.timing_info.map(|timing| json!({
            "num_units_in_display_tick": timing.num_units_in_display_tick,
            "time_scale": timing.time_scale,
            "num_ticks_per_picture_minus_1": timing.num_ticks_per_picture_minus_1,
        })),
    })
}

/// A frame, in decoding order.
pub(super) fn frame(frame: &Frame) -> Value {
    json!({
        "frame": frame.frame, "unit": frame.unit, "frame_type": frame.frame_type,
        "width": frame.size.0, "height": frame.size.1, "superres_denom": frame.superres_denom,
        "spatial_id": frame.layer.0, "temporal_id": frame.layer.1,
        "show_frame": frame.show_frame, "outputs": frame.outputs,
        "order_hint": frame.order_hint, "refresh_frame_flags": frame.refresh_frame_flags,
        "references": frame.references, "primary_ref_frame": frame.primary_ref_frame,
        "base_q_idx": frame.base_q_idx, "tile_cols": frame.tiles.0, "tile_rows": frame.tiles.1,
        "bytes": frame.bytes, "apply_grain": frame.film_grain, "features": frame.features,
    })
}
