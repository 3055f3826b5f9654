//! The AV1 engine of AMD chips: VCN messages, decoded.

use std::collections::{BTreeMap, BTreeSet};

use av1_engine::job::FrameJob;

use super::part::Part;
use super::vcn_dpb::{PictureBuffer, Place};
use super::vcn_surface::Surfaces;
use super::{Opened, Outcome, facts, vcn_job};
use crate::memory::Space;
use crate::surface::Seal;
use crate::swizzle::Family;
use crate::vcn::{self, Message};

/// Numbers of a message's parts.
const DECODE: u32 = 2;
const AV1: u32 = 0x11;

/// All sessions, by the number of their stream.
pub(crate) struct Vcn {
    sessions: BTreeMap<u32, Session>,
    /// The chip's tiled images, if they are imitated.
    family: Option<Family>,
}

/// One session.
#[derive(Default)]
struct Session {
    engine: Opened,
    /// Where the picture of each slot was written.
    held: BTreeMap<u32, Place>,
    /// What lies there.
    seals: BTreeMap<u32, Seal>,
    /// Slots whose picture was made of references that were read wrongly.
    spoiled: BTreeSet<u32>,
}

/// What is known of the frame behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Next {
    stream: u32,
    setup: u32,
}

impl Next {
    /// Of the message after this one, where it decodes a frame to a slot that it does not refer to.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let part = Part::new(vcn::AV1, message.part(AV1).filter(|_| message.kind == 1)?);
        let job = vcn_job::job(&part).ok()?;
        let setup = job.setup_slot?;
        let refers = job.reference_name_slot_indices.contains(&(setup as i32));
        (!refers).then_some(Self { stream: message.stream, setup })
    }
}

impl Vcn {
    /// An engine of a chip whose tiled images have `family`.
    pub(crate) fn new(family: Option<Family>) -> Self {
        Self { sessions: BTreeMap::new(), family }
    }

    /// Does what a message says; `None` for one that decodes nothing.
    pub(crate) fn message(
        &mut self,
        space: &Space,
        message: &Message,
        next: Option<&Next>,
    ) -> Option<Outcome> {
        match (message.kind, message.part(AV1)) {
            (1, Some(part)) => {
                let part = Part::new(vcn::AV1, part);
                let session = self.sessions.entry(message.stream).or_default();
                let next = next.filter(|next| next.stream == message.stream);
                let mut outcome = Outcome::default();
                let next = next.map(|next| next.setup);
                session.decode(space, message, &part, (self.family, next), &mut outcome);
                Some(outcome)
            }
            // Created anew or reset, or gone.
            (0 | 2, _) => {
                self.sessions.remove(&message.stream);
                None
            }
            _ => None,
        }
    }
}

impl Session {
    fn decode(
        &mut self,
        space: &Space,
        message: &Message,
        part: &Part,
        (family, next): (Option<Family>, Option<u32>),
        outcome: &mut Outcome,
    ) {
        let job = match vcn_job::job(part) {
            Ok(job) => job,
            Err(reason) => return outcome.fault(format!("no frame: {reason}")),
        };
        let decode = message.part(DECODE).cloned().unwrap_or_default();
        let decode = Part::new(vcn::DECODE, &decode);
        let is_spoiled = self.references(space, message, [part, &decode], &job, outcome);
        outcome.fault_if(vcn_job::misplaced_tiles(part));
        let Some(tiles) = tiles(space, message.bitstream, decode.one("bsd_size"), &job, outcome)
        else {
            return;
        };
        let tiles: Vec<&[u8]> = tiles.iter().map(Vec::as_slice).collect();
        let profile = vcn_job::profile(part);
        let sample_bytes = if profile.bit_depth > 8 { 2 } else { 1 };
        let buffer = job.setup_slot.and_then(|_| PictureBuffer::of(message, &decode, part));
        let kept = buffer.map(|buffer| buffer.current().0);
        let surfaces = Surfaces::new(&decode, message.target, kept, family, sample_bytes);
        let decoded = match self.engine.decode(profile, &job, &tiles, next) {
            Ok(decoded) => decoded,
            Err(fault) => {
                outcome.fault(fault.to_string());
                return surfaces.poison(space, job.coded_extent, sample_bytes, outcome);
            }
        };
        if is_spoiled {
            return surfaces.poison(space, job.coded_extent, sample_bytes, outcome);
        }
        let facts = facts(&job, profile);
        surfaces.write(space, &decoded, outcome);
        if let Some(slot) = job.setup_slot {
            let seal = surfaces.seal(space, job.coded_extent.1);
            self.seals.extend(seal.map(|seal| (slot, seal)));
        }
        outcome.picture = Some((decoded, facts));
    }

    /// Checks that each reference is where its picture was written, and notes where this one goes;
    /// whether the picture cannot be right.
    fn references(
        &mut self,
        space: &Space,
        message: &Message,
        [part, decode]: [&Part; 2],
        job: &FrameJob,
        outcome: &mut Outcome,
    ) -> bool {
        let Some(dpb) = PictureBuffer::of(message, decode, part) else { return false };
        let mut is_spoiled = false;
        for slot in job.reference_name_slot_indices {
            let Ok(slot) = u32::try_from(slot) else { continue };
            is_spoiled |= self.spoiled.contains(&slot);
            let Some(found) = dpb.reference(slot) else {
                outcome.fault(format!("slot {slot} has no address"));
                continue;
            };
            if let Some(written) = self.held.get(&slot).filter(|written| !written.is(found)) {
                is_spoiled = true;
                outcome
                    .fault(format!("slot {slot} is read at {found}; it was written at {written}"));
            } else if self.seals.get(&slot).is_some_and(|seal| !seal.holds(space)) {
                is_spoiled = true;
                outcome.fault(format!("slot {slot} was overwritten since, at {found}"));
            }
        }
        let (current, size) = dpb.current();
        if !space.is_mapped(current.address, size) {
            let address = current.address;
            outcome.fault(format!("{size} bytes of DPB at {address:#x} are not all mapped"));
        }
        if let Some(slot) = job.setup_slot {
            self.held.insert(slot, current);
            self.seals.remove(&slot);
            match is_spoiled {
                true => self.spoiled.insert(slot),
                false => self.spoiled.remove(&slot),
            };
        }
        is_spoiled
    }
}

/// The bytes of each tile.
fn tiles(
    space: &Space,
    bitstream: u64,
    size: i64,
    job: &FrameJob,
    outcome: &mut Outcome,
) -> Option<Vec<Vec<u8>>> {
    let places = job.tile_offsets.iter().zip(&job.tile_sizes);
    let mut tiles = Vec::with_capacity(job.tile_sizes.len());
    for (index, (&offset, &bytes)) in places.enumerate() {
        let end = u64::from(offset) + u64::from(bytes);
        if i64::try_from(end).is_ok_and(|end| end > size) {
            outcome.fault(format!("tile {index} ends at {end}, the bitstream has {size} bytes"));
        }
        let at = bitstream.checked_add(u64::from(offset));
        match at.and_then(|at| space.read(at, u64::from(bytes))) {
            Some(tile) => tiles.push(tile),
            None => {
                outcome.fault(format!("tile {index} is not mapped"));
                return None;
            }
        }
    }
    Some(tiles)
}
