//! More of a first minute with a window: pipes, the bar's labels, what cannot be heard, the pointer,
//! changes of size, keys and the wheel, and crops.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use vav1d::pixels::{Chroma, Format};
use x11rb::connection::Connection as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux, ConnectionExt as _,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::ebml::{self, element};
use crate::manifest::{folder, sample};
use crate::matroska::{clusters, frames};
use crate::window::{END, KEY_O, Player, SDR, Server, decoded, rgb};
use crate::window_acts::{RIGHT, SIZE, Slow, move_to, quit};

const BACKSPACE: u32 = 0xff08;
const KEY_L: u32 = 0x6c;
const BRACKET: u32 = 0x5d;

/// Presses and releases a button: 1 is the left one, 4 and 5 are the wheel.
fn click(player: &Player, button: u8) {
    let c = &player.connection;
    let root = c.setup().roots[0].root;
    for kind in [BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT] {
        c.xtest_fake_input(kind, button, 0, root, 0, 0, 0).unwrap();
    }
    c.flush().unwrap();
    c.get_input_focus().unwrap().reply().unwrap();
}

fn main_420_8(index: u64) -> Vec<u8> {
    let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
    rgb(&decoded(&sample("main-420-8").path(), index, format, (227, 131)), SDR)
}

#[test]
fn a_pipe_is_shown_before_it_ends() {
    let Some(server) = Server::start() else { return };
    let film = ebml::file(
        &[vec![ebml::info(), ebml::tracks(&[ebml::track(1, &[])])], clusters(&frames())].concat(),
    );
    let mut command = server.command(&["--paused", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("vav1d runs");
    let mut pipe = child.stdin.take().expect("piped");
    // Two thirds of it; the rest does not come.
    pipe.write_all(&film[..film.len() * 2 / 3]).expect("written");
    pipe.flush().expect("written");
    let mut player = server.of(child);
    player.shows("the first picture", (227, 131), &main_420_8(0));
    assert!(player.title().starts_with("standard input"), "{}", player.title());
    drop(pipe);
    player.press(crate::window::KEY_Q);
    player.end();
}

#[test]
fn the_labels_of_the_bar_do_nothing() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("labels");
    let mut player = server.play(&["--paused", "--scale", "4", slow.text()]);
    player.until("a window", |player| player.pixels().0.0 == 4 * SIZE.0);
    player.press(RIGHT);
    std::thread::sleep(Duration::from_millis(500));
    let (x, y) = (4 * SIZE.0 as i16, 4 * SIZE.1 as i16);
    move_to(&player, x / 2, y / 2);
    std::thread::sleep(Duration::from_millis(2500));
    let before = player.pixels().1;
    for x in [3, x - 3] {
        move_to(&player, x, y - 6);
        click(&player, 1);
    }
    move_to(&player, x / 2, y / 2);
    std::thread::sleep(Duration::from_millis(3000));
    let now = player.pixels().1;
    assert!(crate::reference::psnr(&before, &now) > 45.0, "it is where it was");
    quit(player);
}

#[test]
fn what_is_not_played_is_named() {
    let Some(server) = Server::start() else { return };
    let sound = folder().join("containers/sound.mkv");
    let mut player = server.play(&["--paused", sound.to_str().unwrap()]);
    player.press(crate::window::KEY_Q);
    let mut errors = player.child.stderr.take().expect("piped");
    player.end();
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("text");
    assert!(said.contains("not played: ") && said.contains("audio"), "{said}");
}

#[test]
fn the_pointer_goes_when_it_rests() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("pointer");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    player.connection.xfixes_query_version(4, 0).unwrap().reply().unwrap();
    let is_there = |player: &Player| {
        let image = player.connection.xfixes_get_cursor_image().unwrap().reply().unwrap();
        image.cursor_image.iter().any(|pixel| pixel >> 24 != 0)
    };
    move_to(&player, 40, 20);
    move_to(&player, 41, 21);
    assert!(is_there(&player), "it has moved");
    player.until("no pointer", |player| !is_there(player));
    move_to(&player, 30, 20);
    player.until("a pointer", |player| is_there(player));
    quit(player);
}

#[test]
fn what_is_above_is_as_wide_as_the_window_is_now() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("overlay");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    // What a window shows that was opened in this size, and where it is not the picture.
    let size = (4 * SIZE.0, 4 * SIZE.1);
    let Some(beside) = Server::start() else { return };
    let mut other = beside.play(&["--paused", "--scale", "4", slow.text()]);
    other.until("a window", |player| player.pixels().0 == size);
    std::thread::sleep(Duration::from_millis(3000));
    let plain = other.pixels().1;
    other.press(KEY_O);
    let covered = |pixels: &[u8]| -> Vec<bool> {
        let pairs = pixels.chunks(3).zip(plain.chunks(3));
        pairs.map(|(a, b)| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 12)).collect()
    };
    other.until("a display", |player| covered(&player.pixels().1).contains(&true));
    std::thread::sleep(Duration::from_millis(500));
    let expected = covered(&other.pixels().1);
    quit(other);
    player.press(KEY_O);
    std::thread::sleep(Duration::from_millis(500));
    let to = ConfigureWindowAux::new().width(size.0).height(size.1);
    player.connection.configure_window(player.window, &to).unwrap();
    player.connection.flush().unwrap();
    // The numbers in it are others.
    player.until("the display in a larger window", |player| {
        let (is, pixels) = player.pixels();
        let found = if is == size { covered(&pixels) } else { Vec::new() };
        let count = |is: fn(bool, bool) -> bool| {
            found.iter().zip(&expected).filter(|(a, b)| is(**a, **b)).count()
        };
        let (both, either) = (count(|a, b| a && b), count(|a, b| a || b));
        both * 10 > either * 8
    });
    quit(player);
}

#[test]
fn keys_and_the_wheel_do_what_they_do_elsewhere() {
    let Some(server) = Server::start() else { return };
    let slow = Slow::new("keys");
    let mut player = server.play(&["--paused", slow.text()]);
    player.shows("the first", SIZE, &slow.shown(0));
    move_to(&player, 40, 20);
    for _ in 0..3 {
        click(&player, 4);
    }
    player.shows("three notches of ten seconds", SIZE, &slow.shown(30));
    click(&player, 5);
    player.shows("one of them back", SIZE, &slow.shown(20));
    // A section of five seconds, 128 times as fast: without it the end would come in a moment.
    player.press(KEY_L);
    player.press(RIGHT);
    player.shows("its other end", SIZE, &slow.shown(25));
    player.press(KEY_L);
    for _ in 0..50 {
        player.press(BRACKET);
    }
    player.press(crate::window::SPACE);
    std::thread::sleep(Duration::from_secs(3));
    player.until("it goes on", |player| player.title().contains("vav1d on"));
    // And without it the end comes, fast.
    player.press(KEY_L);
    player.press(END);
    player.press(BACKSPACE);
    player.until("the end", |player| player.title().contains("(paused)"));
    quit(player);
}

#[test]
fn what_is_cropped_is_not_shown() {
    let Some(server) = Server::start() else { return };
    let sides = [(0x54cc, 27), (0x54bb, 20), (0x54dd, 40), (0x54aa, 31)];
    let crop = sides.map(|(id, samples)| element(id, &[samples])).concat();
    let video = element(0xe0, &[element(0xb0, &[227]), element(0xba, &[131]), crop].concat());
    let tracks = ebml::tracks(&[ebml::track(1, &[video])]);
    let film = ebml::file(&[vec![ebml::info(), tracks], clusters(&frames())].concat());
    let path = std::env::temp_dir().join(format!("vav1d-crop-{}.mkv", std::process::id()));
    std::fs::write(&path, film).expect("written");
    let mut player = server.play(&["--paused", path.to_str().unwrap()]);
    let whole = main_420_8(0);
    let rows = (20..100).flat_map(|y| whole[(y * 227 + 27) * 3..][..160 * 3].to_vec());
    player.shows("160x80 of it", (160, 80), &rows.collect::<Vec<_>>());
    quit(player);
    std::fs::remove_file(&path).expect("removed");
}
