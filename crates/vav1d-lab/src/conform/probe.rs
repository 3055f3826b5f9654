//! The judged device, asked in a process of its own: a driver that crashes when it is loaded is
//! said to, once.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::child::{self, End, Limits, Talk};
pub use crate::wire::JudgedDevice as Probe;

/// Why there is no device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDevice {
    /// The program said so, and ended with this exit code.
    Said(i32, String),
    /// Its driver ended the process, or did not answer.
    Died(String),
    /// The user interrupted.
    Interrupted,
}

/// Asks `program` for the device that `wish` names, under the validation layer with `validate`. No
/// other device takes its place.
///
/// # Errors
/// There is none, or it cannot be asked.
pub fn probe(
    program: &Path,
    wish: &str,
    validate: bool,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    let option = validate.then_some("--validate");
    ask(program, wish, option, timeout, stop)
}

/// The same of a device that is opened, too.
///
/// # Errors
/// It cannot be opened, or asked.
pub(super) fn opens(
    program: &Path,
    wish: &str,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    ask(program, wish, Some("--opened"), timeout, stop)
}

fn ask(
    program: &Path,
    wish: &str,
    option: Option<&str>,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    let mut command = child::command(program);
    command.args(["-q", "caps", "--judged", "--device", wish]).args(option);
    let limits = Limits { silence: timeout, all: timeout };
    let died = |e: std::io::Error| NoDevice::Died(e.to_string());
    let mut talk = Talk::start(command, None).map_err(died)?;
    let (end, told) = talk.listen(limits, stop, &mut |_| {}).map_err(died)?;
    let device = told.others("device").next();
    let fault = told.faults.first().map(|fault| fault.message.clone());
    match (end, device, fault) {
        (End::Exit(0), Some(device), None) => Ok(device),
        (End::Interrupted, ..) => Err(NoDevice::Interrupted),
        (End::Exit(code), _, Some(why)) if code != 0 => Err(NoDevice::Said(code, why)),
        (End::Signal(signal), ..) => {
            Err(NoDevice::Died(format!("the process died of signal {signal}")))
        }
        (End::Late, ..) => {
            Err(NoDevice::Died(format!("no answer within {} s", timeout.as_secs_f64())))
        }
        (End::Exit(code), ..) => {
            Err(NoDevice::Died(format!("the process ended with exit code {code}, without a word")))
        }
    }
}
