//! Judging commands that are interrupted, or left alone by their parent.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::judges::{signal, text, wait};
use crate::manifest::{folder as samples, sample};
use crate::verify::{Folder, records};

/// The exit code as a shell has it.
fn ended(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status.code().or(status.signal().map(|signal| 128 + signal))
}

/// Whether SIGHUP is ignored by this process, and so by its children.
fn ignores_hup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    u64::from_str_radix(mask.trim(), 16).expect("a number") & 1 == 1
}

#[test]
fn what_is_to_outlive_its_terminal_does() {
    let folder = Folder::new("nohup", &["slow1", "slow2"]);
    let inner = folder.command(&["-j1", "--output", &folder.path("out")]);
    let mut outer = Command::new("nohup");
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = outer.stdout(Stdio::piped()).spawn().expect("nohup runs");
    wait(|| folder.0.join("out/logs/s").exists());
    signal("-HUP", child.id());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(records(&output).0.len(), 2);
}

#[test]
fn a_matrix_and_a_comparison_end_by_the_signal_that_ended_them() {
    let path = sample("main-420-8").path();
    let path = path.to_str().expect("a plain path");
    for (command, name, code) in
        [("matrix", "-TERM", 143), ("matrix", "-INT", 130), ("compare", "-TERM", 143)]
    {
        let hang = ["--device", "soft:fault=hang@2", "--device-timeout", "60", "-q"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .arg(command)
            .args(hang)
            .arg(path)
            .stderr(Stdio::null())
            .spawn()
            .expect("vav1d runs");
        let id = child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        wait(|| std::fs::read_to_string(&children).is_ok_and(|text| !text.is_empty()));
        signal(name, id);
        assert_eq!(ended(child.wait().expect("an end")), Some(code), "{command} {name}");
    }
}

#[test]
fn an_interrupted_run_says_what_was_not_run() {
    let names: Vec<_> = (0..20).map(|i| format!("slow{i}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    // Under `nohup`, these tests are not ended by it either.
    let hup = (!ignores_hup()).then_some(("-HUP", 129));
    for (name, code) in [("-TERM", 143), ("-INT", 130)].into_iter().chain(hup) {
        let folder = Folder::new(&format!("interrupted{name}"), &names);
        let out = folder.path("out");
        // What an earlier run left.
        std::fs::create_dir_all(folder.0.join("out/logs")).expect("made");
        std::fs::write(folder.0.join("out/.verify.lock"), "").expect("written");
        for old in ["logs/old.log", "junit.xml", "results.csv"] {
            std::fs::write(folder.0.join("out").join(old), "old").expect("written");
        }
        let child = folder.command(&["-j1", "--output", &out]).stdout(Stdio::piped()).spawn();
        let child = child.expect("vav1d runs");
        let part = folder.0.join("out/results.jsonl.part");
        wait(|| std::fs::read_to_string(&part).is_ok_and(|text| text.lines().count() > 1));
        assert!(!folder.0.join("out/logs/old.log").exists());
        // One run a folder.
        let second = folder.run(&["--output", &out]);
        assert_eq!(second.status.code(), Some(74), "{}", text(&second.stderr));
        assert!(text(&second.stderr).contains(&out));
        signal(name, child.id());
        let output = child.wait_with_output().expect("an end");
        assert_eq!(ended(output.status), Some(code));
        let (vectors, summary) = records(&output);
        assert_eq!((vectors.len(), &summary["success"]), (20, &false.into()));
        let left = summary["not_run"].as_u64().expect("a number");
        assert!(left > 0 && left < 20, "{summary}");
        let said = format!("Interrupted: {left} of 20 vectors were not run.");
        for report in ["junit.xml", "summary.md", "index.html", "results.jsonl"] {
            assert!(folder.text(&format!("out/{report}")).contains(&said), "{report}");
        }
        let junit = folder.text("out/junit.xml");
        assert!(
            junit.contains(&format!("tests=\"20\" failures=\"0\" errors=\"{left}\"")),
            "{junit}"
        );
        assert_eq!(folder.text("out/results.csv").lines().count(), 20);
    }
}

#[test]
fn children_die_with_their_parent() {
    let folder = Folder::new("orphans", &[]);
    let out = folder.path("out");
    let mut parent = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "verify", "--device", "soft:fault=hang@1", "--filter", "/main-420-8$"])
        .args(["--output", &out])
        .arg(samples())
        .spawn()
        .expect("vav1d runs");
    let journal = folder.0.join("out/logs/samples/main-420-8.journal");
    wait(|| std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("submit 1")));
    let with = |path: &Path| {
        let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
        let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| text(line).contains(path.to_str().expect("a path"))).count()
    };
    assert!(with(&journal) > 0);
    parent.kill().expect("killed");
    parent.wait().expect("an end");
    wait(|| with(&journal) == 0);
}
