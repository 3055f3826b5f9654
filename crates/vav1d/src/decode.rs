//! The loop that joins the layers: source -> planner -> executor -> grain -> sink.

mod damage;

use std::sync::Arc;

pub use damage::Damage;

use crate::container::{self, Source, SourceInfo};
use crate::error::{Error, Result, StreamError, StreamFault};
use crate::grain::{self, Clock, FrameTime, Override};
use crate::grid::Assembler;
use crate::pixels::Picture;
use crate::plan::Step;
use crate::plan::planner::{Planner, PlannerOptions};
use crate::sink::{Shown, Sink, StreamInfo};
use crate::syntax::sequence::TimingInfo;
use crate::vk::render::GrainSynthesizer;
use crate::vk::{DecodedPicture, Executor, Output};

/// The film grain that pictures get here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilmGrain {
    /// None.
    Off,
    /// The stream's own, where the driver has left it to us.
    #[default]
    Stream,
    /// Another. The executor's [`GrainMode`](crate::vk::GrainMode) is `None` then, so that the
    /// driver applies no grain.
    Override(Arc<Override>),
}

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
    let worked = run.units(source, executor, sink);
    let finished = sink.finish();
    run.summary.deviations = run.planner.deviations().to_vec();
    worked?;
    finished?;
    Ok(run.summary)
}

/// The state of one call of [`decode`].
struct Run {
    options: Options,
    planner: Planner,
    summary: Summary,
    time_base: (u32, u32),
    frame_rate: Option<(u32, u32)>,
    damage: Damage,
    shown: u64,
    clock: Clock,
    begun: bool,
    /// What puts pictures together that are parts of one.
    assembler: Option<Assembler>,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

impl Run {
    fn new(source: SourceInfo, options: Options) -> Self {
        let time_base = source.time_base;
        let keeps = options.keep_failed;
        Self {
            planner: Planner::new(options.planner),
            options,
            summary: Summary::default(),
            time_base: time_base.unwrap_or(Clock::DEFAULT_TIME_BASE),
            frame_rate: source.frame_rate,
            damage: if keeps { Damage::only_told() } else { Damage::default() },
            shown: 0,
            clock: Clock::new(time_base),
            begun: false,
            assembler: source.grid.map(Assembler::new),
        }
    }

    fn units(
        &mut self,
        source: &mut dyn Source,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut steps = Vec::new();
        let (mut flow, mut is_at_end) = (Flow::Continue, false);
        while flow == Flow::Continue && !self.done() {
            let unit = match source.next_unit().map_err(Error::from) {
                Ok(Some(unit)) => unit,
                Ok(None) => {
                    is_at_end = true;
                    break;
                }
                Err(error) => {
                    let goes_on = self.planner.lose(error.stream(), &mut steps);
                    self.fault(error, &mut steps, executor)?;
                    flow = self.steps(&mut steps, executor, sink)?;
                    if goes_on { continue } else { break }
                }
            };
            self.summary.units += 1;
            let planned = self.planner.unit(&unit, &mut steps).map_err(Error::from);
            self.damage.note(&steps);
            flow = self.steps(&mut steps, executor, sink)?;
            if let Err(error) = planned {
                flow = if matches!(error, Error::Stream(_)) { flow } else { Flow::Stop };
                self.fault(error, &mut steps, executor)?;
            }
        }
        let finished = self.planner.finish(&mut steps).map_err(Error::from);
        if flow == Flow::Continue {
            self.steps(&mut steps, executor, sink)?;
        }
        let nothing = || self.summary.units > 0 && self.summary.frames + self.summary.n_faults == 0;
        match finished {
            Err(error) if is_at_end => self.fault(error, &mut steps, executor)?,
            Ok(()) if is_at_end && nothing() => {
                let what = "there is no frame that decoding can begin with";
                let fault = StreamError::new(StreamFault::Rule(what)).section("7.6");
                self.fault(fault.into(), &mut steps, executor)?;
            }
            _ => {}
        }
        executor.drain()?;
        self.outputs(true, &mut steps, executor, sink)
    }

    fn done(&self) -> bool {
        let Options { skip, limit, .. } = &self.options;
        limit.is_some_and(|limit| self.shown >= skip.saturating_add(limit))
    }

    fn steps(
        &mut self,
        steps: &mut Vec<Step>,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<Flow> {
        let mut lost = Vec::new();
        for step in steps.drain(..) {
            if let Step::Decode(_) = &step {
                self.summary.frames += 1;
            }
            match executor.execute(&step) {
                Ok(()) => self.planner.recycle(step),
                Err(error @ (Error::Unsupported(_) | Error::Limit(_))) => {
                    self.fault(error, &mut lost, executor)?;
                    return Ok(Flow::Stop);
                }
                Err(error) => {
                    self.rescue(executor, sink, &error);
                    return Err(error);
                }
            }
            self.outputs(false, &mut lost, executor, sink)?;
            if self.done() {
                return Ok(Flow::Stop);
            }
        }
        steps.append(&mut lost);
        Ok(Flow::Continue)
    }

    /// Delivers what was decoded before the driver failed with `error`, as far as it answers.
    fn rescue(&mut self, executor: &mut Executor, sink: &mut dyn Sink, error: &Error) {
        if matches!(error, Error::Device(device) if device.is_lost()) {
            return;
        }
        if let Err(second) = self.outputs(true, &mut Vec::new(), executor, sink) {
            log::warn!("after {error}: {second}");
        }
    }

    fn outputs(
        &mut self,
        wait: bool,
        steps: &mut Vec<Step>,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        loop {
            let output = executor.next_output(wait)?;
            self.take_failed(steps, executor);
            match output {
                Some(output) => {
                    if let Some(picture) = self.output(output, sink)? {
                        executor.reuse(picture);
                    }
                }
                None => return Ok(()),
            }
        }
    }

    /// Takes note of the frames that the driver could not decode.
    fn take_failed(&mut self, steps: &mut Vec<Step>, executor: &mut Executor) {
        for failed in executor.take_failed() {
            if let Some(fault) = self.damage.failed(failed, &mut self.planner, steps) {
                self.summary.fault(fault);
            }
        }
    }

    /// Takes note of a fault, after those of the decodes before it: the order of faults does not
    /// depend on time.
    fn fault(
        &mut self,
        error: Error,
        steps: &mut Vec<Step>,
        executor: &mut Executor,
    ) -> Result<()> {
        executor.drain()?;
        self.take_failed(steps, executor);
        self.summary.fault(error);
        Ok(())
    }

    /// Gives `output` to `sink`; a picture that is not needed any more, if there is one.
    fn output(&mut self, output: Output, sink: &mut dyn Sink) -> Result<Option<DecodedPicture>> {
        if self.damage.spoils(&output) || self.done() {
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
        let (info, pts) = (self.stream_info(&output), output.show.pts);
        let picture = self.with_grain(output, at)?;
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

    /// The picture of `output` with its film grain.
    fn with_grain(&mut self, output: Output, at: FrameTime) -> Result<Picture> {
        let color = &output.sequence.color_config;
        let picture = output.picture.into_host()?;
        let size = (picture.width, picture.height);
        let params = match &self.options.film_grain {
            FilmGrain::Off => None,
            FilmGrain::Stream => output.pending_grain,
            FilmGrain::Override(other) => other.params(at, size, color),
        };
        Ok(match (params, &mut self.options.synthesizer) {
            (None, _) => picture,
            (Some(params), None) => grain::apply(&picture, &params, color),
            (Some(params), Some(device)) => {
                let pass = grain::shader_pass(picture.format, size, &params, color);
                device.apply(&picture, &pass)?
            }
        })
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
