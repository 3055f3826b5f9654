//! Any bytes as temporal units: what the planner asks for can be done. No surface is read, shown or
//! released before it was written or after it was released, and tiles are inside their bitstream.
#![no_main]

use std::collections::BTreeSet;
use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use vav1d::container;
use vav1d::limits::Limits;
use vav1d::plan::planner::{Planner, PlannerOptions};
use vav1d::plan::{Step, SurfaceId};

fuzz_target!(|data: &[u8]| {
    let limits = Limits { unit_bytes: 1 << 20, pipe_bytes: 1 << 20, ..Limits::default() };
    let reader = Box::new(Cursor::new(data.to_vec()));
    let Ok(mut source) = container::open(reader, None, limits) else { return };
    let all_layers = data.len() % 2 == 1;
    let mut planner = Planner::new(PlannerOptions { all_layers, ..Default::default() });
    let mut live = BTreeSet::new();
    let mut steps = Vec::new();
    while let Ok(Some(unit)) = source.next_unit() {
        // After a fault of the stream the planner goes on at the next key frame.
        let _ = planner.unit(&unit, &mut steps);
        for step in steps.drain(..) {
            check(&step, &mut live);
            planner.recycle(step);
        }
    }
    let _ = planner.finish(&mut steps);
    steps.iter().for_each(|step| check(step, &mut live));
    assert!(live.is_empty(), "never released: {live:?}");
});

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
