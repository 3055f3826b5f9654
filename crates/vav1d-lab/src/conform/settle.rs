//! What several runs of one vector mean together.

use super::expect::{Expectations, First, Status, Word};
use super::outcome::Outcome;

/// Runs that show whether the first wrong picture is always the same one: while expectations are
/// written, and where it is not the one that was expected.
const TO_WRITE: usize = 4;
const TO_MOVE: usize = 8;

/// How often vectors are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// So often, whatever comes; `None`: once, and more where that is not as expected.
    pub repeat: Option<usize>,
    /// What comes is written into the lists.
    pub update: bool,
}

/// What the runs mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The status of the vector.
    pub status: Status,
    /// The run that is shown: one that failed, if any did.
    pub shown: usize,
    /// What there is to say of the others.
    pub note: Option<String>,
    /// The first wrong output picture, as lists have it.
    pub first: Option<First>,
}

/// Whether one more run is needed. The answer does not depend on details of failures, but where
/// the first wrong picture is what is asked.
pub fn is_enough(name: &str, runs: &[Outcome], expected: &Expectations, effort: Effort) -> bool {
    let Some(first) = runs.first() else { return false };
    if let Some(repeat) = effort.repeat {
        return runs.len() >= repeat.max(1);
    }
    let wrong = Word::of(first) == Word::Fail && first.first_wrong().is_some();
    let wanted = match expected.status(name, first) {
        _ if wrong && varies(runs) => 2,
        _ if wrong && expected.has_moved(name, first) => TO_MOVE,
        _ if wrong && effort.update && !expected.varies(name) => TO_WRITE,
        (Status::New(Word::Pass | Word::Skip) | Status::ExpectedFail | Status::KnownFlake, _) => 1,
        _ => 2,
    };
    runs.len() >= wanted || (runs.len() > 1 && is_flaky(runs))
}

/// Runs that failed without a pass are a failure, however different they are; a flake is a vector
/// of which a run passed and another did not.
pub fn settle(name: &str, runs: &[Outcome], expected: &Expectations) -> Settled {
    let failed = runs.iter().position(|run| Word::of(run) != Word::Pass);
    let flaky = is_flaky(runs);
    let statuses: Vec<_> = runs.iter().map(|run| status(name, run, runs, expected)).collect();
    let of = |which: &dyn Fn(Status) -> bool| statuses.iter().position(|(s, _)| which(*s));
    let known = of(&|status| matches!(status, Status::ExpectedFail | Status::KnownFlake));
    // A refusal does not make up for a failure in another run.
    let bad = of(&|status| !status.is_success());
    let shown = match flaky {
        true => failed.unwrap_or(0),
        false => known.or(bad).unwrap_or(0),
    };
    let (status, note) = statuses.get(shown).cloned().unwrap_or((Status::NotRun, None));
    let status = match flaky {
        true if expected.is_known_flake(name) => Status::KnownFlake,
        true => Status::Flake,
        false => status,
    };
    let others = others(runs, shown);
    let notes: Vec<_> = note.into_iter().chain(others).collect();
    let first = match varies(runs) {
        true => Some(First::Varies),
        false => runs.iter().find_map(Outcome::first_wrong).map(First::At),
    };
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Settled { status, shown, note, first }
}

/// The status of one run; where the first wrong picture is another in each run, it has not moved.
fn status(
    name: &str,
    run: &Outcome,
    runs: &[Outcome],
    expected: &Expectations,
) -> (Status, Option<String>) {
    match expected.status(name, run) {
        _ if varies(runs) && expected.has_moved(name, run) => (Status::ExpectedFail, None),
        status => status,
    }
}

fn is_flaky(runs: &[Outcome]) -> bool {
    let passes = runs.iter().filter(|run| Word::of(run) == Word::Pass).count();
    passes > 0 && passes < runs.len()
}

/// Whether two runs begin to be wrong in different pictures.
fn varies(runs: &[Outcome]) -> bool {
    let mut firsts = runs.iter().filter_map(Outcome::first_wrong);
    firsts.next().is_some_and(|first| firsts.any(|other| other != first))
}

/// How often what came, and how the others differ from the one that is shown.
fn others(runs: &[Outcome], shown: usize) -> Option<String> {
    if runs.len() < 2 {
        return None;
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for run in runs {
        match counts.iter_mut().find(|(word, _)| *word == run.word()) {
            Some((_, n)) => *n += 1,
            None => counts.push((run.word(), 1)),
        }
    }
    let all = runs.len();
    let mut parts: Vec<String> = counts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    let text = |run: &Outcome| run.to_string();
    let own = runs.get(shown).map(text).unwrap_or_default();
    let word = runs.get(shown).map_or("", |run| run.word());
    let mut details: Vec<String> =
        runs.iter().filter(|run| run.word() == word).map(text).filter(|t| *t != own).collect();
    details.sort();
    details.dedup();
    // That a failure was confirmed goes without saying.
    if counts.len() == 1 && details.is_empty() && runs.len() == 2 {
        return None;
    }
    if !details.is_empty() {
        parts.push(format!("also {word}: {}", details.join(" and ")));
    }
    Some(format!("of {all} runs {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Failure;
    use super::*;

    fn wrong(first: u64) -> Outcome {
        Outcome::Fail(Failure::WrongPixels { first: Some(first), but: None })
    }

    fn crash(frame: u64) -> Outcome {
        Outcome::Fail(Failure::Crash { signal: 6, submitted: Some(frame) })
    }

    fn lists(fails: &str, frames: &str) -> Expectations {
        Expectations::parse(fails, frames).expect("lists")
    }

    #[test]
    fn a_flake_has_a_run_that_passed() {
        let none = Expectations::default();
        let flake = settle("v", &[crash(3), Outcome::Pass], &none);
        assert_eq!((flake.status, flake.shown), (Status::Flake, 0));
        assert_eq!(flake.note.as_deref(), Some("of 2 runs 1 crash, 1 pass"));
        let flake = settle("v", &[Outcome::Pass, crash(3)], &none);
        assert_eq!((flake.status, flake.shown), (Status::Flake, 1));
        for runs in [[crash(3), crash(6)], [crash(3), wrong(1)], [wrong(3), wrong(5)]] {
            let settled = settle("v", &runs, &none);
            assert_eq!(settled.status, Status::New(Word::of(&runs[0])), "{runs:?}");
        }
    }

    #[test]
    fn a_refusal_does_not_make_up_for_a_failure() {
        let refused = || Outcome::Unsupported("no device".to_owned());
        for runs in [[crash(3), refused()], [refused(), crash(3)]] {
            let settled = settle("v", &runs, &Expectations::default());
            assert_eq!(settled.status, Status::New(Word::Crash), "{runs:?}");
        }
        let runs = [refused(), refused()];
        assert_eq!(settle("v", &runs, &Expectations::default()).status, Status::New(Word::Skip));
    }

    #[test]
    fn a_known_failure_may_come_in_any_run() {
        let expected = lists("v,Crash", "");
        let settled = settle("v", &[wrong(1), crash(3)], &expected);
        assert_eq!((settled.status, settled.shown), (Status::ExpectedFail, 1));
    }

    #[test]
    fn a_first_wrong_picture_that_varies_has_not_moved() {
        let expected = lists("v,Fail", "v,3");
        assert_eq!(settle("v", &[wrong(3)], &expected).status, Status::ExpectedFail);
        let moved = settle("v", &[wrong(2), wrong(2)], &expected);
        assert_eq!(moved.status, Status::New(Word::Fail));
        assert!(moved.note.expect("a note").contains("was 3, is 2"));
        let racing = settle("v", &[wrong(2), wrong(5)], &expected);
        assert_eq!((racing.status, racing.first), (Status::ExpectedFail, Some(First::Varies)));
    }

    #[test]
    fn as_many_runs_as_it_takes() {
        let none = Expectations::default();
        let (once, update) = (Effort::default(), Effort { update: true, ..Effort::default() });
        let enough = |runs: &[Outcome], expected: &Expectations, effort| {
            is_enough("v", runs, expected, effort)
        };
        assert!(!enough(&[], &none, once));
        assert!(enough(&[Outcome::Pass], &none, once));
        assert!(!enough(&[crash(1)], &none, once));
        assert!(enough(&[crash(1), crash(2)], &none, once));
        assert!(!enough(&[wrong(1), wrong(1)], &none, update));
        assert!(enough(&[wrong(1), wrong(2)], &none, update));
        let known = lists("v,Fail", "v,1");
        assert!(enough(&[wrong(1)], &known, once));
        assert!(!enough(&[wrong(2), wrong(2)], &known, once));
        assert!(enough(&vec![wrong(2); TO_MOVE], &known, once));
        let repeat = Effort { repeat: Some(3), update: false };
        assert!(!enough(&vec![Outcome::Pass; 2], &none, repeat));
        assert!(enough(&vec![Outcome::Pass; 3], &none, repeat));
    }
}
