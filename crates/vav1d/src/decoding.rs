//! Decoding under way, with one policy for what is wrong: units in, pictures and faults out, in
//! order. Who reads the units, and who takes the pictures, is others' business.

mod damage;

pub use damage::Damage;

use crate::container::TemporalUnit;
use crate::error::{Error, Result, StreamError, StreamFault};
use crate::plan::Step;
use crate::plan::planner::{Planner, PlannerOptions};
use crate::units;
use crate::vk::{Executor, Output};

/// What comes of decoding, in this order.
#[derive(Debug)]
pub enum Event {
    /// The next picture that is output.
    Picture(Box<Output>),
    /// One that depends on what could not be decoded, and is not to be shown.
    Spoiled(Box<Output>),
    /// Something is wrong with the stream or not supported. Every picture before it has come.
    Fault(Error),
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next step.
    Continue,
    /// No step more is executed; what is under way still comes.
    Stop,
}

/// Who takes the events. It gets the executor too, for pictures that it is done with
/// ([`Executor::reuse`]).
pub type Deliver<'a> = &'a mut dyn FnMut(Event, &mut Executor) -> Result<Flow>;

/// So many frames later it is known what became of a frame, whatever the device and its number of
/// frames in flight, if nobody asks for more.
const HEARD_OF: u64 = 10;

/// The state of decoding one stream.
///
/// A fault of the stream does not end it: decoding goes on at the next key frame. What cannot be
/// supported, a limit that was reached and a source that cannot be read end it. Faults of the
/// machine, those of the driver and of who takes the pictures, are errors; what was decoded before
/// a fault of the driver is delivered first, as far as the driver still answers.
#[derive(Debug)]
pub struct Decoding {
    planner: Planner,
    damage: Damage,
    steps: Vec<Step>,
    units: u64,
    frames: u64,
    /// The frame that was submitted last.
    newest: Option<u64>,
    faults: u64,
    /// The device has refused a step: those after it cannot be executed.
    is_refused: bool,
    is_ended: bool,
}

impl Decoding {
    /// Of a stream's beginning. `damage` says what becomes of pictures that the driver reports as
    /// failed, and of those after them.
    pub fn new(options: PlannerOptions, damage: Damage) -> Self {
        Self {
            planner: Planner::new(options),
            damage,
            steps: Vec::new(),
            units: 0,
            frames: 0,
            newest: None,
            faults: 0,
            is_refused: false,
            is_ended: false,
        }
    }

    /// Whether there is no more: the stream is at its end, or something has ended it.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Units that were planned.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Frames that were submitted for decoding.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What is not allowed and was decoded all the same.
    pub fn deviations(&self) -> &[StreamError] {
        self.planner.deviations()
    }

    /// A stream of which nothing could be decoded, and nothing was wrong either.
    pub fn nothing(&self) -> Option<Error> {
        let is_nothing = self.units > 0 && self.frames + self.faults == 0;
        let what = "there is no frame that decoding can begin with";
        let fault = || StreamError::new(StreamFault::Rule(what)).section("7.6");
        is_nothing.then(|| fault().into())
    }

    /// Decodes what the source gave: a unit, its end, or why there is none.
    ///
    /// # Errors
    /// `Device` for a failure of the driver, and whatever `deliver` gives.
    pub fn advance(
        &mut self,
        read: Result<Option<TemporalUnit>>,
        executor: &mut Executor,
        deliver: Deliver<'_>,
    ) -> Result<()> {
        let Some(read) = read.transpose() else {
            self.is_ended = true;
            return self.finish(true, executor, deliver);
        };
        self.units += u64::from(read.is_ok());
        let (planned, goes_on) = units::planned(&mut self.planner, read, &mut self.steps);
        self.is_ended = !goes_on;
        self.damage.note(&self.steps);
        let flow = match planned.unit {
            Some(_) => self.execute(executor, deliver)?,
            None => Flow::Continue,
        };
        if let Some(fault) = planned.fault {
            self.fault(fault, executor, deliver)?;
        }
        if flow == Flow::Continue {
            // What is given up after a fault.
            self.execute(executor, deliver)?;
        }
        if self.is_ended { self.finish(false, executor, deliver) } else { Ok(()) }
    }

    /// Decodes as little as it can of `units`, which come next and are hidden then: what frames behind
    /// them may refer to. How many of them that holds for; fewer, where one cannot be planned.
    pub fn pass_over<'u>(&mut self, units: impl IntoIterator<Item = &'u TemporalUnit>) -> usize {
        let (frames, count) = self.planner.look_ahead(units);
        self.planner.leave_out(frames);
        count
    }

    /// Ends it before the stream does: what is under way is delivered, nothing else is decoded.
    ///
    /// # Errors
    /// As for [`Decoding::advance`].
    pub fn stop(&mut self, executor: &mut Executor, deliver: Deliver<'_>) -> Result<()> {
        (self.is_ended, self.is_refused) = (true, true);
        self.finish(false, executor, deliver)
    }

    /// Goes elsewhere in the stream: everything under way is dropped, and the next frame that is
    /// decoded is number `frame`; `None` begins with nothing known, as of another stream.
    ///
    /// # Errors
    /// `Device` for a failure of the driver.
    pub fn restart(
        &mut self,
        frame: Option<u64>,
        options: PlannerOptions,
        executor: &mut Executor,
    ) -> Result<()> {
        self.steps.clear();
        self.planner.restart(frame.unwrap_or(0), &mut self.steps);
        if frame.is_none() {
            self.planner = Planner::new(options);
            (self.units, self.frames, self.faults) = (0, 0, 0);
        }
        for step in self.steps.drain(..) {
            executor.execute(&step)?;
        }
        executor.drain()?;
        while let Some(output) = executor.next_output(true)? {
            executor.reuse(output.picture);
        }
        executor.take_failed();
        self.damage = self.damage.renewed();
        (self.is_refused, self.is_ended) = (false, false);
        Ok(())
    }

    fn finish(
        &mut self,
        is_at_end: bool,
        executor: &mut Executor,
        deliver: Deliver<'_>,
    ) -> Result<()> {
        let finished = self.planner.finish(&mut self.steps).map_err(Error::from);
        if !self.is_refused {
            self.execute(executor, deliver)?;
        }
        if let (Err(fault), true) = (finished, is_at_end) {
            self.fault(fault, executor, deliver)?;
        }
        executor.drain()?;
        self.outputs(true, executor, deliver)?;
        self.steps.clear();
        Ok(())
    }

    fn execute(&mut self, executor: &mut Executor, deliver: Deliver<'_>) -> Result<Flow> {
        let mut lost = Vec::new();
        for step in std::mem::take(&mut self.steps) {
            if let Step::Decode(plan) = &step {
                self.frames += 1;
                self.newest = Some(plan.frame);
            }
            match executor.execute(&step) {
                Ok(()) => self.planner.recycle(step),
                Err(fault @ (Error::Unsupported(_) | Error::Limit(_))) => {
                    (self.is_ended, self.is_refused) = (true, true);
                    self.fault(fault, executor, deliver)?;
                    return Ok(Flow::Stop);
                }
                Err(error) => {
                    self.rescue(&error, executor, deliver);
                    return Err(error);
                }
            }
            let flow = self.outputs(false, executor, deliver)?;
            let behind = executor.frames_in_flight().max(HEARD_OF);
            self.damage.settle((self.newest, behind), &mut self.planner, &mut self.steps);
            lost.append(&mut self.steps);
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        self.steps = lost;
        Ok(Flow::Continue)
    }

    /// Delivers what was decoded before the driver failed with `error`, as far as it answers.
    fn rescue(&mut self, error: &Error, executor: &mut Executor, deliver: Deliver<'_>) {
        if matches!(error, Error::Device(device) if device.is_lost()) {
            return;
        }
        if let Err(second) = self.outputs(true, executor, deliver) {
            log::warn!("after {error}: {second}");
        }
    }

    /// Delivers what is ready, or with `wait` all that is due. Frames that the driver could not decode
    /// are told of before the pictures that come after them.
    fn outputs(
        &mut self,
        wait: bool,
        executor: &mut Executor,
        deliver: Deliver<'_>,
    ) -> Result<Flow> {
        let mut flow = Flow::Continue;
        loop {
            let output = executor.next_output(wait)?.map(Box::new);
            executor.take_failed().into_iter().for_each(|failed| self.damage.hear(failed));
            if output.is_some() || wait {
                let newest = output.as_ref().map(|output| output.newest);
                while let Some(fault) = self.damage.next_fault(newest) {
                    self.faults += 1;
                    deliver(Event::Fault(fault), executor)?;
                }
            }
            let event = match output {
                Some(output) if self.damage.spoils(&output) => Event::Spoiled(output),
                Some(output) => Event::Picture(output),
                None => return Ok(flow),
            };
            if deliver(event, executor)? == Flow::Stop {
                flow = Flow::Stop;
            }
        }
    }

    /// Tells of a fault, after all that was decoded before it: the order does not depend on time.
    fn fault(&mut self, fault: Error, executor: &mut Executor, deliver: Deliver<'_>) -> Result<()> {
        executor.drain()?;
        self.outputs(true, executor, deliver)?;
        self.damage.settle((None, 0), &mut self.planner, &mut self.steps);
        self.faults += 1;
        deliver(Event::Fault(fault), executor)?;
        Ok(())
    }
}

#[cfg(all(test, feature = "soft"))]
mod tests;
