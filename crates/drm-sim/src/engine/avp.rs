//! The AV1 pipeline of Intel chips: the commands of a frame's tiles, decoded.

use std::collections::BTreeMap;
use std::fmt;

use av1_engine::job::FrameJob;

use super::avp_frame::{Frame, State, address, address_in, words};
use super::part::Part;
use super::{Opened, Outcome, avp_job, facts};
use crate::avp;
use crate::memory::Space;
use crate::surface::{self, Surface};
use crate::tiling::Tiling;

/// PRIMARY_REF_NONE, spec section 3.
const NO_PRIMARY: u8 = 7;
/// Words of AVP_PIPE_BUF_ADDR_STATE with an address in the session's own memory.
const AT_SESSION: usize = 62;

/// What is in a buffer of probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    /// What a driver has put there.
    Given(u64),
    /// What the decode of this picture made of it.
    Of(usize),
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("probabilities that no picture left"),
            Self::Of(picture) => write!(f, "the probabilities of picture {picture}"),
        }
    }
}

/// A picture that was decoded to an image.
#[derive(Debug, Clone, Copy)]
struct Held {
    picture: usize,
    pitch: i64,
    rows: i64,
    /// What the frame that refers to it by primary_ref_frame begins with.
    kept: Table,
    /// It was made of references that were read wrongly.
    is_spoiled: bool,
}

/// One session.
#[derive(Default)]
struct Session {
    engine: Opened,
    /// Numbers of the images, by address.
    places: BTreeMap<u64, u32>,
    held: BTreeMap<u64, Held>,
    /// By address, the picture that last wrote motion vectors there, and probabilities.
    motion: BTreeMap<u64, usize>,
    tables: BTreeMap<u64, Table>,
    pictures: usize,
}

/// All sessions, by address space and an address in their memory.
pub(crate) struct Avp {
    sessions: BTreeMap<(u32, u64), Session>,
    tiling: Tiling,
}

impl Avp {
    /// Engines whose images have `tiling`.
    pub(crate) fn new(tiling: Tiling) -> Self {
        Self { sessions: BTreeMap::new(), tiling }
    }

    /// Decodes a frame; `next` is the one behind it, if there is one.
    pub(crate) fn frame(&mut self, space: &Space, frame: &Frame, next: Option<&Frame>) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(first) = frame.first() else { return outcome };
        let key = (space.number, address(first, AT_SESSION));
        let next = next.filter(|next| {
            let same = next.first().map(|state| address(state, AT_SESSION)) == Some(key.1);
            same && !next.references().contains(&next.output())
        });
        let session = self.sessions.entry(key).or_default();
        session.decode(space, frame, next.map(Frame::output), self.tiling, &mut outcome);
        outcome
    }
}

impl Session {
    fn place(&mut self, address: u64) -> u32 {
        let count = self.places.len() as u32;
        *self.places.entry(address).or_insert(count)
    }

    fn decode(
        &mut self,
        space: &Space,
        frame: &Frame,
        next: Option<u64>,
        tiling: Tiling,
        outcome: &mut Outcome,
    ) {
        let mut job = match avp_job::job(frame) {
            Ok(job) => job,
            Err(reason) => return outcome.fault(format!("no frame: {reason}")),
        };
        let output = frame.output();
        job.setup_slot = Some(self.place(output));
        if job.picture.std.frame_type % 2 == 1 {
            let references = frame.references().map(|at| self.place(at) as i32);
            job.reference_name_slot_indices = references;
        }
        let next = next.map(|next| self.place(next));
        let Some(first) = frame.first() else { return };
        let (pitch, rows) = layout(first, avp::OUTPUT_SURFACE);
        let (source, strange) = self.check(space, frame, first, &job, outcome);
        if strange {
            // Other probabilities than the primary reference's: as if there were none.
            job.picture.std.primary_ref_frame = NO_PRIMARY;
        }
        let is_spoiled = self.spoils(frame, first, &job, outcome);
        self.note(first, output, (pitch, rows), source, is_spoiled);
        segments(&job, outcome);
        outcome.fault_if(avp_job::misplaced_tiles(frame));
        let Some(tiles) = tiles(space, frame, &job, outcome) else { return };
        let tiles: Vec<&[u8]> = tiles.iter().map(Vec::as_slice).collect();
        let profile = avp_job::profile(frame);
        let target = surface(output, (pitch, rows), tiling);
        let sample_bytes = if profile.bit_depth > 8 { 2 } else { 1 };
        let decoded = match self.engine.decode(profile, &job, &tiles, next) {
            Ok(decoded) => decoded,
            Err(fault) => {
                outcome.fault(fault.to_string());
                return outcome.poison(space, &target, job.coded_extent, sample_bytes);
            }
        };
        if is_spoiled {
            return outcome.poison(space, &target, job.coded_extent, sample_bytes);
        }
        if let Err(reason) = surface::write(space, &target, &decoded.clean) {
            outcome.fault(format!("output: {reason}"));
        }
        let to = address(first, avp::AT_GRAIN_OUTPUT);
        if let Some(picture) = decoded.grained.as_ref().filter(|_| to != 0) {
            let grained = surface(to, layout(first, avp::GRAIN_SURFACE), tiling);
            if let Err(reason) = surface::write(space, &grained, picture) {
                outcome.fault(format!("film grain output: {reason}"));
            }
        }
        outcome.picture = Some((decoded, facts(&job, profile)));
    }

    /// Checks that what an engine keeps of earlier frames is where this frame looks for it; the
    /// answer is what the probabilities begin with, and whether that is not the primary
    /// reference's.
    fn check(
        &self,
        space: &Space,
        frame: &Frame,
        first: &State,
        job: &FrameJob,
        outcome: &mut Outcome,
    ) -> (Table, bool) {
        let references = frame.references();
        let inter = job.picture.std.frame_type % 2 == 1;
        let place = address(first, avp::AT_CDF_READ);
        let source =
            self.tables.get(&place).copied().unwrap_or_else(|| {
                Table::Given(crate::record::hash(&space.read_some(place, 1024)))
            });
        let primary = usize::from(job.picture.std.primary_ref_frame);
        let held = references.get(primary).filter(|_| inter).and_then(|at| self.held.get(at));
        let other = held.filter(|held| held.kept != source);
        if let Some(held) = other {
            outcome.fault(format!(
                "the frame begins with {source}, its primary reference keeps {}",
                held.kept
            ));
        }
        (source, other.is_some())
    }

    /// Checks that each reference is read as it was written, and that its motion vectors are its own;
    /// whether the picture cannot be right.
    fn spoils(&self, frame: &Frame, first: &State, job: &FrameJob, outcome: &mut Outcome) -> bool {
        if job.picture.std.frame_type % 2 == 0 {
            return false;
        }
        let (before, output) = (outcome.faults.len(), frame.output());
        let mut is_spoiled = false;
        for (name, at) in (1..).zip(frame.references()) {
            if at == output {
                outcome.fault(format!("the picture goes to where reference {name} is"));
            }
            let Some(held) = self.held.get(&at) else {
                outcome.fault(format!("reference {name} is where no picture was written"));
                continue;
            };
            is_spoiled |= held.is_spoiled;
            let (pitch, rows) = layout(first, avp::FIRST_REFERENCE_SURFACE + name);
            if (pitch, rows) != (held.pitch, held.rows) {
                outcome.fault(format!(
                    "reference {name} has a pitch of {pitch} and chroma at row {rows}; it was written \
                     with {} and {}",
                    held.pitch, held.rows
                ));
            }
            let motion = address(first, avp::AT_MOTION_READ + name as usize * 2);
            let written = self.motion.get(&motion);
            if job.picture.std.flags.use_ref_frame_mvs() != 0 && written != Some(&held.picture) {
                let written = written.map_or("nothing".into(), |p| format!("those of picture {p}"));
                outcome.fault(format!(
                    "reference {name} is picture {}, and its buffer of motion vectors holds {written}",
                    held.picture
                ));
            }
        }
        is_spoiled || outcome.faults.len() > before
    }

    /// Takes note of what this frame writes.
    fn note(
        &mut self,
        first: &State,
        output: u64,
        (pitch, rows): (i64, i64),
        source: Table,
        is_spoiled: bool,
    ) {
        let picture = self.pictures;
        self.pictures += 1;
        let written = address(first, avp::AT_CDF_WRITE);
        let motion = address(first, avp::AT_MOTION_WRITE);
        let kept = if written == 0 { source } else { Table::Of(picture) };
        if written != 0 {
            self.tables.insert(written, kept);
        }
        self.motion.insert(motion, picture);
        self.held.insert(output, Held { picture, pitch, rows, kept, is_spoiled });
    }
}

/// Pitch in bytes and row of chroma that a surface is said to have.
fn layout(first: &State, number: u32) -> (i64, i64) {
    let surface = Part::of_fields(avp::SURFACE_FIELDS, words(first, avp::SURFACE, number));
    (surface.one("surface_pitch_minus_1") + 1, surface.one("y_offset_for_u_cb"))
}

/// A picture at `luma`, with its chroma at a row behind it.
fn surface(luma: u64, (pitch, rows): (i64, i64), tiling: Tiling) -> Surface {
    let chroma = luma.wrapping_add((pitch * rows) as u64);
    let pitch = pitch as u64;
    Surface {
        luma,
        chroma,
        luma_pitch: pitch,
        chroma_pitch: pitch,
        luma_tiling: tiling,
        chroma_tiling: tiling,
    }
}

/// Looks for segments whose features have no data: a driver that leaves the word out.
fn segments(job: &FrameJob, outcome: &mut Outcome) {
    let Some(segmentation) = &job.picture.segmentation else { return };
    // SEG_LVL_ALT_LF_Y_V to SEG_LVL_REF_FRAME, spec section 3.
    let (filters, reference) = (0b1_1110, 0b10_0000);
    let features = segmentation.FeatureEnabled.iter().fold(0, |all, enabled| all | enabled);
    let given = segmentation.FeatureData.iter().any(|data| data[1..6].iter().any(|v| *v != 0));
    if features & (filters | reference) != 0 && !given {
        outcome.fault("segments have loop filter or reference features, and no data of them");
    }
}

/// The bytes of each tile.
fn tiles(
    space: &Space,
    frame: &Frame,
    job: &FrameJob,
    outcome: &mut Outcome,
) -> Option<Vec<Vec<u8>>> {
    let places = job.tile_offsets.iter().zip(&job.tile_sizes).zip(&frame.tiles);
    let mut tiles = Vec::with_capacity(job.tile_sizes.len());
    for (index, ((&offset, &size), state)) in places.enumerate() {
        let base = address_in(words(state, avp::BITSTREAM, 0), 1);
        match space.read(base + u64::from(offset), u64::from(size)) {
            Some(tile) => tiles.push(tile),
            None => {
                outcome.fault(format!("tile {index} is not mapped"));
                return None;
            }
        }
    }
    Some(tiles)
}
