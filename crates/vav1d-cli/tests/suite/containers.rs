//! Containers: the same stream in each of them gives the same pictures at the same times, and
//! broken files give errors.

use std::io::Cursor;
use std::process::{Command, Stdio};

use vav1d::container::{self, TemporalUnit};
use vav1d::limits::Limits;

use crate::manifest::{folder, sample};

/// Files in `samples/containers/` with the stream of `main-420-8`.
const FILES: [&str; 12] = [
    "plain.mkv",
    "plain.webm",
    "live.webm",
    "plain.mp4",
    "faststart.mp4",
    "fragments.mp4",
    "cmaf.mp4",
    "hybrid.mp4",
    "sound.mp4",
    "sound.mkv",
    "delayed.mp4",
    "sequence.avif",
];

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("containers").join(name)).expect("a sample")
}

/// The units of `data`, the time base, and what ended them.
fn units(data: &[u8]) -> (Vec<TemporalUnit>, Option<(u32, u32)>, Option<String>) {
    let file = Box::new(Cursor::new(data.to_vec()));
    let mut source = match container::open_file(file, None, Limits::default()) {
        Ok(source) => source,
        Err(error) => return (Vec::new(), None, Some(error.to_string())),
    };
    let (mut units, time_base) = (Vec::new(), source.info().time_base);
    loop {
        match source.next_unit() {
            Ok(Some(unit)) => units.push(unit),
            Ok(None) => return (units, time_base, None),
            Err(error) => return (units, time_base, Some(error.to_string())),
        }
    }
}

/// `vav1d md5` of a file, or of the same bytes through a pipe.
fn md5s(name: &str, piped: bool) -> Vec<String> {
    let path = folder().join("containers").join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.env_clear().args(["-q", "md5", "--device", "soft"]);
    match piped {
        true => command.arg("-").stdin(std::fs::File::open(&path).expect("a sample")),
        false => command.arg(&path).stdin(Stdio::null()),
    };
    let output = command.output().expect("vav1d runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let hashes = text.lines().filter(|line| !line.starts_with('#'));
    hashes.filter_map(|line| Some(line.rsplit(',').next()?.trim().to_owned())).collect()
}

#[test]
fn every_container_gives_the_pictures_of_the_stream() {
    let frames = sample("main-420-8").frames;
    for name in FILES {
        assert_eq!(md5s(name, false), frames, "{name}");
        assert_eq!(md5s(name, true), frames, "{name} through a pipe");
    }
    assert_eq!(md5s("still.avif", false), sample("still-full").frames);
}

#[test]
fn times_are_those_of_the_stream() {
    let seconds = |data: &[u8]| {
        let (units, time_base, fault) = units(data);
        assert_eq!(fault, None);
        let (num, den) = time_base.expect("a time base");
        let time = |unit: &TemporalUnit| unit.pts.expect("a time") as f64;
        units.iter().map(|u| time(u) * f64::from(num) / f64::from(den)).collect::<Vec<_>>()
    };
    let right = seconds(&std::fs::read(sample("main-420-8").path()).expect("a sample"));
    for name in FILES {
        let delay = if name == "delayed.mp4" { 0.2 } else { 0.0 };
        let times = seconds(&file(name));
        assert_eq!(times.len(), right.len(), "{name}");
        for (is, should) in times.iter().zip(&right) {
            // Matroska counts milliseconds.
            assert!((is - should - delay).abs() < 0.001, "{name}: {is} for {should}");
        }
    }
}

#[test]
fn aspect_and_rotation_are_those_of_the_container() {
    for (name, pixel_aspect, rotation) in [
        ("plain.mp4", None, 0),
        ("plain.mkv", None, 0),
        // ffmpeg was told to turn it by 90 degrees counterclockwise.
        ("turned.mp4", None, 270),
        ("wide.mp4", Some((2, 1)), 0),
        ("wide.mkv", Some((2, 1)), 0),
    ] {
        let source =
            container::open_file(Box::new(Cursor::new(file(name))), None, Limits::default());
        let info = source.expect("a stream").info();
        assert_eq!((info.pixel_aspect, info.rotation), (pixel_aspect, rotation), "{name}");
    }
}

#[test]
fn durations_are_those_of_the_stream() {
    for name in FILES {
        let source =
            container::open_file(Box::new(Cursor::new(file(name))), None, Limits::default());
        let duration = source.expect("a stream").info().duration;
        match name {
            "live.webm" => assert_eq!(duration, None),
            // Twelve pictures at 25 a second; a tone may go on a little.
            _ => {
                let seconds = duration.expect("a duration").as_secs_f64();
                assert!((0.479..0.55).contains(&seconds), "{name}: {seconds}");
            }
        }
    }
}

#[test]
fn units_are_where_they_say() {
    for name in FILES {
        let data = file(name);
        for unit in units(&data).0 {
            let at = unit.file_offset.expect("an offset") as usize;
            assert_eq!(data.get(at..at + unit.data.len()), Some(&unit.data[..]), "{name}");
        }
    }
}

/// The same stream in files of every kind, and a stream that is read in order.
fn every_kind() -> Vec<(String, Vec<u8>)> {
    let contained = FILES.into_iter().map(|name| (name.to_owned(), file(name)));
    let plain = ["main-420-8", "section5", "annexb"].map(sample);
    let plain = plain.map(|s| (s.file.clone(), std::fs::read(s.path()).expect("a sample")));
    contained.chain(plain).collect()
}

#[test]
fn one_can_go_back_to_every_unit() {
    for (name, data) in every_kind() {
        let open = || {
            let file = Box::new(Cursor::new(data.clone()));
            container::open_file(file, None, Limits::default()).expect("a stream")
        };
        let (mut source, mut units, mut positions) = (open(), Vec::new(), Vec::new());
        loop {
            let position = source.position().expect("a position");
            let Some(unit) = source.next_unit().expect("a unit") else { break };
            assert_eq!(position.unit, unit.index, "{name}");
            units.push(unit);
            positions.push(position);
        }
        // A sequence header that is in the head of the file alone comes with any unit sought.
        let ends = |unit: &TemporalUnit, with: &TemporalUnit| {
            (unit.index, unit.pts) == (with.index, with.pts) && unit.data.ends_with(&with.data)
        };
        let mut other = open();
        for (unit, position) in units.iter().zip(&positions).rev() {
            for source in [&mut source, &mut other] {
                source.seek(*position).expect("to go back");
                let sought = source.next_unit().expect("a unit").expect("a unit");
                assert!(ends(&sought, unit), "{name}, unit {}", unit.index);
                assert_eq!(
                    source.position(),
                    positions.get(unit.index as usize + 1).copied().or(source.position())
                );
            }
        }
        source.seek(positions[3]).expect("to go back");
        let index = source.index().expect("an index");
        assert_eq!(source.next_unit().expect("a unit").expect("a unit").index, 3, "{name}");
        assert_eq!(index.is_some(), FILES.contains(&&*name), "{name}");
        for (entry, (unit, position)) in index.iter().flatten().zip(units.iter().zip(&positions)) {
            assert_eq!((entry.position, entry.pts), (*position, unit.pts), "{name}");
            assert_eq!(entry.is_key, unit.index == 0, "{name}, unit {}", unit.index);
        }
        assert!(index.is_none_or(|index| index.len() == units.len()), "{name}");
    }
}

#[test]
fn an_index_does_not_disturb_what_is_read_in_order() {
    for name in FILES {
        let data = file(name);
        let file = Box::new(Cursor::new(data.clone()));
        let mut source = container::open_file(file, None, Limits::default()).expect("a stream");
        let mut read = Vec::new();
        while let Some(unit) = source.next_unit().expect("a unit") {
            read.push(unit);
            assert!(source.index().expect("an index").is_some(), "{name}");
        }
        assert_eq!(read, units(&data).0, "{name}");
    }
}

#[test]
fn one_cannot_go_back_in_a_pipe() {
    let open = |name: &str| {
        let data = std::fs::read(sample(name).path()).expect("a sample");
        container::open(Box::new(Cursor::new(data)), None, Limits::default()).expect("a stream")
    };
    for name in ["main-420-8", "section5", "annexb"] {
        let data = std::fs::read(sample(name).path()).expect("a sample");
        let file = container::open_file(Box::new(Cursor::new(data)), None, Limits::default());
        let position = file.expect("a stream").position().expect("a position");
        let mut source = open(name);
        assert_eq!(source.position(), None, "{name}");
        let error = source.seek(position).expect_err("a pipe");
        assert!(error.to_string().contains("read once"), "{name}: {error}");
        assert_eq!(source.next_unit().expect("a unit").map(|unit| unit.index), Some(0));
    }
}

#[test]
fn what_was_before_a_cut_is_read() {
    for name in ["plain.mkv", "live.webm", "faststart.mp4", "fragments.mp4", "plain.mp4"] {
        let data = file(name);
        let (whole, ..) = units(&data);
        let mut partial = 0;
        for cut in (0..data.len()).step_by(97) {
            let (mut read, _, fault) = units(&data[..cut]);
            // Of the last unit there may be less.
            let of_last = read.last().filter(|unit| !whole.contains(unit)).cloned();
            if let Some(last) = of_last {
                read.pop();
                assert!(whole[read.len()].data.starts_with(&last.data), "{name} cut at {cut}");
                assert!(fault.is_some(), "{name} cut at {cut}");
            }
            assert!(whole.starts_with(&read), "{name} cut at {cut}");
            assert!(read.len() == whole.len() || fault.is_some() || name != "faststart.mp4");
            partial += usize::from(!read.is_empty() && read.len() < whole.len());
        }
        // The tables of a file that was not made for streaming come last.
        assert_eq!(partial > 20, name != "plain.mp4", "{name}: {partial}");
    }
}

#[test]
fn damaged_files_give_errors_and_nothing_worse() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for name in FILES.into_iter().chain(["still.avif"]) {
        let data = file(name);
        // The tables are at the front or at the back.
        for round in 0..300 {
            let mut damaged = data.clone();
            for _ in 0..=random(4) {
                let near = random(data.len().min(900));
                let at = if round % 2 == 0 { near } else { data.len() - 1 - near };
                damaged[at] = [0, 0xff, 0x7f, damaged[at] ^ 1 << random(8)][random(4)];
            }
            let (read, _, fault) = units(&damaged);
            refused += usize::from(fault.is_some());
            let bytes: usize = read.iter().map(|unit| unit.data.len()).sum();
            assert!(bytes <= 20 * data.len(), "{name}: {bytes} bytes of {}", data.len());
        }
    }
    assert!(refused > 400, "{refused}");
}

#[test]
fn a_matroska_segment_may_start_with_a_checksum() {
    let data = file("plain.mkv");
    // The seek head, whose identifier is this, is the first element of the segment.
    let at = data.windows(4).position(|id| id == [0x11, 0x4d, 0x9b, 0x74]).expect("a seek head");
    let mut with = data[..at].to_vec();
    with.extend([0xbf, 0x84, 1, 2, 3, 4]);
    with.extend(&data[at..]);
    // What pointed into the segment is off, so nothing may be trusted but the order.
    let (read, _, fault) = units(&with);
    assert!(fault.is_some() || read.len() == units(&data).0.len(), "{fault:?}");
}

#[test]
fn y4m_has_the_rate_of_pictures_and_not_of_ticks() {
    let contained = |name: &str| folder().join("containers").join(name);
    for path in [
        sample("key-frames").path(),
        contained("keys.mkv"),
        contained("keys.mp4"),
        contained("keys-fragments.mp4"),
        sample("section5").path(),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["decode", "-q", "--device", "soft", "--limit", "1"])
            .args(["--output-format", "y4m", "-o", "-"])
            .arg(&path)
            .output()
            .expect("vav1d runs");
        let end = output.stdout.iter().position(|byte| *byte == b'\n').expect("a header");
        let header = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
        assert!(header.contains(" F25:1 "), "{}: {header}", path.display());
    }
}

#[test]
fn tracks_that_are_not_decoded_are_named() {
    for (name, said) in [
        ("sound.mkv", "other tracks, not decoded: audio 2 (A_OPUS)\n"),
        ("sound.mp4", "other tracks, not decoded: audio 2 (mp4a)\n"),
        ("plain.mkv", "sequence 0: Main profile, 4:2:0 8 bit, 227x131, unspecified colors, "),
    ] {
        let path = folder().join("containers").join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
        let output = command.env_clear().arg("info").arg(&path).output().expect("vav1d runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains(said), "{name}: {text}");
        assert_eq!(text.contains("other tracks"), name.starts_with("sound"), "{name}: {text}");
    }
}
