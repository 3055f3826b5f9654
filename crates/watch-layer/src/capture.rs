//! What a session's capture is made of: `session-N.obu` and `session-N.jsonl`, written as frames are
//! submitted, so that a killed application leaves what it has submitted.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use ash::vk;
use av1_engine::job::{Chroma, FrameJob, Profile};
use av1_engine::stream::Writer;
use av1_std::owned::tile_hash;

use crate::recorded::{Decode, Parameters, Resource, Slot};
use crate::text::Line;

/// Captures that a folder holds at most.
const MOST: u32 = 100_000;

/// The version of the format of `session-N.jsonl`.
const FORMAT: i128 = 1;

/// The capture of one video session.
pub(crate) struct Session {
    writer: Writer,
    stream: File,
    records: File,
    /// Bytes of the stream so far.
    bytes: u64,
    frames: u64,
    /// Numbers of the sequence headers that are written.
    known: Vec<u64>,
    /// Numbers of the images that are written.
    images: HashSet<u64>,
    /// Which frame each picture (image and layer) was decoded to last.
    decoded: HashMap<(u64, u32), u64>,
    /// Whether pictures have luma alone.
    monochrome: bool,
    /// A file could not be written: no more is.
    failed: bool,
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
pub(crate) struct Submitted<'a> {
    pub(crate) decode: &'a Decode,
    pub(crate) parameters: Option<&'a Parameters>,
    /// The slots of vkCmdBeginVideoCodingKHR.
    pub(crate) bound: &'a [Slot],
    pub(crate) submission: u64,
    /// Family and index.
    pub(crate) queue: (u32, u32),
    /// The bytes of each tile; what is wrong where they could not be read.
    pub(crate) tiles: Result<Vec<Vec<u8>>, &'static str>,
}

/// Finds out about pictures.
pub(crate) trait Pictures {
    /// The image, the layer, and what is said of it.
    fn picture(&self, resource: &Resource) -> Option<Seen>;
}

/// An image's layer as a command finds it.
#[derive(Clone, Copy, Debug)]
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
        std::fs::create_dir_all(folder)?;
        let create =
            |name: String| OpenOptions::new().write(true).create_new(true).open(folder.join(name));
        let mut number = 0;
        let records = loop {
            match create(format!("session-{number}.jsonl")) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < MOST => number += 1,
                other => break other?,
            }
        };
        let stream = create(format!("session-{number}.obu"))?;
        let mut session = Self {
            writer: Writer::new(about.profile, about.info.max_dpb_slots),
            stream,
            records,
            bytes: 0,
            frames: 0,
            known: Vec::new(),
            images: HashSet::new(),
            decoded: HashMap::new(),
            monochrome: about.profile.chroma == Chroma::Monochrome,
            failed: false,
        };
        session.record(begin(number, about));
        Ok(session)
    }

    fn record(&mut self, line: Line) {
        if !self.failed {
            self.failed = self.records.write_all(line.finished().as_bytes()).is_err();
        }
    }

    /// `VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR`.
    pub(crate) fn reset(&mut self) {
        self.writer.reset();
        let mut line = Line::new();
        line.flag("reset", true);
        self.record(line);
    }

    /// A slot without a picture in vkCmdBeginVideoCodingKHR.
    pub(crate) fn deactivate(&mut self, slot: i32) {
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
        self.record(line);
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
        self.record(line);
    }

    /// Whether what was decoded last has luma alone.
    pub(crate) fn is_monochrome(&self) -> bool {
        self.monochrome
    }

    /// The session ends.
    pub(crate) fn end(&mut self) {
        let mut line = Line::new();
        line.object("end", |line| {
            line.number("frames", self.frames);
        });
        self.record(line);
    }

    /// Writes a frame; answers its number.
    pub(crate) fn frame(&mut self, frame: &Submitted<'_>, pictures: &dyn Pictures) -> u64 {
        let number = self.frames;
        self.frames += 1;
        let parameters = frame.decode.inline.as_deref().or(frame.parameters);
        if let Some(parameters) = parameters.filter(|p| !self.known.contains(&p.number)) {
            self.known.push(parameters.number);
            let mut line = Line::new();
            line.object("sequence", |line| {
                line.number("number", parameters.number).members("std", &parameters.header);
            });
            self.record(line);
        }
        self.images(frame, pictures);
        let color = parameters.and_then(|parameters| parameters.header.pColorConfig.as_ref());
        self.monochrome |= color.is_some_and(|color| color.mono_chrome);
        let mut line = Line::new();
        line.object("frame", |line| {
            line.number("number", number)
                .number("submission", frame.submission)
                .number("recorded", frame.decode.recorded)
                .numbers("queue", [frame.queue.0, frame.queue.1]);
            match parameters {
                Some(parameters) => line.number("sequence", parameters.number),
                None => line.null("sequence"),
            };
            line.flag("inline_parameters", frame.decode.inline.is_some());
            self.obu(line, frame, parameters);
            self.resources(line, frame, pictures);
            commands(line, frame);
        });
        if let Some(at) = pictures.picture(&frame.decode.dst) {
            self.decoded.insert((at.image, at.layer), number);
        }
        self.record(line);
        number
    }

    /// Writes the images of a frame that are new.
    fn images(&mut self, frame: &Submitted<'_>, pictures: &dyn Pictures) {
        let decode = frame.decode;
        let slots = decode.setup.iter().chain(&decode.references).chain(frame.bound);
        let resources = slots.filter_map(|slot| slot.resource.as_ref()).chain([&decode.dst]);
        for seen in resources.filter_map(|resource| pictures.picture(resource)) {
            if !self.images.insert(seen.image) {
                continue;
            }
            let mut line = Line::new();
            line.object("image", |line| {
                line.number("number", seen.image)
                    .number("layers", seen.layers as u64)
                    .number("format", seen.format.as_raw())
                    .numbers("extent", [seen.extent.0, seen.extent.1])
                    .number("usage", seen.usage.as_raw())
                    .number("flags", seen.flags.as_raw());
            });
            self.record(line);
        }
    }

    /// Writes the frame's OBUs, and says where they are.
    fn obu(&mut self, line: &mut Line, frame: &Submitted<'_>, parameters: Option<&Parameters>) {
        let tiles = match &frame.tiles {
            Ok(tiles) => tiles.iter().map(Vec::as_slice).collect(),
            Err(why) => {
                line.text("unread", why);
                Vec::new()
            }
        };
        line.text("tile_hash", &format!("{:016x}", tile_hash(tiles.iter().copied())));
        let (Some(picture), Some(parameters)) = (&frame.decode.picture, parameters) else {
            line.text("fault", "no picture information, or no sequence header");
            return;
        };
        let setup = frame.decode.setup.as_ref();
        let job = FrameJob {
            sequence: parameters.job.clone(),
            picture: picture.job.clone(),
            coded_extent: frame.decode.dst.extent,
            setup_slot: setup.and_then(|slot| u32::try_from(slot.index).ok()),
            reference_name_slot_indices: picture.names,
            tile_offsets: picture.tile_offsets.clone(),
            tile_sizes: picture.tile_sizes.clone(),
        };
        let mut out = Vec::with_capacity(4096 + tiles.iter().map(|tile| tile.len()).sum::<usize>());
        let (written, outcome) = self.writer.write(&job, &tiles, &mut out);
        if !self.failed {
            self.failed = self.stream.write_all(&out).is_err();
        }
        let start = self.bytes;
        self.bytes += out.len() as u64;
        line.object("obu", |line| {
            line.number("offset", start).number("bytes", out.len() as u64);
            line.numbers("tiles", written.tiles.iter().map(|&at| start + at as u64));
        });
        if let Err(fault) = outcome {
            line.text("fault", &fault.to_string());
        }
    }

    fn resources(&self, line: &mut Line, frame: &Submitted<'_>, pictures: &dyn Pictures) {
        let slot = |line: &mut Line, slot: &Slot| {
            line.number("slot", slot.index);
            if let Some(resource) = &slot.resource {
                self.resource(line, resource, pictures);
            }
            if let Some(std) = &slot.std {
                line.members("std", std);
            }
        };
        line.object("dst", |line| self.resource(line, &frame.decode.dst, pictures));
        match &frame.decode.setup {
            Some(setup) => line.object("setup", |line| slot(line, setup)),
            None => line.null("setup"),
        };
        line.objects("references", &frame.decode.references, slot);
        line.objects("bound", frame.bound, |line, bound| {
            line.number("slot", bound.index);
            if let Some(resource) = &bound.resource {
                self.resource(line, resource, pictures);
            }
        });
    }

    fn resource(&self, line: &mut Line, resource: &Resource, pictures: &dyn Pictures) {
        line.numbers("extent", [resource.extent.0, resource.extent.1]);
        line.numbers("offset", [resource.offset.0, resource.offset.1]);
        let Some(seen) = pictures.picture(resource) else { return };
        line.number("image", seen.image)
            .number("layer", seen.layer)
            .number("layout", seen.layout.as_raw());
        if let Some(frame) = self.decoded.get(&(seen.image, seen.layer)) {
            line.number("decoded", *frame);
        }
    }
}

/// What the decode command says beside its resources.
fn commands(line: &mut Line, frame: &Submitted<'_>) {
    let decode = frame.decode;
    line.object("bitstream", |line| {
        line.number("offset", decode.offset).number("range", decode.range);
        let Some(picture) = &decode.picture else { return };
        line.number("frame_header_offset", picture.frame_header_offset)
            .numbers("tile_offsets", picture.tile_offsets.iter().copied())
            .numbers("tile_sizes", picture.tile_sizes.iter().copied());
    });
    line.flag("status_query", decode.query.is_some());
    line.flag("inline_query", decode.inline_query);
    if let Some(picture) = &decode.picture {
        line.numbers("names", picture.names);
        line.members("picture_info", &picture.info);
    }
}

/// The first record.
fn begin(number: u32, about: &About<'_>) -> Line {
    let mut line = Line::new();
    let Profile { std_profile, bit_depth, film_grain_support, .. } = about.profile;
    line.object("watch", |line| {
        line.number("format", FORMAT).text("version", env!("CARGO_PKG_VERSION"));
        line.number("session", number).number("process", std::process::id());
        line.object("device", about.device);
        line.object("profile", |line| {
            line.number("std_profile", std_profile)
                .text("chroma", &format!("{:?}", about.profile.chroma))
                .number("bit_depth", bit_depth)
                .flag("film_grain_support", film_grain_support);
        });
        line.object("create_info", |line| {
            let info = about.info;
            let extent = info.max_coded_extent;
            line.number("flags", info.flags.as_raw())
                .number("queue_family", info.queue_family_index)
                .number("picture_format", info.picture_format.as_raw())
                .number("reference_picture_format", info.reference_picture_format.as_raw())
                .numbers("max_coded_extent", [extent.width, extent.height])
                .number("max_dpb_slots", info.max_dpb_slots)
                .number("max_active_reference_pictures", info.max_active_reference_pictures);
        });
        line.object("capabilities", about.capabilities);
    });
    line
}
