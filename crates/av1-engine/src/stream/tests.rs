//! What is written, decoded as a stream, against the reconstruction.

use std::sync::Arc;

use super::super::decoder::{Decoder, Pace};
use super::super::testing::{self, Rng};
use super::*;
use crate::{Fault, Reconstructor};

/// A key frame, and inter frames that refer to the two frames before and refresh any buffer.
#[test]
fn a_stream_decodes_to_what_the_session_does() {
    let mut header = testing::sequence_header();
    header.std.flags.set_enable_order_hint(1);
    let sequence = testing::shared(header);
    let profile = testing::profile(Chroma::Yuv420, 8);
    let mut rng = Rng::new(7);
    let mut session = Reconstructor::with_threads(profile, 9, 1).expect("a session");
    let mut writer = Writer::new(profile, 9);
    let mut decoder = Decoder::new(Pace::of_threads(1));
    let mut buffers = [0; 8];
    let mut newest = 0;
    for number in 0..60 {
        let key = number % 25 == 0;
        let mut picture = testing::picture_info(u32::from(!key));
        picture.std.OrderHint = number;
        let buffer = rng.below(8);
        picture.std.refresh_frame_flags = if key { 0xff } else { 1 << buffer };
        let mut job = testing::job(&sequence, picture);
        let slot = (0..9).find(|slot| !buffers.contains(slot)).expect("a slot");
        let few = [buffers[rng.below(8)], newest];
        job.reference_name_slot_indices = std::array::from_fn(|i| few[i % 2]);
        job.setup_slot = Some(slot as u32);
        let refreshed = if key { 0..8 } else { buffer..buffer + 1 };
        buffers[refreshed].fill(slot);
        newest = slot;
        let tile = rng.bytes(2000);
        let expected = session.decode(&job, &[&tile]).expect("decoded by the session");
        let mut out = Pieces::default();
        let (written, outcome) = writer.write(&job, &[&tile], &mut out);
        outcome.expect("written");
        let out = out.joined();
        assert_eq!(out[written.tiles[0]..][..tile.len()], tile[..]);
        let found = decoder.decode(out).expect("decoded as a stream");
        assert_eq!(found.samples(), expected.clean.samples(), "{number}");
    }
}

/// A frame that cannot be written leaves its tiles, and says why.
#[test]
fn what_has_no_coding_is_padding() {
    let sequence = testing::shared(testing::sequence_header());
    let mut writer = Writer::new(testing::profile(Chroma::Yuv420, 8), 9);
    let mut job = testing::job(&sequence, testing::picture_info(1));
    job.reference_name_slot_indices = [3; 7];
    let mut out = Pieces::again(Vec::with_capacity(64));
    let tiles: [&[u8]; 2] = [&[10; 300], &[20; 70]];
    let (written, outcome) = writer.write(&job, &tiles, &mut out);
    assert_eq!(outcome, Err(Fault::ReferenceMissing { name: 1, slot: 3 }));
    let out = out.joined();
    let written: Vec<_> = written.tiles.iter().map(|&at| &out[at..]).collect();
    assert!(written[0].starts_with(tiles[0]) && written[1].starts_with(tiles[1]));
    assert_eq!(out.last(), Some(&0x80));
}

/// Tiles are found again where they were written.
#[test]
fn every_tile_has_its_place() {
    let sequence = testing::shared(testing::sequence_header());
    let mut writer = Writer::new(testing::profile(Chroma::Yuv420, 8), 9);
    let mut picture = testing::picture_info(0);
    picture.std.refresh_frame_flags = 0xff;
    let tile_info = picture.tile_info.as_mut().expect("tiles");
    tile_info.std.TileCols = 4;
    let mut job = testing::job(&sequence, picture);
    (job.coded_extent, job.setup_slot) = ((256, 64), Some(0));
    let mut rng = Rng::new(9);
    let tiles: Vec<_> = (0..4).map(|i| rng.bytes(50 + 100 * i)).collect();
    let tiles: Vec<&[u8]> = tiles.iter().map(Vec::as_slice).collect();
    let mut out = Pieces::default();
    let (written, outcome) = writer.write(&job, &tiles, &mut out);
    outcome.expect("written");
    let out = out.joined();
    for (&at, tile) in written.tiles.iter().zip(&tiles) {
        assert!(out[at..].starts_with(tile));
    }
}

/// A key frame that does not refresh everything: hidden, and shown as another frame.
#[test]
fn a_hidden_key_frame_is_there_twice() {
    let sequence = testing::shared(testing::sequence_header());
    let mut writer = Writer::new(testing::profile(Chroma::Yuv420, 8), 9);
    let mut picture = testing::picture_info(0);
    picture.std.refresh_frame_flags = 4;
    let mut job = testing::job(&sequence, picture);
    job.setup_slot = Some(0);
    let tile = Rng::new(3).bytes(500);
    let mut out = Pieces::default();
    writer.write(&job, &[&tile], &mut out).1.expect("written");
    let out = out.joined();
    // A delimiter, a sequence header, and two frames: obu_type is in bits 3 to 6.
    let mut at = 0;
    let mut frames = Vec::new();
    while at < out.len() {
        let kind = out[at] >> 3;
        let (low, high) = (usize::from(out[at + 1]), usize::from(out[at + 2]));
        let (size, bytes) = if low < 128 { (low, 1) } else { (low - 128 + (high << 7), 2) };
        let payload = &out[at + 1 + bytes..][..size];
        // show_existing_frame, frame_type, show_frame.
        frames.push((kind, payload.first().map_or(0, |byte| byte >> 4)));
        at += 1 + bytes + size;
    }
    let kinds: Vec<_> = frames.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [2, 1, 6, 6]);
    assert_eq!((frames[2].1, frames[3].1), (0b0000, 0b0101));
    // A later frame refers to it.
    let mut job = testing::job(&Arc::clone(&sequence), testing::picture_info(1));
    job.reference_name_slot_indices = [0; 7];
    let mut out = Pieces::default();
    writer.write(&job, &[&tile], &mut out).1.expect("written");
}
