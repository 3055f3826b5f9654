//! Two captures of one stream, member by member.

use std::collections::BTreeMap;

use av1_std::diff::differences;
use av1_std::owned::Members;

use super::capture::{Capture, Event, Frame, Resource, Slot};
use super::state::State;

/// One member's difference over all frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The member, without the indexes of its array.
    pub member: String,
    /// In how many frames.
    pub count: usize,
    /// The first of them, by its number in the first capture, and the member with its index.
    pub frame: u64,
    /// See `frame`.
    pub at: String,
    /// What the first capture has there.
    pub first: String,
    /// What the second has.
    pub second: String,
}

/// What two captures have in common, and what not.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Members that differ, in the order in which they were found.
    pub differences: Vec<Difference>,
    /// Frames that both have, by the bytes of their tiles.
    pub common: usize,
    /// Frames that only the first has, and only the second.
    pub only: (usize, usize),
    /// The frame that each member differed in last.
    last: BTreeMap<String, u64>,
}

/// Compares captures, frame by frame as their tiles say.
pub fn compare(first: &Capture, second: &Capture) -> Compared {
    let (a, b) = (seen(first), seen(second));
    let mut compared = Compared::default();
    let mut next = 0;
    let mut taken = vec![false; b.len()];
    for one in &a {
        let fits = |(at, other): &(usize, &Seen<'_>)| {
            !taken.get(*at).copied().unwrap_or(true) && other.frame.tile_hash == one.frame.tile_hash
        };
        let places: Vec<usize> = b.iter().enumerate().filter(fits).map(|(at, _)| at).collect();
        let place = places.iter().find(|at| **at >= next).or(places.first()).copied();
        let Some((place, other)) = place.and_then(|at| Some((at, b.get(at)?))) else {
            compared.only.0 += 1;
            continue;
        };
        if let Some(taken) = taken.get_mut(place) {
            *taken = true;
        }
        next = place + 1;
        compared.common += 1;
        compared.frames(one, other);
    }
    compared.only.1 = taken.iter().filter(|taken| !**taken).count();
    compared
}

/// A frame with what it refers to.
struct Seen<'a> {
    capture: &'a Capture,
    frame: &'a Frame,
    /// Hashes of the frames behind the reference names.
    names: [Option<u64>; 7],
}

fn seen(capture: &Capture) -> Vec<Seen<'_>> {
    let hashes: BTreeMap<u64, u64> =
        capture.frames().map(|frame| (frame.number, frame.tile_hash)).collect();
    let mut state = State::default();
    let mut all = Vec::new();
    for event in &capture.events {
        if let Event::Frame(frame) = event {
            let hash = |slot: i32| hashes.get(&state.frame_in(slot)?).copied();
            all.push(Seen { capture, frame, names: frame.names.map(hash) });
        }
        state.after(event);
    }
    all
}

impl Compared {
    fn frames(&mut self, a: &Seen<'_>, b: &Seen<'_>) {
        let frame = a.frame.number;
        let header = |one: &Seen<'_>| one.capture.sequences.get(&one.frame.sequence?).cloned();
        if let (Some(a), Some(b)) = (header(a), header(b)) {
            self.members(frame, "sequence.", &a, &b);
        }
        if let (Some(a), Some(b)) = (&a.frame.info, &b.frame.info) {
            self.members(frame, "", a, b);
        }
        let intra = |one: &Seen<'_>| {
            one.frame.info.as_ref().is_some_and(|info| matches!(info.frame_type, 0 | 2))
        };
        if !(intra(a) && intra(b)) {
            for (i, (a, b)) in a.names.iter().zip(&b.names).enumerate().filter(|(_, (a, b))| a != b)
            {
                let shown = |hash: &Option<u64>| match hash {
                    Some(hash) => format!("the frame of tiles {hash:016x}"),
                    None => "no picture".to_owned(),
                };
                let member = format!("referenceNameSlotIndices[{i}]");
                self.add(frame, &member, shown(a), shown(b));
            }
        }
        self.resource(frame, "dstPictureResource", &a.frame.dst, &b.frame.dst);
        if let (Some(a), Some(b)) = (&a.frame.setup, &b.frame.setup) {
            self.slot(frame, "pSetupReferenceSlot", a, b);
        } else if a.frame.setup.is_some() != b.frame.setup.is_some() {
            let shown = |one: &Option<Slot>| if one.is_some() { "a slot" } else { "NULL" };
            let (a, b) = (shown(&a.frame.setup), shown(&b.frame.setup));
            self.add(frame, "pSetupReferenceSlot", a.into(), b.into());
        }
        self.reference_slots(frame, a, b);
        self.commands(frame, a.frame, b.frame);
    }

    /// References of the same picture.
    fn reference_slots(&mut self, frame: u64, a: &Seen<'_>, b: &Seen<'_>) {
        let by_name = |one: &Seen<'_>, name: usize| {
            let slot = one.frame.names.get(name).copied().unwrap_or(-1);
            one.frame.references.iter().find(|reference| reference.index == slot).cloned()
        };
        let same = |i: &usize| a.names.get(*i) == b.names.get(*i);
        for i in (0..7).filter(same) {
            if let (Some(a), Some(b)) = (by_name(a, i), by_name(b, i)) {
                self.slot(frame, "pReferenceSlots", &a, &b);
            }
        }
    }

    /// Where the bytes are, and how the status is asked for.
    fn commands(&mut self, frame: u64, a: &Frame, b: &Frame) {
        let offsets = |one: &Frame| {
            let first = one.tile_offsets.first().copied().unwrap_or(0);
            (format!("tiles from {first}"), one.bitstream.0 > 0)
        };
        let ((a_tiles, a_offset), (b_tiles, b_offset)) = (offsets(a), offsets(b));
        if a_tiles != b_tiles {
            self.add(frame, "pTileOffsets", a_tiles, b_tiles);
        }
        let shown = |behind: bool| if behind { "behind 0" } else { "0" }.to_owned();
        if a_offset != b_offset {
            self.add(frame, "srcBufferOffset", shown(a_offset), shown(b_offset));
        }
        if a.status_query != b.status_query {
            let shown = |one: &Frame| match one.status_query {
                (_, true) => "inline",
                (true, false) => "around the decode",
                (false, false) => "none",
            };
            self.add(frame, "status query", shown(a).into(), shown(b).into());
        }
        if a.inline_parameters != b.inline_parameters {
            let shown = |one: &Frame| if one.inline_parameters { "inline" } else { "an object" };
            self.add(frame, "session parameters", shown(a).into(), shown(b).into());
        }
    }

    fn slot(&mut self, frame: u64, name: &str, a: &Slot, b: &Slot) {
        if let (Some(a), Some(b)) = (&a.resource, &b.resource) {
            self.resource(frame, name, a, b);
        }
        if let (Some(a), Some(b)) = (&a.std, &b.std) {
            self.members(frame, &format!("{name}."), a, b);
        }
    }

    fn resource(&mut self, frame: u64, name: &str, a: &Resource, b: &Resource) {
        let mut compare = |member: &str, a: String, b: String| {
            if a != b {
                self.add(frame, &format!("{name}.{member}"), a, b);
            }
        };
        let pair = |(x, y): (u32, u32)| format!("{x}x{y}");
        compare("codedExtent", pair(a.extent), pair(b.extent));
        compare("codedOffset", format!("{:?}", a.offset), format!("{:?}", b.offset));
        let number = |value: Option<i32>| value.map_or("unknown".into(), |v| v.to_string());
        compare("VkImageLayout", number(a.layout), number(b.layout));
        compare("VkFormat", a.made.1.to_string(), b.made.1.to_string());
        let layers =
            |one: &Resource| if one.made.0 > 1 { "layered" } else { "one layer" }.to_owned();
        compare("arrayLayers", layers(a), layers(b));
        compare("VkImageUsageFlags", format!("{:#x}", a.made.2), format!("{:#x}", b.made.2));
    }

    fn members<M: Members>(&mut self, frame: u64, before: &str, a: &M, b: &M) {
        let text = |value: Option<i64>| value.map_or("none".into(), |v: i64| v.to_string());
        for difference in differences(a, b) {
            let at = format!("{before}{}", difference.member);
            self.add(frame, &at, text(difference.first), text(difference.second));
        }
    }

    fn add(&mut self, frame: u64, at: &str, first: String, second: String) {
        let member = at.split('[').next().unwrap_or(at).to_owned();
        // Several entries of one frame's array count once.
        let is_new = self.last.insert(member.clone(), frame) != Some(frame);
        match self.differences.iter_mut().find(|known| known.member == member) {
            Some(known) => known.count += usize::from(is_new),
            None => {
                let at = at.to_owned();
                self.differences.push(Difference { member, count: 1, frame, at, first, second });
            }
        }
    }
}
