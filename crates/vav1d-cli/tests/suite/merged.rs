//! Results of parts, devices and shapes that are put together: `verify-merge`.
#![cfg(unix)]

use std::process::Output;

use crate::judges::text;
use crate::manifest::folder as samples;
use crate::results::{results, vav1d};
use crate::verify::Folder;

/// A report without what is of its own run: the command line.
fn without_command(report: &str) -> String {
    let is_own = |line: &&str| !line.contains("command") && !line.contains("\"run\"");
    let rest: Vec<_> = report.lines().filter(is_own).collect();
    assert!(report.lines().count() - rest.len() <= 2, "{report}");
    rest.join("\n")
}

fn merge(parts: &[&String], more: &[&str]) -> Output {
    let parts: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    vav1d(&[&["verify-merge"], &parts[..], more].concat())
}

#[test]
fn parts_put_together_are_the_whole() {
    let names = ["pass:1", "pass:2", "wrong:3", "crash:4", "less:5", "pass:6", "flaky:7"];
    let all = results("merge", &names, &["--no-times"]);
    let parts = ["1", "2", "3"].map(|start| {
        // The flaky one is to fail first again.
        for n in 0..40 {
            let _ = std::fs::remove_file(all.0.join(format!("s/flaky7.ivf.{n}")));
        }
        let out = all.path(&format!("part-{start}"));
        all.run(&["--no-times", "--fraction", "3", "--fraction-start", start, "-o", &out]);
        out
    });
    let merged = all.path("merged");
    let [one, two, three] = &parts;
    let output = merge(&[three, one, two], &["-o", &merged]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    for file in ["results.csv", "failures.csv"] {
        assert_eq!(all.text(&format!("merged/{file}")), all.text(&format!("out/{file}")));
    }
    for file in ["results.jsonl", "junit.xml", "summary.md", "index.html"] {
        let (is, one) = (all.text(&format!("merged/{file}")), all.text(&format!("out/{file}")));
        // Each of them has a command line somewhere.
        assert_ne!(is, one, "{file}");
        assert_eq!(without_command(&is), without_command(&one), "{file}");
    }
    assert_eq!(vav1d(&["verify-diff", &merged, &all.path("out")]).status.code(), Some(0));
    bad_parts(&all, &parts);
}

/// What is missing, there twice, or would be written over.
fn bad_parts(all: &Folder, [one, two, three]: &[String; 3]) {
    let why = |output: &Output| text(&output.stdout) + &text(&output.stderr);
    let lost = merge(&[one, three], &[]);
    assert!(
        lost.status.code() == Some(1) && why(&lost).contains("part 2 of 3 is missing"),
        "{}",
        why(&lost)
    );
    assert!(why(&lost).contains("Not whole: 1 part missing."), "{}", why(&lost));
    let twice = merge(&[one, two, two, three], &[]);
    assert!(
        twice.status.code() == Some(66) && why(&twice).contains("part 2 of 3 is there twice"),
        "{}",
        why(&twice)
    );
    let over = merge(&[one, two, three], &["-o", two]);
    assert!(
        over.status.code() == Some(2) && all.0.join("part-2/results.jsonl").is_file(),
        "{}",
        why(&over)
    );
}

/// A planted fault shows something of the whole if it is applied in one of the parts.
#[test]
fn a_fault_of_another_part_is_no_error() {
    let folder = Folder::new("part-fault", &[]);
    let samples = samples();
    let samples = samples.to_str().expect("a plain path");
    let filter = ["--filter", "still|/main-420-8$", "--no-explain"];
    let mut parts = Vec::new();
    let mut codes = Vec::new();
    for start in ["1", "2", "3", "4"] {
        let out = folder.path(start);
        let part = ["--fraction", "4", "--fraction-start", start, "--device", "soft:fault=pixel@9"];
        let args = [&["-q", "verify", samples, "-o", &out][..], &filter, &part].concat();
        codes.push(vav1d(&args).status.code());
        parts.push(out);
    }
    // What has no such frame says nothing, and is no success; nor is what has it.
    assert!(codes.iter().all(|code| *code == Some(1)), "{codes:?}");
    let whole = merge(&parts.iter().collect::<Vec<_>>(), &[]);
    let said = text(&whole.stdout);
    assert!(whole.status.code() == Some(1) && !said.contains("never applied"), "{said}");
    assert!(said.contains("samples/main-420-8: Fail: mismatch"), "{said}");
}

#[test]
fn devices_and_shapes_stay_apart() {
    let all = results("merge-all", &["pass:1", "wrong:2"], &[]);
    let merged = all.path("merged");
    let other = results("merge-other", &["pass:1", "pass:2"], &["--", "--dpb", "distinct"]);
    let both = merge(&[&all.path("out"), &other.path("out")], &["-o", &merged]);
    assert_eq!(both.status.code(), Some(1));
    let csv = all.text("merged/results.csv");
    assert!(
        csv.contains("dpb-distinct/s/pass1.ivf,Pass,") && csv.contains("default/s/pass1.ivf,Pass,"),
        "{csv}"
    );
    let same = vav1d(&["verify-diff", &merged, &merged]);
    assert!(
        same.status.code() == Some(0) && text(&same.stdout).contains("     4 same"),
        "{}",
        text(&same.stdout)
    );
}
