//! `vav1d reduce`: what is left fails the same way, and is right on a right driver.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::judges::text;
use crate::manifest::sample;
use crate::verify::Folder;

fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

/// What is left of a sample in `folder`, by its record.
fn reduced(folder: &Folder, name: &str, fault: &str, more: &[&str]) -> Value {
    let (file, out) = (sample(name).path(), folder.path("left.ivf"));
    let device = format!("soft:fault={fault}");
    let file = file.to_str().expect("a plain path");
    let args = ["--json", "-q", "reduce", file, "--device", &device, "-o", &out];
    let output = vav1d(&[&args[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{name} {fault}: {}", text(&output.stderr));
    let line = text(&output.stdout).lines().last().unwrap_or_default().to_owned();
    let record: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(record["type"], "reduced");
    // A right driver has nothing against it, and the hashes are its own.
    assert_eq!(vav1d(&["-q", "compare", "--device", "soft", &out]).status.code(), Some(0));
    let hashes = vav1d(&["-q", "md5", "--device", "soft", &out]).stdout;
    assert_eq!(text(&hashes), folder.text("left.ivf.framemd5"), "{name} {fault}");
    assert!(!Path::new(&folder.path("left.ivf.judged")).exists());
    record["data"].clone()
}

#[test]
fn wrong_pictures_are_left_with_two_frames() {
    let folder = Folder::new("reduce-wrong", &[]);
    let left = reduced(&folder, "main-420-8", "when:OrderHint=4", &["--names", "any"]);
    assert_eq!((&left["class"], &left["origin"]), (&"wrong".into(), &5.into()), "{left:#}");
    assert_eq!((&left["frames"], &left["closure"].as_array().map(Vec::len)), (&2.into(), &Some(6)));
    assert_eq!((&left["sound"], &left["aimed"]), (&true.into(), &true.into()));
    assert!(left["without"].as_array().is_some_and(|w| w.contains(&"CDEF".into())), "{left:#}");
    assert!(left["judged"].as_u64() < Some(40), "{left:#}");
    // The command that is given fails as it is said.
    let out = folder.path("left.ivf");
    let output = vav1d(&["compare", "--device", "soft:fault=when:OrderHint=4", &out]);
    let said = text(&output.stdout);
    assert!(said.contains("first bad frame: 1"), "{said}");
    assert!(left["command"].as_str().is_some_and(|c| c.starts_with("vav1d compare --device soft")));
}

/// Unless more is asked for, names point elsewhere only where the wrong picture stays.
#[test]
fn names_stay_where_the_picture_would_be_another() {
    let folder = Folder::new("reduce-same", &[]);
    for names in ["keep", "same"] {
        let left = reduced(&folder, "main-420-8", "when:OrderHint=4", &["--names", names]);
        assert_eq!((&left["frames"], &left["aimed"]), (&6.into(), &false.into()), "{left:#}");
    }
}

/// What it takes is said: without a filter this one is not wrong.
#[test]
fn tools_that_a_failure_takes_are_named() {
    let folder = Folder::new("reduce-tools", &[]);
    let left = reduced(&folder, "main-420-8", "set:loop_filter_sharpness=7@5", &[]);
    let names = |list: &str| left[list].as_array().cloned().unwrap_or_default();
    assert!(names("needs").contains(&"deblocking".into()), "{left:#}");
    assert!(names("without").contains(&"CDEF".into()), "{left:#}");
}

#[test]
fn crashes_hangs_and_refusals_stay_what_they_are() {
    let folder = Folder::new("reduce-class", &[]);
    for (fault, class) in [
        ("crash@when:OrderHint=4", "crash: signal 6"),
        ("status@when:OrderHint=4", "status"),
        ("lost@when:OrderHint=4", "device lost"),
        ("hang@when:OrderHint=4", "hang"),
    ] {
        let left = reduced(&folder, "main-420-8", fault, &["--device-timeout", "1"]);
        assert_eq!((&left["class"], &left["origin"]), (&class.into(), &5.into()), "{left:#}");
        assert!(left["frames"].as_u64() <= Some(6), "{left:#}");
    }
}

#[test]
fn another_command_may_judge() {
    let folder = Folder::new("reduce-check", &[]);
    let program = env!("CARGO_BIN_EXE_vav1d");
    let check = format!("{program} -q md5 --device soft:fault=status@when:OrderHint=4");
    let left = reduced(&folder, "main-420-8", "pixel@0", &["--check", &check]);
    // The command says no frame: that is found by halves.
    assert_eq!((&left["class"], &left["origin"]), (&"exit 65".into(), &Value::Null), "{left:#}");
    assert!(left["frames"].as_u64() <= Some(6), "{left:#}");
}

#[test]
fn what_cannot_be_made_smaller_is_said() {
    let folder = Folder::new("reduce-nothing", &[]);
    let out = folder.path("left.ivf");
    let file = sample("main-420-8").path();
    let file = file.to_str().expect("a plain path");
    let hostile = folder.path("hostile.obu");
    std::fs::write(&hostile, [0x12, 0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]).expect("written");
    for (args, code, why) in [
        (&[file, "--device", "soft"][..], 1, "it does not fail"),
        (&["-", "--device", "soft"], 2, "a file is needed"),
        (&[file, "--device", "soft:fault=pixel@999"], 2, "it cannot be judged"),
        (&[&hostile, "--device", "soft"], 65, ""),
        (&["/nonexistent", "--device", "soft"], 66, "/nonexistent"),
    ] {
        let output = vav1d(&[&["reduce", "-o", &out], args].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
    assert!(!Path::new(&out).exists());
}
