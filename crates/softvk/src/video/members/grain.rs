//! StdVideoAV1FilmGrain, spec 5.9.30 and 6.8.20, where it is applied.

use super::{Found, Frame};
use av1_engine::job::Chroma;

/// Values that a stream can have. That the structure is missing is said elsewhere.
pub(super) fn check(found: &mut Found, frame: &Frame<'_>) {
    let Some(grain) = &frame.picture.film_grain else { return };
    let found = found.of("StdVideoAV1FilmGrain");
    found.range("grain_scaling_minus_8", grain.grain_scaling_minus_8, 0..=3, "5.9.30");
    found.range("ar_coeff_lag", grain.ar_coeff_lag, 0..=3, "5.9.30");
    found.range("ar_coeff_shift_minus_6", grain.ar_coeff_shift_minus_6, 0..=3, "5.9.30");
    found.range("grain_scale_shift", grain.grain_scale_shift, 0..=3, "5.9.30");
    points(found, "y", grain.num_y_points, &grain.point_y_value);
    let from_luma = grain.flags.chroma_scaling_from_luma() != 0;
    let (cb, cr) = (grain.num_cb_points, grain.num_cr_points);
    let sub_420 = frame.profile.chroma == Chroma::Yuv420;
    if frame.monochrome || from_luma || sub_420 && grain.num_y_points == 0 {
        found.range("num_cb_points", cb, 0..=0, "5.9.30");
        found.range("num_cr_points", cr, 0..=0, "5.9.30");
    } else {
        points(found, "cb", cb, &grain.point_cb_value);
        points(found, "cr", cr, &grain.point_cr_value);
        found.must(!sub_420 || (cb == 0) == (cr == 0), || {
            format!(
                "num_cb_points is {cb}, num_cr_points {cr}: in 4:2:0 both are 0 or none (6.8.20)"
            )
        });
    }
    if cb > 0 {
        found.range("cb_offset", grain.cb_offset, 0..=511, "5.9.30");
    }
    if cr > 0 {
        found.range("cr_offset", grain.cr_offset, 0..=511, "5.9.30");
    }
}

/// At most as many points as there is room for, with rising values.
fn points(found: &mut Found, plane: &str, count: u8, values: &[u8]) {
    let most = values.len();
    found.range(&format!("num_{plane}_points"), count, 0..=most as i64, "6.8.20");
    let values = &values[..usize::from(count).min(most)];
    if let Some(i) = values.windows(2).position(|pair| pair[0] >= pair[1]) {
        let (before, value) = (values[i], values[i + 1]);
        found.must(false, || {
            format!(
                "point_{plane}_value[{}] is {value}, not above {before}, the one before it (6.8.20)",
                i + 1
            )
        });
    }
}
