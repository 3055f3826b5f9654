//! What a member means: where the AV1 specification has it, and when it is read at all.

use av1_std::owned::{PictureInfo, SequenceHeader};

/// Sections of the AV1 specification by the beginning of a member's path; the first that fits counts.
const SECTIONS: &[(&str, &str)] = &[
    ("pTileInfo", "5.9.15"),
    ("pQuantization", "5.9.12"),
    ("pSegmentation", "5.9.14"),
    ("pLoopFilter", "5.9.11"),
    ("pCDEF", "5.9.19"),
    ("pLoopRestoration", "5.9.20"),
    ("pGlobalMotion", "5.9.24"),
    ("pFilmGrain", "5.9.30"),
    ("flags.segmentation_", "5.9.14"),
    ("flags.delta_q_present", "5.9.17"),
    ("delta_q_res", "5.9.17"),
    ("flags.delta_lf_", "5.9.18"),
    ("delta_lf_res", "5.9.18"),
    ("flags.use_superres", "5.9.8"),
    ("coded_denom", "5.9.8"),
    ("flags.render_and", "5.9.6"),
    ("flags.frame_size_override_flag", "5.9.2, 5.9.5"),
    ("flags.UsesLr", "5.9.20"),
    ("flags.usesChromaLr", "5.9.20"),
    ("flags.apply_grain", "5.9.30"),
    ("flags.skip_mode_present", "5.9.22"),
    ("SkipModeFrame", "5.9.22"),
    ("flags.reference_select", "5.9.23"),
    ("TxMode", "5.9.21"),
    ("interpolation_filter", "5.9.10"),
    ("flags.is_filter_switchable", "5.9.10"),
    ("OrderHints", "5.9.2, 7.20"),
    ("SavedOrderHints", "7.20"),
    ("RefFrameSignBias", "5.9.2, 7.20"),
    ("pColorConfig", "5.5.2"),
    ("pTimingInfo", "5.5.3"),
    ("referenceNameSlotIndices", "5.9.2, 7.20"),
    ("refresh_frame_flags", "5.9.2, 7.20"),
    ("codedExtent", "5.9.5, 5.9.8"),
];

/// The section that a member of a picture, a reference or a resource is in.
pub(super) fn section(member: &str) -> &'static str {
    SECTIONS.iter().find(|(start, _)| member.starts_with(start)).map_or("5.9.2", |found| found.1)
}

/// Why a difference in this member of a picture cannot change what is decoded; `None` if it can.
/// `right` is the picture as it should be, of the sequence `sequence`.
pub(super) fn harmless(
    member: &str,
    given: &PictureInfo,
    right: &PictureInfo,
    sequence: &SequenceHeader,
) -> Option<&'static str> {
    let (base, index) = split(member);
    let intra = matches!(right.frame_type, 0 | 2);
    let both = |flag: fn(&PictureInfo) -> bool| !flag(right) && !flag(given);
    let when = |not: bool, why: &'static str| not.then_some(why);
    match base {
        "flags.reserved" | "reserved1" | "reserved2" => Some("it is reserved"),
        "current_frame_id" | "expectedFrameId" => {
            Some("frame identifiers take no part in decoding")
        }
        "flags.buffer_removal_time_present_flag" | "flags.render_and_frame_size_different" => {
            Some("it takes no part in decoding")
        }
        "flags.frame_refs_short_signaling" | "flags.frame_size_override_flag" => {
            Some("what it would lead to is handed over itself")
        }
        "flags.error_resilient_mode" => when(
            intra && right.primary_ref_frame == given.primary_ref_frame,
            "what it would lead to in an intra frame is handed over itself",
        ),
        "SkipModeFrame" => when(both(|p| p.skip_mode_present), "skip_mode_present is 0"),
        "OrderHints" if !sequence.enable_order_hint => Some("enable_order_hint is 0"),
        "OrderHints" if index == Some(0) => Some("the entry of INTRA_FRAME is not used"),
        "OrderHints" => when(intra, "an intra frame has no references"),
        "coded_denom" => when(both(|p| p.use_superres), "use_superres is 0"),
        "delta_q_res" => when(both(|p| p.delta_q_present), "delta_q_present is 0"),
        "delta_lf_res" | "flags.delta_lf_multi" => {
            when(both(|p| p.delta_lf_present), "delta_lf_present is 0")
        }
        "interpolation_filter" | "flags.is_filter_switchable" => {
            when(intra, "an intra frame has no interpolation filter")
                .or_else(|| filter(given, right))
        }
        "flags.allow_high_precision_mv"
        | "flags.is_motion_mode_switchable"
        | "flags.use_ref_frame_mvs"
        | "flags.allow_warped_motion" => when(intra, "an intra frame has no motion"),
        "flags.force_integer_mv" => {
            when(intra && both(|p| p.allow_intrabc), "an intra frame has no motion")
        }
        "flags.segmentation_update_map"
        | "flags.segmentation_temporal_update"
        | "flags.segmentation_update_data" => {
            when(both(|p| p.segmentation_enabled), "segmentation_enabled is 0")
        }
        _ => in_structure(base, index, given, right, sequence),
    }
}

/// A filter that can be switched is one by either member.
fn filter(given: &PictureInfo, right: &PictureInfo) -> Option<&'static str> {
    let switchable = |p: &PictureInfo| p.is_filter_switchable || p.interpolation_filter == 4;
    let why = "the filter is switchable by the other member";
    (switchable(given) && switchable(right)).then_some(why)
}

/// The same of a member of what a pointer points to.
fn in_structure(
    base: &str,
    index: Option<usize>,
    given: &PictureInfo,
    right: &PictureInfo,
    sequence: &SequenceHeader,
) -> Option<&'static str> {
    let when = |not: bool, why: &'static str| not.then_some(why);
    let both = |flag: fn(&PictureInfo) -> bool| !flag(right) && !flag(given);
    if base.contains(".reserved") || base.contains("flags.reserved") {
        return Some("it is reserved");
    }
    match base {
        "pTileInfo.pMiColStarts" | "pTileInfo.pMiRowStarts" => {
            Some("drivers do not read it: clients disagree on its unit")
        }
        "pTileInfo.pWidthInSbsMinus1" | "pTileInfo.pHeightInSbsMinus1" => when(
            right.pTileInfo.as_ref().is_some_and(|t| t.uniform_tile_spacing_flag)
                && given.pTileInfo.as_ref().is_some_and(|t| t.uniform_tile_spacing_flag),
            "uniform_tile_spacing_flag is 1",
        ),
        "pTileInfo.tile_size_bytes_minus_1" => Some("tiles are handed over by offset and size"),
        "pSegmentation" => when(both(|p| p.segmentation_enabled), "segmentation_enabled is 0"),
        "pSegmentation.FeatureEnabled" | "pSegmentation.FeatureData" => {
            when(both(|p| p.segmentation_enabled), "segmentation_enabled is 0")
                .or_else(|| feature(base, index, given, right))
        }
        "pLoopRestoration" => when(both(|p| p.UsesLr), "UsesLr is 0"),
        "pLoopRestoration.LoopRestorationSize" => restoration(index, given, right),
        "pFilmGrain" => when(both(|p| p.apply_grain), "apply_grain is 0"),
        "pFilmGrain.film_grain_params_ref_idx" | "pFilmGrain.flags.update_grain" => {
            Some("the parameters are handed over whole")
        }
        "pGlobalMotion" | "pGlobalMotion.GmType" | "pGlobalMotion.gm_params" => {
            motion(base, index, given, right)
        }
        "pLoopFilter.flags.loop_filter_delta_update"
        | "pLoopFilter.update_ref_delta"
        | "pLoopFilter.update_mode_delta" => Some("the deltas are handed over whole"),
        "pQuantization.flags.diff_uv_delta" => Some("all five deltas are handed over"),
        "pQuantization.qm_y" | "pQuantization.qm_u" | "pQuantization.qm_v" => {
            let off = |p: &PictureInfo| p.pQuantization.as_ref().is_none_or(|q| !q.using_qmatrix);
            when(off(given) && off(right), "using_qmatrix is 0")
        }
        _ if base.starts_with("pFilmGrain.") => grain(base, index, right),
        _ if base.starts_with("pCDEF") || base.starts_with("pLoopFilter") => {
            filters(base, index, given, right, sequence)
        }
        _ => None,
    }
}

/// What of an array is not in use: entries behind a count, which both agree on.
fn grain(base: &str, index: Option<usize>, right: &PictureInfo) -> Option<&'static str> {
    let grain = right.pFilmGrain.as_ref()?;
    let at = index?;
    let lag = usize::from(grain.ar_coeff_lag & 3);
    let luma = 2 * lag * (lag + 1);
    let count = match base.strip_prefix("pFilmGrain.")? {
        "point_y_value" | "point_y_scaling" => usize::from(grain.num_y_points),
        "point_cb_value" | "point_cb_scaling" => usize::from(grain.num_cb_points),
        "point_cr_value" | "point_cr_scaling" => usize::from(grain.num_cr_points),
        "ar_coeffs_y_plus_128" if grain.num_y_points == 0 => 0,
        "ar_coeffs_y_plus_128" => luma,
        "ar_coeffs_cb_plus_128" | "ar_coeffs_cr_plus_128" => {
            luma + usize::from(grain.num_y_points > 0)
        }
        _ => return None,
    };
    (at >= count).then_some("the entry is not in use")
}

/// A feature that is not enabled has no data.
fn feature(
    base: &str,
    index: Option<usize>,
    given: &PictureInfo,
    right: &PictureInfo,
) -> Option<&'static str> {
    let at = index.filter(|_| base.ends_with("FeatureData"))?;
    let enabled = |p: &PictureInfo| {
        let bits = p.pSegmentation.as_ref()?.FeatureEnabled.get(at / 8).copied()?;
        Some(bits >> (at % 8) & 1 == 1)
    };
    let off = enabled(given) == Some(false) && enabled(right) == Some(false);
    off.then_some("the feature is not enabled")
}

/// The size of a plane that is not restored.
fn restoration(
    index: Option<usize>,
    given: &PictureInfo,
    right: &PictureInfo,
) -> Option<&'static str> {
    if !right.UsesLr && !given.UsesLr {
        return Some("UsesLr is 0");
    }
    let kind =
        |p: &PictureInfo| p.pLoopRestoration.as_ref()?.FrameRestorationType.get(index?).copied();
    let none = kind(given) == Some(0) && kind(right) == Some(0);
    none.then_some("the plane is not restored")
}

/// Global motion of intra frames, of INTRA_FRAME, and of names at rest.
fn motion(
    base: &str,
    index: Option<usize>,
    given: &PictureInfo,
    right: &PictureInfo,
) -> Option<&'static str> {
    if matches!(right.frame_type, 0 | 2) {
        return Some("an intra frame has no motion");
    }
    let name = if base.ends_with("gm_params") { index? / 6 } else { index? };
    if name == 0 {
        return Some("the entry of INTRA_FRAME is not used");
    }
    let kind = |p: &PictureInfo| p.pGlobalMotion.as_ref()?.GmType.get(name).copied();
    let rest = base.ends_with("gm_params") && kind(given) == Some(0) && kind(right) == Some(0);
    rest.then_some("GmType is IDENTITY")
}

/// CDEF and the loop filter: frames without, entries behind cdef_bits, deltas that are off.
fn filters(
    base: &str,
    index: Option<usize>,
    given: &PictureInfo,
    right: &PictureInfo,
    sequence: &SequenceHeader,
) -> Option<&'static str> {
    if right.allow_intrabc && given.allow_intrabc {
        return Some("allow_intrabc is 1");
    }
    if lossless(given) && lossless(right) {
        return Some("the frame is lossless");
    }
    if base.starts_with("pCDEF") {
        if !sequence.enable_cdef {
            return Some("enable_cdef is 0");
        }
        let bits = |p: &PictureInfo| p.pCDEF.as_ref().map_or(0, |cdef| cdef.cdef_bits & 3);
        let count = 1 << bits(given).max(bits(right));
        let mono = sequence.pColorConfig.as_ref().is_some_and(|color| color.mono_chrome);
        if mono && base.contains("_uv_") {
            return Some("there is no chroma");
        }
        return (index? >= count).then_some("the entry is behind cdef_bits");
    }
    let off =
        |p: &PictureInfo| p.pLoopFilter.as_ref().is_none_or(|l| l.loop_filter_level[..2] == [0, 0]);
    if off(given) && off(right) {
        // What is saved is handed over again with the frame that loads it.
        return Some("the loop filter is off");
    }
    let deltas = |p: &PictureInfo| {
        p.pLoopFilter.as_ref().is_some_and(|filter| filter.loop_filter_delta_enabled)
    };
    let without = base.ends_with("_deltas") && !deltas(given) && !deltas(right);
    without.then_some("loop_filter_delta_enabled is 0")
}

/// Whether the frame is lossless without segments.
fn lossless(p: &PictureInfo) -> bool {
    p.pQuantization.as_ref().is_some_and(|q| {
        let deltas = [q.DeltaQYDc, q.DeltaQUDc, q.DeltaQUAc, q.DeltaQVDc, q.DeltaQVAc];
        q.base_q_idx == 0 && deltas == [0; 5] && !p.segmentation_enabled
    })
}

/// Why a difference in this member of a sequence header cannot change what is decoded.
pub(super) fn harmless_in_sequence(member: &str, right: &SequenceHeader) -> Option<&'static str> {
    if member.contains("reserved") {
        return Some("it is reserved");
    }
    if member.starts_with("pTimingInfo") || member.starts_with("flags.timing_info") {
        return Some("timing takes no part in decoding");
    }
    match member {
        "flags.initial_display_delay_present_flag"
        | "flags.still_picture"
        | "frame_width_bits_minus_1"
        | "frame_height_bits_minus_1"
        | "flags.frame_id_numbers_present_flag"
        | "delta_frame_id_length_minus_2"
        | "additional_frame_id_length_minus_1"
        | "seq_force_integer_mv"
        | "seq_force_screen_content_tools" => Some("it takes no part in decoding"),
        "order_hint_bits_minus_1" if !right.enable_order_hint => Some("enable_order_hint is 0"),
        _ if member.starts_with("pColorConfig.flags.color_")
            || member.starts_with("pColorConfig.color_primaries")
            || member.starts_with("pColorConfig.transfer_")
            || member.starts_with("pColorConfig.chroma_sample") =>
        {
            Some("it takes no part in decoding")
        }
        "pColorConfig.matrix_coefficients" if !right.film_grain_params_present => {
            Some("film grain alone depends on it, and there is none")
        }
        _ => None,
    }
}

/// The section that a member of a sequence header is in.
pub(super) fn sequence_section(member: &str) -> &'static str {
    match member.starts_with('p') {
        true => section(member),
        false => "5.5.1",
    }
}

/// A member without its index, and the index in its array, row by row.
pub(super) fn split(member: &str) -> (&str, Option<usize>) {
    let Some((base, rest)) = member.split_once('[') else { return (member, None) };
    let numbers: Vec<usize> =
        rest.trim_end_matches(']').split("][").filter_map(|n| n.parse().ok()).collect();
    let row = if base.ends_with("gm_params") { 6 } else { 8 };
    match numbers.as_slice() {
        [at] => (base, Some(*at)),
        [outer, inner] => (base, Some(outer * row + inner)),
        _ => (base, None),
    }
}
