//! The record of a step of a plan: values with the names of the specification, and the step's text.

use serde_json::{Value, json};

use vav1d::plan::{FramePlan, SessionSpec, ShowPlan, Step, SurfaceId};

/// The record of `step`.
pub(super) fn of(step: &Step) -> Value {
    let (kind, mut data) = match step {
        Step::Configure(spec) => ("configure", configure(spec)),
        Step::Decode(plan) => ("decode", decode(plan)),
        Step::Show(show) => ("show", shown(show)),
        Step::Release(surface) => ("release", json!({ "surface": surface.0 })),
    };
    if let Some(data) = data.as_object_mut() {
        data.insert("step".to_owned(), json!(kind));
        data.insert("text".to_owned(), json!(step.to_string()));
    }
    data
}

fn configure(spec: &SessionSpec) -> Value {
    let sequence = &spec.sequence;
    let (width, height) = sequence.max_frame_size();
    let format = sequence.color_config.format();
    json!({
        "seq_profile": sequence.seq_profile, "seq_level_idx": spec.seq_level_idx,
        "max_frame_width": width, "max_frame_height": height,
        "chroma": format.chroma.to_string(), "bit_depth": format.bit_depth,
        "use_128x128_superblock": sequence.use_128x128_superblock,
        "film_grain_params_present": sequence.film_grain_params_present,
    })
}

fn decode(plan: &FramePlan) -> Value {
    let header = &plan.header;
    let (size, tiles) = (&header.frame_size, &header.tile_info);
    let surface = |surface: &Option<SurfaceId>| surface.as_ref().map(|surface| surface.0);
    let coded: u64 = plan.bitstream.tile_sizes.iter().map(|size| u64::from(*size)).sum();
    let references = header
        .ref_frame_idx
        .is_some()
        .then(|| plan.references.iter().map(surface).collect::<Vec<_>>());
    json!({
        "frame": plan.frame, "unit": plan.unit, "surface": plan.surface.0,
        "frame_type": header.frame_type.to_string(),
        "width": size.upscaled_width, "height": size.frame_height,
        "superres_denom": size.superres_denom(),
        "spatial_id": plan.spatial_id, "temporal_id": plan.temporal_id,
        "order_hint": header.order_hint, "refresh_frame_flags": header.refresh_frame_flags,
        "references": references, "primary_ref_frame": header.primary_ref_frame,
        "tile_cols": tiles.tile_cols(), "tile_rows": tiles.tile_rows(),
        "bytes": plan.bitstream.range.len(), "tile_bytes": coded,
        "apply_grain": header.film_grain_params.apply_grain,
    })
}

fn shown(show: &ShowPlan) -> Value {
    json!({
        "surface": show.surface.0, "unit": show.unit, "pts": show.pts,
        "show_existing_frame": show.show_existing_frame,
    })
}
