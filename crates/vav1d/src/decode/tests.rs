//! Tests of what a sink gets: pictures, parts of them, or nothing.

use std::fs::File;
use std::io;
use std::path::Path;

use super::*;
use crate::plan::Step;
use crate::plan::planner::Planner;
use crate::vk::{Driver, ExecutorOptions, Instance, InstanceOptions, ReadbackWay};

/// Notes the bytes that it gets.
struct Notes {
    wants: Wants,
    bytes: Vec<u8>,
    /// Pictures that came whole, pictures that began, and the longest part.
    came: (usize, usize, usize),
}

impl Sink for Notes {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn start(&mut self, picture: &Begun) -> io::Result<()> {
        assert_eq!(picture.index, self.came.1 as u64);
        self.came.1 += 1;
        Ok(())
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.came.2 = self.came.2.max(bytes.len());
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.came.0 += 1;
        self.bytes.extend_from_slice(&shown.picture.data);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a sink gets of a sample that a softvk of `config` decodes.
fn notes(name: &str, config: &str, wants: Wants, readback: Option<ReadbackWay>) -> Notes {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")).join(name);
    let file = Box::new(File::open(path).expect("a sample"));
    let mut source = container::open_file(file, None, Default::default()).expect("a stream");
    let driver = Driver::Soft { config: Some(config.into()) };
    let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
    let adapter = instance.adapters().expect("a device").remove(0);
    let options = ExecutorOptions { readback, ..ExecutorOptions::default() };
    let mut executor = Executor::new(&instance, &adapter, options).expect("an executor");
    let mut notes = Notes { wants, bytes: Vec::new(), came: (0, 0, 0) };
    decode(&mut *source, &mut executor, &mut notes, Options::default()).expect("decoded");
    notes
}

/// Streams of odd and of changing sizes, of all depths and subsamplings, with superres.
const SAMPLES: [&str; 6] = [
    "main-420-8.ivf",
    "resize-random.ivf",
    "superres-random.ivf",
    "high-444-10.ivf",
    "main-400-10.ivf",
    "grain-420-10.ivf",
];

#[test]
fn parts_are_the_bytes_of_the_pictures() {
    for name in SAMPLES {
        for config in ["", "two-plane", "distinct", "granularity=16x16"] {
            let whole = notes(name, config, Wants::Pictures, None);
            let parts = notes(name, config, Wants::Parts, None);
            assert!(!whole.bytes.is_empty() && whole.came.1 == 0, "{name}");
            assert_eq!((parts.came.0, parts.came.1), (0, whole.came.0), "{name} {config}");
            assert!(parts.bytes == whole.bytes, "{name} {config}");
            // Not a copy of it all.
            assert!((1..=128 << 10).contains(&parts.came.2), "{name}: {}", parts.came.2);
        }
    }
}

#[test]
fn who_wants_nothing_is_told_of_the_pictures() {
    let Notes { bytes, came, .. } = notes(SAMPLES[0], "", Wants::Nothing, None);
    assert_eq!((bytes.len(), came), (0, (0, 12, 0)));
}

#[test]
fn pictures_that_were_copied_come_whole() {
    let expected = notes(SAMPLES[0], "", Wants::Pictures, None).bytes;
    // Of "general" a reference is read before it goes back to its layout.
    let by_queue = Some(ReadbackWay::Copy);
    for (config, readback) in
        [("no-host-image-copy", None), ("", by_queue), ("host-image-copy=general", None)]
    {
        let Notes { bytes, came, .. } = notes(SAMPLES[0], config, Wants::Parts, readback);
        assert_eq!(came, (12, 0, 0), "{config}");
        assert!(bytes == expected, "{config}");
    }
}

/// For each picture that is delivered, how many were shown by then; all that is under way is done each
/// time before the executor is asked.
fn delivered(busy: bool, frames_in_flight: u32) -> Vec<usize> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/main-420-8.ivf");
    let file = Box::new(File::open(path).expect("a sample"));
    let mut source = container::open_file(file, None, Default::default()).expect("a stream");
    let driver = Driver::Soft { config: None };
    let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
    let adapter = instance.adapters().expect("a device").remove(0);
    let options = ExecutorOptions { frames_in_flight, ..ExecutorOptions::default() };
    let mut executor = Executor::new(&instance, &adapter, options).expect("an executor");
    executor.keep_busy(busy);
    let mut planner = Planner::new(PlannerOptions::default());
    let (mut steps, mut shown, mut delivered) = (Vec::new(), 0, Vec::new());
    while let Some(unit) = source.next_unit().expect("a unit") {
        crate::units::planned(&mut planner, Ok(unit), &mut steps);
        for step in steps.drain(..) {
            executor.execute(&step).expect("executed");
            executor.drain().expect("done");
            shown += usize::from(matches!(step, Step::Show(_)));
            while let Some(output) = executor.next_output(false).expect("an answer") {
                delivered.push(shown);
                executor.reuse(output.picture);
            }
        }
    }
    while let Some(output) = executor.next_output(true).expect("an answer") {
        delivered.push(shown);
        executor.reuse(output.picture);
    }
    delivered
}

#[test]
fn a_busy_device_has_frames_when_a_picture_is_delivered() {
    let at_once: Vec<_> = (1..=12).collect();
    assert_eq!(delivered(false, 4), at_once);
    // Two are under way, and one more was submitted.
    let behind: Vec<_> = (4..=12).chain([12; 3]).collect();
    assert_eq!(delivered(true, 4), behind);
    let behind: Vec<_> = (2..=12).chain([12]).collect();
    assert_eq!(delivered(true, 1), behind);
}

/// Shown a second time, a picture has film grain of the caller's in place of the driver's.
#[test]
fn what_is_shown_twice_has_the_same_film_grain() {
    for name in ["grain-420-8.ivf", "grain-420-10.ivf", "grain-hidden.ivf"] {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")).join(name);
        let file = Box::new(File::open(path).expect("a sample"));
        let mut source = container::open_file(file, None, Default::default()).expect("a stream");
        let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default());
        let instance = instance.expect("softvk");
        let adapter = instance.adapters().expect("a device").remove(0);
        let executor = Executor::new(&instance, &adapter, ExecutorOptions::default());
        let mut executor = executor.expect("an executor");
        executor.leave_unread(true);
        let mut planner = Planner::new(PlannerOptions::default());
        let (mut steps, mut callers, mut pairs) = (Vec::new(), [0, 0], 0);
        while let Some(unit) = source.next_unit().expect("a unit") {
            crate::units::planned(&mut planner, Ok(unit), &mut steps);
            for step in steps.drain(..) {
                executor.execute(&step).expect("executed");
                let Step::Show(_) = step else { continue };
                executor.execute(&step).expect("executed");
                let pair = [0, 1].map(|time| {
                    let output = executor.next_output(true).expect("an answer").expect("a picture");
                    callers[time] += usize::from(output.pending_grain.is_some());
                    let at = Clock::new(None).frame(output.show.pts);
                    let picture = FilmGrain::Stream.apply(output, at, None).expect("grain");
                    picture.into_host().expect("a picture")
                });
                assert!(pair[0] == pair[1], "{name}: picture {pairs}");
                pairs += 1;
            }
        }
        assert!(pairs > 0 && callers[0] == 0 && callers[1] > 0, "{name}: {callers:?} of {pairs}");
    }
}
