//! One vector, run and compared. There is no outcome without evidence: a pass is a run that told
//! everything, and whose output equals what it should be.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::child::{self, End, Hash, Ran};
use super::evidence;
use super::options::{Options, REFERENCE};
use super::outcome::{Failure, Outcome};
use super::recovery;
use super::vector::{Expected, Kind, Oracle, Semantics, Vector};

/// One judged run.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// For each output picture whether it is right, as far as that is known.
    pub(super) frames: Vec<Option<bool>>,
    /// Output pictures that should have come, and did not.
    pub(super) missing: usize,
    /// The device's name.
    pub(super) device: Option<String>,
    /// What it was compared with.
    pub(super) kind: Option<Kind>,
    pub(super) semantics: Semantics,
    /// Planted faults that never applied; `None` if the run did not come to its end.
    pub(super) unfired: Option<Vec<String>>,
}

impl Judged {
    /// One that was not run, and why.
    fn not_run(failure: Failure) -> Self {
        Self {
            outcome: Outcome::Fail(failure),
            frames: Vec::new(),
            missing: 0,
            device: None,
            kind: None,
            semantics: Semantics::OUTPUT,
            unfired: None,
        }
    }
}

/// Runs and judges one vector.
pub(super) struct Judge<'j> {
    pub(super) vector: &'j Vector,
    pub(super) options: &'j Options,
    pub(super) stop: &'j AtomicBool,
}

impl Judge<'_> {
    /// Path of the vector's files, without an ending.
    pub(super) fn files(&self) -> PathBuf {
        self.options.folder.join("logs").join(self.vector.file_name())
    }

    fn child(&self, device: &str, semantics: Semantics, hash: Hash) -> io::Result<Ran> {
        let program = &self.options.program;
        let is_judged = device != REFERENCE;
        let device = if is_judged { device } else { &self.options.reference_device };
        let gone = || {
            if is_judged {
                self.wait_for_device();
            }
        };
        let files = self.files();
        child::run(program, device, self.vector, semantics, hash, &files, (self.stop, &gone))
    }

    /// Waits until the device can be opened again.
    fn wait_for_device(&self) {
        recovery::wait(&self.options.program.device, &self.options.asked, self.stop);
    }

    fn is_reference(&self) -> bool {
        self.options.program.device == REFERENCE
    }

    /// Runs it once and judges that; `None` if the user interrupted.
    ///
    /// # Errors
    /// A child cannot be started, or a file cannot be written.
    pub(super) fn once(&self) -> io::Result<Option<Judged>> {
        if !self.vector.input.is_file() {
            let input = self.vector.input.display().to_string();
            return Ok(Some(Judged::not_run(Failure::Missing(input))));
        }
        let oracle = match self.oracle()? {
            Ok(oracle) => oracle,
            Err(_) if self.stop.load(Ordering::Relaxed) => return Ok(None),
            Err(why) => return Ok(Some(Judged::not_run(Failure::BadOracle(why)))),
        };
        let device = &self.options.program.device;
        let ran = self.child(device, oracle.semantics, Hash::of(&oracle.expected))?;
        if ran.end == End::Interrupted {
            return Ok(None);
        }
        let whole = match oracle.expected {
            Expected::Refused => Err(evidence::refused(&ran)),
            _ => evidence::whole(&ran),
        };
        let mut frames = Frames { right: vec![None; ran.told.pictures], missing: 0 };
        let outcome = match whole {
            Ok(()) => self.pixels(&ran, &oracle, &mut frames)?,
            Err(outcome) => {
                if let Expected::Frames(right) = &oracle.expected {
                    frames.compare(&ran.told.frames, right);
                }
                match (outcome, frames.wrong()) {
                    // What came before a refusal counts.
                    (Outcome::Unsupported(_), Some(first)) => {
                        Outcome::Fail(Failure::WrongPixels { first: Some(first), but: None })
                    }
                    (Outcome::Fail(Failure::StatusError(why)), wrong) => {
                        let seen = frames.seen(wrong);
                        Outcome::Fail(Failure::StatusError(format!("{why}{seen}")))
                    }
                    (outcome, _) => outcome,
                }
            }
        };
        Ok(Some(Judged {
            outcome,
            frames: frames.right,
            missing: frames.missing,
            device: ran.told.device.clone(),
            kind: Some(oracle.kind),
            semantics: oracle.semantics,
            unfired: ran.told.summary.map(|_| ran.told.unfired.clone()),
        }))
    }

    /// What it is compared with; `Err` says why there is nothing.
    fn oracle(&self) -> io::Result<Result<Oracle, String>> {
        let none = |why: &str| Ok(Err(why.to_owned()));
        match &self.vector.oracle {
            Err(why) => none(why),
            Ok(Some(oracle)) => match &oracle.expected {
                Expected::Frames(frames) if frames.is_empty() => none("no hash in it"),
                _ => Ok(Ok(oracle.clone())),
            },
            Ok(None) if self.is_reference() || !self.options.reference => {
                none("there is none, and nothing else to compare with")
            }
            Ok(None) => match self.reference(Semantics::OUTPUT)? {
                Some(frames) => Ok(Ok(Oracle {
                    kind: Kind::Softvk,
                    expected: Expected::Frames(frames),
                    semantics: Semantics::OUTPUT,
                })),
                None => none("there is none, and softvk does not decode it either"),
            },
        }
    }

    /// Compares the output of a whole run.
    fn pixels(&self, ran: &Ran, oracle: &Oracle, frames: &mut Frames) -> io::Result<Outcome> {
        if ran.told.pictures == 0 {
            return Ok(Outcome::Fail(Failure::Incomplete("no picture came".to_owned())));
        }
        if matches(ran, &oracle.expected) {
            frames.right = vec![Some(true); ran.told.pictures];
            return Ok(Outcome::Pass);
        }
        let right = match &oracle.expected {
            Expected::Frames(frames) => Some(frames.clone()),
            // softvk tells which picture it is, if it agrees with the oracle.
            Expected::Total(_) if !self.is_reference() && self.options.reference => {
                let total = self.child(REFERENCE, oracle.semantics, Hash::Total)?;
                let agrees = evidence::whole(&total).is_ok() && matches(&total, &oracle.expected);
                if agrees { self.reference(oracle.semantics)? } else { None }
            }
            Expected::Total(_) | Expected::Refused => None,
        };
        let device = &self.options.program.device;
        let first = match (right, &oracle.expected) {
            (Some(right), Expected::Frames(_)) => frames.compare(&ran.told.frames, &right),
            (Some(right), Expected::Total(_)) => {
                let again = self.child(device, oracle.semantics, Hash::Frames)?;
                frames.compare(&again.told.frames, &right)
            }
            (None, _) | (_, Expected::Refused) => None,
        };
        if self.is_right_before_grain(ran, oracle)? {
            return Ok(Outcome::Fail(Failure::FilmGrain { first }));
        }
        let mut but = None;
        let from_start = first.is_none_or(|first| first == 0);
        for semantics in oracle.semantics.others().filter(|_| from_start) {
            let other = self.child(device, semantics, Hash::of(&oracle.expected))?;
            let is_right = evidence::whole(&other).is_ok() && matches(&other, &oracle.expected);
            if is_right && self.is_steady(ran, oracle)? {
                but = Some(semantics.differences(oracle.semantics));
                break;
            }
        }
        Ok(Outcome::Fail(Failure::WrongPixels { first, but }))
    }

    /// Whether the output is right with film grain by the host, where the driver's is not. A driver
    /// whose output is another from run to run has no such verdict: one run that is right by chance
    /// says nothing of its film grain.
    fn is_right_before_grain(&self, first: &Ran, oracle: &Oracle) -> io::Result<bool> {
        let program = &self.options.program;
        let by_host = program.arguments.iter().any(|word| word == child::BEFORE_GRAIN);
        if by_host || !oracle.semantics.film_grain || self.is_reference() {
            return Ok(false);
        }
        let (hash, files) = (Hash::of(&oracle.expected), self.files());
        let device = &program.device;
        let ran = child::run_before_grain(
            program,
            device,
            self.vector,
            oracle.semantics,
            hash,
            &files,
            (self.stop, &|| self.wait_for_device()),
        )?;
        if evidence::whole(&ran).is_err() || !matches(&ran, &oracle.expected) {
            return Ok(false);
        }
        self.is_steady(first, oracle)
    }

    /// Whether another run gives the output of the `first`.
    fn is_steady(&self, first: &Ran, oracle: &Oracle) -> io::Result<bool> {
        let device = &self.options.program.device;
        let again = self.child(device, oracle.semantics, Hash::of(&oracle.expected))?;
        let told = (&again.told.total, &again.told.frames);
        Ok(evidence::whole(&again).is_ok() && told == (&first.told.total, &first.told.frames))
    }

    /// What softvk makes of the stream, if it decodes all of it.
    fn reference(&self, semantics: Semantics) -> io::Result<Option<Vec<String>>> {
        let ran = self.child(REFERENCE, semantics, Hash::Frames)?;
        let whole = evidence::whole(&ran).is_ok() && !ran.told.frames.is_empty();
        Ok(whole.then_some(ran.told.frames))
    }
}

fn matches(ran: &Ran, expected: &Expected) -> bool {
    match expected {
        Expected::Total(total) => ran.told.total.as_ref() == Some(total),
        Expected::Frames(frames) => ran.told.frames == *frames,
        Expected::Refused => false,
    }
}

/// Which output pictures are right.
#[derive(Debug, Default)]
struct Frames {
    right: Vec<Option<bool>>,
    missing: usize,
}

impl Frames {
    /// Notes which pictures are right; the first that is not, or does not come.
    fn compare(&mut self, is: &[String], right: &[String]) -> Option<u64> {
        self.right =
            is.iter().enumerate().map(|(at, md5)| Some(right.get(at) == Some(md5))).collect();
        self.missing = right.len().saturating_sub(is.len());
        let missing = (self.missing > 0).then_some(is.len() as u64);
        self.wrong().or(missing)
    }

    /// What there is to say of pictures that came with a report of failure, of which `wrong` is the
    /// first wrong one.
    fn seen(&self, wrong: Option<u64>) -> String {
        match (self.right.len(), wrong) {
            (0, _) => String::new(),
            (_, Some(first)) => format!("; first bad output frame: {first}"),
            (1, None) => "; the one picture that came is right".to_owned(),
            (n, None) => format!("; the {n} pictures that came are right"),
        }
    }

    /// The first picture that came and is wrong.
    fn wrong(&self) -> Option<u64> {
        let wrong = self.right.iter().position(|right| *right == Some(false));
        wrong.map(|first| first as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_picture_may_be_one_that_is_missing() {
        let mut frames = Frames::default();
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(frames.compare(&list("a b"), &list("a b c")), Some(2));
        assert_eq!((frames.missing, frames.right.len()), (1, 2));
        assert_eq!(frames.compare(&list("a x c"), &list("a b c")), Some(1));
        assert_eq!(frames.right, [Some(true), Some(false), Some(true)]);
        assert_eq!(frames.compare(&list("a"), &list("a")), None);
        assert_eq!(frames.compare(&list("a b"), &list("a")), Some(1));
    }
}
