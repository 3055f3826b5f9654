//! Questions to `suite-info`, answered for the samples.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

fn suite_info(args: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.current_dir(root).arg("suite-info").args(args).output().expect("vav1d runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The `data` of the records of type `kind`.
fn records(output: &Output, kind: &str) -> Vec<Value> {
    let lines = text(output);
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    records
        .filter(|record| record["type"] == kind)
        .map(|mut record| record["data"].take())
        .collect()
}

fn strings(value: &Value) -> BTreeSet<String> {
    let list = value.as_array().expect("a list").iter();
    list.map(|value| value.as_str().expect("a text").to_owned()).collect()
}

/// Name and items of each sample.
fn samples() -> Vec<(String, BTreeSet<String>)> {
    let all = records(&suite_info(&["--json", "samples"]), "exercised");
    let of = |v: &Value| (v["name"].as_str().expect("a name").to_owned(), strings(&v["items"]));
    all.iter().map(of).collect()
}

#[test]
fn the_smallest_set_covers_and_stays_the_same() {
    let samples = samples();
    let output = suite_info(&["--cover", "--json", "samples"]);
    assert_eq!(output.status.code(), Some(0));
    let cover = &records(&output, "cover")[0];
    let chosen = strings(&cover["vectors"]);
    let all: BTreeSet<_> = samples.iter().flat_map(|(_, items)| items).collect();
    let having = samples.iter().filter(|(name, _)| chosen.contains(name));
    let covered: BTreeSet<_> = having.flat_map(|(_, items)| items).collect();
    assert_eq!(covered, all);
    assert_eq!((&cover["items"], &cover["of"]), (&all.len().into(), &samples.len().into()));
    assert!(chosen.len() < samples.len() / 2 && cover["is_smallest"] == true, "{cover}");
    // Without any one of them something is missing.
    for left_out in &chosen {
        let others = samples.iter().filter(|(name, _)| chosen.contains(name) && name != left_out);
        let covered: BTreeSet<_> = others.flat_map(|(_, items)| items).collect();
        assert_ne!(covered, all, "{left_out} is not needed");
    }
    for _ in 0..3 {
        assert_eq!(suite_info(&["--cover", "--json", "samples"]).stdout, output.stdout);
    }
    let said = text(&suite_info(&["--cover", "samples"]));
    assert_eq!(said.lines().count(), chosen.len() + 1);
    assert!(said.ends_with("items; no smaller set does\n"), "{said}");
}

#[test]
fn which_vectors_have_something() {
    let samples = samples();
    for (wanted, items) in [
        (&["using_qmatrix"][..], &["using_qmatrix"][..]),
        (&["frame_type=SWITCH_FRAME"], &["frame_type=SWITCH_FRAME"]),
        (&["BitDepth=10", "apply_grain"], &["BitDepth=10", "apply_grain"]),
    ] {
        let args: Vec<&str> = wanted.iter().flat_map(|item| ["--with", item]).collect();
        let output = suite_info(&[&args, &["samples"][..]].concat());
        assert_eq!(output.status.code(), Some(0), "{wanted:?}");
        let has =
            |(_, all): &&(String, BTreeSet<String>)| items.iter().all(|item| all.contains(*item));
        let expected: Vec<_> = samples.iter().filter(has).map(|(name, _)| name.clone()).collect();
        let said: Vec<_> = text(&output).lines().map(str::to_owned).collect();
        assert_eq!(said, expected, "{wanted:?}");
        assert!(!said.is_empty() && said.len() < samples.len());
    }
    // An element stands for any of its values.
    let any = text(&suite_info(&["--with", "qm_y", "samples"]));
    assert_eq!(any, text(&suite_info(&["--with", "using_qmatrix", "samples"])));
    let none = suite_info(&["--with", "SuperresDenom=16", "samples/main-420-8.ivf"]);
    assert_eq!((none.status.code(), text(&none).as_str()), (Some(1), ""));
    let unknown = suite_info(&["--with", "qmatrix", "samples"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there are using_qmatrix"));
}

#[test]
fn what_one_suite_has_and_another_lacks() {
    let args = ["--missing-from", "samples/main-420-8.ivf", "samples/main-420-10.ivf"];
    let output = suite_info(&args);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(said.contains("BitDepth=10: samples/main-420-10\n"), "{said}");
    assert!(!said.contains("BitDepth=8"), "{said}");
    let missing = records(&suite_info(&[&["--json"], &args[..]].concat()), "missing");
    assert_eq!(said.lines().count(), missing.len() + 1);
    assert!(missing.iter().any(|m| m["item"] == "BitDepth=10"));
    let nothing = suite_info(&["--missing-from", "samples", "samples/main-420-8.ivf"]);
    assert_eq!(
        (nothing.status.code(), text(&nothing).as_str()),
        (Some(0), "0 items are missing\n")
    );
}
