//! Film grain as tables: what `vav1d grain` writes, and what `--grain-table` makes of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use vav1d::container;
use vav1d::grain::{Clock, FrameTime, Override, Seeds, Timeline, table};
use vav1d::limits::Limits;
use vav1d::plan::Step;
use vav1d::plan::planner::{Planner, PlannerOptions};
use vav1d::syntax::film_grain::FilmGrainParams;
use vav1d::syntax::sequence::ColorConfig;

use crate::manifest::{Sample, sample, samples};

/// The samples with film grain.
fn grained() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|sample| sample.frames_no_film_grain.is_some())
}

/// What is shown: when, with which film grain, in which format.
fn frames(sample: &Sample) -> Vec<(FrameTime, FilmGrainParams, ColorConfig)> {
    let file = std::fs::File::open(sample.path()).expect("the sample");
    let mut source = container::open(Box::new(file), None, Limits::default()).expect("a stream");
    let mut clock = Clock::new(source.info().time_base);
    let mut planner = Planner::new(PlannerOptions::default());
    let mut steps = Vec::new();
    while let Some(unit) = source.next_unit().expect("a unit") {
        planner.unit(&unit, &mut steps).expect("a plan");
    }
    let (mut color, mut headers, mut shown) = (None, HashMap::new(), Vec::new());
    for step in steps {
        match step {
            Step::Configure(spec) => color = Some(spec.sequence.color_config),
            Step::Decode(plan) => drop(headers.insert(plan.surface, plan.header)),
            Step::Show(show) => {
                let params = headers[&show.surface].film_grain_params;
                shown.push((clock.frame(show.pts), params, color.expect("a sequence")));
            }
            Step::Release(_) => {}
        }
    }
    shown
}

#[test]
fn a_table_that_keeps_seeds_gives_every_frame_its_own_film_grain() {
    let mut n = 0;
    for sample in grained() {
        let frames = frames(&sample);
        for seeds in [Seeds::Merged, Seeds::Kept] {
            let mut timeline = Timeline::new(seeds);
            frames.iter().for_each(|(at, params, _)| timeline.frame(*at, params));
            let table = timeline.finish(1);
            let text = table.to_string();
            assert_eq!(table::Table::parse(&text), Ok(table.clone()), "{}", sample.name);
            let other = Override::Table(table);
            for (at, own, color) in &frames {
                let mut own = own.apply_grain.then(|| table::tabled(own));
                let mut params = other.params(*at, (1, 1), color);
                if seeds == Seeds::Merged {
                    let both = [&mut own, &mut params].into_iter().flatten();
                    both.for_each(|params| params.grain_seed = 0);
                }
                assert_eq!(params, own, "{} at {at:?}, {seeds:?}", sample.name);
                n += 1;
            }
        }
    }
    assert!(n > 80, "{n} frames");
}

fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// MD5s of the pictures of a sample on softvk.
#[track_caller]
fn md5s(sample: &Sample, args: &[&str]) -> Vec<String> {
    md5s_on("soft", sample, args)
}

#[track_caller]
fn md5s_on(device: &str, sample: &Sample, args: &[&str]) -> Vec<String> {
    let path = sample.path();
    let path = path.to_str().expect("a plain path");
    let text = stdout(&vav1d(&[&["md5", "-q", "--device", device, path], args].concat()));
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.rsplit(',').next().expect("a column").trim().to_owned()).collect()
}

/// A file that is removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("vav1d-grain-{name}-{}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_tables_of_two_samples_are_as_expected() {
    for (name, expected) in [
        ("grain-420-8", include_str!("tables/grain-420-8.txt")),
        ("grain-hidden", include_str!("tables/grain-hidden.txt")),
    ] {
        let path = sample(name).path();
        let path = path.to_str().expect("a plain path");
        assert_eq!(stdout(&vav1d(&["grain", path])), expected, "{name}");
        let file = File::new(name);
        assert_eq!(stdout(&vav1d(&["grain", path, "-o", file.path()])), "");
        assert_eq!(std::fs::read_to_string(&file.0).expect("the table"), expected, "{name}");
    }
}

/// A table has no place for clip_to_restricted_range: pictures of streams that set it are others.
#[test]
fn a_stream_with_its_own_table_has_its_own_md5s() {
    let mut exact = 0;
    for sample in grained() {
        let file = File::new(&sample.name);
        let path = sample.path();
        let path = path.to_str().expect("a plain path");
        stdout(&vav1d(&["grain", "--keep-seeds", path, "-o", file.path()]));
        let clips = frames(&sample).iter().any(|(_, params, _)| params.clip_to_restricted_range);
        let with = md5s(&sample, &["--grain-table", file.path()]);
        if clips {
            assert_ne!(Some(&with), sample.frames_no_film_grain.as_ref(), "{}", sample.name);
        } else {
            assert_eq!(with, sample.frames, "{}", sample.name);
            exact += 1;
        }
    }
    assert!(exact >= 5, "{exact} streams");
}

#[test]
fn another_grain_replaces_the_streams_own_whoever_would_apply_that() {
    let sample = sample("grain-420-10");
    let file = File::new("empty");
    std::fs::write(&file.0, "filmgrn1\n").expect("a file");
    for device in ["soft", "soft:no-grain"] {
        let none = md5s_on(device, &sample, &["--grain-table", file.path()]);
        assert_eq!(Some(none), sample.frames_no_film_grain, "{device}");
    }
    let photons = |iso| md5s(&sample, &["--photon-noise", iso]);
    assert_ne!(Some(photons("6400")), sample.frames_no_film_grain);
    assert_ne!(photons("6400"), photons("12800"));
    assert_eq!(photons("6400")[2..], md5s(&sample, &["--photon-noise", "6400", "--skip", "2"]));
}

#[test]
fn film_grain_by_the_shader_has_the_md5s_of_other_decoders() {
    if crate::drawing::device().is_none() {
        return;
    }
    for sample in grained() {
        assert_eq!(md5s(&sample, &["--film-grain", "gpu"]), sample.frames, "{}", sample.name);
    }
    let sample = sample("grain-444-8");
    let photons = |by| md5s(&sample, &["--photon-noise", "6400", "--film-grain", by]);
    assert_eq!(photons("gpu"), photons("cpu"));
}

#[test]
fn json_has_a_record_for_each_segment() {
    let path = sample("grain-hidden").path();
    let text = stdout(&vav1d(&["grain", "--json", path.to_str().expect("a plain path")]));
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records[0]["data"]["command"], "grain");
    assert_eq!(records.len(), 1 + 12);
    assert!(records[1..].iter().all(|record| record["type"] == "grain"));
    assert_eq!(records[2]["data"]["start_time"], 400_000);
    assert_eq!(records[2]["data"]["grain_seed"], 10772);
}

#[test]
fn exit_codes_say_what_is_wrong() {
    let path = sample("grain-cfl").path();
    let path = path.to_str().expect("a plain path");
    let file = File::new("wrong");
    std::fs::write(&file.0, "filmgrn1\nE 0 1 1 0 1\n").expect("a file");
    let cases: [(&[&str], i32, &str); 9] = [
        (&["md5", path, "--grain-table", "no-such-file"], 66, "no-such-file"),
        (&["md5", path, "--grain-table", file.path()], 65, "expected p line"),
        (
            &["md5", path, "--grain-table", file.path(), "--film-grain", "off"],
            2,
            "--film-grain off",
        ),
        (&["md5", path, "--photon-noise", "0"], 2, "from 1 to 1000000"),
        (&["md5", path, "--photon-noise", "8", "--grain-table", "x"], 2, "--grain-table"),
        (&["compare", path, "--film-grain", "gpu"], 2, "--film-grain gpu"),
        (&["grain", path, "--json", "-o", "-"], 2, "standard output"),
        (&["grain", path, "-o", "/no/such/folder"], 74, "/no/such/folder"),
        (&["grain", "no-such-file"], 66, "no-such-file"),
    ];
    for (args, code, part) in cases {
        let output = vav1d(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(part), "{args:?}: {stderr}");
        // JSON says it once more, as a record.
        assert_eq!(output.stdout.is_empty(), !args.contains(&"--json"), "{args:?}");
    }
}

#[test]
fn a_stream_without_film_grain_has_an_empty_table() {
    let path = sample("main-420-8").path();
    let output = vav1d(&["grain", path.to_str().expect("a plain path")]);
    assert_eq!(stdout(&output), "filmgrn1\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no film grain"));
}
