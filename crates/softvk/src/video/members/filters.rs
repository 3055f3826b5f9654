//! StdVideoAV1LoopFilter, StdVideoAV1CDEF and StdVideoAV1LoopRestoration, where they are read.

use super::{Found, Frame};
use av1_engine::job::Chroma;

/// Spec 5.9.11.
pub(super) fn loop_filter(found: &mut Found, frame: &Frame<'_>) {
    let Some(filter) = frame.picture.loop_filter.as_ref() else { return };
    if frame.coded_lossless || frame.allow_intrabc {
        return;
    }
    let found = found.of("StdVideoAV1LoopFilter");
    let levels = if frame.monochrome { 2 } else { 4 };
    for (i, level) in filter.loop_filter_level.iter().enumerate().take(levels) {
        found.range(&format!("loop_filter_level[{i}]"), *level, 0..=63, "5.9.11");
    }
    found.range("loop_filter_sharpness", filter.loop_filter_sharpness, 0..=7, "5.9.11");
    if filter.flags.loop_filter_delta_enabled() == 0 {
        return;
    }
    for (i, delta) in filter.loop_filter_ref_deltas.iter().enumerate() {
        found.range(&format!("loop_filter_ref_deltas[{i}]"), *delta, -64..=63, "5.9.11");
    }
    for (i, delta) in filter.loop_filter_mode_deltas.iter().enumerate() {
        found.range(&format!("loop_filter_mode_deltas[{i}]"), *delta, -64..=63, "5.9.11");
    }
}

/// Spec 5.9.19.
pub(super) fn cdef(found: &mut Found, frame: &Frame<'_>) {
    let enabled = frame.sequence.std.flags.enable_cdef() != 0;
    let Some(cdef) = frame.picture.cdef.as_ref().filter(|_| enabled) else { return };
    if frame.coded_lossless || frame.allow_intrabc {
        return;
    }
    let found = found.of("StdVideoAV1CDEF");
    found.range("cdef_damping_minus_3", cdef.cdef_damping_minus_3, 0..=3, "5.9.19");
    found.range("cdef_bits", cdef.cdef_bits, 0..=3, "5.9.19");
    for i in 0..1 << (cdef.cdef_bits & 3) {
        for (member, value, most) in [
            ("cdef_y_pri_strength", cdef.cdef_y_pri_strength[i], 15),
            ("cdef_y_sec_strength", cdef.cdef_y_sec_strength[i], 3),
            ("cdef_uv_pri_strength", cdef.cdef_uv_pri_strength[i], 15),
            ("cdef_uv_sec_strength", cdef.cdef_uv_sec_strength[i], 3),
        ] {
            if !(frame.monochrome && member.starts_with("cdef_uv")) {
                found.range(&format!("{member}[{i}]"), value, 0..=most, "5.9.19");
            }
        }
    }
}

/// Spec 5.9.20.
pub(super) fn restoration(found: &mut Found, frame: &Frame<'_>) {
    let flags = &frame.std.flags;
    if flags.UsesLr() == 0 {
        return;
    }
    let found = found.of("StdVideoDecodeAV1PictureInfo");
    let all_lossless = frame.coded_lossless && !frame.use_superres;
    let enabled = frame.sequence.std.flags.enable_restoration() != 0;
    found.must(enabled && !all_lossless && !frame.allow_intrabc, || {
        "flags.UsesLr is 1 without enable_restoration, with allow_intrabc, or in a lossless frame \
         (5.9.20)"
            .to_owned()
    });
    let Some(restoration) = &frame.picture.loop_restoration else {
        return found
            .must(false, || "pLoopRestoration is NULL, though UsesLr is 1 (5.9.20)".to_owned());
    };
    let found = found.of("StdVideoAV1LoopRestoration");
    let planes = if frame.monochrome { 1 } else { 3 };
    let types = restoration.FrameRestorationType;
    for (plane, kind) in types.into_iter().enumerate().take(planes) {
        found.range(&format!("FrameRestorationType[{plane}]"), kind, 0..=3, "6.10.15");
    }
    sizes(found, frame, restoration.LoopRestorationSize, types.map(|kind| kind != 0));
}

/// LoopRestorationSize is log2 of the size less 5: of luma 64 to 256, and of chroma the same or,
/// in 4:2:0, half of it.
fn sizes(found: &mut Found, frame: &Frame<'_>, sizes: [u16; 3], used: [bool; 3]) {
    let large = frame.sequence.std.flags.use_128x128_superblock() != 0;
    let least = if large { 2 } else { 1 };
    if used[0] {
        found.range("LoopRestorationSize[0]", sizes[0], least..=3, "5.9.20");
    }
    let luma = i64::from(sizes[0]);
    let half = frame.profile.chroma == Chroma::Yuv420;
    for plane in 1..if frame.monochrome { 1 } else { 3 } {
        if used[plane] && used[0] {
            let low = if half { luma - 1 } else { luma };
            let member = format!("LoopRestorationSize[{plane}]");
            found.range(&member, sizes[plane], low..=luma, "5.9.20");
        }
    }
}
