//! Players of samples on softvk, and what they say.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use vav1d::container;
use vav1d::error::Error;
use vav1d::grain;
use vav1d::limits::Limits;
use vav1d::vk::{Driver, Executor, ExecutorOptions, Instance, InstanceOptions};
use vav1d_play::{Entry, Event, Frame, Options, Player, StreamInfo};

use crate::manifest::{Sample, sample};

/// How long a test waits for the player.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// MD5 of a picture, with its film grain.
pub fn hash(frame: &Frame) -> String {
    let picture = frame.picture.read().expect("a picture");
    let grained = frame
        .pending_grain
        .as_ref()
        .map(|params| grain::apply(&picture, params, &frame.sequence.color_config));
    vav1d::sink::md5_hex(&grained.as_ref().unwrap_or(&picture).data)
}

/// A playlist entry of a file.
pub fn file(path: PathBuf) -> Entry {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Entry {
        name: name.unwrap_or_default(),
        open: Box::new(move || {
            container::open_file(Box::new(std::fs::File::open(&path)?), None, Limits::default())
        }),
    }
}

/// The same, through a pipe.
pub fn pipe(path: PathBuf) -> Entry {
    let name = path.display().to_string();
    let open =
        move || container::open(Box::new(std::fs::File::open(&path)?), None, Limits::default());
    Entry { name, open: Box::new(open) }
}

/// A player of softvk with configuration `config`.
pub fn player_on(config: Option<&str>, playlist: Vec<Entry>, options: Options) -> Player {
    let config = config.map(str::to_owned);
    let device = move |options: &ExecutorOptions| {
        let driver = Driver::Soft { config: config.clone() };
        let instance = Instance::new(driver, InstanceOptions::default())?;
        let adapter = instance.adapters()?.remove(0);
        Executor::new(&instance, &adapter, options.clone())
    };
    Player::new(playlist, Box::new(device), options, Box::new(|| {})).expect("a player")
}

pub fn player(playlist: Vec<Entry>, options: Options) -> Player {
    player_on(None, playlist, options)
}

/// What a player has to say next.
pub fn next(player: &mut Player) -> Event {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(event) = player.try_next() {
            return event;
        }
        assert!(Instant::now() < end, "the player says nothing");
        thread::sleep(Duration::from_millis(1));
    }
}

pub fn opened(player: &mut Player) -> Arc<StreamInfo> {
    match next(player) {
        Event::Opened(info) => info,
        other => panic!("{other:?}"),
    }
}

/// The next frame; faults are passed over.
pub fn frame(player: &mut Player) -> Frame {
    loop {
        match next(player) {
            Event::Frame(frame) => return *frame,
            Event::Fault(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The frames up to the end of the stream, and the faults.
pub fn rest(player: &mut Player) -> (Vec<Frame>, Vec<Error>) {
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    loop {
        match next(player) {
            Event::Frame(frame) => frames.push(*frame),
            Event::Fault(error) | Event::Failed(error) => faults.push(error),
            Event::Opened(_) | Event::Preview(_) => {}
            Event::EndOfStream => return (frames, faults),
        }
        if matches!(faults.last(), Some(Error::Device(_))) {
            return (frames, faults);
        }
    }
}

/// All frames of a file, as played from its start.
pub fn linear(path: &Path) -> Vec<Frame> {
    let mut player = player(vec![file(path.into())], Options::default());
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{}: {faults:?}", path.display());
    assert!(player.close(PATIENCE));
    frames
}

pub fn hashes(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(hash).collect()
}

/// The samples that stress what playing has to know of a stream.
pub fn streams() -> Vec<Sample> {
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

/// A playlist entry of bytes.
pub fn bytes(data: Vec<u8>) -> Entry {
    let open =
        move || container::open_file(Box::new(Cursor::new(data.clone())), None, Limits::default());
    Entry { name: "bytes".into(), open: Box::new(open) }
}
