//! What is expected of a driver, in deqp-runner's files, and what a result means given that.

use std::fmt;

pub use lists::{Expectations, First, Known};

use super::outcome::{Failure, Outcome};

mod lists;

/// deqp-runner's words for a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It is right.
    Pass,
    /// It is wrong.
    Fail,
    /// It was not run, or the device lacks what it needs.
    Skip,
    /// The process or the device died, or the process ended without a whole answer.
    Crash,
    /// There was no answer in time.
    Timeout,
    /// The stream is not there.
    Missing,
}

/// The words and their texts.
const WORDS: [(Word, &str); 6] = [
    (Word::Pass, "Pass"),
    (Word::Fail, "Fail"),
    (Word::Skip, "Skip"),
    (Word::Crash, "Crash"),
    (Word::Timeout, "Timeout"),
    (Word::Missing, "Missing"),
];

impl Word {
    /// The word for an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Unsupported(_) => Self::Skip,
            Outcome::Fail(failure) => match failure {
                Failure::Hang { .. } => Self::Timeout,
                Failure::Crash { .. } | Failure::DeviceLost { .. } | Failure::Incomplete(_) => {
                    Self::Crash
                }
                Failure::Missing(_) => Self::Missing,
                _ => Self::Fail,
            },
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = WORDS.iter().find(|(word, _)| word == self).map_or("", |(_, text)| text);
        f.write_str(text)
    }
}

/// What a result means: deqp-runner's statuses, and two of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it came, and nothing was known of it.
    New(Word),
    /// As bad as it was known to be.
    ExpectedFail,
    /// Better than it was known to be: the list is to be brought up to date.
    UnexpectedImprovement(Word),
    /// One of its runs passed, and another did not.
    Flake,
    /// It failed, and is known to do so at times.
    KnownFlake,
    /// The device lacks what it needs, which is not in the list of what it lacks.
    Refused,
    /// It was not run: the run ended before its turn.
    NotRun,
}

impl Status {
    /// Whether nothing is to be done about it.
    pub fn is_success(self) -> bool {
        match self {
            Self::New(word) => matches!(word, Word::Pass | Word::Skip),
            Self::ExpectedFail | Self::Flake | Self::KnownFlake => true,
            Self::UnexpectedImprovement(_) | Self::Refused | Self::NotRun => false,
        }
    }

    /// The status of this text; `None` if there is none.
    pub fn from_text(text: &str) -> Option<Self> {
        let words = WORDS.iter().map(|(word, _)| *word);
        let of_words = words.flat_map(|word| [Self::New(word), Self::UnexpectedImprovement(word)]);
        let others =
            [Self::ExpectedFail, Self::Flake, Self::KnownFlake, Self::Refused, Self::NotRun];
        of_words.chain(others).find(|status| status.to_string() == text)
    }

    /// The status in deqp-runner's words, for its tools.
    pub fn deqp(self) -> String {
        match self {
            Self::Refused => Word::Fail.to_string(),
            Self::NotRun => Word::Missing.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(word) => word.fmt(f),
            Self::ExpectedFail => f.write_str("ExpectedFail"),
            Self::UnexpectedImprovement(word) => write!(f, "UnexpectedImprovement({word})"),
            Self::Flake => f.write_str("Flake"),
            Self::KnownFlake => f.write_str("KnownFlake"),
            Self::Refused => f.write_str("Refused"),
            Self::NotRun => f.write_str("NotRun"),
        }
    }
}

/// What `result` means where `baseline` was known.
pub fn merge(result: Word, baseline: Option<Word>) -> Status {
    use Word::{Crash, Fail, Missing, Pass, Skip, Timeout};
    let Some(baseline) = baseline else { return Status::New(result) };
    match (result, baseline) {
        (Fail, Fail) | (Crash, Crash) | (Timeout, Timeout) | (Missing, Missing) => {
            Status::ExpectedFail
        }
        // A crash that became a plain failure is an improvement.
        (Fail, Crash | Timeout)
        | (Pass, Fail | Crash | Timeout | Missing)
        | (Skip, Fail | Crash | Timeout | Missing) => Status::UnexpectedImprovement(result),
        _ => Status::New(result),
    }
}

#[cfg(test)]
mod tests;
