//! What a player is given: a playlist, devices, and how to play.

use std::time::Duration;

use super::{Repeat, Target};
use vav1d::container::{self, Source};
use vav1d::error::Result;
use vav1d::plan::planner::PlannerOptions;
use vav1d::vk::{Executor, ExecutorOptions};

/// Opens a device for one stream.
pub type OpenDevice = Box<dyn FnMut(&ExecutorOptions) -> Result<Executor> + Send>;

/// An entry of a playlist.
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Opens its source; again each time that it is played.
    pub open: Box<dyn FnMut() -> container::error::Result<Box<dyn Source>> + Send>,
}

/// How to play.
#[derive(Clone, Debug)]
pub struct Options {
    /// Operating point, layers, budgets.
    pub planner: PlannerOptions,
    /// How to decode; who applies film grain can be changed later.
    pub executor: ExecutorOptions,
    /// Where each entry begins; `None`: with its first picture.
    pub start: Option<Target>,
    /// Each entry begins so long before its end, if that is known, instead.
    pub before_end: Option<Duration>,
    /// A seek to a time that takes longer tells where its decoding begins ([`Event::Preview`](crate::Event::Preview)).
    pub preview: Option<Duration>,
    /// Pictures of each entry from there on, at most.
    pub limit: Option<u64>,
    /// What follows the last picture.
    pub repeat: Repeat,
    /// Frames that may wait to be taken, at least 1; so many more are decoded ahead.
    pub queue: usize,
    /// Bytes of pictures that are kept behind the one shown, for steps back.
    pub kept_bytes: usize,
    /// How far decoding gives way to other threads, in steps of nice(2), where it and what shows the
    /// pictures take the same cores. Linux alone has that for threads.
    pub niceness: u8,
}

impl Default for Options {
    /// Everything once; 3 frames wait, 12 MiB are kept: 4 pictures of 1920x1080.
    fn default() -> Self {
        Self {
            planner: PlannerOptions::default(),
            executor: ExecutorOptions::default(),
            start: None,
            before_end: None,
            preview: None,
            limit: None,
            repeat: Repeat::Off,
            queue: 3,
            kept_bytes: 12 << 20,
            niceness: 0,
        }
    }
}
