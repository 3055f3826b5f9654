//! Playing: a thread that decodes ahead and goes where it is told, and the arithmetic of when its
//! frames are due. What shows them is in its `window`.
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod head;
#[cfg(feature = "window")]
pub mod image;
mod index;
mod kept;
pub mod options;
mod pacer;
mod player;
mod scan;
mod shared;
mod stream;
#[cfg(feature = "window")]
pub mod window;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use vav1d::container::{Crop, OtherTrack};
use vav1d::error::Error;
use vav1d::syntax::film_grain::FilmGrainParams;
use vav1d::syntax::frame::FrameHeader;
use vav1d::syntax::metadata::Metadata;
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::vk::{DecodeStatus, DecodedPicture};

pub use options::{Entry, OpenDevice, Options};
pub use pacer::{Decision, Pacer, Statistics, Timed};
pub use player::Player;

/// A picture to show, and what is known of it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The samples, UpscaledWidth x FrameHeight, before the grain of `pending_grain`.
    pub picture: Arc<DecodedPicture>,
    /// The header of the frame.
    pub header: Arc<FrameHeader>,
    /// The sequence header in force.
    pub sequence: Arc<SequenceHeader>,
    /// What metadata OBUs said last of the content's luminance: `metadata_hdr_cll()` (5.8.3) and
    /// `metadata_hdr_mdcv()` (5.8.4), each once at most.
    pub metadata: Arc<[Metadata]>,
    /// Film grain to apply that the driver did not.
    pub pending_grain: Option<FilmGrainParams>,
    /// When it is shown, from the first picture of the stream on.
    pub time: Duration,
    /// How long it is shown: until the next picture, or as long as a picture of the stream's rate.
    pub duration: Duration,
    /// Which picture of the stream's output it is, from 0, whatever was sought before.
    pub index: u64,
    /// Which frame in decoding order, from 0; `None` where decoding did not begin with the stream
    /// and its container does not tell.
    pub frame: Option<u64>,
    /// The temporal unit that shows it, from 0.
    pub unit: u64,
    /// Whether `show_existing_frame` shows it.
    pub show_existing_frame: bool,
    /// Its `slotIndex` in the DPB; `None` in sessions without DPB slots.
    pub dpb_slot: Option<i32>,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
    /// From when its temporal unit was given to the device until its samples were on the host, less
    /// the time in which the player wanted nothing of it.
    pub decode_time: Duration,
    /// Which of the player's seeks it follows.
    pub generation: u64,
    /// The stream that it is of.
    pub stream: Arc<StreamInfo>,
}

/// What is known of a stream once it is open.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Which entry of the playlist, from 0.
    pub entry: usize,
    /// What the entry is called.
    pub name: String,
    /// Name of the container.
    pub container: &'static str,
    /// Of the first frame: UpscaledWidth and FrameHeight.
    pub size: (u32, u32),
    /// Of the first frame: RenderWidth and RenderHeight.
    pub render_size: (u32, u32),
    /// The first sequence header: profile, bit depth, `color_config()`.
    pub sequence: Arc<SequenceHeader>,
    /// Seconds of one tick of the container: (numerator, denominator).
    pub time_base: Option<(u32, u32)>,
    /// How long a picture is shown as far as the stream's head tells.
    pub interval: Duration,
    /// How long the stream is: as the container says, or read through in the moment that its start
    /// may be held up. A hint.
    pub duration: Option<Duration>,
    /// Width and height of a sample, if the container says that they are unlike; as a ratio.
    pub pixel_aspect: Option<(u32, u32)>,
    /// By how many degrees pictures are to be turned clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether left and right are to be exchanged then.
    pub is_mirrored: bool,
    /// What is to be shown of a picture, as the container says. All of it is.
    pub crop: Option<Crop>,
    /// Tracks beside the one that is played.
    pub others: Vec<OtherTrack>,
    /// Whether one can go back in it. One can always go forward.
    pub is_seekable: bool,
}

/// What a player has to say.
#[derive(Debug)]
pub enum Event {
    /// A stream was opened; the frames that follow are of it.
    Opened(Arc<StreamInfo>),
    /// The next frame.
    Frame(Box<Frame>),
    /// Where decoding of what is sought begins, to be looked at until that is there
    /// ([`Options::preview`]).
    Preview(Box<Frame>),
    /// No frames follow, until the player is told to go elsewhere.
    EndOfStream,
    /// Something is wrong with the stream, or with what was asked; playing goes on.
    Fault(Error),
    /// The stream cannot be played any further. After a lost device nothing can.
    Failed(Error),
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The picture that is shown at this time: the last that is not later, else the first.
    Time(Duration),
    /// The picture of this number in output order, from 0; the last, where there are fewer.
    Index(u64),
}

/// What follows the last picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// The next entry of the playlist, and nothing after the last.
    #[default]
    Off,
    /// The same entry again.
    Entry,
    /// The next entry of the playlist, and the first after the last.
    Playlist,
}
