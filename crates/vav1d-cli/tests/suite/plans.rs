//! Properties of the plans of all samples.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use vav1d::container;
use vav1d::limits::Limits;
use vav1d::plan::Step;
use vav1d::plan::planner::{Planner, PlannerOptions};

use crate::manifest::{Sample, sample, samples};

fn units(sample: &Sample) -> Vec<container::TemporalUnit> {
    let file = std::fs::File::open(sample.path()).expect("the sample");
    let mut source = container::open(Box::new(file), None, Limits::default()).expect("a stream");
    std::iter::from_fn(|| source.next_unit().expect("a unit")).collect()
}

fn plan(sample: &Sample, all_layers: bool) -> Vec<Step> {
    let mut planner = Planner::new(PlannerOptions { all_layers, ..Default::default() });
    let mut steps = Vec::new();
    for unit in units(sample) {
        planner.unit(&unit, &mut steps).expect("a plan");
    }
    planner.finish(&mut steps).expect("a whole frame");
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

/// Of units that are hidden, frames that no other can refer to are not decoded, and all others are as
/// they were, with their numbers.
#[test]
fn what_is_hidden_is_decoded_as_far_as_others_need_it() {
    let mut left_out = 0;
    for sample in samples() {
        let mut planner = Planner::new(PlannerOptions::default());
        let mut steps = Vec::new();
        for mut unit in units(&sample) {
            unit.is_hidden = true;
            planner.unit(&unit, &mut steps).expect("a plan");
        }
        planner.finish(&mut steps).expect("a whole frame");
        let decoded = |steps: Vec<Step>, is_all: bool| {
            let of = |step| match step {
                Step::Decode(plan) => Some(plan),
                _ => None,
            };
            let plans = steps.into_iter().filter_map(of);
            let plans = plans.filter(|plan| {
                let header = &plan.header;
                is_all || !header.show_frame || header.refresh_frame_flags != 0
            });
            plans.map(|plan| (plan.frame, plan.unit, plan.header.clone())).collect::<Vec<_>>()
        };
        assert!(!steps.iter().any(|step| matches!(step, Step::Show(_))), "{}", sample.name);
        let hidden = decoded(steps, true);
        assert_eq!(hidden, decoded(plan(&sample, false), false), "{}", sample.name);
        left_out += decoded(plan(&sample, false), true).len() - hidden.len();
    }
    assert!(left_out >= 20, "{left_out} frames are left out");
}

/// A frame by its number: the numbers of those that it refers to.
type Decoded = BTreeMap<u64, Vec<Option<u64>>>;

/// Frames that are decoded, and units and frames that are shown, in steps that follow each other.
fn by_number(name: &str, steps: &[Step]) -> (Decoded, Vec<(u64, u64)>) {
    let (mut numbers, mut decoded, mut shown) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for step in steps {
        match step {
            Step::Decode(plan) => {
                // What is not there is in no map.
                let of = |surface: &Option<_>| surface.map(|surface| numbers[&surface]);
                decoded.insert(plan.frame, plan.references.iter().map(of).collect());
                numbers.insert(plan.surface, plan.frame);
            }
            Step::Show(show) => shown.push((show.unit, numbers[&show.surface])),
            Step::Release(surface) => assert!(numbers.remove(surface).is_some(), "{name}"),
            Step::Configure(_) => {}
        }
    }
    (decoded, shown)
}

/// Behind units that are passed over everything is as if all of them had been decoded.
#[test]
fn what_is_passed_over_is_decoded_as_far_as_what_follows_needs_it() {
    let mut left_out = 0;
    for sample in samples() {
        let (all, all_shown) = by_number(&sample.name, &plan(&sample, false));
        let units = units(&sample);
        for (from, to) in [(0, units.len() / 2), (2, units.len() * 3 / 4), (1, units.len())] {
            let mut planner = Planner::new(PlannerOptions::default());
            let mut steps = Vec::new();
            for (number, unit) in units.iter().enumerate() {
                if number == from && from < to {
                    let (frames, count) = planner.look_ahead(&units[from..to]);
                    assert_eq!(count, to - from, "{}", sample.name);
                    planner.leave_out(frames);
                }
                let is_hidden = (from..to).contains(&number);
                let unit = container::TemporalUnit { is_hidden, ..unit.clone() };
                planner.unit(&unit, &mut steps).expect("a plan");
            }
            planner.finish(&mut steps).expect("a whole frame");
            let (decoded, shown) = by_number(&sample.name, &steps);
            for (frame, references) in &decoded {
                assert_eq!(references, &all[frame], "{}, frame {frame}", sample.name);
            }
            let is_hidden = |unit: u64| (from..to).contains(&(unit as usize));
            let expected = all_shown.iter().copied().filter(|(unit, _)| !is_hidden(*unit));
            assert_eq!(shown, expected.collect::<Vec<_>>(), "{}", sample.name);
            left_out += all.len() - decoded.len();
        }
    }
    assert!(left_out >= 100, "{left_out} frames are left out");
}

/// Every plan is the one that is written down, step for step: a change of the planner that changes
/// one shows as lines of a diff. With `VAV1D_WRITE_PLANS` set they are written down anew.
#[test]
fn plans_are_those_that_are_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/tables/plans.txt");
    let mut plans = String::new();
    for sample in samples() {
        plans += &format!("# {}\n", sample.name);
        for step in plan(&sample, false) {
            let text = step.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{}: {text}", sample.name);
            plans += &format!("{text}\n");
        }
    }
    if std::env::var_os("VAV1D_WRITE_PLANS").is_some() {
        std::fs::write(&path, &plans).expect("written");
    }
    let known = std::fs::read_to_string(&path).expect("the plans");
    let mut name = "";
    for (number, (is, known)) in plans.lines().zip(known.lines()).enumerate() {
        name = if is.starts_with("# ") { is } else { name };
        assert_eq!(is, known, "line {} of {}, in {name}", number + 1, path.display());
    }
    assert_eq!(plans.lines().count(), known.lines().count(), "{}", path.display());
}

/// Steps that are given back are the memory of the next ones: parsing and planning allocate where a
/// stream has more than before, and at sequence headers, but not from frame to frame.
#[test]
fn planning_allocates_nothing_from_frame_to_frame() {
    for name in ["main-420-8", "main-420-10", "tiles-4x2", "forward-key"] {
        let file = std::fs::File::open(sample(name).path()).expect("a sample");
        let mut source =
            container::open(Box::new(file), None, Limits::default()).expect("a stream");
        let mut units = Vec::new();
        while let Some(unit) = source.next_unit().expect("a unit") {
            units.push(unit);
        }
        let mut planner = Planner::new(PlannerOptions::default());
        let mut steps = Vec::new();
        let mut frames = 0;
        let mut once = |frames: &mut usize| {
            for unit in &units {
                planner.unit(unit, &mut steps).expect("steps");
                for step in steps.drain(..) {
                    *frames += usize::from(matches!(step, Step::Decode(_)));
                    planner.recycle(step);
                }
            }
        };
        // The first time round memory grows, and in the second what the first left is in the way.
        (0..2).for_each(|_| once(&mut frames));
        let headers = units.iter().filter(|unit| has_sequence_header(unit)).count() as u64;
        let info = allocation_counter::measure(|| once(&mut frames));
        assert!(frames > 8, "{name}: {frames} frames");
        let most = 4 * headers;
        assert!(info.count_total <= most, "{name}: {} allocations", info.count_total);
    }
}

fn has_sequence_header(unit: &container::TemporalUnit) -> bool {
    let mut obus = vav1d::obu::obus(&unit.data, unit.framing).filter_map(Result::ok);
    obus.any(|obu| obu.obu_type == vav1d::obu::ObuType::SequenceHeader)
}

/// The frames of `unit` without the extension that tells their layer.
fn without_extensions(unit: &container::TemporalUnit) -> Vec<u8> {
    let mut bytes = Vec::new();
    for obu in vav1d::obu::obus(&unit.data, unit.framing).map(|obu| obu.expect("an OBU")) {
        let header = unit.data[obu.offset];
        bytes.push(if obu.obu_type.is_of_frame() { header & !4 } else { header });
        let rest = if obu.obu_type.is_of_frame() { 2 } else { 1 };
        bytes.extend(&unit.data[obu.offset + rest..obu.end]);
    }
    bytes
}

/// Where there are operating points, frames tell their layers: those that do not are of all, and it
/// is said once, or refused.
#[test]
fn frames_without_a_layer_are_said() {
    let file = std::fs::File::open(sample("layers-l1t2").path()).expect("a sample");
    let mut source = container::open(Box::new(file), None, Limits::default()).expect("a stream");
    let mut planner = Planner::new(PlannerOptions::default());
    let options = PlannerOptions { strict: true, ..Default::default() };
    let [mut whole, mut strict] = [options, options].map(Planner::new);
    let (mut steps, mut refused) = (Vec::new(), None);
    while let Some(mut unit) = source.next_unit().expect("a unit") {
        whole.unit(&unit, &mut Vec::new()).expect("as it is allowed");
        assert!(whole.deviations().is_empty());
        unit.data = without_extensions(&unit).into();
        planner.unit(&unit, &mut steps).expect("steps");
        refused = refused.or(strict.unit(&unit, &mut Vec::new()).err());
    }
    let shown = steps.iter().filter(|step| matches!(step, Step::Show(_))).count();
    assert_eq!(shown, sample("layers-l1t2").frames.len());
    let [said] = planner.deviations() else { panic!("{:?}", planner.deviations()) };
    let text = said.to_string();
    assert!(text.contains("obu_extension_flag") && text.contains("6.4.1"), "{text}");
    let refused = refused.expect("refused").to_string();
    assert!(refused.contains("obu_extension_flag"), "{refused}");
}
