//! What cannot be written is an error that names it, and copies of one thing stay alike.

mod common;

use std::sync::Arc;

use av1_rewrite::change::parse;
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::stream::{Content, Frame, Group, Item, PartKind, Stream};
use av1_rewrite::{Derived, write};
use av1_syntax::obu::Framing;

fn sample(name: &str) -> Stream {
    let samples = common::samples();
    let found = samples.into_iter().find(|(own, ..)| own == name);
    found.map(|(.., stream)| stream).expect("the sample is there")
}

/// What writing says once `change` was made to frame `index`.
fn said(stream: &Stream, index: usize, change: impl Fn(&mut Frame)) -> Error {
    let mut changed = stream.clone();
    change(changed.frames_mut().nth(index).expect("the frame"));
    write::write(&changed, Framing::Section5, Derived::Checked).expect_err("it cannot be written")
}

#[test]
fn headers_that_contradict_themselves_are_not_written() {
    let stream = sample("tiles-4x2.ivf");
    let element = |error: Error| match error {
        Error::Inexpressible { element, .. } => element,
        other => panic!("{other}"),
    };
    let header = |frame: &mut Frame| Arc::make_mut(&mut frame.header).clone();
    type Wrong = fn(&mut Frame);
    let cases: [(usize, Wrong, &str); 6] = [
        (0, |f| Arc::make_mut(&mut f.header).primary_ref_frame = 0, "primary_ref_frame"),
        (0, |f| Arc::make_mut(&mut f.header).refresh_frame_flags = 1, "refresh_frame_flags"),
        (1, |f| Arc::make_mut(&mut f.header).ref_frame_idx = None, "ref_frame_idx"),
        (0, |f| Arc::make_mut(&mut f.header).quantization_params.delta_q_y_dc = 64, "DeltaQYDc"),
        (1, |f| f.tiles.truncate(3), "tile_size_minus_1"),
        (
            0,
            |f| {
                let group = Group { tiles: 8, tile_start_and_end_present_flag: true };
                f.parts[0].kind = PartKind::Frame(group);
                f.parts.truncate(1);
            },
            "tile_start_and_end_present_flag",
        ),
    ];
    for (index, change, expected) in cases {
        assert_eq!(element(said(&stream, index, change)), expected, "{index}");
    }
    // Tiles would be read otherwise.
    let error = said(&stream, 1, |frame| {
        let mut changed = header(frame);
        changed.ref_frame_sign_bias[1] = !changed.ref_frame_sign_bias[1];
        frame.header = Arc::new(changed);
    });
    assert_eq!(error, Error::ReadBack { frame: 1, member: "RefFrameSignBias" });
}

#[test]
fn copies_of_a_sequence_header_stay_alike() {
    for seed in 0..8 {
        let mut stream = sample("key-frames.ivf");
        let mut random = Random::new(seed);
        for step in parse("sequence-headers=all,operating-points=9,timing").expect("changes") {
            step.apply(&mut stream, &mut random).expect("it applies");
        }
        let items = stream.units.iter().flat_map(|unit| &unit.items);
        let headers: Vec<_> = items
            .filter_map(|item| match item {
                Item::Obu(_, Content::SequenceHeader(header)) => Some(header),
                _ => None,
            })
            .collect();
        assert!(headers.len() > 2);
        assert!(headers.iter().all(|header| **header == *headers[0]), "{seed}");
        write::write(&stream, Framing::Section5, Derived::Checked).expect("it is written");
    }
}
