//! Tests of film grain in place of the stream's own, and of tables made of frames.

use super::*;
use crate::grain::{Clock, Seeds, Timeline};

fn color(mono_chrome: bool, subsampled: bool, transfer_characteristics: u8) -> ColorConfig {
    ColorConfig {
        high_bitdepth: false,
        twelve_bit: false,
        mono_chrome,
        color_description_present_flag: true,
        color_primaries: 2,
        transfer_characteristics,
        matrix_coefficients: 2,
        color_range: false,
        subsampling_x: subsampled,
        subsampling_y: subsampled,
        chroma_sample_position: 0,
        separate_uv_delta_q: false,
    }
}

fn grain(seed: u16, scaling: u8) -> FilmGrainParams {
    let mut params = FilmGrainParams {
        apply_grain: true,
        grain_seed: seed,
        update_grain: true,
        num_y_points: 1,
        num_cb_points: 1,
        num_cr_points: 1,
        ..FilmGrainParams::default()
    };
    params.point_y_scaling[0] = scaling;
    params.ar_coeffs_cb_plus_128[0] = 128;
    params.ar_coeffs_cr_plus_128[0] = 128;
    params
}

/// (start, end, seed) of the segments that frames (time in 30ths of a second, film grain) make.
fn segments(seeds: Seeds, frames: &[(i64, FilmGrainParams)]) -> Vec<(u64, u64, u16)> {
    let mut timeline = Timeline::new(seeds);
    let mut clock = Clock::new(Some((1, 30)));
    for (pts, params) in frames {
        timeline.frame(clock.frame(Some(*pts)), params);
    }
    let table = timeline.finish(clock.tick());
    table.segments.iter().map(|s| (s.start, s.end, s.params.grain_seed)).collect()
}

#[test]
fn equal_neighbours_are_one_segment_and_frames_without_grain_are_gaps() {
    let none = FilmGrainParams::default();
    let frames = [
        (5, grain(100, 1)),
        (6, grain(3481, 1)),
        (7, none),
        (8, grain(7, 1)),
        (9, grain(8, 2)),
        (10, FilmGrainParams { clip_to_restricted_range: true, ..grain(9, 2) }),
    ];
    // The last frame lasts as long as the one before it, which is cut off.
    let merged = [(0, 666_666, 100), (1_000_000, 1_333_333, 7), (1_333_333, 1_999_999, 8)];
    assert_eq!(segments(Seeds::Merged, &frames), merged);
    let kept = [
        (0, 666_666, 100),
        (1_000_000, 1_333_333, 7),
        (1_333_333, 1_666_666, 8),
        (1_666_666, 1_999_999, 9),
    ];
    assert_eq!(segments(Seeds::Kept, &frames), kept);
}

#[test]
fn an_only_frame_lasts_a_tick_of_the_stream() {
    assert_eq!(segments(Seeds::Merged, &[(77, grain(5, 5))]), [(0, 333_333, 5)]);
    assert_eq!(segments(Seeds::Merged, &[]), []);
}

#[test]
fn of_frames_at_one_time_the_last_counts() {
    let frames = [(0, grain(1, 1)), (0, grain(2, 2)), (1, grain(3, 3))];
    assert_eq!(segments(Seeds::Merged, &frames)[0], (0, 333_333, 2));
}

#[test]
fn seeds_go_on_from_the_start_of_the_segment() {
    let (start, end) = (1_000_000, u64::MAX);
    let segment = Segment { start, end, params: grain(7391, 1) };
    let mut clock = Clock::new(Some((1001, 30000)));
    let times: Vec<_> = (0..100_000).map(|pts| clock.frame(Some(pts))).collect();
    // The third frame is the first that is not before 0.1 s.
    for at in &times[3..] {
        assert_eq!(segment.seed(*at), seed_after(7391, at.index - 3));
    }
}

#[test]
fn a_table_gives_frames_what_their_time_has() {
    let segment = |start, end, params| Segment { start, end, params };
    let table = Table {
        segments: vec![segment(0, 400_000, grain(1, 1)), segment(800_000, 1_600_000, grain(9, 2))],
    };
    let other = Override::Table(table);
    let mut clock = Clock::new(None);
    let at: Vec<_> = (0..5).map(|_| clock.frame(None)).collect();
    let seeds = |color| {
        let of = |at: &FrameTime| other.params(*at, (16, 16), color).map(|p| p.grain_seed);
        at.iter().map(of).collect::<Vec<_>>()
    };
    let color = color(false, true, 2);
    assert_eq!(seeds(&color), [Some(1), None, Some(9), Some(9 + 3381), None]);
}

#[test]
fn formats_without_a_plane_get_no_grain_for_it() {
    let chroma = FilmGrainParams { num_y_points: 0, ..grain(1, 1) };
    let chroma_points = |params, color: &ColorConfig| {
        let params = codable(params, color);
        (params.num_cb_points, params.num_cr_points)
    };
    assert_eq!(chroma_points(grain(1, 1), &color(true, true, 2)), (0, 0));
    assert_eq!(chroma_points(grain(1, 1), &color(false, true, 2)), (1, 1));
    assert_eq!(chroma_points(chroma, &color(false, true, 2)), (0, 0));
    assert_eq!(chroma_points(chroma, &color(false, false, 2)), (1, 1));
}

#[test]
fn photon_noise_grows_with_the_speed_and_fits_every_transfer_function() {
    let at = FrameTime { index: 3, ticks: 1_200_000 };
    let scaling = |iso, transfer| {
        let color = color(false, true, transfer);
        let params = Override::PhotonNoise(iso).params(at, (1920, 1080), &color);
        let params = params.expect("film grain");
        assert_eq!(params.num_y_points, 14);
        assert_eq!(params.grain_seed, seed_after(av1_grain::DEFAULT_GRAIN_SEED, 3));
        params.point_y_scaling.iter().map(|s| u32::from(*s)).sum::<u32>()
    };
    for transfer in [1, TC_SMPTE_2084] {
        let speeds = [*Override::ISO.start(), 100, 800, 6400, *Override::ISO.end()];
        let scalings = speeds.map(|iso| scaling(iso, transfer));
        assert!(scalings.is_sorted() && scalings[1] < scalings[3], "{scalings:?}");
    }
    assert_ne!(scaling(6400, 1), scaling(6400, TC_SMPTE_2084));
}
