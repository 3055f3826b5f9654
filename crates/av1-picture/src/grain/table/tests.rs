//! Tests of tables: the text against the crate's own, what the text cannot have, what is refused.

use super::*;

/// Film grain with a value of its own in every field of a table.
fn params(lag: u8) -> FilmGrainParams {
    let mut g = FilmGrainParams {
        apply_grain: true,
        grain_seed: 51966,
        update_grain: true,
        num_y_points: 2,
        num_cb_points: 1,
        num_cr_points: 3,
        grain_scaling_minus_8: 3,
        ar_coeff_lag: lag,
        ar_coeff_shift_minus_6: 1,
        grain_scale_shift: 2,
        cb_mult: 11,
        cb_luma_mult: 12,
        cb_offset: 511,
        cr_mult: 13,
        cr_luma_mult: 14,
        cr_offset: 257,
        overlap_flag: true,
        ..FilmGrainParams::default()
    };
    (g.point_y_value[1], g.point_y_scaling[1]) = (255, 7);
    (g.point_cb_value[0], g.point_cb_scaling[0]) = (128, 9);
    g.point_cr_value[..3].copy_from_slice(&[1, 2, 3]);
    g.point_cr_scaling[..3].copy_from_slice(&[6, 5, 4]);
    let n = num_pos_luma(lag);
    (0..n).for_each(|i| g.ar_coeffs_y_plus_128[i] = i as u8);
    (0..=n).for_each(|i| g.ar_coeffs_cb_plus_128[i] = 255 - i as u8);
    (0..=n).for_each(|i| g.ar_coeffs_cr_plus_128[i] = 120 + i as u8);
    g
}

/// Luma alone, chroma alone, chroma from luma, all.
fn kinds(lag: u8) -> [FilmGrainParams; 4] {
    let all = params(lag);
    let no_luma = |mut g: FilmGrainParams| {
        (g.num_y_points, g.point_y_value[1], g.point_y_scaling[1]) = (0, 0, 0);
        g.ar_coeffs_y_plus_128 = [0; 24];
        // Without luma grain, chroma has no coefficient for it.
        g.ar_coeffs_cb_plus_128[num_pos_luma(lag)] = 0;
        g.ar_coeffs_cr_plus_128[num_pos_luma(lag)] = 0;
        g
    };
    let no_points = |mut g: FilmGrainParams| {
        (g.num_cb_points, g.num_cr_points) = (0, 0);
        (g.point_cb_value, g.point_cb_scaling) = ([0; 10], [0; 10]);
        (g.point_cr_value, g.point_cr_scaling) = ([0; 10], [0; 10]);
        (g.cb_mult, g.cb_luma_mult, g.cb_offset) = (0, 0, 0);
        (g.cr_mult, g.cr_luma_mult, g.cr_offset) = (0, 0, 0);
        g
    };
    let luma = FilmGrainParams {
        ar_coeffs_cb_plus_128: [0; 25],
        ar_coeffs_cr_plus_128: [0; 25],
        ..no_points(all)
    };
    let cfl = FilmGrainParams { chroma_scaling_from_luma: true, ..no_points(all) };
    [luma, no_luma(all), cfl, all]
}

#[test]
fn a_text_parses_to_the_values_it_was_written_from() {
    let all = (0..4).flat_map(kinds).zip(0..);
    let segment = |(params, i): (_, u64)| Segment { start: 10 * i, end: 10 * i + 7, params };
    let table = Table { segments: all.map(segment).collect() };
    assert_eq!(table.segments.len(), 16);
    assert_eq!(Table::parse(&table.to_string()), Ok(table));
}

#[test]
fn the_text_is_the_one_that_the_crate_writes() {
    let segments = (0..4).flat_map(kinds).map(|params| Segment { start: 3, end: 1 << 40, params });
    let table = Table { segments: segments.collect() };
    let path = std::env::temp_dir().join(format!("vav1d-table-{}", std::process::id()));
    let derived: Vec<_> = table.segments.iter().map(derived).collect();
    av1_grain::write_grain_table(&path, &derived).expect("a file");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::remove_file(&path).expect("the file");
    assert_eq!(table.to_string(), text);
}

#[test]
fn what_no_table_has_is_fixed() {
    let own = FilmGrainParams {
        update_grain: false,
        film_grain_params_ref_idx: 5,
        clip_to_restricted_range: true,
        ..params(1)
    };
    assert_eq!(tabled(&own), params(1));
}

#[test]
fn segments_without_grain_are_gaps() {
    let text = |apply| {
        let table = |start| {
            let segment = Segment { start, end: start + 10, params: params(2) };
            Table { segments: vec![segment] }.to_string()
        };
        let middle = table(10).replace("E 10 20 1", apply);
        let bare = |text: String| text.trim_start_matches("filmgrn1\n").to_owned();
        format!("{}{}{}", table(0), bare(middle), bare(table(20)))
    };
    let starts = |text: &str| {
        let table = Table::parse(text).expect("a table");
        table.segments.iter().map(|s| s.start).collect::<Vec<_>>()
    };
    assert_eq!(starts(&text("E 10 20 1")), [0, 10, 20]);
    assert_eq!(starts(&text("E 10 20 0")), [0, 20]);
    assert_eq!(starts("filmgrn1\nE 0 9 0 0 0\n"), [0_u64; 0]);
    assert_eq!(starts("filmgrn1\n"), [0_u64; 0]);
    let table = Table::parse(&text("E 10 20 0")).expect("a table");
    let found = [0, 9, 10, 19, 20, 29, 30].map(|ticks| table.at(ticks).map(|s| s.start));
    assert_eq!(found, [Some(0), Some(0), None, None, Some(20), Some(20), None]);
}

#[test]
fn what_is_no_table_is_refused_with_its_line() {
    let good = Table { segments: vec![Segment { start: 0, end: 9, params: params(0) }] };
    let good = good.to_string();
    let cases = [
        (String::new(), "filmgrn1"),
        ("filmgrn2\n".to_owned(), "line 1"),
        (good.replace("E 0 9", "E 9 0"), "line 2"),
        (good.replace("\tsCb", "\tsCx"), "line 5"),
        (good.replace(" 511 ", " 512 "), "segment 1: cb_offset"),
        (good.replace("sCr 3 1 6 2 5", "sCr 3 1 6 1 5"), "segment 1: the values of points"),
        (good.replace("p 0 7 2", "p 0 7 4"), "segment 1: grain_scale_shift"),
        (format!("{good}\tcCr 0\nE 9 10 1 0 1\n"), "line 10: expected E line"),
        (good.replace("1 51966 1", "1 51966 0").replace("\tp", "\tq"), "line 3"),
    ];
    for (text, part) in cases {
        assert_ne!(text, good);
        let error = Table::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(part), "{error}: {text}");
    }
}

#[test]
fn times_are_cut_off() {
    assert_eq!(ticks(1, (1001, 24000)), 417_083);
    assert_eq!(ticks(2, (1, 30)), 666_666);
    assert_eq!(ticks(u64::MAX, (u32::MAX, 1)), u64::MAX);
    assert_eq!(ticks(7, (1, 0)), 70_000_000);
}
