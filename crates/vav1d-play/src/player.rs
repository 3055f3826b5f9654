//! The player: a thread that decodes a playlist, and what it is told and tells.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::options::{Entry, OpenDevice, Options};
use super::shared::{Command, End, Shared};
use super::worker::Worker;
use super::{Event, Repeat, Target};
use vav1d::error::Result;
use vav1d::vk::GrainMode;

/// How long a player that is dropped waits for its thread, which a driver may hold up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lowers the priority of the thread that calls it.
fn give_way(niceness: u8) {
    #[cfg(target_os = "linux")]
    if niceness > 0 {
        use rustix::process::{getpriority_process, setpriority_process};
        // From where its program is: it may be nice already.
        let lower = getpriority_process(None)
            .and_then(|own| setpriority_process(None, (own + i32::from(niceness)).min(19)));
        if let Err(error) = lower {
            log::debug!("decoding keeps its priority: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}

/// Plays a list of streams: decodes ahead on a thread of its own, and goes where it is told. None
/// of its functions waits, but for the end of the thread.
pub struct Player {
    shared: Arc<Shared>,
    entries: usize,
    entry: usize,
    is_closed: bool,
}

impl Player {
    /// Plays `playlist` on devices that `device` opens, the first entry first. `wake` is called on
    /// the player's thread whenever there is an event to take.
    ///
    /// # Errors
    /// `Io` if there can be no thread.
    pub fn new(
        playlist: Vec<Entry>,
        device: OpenDevice,
        options: Options,
        wake: Box<dyn Fn() + Send>,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.set_repeat(options.repeat);
        let entries = playlist.len();
        let told = Arc::clone(&shared);
        thread::Builder::new().name("player".into()).spawn(move || {
            // The threads of a driver that this one opens inherit it.
            give_way(options.niceness);
            let end = End::new(told, wake);
            Worker::new(playlist, device, options, &end).run();
        })?;
        Ok(Self { shared, entries, entry: 0, is_closed: false })
    }

    /// The next thing that the player has to say, if there is one now.
    pub fn try_next(&mut self) -> Option<Event> {
        let event = self.shared.take()?;
        if let Event::Opened(info) = &event {
            self.entry = info.entry;
        }
        Some(event)
    }

    /// Goes to `target` in the entry whose frames were taken last. The generation of the frames that
    /// follow, of which the first is the target; no older ones come after this call.
    pub fn seek(&mut self, target: Target) -> u64 {
        self.seek_in(self.entry, target)
    }

    /// The same in entry `entry` of the playlist, which is opened again if frames of another one
    /// were taken already: the one whose picture is looked at may have come to its end.
    pub fn seek_in(&mut self, entry: usize, target: Target) -> u64 {
        self.entry = entry.min(self.entries.saturating_sub(1));
        self.shared.ask(Command::Seek(self.entry, target))
    }

    /// Goes `count` pictures on from picture `index`, or back; not beyond either end.
    pub fn step(&mut self, index: u64, count: i64) -> u64 {
        self.seek(Target::Index(index.saturating_add_signed(count)))
    }

    /// Plays entry `entry` of the playlist from its start, the last if there are fewer.
    pub fn open(&mut self, entry: usize) -> u64 {
        self.entry = entry.min(self.entries.saturating_sub(1));
        self.shared.ask(Command::Open(self.entry))
    }

    /// Plays `playlist` from its start, in place of what is played.
    pub fn replace(&mut self, playlist: Vec<Entry>) -> u64 {
        (self.entries, self.entry) = (playlist.len(), 0);
        self.shared.replace(playlist)
    }

    /// Plays the next entry of the playlist, or the first after the last.
    pub fn next_entry(&mut self) -> u64 {
        self.open((self.entry + 1) % self.entries.max(1))
    }

    /// Plays the entry before, or the last before the first.
    pub fn previous_entry(&mut self) -> u64 {
        self.open((self.entry + self.entries.max(1) - 1) % self.entries.max(1))
    }

    /// Entry of the playlist that is played, from 0, and how many there are.
    pub fn entry(&self) -> (usize, usize) {
        (self.entry, self.entries)
    }

    /// What follows the last picture from now on.
    pub fn set_repeat(&mut self, repeat: Repeat) {
        self.shared.set_repeat(repeat);
    }

    /// Changes who applies film grain, and goes on at picture `index`.
    pub fn set_film_grain(&mut self, mode: GrainMode, index: u64) -> u64 {
        self.shared.ask(Command::FilmGrain(mode, self.entry, index))
    }

    /// Ends the thread, and waits for it no longer than `patience`: whether it has ended. A thread
    /// that a driver holds up is left behind.
    pub fn close(&mut self, patience: Duration) -> bool {
        self.is_closed = true;
        self.shared.close(patience)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if !self.is_closed && !self.close(PATIENCE) {
            log::warn!("the player's thread did not end within {PATIENCE:?}");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;

    use rustix::process::getpriority_process;

    use vav1d::vk::ExecutorOptions;

    use super::*;

    #[test]
    fn the_thread_gives_way_as_it_is_told() {
        let own = getpriority_process(None).expect("a priority");
        for niceness in [0, 3] {
            let (told, priorities) = mpsc::channel();
            let open = move || {
                told.send(getpriority_process(None)).expect("who waits");
                Err(std::io::Error::other("a source that is not there").into())
            };
            let playlist = vec![Entry { name: "nothing".into(), open: Box::new(open) }];
            let device = Box::new(|_: &ExecutorOptions| unreachable!("nothing is opened"));
            let options = Options { niceness, ..Options::default() };
            let player = Player::new(playlist, device, options, Box::new(|| {})).expect("a player");
            let priority = priorities.recv().expect("the entry is opened").expect("a priority");
            assert_eq!(priority, (own + i32::from(niceness)).min(19));
            drop(player);
        }
        assert_eq!(getpriority_process(None), Ok(own), "that of who plays");
    }
}
