//! Which vectors `verify` runs, what its reports say of a run, and results that are compared:
//! `verify-diff`.
#![cfg(unix)]

use std::process::{Command, Output};

use serde_json::Value;

use crate::judges::text;
use crate::manifest::{folder as samples, sample};
use crate::verify::{Folder, records};

pub(crate) fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

/// Names of the vectors that were run, by their stems.
fn ran(output: &Output) -> Vec<String> {
    let (vectors, _) = records(output);
    let run = vectors.into_iter().filter(|(_, record)| record["status"] != "NotRun");
    run.map(|(name, _)| name).collect()
}

#[test]
fn vectors_are_listed_without_a_device() {
    let folder = Folder::new("list", &["pass1", "pass2", "wrong"]);
    let suite = folder.path("s");
    let list = |more: &[&str]| {
        let args = ["verify", &suite, "--device", "nowhere", "--list"];
        vav1d(&[&args[..], more].concat())
    };
    let all = list(&[]);
    assert_eq!(
        (all.status.code(), text(&all.stdout)),
        (Some(0), "s/pass1.ivf\ns/pass2.ivf\ns/wrong.ivf\n".into())
    );
    let some = list(&["--filter", "1", "--filter", "wrong", "--exclude", "s/w"]);
    assert_eq!(text(&some.stdout), "s/pass1.ivf\n");
    let parts =
        ["1", "2"].map(|start| text(&list(&["--fraction", "2", "--fraction-start", start]).stdout));
    let mut names: Vec<_> = parts.iter().flat_map(|part| part.lines()).collect();
    names.sort();
    assert_eq!(names, ["s/pass1.ivf", "s/pass2.ivf", "s/wrong.ivf"]);
    let json = text(&list(&["--json"]).stdout);
    assert_eq!(json.matches("{\"type\":\"listed\",").count(), 3, "{json}");
    assert_eq!(list(&["--exclude", "."]).status.code(), Some(66));
    assert_eq!(list(&["--exclude", "("]).status.code(), Some(2));
    // None of them was run.
    assert!(!folder.0.join("s/pass1.ivf.0").exists());
}

#[test]
fn filters_are_alternatives() {
    let folder = Folder::new("filters", &["pass1", "pass2", "pass3", "pass4"]);
    let output =
        folder.run(&["--filter", "1", "--filter", "[34]", "--exclude", "4", "--exclude", "x"]);
    assert_eq!(ran(&output), ["pass1", "pass3"]);
}

#[test]
fn failures_are_run_again() {
    let folder = Folder::new("rerun", &["pass", "wrong", "crash", "less"]);
    let out = folder.path("out");
    assert_eq!(folder.run(&["-o", &out]).status.code(), Some(1));
    let csv = folder.path("failures.csv");
    std::fs::copy(folder.path("out/failures.csv"), &csv).expect("copied");
    for list in [&*csv, &folder.path("out/results.csv"), &folder.path("out/results.jsonl"), &out] {
        let output = folder.run(&["--rerun", list]);
        assert_eq!(
            (output.status.code(), ran(&output)),
            (Some(1), vec!["crash".into(), "wrong".into()]),
            "{list}"
        );
    }
    // Into the folder that has the list.
    assert_eq!(
        ran(&folder.run(&["--rerun", &folder.path("out/failures.csv"), "-o", &out])).len(),
        2
    );
    for (lines, why) in [
        ("s/crash.ivf,Crash", "line 1: it is cut short"),
        ("s/crash.ivf,Crash\ns/wrong", "line 2: it is cut short"),
        ("s/crash.ivf\n", "line 1: not a name, a comma and a status"),
        ("s/other.ivf,Fail\n", "s/other.ivf: there is no such vector"),
        ("s/pass.ivf,Pass\n", "nothing in it is to be run again"),
        ("", "nothing in it is to be run again"),
    ] {
        std::fs::write(&csv, lines).expect("written");
        let output = folder.run(&["--rerun", &csv]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(66) && said.contains(why), "{lines:?}: {said}");
    }
}

#[test]
fn nothing_more_is_begun_after_a_failure() {
    let folder = Folder::new("fail-fast", &["slow1", "slow2", "slow3", "slow4", "crash"]);
    // The largest is run first.
    std::fs::write(folder.0.join("s/crash.ivf"), "large").expect("written");
    let output = folder.run(&["-j1", "--fail-fast", "-o", &folder.path("out")]);
    let (vectors, summary) = records(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(vectors["crash"]["status"], "Crash");
    assert!(summary["not_run"].as_u64() >= Some(2), "{summary}");
    let verdict = summary["verdict"].as_str().expect("text");
    assert!(verdict.starts_with("Stopped after a failure: "), "{verdict}");
    assert!(folder.text("out/summary.md").contains("Stopped after a failure"));
    // Two failures are allowed here.
    let output = folder.run(&["-j1", "--fail-fast=2"]);
    assert_eq!((ran(&output).len(), output.status.code()), (5, Some(1)));
    assert_eq!(folder.run(&["--fail-fast=0"]).status.code(), Some(2));
}

#[test]
fn what_has_to_be_refused_is_judged_by_that() {
    let names = ["broken", "pass", "wrong", "less", "crash", "malformed"];
    let folder = Folder::new("refused", &names);
    for name in names {
        std::fs::write(folder.0.join(format!("s/{name}.refused")), "").expect("written");
    }
    let output = folder.run(&[]);
    let (vectors, _) = records(&output);
    for (name, status, outcome) in [
        ("broken", "Pass", "pass"),
        ("pass", "Fail", "accepted"),
        ("wrong", "Fail", "accepted"),
        ("less", "Skip", "unsupported"),
        ("crash", "Crash", "crash"),
        ("malformed", "Crash", "incomplete"),
    ] {
        let record = &vectors[name];
        let is = (&record["status"], &record["outcome"], &record["oracle"]);
        assert_eq!(is, (&status.into(), &outcome.into(), &"refusal".into()), "{record}");
    }
    assert_eq!(
        vectors["pass"]["detail"],
        "it has to be refused, and 1 picture came without a fault"
    );
    let folder = Folder::new("refused-by-name", &["broken1", "broken2"]);
    let output = folder.run(&["--refused", "broken1", "--refused", "nobody"]);
    let (vectors, summary) = records(&output);
    assert_eq!(
        (&vectors["broken1"]["status"], &vectors["broken2"]["status"]),
        (&"Pass".into(), &"Fail".into())
    );
    assert_eq!(summary["notes"][0], "--refused nobody matches no vector.");
    let command = vectors["broken2"]["reproduce"][0].as_str().expect("a command");
    assert!(command.contains("--refused broken1"), "{command}");
}

/// The real child, with a stream that is cut in its middle, and one that is not.
#[test]
fn a_real_stream_that_has_to_be_refused_is() {
    let folder = Folder::new("refused-real", &[]);
    let whole = std::fs::read(sample("main-420-8").path()).expect("a stream");
    let list = "[[stream]]\nname = \"cut\"\nfile = \"cut.ivf\"\nrefused = true\n\
                [[stream]]\nname = \"whole\"\nfile = \"whole.ivf\"\nrefused = true\n";
    std::fs::write(folder.0.join("s/manifest.toml"), list).expect("written");
    std::fs::write(folder.0.join("s/cut.ivf"), &whole[..whole.len() * 2 / 3]).expect("written");
    std::fs::write(folder.0.join("s/whole.ivf"), &whole).expect("written");
    let output = vav1d(&["--json", "-q", "verify", "--device", "soft", &folder.path("s")]);
    let (vectors, _) = records(&output);
    assert_eq!(vectors["cut"]["status"], "Pass", "{}", vectors["cut"]);
    assert_eq!(vectors["whole"]["outcome"], "accepted", "{}", vectors["whole"]);
}

#[test]
fn streams_of_a_list_may_be_elsewhere() {
    let folder = Folder::new("resources", &["pass"]);
    let elsewhere = folder.0.join("elsewhere/S/a");
    std::fs::create_dir_all(&elsewhere).expect("made");
    std::fs::write(elsewhere.join("pass.ivf"), "").expect("written");
    let hash = folder.text("s/pass.md5");
    let list = format!(
        r#"{{"name": "S", "test_vectors": [{{"name": "a", "input_file": "pass.ivf", "result": "{hash}"}}]}}"#
    );
    std::fs::write(folder.0.join("list.json"), list).expect("written");
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .env("VAV1D_VERIFY_CHILD", folder.0.join("mock"))
            .args(["--json", "-q", "verify", "--device", "soft", &folder.path("list.json")])
            .args(more)
            .output()
            .expect("vav1d runs");
        records(&output).0["pass"]["status"].clone()
    };
    assert_eq!(run(&[]), "Missing");
    assert_eq!(run(&["--resources", &folder.path("elsewhere")]), "Pass");
}

#[test]
fn every_report_says_when_where_and_with_what() {
    let folder = Folder::new("said", &["pass", "wrong"]);
    let out = folder.path("out");
    let more = ["-o", &out, "--", "--dpb", "distinct"];
    folder.run(&more);
    let header: Value =
        serde_json::from_str(folder.text("out/results.jsonl").lines().next().expect("a line"))
            .expect("JSON");
    let of = |name: &str| header["data"][name].as_str().unwrap_or_default().to_owned();
    assert!(of("date").starts_with("20") && of("date").ends_with('Z'), "{header}");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux");
    assert_eq!((of("host"), of("shape")), (host.trim().to_owned(), "--dpb distinct".into()));
    assert!(of("kernel").starts_with("Linux ") && of("vav1d").contains('('), "{header}");
    assert!(
        of("command").contains(" verify --device soft ")
            && of("command").ends_with("-- --dpb distinct"),
        "{header}"
    );
    assert_eq!(header["data"]["selection"]["vectors"], 2);
    for file in ["junit.xml", "summary.md", "index.html"] {
        let report = folder.text(&format!("out/{file}"));
        for name in ["date", "host", "kernel", "vav1d", "shape", "command"] {
            assert!(report.contains(name), "{file}: {name}");
        }
        assert!(report.contains(of("date").split('T').next().expect("a day")), "{file}");
    }
    let junit = folder.text("out/junit.xml");
    assert!(junit.contains(" timestamp=\"20") && junit.contains(" hostname=\""), "{junit}");
    folder.run(&[&["--no-times"], &more[..]].concat());
    assert!(!folder.text("out/results.jsonl").contains("\"date\""));
    // Nothing but the name of the run's own time.
    let stream = folder.text("out/results.jsonl");
    assert!(!stream.contains("\"seconds\""), "{stream}");
}

#[test]
fn a_log_shows_that_the_run_goes_on() {
    let folder = Folder::new("progress", &["slow1", "slow2", "slow3", "slow4"]);
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .env("VAV1D_VERIFY_CHILD", folder.0.join("mock"))
            .args(["verify", "--device", "soft", "-j1", &folder.path("s")])
            .args(args)
            .output()
            .expect("vav1d runs");
        text(&output.stderr)
    };
    let said = run(&["--progress", "0.05"]);
    assert!(said.contains("vav1d: 2 of 4 vectors, 0 not as expected, 0 s"), "{said}");
    assert!(!run(&["--progress", "0"]).contains(" of 4 vectors"));
    assert!(!run(&["--progress", "0.05", "-q"]).contains(" of 4 vectors"));
}

#[test]
fn results_have_colours_where_that_is_asked_for() {
    let folder = Folder::new("colours", &["pass", "wrong"]);
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .env("VAV1D_VERIFY_CHILD", folder.0.join("mock"))
            .args(args)
            .args(["-q", "verify", "--device", "soft", &folder.path("s")])
            .output()
            .expect("vav1d runs");
        text(&output.stdout)
    };
    let painted = run(&["--color", "always"]);
    assert!(painted.contains("s/wrong.ivf: \x1b[1;31mFail\x1b[0m: mismatch"), "{painted}");
    let plain = run(&[]);
    assert!(!plain.contains('\x1b') && plain.contains("s/wrong.ivf: Fail: mismatch"), "{plain}");
    assert!(plain.ends_with("\n1 of 2 vectors is not as expected.\n"), "{plain}");
    let folder = Folder::new("one", &["pass"]);
    let one = vav1d(&["verify", "--device", "soft", "--list", &folder.path("s")]);
    assert_eq!(text(&one.stdout).lines().count(), 1);
    let one = text(&folder.run(&["--color", "never"]).stdout);
    assert!(!one.contains("1 vectors"), "{one}");
}

/// Without reports, too: plane, block and the next command.
#[test]
fn the_console_says_where_a_picture_is_wrong() {
    let samples = samples();
    let samples = samples.to_str().expect("a plain path");
    let args =
        ["-q", "verify", samples, "--filter", "/main-420-8$", "--device", "soft:fault=pixel@4"];
    let console = text(&vav1d(&args).stdout);
    assert!(
        console.contains(
            "\n   frame 4, INTER_FRAME: Y 1 sample by 1 at most; superblock row 1, column 1"
        ),
        "{console}"
    );
    let next = console.lines().find(|line| line.contains(" compare --device soft:fault=pixel@4 "));
    let next = next.expect("a command").trim().to_owned();
    let again = Command::new("sh").args(["-c", &next]).output().expect("sh runs");
    assert_eq!(again.status.code(), Some(1), "{next}");
    assert!(text(&again.stdout).contains("first bad frame: 4"), "{}", text(&again.stdout));
    let bare = text(&vav1d(&[&args[..], &["--no-explain"]].concat()).stdout);
    assert!(!bare.contains("superblock"), "{bare}");
}

/// Results of a mock suite in `out` of a folder of its own.
pub(crate) fn results(name: &str, streams: &[&str], args: &[&str]) -> Folder {
    let folder = Folder::new(name, &[]);
    let hash = "0123456789abcdef0123456789abcdef";
    for stream in streams {
        // What it is called does not matter, and what is in it does.
        let (what, number) = stream.split_once(':').unwrap_or((stream, stream));
        std::fs::write(folder.0.join(format!("s/{what}{number}.ivf")), number).expect("written");
        std::fs::write(folder.0.join(format!("s/{what}{number}.md5")), hash).expect("written");
    }
    let out = folder.path("out");
    folder.run(&[&["-o", &out], args].concat());
    folder
}

pub(crate) fn diff(a: &Folder, b: &Folder, more: &[&str]) -> (Option<i32>, String, Vec<Value>) {
    let (first, second) = (a.path("out"), b.path("out"));
    let args = [&["verify-diff", &first, &second], more].concat();
    let output = vav1d(&args);
    let json = vav1d(&[&["--json"], &args[..]].concat());
    assert_eq!(output.status.code(), json.status.code());
    let lines = text(&json.stdout);
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr), lines)
}

#[test]
fn results_are_compared() {
    let a = results("diff-a", &["pass:1", "pass:2", "wrong:3", "wrong:4", "pass:5"], &[]);
    let (code, said, lines) = diff(&a, &a, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("     5 same\nNo regression: 5 vectors judged in both.\n"), "{said}");
    assert_eq!(lines.iter().filter(|line| line["type"] == "change").count(), 5);
    // New, fixed, moved (worse), lost; one is flaky, and one is not there.
    let b = results("diff-b", &["wrong:1", "less:2", "pass:3", "crash:4"], &[]);
    let page = b.path("diff.html");
    let (code, said, lines) = diff(&a, &b, &["--html", &page]);
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "new     s/wrong1.ivf: pass -> mismatch; it was called s/pass1.ivf",
        "lost    s/less2.ivf: pass -> unsupported: no 4:4:4; it was called s/pass2.ivf",
        "gone    s/pass55.ivf: pass -> not there",
        "moved   s/crash4.ivf: mismatch -> crash: signal 11, last frame submitted: 4",
        "fixed   s/pass3.ivf: mismatch -> pass",
        "4 regressions: 1 new, 1 lost, 1 gone, 1 moved.",
    ] {
        let line = line.replace("s/pass55", "s/pass5");
        assert!(said.contains(&line), "{line} in {said}");
    }
    let summary = &lines.last().expect("a summary")["data"];
    assert_eq!((&summary["regressions"], &summary["success"]), (&4.into(), &false.into()));
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("4 regressions: 1 new") && page.contains("s/wrong1.ivf"), "{page}");
    // The other way nothing is worse but what is new.
    let (code, said, _) = diff(&b, &a, &[]);
    assert!(code == Some(1) && said.contains("1 regression: 1 new."), "{said}");
    let other = results("diff-other", &["pass:x"], &[]);
    let (code, said, _) = diff(&a, &other, &[]);
    assert!(code == Some(66) && said.contains("no stream is in both"), "{said}");
    let shape = results("diff-shape", &["pass:1", "pass:2"], &["--", "--dpb", "distinct"]);
    let (code, said, _) = diff(&shape, &a, &[]);
    assert!(code == Some(0) && said.contains("shape: --dpb distinct -> default"), "{said}");
    for end in ["\n", "\"}}\n"] {
        let path = a.0.join("out/results.jsonl");
        let whole = std::fs::read_to_string(&path).expect("results");
        let cut = whole.trim_end().rfind('\n').expect("a summary");
        std::fs::write(&path, format!("{}{end}", &whole[..cut].trim_end())).expect("written");
        let (code, said, _) = diff(&b, &a, &[]);
        assert_eq!(code, Some(66), "{said}");
        std::fs::write(&path, whole).expect("written");
    }
    assert_eq!(vav1d(&["verify-diff", "nothing", "nothing"]).status.code(), Some(66));
    let bad = ["verify-diff", &a.path("out"), &a.path("out"), "--html", "/nonexistent/x/y.html"];
    assert_eq!(vav1d(&bad).status.code(), Some(74));
}

#[test]
fn what_is_slower_is_said_and_red_where_that_is_asked_for() {
    let a = results("slow-a", &["slow:1", "pass:2"], &[]);
    let b = results("slow-b", &["slow:1", "pass:2"], &[]);
    let path = b.0.join("out/results.jsonl");
    let slower = |text: &str, name: &str, factor: f64| {
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            if line["data"]["name"] == name {
                let seconds = line["data"]["seconds"].as_f64().expect("seconds");
                line["data"]["seconds"] = (seconds * factor).into();
            }
            format!("{line}\n")
        });
        lines.collect::<String>()
    };
    let as_a = a.text("out/results.jsonl");
    std::fs::write(&path, slower(&as_a, "s/slow1.ivf", 1.5)).expect("written");
    let (code, said, _) = diff(&a, &b, &[]);
    assert!(code == Some(0) && said.contains("slower  s/slow1.ivf: 0."), "{said}");
    assert!(said.contains(": 1.50 times as long"), "{said}");
    let (code, said, _) = diff(&a, &b, &["--slower", "1.4"]);
    assert!(code == Some(1) && said.contains("1 regression: 1 slower."), "{said}");
    std::fs::write(&path, slower(&as_a, "s/slow1.ivf", 1.3)).expect("written");
    assert_eq!(diff(&a, &b, &["--slower", "1.4"]).0, Some(0));
    for wrong in ["1", "0.5", "x", "inf"] {
        assert_eq!(diff(&a, &b, &["--slower", wrong]).0, Some(2), "{wrong}");
    }
}
