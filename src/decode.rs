//! The loop that joins the layers: source -> planner -> executor -> grain -> sink.

use crate::container::Source;
use crate::error::{Error, Result, StreamError, StreamFault};
use crate::grain;
use crate::pixels::Picture;
use crate::plan::Step;
use crate::plan::planner::{Planner, PlannerOptions};
use crate::sink::{Shown, Sink, StreamInfo};
use crate::syntax::frame::FrameType;
use crate::vk::{DecodeStatus, Executor, FailedFrame, Output};

/// What to decode, and which part of it to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Operating point, layers, budgets.
    pub planner: PlannerOptions,
    /// Output pictures to pass over at the start. They are decoded all the same.
    pub skip: u64,
    /// Output pictures to deliver after those; `None` for all.
    pub limit: Option<u64>,
    /// Apply the film grain that the driver has left to us.
    pub film_grain: bool,
}

impl Default for Options {
    /// Everything, with film grain.
    fn default() -> Self {
        Self { planner: PlannerOptions::default(), skip: 0, limit: None, film_grain: true }
    }
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
    let mut run = Run::new(source.info().time_base, options);
    let worked = run.units(source, executor, sink);
    let finished = sink.finish();
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
    /// Decoding indices of the frames at which decoding can start.
    key_frames: Vec<u64>,
    /// Key frame whose followers are not delivered, since one of them is damaged.
    damaged: Option<usize>,
    /// The first damaged frame, in decoding order.
    first_damaged: Option<u64>,
    shown: u64,
    begun: bool,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

impl Run {
    fn new(time_base: Option<(u32, u32)>, options: Options) -> Self {
        Self {
            options,
            planner: Planner::new(options.planner),
            summary: Summary::default(),
            time_base: time_base.unwrap_or((1, 25)),
            key_frames: Vec::new(),
            damaged: None,
            first_damaged: None,
            shown: 0,
            begun: false,
        }
    }

    fn units(
        &mut self,
        source: &mut dyn Source,
        executor: &mut Executor,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut steps = Vec::new();
        let mut flow = Flow::Continue;
        while flow == Flow::Continue && !self.done() {
            let unit = match source.next_unit() {
                Ok(Some(unit)) => unit,
                Ok(None) => break,
                Err(error) => {
                    self.fault(error, &mut steps, executor)?;
                    break;
                }
            };
            self.summary.units += 1;
            let planned = self.planner.unit(&unit, &mut steps);
            self.note_key_frames(&steps);
            flow = self.steps(&mut steps, executor, sink)?;
            if let Err(error) = planned {
                flow = if matches!(error, Error::Stream(_)) { flow } else { Flow::Stop };
                self.fault(error, &mut steps, executor)?;
            }
        }
        self.planner.finish(&mut steps);
        if flow == Flow::Continue {
            self.steps(&mut steps, executor, sink)?;
        }
        executor.drain()?;
        self.outputs(true, &mut steps, executor, sink)
    }

    fn done(&self) -> bool {
        let Options { skip, limit, .. } = self.options;
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
            for failed in executor.take_failed() {
                self.failed(failed, steps);
            }
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

    /// Takes note of the frames in `steps` at which decoding can start.
    fn note_key_frames(&mut self, steps: &[Step]) {
        for step in steps {
            if let Step::Decode(plan) = step
                && plan.header.frame_type == FrameType::Key
                && plan.header.refresh_frame_flags == 0xff
            {
                self.key_frames.push(plan.frame);
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
        for failed in executor.take_failed() {
            self.failed(failed, steps);
        }
        self.summary.fault(error);
        Ok(())
    }

    /// Index of the key frame that decoding of `frame` started at, from 1.
    fn group(&self, frame: u64) -> usize {
        self.key_frames.partition_point(|key| *key <= frame)
    }

    /// The driver could not decode a frame: what follows it up to the next key frame is damaged.
    fn failed(&mut self, failed: FailedFrame, steps: &mut Vec<Step>) {
        let group = self.group(failed.frame);
        if self.damaged == Some(group) {
            return;
        }
        self.damaged = Some(group);
        self.first_damaged = Some(failed.frame);
        // If it is heard of after a later key frame was planned, no reference of now is damaged.
        if group == self.key_frames.len() {
            self.planner.lose_references(steps);
        }
        let fault = StreamError::new(StreamFault::DecodeStatus { status: failed.status });
        self.summary.fault(fault.in_unit(failed.unit).into());
    }

    /// Gives `output` to `sink`; a picture that is not needed any more, if there is one.
    fn output(&mut self, output: Output, sink: &mut dyn Sink) -> Result<Option<Picture>> {
        // What is shown after a failed decode is damaged, or could be.
        let failed = matches!(output.status, DecodeStatus::Error(_));
        if failed
            || self.first_damaged.is_some_and(|first| {
                output.newest >= first && self.damaged == Some(self.group(output.newest))
            })
        {
            return Ok(Some(output.picture));
        }
        if self.done() {
            return Ok(Some(output.picture));
        }
        let index = self.shown;
        self.shown += 1;
        if index < self.options.skip {
            return Ok(Some(output.picture));
        }
        if !self.begun {
            self.begun = true;
            sink.begin(&self.stream_info(&output))?;
        }
        let picture = match &output.pending_grain {
            Some(params) if self.options.film_grain => {
                grain::apply(&output.picture, params, &output.sequence.color_config)
            }
            _ => output.picture,
        };
        let done = sink.take(Shown { picture, index, pts: output.show.pts })?;
        self.summary.pictures += 1;
        Ok(done)
    }

    fn stream_info(&self, output: &Output) -> StreamInfo {
        let size = &output.header.frame_size;
        let color = &output.sequence.color_config;
        StreamInfo {
            time_base: self.time_base,
            width: output.picture.width,
            height: output.picture.height,
            render_size: (size.render_width, size.render_height),
            chroma_sample_position: color.chroma_sample_position,
            color_range: color.color_range,
            format: output.picture.format,
        }
    }
}
