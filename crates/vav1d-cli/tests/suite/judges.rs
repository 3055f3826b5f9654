//! Judges that are lied to, interrupted, or asked for what they cannot do.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::manifest::{folder as samples, sample};
use crate::verify::{Folder, records};

const A: &str = "0123456789abcdef0123456789abcdef";

fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `verify` of some samples, with its records.
fn verify(args: &[&str]) -> (Output, Vec<Value>, Value) {
    let samples = samples();
    let samples = samples.to_str().expect("a plain path");
    let output = vav1d(&[&["--json", "-q", "verify", samples][..], args].concat());
    let (vectors, summary) = records(&output);
    (output, vectors.into_values().collect(), summary)
}

/// Waits for `what`, half a minute at most.
pub(crate) fn wait(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn signal(name: &str, process: u32) {
    let status = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn softvk_does_not_take_the_place_of_a_driver_that_is_not_there() {
    let path = sample("main-420-8").path();
    let path = path.to_str().expect("a plain path");
    for command in [&["verify", path][..], &["compare", path], &["matrix", path]] {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .env("VK_DRIVER_FILES", "/nonexistent.json")
            .args(command)
            .output()
            .expect("vav1d runs");
        let why = text(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{command:?}: {why}");
        assert!(why.contains("--device soft") && output.stdout.is_empty(), "{command:?}: {why}");
    }
}

#[test]
fn a_capability_that_is_lost_is_red() {
    let folder = Folder::new("lost-capability", &[]);
    let prefix = folder.path("ci");
    let filter = ["--filter", "/main-4[02]0-(8|10)$", "--expect", &prefix];
    let on =
        |device: &str, more: &[&str]| verify(&[&filter[..], &["--device", device], more].concat());
    let (output, ..) = on("soft:only-420", &["--update-expectations"]);
    // Nothing was known of 4:0:0.
    assert_eq!(output.status.code(), Some(1));
    let list = folder.text("ci-unsupported.txt");
    assert!(list.contains("samples/main-400-8,") && !list.contains("main-420"), "{list}");
    let (output, _, summary) = on("soft:only-420", &[]);
    assert_eq!(output.status.code(), Some(0), "{summary}");
    let (output, _, summary) = on("soft:only-420,depth=8", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&summary["statuses"]["Refused"], &summary["statuses"]["Pass"]),
        (&1.into(), &1.into())
    );
    let (output, records, _) = on("soft", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(records.iter().any(|r| r["status"] == "UnexpectedImprovement(Pass)"));
}

#[test]
fn a_run_in_which_nothing_passed_is_no_success() {
    let device = ["--device", "soft:extent=16x16", "--filter", "/main-"];
    let (output, _, summary) = verify(&device);
    assert_eq!(output.status.code(), Some(1), "{summary}");
    assert_eq!((&summary["judged"], &summary["success"]), (&0.into(), &false.into()));
    // A part of the vectors, of which nothing is known, is no success either.
    let part = ["--fraction", "2", "--fraction-start", "1"];
    let (output, _, summary) = verify(&[&device[..], &part].concat());
    assert_eq!(output.status.code(), Some(1), "{summary}");
    let samples = samples();
    let output = vav1d(&[&["verify", samples.to_str().expect("a path")][..], &device].concat());
    let console = text(&output.stdout);
    assert!(console.contains("\nNothing was judged"), "{console}");
    // The reasons are counted, and the device is named.
    assert!(console.contains("maxCodedExtent") || console.contains("16x16"), "{console}");
    assert!(console.contains("device: softvk"), "{console}");
}

#[test]
fn options_that_change_what_is_hashed_are_refused_once() {
    for options in [
        &["--limit", "2"][..],
        &["--skip", "1"],
        &["--hash", "sha256"],
        &["--total"],
        &["--film-grain", "off"],
        &["--photon-noise", "400"],
        &["--all-layers"],
        &["--operating-point", "0"],
        &["--device", "soft"],
        &["--retry-device"],
        &["--foo"],
        &["other.ivf"],
        &["--dpb", "sideways"],
    ] {
        let path = sample("main-420-8").path();
        let path = path.to_str().expect("a plain path");
        let args = [&["verify", "--device", "soft", path, "--"][..], options].concat();
        let output = vav1d(&args);
        let why = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {why}");
        assert!(why.contains("behind --") && output.stdout.is_empty(), "{options:?}: {why}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .env("VK_LAYER_PATH", "/nonexistent")
        .args(["verify", "--validate", "--device", "soft"])
        .arg(samples())
        .output()
        .expect("vav1d runs");
    assert!(matches!(output.status.code(), Some(2 | 69)), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty() && text(&output.stderr).lines().count() <= 2);
}

/// Each command that a report gives is run, and fails as it did.
#[test]
fn what_a_report_says_reproduces() {
    let folder = Folder::new("reproduce", &[]);
    for (fault, outcome) in [
        ("soft:fault=pixel@0", "mismatch"),
        ("soft:fault=crash@1", "crash"),
        ("soft:fault=lost@1", "device-lost"),
        ("soft:fault=status@1", "status-error"),
    ] {
        let out = folder.path("out");
        let args = ["--filter", "/main-420-8$", "--device", fault, "--output", &out];
        let (_, records, _) = verify(&[&args[..], &["--", "--dpb", "coincide"]].concat());
        assert_eq!(records[0]["outcome"], outcome, "{records:?}");
        let commands = records[0]["reproduce"].as_array().expect("commands").clone();
        assert_eq!(commands.len(), 1 + usize::from(outcome == "mismatch"), "{commands:?}");
        for command in commands.iter().map(|command| command.as_str().expect("text")) {
            for report in ["junit.xml", "summary.md", "index.html"] {
                let escaped = command.replace('\'', "&apos;");
                let plain = folder.text(&format!("out/{report}")).replace("&#39;", "'");
                let first = command == commands[0];
                let there = plain.contains(command) || plain.contains(&escaped);
                assert!(there || (report == "summary.md" && !first), "{report}: {command}");
            }
            let ran = Command::new("sh").args(["-c", command]).output().expect("a shell");
            let (code, said) = (ran.status.code(), text(&ran.stdout));
            assert_eq!(code, Some(1), "{command}: {said}{}", text(&ran.stderr));
            assert!(said.contains(outcome) || said.contains("first bad frame: 0"), "{said}");
        }
    }
}

/// Over an imitated chip a command has to imitate it again. The library that does so need not be
/// there: what is not found is not preloaded, and softvk does without.
#[test]
fn what_a_report_says_reproduces_under_sim() {
    let vav1d = env!("CARGO_BIN_EXE_vav1d");
    let judged = ["verify", "--device", "soft:fault=crash@1", "--filter", "/main-420-8$", "--json"];
    let mut command = Command::new(vav1d);
    command.args(["sim", "navi33", "--delay", "1", "--", vav1d]).args(judged);
    command.arg(samples()).env("VAV1D_DRM_SIM_LIBRARY", "/nowhere/libdrm_sim.so");
    let output = command.output().expect("vav1d runs");
    let (vectors, _) = records(&output);
    let again = vectors["main-420-8"]["reproduce"][0].as_str().expect("a command");
    let front = format!(
        "VAV1D_DRM_SIM_LIBRARY=/nowhere/libdrm_sim.so {vav1d} sim navi33 --delay 1 -- {vav1d} verify "
    );
    assert!(again.starts_with(&front), "{again}");
    let ran = Command::new("sh").args(["-c", again]).output().expect("a shell");
    assert_eq!(ran.status.code(), Some(1), "{again}");
    assert!(text(&ran.stdout).contains("crash"), "{}", text(&ran.stdout));
}

/// What always fails is written down in one run, and known from then on.
#[test]
fn expectations_settle_in_one_run() {
    let streams = ["racing1", "racing2", "moving", "changing", "crash", "pass"];
    let folder = Folder::new("settle", &streams);
    let frames: String = (1..=8).map(|i| format!("{A}  x-{i:04}.i420\n")).collect();
    for name in ["racing1", "racing2"] {
        std::fs::write(folder.0.join(format!("s/{name}.md5")), &frames).expect("written");
    }
    let prefix = folder.path("lists");
    for _ in 0..5 {
        assert_eq!(folder.run(&["-j4"]).status.code(), Some(1));
    }
    let update = folder.run(&["-j4", "--expect", &prefix, "--update-expectations"]);
    assert_eq!(update.status.code(), Some(1));
    for _ in 0..20 {
        let output = folder.run(&["-j4", "--expect", &prefix]);
        let (vectors, _) = records(&output);
        assert_eq!(output.status.code(), Some(0), "{vectors:?}");
    }
}

/// A driver that is wrong in another picture each time, and not in a script.
#[test]
fn a_race_of_the_driver_is_never_green() {
    let folder = Folder::new("race", &[]);
    let prefix = folder.path("lists");
    let filter = ["--filter", "/(main-420-8|main-420-10|tiles-4x2|cdf-off)$", "-j4"];
    let race = |more: &[&str]| {
        let (output, ..) =
            verify(&[&["--device", "soft:fault=race@2"], &filter[..], more].concat());
        output.status.code()
    };
    assert!((0..5).all(|_| race(&[]) == Some(1)));
    let lists = ["--expect", &prefix];
    assert_eq!(race(&[&lists[..], &["--update-expectations"]].concat()), Some(1));
    assert!((0..5).all(|_| race(&lists) == Some(0)));
}

#[test]
fn a_planted_fault_that_is_never_applied_is_said() {
    let (output, ..) = verify(&["--device", "soft:fault=pixel@999", "--filter", "/main-420-8$"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("fault=pixel@999 was never applied"));
    let (_, _, summary) = verify(&["--device", "soft:fault=pixel@999", "--filter", "/main-420-8$"]);
    assert_eq!(summary["success"], false, "{summary}");
    // A frame that was wrong before the device refused the rest had the fault.
    let slots = "soft:slots=8,fault=pixel@3";
    let (output, ..) = verify(&["--device", slots, "--filter", "/(main-420-8|tiny-1x1)$"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    // Some vectors may be shorter than others.
    let (output, _, summary) =
        verify(&["--device", "soft:fault=base-q@8", "--filter", "/(main-420-8|still-reduced)$"]);
    assert_eq!((output.status.code(), &summary["statuses"]["Pass"]), (Some(1), &1.into()));
    for (command, exit) in [("--plant=slot@99", 2), ("--plant=loop-filter-delta@1", 0)] {
        let path = sample("main-420-8").path();
        let path = path.to_str().expect("a plain path");
        let output = vav1d(&["md5", "-q", "--device", "soft", command, path]);
        assert_eq!(output.status.code(), Some(exit), "{}", text(&output.stderr));
    }
}

#[test]
fn odd_names_are_names() {
    let folder = Folder::new("odd", &[]);
    let suite = folder.0.join("o\u{308} suite");
    std::fs::create_dir_all(&suite).expect("made");
    for name in ["a b.ivf", "a_b.ivf", "A_B.IVF", "\u{65e5}\u{672c}.ivf", "x,\"y\"&<z>.ivf"] {
        std::fs::copy(sample("still-reduced").path(), suite.join(name)).expect("copied");
    }
    let out = folder.path("out");
    let suite = suite.to_str().expect("a path");
    let args = ["-q", "verify", "--device", "soft:distinct", "--output", &out, suite, suite];
    let output = vav1d(&args);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.contains("     5 Pass\n"), "{said}");
    assert!(
        said.contains("5 of 5 vectors have no hashes: softvk is compared with itself"),
        "{said}"
    );
    let csv = folder.text("out/results.csv");
    assert!(csv.lines().all(|line| line.split(',').count() == 3), "{csv}");
    assert!(csv.contains("/\u{65e5}\u{672c}.ivf,Pass,"), "{csv}");
    // Nine machines for five vectors.
    let parts: Vec<_> = (1..=9)
        .map(|part| {
            let part = part.to_string();
            let args = ["-q", "verify", "--device", "soft:distinct", "--fraction", "9"];
            vav1d(&[&args[..], &["--fraction-start", &part, suite]].concat())
        })
        .collect();
    assert!(parts.iter().all(|output| output.status.success()));
    let empty = parts.iter().filter(|part| text(&part.stdout).contains("has no vectors")).count();
    assert_eq!(empty, 4);
}

#[test]
fn lists_say_which_lines_are_about_nothing() {
    let folder = Folder::new("unused", &["pass"]);
    std::fs::write(folder.0.join("l-fails.txt"), "\u{feff}s/gone.ivf,Fail\n").expect("written");
    let output = folder.run(&["--expect", &folder.path("l")]);
    let (_, summary) = records(&output);
    assert_eq!(output.status.code(), Some(0), "{summary}");
    assert_eq!(summary["notes"][0], "Expected, but no vector: fails: s/gone.ivf.");
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = Folder::new("unwritable", &["pass"]);
    let out = folder.path("mock/out");
    let output = folder.run(&["--output", &out]);
    assert_eq!(output.status.code(), Some(74));
    assert!(text(&output.stderr).contains(&out), "{}", text(&output.stderr));
}

#[test]
fn the_input_is_not_written_over() {
    let folder = Folder::new("same", &[]);
    let file = folder.0.join("same.ivf");
    std::fs::copy(sample("grain-420-8").path(), &file).expect("copied");
    let before = std::fs::read(&file).expect("a file");
    let (hard, soft) = (folder.0.join("hard.yuv"), folder.0.join("soft.y4m"));
    std::fs::hard_link(&file, &hard).expect("a link");
    std::os::unix::fs::symlink(&file, &soft).expect("a link");
    let path = |path: &PathBuf| path.to_str().expect("a path").to_owned();
    let input = path(&file);
    let yuv = ["--output-format", "yuv"];
    for out in [&file, &hard, &soft] {
        let out = path(out);
        for args in [
            [&["decode", "--device", "soft", &input, "-o", &out][..], &yuv].concat(),
            vec!["grain", &input, "-o", &out],
            vec!["md5", "--device", "soft", "--journal", &out, &input],
        ] {
            let output = vav1d(&args);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        }
    }
    assert_eq!(std::fs::read(&file).expect("a file"), before);
    for name in ["x.mp4", "x.png", "x"] {
        let out = folder.path(name);
        let output = vav1d(&["decode", "--device", "soft", &input, "-o", &out]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!folder.0.join(name).exists());
    }
    let null = vav1d(&["decode", "-q", "--device", "soft", &input, "-o", "/dev/null"]);
    assert_eq!(null.status.code(), Some(0), "{}", text(&null.stderr));
}

#[test]
fn a_suite_without_streams_exercises_nothing() {
    let folder = Folder::new("suite-info", &[]);
    std::fs::write(folder.0.join("s/empty.ivf"), "").expect("written");
    let (empty, none) = (folder.path("s/empty.ivf"), folder.path("none"));
    std::fs::create_dir_all(&none).expect("made");
    for path in [empty, none] {
        let output = vav1d(&["suite-info", &path]);
        assert!(matches!(output.status.code(), Some(65 | 66)), "{path}: {output:?}");
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{path}");
    }
}

/// Nobody reads what is printed: the exit code is the same.
#[test]
fn a_reader_that_goes_away_changes_no_verdict() {
    let path = sample("main-420-8").path();
    let path = path.to_str().expect("a plain path");
    let device = ["--device", "soft:fault=pixel@3", "-q"];
    for (command, code) in [("verify", 1), ("compare", 1), ("matrix", 1)] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args([command, path])
            .args(device)
            .stdout(writer)
            .status()
            .expect("vav1d runs");
        assert_eq!(status.code(), Some(code), "{command}");
    }
}

#[test]
fn what_was_wrong_before_a_refusal_is_wrong() {
    let folder = Folder::new("refused", &["wrongly", "less", "pass"]);
    std::fs::write(folder.0.join("s/wrongly.md5"), format!("{A}  x-0001.i420\n")).expect("written");
    let (vectors, _) = records(&folder.run(&[]));
    assert_eq!(vectors["wrongly"]["outcome"], "mismatch", "{}", vectors["wrongly"]);
    assert_eq!(vectors["less"]["status"], "Skip");
}

#[test]
fn folders_of_others_are_left_alone() {
    let folder = Folder::new("others", &["pass"]);
    let out = folder.path("out");
    std::fs::create_dir_all(folder.0.join("out/images")).expect("made");
    std::fs::write(folder.0.join("out/images/mine.png"), "mine").expect("written");
    let output = folder.run(&["--output", &out]);
    assert_eq!(output.status.code(), Some(74), "{}", text(&output.stderr));
    assert_eq!(folder.text("out/images/mine.png"), "mine");
}

#[test]
fn second_vectors_of_a_name_reproduce() {
    let folder = Folder::new("second", &[]);
    for name in ["x/f", "y/f"] {
        let path = folder.0.join(name);
        std::fs::create_dir_all(&path).expect("made");
        std::fs::copy(sample("still-reduced").path(), path.join("a.ivf")).expect("copied");
        let hash = format!("{A}  a-0001.i420\n");
        std::fs::write(path.join("a.ivf.md5"), hash).expect("written");
    }
    let (x, y) = (folder.path("x/f"), folder.path("y/f"));
    let output = vav1d(&["--json", "-q", "verify", "--device", "soft", &x, &y]);
    let lines = text(&output.stdout);
    let second = lines.lines().find(|line| line.contains("f/a.ivf~2")).expect("a record");
    let second: Value = serde_json::from_str(second).expect("JSON");
    let command = second["data"]["reproduce"][0].as_str().expect("a command");
    let ran = Command::new("sh").args(["-c", command]).output().expect("a shell");
    assert_eq!(ran.status.code(), Some(1), "{command}: {}", text(&ran.stderr));
    assert!(text(&ran.stdout).contains("f/a.ivf~2: Fail: mismatch"), "{command}");
}
