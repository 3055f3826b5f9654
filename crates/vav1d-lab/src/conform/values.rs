//! An outcome as values, and back: what programs read, where people read a sentence.

use serde_json::{Map, Value, json};

use crate::conform::outcome::{Failure, Outcome};

/// What there is to know of an outcome beside its word and the first wrong picture.
pub fn of(outcome: &Outcome) -> Map<String, Value> {
    let values = match outcome {
        Outcome::Pass => json!({}),
        Outcome::Unsupported(why) => json!({ "message": why }),
        Outcome::Fail(failure) => match failure {
            Failure::WrongPixels { but, .. } => json!({ "matches": but }),
            Failure::FilmGrain { .. } => json!({}),
            Failure::Hang { submitted, done } => json!({ "submitted": submitted, "done": done }),
            Failure::DeviceLost { submitted } => json!({ "submitted": submitted }),
            Failure::Crash { signal, submitted } => {
                json!({ "signal": signal, "submitted": submitted })
            }
            Failure::Accepted(pictures) => json!({ "came": pictures }),
            Failure::Error(code, why) => json!({ "exit_code": code, "message": why }),
            Failure::StatusError(why)
            | Failure::Validation(why)
            | Failure::Parser(why)
            | Failure::BadOracle(why)
            | Failure::Incomplete(why)
            | Failure::Missing(why) => json!({ "message": why }),
        },
    };
    match values {
        Value::Object(values) => values.into_iter().filter(|(_, v)| !v.is_null()).collect(),
        _ => Map::new(),
    }
}

/// The outcome of this word with the first wrong picture and the values of a vector's line; `None`
/// if they are none.
pub fn outcome(word: &str, first: Option<u64>, data: &Map<String, Value>) -> Option<Outcome> {
    let text = |name: &str| data.get(name)?.as_str().map(str::to_owned);
    let message = || text("message");
    let number = |name: &str| data.get(name)?.as_u64();
    let signed = |name: &str| i32::try_from(data.get(name)?.as_i64()?).ok();
    Some(Outcome::Fail(match word {
        "pass" => return Some(Outcome::Pass),
        "unsupported" => return message().map(Outcome::Unsupported),
        "mismatch" => Failure::WrongPixels { first, but: text("matches") },
        "film-grain" => Failure::FilmGrain { first },
        "hang" => Failure::Hang { submitted: number("submitted"), done: number("done") },
        "device-lost" => Failure::DeviceLost { submitted: number("submitted") },
        "crash" => Failure::Crash { signal: signed("signal")?, submitted: number("submitted") },
        "accepted" => Failure::Accepted(usize::try_from(number("came")?).ok()?),
        "error" => Failure::Error(signed("exit_code")?, message()?),
        "status-error" => Failure::StatusError(message()?),
        "validation" => Failure::Validation(message()?),
        "parser-error" => Failure::Parser(message()?),
        "bad-oracle" => Failure::BadOracle(message()?),
        "incomplete" => Failure::Incomplete(message()?),
        "missing" => Failure::Missing(message()?),
        _ => return None,
    }))
}

/// One outcome of each word.
#[cfg(test)]
pub(crate) fn examples() -> Vec<Outcome> {
    let why = || "why \"it\"\n".to_owned();
    let mut all = vec![Outcome::Pass, Outcome::Unsupported(why())];
    all.extend(
        [
            Failure::WrongPixels { first: Some(3), but: Some("without film grain".into()) },
            Failure::WrongPixels { first: None, but: None },
            Failure::FilmGrain { first: Some(0) },
            Failure::StatusError(why()),
            Failure::Validation(why()),
            Failure::Hang { submitted: Some(6), done: None },
            Failure::DeviceLost { submitted: Some(1) },
            Failure::Crash { signal: 11, submitted: None },
            Failure::Parser(why()),
            Failure::BadOracle(why()),
            Failure::Accepted(1),
            Failure::Missing(why()),
            Failure::Incomplete(why()),
            Failure::Error(-1, why()),
        ]
        .map(Outcome::Fail),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_comes_back() {
        let all = examples();
        for word in Outcome::WORDS {
            assert!(all.iter().any(|outcome| outcome.word() == word), "{word}");
        }
        for is in all {
            assert_eq!(outcome(is.word(), is.first_wrong(), &of(&is)), Some(is));
        }
        assert_eq!(outcome("crash", None, &Map::new()), None);
        assert_eq!(outcome("other", None, &Map::new()), None);
    }
}
