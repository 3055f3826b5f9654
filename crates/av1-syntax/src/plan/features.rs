//! Which coding tools a frame uses, as far as its header tells.

use super::FramePlan;
use crate::syntax::frame::FrameType;

/// A test of a frame, and the feature's name.
type Row = (&'static str, fn(&FramePlan) -> bool);

/// Features in the order of the frame header's syntax.
const FEATURES: &[Row] = &[
    ("hidden_frame", |p| !p.header.show_frame),
    ("hidden_key_frame", |p| p.header.frame_type == FrameType::Key && !p.header.show_frame),
    ("intra_only_frame", |p| p.header.frame_type == FrameType::IntraOnly),
    ("switch_frame", |p| p.header.frame_type == FrameType::Switch),
    ("error_resilient_mode", |p| p.header.error_resilient_mode),
    ("disable_cdf_update", |p| p.header.disable_cdf_update),
    ("allow_screen_content_tools", |p| p.header.allow_screen_content_tools),
    ("force_integer_mv", |p| p.header.force_integer_mv && !p.header.frame_type.is_intra()),
    ("frame_size_override_flag", |p| p.header.frame_size_override_flag),
    ("refresh_frame_flags_0", |p| p.header.refresh_frame_flags == 0),
    ("found_ref", |p| p.header.frame_size.found_ref.is_some()),
    ("render_and_frame_size_different", |p| p.header.frame_size.render_and_frame_size_different),
    ("use_superres", |p| p.header.frame_size.use_superres),
    ("allow_intrabc", |p| p.header.allow_intrabc),
    ("frame_refs_short_signaling", |p| p.header.frame_refs_short_signaling),
    ("allow_high_precision_mv", |p| p.header.allow_high_precision_mv),
    ("is_motion_mode_switchable", |p| p.header.is_motion_mode_switchable),
    ("use_ref_frame_mvs", |p| p.header.use_ref_frame_mvs),
    ("disable_frame_end_update_cdf", |p| p.header.disable_frame_end_update_cdf),
    ("tiles", |p| p.header.tile_info.num_tiles() > 1),
    ("nonuniform_tile_spacing", |p| !p.header.tile_info.uniform_tile_spacing_flag),
    ("context_update_tile_id", |p| p.header.tile_info.context_update_tile_id != 0),
    ("using_qmatrix", |p| p.header.quantization_params.using_qmatrix),
    ("diff_uv_delta", |p| p.header.quantization_params.diff_uv_delta),
    ("segmentation_enabled", |p| p.header.segmentation_params.segmentation_enabled),
    ("segmentation_temporal_update", |p| p.header.segmentation_params.segmentation_temporal_update),
    ("delta_q_present", |p| p.header.delta_q_params.delta_q_present),
    ("delta_lf_present", |p| p.header.delta_lf_params.delta_lf_present),
    ("delta_lf_multi", |p| p.header.delta_lf_params.delta_lf_multi),
    ("coded_lossless", |p| p.header.coded_lossless),
    ("loop_filter", |p| p.header.loop_filter_params.loop_filter_level[..2] != [0, 0]),
    ("cdef", |p| {
        let c = &p.header.cdef_params;
        let strengths = [
            c.cdef_y_pri_strength,
            c.cdef_y_sec_strength,
            c.cdef_uv_pri_strength,
            c.cdef_uv_sec_strength,
        ];
        c.cdef_bits != 0 || strengths != [[0; 8]; 4]
    }),
    ("uses_lr", |p| p.header.lr_params.uses_lr()),
    ("reference_select", |p| p.header.reference_select),
    ("skip_mode_present", |p| p.header.skip_mode_present),
    ("allow_warped_motion", |p| p.header.allow_warped_motion),
    ("reduced_tx_set", |p| p.header.reduced_tx_set),
    ("global_motion", |p| p.header.global_motion_params.gm_type != [0; 8]),
    ("apply_grain", |p| p.header.film_grain_params.apply_grain),
    ("temporal_layers", |p| p.temporal_id != 0),
    ("spatial_layers", |p| p.spatial_id != 0),
];

/// Names of the features that `plan` uses, in the order of the frame header's syntax.
pub fn features(plan: &FramePlan) -> impl Iterator<Item = &'static str> {
    FEATURES.iter().filter(|(_, uses)| uses(plan)).map(|(name, _)| *name)
}

/// Names of all features that can be told apart.
pub fn all() -> impl Iterator<Item = &'static str> {
    FEATURES.iter().map(|(name, _)| *name)
}
