//! JUnit's XML as Jenkins' schema has it, and GitLab reads it.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::ElementWriter;

use super::About;
use crate::conform::expect::{Status, Word};
use crate::conform::outcome::Failure;
use crate::conform::outcome::Outcome;
use crate::conform::record::Record;

/// How JUnit sorts a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Passed,
    Failed,
    Error,
    Skipped,
}

fn sort(record: &Record) -> Sort {
    match (record.status, &record.outcome) {
        (Status::New(Word::Skip) | Status::ExpectedFail | Status::KnownFlake, _) => Sort::Skipped,
        (status, _) if status.is_success() => Sort::Passed,
        (
            _,
            Some(Outcome::Pass | Outcome::Unsupported(_))
            | Some(Outcome::Fail(
                Failure::WrongPixels { .. }
                | Failure::FilmGrain { .. }
                | Failure::StatusError(_)
                | Failure::Validation(_),
            )),
        ) => Sort::Failed,
        _ => Sort::Error,
    }
}

/// The whole document: a test suite for each suite.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn text(records: &[Record], about: &About) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites: Vec<&str> = records.iter().map(suite).collect();
    suites.dedup();
    let verdict = ("verdict".to_owned(), super::Verdict::of(records, about).to_string());
    let notes = about.notes.iter().map(|note| ("note".to_owned(), note.clone()));
    let properties: Vec<_> =
        about.properties.iter().cloned().chain([verdict]).chain(notes).collect();
    let about = &About { properties, ..about.clone() };
    writer.create_element("testsuites").write_inner_content(|writer| {
        suites.iter().enumerate().try_for_each(|(id, name)| {
            let of: Vec<_> = records.iter().filter(|record| suite(record) == *name).collect();
            testsuite(writer, id, name, &of, about)
        })
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn suite(record: &Record) -> &str {
    record.name.rsplit_once('/').map_or("vav1d", |(suite, _)| suite)
}

fn testsuite(
    writer: &mut Writer<Vec<u8>>,
    id: usize,
    name: &str,
    records: &[&Record],
    about: &About,
) -> io::Result<()> {
    let count = |wanted: Sort| records.iter().filter(|r| sort(r) == wanted).count().to_string();
    let time = records.iter().map(|record| record.seconds).sum();
    writer
        .create_element("testsuite")
        .with_attribute(("id", &*id.to_string()))
        .with_attribute(("name", name))
        .with_attribute(("tests", &*records.len().to_string()))
        .with_attribute(("failures", &*count(Sort::Failed)))
        .with_attribute(("errors", &*count(Sort::Error)))
        .with_attribute(("skipped", &*count(Sort::Skipped)))
        .with_attribute(("time", &*seconds(time, about)))
        .with_attributes(about_the_run(about))
        .write_inner_content(|writer| {
            writer.create_element("properties").write_inner_content(|writer| {
                about.properties.iter().try_for_each(|(name, value)| {
                    let element = writer.create_element("property");
                    let element = element.with_attribute(("name", &**name));
                    element.with_attribute(("value", &*plain(value))).write_empty().map(|_| ())
                })
            })?;
            records.iter().try_for_each(|record| testcase(writer, record, about))
        })
        .map(|_| ())
}

/// When and where, as far as that is known.
fn about_the_run(about: &About) -> Vec<(&'static str, &str)> {
    // Of several runs, when the first was.
    let date = about.property("date").split(' ').next().unwrap_or_default();
    let all = [("timestamp", date.trim_end_matches('Z')), ("hostname", about.property("host"))];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn testcase(writer: &mut Writer<Vec<u8>>, record: &Record, about: &About) -> io::Result<()> {
    let name = record.name.rsplit_once('/').map_or(&*record.name, |(_, name)| name);
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", suite(record)))
        .with_attribute(("name", name))
        .with_attribute(("time", &*seconds(record.seconds, about)));
    let (kind, text) = (record.status.to_string(), plain(&record.line()));
    let what = match sort(record) {
        Sort::Passed if record.status == Status::Flake => {
            return flake(element, &kind, &text);
        }
        Sort::Passed => return element.write_empty().map(|_| ()),
        Sort::Failed => "failure",
        Sort::Error => "error",
        Sort::Skipped => "skipped",
    };
    element
        .write_inner_content(|writer| {
            let element = writer.create_element(what).with_attribute(("message", &*text));
            if what == "skipped" {
                return element.write_empty().map(|_| ());
            }
            let element = element.with_attribute(("type", &*kind));
            let commands = record.reproduce.join("\n");
            element.write_text_content(BytesText::new(&plain(&commands))).map(|_| ())
        })
        .map(|_| ())
}

/// A case that passed in one run only: Surefire's element for it, and what failed.
fn flake(element: ElementWriter<'_, Vec<u8>>, kind: &str, text: &str) -> io::Result<()> {
    element
        .write_inner_content(|writer| {
            let element = writer.create_element("flakyFailure");
            let element = element.with_attribute(("message", text)).with_attribute(("type", kind));
            element.write_empty().map(|_| ())
        })
        .map(|_| ())
}

fn seconds(seconds: f64, about: &About) -> String {
    format!("{:.3}", if about.no_times { 0.0 } else { seconds })
}

/// Without the characters that XML cannot have.
fn plain(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}');
    text.chars().filter(allowed).collect()
}
