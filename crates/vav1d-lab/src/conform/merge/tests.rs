//! Parts that are put together, and those that cannot be.

use std::path::PathBuf;

use super::*;
use crate::conform::expect::{Status, Word};
use crate::conform::outcome::Outcome;
use crate::conform::results;
use crate::conform::vector::Vector;
use crate::conform::{report, runner};

fn record(name: &str) -> Record {
    Record {
        name: name.to_owned(),
        input: name.into(),
        stream: None,
        options: Vec::new(),
        oracle: None,
        status: Status::New(Word::Pass),
        runs: vec!["pass"],
        first: None,
        outcome: Some(Outcome::Pass),
        note: None,
        frames: vec![Some(true)],
        missing: 0,
        explained: None,
        reproduce: Vec::new(),
        device: None,
        unfired: None,
        seconds: 1.0,
    }
}

fn whole() -> Vec<Vector> {
    (0..10).map(|n| Vector::new(&format!("s/{n}"), PathBuf::new())).collect()
}

/// Part `start` of `fraction` of ten vectors, as a run on `device` has it.
fn part(device: &str, fraction: usize, start: usize) -> Run {
    let vectors = runner::fraction(whole(), fraction, start);
    let mut records: Vec<_> = vectors.iter().map(|vector| record(&vector.name)).collect();
    records.sort_by(|a, b| a.name.cmp(&b.name));
    let property = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let about = About {
        properties: vec![
            property("device", device),
            property("date", &format!("2026-01-0{start}T00:00:00Z")),
            property("host", &format!("host{start}")),
        ],
        selection: Some(Selection::of(&whole(), fraction, start)),
        notes: vec!["the same".to_owned()],
        ..About::default()
    };
    Run { path: format!("part-{start}").into(), about, records, logs: Vec::new() }
}

#[test]
fn parts_are_the_whole() {
    let merged = merge(vec![part("d", 3, 3), part("d", 3, 1), part("d", 3, 2)]).expect("merged");
    let [run] = merged.as_slice() else { panic!("one run") };
    let one = part("d", 1, 1);
    assert_eq!(run.records, one.records);
    assert_eq!(run.about.selection, one.about.selection);
    assert_eq!(run.about.lacking, [""; 0]);
    assert_eq!(run.about.notes, ["the same"]);
    assert_eq!(run.about.property("date"), "2026-01-01T00:00:00Z to 2026-01-03T00:00:00Z");
    assert_eq!(run.about.property("host"), "host1; host2; host3");
    // Merged with what has come before, and written again, it is still the whole.
    assert_eq!(merge(merged.clone()).expect("merged")[0].records, one.records);
}

#[test]
fn a_part_that_is_not_there_is_said() {
    let merged = merge(vec![part("d", 3, 1), part("d", 3, 3)]).expect("merged");
    assert_eq!(merged[0].about.lacking, ["part 2 of 3"]);
    let verdict = report::Verdict::of(&merged[0].records, &merged[0].about);
    assert!(!verdict.is_success());
    assert_eq!(verdict.to_string(), "Not whole: 1 part missing. What was run is as expected.");
}

#[test]
fn nothing_is_there_twice() {
    let why = merge(vec![part("d", 3, 1), part("d", 3, 1)]).expect_err("twice");
    assert_eq!(why, "part 1 of 3 is there twice: part-1 and part-1");
    let why = merge(vec![part("d", 1, 1), part("d", 1, 1)]).expect_err("twice");
    assert!(why.contains("take one"), "{why}");
    // Parts of other wholes that share a vector.
    let why = merge(vec![part("d", 3, 1), part("d", 2, 1)]).expect_err("twice");
    assert!(why.contains(" is there twice: in part-1 and in part-1"), "{why}");
    let mut other = part("d", 3, 3);
    other.records[0].name = "s/x".to_owned();
    let why = merge(vec![part("d", 3, 1), part("d", 3, 2), other]).expect_err("another vector");
    assert_eq!(why, "the parts have other vectors than the whole");
}

#[test]
fn devices_stay_apart() {
    let runs = vec![part("A (x)", 2, 1), part("B", 1, 1), part("A (x)", 2, 2)];
    let merged = merge(runs).expect("merged");
    assert_eq!(merged.iter().map(|run| run.records.len()).collect::<Vec<_>>(), [10, 10]);
    let (records, about) = together(&merged);
    assert_eq!((records.len(), records[0].name.as_str()), (20, "A-x/s/0"));
    assert_eq!(about.property("device"), "A (x); B");
    let folder = std::env::temp_dir().join(format!("vav1d-merge-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    write(&folder, &merged).expect("written");
    let again = results::read(&folder).expect("read");
    let csv = std::fs::read_to_string(folder.join("results.csv")).expect("a file");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(
        again.iter().map(|run| run.records.clone()).collect::<Vec<_>>(),
        merged.iter().map(|run| run.records.clone()).collect::<Vec<_>>()
    );
    assert!(csv.contains("A-x/s/3,Pass,1\n") && csv.contains("B/s/3,Pass,1\n"), "{csv}");
}

#[test]
fn a_fault_that_was_applied_in_another_part_was_applied() {
    let mut parts = [part("d", 2, 1), part("d", 2, 2)];
    for run in &mut parts {
        run.records.iter_mut().for_each(|record| record.unfired = Some(vec!["pixel@9".to_owned()]));
    }
    let merged = merge(parts.to_vec()).expect("merged");
    assert_eq!(merged[0].about.unfired, ["pixel@9"]);
    parts[1].records[0].unfired = Some(Vec::new());
    let merged = merge(parts.to_vec()).expect("merged");
    assert_eq!(merged[0].about.unfired, [""; 0]);
}
