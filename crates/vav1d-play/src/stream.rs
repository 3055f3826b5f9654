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
use vav1d::container::{Position, Source, TemporalUnit};
use vav1d::decoding::{Damage, Decoding, Event, Flow};
use vav1d::error::{Error, Result, StreamError, StreamFault};
use vav1d::grain;
use vav1d::grid::Assembler;
use vav1d::plan::planner::PlannerOptions;
use vav1d::syntax::metadata::Metadata;
use vav1d::vk::{Executor, Output};

/// How long the start of a stream may be held up in order to know its duration.
const SCAN: Duration = Duration::from_millis(100);

/// Pictures before one that is sought that are kept: those of steps back.
const KEPT: u64 = 8;

/// Bytes that are read at most of what is passed over, before any of it is decoded.
const AHEAD_BYTES: usize = 32 << 20;

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
    decoding: Decoding,
    options: PlannerOptions,
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
    /// What is before it is decoded, and not looked at; and whether some of it was.
    sought: Option<Target>,
    has_begun: bool,
    /// Whether the last picture is one that was passed over.
    pub(super) has_passed: bool,
    /// The last unit that was passed over.
    last_passed: u64,
    /// Units before it are passed over, whatever is sought: it is known which of their frames are
    /// needed behind them, and no others are decoded.
    passed_until: u64,
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
            decoding: Decoding::new(options, Damage::only_told()),
            options,
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
            sought: None,
            has_begun: false,
            has_passed: false,
            last_passed: 0,
            passed_until: 0,
            is_damaged: false,
            from_start: true,
            info,
            source,
            executor,
        })
    }

    /// Whether there is no more.
    pub(super) fn is_ended(&self) -> bool {
        self.decoding.is_ended()
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
        self.from_start = Some(point.position) == self.start;
        let frame = match self.from_start {
            true => {
                self.scanner = Scanner::new(self.options);
                None
            }
            false => {
                self.scanner.restart();
                Some(point.frames.unwrap_or(0))
            }
        };
        self.decoding.restart(frame, self.options, &mut self.executor)?;
        self.source.seek(point.position)?;
        self.ahead.clear();
        self.under_way.clear();
        self.held = None;
        self.assembler = self.source.info().grid.map(Assembler::new);
        self.last_fault = None;
        self.is_damaged = false;
        (self.has_begun, self.has_passed) = (false, false);
        (self.last_passed, self.passed_until) = (0, 0);
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
        self.look_ahead();
        let unit = match self.ahead.pop_front() {
            Some(unit) => Ok(Some(unit)),
            None => match self.last_fault.take() {
                Some(fault) => Err(fault),
                None => self.source.next_unit().map_err(Error::from),
            },
        };
        let read = unit.map(|unit| unit.map(|unit| self.passing(unit)));
        let mut events = Vec::new();
        let worked = self.decoding.advance(read, &mut self.executor, &mut |event, _| {
            events.push(event);
            Ok(Flow::Continue)
        });
        for event in events {
            self.event(event, items)?;
        }
        worked?;
        if self.is_ended() {
            self.release(items);
        }
        Ok(())
    }

    /// Takes note of `unit`, whose pictures may be passed over.
    fn passing(&mut self, mut unit: TemporalUnit) -> TemporalUnit {
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
        unit
    }

    fn event(&mut self, event: Event, items: &mut Vec<Item>) -> Result<()> {
        match event {
            Event::Picture(output) => self.output(*output, items)?,
            Event::Spoiled(output) => {
                self.number(&output);
                self.executor.reuse(output.picture);
            }
            Event::Fault(fault) => {
                let kind = fault.stream().map(|fault| &fault.kind);
                self.is_damaged |= !matches!(kind, Some(StreamFault::DecodeStatus { .. }));
                items.push(Item::Fault(fault));
            }
        }
        Ok(())
    }

    /// Pictures before `target` are decoded for others' sake, from now on.
    pub(super) fn seek(&mut self, target: Option<Target>) {
        self.sought = target;
    }

    /// Whether pictures from `target` on may be among those that were passed over, or are to be, on the
    /// way to something else.
    pub(super) fn is_too_far_for(&self, target: Target) -> bool {
        let has_any = self.last_passed > 0 || self.passed_until > 0;
        has_any
            && match (self.sought, target) {
                (None, _) => false,
                (Some(Target::Time(before)), Target::Time(now)) => now < before,
                (Some(Target::Index(before)), Target::Index(now)) => now < before,
                (Some(_), _) => true,
            }
    }

    /// Reads what is passed over next, and finds out which of it is needed behind it.
    fn look_ahead(&mut self) {
        let may_pass = self.has_begun && self.start.is_some() && self.sought.is_some();
        if !may_pass || !self.ahead.is_empty() || self.last_fault.is_some() {
            return;
        }
        let (mut scanner, mut outputs) = (self.scanner.clone(), self.outputs);
        let (mut next, mut bytes, mut early) = (self.next_unit, 0, 0);
        while bytes < AHEAD_BYTES {
            let unit = match self.source.next_unit() {
                Ok(Some(unit)) => unit,
                Ok(None) => break,
                Err(error) => {
                    self.last_fault = Some(error.into());
                    break;
                }
            };
            let facts = scanner.unit(&unit);
            let (before, own) = match self.counts_units {
                true => (unit.index.saturating_sub(next), u64::from(!unit.is_hidden)),
                false => (facts.before, facts.outputs),
            };
            outputs += before;
            let time = self.timing.time(unit.pts, outputs);
            outputs += own;
            (next, bytes) = (unit.index + 1, bytes + unit.data.len());
            self.ahead.push_back(unit);
            if !self.is_early(time, outputs) {
                break;
            }
            early += 1;
        }
        let count = self.decoding.pass_over(self.ahead.iter().take(early));
        let last = count.checked_sub(1).and_then(|last| self.ahead.get(last));
        self.passed_until = last.map_or(self.passed_until, |unit| unit.index + 1);
    }

    /// Whether nobody looks at the pictures of the last unit: not those right before what is sought,
    /// for steps back, nor the first, to be looked at meanwhile.
    fn is_passed_over(&self) -> bool {
        // Of what can be read once, pictures are all that one can go back to.
        let may_pass = self.has_begun && self.start.is_some();
        let Some(unit) = self.under_way.back().filter(|_| may_pass) else { return false };
        let time = unit.time.unwrap_or_else(|| self.timing.time(None, unit.outputs));
        unit.unit < self.passed_until || self.is_early(time, self.outputs)
    }

    /// Whether a picture at `time`, up to which there are `outputs`, comes so long before what is
    /// sought that nobody looks at it.
    fn is_early(&self, time: Duration, outputs: u64) -> bool {
        let kept = time.saturating_add(self.info.interval.saturating_mul(KEPT as u32));
        // What is sought may be beyond the end.
        let is_early = self.info.duration.is_none_or(|whole| kept + NEAR_END < whole);
        is_early
            && match self.sought {
                Some(Target::Index(index)) => outputs.saturating_add(KEPT) < index,
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
    ///
    /// # Errors
    /// A part cannot be read from the device.
    fn whole(&mut self, mut output: Output, items: &mut Vec<Item>) -> Result<Option<Output>> {
        let Some(assembler) = &mut self.assembler else { return Ok(Some(output)) };
        let mut part = output.picture.into_host()?;
        if let Some(params) = output.pending_grain.take() {
            part = grain::apply(&part, &params, &output.sequence.color_config);
        }
        match assembler.add(&part) {
            Ok(Some(whole)) => return Ok(Some(Output { picture: whole.into(), ..output })),
            Ok(None) => self.executor.reuse(part),
            Err(what) => {
                let fault = StreamError::new(StreamFault::Rule(what));
                let fault = fault.section("ISO/IEC 23008-12, 6.6.2.3");
                items.push(Item::Fault(fault.into()));
            }
        }
        Ok(None)
    }

    fn output(&mut self, output: Output, items: &mut Vec<Item>) -> Result<()> {
        let Some(output) = self.whole(output, items)? else { return Ok(()) };
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
        Ok(())
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
