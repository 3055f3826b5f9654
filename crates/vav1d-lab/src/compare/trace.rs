//! Every picture of a stream as the driver left it: decoded ones, or those that are output.

use vav1d::container::Source;
use vav1d::error::{Error, Result};
use vav1d::grain;
use vav1d::pixels::Picture;
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{FramePlan, ShowPlan, Step};
use vav1d::units::{Planned, Units};
use vav1d::vk::{DecodeStatus, Executor, Output};

/// One picture.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Frame in decoding order.
    pub frame: u64,
    /// The picture.
    pub picture: Picture,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
    /// The DPB slot that it was decoded into, as `slotIndex`.
    pub dpb_slot: Option<i32>,
    /// The picture is that of the DPB slot itself, which later frames refer to.
    pub coincides: bool,
}

/// What the receiver of a picture wants next.
#[derive(Clone, Debug)]
pub enum Next {
    /// The next picture.
    Go,
    /// The next one, after the reference picture was overwritten with this one
    /// ([`TraceOptions::teach`]).
    Overwrite(Picture),
    /// No more.
    Stop,
}

/// Which pictures are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every decoded frame in decoding order, shown or not, before film grain. The executor must
    /// leave film grain to its caller ([`vav1d::vk::GrainMode::Host`]).
    Decoded,
    /// Every picture that is output, with the film grain that its header asks for, unless the
    /// executor was told that nobody applies it.
    Output,
}

/// What to trace.
#[derive(Clone, Copy, Debug)]
pub struct TraceOptions {
    /// Operating point, layers, budgets.
    pub planner: PlannerOptions,
    /// Which pictures.
    pub wanted: Wanted,
    /// Ends with this output picture; `None` for all.
    pub limit: Option<u64>,
    /// Each picture is received before the next frame is decoded, and may be overwritten. The
    /// executor must be made for it ([`vav1d::vk::ExecutorOptions::overwritable`]).
    pub teach: bool,
}

/// The receiver of pictures.
pub type Each<'a> = &'a mut dyn FnMut(Traced) -> Next;

/// Decodes `source` and gives the pictures to `each`. Frames of which the driver says that they
/// failed are given like others, and what refers to them is decoded all the same.
///
/// # Errors
/// `Unsupported` for what the device cannot decode, `Device` for its failures, `Io` where the source
/// cannot be read. Faults of the stream are no errors: what can be decoded is.
pub fn trace(
    source: &mut dyn Source,
    executor: &mut Executor,
    options: TraceOptions,
    each: Each<'_>,
) -> Result<()> {
    let mut units = Units::new(source, options.planner);
    let mut steps = Vec::new();
    let mut left = options.limit.unwrap_or(u64::MAX);
    let mut ended = false;
    while !ended && left > 0 {
        match units.next(&mut steps) {
            // What cannot be read is no end of the stream.
            Some(Planned { fault: Some(Error::Io(error)), .. }) => return Err(Error::Io(error)),
            Some(_) => {}
            None => {
                ended = true;
                units.finish(&mut steps);
            }
        }
        for step in steps.drain(..) {
            if left == 0 {
                break;
            }
            left -= u64::from(matches!(step, Step::Show(_)));
            one(executor, &step, options.wanted)?;
            if !deliver(executor, options, options.teach, each)? {
                return Ok(());
            }
        }
    }
    executor.drain()?;
    deliver(executor, options, true, each).map(|_| ())
}

/// Executes a step, and a readback with it where one is wanted.
fn one(executor: &mut Executor, step: &Step, wanted: Wanted) -> Result<()> {
    match (step, wanted) {
        (Step::Show(_), Wanted::Decoded) => return Ok(()),
        _ => executor.execute(step)?,
    }
    match (step, wanted) {
        (Step::Decode(plan), Wanted::Decoded) => executor.execute(&Step::Show(read_back(plan))),
        _ => Ok(()),
    }
}

fn read_back(plan: &FramePlan) -> ShowPlan {
    ShowPlan {
        surface: plan.surface,
        unit: plan.unit,
        pts: None,
        show_existing_frame: false,
        is_doubtful: plan.is_doubtful,
    }
}

fn deliver(
    executor: &mut Executor,
    options: TraceOptions,
    wait: bool,
    each: Each<'_>,
) -> Result<bool> {
    while let Some(output) = executor.next_output(wait)? {
        let Output { frame, picture, status, dpb_slot, coincides, surface, .. } = output;
        let picture = picture.into_host()?;
        let picture = match &output.pending_grain {
            Some(params) if options.wanted == Wanted::Output => {
                grain::apply(&picture, params, &output.sequence.color_config)
            }
            _ => picture,
        };
        match each(Traced { frame, picture, status, dpb_slot, coincides }) {
            Next::Go => {}
            Next::Overwrite(right) => drop(executor.overwrite(surface, &right)?),
            Next::Stop => return Ok(false),
        }
    }
    executor.take_failed();
    Ok(true)
}
