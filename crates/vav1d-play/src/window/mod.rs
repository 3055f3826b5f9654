//! Playing in a window: what is shown when, keys and mouse, the on-screen display. The only place
//! that names winit.

mod acts;
mod aim;
mod app;
mod bitmap;
mod blocks;
mod display;
mod events;
mod feed;
mod glyphs;
mod keys;
mod layout;
mod mouse;
mod osd;
mod picture;
mod pointer;
mod said;
mod seeks;
mod stop;
mod tell;

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Entry, OpenDevice, Repeat, Statistics};
use vav1d::error::{DeviceError, Error, Result};
use vav1d::vk::render::Canvas;
use vav1d::vk::{Adapter, Instance, SharedDevice};

pub use app::play;
pub use bitmap::Bitmap;
pub use keys::table;
pub use osd::{Osd, about};
pub use picture::{Look, luminance, natural};
pub use seeks::Seeks;

/// How to show.
#[derive(Clone, Debug)]
pub struct WindowOptions {
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
    /// What pictures are compared with, in words.
    pub against: Option<String>,
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
    /// The device that decodes, where it is the first of them.
    pub shared: Option<SharedDevice>,
}

impl Presenter {
    /// A canvas of `size` pixels, on the device called `name` or the preferred one.
    ///
    /// # Errors
    /// As for [`Canvas::new`]; `Device` if nothing draws.
    pub fn canvas(&self, name: Option<&str>, size: (u32, u32)) -> Result<Canvas> {
        let named = |adapter: &&Adapter| name.is_none_or(|name| name == adapter.name);
        let none = || DeviceError::None("nothing draws".into());
        let adapter = self.adapters.iter().find(named).ok_or_else(none)?;
        match self.shared.as_ref().filter(|shared| shared.is_of(adapter)) {
            Some(shared) => Canvas::on(shared, size),
            None => Canvas::new(&self.instance, adapter, size),
        }
    }
}

/// Makes entries of what is dropped on a window; or says why there are none.
pub type OpenFiles = Box<dyn Fn(&[PathBuf]) -> std::result::Result<Vec<Entry>, String>>;

/// What is played, on what.
pub struct Program {
    /// Streams.
    pub playlist: Vec<Entry>,
    /// Opens the device that decodes.
    pub device: OpenDevice,
    /// Its name.
    pub device_name: String,
    /// How to play.
    pub options: crate::Options,
    /// The same streams, and the device that decodes them as they should be. Pictures are compared
    /// before film grain, which both leave to their caller
    /// ([`GrainMode::Host`](vav1d::vk::GrainMode::Host)).
    pub reference: Option<(Vec<Entry>, OpenDevice)>,
    /// Opens what is dropped on the window: files, folders, playlists; or says why it cannot.
    pub open: OpenFiles,
    /// Is told what is wrong with an entry, with its name, as it is found.
    pub tell: Box<dyn Fn(&str)>,
}

/// How playing went.
#[derive(Debug, Default)]
pub struct Report {
    /// What became of the frames.
    pub statistics: Statistics,
    /// Pictures that were drawn from where they were decoded.
    pub on_device: u64,
    /// The device that drew, and how it presents.
    pub presenter: String,
    /// How long seeks took.
    pub seeks: Seeks,
    /// What was wrong with the streams.
    pub faults: Vec<Error>,
    /// What a comparison found.
    pub judgement: Judgement,
    /// The signal that ended it, if one did.
    pub signal: Option<usize>,
}

/// What a comparison found of the pictures that were shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Pictures that were compared.
    pub compared: u64,
    /// Pictures of them that are wrong.
    pub wrong: u64,
    /// Output index of the first wrong one that was shown.
    pub first_wrong: Option<u64>,
}

impl Report {
    /// Takes note of picture `index`.
    fn judge(&mut self, index: u64, is_wrong: bool) {
        let judgement = &mut self.judgement;
        judgement.compared += 1;
        judgement.wrong += u64::from(is_wrong);
        if is_wrong {
            judgement.first_wrong.get_or_insert(index);
        }
    }
}
