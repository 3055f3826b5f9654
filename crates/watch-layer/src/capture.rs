//! What a session's capture is made of: `session-N.obu` and `session-N.jsonl`, written as frames are
//! submitted, so that a killed application leaves what it has submitted.
//!
//! A frame whose tiles only the device can read waits for their copy, and what comes after it waits
//! for the frame: both files are in the order of submission.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ash::vk;
use av1_engine::job::{Chroma, FrameJob, Profile};
use av1_engine::stream::{Pieces, Writer};

use crate::job;
use crate::keys::{Keys, Map};
use crate::recorded::{Decode, Parameters, Resource, Slot};
use crate::text::Line;

mod output;
mod record;

use output::Output;

/// The capture of one video session.
pub(crate) struct Session {
    writer: Writer,
    output: Output,
    /// Bytes of the stream so far.
    bytes: u64,
    frames: u64,
    /// Numbers of the sequence headers that are written.
    known: Vec<u64>,
    /// Numbers of the images that are written.
    images: Keys<u64>,
    /// Which frame each picture (image and layer) was decoded to last.
    decoded: Map<(u64, u32), u64>,
    /// Whether pictures have luma alone.
    monochrome: bool,
    /// A frame whose tiles are not there yet, and what came after it.
    waiting: VecDeque<Waiting>,
    texts: record::Texts,
    /// Room for a line, and for what is written of a frame beside its tiles.
    room: (Vec<u8>, Vec<u8>),
    /// Room for [`Submitted::seen`].
    seen: Vec<Option<Seen>>,
}

/// What is said of a session as it is made.
pub(crate) struct About<'a> {
    pub(crate) profile: Profile,
    pub(crate) info: &'a vk::VideoSessionCreateInfoKHR<'a>,
    /// Writes what is known of the device.
    pub(crate) device: &'a dyn Fn(&mut Line),
    /// Writes the capabilities of the profile.
    pub(crate) capabilities: &'a dyn Fn(&mut Line),
}

/// A frame as it is submitted.
pub(crate) struct Submitted {
    pub(crate) decode: Arc<Decode>,
    pub(crate) parameters: Option<Arc<Parameters>>,
    /// The slots of vkCmdBeginVideoCodingKHR.
    pub(crate) bound: Arc<[Slot]>,
    pub(crate) submission: u64,
    /// Family and index.
    pub(crate) queue: (u32, u32),
    /// What is known of the pictures of [`Submitted::resources`], in their order.
    pub(crate) seen: Vec<Option<Seen>>,
}

impl Submitted {
    /// All picture resources: of the output, the setup slot, the references, the bound slots.
    pub(crate) fn resources<'a>(
        decode: &'a Decode,
        bound: &'a [Slot],
    ) -> impl Iterator<Item = Option<&'a Resource>> {
        let slots = decode.setup.iter().chain(&decode.references).chain(bound);
        [Some(&decode.dst)].into_iter().chain(slots.map(|slot| slot.resource.as_ref()))
    }
}

/// The bytes of a frame's tiles.
pub(crate) enum Tiles<'a> {
    /// They are here; what is wrong where they cannot be read.
    Here(Result<&'a [&'a [u8]], &'static str>),
    /// They are being copied: [`Session::copied`] brings them.
    Copied,
}

/// Tiles that are the capture's own.
pub(crate) type OwnTiles = Result<Vec<Vec<u8>>, &'static str>;

/// What waits for the tiles of a frame before it, or its own.
enum Waiting {
    Frame(u64, Box<Submitted>, Option<OwnTiles>),
    Reset,
    Deactivate(i32),
    Line(Vec<u8>),
}

/// An image's layer as a command finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) image: u64,
    pub(crate) layer: u32,
    pub(crate) layers: usize,
    pub(crate) format: vk::Format,
    pub(crate) extent: (u32, u32),
    pub(crate) usage: vk::ImageUsageFlags,
    pub(crate) flags: vk::ImageCreateFlags,
    pub(crate) layout: vk::ImageLayout,
}

impl Session {
    /// Makes the files of a session in `folder`, under the first number that is free.
    pub(crate) fn create(folder: &Path, about: &About<'_>) -> io::Result<Self> {
        let (number, output) = Output::create(folder)?;
        let mut session = Self {
            writer: Writer::new(about.profile, about.info.max_dpb_slots),
            output,
            bytes: 0,
            frames: 0,
            known: Vec::new(),
            images: Keys::default(),
            decoded: Map::default(),
            monochrome: about.profile.chroma == Chroma::Monochrome,
            waiting: VecDeque::new(),
            texts: record::Texts::default(),
            room: Default::default(),
            seen: Vec::new(),
        };
        session.record(record::begin(number, about));
        Ok(session)
    }

    fn record(&mut self, line: Line) {
        let line = line.finished();
        self.output.record(&line);
        self.room.0 = line;
    }

    /// A record that comes after all frames so far.
    fn later(&mut self, line: Line) {
        match self.waiting.is_empty() {
            true => self.record(line),
            false => self.waiting.push_back(Waiting::Line(line.finished())),
        }
    }

    /// `VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR`.
    pub(crate) fn reset(&mut self) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(Waiting::Reset);
            return;
        }
        self.writer.reset();
        let mut line = Line::new();
        line.flag("reset", true);
        self.record(line);
    }

    /// A slot without a picture in vkCmdBeginVideoCodingKHR.
    pub(crate) fn deactivate(&mut self, slot: i32) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(Waiting::Deactivate(slot));
            return;
        }
        if let Ok(index) = u32::try_from(slot) {
            self.writer.deactivate(index);
        }
        let mut line = Line::new();
        line.number("deactivate", slot);
        self.record(line);
    }

    /// The result of a frame's status query.
    pub(crate) fn status(&mut self, frame: u64, status: i64) {
        let mut line = Line::new();
        line.object("status", |line| {
            line.number("frame", frame).number("result", status);
        });
        self.later(line);
    }

    /// The MD5 of a frame's picture.
    pub(crate) fn md5(&mut self, frame: u64, what: Result<&str, &str>) {
        let mut line = Line::new();
        line.object("picture", |line| {
            line.number("frame", frame);
            match what {
                Ok(md5) => line.text("md5", md5),
                Err(why) => line.text("unread", why),
            };
        });
        self.later(line);
    }

    /// Whether what was decoded last has luma alone.
    pub(crate) fn is_monochrome(&self) -> bool {
        self.monochrome
    }

    /// What is held goes into the files: the process ends.
    pub(crate) fn keep(&mut self) {
        self.output.end();
    }

    /// The session ends; copies that have not ended will not.
    pub(crate) fn end(&mut self) {
        for waiting in &mut self.waiting {
            if let Waiting::Frame(_, _, tiles) = waiting {
                tiles.get_or_insert(Err("its copy did not end"));
            }
        }
        self.proceed();
        let mut line = Line::new();
        line.object("end", |line| {
            line.number("frames", self.frames);
        });
        self.record(line);
        self.output.end();
    }

    /// Room for [`Submitted::seen`] of the next frame.
    pub(crate) fn room(&mut self) -> Vec<Option<Seen>> {
        let mut room = std::mem::take(&mut self.seen);
        room.clear();
        room
    }

    /// Takes a frame; answers its number.
    pub(crate) fn frame(&mut self, frame: Submitted, tiles: Tiles<'_>) -> u64 {
        let number = self.frames;
        self.frames += 1;
        let parameters = frame.decode.inline.as_deref().or(frame.parameters.as_deref());
        let color = parameters.and_then(|parameters| parameters.header.pColorConfig.as_ref());
        self.monochrome |= color.is_some_and(|color| color.mono_chrome);
        match tiles {
            Tiles::Here(tiles) if self.waiting.is_empty() => {
                self.write(number, &frame, tiles);
                self.seen = frame.seen;
            }
            Tiles::Here(tiles) => {
                let own = tiles.map(|all| all.iter().map(|tile| tile.to_vec()).collect());
                self.waiting.push_back(Waiting::Frame(number, frame.into(), Some(own)));
            }
            Tiles::Copied => self.waiting.push_back(Waiting::Frame(number, frame.into(), None)),
        }
        number
    }

    /// The tiles of a frame that waits for them.
    pub(crate) fn copied(&mut self, frame: u64, copied: OwnTiles) {
        for waiting in &mut self.waiting {
            match waiting {
                Waiting::Frame(number, _, tiles) if *number == frame => {
                    *tiles = Some(copied);
                    break;
                }
                _ => {}
            }
        }
        self.proceed();
    }

    /// Writes what waits, up to the first frame whose tiles are not there.
    fn proceed(&mut self) {
        let is_open = |waiting: &Waiting| matches!(waiting, Waiting::Frame(_, _, None));
        let end = self.waiting.iter().position(is_open).unwrap_or(self.waiting.len());
        let rest = self.waiting.split_off(end);
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Frame(number, frame, Some(Ok(tiles))) => {
                    let tiles: Vec<&[u8]> = tiles.iter().map(Vec::as_slice).collect();
                    self.write(number, &frame, Ok(&tiles));
                }
                Waiting::Frame(number, frame, Some(Err(why))) => {
                    self.write(number, &frame, Err(why));
                }
                Waiting::Frame(_, _, None) => {}
                Waiting::Reset => self.reset(),
                Waiting::Deactivate(slot) => self.deactivate(slot),
                Waiting::Line(line) => self.output.record(&line),
            }
        }
        self.waiting = rest;
    }

    /// Writes a frame.
    fn write(&mut self, number: u64, frame: &Submitted, tiles: Result<&[&[u8]], &'static str>) {
        let inline = frame.decode.inline.as_ref();
        let parameters = inline.or(frame.parameters.as_ref()).map(Arc::as_ref);
        if let Some(parameters) = parameters.filter(|p| !self.known.contains(&p.number)) {
            self.known.push(parameters.number);
            let mut line = Line::new();
            line.object("sequence", |line| {
                line.number("number", parameters.number).members("std", &parameters.header);
            });
            self.record(line);
        }
        for seen in frame.seen.iter().flatten() {
            if self.images.insert(seen.image) {
                self.record(record::image(seen));
            }
        }
        let mut line = Line::again(std::mem::take(&mut self.room.0));
        line.object("frame", |line| {
            record::submission(line, number, frame, parameters);
            self.obu(line, frame, parameters, tiles);
            record::resources(line, frame, &self.decoded, &mut self.texts);
            record::commands(line, &frame.decode, &mut self.texts);
        });
        if let Some(Some(dst)) = frame.seen.first() {
            self.decoded.insert((dst.image, dst.layer), number);
        }
        self.record(line);
    }

    /// Writes the frame's OBUs, and says where they are.
    fn obu(
        &mut self,
        line: &mut Line,
        frame: &Submitted,
        parameters: Option<&Parameters>,
        tiles: Result<&[&[u8]], &'static str>,
    ) {
        let tiles = tiles.unwrap_or_else(|why| {
            line.text("unread", why);
            &[]
        });
        let (Some(picture), Some(parameters)) = (&frame.decode.picture, parameters) else {
            line.text("fault", "no picture information, or no sequence header");
            return;
        };
        let setup = frame.decode.setup.as_ref();
        let job = FrameJob {
            sequence: parameters.job.clone(),
            picture: job::picture(&picture.info),
            coded_extent: frame.decode.dst.extent,
            setup_slot: setup.and_then(|slot| u32::try_from(slot.index).ok()),
            reference_name_slot_indices: picture.names,
            tile_offsets: picture.tile_offsets.clone(),
            tile_sizes: picture.tile_sizes.clone(),
        };
        let mut out = Pieces::again(std::mem::take(&mut self.room.1));
        let (written, outcome) = self.writer.write(&job, tiles, &mut out);
        self.output.stream(&out);
        let start = self.bytes;
        self.bytes += out.len() as u64;
        line.object("obu", |line| {
            line.number("offset", start).number("bytes", out.len() as u64);
            line.numbers("tiles", written.tiles.iter().map(|&at| start + at as u64));
        });
        if let Err(fault) = outcome {
            line.text("fault", &fault.to_string());
        }
        self.room.1 = out.into_buffer();
    }
}
