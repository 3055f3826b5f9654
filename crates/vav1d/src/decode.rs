//! The loop that joins the layers: source -> planner -> executor -> grain -> sink.

pub use crate::film_grain::{Applier, FilmGrain};

use crate::container::{self, Source, SourceInfo};
use crate::decoding::{Damage, Decoding, Event, Flow};
use crate::error::{Error, Result, StreamError, StreamFault};
use crate::grain::Clock;
use crate::grid::Assembler;
use crate::plan::planner::PlannerOptions;
use crate::sink::{Begun, Shown, Sink, StreamInfo, Wants};
use crate::syntax::sequence::TimingInfo;
use crate::vk::render::GrainSynthesizer;
use crate::vk::{DecodedPicture, Executor, Output};

/// What to decode, and which part of it to deliver.
#[derive(Debug, Default)]
pub struct Options {
    /// Operating point, layers, budgets.
    pub planner: PlannerOptions,
    /// Output pictures to pass over at the start. They are decoded all the same.
    pub skip: u64,
    /// Output pictures to deliver after those; `None` for all.
    pub limit: Option<u64>,
    /// Pictures of frames that the driver reports as failed are delivered as well, and those after
    /// them; the fault is in the summary all the same.
    pub keep_failed: bool,
    /// The film grain.
    pub film_grain: FilmGrain,
    /// The device that makes it; `None` for the host.
    pub synthesizer: Option<Box<GrainSynthesizer>>,
}

/// What became of a stream.
#[derive(Debug, Default)]
pub struct Summary {
    /// Temporal units read.
    pub units: u64,
    /// Frames submitted for decoding.
    pub frames: u64,
    /// Pictures delivered to the sink.
    pub pictures: u64,
    /// What was wrong, in the order of discovery; at most [`Summary::MAX_FAULTS`] are kept.
    pub faults: Vec<Error>,
    /// How many faults there were.
    pub n_faults: u64,
    /// What is not allowed and was coped with.
    pub deviations: Vec<StreamError>,
    /// Pictures delivered that may be wrong, since frames before them are missing in the container.
    pub doubtful: Doubtful,
}

/// Pictures that may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubtful {
    /// How many there are.
    pub pictures: u64,
    /// The temporal units of the first and the last.
    pub units: Option<(u64, u64)>,
}

impl Doubtful {
    fn add(&mut self, unit: u64) {
        self.pictures += 1;
        self.units = Some((self.units.map_or(unit, |(first, _)| first), unit));
    }
}

impl Summary {
    /// Faults that are kept of one stream.
    pub const MAX_FAULTS: usize = 32;

    fn fault(&mut self, error: Error) {
        log::debug!("fault: {error}");
        self.n_faults += 1;
        if self.faults.len() < Self::MAX_FAULTS {
            self.faults.push(error);
        }
    }
}

/// Decodes `source` with `executor` and gives every output picture to `sink`, in output order.
/// The sink is finished in any case.
///
/// Faults of the stream do not end the work: decoding goes on at the next key frame, and the
/// fault is in the summary. What cannot be supported, a limit that was reached and an unreadable
/// source end it; they are in the summary too, after everything before them was delivered.
///
/// # Errors
/// A fault of the machine: the sink could not be written, or the driver failed.
pub fn decode(
    source: &mut dyn Source,
    executor: &mut Executor,
    sink: &mut dyn Sink,
    options: Options,
) -> Result<Summary> {
    let mut run = Run::new(source.info(), options);
    executor.leave_unread(sink.wants() != Wants::Pictures);
    executor.keep_busy(sink.wants() == Wants::Parts);
    executor.leave_core(sink.keeps_core());
    let worked = run.units(source, executor, sink);
    let finished = sink.finish();
    worked?;
    finished?;
    Ok(run.summary)
}

/// The state of one call of [`decode`].
struct Run {
    options: Options,
    summary: Summary,
    time_base: (u32, u32),
    frame_rate: Option<(u32, u32)>,
    shown: u64,
    clock: Clock,
    begun: bool,
    /// Whether the sink gets pictures in parts, once there is one.
    in_parts: Option<bool>,
    /// What puts pictures together that are parts of one.
    assembler: Option<Assembler>,
}

impl Run {
    fn new(source: SourceInfo, options: Options) -> Self {
        let time_base = source.time_base;
        Self {
            options,
            summary: Summary::default(),
            time_base: time_base.unwrap_or(Clock::DEFAULT_TIME_BASE),
            frame_rate: source.frame_rate,
            shown: 0,
            clock: Clock::new(time_base),
            begun: false,
            in_parts: None,
            assembler: source.grid.map(Assembler::new),
        }
    }

    fn units(
        &mut self,
        source: &mut dyn Source,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let Options { planner, keep_failed, .. } = self.options;
        let damage = if keep_failed { Damage::only_told() } else { Damage::default() };
        let mut decoding = Decoding::new(planner, damage);
        let worked = self.decode(&mut decoding, source, executor, sink);
        (self.summary.units, self.summary.frames) = (decoding.units(), decoding.frames());
        self.summary.deviations = decoding.deviations().to_vec();
        worked
    }

    fn decode(
        &mut self,
        decoding: &mut Decoding,
        source: &mut dyn Source,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut take =
            |run: &mut Self, event, executor: &mut Executor| run.take(event, executor, sink);
        while !self.done() && !decoding.is_ended() {
            let read = source.next_unit().map_err(Error::from);
            decoding.advance(read, executor, &mut |event, e| take(self, event, e))?;
        }
        match decoding.is_ended() {
            true => decoding.nothing().into_iter().for_each(|fault| self.summary.fault(fault)),
            false => decoding.stop(executor, &mut |event, e| take(self, event, e))?,
        }
        Ok(())
    }

    fn take(&mut self, event: Event, executor: &mut Executor, sink: &mut dyn Sink) -> Result<Flow> {
        match event {
            Event::Picture(output) => {
                if let Some(picture) = self.output(*output, sink)? {
                    executor.reuse(picture);
                }
            }
            Event::Spoiled(output) => executor.reuse(output.picture),
            Event::Fault(fault) => self.summary.fault(fault),
        }
        Ok(if self.done() { Flow::Stop } else { Flow::Continue })
    }

    fn done(&self) -> bool {
        let Options { skip, limit, .. } = &self.options;
        limit.is_some_and(|limit| self.shown >= skip.saturating_add(limit))
    }

    /// Gives `output` to `sink`; a picture that is not needed any more, if there is one.
    fn output(&mut self, output: Output, sink: &mut dyn Sink) -> Result<Option<DecodedPicture>> {
        if self.done() {
            return Ok(Some(output.picture));
        }
        let at = self.clock.frame(output.show.pts);
        let index = self.shown;
        if self.assembler.is_none() {
            self.shown += 1;
            if index < self.options.skip {
                return Ok(Some(output.picture));
            }
        }
        if output.show.is_doubtful {
            self.summary.doubtful.add(output.show.unit);
        }
        let (info, pts) = (self.stream_info(&output), output.show.pts);
        let synthesizer = self.options.synthesizer.as_deref_mut();
        let picture = self.options.film_grain.apply(output, at, synthesizer)?;
        if self.is_in_parts(&picture, index, sink) {
            self.parts(&picture, (index, pts), &info, sink)?;
            return Ok(Some(picture));
        }
        let picture = picture.into_host()?;
        let picture = match &mut self.assembler {
            None => picture,
            Some(assembler) => match assembler.add(&picture) {
                Ok(None) => return Ok(Some(picture.into())),
                Ok(Some(whole)) => {
                    self.shown += 1;
                    whole
                }
                Err(what) => {
                    let fault = StreamError::new(StreamFault::Rule(what));
                    self.summary.fault(fault.section("ISO/IEC 23008-12, 6.6.2.3").into());
                    return Ok(Some(picture.into()));
                }
            },
        };
        if index < self.options.skip {
            return Ok(Some(picture.into()));
        }
        if !self.begun {
            self.begun = true;
            sink.begin(&info)?;
        }
        let done = sink.take(Shown { picture, index, pts })?;
        self.summary.pictures += 1;
        Ok(done.map(DecodedPicture::from))
    }

    /// Whether the sink gets pictures in parts: all or none of them, as the first is.
    fn is_in_parts(&mut self, picture: &DecodedPicture, index: u64, sink: &dyn Sink) -> bool {
        if index < self.options.skip {
            return false;
        }
        let unread = picture.host().is_none() && self.assembler.is_none();
        *self.in_parts.get_or_insert(unread && sink.wants() != Wants::Pictures)
    }

    /// Gives the sink a picture in parts.
    fn parts(
        &mut self,
        picture: &DecodedPicture,
        (index, pts): (u64, Option<i64>),
        info: &StreamInfo,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            sink.begin_parts(info)?;
        }
        let (format, size) = (picture.format(), picture.size());
        sink.start(&Begun { index, pts, format, size })?;
        if sink.wants() == Wants::Parts {
            picture.parts(&mut |bytes| Ok(sink.part(bytes)?))?;
        }
        self.summary.pictures += 1;
        Ok(())
    }

    fn stream_info(&self, output: &Output) -> StreamInfo {
        let size = &output.header.frame_size;
        let color = &output.sequence.color_config;
        let coded = output.sequence.timing_info.and_then(frame_rate);
        let (seconds, ticks) = self.time_base;
        let grid = self.assembler.as_ref().map(Assembler::size);
        let (width, height) = grid.unwrap_or(output.picture.size());
        StreamInfo {
            time_base: self.time_base,
            // Without a word of it pictures are a tick apart.
            frame_rate: self.frame_rate.or(coded).unwrap_or((ticks, seconds)),
            width,
            height,
            render_size: grid.unwrap_or((size.render_width, size.render_height)),
            chroma_sample_position: color.chroma_sample_position,
            color_range: color.color_range,
            format: output.picture.format(),
        }
    }
}

/// Pictures a second by `timing_info()` (5.5.3), if all last as long.
fn frame_rate(timing: TimingInfo) -> Option<(u32, u32)> {
    let ticks = u64::from(timing.num_ticks_per_picture_minus_1?) + 1;
    let units = ticks.checked_mul(timing.num_units_in_display_tick.into())?;
    container::rate(timing.time_scale.into(), units)
}

#[cfg(all(test, feature = "soft"))]
mod tests;
