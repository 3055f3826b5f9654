//! The player: what it shows, what it says of faults, and that it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use vav1d::error::Error;
use vav1d::vk::ExecutorOptions;
use vav1d_play::{Event, Options, Player, Repeat, Target};

use crate::manifest::{folder, sample};
use crate::players::{
    PATIENCE, bytes, file, frame, hash, hashes, linear, next, opened, pipe, player, player_on,
    rest, streams,
};

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
        // One can go back, and comes to the same end; what was said is not said again.
        player.seek(Target::Index(1));
        let (again, faults) = rest(&mut player);
        assert_eq!(hashes(&again), right[1..frames.len()], "{}", path.display());
        assert!(faults.is_empty(), "{faults:?}");
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
    // The last picture of an entry is looked at, and the player is further on.
    player.open(1);
    let last = loop {
        match next(&mut player) {
            Event::Opened(info) if info.entry == 2 => break 2,
            Event::EndOfStream | Event::Failed(_) => panic!("the entry is not the last"),
            _ => {}
        }
    };
    for (entry, index) in [(1, last), (1, 0), (2, 3)] {
        let generation = player.seek_in(entry, Target::Index(index));
        let found = loop {
            match next(&mut player) {
                Event::Frame(frame) => break frame,
                Event::Opened(info) => assert_eq!(info.entry, entry),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((found.stream.entry, found.index), (entry, index));
        assert_eq!(found.generation, generation);
        assert_eq!(hash(&found), sample(names[entry]).frames[index as usize]);
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
fn a_failed_decode_is_told_once_and_its_pictures_are_shown() {
    let sample = sample("key-frames");
    let playlist = vec![file(sample.path())];
    let mut player = player_on(Some("fault=status@14"), playlist, Options::default());
    let (frames, faults) = rest(&mut player);
    assert_eq!(faults.len(), 1, "{faults:?}");
    // Whatever the driver means by it: a black film until the next key frame is no better.
    assert_eq!(frames.len(), sample.frames.len());
    let wrong = frames.iter().filter(|f| hash(f) != sample.frames[f.index as usize]);
    let wrong: Vec<_> = wrong.map(|frame| frame.index).collect();
    assert!(!wrong.is_empty() && wrong.iter().all(|index| (12..24).contains(index)), "{wrong:?}");
}

#[test]
fn a_player_wakes_its_owner_for_every_event_and_tells_of_its_own_faults() {
    let (wakes, count) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let device = {
        let count = Arc::clone(&count);
        Box::new(move |_: &ExecutorOptions| {
            count.fetch_add(1, Ordering::Relaxed);
            panic!("a fault of the player, on purpose")
        })
    };
    let wake = {
        let wakes = Arc::clone(&wakes);
        Box::new(move || {
            wakes.fetch_add(1, Ordering::Relaxed);
        })
    };
    let playlist = vec![file(sample("main-420-8").path())];
    let mut player = Player::new(playlist, device, Options::default(), wake).expect("a player");
    let Event::Failed(Error::Device(fault)) = next(&mut player) else { panic!("no fault") };
    assert!(fault.to_string().contains("panicked"), "{fault}");
    assert!(player.close(PATIENCE));
    assert_eq!((wakes.load(Ordering::Relaxed), count.load(Ordering::Relaxed)), (1, 1));
}

/// An IVF file of `data`'s frames with the times that `pts` gives.
fn timed(mut data: Vec<u8>, pts: impl Fn(u64) -> u64) -> Vec<u8> {
    let (mut at, mut index) = (32, 0);
    while at < data.len() {
        let size = u32::from_le_bytes(data[at..at + 4].try_into().expect("4 bytes"));
        data[at + 4..at + 12].copy_from_slice(&pts(index).to_le_bytes());
        at += 12 + size as usize;
        index += 1;
    }
    data
}

/// Plays the sample with the times `pts`: picture `index` is shown at `time(index)`.
#[track_caller]
fn shows_at(pts: impl Fn(u64) -> u64, time: impl Fn(u64) -> Duration) {
    let data = std::fs::read(sample("key-frames").path()).expect("a sample");
    let mut player = player(vec![bytes(timed(data, pts))], Options::default());
    opened(&mut player);
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(frames.len(), 60);
    let second = Duration::from_secs(1);
    for frame in &frames {
        assert_eq!(frame.time, time(frame.index), "{}", frame.index);
        let end = frame.time + second / 25;
        let next = if frame.index < 59 { time(frame.index + 1) } else { end };
        assert_eq!(frame.time + frame.duration, next, "{}", frame.index);
    }
    for index in [35, 12, 50, 31, 5] {
        player.seek(Target::Time(time(index) + second / 26));
        assert_eq!(frame(&mut player).index, index);
    }
}

#[test]
fn frames_are_shown_when_the_container_says() {
    // Ticks of 1/25 s from anywhere on, and a rate that changes.
    let at = |index: u64| 7 + index + index.saturating_sub(30) * 4;
    shows_at(at, |index| Duration::from_millis(40 * (at(index) - 7)));
}

#[test]
fn frames_that_all_have_one_time_are_shown_one_after_the_other() {
    shows_at(|_| 5, |index| Duration::from_millis(40 * index));
}

#[test]
fn what_is_known_of_a_stream_is_told() {
    let read = |name: &str| {
        let mut player = player(vec![file(sample(name).path())], Options::default());
        opened(&mut player)
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    let info = read("resize-random");
    assert_eq!((info.container, info.size, info.render_size), ("IVF", (117, 96), (176, 144)));
    assert_eq!(
        (info.duration, info.interval, info.time_base),
        (ms(320), ms(40).unwrap(), Some((1, 25)))
    );
    // Nothing but the pictures: 25 a second.
    let info = read("section5");
    assert_eq!((info.duration, info.interval, info.time_base), (ms(320), ms(40).unwrap(), None));
    // The sequence header gives the rate as well.
    let info = read("timing-model");
    assert!(info.sequence.timing_info.is_some());
    assert_eq!(info.interval * 4, info.duration.unwrap());
}

#[test]
fn what_is_said_of_luminance_comes_with_every_picture() {
    // Mastering display and light level, as samples/recipes.toml has them.
    let mut player = player(vec![file(sample("svt-pyramid").path())], Options::default());
    opened(&mut player);
    let (frames, _) = rest(&mut player);
    assert_eq!(frames.len(), 18);
    for frame in &frames {
        let said = format!("{:?}", frame.metadata);
        assert_eq!(frame.metadata.len(), 2, "{said}");
        assert!(said.contains("HdrCll") && said.contains("HdrMdcv"), "{said}");
    }
    player.seek(Target::Index(9));
    assert_eq!(frame(&mut player).metadata, frames[9].metadata);
    assert!(linear(&sample("main-420-8").path()).iter().all(|frame| frame.metadata.is_empty()));
}

/// Where threads can be kept to cores, all of a program's are.
#[test]
#[cfg(target_os = "linux")]
fn playing_is_kept_to_as_many_cores_as_are_asked_for() {
    if crate::drawing::device().is_none() {
        return;
    }
    let drawn = |arguments: &[&str]| {
        let name = format!("vav1d-cores-{}-{}.png", std::process::id(), arguments.len());
        let file = std::env::temp_dir().join(name);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["play", "--json", "--device", "soft", "--render-to"])
            .arg(&file)
            .args(arguments)
            .arg(sample("main-420-8").path())
            .output()
            .expect("vav1d runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("JSON");
        let played = text.lines().find(|line| line.contains("\"played\"")).expect("a record");
        let played: serde_json::Value = serde_json::from_str(played).expect("JSON");
        let image = std::fs::read(&file).expect("an image");
        std::fs::remove_file(file).expect("it was there");
        (played["data"]["cores"].as_u64(), image)
    };
    let (all, right) = drawn(&[]);
    assert!(all >= Some(1));
    assert_eq!(drawn(&["--cores", "1"]), (Some(1), right));
}
