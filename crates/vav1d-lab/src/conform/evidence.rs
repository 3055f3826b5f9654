//! What a run says of itself. Nothing is taken for granted: only a run that told everything, and
//! ended as it should, is compared with anything.

use super::child::{End, Ran};
use super::outcome::{Failure, Outcome};
use super::told::Told;
use crate::exit::Exit;
use crate::wire::FaultKind;

/// Whether a run can be compared: `Err` is what it is instead.
///
/// What the program reports comes before how the process ended: a driver that crashes while a hang
/// or a loss is cleaned up has hung, or was lost.
///
/// # Errors
/// The outcome of a run that failed, was refused, or did not tell enough.
pub fn whole(ran: &Ran) -> Result<(), Outcome> {
    let told = &ran.told;
    let (submitted, done) = (ran.submitted, ran.done);
    let fail = |failure| Err(Outcome::Fail(failure));
    if told.fault(FaultKind::Lost).is_some() {
        return fail(Failure::DeviceLost { submitted });
    }
    if told.fault(FaultKind::Timeout).is_some() || ran.end == End::Late {
        return fail(Failure::Hang { submitted, done });
    }
    if let End::Signal(signal) = ran.end {
        return fail(Failure::Crash { signal, submitted });
    }
    if let Some(message) = told.messages.first() {
        return fail(Failure::Validation(message.clone()));
    }
    if let Some(why) = &told.garbled {
        return fail(Failure::Incomplete(why.clone()));
    }
    if let Some(status) = told.fault(FaultKind::Status) {
        return fail(Failure::StatusError(status.to_owned()));
    }
    match ran.end {
        End::Exit(code) => by_code(code, told),
        _ => fail(Failure::Incomplete("it was stopped".to_owned())),
    }
}

/// What a run of a stream is that has to be refused. A refusal is an error of the stream, a limit
/// that it goes beyond, or a driver's report that a decode failed; what the device lacks says
/// nothing of the stream.
pub fn refused(ran: &Ran) -> Outcome {
    match whole(ran) {
        Ok(()) => Outcome::Fail(Failure::Accepted(ran.told.pictures)),
        Err(Outcome::Fail(Failure::Parser(_) | Failure::StatusError(_))) => Outcome::Pass,
        Err(Outcome::Unsupported(_)) if ran.told.fault(FaultKind::Limit).is_some() => Outcome::Pass,
        Err(other) => other,
    }
}

/// What an exit code means with these records.
fn by_code(code: i32, told: &Told) -> Result<(), Outcome> {
    let fail = |failure| Err(Outcome::Fail(failure));
    let exit = Exit::known(code);
    if exit == Some(Exit::Done) {
        return match (told.lacks(), told.faults.first()) {
            (Some(why), _) => fail(Failure::Incomplete(format!("exit 0, but {why}"))),
            (None, Some(fault)) => {
                fail(Failure::Incomplete(format!("exit 0, but with a fault: {}", fault.message)))
            }
            (None, None) => Ok(()),
        };
    }
    let refusal = told.fault(FaultKind::Unsupported).or(told.fault(FaultKind::Limit));
    match (exit, refusal, told.fault(FaultKind::Stream), told.faults.first()) {
        (Some(Exit::Unsupported), Some(why), ..) => {
            // The outcome's own word says as much.
            let why = why.strip_prefix("not supported: ").unwrap_or(why);
            Err(Outcome::Unsupported(why.to_owned()))
        }
        (Some(Exit::Stream), _, Some(why), _) => fail(Failure::Parser(why.to_owned())),
        (_, _, _, Some(fault)) => fail(Failure::Error(code, fault.message.clone())),
        (_, _, _, None) => {
            let lacks = told.lacks().unwrap_or_else(|| "it reports no fault".to_owned());
            fail(Failure::Incomplete(format!("exit {code}, but {lacks}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(end: End, lines: &[&str]) -> Ran {
        let mut told = Told::default();
        told.line(br#"{"type":"header","data":{"schema":2,"command":"md5","version":"1"}}"#);
        lines.iter().for_each(|line| told.line(line.as_bytes()));
        Ran { end, told, submitted: Some(4), done: None, seconds: 0.0 }
    }

    fn word(end: End, lines: &[&str]) -> &'static str {
        whole(&ran(end, lines)).map_or_else(|outcome| outcome.word(), |()| "whole")
    }

    #[test]
    fn what_has_to_be_refused_is_refused_with_an_error_of_its_own() {
        const BAD: &str = r#"{"type":"fault","data":{"kind":"stream","exit":70,"message":"m"}}"#;
        const LIMIT: &str = r#"{"type":"fault","data":{"kind":"limit","exit":70,"message":"m"}}"#;
        let rows: [(End, &[&str], &str); 9] = [
            (End::Exit(65), &[BAD, END], "pass"),
            (End::Exit(70), &[STATUS, END], "pass"),
            (End::Exit(65), &[BAD], "pass"),
            (End::Exit(69), &[LIMIT], "pass"),
            (End::Exit(0), &[END], "accepted"),
            (End::Exit(69), &[REFUSED], "unsupported"),
            (End::Exit(65), &[], "incomplete"),
            (End::Signal(11), &[BAD], "crash"),
            (End::Late, &[BAD], "hang"),
        ];
        for (end, lines, expected) in rows {
            assert_eq!(refused(&ran(end, lines)).word(), expected, "{end:?} {lines:?}");
        }
    }

    const END: &str = r#"{"type":"summary","data":{"units":0,"frames":0,"pictures":0,"faults":0}}"#;
    const REFUSED: &str =
        r#"{"type":"fault","data":{"kind":"unsupported","exit":70,"message":"m"}}"#;
    const LOST: &str = r#"{"type":"fault","data":{"kind":"lost","exit":70,"message":"m"}}"#;
    const STATUS: &str = r#"{"type":"fault","data":{"kind":"status","exit":70,"message":"m"}}"#;
    const MESSAGE: &str = r#"{"type":"message","data":{"id":"VUID","text":"m"}}"#;

    #[test]
    fn only_a_whole_run_is_compared() {
        let rows: [(End, &[&str], &str); 14] = [
            (End::Exit(0), &[END], "whole"),
            // A driver that calls exit().
            (End::Exit(0), &[], "incomplete"),
            (End::Exit(69), &[], "incomplete"),
            (End::Exit(65), &[], "incomplete"),
            (End::Exit(69), &[END], "incomplete"),
            (End::Exit(69), &[REFUSED], "unsupported"),
            (End::Exit(0), &[REFUSED, END], "incomplete"),
            (End::Exit(0), &["glued{}"], "incomplete"),
            (End::Signal(11), &[END], "crash"),
            (End::Signal(6), &[LOST], "device-lost"),
            (End::Late, &[END], "hang"),
            (End::Exit(70), &[STATUS, END], "status-error"),
            (End::Exit(0), &[MESSAGE, END], "validation"),
            (End::Exit(70), &[REFUSED], "error"),
        ];
        for (end, lines, expected) in rows {
            assert_eq!(word(end, lines), expected, "{end:?} {lines:?}");
        }
    }
}
