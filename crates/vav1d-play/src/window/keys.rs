//! What keys do.

/// Something that the player can be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    Quit,
    /// Leaves fullscreen.
    Leave,
    Pause,
    /// So many pictures on, or back.
    Step(i64),
    /// So many seconds on, or back.
    Seek(f64),
    /// Plays so many times as fast as now.
    Speed(f64),
    /// Plays as fast as the stream says.
    Normal,
    /// Sets an end of the section that is repeated.
    Section,
    /// To the first picture.
    Start,
    /// To the last picture.
    End,
    /// To another entry of the playlist.
    Entry(i8),
    Repeat,
    Fullscreen,
    /// The window as large as the picture, times this.
    Scale(f64),
    Kernel,
    Grain,
    Screenshot,
    Osd,
    Keys,
}

/// A row of the table: names of keys, as winit has them, what they do, and that in words.
pub(super) struct Binding {
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    what: &'static str,
}

const fn row(
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    what: &'static str,
) -> Binding {
    Binding { keys, action, name, what }
}

const BINDINGS: [Binding; 30] = [
    row(&["Space", "p"], Action::Pause, "Space, p", "pause, go on (or a right click)"),
    row(&["."], Action::Step(1), ".", "one picture on"),
    row(&[","], Action::Step(-1), ",", "one picture back"),
    row(&["ArrowRight"], Action::Seek(5.0), "Right", "5 seconds on (the wheel: 10)"),
    row(&["ArrowLeft"], Action::Seek(-5.0), "Left", "5 seconds back"),
    row(&["ArrowUp"], Action::Seek(60.0), "Up", "a minute on"),
    row(&["ArrowDown"], Action::Seek(-60.0), "Down", "a minute back"),
    row(&["Shift+ArrowRight", "Shift+ArrowUp"], Action::Seek(1.0), "Shift+Right", "a second on"),
    row(&["Shift+ArrowLeft", "Shift+ArrowDown"], Action::Seek(-1.0), "Shift+Left", "a second back"),
    row(&["Home"], Action::Start, "Home", "to the first picture"),
    row(&["End"], Action::End, "End", "to the last picture"),
    row(&["]"], Action::Speed(1.1), "]", "faster, by a tenth"),
    row(&["["], Action::Speed(1.0 / 1.1), "[", "slower"),
    row(&["}"], Action::Speed(2.0), "}", "twice as fast"),
    row(&["{"], Action::Speed(0.5), "{", "half as fast"),
    row(&["Backspace"], Action::Normal, "Backspace", "as fast as the stream says"),
    row(&["PageDown", "n", ">", "Enter"], Action::Entry(1), "PgDn, n, >, Enter", "next file"),
    row(&["PageUp", "b", "<"], Action::Entry(-1), "PgUp, b, <", "file before"),
    row(&["l"], Action::Section, "l", "repeat from here, to here, no more"),
    row(&["L"], Action::Repeat, "L", "repeat: off, this file, all files"),
    row(&["f", "F11"], Action::Fullscreen, "f, F11", "fullscreen (or a double click)"),
    row(&["1"], Action::Scale(1.0), "1", "window of the picture's size"),
    row(&["2"], Action::Scale(2.0), "2", "twice that"),
    row(&["0"], Action::Scale(0.5), "0", "half of that"),
    row(&["k"], Action::Kernel, "k", "scaling: bicubic, Lanczos, nearest, bilinear"),
    row(&["g"], Action::Grain, "g", "film grain on, off"),
    row(&["s"], Action::Screenshot, "s", "save the picture as PNG"),
    row(&["o", "i"], Action::Osd, "o, i", "display: off, on"),
    row(&["h", "?", "F1"], Action::Keys, "h, ?, F1", "this page, the next"),
    row(&["Escape"], Action::Leave, "Esc", "leave fullscreen (q quits)"),
];

impl Action {
    /// Whether a key that is held does it again and again.
    pub(super) fn repeats(self) -> bool {
        matches!(self, Self::Step(_) | Self::Seek(_) | Self::Speed(_))
    }
}

/// What the key called `name` does.
pub(super) fn action(name: &str) -> Option<Action> {
    if name == "q" {
        return Some(Action::Quit);
    }
    BINDINGS.iter().find(|b| b.keys.contains(&name)).map(|b| b.action)
}

/// The keys and what they do, a line each.
pub fn table() -> impl Iterator<Item = String> {
    BINDINGS.iter().map(|b| format!("{:<17} {}", b.name, b.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let mut keys: Vec<_> = BINDINGS.iter().flat_map(|b| b.keys).collect();
        let n = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), n);
        assert_eq!(action("ArrowLeft"), Some(Action::Seek(-5.0)));
        assert_eq!(action("q"), Some(Action::Quit));
        assert_eq!(action("x"), None);
        assert_eq!(action("Shift+ArrowLeft"), Some(Action::Seek(-1.0)));
        assert!(Action::Seek(1.0).repeats() && !Action::Pause.repeats());
    }
}
