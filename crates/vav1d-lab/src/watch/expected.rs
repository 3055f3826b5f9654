//! The frames of a stream as they should be handed over.

use std::collections::HashMap;
use std::sync::Arc;

use vav1d::container::Source;
use vav1d::plan::Step;
use vav1d::plan::planner::PlannerOptions;
use vav1d::syntax::frame::FrameHeader;
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::units::Units;

use super::tile_bytes::tile_hash_of;

/// One frame of a stream.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) header: Arc<FrameHeader>,
    pub(super) sequence: Arc<SequenceHeader>,
    /// By reference name, as indexes of the list that this is in.
    pub(super) references: [Option<usize>; 7],
    pub(super) tile_hash: u64,
}

/// All frames of `source` in decoding order, and what is wrong with it.
pub(super) fn all(source: &mut dyn Source) -> (Vec<Expected>, Vec<String>) {
    let mut units = Units::new(source, PlannerOptions::default()).thorough();
    let mut frames: Vec<Expected> = Vec::new();
    let (mut surfaces, mut faults) = (HashMap::new(), Vec::new());
    let mut sequence = None;
    let mut steps = Vec::new();
    loop {
        let planned = units.next(&mut steps);
        let is_end = planned.is_none();
        if is_end {
            faults.extend(units.finish(&mut steps).map(|fault| fault.to_string()));
        }
        faults.extend(planned.and_then(|p| p.fault).map(|fault| fault.to_string()));
        for step in steps.drain(..) {
            match step {
                Step::Configure(spec) => sequence = Some(spec.sequence),
                Step::Decode(plan) => {
                    let Some(sequence) = sequence.clone() else { continue };
                    let tile_hash = tile_hash_of(&plan);
                    let place = |surface| surfaces.get(&surface).copied();
                    let references = plan.references.map(|surface| surface.and_then(place));
                    surfaces.insert(plan.surface, frames.len());
                    frames.push(Expected { header: plan.header, sequence, references, tile_hash });
                }
                _ => {}
            }
        }
        if is_end {
            return (frames, faults);
        }
    }
}
