//! What a player and its thread share: commands one way, events the other, of which so many may
//! wait.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::options::Entry;
use super::{Event, Repeat, Target};
use vav1d::error::{DeviceError, Error};
use vav1d::vk::GrainMode;

/// What a player asks of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// In an entry of the playlist.
    Seek(usize, Target),
    /// The entry of the playlist to play from its start.
    Open(usize),
    /// With the picture of an entry of the playlist to go on at.
    FilmGrain(GrainMode, usize, u64),
}

/// See the module.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    commands: VecDeque<(u64, Command)>,
    events: VecDeque<Event>,
    /// What is played from the next command on.
    playlist: Option<Vec<Entry>>,
    /// Frames among `events`.
    frames: usize,
    /// The newest command; what was decoded for older ones is not wanted.
    generation: u64,
    repeat: Repeat,
    closed: bool,
    done: bool,
}

/// What the thread is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// End.
    Close,
    /// This, whose results are of the generation.
    Command(u64, Command),
    /// What it was at.
    GoOn,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for `command`: what came of those before it is dropped.
    pub(super) fn ask(&self, command: Command) -> u64 {
        let mut state = self.state();
        state.generation += 1;
        let generation = state.generation;
        state.commands.push_back((generation, command));
        let entry = match command {
            Command::Seek(entry, _) | Command::FilmGrain(_, entry, _) => Some(entry),
            Command::Open(_) => None,
        };
        state.events.retain(|event| match event {
            Event::Frame(_) | Event::Preview(_) | Event::EndOfStream => false,
            Event::Opened(info) => entry == Some(info.entry),
            Event::Fault(_) | Event::Failed(_) => true,
        });
        state.frames = 0;
        self.changed.notify_all();
        generation
    }

    /// Asks for `playlist`, from its start, in place of what is played.
    pub(super) fn replace(&self, playlist: Vec<Entry>) -> u64 {
        self.state().playlist = Some(playlist);
        self.ask(Command::Open(0))
    }

    /// What is to be played instead, once.
    pub(super) fn take_playlist(&self) -> Option<Vec<Entry>> {
        self.state().playlist.take()
    }

    pub(super) fn set_repeat(&self, repeat: Repeat) {
        self.state().repeat = repeat;
        self.changed.notify_all();
    }

    pub(super) fn repeat(&self) -> Repeat {
        self.state().repeat
    }

    /// The next event, if there is one.
    pub(super) fn take(&self) -> Option<Event> {
        let mut state = self.state();
        let event = state.events.pop_front()?;
        if matches!(event, Event::Frame(_)) {
            state.frames -= 1;
            self.changed.notify_all();
        }
        Some(event)
    }

    /// Tells the thread to end, and waits for it: whether it has ended within `patience`.
    pub(super) fn close(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut state = self.state();
        state.closed = true;
        self.changed.notify_all();
        while !state.done {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The thread has ended. Frames that nobody has taken go now: whoever waits for the end takes
    /// it that nothing of the device is left.
    pub(super) fn done(&self) {
        let mut state = self.state();
        state.events.retain(|event| !matches!(event, Event::Frame(_)));
        state.frames = 0;
        state.done = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Puts an event of `generation` into the queue, unless it is not wanted any more: whether it
    /// is.
    pub(super) fn tell(&self, generation: u64, event: Event) -> bool {
        let mut state = self.state();
        let is_told = matches!(event, Event::Fault(_) | Event::Failed(_));
        if generation < state.generation && !is_told {
            return false;
        }
        state.frames += usize::from(matches!(event, Event::Frame(_)));
        state.events.push_back(event);
        true
    }

    /// What the thread is to do now: at once, or when what it waits for has come.
    pub(super) fn turn(&self, rest: Option<Rest>) -> Turn {
        let mut state = self.state();
        loop {
            if state.closed {
                return Turn::Close;
            }
            while let Some((generation, command)) = state.commands.pop_front() {
                // Where to go is what was said last.
                if state.commands.is_empty() || !matches!(command, Command::Seek(..)) {
                    return Turn::Command(generation, command);
                }
            }
            match rest {
                None => return Turn::GoOn,
                Some(Rest::Room(frames)) if state.frames < frames => return Turn::GoOn,
                Some(Rest::Repeated(repeat)) if state.repeat != repeat => return Turn::GoOn,
                Some(_) => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Whether the thread is to do something else.
    pub(super) fn is_asked(&self) -> bool {
        let state = self.state();
        state.closed || !state.commands.is_empty()
    }

    /// Whether fewer than `frames` frames wait to be taken.
    pub(super) fn has_room(&self, frames: usize) -> bool {
        self.state().frames < frames
    }
}

/// What a thread that has nothing to do waits for, beside commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// That fewer than so many frames wait to be taken.
    Room(usize),
    /// That something else than this is to follow the end.
    Repeated(Repeat),
    /// Commands only.
    Command,
}

/// The thread's end of what is shared; tells when the thread is gone, however it ends.
pub(super) struct End {
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send>,
}

impl End {
    /// Of what is shared; `wake` is called where there is an event to take.
    pub(super) fn new(shared: Arc<Shared>, wake: Box<dyn Fn() + Send>) -> Self {
        Self { shared, wake }
    }

    /// What is shared.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Tells an event of `generation`: whether it is still wanted.
    pub(super) fn tell(&self, generation: u64, event: Event) -> bool {
        let is_wanted = self.shared.tell(generation, event);
        if is_wanted {
            (self.wake)();
        }
        is_wanted
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = DeviceError::Fault("the player's thread has panicked".into());
            self.tell(u64::MAX, Event::Failed(Error::Device(error)));
        }
        self.shared.done();
    }
}
