//! Temporal units in, steps out. Owns the stream's reference slots and is their only writer.

use std::sync::Arc;

use super::assembly::Assembly;
use super::deviations::Deviations;
use super::extent::Extent;
use super::faults::{check_limit, rule};
use super::layers::{Candidate, Layers};
use super::spares::Spares;
use super::surfaces::Surfaces;
use super::{SessionSpec, ShowPlan, Step};
use crate::error::{Error, Result, StreamError, StreamFault, Unsupported};
use crate::limits::Limits;
use crate::obu::{Framing, Obu, ObuType};
use crate::syntax::frame::{FrameHeader, FrameType, UncompressedHeader};
use crate::syntax::references::References;
use crate::syntax::sequence::SequenceHeader;
use crate::syntax::{self, RefSlot};
use crate::unit::TemporalUnit;

mod ahead;
mod losing;
mod showing;

use ahead::LeftOut;
pub use losing::AfterLoss;

/// What a planner is told once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlannerOptions {
    /// Index of the operating point to decode (7.18.5, choose_operating_point()).
    pub operating_point: u8,
    /// Show every spatial layer, not only the highest one of each temporal unit.
    pub all_layers: bool,
    /// What is not allowed is a fault, also where decoders cope with it.
    pub strict: bool,
    /// What follows frames that are missing in the container.
    pub after_loss: AfterLoss,
    /// Budgets.
    pub limits: Limits,
}

/// Turns temporal units into steps.
#[derive(Clone, Debug)]
pub struct Planner {
    options: PlannerOptions,
    sequence: Option<Arc<SequenceHeader>>,
    /// The sequence header in force has not been announced by a `Configure` step.
    unannounced: bool,
    layers: Layers,
    references: References,
    surfaces: Surfaces,
    current: Current,
    candidate: Option<Candidate>,
    /// Presentation time of the last unit.
    last_pts: Option<i64>,
    recovery: Recovery,
    /// Frames are missing since the last key frame, and decoding has gone on.
    is_doubtful: bool,
    frames: u64,
    unit_frames: u32,
    spares: Spares,
    /// What is not allowed and is coped with, the first of each kind.
    deviations: Deviations,
    extent: Extent,
    /// Frames that are not decoded, see [`Planner::leave_out`].
    left_out: LeftOut,
}

/// How far decoding has come after its references were given up: the random access process of 7.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    /// Every frame is decoded.
    Done,
    /// Frames are skipped up to the next key frame.
    Skipping,
    /// From a key frame that is not shown (a delayed random access point) on, frames are skipped
    /// until it is shown: those between may refer to what was before.
    Leading,
}

/// The frame whose OBUs are being collected.
#[derive(Clone, Debug)]
enum Current {
    /// SeenFrameHeader is 0.
    None,
    /// A frame that is skipped on the way to a key frame.
    Skipped,
    /// SeenFrameHeader is 1.
    Frame(Assembly),
}

impl Planner {
    /// A planner at the start of a stream.
    pub fn new(options: PlannerOptions) -> Self {
        Self {
            options,
            sequence: None,
            unannounced: false,
            layers: Layers::default(),
            references: References::default(),
            surfaces: Surfaces::default(),
            current: Current::None,
            candidate: None,
            last_pts: None,
            recovery: Recovery::Done,
            is_doubtful: false,
            frames: 0,
            unit_frames: 0,
            spares: Spares::default(),
            deviations: Deviations::default(),
            extent: Extent::default(),
            left_out: LeftOut::default(),
        }
    }

    /// The sequence header in force.
    pub fn sequence(&self) -> Option<&Arc<SequenceHeader>> {
        self.sequence.as_ref()
    }

    /// What is not allowed and was decoded all the same: the first of each rule, with its place.
    pub fn deviations(&self) -> &[StreamError] {
        self.deviations.list()
    }

    /// Appends the steps of `unit` to `steps`.
    ///
    /// # Errors
    /// What is wrong with the unit. The steps before the fault are in `steps`; the references are
    /// given up, and frames are skipped up to the next key frame.
    pub fn unit(&mut self, unit: &TemporalUnit, steps: &mut Vec<Step>) -> Result<()> {
        self.unit_frames = 0;
        let unfinished = self.begin_unit(unit, steps);
        let walked = self.walk(unit, steps);
        self.deviations.place(unit.index);
        if walked.is_err() {
            self.end_layer_group(steps);
            self.give_up(steps);
        }
        match walked {
            Ok(()) => unfinished,
            Err(Error::Stream(e)) => unfinished.and(Err(e.in_unit(unit.index).into())),
            other => other,
        }
    }

    /// A container may give each layer, and each part of a frame, as a unit of its own; where it has
    /// no temporal delimiters, those of one time are of one temporal unit.
    ///
    /// # Errors
    /// A frame is not whole that `unit` does not go on with.
    fn begin_unit(&mut self, unit: &TemporalUnit, steps: &mut Vec<Step>) -> Result<()> {
        let last = std::mem::replace(&mut self.last_pts, unit.pts);
        if last.is_none() || last != unit.pts {
            self.end_layer_group(steps);
        }
        let first = crate::obu::obus(&unit.data, unit.framing).find_map(|obu| {
            let kind = obu.ok()?.obu_type;
            let is_aside =
                matches!(kind, ObuType::Metadata | ObuType::Padding | ObuType::Reserved(_));
            (!is_aside).then_some(kind)
        });
        match first {
            None | Some(ObuType::TileGroup | ObuType::RedundantFrameHeader) => Ok(()),
            Some(_) => self.end_unfinished(steps),
        }
    }

    /// Gives up a frame that is not whole, if there is one.
    ///
    /// # Errors
    /// There is one.
    fn end_unfinished(&mut self, steps: &mut Vec<Step>) -> Result<()> {
        let Current::Frame(assembly) = &self.current else { return Ok(()) };
        let what = "the temporal unit ends inside a frame: tiles are missing";
        let fault = StreamError::new(StreamFault::Rule(what)).section("7.5");
        let fault = fault.in_unit(assembly.plan.unit);
        self.give_up(steps);
        Err(fault.into())
    }

    /// Takes a step that is done with: its memory is used again.
    pub fn recycle(&mut self, step: Step) {
        self.spares.put(step);
    }

    /// Goes elsewhere in the stream: what is held is released, frames are skipped up to the next
    /// random access point, and the first one decoded then gets the number `frame`. A sequence
    /// header is in force until another one comes, and is announced again.
    pub fn restart(&mut self, frame: u64, steps: &mut Vec<Step>) {
        self.candidate = None;
        self.last_pts = None;
        self.lose_references(steps);
        self.left_out = LeftOut::default();
        self.frames = frame;
        self.unannounced = self.sequence.is_some();
    }

    /// The end of the stream: everything that is still held is shown or released.
    ///
    /// # Errors
    /// The last frame is not whole.
    pub fn finish(&mut self, steps: &mut Vec<Step>) -> Result<()> {
        self.end_layer_group(steps);
        let unfinished = self.end_unfinished(steps);
        self.drop_references(steps);
        unfinished
    }

    fn walk(&mut self, unit: &TemporalUnit, steps: &mut Vec<Step>) -> Result<()> {
        for (index, obu) in crate::obu::obus(&unit.data, unit.framing).enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let obu = obu.map_err(|mut e| {
                e.at.byte = unit.file_offset.zip(e.at.byte).map(|(unit, obu)| unit + obu);
                e.in_obu(index, None)
            })?;
            let byte = unit.file_offset.map(|o| o + obu.offset as u64);
            self.obu(unit, &obu, steps).map_err(|error| match error {
                Error::Stream(e) => Error::Stream(e.in_obu(index, byte)),
                other => other,
            })?;
        }
        match unit.framing {
            // Its temporal units are what it says.
            Framing::AnnexB => self.end_unfinished(steps),
            Framing::Section5 => Ok(()),
        }
    }

    fn obu(&mut self, unit: &TemporalUnit, obu: &Obu<'_>, steps: &mut Vec<Step>) -> Result<()> {
        let layered = !matches!(obu.obu_type, ObuType::SequenceHeader | ObuType::TemporalDelimiter);
        if layered && obu.has_extension && self.layers.drops(obu.temporal_id, obu.spatial_id) {
            return Ok(());
        }
        if obu.obu_type.is_of_frame() && !obu.has_extension {
            self.without_layer(obu)?;
        }
        match obu.obu_type {
            ObuType::TemporalDelimiter => self.temporal_delimiter(steps),
            ObuType::SequenceHeader => self.sequence_header(obu, steps),
            ObuType::FrameHeader | ObuType::RedundantFrameHeader => {
                self.frame_header(unit, obu, steps).map(|_| ())
            }
            ObuType::Frame => self.frame(unit, obu, steps),
            ObuType::TileGroup => self.tile_group(unit, obu, 0, steps),
            ObuType::TileList => self.tile_list(obu),
            ObuType::Metadata | ObuType::Padding | ObuType::Reserved(_) => Ok(()),
        }
    }

    /// A part of a frame that does not tell its layer is of every layer.
    fn without_layer(&mut self, obu: &Obu<'_>) -> Result<()> {
        let points = self.sequence.iter().flat_map(|sequence| &sequence.operating_points);
        if points.into_iter().any(|point| point.operating_point_idc != 0) {
            let mut r = obu.reader().strict(self.options.strict);
            r.table("obu_header()", "6.4.1");
            r.deviates("obu_extension_flag", 0, "it is 1 where operating_point_idc is not 0")?;
            self.deviations.take(&mut r);
        }
        Ok(())
    }

    /// A list of tiles is not supported; bytes that are none are passed over.
    fn tile_list(&mut self, obu: &Obu<'_>) -> Result<()> {
        let Err(fault) = syntax::tile_list::tile_list_obu(&mut obu.reader()) else {
            let what = "OBU_TILE_LIST (large scale tile decoding)";
            return Err(Unsupported::Stream(what.into()).into());
        };
        if self.options.strict {
            return Err(fault.into());
        }
        let mut r = obu.reader();
        r.table("tile_list_obu()", "5.12.1");
        r.deviates("obu_type", 8, "what is in it is a list of tiles")?;
        self.deviations.take(&mut r);
        Ok(())
    }

    fn temporal_delimiter(&mut self, steps: &mut Vec<Step>) -> Result<()> {
        self.end_layer_group(steps);
        match std::mem::replace(&mut self.current, Current::None) {
            Current::Frame(_) => {
                Err(rule("a temporal delimiter inside a frame: tiles are missing", "7.5"))
            }
            _ => Ok(()),
        }
    }

    fn sequence_header(&mut self, obu: &Obu<'_>, steps: &mut Vec<Step>) -> Result<()> {
        let mut r = obu.reader().strict(self.options.strict);
        let header = syntax::sequence::sequence_header_obu(&mut r)?;
        self.deviations.take(&mut r);
        let points = header.operating_points.len();
        let Some(point) = header.operating_points.get(usize::from(self.options.operating_point))
        else {
            let wish = self.options.operating_point;
            let what = format!("operating point {wish}: the stream has {points}");
            return Err(Unsupported::Stream(what).into());
        };
        self.layers = Layers::new(point, self.options.all_layers);
        let new = self.sequence.as_ref().is_none_or(|old| old.starts_new_sequence(&header));
        if new {
            let level = point.seq_level_idx;
            if (24..31).contains(&level) {
                log::warn!("seq_level_idx {level} is reserved (AV1 specification A.3)");
            }
            self.is_doubtful = false;
            self.drop_references(steps);
            self.unannounced = true;
            self.extent = Extent::default();
        }
        if self.sequence.as_deref() != Some(&header) {
            self.sequence = Some(Arc::new(header));
        }
        Ok(())
    }

    /// `frame_header_obu()`, 5.9.1. Bits of the header in the payload; `None` if nothing is to be
    /// collected (shown, skipped, or a copy).
    fn frame_header(
        &mut self,
        unit: &TemporalUnit,
        obu: &Obu<'_>,
        steps: &mut Vec<Step>,
    ) -> Result<Option<u64>> {
        if matches!(self.current, Current::Frame(_)) {
            return Ok(None); // frame_header_copy()
        }
        self.current = Current::None;
        if let Some(skipped) = self.skips(obu)? {
            self.frames += skipped;
            self.current = Current::Skipped;
            return Ok(None);
        }
        let Some(sequence) = self.sequence.clone() else {
            return Err(rule("a frame header comes before any sequence header", "7.5"));
        };
        let mut r = obu.reader().strict(self.options.strict);
        let header = syntax::uncompressed_header(
            &mut r,
            &sequence,
            &self.references,
            obu.temporal_id,
            obu.spatial_id,
        )?;
        self.deviations.take(&mut r);
        self.count_frame()?;
        match header {
            UncompressedHeader::ShowExisting(shown) => {
                self.show_existing_frame(unit, obu, &shown, steps)?;
                Ok(None)
            }
            UncompressedHeader::Frame(header) => {
                self.start_frame(unit, obu, header)?;
                Ok(Some(r.position()))
            }
        }
    }

    fn count_frame(&mut self) -> Result<()> {
        self.unit_frames += 1;
        let limit = self.options.limits.unit_frames;
        check_limit("frames of a temporal unit", self.unit_frames.into(), limit.into())
    }

    /// Whether the frame of the frame header in `obu` is skipped on the way to a key frame, and how
    /// many decodes less that makes.
    fn skips(&self, obu: &Obu<'_>) -> Result<Option<u64>> {
        let leading = match self.recovery {
            Recovery::Done => return Ok(None),
            Recovery::Skipping => false,
            Recovery::Leading => true,
        };
        match &self.sequence {
            None => return Ok(Some(1)),
            Some(s) if s.reduced_still_picture_header => return Ok(None),
            Some(_) => {}
        }
        let mut r = obu.reader();
        if r.flag("show_existing_frame")? {
            // There are no frames but the key frames since.
            let slot = RefSlot::from_low_bits(r.f(3, "frame_to_show_map_idx")?.into());
            let is_here = leading && self.references.get(slot).is_some();
            return Ok((!is_here).then_some(0));
        }
        let is_key = r.f(2, "frame_type")? == 0;
        Ok((!is_key).then_some(1))
    }

    fn start_frame(
        &mut self,
        unit: &TemporalUnit,
        obu: &Obu<'_>,
        header: FrameHeader,
    ) -> Result<()> {
        let size = &header.frame_size;
        let samples = u64::from(size.upscaled_width) * u64::from(size.frame_height);
        check_limit("luma samples of a frame", samples, self.options.limits.frame_samples)?;
        let (header, spare) = (self.spares.share(header), self.spares.plan());
        self.current = Current::Frame(Assembly::new(unit, obu, header, spare));
        Ok(())
    }

    fn frame(&mut self, unit: &TemporalUnit, obu: &Obu<'_>, steps: &mut Vec<Step>) -> Result<()> {
        if matches!(self.current, Current::Frame(_)) {
            return Err(rule("OBU_FRAME inside another frame: tiles are missing", "6.10.1"));
        }
        match self.frame_header(unit, obu, steps)? {
            // byte_alignment() stands between the header and the tile group.
            Some(bits) => self.tile_group(unit, obu, bits.div_ceil(8) as usize, steps),
            None if matches!(self.current, Current::Skipped) => Ok(()),
            None => Err(rule("OBU_FRAME with show_existing_frame equal to 1", "6.10.1")),
        }
    }

    fn tile_group(
        &mut self,
        unit: &TemporalUnit,
        obu: &Obu<'_>,
        start: usize,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let assembly = match &mut self.current {
            Current::Frame(assembly) => assembly,
            Current::Skipped => return Ok(()),
            Current::None if self.recovery != Recovery::Done => return Ok(()),
            Current::None => return Err(rule("a tile group without a frame header", "5.11.1")),
        };
        if assembly.tile_group(unit, obu, start)? {
            return self.end_frame(steps);
        }
        let (value, limit) = (assembly.bytes(), self.options.limits.unit_bytes);
        check_limit("bytes of a frame", value, limit)
    }

    fn end_frame(&mut self, steps: &mut Vec<Step>) -> Result<()> {
        let Current::Frame(assembly) = std::mem::replace(&mut self.current, Current::None) else {
            return Ok(());
        };
        let Some(sequence) = self.sequence.clone() else { return Ok(()) };
        let is_hidden = assembly.is_hidden;
        let (mut plan, pts) = assembly.finish();
        if self.extent.admits(&sequence, &plan.header)? {
            self.drop_references(steps);
            self.unannounced = true;
        }
        if std::mem::take(&mut self.unannounced) {
            let point = sequence.operating_points.get(usize::from(self.options.operating_point));
            steps.push(Step::Configure(SessionSpec {
                seq_level_idx: point.map_or(31, |p| p.seq_level_idx),
                sequence: Arc::clone(self.extent.of(&sequence)),
            }));
        }
        let (header, spatial_id) = (Arc::clone(&plan.header), plan.spatial_id);
        if self.recovery != Recovery::Done {
            let is_whole = header.show_frame || header.refresh_frame_flags == 0xff;
            self.recovery = if is_whole { Recovery::Done } else { Recovery::Leading };
        }
        if header.frame_type == FrameType::Key && header.refresh_frame_flags == 0xff {
            self.is_doubtful = false;
        }
        if is_hidden && self.is_left_out(&header) {
            self.leave(&header, &sequence, steps);
            self.spares.put(Step::Decode(plan));
            return Ok(());
        }
        let references = header.ref_frame_idx.map(|idx| idx.map(|slot| self.surfaces.get(slot)));
        let surface = self.surfaces.create();
        let unit = plan.unit;
        plan.frame = self.frames;
        plan.surface = surface;
        plan.references = references.unwrap_or_default();
        let kept = self.candidate.map(|candidate| candidate.show.surface);
        let named = plan.references.iter().copied().chain([kept]);
        plan.replaced = self.surfaces.replaced(header.refresh_frame_flags, named);
        plan.is_doubtful = self.is_doubtful;
        steps.push(Step::Decode(plan));
        self.frames += 1;
        self.references.update(&header, &sequence);
        self.surfaces.refresh(header.refresh_frame_flags, surface);
        self.surfaces.retain_slots(|slot| self.references.get(slot).is_some());
        if header.show_frame && !is_hidden {
            let is_doubtful = self.is_doubtful;
            let show = ShowPlan { surface, unit, pts, show_existing_frame: false, is_doubtful };
            self.show(Candidate { show, spatial_id }, steps);
        }
        self.release_dead(steps);
        Ok(())
    }
}
