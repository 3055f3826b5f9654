//! A capture on another device: the same structures, slots and shapes, without a parser.

use std::collections::BTreeMap;
use std::sync::Arc;

use av1_std::back;
use av1_std::owned::SequenceHeader;
use vav1d::error::{Error, Result, Unsupported};
use vav1d::film_grain::{Applier, FilmGrain};
use vav1d::grain;
use vav1d::plan::{Bitstream, FramePlan, SessionSpec, ShowPlan, Step, SurfaceId};
use vav1d::sink::md5_hex;
use vav1d::syntax;
use vav1d::vk::{
    DecodeStatus, DpbPreference, Executor, ExecutorOptions, Handed, Output, ParametersMode,
    StatusQueries,
};

use super::capture::{Capture, Event, Frame};

/// A picture of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The frame of the capture.
    pub frame: u64,
    /// The MD5 of its picture here.
    pub md5: String,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
}

/// The session shape that an application chose, as options; what a capture does not tell is as
/// `options` have it.
pub fn shape(capture: &Capture, options: ExecutorOptions) -> ExecutorOptions {
    let mut shape = options;
    let without_grain =
        capture.frames().find(|frame| frame.info.as_ref().is_some_and(|info| !info.apply_grain));
    let setup = without_grain.and_then(|frame| frame.setup.as_ref()?.resource.as_ref());
    if let (Some(frame), Some(setup)) = (without_grain, setup) {
        let coincide = frame.dst.image.is_some() && frame.dst.image == setup.image;
        let wish = if coincide { DpbPreference::Coincide } else { DpbPreference::Distinct };
        shape.dpb = Some(wish);
        shape.layered = Some(setup.made.0 > 1);
    }
    if let Some(frame) = capture.frames().next() {
        if frame.inline_parameters {
            shape.parameters = ParametersMode::Inline;
        }
        shape.status_queries = Some(match frame.status_query {
            (_, true) => StatusQueries::Inline,
            (true, false) => StatusQueries::Pool,
            (false, false) => StatusQueries::None,
        });
    }
    if !capture.has_film_grain() {
        shape.film_grain = FilmGrain::Off.mode(Applier::Driver);
    }
    shape
}

/// Replays `capture`; `stream` are the bytes of the stream beside it. Each picture goes to `each`, in
/// the order of submission.
///
/// # Errors
/// `Unsupported` for what the device cannot decode and what no header has, `Device` for its failures.
pub fn replay(
    capture: &Capture,
    stream: &[u8],
    executor: &mut Executor,
    each: &mut dyn FnMut(Replayed),
) -> Result<()> {
    let mut replay =
        Replay { capture, stream, executor, slots: BTreeMap::new(), sequence: None, next: 0, each };
    for event in &capture.events {
        match event {
            Event::Reset => replay.reset()?,
            Event::Deactivate(slot) => replay.release(*slot)?,
            Event::Frame(frame) => replay.frame(frame)?,
        }
    }
    replay.deliver(true)
}

/// A replay under way.
struct Replay<'a> {
    capture: &'a Capture,
    stream: &'a [u8],
    executor: &'a mut Executor,
    /// The surface that each slot holds.
    slots: BTreeMap<i32, SurfaceId>,
    /// The sequence header in force, as it was handed over and as a header.
    sequence: Option<(SequenceHeader, Arc<syntax::sequence::SequenceHeader>)>,
    next: u64,
    each: &'a mut dyn FnMut(Replayed),
}

fn no_header(frame: &Frame, what: &str) -> Error {
    let what = format!("frame {}: {what} that no header has", frame.number);
    Unsupported::Device { device: "replay".to_owned(), what }.into()
}

impl Replay<'_> {
    fn reset(&mut self) -> Result<()> {
        let all: Vec<i32> = self.slots.keys().copied().collect();
        all.into_iter().try_for_each(|slot| self.release(slot))?;
        match self.sequence {
            Some(_) => self.executor.reset_session(),
            // A new session begins with one anyway.
            None => Ok(()),
        }
    }

    fn release(&mut self, slot: i32) -> Result<()> {
        match self.slots.remove(&slot) {
            Some(surface) => self.executor.execute(&Step::Release(surface)),
            None => Ok(()),
        }
    }

    /// A sequence header that is new.
    fn configure(&mut self, frame: &Frame) -> Result<()> {
        let given = frame.sequence.and_then(|number| self.capture.sequences.get(&number));
        let given = given.ok_or_else(|| no_header(frame, "no sequence header, and that is one"))?;
        if self.sequence.as_ref().is_some_and(|(known, _)| known == given) {
            return Ok(());
        }
        let header = back::sequence_header(given).map_err(|what| no_header(frame, what))?;
        let sequence = Arc::new(header);
        self.slots.clear();
        self.sequence = Some((given.clone(), Arc::clone(&sequence)));
        self.executor.execute(&Step::Configure(SessionSpec { sequence, seq_level_idx: 0 }))
    }

    fn frame(&mut self, frame: &Frame) -> Result<()> {
        let (Some(info), None) = (&frame.info, &frame.unread) else { return Ok(()) };
        self.configure(frame)?;
        let header =
            back::frame_header(info, frame.dst.extent).map_err(|what| no_header(frame, what))?;
        let setup = frame.setup.as_ref().map(|setup| setup.index);
        let surface = SurfaceId(frame.number);
        let held = |slot: &i32| self.slots.get(slot).copied();
        let plan = FramePlan {
            unit: frame.number,
            frame: frame.number,
            surface,
            header: Arc::new(header),
            references: frame.names.each_ref().map(held),
            replaced: None,
            temporal_id: 0,
            spatial_id: 0,
            is_doubtful: false,
            bitstream: self.bitstream(frame),
        };
        if let Some(slot) = setup {
            self.release(slot)?;
        }
        let listed = frame.references.iter().filter_map(|slot| {
            Some((slot.index, slot.resource.as_ref()?.extent, slot.std.clone()?))
        });
        let own = frame.setup.as_ref();
        let handed = Handed {
            info: info.clone(),
            extent: frame.dst.extent,
            setup: own.map(|setup| (setup.index, setup.std.clone().unwrap_or_default())),
            references: listed.collect(),
            names: frame.names,
        };
        self.executor.give(frame.number, handed);
        self.executor.execute(&Step::Decode(Box::new(plan)))?;
        let unit = frame.number;
        let show =
            ShowPlan { surface, unit, pts: None, show_existing_frame: false, is_doubtful: false };
        self.executor.execute(&Step::Show(show))?;
        match setup.filter(|_| info.refresh_frame_flags != 0) {
            Some(slot) => {
                self.slots.insert(slot, surface);
            }
            None => self.executor.execute(&Step::Release(surface))?,
        }
        self.deliver(false)
    }

    /// The bytes of the tiles where they were in the application's range; others are 0.
    fn bitstream(&self, frame: &Frame) -> Bitstream {
        let places = frame.obu.as_ref().map(|(_, _, tiles)| tiles.as_slice()).unwrap_or_default();
        let spans = || frame.tile_offsets.iter().zip(&frame.tile_sizes);
        let end = spans().map(|(offset, size)| offset.saturating_add(*size) as usize).max();
        let mut unit = vec![0; end.unwrap_or(0)];
        for ((offset, size), place) in spans().zip(places) {
            let (offset, size, place) = (*offset as usize, *size as usize, *place as usize);
            let from = self.stream.get(place..place.saturating_add(size));
            if let (Some(from), Some(to)) = (from, unit.get_mut(offset..offset + size)) {
                to.copy_from_slice(from);
            }
        }
        Bitstream {
            range: 0..unit.len(),
            unit: unit.into(),
            frame_header_offset: frame.bitstream.2,
            tile_offsets: frame.tile_offsets.clone(),
            tile_sizes: frame.tile_sizes.clone(),
        }
    }

    fn deliver(&mut self, wait: bool) -> Result<()> {
        if wait {
            self.executor.drain()?;
        }
        while let Some(output) = self.executor.next_output(wait)? {
            let Output { frame, picture, status, pending_grain, sequence, .. } = output;
            let picture = picture.into_host()?;
            let picture = match &pending_grain {
                Some(params) => grain::apply(&picture, params, &sequence.color_config),
                None => picture,
            };
            self.next = frame + 1;
            (self.each)(Replayed { frame, md5: md5_hex(&picture.data), status });
        }
        self.executor.take_failed();
        Ok(())
    }
}
