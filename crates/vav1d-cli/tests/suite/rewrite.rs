//! `vav1d rewrite` and `vav1d stress`: what they write, and how they end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::manifest::sample;

/// A folder of this test's own, which is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn vav1d(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d")).args(arguments).output();
    output.expect("vav1d runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// `vav1d rewrite SAMPLE --how HOW -o OUT`, and more; its exit code and what it says.
fn rewrite(name: &str, how: &str, out: &Path, more: &[&str]) -> (Option<i32>, String) {
    let input = sample(name).path();
    let arguments = [&["rewrite", text(&input), "--how", how, "-o", text(out)], more].concat();
    let output = vav1d(&arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn md5(file: &Path) -> String {
    let output = vav1d(&["-q", "md5", "--device", "soft", "--total", text(file)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn the_pictures_are_the_same() {
    let folder = Folder::new("rewrite-same");
    let all = "slots,explicit,short-signaling,frame-ids,order-hint-offset,tile-groups=each,\
               redundant-headers,padding,metadata,reserved,timing,operating-points=5,\
               max-frame-size,show-existing,unused-slots,sequence-headers=all,size-fields";
    for name in ["main-420-8", "tiles-4x2", "grain-420-8", "forward-key", "resize-random"] {
        for extension in ["ivf", "obu", "annexb", "mkv", "mp4"] {
            let out = folder.file(&format!("{name}.{extension}"));
            let (code, said) = rewrite(name, all, &out, &["--seed", "3"]);
            assert_eq!(code, Some(0), "{name}.{extension}: {said}");
            assert_eq!(md5(&out), sample(name).md5, "{name}.{extension}");
        }
    }
}

#[test]
fn a_stream_without_changes_is_the_file() {
    let folder = Folder::new("rewrite-identity");
    let out = folder.file("same.ivf");
    let (code, said) = rewrite("main-420-10", "", &out, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("8 shown"), "{said}");
    let (is, was) = (std::fs::read(&out), std::fs::read(sample("main-420-10").path()));
    // The headers of IVF files differ in what encoders write there.
    assert!(is.expect("written")[32..] == was.expect("the sample")[32..]);
}

#[test]
fn a_seed_decides_and_json_says_what_is_shown() {
    let folder = Folder::new("rewrite-seed");
    let made = |seed: &str, name: &str| {
        let out = folder.file(name);
        let (code, said) = rewrite("main-420-8", "slots,repeat=2", &out, &["--seed", seed]);
        assert_eq!(code, Some(0), "{said}");
        std::fs::read(out).expect("written")
    };
    assert!(made("1", "a.ivf") == made("1", "b.ivf"));
    assert!(made("1", "a.ivf") != made("2", "c.ivf"));
    let (input, out) = (sample("main-420-8").path(), folder.file("d.ivf"));
    let out = text(&out);
    let output = vav1d(&["--json", "-q", "rewrite", text(&input), "--how", "repeat=1", "-o", out]);
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let record: Value =
        serde_json::from_str(lines.lines().nth(1).expect("a record")).expect("JSON");
    assert_eq!(record["type"], "rewritten");
    let shown: Vec<_> = record["data"]["shown"].as_array().expect("a list").clone();
    let mut once = shown.clone();
    once.dedup();
    assert_eq!(once.len(), 12);
    assert!(shown.len() > 14, "{shown:?}");
    let frames = vav1d(&["-q", "md5", "--device", "soft", out]);
    let rows = String::from_utf8_lossy(&frames.stdout).into_owned();
    let hashes: Vec<_> = rows
        .lines()
        .filter(|row| !row.starts_with('#'))
        .filter_map(|r| r.rsplit(' ').next())
        .collect();
    assert_eq!(hashes.len(), shown.len());
    for ((a, hash), (b, next)) in shown.iter().zip(&hashes).zip(shown.iter().zip(&hashes).skip(1)) {
        assert_eq!(a == b, hash == next);
    }
}

#[test]
fn how_it_ends() {
    let folder = Folder::new("rewrite-ends");
    let out = folder.file("out.ivf");
    let cut = folder.file("cut.ivf");
    let whole = std::fs::read(sample("main-420-8").path()).expect("the sample");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("written");
    let input = sample("main-420-8").path();
    let (out, cut, input) = (text(&out), text(&cut), text(&input));
    let missing = folder.file("missing/out.ivf");
    let cases: [(&[&str], i32, &str); 8] = [
        (&["rewrite", input, "--how", "upside-down", "-o", out], 2, "there is no change"),
        (&["rewrite", input, "--how", "slots=9", "-o", out], 2, "none of random, reverse"),
        (&["rewrite", input, "--how", "padding=x", "-o", out], 2, "no number from 0"),
        (&["rewrite", input, "-o", "out.avi"], 2, "no container has this extension"),
        (&["rewrite", input, "--how", "order-hint-bits=1", "-o", out], 69, "does not apply"),
        (&["rewrite", cut, "-o", out], 65, "cut short"),
        (&["rewrite", "missing.ivf", "-o", out], 66, "missing.ivf"),
        (&["rewrite", input, "-o", text(&missing)], 74, "out.ivf"),
    ];
    for (arguments, code, says) in cases {
        let output = vav1d(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!Path::new(out).exists(), "{arguments:?} wrote something");
    }
    let output = vav1d(&["rewrite", cut, "-o", cut]);
    assert_ne!(output.status.code(), Some(0), "the input is not written over");
}

#[test]
fn stress_keeps_what_fails() {
    let folder = Folder::new("stress");
    let input = sample("main-420-8").path();
    let stress = |out: &Path, device: &str| {
        let arguments = ["-q", "stress", text(&input), "--device", device, "--count", "4", "-o"];
        vav1d(&[&arguments[..], &[text(out), "--seed", "5"]].concat())
    };
    let streams = |out: &Path| {
        let entries = std::fs::read_dir(out).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").path());
        names.filter(|path| path.extension().is_some_and(|e| e == "ivf")).collect::<Vec<_>>()
    };
    let right = folder.file("right");
    let output = stress(&right, "soft");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("4 Pass"), "{said}");
    assert!(streams(&right).is_empty());
    let again = stress(&right, "soft");
    assert_eq!(again.status.code(), Some(2), "a suite is not written over");

    let wrong = folder.file("wrong");
    let output = stress(&wrong, "soft:fault=base-q@2");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let kept = streams(&wrong);
    assert_eq!(kept.len(), 4, "{said}");
    // The commands make the same streams again.
    let commands: Vec<_> = said.lines().filter(|line| line.starts_with("vav1d rewrite")).collect();
    assert_eq!(commands.len(), 4, "{said}");
    for command in commands {
        let words: Vec<_> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
        let (out, words) = words.split_last().expect("a command");
        let other = folder.file("again.ivf");
        let output = vav1d(&[&words[1..], &[text(&other)]].concat());
        assert!(output.status.success(), "{command}");
        let files = (std::fs::read(out), std::fs::read(&other));
        assert!(files.0.expect("kept") == files.1.expect("made"), "{command}");
    }
}
