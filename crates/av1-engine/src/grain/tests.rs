//! The synthesis against the decoder's own, on pictures of random tiles with random parameters.

use ash::vk::native::StdVideoAV1FilmGrain;

use super::super::Reconstructor;
use super::super::frame::Maker;
use super::super::headers::{FrameSize, FrameType, HeaderInput, tile_group, uncompressed_header};
use super::super::obu_writer::{BitWriter, ObuType, push_obu};
use super::super::rav1d::Rav1d;
use super::super::sequence::Sequence;
use super::super::testing::{self, Rng};
use super::*;
use crate::job::{Chroma, FrameJob, Profile};
use crate::plain::Plain;

/// `sequence_header_obu()`, spec 5.5, with film grain and, if `identity`, MC_IDENTITY.
fn sequence_payload(sequence: &Sequence, seq_profile: u32, identity: bool) -> Vec<u8> {
    let mut w = BitWriter::default();
    w.f(3, seq_profile);
    w.f(1 + 1 + 1 + 1, 0); // still_picture to initial_display_delay_present_flag
    w.f(5 + 12 + 5, 0); // one operating point
    w.f(4 + 4, 0xff); // frame_width_bits_minus_1, frame_height_bits_minus_1
    w.f(16 + 16, 0xffff_ffff); // max_frame_width_minus_1, max_frame_height_minus_1
    w.f(1, 0); // frame_id_numbers_present_flag
    w.f(3 + 5, 0); // use_128x128_superblock to enable_order_hint
    w.f(2, 3); // seq_choose_screen_content_tools, seq_choose_integer_mv
    w.f(3, 0); // enable_superres, enable_cdef, enable_restoration
    w.flag(sequence.bit_depth > 8); // high_bitdepth
    if seq_profile == 2 && sequence.bit_depth > 8 {
        w.flag(sequence.bit_depth == 12); // twelve_bit
    }
    if seq_profile != 1 {
        w.flag(sequence.mono_chrome);
    }
    w.flag(identity); // color_description_present_flag
    if identity {
        w.f(8 + 8, 2 << 8 | 2); // color_primaries, transfer_characteristics
        w.f(8, 0); // matrix_coefficients
    }
    w.f(1, 0); // color_range
    if !sequence.mono_chrome {
        if seq_profile == 2 && sequence.bit_depth == 12 {
            w.flag(sequence.subsampling_x);
            if sequence.subsampling_x {
                w.flag(sequence.subsampling_y);
            }
        }
        if sequence.subsampling_x && sequence.subsampling_y {
            w.f(2, 0); // chroma_sample_position
        }
        w.f(1, 0); // separate_uv_delta_q
    }
    w.f(1, 1); // film_grain_params_present
    w.with_trailing_bits()
}

/// `film_grain_params()`, spec 5.9.30, of a KEY_FRAME.
fn film_grain_params(w: &mut BitWriter, sequence: &Sequence, g: &StdVideoAV1FilmGrain) {
    let points = |w: &mut BitWriter, count: u8, values: &[u8], scalings: &[u8]| {
        w.f(4, u32::from(count));
        for i in 0..usize::from(count) {
            w.f(8, u32::from(values[i]));
            w.f(8, u32::from(scalings[i]));
        }
    };
    w.f(1, 1); // apply_grain
    w.f(16, u32::from(g.grain_seed));
    points(w, g.num_y_points, &g.point_y_value, &g.point_y_scaling);
    let from_luma = !sequence.mono_chrome && g.flags.chroma_scaling_from_luma() != 0;
    if !sequence.mono_chrome {
        w.flag(from_luma);
    }
    let is_420 = sequence.subsampling_x && sequence.subsampling_y;
    let (mut num_cb_points, mut num_cr_points) = (0, 0);
    if !(sequence.mono_chrome || from_luma || (is_420 && g.num_y_points == 0)) {
        (num_cb_points, num_cr_points) = (g.num_cb_points, g.num_cr_points);
        points(w, num_cb_points, &g.point_cb_value, &g.point_cb_scaling);
        points(w, num_cr_points, &g.point_cr_value, &g.point_cr_scaling);
    }
    w.f(2, u32::from(g.grain_scaling_minus_8));
    w.f(2, u32::from(g.ar_coeff_lag));
    let num_pos_luma = 2 * usize::from(g.ar_coeff_lag) * (usize::from(g.ar_coeff_lag) + 1);
    let coeffs = |w: &mut BitWriter, coeffs: &[i8]| {
        coeffs.iter().for_each(|&coeff| w.f(8, u32::from(coeff as u8)));
    };
    let mut num_pos_chroma = num_pos_luma;
    if g.num_y_points > 0 {
        num_pos_chroma += 1;
        coeffs(w, &g.ar_coeffs_y_plus_128[..num_pos_luma]);
    }
    if from_luma || num_cb_points > 0 {
        coeffs(w, &g.ar_coeffs_cb_plus_128[..num_pos_chroma]);
    }
    if from_luma || num_cr_points > 0 {
        coeffs(w, &g.ar_coeffs_cr_plus_128[..num_pos_chroma]);
    }
    w.f(2, u32::from(g.ar_coeff_shift_minus_6));
    w.f(2, u32::from(g.grain_scale_shift));
    for (count, mult, luma_mult, offset) in [
        (num_cb_points, g.cb_mult, g.cb_luma_mult, g.cb_offset),
        (num_cr_points, g.cr_mult, g.cr_luma_mult, g.cr_offset),
    ] {
        if count > 0 {
            w.f(8, u32::from(mult));
            w.f(8, u32::from(luma_mult));
            w.f(9, u32::from(offset));
        }
    }
    w.flag(g.flags.overlap_flag() != 0);
    w.flag(g.flags.clip_to_restricted_range() != 0);
}

/// A key frame with grain parameters, as a stream of its own.
fn stream(
    job: &FrameJob,
    sequence: &Sequence,
    seq_profile: u32,
    identity: bool,
    g: &StdVideoAV1FilmGrain,
    tile: &[u8],
) -> Vec<u8> {
    let input = HeaderInput {
        sequence,
        reduced_still_picture_header: false,
        picture: &job.picture,
        frame_type: FrameType::Key,
        size: FrameSize::new(job, sequence).expect("a size"),
        references: None,
        show: crate::headers::Show::Hidden,
        film_grain: None,
    };
    let header = uncompressed_header(&input).expect("a header");
    let mut bits = header.bits().clone();
    film_grain_params(&mut bits, sequence, g);
    let mut out = Vec::new();
    push_obu(&mut out, ObuType::TemporalDelimiter, &[]);
    let sequence = sequence_payload(sequence, seq_profile, identity);
    push_obu(&mut out, ObuType::SequenceHeader, &[&sequence]);
    let tiles = tile_group(&[tile]).expect("a tile");
    push_obu(&mut out, ObuType::Frame, &[&bits.aligned(), &tiles]);
    out
}

/// `None` if the random tile is not decodable: in 4:2:2 some partitions are not allowed.
fn decode(stream: &[u8], apply_grain: bool) -> Option<Frame> {
    let mut decoder = Rav1d::open(1, 1, apply_grain).expect("a decoder");
    decoder.send(stream, 0).ok()?;
    decoder.picture().ok().map(|picture| Frame::from_decoder(picture, &Maker::default()))
}

fn planes(frame: &Frame) -> Vec<Samples> {
    frame.planes().iter().map(Samples::from_plane).collect()
}

/// Compares one random set of parameters; whether it changed anything.
fn check(rng: &mut Rng, chroma: Chroma, bit_depth: u8, size: (u32, u32)) -> bool {
    let profile = testing::profile(chroma, bit_depth);
    let header = testing::shared(testing::sequence_header());
    let sequence = Sequence::new(&header, profile).expect("a sequence");
    let mut job = testing::job(&header, testing::picture_info(0));
    job.coded_extent = size;
    if let Some(quantization) = &mut job.picture.quantization {
        quantization.base_q_idx = 1 + rng.below(255) as u8;
    }
    let identity = chroma == Chroma::Yuv444 && rng.flag();
    let g = testing::film_grain(rng);
    let (stream, clean) = std::iter::repeat_with(|| {
        let tile = rng.bytes(40_000);
        let stream = stream(&job, &sequence, profile.std_profile, identity, &g, &tile);
        decode(&stream, false).map(|clean| (stream, clean))
    })
    .take(3000)
    .flatten()
    .next()
    .expect("a decodable tile");
    let wanted = planes(&decode(&stream, true).expect("it was decodable"));
    let params = Params::new(&g, &sequence, identity).expect("valid parameters");
    let ours = planes(&apply(&clean, &params));
    assert_eq!(ours.len(), wanted.len());
    for (plane, (ours, wanted)) in ours.iter().zip(&wanted).enumerate() {
        assert_eq!((ours.width, ours.height), (wanted.width, wanted.height));
        if let Some(at) = ours.data.iter().zip(&wanted.data).position(|(a, b)| a != b) {
            let (x, y) = (at % ours.width, at / ours.width);
            panic!(
                "plane {plane} differs at {x},{y}: {} for {}; {chroma:?} {bit_depth} {size:?} {g:?}",
                ours.data[at], wanted.data[at]
            );
        }
    }
    ours.iter().zip(planes(&clean)).any(|(ours, clean)| ours.data != clean.data)
}

#[test]
fn synthesis_is_the_decoders_own() {
    let mut rng = Rng::new(11);
    let mut changed = 0;
    for chroma in [Chroma::Yuv420, Chroma::Monochrome, Chroma::Yuv422, Chroma::Yuv444] {
        for bit_depth in [8, 10, 12] {
            for size in [(96, 80), (1, 1), (33, 65), (67, 35), (130, 31), (64, 34)] {
                for _ in 0..3 {
                    changed += usize::from(check(&mut rng, chroma, bit_depth, size));
                }
            }
        }
    }
    assert!(changed > 180, "only {changed} of 216 pictures have grain");
}

/// Four pictures of a session of random tiles and grain, which are to be those of [`apply`]; with
/// noise on one chroma plane only if `one`. How many have grain that changes them.
fn session(rng: &mut Rng, chroma: Chroma, bit_depth: u8, (identity, one): (bool, bool)) -> usize {
    let profile = Profile { film_grain_support: true, ..testing::profile(chroma, bit_depth) };
    let mut header = testing::sequence_header();
    let color = header.color_config.get_or_insert_with(Plain::zero);
    color.matrix_coefficients = if identity { 0 } else { 2 };
    color.flags.set_mono_chrome(u32::from(chroma == Chroma::Monochrome));
    let header = testing::shared(header);
    let sequence = Sequence::new(&header, profile).expect("a sequence");
    let (threads, delay) = [(1, 1), (2, 1), (2, 2)][rng.below(3)];
    let mut recon = Reconstructor::ahead(profile, 9, threads, delay).expect("a session");
    let mut changed = 0;
    for _ in 0..4 {
        let mut picture = testing::picture_info(0);
        picture.std.flags.set_apply_grain(1);
        let mut g = testing::film_grain(rng);
        if one {
            (g.num_y_points, g.num_cb_points, g.num_cr_points) = (2, 3, 0);
            g.flags.set_chroma_scaling_from_luma(0);
        }
        picture.film_grain = Some(g);
        let mut job = testing::job(&header, picture);
        job.coded_extent = [(67, 35), (64, 66), (1, 1), (130, 31)][rng.below(4)];
        let decoded = std::iter::repeat_with(|| {
            let tile = rng.bytes(20_000);
            match recon.submit(&job, &[&tile]) {
                Some(ticket) => recon.take(ticket),
                None => recon.decode(&job, &[&tile]),
            }
        });
        // Random tiles of 4:2:2 may not be decodable.
        let decoded = decoded.take(3000).find_map(Result::ok).expect("a decodable tile");
        let params = Params::new(&g, &sequence, identity).expect("valid parameters");
        assert_eq!(params.decoder_has(), !(identity || one && chroma == Chroma::Yuv420));
        let wanted = planes(&apply(&decoded.clean, &params));
        let grained = planes(&decoded.grained.expect("a picture with grain"));
        assert_eq!(grained.len(), wanted.len());
        for (ours, wanted) in grained.iter().zip(&wanted) {
            assert!(ours.data == wanted.data, "{chroma:?} {bit_depth} {identity} {one} {g:?}");
        }
        let clean = planes(&decoded.clean);
        let differs = |(grained, clean): (&Samples, &Samples)| grained.data != clean.data;
        changed += usize::from(grained.iter().zip(&clean).any(differs));
    }
    changed
}

#[test]
fn sessions_give_what_the_specification_says() {
    let mut rng = Rng::new(12);
    let mut changed = 0;
    for chroma in [Chroma::Yuv420, Chroma::Monochrome, Chroma::Yuv422, Chroma::Yuv444] {
        for bit_depth in [8, 10, 12] {
            for way in [(false, false), (false, false), (true, false), (false, true)] {
                changed += session(&mut rng, chroma, bit_depth, way);
            }
        }
    }
    assert!(changed > 150, "only {changed} of 192 pictures have grain");
}

#[test]
fn points_are_checked() {
    let mut rng = Rng::new(5);
    let header = testing::shared(testing::sequence_header());
    let profile = testing::profile(Chroma::Yuv444, 8);
    let sequence = Sequence::new(&header, profile).expect("a sequence");
    let mut good = testing::film_grain(&mut rng);
    good.flags.set_chroma_scaling_from_luma(0);
    (good.num_y_points, good.num_cb_points, good.num_cr_points) = (14, 10, 10);
    let fault = |change: fn(&mut StdVideoAV1FilmGrain)| {
        let mut std = good;
        change(&mut std);
        Params::new(&std, &sequence, false).err()
    };
    let bad = |element| Some(super::super::Fault::FilmGrain(element));
    assert_eq!(fault(|_| ()), None);
    assert_eq!(fault(|g| g.num_y_points = 15), bad("num_y_points"));
    assert_eq!(fault(|g| g.num_cb_points = 11), bad("num_cb_points"));
    assert_eq!(fault(|g| g.num_cr_points = 255), bad("num_cr_points"));
    assert_eq!(fault(|g| g.point_y_value[13] = g.point_y_value[12]), bad("num_y_points"));
    assert_eq!(fault(|g| g.point_cr_value[0] = 255), bad("num_cr_points"));
    let unread = |g: &mut StdVideoAV1FilmGrain| {
        g.flags.set_chroma_scaling_from_luma(1);
        g.num_cb_points = 99;
    };
    assert_eq!(fault(unread), None);
}
