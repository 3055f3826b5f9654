//! What devices lack for streams, and where they differ: beside what `verify` finds by decoding.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::manifest::sample;

fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The `data` of the records of type `kind`.
fn records(output: &Output, kind: &str) -> Vec<Value> {
    let lines = text(&output.stdout);
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    records
        .filter(|record| record["type"] == kind)
        .map(|mut record| record["data"].take())
        .collect()
}

/// Streams of every profile, with film grain, changes of size, layers, and the smallest.
const STREAMS: [&str; 16] = [
    "main-420-8",
    "main-420-10",
    "main-400-8",
    "high-444-8",
    "pro-422-10",
    "pro-420-12",
    "grain-420-8",
    "grain-444-8",
    "resize-random",
    "sequence-change",
    "superres-fixed",
    "layers-l2t2",
    "svt-pyramid",
    "intra-only",
    "rav1e-still",
    "still-reduced",
];

/// Ten drivers, among them those that lack slots, references or sizes.
const DEVICES: [&str; 10] = [
    "soft:nv-like",
    "soft:radv-vcn4",
    "soft:radv-vcn5",
    "soft:anv-gfx12",
    "soft:layered",
    "soft:opaque-dpb",
    "soft:intra-only",
    "soft:strict-min",
    "soft:slots=3,active=2",
    "soft:extent=200x100,depth=8",
];

/// What is lacking for each stream.
type Lacking = BTreeMap<String, Option<String>>;

fn of_caps(device: &str, suites: &[&str]) -> Lacking {
    let output = vav1d(&[&["-q", "caps", "--json", "--device", device], suites].concat());
    let taken = records(&output, "taken");
    let all_taken = taken.iter().all(|taken| taken["taken"] == true);
    assert_eq!(output.status.code(), Some(if all_taken { 0 } else { 1 }));
    let name = |taken: &Value| taken["name"].as_str().expect("a name").to_owned();
    taken.iter().map(|t| (name(t), t["lacks"].as_str().map(str::to_owned))).collect()
}

fn of_verify(device: &str, suites: &[&str]) -> Lacking {
    let options = ["-q", "verify", "--json", "--no-explain", "--device", device];
    let output = vav1d(&[&options, suites].concat());
    let of = |vector: &Value| {
        let name = vector["name"].as_str().expect("a name").to_owned();
        let detail = vector["detail"].as_str().expect("a text");
        let what = detail.split_once("): ").map_or(detail, |(_, what)| what);
        (name, (vector["outcome"] == "unsupported").then(|| what.to_owned()))
    };
    records(&output, "vector").iter().map(of).collect()
}

#[test]
fn what_is_lacking_is_what_verify_refuses() {
    let paths: Vec<PathBuf> = STREAMS.iter().map(|name| sample(name).path()).collect();
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().expect("plain")).collect();
    let mut reasons = std::collections::BTreeSet::new();
    for device in DEVICES {
        let (caps, verify) = (of_caps(device, &paths), of_verify(device, &paths));
        assert_eq!(caps, verify, "{device}");
        assert_eq!(caps.len(), STREAMS.len(), "{device}");
        reasons.extend(caps.into_values().flatten());
    }
    // The devices differ in what they lack, or little would be shown.
    for what in ["maxDpbSlots", "maxActiveReferencePictures", "maxCodedExtent", "no AV1 "] {
        assert!(reasons.iter().any(|reason| reason.starts_with(what)), "{what}: {reasons:?}");
    }
}

#[test]
fn what_is_lacking_is_counted_and_named() {
    let paths = ["high-444-8", "high-444-10", "main-420-8"].map(|name| sample(name).path());
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().expect("plain")).collect();
    let args = [&["caps", "-q", "--device", "soft:nv-like", "--vectors"], &paths[..]].concat();
    let output = vav1d(&args);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("1 of 3 streams can be decoded"), "{said}");
    assert!(said.contains("      1 no AV1 High 4:4:4 8 bit (ERROR_VIDEO"), "{said}");
    assert!(said.contains("samples/high-444-8\n"), "{said}");
    let output = vav1d(&["caps", "-q", "--device", "soft", paths[0]]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).ends_with("1 of 1 stream can be decoded\n"));
}

#[test]
fn a_stream_that_is_none_is_not_lacking_anything() {
    let folder = std::env::temp_dir().join(format!("vav1d-caps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let file = folder.join("empty.ivf");
    std::fs::write(&file, b"").expect("written");
    let output = vav1d(&["caps", "--json", "--device", "soft", file.to_str().expect("plain")]);
    assert_eq!(output.status.code(), Some(1));
    let taken = records(&output, "taken");
    assert!(taken[0]["lacks"].is_null() && taken[0]["fault"].is_string(), "{taken:?}");
    let output = vav1d(&["caps", "--device", "soft", "/no/such/suite"]);
    assert_eq!(output.status.code(), Some(66));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn records_have_the_names_of_vulkan() {
    let output = vav1d(&["caps", "--json", "--device", "soft:radv-vcn4,driver-id=3"]);
    let device = &records(&output, "device")[0];
    assert_eq!(device["type"], "VK_PHYSICAL_DEVICE_TYPE_CPU");
    assert_eq!(device["driver_id"], "VK_DRIVER_ID_MESA_RADV");
    assert_eq!(device["features"]["videoMaintenance1"], true);
    let types = device["memory_types"].as_array().expect("a list");
    assert!(types.iter().any(|kind| kind["flags"][0] == "VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT"));
    let profiles = device["profiles"].as_array().expect("a list");
    let main = &profiles[0];
    assert_eq!(main["std_profile"], "STD_VIDEO_AV1_PROFILE_MAIN");
    assert_eq!(main["chroma_subsampling"], "VK_VIDEO_CHROMA_SUBSAMPLING_420_BIT_KHR");
    assert_eq!(main["capabilities"]["max_level"], "STD_VIDEO_AV1_LEVEL_6_1");
    assert_eq!(main["dst"][0]["format"], "VK_FORMAT_G8_B8R8_2PLANE_420_UNORM");
    let refused = profiles.iter().find(|p| p["std_profile"] == "STD_VIDEO_AV1_PROFILE_HIGH");
    let refused = refused.expect("a profile");
    assert_eq!(refused["result"], "VK_ERROR_VIDEO_PROFILE_FORMAT_NOT_SUPPORTED_KHR");
    assert!(refused["capabilities"].is_null());
    let families = device["queue_families"].as_array().expect("a list");
    let decoding = families.iter().find(|family| family["av1_decode"] == true).expect("one");
    assert_eq!(decoding["codecs"][0], "VK_VIDEO_CODEC_OPERATION_DECODE_AV1_BIT_KHR");
}

#[test]
fn devices_and_files_are_compared() {
    let folder = std::env::temp_dir().join(format!("vav1d-caps-diff-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let file = folder.join("then.jsonl");
    let then = vav1d(&["caps", "--json", "--device", "soft:nv-like"]).stdout;
    std::fs::write(&file, then).expect("written");
    let file = file.to_str().expect("plain");
    let output = vav1d(&["caps-diff", file, "soft:nv-like"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let output = vav1d(&["caps-diff", file, "soft:nv-like,slots=8,no-maintenance2"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("- extensions.VK_KHR_video_maintenance2\n"), "{said}");
    assert!(said.contains("features.videoMaintenance2: true -> false"), "{said}");
    assert_eq!(said.matches("capabilities.max_dpb_slots: 9 -> 8").count(), 1, "{said}");
    let output = vav1d(&["caps-diff", "--json", file, "soft:nv-like,depth=8"]);
    let fields = records(&output, "caps_difference");
    // A profile that is gone is one difference, and not one for each of its fields.
    assert_eq!(fields.len(), 2, "{fields:?}");
    assert_eq!(fields[0]["field"], "profiles.MAIN 420 10");
    assert_eq!(records(&output, "caps_comparison")[0]["differing"], 2);
    for (wrong, code) in [("/no/such/device", 69), (bad(&folder), 66)] {
        let output = vav1d(&["caps-diff", file, wrong]);
        assert_eq!(output.status.code(), Some(code), "{wrong}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// A file that has no device in it.
fn bad(folder: &Path) -> &'static str {
    let path = folder.join("bad.jsonl");
    std::fs::write(&path, "{\"type\":\"header\",\"data\":{}}\n").expect("written");
    Box::leak(path.to_str().expect("plain").to_owned().into_boxed_str())
}
