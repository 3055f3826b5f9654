//! After a hang or a loss: the next vector waits until the device answers again, so that it is not
//! judged by what another one has done.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::child::Program;
use super::outcome::{Failure, Outcome};
use super::probe;

/// How long a device may take to be there again: resets take seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Whether a run may have left the device in need of a reset.
pub(super) fn is_needed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fail(Failure::Hang { .. } | Failure::DeviceLost { .. }))
}

/// Waits until a process can open the device of `program` again; no other child decodes meanwhile
/// if there is one at a time. `asker` is asked.
pub(super) fn wait(program: &Program, asker: &Path, stop: &AtomicBool) {
    let _turn = program.turns.take();
    let answers = || {
        stop.load(Ordering::Relaxed) || probe::opens(asker, &program.device, ANSWER, stop).is_ok()
    };
    match until(answers, PATIENCE, PAUSE) {
        Some(after) if after > PAUSE => {
            log::warn!("{}: there again after {:.1} s", program.device, after.as_secs_f64());
        }
        Some(_) => {}
        None => log::error!("{}: no answer for {} s", program.device, PATIENCE.as_secs()),
    }
}

/// Asks until it `answers`, with a `pause` after each no; how long that took, if it did within
/// `patience`.
fn until(
    mut answers: impl FnMut() -> bool,
    patience: Duration,
    pause: Duration,
) -> Option<Duration> {
    let started = Instant::now();
    loop {
        if answers() {
            return Some(started.elapsed());
        }
        if started.elapsed() >= patience {
            return None;
        }
        std::thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_the_first_answer_and_not_for_ever() {
        let (pause, long) = (Duration::from_millis(1), Duration::from_secs(60));
        let mut asked = 0;
        let mut third = || {
            asked += 1;
            asked == 3
        };
        assert!(until(&mut third, long, pause).is_some_and(|after| after >= 2 * pause));
        assert_eq!(asked, 3);
        assert_eq!(until(|| false, Duration::from_millis(5), pause), None);
    }

    #[test]
    fn only_what_resets_a_device_is_waited_for() {
        assert!(is_needed(&Outcome::Fail(Failure::Hang { submitted: None, done: None })));
        assert!(is_needed(&Outcome::Fail(Failure::DeviceLost { submitted: None })));
        assert!(!is_needed(&Outcome::Pass));
        assert!(!is_needed(&Outcome::Fail(Failure::WrongPixels { first: None, but: None })));
    }
}
