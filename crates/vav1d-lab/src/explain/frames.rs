//! What a frame is decoded from, as the software driver's engine takes it: the Std structures and
//! tiles of the frame and of all that it refers to, however far back.

use std::collections::BTreeSet;
use std::sync::Arc;

use av1_engine::job::{Chroma, FrameJob, PictureInfo, Profile, SequenceHeader, TileInfo};
use av1_engine::{Decoded, Fault, Reconstructor};
use av1_std::picture::{PictureParts, picture_parts};
use av1_std::sequence::sequence_parts;
use vav1d::container::Source;
use vav1d::pixels;
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{Bitstream, FramePlan, Step, SurfaceId};
use vav1d::syntax::frame::FrameHeader;
use vav1d::syntax::sequence::SequenceHeader as Sequence;
use vav1d::units::Units;

/// Slots of a session here: more than a stream can keep.
pub(super) const SLOTS: u32 = 32;

/// A frame as it is handed to the engine.
#[derive(Clone)]
pub(super) struct Coded {
    /// Its number in decoding order.
    pub(super) frame: u64,
    pub(super) job: FrameJob,
    pub(super) header: Arc<FrameHeader>,
    bitstream: Bitstream,
    /// The frame behind LAST_FRAME + i.
    pub(super) references: [Option<u64>; 7],
}

impl Coded {
    /// The bytes of each tile, where `job` says that they are; `None` if that is outside.
    pub(super) fn tiles(&self, job: &FrameJob) -> Option<Vec<&[u8]>> {
        let bytes = self.bitstream.bytes();
        let tile = |(offset, size): (&u32, &u32)| {
            let start = *offset as usize;
            bytes.get(start..start.checked_add(*size as usize)?)
        };
        job.tile_offsets.iter().zip(&job.tile_sizes).map(tile).collect()
    }

    /// Decodes it as `job` says.
    pub(super) fn decode(
        &self,
        job: &FrameJob,
        recon: &mut Reconstructor,
    ) -> Result<Decoded, Fault> {
        let tiles = self.tiles(job).ok_or(Fault::NoPicture)?;
        recon.decode(job, &tiles)
    }
}

/// What happens before the frame.
enum Op {
    Decode(Box<Coded>),
    /// Nothing refers to the picture of a slot any more.
    Release(u32),
}

/// The frames that a frame needs, and itself.
pub(super) struct Frames {
    pub(super) profile: Profile,
    /// In decoding order, without the frame itself.
    ops: Vec<Op>,
    pub(super) target: Coded,
    /// What the frame decoded before it was told, whether it is needed or not.
    pub(super) before: Option<PictureInfo>,
    /// The slots that hold a picture when it is decoded, and of which frame.
    pub(super) held: Vec<(u32, u64)>,
}

impl Frames {
    /// Reads `source` up to frame `target`; with `grain` its film grain is the engine's to apply.
    /// `None` if there is no such frame.
    pub(super) fn read(
        source: &mut dyn Source,
        planner: PlannerOptions,
        target: u64,
        grain: bool,
    ) -> Option<Self> {
        let mut units = Units::new(source, planner);
        let mut reading = Reading::new(target, grain);
        let mut steps = Vec::new();
        let mut ended = false;
        while !ended {
            if units.next(&mut steps).is_none() {
                ended = true;
                units.finish(&mut steps);
            }
            for step in steps.drain(..) {
                if let Some(found) = reading.step(&step) {
                    return reading.needed(found);
                }
            }
        }
        None
    }

    /// Goes through what is before the frame: `each` decodes.
    pub(super) fn before(
        &self,
        recons: &mut [Reconstructor],
        mut each: impl FnMut(&Coded, &mut [Reconstructor]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for op in &self.ops {
            match op {
                Op::Decode(coded) => each(coded, recons)?,
                Op::Release(slot) => recons.iter_mut().for_each(|recon| recon.deactivate(*slot)),
            }
        }
        Ok(())
    }

    /// One of the frames before.
    pub(super) fn coded(&self, frame: u64) -> Option<&Coded> {
        self.ops.iter().find_map(|op| match op {
            Op::Decode(coded) if coded.frame == frame => Some(&**coded),
            _ => None,
        })
    }

    /// A session in which all that the frame needs is decoded.
    pub(super) fn session(&self) -> Result<Reconstructor, Fault> {
        let recon = Reconstructor::with_threads(self.profile, SLOTS, 1)?;
        let mut recons = [recon];
        self.before(&mut recons, |coded, recons| {
            recons.iter_mut().try_for_each(|recon| coded.decode(&coded.job, recon).map(|_| ()))
        })?;
        let [recon] = recons;
        Ok(recon)
    }

    /// The job of the frame, so that it changes nothing in the session and can be done again.
    pub(super) fn trial(&self) -> FrameJob {
        let mut job = self.target.job.clone();
        job.setup_slot = None;
        job.picture.std.refresh_frame_flags = 0;
        job
    }
}

/// What is known while steps are read.
struct Reading {
    target: u64,
    grain: bool,
    sequence: Option<(Arc<Sequence>, Arc<SequenceHeader>)>,
    /// By slot: the surface, and its frame.
    owners: Vec<Option<(SurfaceId, u64)>>,
    ops: Vec<Op>,
    before: Option<PictureInfo>,
}

impl Reading {
    fn new(target: u64, grain: bool) -> Self {
        let owners = vec![None; SLOTS as usize];
        Self { target, grain, sequence: None, owners, ops: Vec::new(), before: None }
    }

    /// The target, if `step` decodes it.
    fn step(&mut self, step: &Step) -> Option<Coded> {
        match step {
            Step::Configure(spec) => {
                let header = Arc::new(sequence_header(&spec.sequence));
                self.sequence = Some((Arc::clone(&spec.sequence), header));
                None
            }
            Step::Decode(plan) => {
                let coded = self.coded(plan)?;
                if plan.frame == self.target {
                    return Some(coded);
                }
                self.before = Some(coded.job.picture.clone());
                self.ops.push(Op::Decode(Box::new(coded)));
                None
            }
            Step::Show(_) => None,
            Step::Release(surface) => {
                let owner = |o: &Option<(SurfaceId, u64)>| o.is_some_and(|(s, _)| s == *surface);
                if let Some(slot) = self.owners.iter().position(owner) {
                    self.owners[slot] = None;
                    self.ops.push(Op::Release(slot as u32));
                }
                None
            }
        }
    }

    fn coded(&mut self, plan: &FramePlan) -> Option<Coded> {
        let (_, header) = self.sequence.as_ref()?;
        let holder = |surface: Option<SurfaceId>| {
            let surface = surface?;
            let owner = |o: &Option<(SurfaceId, u64)>| o.is_some_and(|(s, _)| s == surface);
            let slot = self.owners.iter().position(owner)?;
            Some((slot as i32, self.owners[slot]?.1))
        };
        let holders = plan.references.map(holder);
        let h = &plan.header;
        let size = h.frame_size;
        let mut coded = Coded {
            frame: plan.frame,
            job: FrameJob {
                sequence: Arc::clone(header),
                picture: picture_info(picture_parts(h, self.grain)),
                coded_extent: (size.upscaled_width, size.frame_height),
                setup_slot: None,
                reference_name_slot_indices: holders.map(|h| h.map_or(-1, |(slot, _)| slot)),
                tile_offsets: plan.bitstream.tile_offsets.clone(),
                tile_sizes: plan.bitstream.tile_sizes.clone(),
            },
            header: Arc::clone(h),
            bitstream: plan.bitstream.clone(),
            references: holders.map(|h| h.map(|(_, frame)| frame)),
        };
        if plan.frame != self.target {
            let free = self.owners.iter().position(Option::is_none)?;
            self.owners[free] = Some((plan.surface, plan.frame));
            coded.job.setup_slot = Some(free as u32);
        }
        Some(coded)
    }

    /// What of all that was read the target needs.
    fn needed(self, target: Coded) -> Option<Frames> {
        let mut frames: BTreeSet<u64> = target.references.iter().flatten().copied().collect();
        for op in self.ops.iter().rev() {
            if let Op::Decode(coded) = op {
                if frames.contains(&coded.frame) {
                    frames.extend(coded.references.iter().flatten());
                }
            }
        }
        let is_needed = |op: &Op| match op {
            Op::Decode(coded) => frames.contains(&coded.frame),
            Op::Release(_) => true,
        };
        let ops = self.ops.into_iter().filter(is_needed).collect();
        let (sequence, _) = self.sequence?;
        let profile = profile(&sequence, self.grain);
        let held = self.owners.iter().enumerate();
        let held = held.filter_map(|(slot, owner)| Some((slot as u32, (*owner)?.1)));
        let held = held.filter(|(_, frame)| frames.contains(frame)).collect();
        Some(Frames { profile, ops, target, before: self.before, held })
    }
}

fn profile(sequence: &Sequence, grain: bool) -> Profile {
    let format = sequence.color_config.format();
    Profile {
        std_profile: sequence.seq_profile.into(),
        chroma: match format.chroma {
            pixels::Chroma::Monochrome => Chroma::Monochrome,
            pixels::Chroma::Yuv420 => Chroma::Yuv420,
            pixels::Chroma::Yuv422 => Chroma::Yuv422,
            pixels::Chroma::Yuv444 => Chroma::Yuv444,
        },
        bit_depth: format.bit_depth,
        film_grain_support: grain,
    }
}

/// What a driver reads of `sequence`.
pub(super) fn sequence_header(sequence: &Sequence) -> SequenceHeader {
    let parts = sequence_parts(sequence);
    SequenceHeader { std: parts.header, color_config: Some(parts.color_config) }
}

/// What a driver reads of `parts`.
pub(super) fn picture_info(parts: PictureParts) -> PictureInfo {
    let flags = &parts.info.flags;
    let (cols, rows) = (parts.tile_info.TileCols, parts.tile_info.TileRows);
    let explicit = parts.tile_info.flags.uniform_tile_spacing_flag() == 0;
    let sizes = |all: &[u16], count: u8| {
        let count = if explicit { usize::from(count) } else { 0 };
        all.iter().copied().take(count).collect::<Vec<_>>()
    };
    PictureInfo {
        tile_info: Some(TileInfo {
            std: parts.tile_info,
            width_in_sbs_minus_1: sizes(&parts.width_in_sbs_minus_1, cols),
            height_in_sbs_minus_1: sizes(&parts.height_in_sbs_minus_1, rows),
            last_mi_starts: (0, 0),
        }),
        quantization: Some(parts.quantization),
        segmentation: (flags.segmentation_enabled() != 0).then_some(parts.segmentation),
        loop_filter: Some(parts.loop_filter),
        cdef: Some(parts.cdef),
        loop_restoration: (flags.UsesLr() != 0).then_some(parts.loop_restoration),
        global_motion: Some(parts.global_motion),
        film_grain: parts.film_grain,
        std: parts.info,
    }
}
