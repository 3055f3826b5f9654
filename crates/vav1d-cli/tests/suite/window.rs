//! The player in a real window: under Xvfb, drawn by Mesa's software driver, its keys pressed, its
//! window read back and compared with a conversion on the CPU.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vav1d::pixels::{Chroma, Format, Picture};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat,
    InputFocus, MapState, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::manifest::sample;
use crate::reference::{self, BT601, Colors, bytes, psnr};

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// An X server without a screen.
pub(crate) struct Server {
    child: Child,
    display: String,
}

impl Server {
    /// Starts one. Where Xvfb and a device that draws are installed, there must be one.
    #[allow(clippy::print_stderr, reason = "who runs tests shall know what was not tested")]
    pub(crate) fn start() -> Option<Self> {
        crate::drawing::device()?;
        let started = Command::new("Xvfb")
            .args("-displayfd 1 -screen 0 1024x768x24 -nolisten tcp -noreset".split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            eprintln!("Xvfb is not installed: windows are not tested");
            return None;
        };
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("the number of the display");
        Some(Self { child, display: format!(":{}", line.trim()) })
    }

    fn connect(&self) -> RustConnection {
        RustConnection::connect(Some(&self.display)).expect("a connection").0
    }

    /// What plays with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
        let is_named = arguments.iter().any(|argument| argument.starts_with("--device"));
        let device = if is_named { None } else { Some("--device=soft") };
        command
            .env_clear()
            .env("DISPLAY", &self.display)
            .envs(lavapipe().map(|file| ("VK_DRIVER_FILES", file)))
            .env("XDG_RUNTIME_DIR", std::env::temp_dir())
            .args(["play", "--json"])
            .args(device)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Plays, and waits for the window.
    pub(crate) fn play(&self, arguments: &[&str]) -> Player {
        self.of(self.command(arguments).spawn().expect("vav1d runs"))
    }

    /// The window of `child`, once it is there.
    pub(crate) fn of(&self, child: Child) -> Player {
        let connection = self.connect();
        let mut player = Player { child, connection, window: 0 };
        player.until("a window", |player| match player.find() {
            Some(window) => {
                player.window = window;
                true
            }
            None => false,
        });
        player
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The manifest of Mesa's software driver, where it is installed.
fn lavapipe() -> Option<std::path::PathBuf> {
    let mut files = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?.flatten();
    let named =
        |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("lvp_icd");
    files.find(named).map(|file| file.path())
}

/// A player in its window.
pub(crate) struct Player {
    pub(crate) child: Child,
    pub(crate) connection: RustConnection,
    pub(crate) window: Window,
}

impl Player {
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut is: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !is(self) {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{what}: the player ended with {ended:?}: {}", self.errors());
            assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        // Else there is no end to read up to.
        let _ = self.child.kill();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }

    /// The window on display whose title is the player's.
    fn find(&self) -> Option<Window> {
        let root = self.connection.setup().roots[0].root;
        let tree = self.connection.query_tree(root).ok()?.reply().ok()?;
        tree.children.into_iter().find(|window| {
            let attributes = self.connection.get_window_attributes(*window);
            let shown = attributes.ok().and_then(|cookie| cookie.reply().ok());
            shown.is_some_and(|a| a.map_state == MapState::VIEWABLE)
                && title(&self.connection, *window).contains("vav1d on")
        })
    }

    pub(crate) fn title(&self) -> String {
        title(&self.connection, self.window)
    }

    /// Size of the window, and R, G, B of its pixels.
    pub(crate) fn pixels(&self) -> ((u32, u32), Vec<u8>) {
        let size = self.connection.get_geometry(self.window).unwrap().reply().unwrap();
        let (width, height) = (size.width, size.height);
        let (format, all) = (ImageFormat::Z_PIXMAP, !0);
        let image = self.connection.get_image(format, self.window, 0, 0, width, height, all);
        let image = image.unwrap().reply().unwrap();
        let rgb = image.data.chunks(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
        ((width.into(), height.into()), rgb)
    }

    /// Sends `kinds` of events of the key that X calls `symbol`.
    pub(crate) fn send(&self, symbol: u32, kinds: &[u8]) {
        let c = &self.connection;
        let setup = c.setup();
        let (min, max) = (setup.min_keycode, setup.max_keycode);
        let map = c.get_keyboard_mapping(min, max - min + 1).unwrap().reply().unwrap();
        let per = usize::from(map.keysyms_per_keycode);
        let at = map.keysyms.chunks(per).position(|symbols| symbols[0] == symbol).expect("a key");
        let code = min + at as u8;
        c.set_input_focus(InputFocus::POINTER_ROOT, self.window, x11rb::CURRENT_TIME).unwrap();
        let root = setup.roots[0].root;
        for kind in kinds {
            c.xtest_fake_input(*kind, code, 0, root, 0, 0, 0).unwrap();
        }
        c.flush().unwrap();
        // The reply comes after them.
        c.get_input_focus().unwrap().reply().unwrap();
    }

    /// Waits until the window looks like `expected`.
    #[track_caller]
    pub(crate) fn shows(&mut self, what: &str, size: (u32, u32), expected: &[u8]) {
        let mut best = 0.0_f64;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let (is, pixels) = self.pixels();
            if is == size {
                best = best.max(psnr(&pixels, expected));
                if best > 45.0 {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{what}: {best:.1} dB, in a window of {:?}; {}", self.pixels().0, self.errors());
    }

    /// Waits for the end. Exit code, what it said on standard output.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(start.elapsed() < PATIENCE, "the player does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = self.child.wait().expect("an end");
        let mut text = String::new();
        self.child.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
        (output.code(), text)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn title(connection: &RustConnection, window: Window) -> String {
    let (name, any) = (AtomEnum::WM_NAME, AtomEnum::ANY);
    let reply = connection.get_property(false, window, name, any, 0, 1024);
    let reply = reply.ok().and_then(|cookie| cookie.reply().ok());
    reply.map(|r| String::from_utf8_lossy(&r.value).into_owned()).unwrap_or_default()
}

/// Keys, by their X names.
pub(crate) const SPACE: u32 = 0x20;
pub(crate) const PERIOD: u32 = 0x2e;
const COMMA: u32 = 0x2c;
pub(crate) const END: u32 = 0xff57;
pub(crate) const HOME: u32 = 0xff50;
pub(crate) const KEY_O: u32 = 0x6f;
pub(crate) const KEY_Q: u32 = 0x71;

/// Output picture `index` of `path`, as `vav1d decode` writes it.
pub(crate) fn decoded(path: &Path, index: u64, format: Format, size: (u32, u32)) -> Picture {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["decode", "-q", "--device", "soft", "-o", "-", "--output-format", "yuv"])
        .args(["--skip", &index.to_string(), "--limit", "1"])
        .arg(path)
        .output()
        .expect("vav1d runs");
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), format.picture_bytes(size.0, size.1));
    Picture::in_memory(format, size.0, size.1, output.stdout)
}

pub(crate) const SDR: Colors = Colors { luma: BT601, full: false, colocated: false };

pub(crate) fn rgb(picture: &Picture, colors: Colors) -> Vec<u8> {
    bytes(&reference::rgb(picture, colors))
}

#[test]
fn windows_show_what_the_cpu_makes_of_the_first_picture() {
    let Some(server) = Server::start() else { return };
    let rows = [
        ("main-420-8", Chroma::Yuv420, 8, (227, 131), SDR),
        ("main-420-10", Chroma::Yuv420, 10, (227, 131), SDR),
        ("main-400-8", Chroma::Monochrome, 8, (227, 131), SDR),
        ("pro-422-10", Chroma::Yuv422, 10, (227, 131), SDR),
        ("high-444-8", Chroma::Yuv444, 8, (227, 131), SDR),
        ("high-rgb-8", Chroma::Yuv444, 8, (227, 131), Colors { luma: None, full: true, ..SDR }),
        ("tiny-9x17", Chroma::Yuv444, 10, (9, 17), SDR),
    ];
    for (name, chroma, bit_depth, size, colors) in rows {
        let path = sample(name).path();
        let picture = decoded(&path, 0, Format { chroma, bit_depth }, size);
        let mut player = server.play(&["--paused", path.to_str().unwrap()]);
        player.shows(name, size, &rgb(&picture, colors));
        player.press(KEY_Q);
        assert_eq!(player.end().0, Some(0), "{name}");
    }
}

#[test]
fn pictures_are_turned_and_widened_as_their_container_says() {
    let Some(server) = Server::start() else { return };
    let containers = sample("tiny-9x17").path().parent().unwrap().join("containers");
    let format = Format { chroma: Chroma::Yuv444, bit_depth: 10 };
    let upright = decoded(&sample("tiny-9x17").path(), 0, format, (9, 17));
    let upright = rgb(&upright, SDR);
    let turned = containers.join("turned.mp4");
    // ffmpeg's -display_rotation 90 is a quarter against the clock.
    let mut expected = vec![0; upright.len()];
    for y in 0..17 {
        for x in 0..9 {
            let to = ((8 - x) * 17 + y) * 3;
            expected[to..to + 3].copy_from_slice(&upright[(y * 9 + x) * 3..][..3]);
        }
    }
    let mut player = server.play(&["--paused", turned.to_str().unwrap()]);
    player.shows("turned.mp4", (17, 9), &expected);
    player.press(KEY_Q);
    assert_eq!(player.end().0, Some(0));
    // Samples twice as wide as high.
    let wide = containers.join("wide.mp4");
    let mut player = server.play(&["--paused", "--scaler", "nearest", wide.to_str().unwrap()]);
    let doubled: Vec<u8> = upright.chunks(3).flat_map(|p| [p, p].concat()).collect();
    player.shows("wide.mp4", (18, 17), &doubled);
    player.press(KEY_Q);
    assert_eq!(player.end().0, Some(0));
}

#[test]
fn keys_step_seek_and_pause() {
    let Some(server) = Server::start() else { return };
    let path = sample("key-frames").path();
    let info = vav1d_info(&path);
    let (format, size) = (Format { chroma: Chroma::Yuv420, bit_depth: 8 }, info.0);
    let shown = |index| rgb(&decoded(&path, index, format, size), SDR);
    let mut player = server.play(&["--paused", path.to_str().unwrap()]);
    player.shows("the first", size, &shown(0));
    player.until("a title", |p| p.title().contains("(paused)"));
    for (key, index) in [(PERIOD, 1), (PERIOD, 2), (COMMA, 1), (END, info.1 - 1), (HOME, 0)] {
        player.press(key);
        // The bar that comes with a seek goes after two seconds.
        player.shows(&format!("key {key:x}"), size, &shown(index));
    }
    player.press(SPACE);
    player.until("playing", |p| !p.title().contains("(paused)"));
    let (code, text) = player.end();
    assert_eq!(code, Some(0));
    let played = text.lines().find(|line| line.contains("\"played\"")).expect("a record");
    let played: serde_json::Value = serde_json::from_str(played).expect("JSON");
    let count = |name: &str| played["data"][name].as_u64().expect("a count");
    assert!(count("presented") + count("dropped") >= info.1, "{played}");
}

/// Size of the pictures, and how many there are.
pub(crate) fn vav1d_info(path: &Path) -> ((u32, u32), u64) {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["md5", "--json", "-q", "--device", "soft"])
        .arg(path)
        .output()
        .expect("vav1d runs");
    let frames: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|record: &serde_json::Value| record["type"] == "frame")
        .collect();
    let side = |name: &str| frames[0]["data"][name].as_u64().unwrap() as u32;
    ((side("width"), side("height")), frames.len() as u64)
}

#[test]
fn the_display_comes_and_goes() {
    let Some(server) = Server::start() else { return };
    let path = sample("main-420-8").path();
    let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
    let plain = rgb(&decoded(&path, 0, format, (227, 131)), SDR);
    let mut player = server.play(&["--paused", path.to_str().unwrap()]);
    player.shows("without", (227, 131), &plain);
    player.press(KEY_O);
    player.until("the display", |p| psnr(&p.pixels().1, &plain) < 20.0);
    // White text on what is darker than before.
    let white = |pixels: &[u8]| pixels.chunks(3).filter(|p| p.iter().all(|c| *c > 230)).count();
    player.until("text", |p| white(&p.pixels().1) > white(&plain) + 200);
    player.press(KEY_O);
    player.shows("without again", (227, 131), &plain);
    player.press(KEY_Q);
    assert_eq!(player.end().0, Some(0));
}

#[test]
fn wrong_blocks_are_marked() {
    let Some(server) = Server::start() else { return };
    let path = sample("main-420-8").path();
    let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
    let plain = rgb(&decoded(&path, 0, format, (227, 131)), SDR);
    let mut player = server.play(&["--paused", "--compare", path.to_str().unwrap()]);
    player.shows("a sound driver", (227, 131), &plain);
    player.press(KEY_Q);
    let (code, text) = player.end();
    assert_eq!(code, Some(0));
    assert!(text.contains("\"wrong\":0"), "{text}");
    // One sample in the middle, in the block at (64, 64).
    let faulty = ["--paused", "--device=soft:fault=pixel@0", "--compare=soft"];
    let mut player = server.play(&[&faulty[..], &[path.to_str().unwrap()]].concat());
    let at = |pixels: &[u8], x: usize, y: usize| pixels[(y * 227 + x) * 3..][..3].to_vec();
    player.until("a mark", |p| at(&p.pixels().1, 64, 64) == [255, 0, 0]);
    let pixels = player.pixels().1;
    for corner in [(127, 64), (64, 127), (127, 127)] {
        assert_eq!(at(&pixels, corner.0, corner.1), [255, 0, 0]);
    }
    for outside in [(63, 64), (64, 63), (128, 100), (10, 10)] {
        let (is, was) = (at(&pixels, outside.0, outside.1), at(&plain, outside.0, outside.1));
        assert!(
            is.iter().zip(&was).all(|(a, b)| a.abs_diff(*b) <= 2),
            "{outside:?}: {is:?} {was:?}"
        );
    }
    player.press(KEY_Q);
    let (code, text) = player.end();
    assert_eq!(code, Some(1));
    assert!(text.contains("\"first_wrong\":0"), "{text}");
}

#[test]
fn windows_of_other_sizes_show_the_whole_picture() {
    let Some(server) = Server::start() else { return };
    let path = sample("high-444-8").path();
    let mut player = server.play(&["--paused", "--scaler", "nearest", path.to_str().unwrap()]);
    let format = Format { chroma: Chroma::Yuv444, bit_depth: 8 };
    let upright = rgb(&decoded(&path, 0, format, (227, 131)), SDR);
    for (width, height) in [(454, 262), (300, 131), (227, 331), (681, 393), (227, 131)] {
        let size = ConfigureWindowAux::new().width(width).height(height);
        player.connection.configure_window(player.window, &size).unwrap();
        player.connection.flush().unwrap();
        let times = (width / 227).min(height / 131) as usize;
        let (left, top) = ((width as usize - 227 * times) / 2, (height as usize - 131 * times) / 2);
        let mut expected = vec![0; (width * height * 3) as usize];
        for y in 0..131 * times {
            for x in 0..227 * times {
                let from = (y / times * 227 + x / times) * 3;
                let to = ((y + top) * width as usize + x + left) * 3;
                expected[to..to + 3].copy_from_slice(&upright[from..from + 3]);
            }
        }
        player.shows(&format!("{width}x{height}"), (width, height), &expected);
    }
    player.press(KEY_Q);
    assert_eq!(player.end().0, Some(0));
}

#[test]
fn closing_the_window_ends_the_player() {
    let Some(server) = Server::start() else { return };
    let path = sample("main-420-8").path();
    let mut player = server.play(&["--loop", "file", path.to_str().unwrap()]);
    player.until("a picture", |p| p.pixels().1.iter().any(|v| *v > 0));
    let atom = |name: &str| {
        player.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    };
    let data = [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
    let close = ClientMessageEvent::new(32, player.window, atom("WM_PROTOCOLS"), data);
    player.connection.send_event(false, player.window, EventMask::NO_EVENT, close).unwrap();
    player.connection.flush().unwrap();
    assert_eq!(player.end().0, Some(0));
}

#[test]
fn damage_and_changes_of_size_are_played_through() {
    let Some(server) = Server::start() else { return };
    // Sizes change from picture to picture, and the window stays.
    for name in ["resize-random", "sequence-change", "layers-l2t2"] {
        let player = server.play(&["--fifo", sample(name).path().to_str().unwrap()]);
        assert_eq!(player.end().0, Some(0), "{name}");
    }
    let whole = std::fs::read(sample("main-420-8").path()).unwrap();
    let cut = std::env::temp_dir().join(format!("vav1d-cut-{}.ivf", std::process::id()));
    std::fs::write(&cut, &whole[..whole.len() * 2 / 3]).unwrap();
    let player = server.play(&[cut.to_str().unwrap()]);
    let (code, text) = player.end();
    std::fs::remove_file(&cut).unwrap();
    assert_eq!(code, Some(65), "{text}");
    assert!(text.contains("\"fault\""), "{text}");
}

#[test]
fn a_display_that_goes_away_ends_the_player() {
    let Some(mut server) = Server::start() else { return };
    let path = sample("main-420-8").path();
    let mut player = server.play(&["--loop", "file", path.to_str().unwrap()]);
    player.until("a picture", |p| p.pixels().1.iter().any(|v| *v > 0));
    server.child.kill().expect("it runs");
    server.child.wait().expect("it ends");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = player.child.try_wait().expect("a child") {
            break status;
        }
        assert!(start.elapsed() < PATIENCE, "the player goes on without a display");
        std::thread::sleep(Duration::from_millis(50));
    };
    let errors = player.errors();
    assert!(!status.success(), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(errors.contains("display") || errors.contains("X connection"), "{errors}");
}

#[test]
fn without_a_display_there_is_a_reason() {
    if crate::drawing::device().is_none() {
        return;
    }
    let path = sample("main-420-8").path();
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .env_clear()
        .args(["play", "--device", "soft"])
        .arg(path)
        .output()
        .expect("vav1d runs");
    assert_eq!(output.status.code(), Some(69));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("no display") && !errors.contains(".rs"), "{errors}");
}
