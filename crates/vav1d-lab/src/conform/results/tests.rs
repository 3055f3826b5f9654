//! Results that are written, read, and cut short.

use super::*;
use crate::conform::expect::Word;
use crate::conform::record::Area;
use crate::conform::report::jsonl;

/// A file of results, removed at the end.
struct Results(PathBuf);

impl Results {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("vav1d-results-{name}-{}", std::process::id()));
        std::fs::write(&path, text).expect("written");
        Self(path)
    }

    fn read(&self) -> Result<Vec<Run>, String> {
        read(&self.0)
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn records() -> Vec<Record> {
    let explained = Explained {
        outputs: vec!["right", "wrong", "inherited", "missing", "unjudged"],
        first: Some(4),
        text: "frame 4".to_owned(),
        planes: vec!["Y".to_owned(), "V".to_owned()],
        is_film_grain: true,
        most: 7,
        block: Some(Area { x: 64, y: 0, size: 64, picture: (96, 64) }),
        shared: vec!["using_qmatrix".to_owned()],
        images: Vec::new(),
    };
    let outcomes = values::examples().into_iter().enumerate();
    let mut all: Vec<_> = outcomes
        .map(|(at, outcome)| Record {
            name: format!("s/{at:02}"),
            input: "s/a.ivf".into(),
            stream: Some("ab".repeat(32)),
            options: vec!["--all-layers".to_owned()],
            oracle: Some(Kind::Argon),
            first: outcome.first_wrong().map(First::At),
            status: Status::New(Word::of(&outcome)),
            runs: vec![outcome.word(), "pass"],
            outcome: Some(outcome),
            note: Some("n".to_owned()),
            frames: vec![Some(true), Some(false), None],
            missing: 2,
            explained: (at == 2).then(|| explained.clone()),
            reproduce: vec!["vav1d verify a".to_owned()],
            device: Some("d".to_owned()),
            unfired: Some(vec!["pixel@9".to_owned()]),
            seconds: 0.25,
        })
        .collect();
    for (at, status) in
        [Status::Flake, Status::NotRun, Status::Refused, Status::UnexpectedImprovement(Word::Pass)]
            .into_iter()
            .enumerate()
    {
        let name = format!("t/{at}");
        all.push(Record {
            name,
            status,
            outcome: None,
            first: None,
            stream: None,
            ..all[0].clone()
        });
    }
    all
}

fn about() -> About {
    let mut about = About {
        properties: vec![("device".into(), "d".into()), ("shape".into(), "default".into())],
        selection: Some(Selection { vectors: 59, names: "ab".into(), fraction: 3, start: 2 }),
        notes: vec!["a note".to_owned()],
        stopped: true,
        ..About::default()
    };
    about.note_unfired(&records());
    about
}

#[test]
fn what_is_written_is_read() {
    let (records, about) = (records(), about());
    let text = jsonl::all(&records, &about);
    let runs = Results::new("whole", &text).read().expect("results");
    let [run] = runs.as_slice() else { panic!("one run") };
    assert_eq!(run.records, records);
    let mut noted = run.about.clone();
    noted.unfired.clear();
    noted.note_unfired(&run.records);
    assert_eq!(noted, about);
    assert_eq!(jsonl::all(&run.records, &noted), text);
    assert_eq!(run.configuration().device, "d");
}

/// No part of a file passes for the whole.
#[test]
fn what_is_cut_short_is_no_result() {
    let text = jsonl::all(&records(), &about());
    for end in 0..text.len() {
        if text.is_char_boundary(end) {
            let cut = Results::new("cut", &text[..end]).read();
            assert!(cut.is_err(), "{end} of {} bytes", text.len());
        }
    }
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    // The first line names the schema and the command, and nothing of the result.
    assert!(lines[0].contains("\"type\":\"header\""), "{}", lines[0]);
    for left_out in 1..lines.len() {
        let mut rest = lines.clone();
        rest.remove(left_out);
        assert!(Results::new("less", &rest.concat()).read().is_err(), "line {left_out}");
        let mut more = lines.clone();
        more.insert(left_out, lines[left_out]);
        assert!(Results::new("more", &more.concat()).read().is_err(), "line {left_out} twice");
    }
}

#[test]
fn a_file_of_several_runs_says_how_many() {
    let of = jsonl::all_with(&records(), &about(), &serde_json::json!({ "runs": 2 }));
    assert_eq!(Results::new("two", &format!("{of}{of}")).read().expect("results").len(), 2);
    let why = Results::new("one-of-two", &of).read().expect_err("cut");
    assert!(why.contains("1 of 2 runs"), "{why}");
}

#[test]
fn what_is_no_result_is_named() {
    for (text, why) in [
        ("", "there is no run of `verify` in it"),
        ("x\n", "line 1: "),
        ("{}\n", "line 1: it is no record"),
        ("{\"type\":\"vector\",\"data\":{}}\n", "it is of no run"),
        ("{\"type\":\"run\",\"data\":{}}\n", "cut short: it ends after 0 vectors"),
    ] {
        let error = Results::new("none", text).read().expect_err("none");
        assert!(error.contains(why), "{text}: {error}");
    }
    let path = std::env::temp_dir().join(format!("vav1d-no-results-{}", std::process::id()));
    let error = read(&path).expect_err("none");
    assert!(error.starts_with(&format!("{}: ", path.display())), "{error}");
}
