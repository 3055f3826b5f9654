//! `vav1d compare --teacher`: reference pictures are put right, so only what is wrong by itself is.

use std::process::{Command, Output};

use serde_json::Value;

use crate::manifest::{sample, samples};

fn compare(name: &str, args: &[&str]) -> Output {
    let device: &[&str] = if args.contains(&"--device") { &[] } else { &["--device", "soft"] };
    Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["--json", "-q", "compare", "--teacher"])
        .arg(sample(name).path())
        .args(device)
        .args(args)
        .output()
        .expect("vav1d runs")
}

/// Exit code, frames that are not right by state, and the summary.
fn judged(name: &str, args: &[&str]) -> (Option<i32>, Vec<(u64, String)>, Value) {
    let output = compare(name, args);
    let text = String::from_utf8_lossy(&output.stdout);
    let (mut bad, mut summary) = (Vec::new(), Value::Null);
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let data = &record["data"];
        match record["type"].as_str() {
            Some("verdict") if data["state"] != "right" => {
                let state = data["state"].as_str().expect("text").to_owned();
                bad.push((data["frame"].as_u64().expect("a number"), state));
            }
            Some("comparison") => summary = data.clone(),
            _ => {}
        }
    }
    (output.status.code(), bad, summary)
}

#[track_caller]
fn only(name: &str, args: &[&str], frame: u64) {
    let (code, bad, summary) = judged(name, args);
    assert_eq!(bad, [(frame, "wrong".to_owned())], "{name} {args:?}: {summary}");
    assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(frame)), "{name} {args:?}");
    assert_eq!((&summary["teacher"], &summary["inherited"]), (&Value::from(true), &0.into()));
}

#[test]
fn only_the_faulty_frame_is_wrong_whatever_the_shape() {
    for (config, shape) in [
        ("soft:fault=base-q@3", &[][..]),
        ("soft:fault=base-q@3", &["--layout", "general", "--frames-in-flight", "8"][..]),
        ("soft:fault=base-q@3", &["--recording", "shuffled", "--slots", "random:1"][..]),
        ("soft:fault=base-q@3", &["--dpb", "distinct", "--dpb-images", "layered"][..]),
        ("soft:distinct,pure-decode-family,fault=base-q@3", &[][..]),
        ("soft:coincide,pure-decode-family,fault=base-q@3", &["--dpb-images", "layered"][..]),
        ("soft:opaque-dpb,fault=base-q@3", &[][..]),
        ("soft:planar,fault=base-q@3", &["--resources", "independent"][..]),
        ("soft:anv-xe2,fault=base-q@3", &[][..]),
        ("soft:threads=1,fault=base-q@3", &[][..]),
    ] {
        only("main-420-8", &[&["--device", config], shape].concat(), 3);
    }
}

#[test]
fn samples_of_every_kind_are_put_right() {
    for (name, frame) in [
        ("main-420-10", 2),
        ("main-400-8", 2),
        ("main-400-10", 2),
        ("high-444-10", 2),
        ("pro-422-8", 2),
        ("pro-420-12", 2),
        ("svt-pyramid", 5),
    ] {
        only(name, &["--device", &format!("soft:fault=base-q@{frame}")], frame);
        only(name, &["--device", &format!("soft:two-plane,fault=base-q@{frame}")], frame);
    }
}

#[test]
fn other_faults_are_found_alone_as_well() {
    only("main-420-8", &["--device", "soft:fault=pixel@4"], 4);
    only("main-420-8", &["--plant", "loop-filter-delta@3"], 3);
    only("forward-key", &["--device", "soft:slots=12,fault=base-q@2"], 2);
}

#[test]
fn what_is_wrong_twice_is_found_twice() {
    let args = ["--device", "soft:fault=base-q@3", "--plant", "loop-filter-delta@6"];
    let (_, bad, _) = judged("main-420-8", &args);
    assert_eq!(bad.iter().map(|(frame, _)| *frame).collect::<Vec<_>>(), [3, 6]);
    assert!(bad.iter().all(|(_, state)| state == "wrong"), "{bad:?}");
}

#[test]
fn a_sound_driver_has_no_wrong_frame() {
    for sample in samples() {
        // Beside the reference picture each output is doubtful, so all are overwritten.
        let device = "soft:distinct,pure-decode-family,stderr";
        let output = compare(&sample.name, &["--device", device]);
        assert_eq!(output.status.code(), Some(0), "{}", sample.name);
        // The driver checks layouts, owners and hazards as it goes.
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", sample.name);
    }
}

#[test]
fn film_grain_is_judged_where_nothing_wrong_came_before() {
    let args = ["--plant", "grain-seed@2", "--device", "soft"];
    let (code, bad, summary) = judged("grain-420-10", &args);
    assert_eq!((code, &summary["first_wrong"]), (Some(1), &Value::from(2)));
    assert_eq!(bad, []);
    only("grain-420-8", &["--device", "soft:fault=base-q@1"], 1);
}

#[test]
fn a_failed_decode_leaves_nothing_to_put_right() {
    let (code, bad, _) = judged("main-420-8", &["--device", "soft:fault=status@3"]);
    assert_eq!((code, &bad[0]), (Some(1), &(3, "wrong".to_owned())));
    assert!(bad[1..].iter().all(|(_, state)| state == "inherited") && bad.len() > 1, "{bad:?}");
}

#[test]
fn what_it_needs_is_said() {
    let refused = |args: &[&str], code: i32, why: &str| {
        let output = compare("main-420-8", args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(why), "{args:?}: {text}");
    };
    refused(&["--device", "soft:radv-vcn4"], 69, "VK_IMAGE_USAGE_TRANSFER_DST_BIT");
    let file = std::env::temp_dir().join(format!("vav1d-teacher-{}.yuv", std::process::id()));
    std::fs::write(&file, "").expect("a file");
    refused(&["--against", file.to_str().expect("a plain path")], 2, "hidden frames");
    std::fs::remove_file(&file).expect("removed");
}
