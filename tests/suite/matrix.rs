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
    for name in ["main-420-8", "grain-420-10", "resize-random"] {
        let (code, text) = matrix(name, "soft", "4");
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(text.ends_with("384 shapes decoded, 0 differ\n"), "{name}: {text}");
    }
}

#[test]
fn shapes_that_a_driver_lacks_are_refused() {
    let (code, text) = matrix("main-420-8", "soft:radv-vcn4", "2");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with("96 shapes decoded, 0 differ\n"), "{text}");
    assert!(text.contains("no decode with DPB and output Coincide"), "{text}");
    assert!(text.contains("queryResultStatusSupport is VK_FALSE"), "{text}");
}

#[test]
fn planted_faults_are_found_in_their_axis() {
    for (fault, axes) in [
        ("layer-zero", "has --dpb=coincide --dpb-images=layered"),
        ("offset-zero", "has --bitstream-offset=3\n"),
        ("three-bit-slots", "has --slots=round-robin|random:1\n"),
    ] {
        let (code, text) = matrix("svt-pyramid", &format!("soft:fault={fault}"), "12");
        assert_eq!(code, Some(1), "{fault}: {text}");
        assert!(text.contains(&format!("every shape that differs {axes}")), "{fault}: {text}");
    }
}
