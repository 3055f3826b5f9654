//! A stream that is being played: its source, its planner and its executor, and the pictures that
//! come of them with their times and numbers.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::head::{Head, Timing};
use super::index::{AccessPoint, Index};
use super::scan::Scanner;
use super::{Frame, StreamInfo, Target};
use crate::container::{Position, Source, TemporalUnit};
use crate::decode::Damage;
use crate::error::{Error, Result, StreamError, StreamFault};
use crate::grain;
use crate::pixels::Assembler;
use crate::plan::Step;
use crate::plan::planner::{Planner, PlannerOptions};
use crate::syntax::metadata::Metadata;
use crate::vk::{Executor, Output};

/// How long the start of a stream may be held up in order to know its duration.
const SCAN: Duration = Duration::from_millis(100);

/// Pictures before one that is sought that are kept: those of steps back.
const KEPT: u64 = 8;

/// Near the end of a stream nothing is passed over: headers are not exact.
const NEAR_END: Duration = Duration::from_secs(1);

/// What comes of decoding.
#[derive(Debug)]
pub(super) enum Item {
    Frame(Box<Frame>),
    /// The first picture of what is passed over.
    Preview(Box<Frame>),
    /// Pictures were passed over: the next does not follow the last.
    Gap,
    /// Something is wrong with the stream.
    Fault(Error),
}

/// A unit whose pictures are on their way.
#[derive(Debug)]
struct Unit {
    unit: u64,
    time: Option<Duration>,
    /// Number of its next picture.
    outputs: u64,
    metadata: Arc<[Metadata]>,
    /// When it was given to the device, and how long there had been nothing to do until then.
    given: Instant,
    idle: Duration,
}

/// See the module.
pub(super) struct Stream {
    source: Box<dyn Source>,
    executor: Executor,
    planner: Planner,
    options: PlannerOptions,
    damage: Damage,
    pub(super) info: Arc<StreamInfo>,
    start: Option<Position>,
    index: Option<Index>,
    /// Units that were read, and not planned.
    ahead: VecDeque<TemporalUnit>,
    under_way: VecDeque<Unit>,
    scanner: Scanner,
    /// See [`Frame::metadata`].
    metadata: Arc<[Metadata]>,
    counts_units: bool,
    /// What puts pictures together that are parts of one.
    assembler: Option<Assembler>,
    /// Pictures before the next unit.
    outputs: u64,
    /// The unit after the last one.
    next_unit: u64,
    timing: Timing,
    /// Whether frames are numbered from the start of the stream.
    knows_frames: bool,
    /// The newest picture, until the time of the next one is known.
    held: Option<Box<Frame>>,
    /// How long there was nothing to do.
    pub(super) idle: Duration,
    ended: bool,
    /// What is before it is decoded, and not looked at; and whether some of it was.
    sought: Option<Target>,
    has_begun: bool,
    /// Whether the last picture is one that was passed over.
    pub(super) has_passed: bool,
    /// The last unit that was passed over.
    last_passed: u64,
    /// Something was wrong since decoding began.
    is_damaged: bool,
    /// Whether decoding began with the stream's first unit.
    pub(super) from_start: bool,
    /// What ends the stream, once everything before it was delivered.
    last_fault: Option<Error>,
}

impl Stream {
    /// Reads the head of `source`, which is entry `entry` of the playlist and called `name`.
    ///
    /// # Errors
    /// The source cannot be read, or has no frame that decoding can begin with.
    pub(super) fn open(
        mut source: Box<dyn Source>,
        mut executor: Executor,
        options: PlannerOptions,
        (entry, name): (usize, &str),
    ) -> Result<Self> {
        let start = source.position();
        if start.is_none() {
            // What is shown cannot be decoded again, and of images few are kept.
            executor.keep_nothing_on_device();
        }
        let head = Head::read(&mut *source, options)?;
        let mut info = head.info(&*source, (entry, name), start.is_some());
        let counts_units = head.shows_one_each && Index::counts_units(&*source, &options);
        let mut index = start.map(|start| Index::new(start, options, &*source, counts_units));
        let timing = head.timing(&info);
        if let Some(index) = index.as_mut().filter(|_| !source.has_index()) {
            let begun = Instant::now();
            let last = index.last(&mut *source, &|| begun.elapsed() > SCAN)?;
            let whole = last.map(|(pts, outputs)| timing.time(pts, outputs) + info.interval);
            info.duration = whole.or(info.duration);
        }
        let info = Arc::new(info);
        Ok(Self {
            planner: Planner::new(options),
            options,
            damage: Damage::default(),
            start,
            index,
            timing,
            ahead: head.units,
            last_fault: head.fault,
            under_way: VecDeque::new(),
            scanner: Scanner::new(options),
            metadata: Arc::default(),
            counts_units,
            assembler: source.info().grid.map(Assembler::new),
            outputs: 0,
            next_unit: 0,
            knows_frames: true,
            held: None,
            idle: Duration::ZERO,
            ended: false,
            sought: None,
            has_begun: false,
            has_passed: false,
            last_passed: 0,
            is_damaged: false,
            from_start: true,
            info,
            source,
            executor,
        })
    }

    /// Whether there is no more.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// The number of the next picture to be decoded.
    pub(super) fn next_output(&self) -> u64 {
        self.outputs
    }

    /// Decodes with `executor` from now on, once it has been restarted.
    pub(super) fn set_executor(&mut self, executor: Executor) {
        self.executor = executor;
    }

    /// Access points up to the first that is after `target`, the start of the stream first; those
    /// that are known if `is_asked` says that something else is wanted.
    ///
    /// # Errors
    /// The source cannot be read, or gone back in.
    pub(super) fn access_points(
        &mut self,
        target: Target,
        is_asked: &dyn Fn() -> bool,
    ) -> Result<&[AccessPoint]> {
        let Some(index) = &mut self.index else { return Ok(&[]) };
        let timing = self.timing;
        let is_beyond = |point: &AccessPoint| match target {
            Target::Time(time) => timing.time(point.pts, point.outputs) > time,
            Target::Index(index) => point.outputs > index,
        };
        index.up_to(&mut *self.source, is_beyond, is_asked)
    }

    /// Decodes on from `point`; what was under way is dropped.
    ///
    /// # Errors
    /// The source cannot be gone back in, or the device fails.
    pub(super) fn restart(&mut self, point: &AccessPoint) -> Result<()> {
        let mut steps = Vec::new();
        self.from_start = Some(point.position) == self.start;
        if self.from_start {
            self.planner.restart(0, &mut steps);
            self.planner = Planner::new(self.options);
            self.scanner = Scanner::new(self.options);
        } else {
            self.planner.restart(point.frames.unwrap_or(0), &mut steps);
            self.scanner.restart();
        }
        for step in steps.drain(..) {
            self.executor.execute(&step)?;
        }
        self.executor.drain()?;
        while let Some(output) = self.executor.next_output(true)? {
            self.executor.reuse(output.picture);
        }
        self.executor.take_failed();
        self.source.seek(point.position)?;
        self.damage = Damage::default();
        self.ahead.clear();
        self.under_way.clear();
        self.held = None;
        self.assembler = self.source.info().grid.map(Assembler::new);
        self.last_fault = None;
        (self.ended, self.is_damaged) = (false, false);
        (self.has_begun, self.has_passed, self.last_passed) = (false, false, 0);
        (self.outputs, self.next_unit) = (point.outputs, point.position.unit);
        self.knows_frames = point.frames.is_some();
        Ok(())
    }

    /// Decodes one unit more, and appends what has come of it and those before to `items`.
    ///
    /// # Errors
    /// The device fails. A fault of the stream is an item; what cannot be supported and a limit that
    /// is reached are items too, and end the stream.
    pub(super) fn advance(&mut self, items: &mut Vec<Item>) -> Result<()> {
        let mut steps = Vec::new();
        let unit = match self.ahead.pop_front() {
            Some(unit) => Ok(Some(unit)),
            None => match self.last_fault.take() {
                Some(fault) => Err(fault),
                None => self.source.next_unit(),
            },
        };
        match unit {
            Ok(Some(mut unit)) => {
                let before = self.outputs;
                self.note(&unit);
                let is_passed_over = self.is_passed_over();
                unit.is_hidden |= is_passed_over;
                if self.outputs > before {
                    self.has_passed = is_passed_over;
                }
                if is_passed_over {
                    self.last_passed = unit.index;
                }
                let planned = self.planner.unit(&unit, &mut steps);
                self.damage.note(&steps);
                self.execute(&mut steps, items)?;
                if let Err(fault) = planned {
                    self.ended |= !matches!(fault, Error::Stream(_));
                    self.fault(fault, &mut steps, items)?;
                }
            }
            Ok(None) => self.ended = true,
            Err(fault) => {
                self.ended = !self.planner.lose(&fault, &mut steps);
                self.fault(fault, &mut steps, items)?;
            }
        }
        // What is given up after a fault.
        self.execute(&mut steps, items)?;
        if self.ended {
            let finished = self.planner.finish(&mut steps);
            self.execute(&mut steps, items)?;
            if let Err(fault) = finished {
                self.fault(fault, &mut steps, items)?;
            }
            self.executor.drain()?;
            self.outputs(true, &mut steps, items)?;
            self.release(items);
        }
        Ok(())
    }

    /// Pictures before `target` are decoded for others' sake, from now on.
    pub(super) fn seek(&mut self, target: Option<Target>) {
        self.sought = target;
    }

    /// Whether nobody looks at the pictures of the last unit: not those right before what is sought,
    /// for steps back, nor the first, to be looked at meanwhile.
    fn is_passed_over(&self) -> bool {
        // Of what can be read once, pictures are all that one can go back to.
        let may_pass = self.has_begun && self.start.is_some();
        let Some(unit) = self.under_way.back().filter(|_| may_pass) else { return false };
        let time = unit.time.unwrap_or_else(|| self.timing.time(None, unit.outputs));
        let kept = time.saturating_add(self.info.interval.saturating_mul(KEPT as u32));
        // What is sought may be beyond the end.
        let is_early = self.info.duration.is_none_or(|whole| kept + NEAR_END < whole);
        is_early
            && match self.sought {
                Some(Target::Index(index)) => self.outputs.saturating_add(KEPT) < index,
                Some(Target::Time(sought)) => kept < sought,
                None => false,
            }
    }

    /// Takes note of a unit that is given to the device.
    fn note(&mut self, unit: &TemporalUnit) {
        let facts = self.scanner.unit(unit);
        if !facts.metadata.is_empty() {
            self.metadata = replaced(&self.metadata, facts.metadata);
        }
        self.outputs += match self.counts_units {
            true => unit.index.saturating_sub(self.next_unit),
            false => facts.before,
        };
        self.next_unit = unit.index + 1;
        self.under_way.push_back(Unit {
            unit: unit.index,
            time: unit.pts.map(|pts| self.timing.time(Some(pts), self.outputs)),
            outputs: self.outputs,
            metadata: Arc::clone(&self.metadata),
            given: Instant::now(),
            idle: self.idle,
        });
        self.outputs += match self.counts_units {
            true => u64::from(!unit.is_hidden),
            false => facts.outputs,
        };
    }

    fn execute(&mut self, steps: &mut Vec<Step>, items: &mut Vec<Item>) -> Result<()> {
        let mut lost = Vec::new();
        for step in std::mem::take(steps) {
            match self.executor.execute(&step) {
                Ok(()) => {}
                Err(fault @ (Error::Unsupported(_) | Error::Limit(_))) => {
                    self.ended = true;
                    return self.fault(fault, &mut lost, items);
                }
                Err(error) => {
                    self.rescue(items, &error);
                    return Err(error);
                }
            }
            self.outputs(false, &mut lost, items)?;
        }
        steps.append(&mut lost);
        Ok(())
    }

    /// Delivers what was decoded before the device failed with `error`, as far as it answers.
    fn rescue(&mut self, items: &mut Vec<Item>, error: &Error) {
        if matches!(error, Error::Device(device) if device.is_lost()) {
            return;
        }
        if let Err(second) = self.outputs(true, &mut Vec::new(), items) {
            log::warn!("after {error}: {second}");
        }
    }

    /// Takes what is ready, or with `wait` all that is due.
    fn outputs(&mut self, wait: bool, steps: &mut Vec<Step>, items: &mut Vec<Item>) -> Result<()> {
        loop {
            let output = self.executor.next_output(wait)?;
            self.take_failed(steps, items);
            match output {
                Some(output) if self.damage.spoils(&output) => {
                    self.number(&output);
                    self.executor.reuse(output.picture);
                }
                Some(output) => self.output(output, items),
                None => return Ok(()),
            }
        }
    }

    fn take_failed(&mut self, steps: &mut Vec<Step>, items: &mut Vec<Item>) {
        for failed in self.executor.take_failed() {
            items.extend(self.damage.failed(failed, &mut self.planner, steps).map(Item::Fault));
        }
    }

    /// Puts a fault after what was decoded before it.
    fn fault(&mut self, fault: Error, steps: &mut Vec<Step>, items: &mut Vec<Item>) -> Result<()> {
        self.executor.drain()?;
        self.is_damaged = true;
        self.outputs(true, steps, items)?;
        items.push(Item::Fault(fault));
        Ok(())
    }

    /// The number and the time of `output`, and how long it was under way.
    fn number(&mut self, output: &Output) -> (u64, Duration, Duration) {
        while self.under_way.front().is_some_and(|unit| unit.unit < output.show.unit) {
            self.under_way.pop_front();
        }
        let Some(unit) = self.under_way.front_mut() else {
            let time = self.timing.time(output.show.pts, self.outputs);
            return (self.outputs, time, Duration::ZERO);
        };
        let index = unit.outputs;
        unit.outputs += 1;
        let time = unit.time;
        let lasted = unit.given.elapsed().saturating_sub(self.idle.saturating_sub(unit.idle));
        (index, time.unwrap_or_else(|| self.timing.time(None, index)), lasted)
    }

    /// Puts `output` together with the other parts of its picture, if it is one; `None` as long as
    /// parts are missing.
    fn whole(&mut self, mut output: Output, items: &mut Vec<Item>) -> Option<Output> {
        let Some(assembler) = &mut self.assembler else { return Some(output) };
        if let Some(params) = output.pending_grain.take() {
            let color = &output.sequence.color_config;
            output.picture = grain::apply(&output.picture, &params, color);
        }
        match assembler.add(&output.picture) {
            Ok(Some(picture)) => return Some(Output { picture, ..output }),
            Ok(None) => self.executor.reuse(output.picture),
            Err(what) => {
                let fault = StreamError::new(StreamFault::Rule(what));
                let fault = fault.section("ISO/IEC 23008-12, 6.6.2.3");
                items.push(Item::Fault(fault.into()));
            }
        }
        None
    }

    fn output(&mut self, output: Output, items: &mut Vec<Item>) {
        let Some(output) = self.whole(output, items) else { return };
        let (mut index, mut time, decode_time) = self.number(&output);
        if self.assembler.is_some() {
            (index, time) = (0, Duration::ZERO);
        }
        let metadata = self.under_way.front().map(|unit| Arc::clone(&unit.metadata));
        if let Some(mut held) = self.held.take() {
            held.duration = time.saturating_sub(held.time);
            let is_gap = held.unit < self.last_passed && self.last_passed < output.show.unit;
            items.push(Item::Frame(held));
            items.extend(is_gap.then_some(Item::Gap));
        }
        let is_first = !std::mem::replace(&mut self.has_begun, true) && self.sought.is_some();
        self.held = Some(Box::new(Frame {
            picture: Arc::new(output.picture),
            header: output.header,
            sequence: output.sequence,
            metadata: metadata.unwrap_or_default(),
            pending_grain: output.pending_grain,
            time,
            duration: self.info.interval,
            index,
            frame: self.knows_frames.then_some(output.frame),
            unit: output.show.unit,
            show_existing_frame: output.show.show_existing_frame,
            dpb_slot: output.dpb_slot,
            status: output.status,
            decode_time,
            generation: 0,
            stream: Arc::clone(&self.info),
        }));
        items.extend(self.held.clone().filter(|_| is_first).map(Item::Preview));
    }

    /// Delivers the last picture, which lasts as long as the container says, or as one does.
    fn release(&mut self, items: &mut Vec<Item>) {
        let Some(mut held) = self.held.take() else { return };
        // What is missing is not waited for.
        let whole = self.source.info().duration.filter(|_| !self.is_damaged);
        let rest = whole.map(|whole| whole.saturating_sub(held.time));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            held.duration = rest;
        }
        items.push(Item::Frame(held));
    }
}

/// `old` with each of `new` in the place of its kind.
fn replaced(old: &[Metadata], new: Vec<Metadata>) -> Arc<[Metadata]> {
    let mut list = old.to_vec();
    for metadata in new {
        list.retain(|old| discriminant(old) != discriminant(&metadata));
        list.push(metadata);
    }
    list.into()
}
