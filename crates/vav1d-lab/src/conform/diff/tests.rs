//! Pairs of results that are made for what is to be said of them.

use super::*;
use crate::conform::report::About;

fn record(name: &str, outcome: Outcome) -> Record {
    Record {
        name: name.to_owned(),
        input: name.into(),
        stream: Some(format!("hash of {name}")),
        options: Vec::new(),
        oracle: None,
        status: Status::New(Word::of(&outcome)),
        runs: vec![outcome.word()],
        first: None,
        outcome: Some(outcome),
        note: None,
        frames: Vec::new(),
        missing: 0,
        explained: None,
        reproduce: Vec::new(),
        device: None,
        unfired: None,
        seconds: 1.0,
    }
}

fn wrong(first: u64) -> Outcome {
    Outcome::Fail(Failure::WrongPixels { first: Some(first), but: None })
}

fn crash() -> Outcome {
    Outcome::Fail(Failure::Crash { signal: 11, submitted: None })
}

fn refused() -> Outcome {
    Outcome::Unsupported("no 10 bit".to_owned())
}

fn flaky(name: &str) -> Record {
    let mut record = record(name, wrong(2));
    (record.status, record.runs) = (Status::Flake, vec!["mismatch", "pass"]);
    record
}

fn not_run(name: &str) -> Record {
    Record { status: Status::NotRun, outcome: None, stream: None, ..record(name, Outcome::Pass) }
}

fn run_on(device: &str, shape: &str, records: Vec<Record>) -> Run {
    let property = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let properties = vec![property("device", device), property("shape", shape)];
    let about = About { properties, ..About::default() };
    Run { path: "r".into(), about, records, logs: Vec::new() }
}

fn run(records: Vec<Record>) -> Run {
    run_on("d", "default", records)
}

/// What became of one vector that was `a` and is `b`, beside one that stays.
fn change(a: Record, b: Record) -> (Change, bool) {
    let stays = || record("s/stays", Outcome::Pass);
    let (a, b) = ([run(vec![a, stays()])], [run(vec![b, stays()])]);
    let diff = diff(&a, &b, None).expect("a comparison");
    assert_eq!(diff.regressions() > 0, !diff.is_success());
    let changed: Vec<_> = diff.compared().filter(|c| c.name() != "s/stays").collect();
    let [one] = changed.as_slice() else { panic!("one: {changed:?}") };
    (one.change, one.is_regression)
}

#[test]
fn every_change_has_its_name() {
    let pass = || record("s/a", Outcome::Pass);
    let a = |outcome| record("s/a", outcome);
    let film_grain = || a(Outcome::Fail(Failure::FilmGrain { first: Some(2) }));
    let missing = || a(Outcome::Fail(Failure::Missing("a".to_owned())));
    let rows = [
        (pass(), pass(), Change::Same, false),
        (pass(), a(wrong(2)), Change::New, true),
        (a(wrong(2)), pass(), Change::Fixed, false),
        (a(wrong(2)), a(wrong(2)), Change::Same, false),
        (a(wrong(2)), a(wrong(1)), Change::Moved, true),
        (a(wrong(2)), a(wrong(3)), Change::Moved, false),
        (a(wrong(2)), a(crash()), Change::Moved, true),
        (a(crash()), a(wrong(2)), Change::Moved, false),
        (film_grain(), a(wrong(2)), Change::Moved, true),
        (pass(), flaky("s/a"), Change::Flaky, false),
        (a(wrong(2)), flaky("s/a"), Change::Flaky, false),
        (flaky("s/a"), pass(), Change::Flaky, false),
        (flaky("s/a"), flaky("s/a"), Change::Same, false),
        (flaky("s/a"), a(wrong(2)), Change::New, true),
        (pass(), a(refused()), Change::Lost, true),
        (a(wrong(2)), a(refused()), Change::Lost, false),
        (a(refused()), pass(), Change::Gained, false),
        (a(refused()), a(wrong(2)), Change::New, true),
        (pass(), not_run("s/a"), Change::Gone, true),
        (pass(), missing(), Change::Gone, true),
        (not_run("s/a"), a(wrong(2)), Change::Added, false),
    ];
    for (first, second, name, regression) in rows {
        let what = format!("{first:?} {second:?}");
        assert_eq!(change(first, second), (name, regression), "{what}");
    }
}

#[test]
fn a_vector_is_its_stream_and_not_its_name() {
    let mut renamed = record("t/other-name", wrong(1));
    renamed.stream = Some("hash of s/a".to_owned());
    assert_eq!(change(record("s/a", Outcome::Pass), renamed), (Change::New, true));
    // Another stream has the name now: nothing is known of the old one.
    let mut other = record("s/a", Outcome::Pass);
    other.stream = Some("hash of another".to_owned());
    let (a, b) = (
        [run(vec![record("s/a", Outcome::Pass), record("s/b", Outcome::Pass)])],
        [run(vec![other, record("s/b", Outcome::Pass)])],
    );
    let diff = diff(&a, &b, None).expect("a comparison");
    let changes: Vec<_> = diff.counts().into_iter().map(|(change, n, _)| (change, n)).collect();
    assert_eq!(changes, [(Change::Gone, 1), (Change::Added, 1), (Change::Same, 1)]);
    assert!(!diff.is_success());
}

#[test]
fn seconds_are_compared_as_ratios() {
    let timed = |name: &str, seconds| Record { seconds, ..record(name, Outcome::Pass) };
    let a =
        [run(vec![timed("s/a", 1.0), timed("s/b", 1.0), timed("s/c", 0.01), timed("s/d", 2.0)])];
    let b =
        [run(vec![timed("s/a", 1.5), timed("s/b", 1.4), timed("s/c", 0.03), timed("s/d", 1.0)])];
    let of = |slower| {
        let diff = diff(&a, &b, slower).expect("a comparison");
        let slow: Vec<_> = diff.compared().filter(|c| c.change == Change::Slower).collect();
        let names: Vec<_> = slow.iter().map(|c| (c.name().to_owned(), c.is_regression)).collect();
        (names, diff.pairs[0].ratio())
    };
    let (slow, ratio) = of(None);
    assert_eq!(slow, [("s/a".to_owned(), false)]);
    let (mean, n) = ratio.expect("times");
    // (1.5 * 1.4 * 3 * 0.5) to the power of a quarter.
    assert!((mean - 3.15_f64.powf(0.25)).abs() < 1e-9 && n == 4, "{mean} {n}");
    assert_eq!(of(Some(1.5)).0, [("s/a".to_owned(), true)]);
    assert_eq!(of(Some(2.0)).0, []);
    // What failed, or was run more often, took another time for another reason.
    let twice = Record { runs: vec!["pass", "pass"], ..timed("s/a", 9.0) };
    assert_eq!(change(timed("s/a", 1.0), twice), (Change::Same, false));
    let untimed = timed("s/a", f64::NAN);
    assert_eq!(change(timed("s/a", 1.0), untimed), (Change::Same, false));
}

#[test]
fn other_suites_are_not_compared() {
    let (a, b) =
        ([run(vec![record("s/a", Outcome::Pass)])], [run(vec![record("t/b", Outcome::Pass)])]);
    let why = diff(&a, &b, None).expect_err("nothing in common");
    assert!(why.contains("A has vectors such as s/a, B vectors such as t/b"), "{why}");
    let nothing = [run(vec![record("s/a", refused())])];
    assert!(diff(&nothing, &a, None).expect_err("nothing").contains("nothing was judged in A"));
    // The other way it is a capability that was lost.
    assert!(!diff(&a, &nothing, None).expect("a comparison").is_success());
}

#[test]
fn another_device_or_shape_is_compared_and_said() {
    let pass = || vec![record("s/a", Outcome::Pass)];
    let (a, b) = ([run_on("radv", "default", pass())], [run_on("anv", "--dpb distinct", pass())]);
    let one = diff(&a, &b, None).expect("a comparison");
    let said = one.pairs[0].differences();
    assert_eq!(said, [("device", "radv", "anv"), ("shape", "default", "--dpb distinct")]);
    // Of several each is set against its like, whatever their order.
    let wrong = || vec![record("s/a", wrong(1))];
    let a = [run_on("x", "default", pass()), run_on("y", "default", wrong())];
    let b = [run_on("y", "default", wrong()), run_on("x", "default", pass())];
    let same = diff(&a, &b, None).expect("a comparison");
    assert_eq!(same.counts(), [(Change::Same, 2, 0)]);
    // What is not there any more is gone.
    let less = diff(&a, &b[1..], None).expect("a comparison");
    assert_eq!(less.counts(), [(Change::Gone, 1, 1), (Change::Same, 1, 0)]);
}

#[test]
fn a_part_that_is_not_there_is_no_success() {
    let a = [run(vec![record("s/a", Outcome::Pass)])];
    let mut b = a.clone();
    b[0].about.lacking.push("part 2 of 2".to_owned());
    assert!(!diff(&a, &b, None).expect("a comparison").is_success());
}
