//! The player: what it shows is what linear decoding shows, wherever it is told to go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use vav1d::container;
use vav1d::error::Error;
use vav1d::grain;
use vav1d::limits::Limits;
use vav1d::play::{Entry, Event, Frame, Options, Player, StreamInfo, Target};
use vav1d::vk::{Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

use crate::manifest::{Sample, sample};

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
        "forward-key",
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
        for turn in 0..3 * count {
            let wanted = &frames[(turn * 7 + turn / count) % count];
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
