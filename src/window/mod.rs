//! Playing in a window: what is shown when, keys and mouse, the on-screen display. The only place
//! that names winit.

mod acts;
mod app;
mod bitmap;
mod display;
mod keys;
mod layout;
mod osd;
mod picture;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::play::{Entry, OpenDevice, Repeat, Statistics};
use crate::vk::{Adapter, Instance};

pub use app::run;
pub use bitmap::Bitmap;
pub use keys::table;
pub use osd::{Osd, about};
pub use picture::{Look, luminance, natural};

/// How to show.
#[derive(Clone, Debug)]
pub struct Options {
    /// The window covers the screen.
    pub fullscreen: bool,
    /// Size of the window: the first picture's render size times this.
    pub scale: f64,
    /// The on-screen display is on from the start.
    pub osd: bool,
    /// The first picture is shown, and no other until one goes on.
    pub paused: bool,
    /// The window stays after the last picture.
    pub keep_open: bool,
    /// Frames replace each other while they wait for the display.
    pub mailbox: bool,
    /// Film grain, scaling.
    pub look: Look,
    /// Where screenshots go.
    pub screenshots: PathBuf,
    /// What is repeated.
    pub repeat: Repeat,
}

/// The instance whose surfaces are presented to, and which of its devices draws.
pub struct Presenter {
    /// Made for presenting.
    pub instance: Arc<Instance>,
    /// Devices in the order of preference; the first that presents to the window draws.
    pub adapters: Vec<Adapter>,
}

/// What is played, on what.
pub struct Program {
    /// Streams.
    pub playlist: Vec<Entry>,
    /// Opens the device that decodes.
    pub device: OpenDevice,
    /// Its name.
    pub device_name: String,
    /// How to play.
    pub options: crate::play::Options,
}

/// How playing went.
#[derive(Debug, Default)]
pub struct Report {
    /// What became of the frames.
    pub statistics: Statistics,
    /// The device that drew, and how it presents.
    pub presenter: String,
    /// What was wrong with the streams.
    pub faults: Vec<Error>,
}

/// Plays `program` in a window, until it ends or the window is closed.
///
/// # Errors
/// `Device` where there is no display, nothing presents to its windows, or a device is lost.
pub fn play(program: Program, presenter: Presenter, options: Options) -> Result<Report> {
    run(program, presenter, options)
}
