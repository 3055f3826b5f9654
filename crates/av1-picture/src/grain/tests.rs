//! Tests of the film grain synthesis: properties here, exact bytes in the command's `tests/suite/streams.rs`, where the
//! samples with film grain have the MD5s of other decoders.

use super::*;
use crate::pixels::Chroma;

pub(super) fn color(matrix_coefficients: u8) -> ColorConfig {
    ColorConfig {
        high_bitdepth: false,
        twelve_bit: false,
        mono_chrome: false,
        color_description_present_flag: false,
        color_primaries: 2,
        transfer_characteristics: 2,
        matrix_coefficients,
        color_range: false,
        subsampling_x: true,
        subsampling_y: true,
        chroma_sample_position: 0,
        separate_uv_delta_q: false,
    }
}

fn params() -> FilmGrainParams {
    let mut params = FilmGrainParams {
        apply_grain: true,
        grain_seed: 1234,
        num_y_points: 2,
        grain_scaling_minus_8: 0,
        ar_coeffs_y_plus_128: [128; 24],
        ar_coeffs_cb_plus_128: [128; 25],
        ar_coeffs_cr_plus_128: [128; 25],
        ..FilmGrainParams::default()
    };
    params.point_y_value[1] = 255;
    params.point_y_scaling = [80; 14];
    params
}

#[test]
fn a_piecewise_linear_lut_meets_its_points() {
    let lut = scaling_lut(3, &[16, 32, 200], &[10, 42, 0]);
    assert_eq!((lut[0], lut[16], lut[24], lut[32], lut[200], lut[255]), (10, 10, 26, 42, 0, 0));
    assert_eq!(scaling_lut(0, &[], &[]), [0; 256]);
}

#[test]
fn planes_without_points_stay_as_they_are() {
    for chroma in [Chroma::Monochrome, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444] {
        let mut picture = Picture::new(Format { chroma, bit_depth: 8 }, 67, 35);
        picture.data.fill(100);
        let out = apply(&picture, &params(), &color(2));
        assert_ne!(out.plane(0), picture.plane(0));
        for plane in 1..chroma.planes() {
            assert_eq!(out.plane(plane), picture.plane(plane));
        }
    }
}

#[test]
fn no_grain_is_no_change() {
    let picture = Picture::new(Format { chroma: Chroma::Yuv420, bit_depth: 10 }, 33, 17);
    assert_eq!(apply(&picture, &FilmGrainParams::default(), &color(2)), picture);
}

#[test]
fn the_restricted_range_is_kept() {
    for (bit_depth, identity, chroma_max) in [(8, false, 240), (8, true, 235), (10, false, 960)] {
        let mut params = params();
        params.clip_to_restricted_range = true;
        params.chroma_scaling_from_luma = true;
        let format = Format { chroma: Chroma::Yuv444, bit_depth };
        let mut picture = Picture::new(format, 64, 64);
        let top = if bit_depth == 8 { vec![255] } else { 1023u16.to_le_bytes().to_vec() };
        picture.data = top.repeat(3 * 64 * 64).into();
        let out = apply(&picture, &params, &color(if identity { 0 } else { 2 }));
        let max = |plane| samples(&out, plane).into_iter().max();
        assert_eq!(max(0), Some(235 << (bit_depth - 8)));
        assert_eq!(max(1), Some(chroma_max));
    }
}
