//! Expectations, merged and brought up to date.

use std::path::{Path, PathBuf};

use super::*;

fn wrong(first: u64) -> Outcome {
    Outcome::Fail(Failure::WrongPixels { first: Some(first), but: None })
}

fn crash() -> Outcome {
    Outcome::Fail(Failure::Crash { signal: 11, submitted: None })
}

#[test]
fn results_are_merged_as_deqp_runner_merges_them() {
    use Word::{Crash, Fail, Missing, Pass, Skip, Timeout};
    let better = Status::UnexpectedImprovement;
    for (result, baseline, status) in [
        (Pass, Fail, better(Pass)),
        (Pass, Crash, better(Pass)),
        (Pass, Missing, better(Pass)),
        (Pass, Timeout, better(Pass)),
        (Pass, Skip, Status::New(Pass)),
        (Fail, Fail, Status::ExpectedFail),
        (Fail, Crash, better(Fail)),
        (Fail, Timeout, better(Fail)),
        (Fail, Pass, Status::New(Fail)),
        (Skip, Fail, better(Skip)),
        (Skip, Timeout, better(Skip)),
        (Crash, Crash, Status::ExpectedFail),
        (Crash, Fail, Status::New(Crash)),
        (Crash, Timeout, Status::New(Crash)),
        (Timeout, Timeout, Status::ExpectedFail),
        (Timeout, Fail, Status::New(Timeout)),
        (Missing, Missing, Status::ExpectedFail),
    ] {
        assert_eq!(merge(result, Some(baseline)), status, "{result} where {baseline}");
    }
    for (word, _) in WORDS {
        assert_eq!(merge(word, None), Status::New(word));
    }
    assert!(!Status::UnexpectedImprovement(Word::Pass).is_success());
    assert_eq!(
        Status::UnexpectedImprovement(Word::Pass).to_string(),
        "UnexpectedImprovement(Pass)"
    );
}

/// Lists in a folder that is removed at the end.
struct Lists(PathBuf);

impl Lists {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("vav1d-lists-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        for (file, text) in files {
            std::fs::write(folder.join(file), text).expect("written");
        }
        Self(folder)
    }

    fn read(&self) -> Result<Expectations, String> {
        Expectations::read(&self.0.join("radv"), false)
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).expect("a file")
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_first_wrong_picture_that_moves_is_red_either_way() {
    let lists = [("radv-fails.txt", "s/a,Fail\n"), ("radv-frames.txt", "s/a,12\n")];
    let lists = Lists::new("frames", &lists);
    let known = lists.read().expect("lists");
    assert_eq!(known.status("s/a", &wrong(12)).0, Status::ExpectedFail);
    let (status, note) = known.status("s/a", &wrong(3));
    assert_eq!((status, status.is_success()), (Status::New(Word::Fail), false));
    assert_eq!(note.as_deref(), Some("first bad output frame was 12, is 3"));
    let (status, _) = known.status("s/a", &wrong(40));
    assert_eq!(status, Status::UnexpectedImprovement(Word::Fail));
    assert_eq!(known.status("s/a", &Outcome::Pass).0, Status::UnexpectedImprovement(Word::Pass));
    assert_eq!(known.status("s/b", &wrong(1)).0, Status::New(Word::Fail));
}

/// One pass of what fails differently each time is no improvement; the next update makes a flake
/// of it.
#[test]
fn a_pass_of_what_varies_proves_nothing() {
    let lists = [("radv-fails.txt", "s/a,Fail\n"), ("radv-frames.txt", "s/a,varies\n")];
    let lists = Lists::new("varies", &lists);
    let known = lists.read().expect("lists");
    let (status, note) = known.status("s/a", &Outcome::Pass);
    assert_eq!((status, note.is_some()), (Status::KnownFlake, true));
    known
        .update(&[Known { name: "s/a", outcome: &Outcome::Pass, status, first: None }])
        .expect("written");
    assert!(lists.text("radv-flakes.txt").ends_with("^s/a$\n"));
    let known = lists.read().expect("lists");
    assert_eq!(known.status("s/a", &wrong(3)).0, Status::KnownFlake);
    assert_eq!(known.status("s/a", &Outcome::Pass).0, Status::New(Word::Pass));
}

#[test]
fn flakes_and_skips_are_expressions() {
    let lists =
        [("radv-flakes.txt", "# slow machine\ns/1.2\n"), ("radv-skips.txt", "^big/.*-4k$\n\n")];
    let lists = Lists::new("regexes", &lists);
    let known = lists.read().expect("lists");
    assert_eq!(known.status("s/1.2", &crash()).0, Status::KnownFlake);
    assert_eq!(known.status("s/1.2", &Outcome::Pass).0, Status::New(Word::Pass));
    assert_eq!(known.status("s/1x2", &crash()).0, Status::New(Word::Crash));
    assert!(known.skips("big/x-4k") && !known.skips("big/x-4k2") && !known.skips("s/big/x-4k"));
}

#[test]
fn lines_that_are_not_understood_are_named() {
    for (file, text, why) in [
        ("radv-fails.txt", "a,Fail\na,Crash\n", "line 2: `a,Crash` is there twice"),
        ("radv-fails.txt", "a\n", "line 1: `a` has no comma"),
        ("radv-fails.txt", "# x\na,Bad\n", "line 2: `a,Bad` has an unknown value"),
        ("radv-skips.txt", "a,Fail\n", "line 1: `a,Fail` is of a list of fails"),
        ("radv-flakes.txt", "(\n", "line 1: `(`"),
    ] {
        let lists = Lists::new("bad", &[(file, text)]);
        let error = lists.read().expect_err(text);
        assert!(error.contains(why), "{error}");
    }
    let none = Expectations::read(Path::new("/nonexistent/radv"), false);
    assert!(none.is_err());
}

#[test]
fn lists_are_brought_up_to_date_with_their_comments() {
    let fails = "# Lists of RADV.\n\n# bug 1: motion vectors\ns/a,Fail\n# bug 2\ns/b,Fail\n\
                 # not run today\ns/c,Crash\n";
    let lists = Lists::new("update", &[("radv-fails.txt", fails), ("radv-frames.txt", "s/b,1\n")]);
    let known = lists.read().expect("lists");
    let (a, b, d, e) = (wrong(4), Outcome::Pass, crash(), wrong(0));
    let f = Outcome::Unsupported("no 10 bit,\nat all".to_owned());
    let first = |outcome: &Outcome| outcome.first_wrong().map(First::At);
    let results = [
        ("s/a", &a, Status::ExpectedFail),
        ("s/b", &b, Status::UnexpectedImprovement(Word::Pass)),
        ("s/d", &d, Status::New(Word::Crash)),
        ("s/e", &e, Status::Flake),
        ("s/f", &f, Status::Refused),
    ];
    let results = results.map(|(name, outcome, status)| Known {
        name,
        outcome,
        status,
        first: first(outcome),
    });
    known.update(&results).expect("written");
    assert_eq!(
        lists.text("radv-unsupported.txt"),
        "# Name, what the device lacks.\ns/f,no 10 bit, at all\n"
    );
    assert!(lists.text("radv-flakes.txt").ends_with("^s/e$\n"));
    assert_eq!(
        lists.text("radv-fails.txt"),
        "# Lists of RADV.\n\n# bug 1: motion vectors\ns/a,Fail\n# not run today\ns/c,Crash\n\
         # crash: signal 11, last frame submitted: none\ns/d,Crash\n"
    );
    assert!(lists.text("radv-frames.txt").contains("s/a,4\n"));
    assert!(!lists.text("radv-frames.txt").contains("s/b"));
    let known = lists.read().expect("what was written is read");
    assert_eq!(known.status("s/e", &e).0, Status::KnownFlake);
    assert_eq!(known.status("s/f", &f).0, Status::New(Word::Skip));
    assert_eq!(known.unused(&["s/a", "s/c", "s/d", "s/e"]), ["unsupported: s/f"]);
    assert_eq!(known.status("s/d", &d).0, Status::ExpectedFail);
}

#[test]
fn what_a_device_has_lost_is_red() {
    let lists = [("radv-unsupported.txt", "\u{feff}s/a\ns/b, no 4:4:4\n")];
    let lists = Lists::new("unsupported", &lists);
    let known = lists.read().expect("lists");
    let refused = Outcome::Unsupported("no 10 bit".to_owned());
    for name in ["s/a", "s/b"] {
        assert_eq!(known.status(name, &refused).0, Status::New(Word::Skip));
        let better = Status::UnexpectedImprovement(Word::Pass);
        assert_eq!(known.status(name, &Outcome::Pass).0, better);
        assert_eq!(known.status(name, &crash()).0, Status::New(Word::Crash));
    }
    let (status, _) = known.status("s/c", &refused);
    assert_eq!((status, status.is_success()), (Status::Refused, false));
    // Without lists nothing is known.
    assert_eq!(Expectations::default().status("s/c", &refused).0, Status::New(Word::Skip));
}

#[test]
fn a_reason_may_stand_behind_an_entry() {
    let lists =
        [("radv-fails.txt", "s/a,Fail # bug 7, again\n"), ("radv-skips.txt", "^s/b$ # slow\n")];
    let lists = Lists::new("reasons", &lists);
    let known = lists.read().expect("lists");
    assert_eq!(known.status("s/a", &wrong(1)).0, Status::ExpectedFail);
    assert!(known.skips("s/b"));
    let a = wrong(1);
    let first = Some(First::At(1));
    let still = Known { name: "s/a", outcome: &a, status: Status::ExpectedFail, first };
    known.update(&[still]).expect("written");
    assert_eq!(lists.text("radv-fails.txt"), "s/a,Fail # bug 7, again\n");
}
