//! Tests of what comes of a stream, and of a driver, of which something is wrong.

use std::fs::File;

use super::*;
use crate::container;
use crate::vk::{Driver, ExecutorOptions, Instance, InstanceOptions};

/// The unit whose frame header is broken.
const BROKEN: usize = 6;

fn units() -> Vec<TemporalUnit> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/main-420-8.ivf");
    let file = Box::new(File::open(path).expect("a sample"));
    let mut source = container::open_file(file, None, Default::default()).expect("a stream");
    std::iter::from_fn(|| source.next_unit().expect("a unit")).collect()
}

/// Units with faults, by a planner that has lost its references before unit `lost`.
fn faults(units: &[TemporalUnit], lost: Option<usize>) -> Vec<usize> {
    let mut planner = Planner::new(PlannerOptions::default());
    let mut steps = Vec::new();
    let mut is_fault = |(number, unit): (usize, &TemporalUnit)| {
        if Some(number) == lost {
            planner.lose_references(&mut steps);
        }
        planner.unit(unit, &mut steps).is_err().then_some(number)
    };
    units.iter().enumerate().filter_map(&mut is_fault).collect()
}

/// What comes of `units` where frame 2 fails, with so many frames in flight.
fn events(units: &[TemporalUnit], frames_in_flight: u32, busy: bool) -> Vec<String> {
    let driver = Driver::Soft { config: Some("fault=status@2".into()) };
    let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
    let adapter = instance.adapters().expect("a device").remove(0);
    let options = ExecutorOptions { frames_in_flight, ..ExecutorOptions::default() };
    let mut executor = Executor::new(&instance, &adapter, options).expect("an executor");
    executor.keep_busy(busy);
    let mut decoding = Decoding::new(PlannerOptions::default(), Damage::default());
    let mut events = Vec::new();
    let mut deliver = |event: Event, executor: &mut Executor| {
        events.push(match event {
            Event::Picture(output) => {
                let text = format!("picture of frame {}", output.frame);
                executor.reuse(output.picture);
                text
            }
            Event::Spoiled(output) => format!("spoiled picture of frame {}", output.frame),
            Event::Fault(fault) => fault.to_string(),
        });
        Ok(Flow::Continue)
    };
    let units = units.iter().cloned().map(Some).chain([None]);
    for unit in units {
        decoding.advance(Ok(unit), &mut executor, &mut deliver).expect("it goes on");
    }
    events
}

/// The frame header of a unit is broken, which is only seen by who has references; frames before it
/// were not decoded. Whether both are told of does not depend on when the device is heard of.
#[test]
fn faults_do_not_depend_on_time() {
    let mut units = units();
    let bits = units[BROKEN].data.len() * 8;
    let is_broken = (16..bits.min(400)).any(|bit| {
        let data = units[BROKEN].data.clone();
        let mut broken = data.to_vec();
        broken[bit / 8] ^= 1 << (bit % 8);
        units[BROKEN].data = broken.into();
        let fits = faults(&units, None).first() == Some(&BROKEN)
            && faults(&units, Some(BROKEN - 2)).is_empty();
        if !fits {
            units[BROKEN].data = data;
        }
        fits
    });
    assert!(is_broken);
    let expected = events(&units, 4, false);
    let told = |events: &[String]| events.iter().filter(|e| !e.contains("picture")).count();
    assert_eq!(told(&expected), 2, "{expected:?}");
    for frames_in_flight in [1, 2, 8, 12] {
        for busy in [false, true] {
            assert_eq!(
                events(&units, frames_in_flight, busy),
                expected,
                "{frames_in_flight} {busy}"
            );
        }
    }
}
