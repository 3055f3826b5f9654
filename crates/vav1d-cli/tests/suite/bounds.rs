//! What `limits.rs` bounds: memory and time that a stream may take, whatever it claims, in every
//! container, from a file and a pipe.

use std::io::{self, Cursor, Read};
use std::time::{Duration, Instant};

use vav1d::container::error::{Error, Result};
use vav1d::container::{self, Source};
use vav1d::limits::Limits;
use vav1d::plan::planner::{Planner, PlannerOptions};

use crate::boxes::{Film, stream};
use crate::ebml::{block, cluster, file, info, sized, track, tracks};
use crate::manifest::{folder, sample};

/// Bytes that reading may hold beside what it gives: buffers, tables, a unit.
const OVERHEAD: u64 = 1 << 20;

/// Reads `source` to its end or its limit: the units, and the limit.
fn read(opened: Result<Box<dyn Source>>) -> (usize, Option<String>) {
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => return (0, Some(error.to_string())),
    };
    let mut units = 0;
    loop {
        match source.next_unit() {
            Ok(Some(_)) => units += 1,
            Ok(None) => return (units, None),
            Err(Error::Stream(_)) => {}
            Err(error) => return (units, Some(error.to_string())),
        }
    }
}

/// The same of `data`, from a file and from a pipe, in little memory and time.
#[track_caller]
fn bounded(what: &str, data: &[u8], limits: Limits) -> [(usize, Option<String>); 2] {
    [false, true].map(|is_pipe| {
        let begun = Instant::now();
        let mut outcome = (0, None);
        let data = data.to_vec();
        let held = data.len() as u64;
        let used = allocation_counter::measure(|| {
            let bytes = Box::new(Cursor::new(data));
            outcome = read(match is_pipe {
                true => container::open(bytes, None, limits),
                false => container::open_file(bytes, None, limits),
            });
        });
        let most = OVERHEAD + 2 * limits.unit_bytes.min(held) + held;
        assert!(used.bytes_max <= most, "{what}, {is_pipe}: {} bytes", used.bytes_max);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
        outcome
    })
}

#[test]
fn a_unit_has_no_more_bytes_than_it_may() {
    // The first unit has 3111 bytes, the second 5361.
    let limits = Limits { unit_bytes: 4096, ..Limits::default() };
    for name in ["plain.mkv", "live.webm", "plain.mp4", "fragments.mp4", "faststart.mp4"] {
        let data = std::fs::read(folder().join("containers").join(name)).expect("a sample");
        for (units, limit) in bounded(name, &data, limits) {
            assert_eq!(units, 1, "{name}: {limit:?}");
            let limit = limit.expect("a limit");
            assert!(limit.contains("over the limit of 4096"), "{name}: {limit}");
        }
    }
    for name in ["main-420-8", "section5", "annexb"] {
        let data = std::fs::read(sample(name).path()).expect("a sample");
        // In a pipe a frame of IVF that is too large is one of a wrong size.
        let ways = if name == "main-420-8" { 1 } else { 2 };
        for (units, limit) in bounded(name, &data, limits).into_iter().take(ways) {
            let limit = limit.unwrap_or_else(|| panic!("{name}: {units} units and no limit"));
            assert!(limit.contains("over the limit of 4096"), "{name}: {limit}");
        }
    }
}

#[test]
fn what_is_claimed_is_not_held() {
    let limits = Limits::default();
    let huge = 1 << 27;
    let ivf = {
        let mut data = std::fs::read(sample("main-420-8").path()).expect("a sample");
        data[32..36].copy_from_slice(&(huge as u32).to_le_bytes());
        data
    };
    let simple = sized(0xa3, huge, &block(1, 0, &[0x12, 0])[9..]);
    let matroska = file(&[info(), tracks(&[track(1, &[])]), cluster(0, &[simple])]);
    let samples = stream("main-420-8");
    let mut mp4 = Film::default().faststart(&samples);
    let sizes = mp4.windows(4).position(|window| window == b"stsz").expect("a box");
    mp4[sizes + 16..sizes + 20].copy_from_slice(&(huge as u32).to_be_bytes());
    for (what, data) in [("IVF", ivf), ("Matroska", matroska), ("MP4", mp4)] {
        bounded(what, &data, limits);
    }
}

/// Zeros without an end, behind `head`.
struct Endless(Cursor<Vec<u8>>);

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(to)?;
        if got == 0 {
            to.fill(0);
            return Ok(to.len());
        }
        Ok(got)
    }
}

#[test]
fn a_pipe_holds_no_more_than_it_may() {
    let limits = Limits { pipe_bytes: 1 << 20, ..Limits::default() };
    // Samples without an end, and the tables behind them.
    let head = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\0\0\x01\0\0\0\0\0";
    let mut outcome = (0, None);
    let used = allocation_counter::measure(|| {
        let pipe = Box::new(Endless(Cursor::new(head.to_vec())));
        outcome = read(container::open(pipe, None, limits));
    });
    let (units, limit) = outcome;
    assert_eq!(units, 0);
    assert!(limit.as_deref().is_some_and(|limit| limit.contains("piped file")), "{limit:?}");
    assert!(used.bytes_max <= 4 * limits.pipe_bytes, "{} bytes", used.bytes_max);
}

#[test]
fn a_frame_has_no_more_samples_and_a_unit_no_more_frames_than_they_may() {
    let plan = |limits: Limits, name: &str| {
        let options = PlannerOptions { limits, ..PlannerOptions::default() };
        let file = std::fs::File::open(sample(name).path()).expect("a sample");
        let opened = container::open_file(Box::new(file), None, limits);
        let mut source = opened.expect("a stream");
        let mut planner = Planner::new(options);
        let mut steps = Vec::new();
        while let Some(unit) = source.next_unit().expect("a unit") {
            if let Err(error) = planner.unit(&unit, &mut steps) {
                return Some(error.to_string());
            }
        }
        None
    };
    let (width, height) = (227, 131);
    let samples = |frame_samples| Limits { frame_samples, ..Limits::default() };
    assert_eq!(plan(samples(width * height), "main-420-8"), None);
    let said = plan(samples(width * height - 1), "main-420-8").expect("a limit");
    assert!(said.contains("over the limit"), "{said}");
    // A unit of it has a frame that is not shown, beside the one that is.
    let frames = |unit_frames| Limits { unit_frames, ..Limits::default() };
    assert_eq!(plan(frames(8), "main-420-8"), None);
    let said = plan(frames(1), "main-420-8").expect("a limit");
    assert!(said.contains("over the limit of 1"), "{said}");
}
