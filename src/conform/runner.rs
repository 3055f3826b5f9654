//! Runs vectors, each in child processes, and judges them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::child::{self, End, Hash, Program, Ran};
use super::expect::{Expectations, Status, Word};
use super::explain::{Explained, explain};
use super::outcome::{Failure, Outcome};
use super::vector::{Expected, Kind, Oracle, Semantics, Vector};

/// The device that is the reference.
pub const REFERENCE: &str = "soft";

/// How a suite is run.
#[derive(Debug)]
pub struct Options {
    /// The children.
    pub program: Program,
    /// Vectors at a time.
    pub jobs: usize,
    /// [`REFERENCE`] as the children are told of it.
    pub reference_device: String,
    /// Where logs and the results so far go.
    pub folder: PathBuf,
    /// Whether softvk is there to be asked what is right.
    pub reference: bool,
    /// Whether vectors with wrong pictures are looked at with `vav1d compare`.
    pub explain: bool,
}

/// What came of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The vector's name.
    pub name: String,
    /// Its stream.
    pub input: PathBuf,
    /// Options of `vav1d compare` that decode what was judged.
    pub options: Vec<String>,
    /// What it was compared with.
    pub oracle: Option<Kind>,
    /// What it did; `None` if it was not run.
    pub outcome: Option<Outcome>,
    /// What that means.
    pub status: Status,
    /// More to say.
    pub note: Option<String>,
    /// For each output picture whether it is right, as far as that is known.
    pub frames: Vec<Option<bool>>,
    /// Output pictures that should have come, and did not.
    pub missing: usize,
    /// What `vav1d compare` says of it.
    pub explained: Option<Explained>,
    /// The device's name.
    pub device: Option<String>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// One judged run.
struct Judged {
    outcome: Outcome,
    frames: Vec<Option<bool>>,
    missing: usize,
    device: Option<String>,
    kind: Option<Kind>,
    semantics: Semantics,
}

/// Runs `vectors`, and calls `each` for every one that has ended, in the order in which they end;
/// until `stop`. The records are sorted by name; vectors that were not reached have none.
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
    std::fs::create_dir_all(&options.folder)?;
    let so_far = std::fs::File::create(options.folder.join("results.jsonl.part"))?;
    let state = Mutex::new((so_far, Vec::new()));
    // The largest first, so that the last one to end is a small one.
    let mut order: Vec<&Vector> = vectors.iter().collect();
    let bytes = |vector: &Vector| std::fs::metadata(&vector.input).map_or(0, |file| file.len());
    order.sort_by_cached_key(|vector| std::cmp::Reverse(bytes(vector)));
    let next = AtomicUsize::new(0);
    let worker = || -> std::io::Result<()> {
        while let Some(vector) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let runner = Runner { vector, expectations, options, stop };
            let Some(record) = runner.record()? else { break };
            each(&record);
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(state.0, "{}", super::report::jsonl::line(&record, true))?;
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
    /// Runs it, twice if the result is not as expected; `None` if the user interrupted.
    fn record(&self) -> std::io::Result<Option<Record>> {
        let name = &self.vector.name;
        if self.expectations.skips(name) {
            let note = Some("listed as skipped".to_owned());
            return Ok(Some(self.of(None, Status::New(Word::Skip), note, None)));
        }
        let started = std::time::Instant::now();
        let log = self.files().with_added_extension("log");
        match std::fs::remove_file(&log) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let Some(judged) = self.judge()? else { return Ok(None) };
        let (mut status, mut note) = self.expectations.status(name, &judged.outcome);
        let improved = matches!(status, Status::UnexpectedImprovement(_));
        if !status.is_success() && !improved {
            let Some(again) = self.judge()? else { return Ok(None) };
            if again.outcome != judged.outcome {
                status = Status::Flake;
                note = Some(format!("when run again: {} {}", again.outcome.word(), again.outcome));
            }
        }
        let _ = std::fs::metadata(&log).is_ok_and(|m| m.len() == 0)
            && std::fs::remove_file(&log).is_ok();
        let mut record = self.of(Some(judged.outcome.clone()), status, note, Some(&judged));
        record.seconds = started.elapsed().as_secs_f64();
        let wrong = matches!(
            judged.outcome,
            Outcome::Fail(Failure::WrongPixels { .. } | Failure::StatusError(_))
        );
        if wrong && self.options.explain && self.options.reference {
            let folder = self.options.folder.join("images").join(name.trim_matches(['/', '.']));
            record.explained = explain(&self.options.program, &record, &folder);
        }
        Ok(Some(record))
    }

    fn of(
        &self,
        outcome: Option<Outcome>,
        status: Status,
        note: Option<String>,
        judged: Option<&Judged>,
    ) -> Record {
        let mut options = Vec::new();
        if let Some(judged) = judged {
            if !judged.semantics.film_grain {
                options.extend(["--film-grain".to_owned(), "off".to_owned()]);
            }
            if judged.semantics.all_layers {
                options.push("--all-layers".to_owned());
            }
        }
        if self.vector.operating_point > 0 {
            let point = self.vector.operating_point.to_string();
            options.extend(["--operating-point".to_owned(), point]);
        }
        Record {
            name: self.vector.name.clone(),
            input: self.vector.input.clone(),
            options,
            oracle: judged.and_then(|judged| judged.kind),
            outcome,
            status,
            note,
            frames: judged.map(|judged| judged.frames.clone()).unwrap_or_default(),
            missing: judged.map_or(0, |judged| judged.missing),
            explained: None,
            device: judged.and_then(|judged| judged.device.clone()),
            seconds: 0.0,
        }
    }

    /// Path of the vector's files, without an ending.
    fn files(&self) -> PathBuf {
        self.options.folder.join("logs").join(self.vector.name.trim_matches(['/', '.']))
    }

    fn child(&self, device: &str, semantics: Semantics, hash: Hash) -> std::io::Result<Ran> {
        let program = &self.options.program;
        let device = if device == REFERENCE { &self.options.reference_device } else { device };
        child::run(program, device, self.vector, semantics, hash, &self.files(), self.stop)
    }

    /// Runs it once and judges that; `None` if the user interrupted.
    fn judge(&self) -> std::io::Result<Option<Judged>> {
        let bad = |failure| Judged {
            outcome: Outcome::Fail(failure),
            frames: Vec::new(),
            missing: 0,
            device: None,
            kind: None,
            semantics: Semantics::OUTPUT,
        };
        if !self.vector.input.is_file() {
            let input = self.vector.input.display().to_string();
            return Ok(Some(bad(Failure::Missing(input))));
        }
        let program = &self.options.program;
        let is_reference = program.device == REFERENCE;
        let oracle = match &self.vector.oracle {
            Err(why) => return Ok(Some(bad(Failure::BadOracle(why.clone())))),
            Ok(Some(oracle)) => oracle.clone(),
            Ok(None) if is_reference || !self.options.reference => {
                let why = "there is none, and nothing else to compare with";
                return Ok(Some(bad(Failure::BadOracle(why.to_owned()))));
            }
            Ok(None) => match self.reference(Semantics::OUTPUT)? {
                Some(frames) => Oracle {
                    kind: Kind::Softvk,
                    expected: Expected::Frames(frames),
                    semantics: Semantics::OUTPUT,
                },
                None if self.stop.load(Ordering::Relaxed) => return Ok(None),
                None => {
                    let why = "there is none, and softvk does not decode it either";
                    return Ok(Some(bad(Failure::BadOracle(why.to_owned()))));
                }
            },
        };
        let hash = Hash::of(&oracle.expected);
        let ran = self.child(&program.device, oracle.semantics, hash)?;
        if ran.end == End::Interrupted {
            return Ok(None);
        }
        let mut judged = Judged {
            outcome: failed(&ran).unwrap_or(Outcome::Pass),
            frames: vec![None; ran.pictures],
            missing: 0,
            device: ran.device.clone(),
            kind: Some(oracle.kind),
            semantics: oracle.semantics,
        };
        if ran.ended {
            self.pixels(&ran, &oracle, is_reference, &mut judged)?;
        } else if let Expected::Frames(frames) = &oracle.expected {
            compare(&ran.frames, frames, &mut judged);
        }
        Ok(Some(judged))
    }

    /// Compares the output of a run that came to its end.
    fn pixels(
        &self,
        ran: &Ran,
        oracle: &Oracle,
        is_reference: bool,
        judged: &mut Judged,
    ) -> std::io::Result<()> {
        if matches(ran, &oracle.expected) {
            judged.frames = vec![Some(true); ran.pictures];
            return Ok(());
        }
        let right = match &oracle.expected {
            Expected::Frames(frames) => Some(frames.clone()),
            // softvk tells which picture it is, if it agrees with the oracle.
            Expected::Total(_) if !is_reference && self.options.reference => {
                let total = self.child(REFERENCE, oracle.semantics, Hash::Total)?;
                match matches(&total, &oracle.expected) {
                    true => self.reference(oracle.semantics)?,
                    false => None,
                }
            }
            Expected::Total(_) => None,
        };
        let first = match (right, &oracle.expected) {
            (Some(right), Expected::Frames(_)) => compare(&ran.frames, &right, judged),
            (Some(right), Expected::Total(_)) => {
                let device = &self.options.program.device;
                let again = self.child(device, oracle.semantics, Hash::Frames)?;
                compare(&again.frames, &right, judged)
            }
            (None, _) => None,
        };
        if judged.outcome != Outcome::Pass {
            // What was said before says more.
            return Ok(());
        }
        let mut but = None;
        let from_start = first.is_none_or(|first| first == 0);
        for semantics in oracle.semantics.others().filter(|_| from_start) {
            let device = &self.options.program.device;
            let other = self.child(device, semantics, Hash::of(&oracle.expected))?;
            if matches(&other, &oracle.expected) {
                but = Some(semantics.differences(oracle.semantics));
                break;
            }
        }
        judged.outcome = Outcome::Fail(Failure::WrongPixels { first, but });
        Ok(())
    }

    /// What softvk makes of the stream, if it decodes all of it.
    fn reference(&self, semantics: Semantics) -> std::io::Result<Option<Vec<String>>> {
        let ran = self.child(REFERENCE, semantics, Hash::Frames)?;
        Ok((ran.end == End::Exit(0)).then_some(ran.frames))
    }
}

fn matches(ran: &Ran, expected: &Expected) -> bool {
    match expected {
        Expected::Total(total) => ran.total.as_ref() == Some(total),
        Expected::Frames(frames) => ran.frames == *frames,
    }
}

/// Notes which pictures are right; the first that is not, or does not come.
fn compare(is: &[String], right: &[String], judged: &mut Judged) -> Option<u64> {
    judged.frames =
        is.iter().enumerate().map(|(at, md5)| Some(right.get(at) == Some(md5))).collect();
    judged.missing = right.len().saturating_sub(is.len());
    let wrong = judged.frames.iter().position(|right| *right == Some(false));
    let missing = (judged.missing > 0).then_some(is.len());
    wrong.or(missing).map(|first| first as u64)
}

/// What a run says of itself, if it is not that all is well.
fn failed(ran: &Ran) -> Option<Outcome> {
    let (submitted, done) = (ran.submitted, ran.done);
    let first = || ran.faults.first().map(|(_, text)| text.clone()).unwrap_or_default();
    let fault = |kind: &str| ran.fault(kind).map(str::to_owned);
    let failure = match ran.end {
        End::Late => Failure::Hang { submitted, done },
        End::Signal(signal) => Failure::Crash { signal, submitted },
        _ if ran.fault("lost").is_some() => Failure::DeviceLost { submitted },
        _ if ran.fault("timeout").is_some() => Failure::Hang { submitted, done },
        _ if !ran.messages.is_empty() => {
            Failure::Validation(ran.messages.first().cloned().unwrap_or_default())
        }
        End::Exit(0) | End::Interrupted => return None,
        End::Exit(_) if ran.fault("status").is_some() => {
            Failure::StatusError(fault("status").unwrap_or_default())
        }
        End::Exit(69) => {
            // The outcome's own word says as much.
            let why = first();
            let why = why.strip_prefix("not supported: ").unwrap_or(&why);
            return Some(Outcome::Unsupported(why.to_owned()));
        }
        End::Exit(65) => Failure::Parser(first()),
        End::Exit(code) => Failure::Error(code, first()),
    };
    Some(Outcome::Fail(failure))
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

    #[test]
    fn the_first_wrong_picture_may_be_one_that_is_missing() {
        let mut judged = Judged {
            outcome: Outcome::Pass,
            frames: Vec::new(),
            missing: 0,
            device: None,
            kind: None,
            semantics: Semantics::OUTPUT,
        };
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(compare(&list("a b"), &list("a b c"), &mut judged), Some(2));
        assert_eq!((judged.missing, judged.frames.len()), (1, 2));
        assert_eq!(compare(&list("a x c"), &list("a b c"), &mut judged), Some(1));
        assert_eq!(judged.frames, [Some(true), Some(false), Some(true)]);
        assert_eq!(compare(&list("a"), &list("a"), &mut judged), None);
        assert_eq!(compare(&list("a b"), &list("a"), &mut judged), Some(1));
    }
}
