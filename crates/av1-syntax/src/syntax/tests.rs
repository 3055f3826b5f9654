//! Headers written bit by bit after the syntax tables, with what they mean; and headers that break
//! a rule, with the place that the error names.

use super::frame::{FrameType, UncompressedHeader};
use super::references::References;
use super::sequence::{SequenceHeader, sequence_header_obu};
use super::uncompressed_header;
use crate::bits::BitReader;
use crate::format::Chroma;

/// Bytes of bits written as text, `_` and blanks ignored.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| b.is_ascii_digit()).map(|b| b - b'0').collect();
    let byte = |c: &[u8]| c.iter().fold(0, |v, b| v << 1 | b) << (8 - c.len());
    digits.chunks(8).map(byte).collect()
}

/// A reduced still picture header of 64x64: seq_profile to film_grain_params_present.
fn reduced(profile: &str, color_config: &str) -> String {
    [
        profile,
        "1 1",       // still_picture, reduced_still_picture_header
        "00100",     // seq_level_idx
        "0101 0101", // frame_width_bits_minus_1, frame_height_bits_minus_1
        "111111 111111",
        "0 1 0", // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
        "0 1 0", // enable_superres, enable_cdef, enable_restoration
        color_config,
        "0",
    ]
    .concat()
}

/// high_bitdepth, mono_chrome, no description, color_range, chroma_sample_position, separate_uv.
const MAIN_420: &str = "0 0 0 0 00 0";

fn sequence(text: &str) -> Result<SequenceHeader, String> {
    sequence_header_obu(&mut BitReader::new(&bits(text))).map_err(|e| e.to_string())
}

#[test]
fn a_reduced_still_picture_header() {
    let header = sequence(&reduced("000", MAIN_420)).expect("a header");
    assert!(header.reduced_still_picture_header && header.still_picture);
    assert_eq!(header.max_frame_size(), (64, 64));
    assert!(header.enable_filter_intra && header.enable_cdef && !header.enable_restoration);
    // 5.5.1: what a reduced header implies.
    assert_eq!(header.operating_points.len(), 1);
    assert!(!header.enable_order_hint && !header.enable_warped_motion);
    assert_eq!((header.seq_force_screen_content_tools, header.seq_force_integer_mv), (2, 2));
    assert_eq!(header.order_hint_bits(), 0);
}

#[test]
fn color_configs_of_all_profiles() {
    // high_bitdepth, [twelve_bit], [mono_chrome], description, color_range, [subsampling], ...
    for (profile, color, chroma, depth) in [
        ("000", "0 0 0 0 00 0", Chroma::Yuv420, 8),
        ("000", "1 0 0 0 00 0", Chroma::Yuv420, 10),
        ("000", "0 1 0 0", Chroma::Monochrome, 8),
        ("001", "0 0 0 0", Chroma::Yuv444, 8),
        ("001", "1 0 0 0", Chroma::Yuv444, 10),
        ("010", "0 0 0 0 0", Chroma::Yuv422, 8),
        ("010", "1 0 0 0 0 0", Chroma::Yuv422, 10),
        ("010", "1 1 0 0 0 1 1 00 0", Chroma::Yuv420, 12),
        ("010", "1 1 0 0 0 1 0 0", Chroma::Yuv422, 12),
        ("010", "1 1 0 0 0 0 0", Chroma::Yuv444, 12),
        ("010", "1 1 1 0 0", Chroma::Monochrome, 12),
    ] {
        let header = sequence(&reduced(profile, color)).expect("a header");
        let format = header.color_config.format();
        assert_eq!((format.chroma, format.bit_depth), (chroma, depth), "{profile} {color}");
    }
}

#[test]
fn srgb_is_444_without_further_bits() {
    // color_description_present_flag, color_primaries 1, transfer 13, matrix 0, separate_uv.
    let color = "0 1 00000001 00001101 00000000 0";
    let header = sequence(&reduced("001", color)).expect("a header");
    assert_eq!(header.color_config.format().chroma, Chroma::Yuv444);
    let error = sequence(&reduced("000", &["0 0", &color[1..]].concat())).expect_err("4:2:0");
    assert!(error.contains("5.5.2"), "{error}");
}

#[test]
fn faults_of_sequence_headers_name_their_place() {
    let error = sequence("011").expect_err("profile 3");
    assert_eq!(
        error,
        "seq_profile, bit 3: value 3 is not allowed: profiles are 0 to 2 (AV1 specification 5.5.1)"
    );
    let error = sequence("000 0 1").expect_err("reduced, but not still");
    assert!(error.starts_with("reduced_still_picture_header, bit 5: value 1"), "{error}");
    let whole = bits(&reduced("000", MAIN_420));
    for length in 0..whole.len() - 1 {
        let mut r = BitReader::new(&whole[..length]);
        let error = sequence_header_obu(&mut r).expect_err("cut").to_string();
        assert!(error.contains("the data end here"), "{length}: {error}");
    }
}

/// A key frame of a reduced still picture: from disable_cdef to reduced_tx_set.
fn still_frame(tiles: &str, base_q_idx: &str) -> String {
    [
        "0",   // disable_cdf_update
        "0",   // allow_screen_content_tools
        "0",   // render_and_frame_size_different
        tiles, // uniform_tile_spacing_flag and increments
        base_q_idx,
        "0 0 0",  // deltas of Y, U (no separate V)
        "0",      // using_qmatrix
        "0",      // segmentation_enabled
        "0",      // delta_q_present
        "000101", // loop_filter_level[0]
        "000000", // loop_filter_level[1]
        "000000 000000",
        "011",   // loop_filter_sharpness
        "0",     // loop_filter_delta_enabled
        "01 00", // cdef_damping_minus_3, cdef_bits
        "0000 01 0000 10",
        "1", // tx_mode_select
        "0", // reduced_tx_set
    ]
    .concat()
}

fn frame(text: &str) -> Result<UncompressedHeader, String> {
    let sequence = sequence(&reduced("000", MAIN_420)).expect("a header");
    let data = bits(text);
    let mut r = BitReader::new(&data);
    uncompressed_header(&mut r, &sequence, &References::default(), 0, 0).map_err(|e| e.to_string())
}

#[test]
fn a_still_picture_is_a_shown_key_frame() {
    let header = match frame(&still_frame("1", "01100100")) {
        Ok(UncompressedHeader::Frame(header)) => header,
        other => panic!("{other:?}"),
    };
    assert_eq!(header.frame_type, FrameType::Key);
    assert!(header.show_frame && !header.showable_frame && header.error_resilient_mode);
    assert_eq!(header.refresh_frame_flags, 0xff);
    assert_eq!((header.frame_size.frame_width, header.frame_size.frame_height), (64, 64));
    assert_eq!(header.quantization_params.base_q_idx, 100);
    assert_eq!(header.tile_info.num_tiles(), 1);
    assert!(!header.coded_lossless && !header.all_lossless);
    assert!(header.disable_frame_end_update_cdf);
}

#[test]
fn a_frame_header_that_ends_early_says_where() {
    let whole = bits(&still_frame("1", "01100100"));
    for length in 0..whole.len() - 1 {
        let sequence = sequence(&reduced("000", MAIN_420)).expect("a header");
        let mut r = BitReader::new(&whole[..length]);
        let error = uncompressed_header(&mut r, &sequence, &References::default(), 0, 0)
            .expect_err("cut")
            .to_string();
        assert!(error.contains("the data end here (AV1 specification 5.9."), "{error}");
    }
}

#[test]
fn an_operating_point_has_layers_of_both_kinds() {
    // seq_profile to operating_points_cnt_minus_1, then operating_point_idc.
    for (idc, said) in
        [("000000000000", 0), ("000100000001", 0), ("000000000101", 1), ("001100000000", 1)]
    {
        let data = bits(&format!("000 0 0 0 0 00000 {idc} 00000 {}", "0".repeat(200)));
        let mut reader = BitReader::new(&data);
        let _ = sequence_header_obu(&mut reader);
        let noted = reader.take_deviations();
        assert_eq!(
            noted.iter().filter(|d| d.at.element == Some("operating_point_idc")).count(),
            said,
            "{idc}"
        );
    }
}

/// high_bitdepth, mono_chrome, a description of BT.709, BT.709 and MC_IDENTITY, color_range,
/// chroma_sample_position, separate_uv_delta_q.
const IDENTITY_420: &str = "0 0 1 00000001 00000001 00000000 0 00 0";

#[test]
fn what_decoders_cope_with_is_noted_or_refused() {
    let data = bits(&reduced("000", IDENTITY_420));
    let mut reader = BitReader::new(&data);
    let header = sequence_header_obu(&mut reader).expect("a header");
    assert_eq!(header.color_config.matrix_coefficients, 0);
    let noted = reader.take_deviations();
    assert_eq!(noted.len(), 1);
    let text = noted[0].to_string();
    assert!(text.contains("MC_IDENTITY") && text.contains("5.5.2"), "{text}");
    let strict = sequence_header_obu(&mut BitReader::new(&data).strict(true));
    assert_eq!(strict.expect_err("a fault"), noted[0]);
}
