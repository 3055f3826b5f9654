//! Any bytes as temporal units: what the planner asks for can be done. No surface is read, shown or
//! released before it was written or after it was released, and tiles are inside their bitstream. Behind
//! units that are passed over everything is as if all of them had been decoded.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use vav1d::container::{self, TemporalUnit};
use vav1d::limits::Limits;
use vav1d::plan::planner::{Planner, PlannerOptions};
use vav1d::plan::{Step, SurfaceId};

fuzz_target!(|data: &[u8]| {
    let limits = Limits { unit_bytes: 1 << 20, pipe_bytes: 1 << 20, ..Limits::default() };
    let reader = Box::new(Cursor::new(data.to_vec()));
    let Ok(mut source) = container::open(reader, None, limits) else { return };
    let all_layers = data.len() % 2 == 1;
    let options = PlannerOptions { all_layers, ..Default::default() };
    let mut planner = Planner::new(options);
    let mut live = BTreeSet::new();
    let (mut steps, mut units) = (Vec::new(), Vec::new());
    while let Ok(Some(unit)) = source.next_unit() {
        // After a fault of the stream the planner goes on at the next key frame.
        let _ = planner.unit(&unit, &mut steps);
        for step in steps.drain(..) {
            check(&step, &mut live);
            planner.recycle(step);
        }
        units.push(unit);
    }
    let _ = planner.finish(&mut steps);
    steps.iter().for_each(|step| check(step, &mut live));
    assert!(live.is_empty(), "never released: {live:?}");
    let from = units.len() * usize::from(data.last().copied().unwrap_or(0)) / 512;
    let (all, all_shown, _) = plan(options, &units, units.len());
    let (decoded, shown, hidden) = plan(options, &units, from);
    for (frame, references) in &decoded {
        assert_eq!(references, &all[frame], "frame {frame}");
    }
    // Of the layers of a picture some may be in units that are passed over.
    if all_layers {
        let expected = all_shown.into_iter().filter(|(unit, _)| !hidden.contains(unit));
        assert_eq!(shown, expected.collect::<Vec<_>>());
    }
});

/// A frame by its number: the numbers of those that it refers to.
type Decoded = BTreeMap<u64, Vec<Option<u64>>>;

/// What is decoded and shown, by number, of `units`, three quarters of which behind unit `from` are
/// passed over; and which those are.
fn plan(
    options: PlannerOptions,
    units: &[TemporalUnit],
    from: usize,
) -> (Decoded, Vec<(u64, u64)>, BTreeSet<u64>) {
    let mut planner = Planner::new(options);
    let (mut numbers, mut decoded, mut shown) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut hidden = BTreeSet::new();
    let mut steps = Vec::new();
    for (number, unit) in units.iter().enumerate() {
        if number == from {
            let passed = &units[from..from + (units.len() - from) * 3 / 4];
            let (frames, count) = planner.look_ahead(passed);
            planner.leave_out(frames);
            hidden = passed.iter().take(count).map(|unit| unit.index).collect();
        }
        let unit = TemporalUnit { is_hidden: hidden.contains(&unit.index), ..unit.clone() };
        let _ = planner.unit(&unit, &mut steps);
    }
    let _ = planner.finish(&mut steps);
    for step in &steps {
        match step {
            Step::Decode(plan) => {
                let of = |surface: &Option<_>| surface.map(|surface| numbers[&surface]);
                decoded.insert(plan.frame, plan.references.iter().map(of).collect());
                numbers.insert(plan.surface, plan.frame);
            }
            Step::Show(show) => shown.push((show.unit, numbers[&show.surface])),
            Step::Release(surface) => assert!(numbers.remove(surface).is_some()),
            Step::Configure(_) => {}
        }
    }
    (decoded, shown, hidden)
}

fn check(step: &Step, live: &mut BTreeSet<SurfaceId>) {
    match step {
        Step::Configure(_) => {}
        Step::Decode(plan) => {
            assert!(live.len() <= 9, "{} surfaces live", live.len());
            for surface in plan.references.iter().flatten() {
                assert!(live.contains(surface), "{surface:?} is read");
            }
            assert!(live.insert(plan.surface));
            let (bytes, stream) = (plan.bitstream.bytes(), &plan.bitstream);
            assert_eq!(stream.tile_offsets.len(), stream.tile_sizes.len());
            assert_eq!(stream.tile_sizes.len(), plan.header.tile_info.num_tiles() as usize);
            for (offset, size) in stream.tile_offsets.iter().zip(&stream.tile_sizes) {
                assert!(*size > 0 && *offset as usize + *size as usize <= bytes.len());
            }
        }
        Step::Show(show) => assert!(live.contains(&show.surface), "{:?} is shown", show.surface),
        Step::Release(surface) => assert!(live.remove(surface), "{surface:?} is released"),
    }
}
