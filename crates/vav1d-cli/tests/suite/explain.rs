//! `vav1d compare --explain`: planted wrong members are named, and so are their stages.

use std::process::Command;

use serde_json::Value;

use crate::judges::text;
use crate::manifest::sample;

/// The explanation of what `fault` makes of a sample.
fn explained(name: &str, fault: &str) -> Value {
    let path = sample(name).path();
    let device = format!("soft:fault={fault}");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["--json", "-q", "compare", "--explain", "--device", &device])
        .arg(path)
        .output()
        .expect("vav1d runs");
    assert_eq!(output.status.code(), Some(1), "{name} {fault}: {}", text(&output.stderr));
    let lines = text(&output.stdout);
    let last = lines.lines().last().expect("a line");
    let comparison: Value = serde_json::from_str(last).expect("JSON");
    comparison["data"]["explanation"].clone()
}

/// Each fault is explained by its member, exactly, and by its stage.
#[track_caller]
fn all(stage: &str, rows: &[(&str, &str, &str)]) {
    for (name, fault, member) in rows {
        let told = explained(name, fault);
        let exact = told["exact"].as_array().cloned().unwrap_or_default();
        let named = exact.first().and_then(|found| found["member"].as_str()).unwrap_or_default();
        assert!(named.starts_with(member), "{name} {fault}: {told:#}");
        assert_eq!(told["stage"], stage, "{name} {fault}: {told:#}");
    }
}

#[test]
fn members_of_prediction_and_residual_are_named() {
    all(
        "prediction and residual",
        &[
            ("main-420-8", "set:base_q_idx=130@3", "base_q_idx"),
            ("main-420-8", "when:OrderHint=3", "base_q_idx"),
            ("main-420-8", "set:DeltaQYDc=-3@4", "DeltaQYDc"),
            ("main-420-8", "set:OrderHint=10@5", "OrderHint"),
            ("main-420-8", "slot@5", "referenceNameSlotIndices[0]"),
            ("main-420-8", "cdf@5", "primary_ref_frame"),
            ("main-420-8", "set:interpolation_filter=1@3", "interpolation_filter"),
            ("main-420-8", "set:TxMode=1@4", "TxMode"),
            ("main-420-8", "set:reference_select=0@4", "reference_select"),
        ],
    );
}

#[test]
fn flags_and_what_is_inherited_are_named() {
    all(
        "prediction and residual",
        &[
            ("main-420-8", "set:reduced_tx_set=1@3", "reduced_tx_set"),
            ("main-420-8", "set:use_ref_frame_mvs=0@4", "use_ref_frame_mvs"),
            ("main-420-8", "set:allow_warped_motion=0@4", "allow_warped_motion"),
            ("main-420-8", "set:skip_mode_present=0@4", "skip_mode_present"),
            ("quant-matrix", "set:qm_y=3@2", "qm_y"),
            ("quant-matrix", "set:using_qmatrix=0@1", "using_qmatrix"),
            ("segmentation", "segmentation@1", "FeatureData[0][0]"),
            ("delta-q-lf", "set:delta_q_res=1@1", "delta_q_res"),
            ("global-motion", "set:gm_params[1][0]=0@when:GmType[1]=2", "gm_params[1][0]"),
            (
                "tiles-4x2",
                "set:context_update_tile_id=0@when:context_update_tile_id=6",
                "context_update_tile_id of frame 2",
            ),
        ],
    );
}

#[test]
fn members_of_filters_are_named() {
    all(
        "deblocking",
        &[
            ("main-420-8", "set:loop_filter_level[0]=20@3", "loop_filter_level[0]"),
            ("main-420-8", "set:loop_filter_sharpness=1@3", "loop_filter_sharpness"),
            ("main-420-8", "set:loop_filter_ref_deltas[1]=1@3", "loop_filter_ref_deltas[1]"),
            ("delta-q-lf", "set:delta_lf_res=2@when:delta_lf_present=1", "delta_lf_res"),
        ],
    );
    all(
        "CDEF",
        &[
            ("main-420-8", "set:cdef_y_pri_strength[0]=5@1", "cdef_y_pri_strength[0]"),
            ("main-420-10", "set:cdef_damping_minus_3=3@1", "cdef_damping_minus_3"),
            ("main-420-8", "set:enable_cdef=0@0", "enable_cdef"),
        ],
    );
    all("superres", &[("superres-random", "extent@2", "coded_denom")]);
    let fault = "set:FrameRestorationType[0]=3@when:FrameRestorationType[0]=1";
    all("restoration", &[("tiles-4x2", fault, "FrameRestorationType[0]")]);
}

#[test]
fn members_of_film_grain_are_named() {
    all(
        "film grain",
        &[
            ("grain-420-8", "grain-seed@3", "grain_seed"),
            ("grain-420-8", "set:overlap_flag=0@2", "overlap_flag"),
        ],
    );
}

/// One flipped bit is no member's.
#[test]
fn what_no_single_value_explains_is_said_to_be_so() {
    let told = explained("main-420-8", "pixel@4");
    assert_eq!((&told["exact"], &told["stage"]), (&Value::Array(Vec::new()), &Value::Null));
    assert_eq!((&told["differing"], &told["complete"]), (&1.into(), &true.into()), "{told:#}");
    assert!(told["tried"].as_u64() > Some(200), "{told:#}");
}

/// A hash says which frame is wrong, and that is enough.
#[test]
fn a_file_of_hashes_is_enough_to_explain() {
    let (shown, hidden) = ("rav1e-low-latency", "main-420-8");
    let run = |name: &str, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
        command.args(args).arg(sample(name).path()).output().expect("vav1d runs")
    };
    let folder = crate::verify::Folder::new("explain-hashes", &[]);
    let file = folder.path("right.framemd5");
    let against = |name: &str, fault: &str| {
        let hashes = run(name, &["md5", "--device", "soft"]);
        std::fs::write(&file, &hashes.stdout).expect("written");
        let device = format!("soft:fault=set:{fault}");
        let compare = ["compare", "--explain", "--device", &device, "--against", &file];
        text(&run(name, &compare).stdout)
    };
    let said = against(shown, "loop_filter_level[0]=40@1");
    assert!(said.contains("loop_filter_level[0] is 23, taken as 40"), "{said}");
    assert!(!said.contains("not judged"), "{said}");
    // A frame that no file has may be where the error began.
    let said = against(hidden, "cdef_y_pri_strength[0]=5@1");
    assert!(said.contains("frame 2 refers to frame 1, not judged"), "{said}");
}

/// What failures have in common is told in every report of a suite.
#[test]
fn what_the_failures_of_a_suite_have_in_common_is_told() {
    let verify = |fault: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["-q", "verify", "--no-explain", "--filter", "tile|main-420|segmentation$"])
            .args(["--device", &format!("soft:fault={fault}")])
            .arg(crate::manifest::folder())
            .output()
            .expect("vav1d runs");
        text(&output.stdout)
    };
    let said = verify("when:TileCols=4");
    let line =
        "in common, and few passes have: StdVideoAV1TileInfo::TileCols is 4: 2 of 2 failures";
    assert!(said.contains(line), "{said}");
    assert!(!verify("pixel@0").contains("in common"), "all of them fail");
}
