//! What a user of a window does in its first minute: seeks in quick succession, drags the bar, looks
//! at images, opens what cannot be played.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use vav1d::pixels::{Chroma, Format};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::manifest::sample;
use crate::window::{
    END, HOME, KEY_Q, PERIOD, Player, SDR, SPACE, Server, decoded, rgb, vav1d_info,
};

pub(crate) const KEY_N: u32 = 0x6e;
pub(crate) const RIGHT: u32 = 0xff53;
const ESCAPE: u32 = 0xff1b;
const PAGE_UP: u32 = 0xff55;
const PAGE_DOWN: u32 = 0xff56;
pub(crate) const SIZE: (u32, u32) = (96, 80);

/// The sample with five key frames and 60 pictures, a second each; removed at the end.
pub(crate) struct Slow(PathBuf);

impl Slow {
    pub(crate) fn new(name: &str) -> Self {
        let mut bytes = std::fs::read(sample("key-frames").path()).expect("a sample");
        // IVF: 32 bits for pictures a second, 32 for what they are divided by.
        bytes[16..24].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
        let path = std::env::temp_dir().join(format!("vav1d-slow-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).expect("written");
        Self(path)
    }

    pub(crate) fn text(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }

    /// Picture `index`, as the window shows it.
    pub(crate) fn shown(&self, index: u64) -> Vec<u8> {
        let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
        rgb(&decoded(&self.0, index, format, SIZE), SDR)
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Player {
    /// Presses the key that X calls `symbol`, and lets it go.
    pub(crate) fn press(&self, symbol: u32) {
        self.send(symbol, &[KEY_PRESS_EVENT, KEY_RELEASE_EVENT]);
    }
}

pub(crate) fn move_to(player: &Player, x: i16, y: i16) {
    let c = &player.connection;
    let root = c.setup().roots[0].root;
    let at = c.translate_coordinates(player.window, root, x, y).unwrap().reply().unwrap();
    c.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, root, at.dst_x, at.dst_y, 0).unwrap();
    c.flush().unwrap();
    c.get_input_focus().unwrap().reply().unwrap();
    std::thread::sleep(Duration::from_millis(50));
}

/// Presses q, and waits for an end without a fault.
#[track_caller]
pub(crate) fn quit(mut player: Player) {
    player.press(KEY_Q);
    let mut errors = player.child.stderr.take().expect("piped");
    let (code, _) = player.end();
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("text");
    assert_eq!(code, Some(0), "{said}");
}

fn button(player: &Player, kind: u8) {
    let c = &player.connection;
    c.xtest_fake_input(kind, 1, 0, c.setup().roots[0].root, 0, 0, 0).unwrap();
    c.flush().unwrap();
    c.get_input_focus().unwrap().reply().unwrap();
}

#[test]
fn seeks_add_up_and_steps_wait_for_them() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("seeks");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    for _ in 0..6 {
        player.press(RIGHT);
    }
    player.shows("six times five seconds", SIZE, &slow.shown(30));
    player.press(HOME);
    player.press(RIGHT);
    player.press(PERIOD);
    player.press(PERIOD);
    player.shows("two pictures behind the seek", SIZE, &slow.shown(7));
    quit(player);
}

#[test]
fn the_bar_is_dragged() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("drag");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    // The window is as wide as the bar: 96 pixels for 60 seconds.
    let y = SIZE.1 as i16 - 4;
    move_to(&player, 40, 20);
    move_to(&player, 16, y);
    // It stays as long as the pointer is on it.
    std::thread::sleep(Duration::from_millis(2500));
    button(&player, BUTTON_PRESS_EVENT);
    for x in [30, 50, 70, 80] {
        move_to(&player, x, y);
    }
    button(&player, BUTTON_RELEASE_EVENT);
    move_to(&player, 40, 20);
    player.shows("where it was dragged to", SIZE, &slow.shown(50));
    quit(player);
}

#[test]
fn the_last_picture_and_images_stay() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("end");
    let mut player = server.play(&[slow.text()]);
    player.press(END);
    player.shows("the last", SIZE, &slow.shown(vav1d_info(&slow.0).1 - 1));
    // Esc leaves fullscreen, and nothing else.
    player.press(ESCAPE);
    std::thread::sleep(Duration::from_millis(300));
    player.until("the window", |player| player.title().contains("(paused)"));
    quit(player);
    // An image, and another file behind it.
    let image = sample("still-reduced").path();
    let mut player = server.play(&[image.to_str().unwrap(), slow.text()]);
    player.until("an image", |player| player.title().contains("[1/2] (paused)"));
    std::thread::sleep(Duration::from_millis(500));
    assert!(player.title().contains("[1/2]"), "{}", player.title());
    player.press(SPACE);
    player.until("the next", |player| player.title().contains("[2/2]"));
    quit(player);
}

/// The player opens files ahead; keys count from the one that is looked at.
#[test]
fn the_next_file_is_the_one_behind_what_is_on_the_screen() {
    let Some(server) = Server::start() else { return };
    let images = ["still-reduced", "still-full", "still-reduced"].map(|name| sample(name).path());
    let mut player = server.play(&images.each_ref().map(|path| path.to_str().unwrap()));
    let is_at = |player: &mut Player, place: &str| {
        let place = format!("{place} (paused)");
        player.until(&place, |player| player.title().contains(&place));
    };
    is_at(&mut player, "[1/3]");
    // Time enough to open the next.
    std::thread::sleep(Duration::from_millis(500));
    for (key, place) in [(KEY_N, "[2/3]"), (KEY_N, "[3/3]"), (PAGE_UP, "[2/3]")] {
        player.press(key);
        is_at(&mut player, place);
    }
    // What is asked for while nothing has come yet adds up.
    player.press(KEY_N);
    player.press(KEY_N);
    is_at(&mut player, "[1/3]");
    quit(player);
}

#[test]
fn a_key_that_is_held_acts_once_unless_it_seeks() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("held");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    player.press(SPACE);
    player.until("it plays", |player| !player.title().contains("(paused)"));
    // X repeats a key after 660 ms, 25 times a second.
    player.send(SPACE, &[KEY_PRESS_EVENT]);
    let end = std::time::Instant::now() + Duration::from_millis(1500);
    player.until("a pause", |player| player.title().contains("(paused)"));
    while std::time::Instant::now() < end {
        assert!(player.title().contains("(paused)"), "{}", player.title());
        std::thread::sleep(Duration::from_millis(5));
    }
    player.send(SPACE, &[KEY_RELEASE_EVENT]);
    player.press(HOME);
    player.send(RIGHT, &[KEY_PRESS_EVENT]);
    // Above the bar, which stays as long as the key is held.
    let above = |pixels: &[u8]| pixels[..SIZE.0 as usize * 40 * 3].to_vec();
    let last = above(&slow.shown(vav1d_info(&slow.0).1 - 1));
    player.until("the end", |player| {
        let (size, pixels) = player.pixels();
        size == SIZE && crate::reference::psnr(&above(&pixels), &last) > 45.0
    });
    player.send(RIGHT, &[KEY_RELEASE_EVENT]);
    quit(player);
}

#[test]
fn each_file_has_a_window_of_its_size() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("size");
    let first = sample("main-420-8").path();
    let mut player = server.play(&["--paused", first.to_str().unwrap(), slow.text()]);
    player.until("the first", |player| player.pixels().1.iter().any(|part| *part > 0));
    assert_eq!(player.pixels().0, (227, 131));
    player.press(PAGE_DOWN);
    player.shows("the second", SIZE, &slow.shown(0));
    player.press(PAGE_UP);
    player.until("the first again", |player| player.pixels().0 == (227, 131));
    quit(player);
}

#[test]
fn errors_name_their_file_once() {
    let Some(server) = Server::start() else { return };
    let junk = std::env::temp_dir().join(format!("vav1d-junk-{}.mkv", std::process::id()));
    std::fs::write(&junk, "no stream").expect("written");
    let good = sample("main-420-8").path();
    let files = [junk.to_str().unwrap(), good.to_str().unwrap(), "/nonexistent/gone.ivf"];
    let mut player = server.play(&files);
    let mut errors = player.child.stderr.take().expect("piped");
    let (code, text) = player.end();
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("text");
    std::fs::remove_file(&junk).expect("removed");
    assert_eq!(code, Some(65), "{said}");
    let name = junk.file_name().unwrap().to_string_lossy().into_owned();
    for name in [name.as_str(), "gone.ivf"] {
        assert_eq!(said.matches(name).count(), 1, "{name}: {said}");
    }
    assert!(text.contains("\"played\""), "{text}");
}

#[test]
fn a_signal_ends_with_the_record() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("signal");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    let id = player.child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &id]).status();
    assert!(killed.expect("kill runs").success());
    let (code, text) = player.end();
    assert_eq!(code, None);
    assert!(text.contains("\"played\""), "{text}");
}
