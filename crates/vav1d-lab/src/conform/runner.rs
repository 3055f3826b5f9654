//! Runs vectors, each in child processes, and says what came of them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::expect::{Expectations, Status, Word};
use super::explain::explain;
use super::files::{self, added, named};
use super::judge::{Judge, Judged};
use super::options::Options;
use super::outcome::{Failure, Outcome};
use super::record::Record;
use super::settle::{self, Settled};
use super::vector::Vector;

/// Runs `vectors`, and calls `each` for every one that has ended, in the order in which they end;
/// until `stop`. The records are sorted by name; vectors whose turn did not come are
/// [`Status::NotRun`].
///
/// # Errors
/// A child cannot be started, or a file in the folder cannot be written.
pub fn run(
    vectors: &[Vector],
    expectations: &Expectations,
    options: &Options,
    stop: &AtomicBool,
    each: &(dyn Fn(&Record) + Sync),
) -> std::io::Result<Vec<Record>> {
    std::fs::create_dir_all(&options.folder).map_err(|e| named(&options.folder, e))?;
    let part = options.folder.join("results.jsonl.part");
    let so_far = std::fs::File::create(&part).map_err(|e| named(&part, e))?;
    let state = Mutex::new((so_far, Vec::new()));
    // The largest first, so that the last one to end is a small one.
    let mut order: Vec<&Vector> = vectors.iter().collect();
    let bytes = |vector: &Vector| std::fs::metadata(&vector.input).map_or(0, |file| file.len());
    order.sort_by_cached_key(|vector| std::cmp::Reverse(bytes(vector)));
    let (next, red) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_enough = || options.max_fail.is_some_and(|n| red.load(Ordering::Relaxed) >= n);
    let worker = || -> std::io::Result<()> {
        while let Some(vector) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.load(Ordering::Relaxed) || is_enough() {
                break;
            }
            let runner = Runner { vector, expectations, options, stop };
            let Some(record) = runner.record()? else { break };
            each(&record);
            red.fetch_add(usize::from(!record.status.is_success()), Ordering::Relaxed);
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(state.0, "{}", super::report::jsonl::line(&record, true))
                .map_err(|e| named(&part, e))?;
            state.1.push(record);
        }
        Ok(())
    };
    // One more than may decode at once: it gets the next child ready.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..=options.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().try_for_each(|thread| {
            let panicked = || std::io::Error::other("a worker ended");
            thread.join().unwrap_or_else(|_| Err(panicked()))
        })
    })?;
    let (_, mut records) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let came: std::collections::HashSet<String> =
        records.iter().map(|record: &Record| record.name.clone()).collect();
    let left = vectors.iter().filter(|vector| !came.contains(&vector.name));
    let why = if stop.load(Ordering::Relaxed) { "interrupted" } else { "others had failed" };
    records.extend(left.map(|vector| Record::not_run(vector, Status::NotRun, why)));
    records.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(records)
}

/// The work on one vector.
struct Runner<'r> {
    vector: &'r Vector,
    expectations: &'r Expectations,
    options: &'r Options,
    stop: &'r AtomicBool,
}

impl Runner<'_> {
    /// Runs it, as often as that needs; `None` if the user interrupted before it ended once.
    fn record(&self) -> std::io::Result<Option<Record>> {
        let name = &self.vector.name;
        if self.expectations.skips(name) {
            let status = Status::New(Word::Skip);
            return Ok(Some(Record::not_run(self.vector, status, "listed as skipped")));
        }
        let Self { vector, options, stop, .. } = *self;
        let judge = Judge { vector, options, stop };
        let started = std::time::Instant::now();
        let log = added(&judge.files(), "log");
        match std::fs::remove_file(&log) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(named(&log, e)),
            _ => {}
        }
        let mut runs: Vec<Judged> = Vec::new();
        let mut outcomes = Vec::new();
        let mut interrupted = false;
        while !settle::is_enough(name, &outcomes, self.expectations, options.effort) {
            match judge.once()? {
                Some(judged) => {
                    outcomes.push(judged.outcome.clone());
                    runs.push(judged);
                }
                None => {
                    interrupted = true;
                    break;
                }
            }
        }
        let mut settled = settle::settle(name, &outcomes, self.expectations);
        let Some(judged) = runs.get(settled.shown) else { return Ok(None) };
        if interrupted {
            settled.status = Status::NotRun;
            let cut = "interrupted before it was run again".to_owned();
            settled.note = Some(settled.note.map_or(cut.clone(), |note| format!("{note}; {cut}")));
        }
        let _ = std::fs::metadata(&log).is_ok_and(|m| m.len() == 0)
            && std::fs::remove_file(&log).is_ok();
        let mut record = self.of(judged, settled, &runs);
        record.seconds = started.elapsed().as_secs_f64();
        self.explain(&mut record);
        let failed = !matches!(record.outcome, Some(Outcome::Pass) | None);
        if failed && !matches!(record.status, Status::New(Word::Skip)) {
            record.reproduce = options.reproduce.commands(self.vector, &record);
        }
        Ok(Some(record))
    }

    fn explain(&self, record: &mut Record) {
        let wrong = matches!(
            record.outcome,
            Some(Outcome::Fail(
                Failure::WrongPixels { .. } | Failure::FilmGrain { .. } | Failure::StatusError(_)
            ))
        );
        let options = self.options;
        if wrong && options.explain && options.reference && !self.stop.load(Ordering::Relaxed) {
            let folder = options.folder.join("images").join(self.vector.file_name());
            let folder = options.images.then_some(&*folder);
            record.explained = explain(&options.program, record, folder, self.stop);
        }
    }

    fn of(&self, judged: &Judged, settled: Settled, runs: &[Judged]) -> Record {
        let mut options: Vec<String> =
            judged.semantics.decoded().into_iter().map(str::to_owned).collect();
        if self.vector.operating_point > 0 {
            let point = self.vector.operating_point.to_string();
            options.extend(["--operating-point".to_owned(), point]);
        }
        Record {
            name: self.vector.name.clone(),
            input: self.vector.input.clone(),
            stream: files::sha256(&self.vector.input).ok(),
            options,
            oracle: judged.kind,
            outcome: Some(judged.outcome.clone()),
            status: settled.status,
            runs: runs.iter().map(|run| run.outcome.word()).collect(),
            first: settled.first,
            note: settled.note,
            frames: judged.frames.clone(),
            missing: judged.missing,
            explained: None,
            reproduce: Vec::new(),
            device: judged.device.clone(),
            unfired: runs.iter().find_map(|run| run.unfired.clone()),
            seconds: 0.0,
        }
    }
}

/// The part of `vectors` for one of several machines, as deqp-runner has it: in an order that
/// depends on nothing but the names, every `fraction`-th, beginning with number `start` (from 1).
pub fn fraction(mut vectors: Vec<Vector>, fraction: usize, start: usize) -> Vec<Vector> {
    // FNV-1a: neighbours in a suite take the same time, and are to be spread.
    let hash = |name: &str| {
        name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    vectors.sort_by_cached_key(|vector| (hash(&vector.name), vector.name.clone()));
    vectors.into_iter().skip(start.saturating_sub(1)).step_by(fraction.max(1)).collect()
}

/// A folder of its own below `above`, for files that nobody wants.
pub fn scratch(above: &Path) -> PathBuf {
    above.join(format!("vav1d-verify-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(n: usize) -> Vec<Vector> {
        (0..n).map(|i| Vector::new(&format!("s/{i}"), PathBuf::new())).collect()
    }

    #[test]
    fn fractions_are_parts_of_the_whole() {
        let mut all: Vec<_> = (1..=3)
            .flat_map(|start| fraction(vectors(10), 3, start))
            .map(|vector| vector.name)
            .collect();
        all.sort();
        let mut names: Vec<_> = vectors(10).into_iter().map(|vector| vector.name).collect();
        names.sort();
        assert_eq!(all, names);
        assert_eq!(fraction(vectors(10), 3, 2), fraction(vectors(10), 3, 2));
        assert_eq!(fraction(vectors(10), 1, 1).len(), 10);
    }
}

#[cfg(all(test, unix))]
mod lost;
