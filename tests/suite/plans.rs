//! Properties of the plans of all samples.

use std::collections::BTreeSet;

use vav1d::container;
use vav1d::limits::Limits;
use vav1d::plan::Step;
use vav1d::plan::planner::{Planner, PlannerOptions};

use crate::manifest::{Sample, samples};

fn plan(sample: &Sample, all_layers: bool) -> Vec<Step> {
    let file = std::fs::File::open(sample.path()).expect("the sample");
    let mut source = container::open(Box::new(file), None, Limits::default()).expect("a stream");
    let mut planner = Planner::new(PlannerOptions { all_layers, ..Default::default() });
    let mut steps = Vec::new();
    while let Some(unit) = source.next_unit().expect("a unit") {
        planner.unit(&unit, &mut steps).expect("a plan");
    }
    planner.finish(&mut steps);
    steps
}

/// No surface is read, shown or released before it is written or after it is released; at most
/// eight live when a ninth is written; all are released in the end.
#[test]
fn a_plan_uses_surfaces_only_while_they_live() {
    for sample in samples() {
        let mut live = BTreeSet::new();
        for step in plan(&sample, false) {
            match step {
                Step::Configure(_) => {}
                Step::Decode(frame) => {
                    assert!(live.len() <= 8, "{}: {frame:?}", sample.name);
                    for surface in frame.references.iter().flatten() {
                        assert!(live.contains(surface), "{}: {frame:?}", sample.name);
                    }
                    assert!(live.insert(frame.surface));
                    assert_tiles_are_inside(&sample, &frame.bitstream);
                }
                Step::Show(show) => assert!(live.contains(&show.surface), "{}", sample.name),
                Step::Release(surface) => assert!(live.remove(&surface), "{}", sample.name),
            }
        }
        assert_eq!(live.len(), 0, "{}", sample.name);
    }
}

fn assert_tiles_are_inside(sample: &Sample, bitstream: &vav1d::plan::Bitstream) {
    let bytes = bitstream.bytes().len() as u64;
    assert!(u64::from(bitstream.frame_header_offset) < bytes);
    for (offset, size) in bitstream.tile_offsets.iter().zip(&bitstream.tile_sizes) {
        assert!(u64::from(*offset) + u64::from(*size) <= bytes, "{}", sample.name);
        assert!(*size > 0, "{}", sample.name);
    }
}

#[test]
fn a_plan_shows_as_many_pictures_as_other_decoders_do() {
    for sample in samples() {
        let shown = plan(&sample, false).iter().filter(|s| matches!(s, Step::Show(_))).count();
        assert_eq!(shown, sample.frames.len(), "{}", sample.name);
    }
}

#[test]
fn the_text_of_a_plan_has_one_line_for_each_step() {
    for sample in samples() {
        for step in plan(&sample, true) {
            let text = step.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{}: {text}", sample.name);
        }
    }
}
