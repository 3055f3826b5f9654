//! Files that are dropped on the window, by the protocol of X11 for it (XDND 5).

use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::manifest::sample;
use crate::window::{KEY_Q, Player, Server};
use crate::window_acts::KEY_N;

/// Something that files are dragged from.
struct Source<'p> {
    player: &'p Player,
    window: Window,
}

impl<'p> Source<'p> {
    fn new(player: &'p Player) -> Self {
        let c = &player.connection;
        let root = c.setup().roots[0].root;
        let window = c.generate_id().unwrap();
        let (class, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        c.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &aux).unwrap();
        Self { player, window }
    }

    fn atom(&self, name: &str) -> Atom {
        let c = &self.player.connection;
        c.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    /// Tells the player's window a message of the protocol.
    fn tell(&self, kind: &str, data: [u32; 4]) {
        let [a, b, c, d] = data;
        let message = ClientMessageEvent::new(
            32,
            self.player.window,
            self.atom(kind),
            [self.window, a, b, c, d],
        );
        let c = &self.player.connection;
        c.send_event(false, self.player.window, EventMask::NO_EVENT, message).unwrap();
        c.flush().unwrap();
    }

    /// Answers what the player asks for: the names of the files.
    fn answer(&self, list: &str) {
        let c = &self.player.connection;
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            match c.poll_for_event().unwrap() {
                Some(Event::SelectionRequest(asked)) => return self.give(&asked, list),
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        panic!("nobody asks for what is dragged");
    }

    fn give(&self, asked: &SelectionRequestEvent, list: &str) {
        let c = &self.player.connection;
        let SelectionRequestEvent { requestor, selection, target, property, time, .. } = *asked;
        let mode = PropMode::REPLACE;
        c.change_property8(mode, requestor, property, target, list.as_bytes()).unwrap();
        let told = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time,
            requestor,
            selection,
            target,
            property,
        };
        c.send_event(false, requestor, EventMask::NO_EVENT, told).unwrap();
        c.flush().unwrap();
    }

    /// Drops the files of `list`, a name a line, on the window.
    fn drop_on(&self, list: &str) {
        let c = &self.player.connection;
        let aware =
            c.get_property(false, self.player.window, self.atom("XdndAware"), AtomEnum::ATOM, 0, 1);
        assert_eq!(aware.unwrap().reply().unwrap().length, 1, "files can be dropped on the window");
        c.set_selection_owner(self.window, self.atom("XdndSelection"), 0_u32).unwrap();
        self.tell("XdndEnter", [5 << 24, self.atom("text/uri-list"), 0, 0]);
        self.tell("XdndPosition", [0, 10 << 16 | 10, 0, self.atom("XdndActionCopy")]);
        self.answer(list);
        self.tell("XdndDrop", [0, 0, 0, 0]);
    }
}

#[test]
fn dropped_files_are_played_in_place_of_what_was() {
    let Some(server) = Server::start() else { return };
    let first = sample("main-420-8").path();
    let mut player = server.play(&["--paused", first.to_str().unwrap()]);
    player.until("the first", |player| player.title().starts_with("main-420-8.ivf"));
    // Images stay until they are told to go: others may be gone before their title is read.
    let dropped = ["still-reduced", "still-full"].map(|name| sample(name).path());
    let list = dropped.map(|path| format!("file://{}\r\n", path.display())).concat();
    Source::new(&player).drop_on(&list);
    let first = "still-reduced.ivf [1/2] (paused)";
    player.until("what was dropped", |player| player.title().starts_with(first));
    player.press(KEY_N);
    player.until("the last", |player| player.title().starts_with("still-full.obu [2/2]"));
    // What cannot be opened leaves what there is.
    Source::new(&player).drop_on("file:///nonexistent-folder/a.m3u\r\n");
    player.press(KEY_Q);
    assert_eq!(player.end().0, Some(0));
}
