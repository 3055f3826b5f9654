//! The player: what it shows is what linear decoding shows, wherever it is told to go.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use vav1d::container;
use vav1d::error::Error;
use vav1d::grain;
use vav1d::limits::Limits;
use vav1d::play::{Entry, Event, Frame, Options, Player, Repeat, StreamInfo, Target};
use vav1d::vk::{Driver, Executor, ExecutorOptions, GrainMode, Instance, InstanceOptions};

use crate::manifest::{Sample, folder, sample};

/// How long a test waits for the player.
const PATIENCE: Duration = Duration::from_secs(60);

/// MD5 of a picture, with its film grain.
fn hash(frame: &Frame) -> String {
    let grained = frame
        .pending_grain
        .as_ref()
        .map(|params| grain::apply(&frame.picture, params, &frame.sequence.color_config));
    vav1d::sink::md5_hex(&grained.as_ref().unwrap_or(&frame.picture).data)
}

/// A playlist entry of a file.
fn file(path: PathBuf) -> Entry {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Entry {
        name: name.unwrap_or_default(),
        open: Box::new(move || {
            container::open_file(Box::new(std::fs::File::open(&path)?), None, Limits::default())
        }),
    }
}

/// The same, through a pipe.
fn pipe(path: PathBuf) -> Entry {
    let name = path.display().to_string();
    let open =
        move || container::open(Box::new(std::fs::File::open(&path)?), None, Limits::default());
    Entry { name, open: Box::new(open) }
}

/// A player of softvk with configuration `config`.
fn player_on(config: Option<&str>, playlist: Vec<Entry>, options: Options) -> Player {
    let config = config.map(str::to_owned);
    let device = move |options: &ExecutorOptions| {
        let driver = Driver::Soft { config: config.clone() };
        let instance = Instance::new(driver, InstanceOptions::default())?;
        let adapter = instance.adapters()?.remove(0);
        Executor::new(&instance, &adapter, options.clone())
    };
    Player::new(playlist, Box::new(device), options, Box::new(|| {})).expect("a player")
}

fn player(playlist: Vec<Entry>, options: Options) -> Player {
    player_on(None, playlist, options)
}

/// What a player has to say next.
fn next(player: &mut Player) -> Event {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(event) = player.try_next() {
            return event;
        }
        assert!(Instant::now() < end, "the player says nothing");
        thread::sleep(Duration::from_millis(1));
    }
}

fn opened(player: &mut Player) -> Arc<StreamInfo> {
    match next(player) {
        Event::Opened(info) => info,
        other => panic!("{other:?}"),
    }
}

/// The next frame; faults are passed over.
fn frame(player: &mut Player) -> Frame {
    loop {
        match next(player) {
            Event::Frame(frame) => return *frame,
            Event::Fault(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The frames up to the end of the stream, and the faults.
fn rest(player: &mut Player) -> (Vec<Frame>, Vec<Error>) {
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    loop {
        match next(player) {
            Event::Frame(frame) => frames.push(*frame),
            Event::Fault(error) | Event::Failed(error) => faults.push(error),
            Event::Opened(_) => {}
            Event::EndOfStream => return (frames, faults),
        }
        if matches!(faults.last(), Some(Error::Device(_))) {
            return (frames, faults);
        }
    }
}

/// All frames of a file, as played from its start.
fn linear(path: &Path) -> Vec<Frame> {
    let mut player = player(vec![file(path.into())], Options::default());
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{}: {faults:?}", path.display());
    assert!(player.close(PATIENCE));
    frames
}

fn hashes(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(hash).collect()
}

/// The samples that stress what playing has to know of a stream.
fn streams() -> Vec<Sample> {
    let names = [
        "main-420-8",
        "section5",
        "annexb",
        "still-reduced",
        "sequence-change",
        "timing-model",
        "resize-random",
        "key-frames",
        "forward-keys",
        "grain-forward-key",
        "intra-only",
        "switch-frames",
        "layers-l1t2",
        "layers-l3t1",
        "svt-pyramid",
        "grain-hidden",
    ];
    names.map(sample).into()
}

#[test]
fn playing_shows_every_picture_once() {
    for sample in streams() {
        let frames = linear(&sample.path());
        assert_eq!(hashes(&frames), sample.frames, "{}", sample.name);
        for (index, pair) in (0..).zip(frames.windows(2)) {
            let [frame, next] = pair else { unreachable!() };
            assert_eq!((frame.index, frame.time + frame.duration), (index, next.time));
        }
    }
}

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
        assert!(opened(&mut player).is_seekable, "{name}");
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

/// A playlist entry of bytes.
fn bytes(data: Vec<u8>) -> Entry {
    let open =
        move || container::open_file(Box::new(Cursor::new(data.clone())), None, Limits::default());
    Entry { name: "bytes".into(), open: Box::new(open) }
}

#[test]
fn a_cut_file_is_played_up_to_the_cut() {
    let contained = |name: &str| folder().join("containers").join(name);
    for (path, stream) in [
        (sample("key-frames").path(), "key-frames"),
        (contained("keys.mkv"), "key-frames"),
        (contained("keys-fragments.mp4"), "key-frames"),
        (sample("section5").path(), "section5"),
        (sample("annexb").path(), "annexb"),
    ] {
        let (mut data, right) = (std::fs::read(&path).expect("a sample"), sample(stream).frames);
        data.truncate(data.len() * 2 / 3);
        let options = Options { kept_bytes: 0, ..Options::default() };
        let mut player = player(vec![bytes(data)], options);
        opened(&mut player);
        let (frames, faults) = rest(&mut player);
        assert!(!frames.is_empty() && frames.len() < right.len(), "{}", path.display());
        assert_eq!(hashes(&frames), right[..frames.len()], "{}", path.display());
        assert_eq!(faults.len(), 1, "{faults:?}");
        // One can go back, and comes to the same end. What was said is not said again, but that
        // the index of Matroska is cut as well.
        player.seek(Target::Index(1));
        let (again, faults) = rest(&mut player);
        assert_eq!(hashes(&again), right[1..frames.len()], "{}", path.display());
        assert_eq!(faults.len(), usize::from(path.ends_with("keys.mkv")), "{faults:?}");
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
fn an_entry_is_repeated_until_it_is_not() {
    let sample = sample("key-frames");
    for entry in [file(sample.path()), pipe(sample.path())] {
        let options = Options { repeat: Repeat::Entry, ..Options::default() };
        let mut player = player(vec![entry], options);
        let mut shown = Vec::new();
        while shown.len() < 2 * sample.frames.len() + 5 {
            match next(&mut player) {
                Event::Frame(frame) => shown.push(hash(&frame)),
                Event::Opened(_) => {}
                other => panic!("{other:?}"),
            }
        }
        player.set_repeat(Repeat::Off);
        shown.extend(hashes(&rest(&mut player).0));
        let right = sample.frames.iter().cycle().take(shown.len());
        assert!(shown.iter().eq(right));
        assert_eq!(shown.len() % sample.frames.len(), 0);
        // After the end another wish begins it again.
        player.set_repeat(Repeat::Entry);
        loop {
            match next(&mut player) {
                Event::Frame(frame) => break assert_eq!(frame.index, 0),
                Event::Opened(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_playlist_is_played_through_and_gone_about_in() {
    let names = ["still-reduced", "tiny-1x1", "main-420-8"];
    let playlist = || names.map(|name| file(sample(name).path())).into();
    let mut player = player(playlist(), Options::default());
    let (frames, _) = rest(&mut player);
    let right: Vec<_> = names.iter().flat_map(|name| sample(name).frames).collect();
    assert_eq!(hashes(&frames), right);
    let entries: Vec<_> = frames.iter().map(|frame| frame.stream.entry).collect();
    assert!(entries.is_sorted() && entries.last() == Some(&2));
    assert_eq!(player.entry(), (2, 3));
    for (go, entry) in
        [(Player::next_entry as fn(&mut Player) -> u64, 0), (Player::previous_entry, 2)]
    {
        let generation = go(&mut player);
        assert_eq!(opened(&mut player).entry, entry);
        let first = frame(&mut player);
        assert_eq!((first.index, first.generation), (0, generation));
        assert_eq!(hash(&first), sample(names[entry]).frames[0]);
    }
    player.set_repeat(Repeat::Playlist);
    loop {
        match next(&mut player) {
            Event::Opened(info) => break assert_eq!(info.entry, 0),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_opened_is_told() {
    let missing = file(folder().join("no-such-file.ivf"));
    let text = bytes(b"This is no stream, but long enough to be looked at.".to_vec());
    let cut = bytes(std::fs::read(sample("main-420-8").path()).expect("a sample")[..100].to_vec());
    let playlist = vec![missing, text, cut, file(sample("tiny-1x1").path())];
    let mut player = player(playlist, Options::default());
    let Event::Failed(Error::Io(_)) = next(&mut player) else { panic!("it was opened") };
    for entry in [1, 2] {
        player.open(entry);
        let Event::Failed(Error::Stream(_)) = next(&mut player) else { panic!("it was opened") };
    }
    player.seek(Target::Index(3));
    player.next_entry();
    assert_eq!(rest(&mut player).0.len(), 3);
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
fn a_player_can_be_dropped_at_any_moment() {
    let sample = sample("main-420-8");
    for delay in [0, 1, 5, 20, 60] {
        let begun = Instant::now();
        let options = Options { repeat: Repeat::Entry, ..Options::default() };
        let mut player = player(vec![file(sample.path())], options);
        while begun.elapsed() < Duration::from_millis(delay) {
            player.try_next();
        }
        assert!(player.close(PATIENCE), "after {delay} ms");
    }
}

#[test]
fn a_driver_that_hangs_does_not_hold_up_the_end() {
    let mut player = player_on(
        Some("fault=hang@3"),
        vec![file(sample("main-420-8").path())],
        Options::default(),
    );
    opened(&mut player);
    thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    assert!(!player.close(Duration::from_millis(100)), "the driver does not hang");
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(player);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_driver_that_hangs_or_loses_the_device_is_told() {
    for (fault, text) in [("hang@3", "no answer"), ("lost@3", "has been lost")] {
        let mut executor = ExecutorOptions::default();
        executor.timeout = Duration::from_millis(300);
        let options = Options { executor, ..Options::default() };
        let config = format!("fault={fault}");
        let playlist = vec![file(sample("main-420-8").path())];
        let mut player = player_on(Some(&config), playlist, options);
        let (frames, faults) = rest(&mut player);
        assert!(frames.len() <= 3);
        let told = faults.last().map(Error::to_string).unwrap_or_default();
        assert!(told.contains(text), "{told}");
        player.seek(Target::Index(0));
        assert!(player.close(PATIENCE));
    }
}

#[test]
fn a_failed_decode_spoils_pictures_up_to_the_next_key_frame() {
    let sample = sample("key-frames");
    let playlist = vec![file(sample.path())];
    let mut player = player_on(Some("fault=status@14"), playlist, Options::default());
    let (frames, faults) = rest(&mut player);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let indices: Vec<_> = frames.iter().map(|frame| frame.index).collect();
    let spoilt = indices.windows(2).find(|pair| pair[1] != pair[0] + 1);
    let spoilt = spoilt.expect("a gap");
    assert!(spoilt[0] < 24 && spoilt[1] == 24, "{spoilt:?}");
    for frame in &frames {
        assert_eq!(hash(frame), sample.frames[frame.index as usize]);
    }
}
