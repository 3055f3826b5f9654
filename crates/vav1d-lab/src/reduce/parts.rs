//! Smaller streams of a stream: what frames need, and what stays where others go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use av1_rewrite::slots::State;
use av1_rewrite::stream::{Content, Frame, Item, Stream, Unit, Wrap};
use vav1d::syntax::RefSlot;
use vav1d::syntax::frame::{FrameType, ShowExistingFrame};

/// Frames, by their [`origin`](Frame::origin).
pub(super) type Frames = BTreeSet<u64>;

/// All frames of `stream`, in decoding order.
pub(super) fn all(stream: &Stream) -> Vec<u64> {
    stream.frames().map(|(_, frame)| frame.origin).collect()
}

/// By frame, what it refers to: the frame behind LAST_FRAME + i.
pub(super) fn references(stream: &Stream) -> BTreeMap<u64, Vec<u64>> {
    let mut walk = Walk::default();
    let mut all = BTreeMap::new();
    for item in items(stream) {
        if let Item::Frame(frame) = item {
            let slots = frame.header.ref_frame_idx.into_iter().flatten();
            all.insert(frame.origin, slots.filter_map(|slot| walk.origin(slot)).collect());
        }
        walk.pass(item);
    }
    all
}

/// `frames`, and all that they refer to, however far back.
pub(super) fn closure(stream: &Stream, frames: &Frames) -> Frames {
    needed(&all(stream), &references(stream), frames)
}

/// The same, of frames in decoding order with these references.
pub(super) fn needed(all: &[u64], references: &BTreeMap<u64, Vec<u64>>, frames: &Frames) -> Frames {
    let mut needed = frames.clone();
    // What a frame refers to was decoded before it.
    for frame in all.iter().rev() {
        if needed.contains(frame) {
            needed.extend(references.get(frame).into_iter().flatten());
        }
    }
    needed
}

/// The stream with `frames` alone, each temporal unit with what is shown of them, and the sequence
/// headers that they are of. A hidden frame at the end is shown again where it can be.
pub(super) fn keep(stream: &Stream, frames: &Frames) -> Stream {
    let mut build = Build::new(stream);
    let last = frames.last().copied();
    let mut walk = Walk::default();
    for (index, unit) in stream.units.iter().enumerate() {
        build.unit(index, unit.pts);
        for item in &unit.items {
            match item {
                Item::Obu(wrap, Content::SequenceHeader(header)) => {
                    build.sequence = Some((*wrap, Arc::clone(header)));
                }
                Item::Obu(_, Content::ShowExisting(shown)) => {
                    // A key frame that is shown again takes all slots.
                    let (slot, ended) = (shown.frame_to_show_map_idx, build.last == last);
                    let key = walk.frame_type(slot) == Some(FrameType::Key);
                    if key && !ended && walk.origin(slot).is_some_and(|f| frames.contains(&f)) {
                        build.push(item.clone());
                        build.ends();
                    }
                }
                Item::Obu(..) => {}
                Item::Frame(frame) if frames.contains(&frame.origin) => build.frame(frame),
                Item::Frame(_) => {}
            }
            walk.pass(item);
        }
    }
    build.finish()
}

/// The stream without what is not of `point`, in which all layers of an operating point are.
pub(super) fn of_operating_point(stream: &Stream, point: u8) -> Frames {
    let mut idc = 0;
    let mut frames = Frames::new();
    for item in items(stream) {
        match item {
            Item::Obu(_, Content::SequenceHeader(header)) => {
                let chosen = header.operating_points.get(usize::from(point));
                let chosen = chosen.or(header.operating_points.first());
                idc = chosen.map_or(0, |point| point.operating_point_idc);
            }
            Item::Frame(frame) => {
                let is_in = frame.layer().is_none_or(|layer| {
                    let temporal = idc >> layer.temporal_id & 1 == 1;
                    let spatial = idc >> (layer.spatial_id + 8) & 1 == 1;
                    idc == 0 || temporal && spatial
                });
                frames.extend(is_in.then_some(frame.origin));
            }
            Item::Obu(..) => {}
        }
    }
    frames
}

/// The names of frame `user` that are frame `old`, or all of them, point to frame `new`, if that is
/// in a slot then.
pub(super) fn aimed(stream: &Stream, user: u64, old: Option<u64>, new: u64) -> Option<Stream> {
    let mut aimed = stream.clone();
    let mut walk = Walk::default();
    for item in aimed.units.iter_mut().flat_map(|unit| &mut unit.items) {
        if let Item::Frame(frame) = item {
            if frame.origin == user {
                let slots = frame.header.ref_frame_idx?;
                let to = RefSlot::all().find(|slot| walk.origin(*slot) == Some(new))?;
                let is_meant = |slot| old.is_none() || walk.origin(slot) == old;
                let other = |slot: RefSlot| if is_meant(slot) { to } else { slot };
                let header = Arc::make_mut(&mut frame.header);
                header.ref_frame_idx = Some(slots.map(other));
                // Film grain is loaded through one of the names.
                let grain = &mut header.film_grain_params.film_grain_params_ref_idx;
                let name = slots.iter().position(|slot| slot.index() == usize::from(*grain));
                if let Some(name) = name.filter(|_| header.frame_type == FrameType::Inter) {
                    *grain = other(slots[name]).index() as u8;
                }
                return Some(aimed);
            }
        }
        walk.pass(item);
    }
    None
}

/// By frame, the frames that are in slots when it is decoded.
pub(super) fn in_slots(stream: &Stream) -> BTreeMap<u64, Frames> {
    let mut walk = Walk::default();
    let mut all = BTreeMap::new();
    for item in items(stream) {
        if let Item::Frame(frame) = item {
            let held = RefSlot::all().filter_map(|slot| walk.origin(slot)).collect();
            all.insert(frame.origin, held);
        }
        walk.pass(item);
    }
    all
}

/// The stream in one layer, with one operating point; `None` if it is that already.
pub(super) fn one_layer(stream: &Stream) -> Option<Stream> {
    let mut plain = stream.clone();
    plain.wraps_mut().for_each(|(wrap, _)| wrap.layer = None);
    for header in plain.sequence_headers_mut() {
        let header = Arc::make_mut(header);
        header.operating_points.truncate(1);
        header.operating_points.iter_mut().for_each(|point| point.operating_point_idc = 0);
    }
    (plain != *stream).then_some(plain)
}

fn items(stream: &Stream) -> impl Iterator<Item = &Item> {
    stream.units.iter().flat_map(|unit| &unit.items)
}

/// The slots, and which frames are in them.
#[derive(Default)]
struct Walk {
    state: State,
    origins: Vec<u64>,
}

impl Walk {
    fn pass(&mut self, item: &Item) {
        if let Item::Frame(frame) = item {
            self.origins.push(frame.origin);
        }
        self.state.pass(item);
    }

    fn origin(&self, slot: RefSlot) -> Option<u64> {
        self.origins.get(self.state.get(slot)?.frame).copied()
    }

    fn frame_type(&self, slot: RefSlot) -> Option<FrameType> {
        Some(self.state.get(slot)?.header.frame_type)
    }
}

/// Units that are put together.
struct Build {
    out: Stream,
    /// Temporal units end where they did: there are several pictures in one.
    grouped: bool,
    /// The index of the unit that is read, and its time.
    at: (usize, Option<i64>),
    /// The index of the unit that is written.
    open: Option<usize>,
    /// The sequence header in force, and the one that was written.
    sequence: Option<(Wrap, Arc<vav1d::syntax::sequence::SequenceHeader>)>,
    written: Option<Arc<vav1d::syntax::sequence::SequenceHeader>>,
    /// The frame that was written last.
    last: Option<u64>,
}

impl Build {
    fn new(stream: &Stream) -> Self {
        let mut layers = stream.frames().filter_map(|(_, frame)| frame.layer());
        Self {
            out: Stream { time_base: stream.time_base, units: Vec::new() },
            grouped: layers.any(|layer| layer.spatial_id > 0),
            at: (0, None),
            open: None,
            sequence: None,
            written: None,
            last: None,
        }
    }

    fn unit(&mut self, index: usize, pts: Option<i64>) {
        self.at = (index, pts);
        if self.grouped {
            self.open = None;
        }
    }

    fn push(&mut self, item: Item) {
        if self.open.is_none() {
            self.open = Some(self.at.0);
            let delimiter = Item::Obu(Wrap::PLAIN, Content::TemporalDelimiter);
            self.out.units.push(Unit { pts: self.at.1, items: vec![delimiter] });
        }
        if let Some(unit) = self.out.units.last_mut() {
            unit.pts = self.at.1;
            unit.items.push(item);
        }
    }

    /// A picture was shown.
    fn ends(&mut self) {
        if !self.grouped {
            self.open = None;
        }
    }

    fn frame(&mut self, frame: &Frame) {
        if let Some((wrap, header)) = self.sequence.clone() {
            let known = self.written.as_ref().is_some_and(|written| **written == *header);
            if !known {
                self.push(Item::Obu(wrap, Content::SequenceHeader(Arc::clone(&header))));
                self.written = Some(header);
            }
        }
        self.last = Some(frame.origin);
        self.push(Item::Frame(Box::new(frame.clone())));
        if frame.header.show_frame {
            self.ends();
        }
    }

    fn finish(mut self) -> Stream {
        let frame = self.out.frames().last().map(|(_, frame)| frame.clone());
        let hidden = frame.filter(|frame| !frame.header.show_frame && self.open.is_some());
        if let Some(frame) = hidden {
            let header = &frame.header;
            let slot = RefSlot::all().find(|s| header.refresh_frame_flags >> s.index() & 1 == 1);
            if let Some(slot) = slot.filter(|_| header.showable_frame) {
                let shown = ShowExistingFrame {
                    frame_to_show_map_idx: slot,
                    frame_presentation_time: None,
                    display_frame_id: None,
                };
                self.push(Item::Obu(Wrap::in_layer(frame.layer()), Content::ShowExisting(shown)));
            }
        }
        self.out
    }
}
