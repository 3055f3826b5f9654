//! The AV1 engine of AMD chips: VCN messages, decoded.

use std::collections::{BTreeMap, BTreeSet};

use av1_engine::job::FrameJob;

use super::part::Part;
use super::vcn_dpb::{PictureBuffer, Place};
use super::{Opened, Outcome, facts, vcn_job};
use crate::memory::Space;
use crate::surface::{self, Surface};
use crate::swizzle::{Family, Swizzle};
use crate::tiling::Tiling;
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
        let output = output(&decode, message.target, family, sample_bytes);
        let decoded = match self.engine.decode(profile, &job, &tiles, next) {
            Ok(decoded) => decoded,
            Err(fault) => {
                outcome.fault(fault.to_string());
                if let Ok(output) = output {
                    outcome.poison(space, &output, job.coded_extent, sample_bytes as usize);
                }
                return;
            }
        };
        if is_spoiled {
            if let Ok(output) = output {
                outcome.poison(space, &output, job.coded_extent, sample_bytes as usize);
            }
            return;
        }
        let facts = facts(&job, profile);
        let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
        let written = output.and_then(|output| surface::write(space, &output, shown));
        if let Err(reason) = written {
            outcome.fault(format!("output: {reason}"));
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
            }
        }
        let (current, size) = dpb.current();
        if !space.is_mapped(current.address, size) {
            let address = current.address;
            outcome.fault(format!("{size} bytes of DPB at {address:#x} are not all mapped"));
        }
        if let Some(slot) = job.setup_slot {
            self.held.insert(slot, current);
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

/// Where the picture goes. Pitches are in samples of luma, and pairs of samples of chroma.
fn output(
    decode: &Part,
    target: u64,
    family: Option<Family>,
    sample_bytes: u64,
) -> Result<Surface, String> {
    let mode = decode.number("dt_swizzle_mode");
    let tiling = |texel| match mode {
        0 => Ok(Tiling::Linear),
        _ => family
            .and_then(|family| Swizzle::new(family, mode, texel))
            .map(Tiling::Swizzled)
            .ok_or(format!("swizzle mode {mode} is not imitated")),
    };
    let at = |name: &str| target.wrapping_add(decode.one(name) as u64);
    Ok(Surface {
        luma: at("dt_luma_top_offset"),
        chroma: at("dt_chroma_top_offset"),
        luma_pitch: u64::from(decode.number("dt_pitch")) * sample_bytes,
        chroma_pitch: u64::from(decode.number("dt_uv_pitch")) * sample_bytes * 2,
        luma_tiling: tiling(sample_bytes)?,
        chroma_tiling: tiling(sample_bytes * 2)?,
    })
}
