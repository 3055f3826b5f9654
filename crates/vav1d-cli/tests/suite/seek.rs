//! Seeking in the player: what it shows is what linear decoding shows there.

use std::sync::Arc;
use std::time::Duration;

use vav1d::vk::GrainMode;
use vav1d_play::{Event, Options, Repeat, Target};

use crate::manifest::{Sample, folder, sample};
use crate::players::{
    PATIENCE, bytes, file, frame, hash, hashes, linear, next, opened, pipe, player, rest, streams,
};

#[test]
fn every_picture_can_be_sought_by_number_and_by_time() {
    for sample in streams() {
        let frames = linear(&sample.path());
        // What is kept would make most of it trivial.
        let options = Options { kept_bytes: 0, ..Options::default() };
        let mut player = player(vec![file(sample.path())], options);
        opened(&mut player);
        // There and back, with strides that begin at every access point.
        let count = frames.len();
        for turn in 0..count.max(12) {
            let wanted = &frames[(turn * 11 + 5) % count];
            let targets = [
                Target::Index(wanted.index),
                Target::Time(wanted.time),
                Target::Time(wanted.time + wanted.duration - Duration::from_nanos(1)),
            ];
            let generation = player.seek(targets[turn % 3]);
            let found = frame(&mut player);
            assert_eq!(found.generation, generation);
            assert_eq!((found.index, found.time), (wanted.index, wanted.time), "{}", sample.name);
            assert_eq!(hash(&found), hash(wanted), "{} at {}", sample.name, wanted.index);
            assert_eq!(found.frame.unwrap_or(wanted.frame.unwrap()), wanted.frame.unwrap());
        }
        // What follows is what follows.
        player.seek(Target::Index(count as u64 / 2));
        let (tail, faults) = rest(&mut player);
        assert_eq!(hashes(&tail), sample.frames[count / 2..], "{}", sample.name);
        assert!(faults.is_empty(), "{}: {faults:?}", sample.name);
        assert!(player.close(PATIENCE));
    }
}

/// `sample`, with a second for each picture: nearly all of it is far from where a seek ends.
fn slowly(sample: &Sample) -> Vec<u8> {
    let mut data = std::fs::read(sample.path()).expect("a sample");
    // Rate and scale of the IVF header.
    data[16..20].copy_from_slice(&1_u32.to_le_bytes());
    data[20..24].copy_from_slice(&1_u32.to_le_bytes());
    data
}

#[test]
fn what_is_passed_over_is_decoded_as_far_as_what_follows_needs_it() {
    for sample in streams() {
        let count = sample.frames.len() as u64;
        if count < 12 || !sample.file.ends_with(".ivf") {
            continue;
        }
        let options = Options { kept_bytes: 0, queue: 1, ..Options::default() };
        let data = slowly(&sample);
        let linear = rest(&mut player(vec![bytes(data.clone())], Options::default())).0;
        let times: Vec<_> = linear.iter().map(|frame| frame.time).collect();
        let mut player = player(vec![bytes(data)], options);
        opened(&mut player);
        let right = |index: u64| sample.frames[index as usize].clone();
        let targets = |index| [Target::Index(index), Target::Time(times[index as usize])];
        for index in [count - 1, 0, count - 2, 10, 1, count - 1, 9, 11] {
            for target in targets(index) {
                player.seek(target);
                let found = frame(&mut player);
                assert_eq!((found.index, hash(&found)), (index, right(index)), "{}", sample.name);
            }
        }
        // Another place is asked for on the way.
        for turn in 0..24 {
            player.seek(targets(count - 1)[turn as usize % 2]);
            std::thread::sleep(Duration::from_micros(200 * turn));
            let index = (turn * 5 + 9) % count;
            let generation = player.seek(targets(index)[turn as usize / 2 % 2]);
            let found = frame(&mut player);
            let is = (found.generation, found.index, hash(&found));
            assert_eq!(is, (generation, index, right(index)), "{}, turn {turn}", sample.name);
        }
        player.seek(Target::Index(count - 3));
        let (tail, faults) = rest(&mut player);
        assert_eq!(hashes(&tail), sample.frames[count as usize - 3..], "{}", sample.name);
        assert!(faults.is_empty(), "{}: {faults:?}", sample.name);
    }
}

/// Files in `samples/containers/`, and the sample whose stream they hold.
const CONTAINED: [(&str, &str); 6] = [
    ("keys.mkv", "key-frames"),
    ("keys-live.webm", "key-frames"),
    ("keys.mp4", "key-frames"),
    ("keys-fragments.mp4", "key-frames"),
    ("forward-keys.mkv", "forward-keys"),
    ("forward-keys.mp4", "forward-keys"),
];

#[test]
fn seeking_shows_the_same_in_every_container() {
    for (name, stream) in CONTAINED {
        let right = sample(stream).frames;
        let options = Options { kept_bytes: 0, ..Options::default() };
        let mut player = player(vec![file(folder().join("containers").join(name))], options);
        let info = opened(&mut player);
        let whole = Duration::from_millis(40 * right.len() as u64);
        assert!(info.is_seekable && info.duration.is_none_or(|is| is == whole), "{info:?}");
        assert_eq!(info.duration.is_none(), name == "keys-live.webm");
        let count = right.len() as u64;
        for index in [0, count / 2, 13, 12, 11, count - 1, 1, 36, 35, 24, 37, 23, 10, 0] {
            // 25 frames a second, in ticks of a millisecond in Matroska.
            let middle = Duration::from_millis(40 * index + 20);
            for target in [Target::Index(index), Target::Time(middle)] {
                player.seek(target);
                let found = frame(&mut player);
                assert_eq!(found.index, index, "{name}, {target:?}");
                assert_eq!(hash(&found), right[index as usize], "{name}, {target:?}");
            }
        }
        let (tail, faults) = rest(&mut player);
        assert_eq!(hashes(&tail), right[1..], "{name}");
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

#[test]
fn what_is_beyond_either_end_is_the_end() {
    let sample = sample("key-frames");
    let last = sample.frames.len() as u64 - 1;
    let mut player = player(vec![file(sample.path())], Options::default());
    opened(&mut player);
    for target in [Target::Index(10_000), Target::Time(Duration::from_secs(1000))] {
        player.seek(target);
        assert_eq!(frame(&mut player).index, last);
        assert!(matches!(next(&mut player), Event::EndOfStream));
        player.step(3, -100);
        assert_eq!(frame(&mut player).index, 0);
    }
}

#[test]
fn steps_go_both_ways_over_key_frames() {
    let sample = sample("key-frames");
    let bytes = 96 * 80 * 3 / 2;
    // All that is needed is kept, or nothing but what may not have been seen.
    for (kept_bytes, is_kept) in [(20 * bytes, true), (0, false)] {
        let options = Options { kept_bytes, ..Options::default() };
        let mut player = player(vec![file(sample.path())], options);
        opened(&mut player);
        player.seek(Target::Index(26));
        let mut shown = vec![frame(&mut player)];
        // 12 and 24 are key frames.
        for count in [-1, -1, -1, -1, -9, 9, 1, 1, 2] {
            player.step(shown.last().expect("a frame").index, count);
            shown.push(frame(&mut player));
        }
        let indices: Vec<_> = shown.iter().map(|frame| frame.index).collect();
        assert_eq!(indices, [26, 25, 24, 23, 22, 13, 22, 23, 24, 26]);
        for frame in &shown {
            assert_eq!(hash(frame), sample.frames[frame.index as usize]);
        }
        let same = |a: usize, b: usize| Arc::ptr_eq(&shown[a].picture, &shown[b].picture);
        assert_eq!((same(4, 6), same(3, 7)), (is_kept, is_kept), "{kept_bytes}");
    }
}

/// `data`, an IVF file, with the forbidden bit set in the first frame of unit `unit`.
fn damaged(mut data: Vec<u8>, unit: usize) -> Vec<u8> {
    let mut at = 32;
    for _ in 0..unit {
        let size = u32::from_le_bytes(data[at..at + 4].try_into().expect("4 bytes"));
        at += 12 + size as usize;
    }
    // After the header of the IVF frame and a temporal delimiter.
    let obu = at + 12 + 2;
    assert_eq!(data[obu], 0x32, "an OBU_FRAME with a size");
    data[obu] |= 0x80;
    data
}

#[test]
fn after_damage_pictures_come_from_the_next_access_point_on() {
    for (stream, unit, resumed) in [("key-frames", 15, 24), ("forward-keys", 5, 12)] {
        let sample = sample(stream);
        let data = damaged(std::fs::read(sample.path()).expect("a sample"), unit);
        let mut player = player(vec![bytes(data)], Options::default());
        opened(&mut player);
        let (frames, faults) = rest(&mut player);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let right = [&sample.frames[..unit], &sample.frames[resumed..]].concat();
        assert_eq!(hashes(&frames), right, "{stream}");
        // The numbers are those of the stream.
        assert_eq!(frames[unit].index, resumed as u64);
        for target in [resumed as u64 - 1, unit as u64 + 1] {
            player.seek(Target::Index(target));
            assert_eq!(frame(&mut player).index, unit as u64 - 1, "{stream}");
        }
    }
}

#[test]
fn beginning_and_end_can_be_chosen() {
    let sample = sample("key-frames");
    let start = Some(Target::Time(Duration::from_millis(40 * 26)));
    let options = Options { start, limit: Some(5), ..Options::default() };
    let mut player = player(vec![file(sample.path())], options);
    let (frames, _) = rest(&mut player);
    assert_eq!(hashes(&frames), sample.frames[26..31]);
    for target in [Target::Index(50), Target::Time(Duration::from_secs(2))] {
        player.seek(target);
        assert_eq!(frame(&mut player).index, 30);
        assert!(matches!(next(&mut player), Event::EndOfStream));
    }
    player.set_repeat(Repeat::Entry);
    assert_eq!(frame(&mut player).index, 26);
}

#[test]
fn the_beginning_can_be_counted_from_the_end() {
    let sample = sample("key-frames");
    let before_end = Some(Duration::from_millis(40 * 4));
    let options = Options { before_end, ..Options::default() };
    let keys = folder().join("containers/keys.mp4");
    for path in [sample.path(), keys] {
        let mut player = player(vec![file(path)], options.clone());
        let (frames, _) = rest(&mut player);
        assert_eq!(hashes(&frames), sample.frames[56..]);
    }
}

#[test]
fn what_was_passed_over_is_decoded_when_it_is_asked_for() {
    let sample = sample("key-frames");
    let mut player = player(vec![file(sample.path())], Options::default());
    opened(&mut player);
    // 12 is a key frame: on the way to 23 it is shown first, and 13 is passed over.
    for target in [23, 13, 12, 14, 47, 37, 36, 38] {
        player.seek(Target::Index(target));
        let found = frame(&mut player);
        assert_eq!(found.index, target);
        assert_eq!(hash(&found), sample.frames[target as usize]);
    }
}

#[test]
fn a_seek_shows_where_its_decoding_begins() {
    let sample = sample("key-frames");
    let keys = linear(&sample.path());
    let options = Options { preview: Some(Duration::ZERO), kept_bytes: 0, ..Options::default() };
    let mut player = player(vec![file(sample.path())], options);
    opened(&mut player);
    // The key frame before picture 35 is 24.
    let generation = player.seek(Target::Time(keys[35].time));
    let mut previews = Vec::new();
    let found = loop {
        match next(&mut player) {
            Event::Preview(frame) => previews.push(frame),
            Event::Frame(frame) => break frame,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((found.index, hash(&found)), (35, hash(&keys[35])));
    let shown: Vec<_> = previews.iter().map(|f| (f.index, f.generation, hash(f))).collect();
    assert_eq!(shown, [(24, generation, hash(&keys[24]))]);
    // A step has no other picture on its way.
    player.seek(Target::Index(20));
    assert_eq!(frame(&mut player).index, 20);
}

#[test]
fn a_pipe_is_played_and_gone_forward_in() {
    let sample = sample("key-frames");
    let picture = 96 * 80 * 3 / 2;
    let options = Options { kept_bytes: 8 * picture, ..Options::default() };
    let mut player = player(vec![pipe(sample.path())], options);
    assert!(!opened(&mut player).is_seekable);
    for index in [3, 30, 31, 29, 40] {
        player.seek(Target::Index(index));
        let found = frame(&mut player);
        assert_eq!((found.index, hash(&found)), (index, sample.frames[index as usize].clone()));
    }
    // What is not kept cannot be shown again.
    player.seek(Target::Index(5));
    let Event::Fault(fault) = next(&mut player) else { panic!("no fault") };
    assert!(fault.to_string().contains("read once"), "{fault}");
    let (frames, _) = rest(&mut player);
    assert!(frames[0].index > 25 && frames[0].index <= 40, "{}", frames[0].index);
    assert_eq!(hashes(&frames), sample.frames[frames[0].index as usize..]);
}

#[test]
fn film_grain_can_be_changed_in_between() {
    let sample = sample("grain-420-8");
    let without = sample.frames_no_film_grain.clone().expect("pictures without film grain");
    let mut player = player(vec![file(sample.path())], Options::default());
    opened(&mut player);
    let first = frame(&mut player);
    assert_eq!(first.pending_grain, None, "softvk has film grain");
    for (mode, right) in [
        (GrainMode::None, &without),
        (GrainMode::Host, &sample.frames),
        (GrainMode::Driver, &sample.frames),
    ] {
        player.set_film_grain(mode, 3);
        let (frames, _) = rest(&mut player);
        assert_eq!(hashes(&frames), right[3..], "{mode:?}");
        assert_eq!(frames[0].pending_grain.is_some(), mode == GrainMode::Host);
    }
}

#[test]
fn the_last_wish_counts() {
    let sample = sample("key-frames");
    let mut player = player(vec![file(sample.path())], Options::default());
    let mut generation = 0;
    for round in 0..200 {
        generation = player.seek(Target::Index(round * 37 % 60));
    }
    loop {
        match next(&mut player) {
            Event::Opened(_) => {}
            Event::Frame(frame) => {
                assert_eq!((frame.generation, frame.index), (generation, 199 * 37 % 60));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn whatever_is_asked_the_last_is_answered() {
    let names = ["key-frames", "forward-keys", "sequence-change", "still-reduced", "grain-hidden"];
    let mut playlist: Vec<_> = names.map(|name| file(sample(name).path())).into();
    playlist.push(pipe(sample(names[0]).path()));
    let right = names.map(|name| sample(name).frames);
    let options = Options { kept_bytes: 100_000, queue: 2, ..Options::default() };
    let mut player = player(playlist, options);
    let mut state = 5_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..60 {
        for _ in 0..random(8) {
            let index = random(70);
            match random(7) {
                0 => player.next_entry(),
                1 => player.open(random(6) as usize),
                2 => player.seek(Target::Time(Duration::from_millis(40 * index))),
                3 => player.seek_in(random(6) as usize, Target::Index(index)),
                4 => player.step(index, 3 - random(6) as i64),
                5 => player.set_film_grain(GrainMode::Host, index),
                _ => {
                    player.set_repeat([Repeat::Off, Repeat::Entry][random(2) as usize]);
                    continue;
                }
            };
            for _ in 0..random(20) {
                player.try_next();
            }
            std::thread::sleep(Duration::from_micros(random(3000)));
        }
        let (entry, index) = (random(names.len() as u64) as usize, random(70));
        let generation = player.seek_in(entry, Target::Index(index));
        let found = loop {
            match next(&mut player) {
                Event::Frame(frame) => break frame,
                Event::Opened(_) | Event::Fault(_) => {}
                other => panic!("round {round}: {other:?}"),
            }
        };
        let index = index.min(right[entry].len() as u64 - 1);
        assert_eq!((found.generation, found.stream.entry, found.index), (generation, entry, index));
        assert_eq!(hash(&found), right[entry][index as usize], "round {round}");
    }
    assert!(player.close(PATIENCE));
}
