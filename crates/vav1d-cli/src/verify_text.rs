//! What `verify` and `verify-merge` print, and what they say while they run.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::output::{self, Notices, Paint};
use vav1d_lab::conform::Status;
use vav1d_lab::conform::record::Record;
use vav1d_lab::conform::report::{self, About, Verdict};
use vav1d_lab::words::count;

/// A vector in a line.
pub(super) fn line(record: &Record, paint: Paint) -> String {
    let status = record.status;
    let status = match (status.is_success(), report::is_named(record)) {
        (false, _) => paint.bad(&status.to_string()),
        (true, true) => paint.odd(&status.to_string()),
        (true, false) => paint.good(&status.to_string()),
    };
    format!("{}: {status}: {}", record.name, record.line())
}

/// Prints what came of a run.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(records: &[Record], about: &About, paint: Paint) -> io::Result<()> {
    let mut out = output::stdout();
    for record in records.iter().filter(|record| report::is_named(record)) {
        if record.status == Status::NotRun && record.outcome.is_none() {
            continue;
        }
        writeln!(out, "{}", line(record, paint))?;
        let explained = record.explained.as_ref().filter(|explained| !explained.text.is_empty());
        if let Some(explained) = explained {
            writeln!(out, "   {}", explained.text)?;
        }
        for command in &record.reproduce {
            writeln!(out, "   {command}")?;
        }
    }
    let value = |name: &str| about.property(name);
    writeln!(out, "device: {} ({}, Vulkan {})", value("device"), value("driver"), value("vulkan"))?;
    let run = ["date", "host", "kernel", "vav1d", "shape"].map(|name| (name, value(name)));
    let run = run.iter().filter(|(_, value)| !value.is_empty());
    let run: Vec<_> = run.map(|(name, value)| format!("{name} {value}")).collect();
    writeln!(out, "run: {}", run.join(", "))?;
    for (status, count) in report::counts(records) {
        writeln!(out, "{count:6} {status}")?;
    }
    for (count, why) in report::reasons(records) {
        writeln!(out, "       {count:6} {why}")?;
    }
    let vectors = count(records.len(), "vector");
    let (n, word) = vectors.split_once(' ').unwrap_or((&vectors, ""));
    writeln!(out, "{n:>6} {word}")?;
    for missing in &about.lacking {
        writeln!(out, "missing: {missing}")?;
    }
    for note in &about.notes {
        writeln!(out, "{note}")?;
    }
    let verdict = Verdict::of(records, about);
    let text = verdict.to_string();
    let text = if verdict.is_success() { paint.good(&text) } else { paint.bad(&text) };
    writeln!(out, "{text}")?;
    out.flush()
}

/// How far a run has come: a bar on a terminal, else a line now and then, so that a log shows that
/// it goes on.
pub(super) struct Progress<'n> {
    notices: &'n Notices,
    bar: ProgressBar,
    all: usize,
    /// Between two lines; none on a terminal.
    every: Option<Duration>,
    state: Mutex<State>,
    started: Instant,
}

struct State {
    done: usize,
    red: usize,
    said: Instant,
}

impl<'n> Progress<'n> {
    /// Of so many vectors; with a line every `seconds`, if that is not 0 and there is no terminal.
    pub(super) fn new(notices: &'n Notices, all: usize, seconds: f64) -> Self {
        let lines = seconds > 0.0 && !io::stderr().is_terminal();
        let now = Instant::now();
        Self {
            notices,
            bar: notices.progress(all as u64, "vectors"),
            all,
            every: lines.then(|| Duration::from_secs_f64(seconds)),
            state: Mutex::new(State { done: 0, red: 0, said: now }),
            started: now,
        }
    }

    /// A vector has ended.
    pub(super) fn ended(&self, record: &Record) {
        self.bar.inc(1);
        if report::is_named(record) {
            let paint = self.notices.paint();
            self.bar.suspend(|| self.notices.notice(&line(record, paint)));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += 1;
        state.red += usize::from(!record.status.is_success());
        if self.every.is_some_and(|every| state.said.elapsed() >= every) && state.done < self.all {
            state.said = Instant::now();
            let (done, all) = (state.done, count(self.all, "vector"));
            let (red, seconds) = (state.red, self.started.elapsed().as_secs());
            let text = format!("{done} of {all}, {red} not as expected, {seconds} s");
            self.notices.notice(&text);
        }
    }

    /// All have.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
