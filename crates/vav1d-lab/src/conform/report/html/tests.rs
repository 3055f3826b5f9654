//! The page of a large run: what has to be on its first screen comes first, and every vector is on
//! it once.

use std::path::PathBuf;

use super::*;
use crate::conform::expect::{Status, Word};
use crate::conform::outcome::{Failure, Outcome};
use crate::conform::record::{Area, Explained};
use crate::conform::report::{self, page};

fn record(name: String, outcome: Outcome, status: Status) -> Record {
    let failed = matches!(outcome, Outcome::Fail(_));
    let reproduce = failed.then(|| format!("vav1d verify --filter '^{name}$' suite"));
    Record {
        input: PathBuf::from(format!("{name}.ivf")),
        name,
        stream: None,
        options: Vec::new(),
        oracle: None,
        outcome: Some(outcome),
        status,
        runs: Vec::new(),
        first: None,
        note: None,
        frames: vec![Some(true), Some(true), Some(false)],
        missing: 0,
        explained: None,
        reproduce: reproduce.into_iter().collect(),
        unfired: None,
        device: None,
        seconds: 0.0,
    }
}

fn wrong(first: u64) -> Explained {
    Explained {
        outputs: vec!["right", "right", "wrong"],
        first: Some(first),
        text: format!("frame {first}, INTER_FRAME: Y 5 samples by 2 at most"),
        planes: vec!["Y".to_owned()],
        most: 2,
        block: Some(Area { x: 64, y: 0, size: 64, picture: (96, 64) }),
        shared: vec!["using_qmatrix".to_owned()],
        ..Explained::default()
    }
}

/// 416 vectors: 40 have wrong pixels, 23 crash, 40 are refused for two reasons, 3 are flaky.
fn large() -> Vec<Record> {
    let pixels = || Failure::WrongPixels { first: Some(2), but: None };
    (0..416)
        .map(|i| {
            let name = format!("suite-{}/v{i:03}", i % 5);
            match i {
                0..40 => {
                    let fail = Outcome::Fail(pixels());
                    let mut record = record(name, fail, Status::New(Word::Fail));
                    record.explained = Some(wrong(2 + i % 3));
                    record
                }
                40..63 => {
                    let crash = Failure::Crash { signal: 11, submitted: Some(i) };
                    record(name, Outcome::Fail(crash), Status::New(Word::Crash))
                }
                63..103 => {
                    let why = if i < 90 { "no 4:4:4" } else { "no level 6.3" };
                    record(name, Outcome::Unsupported(why.into()), Status::New(Word::Skip))
                }
                103..106 => record(name, Outcome::Fail(pixels()), Status::Flake),
                _ => record(name, Outcome::Pass, Status::New(Word::Pass)),
            }
        })
        .collect()
}

#[test]
fn what_failed_and_why_and_how_it_is_seen_again_comes_first() {
    let page = text(&large(), &About::default()).expect("a page");
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("no {what} in {page}"));
    let order = [
        at("63 of 416 vectors are not as expected."),
        at("aria-label=\"63 failed, 3 flaky, 310 passed, 40 refused\""),
        at("<h2>2 causes</h2>"),
        at("<span class=\"many\">40</span>vectors: mismatch"),
        at("luma differs; first bad frame 2 to 4; by 2 at most"),
        at("vav1d verify --filter '^suite-0/v000$' suite"),
        at("<span class=\"many\">23</span>vectors: crash"),
        at("signal 11 <span"),
        at("vav1d verify --filter '^suite-0/v040$' suite"),
        at("<h2>Suites</h2>"),
        at("<h2>Failed: 63 vectors</h2>"),
        at("<h2>Flaky: 3 vectors</h2>"),
        at("<h2>Passed: 310 vectors</h2>"),
        at("<h2>Refused: 40 vectors</h2>"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    // The commands of both causes stand within the first kilobytes of the text.
    let body = page.split("<main>").nth(1).expect("a body");
    assert!(body.find("v040$'").expect("there") < 3000, "{body}");
}

#[test]
fn every_vector_is_on_the_page_once() {
    let records = large();
    let page = text(&records, &About::default()).expect("a page");
    for record in &records {
        let card = page.matches(&format!("id=\"{}\"", record.name)).count();
        let named = page.matches(&format!("<li>{}</li>", record.name)).count();
        let has_card = matches!(Sort::of(record), Sort::Failed | Sort::Flaky);
        assert_eq!((card, named), if has_card { (1, 0) } else { (0, 1) }, "{}", record.name);
    }
    // Only the first of each cause is open, and links have targets.
    assert_eq!(page.matches("<details class=\"card\"").count(), 66);
    assert_eq!(page.matches("\" open>").count(), 2);
    for target in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{}\"", target.expect("a target"))));
    }
    assert!(page.contains("few right ones: using_qmatrix"));
}

#[test]
fn nothing_is_said_by_colour_alone() {
    let mut signs: Vec<_> = Sort::ALL.map(|sort| sort.part(1)).into();
    assert!(signs.iter().all(|part| !part.sign.is_empty() && !part.word.is_empty()));
    signs.sort_by_key(|part| part.sign);
    signs.dedup_by_key(|part| part.sign);
    assert_eq!(signs.len(), Sort::ALL.len());
    let page = text(&large(), &About::default()).expect("a page");
    // States of pictures differ in height, and are told in words.
    assert!(page.contains("3 output pictures: 1 wrong, 2 right"));
    assert!(page.contains("y=\"12\" width=\"6\" height=\"4\"") && page.contains("height=\"16\">"));
    assert!(page::page("t", true, "").contains("%3E\u{2713}%3C"));
    assert!(page::page("t", false, "").contains("%3E\u{2717}%3C"));
}

#[test]
fn logs_and_pictures_are_on_the_page() {
    let folder = std::env::temp_dir().join(format!("vav1d-html-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("images")).expect("made");
    let images = ["is", "should-be", "difference"].map(|what| {
        let path = folder.join("images").join(format!("frame-0002-{what}.png"));
        crate::compare::images::grey_file(&path, 96, 64).expect("written");
        path
    });
    let mut records = large();
    records[0].explained.as_mut().expect("wrong").images = images.into();
    std::fs::create_dir_all(folder.join("logs/suite-0")).expect("made");
    let said = format!("first{}<last>", "x".repeat(5000));
    std::fs::write(folder.join("logs/suite-0/v000.log"), said).expect("written");
    report::write(&folder, &records, &About::default()).expect("written");
    let page = std::fs::read_to_string(folder.join("index.html")).expect("a page");
    assert_eq!(page.matches("<img src=\"data:image/png;base64,").count(), 3);
    assert_eq!(
        page.matches("left:66.67%;top:0.00%;width:33.33%;height:100.00%").count(),
        3,
        "{page}"
    );
    assert!(page.contains("href=\"images/frame-0002-should-be.png\""));
    assert!(page.contains("difference; white is 2"));
    assert!(page.contains("href=\"logs/suite-0/v000.log\"") && page.contains("&lt;last&gt;"));
    assert!(!page.contains("firstxx"), "the whole log is on the page");
    std::fs::remove_dir_all(&folder).expect("removed");
}
