//! A stream as its parts: temporal units of OBUs, frames with their tiles apart from how they are
//! packed. Everything may be changed; what is written of it is checked.

use std::ops::{Deref, Range};
use std::sync::Arc;

use av1_syntax::obu::ObuType;
use av1_syntax::syntax::frame::{FrameHeader, ShowExistingFrame};
use av1_syntax::syntax::sequence::SequenceHeader;

use crate::header::HeaderForm;

/// Bytes that are shared with what they were read from.
#[derive(Clone, Debug)]
pub struct Bytes {
    data: Arc<[u8]>,
    range: Range<usize>,
}

impl Bytes {
    /// `range` of `data`; nothing if it is not there.
    pub fn of(data: &Arc<[u8]>, range: Range<usize>) -> Self {
        let range = if data.get(range.clone()).is_some() { range } else { 0..0 };
        Self { data: Arc::clone(data), range }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { data: bytes.into(), range }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.data.get(self.range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

/// The layer of an OBU with an extension, 5.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `temporal_id`.
    pub temporal_id: u8,
    /// `spatial_id`.
    pub spatial_id: u8,
}

/// What is around the payload of an OBU, 5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// The extension, if there is one.
    pub layer: Option<Layer>,
    /// Bytes of `obu_size` at least; 0 for no size field where that can be: in the last OBU of a
    /// unit, and in any in Annex B.
    pub size_bytes: u8,
    /// Zero bytes behind the trailing bits of a header.
    pub trailing_zeros: u32,
}

impl Wrap {
    /// No extension, a size field as short as it can be.
    pub const PLAIN: Self = Self { layer: None, size_bytes: 1, trailing_zeros: 0 };

    /// The same in `layer`.
    pub fn in_layer(layer: Option<Layer>) -> Self {
        Self { layer, ..Self::PLAIN }
    }
}

/// A stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Seconds of a tick of [`Unit::pts`]: (numerator, denominator).
    pub time_base: Option<(u32, u32)>,
    /// What is written one after the other.
    pub units: Vec<Unit>,
}

/// A temporal unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Presentation time in ticks, if it is known.
    pub pts: Option<i64>,
    /// What it consists of, in order.
    pub items: Vec<Item>,
}

/// An OBU, or those of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An OBU that is no part of a frame to decode.
    Obu(Wrap, Content),
    /// The OBUs of a frame to decode.
    Frame(Box<Frame>),
}

/// What is in an OBU that is no part of a frame to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// OBU_TEMPORAL_DELIMITER.
    TemporalDelimiter,
    /// OBU_SEQUENCE_HEADER.
    SequenceHeader(Arc<SequenceHeader>),
    /// OBU_FRAME_HEADER with `show_existing_frame` equal to 1.
    ShowExisting(ShowExistingFrame),
    /// Metadata, padding, and types that are reserved.
    Aside(ObuType, Bytes),
}

/// A frame to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which one it was among those to decode when it was read, from 0.
    pub origin: u64,
    /// Its header.
    pub header: Arc<FrameHeader>,
    /// How the header is coded where its values leave a choice.
    pub form: HeaderForm,
    /// The coded data of each tile, in raster order.
    pub tiles: Vec<Bytes>,
    /// Its OBUs: the first has the header.
    pub parts: Vec<Part>,
}

/// An OBU of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is around it.
    pub wrap: Wrap,
    /// What it is.
    pub kind: PartKind,
}

/// What an OBU of a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// OBU_FRAME_HEADER.
    FrameHeader,
    /// OBU_REDUNDANT_FRAME_HEADER.
    RedundantFrameHeader,
    /// OBU_FRAME: the header and a tile group.
    Frame(Group),
    /// OBU_TILE_GROUP.
    TileGroup(Group),
    /// Metadata, padding or a reserved type between the OBUs of the frame.
    Aside(ObuType, Bytes),
}

/// A tile group, 5.11.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many tiles are in it, at least one.
    pub tiles: u32,
    /// `tile_start_and_end_present_flag`; needed where the group is not the whole frame.
    pub tile_start_and_end_present_flag: bool,
}

impl Frame {
    /// The layer that its OBUs are in.
    pub fn layer(&self) -> Option<Layer> {
        self.parts.first().and_then(|part| part.wrap.layer)
    }
}

impl Stream {
    /// The frames to decode, in order, each with the index of its unit.
    pub fn frames(&self) -> impl Iterator<Item = (usize, &Frame)> {
        self.units.iter().enumerate().flat_map(|(index, unit)| {
            unit.items.iter().filter_map(move |item| match item {
                Item::Frame(frame) => Some((index, &**frame)),
                Item::Obu(..) => None,
            })
        })
    }

    /// The frames to decode, in order, to be changed.
    pub fn frames_mut(&mut self) -> impl Iterator<Item = &mut Frame> {
        let items = self.units.iter_mut().flat_map(|unit| &mut unit.items);
        items.filter_map(|item| match item {
            Item::Frame(frame) => Some(&mut **frame),
            Item::Obu(..) => None,
        })
    }

    /// The sequence headers, in order, to be changed.
    pub fn sequence_headers_mut(&mut self) -> impl Iterator<Item = &mut Arc<SequenceHeader>> {
        let items = self.units.iter_mut().flat_map(|unit| &mut unit.items);
        items.filter_map(|item| match item {
            Item::Obu(_, Content::SequenceHeader(header)) => Some(header),
            _ => None,
        })
    }

    /// Every OBU's surroundings, in order, to be changed, with whether the OBU has a header in it
    /// (and so may have zeros behind its trailing bits).
    pub fn wraps_mut(&mut self) -> impl Iterator<Item = (&mut Wrap, bool)> {
        let items = self.units.iter_mut().flat_map(|unit| &mut unit.items);
        items.flat_map(|item| -> Vec<(&mut Wrap, bool)> {
            match item {
                Item::Obu(wrap, content) => {
                    let is_header =
                        matches!(content, Content::SequenceHeader(_) | Content::ShowExisting(_));
                    vec![(wrap, is_header)]
                }
                Item::Frame(frame) => {
                    let wraps = frame.parts.iter_mut().map(|part| {
                        let is_header = matches!(
                            part.kind,
                            PartKind::FrameHeader | PartKind::RedundantFrameHeader
                        );
                        (&mut part.wrap, is_header)
                    });
                    wraps.collect()
                }
            }
        })
    }
}
