//! `vav1d matrix`: shapes that a sound driver makes no difference of, and faults that it finds.

use std::process::Command;

use crate::manifest::samples;

/// Exit code and text of the matrix of `name` on `device`.
fn matrix(name: &str, device: &str, limit: &str) -> (Option<i32>, String) {
    let sample = samples().into_iter().find(|s| s.name == name).expect("a sample");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["matrix", "-q", "--device", device, "--limit", limit])
        .arg(sample.path())
        .output()
        .expect("vav1d runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_sound_driver_gives_one_output_in_all_shapes() {
    for name in ["main-420-8", "grain-420-10", "resize-random", "tiles-4x2", "svt-pyramid"] {
        let (code, text) = matrix(name, "soft", "4");
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(text.ends_with("29 shapes decoded, 0 differ\n"), "{name}: {text}");
    }
}

#[test]
fn ways_to_the_host_are_shapes() {
    let (code, text) = matrix("svt-pyramid", "soft:linear,host-image-copy", "4");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with("33 shapes decoded, 0 differ\n"), "{text}");
}

#[test]
fn shapes_that_a_driver_lacks_are_refused() {
    let device = "soft:radv-vcn4,no-maintenance1,no-maintenance2,no-unified-layouts";
    let (code, text) = matrix("main-420-8", device, "2");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with(" shapes decoded, 0 differ\n"), "{text}");
    for why in [
        "no decode with DPB and output Coincide",
        "queryResultStatusSupport is VK_FALSE",
        "no videoMaintenance1 (VK_KHR_video_maintenance1)",
        "no videoMaintenance2 (VK_KHR_video_maintenance2)",
        "no unifiedImageLayoutsVideo (VK_KHR_unified_image_layouts)",
    ] {
        assert!(text.contains(why), "{why}: {text}");
    }
}

#[test]
fn planted_faults_are_found_in_their_axis() {
    for (fault, cause) in [
        ("output-apart", "--dpb=distinct changes"),
        ("layer-zero", "--dpb-images=layered changes"),
        ("three-bit-slots", "--slots=random:1 changes"),
        ("general-layout", "--layout=general changes"),
        ("inline-header", "--parameters=inline changes"),
        ("profile-independent", "--resources=independent changes"),
        ("status-write", "--status=inline changes"),
        ("dpb-at-record", "--recording=shuffled --frames-in-flight=4 together change"),
        ("stale-bitstream", "--frames-in-flight=4 changes"),
        ("offset-zero", "--bitstream-offset=3 changes"),
        ("range-end", "--bitstream-padding=2 changes"),
    ] {
        let (code, text) = matrix("svt-pyramid", &format!("soft:fault={fault}"), "12");
        assert_eq!(code, Some(1), "{fault}: {text}");
        assert!(text.contains(&format!("\n{cause} the output from picture ")), "{fault}: {text}");
    }
    // The driver itself says that a tile ends outside the range.
    let (code, text) = matrix("svt-pyramid", "soft:fault=header-skip", "12");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n--header-bytes=none ends in a failure: validation: VUID-"), "{text}");
    for (sample, fault, limit, what) in [
        (
            "tiles-4x2",
            "tile-starts",
            "2",
            "--tile-starts=superblock changes the output from picture 0",
        ),
        (
            "intra-only",
            "intra-unnamed",
            "9",
            "--intra-references=none changes the output from picture 7",
        ),
    ] {
        let (code, text) = matrix(sample, &format!("soft:fault={fault}"), limit);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(&format!("\n{what}")), "{text}");
    }
}

/// A driver that is wrong in all shapes, crashes in one, or in all.
#[test]
fn a_driver_that_is_wrong_everywhere_is_wrong() {
    let (code, text) = matrix("main-420-8", "soft:fault=base-q@1", "4");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\nagainst softvk: wrong from picture "), "{text}");
    let (code, text) = matrix("main-420-8", "soft:fault=crash@1", "4");
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("\nno shape is decoded: crash: signal 6, last frame submitted: "),
        "{text}"
    );
    assert!(text.contains("\nagainst softvk: not judged: it fails\n"), "{text}");
}

/// What comes after the loss waits until the device can be opened again: it is not judged by it.
#[test]
fn a_lost_device_costs_one_shape() {
    let file = std::env::temp_dir().join(format!("vav1d-away-{}", std::process::id()));
    let device = format!("soft:fault=lost@2,away={}", file.display());
    let (code, text) = matrix("main-420-8", &device, "4");
    let left = std::fs::read_to_string(&file);
    std::fs::remove_file(&file).expect("the device was lost");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("shapes decoded, 1 differs\n"), "{text}");
    assert!(text.contains(" ends in a failure: device-lost"), "{text}");
    assert!(text.contains("\nagainst softvk: equal in 4 pictures"), "{text}");
    assert_eq!(left.expect("a number"), "0");
}

#[test]
fn a_fault_that_never_applies_shows_nothing() {
    let (code, text) = matrix("main-420-8", "soft:fault=pixel@999", "4");
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn the_reference_shape_is_judged() {
    let (_, text) = matrix("main-420-8", "soft", "4");
    assert!(
        text.contains("\nagainst softvk: equal in 4 pictures (softvk against itself)\n"),
        "{text}"
    );
}
