//! `vav1d compare`: what a planted fault makes wrong is named, and nothing else.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::manifest::{sample, samples};

/// Exit code, verdicts by frame, and the summary.
fn compare(name: &str, args: &[&str]) -> (Option<i32>, Vec<Value>, Value) {
    // The judged device has to be named: there is no hardware here, and softvk does not take its
    // place.
    let device: &[&str] = if args.contains(&"--device") { &[] } else { &["--device", "soft"] };
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["--json", "-q", "compare"])
        .arg(sample(name).path())
        .args(device)
        .args(args)
        .output()
        .expect("vav1d runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let records = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let (mut verdicts, mut summary) = (Vec::new(), Value::Null);
    for record in records {
        let record: Value = record;
        match record["type"].as_str() {
            Some("verdict") => verdicts.push(record["data"].clone()),
            Some("comparison") => summary = record["data"].clone(),
            _ => {}
        }
    }
    (output.status.code(), verdicts, summary)
}

fn in_state(verdicts: &[Value], state: &str) -> Vec<u64> {
    let frames = verdicts.iter().filter(|v| v["state"] == state);
    frames.filter_map(|v| v["frame"].as_u64()).collect()
}

/// Files of one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("vav1d-compare-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_sound_driver_has_no_wrong_frame() {
    for sample in samples() {
        let device = if sample.name.contains("grain") { "soft:no-grain" } else { "soft:distinct" };
        let (code, verdicts, summary) = compare(&sample.name, &["--device", device]);
        assert_eq!(code, Some(0), "{}: {summary}", sample.name);
        assert_eq!(in_state(&verdicts, "right").len(), verdicts.len(), "{}", sample.name);
        assert!(!verdicts.is_empty() && summary["first_wrong"].is_null(), "{}", sample.name);
        assert!(verdicts.iter().all(|v| v["film_grain"].is_null()), "{}", sample.name);
    }
}

#[test]
fn an_error_begins_in_one_frame_and_is_inherited() {
    let (code, verdicts, summary) = compare("main-420-8", &["--plant", "loop-filter-delta@3"]);
    assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(3)));
    assert_eq!(in_state(&verdicts, "wrong"), [3]);
    // Frame 7 has nothing of frame 3 in it.
    assert_eq!(in_state(&verdicts, "right"), [0, 1, 2, 7]);
    for verdict in verdicts.iter().filter(|v| v["state"] == "inherited") {
        assert_eq!(verdict["origins"], Value::from(vec![3]), "{verdict}");
    }
    // A loop filter delta changes little, and not by much.
    let planes = &verdicts[3]["difference"]["planes"];
    let luma = &planes[0];
    let differing = luma["differing"].as_u64().expect("a number");
    assert!(differing > 0 && differing < luma["samples"].as_u64().expect("a number") / 20);
    assert!(luma["psnr"].as_f64().expect("a number") > 50.0, "{luma}");
    let last = &verdicts[3]["references"][0];
    assert_eq!((&last["name"], &last["frame"]), (&Value::from("LAST"), &Value::from(0)));
}

#[test]
fn the_tile_and_the_superblock_are_named() {
    let (_, verdicts, _) = compare("tiles-4x2", &["--plant", "tile-offset@0"]);
    let first = &verdicts[0]["difference"]["superblocks"]["first"];
    assert_eq!(verdicts[0]["state"], "wrong");
    assert_eq!((&first["row"], &first["tile"], &first["size"]), (&0.into(), &0.into(), &64.into()));
}

#[test]
fn wrong_film_grain_is_told_from_a_wrong_picture() {
    let (code, verdicts, summary) = compare("grain-420-10", &["--plant", "grain-seed@2"]);
    assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(2)));
    assert_eq!(in_state(&verdicts, "right").len(), verdicts.len());
    let grained: Vec<_> = verdicts.iter().filter(|v| !v["film_grain"].is_null()).collect();
    assert_eq!(grained.len(), 1);
    assert_eq!(grained[0]["frame"], 2);
}

#[test]
fn files_are_compared_with_by_output() {
    let folder = Folder::new("files");
    for (name, from) in
        [("ok.yuv", "main-420-8"), ("ok.y4m", "main-420-8"), ("ok.framemd5", "main-420-8")]
    {
        let file = folder.0.join(name);
        let status = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["decode", "-q", "--device", "soft", "-o"])
            .arg(&file)
            .arg(sample(from).path())
            .status()
            .expect("vav1d runs");
        assert!(status.success());
        let file = file.to_str().expect("a plain path");
        let (code, verdicts, summary) = compare(from, &["--against", file]);
        assert_eq!(code, Some(0), "{name}: {summary}");
        assert_eq!(in_state(&verdicts, "right").len(), 12, "{name}");
        let (code, verdicts, summary) =
            compare(from, &["--against", file, "--plant", "loop-filter-delta@3"]);
        assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(3)), "{name}");
        assert_eq!(in_state(&verdicts, "wrong"), [3], "{name}");
    }
}

#[test]
fn images_of_the_origin_are_written() {
    let folder = Folder::new("images");
    let dir = folder.0.to_str().expect("a plain path");
    let (code, ..) = compare("main-420-8", &["--plant", "loop-filter-delta@3", "--png", dir]);
    assert_eq!(code, Some(1));
    let mut names: Vec<_> = std::fs::read_dir(&folder.0)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["frame-0003-difference.png", "frame-0003-is.png", "frame-0003-should-be.png"]
    );
}

#[test]
fn what_wrong_frames_share_is_said() {
    let device = "soft:fault=intra-unnamed";
    let args = ["--device", device, "--intra-references", "none"];
    let (_, _, summary) = compare("intra-only", &args);
    assert_eq!(summary["wrong"], 2, "{summary}");
    let first = &summary["shared_features"][0];
    assert_eq!(*first, serde_json::json!({"feature": "intra_only_frame", "wrong": 2, "right": 0}));
}

#[test]
fn a_short_reference_leaves_the_rest_unjudged() {
    let folder = Folder::new("short");
    let file = folder.0.join("short.md5");
    let text: String = sample("main-420-8")
        .frames
        .iter()
        .take(4)
        .fold(String::new(), |text, md5| text + md5 + "  main-420-8.i420\n");
    std::fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a plain path");
    let (code, verdicts, summary) = compare("main-420-8", &["--against", file]);
    assert_eq!((code, &summary["right"]), (Some(66), &Value::from(4)));
    assert_eq!(in_state(&verdicts, "unjudged").len(), verdicts.len() - 4);
    let code = compare("main-420-8", &["--against", file, "--limit", "4"]).0;
    assert_eq!(code, Some(0));
}

#[test]
fn a_frame_that_the_driver_refuses_is_no_success() {
    let refusing = ["--device", "soft:fault=status@3", "--against", "soft:fault=status@3"];
    let (code, verdicts, summary) = compare("key-frames", &refusing);
    assert_eq!(code, Some(65), "{summary}");
    assert_eq!(in_state(&verdicts, "wrong"), Vec::<u64>::new());
}

#[test]
fn one_hash_of_all_is_no_hash_of_the_first() {
    let folder = Folder::new("total");
    let file = folder.0.join("total.md5");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["md5", "-q", "--total", "--device", "soft"])
        .arg(sample("main-420-8").path())
        .output()
        .expect("vav1d runs");
    std::fs::write(&file, &output.stdout).expect("a file");
    let path = file.to_str().expect("a plain path");
    let (code, verdicts, summary) = compare("main-420-8", &["--against", path]);
    // All that is output; of the frame that never is, a file says nothing.
    assert_eq!(code, Some(0), "{summary}");
    assert!(in_state(&verdicts, "right").len() >= 12, "{summary}");
    let device = ["--against", path, "--device", "soft:fault=base-q@3"];
    let (code, _, summary) = compare("main-420-8", &device);
    assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(3)), "{summary}");
    // A hash that nothing has: which pictures are wrong is not made up.
    std::fs::write(&file, "0123456789abcdef0123456789abcdef").expect("a file");
    let (code, verdicts, summary) = compare("main-420-8", &["--against", path]);
    assert_eq!((code, &summary["wrong"]), (Some(1), &Value::from(0)), "{summary}");
    assert_eq!(in_state(&verdicts, "unjudged").len(), verdicts.len());
    assert_eq!(compare("main-420-8", &["--against", path, "--limit", "3"]).0, Some(2));
}

#[test]
fn what_is_no_reference_is_refused() {
    let folder = Folder::new("references");
    let y4m = folder.0.join("a.y4m");
    let status = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["decode", "-q", "--device", "soft", "-o"])
        .arg(&y4m)
        .arg(sample("main-420-8").path())
        .status();
    assert!(status.expect("vav1d runs").success());
    let bytes = std::fs::read(&y4m).expect("a file");
    for (from, to) in [("W227", "W131"), ("C420jpeg", "C444jpeg"), ("C420jpeg", "C420p012")] {
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect(from);
        let mut other = bytes.clone();
        other[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(&y4m, other).expect("a file");
        let file = y4m.to_str().expect("a plain path");
        let (code, _, summary) = compare("main-420-8", &["--against", file]);
        assert_eq!((code, &summary["wrong"]), (Some(66), &Value::from(0)), "{to}");
    }
    let (short, other) = (folder.0.join("short.yuv"), folder.0.join("x.txt"));
    std::fs::write(&short, [0; 50000]).expect("a file");
    std::fs::write(&other, "text").expect("a file");
    for (file, exit) in [(&short, 66), (&other, 2), (&folder.0.join("none.md5"), 66)] {
        let file = file.to_str().expect("a plain path");
        assert_eq!(compare("main-420-8", &["--against", file]).0, Some(exit), "{file}");
    }
}

/// What the driver had when it crashed, hung or lost the device.
#[test]
fn the_frame_of_a_failure_is_named() {
    for (fault, what, exit) in
        [("crash", "crash: signal 6", 70), ("lost", "device lost", 75), ("hang", "hang", 75)]
    {
        let device = format!("soft:fault={fault}@3");
        let args = ["--device", &device, "--device-timeout", "1", "--frames-in-flight", "1"];
        let (code, verdicts, summary) = compare("main-420-8", &args);
        let ended = &summary["ended"];
        assert_eq!((code, &ended["what"]), (Some(exit), &Value::from(what)), "{summary}");
        assert_eq!(ended["submitted"], 3, "{summary}");
        assert_eq!(verdicts[3]["state"], "missing", "{fault}");
        // All that had ended before was judged, or is said not to have come.
        assert!(in_state(&verdicts, "right").iter().all(|frame| *frame < 3), "{fault}");
        assert_eq!(in_state(&verdicts, "wrong"), Vec::<u64>::new());
    }
}

#[test]
fn no_other_device_is_judged() {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .env("VK_DRIVER_FILES", "/nonexistent.json")
        .arg("compare")
        .arg(sample("main-420-8").path())
        .output()
        .expect("vav1d runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{text}");
    assert!(text.contains("--device soft"), "{text}");
}

#[test]
fn a_planted_fault_that_is_never_applied_shows_nothing() {
    for args in [["--plant", "loop-filter-delta@99"], ["--device", "soft:fault=pixel@999"]] {
        assert_eq!(compare("main-420-8", &args).0, Some(2), "{args:?}");
    }
    let both = ["--device", "soft:fault=base-q@3,fault=base-q@8", "--teacher"];
    let (code, verdicts, _) = compare("main-420-8", &both);
    assert_eq!((code, in_state(&verdicts, "wrong")), (Some(1), vec![3, 8]));
}
