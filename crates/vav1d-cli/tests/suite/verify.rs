//! `vav1d verify`: a child whose behaviour is in the vector's name, and the real one.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::manifest::folder as samples;

const A: &str = "0123456789abcdef0123456789abcdef";

/// Stands for vav1d: the last argument is the stream, and its name says what to do. Records go to
/// standard input, as `--records` asks.
const MOCK: &str = r#"#!/bin/sh
for last; do :; done
case "$*" in *"--records /dev/fd/0 "*) ;; *) exit 2;; esac
case "$*" in *"--journal "*) j=${*#*--journal }; j=${j%% *};; esac
# Members that nothing depends on.
more() { case "$1" in
header) echo '"schema":2,"command":"md5","version":"0",';;
frame) echo '"pts":null,"width":1,"height":1,"size":3,';;
fault) echo '"exit":70,';;
summary) echo '"units":1,"frames":1,';;
esac; }
line() { printf '{"type":"%s","data":{%s%s}}\n' "$1" "$(more "$1")" "$2" >&0; }
hash=0123456789abcdef0123456789abcdef
end() { line frame '"index":0'; line summary "\"pictures\":1,\"faults\":0,\"md5\":\"$1\""; }
# Another answer each time.
n=0; while [ -e "$last.$n" ]; do n=$((n + 1)); done; : > "$last.$n"
line header '"device":"mock"'
case "$(basename "$last")" in
pass*) end $hash;;
wrong*) end 00000000000000000000000000000000;;
grain*) case "$*" in *"--film-grain off"*) end $hash;; *) end 1;; esac;;
# Another output each time, and by chance the right one where that is asked for without film grain.
luck*) case "$*" in *"--film-grain off"*) end $hash;; *) end $n;; esac;;
# The first run, and those in the seven other senses.
flaky*) if [ $n -gt 7 ]; then end $hash; else end 2; fi;;
crash*) printf 'submit 4 unit 4\n' > "$j"; kill -SEGV $$;;
moving*) printf 'submit %s unit 4\n' $n > "$j"; kill -SEGV $$;;
changing*) case $n in 0) kill -SEGV $$;; 1) line fault '"kind":"lost","message":"gone"'; exit 75;;
    *) end 3;; esac;;
killed*) kill -KILL $$;;
# Wrong, and then refused.
wrongly*) line frame '"index":0,"md5":"1"'
    line fault '"kind":"unsupported","message":"not supported: slots"'; exit 69;;
slow*) sleep 0.2; end $hash;;
# Wrong in another of eight pictures each time.
racing*) for i in 0 1 2 3 4 5 6 7; do
        [ $i -eq $(($$ % 8)) ] && h=00000000000000000000000000000000 || h=$hash
        line frame "\"index\":$i,\"md5\":\"$h\""
    done; line summary '"pictures":8,"faults":0';;
hang*) printf 'submit 6 unit 5\ndone 3\n' > "$j"; exec sleep 1000;;
silent*) line fault '"kind":"timeout","message":"no answer"'; exit 75;;
dying*) line fault '"kind":"timeout","message":"no answer"'; kill -SEGV $$;;
lost*) line fault '"kind":"lost","message":"gone"'; exit 75;;
status*) line fault '"kind":"status","message":"status -1"'; end 3; exit 65;;
message*) line message '"id":"VUID-1","text":"bad"'; end $hash; exit 70;;
broken*) line fault '"kind":"stream","message":"value 7"'; exit 65;;
less*) line fault '"kind":"unsupported","message":"not supported: no 4:4:4"'; exit 69;;
# Drivers that print, exit, or end after what they have told.
noisy*) printf 'driver: \377\376 hello\n'; end $hash; printf '{"type":"summary"}';;
zeros*) printf '\377\n'; end 00000000000000000000000000000000;;
leaves*) exit 0;;
midway*) line frame '"index":0'; exit 0;;
refuses*) exit 69;;
malformed*) exit 65;;
glued*) printf 'driver: hello ' >&0; end $hash;;
binary*) printf '\377\376\n' >&0; end $hash;;
cut*) line frame '"index":0'; printf '{"type":"summ' >&0; exit 0;;
after*) end $hash; line fault '"kind":"lost","message":"gone"'; exit 0;;
quietly*) line summary '"pictures":1,"faults":0,"md5":"'$hash'"'; exit 0;;
nothing*) line summary '"pictures":0,"faults":0,"md5":"'$hash'"'; exit 0;;
faulty*) line fault '"kind":"status","message":"m"'; end $hash; exit 0;;
late*) end $hash; kill -SEGV $$;;
# What is told arrives after its process has ended, as on a busy machine; or nothing comes, and the
# descriptor stays open.
behind*) exec 3>&0; (sleep 0.4; exec 0>&3; end $hash) & exit 0;;
holds*) exec 3>&0; (exec sleep 20 >/dev/null 2>&1) & exit 0;;
lingers*) end $hash; exec 0>&-; exec sleep 1000;;
*) exit 3;;
esac
"#;

/// A folder with streams, their hashes and the mock; removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str, streams: &[&str]) -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-verify-{name}-{}", std::process::id()));
        let suite = path.join("s");
        std::fs::create_dir_all(&suite).expect("made");
        for stream in streams {
            std::fs::write(suite.join(format!("{stream}.ivf")), "").expect("written");
            std::fs::write(suite.join(format!("{stream}.md5")), A).expect("written");
        }
        let mock = path.join("mock");
        std::fs::write(&mock, MOCK).expect("written");
        std::fs::set_permissions(&mock, PermissionsExt::from_mode(0o755)).expect("executable");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a plain path").to_owned()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("a file")
    }

    /// Runs the suite with the mock.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("vav1d runs")
    }

    /// The command that does so.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
        command
            .env("VAV1D_VERIFY_CHILD", self.0.join("mock"))
            .args(["--json", "-q", "verify", "--device", "soft"])
            .arg(self.0.join("s"))
            .args(args);
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Records of vectors by the file's stem, and the summary.
pub(crate) fn records(output: &Output) -> (BTreeMap<String, Value>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &'static str| lines.iter().filter(move |line| line["type"] == kind);
    let name = |data: &Value| {
        let file = data["file"].as_str().expect("a file").to_owned();
        Path::new(&file).file_stem().expect("a stem").to_string_lossy().into_owned()
    };
    let vectors = of("vector").map(|line| (name(&line["data"]), line["data"].clone())).collect();
    (vectors, of("suite_summary").next().expect("a summary")["data"].clone())
}

#[test]
fn every_outcome_is_told_apart_and_the_suite_goes_on() {
    let rows = [
        ("pass", "pass", "Pass", ""),
        ("wrong", "mismatch", "Fail", ""),
        ("grain", "mismatch", "Fail", "but it matches without film grain"),
        ("luck", "mismatch", "Fail", ""),
        ("crash", "crash", "Crash", "signal 11, last frame submitted: 4"),
        ("killed", "crash", "Crash", "signal 9, last frame submitted: none"),
        ("silent", "hang", "Timeout", "last frame submitted: none, last ended: none"),
        ("lost", "device-lost", "Crash", "last frame submitted: none"),
        ("status", "status-error", "Fail", "status -1; the one picture that came is right"),
        ("message", "validation", "Fail", "VUID-1: bad"),
        ("broken", "parser-error", "Fail", "value 7"),
        ("less", "unsupported", "Skip", "no 4:4:4"),
        (
            "other",
            "incomplete",
            "Crash",
            "exit 3, but it ended without a summary, after 0 pictures",
        ),
        ("dying", "hang", "Timeout", "last frame submitted: none, last ended: none"),
    ];
    let names: Vec<_> = rows.iter().map(|row| row.0).collect();
    let folder = Folder::new("outcomes", &names);
    // The manifest's kind that has film grain, so that the other sense is without.
    for name in ["grain", "luck"] {
        let text = format!("{A}  {name}.ivf\n");
        std::fs::write(folder.0.join(format!("s/{name}.md5")), text).expect("written");
    }
    std::fs::write(folder.0.join("s/nothing.ivf"), "").expect("written");
    std::fs::write(folder.0.join("s/oracle.ivf"), "").expect("written");
    std::fs::write(folder.0.join("s/oracle.md5"), "nonsense").expect("written");
    let output = folder.run(&["-j2", "--output", &folder.path("out")]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let (records, summary) = records(&output);
    assert_eq!(summary["vectors"], rows.len() + 2);
    assert_eq!((&summary["judged"], &summary["success"]), (&13.into(), &false.into()));
    assert_eq!(summary["refused"][0]["reason"], "no 4:4:4");
    for (name, outcome, status, detail) in rows {
        let record = &records[name];
        assert_eq!(record["outcome"], outcome, "{record}");
        assert_eq!(record["status"], status, "{record}");
        assert_eq!(record["detail"], detail, "{record}");
    }
    for name in ["nothing", "oracle"] {
        assert_eq!(records[name]["outcome"], "bad-oracle", "{}", records[name]);
    }
    let csv = folder.text("out/results.csv");
    assert_eq!(csv.lines().count(), rows.len() + 2);
    assert!(csv.contains("s/less.ivf,Skip,") && csv.contains("s/killed.ivf,Crash,"), "{csv}");
    assert!(!folder.text("out/failures.csv").contains("less"));
    for file in ["junit.xml", "summary.md", "index.html", "results.jsonl"] {
        assert!(folder.text(&format!("out/{file}")).contains("killed"), "{file}");
    }
}

#[test]
fn a_child_that_says_nothing_is_killed() {
    let folder = Folder::new("hang", &["hang", "pass"]);
    let output = folder.run(&["--timeout", "0.3"]);
    let (records, _) = records(&output);
    assert_eq!(records["hang"]["status"], "Timeout", "{}", records["hang"]);
    assert_eq!(records["hang"]["detail"], "last frame submitted: 6, last ended: 3");
    assert_eq!(records["pass"]["status"], "Pass");
}

#[test]
fn a_failure_that_changes_is_a_flake() {
    let folder = Folder::new("flaky", &["flaky"]);
    let output = folder.run(&["--output", &folder.path("out")]);
    assert_eq!(output.status.code(), Some(0));
    let (records, _) = records(&output);
    assert_eq!(
        (&records["flaky"]["status"], &records["flaky"]["outcome"]),
        (&"Flake".into(), &"mismatch".into())
    );
    assert_eq!(records["flaky"]["note"], "of 2 runs 1 mismatch, 1 pass");
    let junit = folder.text("out/junit.xml");
    assert!(junit.contains("<flakyFailure message=\"mismatch: of 2 runs"), "{junit}");
    assert!(folder.text("out/summary.md").contains("| s/flaky.ivf | Flake |"));
}

/// A driver that lies, prints or crashes: never a pass, and never exit 0.
#[test]
fn no_evidence_is_no_pass() {
    let rows = [
        ("leaves", "incomplete"),
        ("midway", "incomplete"),
        ("refuses", "incomplete"),
        ("malformed", "incomplete"),
        ("glued", "incomplete"),
        ("binary", "incomplete"),
        ("cut", "incomplete"),
        ("after", "incomplete"),
        ("quietly", "incomplete"),
        ("nothing", "incomplete"),
        ("faulty", "status-error"),
        ("late", "crash"),
        ("zeros", "mismatch"),
    ];
    for (name, outcome) in rows {
        let folder = Folder::new(&format!("evidence-{name}"), &[name]);
        let output = folder.run(&[]);
        let (records, summary) = records(&output);
        assert_eq!(records[name]["outcome"], outcome, "{}", records[name]);
        assert_eq!((output.status.code(), &summary["success"]), (Some(1), &false.into()));
    }
    // What a driver prints is no record: it neither harms nor helps.
    let folder = Folder::new("evidence-noisy", &["noisy"]);
    let output = folder.run(&["--output", &folder.path("out")]);
    assert_eq!(records(&output).0["noisy"]["status"], "Pass");
    let log = std::fs::read(folder.0.join("out/logs/s/noisy.ivf.log")).expect("a log");
    assert!(log.starts_with(b"driver: \xff\xfe hello\n"));
}

/// Fifty runs of vectors that always fail, each time in another way.
#[test]
fn what_always_fails_is_no_flake() {
    let folder = Folder::new("always", &["moving", "crash", "lost", "dying", "glued"]);
    for _ in 0..50 {
        let output = folder.run(&["-j4"]);
        let (records, _) = records(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(records.values().all(|record| record["status"] != "Flake"), "{records:?}");
    }
    let changing = Folder::new("changing", &["changing"]);
    let (records, _) = records(&changing.run(&[]));
    let record = &records["changing"];
    assert_eq!((&record["status"], &record["outcome"]), (&"Crash".into(), &"crash".into()));
    assert_eq!(record["note"], "of 2 runs 1 crash, 1 device-lost");
}

#[test]
fn rates_come_with_repeat() {
    let folder = Folder::new("repeat", &["flaky", "pass"]);
    let output = folder.run(&["--repeat", "5"]);
    let (records, _) = records(&output);
    assert_eq!(records["flaky"]["note"], "of 5 runs 1 mismatch, 4 pass");
    assert_eq!(records["pass"]["runs"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_child_that_does_not_end_is_killed() {
    let folder = Folder::new("lingers", &["lingers"]);
    let (records, _) = records(&folder.run(&["--timeout", "5"]));
    assert_eq!(records["lingers"]["status"], "Timeout", "{}", records["lingers"]);
}

#[test]
fn what_comes_after_the_end_of_a_process_is_waited_for() {
    let folder = Folder::new("behind", &["behind", "holds"]);
    let started = std::time::Instant::now();
    let (records, _) = records(&folder.run(&["-j2", "--timeout", "15"]));
    assert_eq!(records["behind"]["status"], "Pass", "{}", records["behind"]);
    assert_eq!(records["behind"]["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(records["holds"]["outcome"], "incomplete", "{}", records["holds"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(14));
}

#[test]
fn what_is_expected_is_green_and_an_unexpected_success_is_red() {
    let folder = Folder::new("expected", &["pass", "wrong", "crash"]);
    let prefix = folder.path("{driver}");
    let output = folder.run(&["--expect", &prefix, "--update-expectations"]);
    assert_eq!(output.status.code(), Some(1));
    let fails = folder.text("softvk-fails.txt");
    assert!(
        fails.contains("s/crash.ivf,Crash\n") && fails.contains("s/wrong.ivf,Fail\n"),
        "{fails}"
    );
    assert!(!fails.contains("pass"));
    let output = folder.run(&["--expect", &prefix]);
    let (known, _) = records(&output);
    assert_eq!(
        (output.status.code(), &known["wrong"]["status"]),
        (Some(0), &"ExpectedFail".into())
    );
    let list = format!("{fails}s/pass.ivf,Fail\n");
    std::fs::write(folder.0.join("softvk-fails.txt"), list).expect("written");
    let output = folder.run(&["--expect", &prefix]);
    let (better, _) = records(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(better["pass"]["status"], "UnexpectedImprovement(Pass)");
    std::fs::write(folder.0.join("softvk-skips.txt"), "^s/pass\n").expect("written");
    let output = folder.run(&["--expect", &prefix]);
    let (skipped, _) = records(&output);
    assert_eq!((output.status.code(), &skipped["pass"]["status"]), (Some(0), &"Skip".into()));
    // Lists that are not there are no lists.
    assert_eq!(folder.run(&["--expect", &folder.path("other")]).status.code(), Some(66));
}

#[test]
fn parts_of_a_suite_are_the_suite() {
    let names = ["pass1", "pass2", "pass3", "pass4", "pass5"];
    let folder = Folder::new("parts", &names);
    let mut all = Vec::new();
    for start in ["1", "2"] {
        let output = folder.run(&["--fraction", "2", "--fraction-start", start]);
        all.extend(records(&output).0.into_keys());
    }
    all.sort();
    assert_eq!(all, names);
    let output = folder.run(&["--filter", "pass[45]"]);
    assert_eq!(records(&output).0.into_keys().collect::<Vec<_>>(), ["pass4", "pass5"]);
    assert_eq!(folder.run(&["--filter", "none"]).status.code(), Some(66));
    assert_eq!(folder.run(&["--fraction-start", "2"]).status.code(), Some(2));
}

/// The real child.
fn real(args: &[&str]) -> (Option<i32>, BTreeMap<String, Value>) {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["--json", "-q", "verify"])
        .arg(samples())
        .args(args)
        .output()
        .expect("vav1d runs");
    (output.status.code(), records(&output).0)
}

#[test]
fn the_samples_pass_on_a_sound_driver() {
    let (code, records) = real(&["--device", "soft:distinct"]);
    assert_eq!(code, Some(0));
    assert!(records.len() > 60 && records.values().all(|r| r["status"] == "Pass"));
}

#[test]
fn the_first_wrong_picture_of_a_faulty_driver_is_named() {
    let folder = Folder::new("real", &[]);
    let out = folder.path("out");
    let filter = ["--filter", "/intra-only$|/main-420-8$", "--output", &out];
    let args = ["--device", "soft:fault=intra-unnamed", "--", "--intra-references", "none"];
    let (code, records) = real(&[&filter[..], &args[..]].concat());
    assert_eq!((code, records.len()), (Some(1), 2));
    assert_eq!(records["main-420-8"]["status"], "Pass");
    let wrong = &records["intra-only"];
    assert_eq!(wrong["outcome"], "mismatch", "{wrong}");
    let first = wrong["first_wrong"].as_u64().expect("known");
    let pictures = wrong["pictures"].as_str().expect("text");
    assert_eq!(pictures.find('x'), Some(first as usize), "{pictures}");
    assert!(wrong["explained"].as_str().expect("text").contains("INTRA_ONLY_FRAME"), "{wrong}");
    let page = folder.text("out/index.html");
    assert_eq!(page.matches("data:image/png;base64,").count(), 3);
}
