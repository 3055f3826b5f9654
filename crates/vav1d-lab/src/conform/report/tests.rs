//! Reports of records with text that every format has to protect.

use std::path::PathBuf;

use super::*;
use crate::conform::expect::Word;
use crate::conform::outcome::{Failure, Outcome};
use crate::conform::vector::Kind;

fn record(name: &str, outcome: Option<Outcome>, status: Status) -> Record {
    Record {
        name: name.to_owned(),
        input: PathBuf::from("x/<a>&.ivf"),
        stream: Some("00ff".to_owned()),
        options: vec!["--all-layers".to_owned()],
        oracle: Some(Kind::Fluster),
        outcome,
        status,
        runs: vec!["pass"],
        first: None,
        note: None,
        frames: vec![Some(true), Some(false), None],
        missing: 1,
        explained: None,
        reproduce: vec!["vav1d verify 'a <&> b'".to_owned()],
        unfired: None,
        device: Some("dev".to_owned()),
        seconds: 0.25,
    }
}

/// One of each sort, with text that every format has to protect.
fn records() -> Vec<Record> {
    let wrong = Failure::WrongPixels { first: Some(1), but: None };
    let nasty = Failure::Validation("VUID <x> & \"|y|\"\n*z* \u{1}".to_owned());
    let lost = Failure::DeviceLost { submitted: Some(3) };
    let known = Failure::Error(70, "no".to_owned());
    vec![
        record("s/a", Some(Outcome::Pass), Status::New(Word::Pass)),
        record("s/b", Some(Outcome::Fail(wrong)), Status::New(Word::Fail)),
        record("s/c", Some(Outcome::Fail(nasty)), Status::New(Word::Fail)),
        record("s/d", Some(Outcome::Fail(known)), Status::ExpectedFail),
        record("t/e", Some(Outcome::Fail(lost)), Status::New(Word::Crash)),
        record("t/f", Some(Outcome::Unsupported("4:4:4".to_owned())), Status::New(Word::Skip)),
        record("t/g", Some(Outcome::Pass), Status::UnexpectedImprovement(Word::Pass)),
        record("t/h", None, Status::New(Word::Skip)),
    ]
}

fn about() -> About {
    let properties = vec![("device".to_owned(), "A <&\"> B".to_owned())];
    About { properties, ..About::default() }
}

#[test]
fn csv_is_deqp_runners() {
    let records = records();
    assert_eq!(csv::results(&records[..2], &about()), "s/a,Pass,0.25\ns/b,Fail,0.25\n");
    assert_eq!(
        csv::failures(&records),
        "s/b,Fail\ns/c,Fail\nt/e,Crash\nt/g,UnexpectedImprovement(Pass)\n"
    );
    let no_times = About { no_times: true, ..about() };
    assert_eq!(csv::results(&records[..1], &no_times), "s/a,Pass,0\n");
}

#[test]
fn junit_counts_what_it_lists() {
    let text = junit::text(&records(), &about()).expect("text");
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut counted, mut listed) = ([0_usize; 4], [0_usize; 4]);
    loop {
        use quick_xml::events::Event;
        let (Event::Start(e) | Event::Empty(e)) = (match reader.read_event().expect("XML") {
            Event::Eof => break,
            Event::End(_) | Event::Text(_) | Event::Decl(_) | Event::GeneralRef(_) => continue,
            event => event,
        }) else {
            panic!("an event that nobody wrote")
        };
        let name = e.name().as_ref().to_owned();
        let words = ["testcase", "failure", "error", "skipped"];
        if let Some(at) = words.iter().position(|word| word.as_bytes() == name) {
            listed[at] += 1;
        }
        if name == b"testsuite" {
            for (at, word) in ["tests", "failures", "errors", "skipped"].iter().enumerate() {
                let value = e.try_get_attribute(word).expect("XML").expect("there").value;
                let value = std::str::from_utf8(&value).expect("text");
                counted[at] += value.parse::<usize>().expect("a number");
            }
        }
    }
    assert_eq!(counted, listed);
    assert_eq!(listed, [8, 3, 1, 3]);
    assert!(text.contains("classname=\"s\" name=\"c\""), "{text}");
    assert!(!text.contains('\u{1}'));
}

#[test]
fn markdown_and_html_show_text_as_it_is() {
    let text = markdown::text(&records(), &about());
    assert!(text.contains("validation: VUID &lt;x&gt; &amp; \"\\|y\\|\" \\*z\\*"), "{text}");
    assert!(!text.contains("| s/a |"), "{text}");
    let page = html::text(&records(), &about()).expect("a page");
    assert!(page.contains("A &lt;&amp;&quot;&gt; B") && page.contains("VUID &lt;x&gt;"));
    assert!(page.contains("vav1d verify 'a &lt;&amp;&gt; b'"), "{page}");
    assert!(!page.contains("<a>") && !page.contains('\u{1}'));
}

#[test]
fn json_lines_are_json() {
    let text = jsonl::all(&records(), &about());
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 11);
    assert_eq!((&lines[0]["type"], &lines[0]["data"]["schema"]), (&"header".into(), &2.into()));
    assert_eq!(lines[1]["type"], "run");
    assert_eq!(lines[3]["data"]["pictures"], ".x?-");
    assert_eq!(lines[10]["data"]["outcomes"]["pass"], 2);
    assert_eq!(lines[10]["data"]["statuses"]["Skip"], 2);
}

#[test]
fn a_verdict_needs_evidence() {
    let of = |records: &[Record], is_part| {
        let verdict = Verdict::of(records, &About { is_part, ..About::default() });
        (verdict.is_success(), verdict.to_string())
    };
    let pass = record("s/a", Some(Outcome::Pass), Status::New(Word::Pass));
    let skip = record("s/b", Some(Outcome::Unsupported("x".into())), Status::New(Word::Skip));
    let mut not_run = record("s/c", None, Status::NotRun);
    not_run.note = None;
    let known = Failure::BadOracle("no hash".to_owned());
    let known = record("s/d", Some(Outcome::Fail(known)), Status::ExpectedFail);
    let (good, text) = of(&[pass.clone(), skip.clone()], false);
    assert_eq!((good, text.as_str()), (true, "Everything is as expected."));
    for records in [vec![skip.clone()], vec![known], vec![]] {
        assert!(!of(&records, false).0, "{records:?}");
        assert!(of(&records, true).0, "{records:?}");
    }
    let (good, text) = of(&[pass, not_run], false);
    assert!(
        !good && text == "Interrupted: 1 of 2 vectors was not run. What was run is as expected."
    );
}

#[test]
fn reasons_are_counted() {
    let refused = |name, why: &str| {
        record(name, Some(Outcome::Unsupported(why.to_owned())), Status::New(Word::Skip))
    };
    let records = [refused("a", "no 4:4:4"), refused("b", "no 10 bit"), refused("c", "no 10 bit")];
    let counted = [(2, "no 10 bit".to_owned()), (1, "no 4:4:4".to_owned())];
    assert_eq!(reasons(&records), counted);
    let markdown = markdown::text(&records, &about());
    assert!(markdown.contains("| no 10 bit | 2 |"), "{markdown}");
    let page = html::text(&records, &about()).expect("a page");
    assert!(page.contains("<summary><b>2</b> no 10 bit</summary>"), "{page}");
}
