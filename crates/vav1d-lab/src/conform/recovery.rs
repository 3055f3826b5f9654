//! After a hang or a loss: no other child begins until the device answers again, so that no vector is
//! judged by what another one has done.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::probe;

/// How long a device may take to be there again: resets take seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Waits until a process can open `device` again; `asker` is asked. Whoever has the turn of the child
/// that lost it keeps that meanwhile.
pub fn wait(device: &str, asker: &Path, stop: &AtomicBool) {
    let answers =
        || stop.load(Ordering::Relaxed) || probe::opens(asker, device, ANSWER, stop).is_ok();
    match until(answers, PATIENCE, PAUSE) {
        Some(after) if after > PAUSE => {
            log::warn!("{device}: there again after {:.1} s", after.as_secs_f64());
        }
        Some(_) => {}
        None => log::error!("{device}: no answer for {} s", PATIENCE.as_secs()),
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
}
