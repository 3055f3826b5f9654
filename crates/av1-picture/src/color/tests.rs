//! Values from the recommendations themselves.

use super::*;

pub(super) fn color(matrix: u8, range: bool) -> ColorConfig {
    ColorConfig {
        high_bitdepth: false,
        twelve_bit: false,
        mono_chrome: false,
        color_description_present_flag: true,
        color_primaries: 1,
        transfer_characteristics: 1,
        matrix_coefficients: matrix,
        color_range: range,
        subsampling_x: true,
        subsampling_y: true,
        chroma_sample_position: 0,
        separate_uv_delta_q: false,
    }
}

fn rgb(depth: u8, color: &ColorConfig, yuv: [f32; 3]) -> [f32; 3] {
    let rows = to_rgb(depth, (64, 64), color);
    rows.map(|[y, u, v, one]| y * yuv[0] + u * yuv[1] + v * yuv[2] + one)
}

#[track_caller]
fn check(depth: u8, color: &ColorConfig, yuv: [f32; 3], expected: [f32; 3]) {
    let got = rgb(depth, color, yuv);
    let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.005);
    assert!(near, "{got:?}, not {expected:?}");
}

#[test]
fn black_white_and_primaries() {
    for matrix in [1, 4, 5, 6, 7, 9] {
        let limited = color(matrix, false);
        check(8, &limited, [16.0, 128.0, 128.0], [0.0; 3]);
        check(8, &limited, [235.0, 128.0, 128.0], [1.0; 3]);
        check(10, &limited, [940.0, 512.0, 512.0], [1.0; 3]);
        check(8, &color(matrix, true), [255.0, 128.0, 128.0], [1.0; 3]);
        check(12, &color(matrix, true), [0.0, 2048.0, 2048.0], [0.0; 3]);
    }
    // Red of 100 % colour bars: BT.709 63, 102, 240; BT.601 81, 90, 240; BT.2020 10 bit 294, 387, 960.
    check(8, &color(1, false), [63.0, 102.0, 240.0], [1.0, 0.0, 0.0]);
    check(8, &color(6, false), [81.0, 90.0, 240.0], [1.0, 0.0, 0.0]);
    check(10, &color(9, false), [294.0, 387.0, 960.0], [1.0, 0.0, 0.0]);
    // Green, full range, YCgCo: Y = 1/2, Cg = 1/2, Co = 0.
    check(8, &color(8, true), [127.5, 255.5, 128.0], [0.0, 1.0, 0.0]);
    // Identity: planes are G, B, R.
    check(8, &color(0, true), [10.0, 20.0, 30.0], [30.0 / 255.0, 10.0 / 255.0, 20.0 / 255.0]);
    check(8, &color(0, false), [16.0, 16.0, 235.0], [1.0, 0.0, 0.0]);
}

#[test]
fn luma_of_primaries_is_that_of_the_recommendations() {
    for (code, kr, kb) in [(1, 0.2126, 0.0722), (9, 0.2627, 0.0593)] {
        let (r, b) = Primaries::of(code).unwrap().kr_kb();
        assert!((r - kr).abs() < 1e-4 && (b - kb).abs() < 1e-4, "{code}: {r} {b}");
    }
}

#[test]
fn from_2020_to_709() {
    // BT.2087, annex 2.
    let expected =
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]];
    let got = Primaries::BT2020.to(&Primaries::BT709);
    for (got, expected) in got.iter().flatten().zip(expected.iter().flatten()) {
        assert!((got - expected).abs() < 1e-4, "{got} {expected}");
    }
    for code in [4, 5, 6, 8, 10, 11, 12, 22] {
        let rows = Primaries::of(code).unwrap().to(&Primaries::BT709);
        for row in rows {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{code}: white stays white");
        }
    }
}

#[test]
fn chroma_lies_where_the_stream_says() {
    assert_eq!(siting(Chroma::Yuv420, 0), -0.25);
    assert_eq!(siting(Chroma::Yuv420, 1), -0.25);
    assert_eq!(siting(Chroma::Yuv420, 2), 0.0);
    assert_eq!(siting(Chroma::Yuv422, 0), 0.0);
}

#[test]
fn variants_have_indices_of_their_own() {
    let mut seen = [0; Variant::COUNT];
    for (image, wide) in [(false, false), (false, true), (true, false)] {
        for chroma in 0..3 {
            for plain in [false, true] {
                seen[Variant { image, wide, chroma, plain }.index()] += 1;
            }
        }
    }
    assert_eq!(seen, [1; Variant::COUNT]);
}

#[test]
fn transfers() {
    let with = |primaries, transfer| ColorConfig {
        color_primaries: primaries,
        transfer_characteristics: transfer,
        ..color(9, false)
    };
    let check = |color: ColorConfig, sdr, hdr| {
        assert_eq!(transfer(&color, Output::Sdr), sdr);
        assert_eq!(transfer(&color, Output::Hdr10), hdr);
    };
    check(with(9, 16), Transfer::Pq, Transfer::None);
    check(with(12, 16), Transfer::Pq, Transfer::Pq);
    check(with(9, 18), Transfer::Hlg, Transfer::Hlg);
    check(with(1, 1), Transfer::None, Transfer::Power);
    check(with(2, 2), Transfer::None, Transfer::Power);
    check(with(5, 6), Transfer::Power, Transfer::Power);
    check(with(6, 6), Transfer::Power, Transfer::Power);
    check(with(9, 14), Transfer::Power, Transfer::Power);
    check(with(1, 8), Transfer::Linear, Transfer::Linear);
}
