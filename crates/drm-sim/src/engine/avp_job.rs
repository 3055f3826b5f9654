//! The commands of a frame of the AVP as a job of the engine.

use std::sync::Arc;

use av1_engine::job::{self, Chroma, FrameJob, PictureInfo, Profile, SequenceHeader};
use av1_engine::plain::Plain;

use super::avp_frame::{Frame, State, words};
use super::part::Part;
use super::tiles::Grid;
use crate::avp;

/// matrix_coefficients, spec 6.4.2: film grain clips chroma by whether they are the first.
const MC_IDENTITY: u32 = 0;
const MC_UNSPECIFIED: u32 = 2;
/// Fixed-point bits of a warp parameter, WARPEDMODEL_PREC_BITS of spec section 3.
const WARP_BITS: u32 = 16;

/// The profile that a frame has.
pub(super) fn profile(frame: &Frame) -> Profile {
    let part = picture_part(frame);
    let bit_depth = match part.one("pixel_bit_depth_idc") {
        0 => 8,
        1 => 10,
        _ => 12,
    };
    let chroma = match part.one("chroma_subsampling_format") {
        0 => Chroma::Monochrome,
        2 => Chroma::Yuv422,
        3 => Chroma::Yuv444,
        _ => Chroma::Yuv420,
    };
    Profile { std_profile: 0, chroma, bit_depth, film_grain_support: true }
}

fn picture_part(frame: &Frame) -> Part {
    let first = frame.tiles.first();
    Part::of_fields(avp::PICTURE_FIELDS, first.map_or(&[], |state| words(state, avp::PICTURE, 0)))
}

/// The job, whose slots are to be filled in.
///
/// # Errors
/// What no frame can have.
pub(super) fn job(frame: &Frame) -> Result<FrameJob, String> {
    let Some(first) = frame.tiles.first() else { return Err("no tile".into()) };
    let part = picture_part(frame);
    let filter = Part::of_fields(avp::FILTER_FIELDS, words(first, avp::FILTER, 0));
    let grain = Part::of_fields(avp::GRAIN_FIELDS, words(first, avp::GRAIN, 0));
    let tiles: Vec<Part> = frame
        .tiles
        .iter()
        .map(|state| Part::of_fields(avp::TILE_FIELDS, words(state, avp::TILE, 0)))
        .collect();
    let object =
        |state: &State, at: usize| words(state, avp::OBJECT, 0).get(at).copied().unwrap_or(0);
    Ok(FrameJob {
        sequence: sequence(&part, grain.one("mc_identity_flag") == 1),
        picture: picture(first, &part, &filter, &tiles)?,
        coded_extent: (
            1 + match part.one("use_super_res_flag") {
                0 => part.number("frame_width_minus_1"),
                _ => filter.number("super_res_upscaled_frame_width_minus_1"),
            },
            1 + part.number("frame_height_minus_1"),
        ),
        setup_slot: None,
        reference_name_slot_indices: [-1; 7],
        tile_offsets: frame.tiles.iter().map(|state| object(state, 2)).collect(),
        tile_sizes: frame.tiles.iter().map(|state| object(state, 1)).collect(),
    })
}

/// What is wrong with where the tiles of a frame begin.
pub(super) fn misplaced_tiles(frame: &Frame) -> Option<String> {
    let part = picture_part(frame);
    let tiles = frame.tiles.iter().map(|state| words(state, avp::TILE, 0));
    let tiles: Vec<Part> = tiles.map(|tile| Part::of_fields(avp::TILE_FIELDS, tile)).collect();
    let size = ["frame_width_minus_1", "frame_height_minus_1"].map(|name| 1 + part.number(name));
    grid(&tiles).ok()?.misplaced(size, part.one("superblock_size_used") == 1)
}

fn sequence(part: &Part, identity: bool) -> Arc<SequenceHeader> {
    let mut header = SequenceHeader { std: Plain::zero(), color_config: None };
    let flags = &mut header.std.flags;
    let on = |name| part.number(name);
    flags.set_use_128x128_superblock(on("superblock_size_used"));
    flags.set_enable_order_hint(on("enable_order_hint_flag"));
    flags.set_enable_filter_intra(on("enable_filter_intra_flag"));
    flags.set_enable_intra_edge_filter(on("enable_intra_edge_filter_flag"));
    flags.set_enable_dual_filter(on("enable_dual_filter_flag"));
    flags.set_enable_interintra_compound(on("enable_inter_intra_compound_flag"));
    flags.set_enable_masked_compound(on("enable_masked_compound_flag"));
    flags.set_enable_jnt_comp(on("enable_joint_compound_flag"));
    // What is not said decodes alike where it is enabled.
    flags.set_enable_ref_frame_mvs(on("enable_order_hint_flag"));
    flags.set_enable_warped_motion(1);
    flags.set_enable_superres(1);
    flags.set_enable_cdef(1);
    flags.set_enable_restoration(1);
    header.std.order_hint_bits_minus_1 = part.byte("order_hint_bits_minus_1");
    let mut color: job::ColorConfig = Plain::zero();
    color.flags.set_separate_uv_delta_q(1);
    color.matrix_coefficients = if identity { MC_IDENTITY } else { MC_UNSPECIFIED };
    header.color_config = Some(color);
    Arc::new(header)
}

fn picture(
    first: &State,
    part: &Part,
    filter: &Part,
    tiles: &[Part],
) -> Result<PictureInfo, String> {
    let mut picture = PictureInfo {
        std: Plain::zero(),
        tile_info: Some(grid(tiles)?.tile_info()?),
        quantization: None,
        segmentation: None,
        loop_filter: None,
        cdef: None,
        loop_restoration: None,
        global_motion: None,
        film_grain: None,
    };
    let std = &mut picture.std;
    std.frame_type = part.number("frame_type");
    std.OrderHint = part.byte("current_frame_order_hint");
    std.primary_ref_frame = part.byte("primary_reference_frame_idx");
    std.interpolation_filter = part.number("mcomp_filter_type");
    std.TxMode = part.number("frame_transform_mode");
    std.delta_q_res = part.byte("delta_q_res");
    std.delta_lf_res = filter.byte("deblocker_delta_lf_resolution");
    if part.one("use_super_res_flag") != 0 {
        std.coded_denom = filter.byte("super_res_denom").saturating_sub(9);
    }
    let flags = &mut std.flags;
    let on = |name| part.number(name);
    let tile = |name| u32::from(tiles.iter().all(|tile| tile.one(name) == 1));
    flags.set_use_superres(on("use_super_res_flag"));
    flags.set_frame_size_override_flag(1);
    flags.set_error_resilient_mode(on("error_resilient_mode_flag"));
    flags.set_disable_cdf_update(tile("disable_cdf_update_flag"));
    flags.set_disable_frame_end_update_cdf(tile("disable_frame_context_update_flag"));
    flags.set_allow_screen_content_tools(on("allow_screen_content_tools_flag"));
    flags.set_force_integer_mv(on("force_integer_mv_flag"));
    flags.set_allow_warped_motion(on("allow_warped_motion_flag"));
    flags.set_allow_intrabc(on("allow_intrabc_flag"));
    flags.set_allow_high_precision_mv(on("allow_high_precision_mv"));
    flags.set_reference_select(on("reference_mode_select"));
    flags.set_is_motion_mode_switchable(on("motion_mode_switchable_flag"));
    flags.set_use_ref_frame_mvs(on("use_reference_frame_mv_set_flag"));
    flags.set_reduced_tx_set(on("reduced_tx_set_used"));
    flags.set_skip_mode_present(on("skip_mode_present_flag"));
    flags.set_delta_q_present(on("delta_q_present_flag"));
    flags.set_delta_lf_present(filter.number("deblocker_filter_delta_lf_present_flag"));
    flags.set_delta_lf_multi(filter.number("deblocker_filter_delta_lf_multi_flag"));
    flags.set_segmentation_enabled(on("segmentation_enable_flag"));
    flags.set_segmentation_update_map(on("segmentation_update_map_flag"));
    flags.set_segmentation_temporal_update(on("segmentation_temporal_update_flag"));
    flags.set_segmentation_update_data(1);
    let segments: Vec<Part> = (0..8)
        .map(|n| Part::of_fields(avp::SEGMENT_FIELDS, words(first, avp::SEGMENT, n)))
        .collect();
    quantization(part, &segments, &mut picture);
    if part.one("segmentation_enable_flag") == 1 {
        segmentation(&segments, &mut picture);
    }
    filters(part, filter, &mut picture);
    global_motion(part, &mut picture);
    if part.one("apply_film_grain_flag") == 1 {
        film_grain(&Part::of_fields(avp::GRAIN_FIELDS, words(first, avp::GRAIN, 0)), &mut picture);
    }
    Ok(picture)
}

fn quantization(part: &Part, segments: &[Part], picture: &mut PictureInfo) {
    let mut q: job::Quantization = Plain::zero();
    q.base_q_idx = part.byte("base_qindex");
    q.DeltaQYDc = part.one("y_dc_delta_q") as i8;
    q.DeltaQUDc = part.one("u_dc_delta_q") as i8;
    q.DeltaQUAc = part.one("u_ac_delta_q") as i8;
    q.DeltaQVDc = part.one("v_dc_delta_q") as i8;
    q.DeltaQVAc = part.one("v_ac_delta_q") as i8;
    // The frame's levels are with each segment, but for lossless ones, which have none.
    let levels = |segment: &Part| {
        ["luma_y_qm_level", "chroma_u_qm_level", "chroma_v_qm_level"].map(|name| segment.byte(name))
    };
    let given = segments.iter().filter(|s| !s.is_empty() && s.one("lossless_flag") == 0);
    if let Some(levels) = given.map(levels).find(|levels| *levels != [15; 3]) {
        q.flags.set_using_qmatrix(1);
        [q.qm_y, q.qm_u, q.qm_v] = levels;
    }
    picture.quantization = Some(q);
}

fn segmentation(segments: &[Part], picture: &mut PictureInfo) {
    let mut s: job::Segmentation = Plain::zero();
    for (index, segment) in segments.iter().enumerate() {
        s.FeatureEnabled[index] = segment.byte("feature_mask");
        let of = |name| segment.one(name) as i16;
        s.FeatureData[index] = [
            of("delta_qindex"),
            of("delta_loop_filter_level_luma_vertical"),
            of("delta_loop_filter_level_luma_horizontal"),
            of("delta_loop_filter_level_chroma_u"),
            of("delta_loop_filter_level_chroma_v"),
            of("reference_frame"),
            0,
            0,
        ];
    }
    picture.segmentation = Some(s);
}

fn filters(part: &Part, filter: &Part, picture: &mut PictureInfo) {
    let mut f: job::LoopFilter = Plain::zero();
    f.loop_filter_level = [
        filter.byte("luma_y_deblocker_filter_level_vertical"),
        filter.byte("luma_y_deblocker_filter_level_horizontal"),
        filter.byte("chroma_u_deblocker_filter_level"),
        filter.byte("chroma_v_deblocker_filter_level"),
    ];
    f.loop_filter_sharpness = filter.byte("deblocker_filter_sharpness_level");
    let deltas = filter.number("deblocker_filter_mode_ref_delta_enable_flag");
    f.flags.set_loop_filter_delta_enabled(deltas);
    f.loop_filter_ref_deltas = filter.array("deblocker_filter_ref_deltas", |delta| delta as i8);
    f.loop_filter_mode_deltas = filter.array("deblocker_filter_mode_deltas", |delta| delta as i8);
    picture.loop_filter = Some(f);
    if part.one("use_cdef_filter_flag") == 1 {
        let mut c: job::Cdef = Plain::zero();
        c.cdef_damping_minus_3 = filter.byte("cdef_damping_minus_3");
        c.cdef_bits = filter.byte("cdef_bits");
        for index in 0..8 {
            let half = if index < 4 { "0_to_3" } else { "4_to_7" };
            let at =
                |plane: &str| filter.at(&format!("cdef_{plane}_strength_{half}"), index % 4) as u8;
            (c.cdef_y_pri_strength[index], c.cdef_y_sec_strength[index]) =
                (at("y") >> 2, at("y") & 3);
            (c.cdef_uv_pri_strength[index], c.cdef_uv_sec_strength[index]) =
                (at("uv") >> 2, at("uv") & 3);
        }
        picture.cdef = Some(c);
    }
    let mut r: job::LoopRestoration = Plain::zero();
    r.FrameRestorationType = filter.array("frame_loop_restoration_filter", |kind| kind as u32);
    let luma = filter.one("loop_restoration_unit_size_luma_y") as u16;
    let same = filter.one("use_same_loop_restoration_unit_size_chromas_uv_flag") == 1;
    let chroma = if same { luma } else { luma.saturating_sub(1) };
    r.LoopRestorationSize = [luma, chroma, chroma];
    let used = part.one("frame_level_loop_restoration_filter_enable") == 1;
    picture.std.flags.set_UsesLr(u32::from(used));
    picture.loop_restoration = Some(r);
}

/// The parameters come without their lower bits, and without the one on the diagonal.
fn global_motion(part: &Part, picture: &mut PictureInfo) {
    let mut g: job::GlobalMotion = Plain::zero();
    let fine = part.one("allow_high_precision_mv") == 1;
    for name in 1..8 {
        let kind = part.at("global_motion_type", name - 1) as u8;
        g.GmType[name] = kind;
        let shift = match kind {
            1 if fine => 13,
            1 => 14,
            _ => 10,
        };
        g.gm_params[name] = std::array::from_fn(|i| {
            let value = part.at("warp_parameters", (name - 1) * 6 + i) as i32;
            let one = if i == 2 || i == 5 { 1 << WARP_BITS } else { 0 };
            match (i, kind) {
                (_, 0) | (2.., 1) => one,
                (0 | 1, _) => value << shift,
                _ => (value << 1) + one,
            }
        });
    }
    picture.global_motion = Some(g);
}

fn film_grain(part: &Part, picture: &mut PictureInfo) {
    let mut g: job::FilmGrain = Plain::zero();
    let bit = |name| part.number(name);
    picture.std.flags.set_apply_grain(1);
    g.flags.set_chroma_scaling_from_luma(bit("chroma_scaling_from_luma_flag"));
    g.flags.set_overlap_flag(bit("grain_noise_overlap_flag"));
    g.flags.set_clip_to_restricted_range(bit("clip_to_restricted_range_flag"));
    g.grain_scaling_minus_8 = part.byte("grain_scaling_minus_8");
    g.ar_coeff_lag = part.byte("ar_coeff_lag");
    g.ar_coeff_shift_minus_6 = part.byte("ar_coeff_shift_minus_6");
    g.grain_scale_shift = part.byte("grain_scale_shift");
    g.grain_seed = part.number("grain_random_seed") as u16;
    g.num_y_points = part.byte("number_of_luma_points");
    g.num_cb_points = part.byte("number_of_chroma_cb_points");
    g.num_cr_points = part.byte("number_of_chroma_cr_points");
    let byte = |value: i64| value as u8;
    g.point_y_value = part.array("point_luma_value", byte);
    g.point_y_scaling = part.array("point_luma_scaling", byte);
    g.point_cb_value = part.array("point_cb_value", byte);
    g.point_cb_scaling = part.array("point_cb_scaling", byte);
    g.point_cr_value = part.array("point_cr_value", byte);
    g.point_cr_scaling = part.array("point_cr_scaling", byte);
    let coefficient = |value: i64| value as u8 as i8;
    g.ar_coeffs_y_plus_128 = part.array("ar_coeff_luma_plus_128", coefficient);
    g.ar_coeffs_cb_plus_128 = part.array("ar_coeff_chroma_cb_plus_128", coefficient);
    g.ar_coeffs_cr_plus_128 = part.array("ar_coeff_chroma_cr_plus_128", coefficient);
    (g.cb_mult, g.cb_luma_mult) = (part.byte("cb_mult"), part.byte("cb_luma_mult"));
    (g.cr_mult, g.cr_luma_mult) = (part.byte("cr_mult"), part.byte("cr_luma_mult"));
    g.cb_offset = part.number("cb_offset") as u16;
    g.cr_offset = part.number("cr_offset") as u16;
    picture.film_grain = Some(g);
}

/// Where the tiles begin.
fn grid(tiles: &[Part]) -> Result<Grid, String> {
    let Some(first) = tiles.first() else { return Err("no tile".into()) };
    let columns = first.one("num_of_tile_columns_in_frame_minus_1") as usize + 1;
    let rows = first.one("num_of_tile_rows_in_frame_minus_1") as usize + 1;
    if columns * rows != tiles.len() {
        return Err(format!("{} tiles of {columns}x{rows}", tiles.len()));
    }
    let starts = |every: usize, count: usize, at: &str, size: &str| -> Vec<u32> {
        let line: Vec<&Part> = tiles.iter().step_by(every).take(count).collect();
        let mut starts: Vec<u32> = line.iter().map(|tile| tile.number(at)).collect();
        starts.extend(line.last().map(|tile| tile.number(at) + tile.number(size) + 1));
        starts
    };
    let kept = tiles.iter().position(|tile| tile.one("disable_frame_context_update_flag") == 0);
    Ok(Grid {
        columns: starts(1, columns, "column_position_in_sb", "width_in_sb_minus_1"),
        rows: starts(columns, rows, "row_position_in_sb", "height_in_sb_minus_1"),
        context_update_tile_id: kept.unwrap_or(0) as u32,
    })
}
