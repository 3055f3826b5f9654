//! What a stream is, read from its headers: sequences, frames, times, and what it asks of a driver.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::args::InputArgs;
use super::failure::Result;
use super::input;
use vav1d::container::{OtherTrack, SourceInfo, TemporalUnit};
use vav1d::decode::Summary;
use vav1d::error::Error;
use vav1d::obu::{self, ObuType};
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{FramePlan, ShowPlan, Step, SurfaceId, features};
use vav1d::syntax::metadata::{self, HdrMdcv, Metadata};
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::units::Units;

/// A frame, in decoding order.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) frame: u64,
    pub(super) unit: u64,
    pub(super) frame_type: String,
    pub(super) size: (u32, u32),
    pub(super) superres_denom: u32,
    pub(super) layer: (u8, u8),
    pub(super) show_frame: bool,
    pub(super) order_hint: u8,
    pub(super) refresh_frame_flags: u8,
    /// Frames behind LAST_FRAME to ALTREF_FRAME; empty for intra frames.
    pub(super) references: Vec<Option<u64>>,
    pub(super) primary_ref_frame: u8,
    pub(super) base_q_idx: u8,
    /// Columns and rows.
    pub(super) tiles: (usize, usize),
    /// Bytes of its OBUs.
    pub(super) bytes: usize,
    pub(super) film_grain: bool,
    /// Output pictures that it is.
    pub(super) outputs: Vec<u64>,
    pub(super) features: Vec<&'static str>,
}

/// What the stream asks of a driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// DPB slots at once, that of the frame being decoded included.
    pub(super) dpb_slots: usize,
    /// Pictures that one frame refers to.
    pub(super) active_references: usize,
    /// Smallest and largest coded extents.
    pub(super) min_extent: Option<(u32, u32)>,
    pub(super) max_extent: (u32, u32),
    /// Tiles of a frame.
    pub(super) tiles: usize,
    /// Bytes of a frame's OBUs.
    pub(super) bitstream_bytes: usize,
}

/// All of it.
#[derive(Default)]
pub(super) struct Info {
    pub(super) source: Option<SourceInfo>,
    pub(super) others: Vec<OtherTrack>,
    /// Bytes of the file, and of its units.
    pub(super) file_bytes: Option<u64>,
    pub(super) bytes: u64,
    pub(super) units: u64,
    pub(super) frames: BTreeMap<String, u64>,
    pub(super) shown: u64,
    pub(super) shown_existing: u64,
    pub(super) features: BTreeSet<&'static str>,
    pub(super) sequences: Vec<Arc<SequenceHeader>>,
    pub(super) sizes: BTreeSet<(u32, u32)>,
    pub(super) render_sizes: BTreeSet<(u32, u32)>,
    /// Columns and rows of tiles, and the frames that have them.
    pub(super) tiles: BTreeMap<(usize, usize), u64>,
    pub(super) needs: Needs,
    pub(super) mastering_display: Option<HdrMdcv>,
    /// max_cll and max_fall.
    pub(super) content_light_level: Option<(u16, u16)>,
    /// Country codes of ITU-T T.35 messages, and how many there are of each.
    pub(super) itut_t35: BTreeMap<u8, u64>,
    pub(super) timecodes: u64,
    /// Presentation times of what is output: how many differ, the first and the last.
    times: Option<(u64, i64, i64)>,
    /// Every frame, if they are asked for.
    pub(super) list: Vec<Frame>,
    /// The first of them.
    pub(super) faults: Vec<Error>,
    pub(super) n_faults: u64,
    wants_frames: bool,
    held: HashMap<SurfaceId, u64>,
}

/// Reads the whole of a stream.
pub(super) fn read(args: &InputArgs, wants_frames: bool) -> Result<Info> {
    let mut source = input::open(args)?;
    let file = std::fs::metadata(&args.file).ok().filter(std::fs::Metadata::is_file);
    let file_bytes = file.map(|file| file.len());
    let mut info = Info { wants_frames, file_bytes, ..Info::default() };
    let options = PlannerOptions { all_layers: true, ..Default::default() };
    let mut units = Units::new(&mut *source, options).thorough();
    let mut steps = Vec::new();
    while let Some(planned) = units.next(&mut steps) {
        planned.unit.iter().for_each(|unit| info.unit(unit));
        steps.drain(..).for_each(|step| info.step(&step));
        planned.fault.into_iter().for_each(|fault| info.fault(fault));
    }
    units.finish(&mut steps).into_iter().for_each(|fault| info.fault(fault));
    steps.drain(..).for_each(|step| info.step(&step));
    info.source = Some(source.info());
    info.others = source.others().to_vec();
    Ok(info)
}

impl Info {
    fn fault(&mut self, fault: Error) {
        self.n_faults += 1;
        if self.faults.len() < Summary::MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// Counts a unit, and reads its metadata: what is wrong with that concerns nobody.
    fn unit(&mut self, unit: &TemporalUnit) {
        self.units += 1;
        self.bytes += unit.data.len() as u64;
        let all = obu::obus(&unit.data, unit.framing).filter_map(std::result::Result::ok);
        for obu in all.filter(|obu| obu.obu_type == ObuType::Metadata) {
            match metadata::metadata_obu(&mut obu.reader()) {
                Ok(Metadata::HdrMdcv(mdcv)) => self.mastering_display = Some(mdcv),
                Ok(Metadata::HdrCll { max_cll, max_fall }) => {
                    self.content_light_level = Some((max_cll, max_fall));
                }
                Ok(Metadata::ItutT35 { itu_t_t35_country_code, .. }) => {
                    *self.itut_t35.entry(itu_t_t35_country_code).or_default() += 1;
                }
                Ok(Metadata::Timecode(_)) => self.timecodes += 1,
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Configure(spec) => {
                self.sequences.push(Arc::clone(&spec.sequence));
                self.held.clear();
            }
            Step::Decode(plan) => self.decode(plan),
            Step::Show(show) => self.show(show),
            Step::Release(surface) => {
                self.held.remove(surface);
            }
        }
    }

    fn decode(&mut self, plan: &FramePlan) {
        let header = &plan.header;
        let size = &header.frame_size;
        let extent = (size.upscaled_width, size.frame_height);
        *self.frames.entry(header.frame_type.to_string()).or_default() += 1;
        self.features.extend(features::features(plan));
        self.sizes.insert(extent);
        self.render_sizes.insert((size.render_width, size.render_height));
        let tiles = (header.tile_info.tile_cols() as usize, header.tile_info.tile_rows() as usize);
        *self.tiles.entry(tiles).or_default() += 1;
        let frame = |surface: &Option<SurfaceId>| {
            surface.as_ref().and_then(|surface| self.held.get(surface)).copied()
        };
        let references: Vec<_> = match header.ref_frame_idx.is_some() {
            true => plan.references.iter().map(frame).collect(),
            false => Vec::new(),
        };
        let named: BTreeSet<_> = references.iter().flatten().collect();
        // A driver may decode into the slot of a picture that nothing refers to any more.
        let replaced = plan.replaced.filter(|surface| self.held.contains_key(surface));
        let slots = self.held.len() + 1 - usize::from(replaced.is_some());
        let needs = &mut self.needs;
        needs.dpb_slots = needs.dpb_slots.max(slots);
        needs.active_references = needs.active_references.max(named.len());
        let min = needs.min_extent.unwrap_or(extent);
        needs.min_extent = Some((min.0.min(extent.0), min.1.min(extent.1)));
        needs.max_extent = (needs.max_extent.0.max(extent.0), needs.max_extent.1.max(extent.1));
        needs.tiles = needs.tiles.max(tiles.0 * tiles.1);
        needs.bitstream_bytes = needs.bitstream_bytes.max(plan.bitstream.range.len());
        self.held.insert(plan.surface, plan.frame);
        if self.wants_frames {
            self.list.push(Frame {
                frame: plan.frame,
                unit: plan.unit,
                frame_type: header.frame_type.to_string(),
                size: extent,
                superres_denom: size.superres_denom(),
                layer: (plan.spatial_id, plan.temporal_id),
                show_frame: header.show_frame,
                order_hint: header.order_hint,
                refresh_frame_flags: header.refresh_frame_flags,
                references,
                primary_ref_frame: header.primary_ref_frame,
                base_q_idx: header.quantization_params.base_q_idx,
                tiles,
                bytes: plan.bitstream.range.len(),
                film_grain: header.film_grain_params.apply_grain,
                outputs: Vec::new(),
                features: features::features(plan).collect(),
            });
        }
    }

    fn show(&mut self, show: &ShowPlan) {
        let frame = self.held.get(&show.surface).and_then(|at| usize::try_from(*at).ok());
        if let Some(frame) = frame.and_then(|at| self.list.get_mut(at)) {
            frame.outputs.push(self.shown);
        }
        self.shown += 1;
        self.shown_existing += u64::from(show.show_existing_frame);
        if let Some(pts) = show.pts {
            self.times = Some(match self.times {
                None => (1, pts, pts),
                Some((n, first, last)) if pts > last => (n + 1, first, pts),
                Some((n, first, last)) => (n, first.min(pts), last),
            });
        }
    }

    /// Pictures a second: what the container says, or the sequence header, or its times do.
    pub(super) fn frame_rate(&self) -> Option<(u32, u32)> {
        let source = self.source.as_ref()?;
        let coded = || {
            let timing = self.sequences.first()?.timing_info?;
            let ticks = u64::from(timing.num_ticks_per_picture_minus_1?) + 1;
            let units = ticks.checked_mul(timing.num_units_in_display_tick.into())?;
            vav1d::container::rate(timing.time_scale.into(), units)
        };
        let by_times = || {
            let (num, den) = source.time_base?;
            let (n, first, last) = self.times.filter(|(n, ..)| *n > 1)?;
            let ticks = u64::try_from(last - first).ok()?.checked_mul(num.into())?;
            vav1d::container::rate((n - 1).checked_mul(den.into())?, ticks)
        };
        source.frame_rate.or_else(coded).or_else(by_times)
    }

    /// Seconds from the first picture to the end of the last.
    pub(super) fn duration(&self) -> Option<f64> {
        let source = self.source.as_ref()?;
        let (n, d) = self.frame_rate().map(|(n, d)| (f64::from(n), f64::from(d)))?;
        let by_times = || {
            let (num, den) = source.time_base?;
            let (_, first, last) = self.times?;
            Some((last - first) as f64 * f64::from(num) / f64::from(den) + d / n)
        };
        by_times().or_else(|| (self.shown > 0).then(|| self.shown as f64 * d / n))
    }

    /// Bits a second of the units.
    pub(super) fn bit_rate(&self) -> Option<u64> {
        let seconds = self.duration().filter(|seconds| *seconds > 0.0)?;
        Some((self.bytes as f64 * 8.0 / seconds).round() as u64)
    }

    /// The features in the order of the frame header's syntax.
    pub(super) fn feature_names(&self) -> Vec<&'static str> {
        features::all().filter(|name| self.features.contains(name)).collect()
    }
}
