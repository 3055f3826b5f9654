//! Planted faults of softvk in one decode: what each makes of the output, who finds it, and how.

use std::process::{Command, Output};

use serde_json::Value;

use crate::manifest::sample;

fn vav1d(args: &[&str], name: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["--json", "-q"])
        .args(args)
        .arg(sample(name).path())
        .output()
        .expect("vav1d runs")
}

fn records(output: &Output, kind: &str) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lines
        .filter(|line: &Value| line["type"] == kind)
        .map(|line: Value| line["data"].clone())
        .collect()
}

/// What `compare` says of a fault: exit code, frames by state, and all verdicts.
fn compared(name: &str, fault: &str) -> (Option<i32>, Vec<u64>, Vec<u64>, Vec<Value>) {
    let device = format!("soft:fault={fault}");
    let output = vav1d(&["compare", "--device", &device], name);
    let verdicts = records(&output, "verdict");
    let of = |state: &str| {
        let frames = verdicts.iter().filter(|v| v["state"] == state);
        frames.filter_map(|v| v["frame"].as_u64()).collect::<Vec<_>>()
    };
    (output.status.code(), of("wrong"), of("inherited"), verdicts)
}

/// The fault makes frame `at` wrong, and nothing else; `heirs` frames inherit.
#[track_caller]
fn begins(name: &str, fault: &str, at: u64, heirs: usize) -> Value {
    let (code, wrong, inherited, verdicts) = compared(name, &format!("{fault}@{at}"));
    assert_eq!((code, &*wrong), (Some(1), &[at][..]), "{fault}: {inherited:?}");
    assert_eq!(inherited.len(), heirs, "{fault}: {inherited:?}");
    assert!(inherited.iter().all(|frame| *frame > at), "{fault}: {inherited:?}");
    let origins = verdicts.iter().filter(|v| v["state"] == "inherited").map(|v| &v["origins"]);
    assert!(origins.into_iter().all(|o| *o == Value::from(vec![at])), "{fault}");
    verdicts[at as usize].clone()
}

/// The planes that differ, and row, column, size and tile of the first superblock.
fn place(difference: &Value) -> (String, [u64; 4]) {
    let planes = difference["planes"].as_array().expect("planes").iter();
    let differing = planes.filter(|plane| plane["differing"].as_u64() > Some(0));
    let first = &difference["superblocks"]["first"];
    let number = |name: &str| first[name].as_u64().expect("a number");
    (
        differing.filter_map(|plane| plane["plane"].as_str()).collect(),
        ["row", "column", "size", "tile"].map(number),
    )
}

#[test]
fn a_wrong_quantizer_is_inherited() {
    let verdict = begins("main-420-8", "base-q", 3, 8);
    assert!(verdict["difference"]["planes"][0]["differing"].as_u64() > Some(1));
    assert_eq!(place(&verdict["difference"]), ("YUV".to_owned(), [0, 0, 64, 0]));
    // 9 of its 12 superblocks have coefficients.
    assert_eq!(verdict["difference"]["superblocks"]["wrong"], 9);
}

#[test]
fn a_wrong_reference_slot_is_inherited() {
    let verdict = begins("error-resilient", "slot", 2, 3);
    assert_eq!(place(&verdict["difference"]), ("YUV".to_owned(), [0, 0, 64, 0]));
    // Here the decoder loses its way in the bitstream: the decode fails, and so do its heirs.
    let verdict = begins("main-420-8", "slot", 3, 10);
    assert_eq!(verdict["status"], -1);
    let verdict = begins("sb128", "slot", 2, 1);
    assert_eq!(place(&verdict["difference"]).1[2], 128);
}

#[test]
fn cdfs_that_are_not_inherited_are_found_where_they_are_missed() {
    let verdict = begins("main-420-8", "cdf", 5, 8);
    assert_eq!(place(&verdict["difference"]), ("YUV".to_owned(), [0, 0, 64, 0]));
    assert_eq!(verdict["difference"]["superblocks"]["wrong"], 12);
}

#[test]
fn a_wrong_value_of_each_kind_is_found_in_its_frame() {
    begins("superres-fixed", "order-hint", 3, 2);
    begins("segmentation-cyclic", "segmentation", 2, 13);
    begins("superres-fixed", "restoration", 2, 3);
    begins("svt-pyramid", "extent", 2, 14);
    // With superres the tiles are of another width, and the decoder loses its way.
    assert_eq!(begins("superres-fixed", "extent", 3, 2)["status"], -1);
}

#[test]
fn shifted_hints_are_right_as_long_as_hints_are_zero() {
    let verdicts = |personality: &str, options: &[&str]| {
        let device = format!("soft:{personality}");
        let output = vav1d(&[&["compare", "--device", &device], options].concat(), "main-420-8");
        let verdicts = records(&output, "verdict").into_iter();
        let right = verdicts.map(|v| v["state"] == "right").collect::<Vec<_>>();
        (output.status.code(), right)
    };
    let (code, right) = verdicts("nv-like", &[]);
    assert!(code == Some(0) && right.iter().all(|right| *right), "{code:?} {right:?}");
    // By driver and version it is known, and given what it reads.
    let (code, right) = verdicts("nv-560", &[]);
    assert!(code == Some(0) && right.iter().all(|right| *right), "{code:?} {right:?}");
    let (code, right) = verdicts("nv-560", &["--order-hints", "named"]);
    // The key frame, and the frame that refers to nothing else.
    assert!(code == Some(1) && right[..2] == [true; 2] && !right[2], "{code:?} {right:?}");
    let args = ["compare", "--device", "soft:nv-560", "--order-hints", "named"];
    let output = vav1d(&args, "still-reduced");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("never applied"));
}

#[test]
fn the_referee_names_what_a_client_gets_wrong() {
    let args = ["md5", "--device", "soft", "--plant", "order-hint@3"];
    let output = vav1d(&args, "main-420-8");
    let said = String::from_utf8_lossy(&output.stderr);
    // The reference information of the frame is right, its OrderHint is not: no pixel tells.
    let line = "decode 3: setup slot 3: StdVideoDecodeAV1ReferenceInfo: OrderHint is 1, not 2";
    assert!(said.contains(line), "{said}");
    let line = "decode 3: the frame cannot be decoded; every member is in its range";
    assert!(said.contains(line), "{said}");
}

/// A breach without a VUID of its own is one: the pictures are right, and the exit code is not 0.
#[test]
fn what_the_referee_says_without_a_vuid_is_validation() {
    let args = ["md5", "--device", "soft", "--order-hints", "shifted"];
    let output = vav1d(&args, "svt-pyramid");
    assert_eq!(output.status.code(), Some(70), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = records(&output, "message");
    let mut texts = messages.iter().filter_map(|message| message["text"].as_str());
    let named = "StdVideoDecodeAV1PictureInfo: OrderHints[";
    assert!(texts.any(|text| text.contains(named)), "{messages:?}");
    assert!(messages.iter().all(|message| message["id"] == ""), "{messages:?}");
}

#[test]
fn one_sample_is_found() {
    let verdict = begins("main-420-8", "pixel", 4, 0);
    let luma = &verdict["difference"]["planes"][0];
    assert_eq!((&luma["differing"], &luma["max"]), (&1.into(), &1.into()), "{luma}");
    assert_eq!(luma["first"], serde_json::json!([227 / 2, 131 / 2]));
    let first = &verdict["difference"]["superblocks"]["first"];
    assert_eq!((&first["row"], &first["column"]), (&1.into(), &1.into()), "{first}");
    assert_eq!(verdict["difference"]["superblocks"]["wrong"], 1);
    assert_eq!(place(&verdict["difference"]), ("Y".to_owned(), [1, 1, 64, 0]));
    let verdict = begins("tiles-4x2", "pixel", 2, 0);
    let (planes, [row, column, _, tile]) = place(&verdict["difference"]);
    assert_eq!((&*planes, row, column, tile), ("Y", 2, 2, 6));
}

#[test]
fn a_wrong_grain_seed_is_told_from_a_wrong_picture() {
    let (code, wrong, inherited, verdicts) = compared("grain-420-8", "grain-seed@2");
    assert_eq!((code, wrong, inherited), (Some(1), vec![], vec![]));
    let grained = verdicts.iter().filter(|v| !v["film_grain"].is_null());
    let grained: Vec<_> = grained.collect();
    assert_eq!(grained.iter().map(|v| v["frame"].clone()).collect::<Vec<_>>(), [Value::from(2)]);
    let difference = &grained[0]["film_grain"]["difference"];
    assert_eq!(place(difference), ("YUV".to_owned(), [0, 0, 64, 0]));
}

#[test]
fn a_failed_decode_is_told_by_its_status() {
    let verdict = begins("main-420-8", "status", 3, 10);
    assert_eq!(verdict["status"], -1);
    let output = vav1d(&["md5", "--device", "soft:fault=status@3"], "main-420-8");
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(records(&output, "fault")[0]["kind"], "status");
    // What was output before it stays.
    assert_eq!(records(&output, "frame").len(), 1);
}

#[test]
fn a_queue_that_hangs_is_waited_for_so_long() {
    let args = ["md5", "--device", "soft:fault=hang@3", "--device-timeout", "0.2"];
    let output = vav1d(&args, "main-420-8");
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(records(&output, "fault")[0]["kind"], "timeout");
}

#[test]
fn a_lost_device_ends_the_decode() {
    let output = vav1d(&["md5", "--device", "soft:fault=lost@3"], "main-420-8");
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(records(&output, "fault")[0]["kind"], "lost");
    let (code, wrong, ..) = compared("main-420-8", "lost@3");
    assert_eq!((code, wrong), (Some(75), vec![]));
}

#[test]
fn verify_tells_every_fault_apart() {
    for (sample, fault, outcome, first) in [
        ("main-420-8", "base-q@3", "mismatch", Some(1)),
        ("main-420-8", "pixel@3", "mismatch", Some(1)),
        ("error-resilient", "slot@2", "mismatch", Some(2)),
        // A verdict of its own: the picture is right.
        ("grain-420-8", "grain-seed@2", "film-grain", Some(3)),
        // What follows cannot even be parsed.
        ("main-420-8", "cdf@5", "status-error", None),
        ("main-420-8", "status@3", "status-error", None),
        ("main-420-8", "hang@3", "hang", None),
        ("main-420-8", "lost@3", "device-lost", None),
        ("main-420-8", "crash@3", "crash", None),
    ] {
        let device = format!("soft:fault={fault}");
        let filter = format!("/{sample}$");
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["--json", "-q", "verify", "--filter", &filter, "--frame-timeout", "0.5"])
            .args(["--device", &device])
            .arg(crate::manifest::folder())
            .args(["--", "--frames-in-flight", "1"])
            .output()
            .expect("vav1d runs");
        let vectors = records(&output, "vector");
        assert_eq!(output.status.code(), Some(1), "{fault}");
        assert_eq!(vectors[0]["outcome"], outcome, "{fault}: {}", vectors[0]);
        assert_eq!(vectors[0]["first_wrong"].as_u64(), first, "{fault}: {}", vectors[0]);
        if ["hang", "device-lost", "crash"].contains(&outcome) {
            let detail = vectors[0]["detail"].as_str().expect("text");
            assert!(detail.contains("last frame submitted: 3"), "{fault}: {detail}");
        }
    }
}
