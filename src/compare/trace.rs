//! Every decoded frame of a stream as the driver left it, before film grain.

use crate::container::Source;
use crate::error::{Error, Result};
use crate::pixels::Picture;
use crate::plan::planner::{Planner, PlannerOptions};
use crate::plan::{FramePlan, ShowPlan, Step};
use crate::vk::{DecodeStatus, Executor, Output};

/// One decoded frame.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Frame in decoding order.
    pub frame: u64,
    /// The decoded picture, without film grain.
    pub picture: Picture,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
    /// The DPB slot that it was decoded into, as `slotIndex`.
    pub dpb_slot: Option<i32>,
}

/// Decodes `source` and gives every decoded frame to `each`, in decoding order, until `each`
/// answers `false` or output picture `limit` was decoded. Frames of which the driver says that
/// they failed are given like others, and what refers to them is decoded all the same.
///
/// `executor` must leave film grain to its caller ([`crate::vk::GrainMode::Host`]): what is read
/// back are then the pictures before grain.
///
/// # Errors
/// `Unsupported` for what the device cannot decode, `Device` for its failures. Faults of the
/// stream are no errors: what can be decoded is.
pub fn trace(
    source: &mut dyn Source,
    executor: &mut Executor,
    options: PlannerOptions,
    limit: Option<u64>,
    each: &mut dyn FnMut(Traced) -> bool,
) -> Result<()> {
    let mut planner = Planner::new(options);
    let mut steps = Vec::new();
    let mut left = limit.unwrap_or(u64::MAX);
    let mut ended = false;
    while !ended && left > 0 {
        let planned = match source.next_unit() {
            Ok(Some(unit)) => planner.unit(&unit, &mut steps),
            Ok(None) | Err(_) => {
                ended = true;
                planner.finish(&mut steps);
                Ok(())
            }
        };
        for step in steps.drain(..) {
            match &step {
                Step::Show(_) => left = left.saturating_sub(1),
                _ if left == 0 => {}
                step => one(executor, step)?,
            }
            if !deliver(executor, false, each)? {
                return Ok(());
            }
        }
        ended |= matches!(planned, Err(ref error) if !matches!(error, Error::Stream(_)));
    }
    executor.drain()?;
    deliver(executor, true, each).map(|_| ())
}

/// Executes a step; a decode is read back at once.
fn one(executor: &mut Executor, step: &Step) -> Result<()> {
    executor.execute(step)?;
    match step {
        Step::Decode(plan) => executor.execute(&Step::Show(read_back(plan))),
        _ => Ok(()),
    }
}

fn read_back(plan: &FramePlan) -> ShowPlan {
    ShowPlan { surface: plan.surface, unit: plan.unit, pts: None, show_existing_frame: false }
}

fn deliver(
    executor: &mut Executor,
    wait: bool,
    each: &mut dyn FnMut(Traced) -> bool,
) -> Result<bool> {
    while let Some(output) = executor.next_output(wait)? {
        let Output { frame, picture, status, dpb_slot, .. } = output;
        if !each(Traced { frame, picture, status, dpb_slot }) {
            return Ok(false);
        }
    }
    executor.take_failed();
    Ok(true)
}
