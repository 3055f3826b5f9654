//! `session-N.jsonl` as data.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use av1_std::owned::{Members, PictureInfo, ReferenceInfo, SequenceHeader, tile_hash};
use serde_json::{Map, Value};

/// The format that is read here.
const FORMAT: u64 = 1;

/// A capture: `session-N.jsonl`, with `session-N.obu` beside it.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The first record: device, profile, capabilities, VkVideoSessionCreateInfoKHR.
    pub about: Value,
    /// Sequence headers by number.
    pub sequences: BTreeMap<u64, SequenceHeader>,
    /// Layers, format and usage of images by number.
    pub images: BTreeMap<u64, (u32, i32, u32)>,
    /// What happened, in the order of submission.
    pub events: Vec<Event>,
    /// MD5s of decoded pictures by frame: those that could be read.
    pub pictures: BTreeMap<u64, String>,
    /// Status results by frame.
    pub statuses: BTreeMap<u64, i64>,
    /// The session was destroyed; where it was not, the application was killed, or is not done.
    pub ended: bool,
    /// The stream beside it.
    pub stream: PathBuf,
}

/// Something that happened to a session.
#[derive(Clone, Debug)]
pub enum Event {
    /// VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR.
    Reset,
    /// A slot without a picture in vkCmdBeginVideoCodingKHR.
    Deactivate(i32),
    /// vkCmdDecodeVideoKHR.
    Frame(Box<Frame>),
}

/// One decode.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// From 0, in the order of submission.
    pub number: u64,
    /// The call of vkQueueSubmit or vkQueueSubmit2, from 1.
    pub submission: u64,
    /// By the order of recording.
    pub recorded: u64,
    /// Family and index of the queue.
    pub queue: (u32, u32),
    /// Number of its sequence header.
    pub sequence: Option<u64>,
    /// Whether that came with the decode itself.
    pub inline_parameters: bool,
    /// Hash of the bytes of its tiles, as [`Capture::read`] finds them in the stream.
    pub tile_hash: u64,
    /// Where its OBUs are in the stream: offset and size in bytes, and the offset of each tile.
    pub obu: Option<(u64, u64, Vec<u64>)>,
    /// Why it could not be written.
    pub fault: Option<String>,
    /// Why its tiles could not be read.
    pub unread: Option<String>,
    /// dstPictureResource.
    pub dst: Resource,
    /// pSetupReferenceSlot.
    pub setup: Option<Slot>,
    /// pReferenceSlots.
    pub references: Vec<Slot>,
    /// pReferenceSlots of vkCmdBeginVideoCodingKHR.
    pub bound: Vec<Slot>,
    /// srcBufferOffset, srcBufferRange, frameHeaderOffset.
    pub bitstream: (u64, u64, u32),
    /// pTileOffsets.
    pub tile_offsets: Vec<u32>,
    /// pTileSizes.
    pub tile_sizes: Vec<u32>,
    /// Its status is queried, and by a VkVideoInlineQueryInfoKHR.
    pub status_query: (bool, bool),
    /// referenceNameSlotIndices.
    pub names: [i32; 7],
    /// pStdPictureInfo.
    pub info: Option<PictureInfo>,
}

/// VkVideoPictureResourceInfoKHR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// codedExtent.
    pub extent: (u32, u32),
    /// codedOffset.
    pub offset: (i32, i32),
    /// The image, by the order of their making, and the layer.
    pub image: Option<(u64, u32)>,
    /// Layers, format and usage of the image.
    pub made: (u32, i32, u32),
    /// Its VkImageLayout, as barriers have left it.
    pub layout: Option<i32>,
    /// The frame that was decoded to it last.
    pub decoded: Option<u64>,
}

/// VkVideoReferenceSlotInfoKHR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// slotIndex.
    pub index: i32,
    /// pPictureResource.
    pub resource: Option<Resource>,
    /// pStdReferenceInfo.
    pub std: Option<ReferenceInfo>,
}

impl Frame {
    /// Whether the bytes of all its tiles are in a stream of `length` bytes.
    pub fn is_whole(&self, length: u64) -> bool {
        let Some((_, _, places)) = &self.obu else { return false };
        let ends = places
            .iter()
            .zip(&self.tile_sizes)
            .map(|(at, size)| at.saturating_add(u64::from(*size)));
        self.unread.is_none()
            && places.len() == self.tile_sizes.len()
            && ends.max().is_some_and(|end| end <= length)
    }
}

/// Why a capture cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// One of its files cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no capture of this format.
    #[error("{}: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with which line.
        why: String,
    },
}

impl Capture {
    /// Reads `session-N.jsonl`; `path` may name the stream beside it, too. What a killed application
    /// left is put in its place first ([`complete`](super::tail::complete)); a last line that is not
    /// whole is left out.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong with which line.
    pub fn read(path: &Path) -> Result<Self, CaptureError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| CaptureError::Unreadable { path, source }
        };
        let tail = path.with_extension("tail");
        super::tail::complete(path).map_err(unreadable(&tail))?;
        let records = path.with_extension("jsonl");
        let text = std::fs::read(&records).map_err(unreadable(&records))?;
        let stream = path.with_extension("obu");
        let mut capture = Self::parse(&String::from_utf8_lossy(&text), stream.clone())
            .map_err(|why| CaptureError::Malformed { path: records, why })?;
        capture.hash(&stream).map_err(unreadable(&stream))?;
        Ok(capture)
    }

    /// Hashes the tiles of each frame, which are in its stream.
    fn hash(&mut self, stream: &Path) -> std::io::Result<()> {
        let mut file = None;
        for event in &mut self.events {
            let Event::Frame(frame) = event else { continue };
            let places = frame.obu.as_ref().map_or(&[][..], |(_, _, places)| places.as_slice());
            let mut tiles = Vec::new();
            for (at, size) in places.iter().zip(&frame.tile_sizes) {
                if file.is_none() {
                    file = Some(std::fs::File::open(stream)?);
                }
                let Some(file) = &mut file else { continue };
                file.seek(SeekFrom::Start(*at))?;
                let mut tile = Vec::new();
                // A stream that ends before is one that was cut: the hash is of what is there.
                file.take(u64::from(*size)).read_to_end(&mut tile)?;
                tiles.push(tile);
            }
            frame.tile_hash = tile_hash(tiles.iter().map(Vec::as_slice));
        }
        Ok(())
    }

    /// Reads the text of `session-N.jsonl`.
    ///
    /// # Errors
    /// What is wrong with which line.
    pub fn parse(text: &str, stream: PathBuf) -> Result<Self, String> {
        let mut capture = Self {
            about: Value::Null,
            sequences: BTreeMap::new(),
            images: BTreeMap::new(),
            events: Vec::new(),
            pictures: BTreeMap::new(),
            statuses: BTreeMap::new(),
            ended: false,
            stream,
        };
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        for (number, line) in (1..).zip(whole.lines()) {
            let record: Map<String, Value> =
                serde_json::from_str(line).map_err(|e| format!("line {number}: {e}"))?;
            capture.record(&record).ok_or_else(|| {
                format!("line {number} is no record of a capture of format {FORMAT}")
            })?;
        }
        match capture.about.is_null() {
            true => Err("no record".to_owned()),
            false => Ok(capture),
        }
    }

    fn record(&mut self, record: &Map<String, Value>) -> Option<()> {
        let (kind, value) = record.iter().next()?;
        if self.about.is_null() {
            let is_it = kind == "watch" && value.get("format")?.as_u64()? == FORMAT;
            self.about = value.clone();
            return is_it.then_some(());
        }
        match kind.as_str() {
            "reset" => self.events.push(Event::Reset),
            "deactivate" => self.events.push(Event::Deactivate(value.as_i64()? as i32)),
            "sequence" => {
                let mut header = SequenceHeader::default();
                set(&mut header, value.get("std")?)?;
                self.sequences.insert(value.get("number")?.as_u64()?, header);
            }
            "image" => {
                let number = |name: &str| value.get(name)?.as_i64();
                let made =
                    (number("layers")? as u32, number("format")? as i32, number("usage")? as u32);
                self.images.insert(value.get("number")?.as_u64()?, made);
            }
            "frame" => {
                let mut frame = frame(value)?;
                let slots = frame.setup.iter_mut().chain(&mut frame.references);
                let slots = slots.chain(&mut frame.bound);
                let resources = slots.filter_map(|slot| slot.resource.as_mut());
                for resource in resources.chain([&mut frame.dst]) {
                    let image = resource.image.map(|(image, _)| image);
                    resource.made = image
                        .and_then(|image| self.images.get(&image).copied())
                        .unwrap_or_default();
                }
                self.events.push(Event::Frame(Box::new(frame)));
            }
            "status" => {
                self.statuses.insert(value.get("frame")?.as_u64()?, value.get("result")?.as_i64()?);
            }
            "picture" => {
                if let Some(md5) = value.get("md5").and_then(Value::as_str) {
                    self.pictures.insert(value.get("frame")?.as_u64()?, md5.to_owned());
                }
            }
            "end" => self.ended = true,
            // Records of a later version are passed over.
            _ => {}
        }
        Some(())
    }

    /// Its frames, in the order of submission.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.events.iter().filter_map(|event| match event {
            Event::Frame(frame) => Some(&**frame),
            _ => None,
        })
    }

    /// `filmGrainSupport` of the session's profile.
    pub fn has_film_grain(&self) -> bool {
        self.about["profile"]["film_grain_support"].as_bool().unwrap_or(false)
    }

    /// `maxDpbSlots` of the session.
    pub fn slots(&self) -> u32 {
        self.about["create_info"]["max_dpb_slots"].as_u64().unwrap_or(0) as u32
    }

    /// The device's name.
    pub fn device(&self) -> &str {
        self.about["device"]["name"].as_str().unwrap_or_default()
    }
}

/// Sets every member of `to` that `value` has.
fn set(to: &mut impl Members, value: &Value) -> Option<()> {
    let mut members = Vec::new();
    flat(value.as_object()?, "", &mut members)?;
    members.iter().all(|(path, values)| to.set(path, values)).then_some(())
}

/// All members by their paths.
fn flat(object: &Map<String, Value>, before: &str, to: &mut Vec<(String, Vec<i64>)>) -> Option<()> {
    for (name, value) in object {
        let path = format!("{before}{name}");
        match value {
            Value::Null => {}
            Value::Object(inner) => {
                // What a pointer points to is there even if all its members are 0.
                let inside = format!("{path}.");
                to.push((path, Vec::new()));
                flat(inner, &inside, to)?;
            }
            Value::Array(values) => {
                let values = values.iter().map(Value::as_i64);
                to.push((path, values.collect::<Option<_>>()?));
            }
            value => to.push((path, vec![value.as_i64()?])),
        }
    }
    Some(())
}

fn frame(value: &Value) -> Option<Frame> {
    let number = |name: &str| value.get(name)?.as_u64();
    let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let bitstream = value.get("bitstream")?;
    let in_bitstream = |name: &str| bitstream.get(name).and_then(Value::as_u64);
    let info = match value.get("picture_info") {
        None => None,
        Some(info) => {
            let mut picture = PictureInfo::default();
            set(&mut picture, info)?;
            Some(picture)
        }
    };
    let obu = value.get("obu").and_then(|obu| {
        let offset = obu.get("offset")?.as_u64()?;
        Some((offset, obu.get("bytes")?.as_u64()?, numbers(obu.get("tiles")?)?))
    });
    let slots = |name: &str| -> Option<Vec<Slot>> {
        value.get(name)?.as_array()?.iter().map(slot).collect()
    };
    Some(Frame {
        number: number("number")?,
        submission: number("submission")?,
        recorded: number("recorded")?,
        queue: pair(value.get("queue")?)?,
        sequence: number("sequence"),
        inline_parameters: value.get("inline_parameters")?.as_bool()?,
        tile_hash: 0,
        obu,
        fault: text("fault"),
        unread: text("unread"),
        dst: resource(value.get("dst")?)?,
        setup: match value.get("setup")? {
            Value::Null => None,
            setup => Some(slot(setup)?),
        },
        references: slots("references")?,
        bound: slots("bound")?,
        bitstream: (
            in_bitstream("offset")?,
            in_bitstream("range")?,
            in_bitstream("frame_header_offset").unwrap_or(0) as u32,
        ),
        tile_offsets: bitstream.get("tile_offsets").and_then(numbers).unwrap_or_default(),
        tile_sizes: bitstream.get("tile_sizes").and_then(numbers).unwrap_or_default(),
        status_query: (
            value.get("status_query")?.as_bool()?,
            value.get("inline_query")?.as_bool()?,
        ),
        names: value
            .get("names")
            .and_then(numbers)
            .and_then(|n: Vec<i32>| n.try_into().ok())
            .unwrap_or([-1; 7]),
        info,
    })
}

fn numbers<T: TryFrom<i64>>(value: &Value) -> Option<Vec<T>> {
    value.as_array()?.iter().map(|number| T::try_from(number.as_i64()?).ok()).collect()
}

fn pair<T: TryFrom<i64> + Copy>(value: &Value) -> Option<(T, T)> {
    match numbers(value)?.as_slice() {
        [first, second] => Some((*first, *second)),
        _ => None,
    }
}

fn slot(value: &Value) -> Option<Slot> {
    let std = match value.get("std") {
        None => None,
        Some(std) => {
            let mut info = ReferenceInfo::default();
            set(&mut info, std)?;
            Some(info)
        }
    };
    let index = i32::try_from(value.get("slot")?.as_i64()?).ok()?;
    let is_there = value.get("extent").is_some();
    Some(Slot { index, resource: if is_there { Some(resource(value)?) } else { None }, std })
}

fn resource(value: &Value) -> Option<Resource> {
    let number = |name: &str| value.get(name).and_then(Value::as_i64);
    let image = number("image").zip(number("layer"));
    Some(Resource {
        extent: pair(value.get("extent")?)?,
        offset: pair(value.get("offset")?)?,
        image: image.map(|(image, layer)| (image as u64, layer as u32)),
        made: (0, 0, 0),
        layout: number("layout").map(|layout| layout as i32),
        decoded: number("decoded").map(|frame| frame as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use av1_std::owned::Segmentation;

    #[test]
    fn what_is_left_out_is_zero_and_what_is_empty_is_there() {
        let text = concat!(
            "{\"watch\":{\"format\":1}}\n{\"reset\":true}\n{\"later\":{\"what\":1}}\n",
            "{\"image\":{\"number\":4,\"layers\":2,\"format\":7,\"extent\":[8,8],\"usage\":3}}\n",
            "{\"frame\":{\"number\":0,\"submission\":1,\"recorded\":0,\"queue\":[1,0],",
            "\"sequence\":null,\"inline_parameters\":false,",
            "\"dst\":{\"extent\":[8,6],\"offset\":[0,0],\"image\":4,\"layer\":1,\"layout\":1},",
            "\"setup\":null,\"references\":[],\"bound\":[],\"bitstream\":{\"offset\":0,",
            "\"range\":9},\"status_query\":false,\"inline_query\":false,",
            "\"picture_info\":{\"flags.UsesLr\":1,\"pSegmentation\":{}}}}\n{\"frame\":{\"num",
        );
        let capture = Capture::parse(text, PathBuf::new()).expect("a capture");
        assert_eq!((capture.events.len(), capture.ended), (2, false));
        let frame = capture.frames().next().expect("a frame");
        assert_eq!(frame.dst.image, Some((4, 1)));
        assert_eq!(frame.dst.made, (2, 7, 3));
        let info = frame.info.as_ref().expect("picture information");
        assert_eq!(info.pSegmentation, Some(Segmentation::default()));
        assert!(info.UsesLr && info.pCDEF.is_none());
        // A member that no structure has is no member of this format.
        let wrong = text.replace("flags.UsesLr", "flags.UsesNothing");
        assert!(Capture::parse(&wrong, PathBuf::new()).is_err());
    }
}
