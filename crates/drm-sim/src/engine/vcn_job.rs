//! The AV1 part of a VCN message as a job of the engine. What the message leaves out, and may,
//! because the tiles decode alike: whether order hints, CDEF, restoration, super-resolution, warped
//! motion and separate chroma quantizers are enabled in the sequence.

use std::sync::Arc;

use av1_engine::job::{Chroma, FrameJob, PictureInfo, Profile, SequenceHeader};
use av1_engine::plain::Plain;

use super::part::Part;
use super::tiles::Grid;

/// Slots: numbers that say that there is none.
const NO_SLOT: i64 = 0x7F;
/// Most tiles, and most columns or rows, that a message has room for.
const MOST_TILES: usize = 256;
const MOST_IN_A_ROW: i64 = 64;
/// `frame_type` of an intra-only frame, and of a switch frame.
const INTRA_ONLY: i64 = 2;

/// The profile that a message asks for.
pub(super) fn profile(part: &Part) -> Profile {
    let monochrome = part.flag("monochrome") == 1;
    let chroma = if monochrome { Chroma::Monochrome } else { Chroma::Yuv420 };
    let bit_depth = 8 + part.byte("bit_depth_luma_minus8").min(4);
    let std_profile = if bit_depth == 12 { 2 } else { 0 };
    Profile { std_profile, chroma, bit_depth, film_grain_support: true }
}

/// The job.
///
/// # Errors
/// What no frame can have.
pub(super) fn job(part: &Part) -> Result<FrameJob, String> {
    let key = part.one("frame_type") == 0;
    let intra = key || part.one("frame_type") == INTRA_ONLY;
    let kept = part.flag("skip_reference_update") == 0 && part.one("curr_pic_idx") != NO_SLOT;
    let slot = |slot: i64| if slot == NO_SLOT { -1 } else { slot as i32 };
    let grid = grid(part)?;
    let tiles: Vec<&[i64]> = part.list("tile_info").chunks_exact(2).collect();
    let tiles = tiles.get(..grid.count()).ok_or("more tiles than a message has room for")?;
    Ok(FrameJob {
        sequence: sequence(part),
        picture: picture(part, &grid)?,
        coded_extent: (part.number("superres_upscaled_width"), part.number("height")),
        setup_slot: kept.then(|| part.number("curr_pic_idx")),
        reference_name_slot_indices: match intra {
            true => [-1; 7],
            false => part.array("frame_refs", slot),
        },
        tile_offsets: tiles.iter().map(|tile| tile[0] as u32).collect(),
        tile_sizes: tiles.iter().map(|tile| tile[1] as u32).collect(),
    })
}

/// What is wrong with where the tiles of a frame begin.
pub(super) fn misplaced_tiles(part: &Part) -> Option<String> {
    let size = ["width", "height"].map(|name| part.number(name));
    grid(part).ok()?.misplaced(size, part.one("sb_size") != 0)
}

fn sequence(part: &Part) -> Arc<SequenceHeader> {
    let mut header = SequenceHeader { std: Plain::zero(), color_config: None };
    let flags = &mut header.std.flags;
    flags.set_use_128x128_superblock(u32::from(part.one("sb_size") != 0));
    flags.set_enable_filter_intra(part.flag("enable_filter_intra"));
    flags.set_enable_intra_edge_filter(part.flag("enable_intra_edge_filter"));
    flags.set_enable_interintra_compound(part.flag("enable_interintra_compound"));
    flags.set_enable_masked_compound(part.flag("enable_masked_compound"));
    flags.set_enable_dual_filter(part.flag("enable_dual_filter"));
    flags.set_enable_jnt_comp(part.flag("enable_jnt_comp"));
    flags.set_enable_ref_frame_mvs(1 - part.flag("disable_ref_frame_mvs"));
    flags.set_enable_order_hint(1);
    flags.set_enable_warped_motion(1);
    flags.set_enable_superres(1);
    flags.set_enable_cdef(1);
    flags.set_enable_restoration(1);
    header.std.order_hint_bits_minus_1 = part.byte("order_hint_bits").clamp(1, 8) - 1;
    let mut color: av1_engine::job::ColorConfig = Plain::zero();
    color.flags.set_separate_uv_delta_q(1);
    // MC_UNSPECIFIED: a message cannot say MC_IDENTITY, which film grain clips chroma by.
    color.matrix_coefficients = 2;
    header.color_config = Some(color);
    Arc::new(header)
}

fn picture(part: &Part, grid: &Grid) -> Result<PictureInfo, String> {
    let mut picture = PictureInfo {
        std: Plain::zero(),
        tile_info: Some(grid.tile_info()?),
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
    std.OrderHint = part.byte("frame_offset");
    std.primary_ref_frame = part.byte("primary_ref_frame");
    std.interpolation_filter = part.number("interp_filter");
    std.TxMode = part.number("tx_mode");
    std.delta_q_res = log2(part.one("delta_q_res"))?;
    std.delta_lf_res = log2(part.one("delta_lf_res"))?;
    let flags = &mut std.flags;
    flags.set_disable_cdf_update(part.flag("disable_cdf_update"));
    flags.set_disable_frame_end_update_cdf(1 - part.flag("refresh_frame_context"));
    flags.set_allow_screen_content_tools(part.flag("allow_screen_content_tools"));
    flags.set_force_integer_mv(part.flag("cur_frame_force_integer_mv"));
    flags.set_allow_intrabc(part.flag("allow_intrabc"));
    flags.set_allow_high_precision_mv(part.flag("allow_high_precision_mv"));
    flags.set_allow_warped_motion(part.flag("allow_warped_motion"));
    flags.set_is_motion_mode_switchable(part.flag("switchable_skip_mode"));
    flags.set_use_ref_frame_mvs(part.flag("allow_ref_frame_mvs"));
    flags.set_reduced_tx_set(part.flag("reduced_tx_set_used"));
    flags.set_reference_select(u32::from(part.one("reference_mode") == 2));
    flags.set_skip_mode_present(part.flag("skip_mode_flag"));
    flags.set_delta_q_present(part.flag("delta_q_present_flag"));
    flags.set_delta_lf_present(part.flag("delta_lf_present_flag"));
    flags.set_delta_lf_multi(part.flag("delta_lf_multi"));
    flags.set_segmentation_enabled(part.flag("segmentation_enabled"));
    flags.set_segmentation_update_map(part.flag("segmentation_update_map"));
    flags.set_segmentation_temporal_update(part.flag("segmentation_temporal_update"));
    flags.set_segmentation_update_data(1);
    flags.set_frame_size_override_flag(1);
    // Without super-resolution the denominator is 8.
    if let Some(coded) = part.byte("superres_scale_denominator").checked_sub(9) {
        flags.set_use_superres(1);
        std.coded_denom = coded;
    }
    let restored = part.list("frame_restoration_type").iter().any(|kind| *kind != 0);
    std.flags.set_UsesLr(u32::from(restored));
    std.flags.set_apply_grain(u32::from(part.one("film_grain.apply_grain") != 0));
    quantization(part, &mut picture);
    segmentation(part, &mut picture);
    filters(part, &mut picture);
    global_motion(part, &mut picture);
    if part.one("film_grain.apply_grain") != 0 {
        film_grain(part, &mut picture);
    }
    Ok(picture)
}

/// A resolution is given as 1 << res.
fn log2(value: i64) -> Result<u8, String> {
    match value {
        0 | 1 => Ok(0),
        2 => Ok(1),
        4 => Ok(2),
        8 => Ok(3),
        other => Err(format!("a resolution of {other}")),
    }
}

fn quantization(part: &Part, picture: &mut PictureInfo) {
    let mut q: av1_engine::job::Quantization = Plain::zero();
    q.base_q_idx = part.byte("base_qindex");
    q.DeltaQYDc = part.one("y_dc_delta_q") as i8;
    q.DeltaQUDc = part.one("u_dc_delta_q") as i8;
    q.DeltaQUAc = part.one("u_ac_delta_q") as i8;
    q.DeltaQVDc = part.one("v_dc_delta_q") as i8;
    q.DeltaQVAc = part.one("v_ac_delta_q") as i8;
    // Each level has its upper bits set; -1 is the last level, which is none, or no levels at all.
    // `using_qmatrix` goes by luma alone.
    let levels = ["qm_y", "qm_u", "qm_v"].map(|name| part.one(name));
    if levels.iter().any(|level| *level != -1) {
        q.flags.set_using_qmatrix(1);
        [q.qm_y, q.qm_u, q.qm_v] = levels.map(|level| level as u8 & 15);
    }
    picture.quantization = Some(q);
}

fn segmentation(part: &Part, picture: &mut PictureInfo) {
    if part.flag("segmentation_enabled") == 1 {
        let mut s: av1_engine::job::Segmentation = Plain::zero();
        s.FeatureEnabled = part.array("feature_mask", |mask| mask as u8);
        for (segment, data) in s.FeatureData.iter_mut().enumerate() {
            *data = std::array::from_fn(|f| part.at("feature_data", segment * 8 + f) as i16);
        }
        picture.segmentation = Some(s);
    }
}

fn filters(part: &Part, picture: &mut PictureInfo) {
    let mut f: av1_engine::job::LoopFilter = Plain::zero();
    let level = |name| part.byte(name);
    f.loop_filter_level = [
        part.at("filter_level", 0) as u8,
        part.at("filter_level", 1) as u8,
        level("filter_level_u"),
        level("filter_level_v"),
    ];
    f.loop_filter_sharpness = part.byte("sharpness_level");
    f.flags.set_loop_filter_delta_enabled(part.flag("mode_ref_delta_enabled"));
    f.loop_filter_ref_deltas = part.array("ref_deltas", |delta| delta as i8);
    f.loop_filter_mode_deltas = part.array("mode_deltas", |delta| delta as i8);
    picture.loop_filter = Some(f);
    let mut c: av1_engine::job::Cdef = Plain::zero();
    c.cdef_damping_minus_3 = part.byte("cdef_damping").saturating_sub(3);
    c.cdef_bits = part.byte("cdef_bits");
    let primary = |name| part.array(name, |strength| (strength >> 2) as u8);
    let secondary = |name| part.array(name, |strength| (strength & 3) as u8);
    c.cdef_y_pri_strength = primary("cdef_strengths");
    c.cdef_y_sec_strength = secondary("cdef_strengths");
    c.cdef_uv_pri_strength = primary("cdef_uv_strengths");
    c.cdef_uv_sec_strength = secondary("cdef_uv_strengths");
    picture.cdef = Some(c);
    let mut r: av1_engine::job::LoopRestoration = Plain::zero();
    r.FrameRestorationType = part.array("frame_restoration_type", |kind| kind as u32);
    r.LoopRestorationSize = part.array("log2_restoration_unit_size_minus5", |size| size as u16);
    picture.loop_restoration = Some(r);
}

fn global_motion(part: &Part, picture: &mut PictureInfo) {
    let mut g: av1_engine::job::GlobalMotion = Plain::zero();
    for name in 0..8 {
        let field = format!("global_motion.{name}");
        g.GmType[name] = part.byte(&field);
        g.gm_params[name] = std::array::from_fn(|i| part.at(&field, 1 + i) as i32);
    }
    picture.global_motion = Some(g);
}

fn film_grain(part: &Part, picture: &mut PictureInfo) {
    let of = |name: &str| part.byte(&format!("film_grain.{name}"));
    let mut g: av1_engine::job::FilmGrain = Plain::zero();
    g.flags.set_chroma_scaling_from_luma(of("chroma_scaling_from_luma").into());
    g.flags.set_overlap_flag(of("overlap_flag").into());
    g.flags.set_clip_to_restricted_range(of("clip_to_restricted_range").into());
    g.grain_scaling_minus_8 = of("scaling_shift").saturating_sub(8);
    g.ar_coeff_lag = of("ar_coeff_lag");
    g.ar_coeff_shift_minus_6 = of("ar_coeff_shift").saturating_sub(6);
    g.grain_scale_shift = of("grain_scale_shift");
    g.grain_seed = part.number("film_grain.random_seed") as u16;
    (g.num_y_points, g.num_cb_points, g.num_cr_points) =
        (of("num_y_points"), of("num_cb_points"), of("num_cr_points"));
    let point =
        |name: &str, at: usize| part.at(&format!("film_grain.scaling_points_{name}"), at) as u8;
    g.point_y_value = std::array::from_fn(|i| point("y", 2 * i));
    g.point_y_scaling = std::array::from_fn(|i| point("y", 2 * i + 1));
    g.point_cb_value = std::array::from_fn(|i| point("cb", 2 * i));
    g.point_cb_scaling = std::array::from_fn(|i| point("cb", 2 * i + 1));
    g.point_cr_value = std::array::from_fn(|i| point("cr", 2 * i));
    g.point_cr_scaling = std::array::from_fn(|i| point("cr", 2 * i + 1));
    // A byte of coefficient plus 128.
    let plus_128 = |coefficient: i64| (coefficient + 128) as u8 as i8;
    g.ar_coeffs_y_plus_128 = part.array("film_grain.ar_coeffs_y", plus_128);
    g.ar_coeffs_cb_plus_128 = part.array("film_grain.ar_coeffs_cb", plus_128);
    g.ar_coeffs_cr_plus_128 = part.array("film_grain.ar_coeffs_cr", plus_128);
    (g.cb_mult, g.cb_luma_mult) = (of("cb_mult"), of("cb_luma_mult"));
    (g.cr_mult, g.cr_luma_mult) = (of("cr_mult"), of("cr_luma_mult"));
    g.cb_offset = part.number("film_grain.cb_offset") as u16;
    g.cr_offset = part.number("film_grain.cr_offset") as u16;
    picture.film_grain = Some(g);
}

/// Where the tiles begin.
fn grid(part: &Part) -> Result<Grid, String> {
    let (columns, rows) = (part.one("tile_cols"), part.one("tile_rows"));
    let most = 1..=MOST_IN_A_ROW;
    if !most.contains(&columns) || !most.contains(&rows) || columns * rows > MOST_TILES as i64 {
        return Err(format!("{columns}x{rows} tiles"));
    }
    let starts = |name: &str, count: i64| -> Vec<u32> {
        part.list(name).iter().take(count as usize + 1).map(|start| *start as u32).collect()
    };
    Ok(Grid {
        columns: starts("tile_col_start_sb", columns),
        rows: starts("tile_row_start_sb", rows),
        context_update_tile_id: part.number("context_update_tile_id"),
    })
}
